"""Dynamic model with a stationary initial condition: a sensitivity case with |ρ| < 1.

Likelihood, with the notation of `models.bayesian.dynamic`, for all years of a province
    y_it = ρ y_i,t−1 + z̃_it'b_r + w̃_it'γ + a_i + d_t + ε_it,  ε_it ~ N(0, σ_r²)
    y_i1 = λ + h_i + x̃_i1'b / (1 − ρ) + e_i,                  e_i ~ N(0, σ_r² / (1 − ρ²))

x̃_i1 are the regressors' first values less their means P_i, b the slopes of all regressors; what
depends on regressors is taken from its mean over provinces in the second line.

Effects
    a_i = α + (1 − ρ) h_i,  h_i ~ N(x_i1'κ + P_i'ξ, τ_province²),  κ, ξ ~ N(0, τ_between²)
    d_t, b_r as in `models.bayesian.dynamic`

h_i is a province's steady state, off the average one, with its regressors at their means. Priors
are of these levels, which spread as outcomes do whatever ρ is, not of the a_i, which for ρ near 1
are small beside them.

The second line is the stationary distribution of the equation: the mean and the variance of
Σ_j ρ^j (…)_{i,1−j} (Anderson & Hsiao 1982, *Journal of Econometrics* 18:47–82; Bhargava & Sargan
1983, *Econometrica* 51:1635–1659). Its assumptions on the years before the panel, none of which
is observed:

1. regressors were at their first values, apart from what all provinces had in common. For a
   regressor that moved, the past is misspecified, in mean and in variance; to learn it from the
   panel's own years (Hsiao, Pesaran & Tahmiscioglu 2002, *Journal of Econometrics* 109:107–150)
   thirty-one provinces are few;
2. years moved all provinces alike: whatever they added up to is λ;
3. ρ, the slopes and σ_r were those of the panel's years.

`models.bayesian.dynamic` leaves the initial condition free: its province effects depend on y_i1
with a free slope. Here the two lines fix that slope, and y_i1 by itself identifies ρ: the wider
provinces spread, the nearer to 1. It is the mean stationarity behind the level moments of system
GMM, and stationarity of the variance besides. Where the data call for ρ above 1 the model can only
come near to it. That is its purpose: to show how far ρ depends on the initial condition.

Prior of ρ: that of `models.bayesian.dynamic`, cut off where there is no stationary distribution.

NUTS samples a_i standardised by its conditional posterior given y_i1 and the province's rows
(`models.bayesian.noncentering.ConditionalEffects`).

Log likelihood and predictive draws of a row are one step ahead, as in `models.bayesian.dynamic`;
the first outcomes have none.
"""

from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.tensor import TensorVariable

from models.bayesian import dynamic, hierarchical
from models.bayesian.dynamic import Array, Dynamic
from models.bayesian.effects import Effects, normal_rows, observe, report_effects, standard_mean
from models.bayesian.interface import Rows, Variables
from models.bayesian.noncentering import ConditionalEffects, with_offsets
from models.bayesian.within_between import By, WithinBetween
from models.design import Design
from models.priors import REGULARISED, Prior, Priors

PRIORS: Priors = REGULARISED.with_reason(
    "tau_province_std",
    "Steady states cannot lie much wider apart than outcomes do; zero, levels wholly explained by "
    "the regressors, stays possible.",
    meaning="standard deviation of the provinces' steady states, about their line",
).and_of(
    dynamic.PRIORS["tau_between_std"],
    Prior(
        "rho",
        "Correlation",
        dynamic.PRIORS["slope_std"].scale,
        "autoregressive coefficient, of the lagged outcome",
        "As in the dynamic model, cut off at −1 and 1, the bounds of stationarity: all but level "
        "between, so that nothing but the assumption keeps ρ below 1.",
    ),
    Prior(
        "first_level",
        "Normal",
        1.0,
        "first outcome of the average province",
        "Of an outcome that grows the first year lies below the mean of all, of one that falls "
        "above; hardly by more than two standard deviations, most of which lie between provinces.",
        unit="outcome",
    ),
)

