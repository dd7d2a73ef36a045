"""Complete simulated panels whose cells are deleted as the real gaps lie.

Logs of series are a province's level, a common path of growth, a province's own random walk and
noise, and depend on the location quotient. Industry's share of the secondary sector, as published,
is census 4's times a ratio from the process of `share_process`; it is deleted in the years in which
it is not known. Index and quotient are made by the paper's formulas, before deletion and after each
imputation. Nothing here comes from printed numbers.

Arrays are (n provinces, T years), of draws (m, n, T).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data.ye2024 import gaps, indices, recollect, share_process, variables
from data.ye2024.definitions import INDICATORS, TOTALS
from data.ye2024.imputation import series, spreads
from data.ye2024.imputation.model import TIBET, proxied
from data.ye2024.ingredients import COMPANIONS, RATES
from data.ye2024.official import NAMES, YEARS

Array = NDArray[np.float64]

STATE = 9
"""Years, from the first, in which industry's published share differs from census 4's."""

COMMON, OWN, NOISE = 0.05, 0.05, 0.05
"""Standard deviations of steps of the common path and of a province's, and of noise."""

GROWTH = 0.1
LEVELS = 1.0
"""Mean growth of series, and the standard deviation of provinces' levels, in logs."""

EFFECT = 0.5
"""By how much the log of an indicator rises (falls, if less is better) with the quotient."""

SHARE = (3.0, 0.01, 10.0, 1.0)
"""ν, s, a and b of the ratio of shares (`share_process`)."""

GRID = np.array([(v, s, a, b) for v in (2.0, 3.0) for s in (0.005, 0.01, 0.02)
                 for a in (3.0, 10.0) for b in (0.3, 1.0, 3.0)])  # fmt: skip
"""Values among which the imputation model weighs: coarser than those for the official series."""


@dataclass(frozen=True)
class Pattern:
    """Where the official series have gaps.

    Attributes
    ----------
    missing : dict of str to ndarray of bool, shape (n, T)
        By series of the index, cells that are filled.
    known : ndarray of bool, shape (n, STATE)
        Cells in which industry's share is known as published.
    """

    missing: dict[str, NDArray[np.bool_]]
    known: NDArray[np.bool_]


@cache
def pattern() -> Pattern:
    """Read where the official series have gaps from the committed Dataset."""
    dataset = recollect.load()
    codes = dataset["filled"].sel(vintage="census4", drop=True)
    filled = (gaps.INTERPOLATED, gaps.EXTENDED, gaps.PROXY)
    names = dict.fromkeys(item.series for item in INDICATORS)
    missing = {name: np.isin(codes.sel(series=name).to_numpy(), filled) for name in names}
    sd = dataset["industry_sd"].transpose("province", "year").to_numpy()[:, :STATE]
    return Pattern({name: mask for name, mask in missing.items() if mask.any()}, sd == 0)


@dataclass(frozen=True)
class Truth:
    """A complete simulated data set.

    Attributes
    ----------
    series : dict of str to ndarray
        Of the index, and the companions of proxies.
    gdp, area : ndarray
        Divisors; `area` has shape (n, 1).
    share : ndarray
        Industry's share of GDP in census 4.
    log_ratio : ndarray, shape (n, STATE)
    """

    series: dict[str, Array]
    gdp: Array
    area: Array
    share: Array
    log_ratio: Array

    def quotient(self, log_ratio: Array) -> Array:
        """Compute the location quotient of m draws, shape (m, n, T)."""
        industry = np.repeat((self.share * self.gdp)[None], len(log_ratio), axis=0)
        industry[..., :STATE] *= np.exp(log_ratio)
        total = industry.sum(axis=1, keepdims=True)
        return indices.location_quotient(industry, self.gdp, total, self.gdp.sum(axis=0))

    def index(self, drawn: dict[str, Array]) -> Array:
        """Compute the index of m draws, shape (m, n, T)."""
        divisors = {"": 1.0, "gdp": self.gdp, "area": self.area}
        columns = [drawn[item.series] / divisors[item.per] for item in INDICATORS]
        table = np.stack(np.broadcast_arrays(*columns), axis=1)
        return np.array(
            [variables.scores(of_draw, INDICATORS, "pooled").sum(axis=0) for of_draw in table]
        )

    def complete(self) -> tuple[Array, Array]:
        """Return outcome and regressor without gaps, as `Imputer.construct` does of one draw."""
        y = self.index({name: values[None] for name, values in self.series.items()})
        return y, self.quotient(self.log_ratio[None])[..., None]


