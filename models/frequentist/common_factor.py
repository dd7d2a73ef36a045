"""The common-factor restriction, under which a dynamic equation is static with AR(1) errors.

The static model y_it = x_it'b + a_i + d_t + e_it with e_it = φ e_i,t−1 + u_it is

    y_it = ρ y_i,t−1 + x_it'b + x_i,t−1'θ + a_i' + d_t' + u_it,  ρ = φ,  θ = −ρ b

so that of all dynamic equations with last year's regressors it is the one with θ + ρ b = 0 (Hendry
& Mizon 1978, *Economic Journal* 88:549–563). Least squares within provinces and years estimates ρ
too low (Nickell 1981, *Econometrica* 49:1417–1426). The restriction hardly minds: where it holds,
what is left of ρ y_i,t−1 moves with x_i,t−1 by b, so that θ and −ρ b are off by the same.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from data.shared.errors import UserError
from models.design import LAG, Design
from models.frequentist import horizons
from models.frequentist.twfe import refuse_collinear, slope_parts

Array = NDArray[np.float64]


class CommonFactor(NamedTuple):
    """θ + ρ b of each regressor.

    Attributes
    ----------
    rho : float
    slope, lagged : ndarray, shape (k,)
        b and θ.
    excess, se : ndarray, shape (k,)
        θ + ρ b, with its standard error by the delta method, clustered by province.
    df : int
        Provinces less one.
    wald, p : float
        Test of all k at once: F with k and `df` degrees of freedom.
    """

    rho: float
    slope: Array
    lagged: Array
    excess: Array
    se: Array
    df: int
    wald: float
    p: float


def common_factor(design: Design, *, lines: bool = False) -> CommonFactor:
    """Estimate θ + ρ b of every regressor.

    Parameters
    ----------
    design : Design
        Static: all years, k terms, no lag among them.
    lines : bool
        With a linear trend of every province.

    Raises
    ------
    UserError
        If too few rows have a predecessor, provinces are too few for clustered errors, or a
        regressor's value of the year before is a combination of the regressors, as that of x is
        where its lag is one.
    """
    before = horizons.years_before(design, 1)
    rows = before >= 0
    k = len(design.terms)
    if rows.sum() <= len(design.provinces) + len(design.years) + 2 * k:
        raise UserError("Too few rows have a year before: choose a column with more years.")
    previous = before[rows]
    x = np.column_stack([design.y[previous], design.x[rows], design.x[previous]])
    province, year = (
        np.unique(codes[rows], return_inverse=True)[1] for codes in (design.province, design.year)
    )
    if lines:
        trends = np.eye(province.max() + 1)[province] * (year - year.mean())[:, None]
        x = np.column_stack([x, trends[:, 1:]])  # the trend of all is in the years
    terms = (LAG, *design.terms, *(f"{term} a year before" for term in design.terms))
    refuse_collinear(
        replace(design, x=x[:, : len(terms)], terms=terms, province=province, year=year)
    )
    parts = slope_parts(design.y[rows], x, province, year)
    scores = parts.influence * parts.residual[:, None]
    fitted = horizons._clustered(parts.slopes, scores, province, x.shape[1] + year.max())
    rho, slope, lagged = fitted.slope[0], fitted.slope[1 : 1 + k], fitted.slope[1 + k : 1 + 2 * k]
    # Delta method: the derivatives of θ + ρ b by ρ, b and θ.
    jacobian = np.column_stack([slope, rho * np.eye(k), np.eye(k)])
    covariance = jacobian @ fitted.covariance[: 1 + 2 * k, : 1 + 2 * k] @ jacobian.T
    excess = lagged + rho * slope
    wald = float(excess @ np.linalg.solve(covariance, excess)) / k
    return CommonFactor(
        float(rho),
        slope,
        lagged,
        excess,
        np.sqrt(np.diag(covariance)),
        fitted.df,
        wald,
        float(fdtrc(k, fitted.df, wald)),
    )
