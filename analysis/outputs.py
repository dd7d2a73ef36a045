"""Where outputs lie, and how one that another command made is read."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from data.errors import UserError

ROOT = Path(__file__).resolve().parents[1]

MADE_BY = {
    "replication": "replicate",
    "comparison": "compare",
    "ladder": "compare",
    "scales": "compare",
    "turning_points": "compare",
    "sensitivity_priors": "sensitivity",
    "sensitivity_influence": "sensitivity",
    "dynamic": "dynamic",
    "dynamic_effects": "dynamic",
    "simulation": "simulate",
    "sensitivity_years": "sensitivity",
    "sensitivity_loo": "sensitivity",
    "sensitivity_power": "sensitivity",
    "calibration": "calibrate",
    "multiverse": "multiverse",
    "influence": "influence",
    "power": "power",
    "recovery": "recover",
}
"""Tables in results/ that other commands or the page read, and the command that makes each."""

TEXT = dict.fromkeys(["table", "column", "fitted_column"], str)
"""Columns that look like numbers ("3.2") and are not."""


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


def read_result(results: Path, name: str) -> pd.DataFrame:
    """Read a table of `MADE_BY` from results/.

    Raises
    ------
    UserError
        If the table has not been made.
    """
    path = results / f"{name}.csv"
    if not path.is_file():
        raise UserError(f"{path} is missing: run `python -m analysis {MADE_BY[name]}` first.")
    return pd.read_csv(path, dtype=TEXT)


def read_netcdf(path: Path) -> xr.DataTree:
    """Read a NetCDF file of results/, called as one of `MADE_BY`, into memory.

    Raises
    ------
    UserError
        If it has not been made or cannot be read.
    """
    command = f"python -m analysis {MADE_BY[path.stem]}"
    if not path.is_file():
        raise UserError(f"{path} is missing: run `{command}` first.")
    try:
        with xr.open_datatree(path, engine="netcdf4") as tree:
            return tree.load()
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as NetCDF: delete it and run `{command}`."
        ) from error
