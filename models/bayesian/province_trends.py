"""Hierarchical model with province-specific linear trends and AR(1) errors.

Likelihood, all else as in `models.bayesian.autoregressive`
    y_it = a_i + g_i t + d_t + z̃_it'b_r + w̃_it'γ + e_it,  g_i ~ N(0, τ_trend²)

t runs from −1 in the first year to 1 in the last. x̃ is here the residual of a regressor on
province effects, year effects and province-specific linear trends. So slopes are those of the
regressors themselves, whatever the g_i are: a province's growth does not identify them, however
correlated it is with growth of its regressors (the random trend model: Heckman & Hotz 1989,
*JASA* 84:862–874; Wooldridge 2010, *Econometric Analysis of Cross Section and Panel Data*,
section 11.7). The g_i need no Mundlak terms, since x̃ is orthogonal to trends; exactly so where
errors are independent and σ is one, nearly so under AR(1) errors and σ_r.

Why: linear trends by province hold most of the variance of the two-way residuals of column 3.2 on
the official panels, and stationary errors do not produce such (see
`models.bayesian.autoregressive`). A slope that is there in levels and gone here rests on which
provinces grew, not on when they did.
"""

from dataclasses import replace

import numpy as np
import pymc as pm
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.bayesian import autoregressive, hierarchical
from models.bayesian.effects import predictive, standard_mean
from models.bayesian.hierarchical import effects
from models.bayesian.interface import Rows, Variables
from models.bayesian.within_between import WithinBetween
from models.design import Design
from models.inference.collapsed import Location, Scale, collapse
from models.inference.collapsed_correlated import CollapsedErrors
from models.priors import Prior, Priors

PRIORS = autoregressive.PRIORS.and_of(
    Prior(
        "tau_trend_std",
        "HalfNormal",
        0.5,
        "standard deviation between provinces of what they gain from mid-sample to its end",
        "Provinces may drift apart by as much as half of the spread between them; zero, none "
        "does, stays possible.",
        unit="outcome",
    )
)

MEANINGS = autoregressive.MEANINGS | {
    "trend_offset": "a province's linear trend, in units of tau_trend_std",
}

LEAST = 1e-6
"""Share of a regressor's two-way variance that linear trends must leave."""


def split(
    design: Design, varying: tuple[str, ...] = (), sigma: hierarchical.By = "common"
) -> WithinBetween:
    """Standardise the regression and detrend its regressors by province.

    As `models.bayesian.hierarchical.split`; `within` holds the detrended residuals.

    Raises
    ------
    UserError
        As there, and if a regressor is a linear trend in every province.
    """
    base = hierarchical.split(design, varying, sigma)
    dummies = np.hstack([base.in_province, base.in_year, lines(base)])
    # On unbalanced panels trends and year effects are not orthogonal: one joint projection.
    detrended = base.within - dummies @ np.linalg.lstsq(dummies, base.within)[0]
    for name, before, after in zip(base.regressors, base.within.T, detrended.T, strict=True):
        if after @ after <= LEAST * (before @ before):
            raise UserError(
                f"{name} is a linear trend in every province, so nothing is left of it "
                "under province-specific linear trends: choose the model autoregressive."
            )
    return replace(base, within=detrended)


def lines(parts: WithinBetween) -> NDArray[np.float64]:
    """Return the provinces' trend columns, shape (n, N)."""
    return parts.in_province * time(parts)[parts.design.year, None]


def time(parts: WithinBetween) -> NDArray[np.float64]:
    """Return t of each year, shape (T,): −1 in the first, 1 in the last."""
    years = np.array(parts.design.years, float)
    return 2 * (years - years[0]) / (years[-1] - years[0]) - 1


def build(parts: WithinBetween, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; arguments as `models.bayesian.hierarchical.build` takes them."""
    with pm.Model(coords=parts.coords) as model:
        free = hierarchical.variables(parts, priors)
        free["tau_trend_std"] = priors["tau_trend_std"].variable(dims="one")
        free["trend_offset"] = pm.Normal("trend_offset", dims="province")
        values = effects(parts, free)
        mean = standard_mean(parts, values) + trend(free) @ lines(parts).T
        autoregressive.observe_series(parts, mean, values.sigma, priors)
    return model


def trend(free: dict) -> NDArray[np.float64]:
    """Return the g_i, shape (…, N); of tensors or draws."""
    return free["tau_trend_std"][..., 0, None] * free["trend_offset"]


def density(parts: WithinBetween, priors: Priors = PRIORS) -> CollapsedErrors:
    """Return the same model with everything but φ, the τ and σ integrated out."""
    base = hierarchical.density(parts, priors)
    offsets = Location("trend_offset", lines(parts), "tau_trend_std", offset=True)
    group = parts.groups_to_regions.argmax(axis=0)[parts.design.region]
    independent = collapse(
        parts.y,
        group,
        (*base.locations, offsets),
        (*base.scales[:-1], Scale(priors["tau_trend_std"]), base.scales[-1]),
    )
    return autoregressive.collapse_series(parts, independent, priors)


def report(parts: WithinBetween, free: dict) -> Variables:
    """Translate draws to the paper's scale.

    As `models.bayesian.autoregressive.report`, without constant, province and year effects, which
    would depend on where trends begin; `trend` (province) is g_i in units of the outcome per year.
    """
    reported = autoregressive.report(parts, free)
    years = parts.design.years
    per_year = parts.scale * trend(free) * 2 / (years[-1] - years[0])
    kept = reported.keys() - {"const", "province_effect", "year_effect"}
    return {name: reported[name] for name in reported if name in kept} | {
        "trend": (("province",), per_year),
        "tau_trend": ((), parts.scale * free["tau_trend_std"][..., 0]),
    }


def rows(parts: WithinBetween, free: dict, rng: np.random.Generator) -> Rows:
    """Return each row's log likelihood given those before it, and draws of new series."""
    mean, sd = predictive(parts, effects(parts, free))
    mean = mean + parts.scale * trend(free) @ lines(parts).T
    return autoregressive.rows_of_series(parts, mean, sd, free["phi"], rng)
