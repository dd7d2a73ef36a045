"""The steps of `models.bayesian.dynamic_growth_gibbs`, compiled: one chain of one data set.

A province's level, growth and slope are B e about their lines, in the basis (1, t, z), with e
standard normal. With S the products of the basis and v = 1/σ²

    B = [τ_level, 0, 0; c τ_trend, √(1 − c²) τ_trend, 0; 0, 0, ω],  M = I + v B'SB = LL'

everything of a province follows from S and the basis' products with what stands beside it.
"""

import numpy as np
from numba import njit

from models.bayesian.growth_gibbs_kernel import log_sech2
from models.bayesian.growth_gibbs_normal import (
    FARTHEST,
    FLAGS,
    JUMP,
    factorise,
    log_prior,
    move_slope_scales,
)

CORRELATION, LEVEL, TREND, SLOPE, SIGMA = range(5)
"""Positions of a region's artanh c and log scales."""

MOVES = 8
"""Metropolis steps of each region's scales in a sweep."""


@njit(**FLAGS)
def effect_scales(x, basis):
    """Set B, shape (3, 3), given a region's artanh c and log scales."""
    basis[:] = 0.0
    trend = np.exp(x[TREND])
    basis[0, 0] = np.exp(x[LEVEL])
    basis[1, 0] = np.tanh(x[CORRELATION]) * trend
    basis[1, 1] = np.exp(log_sech2(x[CORRELATION]) / 2) * trend
    basis[2, 2] = np.exp(x[SLOPE])


@njit(**FLAGS)
def effect_factor(basis, products, v, factor):
    """Set L, shape (3, 3), given B, S and v."""
    for a in range(3):
        for b in range(a + 1):
            value = 1.0 if a == b else 0.0
            for i in range(3):
                for j in range(3):
                    value += v * basis[i, a] * products[i, j] * basis[j, b]
            for k in range(b):
                value -= factor[a, k] * factor[b, k]
            factor[a, b] = np.sqrt(value) if a == b else value / factor[b, b]


@njit(**FLAGS)
def whiten(basis, factor, v, along, white):
    """Set L⁻¹ v B' times the basis' products with one column, shape (3,)."""
    for a in range(3):
        value = 0.0
        for i in range(3):
            value += v * basis[i, a] * along[i]
        for k in range(a):
            value -= factor[a, k] * white[k]
        white[a] = value / factor[a, a]


@njit(**FLAGS)
def region_density(x, members, rows, products, along, square, prior):
    """Return the log density of a region's scales given the residuals of its provinces.

    `rows` (N) are numbers of rows, `products` (N, 3, 3) S, `along` (N, 3) the basis' products with
    the residuals, `square` (N) their squares' sums.
    """
    basis, factor, white = np.empty((3, 3)), np.zeros((3, 3)), np.empty(3)
    effect_scales(x, basis)
    v = np.exp(-2 * x[SIGMA])
    found = log_sech2(x[CORRELATION])
    family, spread, centre = prior
    for k in range(4):
        found += log_prior(x[1 + k], family[k], spread[k], centre[k])
    for i in members:
        effect_factor(basis, products[i], v, factor)
        whiten(basis, factor, v, along[i], white)
        left = v * square[i] - white[0] ** 2 - white[1] ** 2 - white[2] ** 2
        found -= rows[i] * x[SIGMA] + left / 2
        found -= np.log(factor[0, 0] * factor[1, 1] * factor[2, 2])
    return found


@njit(**FLAGS)
def coefficients(x, region, log_tau, repeat, tau_prior, sd, gram, products, of_basis, u, rng):
    """Draw the scales of offsets, then all coefficients; `log_tau` and `u` change in place.

    `gram` (regions, C, C) are products of columns, the outcome last, `of_basis` (N, 3, C) those of
    the basis with them; provinces' effects are integrated out.
    """
    size, start = gram.shape[1], len(sd)
    p = size - 1
    matrix, rows = np.zeros((size, size)), np.empty((3, size))
    basis, factor, white = np.empty((3, 3)), np.zeros((3, 3)), np.empty(3)
    for r in range(gram.shape[0]):
        v = np.exp(-2 * x[r, SIGMA])
        for a in range(size):
            for b in range(a + 1):
                matrix[a, b] += v * gram[r, a, b]
    for i in range(len(region)):
        r = region[i]
        v = np.exp(-2 * x[r, SIGMA])
        effect_scales(x[r], basis)
        effect_factor(basis, products[i], v, factor)
        for c in range(size):
            whiten(basis, factor, v, of_basis[i, :, c], white)
            rows[0, c], rows[1, c], rows[2, c] = white[0], white[1], white[2]
        for a in range(size):
            first, second, third = rows[0, a], rows[1, a], rows[2, a]
            for b in range(a + 1):
                matrix[a, b] -= first * rows[0, b] + second * rows[1, b] + third * rows[2, b]
    for a in range(start):
        matrix[a, a] += sd[a] ** -2
    factorise(matrix, 0, start)
    made = move_slope_scales(matrix, start, log_tau, repeat, tau_prior, 0.5, rng)
    last = p - start
    scale = np.exp(np.repeat(log_tau, repeat))
    for a in range(last - 1, -1, -1):
        value = made[last, a] + rng.standard_normal()
        for b in range(a + 1, last):
            value -= made[b, a] * u[start + b]
        u[start + a] = value / made[a, a]  # in units of its scale
    for a in range(last):
        u[start + a] *= scale[a]
    for a in range(start - 1, -1, -1):
        value = matrix[p, a] + rng.standard_normal()
        for b in range(a + 1, p):
            value -= matrix[b, a] * u[b]
        u[a] = value / matrix[a, a]


