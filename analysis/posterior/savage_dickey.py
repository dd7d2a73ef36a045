"""Bayes factors for a slope against no slope, by the Savage–Dickey density ratio.

    BF₁₀ = p(β = 0) / p(β = 0 | y)

for the model with the slope against the same model with the slope at zero, all other priors as
they are given β = 0 (Dickey 1971, *Annals of Mathematical Statistics* 42:204–223; Verdinelli &
Wasserman 1995, *JASA* 90:614–618). It depends on the prior of the slope, which has to be stated
with it; under very wide priors it is arbitrary.

A density at zero from draws is poor where zero lies in the tail. In models that are normal given
their scales it is the mean over the scales' draws of a normal density with known moments (Rao
and Blackwell's theorem; Gelfand & Smith 1990, *JASA* 85:398–409), which holds in any tail.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.posterior.variants import integrable
from models.bayesian.interface import LinearSlopes, ModelFile, NormalSlopes
from models.bayesian.within_between import WithinBetween
from models.inference.collapsed import Collapsed
from models.inference.elimination import reduce
from models.inference.log_sum import log_sum_exp
from models.priors import Priors

Draws = Mapping[str, NDArray[np.float64]]

GROUP = "density_at_zero"
"""Of a trace: log densities of standardised slopes at zero."""

FEWEST = 0.005
"""Share of draws beyond zero below which a kernel estimate at zero would be a guess."""


def density_at_zero(
    parts: WithinBetween,
    density: Collapsed,
    weights: Mapping[str, NDArray[np.float64]],
    posterior: Mapping[str, NDArray[np.float64]],
    prior: Mapping[str, NDArray[np.float64]],
) -> xr.Dataset:
    """Return log prior and posterior densities at zero of the slopes that a model reports.

    Parameters
    ----------
    parts : WithinBetween
    density : Collapsed
    weights : mapping of str to ndarray
        Each regressor's standardised slope as a function of the locations.
    posterior, prior : mapping of str to ndarray, shape (chains, draws, size)
        Draws of the scales.

    Returns
    -------
    Dataset
        `prior` and `posterior` (term), of the average slope; where slopes vary also
        `prior_region` and `posterior_region` (varying, region).
    """
    n_regions, n_varying = len(parts.design.regions), len(parts.varying)
    n_terms, by_region = parts.averages.shape[1], n_regions * n_varying
    functions = {
        name: np.vstack([parts.averages.T @ of_block, of_block[:by_region]])
        for name, of_block in weights.items()
    }
    reduced = reduce(density)
    densities: dict[str, tuple[tuple[str, ...], NDArray[np.float64]]] = {}
    for kind, draws in (("prior", prior), ("posterior", posterior)):
        log_scale = np.concatenate([np.log(draws[s.name]) for s in density.scales], axis=-1)
        moments = (
            density.moments(log_scale, functions, prior=True)
            if kind == "prior"
            else reduced.moments(log_scale, functions)
        )
        log_density = _at_zero(*moments)
        densities[kind] = (("term",), log_density[:n_terms])
        if n_varying:
            of_regions = log_density[n_terms:].reshape(n_varying, n_regions)
            densities[f"{kind}_region"] = (("varying", "region"), of_regions)
    dims = {dim for dims, _ in densities.values() for dim in dims}
    return xr.Dataset(densities, {dim: list(parts.coords[dim]) for dim in dims})


def of_model(
    module: ModelFile, parts: Any, priors: Priors, posterior: Draws, prior: Draws
) -> dict[str, xr.Dataset]:
    """Return the group of a trace, if the model's file has exact densities of slopes at zero.

    Parameters
    ----------
    module : ModelFile
    parts : Parts
    priors : Priors
    posterior, prior : mapping of str to ndarray, shape (chains, draws, size)
        Draws of the free variables.
    """
    if not integrable(priors, module.PRIORS):
        return {}
    if isinstance(module, LinearSlopes):
        density, weights = module.density(parts, priors), module.slope_weights(parts)
        return {GROUP: density_at_zero(parts, density, weights, posterior, prior)}
    if not isinstance(module, NormalSlopes):
        return {}
    density, terms = module.density(parts, priors), len(parts.design.terms)
    densities: dict[str, tuple[tuple[str, ...], NDArray[np.float64]]] = {}
    for kind, draws in (("prior", prior), ("posterior", posterior)):
        point = density.point(draws).reshape(-1, density.size)
        mean, sd = module.moments(parts, density, point, prior=kind == "prior")
        log_density = _at_zero(mean, sd)
        densities[kind] = (("term",), log_density[:terms])
        if len(log_density) > terms:
            shape = (-1, len(parts.coords["region"]))
            by_region = log_density[terms:].reshape(shape)
            densities[f"{kind}_region"] = (("varying", "region"), by_region)
    dims = {dim for dims, _ in densities.values() for dim in dims}
    return {GROUP: xr.Dataset(densities, {dim: list(parts.coords[dim]) for dim in dims})}


def _at_zero(mean: NDArray[np.float64], sd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log densities at zero, (K,), of mixtures of normals with moments (…, K)."""
    log_density = stats.norm.logpdf(0, mean, sd).reshape(-1, mean.shape[-1])
    return log_sum_exp(log_density, axis=0) - np.log(len(log_density))


def bf10(log_prior: ArrayLike, log_posterior: ArrayLike) -> float:
    """Return the Bayes factor from log densities at zero."""
    with np.errstate(over="ignore"):
        return float(np.exp(np.subtract(log_prior, log_posterior)))


def bf10_of_draws(prior: ArrayLike, posterior: ArrayLike) -> float:
    """Return the Bayes factor from draws of the slope, by kernel density estimates.

    Returns
    -------
    float
        NaN where zero lies too far in the posterior's tail.
    """
    prior, posterior = np.ravel(prior), np.ravel(posterior)
    above = np.mean(posterior > 0)
    if min(above, 1 - above) < FEWEST:
        return np.nan
    at_zero = [stats.gaussian_kde(draws)(0.0)[0] for draws in (prior, posterior)]
    return float(at_zero[0] / at_zero[1])
