"""First-step weighting: what the errors' covariance would be if they were i.i.d."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpstrf


def transformation(transform: str, n_periods: int) -> NDArray[np.float64]:
    """Return M, shape (T, T): M'u are the transformed errors, the first period's being 0."""
    matrix = np.zeros((n_periods, n_periods))
    for column in range(1, n_periods):
        if transform == "difference":
            matrix[column - 1 : column + 1, column] = -1, 1
        else:
            ahead = n_periods - column
            matrix[column - 1, column] = 1
            matrix[column:, column] = -1 / ahead
            matrix[:, column] *= np.sqrt(ahead / (ahead + 1))
    return matrix


def error_covariance(
    h: int, left: NDArray[np.float64], right: NDArray[np.float64], system: bool
) -> NDArray[np.float64]:
    """Return H of xtabond2's `h()` over all periods (Roodman 2009, section 2.3.2).

    Parameters
    ----------
    h : int
        1 takes errors as uncorrelated; 2 knows how the transformation correlates them within
        the transformed equation; 3 also between the equations.
    left, right : ndarray, shape (T, T)
        `transformation` of rows and columns; they differ only in tests.
    system : bool

    Returns
    -------
    ndarray, shape (T, T) or, for a system, (2T, 2T)
        The transformed equation comes first.
    """
    identity = np.eye(len(left))
    if h == 1:
        left = right = identity
    if not system:
        return left.T @ right
    if h == 3:
        return np.hstack([left, identity]).T @ np.hstack([right, identity])
    nothing = np.zeros_like(identity)
    return np.block([[left.T @ right, nothing], [nothing, identity]])


def independent_columns(gram: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Return columns of a positive semidefinite matrix that span it, in ascending order.

    Cholesky's decomposition, at each step with the column of which most is left unexplained; it
    ends when less than `tolerance` of every remaining column's size is.

    Parameters
    ----------
    gram : ndarray, shape (j, j)
    tolerance : float
        Of the squared size, a column's own being 1.
    """
    size = np.sqrt(np.diag(gram))
    alive = np.flatnonzero(size > 0)
    if len(alive) == 0:
        return alive
    scaled = gram[np.ix_(alive, alive)] / np.outer(size[alive], size[alive])
    _, order, rank, _ = dpstrf(scaled, tol=tolerance)
    return alive[np.sort(order[:rank] - 1)]
