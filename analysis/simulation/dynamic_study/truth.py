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
    """What data sets of one root are made of.

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


def truth(whole: Design, rho: float) -> Truth:
    """Take from a panel what its data sets of one root have.

    Parameters
    ----------
    whole : Design
        Balanced, all years, without the lag.
    rho : float
    """
    rows, *_ = dynamic.lagged(whole)
    x, z = rows.x[:, :-1], rows.y - rho * rows.x[:, -1]
    slope = twfe.slope_parts(z, x, rows.province, rows.year).slopes
    _, of_year, _ = two_way_parts((z - x @ slope)[:, None], rows.province, rows.year)
    _, _, within = two_way_parts(whole.x[:, :1], whole.province, whole.year)
    shape = (len(whole.provinces), len(whole.years))
    steady = (whole.x @ slope).reshape(shape)
    steady -= steady.mean()
    steady[:, 1:] += of_year[:, 0]
    sigma = residual_sd(z, x, rows.province, rows.year, rows.region)
    return Truth(
        rho=rho,
        slope=slope,
        steady=steady,
        sigma=sigma[whole.region_of_province],
        spread=float(whole.y.reshape(shape).mean(axis=1).std()),
        interest=whole.x[:, 0].reshape(shape),
        reach=float(within.std()),
    )


def outcome(cell: Cell, made: Truth, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw one data set's outcome and regressor of interest, shapes (N, T)."""
    rho, (n, t) = made.rho, made.steady.shape
    runs = RUNS if cell.besides == "runs" else 0.0
    feedback = FEEDBACK * made.reach if cell.besides == "feedback" else 0.0

    effect = rng.standard_normal(n)
    if cell.besides == "related":
        own = made.interest.mean(axis=1)
        own = (own - own.mean()) / own.std()
        effect = RELATED * own + np.sqrt(1 - RELATED**2) * effect
    effect *= (1 - min(rho, NEAR_ONE)) * made.spread

    error = rng.standard_normal(n)  # in standard deviations
    before = effect + made.steady[:, 0]
    now = before / (1 - rho) if cell.start == "stationary" else np.zeros(n)
    for _ in range(YEARS_BEFORE.get(cell.start, 0)):
        error = runs * error + np.sqrt(1 - runs**2) * rng.standard_normal(n)
        now = rho * now + before + made.sigma * error
    if cell.start == "far":
        now = made.spread * rng.standard_normal(n)

    y, x = np.empty((n, t)), made.interest.copy()
    y[:, 0], fed = now, np.zeros(n)
    for year in range(1, t):
        fed = FADES * fed + feedback * error
        x[:, year] += fed
        error = runs * error + np.sqrt(1 - runs**2) * rng.standard_normal(n)
        steady = effect + made.steady[:, year] + made.slope[0] * fed
        y[:, year] = rho * y[:, year - 1] + steady + made.sigma * error
    return y, x
