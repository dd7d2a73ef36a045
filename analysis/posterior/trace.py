"""The contract of a trace: groups and attributes of every NetCDF in traces/."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.posterior.variants import called
from analysis.shared.hashing import CONTENT, ROOT_ATTRIBUTES, attributes_sha256, content
from analysis.shared.provenance import file_sha256, index_trace, indexed_inputs
from data.shared.errors import UserError
from data.shared.files import interrupts_later, replacing, sha256, unreadable

if TYPE_CHECKING:
    import xarray as xr

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
"""Groups of every model but those whose priors are too wide to be informative; these say so.

Where the model is normal given its scales, there is `density_at_zero` beside them
(`analysis.posterior.savage_dickey`).
"""

EFFECTS = "log_prior_effects"
"""Group of the log densities of effects and offsets, where a model has any.

`log_prior` is of the prior table's lines alone.
"""

POINTWISE = ("posterior_predictive", "prior_predictive", "log_likelihood")
"""Groups with a value for each draw and row."""

INPUTS = "input_sha256"
"""Attribute of the root: the hash of everything that the trace is made from."""

ATTRIBUTES = (
    "column",
    "panel",
    "panel_sha256",
    "model",
    "fitted_as",
    "engine",
    "sampler",
    "priors",
    "seed",
    "settings",
    "versions",
    "git_commit",
    INPUTS,
    "gate",
    "gate_numbers",
)

FITS = "fits"
"""Attribute with the verdict of `analysis.posterior.fits` on the model: "pass", "fail" or empty."""

NO_PRIOR = "no_prior_groups"
"""Attribute with the reason why a trace has no prior groups."""


VARIANT, OPTIONS = "variant", "variant_options"
"""Attributes of a variant (`analysis.posterior.variants`): its name, and its changes as typed."""


def identity(
    attrs: Mapping[str, object], names: Sequence[str] = ("panel", "column", "model")
) -> dict[str, str]:
    """Return attributes that identify a fit in tables: a variant's model has its own name."""
    # A trace from before predictive verdicts has none, as the models that draw nothing anew.
    values = {name: str(attrs[name] if name != FITS else attrs.get(FITS, "")) for name in names}
    return values | {"model": called(values["model"], str(attrs.get(VARIANT, "")))}


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


def breaches(tree: "xr.DataTree") -> list[str]:
    """Return what a trace lacks of the contract; nothing if it meets it."""
    missing = [f"group {name}" for name in GROUPS if name not in tree.children]
    if NO_PRIOR not in tree.attrs:
        missing += [f"group {name}" for name in PRIOR_GROUPS if name not in tree.children]
    missing += [f"attribute {name}" for name in ATTRIBUTES if name not in tree.attrs]
    if tree.attrs.get("gate") not in ("pass", "fail"):
        missing.append('attribute gate, "pass" or "fail"')
    return missing


def attributes(path: Path) -> dict[str, str | int]:
    """Read the attributes of a trace alone; none if the file is missing or they are not a trace's.

    Which they are not if they were changed since it was written.
    """
    import netCDF4

    try:
        with netCDF4.Dataset(path) as file:
            values = {name: file.getncattr(name) for name in file.ncattrs()}
    except OSError:
        return {}
    complete = all(name in values for name in (*ATTRIBUTES, "gate_failed"))
    return (
        values
        if complete and _said(values).get(ROOT_ATTRIBUTES) == attributes_sha256(values)
        else {}
    )


def write(tree: "xr.DataTree", path: Path) -> None:
    """Write a trace whole or not at all, with checksums of all that it holds.

    Draws are not compressed: it takes three times the time and saves a fifth of the bytes.

    Raises
    ------
    ValueError
        If it breaks the contract.
    """
    _keep(breaches(tree), path)
    tree = tree.copy(deep=False)
    tree.attrs = tree.attrs | {CONTENT: json.dumps(content(tree))}
    checked = {"fletcher32": True}
    encoding = {
        f"/{name}": dict.fromkeys(group.data_vars, checked) for name, group in tree.children.items()
    }
    with interrupts_later(), replacing(path) as temporary:
        tree.to_netcdf(temporary, engine="netcdf4", encoding=encoding)


def encode(tree: "xr.DataTree") -> bytes:
    """Return the bytes of the file that `write` would write."""
    # The library writes a tree to a path alone.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.nc"
        write(tree, path)
        return path.read_bytes()


def store(content: bytes, path: Path) -> None:
    """Write the bytes of a trace whole or not at all, and their index beside them."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    index_trace(path, sha256(content), str(attributes(path).get(INPUTS, "")))


def inputs_sha256(path: Path) -> str:
    """Return the hash of what a trace was made from; empty if it is missing, damaged or changed.

    From its index if that is of these bytes. Otherwise the trace is read and verified as a whole,
    and its index written.
    """
    recorded = indexed_inputs(path)
    if recorded is not None:
        return recorded
    digest = file_sha256(path)
    if not digest:
        return ""
    try:
        recorded = str(read(path).attrs[INPUTS])
    except UserError:
        return ""
    with suppress(OSError):  # of a folder that may only be read, the next run reads it again
        index_trace(path, digest, recorded)
    return recorded


def read(path: Path, without: Sequence[str] = ()) -> "xr.DataTree":
    """Read a trace into memory.

    Parameters
    ----------
    path : Path
    without : sequence of str
        Groups that are not needed: `POINTWISE` are most of a file.

    Raises
    ------
    UserError
        If the file is no trace, breaks the contract or was changed since it was written.
    """
    import xarray as xr

    try:
        with xr.open_datatree(path, engine="netcdf4") as opened:
            missing = breaches(opened)
            kept = [name for name in opened.children if name not in without]
            tree = xr.DataTree.from_dict({name: opened[name].to_dataset().load() for name in kept})
            tree.attrs = dict(opened.attrs)
    except (OSError, ValueError, KeyError, RuntimeError, AttributeError) as error:
        raise UserError(unreadable(path, "a trace", "python -m analysis sample")) from error
    if missing:
        raise UserError(
            f"{path} lacks {', '.join(missing)}: move it away and run `python -m analysis sample`."
        )
    recorded = _said(tree.attrs)
    changed = [name for name, hashed in content(tree).items() if recorded.get(name) != hashed]
    if changed:
        raise UserError(
            f"{path} was changed since it was written ({', '.join(changed)} by sha256): move it "
            "away and run `python -m analysis sample`."
        )
    return tree


def _said(attrs: Mapping[str, object]) -> dict[str, str]:
    """Return `CONTENT` of a trace; nothing if that itself was changed."""
    try:
        hashes = json.loads(str(attrs.get(CONTENT)))
    except ValueError:
        return {}
    return hashes if isinstance(hashes, dict) else {}


def _keep(missing: Sequence[str], path: Path) -> None:
    if missing:
        raise ValueError(f"{path.name} would lack {', '.join(missing)}")
