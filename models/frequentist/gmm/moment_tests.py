"""Tests of the moment conditions, on arrays."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.frequentist.gmm.arrays import Arrays
from models.frequentist.gmm.estimation import Step, Whitener, identifies, residuals
from models.frequentist.gmm.instruments import Layout
from models.frequentist.gmm.matrix import times
from models.frequentist.gmm.records import parse_term


def serial_correlation(
    blocks: Iterable[Arrays], orders: Sequence[int], estimated: Step, covariance: Any
) -> list[Any]:
    """Return Arellano and Bond's z of serial correlation in the differenced residuals.

    Arellano and Bond (1991, *Review of Economic Studies* 58, section 3); Roodman (2009, section
    3.5) for residuals of other transformations and of systems. The numerator is the covariance
    of the residuals with themselves `order` periods before.

    Parameters
    ----------
    blocks : iterable of Arrays
    orders : sequence of int
    estimated : Step
        The last step.
    covariance : array, shape (k, k)
        Of the coefficients, before small-sample corrections.

    Returns
    -------
    list of array, shape ()
        One per order.
    """
    sums = None
    for block in blocks:
        xp = block.y.__array_namespace__()
        w = (block.dy - times(estimated.coef, block.dx)) * block.used_difference
        scores = block.z.by_group(residuals(block, estimated.coef))
        of_block = []
        for order in orders:
            autocovariance = xp.sum(w[order:] * w[:-order], axis=0)
            xw = xp.sum(block.dx[:, order:] * w[:-order], axis=(1, 2))
            of_block.append(
                (xp.sum(autocovariance), xp.sum(autocovariance**2), xw, scores @ autocovariance)
            )
        sums = _added(sums, of_block)
    return [
        products / _root(squares, xw, zw, estimated, covariance)
        for products, squares, xw, zw in sums
    ]


def serial_correlation_iid(
    blocks: Iterable[Arrays],
    orders: Sequence[int],
    estimated: Step,
    covariance: Any,
    sigma2: float,
    weighting: NDArray[np.float64],
    to_rows: NDArray[np.float64],
) -> list[Any]:
    """Return the same under the errors' assumed covariance, for one-step without `robust`.

    Parameters
    ----------
    sigma2 : float
        Error variance.
    weighting : ndarray, shape (T, T)
        Covariance of the differenced errors over `sigma2`.
    to_rows : ndarray, shape (T, R)
        Covariance of differenced errors with those of the rows, over `sigma2`.
    """
    sums = None
    for block in blocks:
        xp = block.y.__array_namespace__()
        w = (block.dy - times(estimated.coef, block.dx)) * block.used_difference
        of_block = []
        for order in orders:
            lagged = xp.concat([xp.zeros_like(w[:order]), w[:-order]])
            xw = xp.sum(block.dx * lagged, axis=(1, 2))
            inside = lagged * block.used_transformed
            squares = xp.sum(inside * (xp.asarray(weighting) @ inside))
            zw = xp.sum(block.z.by_group(xp.asarray(to_rows.T) @ inside), axis=1)
            of_block.append((xp.sum(w * lagged), squares, xw, zw))
        sums = _added(sums, of_block)
    return [
        products / _root(sigma2 * squares, xw, sigma2 * zw, estimated, covariance)
        for products, squares, xw, zw in sums
    ]


def _added(sums: list | None, of_block: list) -> list:
    """Add up tuples of sums, one tuple per order."""
    if sums is None:
        return of_block
    return [
        tuple(a + b for a, b in zip(total, more, strict=True))
        for total, more in zip(sums, of_block, strict=True)
    ]


def _root(squares: Any, xw: Any, zw: Any, estimated: Step, covariance: Any) -> Any:
    """Return the numerator's standard error: its own variance and that of the coefficients."""
    xp = zw.__array_namespace__()
    crossed = xw @ (estimated.projection @ zw)
    return xp.sqrt(squares - 2 * crossed + xw @ covariance @ xw)