MEANINGS = dynamic.MEANINGS | {
    "province_unit": "effect of each province, standard normal given all else",
    "y_first": "the first outcomes, in the outcome's units",
}


class Stationary(Dynamic):
    """A dynamic regression in which ρ has a prior apart from that of the slopes."""

    @property
    def coords(self) -> dict[str, tuple]:
        """Coordinates of a PyMC model of this regression."""
        return {**super().coords, "coefficient": self.without_lag.coefficients}

    @property
    def without_lag(self) -> WithinBetween:
        """The regression on the regressors other than the lag, of the same rows."""
        rows, static = self.design, ~self.of_lag
        shared = {field.name: getattr(self, field.name) for field in fields(WithinBetween)}
        return WithinBetween(
            **shared
            | {
                "design": replace(rows, x=rows.x[:, :-1], terms=rows.terms[:-1]),
                "regressors": self.regressors[:-1],
                "term_of_regressor": self.term_of_regressor[static],
                "term_scale": self.term_scale[:-1],
                **{
                    name: getattr(self, name)[:, static]
                    for name in ("within", "province_part", "year_part")
                },
            }
        )

    @property
    def first_standard(self) -> Array:
        """The first outcomes in the outcome's units, shape (N,)."""
        return (self.first[:, 0] - self.centre) / self.scale

    @property
    def first_within(self) -> Array:
        """The other regressors' first values less their province parts, shape (N, b − 1)."""
        static = ~self.of_lag
        deviation = self.first[:, 1:] - self.province_part[:, static]
        return deviation / self.term_scale[self.term_of_regressor[static]]

    @property
    def rho_unit(self) -> Array:
        """What ρ is times, for a slope of standardised variables, shape (1,).

        An array since it differs by data set (`analysis.posterior.compiled`).
        """
        return self.term_scale[-1:] / self.scale


def split(design: Design, varying: tuple[str, ...] = (), sigma: By = "common") -> Stationary:
    """Standardise the regression and split its regressors; as `models.bayesian.dynamic.split`."""
    parts = dynamic.split(design, varying, sigma)
    return Stationary(**{field.name: getattr(parts, field.name) for field in fields(parts)})


class Start(NamedTuple):
    """The stationary initial condition; tensors or arrays of draws, shapes (…, N).

    Attributes
    ----------
    mean, sd
        Of the first outcome.
    centre, spread
        Of the province effect, given the first outcome.
    """

    mean: Any
    sd: Any
    centre: Any
    spread: Any


def start(parts: Stationary, free: dict, slope: Any, sigma: Any) -> Start:
    """Return the distribution of first outcomes, and of province effects given them.

    Parameters
    ----------
    parts : Stationary
    free : dict
        Free variables, shapes (…, *dims).
    slope : (…, b − 1)
        Of the regressors other than the lag.
    sigma : (…, regions)
    """
    rho, tau = free["rho"][..., 0, None], free["tau_province_std"][..., 0, None]
    between = free["tau_between_std"][..., 0, None] * free["between_offset"]
    level = between @ parts.between.T
    moved = slope @ parts.first_within.T
    moved = (moved - moved.mean(axis=-1)[..., None]) / (1 - rho)
    mean = free["first_level"][..., 0, None] + level + moved
    of_errors = sigma[..., parts.design.region_of_province] ** 2 / (1 - rho**2)
    variance = tau**2 + of_errors
    level = level + tau**2 / variance * (parts.first_standard - mean)
    return Start(
        mean=mean,
        sd=variance**0.5,
        centre=free["const_std"][..., 0, None] + (1 - rho) * level,
        spread=(1 - rho) * tau * (of_errors / variance) ** 0.5,
    )


