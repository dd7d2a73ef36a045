"""Panel regression with province-specific growth, slopes by province and AR(1) errors.

Likelihood, for province i of region r in year t, z the first term of interest, w the other terms

    y_it = a_i + g_i t + d_t + z_it b_i + w_it'γ + e_it
    e_it = φ_r e_i,t−1 + u_it,  u_it ~ N(0, σ_r²),  e_i1 ~ N(0, σ_r² / (1 − φ_r²))
    b_i ~ N(b_r, ω_r²),  b_r ~ N(β, τ²),  g_i ~ N(m_r + h_i'κ, τ_trend,r²)

t runs from −1 in the first year to 1 in the last. Regressors enter as they are, with their own
trends. h_i are the trends of province i's regressors (least squares on t): without them a slope is
pulled to the one between trends (Mundlak 1978, *Econometrica* 46:69–85, for growth rates instead
of levels; the random trend model of Wooldridge 2010, *Econometric Analysis of Cross Section and
Panel Data*, section 11.7). κ is by how much the slope between trends exceeds the slope within.
The m_r sum to zero over rows, since the d_t hold the common trend. Other terms of interest have
slopes by region, as `models.bayesian.hierarchical` has them, and none by province.

Province effects a_i are free and are taken out exactly: the likelihood is that of the contrasts
within each province, which is what is left when a_i is integrated out under a flat prior
(Harville 1974, *Biometrika* 61:383–385). As φ → 1 the start's variance grows without bound, but it
is the variance of a level: the contrasts' density tends to that of a random walk. With
k the years since a province's row before, r_k = (1 − φ^k) / (1 + φ^k), and sums over its rows so
far,

    S = 1 + Σ r_k,  B = e_1 + Σ (e_t − φ^k e_t−k) / (1 + φ^k)
    e_t | before ~ N(φ^k e_t−k + (1 − φ^k) B / S, σ² (1 − φ^2k) / (1 − φ²) (1 + r_k / S))

e being measured from any level; nothing here divides by 1 − φ at φ = 1. A province's first row has
density 1.

Priors (`PRIORS`, there with reasons): flat on (−1, 1) for φ_r, since one that pulls to zero would
turn persistence into trends or slopes; half-normal scales of which zero is part.

Estimands. `slope_region` is the mean of b_i over the rows of a region, `slope` over all rows;
`slope_region_mean` is b_r, and `slope_common` β. Two-way fixed effects weigh provinces by the
variance of their regressors, which is another estimand where slopes differ.

`split` also takes switches that turn parts of the model off, so that simpler models are this one
with a scale at zero, or without bound: `lines` "none" (τ_trend = m = κ = 0) or "fixed" (a free
trend in each province), `slopes` "region" (ω = 0), `errors` "independent" (φ = 0). `scales`
"province" adds one:

    σ_i = σ_r exp(s_r δ_i),  δ_i ~ N(0, 1)

in place of σ_r in province i's errors, and "path" in its growth, too, whose standard deviation
about its line is then τ_trend,r σ_i / σ_r: a province's whole path has its scale.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.bayesian.autoregressive import predecessors
from models.bayesian.effects import normal_log_density
from models.bayesian.growth_density import Block, GrowthDensity, collapse_growth
from models.bayesian.growth_moments import moments, slope_moments
from models.bayesian.growth_parts import (
    FREE_TREND_SD,
    Growth,
    deviations,
    draw_errors,
    error_scales,
    given_before,
    growth,
    province_slopes,
    split,
    standard_mean,
    year_columns,
)
from models.bayesian.growth_pieces import Layout
from models.bayesian.growth_scaled_density import scaled
from models.bayesian.interface import Rows, Variables
from models.priors import REGULARISED, Prior, Priors

if TYPE_CHECKING:
    import pymc as pm

__all__ = [
    "PRIORS",
    "build",
    "density",
    "generate",
    "moments",
    "renewed",
    "replicates",
    "report",
    "rows",
    "slope_moments",
    "slopes",
    "split",
]

Array = NDArray[np.float64]

NEAR_UNIT_ROOT = 0.99

MEANINGS = {
    "slope_offset": "region slopes less their common mean, in units of tau_slope_std",
    "slope_province_offset": "a province's slope less its region's, in units of "
    "tau_slope_province_std",
    "trend_offset": "a province's growth less its region's line, in units of tau_trend_std",
    "sigma_offset": "a province's log σ less its region's, in units of tau_sigma",
    "y": "the outcome, standardised",
}
"""Of variables that `PRIORS` does not name."""

PRIORS = Priors(
    "growth",
    (
        REGULARISED["slope_std"],
        REGULARISED["tau_slope_std"],
        Prior(
            "tau_slope_province_std",
            "HalfNormal",
            0.5,
            "standard deviation of the first term's slopes between provinces of a region",
            "As tau_slope_std: provinces may differ in sign, and zero stays possible.",
            unit="slope",
        ),
        Prior(
            "year_contrast",
            "Normal",
            5.0,
            "year effects, in orthonormal contrasts",
            "Free: they contain the year means of regressors times their slopes, too.",
            unit="outcome",
        ),
        Prior(
            "trend_region",
            "Normal",
            1.0,
            "differences of mean growth between regions, from mid-sample to its end",
            "A region may gain the spread between all provinces in half of the sample.",
            unit="outcome",
        ),
        Prior(
            "between_trend",
            "Normal",
            1.0,
            "growth of a province whose regressor's trend is one standard deviation steeper",
            "Several times the spread of growth between provinces: if it were pulled to zero, "
            "slopes would be pulled to the slope between trends.",
            unit="outcome",
        ),
        Prior(
            "tau_trend_std",
            "HalfNormal",
            0.5,
            "standard deviation of a region's provinces' growth about their line, to sample's end",
            "Provinces may drift apart by as much as half of the spread between them; zero, none "
            "does, stays possible.",
            unit="outcome",
        ),
        REGULARISED["sigma_std"],
        Prior(
            "tau_sigma",
            "HalfNormal",
            1.0,
            "standard deviation of log σ between provinces of a region",
            "Provinces of a region may differ tenfold; zero, none does, stays possible.",
        ),
        Prior(
            "phi",
            "Uniform",
            1.0,
            "correlation of a province's errors in successive years, by region",
            "Flat on (-1, 1): a prior about zero would turn persistence into slopes or trends.",
        ),
    ),
)


# --- the PyMC model -----------------------------------------------------------------------------


def build(parts: Growth, priors: Priors = PRIORS) -> "pm.Model":
    """Build the PyMC model; every free variable is on the standardised scale."""
    import pymc as pm  # takes a second, and priors are read without it

    with pm.Model(coords=parts.coords) as model:
        free = {"slope_std": priors["slope_std"].variable(dims="term")}
        if parts.base.varying:
            free["tau_slope_std"] = priors["tau_slope_std"].variable(dims="pooled")
            free["slope_offset"] = pm.Normal("slope_offset", dims=("pooled", "region"))
        free["year_contrast"] = priors["year_contrast"].variable(dims="contrast")
        if parts.slopes == "province":
            free["tau_slope_province_std"] = priors["tau_slope_province_std"].variable(
                dims="region"
            )
            free["slope_province_offset"] = pm.Normal("slope_province_offset", dims="province")
        if parts.lines == "random":
            if parts.n_regions > 1:
                free["trend_region"] = priors["trend_region"].variable(dims="region_contrast")
            free["between_trend"] = priors["between_trend"].variable(dims="trend_axis")
            free["tau_trend_std"] = priors["tau_trend_std"].variable(dims="region")
        if parts.lines != "none":
            free["trend_offset"] = pm.Normal("trend_offset", dims="province")
        free["sigma_std"] = priors["sigma_std"].variable(dims="region")
        if parts.scales != "region":
            free["tau_sigma"] = priors["tau_sigma"].variable(dims="region")
            free["sigma_offset"] = pm.Normal("sigma_offset", dims="province")
        phi = np.zeros(parts.n_regions)
        if parts.errors == "ar1":
            phi = free["phi"] = priors["phi"].variable(dims="region")
        sigma, mean = error_scales(parts, free), standard_mean(parts, free)
        conditional_mean, sd = given_before(parts, mean, sigma, phi, pm.math.cumsum)
        pm.Normal("y", conditional_mean, sd, observed=parts.y, dims="obs")
    return model


# --- what is reported ---------------------------------------------------------------------------


def report(parts: Growth, free: dict) -> Variables:
    """Translate draws of the free variables, shapes (…, *dims), to the paper's scale.

    `slope` (term), `slope_region`, `slope_region_mean` (varying, region), `slope_common`,
    `tau_slope` (pooled), `slope_province` (province), `tau_slope_province` (region): see the head.
    `sigma` (region): standard deviation of u; `sigma_province` (province): each one's, where they
    differ. `near_unit_root` (region): 1 where φ > 0.99.
    `trend` (province): g_i a year; `tau_trend` (region). `kappa` (trend_axis): by how much the
    slope between trends exceeds `slope`; of "others", for a standard deviation of the axis.
    """
    design, base = parts.design, parts.base
    units = parts.scale / base.term_scale
    by_province = province_slopes(parts, free) * units[0]
    reported = {
        "slope": (("term",), slopes_of(parts, free)),
        "sigma": (("region",), parts.scale * free["sigma_std"]),
        "slope_province": (("province",), by_province),
    }
    if base.varying:
        unit_of_slopes = units[parts.varying_positions]
        common = free["slope_std"][..., parts.varying_positions]
        means = common[..., None] + free["tau_slope_std"][..., None] * free["slope_offset"]
        means = means * unit_of_slopes[:, None]
        by_region = means.copy()
        by_region[..., 0, :] = by_province @ _row_weights(parts).T
        reported |= {
            "slope_region": (("varying", "region"), by_region),
            "slope_region_mean": (("varying", "region"), means),
            "slope_common": (("pooled",), common * unit_of_slopes),
            "tau_slope": (("pooled",), free["tau_slope_std"] * unit_of_slopes),
        }
    if parts.slopes == "province":
        spread = free["tau_slope_province_std"] * units[0]
        reported["tau_slope_province"] = (("region",), spread)
    if parts.scales != "region":
        reported["sigma_province"] = (("province",), parts.scale * error_scales(parts, free))
    if parts.errors == "ar1":
        reported["near_unit_root"] = (("region",), (free["phi"] > NEAR_UNIT_ROOT).astype(float))
    if parts.lines != "none":
        years = design.years
        per_year = parts.scale * growth(parts, free) * 2 / (years[-1] - years[0])
        reported["trend"] = (("province",), per_year)
    if parts.lines == "random":
        reported["tau_trend"] = (("region",), parts.scale * free["tau_trend_std"])
        of_axis = np.where(np.array(parts.axes) == "others", parts.scale, 1.0)
        for position, axis in enumerate(parts.axes):
            if axis in design.terms:
                of_axis[position] = units[design.terms.index(axis)] / max(
                    parts.trend_scale[position], 1e-300
                )
        reported["kappa"] = (("trend_axis",), free["between_trend"] * of_axis)
    return reported


def slopes_of(parts: Growth, free: dict) -> Array:
    """Return each term's slope, averaged over rows, on the paper's scale, shape (…, terms)."""
    slope = np.array(free["slope_std"])
    design = parts.design
    share = np.bincount(design.region, minlength=parts.n_regions) / len(design.region)
    for v, position in enumerate(parts.varying_positions):
        slope[..., position] += deviations(free, v) @ share
    of_rows = np.bincount(design.province, minlength=len(design.provinces)) / len(design.province)
    slope[..., 0] = province_slopes(parts, free) @ of_rows
    return slope * parts.scale / parts.base.term_scale


def slopes(parts: Growth, drawn: dict[str, Array]) -> Array:
    """Return the same from flat draws of `density`'s variables, shape (draws, terms)."""
    free = dict(drawn)
    if "slope_offset" in free:
        free["slope_offset"] = free["slope_offset"].reshape(
            -1, len(parts.base.varying), parts.n_regions
        )
    return slopes_of(parts, free)


