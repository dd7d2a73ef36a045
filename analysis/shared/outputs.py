"""Output folders, and readers of outputs of other commands."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.shared.hashing import content
from analysis.shared.products import below, made_by
from data.shared.errors import UserError
from data.shared.files import read_csv, replacing, sha256, unreadable

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

ROOT = Path(__file__).resolve().parents[2]

TEXT = dict.fromkeys(["table", "column", "fitted_column"], str)
"""Columns that look like numbers ("3.2") and are not."""


@dataclass(frozen=True)
class Outputs:
    """The output folders below one folder, the project's own by default."""

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
        """Return a path as a user would type it: relative to the output folder if it is below."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def read_result(results: Path, name: str) -> "pd.DataFrame":
    """Read a table from results/.

    Raises
    ------
    UserError
        If the table has not been made.
    """
    path = below(results, name)
    if not path.is_file():
        raise UserError(f"{path} is missing: run `python -m analysis {made_by(name)}` first.")
    return read_csv(path, TEXT)


def read_netcdf(path: Path) -> "xr.DataTree":
    """Read a NetCDF file of results/, called as a product, into memory.

    Raises
    ------
    UserError
        If it has not been made, cannot be read, or was changed since it was written.
    """
    command = f"python -m analysis {made_by(path.stem)}"
    if not path.is_file():
        raise UserError(f"{path} is missing: run `{command}` first.")
    import xarray as xr

    try:
        with xr.open_datatree(path, engine="netcdf4") as opened:
            tree = opened.load()
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        raise UserError(unreadable(path, "NetCDF", command)) from error
    recorded, computed = tree.attrs.pop(SEAL, None), seal(tree)
    if recorded is None:
        raise UserError(
            f"{path} does not say the sha256 of its content, as this version's files do: move "
            f"it away and run `{command}`."
        )
    if recorded != computed:
        raise UserError(
            f"{path} was changed since it was written (sha256 of its content {computed[:16]}…, by "
            f"itself {str(recorded)[:16]}…): move it away and run `{command}`."
        )
    return tree


def write_netcdf(dataset: "xr.DataTree | xr.Dataset", path: Path) -> None:
    """Write a NetCDF file of results/, whole or not at all, with the hash of its content."""
    import xarray as xr

    tree = xr.DataTree(dataset) if isinstance(dataset, xr.Dataset) else dataset.copy(deep=False)
    tree.attrs = tree.attrs | {SEAL: seal(tree)}
    encoding = {
        node.path: {
            name: PACKED
            for name, values in node.data_vars.items()
            if values.ndim and values.dtype.kind in "biuf"
        }
        for node in tree.subtree
    }
    with replacing(path) as temporary:
        tree.to_netcdf(temporary, engine="netcdf4", encoding=encoding)


PACKED = {"zlib": True, "complevel": 4, "shuffle": True, "fletcher32": True}

SEAL = "content_sha256"
"""Attribute of the root."""


def seal(tree: "xr.DataTree") -> str:
    """Hash all groups with their attributes, whatever their file."""
    import xarray as xr

    flat = {node.path: node.to_dataset(inherit=False) for node in tree.subtree}
    groups = {path.strip("/").replace("/", " ") or "root": group for path, group in flat.items()}
    return sha256(json.dumps(content(xr.DataTree.from_dict(groups))).encode())
