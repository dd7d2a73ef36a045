"""The steps of `models.bayesian.growth_gibbs`, compiled: one chain of one data set.

Numbers of a province enter through its products with each piece of R⁻¹, as in
`models.bayesian.growth_kernel`; with u = (−coefficients, 1) they become quadratic forms of its
residuals, t and z: six numbers a province, given φ, of which everything but σ_i, τ and ω is made.
"""

import numpy as np
from numba import njit

from models.bayesian.growth_gibbs_normal import (
    FARTHEST,
    FLAGS,
    JUMP,
    TRIES,
    add_province,
    factorise,
    log_prior,
    move_slope_scales,
)

PHI, TAU, OMEGA, SPREAD, SIGMA = range(5)
"""Positions of a region's artanh φ and log scales."""

FORMS = 6
"""rr, rt, rz, tt, tz, zz: of residuals, t and z with P σ²."""

FARTHEST_SIGMA = 12.0
"""Of log σ_i: double precision holds no more."""


@njit(**FLAGS)
def log_sech2(x):
    """Return log(1 − tanh² x)."""
    return 2 * (np.log(2.0) - np.abs(x) - np.log1p(np.exp(-2 * np.abs(x))))


@njit(**FLAGS)
def pieces_of(x, gaps, piece, level):
    """Set the weights of the pieces of R⁻¹ and of the level, given artanh φ."""
    phi = np.tanh(x)
    piece[0], level[0] = np.exp(log_sech2(x)), 1.0
    for g in range(len(gaps)):
        power = phi ** gaps[g]
        total = 0.0
        for j in range(gaps[g]):
            total += phi ** (2 * j)
        piece[1 + 3 * g], piece[2 + 3 * g] = 1 / total, -power / total
        piece[3 + 3 * g] = power * power / total
        level[1 + 2 * g], level[2 + 2 * g] = 1 / (1 + power), -power / (1 + power)


@njit(**FLAGS)
def level_total(x, gaps, counts):
    """Return S of a province and half of Σ log c − log S."""
    phi, total, log_c = np.tanh(x), 1.0, 0.0
    for g in range(len(gaps)):
        power = phi ** gaps[g]
        total += counts[g] * (1 - power) / (1 + power)
        c = 0.0
        for j in range(gaps[g]):
            c += phi ** (2 * j)
        log_c -= counts[g] * np.log(c)
    return total, (log_c - np.log(total)) / 2


@njit(**FLAGS)
def forms_of(piece, level, total, of_pieces, of_level, forms):
    """Set a province's forms from its products, (FORMS, pieces) and (3, level pieces)."""
    share = piece[0] / total
    along = np.zeros(3)
    for a in range(3):
        for m in range(len(level)):
            along[a] += level[m] * of_level[a, m]
    at = 0
    for a in range(3):
        for b in range(a, 3):
            value = 0.0
            for j in range(len(piece)):
                value += piece[j] * of_pieces[at, j]
            forms[at] = value - share * along[a] * along[b]
            at += 1


@njit(**FLAGS)
def log_likelihood(forms, contrasts, log_sigma, tau, omega):
    """Return a province's log likelihood but for what depends on φ alone."""
    v = np.exp(-2 * log_sigma)
    a, b = 1 + tau * tau * forms[3] * v, tau * omega * forms[4] * v
    d = 1 + omega * omega * forms[5] * v
    first, second = tau * forms[1] * v, omega * forms[2] * v
    det = a * d - b * b
    taken = (d * first * first - 2 * b * first * second + a * second * second) / det
    return -contrasts * log_sigma - (np.log(det) + forms[0] * v - taken) / 2


@njit(**FLAGS)
def _of_region(x, log_sigma, members, path, gaps, counts, of_pieces, of_level, out):
    """Return a region's log likelihood at x, with its provinces' forms in `out`."""
    piece, level = np.empty(1 + 3 * len(gaps)), np.empty(1 + 2 * len(gaps))
    pieces_of(x[PHI], gaps, piece, level)
    found = 0.0
    for i in members:
        total, half_log = level_total(x[PHI], gaps, counts[i])
        forms_of(piece, level, total, of_pieces[i], of_level[i], out[i])
        tau = np.exp(x[TAU] + (log_sigma[i] - x[SIGMA] if path else 0.0))
        contrasts = counts[i].sum()
        found += half_log + log_likelihood(out[i], contrasts, log_sigma[i], tau, np.exp(x[OMEGA]))
    return found


@njit(**FLAGS)
def _log_prior(x, prior):
    family, spread, centre = prior
    found = log_sech2(x[PHI])
    for k in range(4):
        found += log_prior(x[1 + k], family[k], spread[k], centre[k])
    return found


@njit(**FLAGS)
def _spread_of(log_sigma, members, x):
    """Return the log density of log σ_i about their region's."""
    found = 0.0
    for i in members:
        found -= ((log_sigma[i] - x[SIGMA]) * np.exp(-x[SPREAD])) ** 2 / 2 + x[SPREAD]
    return found