@cache
def _levels() -> dict[str, Array]:
    """Return provinces' levels: the same in all data sets, so that these have one true slope."""
    rng = np.random.default_rng(2010)
    names = [*dict.fromkeys(item.series for item in INDICATORS), "gdp", "area", "share"]
    return {name: LEVELS * rng.standard_normal((len(NAMES), 1)) for name in names}


def _paths(rng: np.random.Generator, common: float = COMMON) -> Array:
    """Draw the logs of a series less its levels."""
    n, t = len(NAMES), len(YEARS)
    steps = GROWTH + common * rng.standard_normal(t) + OWN * rng.standard_normal((n, t))
    return steps.cumsum(axis=1) + NOISE * rng.standard_normal((n, t))


def simulate(rng: np.random.Generator) -> Truth:
    """Draw a complete data set."""
    levels, n = _levels(), len(NAMES)
    gdp = np.exp(levels["gdp"] + _paths(rng))
    area = np.exp(levels["area"])
    share = np.exp(-1.2 + 0.2 * levels["share"] + 0.5 * (_paths(rng, 0.0) - GROWTH * 7))
    degrees, s, level, departure = SHARE
    scale = s * np.sqrt(degrees / rng.chisquare(degrees, (n, 1)))
    walk = np.sqrt(level) * rng.standard_normal((n, 1)) + np.concatenate(
        [np.zeros((n, 1)), rng.standard_normal((n, STATE - 1)).cumsum(axis=1)], axis=1
    )
    log_ratio = scale * (walk + np.sqrt(departure) * rng.standard_normal((n, STATE)))
    truth = Truth({}, gdp, area, share, log_ratio)
    quotient = truth.quotient(log_ratio[None])[0]
    for item in INDICATORS:
        effect = item.sign * EFFECT * (quotient - 1.0)
        logs = levels[item.series] + _paths(rng) + effect
        if item.per == "gdp":
            logs = logs + np.log(gdp) - levels["gdp"]
        if item.series in RATES:
            logs = -0.4 + 0.2 * levels[item.series] + 0.5 * (logs - logs.mean()) * 0.2
        truth.series[item.series] = np.minimum(
            np.exp(logs), 1.0 if item.series in RATES else np.inf
        )
    for name, companion in COMPANIONS.items():
        if companion not in truth.series:
            log_difference = 0.3 * rng.standard_normal((n, 1)) + NOISE * rng.standard_normal(
                gdp.shape
            )
            truth.series[companion] = truth.series[name] * np.exp(log_difference)
    return truth


class Imputer:
    """The imputation model of a data set with its cells deleted.

    Parameters
    ----------
    truth : Truth
        Only cells that the pattern leaves are used.
    """

    def __init__(self, truth: Truth) -> None:
        official_gaps = pattern()
        self.truth = truth
        self.series = {}
        for name, missing in official_gaps.missing.items():
            x = np.where(missing, np.nan, truth.series[name])
            totals = np.full(len(YEARS), np.nan)
            for year in TOTALS.get(name, {}):
                totals[YEARS.index(year)] = truth.series[name][:, YEARS.index(year)].sum()
            self.series[name] = series.of(x, 1.0 if name in RATES else np.inf, totals)
        but_tibet = np.arange(len(NAMES)) != TIBET
        self.proxies = {}
        for name, companion in COMPANIONS.items():
            x = (truth.series[name], truth.series[companion])
            if companion in self.series:
                x = (x[0], self.series[companion].filled)
            self.proxies[name] = spreads.of_proxies(*(values[but_tibet] for values in x))
        log_ratio = np.where(official_gaps.known, truth.log_ratio, np.nan)
        self.shares = share_process.Sampler(log_ratio, GRID)
        self.sizes = (
            *(incomplete.size for incomplete in self.series.values()),
            *(len(errors) for errors in self.proxies.values()),
            self.shares.size,
        )
        self.size = sum(self.sizes)

    def construct(self, z: Array) -> tuple[Array, Array]:
        """Complete m data sets: outcomes (m, n, T) and regressors (m, n, T, 1)."""
        parts = iter(np.split(z, np.cumsum(self.sizes)[:-1], axis=1))
        drawn = {
            name: np.broadcast_to(values, (len(z), *values.shape))
            for name, values in self.truth.series.items()
        }
        for name, incomplete in self.series.items():
            drawn[name] = incomplete.draw(next(parts))
        for name, errors in self.proxies.items():
            companion = drawn[COMPANIONS[name]]
            drawn[name] = proxied(drawn[name], companion, errors, next(parts))
        quotient = self.truth.quotient(self.shares.draw(next(parts)))
        return self.truth.index(drawn), quotient[..., None]
