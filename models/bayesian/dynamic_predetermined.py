"""Dynamic model with a predetermined regressor: feedback from past outcomes.

Likelihood, with the notation of `models.bayesian.dynamic`, x the term of interest, w the others,
for the years after a province's first
    y_it = ρ y_i,t−1 + x_it b_r + w̃_it'γ + a_i + d_t + ε_it,          ε_it ~ N(0, σ_r²)
    x_it = φ x_i,t−1 + ψ y_i,t−1 + w̃_it'θ + g_i + c_t + u_it,         u_it ~ N(0, ω_r²)

Effects, given the first values y_i1 and x_i1, with W_i the means of w over the years of the
likelihood
    g_i = α_g + π_g y_i1 + χ_g x_i1 + w_i1'κ_g + W_i'ξ_g + v_i,        v_i ~ N(0, τ_g²)
    a_i ~ N(α + π y_i1 + χ x_i1 + λ v_i + w_i1'κ + W_i'ξ, τ_province²)
    κ, ξ ~ N(0, τ_between²), and so in the first line with a τ of its own; d_t, b_r as there

`models.bayesian.dynamic` has the mean of x over all years in the line of a_i, and subtracts it
from x. Under feedback (ψ ≠ 0) that mean contains past errors, and ρ and b are biased as in the
within estimator. Here x enters less its year means alone, as the lag does. Its correlation with
a_i is modelled by its own equation, through λ and χ. What is left of exogeneity: ε_it is
uncorrelated with x up to year t and with y before it (sequential exogeneity, which difference GMM
assumes of a predetermined regressor); w are strictly exogenous.

In the literature this is the likelihood with predetermined regressors of Moral-Benito (2013,
*Journal of Business & Economic Statistics* 31:451–472), as a structural equation model in Allison,
Williams & Moral-Benito (2017, *Socius* 3:1–17) and Moral-Benito, Allison & Williams (2019,
*Applied Economics* 51:2221–2232): province effects of both equations, first outcome and first
value have a free covariance, and initial conditions are free. The covariance is
written as the regressions above, which any can be, so first values need no distribution. Slopes
and not correlations have the priors. Where effects all but follow the first outcome, as they do
where provinces drift apart, the correlation is near 1. A prior that leans away from there, as an
LKJ's does, moves ρ. It departs from the literature where thirty-one provinces do not identify
what is free there:

1. the regressor's equation. There each year's x depends freely on all that came before it; here
   on one lag of each, the same in all years, and on a province effect. If x answers later or
   otherwise, part of the feedback is missed;
2. error variances differ by region, not by year;
3. slopes on x differ by region, about a common mean, and there are priors;
4. the strictly exogenous regressors are correlated with effects by means and first values, not
   through a free covariance with each year's value.

Priors: as `models.bayesian.dynamic`; of what is not there in `PRIORS`.

NUTS samples g_i and a_i standardised by their conditional posteriors
(`noncentering.ConditionalEffects`), and κ and ξ on the principal axes of their regressors, on
which independent normal priors of one scale are the same prior.

Log likelihood and predictive draws of a row are of its outcome, one step ahead, given the lag and
the regressor that were observed.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor import TensorVariable

from models.bayesian import dynamic, hierarchical
from models.bayesian.dynamic import Array, Dynamic
from models.bayesian.effects import Effects, normal_rows, observe, report_effects, standard_mean
from models.bayesian.interface import Rows, Variables
from models.bayesian.noncentering import ConditionalEffects, with_offsets
from models.bayesian.within_between import RESOLUTION, By, principal_axes, standardise
from models.design import LAG, Design
from models.frequentist.two_way import two_way_parts
from models.priors import Prior, Priors

PRIORS: Priors = Priors(
    dynamic.PRIORS.name,
    tuple(prior for prior in dynamic.PRIORS.table if prior.name != "first_outcome"),
).and_of(
    Prior(
        "first_slope",
        "Normal",
        dynamic.PRIORS["first_outcome"].scale,
        "slopes of both province effects on first outcome and first value of the regressor",
        "As first_outcome in the dynamic model: wide for any ρ.",
    ),
    Prior(
        "effect_slope",
        "Normal",
        1.0,
        "slope of the province effect on that of the regressor of interest, less its line",
        "Effects of an outcome with ρ near 1 are small beside it, so this is wide.",
    ),
    Prior(
        "exposure_slope_std",
        "Normal",
        2.5,
        "slopes of the regressor of interest on its lag, on the outcome's and on the controls",
        "As slope_std, the regressor being the outcome here.",
    ),
    Prior(
        "exposure_const_std",
        "Normal",
        0.5,
        "regressor of interest of the average province in the average year",
        "It is centred, so this is near 0 by construction.",
    ),
    Prior(
        "exposure_tau_std",
        "HalfNormal",
        1.0,
        "standard deviation of the regressor's province effects about their line",
        "As tau_province_std.",
    ),
    Prior(
        "exposure_year_std",
        "ZeroSumNormal",
        0.5,
        "year effects of the regressor of interest",
        "Unpooled: what all provinces share in a year is less than what lies between them.",
    ),
    Prior(
        "exposure_sigma_std",
        "LogNormal",
        1.0,
        "residual standard deviation of the regressor of interest, by region",
        "As sigma_std.",
        centre=0.2,
    ),
)

MEANINGS = dynamic.MEANINGS | {
    "province_unit": "effect of each province, standard normal given all else",
    "exposure_unit": "the same of the regressor of interest",
    "between_unit": "slopes of the province effects on axes of the controls' means and first "
    "values, in units of tau_between_std where the data do not identify them",
    "exposure": "the regressor of interest, standardised",
}


@dataclass(frozen=True)
class Predetermined(Dynamic):
    """A dynamic regression, and the regression of the predetermined regressor.

    Attributes
    ----------
    term : str
        Of interest.
    exposure : ndarray, shape (n,)
        The term, standardised.
    drivers : ndarray, shape (n, 2 + controls)
        Its lag and the outcome's, less year means, then the other terms' two-way residuals, each in
        standard deviations.
    first_value : ndarray, shape (N,)
        The term in the year before a province's first row.
    """

    term: str
    exposure: Array
    drivers: Array
    first_value: Array

    @cached_property
    def slope_resolution(self) -> Array:
        """Finer than elsewhere by as much as lies between provinces, which is not taken out, (1,).

        An array since it differs by data set (`analysis.posterior.compiled`).
        """
        of_province, _, within = two_way_parts(
            self.exposure[:, None], self.design.province, self.design.year
        )
        return np.array([RESOLUTION * within.std() / np.hypot(within.std(), of_province.std())])

    @property
    def controls(self) -> NDArray[np.bool_]:
        """Which regressors are the other terms', shape (m,)."""
        return ~self.of_lag & (self.term_of_regressor != self.design.terms.index(self.term))

    @property
    def between(self) -> Array:
        """Axes of means and first values of the other terms, shape (N, axes)."""
        first_values = self.first[:, 1:][:, self.controls[~self.of_lag]]
        return principal_axes(np.hstack([self.province_part[:, self.controls], first_values]))

    @property
    def first_values(self) -> Array:
        """First outcomes, and first values of the term, standardised, shape (N, 2)."""
        return standardise(np.column_stack([self.first[:, 0], self.first_value]))

    @property
    def coords(self) -> dict[str, tuple]:
        """Coordinates of a PyMC model of this regression."""
        controls = tuple(term for term in self.design.terms if term not in (self.term, LAG))
        return {
            **super().coords,
            "between": tuple(range(1, self.between.shape[1] + 1)),
            "driver": (f"L.{self.term}", LAG, *controls),
            "equation": (self.design.outcome, self.term),
            "first": (f"first {self.design.outcome}", f"first {self.term}"),
        }


