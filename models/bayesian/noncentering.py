"""Partly centred parameterisations of effects, for NUTS in all variables.

`models.bayesian.hierarchical` has region slopes and year effects in units of their scales, for
models whose effects are integrated out. For NUTS in all variables this is a bad choice where the
data identify an effect sharply. Centred effects are a bad choice where they do not, since then τ
may be near zero (Papaspiliopoulos, Roberts & Sköld 2007, *Statistical Science* 22:59–73). Here an
effect that is N(0, τ²) is

    e = τ/q u,  u ~ N(0, q²),  q² = 1 + τ²/h²

in units of τ while that is small beside h and of h after. It is the same model whatever h is;
`RESOLUTION`, or of slopes `slope_resolution`, is about the standard error of an effect.

Only identified directions are treated so. Of the R offsets of a term's region slopes these are the
R − 1 contrasts; their mean, the distance of the common mean from the average of the regions, stays
in units of τ. Of year effects, as regressors
have nearly as many principal axes Q as there are years, it is the sum of Mundlak line and offset:
the line's slopes ζ ~ N(0, s²) are integrated out. On the axis of a column of length l,

    Qζ + N(0, τ_year²) ~ N(0, s² l² + τ_year²)

and what no column spans is N(0, τ_year²).

Effects of provinces, where they are sampled, are standardised by their conditional posteriors
(`ConditionalEffects`). Let an effect have the prior N(m, s²), and let S be the sum of the residuals
of these n rows from all other parts of the mean, with error σ. Given all else, the effect is then
N(m*, s²/q²) with

    q² = 1 + s² n/σ²,  m* = (m + s² S/σ²) / q²

What moves is v = (effect − m*) q/s, whose prior is therefore N((m − m*) q/s, q²), and whose
posterior given all else is N(0, 1), be s small beside σ/√n, where effects themselves are a bad
choice, or large, where their offsets from m are (Papaspiliopoulos et al.). The model is the same.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert, null_space

from models.bayesian.within_between import RESOLUTION, WithinBetween
from models.priors import Priors

MEANINGS = {
    "slope_contrast": "contrasts of region slopes, where their spread is large in units of 0.05",
    "slope_mean_offset": "mean of the regions' slope_offset, that is average less common mean",
    "year_contrast": "year effects on the principal axes of their Mundlak line, and beside them",
}


def slope_variables(parts: WithinBetween, tau: Any) -> dict:
    """Add the offsets of pooled slopes to the PyMC model in context, given their scales."""
    import pymc as pm

    sizes = len(parts.pooled), len(parts.design.regions)
    contrast = pm.Normal(
        "slope_contrast",
        0,
        _ratio(tau, parts.slope_resolution)[..., None] * np.ones((sizes[0], sizes[1] - 1)),
        dims=("pooled", "region_contrast"),
    )
    mean = pm.Normal("slope_mean_offset", 0, sizes[1] ** -0.5, dims="pooled")
    return {"slope_contrast": contrast, "slope_mean_offset": mean}


def with_offsets(parts: WithinBetween, free: dict) -> dict:
    """Return variables or draws with `slope_offset`, as `models.bayesian.hierarchical` has it."""
    if "slope_contrast" not in free:
        return free
    ratio = _ratio(free["tau_slope_std"], parts.slope_resolution)
    unit = free["slope_contrast"] / ratio[..., None]
    offset = unit @ helmert(len(parts.design.regions)) + free["slope_mean_offset"][..., None]
    return free | {"slope_offset": offset}


def year_variables(parts: WithinBetween, priors: Priors, tau: Any) -> dict:
    """Add common year effects to the PyMC model in context, given their scale, shape (1,)."""
    import pymc as pm

    _, lengths = year_axes(parts)
    spanned, reach = lengths > 0, priors["between_year"].scale * lengths
    tau = tau[..., 0, None]
    sd = spanned * (reach**2 + tau**2) ** 0.5 / RESOLUTION + ~spanned * _ratio(tau)
    return {"year_contrast": pm.Normal("year_contrast", 0, sd, dims="contrast")}


def year_effects(parts: WithinBetween, free: dict) -> Any:
    """Form year effects, shape (…, T), of tensors or draws."""
    axes, lengths = year_axes(parts)
    tau = free["tau_year_std"][..., 0, None]
    unit = (lengths > 0) * RESOLUTION + (lengths == 0) * (tau / _ratio(tau))
    return (free["year_contrast"] * unit) @ axes.T


def year_axes(parts: WithinBetween) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return axes on which year effects, their Mundlak slopes integrated out, are independent.

    Returns
    -------
    axes : ndarray, shape (T, T − 1)
        Orthonormal, and orthogonal to the constant: effects sum to zero.
    lengths : ndarray, shape (T − 1,)
        Of the column of Q that spans an axis, zero if none does.
    """
    q = parts.year_axes
    lengths = np.linalg.norm(q, axis=0)
    complement = null_space(np.column_stack([np.ones(len(q)), q / lengths]).T)
    return np.hstack([q / lengths, complement]), np.append(lengths, np.zeros(complement.shape[1]))


class ConditionalEffects:
    """Province effects given all else; tensors or arrays of draws, (…, N).

    Parameters
    ----------
    parts : WithinBetween
    residual : (…, n)
        Residual of the equation's outcome from the mean's other parts.
    sigma : (…, regions)
        Standard deviation of its error.
    centre, spread : (…, N)
        m and s.

    Attributes
    ----------
    line : (…, N)
        m.
    """

    def __init__(
        self, parts: WithinBetween, residual: Any, sigma: Any, centre: Any, spread: Any
    ) -> None:
        self.line = centre
        of_province = sigma[..., parts.design.region_of_province]
        number = np.bincount(parts.design.province, minlength=len(parts.design.provinces))
        pull = spread / of_province
        # q: by how much the province's rows narrow the prior of its effect.
        self.stretch = (1 + pull**2 * number) ** 0.5
        residual_sum = residual @ parts.in_province  # S
        self.centre = (centre + pull**2 * residual_sum) / self.stretch**2
        self.spread = spread / self.stretch
        self.prior_centre = pull * (number * centre - residual_sum) / of_province / self.stretch

    def variable(self, name: str) -> Any:
        """Add v to the PyMC model in context."""
        import pymc as pm

        return pm.Normal(name, self.prior_centre, self.stretch, dims="province")

    def effect(self, unit: Any) -> Any:
        """Return the effects of v."""
        return self.centre + self.spread * unit

    def unit(self, effect: Any) -> Any:
        """Return v of the effects."""
        return (effect - self.centre) / self.spread


def _ratio(tau: Any, h: Any = RESOLUTION) -> Any:
    return (1 + (tau / h) ** 2) ** 0.5
