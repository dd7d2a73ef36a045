"""Hierarchical model with Student t errors: slopes are robust to outlying years.

Likelihood, all else as in `models.bayesian.hierarchical`
    y_it = a_i + d_t + z̃_it'b_r + w̃_it'γ + ε_it,  ε_it ~ t_ν(0, σ_r)

σ_r is the scale of the t, less than its standard deviation σ_r sqrt(ν / (ν − 2)); as ν grows the
model becomes `models.bayesian.hierarchical`. A t with ν degrees of freedom is a normal whose
variance differs by row (Lange, Little & Taylor 1989, *JASA* 84:881–896), so a row far from its mean
counts little.

Prior of ν: Gamma with shape 2 and rate 0.1 (Juárez & Steel 2010, *Journal of Business & Economic
Statistics* 28:52–66), one ν for all regions: outliers are rare, and thirteen years of eight
provinces do not identify a region's tail.

With ν near 1, where half of a province's years can be outliers, its effect may have two modes far
apart. NUTS samples what is left when the effects are integrated out (`marginal`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
from scipy import stats

from models.bayesian import hierarchical
from models.bayesian.effects import Effects, predictive, report_effects, standard_mean
from models.bayesian.hierarchical import Line, but_of_provinces, effects, mundlak, of_line
from models.bayesian.interface import Rows, Variables
from models.bayesian.noncentering import with_offsets
from models.bayesian.within_between import WithinBetween
from models.inference import student_t_quadrature
from models.priors import REGULARISED, Prior, Priors

NU = Prior(
    "nu",
    "Gamma",
    float(np.sqrt(200)),
    "degrees of freedom of the errors",
    "Shape 2 and rate 0.1 (Juárez & Steel 2010): 6 % below 4, where variance is all outliers, "
    "and 41 % above 20, where the errors are nearly normal.",
    centre=20.0,
)

PRIORS = REGULARISED.and_of(NU)

MEANINGS = hierarchical.MEANINGS

split = hierarchical.split


def build(parts: WithinBetween, priors: Priors = PRIORS, line: Line = mundlak) -> pm.Model:
    """Build the PyMC model; arguments as `models.bayesian.hierarchical.variables` takes them."""
    with pm.Model(coords=parts.coords) as model:
        free = hierarchical.variables(parts, priors, line=line, partly_centred=True)
        values = effects(parts, free)
        nu = priors["nu"].variable(dims="one")[0]
        sigma = values.sigma[parts.design.region]
        pm.StudentT(
            "y", nu, standard_mean(parts, values), sigma=sigma, observed=parts.y, dims="obs"
        )
    return model


def marginal(parts: WithinBetween, priors: Priors = PRIORS, line: Line = mundlak) -> pm.Model:
    """Build the same with the province effects integrated out (`student_t_quadrature`)."""
    with pm.Model(coords=parts.coords) as model:
        free = hierarchical.variables(parts, priors, line=None, partly_centred=True)
        added, about = line(parts, priors, ())
        free |= added | {"nu": priors["nu"].variable(dims="one")}
        common_effects = but_of_provinces(parts, free)
        mean = standard_mean(parts, common_effects)
        student_t_quadrature.observe(
            parts.y, parts.design.province, mean, *_law(parts, free, common_effects, about)
        )
    return model


def completed(
    parts: WithinBetween,
    free: dict,
    rng: np.random.Generator,
    of_line: Callable[[WithinBetween, dict], Any] = of_line,
) -> dict:
    """Return draws of all free variables, given those of `marginal`; shapes (…, *dims)."""
    common_effects = but_of_provinces(parts, free)
    law = _law(parts, free, common_effects, of_line(parts, free))
    residual = parts.y - standard_mean(parts, common_effects)
    return free | {
        "province_std": student_t_quadrature.draw(residual, parts.design.province, *law, rng)
    }


def _law(parts: WithinBetween, free: dict, common_effects: Effects, about: Any) -> tuple:
    """Return σ of each province's rows, ν, and mean and scale of the effects' prior."""
    sigma = common_effects.sigma[..., parts.design.region_of_province]
    const, spread = (free[name][..., 0, None] for name in ("const_std", "tau_province_std"))
    return sigma, free["nu"], const + about, spread * np.ones(len(parts.design.provinces))


def report(parts: WithinBetween, free: dict) -> Variables:
    """Translate draws to the paper's scale; `sigma` is the scale of the t, `nu` is free itself."""
    return report_effects(parts, effects(parts, free), with_offsets(parts, free))


def rows(parts: WithinBetween, free: dict, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of each row."""
    mean, scale = predictive(parts, effects(parts, free))
    nu = free["nu"]
    drawn = mean + scale * rng.standard_t(np.broadcast_to(nu, mean.shape))
    return Rows(stats.t.logpdf(parts.design.y, nu, mean, scale), {"y": (("obs",), drawn)})