def split(design: Design, varying: tuple[str, ...] = (), sigma: By = "common") -> Predetermined:
    """Standardise both regressions; as `dynamic.split`, with one term in `varying`."""
    (term,) = varying
    parts = dynamic.split(design, varying, sigma)
    rows, position = parts.design, parts.design.terms.index(term)
    lagged, first_value, _ = dynamic.lagged(design.with_outcome(design.x[:, position]))
    unit, value = parts.term_scale, rows.x[:, position]
    of_lags = np.column_stack([lagged.x[:, -1] / unit[position], rows.x[:, -1] / unit[-1]])
    of_lags -= dynamic.means(of_lags, rows.year, len(rows.years))[rows.year]
    of_term = parts.term_of_regressor == position
    about = parts.about_years(of_term, value)
    return Predetermined(
        **{field.name: getattr(about, field.name) for field in fields(about)},
        term=term,
        exposure=(value - value.mean()) / unit[position],
        drivers=np.hstack([of_lags, parts.within[:, ~(parts.of_lag | of_term)]]),
        first_value=first_value,
    )


def between_ratio(parts: Predetermined, free: dict) -> Any:
    """Return q of the lines' other slopes, shape (…, 2, axes).

    As in `models.bayesian.noncentering` a slope is τ/q u, u ~ N(0, q²), q² = 1 + τ²/h²; h is what
    it would be known to, were it alone and province effects all that is known of rows.
    """
    number = np.bincount(parts.design.province, minlength=len(parts.design.provinces))
    region = parts.design.region_of_province
    sigma = free["sigma_std"] @ parts.groups_to_regions
    known = [
        1 / (free[tau][..., 0, None] ** 2 + error[..., region] ** 2 / number) @ parts.between**2
        for tau, error in (
            ("tau_province_std", sigma),
            ("exposure_tau_std", free["exposure_sigma_std"]),
        )
    ]
    stack = (pt if isinstance(known[0], TensorVariable) else np).stack
    return (1 + free["tau_between_std"][..., None] ** 2 * stack(known, axis=-2)) ** 0.5


