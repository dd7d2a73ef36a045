"""How far filled cells lie from the true value, measured where it is known.

The years next to those that all provinces lack, as many of them, are taken out of a series and
filled in the same way; cells between two observed years are taken out one year at a time.
Proxies for a province without a cell are made for each of the others from the rest.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.ye2024 import gaps
from data.ye2024.definitions import DEFAULTS, INDICATORS
from data.ye2024.ingredients import COMPANIONS, RATES, Ingredients
from data.ye2024.official import NAMES

Array = NDArray[np.float64]

SERIES = (
    *dict.fromkeys(item.series for item in INDICATORS),
    "industrial_pollution_treatment_investment",
)
"""Series whose gaps are filled."""


def table(ingredients: Ingredients) -> pd.DataFrame:
    """Measure the typical error of each rule in each series that it fills.

    Returns
    -------
    DataFrame
        Columns `series, rule` (of `gaps.CODES`), `filled` (cells that it fills), `tested` (known
        cells on which it is tried) and `error`, the median absolute error of these in percent.
    """
    rows = []
    for series in SERIES:
        x = ingredients.official.array(series, "official").to_numpy()
        upper = 1.0 if series in RATES else np.inf
        code = gaps.fill(x, DEFAULTS["gap_rule"], upper=upper)[1]
        tests = {
            "interpolated": (_interpolated(x), (code == gaps.INTERPOLATED).sum()),
            "extended": (_extended(x, upper), (code == gaps.EXTENDED).sum()),
            "proxy": (_proxied(ingredients, series, x), np.isnan(x).all(axis=1).sum() * x.shape[1]),
        }
        for rule, (errors, filled) in tests.items():
            if filled:
                error = 100.0 * np.median(errors)
                rows.append((series, rule, int(filled), errors.size, float(error)))
    return pd.DataFrame(rows, columns=["series", "rule", "filled", "tested", "error"])


def _off(filled: Array, x: Array, removed: NDArray[np.bool_]) -> Array:
    """Return the relative errors of the cells that were tried and are known."""
    observed = removed & (x > 0)
    return np.abs(filled[observed] / x[observed] - 1.0)


def _interpolated(x: Array) -> Array:
    """Take out each year that all provinces have, and that lies between two such years."""
    with_series = ~np.isnan(x).all(axis=1)
    complete = ~np.isnan(x[with_series]).any(axis=0)
    return np.concatenate([np.empty(0), *_years_left_out(x[with_series], complete)])


def _years_left_out(x: Array, complete: NDArray[np.bool_]) -> Iterator[Array]:
    for t in range(1, complete.size - 1):
        if complete[t - 1 : t + 2].all():
            without = x.copy()
            without[:, t] = np.nan
            removed = np.zeros(x.shape, bool)
            removed[:, t] = True
            yield _off(gaps.interpolate(without), x, removed)


def _extended(x: Array, upper: float) -> Array:
    """Take out as many years at each end as all provinces lack there."""
    observed = np.flatnonzero(~np.isnan(x).all(axis=0))
    before, after = observed[0], x.shape[1] - 1 - observed[-1]
    removed = np.zeros(x.shape, bool)
    removed[:, observed[0] : observed[0] + before] = True
    removed[:, observed[-1] + 1 - after : observed[-1] + 1] = True
    return _off(
        gaps.fill(np.where(removed, np.nan, x), DEFAULTS["gap_rule"], upper=upper)[0], x, removed
    )


def _proxied(ingredients: Ingredients, series: str, x: Array) -> Array:
    """Make the proxy of a province without a cell for every other province."""
    if series not in COMPANIONS:
        return np.empty(0)
    companion = ingredients[COMPANIONS[series]]
    if "gap_rule" in companion.dims:
        companion = companion.sel(gap_rule=DEFAULTS["gap_rule"])
    companion = companion.transpose("province", "year").to_numpy()
    complete = ~np.isnan(x).any(axis=1)
    errors = []
    for i in np.flatnonzero(complete):
        donors = complete & (np.arange(len(NAMES)) != i)
        without, removed = x.copy(), np.zeros(x.shape, bool)
        without[i], removed[i] = np.nan, True
        errors.append(_off(gaps.by_ratio(without, companion, donors), x, removed))
    return np.concatenate(errors)
