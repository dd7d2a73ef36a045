"""Intervals of slopes by each method that the choice of the main model compares.

For many data sets of one balanced design.

Each method answers for the slope over all rows and for each region's (`estimands`): posteriors by
one fit of all provinces, least squares by a regression for each. Two-way fixed effects also answer
for the slope that they weigh provinces by (`WEIGHTED`): with unequal slopes it is another estimand.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.simulation.main_model import CANDIDATES, COMPARATORS
from models.bayesian import growth, growth_gibbs
from models.bayesian.growth_density import GrowthDensity
from models.bayesian.growth_parts import province_slopes
from models.bayesian.growth_scaled_density import ScaledDensity
from models.design import Design
from models.frequentist import gls_jackknife, twfe, twfe_batch
from models.frequentist.wild_bootstrap import WEIGHTS, bootstrap_scores, t_statistics
from models.inference import batched

Array = NDArray[np.float64]

DRAWS = 500
"""Of each posterior: an interval's end is known to an eighth of the standard deviation."""

LEAST_EFFECTIVE, LARGEST_K_HAT = 200, 0.7
"""A fit with fewer effective draws, or weights of a heavier tail, counts as failed."""

WILD_DRAWS = 399
"""Of the bootstrap: the 5 % point of (1 + draws) p is a whole number."""

WEIGHTED = "weighted"

STATISTICS = ("estimate", "sd", "low", "high")
"""Of each data set and estimand; a test without intervals has infinite ends where it does not
reject the truth and NaN where it does. A failed fit has NaN."""


def estimands(design: Design) -> tuple[str, ...]:
    """Name the slope over all rows, each region's, and the weighted one."""
    return ("slope", *design.regions, WEIGHTED)


def weights(design: Design) -> Array:
    """Return each province's weight in each estimand, shape (estimands, N); rows sum to 1."""
    rows = np.bincount(design.province, minlength=len(design.provinces)).astype(float)
    members = np.eye(len(design.regions))[:, design.region_of_province] * rows
    parts = twfe.slope_parts(design.y, design.x, design.province, design.year)
    of_rows = parts.influence[:, 0] * design.x[:, 0]
    influence = np.bincount(design.province, of_rows, minlength=len(design.provinces))
    by_estimand = np.vstack([rows, members, influence])
    return by_estimand / by_estimand.sum(axis=1, keepdims=True)


# --- posteriors -----------------------------------------------------------------------------------


def of_growth(switches: Mapping[str, str], design: Design, outcomes: Array, seed: int) -> Array:
    """Return `STATISTICS` of a candidate's posteriors, shape (data sets, estimands, 4)."""
    parts = growth.split(design, design.terms[:1], **switches)
    density, rng = growth.density(parts), np.random.default_rng(seed)
    standard = (outcomes.T - parts.base.centre) / parts.scale
    weight, statistics = weights(design)[:-1], []
    for drawn, holds in posterior_draws(density, standard, rng):
        if "slope_offset" in drawn:
            drawn["slope_offset"] = drawn["slope_offset"].reshape(-1, 1, len(design.regions))
        slopes = province_slopes(parts, drawn) @ weight.T * parts.scale / parts.base.term_scale[0]
        ends = np.quantile(slopes, [0.025, 0.975], axis=0)
        moments = np.column_stack([slopes.mean(axis=0), slopes.std(axis=0), *ends])
        statistics.append(moments if holds else np.full((len(weight), 4), np.nan))
    return _without_weighted(np.array(statistics))


def posterior_draws(
    density: GrowthDensity, standard: Array, rng: np.random.Generator
) -> Iterator[tuple[dict[str, Array], bool]]:
    """Yield draws of each data set, and whether the fit held."""
    if isinstance(density, ScaledDensity):
        for y in standard:
            chain = growth_gibbs.chain(density.with_outcome(y), rng)
            yield chain.drawn, chain.effective >= LEAST_EFFECTIVE
        return
    for fit in batched.fit_many(density, standard, DRAWS, rng):
        holds = fit.effective >= LEAST_EFFECTIVE and fit.k_hat <= LARGEST_K_HAT
        yield fit.density.draw(fit.point, rng), holds


# --- comparators ----------------------------------------------------------------------------------


