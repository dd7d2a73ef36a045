"""Posteriors of `models.bayesian.growth` given the panel's outcome and a new one.

Both are of the same rows and have the same precision P of contrasts within provinces, so that

    Σ_k (y_k − μ)'P(y_k − μ) = (ȳ − μ)'(2P)(ȳ − μ) + d'Pd,  d = (y_1 − y_2) / √2

and the density is that of their mean under twice the precision, times one of d that has no
coefficients. All posteriors are near that of the panel's outcome seen twice, from which each fit
starts (`models.inference.batched`).

A twin may have one σ for all regions, which the model itself has no switch for.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from models.bayesian.growth_density import GrowthDensity
from models.bayesian.growth_pieces import Products, products
from models.bayesian.growth_reference import Weights
from models.inference import batched

Array = NDArray[np.float64]

SIGMA = "sigma_std"

LARGEST_K_HAT = 0.7
"""Weights of a heavier tail mean nothing (`models.inference.batched`)."""


@dataclass(frozen=True, eq=False)
class TwiceDensity(GrowthDensity):
    """The density given two outcomes, whose mean is `y`.

    Attributes
    ----------
    whole : GrowthDensity
        Given the panel's outcome; with a σ for each region.
    difference : Products
        Of d, t and z.
    """

    whole: GrowthDensity
    difference: Products

    def weights(self, point: Array) -> Weights:
        """Return twice the weights, what d says being in `log_rows`."""
        sigmas = self.slices[SIGMA]
        sigma = point[:, sigmas]
        if sigma.shape[1] < self.n_regions:
            sigma = np.repeat(sigma, self.n_regions, axis=1)
        weights = self.whole.weights(
            np.hstack([point[:, : sigmas.start], sigma, point[:, sigmas.stop :]])
        )
        level = weights.level[:, self.layout.region_of_province]
        along = np.einsum("npm,pm->np", level, self.difference.of_level[..., 0])
        square = np.einsum("nrj,rj->n", weights.piece, self.difference.gram[..., 0])
        square = square - (weights.share[:, self.pattern.of_province] * along**2).sum(axis=1)
        return weights._replace(
            piece=2 * weights.piece,
            share=2 * weights.share,
            log_rows=2 * weights.log_rows - square / 2,
        )


def given(base: GrowthDensity, y: Array, *, one_sigma: bool = False) -> TwiceDensity:
    """Return the density given an outcome, standardised, besides the one of `base`."""
    contrast = ((y - base.y) / np.sqrt(2))[:, None]
    difference = products(contrast, base.time, base.z, base.layout)
    middle = base.with_outcome((y + base.y) / 2)
    shared = {field.name: getattr(middle, field.name) for field in fields(GrowthDensity)}
    density = TwiceDensity(**shared, whole=base, difference=difference)
    if one_sigma:
        scales = tuple((name, 1 if name == SIGMA else size) for name, size in base.scales)
        density = replace(density, scales=scales)
    return density


def fitter(
    base: GrowthDensity, size: int, seed: int, *, one_sigma: bool
) -> Callable[[Array, np.random.Generator], tuple[dict[str, Array], float]]:
    """Return what draws from the posterior given another outcome, too, and counts what is drawn.

    The effective number is 0 where the weights of the draws mean nothing.
    """
    twice = given(base, base.y, one_sigma=one_sigma)
    template = batched.propose(twice, np.random.default_rng(seed))

    def fit(y: Array, rng: np.random.Generator) -> tuple[dict[str, Array], float]:
        fitted = batched.fit_from(template, given(base, y, one_sigma=one_sigma), size, rng)
        holds = fitted.effective >= size and fitted.k_hat <= LARGEST_K_HAT
        return fitted.density.draw(fitted.point, rng), float(size * holds)

    return fit
