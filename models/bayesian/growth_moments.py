"""Moments of the slopes of `models.bayesian.growth` given its scales, under which they are normal.

For exact densities at zero (Savage–Dickey). A slope is A c + B ω v, with c the coefficients in
common and v the provinces' deviations; v given c is normal about M⁻¹ D'P (y − X c), so that

    mean = A_c E(c) + B ω M⁻¹ D'P y,  variance = A_c Λ⁻¹ A_c' + B ω M⁻¹ ω B'
    A_c = A − B ω M⁻¹ D'P X

in the notation of `models.bayesian.growth_density`.
"""

import numpy as np
from numpy.typing import NDArray

from models.bayesian.growth_density import GrowthDensity
from models.bayesian.growth_parts import Growth

Array = NDArray[np.float64]


def outputs(parts: Growth, size: int) -> tuple[Array, Array]:
    """Return A and B of the standardised slopes: of each term, then by varying term and region.

    Parameters
    ----------
    parts : Growth
    size : int
        Number of coefficients in common.

    Returns
    -------
    A : ndarray, shape (outputs, size)
    B : ndarray, shape (outputs, N)
        Of the provinces' slopes, zero where they have none.
    """
    design, n, k = parts.design, parts.n_regions, len(parts.design.terms)
    rows = np.bincount(design.province, minlength=len(design.provinces)).astype(float)
    in_region = np.eye(n)[:, design.region_of_province]
    share = in_region @ rows / rows.sum()
    varying = parts.varying_positions
    a = np.zeros((k + n * len(varying), size))
    b = np.zeros((len(a), len(rows)))
    a[:k, :k] = np.eye(k)
    b[0] = rows / rows.sum()
    for v, position in enumerate(varying):
        offsets = k + n * v + np.arange(n)
        a[position, offsets] = share
        a[offsets, position] = 1.0
        a[offsets, offsets] = 1.0
        if position == 0:
            b[offsets] = in_region * rows / (in_region @ rows)[:, None]
    return a, b if parts.slopes == "province" else 0 * b


def moments(
    parts: Growth, density: GrowthDensity, point: Array, *, prior: bool = False
) -> tuple[Array, Array]:
    """Return means and standard deviations of the standardised slopes given points.

    Parameters
    ----------
    parts : Growth
    density : GrowthDensity
        Of the same regression.
    point : ndarray, shape (N, size)
    prior : bool
        Without the data.

    Returns
    -------
    mean, sd : ndarray, shape (N, outputs)
        In the order of `outputs`.
    """
    a, b = outputs(parts, sum(block.columns.shape[1] for block in density.blocks))
    if prior:
        weights = density.weights(point)
        scale = weights.column_scale[:, :-1]
        omega = weights.omega[:, density.layout.region_of_province]
        variance = scale**2 @ (a**2).T + omega**2 @ (b**2).T
        return np.zeros_like(variance), np.sqrt(variance)
    return linear_moments(density, point, a, b)


def slope_moments(
    parts: Growth, density: GrowthDensity, point: Array, terms: int
) -> tuple[Array, Array]:
    """Return moments, given points, of the first terms' slopes, averaged over rows.

    Returns
    -------
    mean, sd : ndarray, shape (N, terms)
        On the paper's scale.
    """
    a, b = outputs(parts, sum(block.columns.shape[1] for block in density.blocks))
    mean, sd = linear_moments(density, point, a[:terms], b[:terms])
    unit = (parts.scale / parts.base.term_scale)[:terms]
    return mean * unit, sd * unit


def linear_moments(
    density: GrowthDensity, point: Array, of_coefficients: Array, of_slopes: Array
) -> tuple[Array, Array]:
    """Return means and standard deviations, given points, of linear functions, shapes (N, K).

    Parameters
    ----------
    density : GrowthDensity
    point : ndarray, shape (N, size)
    of_coefficients : ndarray, shape (K, columns)
        Of the coefficients in common, in the order of the density's blocks, offsets times their
        scale.
    of_slopes : ndarray, shape (K, provinces)
        Of a province's slope less its region's.
    """
    rows = np.column_stack([of_coefficients, np.zeros(len(of_coefficients))])  # of the outcome
    _, mean, variance = density.compiled(density.weights(point), rows, of_slopes)
    return mean.T, np.sqrt(variance).T


def moments_reference(parts: Growth, density: GrowthDensity, point: Array) -> tuple[Array, Array]:
    """Return the same, given the data, in plain numpy."""
    weights = density.weights(point)
    scale = weights.column_scale[:, :-1]
    a, b = outputs(parts, scale.shape[1])
    of_provinces = b * weights.omega[:, None, density.layout.region_of_province]  # (N, outputs, n)
    factor, province = density.factors(weights)
    p = scale.shape[1]
    inner = np.linalg.inv(province.factor @ province.factor.swapaxes(-1, -2))[:, :, 1]
    effect = np.einsum("nid,nidc->nic", inner, province.rows)  # of slopes, on columns and y
    common = (a - np.einsum("noi,nic->noc", of_provinces, effect[..., :p])) * scale[:, None]
    lower = factor[:, :p, :p]
    unit = np.linalg.solve(lower, common.swapaxes(-1, -2))  # L⁻¹ (A_c S)'
    mean = np.einsum("npo,np->no", unit, factor[:, p, :p])
    mean = mean + np.einsum("noi,ni->no", of_provinces, effect[..., p])
    variance = (unit**2).sum(axis=1) + np.einsum("noi,ni->no", of_provinces**2, inner[..., 1])
    return mean, np.sqrt(variance)
