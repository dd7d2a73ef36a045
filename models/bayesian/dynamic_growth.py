"""Dynamic panel regression with province-specific growth and slopes by province.

Likelihood, for province i of region r in the years t after its first, z the first term of interest,
w the other terms

    y_it = ρ y_i,t−1 + a_i + g_i t + d_t + z_it b_i + w_it'γ + ε_it,  ε_it ~ N(0, σ_r²)
    b_i ~ N(b_r, ω_r²),  b_r ~ N(β, τ²)
    a_i = α + α_r + π y_i1 + P_i'ξ + x_i1'κ + u_i,  g_i = m_r + π_g y_i1 + h_i'λ + v_i
    (u_i, v_i) ~ N(0, [τ_level,r², c_r τ_level,r τ_trend,r; ·, τ_trend,r²])

t runs from −1 in the first year of the likelihood to 1 in the last. It is `models.bayesian.growth`
with the outcome of the year before, and `models.bayesian.dynamic` with lines and slopes by
province; regressors enter as they are.

Initial condition. All is conditional on y_i1, and level and growth of a province depend on it
(Wooldridge 2005, *Journal of Applied Econometrics* 20:39–54; with several effects, his section 5).
Levels are effects with a distribution, not free as in `growth`: free ones would make ρ that of the
within estimator, too low by about (1 + ρ)/T (Nickell 1981, *Econometrica* 49:1417–1426), and free
trends about twice that (Phillips & Sul 2007, *Journal of Econometrics* 137:162–188). P_i are means
of the regressors over the likelihood's years, x_i1 their first values, h_i their trends
(least squares on t, less their region's mean). The lag has none of these: its mean and its trend
contain the errors. As P_i, x_i1 and h_i are many and provinces few, their coefficients have
learned scales, τ_between and τ_between_trend. α_r and m_r sum to zero over rows; the common line is
in α and d_t. With the correlations c_r the distribution of the lines is of the same family from
whatever year t is counted.

Errors are independent given the lag. AR(1) errors with a free φ are not identified beside ρ:
without regressors, ρ and φ can change places and leave all autocovariances as they are, and with
them only the dynamics of the slopes, which are near zero here, can tell the two apart. The static
model with AR(1) errors is the other end, ρ = φ with −φ times the slopes on last year's regressors:
`models.frequentist.common_factor` tests this restriction.

ρ has a wide prior, not cut off at 1. A single lag takes growth that accelerates for ρ > 1; lines
by province take growth at a steady pace off it, and only this.

Where provinces have no lines, ρ comes out too low: wide priors of two scales by region, and free
slopes of growth on first outcomes, leave much room for lines, and a line and a smaller ρ look much
like a larger ρ in a dozen years. In the dynamic study (30 data sets a cell) it is 0.11 to 0.18 too
low from a stationary start or after ten years of history, and up to 0.02 where provinces start
anywhere. With lines from a stationary start it is nearer (−0.06 and −0.08 at ρ of 0.8 and 0.95)
than `models.bayesian.dynamic` (+0.28 and +0.15), after ten years of history it is not.

Estimands are those of `growth`: `slope` averages b_i over all rows, `slope_region` over a region's.

Where years are missing from a province, the years whose predecessor is missing are left out. Log
likelihood and predictive draws of a row are one step ahead: given the lag that was observed.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.bayesian import dynamic, growth_parts, hierarchical
from models.bayesian import growth as static
from models.bayesian.dynamic_growth_density import DynamicGrowthDensity, collapse_dynamic_growth
from models.bayesian.effects import normal_log_density
from models.bayesian.growth_density import Block
from models.bayesian.growth_moments import moments
from models.bayesian.growth_parts import Growth, standard_mean, year_columns
from models.bayesian.growth_pieces import CORRELATION
from models.bayesian.interface import Rows, Variables
from models.bayesian.within_between import By, standardise
from models.design import LAG, Design
from models.priors import REGULARISED, Prior, Priors

if TYPE_CHECKING:
    import pymc as pm

__all__ = ["PRIORS", "build", "density", "generate", "moments", "report", "rows", "slopes", "split"]

Array = NDArray[np.float64]

MEANINGS = {name: static.MEANINGS[name] for name in ("slope_offset", "slope_province_offset", "y")}
MEANINGS |= {
    "between_offset": "slopes of levels on means and first values of the regressors, in units of "
    "tau_between_std",
    "between_trend_offset": "slopes of growth on the regressors' trends, in units of "
    "tau_between_trend_std",
    "level_offset": "a province's level less its line, in units of tau_level_std",
    "trend_offset": "a province's growth less its line and what its level says of it, in units of "
    "what is left of tau_trend_std",
}
"""Of variables that `PRIORS` does not name."""

PRIORS = Priors(
    "dynamic_growth",
    (
        dynamic.PRIORS["slope_std"],
        REGULARISED["tau_slope_std"],
        static.PRIORS["tau_slope_province_std"],
        static.PRIORS["year_contrast"],
        REGULARISED["const_std"],
        Prior(
            "level_region",
            "Normal",
            1.0,
            "differences of mean levels between regions",
            "Regions may differ by the spread between all provinces.",
            unit="outcome",
        ),
        dynamic.PRIORS["first_outcome"],
        dynamic.PRIORS["tau_between_std"],
        replace(
            REGULARISED["tau_province_std"],
            name="tau_level_std",
            meaning="standard deviation of a region's provinces' levels about their line",
        ),
        static.PRIORS["trend_region"],
        Prior(
            "first_outcome_trend",
            "Normal",
            1.0,
            "slope of a province's growth on the first outcome",
            "Provinces that start high may gain or lose the spread between all in half of the "
            "sample.",
            unit="outcome",
        ),
        Prior(
            "tau_between_trend_std",
            "HalfNormal",
            0.5,
            "standard deviation of the slopes of growth on the regressors' trends",
            "Learned, as tau_between_std: free slopes would leave each province a line of its own, "
            "and ρ where the within estimator with trends is.",
            unit="outcome",
        ),
        static.PRIORS["tau_trend_std"],
        Prior(
            CORRELATION,
            "Uniform",
            1.0,
            "correlation of levels and growth about their lines, by region",
            "Flat on (-1, 1): it depends on the year from which time is counted.",
        ),
        REGULARISED["sigma_std"],
    ),
)


@dataclass(frozen=True, kw_only=True)
class DynamicGrowth(Growth):
    """A dynamic regression: the rows that have a lag, and what the lines depend on.

    `trends` are those of the regressors other than the lag.

    Attributes
    ----------
    first : ndarray, shape (N, 1)
        Outcome in the year before a province's first row, standardised.
    between : ndarray, shape (N, 2 K)
        Means, then first values of these regressors, standardised.
    """

    first: Array
    between: Array

    @property
    def coords(self) -> dict[str, tuple]:
        """Labels of every dim."""
        names = (*self.axes, *(f"first {axis}" for axis in self.axes))
        return super().coords | {"between": names}


def split(design: Design, varying: tuple[str, ...] = (), sigma: By = "region") -> DynamicGrowth:
    """Standardise the regression; find the lags, and what the provinces' lines depend on.

    Parameters
    ----------
    design : Design
        Static: all years, no lag among the terms.
    varying, sigma
        As `models.bayesian.growth.split` takes them.

    Raises
    ------
    UserError
        If no row has a lag, or most regions hold one province.
    """
    growth_parts.refuse_lone(design)
    rows, first_y, first_x = dynamic.lagged(design)
    base = hierarchical.split(rows, varying, sigma)
    regressors = [position for position, term in enumerate(rows.terms) if term != LAG]
    x = rows.x[:, regressors] / base.term_scale[regressors]
    trends = growth_parts._trends(rows, x)
    means = dynamic.means(x, rows.province, len(rows.provinces))
    return DynamicGrowth(
        base=base,
        trends=standardise(trends),
        trend_scale=trends.std(axis=0),
        axes=tuple(rows.terms[position] for position in regressors),
        lines="none",
        errors="independent",
        first=standardise(first_y[:, None]),
        between=standardise(np.hstack([means, first_x])),
    )


# --- the PyMC model -----------------------------------------------------------------------------


def build(parts: DynamicGrowth, priors: Priors = PRIORS) -> "pm.Model":
    """Build the PyMC model; every free variable is on the standardised scale."""
    import pymc as pm  # takes a second, and priors are read without it

    dims = {
        "slope_std": "term",
        "tau_slope_province_std": "region",
        "year_contrast": "contrast",
        "const_std": "one",
        "level_region": "region_contrast",
        "first_outcome": "one",
        "tau_between_std": "one",
        "tau_level_std": "region",
        "trend_region": "region_contrast",
        "first_outcome_trend": "one",
        "tau_between_trend_std": "one",
        "tau_trend_std": "region",
        CORRELATION: "region",
        "sigma_std": "region",
    }
    offsets = {
        "slope_province_offset": "province",
        "between_offset": "between",
        "between_trend_offset": "trend_axis",
        "level_offset": "province",
        "trend_offset": "province",
    }
    with pm.Model(coords=parts.coords) as model:
        free = {name: priors[name].variable(dims=dim) for name, dim in dims.items()}
        if parts.base.varying:
            free["tau_slope_std"] = priors["tau_slope_std"].variable(dims="pooled")
            free["slope_offset"] = pm.Normal("slope_offset", dims=("pooled", "region"))
        free |= {name: pm.Normal(name, dims=dim) for name, dim in offsets.items()}
        pm.Normal("y", mean(parts, free), sd(parts, free), observed=parts.y, dims="obs")
    return model


def lines(parts: DynamicGrowth, free: dict) -> tuple[Any, Any]:
    """Return a_i less α and g_i, shapes (…, N); tensors or arrays of draws."""
    region = parts.design.region_of_province
    levels = free["first_outcome"] @ parts.first.T
    levels = levels + (free["level_region"] @ parts.region_trends.T)[..., region]
    levels = levels + _one(free, "tau_between_std") * (free["between_offset"] @ parts.between.T)
    growth = free["first_outcome_trend"] @ parts.first.T
    growth = growth + (free["trend_region"] @ parts.region_trends.T)[..., region]
    of_trends = free["between_trend_offset"] @ parts.trends.T
    growth = growth + _one(free, "tau_between_trend_std") * of_trends
    level, c = free["level_offset"], free[CORRELATION][..., region]
    # The Cholesky factor of a correlation c: level and trend of a province go together.
    deviation = c * level + (1 - c**2) ** 0.5 * free["trend_offset"]
    return (
        levels + free["tau_level_std"][..., region] * level,
        growth + free["tau_trend_std"][..., region] * deviation,
    )


def _one(free: dict, name: str) -> Any:
    """Return a single parameter, shape (…, 1): PyTensor broadcasts no dim that has a name."""
    return free[name][..., 0, None]


def mean(parts: DynamicGrowth, free: dict) -> Any:
    """Return the mean of each row given its lag, shape (…, n); tensors or arrays of draws."""
    level, growth = lines(parts, free)
    province = parts.design.province
    of_lines = _one(free, "const_std") + level[..., province] + parts.time * growth[..., province]
    return standard_mean(parts, free) + of_lines


def sd(parts: DynamicGrowth, free: dict) -> Any:
    """Return the standard deviation of each row, shape (…, n)."""
    return free["sigma_std"][..., parts.design.region]


# --- what is reported ---------------------------------------------------------------------------


def report(parts: DynamicGrowth, free: dict) -> Variables:
    """Translate draws of the free variables, shapes (…, *dims), to the paper's scale.

    As `models.bayesian.growth.report`, ρ being the `slope` of the lag; `level` (province): a_i less
    their mean; `trend` (province): g_i a year; `tau_level`, `tau_trend` (region).
    """
    years = parts.design.years
    level, growth = lines(parts, free)
    level = level - level.mean(axis=-1, keepdims=True)
    return static.report(parts, free) | {
        "level": (("province",), parts.scale * level),
        "trend": (("province",), parts.scale * growth * 2 / (years[-1] - years[0])),
        "tau_level": (("region",), parts.scale * free["tau_level_std"]),
        "tau_trend": (("region",), parts.scale * free["tau_trend_std"]),
    }


def slopes(parts: DynamicGrowth, drawn: dict[str, Array]) -> Array:
    """Return each term's slope from flat draws of `density`'s variables, shape (draws, terms)."""
    return static.slopes(parts, drawn)


def rows(parts: DynamicGrowth, free: dict, rng: np.random.Generator) -> Rows:
    """Return each row's log likelihood and draws of it, both given the lag that was observed."""
    centre, spread = mean(parts, free), sd(parts, free)
    log_likelihood = normal_log_density(parts.y, centre, spread) - np.log(parts.scale)
    drawn = centre + spread * rng.standard_normal(centre.shape)
    return Rows(log_likelihood, {"y": (("obs",), parts.base.centre + parts.scale * drawn)})


