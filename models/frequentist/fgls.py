"""Two-way fixed effects with rows weighted by their region's residual variance.

Feasible generalised least squares under groupwise heteroskedasticity (Greene, *Econometric
Analysis*, 7th edition, section 9.7.2): least squares first, then rows weighted by 1/σ_r², σ_r²
the mean squared residual of region r. `models.bayesian.hierarchical` with σ by region is the
corresponding Bayesian model.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.frequentist.twfe import slope_parts


def residual_sd(
    y: Any,
    x: Any,
    province: NDArray[np.int64],
    year: NDArray[np.int64],
    region: NDArray[np.int64],
) -> Any:
    """Return the root mean square residual of two-way fixed effects in each region, shape (R,).

    Parameters
    ----------
    y, x, province, year
        As in `models.frequentist.twfe.fit_arrays`, differentiable.
    region : ndarray of int, shape (n,)
        Codes 0 … R−1, each code present.
    """
    xp = y.__array_namespace__()
    in_region = np.eye(region.max() + 1)[region]
    shares = xp.asarray((in_region / in_region.sum(axis=0)).T)
    return xp.sqrt(shares @ slope_parts(y, x, province, year).residual ** 2)


def slopes(
    y: Any,
    x: Any,
    province: NDArray[np.int64],
    year: NDArray[np.int64],
    region: NDArray[np.int64],
) -> Any:
    """Return the weighted slopes, shape (k,); arguments as `residual_sd`."""
    xp = y.__array_namespace__()
    root_weight = 1 / residual_sd(y, x, province, year, region)[region]
    dummies = np.concatenate(
        [np.eye(province.max() + 1)[province], np.eye(year.max() + 1)[year][:, 1:]], axis=1
    )
    # Dummies first, so that the slopes are what is left at the end of the triangle.
    q, r = xp.linalg.qr(xp.concat([xp.asarray(dummies), x], axis=1) * root_weight[:, None])
    k = x.shape[1]
    return xp.linalg.solve(r[-k:, -k:], q[:, -k:].T @ (root_weight * y))
