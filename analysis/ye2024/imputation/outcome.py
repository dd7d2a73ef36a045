"""The slope on official panels, imputed without and with the outcome regression.

Needs the official series, since draws with the outcome are made anew: the committed ones know no
regression.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.shared import rubin
from analysis.ye2024.imputation import imputed_outcome
from analysis.ye2024.imputation.imputed_outcome import Array, Construct
from data.panels.panel import Panel
from data.ye2024 import recollect, selection
from data.ye2024.definitions import SUMS
from data.ye2024.imputation import files
from data.ye2024.imputation.model import VARIABLES, Model
from data.ye2024.official import NAMES
from models.design import Specification

COLUMNS = (
    *("panel", "column", "term", "imputed", "draws", "slope", "se", "share"),
    *("se_province", "share_province", "per_sd", "per_sd_se"),
)
"""The contract of results/long/imputation_outcome.csv: pooled slope, its standard error and the
share of the variance that comes of imputation, by conventional errors and by those clustered by
province; the slope per standard deviation of the regressor, in those of the outcome."""

SEED = 22


def construct(model: Model, panel: Panel, record: Specification) -> Construct:
    """Return the construction of a column's outcome and regressors on a panel, by z."""
    choices = selection.made_of(panel.name)
    grids = {name: _grid(panel, name) for name in record.variables if name not in SUMS}

    parts = SUMS.get(record.outcome, (record.outcome,))
    needed = tuple(name for name in VARIABLES if name in (*parts, *record.variables))

    def at_z(z: Array) -> tuple[Array, Array]:
        drawn = model.variables(model.complete(z), choices, needed)
        values = {
            name: np.broadcast_to(grid, (len(z), *grid.shape)) for name, grid in grids.items()
        }
        values |= {name: series for name, series in drawn.items() if name in grids}
        outcome = sum(drawn[part] for part in parts)
        return outcome, np.stack([values[term] for term in record.terms], axis=-1)

    return at_z


def _grid(panel: Panel, name: str) -> Array:
    wide = panel.frame.pivot(index="province", columns="year", values=name)
    return wide.loc[list(NAMES)].to_numpy()


def run(
    panels: Sequence[Panel],
    records: Sequence[Specification],
    directory: Path,
    draws: int = files.DRAWS,
    steps: int = imputed_outcome.STEPS,
    track: Callable = lambda parts, *_: parts,
) -> Iterator[pd.DataFrame]:
    """Yield the rows of one panel and column after the other."""
    model = Model(recollect.read_ingredients(directory))
    z = files.normals(model, draws)
    jobs = [(panel, record) for panel in panels for record in records]
    for panel, record in track(jobs, len(jobs), "Imputing"):
        make = construct(model, panel, record)
        rng = np.random.default_rng([SEED, *map(ord, record.column)])
        with threadpool_limits(1):
            moved = imputed_outcome.with_outcome(z, make, rng, steps)
            by_method = {
                "without the outcome": imputed_outcome.slopes(*make(z)),
                "with the outcome": imputed_outcome.slopes(*make(moved)),
            }
        rows = [
            _row(slopes) | {"panel": panel.name, "column": record.column,
                           "term": record.interest[0], "imputed": how, "draws": draws}
            for how, slopes in by_method.items()
        ]  # fmt: skip
        yield pd.DataFrame(rows)[list(COLUMNS)]


def _row(slopes: imputed_outcome.Slopes) -> dict[str, float]:
    conventional = rubin.pool(slopes.slope, slopes.se**2, slopes.df[0])
    province = rubin.pool(slopes.slope, slopes.se_province**2, slopes.df[1])
    scaled = rubin.pool(slopes.slope * slopes.scale, (slopes.se * slopes.scale) ** 2, slopes.df[0])
    return {
        "slope": float(conventional.estimate),
        "se": float(conventional.se),
        "share": float(conventional.share),
        "se_province": float(province.se),
        "share_province": float(province.share),
        "per_sd": float(scaled.estimate),
        "per_sd_se": float(scaled.se),
    }
