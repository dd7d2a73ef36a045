"""The contract of a trace: what every NetCDF in traces/ holds."""

from collections.abc import Sequence
from pathlib import Path

import arviz as az
import h5py
import xarray as xr

from data.errors import UserError
from data.files import replacing

GROUPS = (
    "posterior",
    "sample_stats",
    "posterior_predictive",
    "log_likelihood",
    "log_prior",
    "observed_data",
    "constant_data",
)
PRIOR_GROUPS = ("prior", "prior_predictive")
"""Of every model but those whose priors are too wide to mean anything; these say so.

Where the model is normal given its scales, `density_at_zero` stands beside them
(`analysis.savage_dickey`).
"""

POINTWISE = ("posterior_predictive", "prior_predictive", "log_likelihood")
"""Groups with a value for each draw and row."""

ATTRIBUTES = (
    "column",
    "panel",
    "panel_sha256",
    "model",
    "counterpart",
    "engine",
    "priors",
    "seed",
    "settings",
    "versions",
    "git_commit",
    "input_sha256",
    "gate",
    "gate_numbers",
)

NO_PRIOR = "no_prior_groups"
"""Attribute in which a trace without prior groups says why."""


def trace_path(traces: Path, panel: str, column: str, model: str) -> Path:
    """Return where a trace lies: `traces/<panel>/<column>-<model>.nc`."""
    return traces / panel / f"{column}-{model}.nc"


def trace_paths(traces: Path) -> list[Path]:
    """List the traces below a folder, by panel and name.

    Raises
    ------
    UserError
        If there are none.
    """
    paths = sorted(traces.glob("*/[!.]*.nc"))
    if not paths:
        raise UserError(f"There are no traces in {traces}: run `python -m analysis sample` first.")
    return paths


def breaches(tree: xr.DataTree) -> list[str]:
    """Say what a trace lacks of the contract; nothing if it meets it."""
    missing = [f"group {name}" for name in GROUPS if name not in tree.children]
    if NO_PRIOR not in tree.attrs:
        missing += [f"group {name}" for name in PRIOR_GROUPS if name not in tree.children]
    missing += [f"attribute {name}" for name in ATTRIBUTES if name not in tree.attrs]
    if tree.attrs.get("gate") not in ("pass", "fail"):
        missing.append('attribute gate, "pass" or "fail"')
    return missing


def attributes(path: Path) -> dict[str, str | int]:
    """Read the attributes of a trace alone; none if the file is missing or no trace."""
    try:
        with h5py.File(path) as file:
            return {name: file.attrs[name] for name in (*ATTRIBUTES, "gate_failed")}
    except (OSError, KeyError):
        return {}


def write(tree: xr.DataTree, path: Path) -> None:
    """Write a trace whole or not at all, compressed.

    Raises
    ------
    ValueError
        If it breaks the contract.
    """
    store(encode(tree), path)


def encode(tree: xr.DataTree) -> bytes:
    """Return the bytes of a trace's file, compressed.

    Raises
    ------
    ValueError
        If it breaks the contract.
    """
    missing = breaches(tree)
    if missing:
        raise ValueError(f"the trace would lack {', '.join(missing)}")
    encoding = {
        f"/{name}": {variable: {"zlib": True, "complevel": 1} for variable in group.data_vars}
        for name, group in tree.children.items()
    }
    return bytes(tree.to_netcdf(None, engine="h5netcdf", encoding=encoding))


def store(content: bytes, path: Path) -> None:
    """Write a trace's file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def read(path: Path, without: Sequence[str] = ()) -> xr.DataTree:
    """Read a trace into memory.

    Parameters
    ----------
    path : Path
    without : sequence of str
        Groups that are not needed: `POINTWISE` are most of a file.

    Raises
    ------
    UserError
        If the file is no trace or breaks the contract.
    """
    try:
        with az.from_netcdf(path, engine="h5netcdf") as opened:
            missing = breaches(opened)
            kept = [name for name in opened.children if name not in without]
            tree = xr.DataTree.from_dict({name: opened[name].to_dataset().load() for name in kept})
            tree.attrs = dict(opened.attrs)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path} cannot be read as a trace: delete it and run `python -m analysis sample`."
        ) from error
    if missing:
        raise UserError(
            f"{path} lacks {', '.join(missing)}: delete it and run `python -m analysis sample`."
        )
    return tree