@njit(**FLAGS)
def residuals(columns, outcome, weights, province, u, along, square):
    """Set the basis' products with the residuals, (N, 3), and their squares' sums, (N)."""
    along[:], square[:] = 0.0, 0.0
    for row in range(len(outcome)):
        left = outcome[row]
        for c in range(len(u)):
            left -= columns[row, c] * u[c]
        i = province[row]
        square[i] += left * left
        for k in range(3):
            along[i, k] += weights[row, k] * left


@njit(**FLAGS)
def adapt(seen, root):
    """Set each region's factor of proposals from points seen, (steps, regions, 5)."""
    for r in range(seen.shape[1]):
        middle = np.zeros(5)
        for a in range(5):
            middle[a] = seen[:, r, a].mean()
        apart = seen[:, r] - middle
        root[r] = np.linalg.cholesky(apart.T @ apart / len(seen) + 1e-3 * np.eye(5))


@njit(**FLAGS)
def run(
    x, log_tau, region, prior, tau_prior, sd, repeat, rows, gram, products, of_basis,
    columns, outcome, weights, province, warm_up, sweeps, rng,
):  # fmt: skip
    """Run a chain; return draws of scales by region, of the others, of coefficients and effects.

    `x` (regions, 5) and `log_tau` are where it starts.
    """
    n, p = len(region), columns.shape[1]
    regions = x.shape[0]
    kept_x = np.empty((sweeps, regions, 5))
    kept_tau, kept_u = np.empty((sweeps, len(log_tau))), np.empty((sweeps, p))
    kept_effect = np.empty((sweeps, n, 3))
    u, along, square = np.zeros(p), np.empty((n, 3)), np.empty(n)
    basis, factor, white = np.empty((3, 3)), np.zeros((3, 3)), np.empty(3)
    root = np.empty((regions, 5, 5))
    for r in range(regions):
        root[r] = 0.3 * np.eye(5)
    seen = np.empty((warm_up, regions, 5))
    noise = np.empty(5)
    for sweep in range(warm_up + sweeps):
        coefficients(x, region, log_tau, repeat, tau_prior, sd, gram, products, of_basis, u, rng)
        residuals(columns, outcome, weights, province, u, along, square)
        for r in range(regions):
            members = np.flatnonzero(region == r)
            now = region_density(x[r], members, rows, products, along, square, prior)
            for step in range(MOVES):
                length = 2.4 / np.sqrt(5.0) * (JUMP if step % 4 == 3 else 1.0)
                for a in range(5):
                    noise[a] = rng.standard_normal()
                new = x[r] + length * (root[r] @ noise)
                if np.abs(new).max() > FARTHEST:
                    continue
                then = region_density(new, members, rows, products, along, square, prior)
                if np.log(rng.random()) < then - now:
                    now = then
                    x[r] = new
        if sweep < warm_up:
            seen[sweep] = x
            done = sweep + 1
            if done % 100 == 0:
                adapt(seen[done // 2 : done], root)
            continue
        at = sweep - warm_up
        for i in range(n):
            effect_scales(x[region[i]], basis)
            v = np.exp(-2 * x[region[i], SIGMA])
            effect_factor(basis, products[i], v, factor)
            whiten(basis, factor, v, along[i], white)
            for a in range(2, -1, -1):
                value = white[a] + rng.standard_normal()
                for b in range(a + 1, 3):
                    value -= factor[b, a] * kept_effect[at, i, b]
                kept_effect[at, i, a] = value / factor[a, a]
        kept_x[at], kept_tau[at], kept_u[at] = x, log_tau, u
    return kept_x, kept_tau, kept_u, kept_effect
