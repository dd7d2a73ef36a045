"""Two-way hierarchical model: pooled province and year effects, slopes and σ by region.

Likelihood, with x̃ the two-way residuals of the regressors and P, Q their province and year parts
(`models.within_between`), r the region of province i, z the terms that vary, w the others
    y_it = a_i + d_t + z̃_it'b_r + w̃_it'γ + ε_it,  ε_it ~ N(0, σ_r²)

Effects, with Mundlak terms
    a_i ~ N(α + P_i'ξ, τ_province²)
    d_t ~ N(Q_t'ζ, τ_year²), Σ_t d_t = 0
    b_r ~ N(β, τ_slope²)

Priors (`models.priors.REGULARISED`, there with reasons): β, γ, α, ξ, ζ normal; the τ half-normal;
σ_r log-normal. All on the standardised scale; `models.within_between` translates.

What is identified: β, γ and b by variation within province and year, as in two-way fixed
effects, because P and Q stand in the effects (Mundlak 1978, *Econometrica* 46:69–85; Wooldridge
2021). With `slope="common"` and `sigma="common"` the slopes are those of two-way fixed effects.
τ_slope hangs on as many slopes as there are regions, so its upper tail is its prior's (Gelman
2006, *Bayesian Analysis* 1:515–533). ξ and ζ are nearly as many as
provinces and years in one-region samples: their proper priors, not the data, keep them apart
from the offsets, and the slopes do not depend on them.

`sigma="region"` is another estimand: rows of a noisy region count little, as in feasible
generalised least squares.
"""

from typing import Literal

import numpy as np
import pymc as pm
from scipy.linalg import helmert

from data.errors import UserError
from models.collapsed import Collapsed, Location, Scale, collapse
from models.design import Design
from models.priors import REGULARISED, Priors
from models.within_between import (
    Effects,
    Rows,
    Variables,
    WithinBetween,
    normal_rows,
    observe,
    report_effects,
    standardise,
    within_between,
)

By = Literal["common", "region"]

PRIORS = REGULARISED


def split(design: Design, varying: tuple[str, ...] = (), sigma: By = "common") -> WithinBetween:
    """Standardise the regression and split its regressors.

    Parameters
    ----------
    design : Design
    varying : tuple of str
        Terms whose slopes differ by region; none for one slope per term.
    sigma : "common" or "region"
        Whether residual standard deviations differ by region.

    Raises
    ------
    UserError
        If the sample has one region where two are needed, or a regressor is collinear.
    """
    if len(design.regions) < 2 and (varying or sigma == "region"):
        raise UserError(
            f"The sample has one region ({design.regions[0]}), so nothing can differ by region: "
            "choose the model mundlak."
        )
    groups = design.regions if sigma == "region" else ("all",)
    return within_between(design, varying, groups)


def effects(parts: WithinBetween, free: dict) -> Effects:
    """Form the effects from the free variables; tensors or arrays of draws, shapes (…, size)."""
    year_line = free["between_year"] @ standardise(parts.year_part).T
    slope = free["slope_std"] @ parts.terms_to_regressors
    for position, columns in enumerate(parts.region_columns):
        spread = free["tau_slope_std"][..., position, None]
        slope = slope + (spread * free["slope_offset"][..., position, :]) @ columns
    return Effects(
        province=free["province_std"],
        year=year_line + free["tau_year_std"][..., 0, None] * free["year_offset"],
        slope=slope,
        sigma=free["sigma_std"] @ parts.groups_to_regions,
    )


def build(parts: WithinBetween, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model.

    Parameters
    ----------
    parts : WithinBetween
        From `split`, which sets what differs by region.
    priors : Priors
        With the names of `models.priors.REGULARISED`.

    Returns
    -------
    pm.Model
        Free variables on the standardised scale.
    """
    with pm.Model(coords=parts.coords) as model:
        observe(parts, effects(parts, variables(parts, priors)))
    return model


def variables(parts: WithinBetween, priors: Priors, leading: tuple[str, ...] = ()) -> dict:
    """Add the free variables to the PyMC model in context; models that extend this one do too.

    With `leading` dims each variable stands once for each of their labels.
    """
    free = {
        "slope_std": priors["slope_std"].variable(dims=(*leading, "term")),
        "const_std": priors["const_std"].variable(dims=(*leading, "one")),
        "between_province": priors["between_province"].variable(dims=(*leading, "regressor")),
        "between_year": priors["between_year"].variable(dims=(*leading, "regressor")),
        "tau_province_std": priors["tau_province_std"].variable(dims=(*leading, "one")),
        "tau_year_std": priors["tau_year_std"].variable(dims=(*leading, "one")),
        "sigma_std": priors["sigma_std"].variable(dims=(*leading, "sigma_group")),
    }
    line = free["between_province"] @ standardise(parts.province_part).T
    # PyTensor does not broadcast a dim that has a name, only a new one.
    centre, spread = (free[name][..., 0, None] for name in ("const_std", "tau_province_std"))
    free["province_std"] = pm.Normal(
        "province_std", centre + line, spread, dims=(*leading, "province")
    )
    free["year_offset"] = pm.ZeroSumNormal("year_offset", dims=(*leading, "year"))
    if parts.varying:
        free["tau_slope_std"] = priors["tau_slope_std"].variable(dims=(*leading, "varying"))
        free["slope_offset"] = pm.Normal("slope_offset", dims=(*leading, "varying", "region"))
    return free


def report(parts: WithinBetween, free: dict) -> Variables:
    """Translate draws of the free variables, shapes (…, *dims), to the paper's scale."""
    return report_effects(parts, effects(parts, free), free)


def rows(parts: WithinBetween, free: dict, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of each row."""
    return normal_rows(parts, effects(parts, free), rng)


def density(parts: WithinBetween, priors: Priors = PRIORS) -> Collapsed:
    """Return the same model with everything but the τ and σ integrated out."""
    p, q = standardise(parts.province_part), standardise(parts.year_part)
    basis = helmert(len(parts.design.years)).T
    none = np.zeros_like(parts.within)
    locations = [
        Location(
            "slope_std", parts.within @ parts.terms_to_regressors.T, priors["slope_std"].scale
        ),
        Location("const_std", none[:, :1], priors["const_std"].scale),
        Location("between_province", none, priors["between_province"].scale),
        Location("between_year", parts.in_year @ q, priors["between_year"].scale),
        Location(
            "province_std",
            parts.in_province,
            "tau_province_std",
            line={"const_std": np.ones((len(p), 1)), "between_province": p},
        ),
        Location("year_offset", parts.in_year @ basis, "tau_year_std", offset=True, basis=basis),
    ]
    scales = [Scale(priors["tau_province_std"]), Scale(priors["tau_year_std"])]
    if parts.varying:
        columns = parts.region_columns
        locations.append(
            Location(
                "slope_offset",
                parts.within @ np.concatenate(columns).T,
                "tau_slope_std",
                element=np.repeat(np.arange(len(columns)), len(parts.design.regions)),
                offset=True,
            )
        )
        scales.append(Scale(priors["tau_slope_std"], len(parts.varying)))
    scales.append(Scale(priors["sigma_std"], len(parts.groups_to_regions)))
    group = parts.groups_to_regions.argmax(axis=0)[parts.design.region]
    return collapse(parts.y, group, locations, scales)