def lines(parts: Predetermined, free: dict) -> Any:
    """Return what the province effects of both equations depend on, shape (…, 2, N)."""
    ratio = between_ratio(parts, free)
    between = free["tau_between_std"][..., None] / ratio * free["between_unit"]
    return free["first_slope"] @ parts.first_values.T + between @ parts.between.T


def exposure(parts: Predetermined, free: dict) -> tuple[Any, ConditionalEffects]:
    """Return the regressor's mean, (…, n), without province effects, and what these are."""
    year = free["exposure_year_std"][..., parts.design.year]
    mean = free["exposure_slope_std"] @ parts.drivers.T + year
    centre = free["exposure_const_std"][..., 0, None] + lines(parts, free)[..., 1, :]
    spread = free["exposure_tau_std"][..., 0, None]
    return mean, ConditionalEffects(
        parts, parts.exposure - mean, free["exposure_sigma_std"], centre, spread
    )


def outcome(parts: Predetermined, free: dict, off_line: Any) -> tuple[Effects, ConditionalEffects]:
    """Return the outcome's effects without those of provinces, and what these are.

    `off_line` are the regressor's province effects less their line, (…, N).
    """
    common_effects = hierarchical.but_of_provinces(parts, free)
    const, slope, spread = (
        free[name][..., 0, None] for name in ("const_std", "effect_slope", "tau_province_std")
    )
    centre = const + lines(parts, free)[..., 0, :] + slope * off_line
    residual = parts.y - standard_mean(parts, common_effects)
    return common_effects, ConditionalEffects(parts, residual, common_effects.sigma, centre, spread)


def build(parts: Predetermined, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; arguments as `models.bayesian.hierarchical.build` takes them."""
    dims = {
        "tau_between_std": "equation",
        "first_slope": ("equation", "first"),
        "effect_slope": "one",
        "exposure_slope_std": "driver",
        "exposure_const_std": "one",
        "exposure_tau_std": "one",
        "exposure_year_std": "year",
        "exposure_sigma_std": "region",
    }
    with pm.Model(coords=parts.coords) as model:
        free = hierarchical.variables(parts, priors, line=None, partly_centred=True)
        free |= {
            name: priors[name].variable(dims=variable_dims) for name, variable_dims in dims.items()
        }
        ratio = between_ratio(parts, free)
        free["between_unit"] = pm.Normal("between_unit", 0, ratio, dims=("equation", "between"))
        mean, conditional = exposure(parts, free)
        effect = conditional.effect(conditional.variable("exposure_unit"))
        pm.Normal(
            "exposure",
            mean + effect[parts.design.province],
            free["exposure_sigma_std"][parts.design.region],
            observed=parts.exposure,
            dims="obs",
        )
        common_effects, conditional = outcome(parts, free, effect - conditional.line)
        observe(
            parts,
            common_effects._replace(
                province=conditional.effect(conditional.variable("province_unit"))
            ),
        )
    return model


def effects(parts: Predetermined, free: dict) -> Effects:
    """Form the effects of the outcome's equation from draws of the free variables."""
    _, conditional = exposure(parts, free)
    common_effects, conditional = outcome(
        parts, free, conditional.effect(free["exposure_unit"]) - conditional.line
    )
    return common_effects._replace(province=conditional.effect(free["province_unit"]))


def report(parts: Predetermined, free: dict) -> Variables:
    """Translate draws to the paper's scale.

    As `report_effects`; `exposure_slope` (driver), slopes in the regressor's equation, of which
    that on the lagged outcome is the feedback; `exposure_sigma` (region).
    """
    terms = parts.design.terms
    unit = parts.term_scale[terms.index(parts.term)]
    names = (parts.term, *parts.coords["driver"][1:])
    of_driver = parts.term_scale[[terms.index(name) for name in names]]
    return report_effects(parts, effects(parts, free), with_offsets(parts, free)) | {
        "exposure_slope": (("driver",), free["exposure_slope_std"] * unit / of_driver),
        "exposure_sigma": (("region",), free["exposure_sigma_std"] * unit),
    }


def rows(parts: Predetermined, free: dict, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of each row."""
    return normal_rows(parts, effects(parts, free), rng)
