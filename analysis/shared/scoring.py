"""How an estimator of one parameter did over simulated data sets: bias, error, coverage."""

import numpy as np
from numpy.typing import NDArray

from analysis.shared.statistics import Z, share

Array = NDArray[np.float64]

LEAST_COVERAGE = 0.90
"""Least coverage for `holds`: the share of data sets whose interval has the true value."""


def assess(estimate: Array, low: Array, high: Array, truth: float) -> dict[str, float]:
    """Judge one estimator of one parameter in one cell.

    Parameters
    ----------
    estimate, low, high : ndarray, shape (data sets,)
        NaN where there is no estimate.
    truth : float
    """
    estimated = ~np.isnan(estimate)
    error = estimate[estimated] - truth
    n, size = len(estimate), max(len(error), 1)
    square = (error**2).mean() if len(error) else np.nan
    reach = Z * error.std() / np.sqrt(size)
    reach_of_square = Z * (error**2).std() / np.sqrt(size)
    bias = error.mean() if len(error) else np.nan
    covered = share(int(((low <= truth) & (truth <= high)).sum()), n)
    above = share(int((low > 1).sum()), n)
    return {
        "truth": truth,
        "data_sets": n,
        "estimated": int(estimated.sum()),
        "bias": bias,
        "bias_low": bias - reach,
        "bias_high": bias + reach,
        "rmse": np.sqrt(square),
        "rmse_low": np.sqrt(max(square - reach_of_square, 0.0)),
        "rmse_high": np.sqrt(square + reach_of_square),
        "coverage": covered[0],
        "coverage_low": covered[1],
        "coverage_high": covered[2],
        "above_one": above[0],
        "above_one_low": above[1],
        "above_one_high": above[2],
        "holds": covered[2] >= LEAST_COVERAGE,
    }
