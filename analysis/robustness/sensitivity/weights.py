"""Importance weights on posterior draws in place of a refit, and their diagnostics."""

import arviz as az
import numpy as np
import xarray as xr
from numpy.typing import NDArray

Array = NDArray[np.float64]

K_MOST, ESS_LEAST = 0.5, 400
"""Largest Pareto k̂ and least effective sample size at which weights replace a refit."""


def trusted(log_weight: Array) -> tuple[float, Array | None]:
    """Return Pareto k̂ of weights on draws, and the weights if they can replace a refit.

    Parameters
    ----------
    log_weight : ndarray, shape (chains, draws)

    Returns
    -------
    k : float
    weight : ndarray, shape (chains, draws), or None
        None where k̂ is above `K_MOST` or the effective sample size below `ESS_LEAST`.
    """
    k, weight = pareto_k(-log_weight), np.exp(log_weight - log_weight.max())
    enough = weight.sum() ** 2 / (weight**2).sum() >= ESS_LEAST
    return k, weight if k <= K_MOST and enough else None


def log_mean_exp(values: Array) -> tuple[float, float]:
    """Return log mean exp of draws, shape (chains, draws), and its Monte Carlo standard error."""
    unit = np.exp(values - values.max())
    return float(np.log(unit.mean()) + values.max()), float(az.mcse(unit)) / unit.mean()


def pareto_k(minus_log_weight: Array) -> float:
    """Return the Pareto k̂ of weights on draws, shape (chains, draws)."""
    draws = xr.DataArray(minus_log_weight, dims=("chain", "draw"))
    return float(draws.azstats.psislw(dim=["chain", "draw"])[1])


def stratified(weight: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw as many positions as there are weights, each as often as its weight says (±1)."""
    size = len(weight)
    steps = (np.arange(size) + rng.random(size)) / size
    return np.searchsorted(np.cumsum(weight) / weight.sum(), steps).clip(max=size - 1)


def bridge(at_whole: Array, at_rest: Array) -> tuple[float, float]:
    """Return log p(y_i | y_-i) from draws of both posteriors, and its Monte Carlo standard error.

    The iteration of Meng & Wong (1996, *Statistica Sinica* 6:831–860, equation 4.1), for the
    ratio of the two posteriors' constants. Where a province is an outlier, draws without it
    hardly reach where it is likely, and draws with it do.

    Parameters
    ----------
    at_whole, at_rest : ndarray, shape (chains, draws)
        log p(y_i | u, y_-i) at draws of u given all rows, and given the others.
    """
    middle = np.median(at_whole)
    share = at_whole.size / (at_whole.size + at_rest.size)
    ratio_whole, ratio_rest = np.exp(at_whole - middle), np.exp(at_rest - middle)
    ratio = 1.0
    for _ in range(1_000):
        above = ratio_rest / (share * ratio_rest + (1 - share) * ratio)
        below = 1 / (share * ratio_whole + (1 - share) * ratio)
        before, ratio = ratio, above.mean() / below.mean()
        if abs(ratio / before - 1) < 1e-10:
            break
    errors = [float(az.mcse(part)) / part.mean() for part in (above, below)]
    return float(np.log(ratio) + middle), float(np.hypot(*errors))
