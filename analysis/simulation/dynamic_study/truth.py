"""Outcomes of a dynamic panel whose ρ, slopes and residual scales are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.simulation.dynamic_study.cells import (
    FADES,
    FEEDBACK,
    NEAR_ONE,
    RELATED,
    RUNS,
    YEARS_BEFORE,
    Cell,
)
from models.bayesian import dynamic
from models.design import Design
from models.frequentist import twfe
from models.frequentist.fgls import residual_sd
from models.frequentist.two_way import two_way_parts

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Truth:
    """Components of data sets with one ρ.

    Attributes
    ----------
    rho : float
    slope : ndarray, shape (k,)
    steady : ndarray, shape (N, T)
        Regressors by their slopes, about its mean, and year effects.
    sigma : ndarray, shape (N,)
        Residual scale of each province.
    spread : float
        Standard deviation of the panel's province means.
    interest : ndarray, shape (N, T)
        The regressor of interest, the first of the slopes.
    reach : float
        Its within standard deviation.
    growth, about_lines : ndarray, shape (N,)
        Standard deviation of trends of the residuals in each province's region, and the residual
        scale about these trends.
    """

    rho: float
    slope: Array
    steady: Array
    sigma: Array
    spread: float
    interest: Array
    reach: float
    growth: Array
    about_lines: Array


def truth(design: Design, rho: float) -> Truth:
    """Estimate from a panel the components of its data sets with one ρ.

    Parameters
    ----------
    design : Design
        Balanced, all years, without the lag.
    rho : float
    """
    rows, *_ = dynamic.lagged(design)
    x, z = rows.x[:, :-1], rows.y - rho * rows.x[:, -1]
    slope = twfe.slope_parts(z, x, rows.province, rows.year).slopes
    _, of_year, _ = two_way_parts((z - x @ slope)[:, None], rows.province, rows.year)
    _, _, within = two_way_parts(design.x[:, :1], design.province, design.year)
    shape = (len(design.provinces), len(design.years))
    steady = (design.x @ slope).reshape(shape)
    steady -= steady.mean()
    steady[:, 1:] += of_year[:, 0]
    sigma = residual_sd(z, x, rows.province, rows.year, rows.region)
    growth, about_lines = _lines((z - x @ slope)[:, None], rows)
    return Truth(
        rho=rho,
        slope=slope,
        steady=steady,
        sigma=sigma[design.region_of_province],
        spread=float(design.y.reshape(shape).mean(axis=1).std()),
        interest=design.x[:, 0].reshape(shape),
        reach=float(within.std()),
        growth=growth[design.region_of_province],
        about_lines=about_lines[design.region_of_province],
    )


def _lines(residual: Array, rows: Design) -> tuple[Array, Array]:
    """Return by region the spread of residuals' trends, and their scale about these trends."""
    n, t = len(rows.provinces), years_of_growth(len(rows.years))
    _, _, within = two_way_parts(residual, rows.province, rows.year)
    within = within.reshape(n, -1)
    trend = within @ t / (t @ t)
    detrended = within - trend[:, None] * t
    in_region = [rows.region_of_province == region for region in range(len(rows.regions))]
    # Level and trend are taken out of each province's rows.
    freedom = 1 - 2 / len(t)
    return (
        np.array([trend[members].std(ddof=1) for members in in_region]),
        np.array([np.sqrt((detrended[members] ** 2).mean() / freedom) for members in in_region]),
    )


def years_of_growth(years: int) -> Array:
    """Return t of years that have a lag, shape (years,): from −1 to 1."""
    return np.linspace(-1, 1, years)


def outcome(cell: Cell, process: Truth, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw one data set's outcome and regressor of interest, shapes (N, T)."""
    rho, (n, t) = process.rho, process.steady.shape
    autocorrelation = RUNS if cell.besides == "runs" else 0.0
    feedback = FEEDBACK * process.reach if cell.besides == "feedback" else 0.0

    effect = rng.standard_normal(n)
    if cell.besides == "related":
        means = process.interest.mean(axis=1)
        means = (means - means.mean()) / means.std()
        effect = RELATED * means + np.sqrt(1 - RELATED**2) * effect
    effect *= (1 - min(rho, NEAR_ONE)) * process.spread
    trends, sigma = np.zeros((n, t)), process.sigma
    if cell.besides == "lines":
        since = np.append(-1.0, years_of_growth(t - 1))  # before the panel nothing grows
        trends = process.growth[:, None] * rng.standard_normal((n, 1)) * since
        sigma = process.about_lines

    error = rng.standard_normal(n)  # in standard deviations
    intercept = effect + trends[:, 0] + process.steady[:, 0]
    now = intercept / (1 - rho) if cell.start == "stationary" else np.zeros(n)
    for _ in range(YEARS_BEFORE.get(cell.start, 0)):
        error = autocorrelation * error + np.sqrt(1 - autocorrelation**2) * rng.standard_normal(n)
        now = rho * now + intercept + sigma * error
    if cell.start == "far":
        now = process.spread * rng.standard_normal(n)

    y, x = np.empty((n, t)), process.interest.copy()
    y[:, 0], fed = now, np.zeros(n)
    for year in range(1, t):
        fed = FADES * fed + feedback * error
        x[:, year] += fed
        error = autocorrelation * error + np.sqrt(1 - autocorrelation**2) * rng.standard_normal(n)
        steady = effect + trends[:, year] + process.steady[:, year] + process.slope[0] * fed
        y[:, year] = rho * y[:, year - 1] + steady + sigma * error
    return y, x
