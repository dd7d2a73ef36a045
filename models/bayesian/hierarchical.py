"""Two-way hierarchical model: province and year effects, slopes and σ by region as switched.

Likelihood, with x̃ the two-way residuals of the regressors and P, Q their province and year parts
(`models.bayesian.within_between`), r the region of province i, z the terms that vary, w the others
    y_it = a_i + d_t + z̃_it'b_r + w̃_it'γ + ε_it,  ε_it ~ N(0, σ_r²)

Effects, with Mundlak terms
    a_i ~ N(α + P_i'ξ, τ_province²)
    d_t ~ N(Q_t'ζ, τ_year²), Σ_t d_t = 0, Q by its principal axes
    b_r ~ N(β, τ_slope²)

Switches (arguments of `split`), each "common" (one for all regions), "pooled" (by region about a
common centre) or "region" (by region and free):

============ ========================= ====================================== ==================
switch       common                    pooled                                 region
============ ========================= ====================================== ==================
`slopes`     no term in `varying`      b_r ~ N(β, τ_slope²)                   b_r ~ prior of β
`controls`   γ                         as `slopes`, a τ_slope for each term   as `slopes`
`years`      d_t                       d_t + N(0, τ_year_region²) by region   d_rt, τ_year_r
`sigma`      σ                         log σ_r ~ N(log σ_median, τ_logσ²)     σ_r
============ ========================= ====================================== ==================

and `path`: the d_t less their Mundlak line are exchangeable, or a random walk about zero, scaled
so that τ_year is their standard deviation over years either way. All common is two-way fixed
effects' Table 3, all by region Table 8's three regressions in one: in both, whatever the scales,
slopes with wide priors have the mean of least squares.

What is sampled of pooled slopes is their average over regions, `slope_std`, and the offsets
z_r = (b_r − β) / τ_slope, not β: the average is well identified by the data, and β, with three
regions, weakly. β is the average less τ_slope times the mean of the z_r.

Priors (`models.priors.REGULARISED`, there with reasons): β, γ, α, ξ, ζ normal; the τ half-normal;
σ_r log-normal. All on the standardised scale; `models.bayesian.within_between` translates.

What is identified: β, γ and b by variation within province and year, as in two-way fixed
effects, because P and Q enter the effects (Mundlak 1978, *Econometrica* 46:69–85; Wooldridge
2021). With one σ the slopes are those of two-way fixed effects.
τ_slope is weakly identified with three regions, so its upper tail is its prior's (Gelman
2006, *Bayesian Analysis* 1:515–533). ξ and ζ are nearly as many as
provinces and years in one-region samples: their proper priors, not the data, identify them apart
from the offsets, and the slopes do not depend on them.

`sigma="region"` is another estimand: rows of a noisy region count little, as in feasible
generalised least squares.

Longer than 400 lines because the model's two forms, PyMC's and the collapsed one, are read side by
side: every change is made in both.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert

from data.shared.errors import UserError
from models.bayesian import noncentering
from models.bayesian.effects import Effects, normal_rows, observe, off_common_mean, report_effects
from models.bayesian.interface import Rows, Variables
from models.bayesian.noncentering import slope_variables, with_offsets, year_effects, year_variables
from models.bayesian.within_between import By, Path, WithinBetween, standardise, within_between
from models.design import Design
from models.inference.collapsed import Collapsed, Location, Scale, collapse
from models.priors import REGULARISED, Priors

if TYPE_CHECKING:
    import pymc as pm

PRIORS = REGULARISED

MEANINGS = noncentering.MEANINGS | {
    "province_std": "effect of each province in the average year, about its Mundlak line",
    "year_offset": "year effects less their Mundlak line, in units of tau_year_std",
    "year_step": "steps of the random walk that takes the place of year_offset",
    "year_region_offset": "a region's year effects less those of all, in units of "
    "tau_year_region_std",
    "slope_offset": "region slopes less their common mean, in units of tau_slope_std",
    "y": "the outcome, standardised",
}

Line = Callable[..., tuple[dict, Any]]
"""A function that adds the province effects' line to a model: see `mundlak`."""