@njit(**FLAGS)
def move_region(x, log_sigma, members, path, prior, root, data, forms, rng):
    """Move a region's φ and scales, and its provinces' σ, given the coefficients in common.

    `x` (5) and `log_sigma` (N) change in place. `prior` is (family, spread, centre) of the four
    scales; `root` a factor of the proposals' covariance; `data` gaps, counts and products.
    """
    gaps, counts, of_pieces, of_level = data
    other = np.empty_like(forms)
    moved = log_sigma.copy()
    now = _of_region(x, log_sigma, members, path, gaps, counts, of_pieces, of_level, forms)
    for step in range(2 * TRIES):
        length = (JUMP if step % 4 == 3 else 1.0) / np.sqrt(5.0)
        offsets_held = step % 2 == 1
        noise = np.empty(5)
        for a in range(5):
            noise[a] = rng.standard_normal()
        new = x + 2.4 * length * (root @ noise)
        if not offsets_held:  # σ_i held: of the region's own, only φ and two scales move
            new[SPREAD], new[SIGMA] = x[SPREAD], x[SIGMA]
        if np.abs(new).max() > FARTHEST:
            continue
        farthest = 0.0
        for i in members:
            moved[i] = log_sigma[i]
            if offsets_held:
                unit = (log_sigma[i] - x[SIGMA]) * np.exp(new[SPREAD] - x[SPREAD])
                moved[i] = new[SIGMA] + unit
                farthest = max(farthest, np.abs(moved[i]))
        if farthest > FARTHEST_SIGMA:
            continue
        then = _of_region(new, moved, members, path, gaps, counts, of_pieces, of_level, other)
        gain = then - now + _log_prior(new, prior) - _log_prior(x, prior)
        if np.log(rng.random()) < gain:
            now = then
            x[:] = new
            for i in members:
                log_sigma[i] = moved[i]
                forms[i] = other[i]
    for _ in range(TRIES):  # σ_i held, and τ σ_i / σ_r
        new = x.copy()
        few = np.sqrt(len(members))
        new[SIGMA] += 2.4 / few * np.exp(x[SPREAD]) * rng.standard_normal()
        new[SPREAD] += 1.5 / few * rng.standard_normal()
        if path:
            new[TAU] += new[SIGMA] - x[SIGMA]
        # The step in σ is in units of the spread: its density there and back.
        ratio = np.exp(x[SPREAD] - new[SPREAD])
        step = (new[SIGMA] - x[SIGMA]) * few / (2.4 * np.exp(x[SPREAD]))
        back = np.log(ratio) + step * step / 2 * (1 - ratio * ratio)
        gain = _spread_of(log_sigma, members, new) - _spread_of(log_sigma, members, x) + back
        gain += _log_prior(new, prior) - _log_prior(x, prior)
        if np.abs(new).max() < FARTHEST and np.log(rng.random()) < gain:
            x[:] = new
    omega = np.exp(x[OMEGA])
    for i in members:
        contrasts = counts[i].sum()
        width = 2.4 / np.sqrt(np.exp(-2 * x[SPREAD]) + 2 * contrasts)
        ratio = x[TAU] - x[SIGMA] if path else x[TAU]
        tau = np.exp(ratio + (log_sigma[i] if path else 0.0))
        now = log_likelihood(forms[i], contrasts, log_sigma[i], tau, omega)
        now -= ((log_sigma[i] - x[SIGMA]) * np.exp(-x[SPREAD])) ** 2 / 2
        for _ in range(TRIES):
            new_sigma = log_sigma[i] + width * rng.standard_normal()
            if np.abs(new_sigma) > FARTHEST_SIGMA:
                continue
            tau = np.exp(ratio + (new_sigma if path else 0.0))
            then = log_likelihood(forms[i], contrasts, new_sigma, tau, omega)
            then -= ((new_sigma - x[SIGMA]) * np.exp(-x[SPREAD])) ** 2 / 2
            if np.log(rng.random()) < then - now:
                now = then
                log_sigma[i] = new_sigma


