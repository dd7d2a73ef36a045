"""Missing cells of a province-by-year table: which rule fills which cell.

The paper says only that a few missing data were filled by linear interpolation (section 4.3).
Interpolation reaches the cells between two observed years, few of the missing ones. What lies
before a province's first or after its last observed year is filled by one of `RULES`:

growth (default)
    Log-linear on the growth of others: year by year outwards, a value moves by the median
    growth of the provinces that are observed in both years. Where no province is (a block of g
    years that all lack), by the median over provinces and over the g nearest observed
    year-on-year growths.
hold
    The nearest observed value is carried.
linear
    The straight line through the province's two nearest observed values (what Stata's
    `ipolate, epolate` does).

Every result is held within the series' logical bounds (a rate within [0, 1], an amount above
0). A province without a single cell gets a proxy (`by_ratio`). Filled values are kept to eight
significant digits, so that the last bit of a logarithm cannot travel into a panel.

Arrays are (n provinces, T years), NaN where missing.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

OBSERVED, INTERPOLATED, EXTENDED, PROXY, ACCOUNTING, RATIO, ESTIMATED, MODELLED = range(8)
CODES = {
    "observed": OBSERVED,
    "interpolated": INTERPOLATED,
    "extended": EXTENDED,
    "proxy": PROXY,
    "accounting": ACCOUNTING,
    "ratio": RATIO,
    "estimated": ESTIMATED,
    "modelled": MODELLED,
}
"""How a cell came about. `extended` is the leading and trailing cells, filled by the gap rule;
`accounting` is the remainder of an identity of the national accounts; `ratio` is a value added
that takes a share known from another vintage or year, industry's of the secondary sector or a
sector's of GDP; `estimated` is derived by the compilers of the official series (census 4, error up
to 1.8 %; capital from extrapolated investment; employment on one basis); `modelled` is industry
as published between the years in which its share is known (`anchors`)."""

FILLED_DIGITS = 8


def significant(x: Array, digits: int) -> Array:
    """Round to `digits` significant decimal digits; 0 and NaN stay."""
    x = np.asarray(x, float)
    return np.array([float(f"{value:.{digits}g}") for value in x.ravel()]).reshape(x.shape)


def interpolate(x: Array) -> Array:
    """Interpolate linearly between two observed years of a province."""
    filled = x.copy()
    years = np.arange(x.shape[1])
    for row in filled:
        observed = np.flatnonzero(~np.isnan(row))
        if observed.size:
            inside = slice(observed[0], observed[-1] + 1)
            row[inside] = np.interp(years[inside], observed, row[observed])
    return filled


def grow(x: Array) -> Array:
    """Extend both ends on the median growth of those that are observed (rule "growth").

    If no province is observed in two years running, nothing is known of growth: as `hold`.
    """
    forward, backward = _grow_forward(x), _grow_forward(x[:, ::-1])[:, ::-1]
    return np.where(np.isnan(forward), backward, forward)


def hold(x: Array) -> Array:
    """Extend the nearest observed value to both ends (rule "hold")."""
    extended = x.copy()
    for row in extended:
        observed = np.flatnonzero(~np.isnan(row))
        if observed.size:
            row[: observed[0]] = row[observed[0]]
            row[observed[-1] + 1 :] = row[observed[-1]]
    return extended


def extend_linearly(x: Array) -> Array:
    """Continue the line through the two nearest observed values (rule "linear")."""
    extended = hold(x)
    for row, observed_in_row in zip(extended, ~np.isnan(x), strict=True):
        observed = np.flatnonzero(observed_in_row)
        if observed.size >= 2:
            first, last = observed[0], observed[-1]
            before, after = np.arange(first), np.arange(last + 1, row.size)
            row[before] += (
                (before - first) * (row[observed[1]] - row[first]) / (observed[1] - first)
            )
            row[after] += (after - last) * (row[last] - row[observed[-2]]) / (last - observed[-2])
    return extended


RULES: dict[str, Callable[[Array], Array]] = {
    "growth": grow,
    "hold": hold,
    "linear": extend_linearly,
}


def fill(
    x: Array, rule: str, lower: float = 0.0, upper: float = np.inf
) -> tuple[Array, NDArray[np.int8]]:
    """Fill interior cells by interpolation and the ends by a rule, within bounds.

    Parameters
    ----------
    x : ndarray, shape (n, T)
        NaN where missing. A row without any value stays empty.
    rule : str
        A key of `RULES`.
    lower, upper : float
        Logical bounds of the series; observed cells are never touched.

    Returns
    -------
    filled : ndarray, shape (n, T)
    code : ndarray of int8, shape (n, T)
        OBSERVED, INTERPOLATED or EXTENDED (empty rows: OBSERVED, until a proxy fills them).
    """
    inside = interpolate(x)
    ends = RULES[rule](inside)
    missing = np.isnan(x)
    code = np.where(missing & ~np.isnan(inside), INTERPOLATED, OBSERVED)
    code = np.where(np.isnan(inside) & ~np.isnan(ends), EXTENDED, code)
    estimate = significant(np.clip(ends, lower, upper), FILLED_DIGITS)
    return np.where(missing, estimate, x), code.astype(np.int8)


def to_totals(filled: Array, x: Array, totals: Array) -> Array:
    """Scale filled cells so that provinces add up to published national totals.

    The logarithm of a year's factor is on a straight line between years that have one: it is 0
    where every province is observed. Before the first such year it is that year's.

    Parameters
    ----------
    filled, x : ndarray, shape (n, T)
        The series with its gaps filled, and with NaN where they are.
    totals : ndarray, shape (T,)
        NaN where none is known; used in years in which no province is observed.

    Returns
    -------
    ndarray, shape (n, T)
    """
    if np.isnan(totals).all():
        return filled
    missing = np.isnan(x)
    complete, years = ~missing.any(axis=0), np.arange(totals.size)
    factor = np.where(complete, 0.0, np.log(totals / filled.sum(axis=0)))
    has_factor = complete | ~np.isnan(totals)
    scaled = filled * np.exp(np.interp(years, years[has_factor], factor[has_factor]))
    return np.where(missing, significant(scaled, FILLED_DIGITS), filled)


def by_ratio(x: Array, companion: Array, donors: NDArray[np.bool_]) -> Array:
    """Estimate empty rows from a companion series: companion × the donors' median x/companion.

    Parameters
    ----------
    x, companion : ndarray, shape (n, T)
        The series with empty rows, and one that is complete.
    donors : ndarray of bool, shape (n,)
        Provinces whose ratio is lent, the median of them year by year.

    Returns
    -------
    ndarray, shape (n, T)
        `x` with its empty rows estimated.
    """
    ratio = np.median(x[donors] / companion[donors], axis=0)
    empty = np.isnan(x).all(axis=1, keepdims=True)
    return np.where(empty, significant(companion * ratio, FILLED_DIGITS), x)


def _grow_forward(x: Array) -> Array:
    """Extend the trailing end of every row that has one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.diff(np.log(np.where(x > 0, x, np.nan)), axis=1)
    if np.isnan(growth).all():
        return hold(x)
    extended = x.copy()
    last = [np.flatnonzero(~np.isnan(row)).max(initial=-1) for row in x]
    for t in range(1, x.shape[1]):
        factor = np.exp(_median_growth(growth, t - 1))
        for i, end in enumerate(last):
            if 0 <= end < t:
                extended[i, t] = extended[i, t - 1] * factor
    return extended


def _median_growth(growth: Array, step: int) -> float:
    """Return a step's median growth over provinces, or that of the nearest steps before it."""
    observed = np.flatnonzero(~np.isnan(growth).all(axis=0))
    if step in observed:
        return float(np.nanmedian(growth[:, step]))
    before, after = observed[observed < step], observed[observed > step]
    start = before[-1] if before.size else -1
    stop = after[0] if after.size else growth.shape[1]
    gap = stop - start - 1
    nearest = before[-gap:] if before.size else after[:gap]
    return float(np.nanmedian(growth[:, nearest]))