def split(
    design: Design,
    varying: tuple[str, ...] = (),
    sigma: By = "common",
    *,
    slopes: By = "pooled",
    controls: By = "common",
    years: By = "common",
    path: Path = "exchangeable",
) -> WithinBetween:
    """Standardise the regression and split its regressors.

    Parameters
    ----------
    design : Design
    varying : tuple of str
        Terms of interest whose slopes differ by region; none for one slope per term.
    sigma, slopes, controls, years, path
        The switches at the head of this file; `slopes` is of the terms in `varying`, `controls`
        of the others.

    Raises
    ------
    UserError
        If the sample has one region where two are needed, or a regressor is collinear.
    """
    how = {term: slopes if term in varying else controls for term in design.terms}
    by_region = tuple(term for term in design.terms if how[term] != "common")
    if len(design.regions) < 2 and (by_region or {sigma, years} != {"common"}):
        raise UserError(
            f"The sample has one region ({design.regions[0]}), so nothing can differ by region: "
            "choose the model mundlak."
        )
    return within_between(
        design,
        by_region,
        ("all",) if sigma == "common" else design.regions,
        free=tuple(term for term in design.terms if how[term] == "region"),
        years=years,
        path=path,
        pooled_sigma=sigma == "pooled",
    )


def effects(parts: WithinBetween, free: dict) -> Effects:
    """Form the effects from the free variables; tensors or arrays of draws, shapes (…, *dims)."""
    free = with_offsets(parts, free)
    slope = free["slope_std"] @ parts.coefficients_to_regressors
    columns = dict(zip(parts.varying, parts.region_columns, strict=True))
    for position, term in enumerate(parts.pooled):
        spread, offset = free["tau_slope_std"][..., position, None], free["slope_offset"]
        offset = offset[..., position, :] - offset.mean(axis=-1)[..., position, None]
        slope = slope + (spread * offset) @ columns[term]
    return Effects(
        province=free["province_std"],
        year=_year_effects(parts, free),
        slope=slope,
        sigma=free["sigma_std"] @ parts.groups_to_regions,
    )


def but_of_provinces(parts: WithinBetween, free: dict) -> Effects:
    """Form the effects without those of provinces, where these are treated apart."""
    return effects(parts, free | {"province_std": np.zeros(len(parts.design.provinces))})


def _year_effects(parts: WithinBetween, free: dict) -> Any:
    """Form the effect of each year cell, shape (…, C)."""
    if "year_contrast" in free:
        return year_effects(parts, free)
    region, year = parts.region_of_cell, parts.year_of_cell
    line = free["between_year"] @ parts.year_axes.T
    if parts.path == "walk":
        offset = free["year_step"] @ walk(len(parts.design.years)).T
    else:
        offset = free["year_offset"]
    if parts.years == "region":
        return line + free["tau_year_std"][..., region] * offset[..., region, year]
    effect = line + free["tau_year_std"][..., 0, None] * offset[..., year]
    if parts.years == "pooled":
        of_region = free["year_region_offset"][..., region, year]
        effect = effect + free["tau_year_region_std"][..., 0, None] * of_region
    return effect


def walk(n: int) -> NDArray[np.float64]:
    """Return the map from n − 1 standard steps to a random walk that sums to zero, (n, n − 1).

    Scaled so that the mean over years of the walk's variance is 1.
    """
    path = np.tri(n, n - 1, -1)
    path -= path.mean(axis=0)
    return path / np.sqrt((path**2).sum() / n)


def build(parts: WithinBetween, priors: Priors = PRIORS) -> "pm.Model":
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
    import pymc as pm

    with pm.Model(coords=parts.coords) as model:
        observe(parts, effects(parts, variables(parts, priors)))
    return model


def mundlak(parts: WithinBetween, priors: Priors, leading: tuple[str, ...]) -> tuple[dict, Any]:
    """Add the variables of the province effects' line; return them and the line, (…, N)."""
    free = {"between_province": priors["between_province"].variable(dims=(*leading, "regressor"))}
    return free, of_line(parts, free)


def of_line(parts: WithinBetween, free: dict) -> Any:
    """Return the Mundlak line of province effects, less α, shape (…, N); of tensors or draws."""
    return free["between_province"] @ standardise(parts.province_part).T