def subset_criterion(zx: Any, zy: Any, s: Any) -> float | None:
    """Return the criterion of an estimation with some of the instruments only.

    Parameters
    ----------
    zx, zy, s : array, shape (j, k), (j,) and (j, j)
        The moments of these, and their covariance.

    Returns
    -------
    float or None
        None if they do not identify the coefficients.
    """
    xp = zx.__array_namespace__()
    whitened = Whitener(s).whiten(xp.concat([zx, zy[:, None]], axis=1))
    wx, wy = whitened[:, :-1], whitened[:, -1]
    # The criterion is the squared residual of whitened moments: no inverse is formed.
    q, r = xp.linalg.qr(wx)
    if not identifies(r):
        return None
    return float(xp.sum((wy - q @ (q.T @ wy)) ** 2))


def mean_stationarity(derivative: Any, zx: Any, s: Any, gap: Any) -> Any:
    """Return Magazzini and Calzolari's LM statistic of mean stationarity, χ² with 1 df.

    If groups start off their long-run means, E(Δy_{t−1} u_t) is not 0 but decays with the
    coefficient ρ of the lagged outcome: ψ ρ^{t−t₀}. ψ enters as a parameter, and the score of
    ψ = 0 is tested at the system estimates: g'A G (G'A G)⁻¹ G'A g with g the moments, A = S⁻¹
    and G their derivatives by coefficients and ψ (Magazzini and Calzolari 2020, *Econometric
    Reviews* 39, 115–134). That is χ² with 1 df only of coefficients that make the score by
    coefficients zero, as those of two steps do; of others (one step, robust) the score of ψ is
    taken net of it, which is the same where it is zero (Neyman's C(α)). Lagged differences of
    other variables are taken to be valid; the authors give each period's a parameter of its own
    if regressors may start off their means.

    Parameters
    ----------
    derivative : array, shape (j,)
        Of the moments by ψ, from `stationarity_derivative`.
    zx, s : array, shape (j, k) and (j, j)
        s is the covariance of the moments.
    gap : array, shape (j,)
        The moments, Z'e.
    """
    xp = zx.__array_namespace__()
    moments = xp.concat([zx, derivative[:, None], gap[:, None]], axis=1)
    whitened = Whitener(s).whiten(moments)
    slopes, gap = whitened[:, :-1], whitened[:, -1]
    # ψ comes last, so its direction in q is net of all coefficients (Neyman's C(α)).
    q, _ = xp.linalg.qr(slopes / xp.sqrt(xp.sum(slopes**2, axis=0)))
    return (q[:, -1] @ gap) ** 2


def stationarity_derivative(
    structure: Layout, outcome: str, coef: float
) -> NDArray[np.float64] | None:
    """Return how the moments of the levels equation change with ψ, shape (j,), sign apart.

    Parameters
    ----------
    structure : Layout
    outcome : str
        Its lagged differences are meant, whichever lag of it is the instruments' term.
    coef : float
        Of the lagged outcome.

    Returns
    -------
    ndarray or None
        None if no lagged difference of the outcome instruments the levels equation.
    """
    n_terms, n_periods = structure.observed.shape[:2]
    derivative = np.zeros(len(structure.instruments))
    for column, instrument in enumerate(structure.instruments):
        if instrument.equation != "level" or instrument.lag is None:
            continue
        variable, lag = parse_term(instrument.term)
        if variable != outcome:
            continue
        rows, cells = structure.places(column)
        term, period = cells // n_periods % n_terms, cells % n_periods
        # Of the differences, those that are observed: here and one period before.
        observed_differences = (
            structure.observed[term, period] & structure.observed[term, period - 1]
        )
        count = (observed_differences & structure.used[rows]).sum(axis=1)
        derivative[column] = count @ float(coef) ** (period - lag - 1)
    return derivative if derivative.any() else None
