"""What `growth_kernel` computes, in plain numpy, with the factors that draws need."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.bayesian.growth_pieces import Layout, Patterns, Products
from models.inference.normal_scores import log_sech2

Array = NDArray[np.float64]


class Weights(NamedTuple):
    """What the products of columns are weighted by at N points.

    Attributes
    ----------
    column_scale : ndarray, shape (N, columns)
        S; 1 for the outcome, which is the last column.
    tau, omega : ndarray, shape (N, regions)
    piece : ndarray, shape (N, regions, 1 + 3 gaps)
        Of F and each gap's A, B, C, over σ².
    level : ndarray, shape (N, regions, 1 + 2 gaps)
        w in first rows, and each gap's rows and those before them.
    share : ndarray, shape (N, patterns)
        (1 − φ²) / (S σ²).
    log_rows : ndarray, shape (N,)
        ½ Σ log|P|₊.
    """

    column_scale: Array
    tau: Array
    omega: Array
    piece: Array
    level: Array
    share: Array
    log_rows: Array


class OfProvinces(NamedTuple):
    """Of each province's trend and slope by province, at N points.

    Attributes
    ----------
    rows : ndarray, shape (N, provinces, 2, columns)
        D'P times the columns.
    factor : ndarray, shape (N, provinces, 2, 2)
        Lower Cholesky factor of M.
    """

    rows: Array
    factor: Array


def weigh(
    log_sigma: Array,
    artanh_phi: Array,
    tau: Array,
    omega: Array,
    column_scale: Array,
    years: tuple[NDArray[np.int64], Patterns],
) -> Weights:
    """Return the weights at N points, given scales and artanh φ by region, shapes (N, regions).

    `years` are the numbers of years between rows, shape (gaps,), and the patterns of these.
    """
    gaps, pattern = years
    phi, sech2 = np.tanh(artanh_phi), np.exp(log_sech2(artanh_phi))
    power = phi[..., None] ** gaps
    c = 1 / sum(phi[..., None] ** (2 * j) * (gaps > j) for j in range(gaps.max(initial=1)))
    pieces = np.stack([c, -c * power, c * power**2], axis=-1).reshape(*phi.shape, -1)
    piece = np.concatenate([sech2[..., None], pieces], axis=-1)
    levels = np.stack([1 / (1 + power), -power / (1 + power)], axis=-1).reshape(*phi.shape, -1)
    of_region = pattern.region
    ratio = ((1 - power) / (1 + power))[:, of_region]
    total = 1 + (ratio * pattern.gaps).sum(axis=-1)  # (N, patterns)
    log_p = (np.log(c[:, of_region]) * pattern.gaps).sum(axis=-1) - np.log(total)
    log_p = log_p - 2 * log_sigma[:, of_region] * pattern.gaps.sum(axis=-1)
    variance = np.exp(2 * log_sigma)
    return Weights(
        column_scale,
        tau,
        omega,
        piece / variance[..., None],
        np.concatenate([np.ones((*phi.shape, 1)), levels], axis=-1),
        (sech2 / variance)[:, of_region] / total,
        (log_p @ pattern.provinces) / 2,
    )


def rescaled(unit: Weights, log_sigma: Array, pattern: Patterns, **scales: Array) -> Weights:
    """Return the weights at N points with the φ of one, given its weights at σ = 1.

    `log_sigma` is by region, shape (N, regions); `scales` are the points' `tau`, `omega` and
    `column_scale`.
    """
    variance, contrasts = np.exp(2 * log_sigma), pattern.gaps.sum(axis=-1) * pattern.provinces
    return unit._replace(
        piece=unit.piece / variance[..., None],
        level=np.repeat(unit.level, len(log_sigma), axis=0),
        share=unit.share / variance[:, pattern.region],
        log_rows=unit.log_rows - log_sigma[:, pattern.region] @ contrasts,
        **scales,
    )


def factors(
    weights: Weights, product: Products, layout: Layout, pattern: Patterns
) -> tuple[Array, OfProvinces]:
    """Return Λ's lower factor with the outcome as last row, and what provinces' effects need.

    Returns
    -------
    factor : ndarray, shape (N, columns, columns)
    province : OfProvinces
    """
    region, columns = layout.region_of_province, weights.column_scale.shape[1]
    packed = np.einsum("nrj,rja->na", weights.piece, product.gram)
    lower = np.tril_indices(columns)
    matrix = np.zeros((len(packed), columns, columns))
    matrix[:, lower[0], lower[1]] = packed
    matrix[:, lower[1], lower[0]] = packed
    level = np.einsum("npm,pmc->npc", weights.level[:, region], product.of_level)
    share = weights.share[:, pattern.of_province]
    rows = np.stack(
        [
            np.einsum("npj,pjc->npc", weights.piece[:, region], of_effect)
            - share[..., None] * along
            for of_effect, along in (
                (product.of_trend, level[..., -2, None] * level),
                (product.of_slope, level[..., -1, None] * level),
            )
        ],
        axis=2,
    )
    scale = np.stack([weights.tau[:, region], weights.omega[:, region]], axis=-1)
    rows = rows * scale[..., None]
    if not scale.any():  # no trends and no slopes by province: their factor is the identity
        eliminated = level[..., :-2] * np.sqrt(share)[..., None]
        inner = np.broadcast_to(np.eye(2), (*scale.shape, 2))
        return _factor(matrix, eliminated, weights.column_scale), OfProvinces(rows[..., :-2], inner)
    inner = np.eye(2) + rows[..., -2:] * scale[:, :, None, :]
    factor = np.linalg.cholesky(inner)
    white = np.linalg.solve(factor, rows[..., :-2])
    eliminated = (level * np.sqrt(share)[..., None])[:, :, None, :-2]
    eliminated = np.concatenate([eliminated, white], axis=2).reshape(len(packed), -1, columns)
    return _factor(matrix, eliminated, weights.column_scale), OfProvinces(rows[..., :-2], factor)


def draw_effects(province: OfProvinces, scaled: Array, rng: np.random.Generator) -> Array:
    """Draw trends and slopes by province given coefficients, shape (N, provinces, 2)."""
    # Provinces are independent given the common columns, so each is drawn by its own factor.
    residual = province.rows[..., -1] - np.einsum("npdc,nc->npd", province.rows[..., :-1], scaled)
    # M⁻¹ residual + L⁻ᵀ noise, M = LL'.
    white = np.linalg.solve(province.factor, residual[..., None])[..., 0]
    white = white + rng.standard_normal(white.shape)
    return np.linalg.solve(province.factor.swapaxes(-1, -2), white[..., None])[..., 0]


def _factor(matrix: Array, eliminated: Array, column_scale: Array) -> Array:
    """Return the lower factor of what is left of products, shape (N, columns, columns)."""
    matrix -= eliminated.transpose(0, 2, 1) @ eliminated
    matrix *= column_scale[:, :, None] * column_scale[:, None, :]
    matrix += np.diag(np.append(np.ones(matrix.shape[1] - 1), 0.0))
    return np.linalg.cholesky(matrix)
