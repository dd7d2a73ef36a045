"""Flat-prior benchmark: two-way fixed effects as a Bayesian model.

Likelihood
    y_it = a_i + d_t + x_it'β + ε_it,  ε_it ~ N(0, σ²),  d of the first year = 0

Priors (`models.priors.FLAT`)
    All very wide: province effects a_i and year effects d_t are unpooled, as dummies are, and
    p(σ) is close to 1/σ. Then β given the data is Student t with n − N − K degrees of freedom
    about least squares, K counting slopes and year dummies: mean as `models.frequentist.twfe`
    estimates it, standard deviation its conventional standard error times sqrt(df / (df − 2))
    (Gelman et al., *Bayesian Data Analysis*, 3rd ed., section 14.2).

Sampled as a_i + d_t + x̃_it'β with x̃ the two-way residuals and Σ_t d_t = 0, in which slopes,
province and year effects are orthogonal on a balanced panel; reported with the regressors
themselves and the first year as reference. The two differ by a linear map, so a flat prior on
one is flat on the other.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert

from models.bayesian.effects import Effects, normal_rows, observe, report_effects
from models.bayesian.interface import Rows, Variables
from models.bayesian.within_between import WithinBetween, within_between
from models.design import Design
from models.inference.collapsed import Collapsed, Location, Scale, collapse
from models.priors import FLAT, Priors

if TYPE_CHECKING:
    import pymc as pm

PRIORS = FLAT

MEANINGS = {"y": "the outcome, standardised"}


def split(design: Design) -> WithinBetween:
    """Standardise the regression and split its regressors."""
    return within_between(design)


def effects(parts: WithinBetween, free: dict) -> Effects:
    """Form the effects from the free variables; tensors or arrays of draws, shapes (…, size)."""
    return Effects(
        province=free["province_std"],
        year=free["year_std"],
        slope=free["slope_std"],
        sigma=free["sigma_std"] @ parts.groups_to_regions,
    )


def build(parts: WithinBetween, priors: Priors = PRIORS) -> "pm.Model":
    """Build the PyMC model.

    Parameters
    ----------
    parts : WithinBetween
        From `split`.
    priors : Priors
        With the names of `models.priors.FLAT`.

    Returns
    -------
    pm.Model
        Free variables on the standardised scale; `models.bayesian.within_between` translates.
    """
    import pymc as pm

    with pm.Model(coords=parts.coords) as model:
        free = {
            "slope_std": priors["slope_std"].variable(dims="term"),
            "province_std": priors["province_std"].variable(dims="province"),
            "year_std": priors["year_std"].variable(dims="year"),
            "sigma_std": priors["sigma_std"].variable(dims="sigma_group"),
        }
        observe(parts, effects(parts, free))
    return model


def report(parts: WithinBetween, free: dict) -> Variables:
    """Translate draws of the free variables, shapes (…, *dims), to the paper's scale."""
    return report_effects(parts, effects(parts, free), free)


def rows(parts: WithinBetween, free: dict, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of each row."""
    return normal_rows(parts, effects(parts, free), rng)


def slope_weights(parts: WithinBetween) -> dict[str, NDArray[np.float64]]:
    """Return each regressor's standardised slope as a linear function of `density`'s locations."""
    return {"slope_std": parts.terms_to_regressors.T}


def density(parts: WithinBetween, priors: Priors = PRIORS) -> Collapsed:
    """Return the same model with everything but σ integrated out."""
    basis = helmert(len(parts.design.years)).T
    return collapse(
        parts.y,
        np.zeros_like(parts.design.region),
        (
            Location("slope_std", parts.within, priors["slope_std"].scale),
            Location("province_std", parts.in_province, priors["province_std"].scale),
            Location("year_std", parts.in_year @ basis, priors["year_std"].scale, basis=basis),
        ),
        (Scale(priors["sigma_std"]),),
    )
