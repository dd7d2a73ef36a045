"""Least squares with a lagged outcome: pooled, within, and bias-corrected within estimators.

Pooled least squares leaves the province effects in the error, and the lag is correlated with
them: its ρ is biased upwards. The within estimator subtracts province means, which contain past
errors: its ρ is biased downwards, by about (1 + ρ)/T (Nickell 1981, *Econometrica* 49:1417–1426).
A consistent ρ lies between the two (Bond 2002, *Portuguese Economic Journal* 1:141–162).

All have year dummies, and standard errors clustered by province. Those of the corrected estimators
are the within estimator's, which has the same first-order variance (Dhaene & Jochmans 2015,
*Review of Economic Studies* 82:991–1030); what the correction adds is not in them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.design import LAG, Design
from models.frequentist import twfe

Array = NDArray[np.float64]


class Slopes(NamedTuple):
    """Slopes in the order of the design's terms, shape (k,), and their standard errors."""

    coef: Array
    se: Array


def pooled(design: Design) -> Slopes:
    """Regress on the terms, year dummies and a constant, as Stata's `regress, vce(cluster)`."""
    years = np.eye(len(design.years))[design.year]
    x = np.hstack([design.x, years])
    k = design.x.shape[1]
    q, r = np.linalg.qr(x)
    inverse = np.linalg.inv(r)
    coef = inverse @ (q.T @ design.y)
    influence = q @ inverse.T
    n, n_provinces = len(design.y), len(design.provinces)
    by_row = influence * (design.y - x @ coef)[:, None]
    scores = np.eye(n_provinces)[design.province].T @ by_row
    factor = twfe.crv1(n, n_provinces, x.shape[1] - 1)
    return Slopes(coef[:k], np.sqrt(factor * (scores[:, :k] ** 2).sum(axis=0)))


def within(design: Design) -> Slopes:
    """Regress on the terms and both sets of dummies."""
    fit = twfe.fit_arrays(design.y, design.x, design.province, design.year)
    return Slopes(fit.coef[:-1], fit.se_cluster[:-1])


def half_panel_jackknife(design: Design) -> Slopes:
    """Correct the within estimator by the half-panel jackknife.

    2 b − (b_1 + b_2) / 2, b_1 of the first half of the years and b_2 of the others: a bias in
    proportion to 1/T is twice as large in a half (Dhaene & Jochmans 2015, equation 2.2). It assumes
    that a province follows the same law in both halves: a stationary initial condition.

    Parameters
    ----------
    design : Design
        Balanced; an odd year belongs to the second half.
    """
    full_panel = within(design)
    middle = len(design.years) // 2
    halves = [_coef(design, design.year < middle), _coef(design, design.year >= middle)]
    return full_panel._replace(coef=2 * full_panel.coef - np.mean(halves, axis=0))


def _coef(design: Design, rows: NDArray[np.bool_]) -> Array:
    year = np.unique(design.year[rows], return_inverse=True)[1]
    return twfe.slope_parts(design.y[rows], design.x[rows], design.province[rows], year).slopes


def kiviet(design: Design, start: Array) -> Slopes:
    """Correct the within estimator by its bias expansion to order 1/(N T²).

    Kiviet (1995, *Journal of Econometrics* 68:53–78), in the form of Bruno (2005, *Economics
    Letters* 87:361–366), equations 5–7, year effects taken off before. Regressors other than the
    lag count as strictly exogenous, and errors as spread alike in all provinces.

    Parameters
    ----------
    design : Design
        Balanced, the lag among the terms.
    start : ndarray, shape (k,)
        Consistent slopes, at which the bias is evaluated.
    """
    n, t = len(design.provinces), len(design.years)
    lag = design.terms.index(LAG)
    columns = np.column_stack([design.y, design.x])[np.lexsort((design.year, design.province))]
    cube = columns.reshape(n, t, -1)
    cube = cube - cube.mean(axis=0)
    net = cube - cube.mean(axis=1, keepdims=True)
    error = net[..., 0] - net[..., 1:] @ start
    df = (n - 1) * (t - 1) - len(start)
    uncorrected = within(design)
    bias = kiviet_bias(cube[..., 1:], lag, float(start[lag]), float((error**2).sum()) / df)
    return uncorrected._replace(coef=uncorrected.coef - bias)


def kiviet_bias(w: Array, lag: int, rho: float, variance: float) -> Array:
    """Return the bias of the within estimator, shape (k,): see `kiviet`.

    Parameters
    ----------
    w : ndarray, shape (N, T, k)
        Regressors.
    lag : int
        Which of them is the lagged outcome.
    rho : float
        Its coefficient.
    variance : float
        Of the errors.
    """
    n, t, _ = w.shape
    centre = np.eye(t) - 1 / t
    shift = np.eye(t, k=-1)
    pi = centre @ shift @ np.linalg.inv(np.eye(t) - rho * shift)
    q = np.linalg.inv(np.einsum("itj,ts,isk->jk", w, centre, w))
    q_column, q_lag = q[:, lag], q[lag, lag]
    trace = n * np.trace(pi)
    w_pi_w = np.einsum("itj,ts,isk->jk", w, pi @ centre, w)
    w_pipi_w = np.einsum("itj,ts,isk->jk", w, pi @ pi.T, w)
    # Terms of order 1/T, 1/(N T) and 1/(N T²), as in Bruno's equations 5 to 7.
    of_order_t = variance * trace * q_column
    of_order_nt = -variance * (
        q @ w_pi_w @ q_column
        + np.trace(q @ w_pi_w) * q_column
        + 2 * variance * q_lag * n * np.trace(pi.T @ pi @ pi) * q_column
    )
    of_order_nt2 = (
        variance**2
        * trace
        * (
            2 * q_lag * q @ w_pipi_w @ q_column
            + (
                q_column @ w_pipi_w @ q_column
                + q_lag * np.trace(q @ w_pipi_w)
                + 2 * variance * q_lag**2 * n * np.trace(pi.T @ pi @ pi.T @ pi)
            )
            * q_column
        )
    )
    return of_order_t + of_order_nt + of_order_nt2
