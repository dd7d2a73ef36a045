"""Two-way decomposition of a variable into province part, year part and residual."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.shared.errors import UserError

COLLINEAR = 1e-6
"""A variable counts as fully explained when less than this share of its centred length is left.

Data of single precision or nine digits carry rounding of up to 6e-8 of a value, which is more of
its spread; the flattest regressor in use keeps 0.03. A regressor that the dummies and the
regressors before it explain is collinear; an outcome that the dummies alone or all regressors
explain leaves nothing to test.
"""

SINGLE = 2.0**-23
"""Spacing of single-precision numbers, relative to their size."""


def two_way_parts(
    x: Any, province: NDArray[np.int64], year: NDArray[np.int64]
) -> tuple[Any, Any, Any]:
    """Project variables on province and year dummies, in closed form.

    Least squares of `x` on both sets of dummies, the provinces swept out first, so that one
    T × T system remains (Baltagi, *Econometric Analysis of Panel Data*, section 9.4). In a
    balanced panel the parts are x̄_i, x̄_t − x̄ and x_it − x̄_i − x̄_t + x̄.

    Parameters
    ----------
    x : array, shape (n, k)
        Of numpy or any array namespace with `eye` and `linalg.solve`; differentiable in `x`.
    province, year : ndarray of int, shape (n,)
        Codes 0 … N−1 and 0 … T−1, each code present.

    Returns
    -------
    province_part : array, shape (N, k)
    year_part : array, shape (T, k)
        Sums to zero over years.
    residual : array, shape (n, k)
        Orthogonal to all dummies.

    Raises
    ------
    UserError
        If the panel falls apart into blocks that share no year.
    """
    xp = x.__array_namespace__()
    in_province = np.eye(province.max() + 1)[province]
    in_year = np.eye(year.max() + 1)[year]
    province_part, year_part = parts_of_sums(
        in_province.T @ in_year, xp.asarray(in_province.T) @ x, xp.asarray(in_year.T) @ x
    )
    return province_part, year_part, x - province_part[province] - year_part[year]


def resolution(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the length below which what is left of a variable is taken for rounding.

    `COLLINEAR` of the centred length; or, where values lie so far from zero that this is less
    than single precision resolves, the spacing of such numbers.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, k)

    Returns
    -------
    ndarray, shape () or (k,)
    """
    spread = COLLINEAR * np.linalg.norm(values - values.mean(axis=0), axis=0)
    return np.maximum(spread, SINGLE * np.linalg.norm(values, axis=0))


def parts_of_sums(
    counts: NDArray[np.float64], province_sums: Any, year_sums: Any
) -> tuple[Any, Any]:
    """Project variables on province and year dummies, given sums by province and by year.

    Parameters
    ----------
    counts : ndarray, shape (N, T)
        Rows of each province in each year.
    province_sums : array, shape (N, k)
    year_sums : array, shape (T, k)

    Returns
    -------
    province_part, year_part : array
        As of `two_way_parts`.

    Raises
    ------
    UserError
        If the panel falls apart into blocks that share no year.
    """
    xp = province_sums.__array_namespace__()
    per_province = counts.sum(axis=1)[:, None]
    # Years net of provinces: a graph Laplacian, singular along constants if connected.
    laplacian = np.diag(counts.sum(axis=0)) - counts.T @ (counts / per_province)
    # Adding ones fixes the free constant (year effects sum to zero): the system is regular.
    system = laplacian + np.ones_like(laplacian)
    if np.linalg.matrix_rank(system) < len(system):
        raise UserError(
            "The panel falls apart into groups of provinces that share no year, so year effects "
            "are not comparable between them: drop one group or add the missing years."
        )
    year_part = xp.linalg.solve(
        xp.asarray(system), year_sums - xp.asarray(counts.T / per_province.T) @ province_sums
    )
    return (province_sums - xp.asarray(counts) @ year_part) / xp.asarray(per_province), year_part
