"""95 % intervals of slopes for outcomes made on one design: of least squares and of posteriors."""

from collections.abc import Iterator

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from scipy import stats

from analysis.posterior.many_fits import by_density, free_variables
from analysis.shared.statistics import INTERVALS
from analysis.simulation.size_methods import DRAWS, posterior_draws
from data.panels.panel import Panel
from data.shared.errors import UserError, located
from models.bayesian.growth_density import GrowthDensity
from models.bayesian.interface import Parts
from models.bayesian.registry import Model
from models.design import Design, Specification, design
from models.frequentist import twfe_batch

Array = NDArray[np.float64]

(*LEAST_SQUARES, POSTERIOR, GMM) = INTERVALS
"""Names of `INTERVALS`: the first are of least squares, by kind of standard error."""

Slopes = dict[str, Array]
"""By term, draws of shape (size,)."""


def regression_of(panel: Panel, record: Specification) -> Design:
    """Return a column's regression, also on a panel with gaps.

    Raises
    ------
    UserError
        If the regression cannot be fitted to the panel.
    """
    with located(panel.name, record.column):
        return design(panel.frame, record)


def balanced(panel: Panel, record: Specification) -> Design:
    """Return a column's regression on a panel without gaps.

    Raises
    ------
    UserError
        If the regression cannot be fitted to the panel, or it has gaps.
    """
    regression = regression_of(panel, record)
    if not regression.balanced:
        raise UserError(
            f"Panel {panel.name} has gaps in column {record.column}, and this is computed for "
            "balanced panels: fill the gaps or leave out the columns that need it."
        )
    return regression


def intervals_of_least_squares(regression: Design, outcomes: Array, n_interest: int) -> Array:
    """Return 95 % intervals, shape (terms of interest, data sets, `LEAST_SQUARES`, 2)."""
    shape = (len(regression.provinces), len(regression.years))
    region = regression.region_of_province
    if regression.balanced:
        cells = (values.reshape(*shape, -1) for values in (outcomes, regression.x))
        fitted = twfe_batch.fit(*map(twfe_batch.within_provinces, cells), region, n_interest)
    else:
        rows = regression.province, regression.year
        y, x = (np.full((*shape, v.shape[1]), np.nan) for v in (outcomes, regression.x))
        y[rows], x[rows] = outcomes, regression.x
        fitted = twfe_batch.fit_gaps(y, x, np.isfinite(x).all(axis=2), region, n_interest)
    kinds = [twfe_batch.CLUSTERINGS.index(name) for name in LEAST_SQUARES]
    reach = fitted.se[..., kinds] * stats.t.ppf(0.975, np.array(fitted.df)[kinds])
    return fitted.slope[..., None, None] + reach[..., None] * np.array([-1.0, 1.0])


def slopes_of_interest(
    model: Model, parts: Parts, record: Specification, free: dict[str, Array]
) -> Slopes:
    """Return what a trace would report: slopes of interest, over all rows and by region.

    Parameters
    ----------
    free : dict of str to ndarray, shapes (1, draws, *dims)
    """
    reported = model.module.report(parts, free)
    _, over_rows = reported["slope"]
    slopes = {term: over_rows[0, :, i] for i, term in enumerate(record.interest)}
    if "slope_region" in reported:
        _, by_region = reported["slope_region"]
        for i, term in enumerate(parts.coords["varying"]):
            for j, region in enumerate(parts.coords["region"]):
                slopes[f"{term}:{region}"] = by_region[0, :, i, j]
    return slopes


Ends = dict[str, tuple[float, float, float]]
"""By term, mean and ends of the 95 % interval."""


def posteriors_of(
    model: Model,
    definition: pm.Model,
    regression: Design,
    record: Specification,
    outcomes: Array,
    rng: np.random.Generator,
) -> Iterator[tuple[Ends, float]]:
    """Fit the model to many outcomes of one design.

    Models of growth are fitted in batches (`models.inference.batched`), a fraction of a second
    each, on the scale of the design's own outcome.

    Parameters
    ----------
    outcomes : ndarray, shape (n, data sets)

    Yields
    ------
    Ends
        Of each slope of interest.
    float
        Effective draws; 0 of a fit in batches that does not hold.
    """
    parts = model.split(regression, record)
    density = model.module.density(parts, model.module.PRIORS)
    if not isinstance(density, GrowthDensity):
        for y in outcomes.T:
            yield _posterior(model, definition, regression.with_outcome(y), record, rng)
        return
    standard = (outcomes.T - parts.base.centre) / parts.scale
    for drawn, holds in posterior_draws(density, standard, rng):
        free = free_variables(definition, parts, drawn)
        ends = _ends(slopes_of_interest(model, parts, record, free))
        yield ends, float(len(drawn["slope_std"]) * holds)


def _posterior(
    model: Model,
    definition: pm.Model,
    regression: Design,
    record: Specification,
    rng: np.random.Generator,
) -> tuple[Ends, float]:
    parts = model.split(regression, record)
    density = model.module.density(parts, model.module.PRIORS)
    flat, effective = by_density(density, DRAWS, rng)
    free = free_variables(definition, parts, flat)
    return _ends(slopes_of_interest(model, parts, record, free)), effective


def _ends(slopes: Slopes) -> Ends:
    return {
        term: (float(draws.mean()), *np.quantile(draws, [0.025, 0.975]))
        for term, draws in slopes.items()
    }
