"""Correlated normals by Cholesky factors, for tensors and arrays of draws alike.

A factor is a list of rows, each entry a tensor or an array of draws (…): the matrices here are
3 × 3 or so, and a normal vector is written element by element, each given those before it.
"""

from typing import Any

import numpy as np

Factor = list[list[Any]]
"""Rows of a lower triangular matrix, up to and including the diagonal."""


def pairs(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Label the correlations of variables: "a:b", in the order of `numpy.triu_indices`."""
    first, second = np.triu_indices(len(labels), 1)
    return tuple(f"{labels[i]}:{labels[j]}" for i, j in zip(first, second, strict=True))


def from_partial(partial: Any, size: int) -> Factor:
    """Form the factor of a correlation matrix from a C-vine's partial correlations.

    Parameters
    ----------
    partial : tensor or array, shape (…, size · (size − 1) / 2)
        ρ_ij given the variables before i, in the order of `numpy.triu_indices`
        (Lewandowski, Kurowicka & Joe 2009, *Journal of Multivariate Analysis* 100:1989–2001,
        section 2.4).
    size : int
        Number of variables.
    """
    first, second = np.triu_indices(size, 1)
    position = {pair: index for index, pair in enumerate(zip(first, second, strict=True))}
    factor = []
    for j in range(size):
        row, unexplained = [], 1.0 + 0 * partial[..., 0]
        for i in range(j):
            rho = partial[..., position[i, j]]
            row.append(rho * unexplained**0.5)
            unexplained = unexplained * (1 - rho**2)
        factor.append([*row, unexplained**0.5])
    return factor


def of_covariance(covariance: list[list[Any]]) -> Factor:
    """Form the factor of a covariance matrix, given as rows of entries (…)."""
    factor: Factor = []
    for i, entries in enumerate(covariance):
        row: list[Any] = []
        for j in range(i):
            shared = sum((row[k] * factor[j][k] for k in range(j)), 0.0)
            row.append((entries[j] - shared) / factor[j][j])
        row.append((entries[i] - sum((entry**2 for entry in row), 0.0)) ** 0.5)
        factor.append(row)
    return factor


def product(factor: Factor) -> list[list[Any]]:
    """Return the covariance matrix L L' as rows of entries."""
    return [
        [
            sum((a * b for a, b in zip(factor[i], factor[j], strict=False)), 0.0)
            for j in range(len(factor))
        ]
        for i in range(len(factor))
    ]


def stacked(factor: Factor) -> np.ndarray:
    """Return a factor of arrays (…) as one array, shape (…, size, size)."""
    first = np.asarray(factor[0][0])
    matrix = np.zeros((*first.shape, len(factor), len(factor)), first.dtype)
    for i, row in enumerate(factor):
        for j, entry in enumerate(row):
            matrix[..., i, j] = entry
    return matrix


def given_before(unit: Any, factor: Factor) -> list[Any]:
    """Return the mean of each element given those before it; its sd is its diagonal entry.

    Parameters
    ----------
    unit : sequence of length size or size − 1
        The elements u ~ N(0, L L'), each a tensor or array; the last one need not be known.
    factor : Factor
        L, its entries broadcasting against the elements.

    Returns
    -------
    list of length size
        E[u_i | u_0 … u_(i−1)] = Σ_(j<i) L_ij w_j, with w = L⁻¹ u.
    """
    white: list[Any] = []
    means = []
    for i, row in enumerate(factor):
        means.append(sum((entry * w for entry, w in zip(row[:-1], white, strict=True)), 0.0))
        if i < len(unit):
            white.append((unit[i] - means[-1]) / row[-1])
    return means
