"""Slopes by horizon: regressions of differences over k years, and distributed lags.

A slope between levels mixes what a regressor does within a year and over a decade. Differences
over k years, y_it − y_i,t−k, keep only changes over that horizon (Griliches & Hausman 1986,
*Journal of Econometrics* 31:93–118, compare them). They overlap, so standard errors are clustered
by province. Years are calendar years: nothing is differenced or lagged across a gap.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from data.shared.errors import UserError
from models.design import Design
from models.frequentist.twfe import (
    FEWEST_CLUSTERS,
    crv1,
    refuse_collinear,
    refuse_short,
    slope_parts,
)
from models.frequentist.two_way import resolution

Array = NDArray[np.float64]


class Estimate(NamedTuple):
    """A regression's slopes with clustered standard errors.

    Attributes
    ----------
    slope, se : ndarray, shape (k,)
    covariance : ndarray, shape (k, k)
        Clustered by province.
    df : int
        Provinces less one.
    n : int
        Rows.
    """

    slope: Array
    se: Array
    covariance: Array
    df: int
    n: int

    def sum(self, weights: Array) -> tuple[float, float]:
        """Return a linear combination of the slopes, `weights` of shape (k,), and its error."""
        return float(weights @ self.slope), float(np.sqrt(weights @ self.covariance @ weights))


def interval(slope: float, se: float, df: int) -> tuple[float, float, float]:
    """Return the ends of a slope's 95 % interval, and P, by t with `df` degrees of freedom."""
    reach = stdtrit(df, 0.975) * se
    return slope - reach, slope + reach, float(2 * stdtr(df, -abs(slope / se)))


def years_before(design: Design, k: int) -> NDArray[np.int64]:
    """Return each row's row of its province k calendar years before, −1 if none, shape (n,)."""
    row_of_cell = {
        (i, design.years[t]): row
        for row, (i, t) in enumerate(zip(design.province, design.year, strict=True))
    }
    cells = zip(design.province, design.year, strict=True)
    return np.array([row_of_cell.get((i, design.years[t] - k), -1) for i, t in cells])


def differences(design: Design, k: int) -> Estimate:
    """Regress differences of the outcome over k years on those of the regressors.

    With an effect of each end year. Province effects are differenced away.

    Raises
    ------
    UserError
        If no province is seen k years apart, if provinces are fewer than `FEWEST_CLUSTERS`, or if
        differences of a regressor do not vary, or only with others.
    """
    before = years_before(design, k)
    rows = before >= 0
    if not rows.any():
        raise UserError(f"No province is seen in two years {k} years apart: choose fewer years.")
    y, x = (a[rows] - a[before[rows]] for a in (design.y, design.x))
    province, year = design.province[rows], design.year[rows]
    within = _less_means(np.column_stack([x, y]), year)
    q, r = np.linalg.qr(within[:, :-1])
    lengths, unexplained = np.linalg.norm(within[:, :-1], axis=0), np.abs(np.diag(r))
    refuse_short(design.terms, lengths, unexplained, resolution(design.x))
    influence = q @ np.linalg.inv(r).T
    slope = influence.T @ within[:, -1]
    residual = within[:, -1] - within[:, :-1] @ slope
    n_years = len(np.unique(year))
    return _clustered(slope, influence * residual[:, None], province, len(slope) + n_years - 1)


def distributed_lag(design: Design, lags: int) -> Estimate:
    """Regress the outcome on the first term, its lags, the other terms and both effects.

    Returns
    -------
    Estimate
        The first 1 + `lags` slopes are of the first term: of the same year, of the year before …

    Raises
    ------
    UserError
        If too few rows have all lags, or if lags are collinear.
    """
    before = [years_before(design, k) for k in range(1, lags + 1)]
    rows = np.all([rows_before >= 0 for rows_before in before], axis=0)
    if rows.sum() <= len(design.provinces) + len(design.years) + len(design.terms):
        raise UserError(
            f"Too few rows have {lags} lags: choose a column with more years, or add years."
        )
    lagged = np.column_stack([design.x[rows_before[rows], 0] for rows_before in before])
    sample = design.keep(rows)
    x = np.column_stack([sample.x[:, :1], lagged, sample.x[:, 1:]])
    province, year = (np.unique(codes, return_inverse=True)[1] for codes in
                      (sample.province, sample.year))  # fmt: skip
    first = design.terms[0]
    names = (first, *(f"L{k}.{first}" for k in range(1, lags + 1)), *design.terms[1:])
    refuse_collinear(replace(sample, x=x, terms=names, province=province, year=year))
    parts = slope_parts(sample.y, x, province, year)
    scores = parts.influence * parts.residual[:, None]
    return _clustered(parts.slopes, scores, province, len(names) + year.max())


def _clustered(
    slope: Array, scores: Array, province: NDArray[np.int64], regressors: int
) -> Estimate:
    """Return slopes with the covariance of scores summed by province, as `twfe.crv1` scales it.

    `scores` of shape (n, k): each row's share of the error of the slopes; `regressors` counts
    slopes and year effects less one.
    """
    clusters, cluster_of_row = np.unique(province, return_inverse=True)
    n = len(clusters)
    if n < FEWEST_CLUSTERS:
        raise UserError(
            f"Errors clustered by province need {FEWEST_CLUSTERS} provinces, and there are {n}: "
            "add provinces."
        )
    of_cluster = np.zeros((n, len(slope)))
    np.add.at(of_cluster, cluster_of_row, scores)
    covariance = crv1(len(province), n, regressors) * of_cluster.T @ of_cluster
    return Estimate(slope, np.sqrt(np.diag(covariance)), covariance, n - 1, len(province))


def _less_means(values: Array, code: NDArray[np.int64]) -> Array:
    """Return values (n, k) less the mean of the rows of the same code."""
    _, group_of_row, size = np.unique(code, return_inverse=True, return_counts=True)
    sums = np.zeros((len(size), values.shape[1]))
    np.add.at(sums, group_of_row, values)
    return values - (sums / size[:, None])[group_of_row]
