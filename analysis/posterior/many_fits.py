"""Posteriors of many data sets on one design: by the collapsed density, or by one compiled chain.

Independent draws where their weights say that they represent the density, else one chain of NUTS,
thinned until its draws are nearly independent.
"""

from collections.abc import Callable

import numpy as np
import pymc as pm
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from analysis.posterior.engines import (
    CollapsedEngine,
    Density,
    NutsEngine,
    draw_independently,
    nuts_in_scales,
)
from analysis.posterior.jobs import Settings
from analysis.posterior.sample import shaped
from models.bayesian.interface import Parts
from models.bayesian.registry import Model
from models.priors import Priors

Array = NDArray[np.float64]

Draws = dict[str, Array]
"""Free variables, flat: shapes (draws, size)."""


THINNING = (3, 6, 12)
"""Draws of a chain: the fewest that can leave independent ones, and the larger number to try."""


TUNE = 300


def free_variables(definition: pm.Model, parts: Parts, flat: Draws) -> Draws:
    """Return flat draws as one chain, shapes (1, draws, *dims)."""
    chain = {name: value[None] for name, value in flat.items()}
    return {name: value for name, (_, value) in shaped(definition, parts, chain).items()}


def by_density(density: Density, size: int, rng: np.random.Generator) -> tuple[Draws, float]:
    """Draw all variables from a density; return them and the effective number."""
    if independent := draw_independently(density, size, rng):
        exact, drawn = independent
        if drawn.trust.represents:
            return exact.draw(drawn.log_scale, rng), float(size)

    def sample(settings: Settings) -> tuple[Draws, Array]:
        flat, _ = nuts_in_scales(density, settings.by(CollapsedEngine.name), rng)
        return flat, density.point(flat)

    return _thinned(sample, size, rng)


class Chains:
    """Fits by NUTS in the model's variables, compiled with the first data set."""

    def __init__(self, model: Model, parts: Parts, priors: Priors, size: int) -> None:
        self.size = size
        self.engine = NutsEngine(model, parts, priors, model.module.build(parts, priors))

    def __call__(self, data: Parts, rng: np.random.Generator) -> tuple[Draws, float]:
        """Return draws given a data set, and how many are effective."""
        names = [variable.name for variable in self.engine.moved(data).free_RVs]

        def sample(settings: Settings) -> tuple[Draws, Array]:
            flat, _ = self.engine.sample_given(data, settings.by(NutsEngine.name), rng)
            return flat, np.concatenate([flat[name] for name in names], axis=-1)

        return _thinned(sample, self.size, rng)


def _thinned(
    sample: Callable[[Settings], tuple[Draws, Array]], size: int, rng: np.random.Generator
) -> tuple[Draws, float]:
    """Return draws of a chain that are independent or nearly, and how many are effective.

    Parameters
    ----------
    sample : callable
        From settings to draws, shapes (1, draws, size), and to where the sampler stood in them.
    size : int
        Draws to return.
    """
    for thin in THINNING:
        seed = int(rng.integers(2**31))
        flat, point = sample(Settings(size * thin, TUNE, 1, seed))
        effective = array_stats.ess(point, chain_axis=0, draw_axis=1, method="bulk").min()
        if effective >= size:
            break
    return {name: value[0, thin - 1 :: thin] for name, value in flat.items()}, float(effective)
