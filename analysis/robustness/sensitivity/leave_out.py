"""Leave-one-province-out and leave-one-year-out refits.

**Leave one province out.** The posterior without a province's rows gives their joint predictive
density, log p(y_i | y_-i): the province's effect is integrated over its Mundlak prior, as for a new
province; in models of growth, where it is free, the density is of its contrasts. Models that are
normal given their scales u have

    p(y_i | u, y_-i) = p(y | u) / p(y_-i | u)

exactly (`models.inference.collapsed`), so the few scales of the whole sample's posterior, weighted
by its inverse, are the posterior's without the province, and all else is drawn afresh given them.
Where the weights are unreliable (`trusted`) the model is refitted, and the density computed by
bridge sampling between both posteriors. Other models are refitted without every province, and
average its rows' joint likelihood over draws of everything, its effect among them. ArviZ's
`loo_kfold(group_by=…)` leaves out the same rows but scores each on its own, as if the left-out rows
of a province had no effect in common; its comparison of models is used, with provinces as the
units.

Regressors stay split and standardised as in the whole sample, so that all refits have the same
parameters, priors and shares in averages; only what the likelihood sees differs.

**Leave one year out.** The same with a year's rows, whose effect is then drawn about its Mundlak
line; the quantity of interest is the shift of slopes.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior import inputs
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import shaped
from analysis.robustness.sensitivity.refits import (
    Base,
    Refit,
    at_draws,
    collapses,
    moved,
    refit,
    weighted,
)
from analysis.robustness.sensitivity.weights import bridge, log_mean_exp, trusted
from analysis.specifications import AVERAGE
from data.shared.errors import UserError
from models.bayesian.interface import Parts
from models.bayesian.registry import Model
from models.design import design
from models.frequentist import twfe

Array = NDArray[np.float64]


class LeftOut(NamedTuple):
    """A posterior without a province, or a year.

    Attributes
    ----------
    rest : Refit
        Given the other rows.
    elpd, mcse : float
        Log density of the left-out rows given the others, on the paper's scale, and its error.
    k : float
        Pareto k̂ of the weights from the whole sample's posterior to this one.
    method : str
        "reweighted" or "refit".
    """

    rest: Refit
    elpd: float
    mcse: float
    k: float
    method: str


@threadpool_limits.wrap(limits=1)
def without(
    model: Model,
    parts: Parts,
    left_out: NDArray[np.bool_],
    settings: Settings,
    base: Base,
) -> LeftOut:
    """Return the posterior without some rows, and their joint log density under it.

    Parameters
    ----------
    model : Model
    parts : Parts
        n rows.
    left_out : ndarray of bool, shape (n,)
        All rows of a province, or of a year.
    settings : Settings
    base : Base
        The posterior given all rows.
    """
    priors = model.module.PRIORS
    remaining, omitted = parts.keep(~left_out), parts.keep(left_out)
    if not collapses(model):
        others_fit = refit(model, remaining, priors, settings, parts)
        elpd, mcse = log_mean_exp(given_all(model, omitted, others_fit))
        return LeftOut(others_fit, elpd, mcse, np.nan, "refit")
    reduced = model.module.density(remaining, priors)
    unit = left_out.sum() * np.log(parts.scale)
    at_base = base.log_density - at_draws(reduced, base.fitted.flat) - unit
    k, weight = trusted(-at_base)
    if weight is not None:
        minus_elpd, mcse = log_mean_exp(-at_base)
        others_fit = weighted(model, parts, reduced, weight, base.fitted, settings)
        return LeftOut(others_fit, -minus_elpd, mcse, k, "reweighted")
    others_fit = refit(model, remaining, priors, settings, parts)
    full = model.module.density(parts, priors)
    at_rest = at_draws(full, others_fit.flat) - at_draws(reduced, others_fit.flat) - unit
    elpd, mcse = bridge(at_base, at_rest)
    return LeftOut(others_fit, elpd, mcse, k, "refit")


def given_all(model: Model, omitted: Parts, others_fit: Refit) -> Array:
    """Return the rows' joint log density at each draw of everything, (chains, draws).

    The province's effect is among the draws, from its Mundlak prior: averaging integrates it out.
    """
    variables = shaped(others_fit.definition, omitted, others_fit.flat)
    free = {name: values for name, (_, values) in variables.items()}
    rng = np.random.default_rng(0)  # of predictive draws, which are not used
    return model.module.rows(omitted, free, rng).log_likelihood.sum(axis=-1)


def leave_provinces_out(
    job: Job, settings: Settings, parts: Parts, base: Base
) -> dict[str, list[dict]]:
    """Return the rows of `provinces` and `influence`: a posterior without each province."""
    model = job.model
    arrays = parts.design
    provinces, influence = [], []
    for code, name in enumerate(arrays.provinces):
        left_out = arrays.province == code
        without_it = without(model, parts, left_out, settings, base)
        place = {"province": name, "home": arrays.regions[arrays.region_of_province[code]]}
        numbers = {name: getattr(without_it, name) for name in ("elpd", "mcse", "k", "method")}
        provinces.append(
            place | {"rows": int(left_out.sum()), **numbers, "gate": without_it.rest.gate}
        )
        rows = slopes_moved(job, parts, base, without_it, "province", name)
        influence += [place | row for row in rows]
    return {"provinces": provinces, "influence": influence}


def leave_years_out(job: Job, settings: Settings, parts: Parts, base: Base) -> Iterator[dict]:
    """Yield the rows of `years`: a posterior without each year."""
    model = job.model
    for code, year in enumerate(parts.design.years):
        left_out = parts.design.year == code
        without_it = without(model, parts, left_out, settings, base)
        about = {
            "year": year,
            "rows": int(left_out.sum()),
            "k": without_it.k,
            "method": without_it.method,
        }
        about["gate"] = without_it.rest.gate
        for row in slopes_moved(job, parts, base, without_it, "year", year):
            yield about | row


def slopes_moved(
    job: Job, parts: Parts, base: Base, without_it: LeftOut, group: str, label: str | int
) -> Iterator[dict]:
    """Yield the shift of each slope of interest without some rows, and of least squares.

    Parameters
    ----------
    group, label : str, str or int
        The panel's column, and its value in the rows that are left out.
    """
    full = twfe.fit(parts.design)
    least_squares = _twfe_without(job, group, label)
    for quantity, draws in base.fitted.watched.items():
        if quantity.quantity != "slope" or quantity.term not in job.specification.interest:
            continue
        row = {"term": quantity.term, "region": quantity.region}
        row |= moved(without_it.rest.watched[quantity], draws, "whole")
        if quantity.region == AVERAGE:
            at = full.terms.index(quantity.term)
            coef = np.nan if least_squares is None else least_squares.coef[at]
            row |= {"twfe": coef, "twfe_whole": full.coef[at], "twfe_se": full.se[at]}
            row["twfe_shift"] = (coef - full.coef[at]) / full.se[at]
        yield row


def _twfe_without(job: Job, group: str, label: str | int) -> twfe.TwfeFit | None:
    """Return least squares without some rows, None where nothing is left to estimate."""
    frame, record = job.panel.frame, job.specification
    try:
        arrays = design(frame[frame[group] != label], record)
        return twfe.fit(inputs.split(job.model, arrays, record).design)
    except UserError:
        return None
