"""Two-way fixed-effects regressions of many outcomes at once, on balanced panels (`fit`).

`fit_gaps` is the same for panels with gaps, whose effects are swept out by their dummies.

As `models.frequentist.twfe` and `models.frequentist.fgls` estimate one regression. A balanced
panel's effects are swept out in two orthogonal steps. First each province's mean (or linear
trend) is subtracted, then each year's mean over all provinces or over those of a region. Weights
are by region, so province effects do not depend on them.

Standard errors, of y = x b + effects + e with rows multiplied by the square root of their weight:

`conventional`  s² (x'x)⁻¹, s² = e'e / df
`province`      Σ_i (Σ_t a_it e_it)² times Stata's factor (`models.frequentist.twfe.crv1`),
                a = x (x'x)⁻¹
`two_way`       province + year − row (Cameron, Gelbach & Miller 2011, *Journal of Business &
                Economic Statistics* 29:238–249); where the difference is less than either one-way
                variance, the larger of these (MacKinnon, Nielsen & Webb 2021, *Journal of
                Business & Economic Statistics* 39:505–519, recommend it)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.frequentist.twfe import crv1
from models.frequentist.two_way import COLLINEAR

Array = NDArray[np.float64]

CLUSTERINGS = ("conventional", "province", "two_way")


class Many(NamedTuple):
    """Slopes of p terms in q regressions.

    Attributes
    ----------
    slope : ndarray, shape (p, q)
    se : ndarray, shape (p, q, 3)
        By `CLUSTERINGS`.
    df : tuple of int
        Degrees of freedom of each kind: residual ones, and one less than there are clusters (of
        two kinds, the fewer).
    """

    slope: Array
    se: Array
    df: tuple[int, int, int]


def within_provinces(values: Array, trend: bool = False) -> Array:
    """Subtract each province's mean, or its linear trend.

    Parameters
    ----------
    values : ndarray, shape (N, T)
        Or with further axes after these.
    trend : bool
    """
    years = np.arange(values.shape[1], dtype=float)
    basis = np.column_stack([np.ones_like(years), years - years.mean()][: 1 + trend])
    basis /= np.linalg.norm(basis, axis=0)
    return values - np.einsum("ts,ns...->nt...", basis @ basis.T, values)


def fit(
    y: Array,
    x: Array,
    region: NDArray[np.int64],
    n_interest: int,
    *,
    trend: bool = False,
    by_region: bool = False,
    weighted: bool = False,
) -> Many:
    """Estimate q regressions on the same regressors.

    Parameters
    ----------
    y : ndarray, shape (N, T, q)
    x : ndarray, shape (N, T, k)
        Both from `within_provinces`.
    region : ndarray of int, shape (N,)
        Codes 0 … R−1, each present.
    n_interest : int
        The first p regressors are those asked for.
    trend : bool
        Whether `within_provinces` subtracted linear trends.
    by_region : bool
        Year effects of each region instead of common ones.
    weighted : bool
        Weigh rows by their region's mean squared residual, as `models.frequentist.fgls`.

    Returns
    -------
    Many
        NaN where a regressor is collinear with effects and the others, or rows are too few.
    """
    (n, t, q), k = y.shape, x.shape[2]
    member = np.eye(region.max() + 1)[region]
    regions = member.shape[1]
    xy = np.concatenate([x, y], axis=2)
    of_region = np.einsum("nr,ntc->rtc", member / member.sum(axis=0), xy)
    n_years = (t - 1 - trend) * (regions if by_region else 1)
    counts = (n * t - n * (1 + trend) - n_years - k, k + n_years)
    if by_region:
        net = xy - of_region[region]
    else:
        net = xy - np.tensordot(member.mean(axis=0), of_region, axes=1)
    x_net, y_net = net[..., :k].reshape(n * t, k), net[..., k:].reshape(n * t, q)
    if counts[0] < 1 or not full_rank(x_net, x.reshape(n * t, k)):
        return unknown(n_interest, q)
    if not weighted:
        return fit_swept(x_net, y_net, n, n_interest, *counts)
    slope = np.linalg.solve(x_net.T @ x_net, x_net.T @ y_net)
    square = ((y_net - x_net @ slope) ** 2).reshape(n, t, q).mean(axis=1)
    root_weight = 1 / np.sqrt(square.T @ (member / member.sum(axis=0)))  # (q, R)
    if by_region:
        x_swept = np.broadcast_to(net[..., :k], (q, n, t, k))
        y_swept = np.moveaxis(net[..., k:], 2, 0)
    else:
        # Weighted year means: under unequal weights the year effects are not plain averages.
        share = root_weight**2 * member.sum(axis=0)
        share /= share.sum(axis=1, keepdims=True)
        x_swept = xy[..., :k] - np.einsum("qr,rtk->qtk", share, of_region[..., :k])[:, None]
        y_swept = np.moveaxis(xy[..., k:], 2, 0)
        y_swept = y_swept - np.einsum("qr,rtq->qt", share, of_region[..., k:])[:, None]
    row = root_weight[:, region, None]
    fitted = fit_swept(
        (x_swept * row[..., None]).reshape(q, n * t, k),
        (y_swept * row).reshape(q, n * t, 1),
        n,
        n_interest,
        *counts,
    )
    return Many(fitted.slope[..., 0].T, np.moveaxis(fitted.se[:, :, 0], 0, 1), fitted.df)


def full_rank(net: Array, x: Array) -> bool:
    """Whether regressors net of effects, shape (n, k), are more than rounding of `x`."""
    length = np.linalg.norm(net, axis=0)
    if (length <= COLLINEAR * np.linalg.norm(x, axis=0)).any():
        return False
    return bool(np.abs(np.diag(np.linalg.qr(net / length).R)).min(initial=1) > COLLINEAR)


def unknown(p: int, q: int) -> Many:
    """Return what cannot be estimated, in the shapes of `Many`."""
    return Many(np.full((p, q), np.nan), np.full((p, q, len(CLUSTERINGS)), np.nan), (1, 1, 1))


def fit_gaps(
    y: Array,
    x: Array,
    seen: NDArray[np.bool_],
    region: NDArray[np.int64],
    n_interest: int,
    *,
    trend: bool = False,
    by_region: bool = False,
    weighted: bool = False,
) -> Many:
    """Estimate q regressions on the rows of a panel that are seen.

    Parameters
    ----------
    y : ndarray, shape (N, T, q)
    x : ndarray, shape (N, T, k)
        As they are; any value, also NaN, where nothing is seen.
    seen : ndarray of bool, shape (N, T)
    region, n_interest, trend, by_region, weighted
        As `fit` takes them.
    """
    if not seen.any():
        return unknown(n_interest, y.shape[2])
    kept = np.ix_(seen.any(axis=1), seen.any(axis=0))
    region = np.unique(region[seen.any(axis=1)], return_inverse=True)[1]
    y, x, seen = y[kept], x[kept], seen[kept]
    (n, t), k, q = seen.shape, x.shape[2], y.shape[2]
    province, year = np.nonzero(seen)
    own, common = _dummies(province, year, region, trend, by_region)
    effects, x_rows, y_rows = np.hstack([own, common]), x[seen], y[seen]
    n_own, n_effects = (int(np.linalg.matrix_rank(dummies)) for dummies in (own, effects))
    counts = (len(year) - n_effects - k, k + n_effects - n_own)
    if counts[0] < 1:
        return unknown(n_interest, q)

    def estimate(y_rows: Array, root: Array) -> tuple[Many, Array]:
        """Fit weighted rows; return residuals, too."""
        x_net, y_net = (_swept(values * root, effects * root) for values in (x_rows, y_rows))
        if not full_rank(x_net, _swept(x_rows * root, own * root)):
            return unknown(n_interest, y_rows.shape[1]), y_net
        padded = [np.zeros((n, t, v.shape[1])) for v in (x_net, y_net)]
        for values, cells in zip((x_net, y_net), padded, strict=True):
            cells[seen] = values
        flat = [cells.reshape(n * t, -1) for cells in padded]
        residual = y_net - x_net @ np.linalg.lstsq(x_net, y_net)[0]
        return fit_swept(*flat, n, n_interest, *counts, len(year)), residual

    plain, residual = estimate(y_rows, np.ones((len(year), 1)))
    if not weighted:
        return plain
    member = np.eye(region.max() + 1)[region[province]]
    root = 1 / np.sqrt((residual**2).T @ (member / member.sum(axis=0)))  # (q, R)
    fits = [estimate(y_rows[:, [i]], root[i, region[province], None])[0] for i in range(q)]
    return Many(*(np.concatenate(of, 1) for of in list(zip(*fits, strict=True))[:2]), fits[0].df)


def _dummies(
    province: NDArray[np.int64],
    year: NDArray[np.int64],
    region: NDArray[np.int64],
    trend: bool,
    by_region: bool,
) -> tuple[Array, Array]:
    """Return dummies of provinces, with their trends, and of years, shapes (rows, columns)."""
    own = np.eye(province.max() + 1)[province]
    own = np.hstack([own, own * (year - year.mean())[:, None]]) if trend else own
    common = np.eye(year.max() + 1)[year]
    if by_region:
        member = np.eye(region.max() + 1)[region[province]]
        common = (member[:, :, None] * common[:, None]).reshape(len(year), -1)
    return own, common


def _swept(values: Array, effects: Array) -> Array:
    return values - effects @ np.linalg.lstsq(effects, values)[0]


def fit_swept(
    x: Array, y: Array, n: int, p: int, df: int, n_regressors: int, rows: int = 0
) -> Many:
    """Estimate regressions whose effects are swept out of both sides.

    Parameters
    ----------
    x : ndarray, shape (…, n · T, k)
    y : ndarray, shape (…, n · T, q)
    n : int
        Provinces; rows are sorted by province.
    p : int
        The first p regressors are those asked for.
    df, n_regressors : int
        Residual degrees of freedom, and the number of slopes and year effects.
    rows : int
        Rows that are seen, the others being zero; by default all.

    Returns
    -------
    Many
        With the leading axes of x in front of its own.
    """
    inverse = np.linalg.inv(x.mT @ x)
    slope = inverse @ (x.mT @ y)
    residual = y - x @ slope
    influence = x @ inverse[..., :p]
    conventional = (residual**2).sum(axis=-2)[..., None, :] / df
    conventional = conventional * np.diagonal(inverse, axis1=-2, axis2=-1)[..., :p, None]
    cells = (*x.shape[:-2], n, -1)
    a, e = influence.reshape(*cells, p), residual.reshape(*cells, y.shape[-1])
    t, size = a.shape[-2], rows or a.shape[-3] * a.shape[-2]
    by_province = ((a.mT @ e) ** 2).sum(axis=-3) * crv1(size, n, n_regressors)
    a, e = np.swapaxes(a, -3, -2), np.swapaxes(e, -3, -2)
    by_year = ((a.mT @ e) ** 2).sum(axis=-3) * crv1(size, t, n_regressors)
    by_row = (influence.mT**2 @ residual**2) * crv1(size, size, n_regressors)
    # The difference can be negative in small samples: never below a one-way variance.
    either = np.maximum(by_province, by_year)
    two_way = np.maximum(by_province + by_year - by_row, either)
    variance = np.stack([conventional, by_province, two_way], axis=-1)
    return Many(slope[..., :p, :], np.sqrt(variance), (df, n - 1, min(n, t) - 1))