def _row_weights(parts: Growth) -> Array:
    """Return each province's share of its region's rows, shape (regions, N)."""
    rows = np.bincount(parts.design.province, minlength=len(parts.design.provinces))
    rows = rows * np.eye(parts.n_regions)[:, parts.design.region_of_province]
    return rows / rows.sum(axis=1, keepdims=True)


def rows(parts: Growth, free: dict, rng: np.random.Generator) -> Rows:
    """Return each row's log likelihood given those before it, and draws of new series.

    New series have new errors about the draw's own trends and slopes, and the province means that
    were observed: the model is one of contrasts within provinces.
    """
    mean, sigma, phi = _law(parts, free)
    conditional_mean, sd = given_before(parts, mean, sigma, phi, np.cumsum)
    log_likelihood = normal_log_density(parts.y, conditional_mean, sd) - np.log(parts.scale)
    series = _series(parts, mean, sigma, phi, rng)
    return Rows(log_likelihood, {"y": (("obs",), series)})


def replicates(parts: Growth, free: dict, rng: np.random.Generator) -> Array:
    """Return the new series of `rows` alone."""
    return _series(parts, *_law(parts, free), rng)


def _law(parts: Growth, free: dict) -> tuple[Array, Array, Array]:
    """Return the means of rows, the scales of errors by province, and φ by region."""
    phi = np.asarray(free.get("phi", np.zeros_like(free["sigma_std"])))
    return standard_mean(parts, free), error_scales(parts, free), phi


