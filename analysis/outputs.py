"""Where outputs lie."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Outputs:
    """The output folders below one root, the project's own by default."""

    root: Path = ROOT

    @property
    def results(self) -> Path:
        """Tables, as CSV."""
        return self.root / "results"

    @property
    def traces(self) -> Path:
        """Posteriors, one NetCDF per panel, column and model."""
        return self.root / "traces"

    @property
    def figures(self) -> Path:
        """Rendered pictures."""
        return self.root / "figures"

    def shown(self, path: Path) -> str:
        """Return a path as a user would type it: relative to the root where it lies below."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