def variables(
    parts: WithinBetween,
    priors: Priors,
    leading: tuple[str, ...] = (),
    line: Line | None = mundlak,
    *,
    partly_centred: bool = False,
) -> dict:
    """Add the free variables to the PyMC model in context; models that extend this one do too.

    With `leading` dims there is one variable for each of their labels. `line` is called as
    `mundlak` is; None leaves the province effects to the caller. `partly_centred`, for models that
    are sampled by NUTS in all variables, common exchangeable year effects and one outcome: see
    `models.bayesian.noncentering`.
    """
    import pymc as pm

    one, group = (*leading, "one"), (*leading, "sigma_group")
    free = {}
    about = priors["slope_std"]
    if parts.pooled:
        free["tau_slope_std"] = priors["tau_slope_std"].variable(dims=(*leading, "pooled"))
        if partly_centred:
            free |= slope_variables(parts, free["tau_slope_std"])
            free = with_offsets(parts, free)
        else:
            free["slope_offset"] = pm.Normal("slope_offset", dims=(*leading, "pooled", "region"))
        about = replace(about, centre=about.centre + off_common_mean(parts, free))
    free |= {
        "slope_std": about.variable(dims=(*leading, "coefficient")),
        "const_std": priors["const_std"].variable(dims=one),
        "tau_province_std": priors["tau_province_std"].variable(dims=one),
        "tau_year_std": priors["tau_year_std"].variable(dims=(*leading, "year_group")),
    }
    if line is not None:
        added, about = line(parts, priors, leading)
        free |= added
        # PyTensor does not broadcast a dim that has a name, only a new one.
        centre, spread = (free[name][..., 0, None] for name in ("const_std", "tau_province_std"))
        free["province_std"] = pm.Normal(
            "province_std", centre + about, spread, dims=(*leading, "province")
        )
    if partly_centred:
        free |= year_variables(parts, priors, free["tau_year_std"])
    else:
        free["between_year"] = priors["between_year"].variable(dims=(*leading, "axis"))
        by_region = (*leading, "region") if parts.years == "region" else leading
        if parts.path == "walk":
            free["year_step"] = pm.Normal("year_step", dims=(*by_region, "step"))
        else:
            free["year_offset"] = pm.ZeroSumNormal("year_offset", dims=(*by_region, "year"))
    if parts.years == "pooled":
        free["tau_year_region_std"] = priors["tau_year_region_std"].variable(dims=one)
        cell = (*leading, "region", "year")
        free["year_region_offset"] = pm.Normal("year_region_offset", dims=cell)
    if parts.pooled_sigma:
        median = free["sigma_median_std"] = priors["sigma_median_std"].variable(dims=one)
        spread = free["tau_log_sigma"] = priors["tau_log_sigma"].variable(dims=one)
        free["sigma_std"] = pm.LogNormal(
            "sigma_std",
            np.log(median[..., 0, None]),
            spread[..., 0, None],
            dims=group,
        )
    else:
        free["sigma_std"] = priors["sigma_std"].variable(dims=group)
    return free


def slope_weights(parts: WithinBetween) -> dict[str, NDArray[np.float64]]:
    """Return each regressor's standardised slope as a linear function of `density`'s locations."""
    weights = {"slope_std": parts.coefficients_to_regressors.T}
    if parts.pooled:
        weights["slope_offset"] = _pooled_columns(parts).T
    return weights


