"""The normal steps of `models.bayesian.growth_gibbs`, compiled: coefficients in common.

Columns stand with offsets last, before the outcome, so that the precision of all others can be
factorised first; what is left says what the data say of the offsets, whatever their scale.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.priors import HALF_T_DF, Prior

Array = NDArray[np.float64]

FLAGS = {"fastmath": {"contract"}, "cache": True, "error_model": "numpy", "boundscheck": False}

FARTHEST = 30.0
"""Logarithm of a scale beyond which no step goes."""

TRIES, JUMP = 3, 3.0
"""Metropolis steps of each kind in a sweep, and how much longer some are: scales near zero have
long tails in their logarithms."""


LOG_NORMAL, HALF_NORMAL, HALF_T = range(3)

FAMILIES = {"LogNormal": LOG_NORMAL, "HalfNormal": HALF_NORMAL, "HalfStudentT": HALF_T}
"""Priors of scales, as `log_prior` knows them."""


def families(priors: Sequence[Prior]) -> tuple[NDArray[np.int64], Array, Array]:
    """Return the family of each scale's prior, its spread and its centre's logarithm."""
    family = np.array([FAMILIES[prior.distribution] for prior in priors], dtype=np.int64)
    spread = np.array([prior.scale for prior in priors], dtype=float)
    return family, spread, np.array([np.log(prior.centre or 1.0) for prior in priors], dtype=float)


@njit(**FLAGS)
def log_prior(x, family, spread, centre):
    """Return the log prior of a log scale with its Jacobian, but for a constant."""
    if family == HALF_NORMAL:
        return x - (np.exp(x) / spread) ** 2 / 2
    if family == HALF_T:
        return x - (HALF_T_DF + 1) / 2 * np.log1p((np.exp(x) / spread) ** 2 / HALF_T_DF)
    return -(((x - centre) / spread) ** 2) / 2


@njit(**FLAGS)
def add_province(matrix, rows, piece, level, total, log_sigma, tau, omega, gram, of_rows):
    """Add a province's precision of all columns, its level, trend and slope eliminated.

    `matrix` (C, C) is filled below the diagonal; `rows` (3, C + 2) is left with what the two
    effects' draws need; returns the factor of their precision.
    """
    of_level, of_trend, of_slope = of_rows
    size = matrix.shape[0]
    v = np.exp(-2 * log_sigma)
    rows[:] = 0.0
    for m in range(len(level)):
        for c in range(size + 2):
            rows[0, c] += level[m] * of_level[m, c]
    for j in range(len(piece)):
        for c in range(size + 2):
            rows[1, c] += piece[j] * of_trend[j, c]
            rows[2, c] += piece[j] * of_slope[j, c]
    share = piece[0] / total
    along_t, along_z = share * rows[0, size], share * rows[0, size + 1]
    for c in range(size + 2):
        rows[1, c] = tau * v * (rows[1, c] - along_t * rows[0, c])
        rows[2, c] = omega * v * (rows[2, c] - along_z * rows[0, c])
        rows[0, c] *= np.sqrt(share * v)
    first = np.sqrt(1 + tau * rows[1, size])
    cross = omega * rows[1, size + 1] / first
    second = np.sqrt(1 + omega * rows[2, size + 1] - cross * cross)
    for c in range(size):
        rows[1, c] /= first
        rows[2, c] = (rows[2, c] - cross * rows[1, c]) / second
    at = 0
    for a in range(size):
        for b in range(a + 1):
            value = -rows[0, a] * rows[0, b] - rows[1, a] * rows[1, b] - rows[2, a] * rows[2, b]
            matrix[a, b] += value
        for j in range(len(piece)):
            weight = v * piece[j]
            for b in range(a + 1):
                matrix[a, b] += weight * gram[j, at + b]
        at += a + 1
    return first, cross, second


@njit(**FLAGS)
def factorise(matrix, start, stop):
    """Replace columns start … stop−1 by the Cholesky factor's, the rest by what is left of it."""
    size = matrix.shape[0]
    for k in range(start, stop):
        pivot = np.sqrt(matrix[k, k])
        matrix[k, k] = pivot
        for a in range(k + 1, size):
            matrix[a, k] /= pivot
        for a in range(k + 1, size):
            for b in range(k + 1, a + 1):
                matrix[a, b] -= matrix[a, k] * matrix[b, k]


@njit(**FLAGS)
def _scaled_end(matrix, start, scale):
    """Return I + DKD and Dh of the last columns, K and h being what is left; the factor of it."""
    size = matrix.shape[0] - start
    made = np.zeros((size, size))
    for a in range(size):
        of_a = scale[a] if a < size - 1 else 1.0
        for b in range(a + 1):
            of_b = scale[b] if b < size - 1 else 1.0
            made[a, b] = of_a * of_b * matrix[start + a, start + b]
        if a < size - 1:
            made[a, a] += 1.0
    factorise(made, 0, size - 1)
    return made


@njit(**FLAGS)
def _end_density(made):
    found = 0.0
    last = made.shape[0] - 1
    for a in range(last):
        found += made[last, a] ** 2 / 2 - np.log(made[a, a])
    return found


@njit(**FLAGS)
def move_slope_scales(matrix, start, log_tau, repeat, prior, width, rng):
    """Move the scales of offsets with all coefficients integrated out; return the end's factor."""
    family, spread, centre = prior
    scale = np.exp(np.repeat(log_tau, repeat))
    made = _scaled_end(matrix, start, scale)
    now = _end_density(made)
    for at in range(len(log_tau)):
        now += log_prior(log_tau[at], family[at], spread[at], centre[at])
    for step in range(2 * TRIES * (len(log_tau) > 0)):
        new = log_tau.copy()
        for at in range(len(new)):
            new[at] += width * (JUMP if step % 3 == 2 else 1.0) * rng.standard_normal()
        if np.abs(new).max() > FARTHEST:
            continue
        other = _scaled_end(matrix, start, np.exp(np.repeat(new, repeat)))
        then = _end_density(other)
        for at in range(len(new)):
            then += log_prior(new[at], family[at], spread[at], centre[at])
        if np.log(rng.random()) < then - now:
            now = then
            log_tau[:] = new
            made = other
    return made