def conditional(parts: Stationary, free: dict) -> tuple[Start, ConditionalEffects, Effects]:
    """Return the conditional distribution of province effects, and the other effects."""
    common_effects = hierarchical.but_of_provinces(parts.without_lag, free)
    rho = parts.rho_unit * free["rho"]
    slope = _joined([common_effects.slope, rho])
    common_effects = common_effects._replace(slope=slope)
    begun = start(parts, free, slope[..., :-1], common_effects.sigma)
    residual = parts.y - standard_mean(parts, common_effects)
    return (
        begun,
        ConditionalEffects(parts, residual, common_effects.sigma, begun.centre, begun.spread),
        common_effects,
    )


def _joined(vectors: list[Any]) -> Any:
    return (pt if isinstance(vectors[-1], TensorVariable) else np).concatenate(vectors, axis=-1)


def build(parts: Stationary, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; arguments as `models.bayesian.hierarchical.build` takes them."""
    base = parts.without_lag
    with pm.Model(coords=parts.coords) as model:
        free = hierarchical.variables(base, priors, line=None, partly_centred=True)
        free |= {
            "rho": priors["rho"].variable(dims="one"),
            "first_level": priors["first_level"].variable(dims="one"),
            "tau_between_std": priors["tau_between_std"].variable(dims="one"),
            "between_offset": pm.Normal("between_offset", dims="between"),
        }
        begun, known, common_effects = conditional(parts, free)
        pm.Normal("y_first", begun.mean, begun.sd, observed=parts.first_standard, dims="province")
        observe(
            parts, common_effects._replace(province=known.effect(known.variable("province_unit")))
        )
    return model


def effects(parts: Stationary, free: dict) -> Effects:
    """Form the effects of draws of the free variables, the lag's slope the last."""
    _, known, common_effects = conditional(parts, free)
    return common_effects._replace(province=known.effect(free["province_unit"]))


def report(parts: Stationary, free: dict) -> Variables:
    """Translate draws of the free variables, shapes (…, *dims), to the paper's scale."""
    rho = parts.rho_unit * free["rho"]
    every = {"slope_std": np.concatenate([free["slope_std"], rho], axis=-1)}
    # As elsewhere, of the effects.
    every["tau_province_std"] = (1 - free["rho"]) * free["tau_province_std"]
    scales = with_offsets(parts, free) | every
    return report_effects(parts, effects(parts, free), scales)


def rows(parts: Stationary, free: dict, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of each row."""
    return normal_rows(parts, effects(parts, free), rng)


# --- new data -----------------------------------------------------------------------------------


def generate(parts: Stationary, free: dict[str, Any], rng: np.random.Generator) -> Stationary:
    """Draw stationary first outcomes, then outcomes year after year; as `dynamic.generate`."""
    begun, known, common_effects = conditional(parts, free)
    first_outcome = begun.mean + begun.sd * rng.standard_normal(len(begun.mean))
    new = starting_at(parts, first_outcome)
    effect = restart(begun, conditional(new, free)[0], known.effect(free["province_unit"]))
    region = parts.design.region
    noise = common_effects.sigma[region] * rng.standard_normal(len(region))
    return dynamic.follow(new, common_effects._replace(province=effect), noise)


def starting_at(parts: Stationary, first: Array) -> Stationary:
    """Return the regression with other first outcomes, standardised, shape (N,)."""
    outcome = parts.centre + parts.scale * first
    return replace(parts, first=np.column_stack([outcome, parts.first[:, 1:]]))


def restart(begun: Start, renewed: Start, effect: Array) -> Array:
    """Return province effects under other first outcomes, at the same standardised distance."""
    return renewed.centre + (effect - begun.centre) * (renewed.spread / begun.spread)


def restated(parts: Stationary, target: Stationary, free: dict[str, Any]) -> dict[str, Any]:
    """Translate a draw from one data set's coordinates to another's."""
    begun, known, _ = conditional(parts, free)
    start_of_target, known_of_target, _ = conditional(target, free)
    effect = restart(begun, start_of_target, known.effect(free["province_unit"]))
    return free | {"province_unit": known_of_target.unit(effect)}
