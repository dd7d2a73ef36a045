"""The marginal density of `models.bayesian.growth_density`, compiled: `LANES` points at once.

With it, moments of linear functions of coefficients and of slopes by province
(`models.bayesian.growth_moments`), from the factor that the density needs anyway: L⁻¹ of their
rows by forward substitution.

The same numbers as `GrowthDensity.log_marginal_reference` and `growth_moments.moments_reference`,
which are plain numpy; tests compare them. Points stand side by side, as in
`models.inference.packed_cholesky`.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.inference.packed_cholesky import FLAGS, LANES, factorise

Array = NDArray[np.float64]


@njit(**FLAGS)
def _add_pieces(matrix, weight, pieces):
    """Add Σ_j weight[j] pieces[j] to packed lower triangles, (triangle, LANES)."""
    for at in range(matrix.shape[0]):
        for piece in range(weight.shape[0]):
            value = pieces[piece, at]
            for lane in range(LANES):
                matrix[at, lane] += weight[piece, lane] * value


@njit(**FLAGS)
def _form(row, weight, pieces):
    """Set a row of products to Σ_j weight[j] pieces[j], (columns, LANES)."""
    for at in range(row.shape[0]):
        for lane in range(LANES):
            row[at, lane] = 0.0
        for piece in range(weight.shape[0]):
            value = pieces[piece, at]
            for lane in range(LANES):
                row[at, lane] += weight[piece, lane] * value


@njit(**FLAGS)
def _take_off(matrix, first, second, third, size):
    """Subtract three outer products from packed lower triangles."""
    at = 0
    for i in range(size):
        for j in range(i + 1):
            for lane in range(LANES):
                matrix[at, lane] -= (
                    first[i, lane] * first[j, lane]
                    + second[i, lane] * second[j, lane]
                    + third[i, lane] * third[j, lane]
                )
            at += 1


@njit(**FLAGS)
def _eliminate(level, trend, slope, share, tau, omega, log_det, work):
    """Turn a province's rows of products into what its effects take off, in place.

    The last two columns of the rows are t and z. `share` is the weight of the level's square,
    `tau` and `omega` the scales of trend and slope; half the log determinant goes to `log_det`.
    """
    columns, lanes = level.shape
    size = columns - 2
    of_t, of_z, root, first, cross, second = work
    for lane in range(lanes):
        root[lane] = np.sqrt(share[lane])
        of_t[lane] = tau[lane] * share[lane] * level[size, lane]
        of_z[lane] = omega[lane] * share[lane] * level[size + 1, lane]
    for at in range(columns):
        for lane in range(lanes):
            trend[at, lane] = tau[lane] * trend[at, lane] - of_t[lane] * level[at, lane]
            slope[at, lane] = omega[lane] * slope[at, lane] - of_z[lane] * level[at, lane]
            level[at, lane] *= root[lane]
    for lane in range(lanes):
        first[lane] = 1 / np.sqrt(1 + tau[lane] * trend[size, lane])
        cross[lane] = omega[lane] * trend[size + 1, lane] * first[lane]
        second[lane] = 1 / np.sqrt(1 + omega[lane] * slope[size + 1, lane] - cross[lane] ** 2)
        log_det[lane] -= np.log(first[lane] * second[lane])
    for at in range(size):
        for lane in range(lanes):
            trend[at, lane] *= first[lane]
            slope[at, lane] = (slope[at, lane] - cross[lane] * trend[at, lane]) * second[lane]


@njit(**FLAGS)
def _add_slopes(rows, variance, of_slopes, omega, second, slope):
    """Add a province's slope, of weight `of_slopes`, to linear functions, in place.

    Given the coefficients c its mean is ω second (y, −columns) of the whitened row, and its
    variance (ω second)².
    """
    for k in range(rows.shape[0]):
        if of_slopes[k] != 0.0:
            for at in range(rows.shape[1]):
                for lane in range(LANES):
                    weight = of_slopes[k] * omega[lane] * second[lane]
                    rows[k, at, lane] -= weight * slope[at, lane]
            for lane in range(LANES):
                variance[k, lane] += (of_slopes[k] * omega[lane] * second[lane]) ** 2


@njit(**FLAGS)
def _moments(rows, variance, mean, matrix, column_scale):
    """Turn linear functions of coefficients into their moments, given Λ's factor, in place."""
    last = rows.shape[1] - 1
    bottom = last * (last + 1) // 2
    for k in range(rows.shape[0]):
        for lane in range(LANES):
            mean[k, lane] = -rows[k, last, lane]
        for i in range(last):
            start = i * (i + 1) // 2
            for lane in range(LANES):
                rows[k, i, lane] *= column_scale[i, lane]
            for j in range(i):
                for lane in range(LANES):
                    rows[k, i, lane] -= matrix[start + j, lane] * rows[k, j, lane]
            for lane in range(LANES):
                rows[k, i, lane] /= matrix[start + i, lane]
                mean[k, lane] += rows[k, i, lane] * matrix[bottom + i, lane]
                variance[k, lane] += rows[k, i, lane] ** 2


