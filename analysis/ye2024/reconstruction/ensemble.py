"""Ensemble of exact panels, and variants of the reconstruction's settings.

The tables do not identify the panel. Panels found from starts that are moved at random show some of
this: their spread is a lower bound on what the printed numbers do not identify.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from threadpoolctl import threadpool_limits

from analysis.shared.timing import Pace
from analysis.ye2024.reconstruction import run
from analysis.ye2024.reconstruction.nearest import optimality
from data.panels.catalogue import ENSEMBLE
from data.panels.panel import load_panel
from data.shared.files import replacing, sha256
from data.ye2024.definitions import COLUMNS, PARTS_DECIMALS, SUMS

SIZE = 20
SPREAD = 2.0
"""Starts of the ensemble are moved by twice the root mean square move of each series."""

OTHER_STARTS = 0.5
"""The same of the starts from which the nearest panel is looked for again."""

VARIANTS = {
    "as declared": run.Settings(),
    "z of AR(2) in 5.2 instead of P": run.Settings(declared="z"),
    "without Table 2's row of stru": run.Settings(without=("stru",)),
    **{
        f"as declared, start {seed} moved": run.Settings(seed=seed, spread=OTHER_STARTS)
        for seed in (2, 3, 4, 5)
    },
}
"""Reconstructions whose distances are compared."""

VARIANT_COLUMNS = ("variant", "distance", "residual", "share_moved_from_declared")


def member(number: int) -> run.Settings:
    """Return the settings of one panel of the ensemble: exact, and as near its own start as met."""
    return run.Settings(seed=number, spread=SPREAD, approaches=0)


@threadpool_limits.wrap(limits=1, user_api="blas")
def members(folder: Path, tell: Callable[[str], object]) -> Iterator[pd.DataFrame]:
    """Yield the panels of the ensemble; those that the folder's checkpoints know are not redone."""
    start = load_panel(run.START, COLUMNS)
    computed = run.compiled(start.frame)
    pace = Pace(SIZE)
    for number in range(1, SIZE + 1):
        part, settings = pace.next(), member(number)
        problem = run.setup(start.frame, computed, settings)
        checkpoint = settings.checkpoint(folder, start.sha256)
        for iterate, point in run.solve(problem, settings, checkpoint):
            tell(f"Panels, {part}. {run.progress(problem, iterate, point)}")
        yield run.panel(problem, iterate.z)


def write(panels: list[pd.DataFrame], folder: Path) -> Path:
    """Write the ensemble as one NetCDF with its sidecar."""
    frames = [panel.set_index(["province", "year"])[list(run.SERIES)] for panel in panels]
    order = list(dict.fromkeys(panels[0]["province"]))
    datasets = [frame.to_xarray().sel(province=order) for frame in frames]
    numbers = xr.Variable("member", np.arange(1, len(datasets) + 1))
    dataset = xr.concat(datasets, numbers).assign_coords(member=numbers)
    about = {
        "label": run.LABEL,
        "start": run.START,
        "spread": SPREAD,
        "exact_but": run.left_out(run.printed(), run.Settings()),
        "variables": COLUMNS,
        "sums": {
            total: {"parts": parts, "decimals": PARTS_DECIMALS[total]}
            for total, parts in SUMS.items()
        },
    }
    path = folder / ENSEMBLE
    dataset.attrs = {"label": run.LABEL, "start": run.START, "spread": SPREAD}
    packed = {name: {"zlib": True, "complevel": 9, "shuffle": True} for name in run.SERIES}
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="netcdf4", encoding=packed)
    with replacing(path.with_suffix(".json")) as temporary:
        text = json.dumps({"sha256": sha256(path.read_bytes())} | about, indent=2)
        temporary.write_text(text + "\n", encoding="utf-8")
    return path


@threadpool_limits.wrap(limits=1, user_api="blas")
def variants(folder: Path, tell: Callable[[str], object]) -> pd.DataFrame:
    """Solve every variant.

    Returns
    -------
    DataFrame
        `variant`; `distance`, root mean square move in standard deviations; `residual` of the
        first-order conditions; `share_moved_from_declared`, the distance from the first variant's
        panel in units of that panel's own distance.
    """
    start = load_panel(run.START, COLUMNS)
    computed = run.compiled(start.frame)
    rows, declared, pace = [], None, Pace(len(VARIANTS))
    for name, settings in VARIANTS.items():
        part = pace.next()
        problem = run.setup(start.frame, computed, settings)
        checkpoint = settings.checkpoint(folder, start.sha256)
        for iterate, point in run.solve(problem, settings, checkpoint):
            tell(f"Declarations, {part}. {name}, {run.progress(problem, iterate, point)}")
        declared = iterate.z if declared is None else declared
        values = (
            name,
            float(np.sqrt(np.mean(iterate.z**2))),
            optimality(problem.program, iterate.z, point).residual,
            float(np.linalg.norm(iterate.z - declared) / np.linalg.norm(declared)),
        )
        rows.append(dict(zip(VARIANT_COLUMNS, values, strict=True)))
    return pd.DataFrame(rows)