def by_least_squares(kind: str, design: Design, outcomes: Array) -> Array:
    """Return those of two-way fixed effects, `kind` being one of `twfe_batch.CLUSTERINGS`."""
    position = twfe_batch.CLUSTERINGS.index(kind)

    def slope_of(provinces: NDArray[np.bool_]) -> Array:
        y, x = _blocks(design, outcomes)
        swept = (twfe_batch.within_provinces(v[provinces]) for v in (y, x))
        fitted = twfe_batch.fit(*swept, np.zeros(provinces.sum(), dtype=int), 1)
        return _intervals(fitted.slope[0], fitted.se[0, :, position], fitted.df[position])

    over_all = slope_of(np.ones(len(design.provinces), dtype=bool))
    regions = [slope_of(design.region_of_province == r) for r in range(len(design.regions))]
    return np.stack([over_all, *regions, over_all], axis=1)


def by_differences(unstructured: bool, design: Design, outcomes: Array) -> Array:
    """Return those of least squares in differences with jackknifed errors.

    An unstructured covariance needs more provinces than a region has: NaN for regions.
    """
    y, x = _blocks(design, outcomes)
    members = [np.ones(len(y), dtype=bool)]
    members += [design.region_of_province == r for r in range(len(design.regions))]
    statistics = []
    for provinces in members:
        if unstructured and provinces.sum() < y.shape[1]:
            statistics.append(np.full((y.shape[2], 4), np.nan))
            continue
        region = np.unique(design.region_of_province[provinces], return_inverse=True)[1]
        fits = [
            gls_jackknife.fit(outcome, x[provinces], region, unstructured=unstructured)
            for outcome in np.moveaxis(y[provinces], 2, 0)
        ]
        slope, se = (np.array([getattr(fit, name)[0] for fit in fits]) for name in ("slope", "se"))
        statistics.append(_intervals(slope, se, fits[0].df))
    return _without_weighted(np.stack(statistics, axis=1))


def by_bootstrap(design: Design, outcomes: Array, truth: Array, seed: int) -> Array:
    """Test the true slope by the restricted wild cluster bootstrap, by `STATISTICS`' convention."""
    statistics = np.full((outcomes.shape[1], len(estimands(design)), 4), np.nan)
    members = [np.ones(len(design.province), dtype=bool)]
    members += [design.region == r for r in range(len(design.regions))]
    for e, rows in enumerate(members):
        _, province = np.unique(design.province[rows], return_inverse=True)
        n = province.max() + 1
        kind = "webb" if n < 12 else "rademacher"
        drawn = np.random.default_rng(seed).choice(WEIGHTS[kind], size=(WILD_DRAWS, n))
        for data_set, y in enumerate(outcomes.T):
            of_null = y[rows] - truth[data_set, e] * design.x[rows, 0]
            parts = twfe.slope_parts(of_null, design.x[rows], province, design.year[rows])
            scores = bootstrap_scores(parts, 0, province, design.year[rows])
            observed = np.abs(t_statistics(scores, np.ones((1, n)), 1.0)[0])
            p = (1 + (np.abs(t_statistics(scores, drawn, 1.0)) >= observed).sum()) / (
                1 + WILD_DRAWS
            )
            if p > 0.05:
                statistics[data_set, e] = [np.nan, np.nan, -np.inf, np.inf]
    statistics[:, -1] = statistics[:, 0]
    return statistics


def _blocks(design: Design, outcomes: Array) -> tuple[Array, Array]:
    shape = (len(design.provinces), len(design.years), -1)
    return outcomes.reshape(shape), design.x.reshape(shape)


def _intervals(slope: Array, se: Array, df: int) -> Array:
    reach = stats.t.ppf(0.975, df) * se
    return np.stack([slope, se, slope - reach, slope + reach], axis=-1)


def _without_weighted(statistics: Array) -> Array:
    return np.concatenate([statistics, np.full((len(statistics), 1, 4), np.nan)], axis=1)


Method = Callable[[Design, Array, Array, int], Array]
"""From a design, outcomes (n, data sets), truths (data sets, estimands) and a seed."""


def method(name: str) -> Method:
    """Return a candidate or comparator of `analysis.simulation.main_model`."""
    if name in CANDIDATES:
        return lambda design, y, _, seed: of_growth(CANDIDATES[name], design, y, seed)
    return dict(
        zip(
            COMPARATORS,
            (
                lambda design, y, *_: by_least_squares("conventional", design, y),
                lambda design, y, *_: by_least_squares("province", design, y),
                by_bootstrap,
                lambda design, y, *_: by_differences(False, design, y),
                lambda design, y, *_: by_differences(True, design, y),
            ),
            strict=True,
        )
    )[name]
