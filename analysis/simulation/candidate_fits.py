"""Predictive checks of each candidate for the main model on a panel: the rule's third criterion."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from analysis.posterior import fits
from analysis.posterior.sample import shaped
from analysis.simulation.main_model import CANDIDATES, DECIDING
from data.panels.panel import Panel
from models.bayesian import growth
from models.bayesian.growth_scaled_density import ScaledDensity
from models.design import Specification, design
from models.inference import batched

DRAWS, CHAINS = 1_000, 2

COLUMNS = ("panel", "column", "method", "provinces", "statistic", "p", "beyond")
"""The contract of results/long/candidate_fits.csv: see `analysis.posterior.fits`."""


@dataclass(frozen=True)
class Candidate:
    """A model by its file alone, as `analysis.posterior.fits` takes it."""

    module: object = growth


@threadpool_limits.wrap(limits=1)
def table(panel: Panel, record: Specification, seed: int) -> pd.DataFrame:
    """Fit every candidate and compare its replicates with the data."""
    parts_of_table = []
    for name, switches in CANDIDATES.items():
        rng = np.random.default_rng([seed, *map(ord, name)])
        made = design(panel.frame, record)
        parts = growth.split(made, record.interest, **switches)
        density = growth.density(parts)
        if isinstance(density, ScaledDensity):
            chains = [density.chain(DRAWS // CHAINS, rng) for _ in range(CHAINS)]
            flat = {key: np.stack([chain[key] for chain in chains]) for key in chains[0]}
        else:
            (fit,) = batched.fit_many(density, parts.y[None], DRAWS, rng)
            drawn = density.draw(fit.point, rng)
            flat = {key: v.reshape(CHAINS, -1, v.shape[-1]) for key, v in drawn.items()}
        free = shaped(growth.build(parts), parts, flat)
        found = fits.table(fits.attributes(Candidate(), parts, free, rng))
        head = {"panel": panel.name, "column": record.column, "method": name}
        parts_of_table.append(found.assign(**head))
    return pd.concat(parts_of_table, ignore_index=True)[list(COLUMNS)]


def failed(found: pd.DataFrame) -> dict[str, int]:
    """Return how many checks failed on the deciding panels, by candidate."""
    return found[found["panel"].isin(DECIDING[0])].groupby("method")["beyond"].sum().to_dict()
