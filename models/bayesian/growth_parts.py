"""The arrays and the mean of `models.bayesian.growth`, of tensors or of draws alike."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert, null_space

from data.shared.errors import UserError
from models.bayesian import hierarchical
from models.bayesian.autoregressive import predecessors
from models.bayesian.interface import Variables
from models.bayesian.within_between import WithinBetween, principal_axes, standardise
from models.design import Design

Array = NDArray[np.float64]

Lines = Literal["random", "fixed", "none"]
Slopes = Literal["province", "region"]
Errors = Literal["ar1", "independent"]
Scales = Literal["region", "province", "path"]

PROVINCES_A_TREND = 2
"""Provinces that each coefficient of the trends' regression must have, else h_i is cut."""

FREE_TREND_SD = 5.0
"""Prior standard deviation of each province's trend where `lines` is "fixed"."""


@dataclass(frozen=True)
class Growth:
    """A standardised regression, with what its provinces' trends depend on.

    Attributes
    ----------
    base : WithinBetween
        Scales, labels and switches; its `within` is not used.
    trends : ndarray, shape (N, K)
        h_i: trends of the regressors, less their region's mean, in units of `trend_scale`.
    trend_scale : ndarray, shape (K,)
        In standard deviations of the term for each unit of t.
    axes : tuple of str
        Labels of h_i: the terms, or the first one and "others" where provinces are few.
    lines, slopes, errors, scales : str
        The switches of `models.bayesian.growth`.
    """

    base: WithinBetween
    trends: Array
    trend_scale: Array
    axes: tuple[str, ...]
    lines: Lines = "random"
    slopes: Slopes = "province"
    errors: Errors = "ar1"
    scales: Scales = "region"

    @property
    def design(self) -> Design:
        """The column's regression on the paper's scale."""
        return self.base.design

    @property
    def scale(self) -> float:
        """Standard deviation of the outcome."""
        return self.base.scale

    @property
    def y(self) -> Array:
        """Standardised outcome, shape (n,)."""
        return self.base.y

    @property
    def x(self) -> Array:
        """Regressors in units of their standard deviation, less their mean, shape (n, k)."""
        return (self.design.x - self.design.x.mean(axis=0)) / self.base.term_scale

    @property
    def time(self) -> Array:
        """Time t of each row, shape (n,)."""
        return time(self.design)

    @property
    def region_trends(self) -> Array:
        """Orthonormal columns of m_r that sum to zero over rows, shape (regions, regions − 1)."""
        return null_space(np.bincount(self.design.region, minlength=self.n_regions)[None] / 1.0)

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.design.regions)

    @property
    def varying_positions(self) -> list[int]:
        """Positions of the terms whose slopes vary by region."""
        return [self.design.terms.index(term) for term in self.base.varying]

    @property
    def coords(self) -> dict[str, tuple]:
        """Labels of every dim."""
        return self.base.coords | {"trend_axis": self.axes}

    @property
    def observed(self) -> Variables:
        """The outcome."""
        return self.base.observed

    def keep(self, rows: NDArray[np.bool_]) -> "Growth":
        """Return some of the rows, as `WithinBetween.keep`."""
        return replace(self, base=self.base.keep(rows))

    def with_outcome(self, y: Array) -> "Growth":
        """Return the same with another outcome on the paper's scale, shape (n,)."""
        return replace(self, base=replace(self.base, design=self.design.with_outcome(y)))


