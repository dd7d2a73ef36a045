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
    """

    rho: float
    slope: Array
    steady: Array
    sigma: Array
    spread: float
    interest: Array
    reach: float


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
    return Truth(
        rho=rho,
        slope=slope,
        steady=steady,
        sigma=sigma[design.region_of_province],
        spread=float(design.y.reshape(shape).mean(axis=1).std()),
        interest=design.x[:, 0].reshape(shape),
        reach=float(within.std()),
    )


def outcome(cell: Cell, process: Truth, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw one data set's outcome and regressor of interest, shapes (N, T)."""
    rho, (n, t) = process.rho, process.steady.shape
    runs = RUNS if cell.besides == "runs" else 0.0
    feedback = FEEDBACK * process.reach if cell.besides == "feedback" else 0.0

    effect = rng.standard_normal(n)
    if cell.besides == "related":
        means = process.interest.mean(axis=1)
        means = (means - means.mean()) / means.std()
        effect = RELATED * means + np.sqrt(1 - RELATED**2) * effect
    effect *= (1 - min(rho, NEAR_ONE)) * process.spread

    error = rng.standard_normal(n)  # in standard deviations
    before = effect + process.steady[:, 0]
    now = before / (1 - rho) if cell.start == "stationary" else np.zeros(n)
    for _ in range(YEARS_BEFORE.get(cell.start, 0)):
        error = runs * error + np.sqrt(1 - runs**2) * rng.standard_normal(n)
        now = rho * now + before + process.sigma * error
    if cell.start == "far":
        now = process.spread * rng.standard_normal(n)

    y, x = np.empty((n, t)), process.interest.copy()
    y[:, 0], fed = now, np.zeros(n)
    for year in range(1, t):
        fed = FADES * fed + feedback * error
        x[:, year] += fed
        error = runs * error + np.sqrt(1 - runs**2) * rng.standard_normal(n)
        steady = effect + process.steady[:, year] + process.slope[0] * fed
        y[:, year] = rho * y[:, year - 1] + steady + process.sigma * error
    return y, x