def slopes(parts: WithinBetween, drawn: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return each term's slope, averaged over rows, on the paper's scale.

    Parameters
    ----------
    parts : WithinBetween
    drawn : dict
        Draws of `density`'s variables, flat: shapes (draws, size).

    Returns
    -------
    ndarray, shape (draws, terms)
    """
    if parts.pooled:
        spread = np.repeat(drawn["tau_slope_std"], len(parts.design.regions), axis=1)
        drawn = drawn | {"slope_offset": drawn["slope_offset"] * spread}
    standardised = sum(drawn[name] @ weight.T for name, weight in slope_weights(parts).items())
    return standardised @ parts.averages * parts.scale / parts.term_scale


def _pooled_columns(parts: WithinBetween) -> NDArray[np.float64]:
    """Return the map from pooled terms' offsets to regressors' slopes, (pooled · regions, m).

    Dummies of its regions, less their mean.
    """
    columns = dict(zip(parts.varying, parts.region_columns, strict=True))
    return np.concatenate([columns[term] - columns[term].mean(axis=0) for term in parts.pooled])


def _average_of_offsets(parts: WithinBetween) -> dict[str, NDArray[np.float64]]:
    """Return the line of `slope_std` in a pooled term's offsets: see `off_common_mean`."""
    if not parts.pooled:
        return {}
    n = len(parts.design.regions)
    return {"slope_offset": np.repeat(parts.pooled_to_coefficients.T, n, axis=1) / n}


def report(parts: WithinBetween, free: dict) -> Variables:
    """Translate draws of the free variables, shapes (…, *dims), to the paper's scale."""
    return report_effects(parts, effects(parts, free), free)


def rows(parts: WithinBetween, free: dict, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of each row."""
    return normal_rows(parts, effects(parts, free), rng)


def density(parts: WithinBetween, priors: Priors = PRIORS) -> Collapsed:
    """Return the same model with everything but the τ and σ integrated out."""
    p = standardise(parts.province_part)
    zeros = np.zeros_like(parts.within)
    of_line = Location("between_province", zeros, priors["between_province"].scale)
    return collapse(parts.y, *blocks(parts, priors, [(of_line, p)]))


def blocks(
    parts: WithinBetween,
    priors: Priors,
    line: Sequence[tuple[Location, NDArray[np.float64]]],
    scales_of_line: Sequence[Scale] = (),
) -> tuple[NDArray[np.int64], list[Location], list[Scale]]:
    """Return the arguments of `models.inference.collapsed.collapse`, after the outcome.

    Parameters
    ----------
    parts : WithinBetween
    priors : Priors
    line : sequence of (Location, ndarray of shape (N, size))
        What the province effects depend on, and how; without effects of its own on rows.
    scales_of_line : sequence of Scale
        Scale parameters of these locations.
    """
    q = parts.year_axes
    zeros = np.zeros((len(parts.within), 1))
    n_years, n_regions = len(parts.design.years), len(parts.design.regions)
    groups = len(parts.coords["year_group"])
    walks = parts.path == "walk"
    shape = np.kron(np.eye(groups), walk(n_years) if walks else helmert(n_years).T)
    in_cell = np.eye(len(q))[parts.cell]
    locations = [
        Location(
            "slope_std",
            parts.within @ parts.coefficients_to_regressors.T,
            priors["slope_std"].scale,
            line=_average_of_offsets(parts),
        ),
        Location("const_std", zeros, priors["const_std"].scale),
        *(block for block, _ in line),
        Location("between_year", in_cell @ q, priors["between_year"].scale),
        Location(
            "province_std",
            parts.in_province,
            "tau_province_std",
            line={"const_std": np.ones((len(parts.design.provinces), 1))}
            | {block.name: columns for block, columns in line},
        ),
        Location(
            "year_step" if walks else "year_offset",
            (in_cell if groups > 1 else parts.in_year) @ shape,
            "tau_year_std",
            element=np.repeat(np.arange(groups), n_years - 1),
            offset=True,
            basis=None if walks else shape,
        ),
    ]
    scales = [
        *scales_of_line,
        Scale(priors["tau_province_std"]),
        Scale(priors["tau_year_std"], groups),
    ]
    if parts.years == "pooled":
        locations.append(
            Location("year_region_offset", in_cell, "tau_year_region_std", offset=True)
        )
        scales.append(Scale(priors["tau_year_region_std"]))
    if parts.pooled:
        locations.append(
            Location(
                "slope_offset",
                parts.within @ _pooled_columns(parts).T,
                "tau_slope_std",
                element=np.repeat(np.arange(len(parts.pooled)), n_regions),
                offset=True,
            )
        )
        scales.append(Scale(priors["tau_slope_std"], len(parts.pooled)))
    sigma = Scale(priors["sigma_std"], len(parts.groups_to_regions))
    if parts.pooled_sigma:
        centre = "sigma_median_std", "tau_log_sigma"
        scales += [Scale(priors[name]) for name in centre]
        sigma = Scale(priors["sigma_std"], sigma.size, *centre)
    group = parts.groups_to_regions.argmax(axis=0)[parts.design.region]
    return group, locations, [*scales, sigma]
