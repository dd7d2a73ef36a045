"""One- and two-step GMM on arrays.

Functions take the blocks of a panel (any iterable that can be gone through again) and add up
over them. They ask only for the array standard that numpy and jax.numpy share, and, clusters
other than the groups apart, can be differentiated. Notation is that of Roodman (2009, *Stata
Journal* 9(1), section 2): Z instruments, X regressors, A = S⁻¹ a weighting matrix, e residuals.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.gmm.instruments import Arrays


class Moments(NamedTuple):
    """Sums over all rows.

    Attributes
    ----------
    zx : array, shape (j, k)
        Z'X.
    zy : array, shape (j,)
        Z'y.
    s : array, shape (j, j)
        Σ_i Z_i'H Z_i.
    xx : array, shape (k, k)
        X'X.
    """

    zx: Any
    zy: Any
    s: Any
    xx: Any


class Step(NamedTuple):
    """Estimates under one weighting matrix.

    Attributes
    ----------
    coef : array, shape (k,)
    covariance : array, shape (k, k)
        (X'Z A Z'X)⁻¹.
    projection : array, shape (k, j)
        (X'Z A Z'X)⁻¹ X'Z A: coef = projection Z'y.
    gap : array, shape (j,)
        Z'e, what is left of the moments.
    weighted_gap : array, shape (j,)
        A Z'e.
    """

    coef: Any
    covariance: Any
    projection: Any
    gap: Any
    weighted_gap: Any

    @property
    def criterion(self) -> Any:
        """The minimised distance e'Z A Z'e, shape ()."""
        return self.gap @ self.weighted_gap


def moments(blocks: Iterable[Arrays], root: NDArray[np.float64]) -> Moments:
    """Add up the moments; `root` is F of the rows, shape (m, R), with H = F'F."""
    total = None
    for block in blocks:
        xp = block.y.__array_namespace__()
        z, x = _flat(block.z), _flat(block.x)
        fz = _flat(xp.asarray(root) @ block.z)
        own = Moments(z @ x.T, z @ xp.reshape(block.y, (-1,)), fz @ fz.T, x @ x.T)
        total = own if total is None else Moments(*(a + b for a, b in zip(total, own, strict=True)))
    return total


def step(zx: Any, zy: Any, s: Any) -> Step:
    """Minimise (Z'e)'S⁻¹(Z'e), by least squares on whitened moments.

    Parameters
    ----------
    zx, zy : array, shape (j, k) and (j,)
    s : array, shape (j, j)
        Positive definite, which is not checked here.
    """
    xp = zy.__array_namespace__()
    scale = 1 / xp.sqrt(xp.linalg.diagonal(s))
    root = xp.linalg.cholesky(s * scale[:, None] * scale)
    whitener = xp.linalg.inv(root) * scale  # S⁻¹ = whitener' whitener
    wx, wy = whitener @ zx, whitener @ zy
    q, r = xp.linalg.qr(wx)
    r_inverse = xp.linalg.inv(r)
    coef = r_inverse @ (q.T @ wy)
    left = wy - wx @ coef
    return Step(
        coef=coef,
        covariance=r_inverse @ r_inverse.T,
        projection=r_inverse @ (q.T @ whitener),
        gap=zy - zx @ coef,
        weighted_gap=whitener.T @ left,
    )


def residuals(block: Arrays, coef: Any) -> Any:
    """Return y − Xb, shape (R, N); zero in rows that are not used."""
    return block.y - times(coef, block.x)


def squared_residuals(blocks: Iterable[Arrays], coef: Any, counted: NDArray[np.bool_]) -> Any:
    """Return the sum of squared residuals of the counted rows, shape ()."""
    total = 0.0
    for block in blocks:
        xp = block.y.__array_namespace__()
        own = residuals(block, coef) * xp.asarray(counted.astype(float))[:, None]
        total = total + xp.sum(own**2)
    return total


def moment_covariance(blocks: Iterable[Arrays], coef: Any, n_clusters: int | None = None) -> Any:
    """Return Σ_c Z_c'e_c e_c'Z_c, shape (j, j), c being groups, or clusters where given."""
    total, scores = 0.0, None
    for block in blocks:
        ze = block.z * residuals(block, coef)
        if n_clusters is None:
            by_group = _over_rows(ze)
            total = total + by_group @ by_group.T
        else:
            scores = cluster_sums(ze, block.clusters, n_clusters, scores)
    return total if scores is None else scores @ scores.T


def windmeijer(
    blocks: Iterable[Arrays],
    first: Step,
    second: Step,
    first_covariance: Any,
    n_clusters: int | None = None,
    cluster_factor: float = 1.0,
) -> Any:
    """Correct two-step covariance for the estimated weighting matrix.

    V₂ + D V₁ D' + D V₂ + V₂ D', where column j of D is −(X'ZAZ'X)⁻¹X'ZA (∂S/∂β_j) A Z'e₂
    (Windmeijer 2005, *Journal of Econometrics* 126, equation 2.7; Roodman 2009, section 2.4).

    Parameters
    ----------
    first, second : Step
    first_covariance : array, shape (k, k)
        Robust one-step covariance, V₁.
    n_clusters : int, optional
    cluster_factor : float
        What `moment_covariance` was multiplied by.

    Returns
    -------
    array, shape (k, k)
    """
    total, scores, reaches = 0.0, None, None
    for block in blocks:
        ze = block.z * residuals(block, first.coef)
        az = times(second.weighted_gap, block.z)
        azx = az * block.x
        if n_clusters is None:
            by_group, reach = _over_rows(ze), _over_rows(azx)
            weight = second.weighted_gap @ by_group
            total = total + by_group @ reach.T + _flat(block.z) @ _flat(block.x * weight).T
        else:
            scores = cluster_sums(ze, block.clusters, n_clusters, scores)
            reaches = cluster_sums(azx, block.clusters, n_clusters, reaches)
    if scores is not None:
        weights = second.weighted_gap @ scores
        total = scores @ reaches.T
        for block in blocks:
            weight = np.where(block.clusters >= 0, weights[block.clusters], 0.0)
            total = total + _flat(block.z) @ _flat(block.x * weight).T
    d = cluster_factor * (second.projection @ total)
    corrected = second.covariance + d @ first_covariance @ d.T
    crossed = d @ second.covariance
    return corrected + crossed + crossed.T


def robust_covariance(estimated: Step, s: Any) -> Any:
    """Return the sandwich P S P', P the step's projection and S of the moments."""
    return estimated.projection @ s @ estimated.projection.T


def cluster_sums(
    values: NDArray[np.float64],
    clusters: NDArray[np.int64],
    n_clusters: int,
    into: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Add up (m, R, N) values by cluster, shape (m, C), on top of earlier sums."""
    total = np.zeros((n_clusters + 1, len(values))) if into is None else _padded(into)
    np.add.at(total, clusters.ravel(), _flat(values).T)
    return total[:-1].T


def _padded(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the cluster of rows without one (code −1), whose values are zero."""
    return np.vstack([sums.T, np.zeros(len(sums))])


def _flat(values: Any) -> Any:
    """Lay (m, R, N) out as (m, R N)."""
    xp = values.__array_namespace__()
    return xp.reshape(values, (values.shape[0], -1))


def times(weights: Any, values: Any) -> Any:
    """Return Σ_m weights_m values_m, shape (R, N)."""
    xp = values.__array_namespace__()
    return xp.reshape(weights @ _flat(values), values.shape[1:])


def _over_rows(values: Any) -> Any:
    """Sum (m, R, N) over rows, shape (m, N)."""
    return values.__array_namespace__().sum(values, axis=1)