def split(
    design: Design,
    varying: tuple[str, ...] = (),
    sigma: hierarchical.By = "region",
    *,
    lines: Lines = "random",
    slopes: Slopes = "province",
    errors: Errors = "ar1",
    scales: Scales = "region",
) -> Growth:
    """Standardise the regression and find the regressors' trends.

    Parameters
    ----------
    design : Design
    varying : tuple of str
        Terms of interest whose slopes vary by region; none in one-region samples, whose first
        term still has slopes by province.
    sigma : "region"
        Correlations of errors and centres of their scales are by region; there is no other choice.
    lines, slopes, errors, scales
        The switches of `models.bayesian.growth`.

    Raises
    ------
    UserError
        As `hierarchical.split`, if most regions hold one province, or if no province has the three
        years that its growth takes.
    """
    single_region = len(design.regions) == 1
    refuse_lone(design)
    if lines != "none":
        refuse_two_years(design)
    base = hierarchical.split(design, varying, "common" if single_region else sigma)
    trends = _trends(design, design.x / base.term_scale)
    axes = design.terms
    if len(design.provinces) < PROVINCES_A_TREND * (len(axes) + len(design.regions)):
        first_axis = principal_axes(trends[:, 1:])[:, :1]
        trends, axes = np.column_stack([trends[:, 0], first_axis]), (axes[0], "others")
    scale = trends.std(axis=0)
    return Growth(base, standardise(trends), scale, axes, lines, slopes, errors, scales)


def refuse_lone(design: Design) -> None:
    """Raise UserError if most regions hold one province.

    Of one province's slope b_i ~ N(b_r, ω_r²) and b_r ~ N(β, τ²), the data know τ² + ω_r² at most,
    of its growth nothing but g_i, and h_i is zero. Two scales a region are the prior's alone, and
    in four dimensions a region no proposal fits and NUTS takes hours.
    """
    lone = np.flatnonzero(np.bincount(design.region_of_province) == 1)
    if 2 * len(lone) > len(design.regions) > 1:
        shown = ", ".join(design.regions[at] for at in lone[:3]) + ", …" * (len(lone) > 3)
        raise UserError(
            f"{len(lone)} of {len(design.regions)} regions hold one unit each ({shown}), and the "
            "models of growth learn how units differ within a region: name wider regions, leave "
            "regions out of a study, or choose the model hierarchical."
        )


def refuse_two_years(design: Design) -> None:
    """Raise UserError if no province has three years.

    In two its regressor's trend h_i is its change, and κ and b_i are told apart by the prior alone.
    """
    if np.bincount(design.province).max() < 3:
        raise UserError(
            "Growth by unit takes three years of some unit, and none has more than two here: "
            f"choose the model {'hierarchical' if len(design.regions) > 1 else 'ar1_region'}."
        )


def time(design: Design) -> Array:
    """Return t of each row, shape (n,): −1 in the first year, 1 in the last."""
    years = np.array(design.years, float)
    return (2 * (years - years[0]) / (years[-1] - years[0]) - 1)[design.year]


def _trends(design: Design, x: Array) -> Array:
    """Return least-squares trends of regressors by province, less their region's mean, (N, k)."""
    t, slopes = time(design), np.zeros((len(design.provinces), x.shape[1]))
    for province in range(len(design.provinces)):
        rows = design.province == province
        since = t[rows] - t[rows].mean()
        slopes[province] = since @ x[rows] / max(since @ since, 1e-12)
    in_region = np.eye(len(design.regions))[design.region_of_province]
    return slopes - in_region @ ((in_region.T @ slopes) / in_region.sum(axis=0)[:, None])


def province_slopes(parts: Growth, free: dict) -> Any:
    """Return b_i, shape (…, N); tensors or arrays of draws."""
    region = parts.design.region_of_province
    slope = free["slope_std"][..., 0, None] + np.zeros(len(region))
    if parts.base.varying:
        slope = slope + deviations(free, 0)[..., region]
    if parts.slopes == "province":
        slope = slope + free["tau_slope_province_std"][..., region] * free["slope_province_offset"]
    return slope


def growth(parts: Growth, free: dict) -> Any:
    """Return g_i, shape (…, N), or 0 where provinces have none."""
    region = parts.design.region_of_province
    if parts.lines == "none":
        return np.zeros(len(region))
    if parts.lines == "fixed":
        return FREE_TREND_SD * free["trend_offset"]
    line = free["between_trend"] @ parts.trends.T
    if parts.n_regions > 1:
        line = line + (free["trend_region"] @ parts.region_trends.T)[..., region]
    deviation = free["tau_trend_std"][..., region] * free["trend_offset"]
    return line + (deviation * own_scales(parts, free) if parts.scales == "path" else deviation)


