"""Frequentist estimators of the autoregressive coefficient ρ and of the other slopes.

All use the same data, the rows with a lagged outcome, and have the column's regressors and year
effects. They differ in their treatment of the province effects, which are correlated with the lag.
Blind to the printed numbers, which `analysis.comparison.dynamic` sets beside them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.replication.system_gmm import Choices, choices_of, coefficients, fit_column
from analysis.shared.statistics import Z
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.bayesian import dynamic
from models.bayesian.registry import MODELS, Model, find
from models.design import LAG, Design, Specification, design
from models.frequentist import dynamic_ols, horizons
from models.frequentist.common_factor import common_factor
from models.frequentist.dynamic_ols import Slopes

Array = NDArray[np.float64]

RESTRICTED = ("panel", "column", "term", "lines", "rho", "slope", "lagged_slope", "excess", "se")
RESTRICTED += ("low", "high", "p", "p_all")
"""The contract of results/common_factor.csv: `excess` is θ + ρ b, with its 95 % interval and P of
zero, errors clustered by province; `p_all` is P of all regressors' at once."""


class Data:
    """One column's data, in the forms that estimators take.

    Parameters
    ----------
    rows : DataFrame
        The column's sample, all years.
    specification : Specification
        A dynamic column.
    """

    def __init__(self, rows: pd.DataFrame, specification: Specification) -> None:
        self.rows, self.specification = rows, specification

    @cached_property
    def whole(self) -> Design:
        """The regression without the lag, all years."""
        return design(self.rows, self.specification)

    @cached_property
    def lagged(self) -> Design:
        """With it, the years that have one."""
        return dynamic.lagged(self.whole)[0]

    @cached_property
    def difference_gmm(self) -> "Estimate":
        """Initial estimate for the correction of the within estimator."""
        return by_gmm(self, replace(choices_of(self.specification), equations="difference"))


class Estimate(NamedTuple):
    """Slopes in the order of `Data.lagged.terms`, rows, and how many instruments they took."""

    slopes: Slopes
    n: float
    instruments: float = np.nan


def by_gmm(data: Data, choices: Choices) -> Estimate:
    """Estimate by GMM on the declared instruments or others; NaN if it cannot be done."""
    terms = list(data.lagged.terms)
    try:
        fitted = fit_column(data.rows, data.specification, choices)
    except UserError:
        return Estimate(nothing(terms), np.nan)
    table = coefficients(fitted).loc[terms]
    slopes = Slopes(table["coef"].to_numpy(), table["se"].to_numpy())
    return Estimate(slopes, fitted.n, len(fitted.instruments))


def nothing(terms: Iterable[str]) -> Slopes:
    """Return NaN for each term."""
    return Slopes(*np.full((2, len(tuple(terms))), np.nan))


def _of_rows(estimate: Callable[[Design], Slopes]) -> Callable[[Data], Estimate]:
    """Estimate on the rows that have a lag."""
    return lambda data: Estimate(estimate(data.lagged), len(data.lagged.y))


def _balanced(estimate: Callable[[Data], Slopes]) -> Callable[[Data], Estimate]:
    """Leave out an estimator on a panel with gaps, for which its correction does not hold."""
    return lambda data: (
        Estimate(estimate(data), len(data.lagged.y))
        if data.lagged.balanced
        else Estimate(nothing(data.lagged.terms), np.nan)
    )


@dataclass(frozen=True)
class Estimator:
    """One estimator of a dynamic column.

    Attributes
    ----------
    name, label : str
    sentence : str
        What it does, and what it assumes.
    estimate : callable of Data
        NaN where there is no estimate.
    """

    name: str
    label: str
    sentence: str
    estimate: Callable[[Data], Estimate]


