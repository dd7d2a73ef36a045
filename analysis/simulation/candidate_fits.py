"""Each candidate for the main model on a panel: predictive checks, and its slopes.

The checks are the rule's third criterion. The slopes, from the fewest scales to the most, show
which part of the model moves the number; the rule does not read them.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior import fits
from analysis.posterior.sample import shaped
from analysis.simulation.main_model import CANDIDATES, DECIDING
from analysis.simulation.size_methods import weights
from data.panels.panel import Panel
from models.bayesian import growth, growth_parts
from models.bayesian.growth_scaled_density import ScaledDensity
from models.design import Specification, design
from models.inference import batched

DRAWS, CHAINS = 1_000, 2

COLUMNS = ("panel", "column", "method", "provinces", "statistic", "p", "beyond")
"""The contract of results/long/candidate_fits.csv: see `analysis.posterior.fits`."""


SLOPES = ("panel", "column", "method", "region", "mean", "q025", "q975", "p_positive")
"""The contract of results/long/candidate_slopes.csv; `region` is "all" for all rows."""


@dataclass(frozen=True)
class Candidate:
    """A model by its file alone, as `analysis.posterior.fits` takes it."""

    module: object = growth


@threadpool_limits.wrap(limits=1)
def tables(panel: Panel, record: Specification, seed: int) -> dict[str, pd.DataFrame]:
    """Fit every candidate; return `candidate_fits` and `candidate_slopes`."""
    checks, slopes = [], []
    for name, switches in CANDIDATES.items():
        rng = np.random.default_rng([seed, *map(ord, name)])
        regression = design(panel.frame, record)
        parts = growth.split(regression, record.interest, **switches)
        density = growth.density(parts)
        if isinstance(density, ScaledDensity):
            chains = [density.chain(DRAWS // CHAINS, rng) for _ in range(CHAINS)]
            flat = {key: np.stack([chain[key] for chain in chains]) for key in chains[0]}
        else:
            (fit,) = batched.fit_many(density, parts.y[None], DRAWS, rng)
            drawn = density.draw(fit.point, rng)
            flat = {key: v.reshape(CHAINS, -1, v.shape[-1]) for key, v in drawn.items()}
        free = shaped(growth.build(parts), parts, flat)
        checked = fits.table(fits.attributes(Candidate(), parts, free, rng))
        head = {"panel": panel.name, "column": record.column, "method": name}
        checks.append(checked.assign(**head))
        drawn = {key: v.reshape(-1, *v.shape[2:]) for key, (_, v) in free.items()}
        slopes.append(_slopes(parts, drawn).assign(**head))
    return {
        "candidate_fits": pd.concat(checks, ignore_index=True)[list(COLUMNS)],
        "candidate_slopes": pd.concat(slopes, ignore_index=True)[list(SLOPES)],
    }


def _slopes(parts: growth_parts.Growth, drawn: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Return each estimand's posterior mean and interval, on the paper's scale."""
    unit = parts.scale / parts.base.term_scale[0]
    slope = growth_parts.province_slopes(parts, drawn) @ weights(parts.design)[:-1].T * unit
    low, high = np.quantile(slope, [0.025, 0.975], axis=0)
    return pd.DataFrame(
        {
            "region": ["all", *parts.design.regions],
            "mean": slope.mean(axis=0),
            "q025": low,
            "q975": high,
            "p_positive": (slope > 0).mean(axis=0),
        }
    )


def failed(checks: pd.DataFrame) -> dict[str, int]:
    """Return how many checks failed on the deciding panels, by candidate."""
    return checks[checks["panel"].isin(DECIDING[0])].groupby("method")["beyond"].sum().to_dict()
