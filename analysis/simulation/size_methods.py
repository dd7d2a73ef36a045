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


def estimands(made: Design) -> tuple[str, ...]:
    """Name the slope over all rows, each region's, and the weighted one."""
    return ("slope", *made.regions, WEIGHTED)


def weights(made: Design) -> Array:
    """Return each province's weight in each estimand, shape (estimands, N); rows sum to 1."""
    rows = np.bincount(made.province, minlength=len(made.provinces)).astype(float)
    members = np.eye(len(made.regions))[:, made.region_of_province] * rows
    parts = twfe.slope_parts(made.y, made.x, made.province, made.year)
    of_rows = parts.influence[:, 0] * made.x[:, 0]
    influence = np.bincount(made.province, of_rows, minlength=len(made.provinces))
    found = np.vstack([rows, members, influence])
    return found / found.sum(axis=1, keepdims=True)


# --- posteriors -----------------------------------------------------------------------------------


def of_growth(switches: Mapping[str, str], made: Design, outcomes: Array, seed: int) -> Array:
    """Return `STATISTICS` of a candidate's posteriors, shape (data sets, estimands, 4)."""
    parts = growth.split(made, made.terms[:1], **switches)
    density, rng = growth.density(parts), np.random.default_rng(seed)
    standard = (outcomes.T - parts.base.centre) / parts.scale
    weight, found = weights(made)[:-1], []
    for drawn, held in posterior_draws(density, standard, rng):
        if "slope_offset" in drawn:
            drawn["slope_offset"] = drawn["slope_offset"].reshape(-1, 1, len(made.regions))
        slopes = province_slopes(parts, drawn) @ weight.T * parts.scale / parts.base.term_scale[0]
        ends = np.quantile(slopes, [0.025, 0.975], axis=0)
        own = np.column_stack([slopes.mean(axis=0), slopes.std(axis=0), *ends])
        found.append(own if held else np.full((len(weight), 4), np.nan))
    return _without_weighted(np.array(found))


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
        held = fit.effective >= LEAST_EFFECTIVE and fit.k_hat <= LARGEST_K_HAT
        yield fit.density.draw(fit.point, rng), held


# --- comparators ----------------------------------------------------------------------------------


def by_least_squares(kind: str, made: Design, outcomes: Array) -> Array:
    """Return those of two-way fixed effects, `kind` being one of `twfe_batch.CLUSTERINGS`."""
    at = twfe_batch.CLUSTERINGS.index(kind)

    def of(provinces: NDArray[np.bool_]) -> Array:
        y, x = _blocks(made, outcomes)
        swept = (twfe_batch.within_provinces(v[provinces]) for v in (y, x))
        found = twfe_batch.fit(*swept, np.zeros(provinces.sum(), dtype=int), 1)
        return _intervals(found.slope[0], found.se[0, :, at], found.df[at])

    whole = of(np.ones(len(made.provinces), dtype=bool))
    regions = [of(made.region_of_province == r) for r in range(len(made.regions))]
    return np.stack([whole, *regions, whole], axis=1)


def by_differences(unstructured: bool, made: Design, outcomes: Array) -> Array:
    """Return those of least squares in differences with jackknifed errors.

    An unstructured covariance needs more provinces than a region has: NaN for regions.
    """
    y, x = _blocks(made, outcomes)
    members = [np.ones(len(y), dtype=bool)]
    members += [made.region_of_province == r for r in range(len(made.regions))]
    found = []
    for provinces in members:
        if unstructured and provinces.sum() < y.shape[1]:
            found.append(np.full((y.shape[2], 4), np.nan))
            continue
        region = np.unique(made.region_of_province[provinces], return_inverse=True)[1]
        fits = [
            gls_jackknife.fit(one, x[provinces], region, unstructured=unstructured)
            for one in np.moveaxis(y[provinces], 2, 0)
        ]
        slope, se = (np.array([getattr(fit, name)[0] for fit in fits]) for name in ("slope", "se"))
        found.append(_intervals(slope, se, fits[0].df))
    return _without_weighted(np.stack(found, axis=1))


def by_bootstrap(made: Design, outcomes: Array, truth: Array, seed: int) -> Array:
    """Test the true slope by the restricted wild cluster bootstrap, by `STATISTICS`' convention."""
    found = np.full((outcomes.shape[1], len(estimands(made)), 4), np.nan)
    members = [np.ones(len(made.province), dtype=bool)]
    members += [made.region == r for r in range(len(made.regions))]
    for e, rows in enumerate(members):
        _, province = np.unique(made.province[rows], return_inverse=True)
        n = province.max() + 1
        kind = "webb" if n < 12 else "rademacher"
        drawn = np.random.default_rng(seed).choice(WEIGHTS[kind], size=(WILD_DRAWS, n))
        for at, y in enumerate(outcomes.T):
            of_null = y[rows] - truth[at, e] * made.x[rows, 0]
            parts = twfe.slope_parts(of_null, made.x[rows], province, made.year[rows])
            scores = bootstrap_scores(parts, 0, province, made.year[rows])
            own = np.abs(t_statistics(scores, np.ones((1, n)), 1.0)[0])
            p = (1 + (np.abs(t_statistics(scores, drawn, 1.0)) >= own).sum()) / (1 + WILD_DRAWS)
            if p > 0.05:
                found[at, e] = [np.nan, np.nan, -np.inf, np.inf]
    found[:, -1] = found[:, 0]
    return found


def _blocks(made: Design, outcomes: Array) -> tuple[Array, Array]:
    shape = (len(made.provinces), len(made.years), -1)
    return outcomes.reshape(shape), made.x.reshape(shape)


def _intervals(slope: Array, se: Array, df: int) -> Array:
    reach = stats.t.ppf(0.975, df) * se
    return np.stack([slope, se, slope - reach, slope + reach], axis=-1)


def _without_weighted(found: Array) -> Array:
    return np.concatenate([found, np.full((len(found), 1, 4), np.nan)], axis=1)


Method = Callable[[Design, Array, Array, int], Array]
"""From a design, outcomes (n, data sets), truths (data sets, estimands) and a seed."""


def method(name: str) -> Method:
    """Return a candidate or comparator of `analysis.simulation.main_model`."""
    if name in CANDIDATES:
        return lambda made, y, _, seed: of_growth(CANDIDATES[name], made, y, seed)
    return dict(
        zip(
            COMPARATORS,
            (
                lambda made, y, *_: by_least_squares("conventional", made, y),
                lambda made, y, *_: by_least_squares("province", made, y),
                by_bootstrap,
                lambda made, y, *_: by_differences(False, made, y),
                lambda made, y, *_: by_differences(True, made, y),
            ),
            strict=True,
        )
    )[name]