@njit(**FLAGS)
def log_marginal(
    column_scale: Array,
    tau: Array,
    omega: Array,
    piece_weight: Array,
    level_weight: Array,
    level_share: Array,
    gram: Array,
    of_level: Array,
    of_trend: Array,
    of_slope: Array,
    region_of_province: NDArray[np.int64],
    pattern_of_province: NDArray[np.int64],
    of_coefficients: Array,
    of_slopes: Array,
) -> tuple[Array, Array, Array]:
    """Return log p(y | scales, φ) but for what depends on σ, φ and patterns alone, shape (N,).

    All of the points' arrays have shape (N / LANES, …, LANES): `column_scale` (columns),
    `tau` and `omega` (regions), `piece_weight` (regions, pieces), `level_weight` (regions, level
    pieces), `level_share` (patterns by region). For the others see `GrowthDensity`.

    Then means and variances, shapes (K, N), of K linear functions: `of_coefficients` (K, columns;
    the outcome's is zero) and `of_slopes` (K, provinces), of slopes' deviations by province.
    """
    blocks, columns = column_scale.shape[0], column_scale.shape[1]
    triangle = columns * (columns + 1) // 2
    functions = of_coefficients.shape[0]
    value = np.empty(blocks * LANES)
    means = np.empty((functions, blocks * LANES))
    variances = np.empty((functions, blocks * LANES))
    rows = np.empty((functions, columns, LANES))
    mean, variance = np.empty((functions, LANES)), np.empty((functions, LANES))
    matrix = np.empty((triangle, LANES))
    level = np.empty((columns + 2, LANES))
    trend, slope = np.empty_like(level), np.empty_like(level)
    log_det = np.empty(LANES)
    work = np.empty((6, LANES))
    for block in range(blocks):
        matrix[:] = 0.0
        log_det[:] = 0.0
        variance[:] = 0.0
        for k in range(functions):
            for at in range(columns):
                rows[k, at] = of_coefficients[k, at]
        for region in range(gram.shape[0]):
            _add_pieces(matrix, piece_weight[block, region], gram[region])
        for province in range(of_level.shape[0]):
            region = region_of_province[province]
            _form(level, level_weight[block, region], of_level[province])
            _form(trend, piece_weight[block, region], of_trend[province])
            _form(slope, piece_weight[block, region], of_slope[province])
            share = level_share[block, pattern_of_province[province]]
            _eliminate(
                level, trend, slope, share, tau[block, region], omega[block, region], log_det, work
            )
            _take_off(matrix, level, trend, slope, columns)
            _add_slopes(
                rows, variance, of_slopes[:, province], omega[block, region], work[5], slope
            )
        at = 0
        for i in range(columns):
            for j in range(i + 1):
                for lane in range(LANES):
                    matrix[at, lane] *= column_scale[block, i, lane] * column_scale[block, j, lane]
                    if i == j and i < columns - 1:
                        matrix[at, lane] += 1.0
                at += 1
        factorise(matrix, columns)
        _moments(rows, variance, mean, matrix, column_scale[block])
        start = block * LANES
        means[:, start : start + LANES] = mean
        variances[:, start : start + LANES] = variance
        for lane in range(LANES):
            last = matrix[triangle - 1, lane]
            total = -log_det[lane] - last * last / 2
            for i in range(columns - 1):
                total -= np.log(matrix[i * (i + 3) // 2, lane])
            value[start + lane] = total
    return value, means, variances


def at_points(
    weights: Sequence[Array],
    product: Sequence[Array],
    of_coefficients: Array,
    of_slopes: Array,
) -> tuple[Array, Array, Array]:
    """Return what `log_marginal` does of any number of points.

    `weights` are its first arguments, shapes (N, …); `product` the others up to the last two. The
    kernel works on `LANES` points at once, so the last of them is repeated.
    """
    points = len(weights[0])
    index = np.minimum(np.arange(-(-points // LANES) * LANES), points - 1)

    def side_by_side(values: Array) -> Array:
        split = values[index].reshape(-1, LANES, values[0].size).transpose(0, 2, 1)
        return np.ascontiguousarray(split).reshape(-1, *values.shape[1:], LANES)

    marginal, mean, variance = log_marginal(
        *map(side_by_side, weights), *product, of_coefficients, of_slopes
    )
    return marginal[:points], mean[:, :points], variance[:, :points]
