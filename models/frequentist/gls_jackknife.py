"""Generalised least squares in differences, with jackknifed standard errors by province.

On balanced panels, for errors whose covariance over years is known but for a scale by region (a
random walk), or is estimated without structure. Taking differences removes province effects; year
effects are free. Standard errors are CR3, the delete-one-cluster jackknife about the estimate (Bell
& McCaffrey 2002, *Survey Methodology* 28:169–181; MacKinnon, Nielsen & Webb 2023, *Journal of
Applied Econometrics* 38:671–694), with weights held; t with one degree of freedom less than
provinces.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEPS = 2
"""Regressions: least squares, then weighted."""


class Estimate(NamedTuple):
    """Slopes and standard errors, shapes (k,), and degrees of freedom."""

    slope: Array
    se: Array
    df: int


def fit(y: Array, x: Array, region: NDArray[np.int64], *, unstructured: bool = False) -> Estimate:
    """Estimate one regression.

    Parameters
    ----------
    y : ndarray, shape (N, T)
    x : ndarray, shape (N, T, k)
    region : ndarray of int, shape (N,)
        Codes 0 … R−1, each present.
    unstructured : bool
        Whether the covariance of differences over years is estimated from all provinces, up to a
        scale by region, instead of a random walk's. Needs N ≥ T.
    """
    n, years = y.shape
    step = np.diff(y, axis=1)
    dummies = np.broadcast_to(np.eye(years - 1), (n, years - 1, years - 1))
    columns = np.concatenate([np.diff(x, axis=1), dummies], axis=2)
    member = np.eye(region.max() + 1)[region]
    weight, white = np.ones(n), np.eye(years - 1)
    for iteration in range(STEPS):
        gram, moment = _whitened(columns, step, weight, white)
        estimate = np.linalg.solve(gram.sum(axis=0), moment.sum(axis=0))
        if iteration < STEPS - 1:
            residual = step - columns @ estimate
            variance = (member.T @ (residual**2).mean(axis=1)) / member.sum(axis=0)
            weight = 1 / np.sqrt(variance[region])
            if unstructured:
                scaled = residual * weight[:, None]
                white = np.linalg.inv(np.linalg.cholesky(scaled.T @ scaled / n))
    # X'X and X'y are sums over provinces: what is left without one needs no new regression.
    leave_one_out = np.linalg.solve(
        gram.sum(axis=0) - gram, (moment.sum(axis=0) - moment)[..., None]
    )
    deviation = leave_one_out[..., 0] - estimate
    se = np.sqrt((n - 1) / n * (deviation**2).sum(axis=0))
    k = x.shape[2]
    return Estimate(estimate[:k], se[:k], n - 1)


def _whitened(columns: Array, step: Array, weight: Array, white: Array) -> tuple[Array, Array]:
    """Return each province's X'X and X'y, weighted and whitened."""
    a = weight[:, None, None] * (white @ columns)
    b = weight[:, None] * (step @ white.T)
    return a.mT @ a, (a.mT @ b[..., None])[..., 0]
