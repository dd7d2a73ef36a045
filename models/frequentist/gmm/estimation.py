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
from scipy.linalg.lapack import dtrtrs

from models.frequentist.gmm.arrays import Arrays
from models.frequentist.gmm.matrix import cluster_sums, flat, times

UNIDENTIFIED = 1e-7
"""Coefficients are unidentified if unit columns of Z'X have a singular value below this."""


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
        data = xp.concat([block.x, block.y[None]])
        zd, x = block.z.cross(data), flat(block.x)
        of_block = Moments(zd[:, :-1], zd[:, -1], block.z.gram(root), x @ x.T)
        total = (
            of_block
            if total is None
            else Moments(*(a + b for a, b in zip(total, of_block, strict=True)))
        )
    return total


class Whitener:
    """W with W'W = S⁻¹, from Cholesky's decomposition of S scaled to a unit diagonal.

    Parameters
    ----------
    s : array, shape (j, j)
        Positive definite, which is not checked here.
    """

    def __init__(self, s: Any) -> None:
        xp = s.__array_namespace__()
        self._scale = (1 / xp.sqrt(xp.linalg.diagonal(s)))[:, None]
        self._root = xp.linalg.cholesky(s * self._scale * self._scale[:, 0])

    def whiten(self, values: Any) -> Any:
        """Return W v, shape (j, m)."""
        return _substitute(self._root, self._scale * values, lower=True)

    def weight(self, whitened: Any) -> Any:
        """Return W'v, shape (j, m): S⁻¹u of v = W u."""
        return self._scale * _substitute(self._root, whitened, lower=False)


def _substitute(root: Any, values: Any, lower: bool) -> Any:
    """Solve L b = v, or L'b = v, L being a lower triangular `root`."""
    xp = root.__array_namespace__()
    if xp is np:  # the array standard cannot say that a matrix is triangular
        return dtrtrs(root.T, values, lower=0, trans=int(lower))[0]
    return xp.linalg.solve(root if lower else root.T, values)


def step(zx: Any, zy: Any, s: Any) -> Step:
    """Minimise (Z'e)'S⁻¹(Z'e), by least squares on whitened moments.

    Parameters
    ----------
    zx, zy : array, shape (j, k) and (j,)
    s : array, shape (j, j)
        Positive definite, which is not checked here.
    """
    xp = zy.__array_namespace__()
    whitener = Whitener(s)
    whitened = whitener.whiten(xp.concat([zx, zy[:, None]], axis=1))
    wx, wy = whitened[:, :-1], whitened[:, -1]
    # Least squares on whitened moments: X'ZAZ'X would square the condition number.
    q, r = xp.linalg.qr(wx)
    r_inverse = xp.linalg.inv(r)
    coef = r_inverse @ (q.T @ wy)
    residual = wy - wx @ coef
    weighted = whitener.weight(xp.concat([q, residual[:, None]], axis=1))
    return Step(
        coef=coef,
        covariance=r_inverse @ r_inverse.T,
        projection=r_inverse @ weighted[:, :-1].T,
        gap=zy - zx @ coef,
        weighted_gap=weighted[:, -1],
    )


def identifies(zx: NDArray[np.float64]) -> bool:
    """Whether the moments identify the coefficients.

    Parameters
    ----------
    zx : ndarray, shape (j, k)
        Z'X in units in which the moments have one variance, or R of its QR decomposition.
    """
    length = np.linalg.norm(zx, axis=0)
    if not length.all():
        return False
    return bool(np.linalg.matrix_rank(zx / length, tol=UNIDENTIFIED) == zx.shape[1])


def residuals(block: Arrays, coef: Any) -> Any:
    """Return y − Xb, shape (R, N); zero in rows that are not used."""
    return block.y - times(coef, block.x)


def squared_residuals(blocks: Iterable[Arrays], coef: Any, counted: NDArray[np.bool_]) -> Any:
    """Return the sum of squared residuals of the counted rows, shape ()."""
    total = 0.0
    for block in blocks:
        xp = block.y.__array_namespace__()
        counted_residuals = residuals(block, coef) * xp.asarray(counted.astype(float))[:, None]
        total = total + xp.sum(counted_residuals**2)
    return total


def moment_covariance(blocks: Iterable[Arrays], coef: Any, n_clusters: int | None = None) -> Any:
    """Return Σ_c Z_c'e_c e_c'Z_c, shape (j, j), c being groups, or clusters where given."""
    scores, total = 0.0, 0.0
    for block in blocks:
        e = residuals(block, coef)
        if n_clusters is None:
            by_group = block.z.by_group(e)
            total = total + by_group @ by_group.T
        else:
            scores = scores + block.z.by_cluster(e, block.clusters, n_clusters)
    return total if n_clusters is None else scores @ scores.T


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
    total, scores, reaches = 0.0, 0.0, 0.0
    for block in blocks:
        xp = block.y.__array_namespace__()
        e = residuals(block, first.coef)
        azx = block.z.weighted(second.weighted_gap) * block.x
        if n_clusters is None:
            by_group = block.z.by_group(e)
            weight = second.weighted_gap @ by_group
            total = total + by_group @ xp.sum(azx, axis=1).T + block.z.cross(block.x * weight)
        else:
            scores = scores + block.z.by_cluster(e, block.clusters, n_clusters)
            reaches = reaches + cluster_sums(azx, block.clusters, n_clusters)
    if n_clusters is not None:
        weights = second.weighted_gap @ scores
        total = scores @ reaches.T
        for block in blocks:
            weight = np.where(block.clusters >= 0, weights[block.clusters], 0.0)
            total = total + block.z.cross(block.x * weight)
    d = cluster_factor * (second.projection @ total)
    corrected = second.covariance + d @ first_covariance @ d.T
    crossed = d @ second.covariance
    return corrected + crossed + crossed.T


def robust_covariance(estimated: Step, s: Any) -> Any:
    """Return the sandwich P S P', P the step's projection and S of the moments."""
    return estimated.projection @ s @ estimated.projection.T