def generate(parts: DynamicGrowth, free: dict, rng: np.random.Generator) -> DynamicGrowth:
    """Draw outcomes from the model, year after year, each the next one's lag.

    Parameters
    ----------
    parts : DynamicGrowth
        Without gaps after a province's first row.
    free : dict
        One draw of the free variables, shapes (*dims,).
    rng : Generator
    """
    design, base = parts.design, parts.base
    position = design.terms.index(LAG)
    rho = free["slope_std"][position] / base.term_scale[position]
    lag = design.x[:, position]
    steady = mean(parts, free) - rho * (lag - lag.mean())  # standardised
    steady = steady + sd(parts, free) * rng.standard_normal(len(steady))
    _, first_row = np.unique(design.province, return_index=True)
    before = lag[first_row].copy()
    x, y = design.x.copy(), np.empty(len(lag))
    for year in range(len(design.years)):
        of_year = np.flatnonzero(design.year == year)
        province = design.province[of_year]
        x[of_year, position] = before[province]
        y[of_year] = base.centre + base.scale * (
            steady[of_year] + rho * (before[province] - lag.mean())
        )
        before[province] = y[of_year]
    return replace(parts, base=replace(base, design=replace(design, y=y, x=x)))


# --- the density --------------------------------------------------------------------------------