@njit(**FLAGS)
def run(
    x, log_sigma, log_tau, region, path, prior, tau_prior, sd, repeat, gaps, counts,
    gram, of_level, of_trend, of_slope, of_pieces, of_levels, warm_up, sweeps, rng,
):  # fmt: skip
    """Run a chain; return draws of the scales, σ_i, coefficients, and trends and slopes.

    Columns of the products have offsets last before the outcome. `x` (regions, 5), `log_sigma`
    (N) and `log_tau` (terms) are where it starts; `sd` are the other coefficients' prior sds.
    """
    n, size = gram.shape[0], of_level.shape[2] - 2
    regions, p, start = x.shape[0], size - 1, len(sd)
    kept_x = np.empty((sweeps, regions, 5))
    kept_sigma, kept_tau = np.empty((sweeps, n)), np.empty((sweeps, len(log_tau)))
    kept_coefficient, kept_effect = np.empty((sweeps, p)), np.empty((sweeps, n, 2))
    matrix, rows = np.empty((size, size)), np.empty((n, 3, size + 2))
    factor = np.empty((n, 3))
    forms = np.empty((n, FORMS))
    piece, level = np.empty(1 + 3 * len(gaps)), np.empty(1 + 2 * len(gaps))
    u = np.empty(size)
    packed = np.empty(size * (size + 1) // 2)
    root = np.empty((regions, 5, 5))
    for r in range(regions):
        root[r] = np.diag(np.array([0.3, 0.3, 0.4, 0.3, 0.15]))
    seen = np.empty((warm_up, regions, 5))
    for sweep in range(warm_up + sweeps):
        # Coefficients in common, everything by province integrated out.
        matrix[:] = 0.0
        for i in range(n):
            at = x[region[i]]
            if i == 0 or region[i] != region[i - 1]:
                pieces_of(at[PHI], gaps, piece, level)
            total, _ = level_total(at[PHI], gaps, counts[i])
            tau = np.exp(at[TAU] + (log_sigma[i] - at[SIGMA] if path else 0.0))
            factor[i] = add_province(
                matrix, rows[i], piece, level, total, log_sigma[i], tau, np.exp(at[OMEGA]),
                gram[i], (of_level[i], of_trend[i], of_slope[i]),
            )  # fmt: skip
        for a in range(start):
            matrix[a, a] += sd[a] ** -2
        factorise(matrix, 0, start)
        made = move_slope_scales(matrix, start, log_tau, repeat, tau_prior, 0.7, rng)
        last = p - start
        for a in range(last - 1, -1, -1):
            value = made[last, a] + rng.standard_normal()
            for b in range(a + 1, last):
                value -= made[b, a] * u[start + b]
            u[start + a] = value / made[a, a]  # in units of its scale
        for a in range(last):
            u[start + a] *= np.exp(log_tau[a // repeat])
        for a in range(start - 1, -1, -1):
            value = matrix[p, a] + rng.standard_normal()
            for b in range(a + 1, p):
                value -= matrix[b, a] * u[b]
            u[a] = value / matrix[a, a]
        # Trends and slopes of provinces, whose rows are whitened.
        if sweep >= warm_up:
            for i in range(n):
                first, cross, second = factor[i]
                left, other = rows[i, 1, p], rows[i, 2, p]
                for c in range(p):
                    left -= rows[i, 1, c] * u[c]
                    other -= rows[i, 2, c] * u[c]
                other = (other + rng.standard_normal()) / second
                left = (left + rng.standard_normal() - cross * other) / first
                kept_effect[sweep - warm_up, i, 0] = left
                kept_effect[sweep - warm_up, i, 1] = other
            kept_coefficient[sweep - warm_up] = u[:p]
            kept_x[sweep - warm_up], kept_sigma[sweep - warm_up] = x, log_sigma
            kept_tau[sweep - warm_up] = log_tau
        # Quadratic forms of what is left.
        at = 0
        for a in range(size):
            of_a = 1.0 if a == p else -u[a]
            for b in range(a + 1):
                of_b = 1.0 if b == p else -u[b]
                packed[at] = of_a * of_b * (1.0 if a == b else 2.0)
                at += 1
        for i in range(n):
            for j in range(len(piece)):
                value = 0.0
                for k in range(len(packed)):
                    value += packed[k] * gram[i, j, k]
                of_pieces[i, 0, j] = value
                value, other = of_trend[i, j, p], of_slope[i, j, p]
                for c in range(p):
                    value -= of_trend[i, j, c] * u[c]
                    other -= of_slope[i, j, c] * u[c]
                of_pieces[i, 1, j], of_pieces[i, 2, j] = value, other
            for m in range(len(level)):
                value = of_level[i, m, p]
                for c in range(p):
                    value -= of_level[i, m, c] * u[c]
                of_levels[i, 0, m] = value
        data = (gaps, counts, of_pieces, of_levels)
        for r in range(regions):
            members = np.flatnonzero(region == r)
            move_region(x[r], log_sigma, members, path, prior, root[r], data, forms, rng)
        if sweep < warm_up:
            seen[sweep] = x
            done = sweep + 1
            if done >= 100 and done % 100 == 0:
                for r in range(regions):
                    half = seen[done // 2 : done, r]
                    middle = np.zeros(5)
                    for a in range(5):
                        middle[a] = half[:, a].mean()
                    apart = half - middle
                    around = apart.T @ apart / len(half) + 1e-3 * np.eye(5)
                    root[r] = np.linalg.cholesky(around)
    return kept_x, kept_sigma, kept_tau, kept_coefficient, kept_effect