def own_scales(parts: Growth, free: dict) -> Any:
    """Return σ_i / σ_r, shape (…, N)."""
    region = parts.design.region_of_province
    if parts.scales == "region":
        return np.ones(len(region))
    return np.e ** (free["tau_sigma"][..., region] * free["sigma_offset"])


def error_scales(parts: Growth, free: dict) -> Any:
    """Return σ_i, shape (…, N)."""
    by_region = free["sigma_std"][..., parts.design.region_of_province]
    return by_region * own_scales(parts, free)


def standard_mean(parts: Growth, free: dict) -> Any:
    """Return the mean of each row less its province effect, (…, n); tensors or arrays of draws."""
    design, x = parts.design, parts.x
    mean = free["slope_std"][..., 1:] @ x[:, 1:].T
    for v, position in enumerate(parts.varying_positions):
        if position:
            mean = mean + x[:, position] * deviations(free, v)[..., design.region]
    mean = mean + x[:, 0] * province_slopes(parts, free)[..., design.province]
    mean = mean + free["year_contrast"] @ year_columns(parts).T
    return mean + parts.time * growth(parts, free)[..., design.province]


def year_columns(parts: Growth) -> Array:
    """Return orthonormal contrasts of years, row by row, shape (n, T − 1)."""
    return helmert(len(parts.design.years)).T[parts.design.year]


def deviations(free: dict, v: int) -> Any:
    """Return b_r − β of a term, shape (…, regions)."""
    return free["tau_slope_std"][..., v, None] * free["slope_offset"][..., v, :]


def given_before(parts: Growth, mean: Any, sigma: Any, phi: Any, cumsum: Any) -> tuple[Any, Any]:
    """Return mean and sd of each row given its province's rows before (`models.bayesian.growth`).

    `mean` (…, n) is without province effects, of which the answer does not depend on; a first
    row is given its own value and density 1. `sigma` is by province, `phi` by region.
    """
    first_row = _first_rows(parts)
    before, years = predecessors(parts.base)
    later = years > 0
    phi, sigma = phi[..., parts.design.region], sigma[..., parts.design.province]
    power = phi ** np.maximum(years, 1)
    ratio = (1 - power) / (1 + power) * later
    error = parts.y - mean
    level = (error - power * error[..., before]) / (1 + power) * later
    # Sums over a province's rows so far are differences of sums over all rows so far.
    ratios, levels = cumsum(ratio, axis=-1), cumsum(level, axis=-1)
    total = 1 + ratios[..., before] - ratios[..., first_row]
    weighted = error[..., first_row] + levels[..., before] - levels[..., first_row]
    conditional_mean = mean + power * error[..., before] + (1 - power) * weighted / total
    spread = sum((phi ** (2 * j)) * (years > j) for j in range(years.max()))  # (1−φ^2k)/(1−φ²)
    sd = sigma * ((spread + ~later) * (1 + ratio / total)) ** 0.5
    unit_density = (2 * np.pi) ** -0.5
    return conditional_mean * later + parts.y * ~later, sd * later + unit_density * ~later


def _first_rows(parts: Growth) -> NDArray[np.int64]:
    """Return the position of the first row of each row's province, shape (n,)."""
    _, first_row = np.unique(parts.design.province, return_index=True)
    return first_row[np.unique(parts.design.province, return_inverse=True)[1]]


def draw_errors(parts: Growth, sigma: Array, phi: Array, rng: np.random.Generator) -> Array:
    """Draw series of errors, shape (…, n), given σ (…, N) and φ (…, regions)."""
    before, years = predecessors(parts.base)
    sigma, phi = sigma[..., parts.design.province], phi[..., parts.design.region]
    power = phi**years * (years > 0)
    start = np.maximum(1 - phi**2, 1e-12)  # a start's variance is a level's and drops out
    error = sigma * np.sqrt((1 - power**2) / start) * rng.standard_normal(sigma.shape)
    for row in np.flatnonzero(years):
        error[..., row] += power[..., row] * error[..., before[row]]
    return error
