"""Thinned traces, small enough to be committed: ArviZ opens them without a run.

Every n-th draw of each chain, in single precision. What is estimated from them has a larger Monte
Carlo error than what is printed: results are of the whole traces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from analysis.posterior import trace
from analysis.specifications import HEADLINE, SPECIFICATIONS, evidence_model, home, select
from data.panels.catalogue import PANELS
from data.shared.files import replacing

LARGEST = 1_000_000
"""Bytes of a file."""

THINNED = "thinned"
"""Attribute of the root: which draws are kept."""

BY_REGION = ("slope_region", "sigma")
"""Variables of the trace of the regions."""


@dataclass(frozen=True)
class Thinned:
    """A thinned trace.

    Attributes
    ----------
    name : str
        Of its product.
    column : str
        Whose main fit it is of.
    variables : tuple of str
        Of the posterior; if there are none, all of them, and every group.
    """

    name: str
    column: str
    variables: tuple[str, ...] = ()

    def source(self, traces: Path) -> Path:
        """Return the trace that it is made from."""
        (record,) = select([self.column])
        fitted, _ = home(record)
        return trace.trace_path(traces, PANELS[0].name, fitted.column, evidence_model(record))


DYNAMIC = next(record.column for record in SPECIFICATIONS if record.dynamic)

THREE = (
    Thinned("thinned_baseline", HEADLINE[0]),
    Thinned("thinned_regions", HEADLINE[1], BY_REGION),
    Thinned("thinned_dynamic", DYNAMIC),
)
"""Of the headline, of its slopes by region (more draws), and of the dynamic panel."""


def thin(tree: xr.DataTree, every: int, variables: Sequence[str] = ()) -> xr.DataTree:
    """Return every n-th draw of a trace.

    Parameters
    ----------
    tree : DataTree
    every : int
    variables : sequence of str
        Of the posterior, which are kept alone; all variables and groups by default.
    """
    groups = {}
    for name, node in tree.children.items():
        group = node.to_dataset()
        if variables:
            if name not in ("posterior", "sample_stats"):
                continue
            group = group[[v for v in variables if v in group]] if name == "posterior" else group
        if "draw" in group.sizes:
            group = group.isel(draw=slice(None, None, every))
        groups[name] = group
    thinned = xr.DataTree.from_dict(groups)
    left_out = {trace.CONTENT}  # hashes of the whole trace
    attributes = {name: value for name, value in tree.attrs.items() if name not in left_out}
    thinned.attrs = attributes | {THINNED: f"every {every}. draw, in single precision"}
    return thinned


def write(tree: xr.DataTree, variables: Sequence[str], path: Path) -> int:
    """Write as many draws of a trace as a file of `LARGEST` bytes holds; return the step.

    Raises
    ------
    ValueError
        If not even one draw of each chain fits.
    """
    draws = tree["posterior"].sizes["draw"]
    every = 1
    while every <= draws:
        thinned = thin(tree, every, variables)
        with replacing(path) as temporary:
            thinned.to_netcdf(temporary, engine="netcdf4", encoding=_encoding(thinned))
        size = path.stat().st_size
        if size <= LARGEST:
            return every
        every = max(every + 1, int(every * size / LARGEST))
    path.unlink()
    raise ValueError(f"{path.name} would be larger than {LARGEST} bytes")


def _encoding(tree: xr.DataTree) -> dict[str, dict[str, dict]]:
    """Return how each variable is packed."""
    packed = {"zlib": True, "complevel": 9, "shuffle": True}
    return {
        f"/{name}": {
            key: packed | ({"dtype": "float32"} if np.issubdtype(v.dtype, np.floating) else {})
            for key, v in node.data_vars.items()
            if v.ndim and v.dtype.kind in "biuf"
        }
        for name, node in tree.children.items()
    }