def density(parts: DynamicGrowth, priors: Priors = PRIORS) -> DynamicGrowthDensity:
    """Return the posterior of the scales and correlations, everything else integrated out."""
    design, n = parts.design, parts.n_regions
    in_region = np.eye(n)[design.region]
    t, province = parts.time[:, None], design.province
    of_region = parts.region_trends[design.region]
    columns = {
        "slope_std": parts.x,
        "year_contrast": year_columns(parts),
        "const_std": np.ones_like(t),
        "level_region": of_region,
        "first_outcome": parts.first[province],
        "trend_region": t * of_region,
        "first_outcome_trend": t * parts.first[province],
    }
    blocks = [Block(name, values, priors[name].scale) for name, values in columns.items()]
    scales = [("tau_between_std", 1), ("tau_between_trend_std", 1)]
    if parts.base.varying:
        varying = [parts.x[:, [position]] * in_region for position in parts.varying_positions]
        blocks.insert(1, Block("slope_offset", np.hstack(varying), 1.0, "tau_slope_std", n))
        scales.append(("tau_slope_std", len(varying)))
    for name, values in (("", parts.between), ("_trend", parts.trends)):
        of_lines = values[province] * (t if name else 1.0)
        scale = f"tau_between{name}_std"
        blocks.append(Block(f"between{name}_offset", of_lines, 1.0, scale, values.shape[1]))
    names = ("tau_slope_province_std", "tau_level_std", "tau_trend_std", "sigma_std")
    scales += [(name, n) for name in names]
    return collapse_dynamic_growth(
        tuple(blocks),
        tuple(scales),
        (parts.y, parts.time, parts.x[:, 0]),
        (province, design.region_of_province),
        priors,
    )