ESTIMATORS = (
    Estimator(
        "pooled",
        "pooled OLS",
        "Least squares with province effects left in the error: ρ is biased upwards.",
        _of_rows(dynamic_ols.pooled),
    ),
    Estimator(
        "within",
        "within",
        "Two-way fixed effects: ρ is biased downwards, by about (1 + ρ)/T.",
        _of_rows(dynamic_ols.within),
    ),
    Estimator(
        "jackknife",
        "half-panel jackknife",
        "Within, less the bias estimated from both halves of the years (Dhaene & Jochmans 2015).",
        _balanced(lambda data: dynamic_ols.half_panel_jackknife(data.lagged)),
    ),
    Estimator(
        "kiviet",
        "Kiviet's correction",
        "Within, less its bias at difference GMM's estimate (Kiviet 1995; Bruno 2005).",
        _balanced(lambda data: dynamic_ols.kiviet(data.lagged, data.difference_gmm.slopes.coef)),
    ),
    Estimator(
        "anderson_hsiao",
        "Anderson–Hsiao",
        "First differences, the lag instrumented by the outcome two years ago.",
        lambda data: by_gmm(data, Choices(depth=1, equations="difference", steps=1)),
    ),
    Estimator(
        "difference_gmm",
        "difference GMM",
        "First differences; lags as instruments, and steps, are those that the column declares.",
        lambda data: data.difference_gmm,
    ),
    Estimator(
        "system_gmm",
        "system GMM",
        "The declared instruments and steps, with levels, which assumes mean stationarity and "
        "regressors uncorrelated with the province effects.",
        lambda data: by_gmm(data, replace(choices_of(data.specification), equations="system")),
    ),
)
"""In the order of the table."""


def shown(record: Specification) -> tuple[str, ...]:
    """Return the terms that are reported: the lag and those of interest."""
    return (LAG, *record.interest)


def frequentist(panel: Panel, record: Specification) -> list[dict]:
    """Return the rows of all estimators on one panel.

    Returns
    -------
    list of dict
        Keys `panel, column, estimator, term, coef, se, low, high` (the normal 95 % interval),
        `n` (rows of the equation that is estimated) and `instruments`.
    """
    data, rows = Data(panel.frame, record), []
    for estimator in ESTIMATORS:
        estimate = estimator.estimate(data)
        for term in shown(record):
            at = data.lagged.terms.index(term)
            coef, se = (of[at] for of in estimate.slopes)
            rows.append(
                {
                    "panel": panel.name,
                    "column": record.column,
                    "estimator": estimator.name,
                    "term": term,
                    "coef": coef,
                    "se": se,
                    "low": coef - Z * se,
                    "high": coef + Z * se,
                    "n": estimate.n,
                    "instruments": estimate.instruments,
                }
            )
    return rows


def restrictions(panel: Panel, record: Specification) -> list[dict]:
    """Return whether a column is a static regression with AR(1) errors: θ + ρ b = 0.

    Of the terms of interest, with and without province-specific lines.

    Returns
    -------
    list of dict
        Keys `RESTRICTED`.
    """
    whole_sample, rows = Data(panel.frame, record).whole, []
    for lines in (False, True):
        fitted = common_factor(whole_sample, lines=lines)
        for term in record.interest:
            i = whole_sample.terms.index(term)
            low, high, p = horizons.interval(fitted.excess[i], fitted.se[i], fitted.df)
            row = {"panel": panel.name, "column": record.column, "term": term}
            row |= {"lines": "by province" if lines else "none", "rho": fitted.rho}
            row |= {"slope": fitted.slope[i], "lagged_slope": fitted.lagged[i]}
            row |= {"excess": fitted.excess[i], "se": fitted.se[i], "low": low, "high": high}
            rows.append(row | {"p": p, "p_all": fitted.p})
    return rows


@cache
def dynamic_models() -> tuple[Model, ...]:
    """Return the records of the dynamic models, the main one first."""
    return tuple(sorted((m for m in MODELS if m.dynamic), key=lambda model: model.extra))


def label(name: str) -> str:
    """Return how an estimator or a model is called in tables and figures."""
    labels = {estimator.name: estimator.label for estimator in ESTIMATORS}
    return labels.get(name) or find(name).label
