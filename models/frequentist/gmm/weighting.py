"""First-step weighting matrix: the errors' covariance if they were i.i.d."""

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


def error_root(h: int, transformed: NDArray[np.float64], system: bool) -> NDArray[np.float64]:
    """Return F of xtabond2's `h()`: F'F is the errors' assumed covariance over all periods.

    Parameters
    ----------
    h : int
        1 takes errors as uncorrelated; 2 adds their correlation by the transformation within
        the transformed equation; 3 also between the equations (Roodman 2009, section 2.3.2).
    transformed : ndarray, shape (T, T)
        `transformation`.
    system : bool

    Returns
    -------
    ndarray, shape (m, T) or, for a system, (m, 2T)
        The transformed equation comes first.
    """
    identity = np.eye(len(transformed))
    first = identity if h == 1 else transformed
    if not system:
        return first
    if h == 3:
        return np.hstack([first, identity])
    zeros = np.zeros_like(identity)
    return np.block([[first, zeros], [zeros, identity]])


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
    alive = np.flatnonzero(np.diag(gram) > 0)
    if len(alive) == 0:
        return alive
    part = submatrix(gram, alive)
    scale = 1 / np.sqrt(np.diag(part))
    # Pivoting keeps the columns of most independent content, whatever their order.
    _, order, rank, _ = dpstrf(part * scale[:, None] * scale, tol=tolerance)
    return alive[np.sort(order[:rank] - 1)]


def submatrix(square: NDArray[np.float64], positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return rows and columns `positions` in ascending order, the matrix itself if they are all."""
    return square if len(positions) == len(square) else square[positions][:, positions]
