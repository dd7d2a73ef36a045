"""Data sets of `growth` with known scales, slopes and growth, and densities to check by."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.bayesian import growth_parts
from models.bayesian.autoregressive import predecessors
from models.bayesian.growth_density import GrowthDensity
from models.bayesian.growth_parts import Growth
from models.priors import Priors

Array = NDArray[np.float64]

SLOPE = {"east": 0.5, "central": 0.2, "west": -0.1}
SIGMA = {"east": 0.3, "central": 0.1, "west": 0.15}
PHI = 0.6
SPREAD_OF_SLOPES, SPREAD_OF_GROWTH = 0.15, 0.4


def outcome(parts: Growth, seed: int, *, kappa: float = 0.0, slope: float | None = None) -> Array:
    """Draw a standardised outcome; slopes are those of the first term, standardised."""
    rng, design = np.random.default_rng(seed), parts.design
    n = len(design.provinces)
    own = np.array([SLOPE[name] if slope is None else slope for name in design.regions])
    slopes = own[design.region_of_province] + SPREAD_OF_SLOPES * rng.standard_normal(n)
    growing = SPREAD_OF_GROWTH * rng.standard_normal(n) + kappa * parts.trends[:, 0]
    sigma = np.array([SIGMA[name] for name in design.regions])
    phi, sigma = np.full(len(sigma), PHI), sigma[design.region_of_province]
    errors = growth_parts.draw_errors(parts, sigma, phi, rng)
    level, year = rng.standard_normal(n), rng.standard_normal(len(design.years))
    return (
        level[design.province]
        + year[design.year]
        + parts.time * growing[design.province]
        + parts.x[:, 0] * slopes[design.province]
        + errors
    )


def covariance(parts: Growth, priors: Priors, drawn: dict[str, Array]) -> Array:
    """Return the covariance of all rows but for province effects, given scales, (n, n)."""
    design, x, t = parts.design, parts.x, parts.time
    region = design.region
    year = np.array(design.years, float)[design.year]
    same = design.province[:, None] == design.province
    phi = drawn.get("phi", np.zeros(parts.n_regions))[region]
    own = growth_parts.own_scales(parts, drawn)[design.province]
    start = (own * drawn["sigma_std"][region]) ** 2 / (1 - phi**2)
    found = same * start[:, None] * phi[:, None] ** np.abs(year[:, None] - year)

    def add(columns: Array, variance: Array | float) -> None:
        nonlocal found
        found = found + (columns * variance) @ columns.T

    if "tau_slope_province_std" in drawn:
        spread = drawn["tau_slope_province_std"][region] ** 2
        found = found + same * spread[:, None] * np.outer(x[:, 0], x[:, 0])
    if parts.lines == "random":
        spread = drawn["tau_trend_std"][region] ** 2 * (own**2 if parts.scales == "path" else 1)
        found = found + same * spread[:, None] * np.outer(t, t)
        add(t[:, None] * parts.trends[design.province], priors["between_trend"].scale ** 2)
        if parts.n_regions > 1:
            add(t[:, None] * parts.region_trends[region], priors["trend_region"].scale ** 2)
    if parts.lines == "fixed":
        found = found + same * growth_parts.FREE_TREND_SD**2 * np.outer(t, t)
    add(x, priors["slope_std"].scale ** 2)
    for at, position in enumerate(parts.varying_positions):
        by_region = x[:, [position]] * np.eye(parts.n_regions)[region]
        add(by_region, drawn["tau_slope_std"][at] ** 2)
    years = np.eye(len(design.years))[design.year] - 1 / len(design.years)
    add(years, priors["year_contrast"].scale ** 2)
    return found


def dense_log_density(density: GrowthDensity, parts: Growth, priors: Priors, point: Array) -> float:
    """Return the log posterior of a point by a normal density of the rows that are there."""
    whole = covariance(parts, priors, density.scale_variables(point))
    before, years = predecessors(parts.base)
    rows = np.flatnonzero(years)
    difference = np.zeros((len(rows), len(years)))
    difference[np.arange(len(rows)), rows] = 1
    difference[np.arange(len(rows)), before[rows]] = -1
    normal = stats.multivariate_normal(cov=difference @ whole @ difference.T)
    return normal.logpdf(difference @ parts.y) + density.log_prior_of_points(point[None])[0]