def _series(
    parts: Growth, mean: Array, sigma: Array, phi: Array, rng: np.random.Generator
) -> Array:
    """Draw outcomes with the observed province means, shape (…, n), on the paper's scale."""
    series = mean + draw_errors(parts, sigma, phi, rng)
    in_province = parts.base.in_province
    share = in_province / np.maximum(in_province.sum(axis=0), 1)
    series = series + ((parts.y - series) @ share) @ in_province.T
    return parts.base.centre + parts.scale * series


def renewed(parts: Growth, free: dict, rng: np.random.Generator) -> dict:
    """Return draws in which provinces' growth, slopes and scales are others of the same law."""
    of_provinces = ("trend_offset", "slope_province_offset", "sigma_offset")
    return free | {n: rng.standard_normal(np.shape(free[n])) for n in of_provinces if n in free}


def generate(parts: Growth, free: dict, rng: np.random.Generator) -> Growth:
    """Return the same regression with an outcome drawn from the model, `free` a single draw."""
    single = {name: value[None] for name, value in free.items()}
    _, (drawn,) = rows(parts, single, rng).predictive["y"]
    return parts.with_outcome(drawn)


def density(parts: Growth, priors: Priors = PRIORS) -> GrowthDensity:
    """Return the posterior of the scales and φ, everything else integrated out.

    With scales by province δ is among its parameters.
    """
    design, base, n = parts.design, parts.base, parts.n_regions
    in_region = np.eye(n)[design.region]
    blocks = [Block("slope_std", parts.x, priors["slope_std"].scale)]
    scales: list[tuple[str, int]] = []
    if base.varying:
        columns = [parts.x[:, [position]] * in_region for position in parts.varying_positions]
        blocks.append(Block("slope_offset", np.hstack(columns), 1.0, "tau_slope_std", n))
        scales.append(("tau_slope_std", len(columns)))
    blocks.append(Block("year_contrast", year_columns(parts), priors["year_contrast"].scale))
    t = parts.time[:, None]
    if parts.slopes == "province":
        scales.append(("tau_slope_province_std", n))
    if parts.lines == "random":
        scales.append(("tau_trend_std", n))
        if n > 1:
            of_region = t * parts.region_trends[design.region]
            blocks.append(Block("trend_region", of_region, priors["trend_region"].scale))
        of_terms = t * parts.trends[design.province]
        blocks.append(Block("between_trend", of_terms, priors["between_trend"].scale))
    before, years = predecessors(base)
    if parts.scales != "region":
        scales.append(("tau_sigma", n))
    layout = Layout(design.province, design.region, before, years, design.region_of_province)
    collapsed = collapse_growth(
        tuple(blocks),
        (*scales, ("sigma_std", n)),
        (parts.y, parts.time, parts.x[:, 0]),
        layout,
        priors,
        has_phi=parts.errors == "ar1",
        fixed_tau=FREE_TREND_SD if parts.lines == "fixed" else 0.0,
    )
    return collapsed if parts.scales == "region" else scaled(collapsed, path=parts.scales == "path")
