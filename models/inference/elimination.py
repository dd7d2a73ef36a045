"""Collapsed densities with orthogonal effects eliminated, at many points at once.

In deviations δ of the locations from their prior means (`models.inference.collapsed`) the prior
precisions are diagonal. A set E of locations whose effects are orthogonal in the rows of every
residual scale has a diagonal posterior precision d given the scales: province effects, and on a
balanced panel year effects beside them. Eliminating it leaves, for the locations R that remain and
y as one more column, the Schur complement

    A(w) = Σ_e w_e G_e + diag(prior precisions of R) − Σ_j z_j z_j' / d_j,  z_j = Σ_e w_e G_e[j, ·]

in which locations of E with the same pivot (provinces of one region that have as many rows)
share 1 / d_j, so that Σ z_j z_j' over them is a fixed matrix per pair of residual scales. On a
balanced panel this is the rotation of each region's rows to means and contrasts over time and
provinces (Helmert; Wansbeek & Kapteyn 1982, *Communications in Statistics A* 11:2105–2129); with
gaps in the panel it is the same formula with more pivots. One Cholesky factor of A, of the size
of R whatever the number of rows, gives log|Λ|, the residual sum of squares and the draws of R;
those of E follow independently of each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtrs

from models.inference.collapsed import FARTHEST, Array, Collapsed

ZERO = 1e-12
"""Of the product of two effects' lengths: smaller products are rounding errors of zero."""

CHUNK = 1_000
"""Points evaluated at once: their matrices fit into a processor's cache."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """The density of the S log scales, and draws of the L locations given them.

    Weights are those of the scale elements, exp(−2 u), and a last one that is 1, for what is fixed.

    Attributes
    ----------
    density : Collapsed
        The density that is reduced.
    kept, eliminated : ndarray of int, shapes (p,) and (L − p,)
        R and E, as positions among the locations.
    back : ndarray, shape (L, L)
        θ = back @ δ.
    matrices : ndarray, shape (K, (p + 1)²)
        The terms of the sum A, y last.
    left, right, group : ndarray of int, shape (K,)
        A matrix's coefficient is the product of these two weights over this group's pivot.
    pivots : ndarray, shape (G, S + 1)
        A group's pivot is its row times the weights; the first group's is 1.
    members : ndarray, shape (G,)
        Locations of E in a group; none in the first.
    cross : ndarray, shape (residual scales, L − p, p + 1)
        G_e[E, R], y last.
    group_of : ndarray of int, shape (L − p,)
        Group of each location of E.
    """

    density: Collapsed
    kept: NDArray[np.int64]
    eliminated: NDArray[np.int64]
    back: Array
    matrices: Array
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    group: NDArray[np.int64]
    pivots: Array
    members: Array
    cross: Array
    group_of: NDArray[np.int64]

    def log_density(self, log_scale: Array) -> Array:
        """Evaluate the log posterior of the log scales, Jacobian included.

        Parameters
        ----------
        log_scale : ndarray, shape (N, S)

        Returns
        -------
        ndarray, shape (N,)
            The same as `Collapsed.logp_and_gradient`; −inf where double precision does not hold.
        """
        density = self.density
        in_range = np.abs(log_scale).max(axis=1, initial=0) <= FARTHEST
        logp = np.full(len(log_scale), -np.inf)
        diagonal = [factor.diagonal().copy() for factor in self._factors(log_scale[in_range])]
        diagonal = np.reshape(diagonal, (-1, len(self.kept) + 1))
        # y is the last column: its squared diagonal entry is the residual sum of squares.
        log_det, square = 2 * np.log(diagonal[:, :-1]).sum(axis=1), diagonal[:, -1] ** 2
        log_det = log_det + np.log(self._pivots(log_scale[in_range])) @ self.members
        prior = density.prior.log_density(log_scale[in_range])[0].sum(axis=1)
        with np.errstate(invalid="ignore"):
            value = prior - log_scale[in_range] @ density.count - (log_det + square) / 2
        logp[in_range] = np.where(np.isnan(value), -np.inf, value + density.constant)
        return logp

    def draw(self, log_scale: Array, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the locations given the scales; return all random variables of the PyMC model.

        Parameters
        ----------
        log_scale : ndarray, shape (…, S)

        Returns
        -------
        dict of str to ndarray, shape (…, size)
        """
        leading, p = log_scale.shape[:-1], len(self.kept)
        log_scale = log_scale.reshape(-1, self.density.size)
        deviation = np.empty((len(log_scale), len(self.back)))
        noise = rng.standard_normal((len(log_scale), p))
        kept_deviation = np.empty((len(log_scale), p))
        if p:  # LAPACK refuses a matrix of no size: one regressor, all else orthogonal to it
            for row, factor, z in zip(kept_deviation, self._factors(log_scale), noise, strict=True):
                # The factor's last row is the mean of R, still to be divided by the factor.
                row[:] = dtrtrs(factor[:p, :p], factor[p, :p] + z, lower=1, trans=1)[0]
        deviation[:, self.kept] = kept_deviation
        pivot = self._pivots(log_scale)[:, self.group_of]
        residual = self.density.scale_slices[self.density.scales[-1].name]
        weight = np.exp(-2 * log_scale[:, residual])
        score = sum(
            w[:, None] * (of_y - kept_deviation @ of_kept.T)
            for w, of_y, of_kept in zip(
                weight.T, self.cross[..., -1], self.cross[..., :-1], strict=True
            )
        )
        noise = rng.standard_normal(pivot.shape)
        deviation[:, self.eliminated] = score / pivot + noise / np.sqrt(pivot)
        drawn = self.density.variables(deviation @ self.back.T, log_scale)
        return {name: values.reshape(*leading, -1) for name, values in drawn.items()}

    def _weights(self, log_scale: Array) -> Array:
        return np.exp(-2 * np.pad(log_scale, ((0, 0), (0, 1))))

    def _pivots(self, log_scale: Array) -> Array:
        return self._weights(log_scale) @ self.pivots.T

    def _factors(self, log_scale: Array) -> Iterator[Array]:
        """Yield the lower Cholesky factor of A at each point; of NaN where there is none."""
        size = len(self.kept) + 1
        for start in range(0, len(log_scale), CHUNK):
            chunk = log_scale[start : start + CHUNK]
            weight, pivot = self._weights(chunk), self._pivots(chunk)
            # In this order nothing overflows before the weights do: a pivot is no less than them.
            coefficient = weight[:, self.left] * (weight[:, self.right] / pivot[:, self.group])
            for matrix in (coefficient @ self.matrices).reshape(-1, size, size):
                # The transpose of a symmetric matrix, in LAPACK's order: no copy.
                factor, failed = dpotrf(matrix.T, lower=1, overwrite_a=1, clean=1)
                if failed:
                    factor[:] = np.nan
                yield factor


def reduce(density: Collapsed) -> Reduced:
    """Eliminate the orthogonal effects of a collapsed density."""
    residual = density.scale_slices[density.scales[-1].name]
    back = np.linalg.inv(density.deviation)
    gram = back.T @ density.gram[residual] @ back
    xy = density.xy[residual] @ back
    free = density.member.any(axis=0)
    # Weight of each scale, and of what is fixed, in the prior precision of each location.
    prior = np.vstack([density.member, np.where(free, 0, density.fixed**-2)])

    eliminated = _orthogonal(density, gram)
    kept = np.setdiff1d(np.arange(len(back)), eliminated)
    diagonal = prior.copy()
    diagonal[residual] += np.diagonal(gram, axis1=1, axis2=2)
    cross = np.concatenate([gram[:, eliminated][..., kept], xy[:, eliminated, None]], axis=2)
    pivots, group_of = _groups(diagonal[:, eliminated].T)

    size, fixed = len(kept) + 1, density.size
    matrices, left, right, group = [], [], [], []

    def add(matrix: Array, first: int, second: int, pivot: int) -> None:
        if matrix.any():
            matrices.append(matrix.ravel())
            left.append(first)
            right.append(second)
            group.append(pivot)

    for element in range(residual.start, residual.stop):
        scale = element - residual.start
        products = np.empty((size, size))
        products[:-1, :-1] = gram[scale][np.ix_(kept, kept)]
        products[-1, :-1] = products[:-1, -1] = xy[scale, kept]
        products[-1, -1] = density.yy[element]
        add(products, element, fixed, 0)
    for element, precision in enumerate(prior[:, kept]):
        add(np.diag(np.append(precision, 0.0)), element, fixed, 0)
    for pivot in range(len(pivots)):
        rows = cross[:, group_of == pivot]
        for first in range(len(rows)):
            for second in range(first + 1):
                product = rows[first].T @ rows[second]
                symmetric = product + product.T if first != second else product
                add(-symmetric, residual.start + first, residual.start + second, pivot + 1)
    return Reduced(
        density=density,
        kept=kept,
        eliminated=eliminated,
        back=back,
        matrices=np.array(matrices),
        left=np.array(left),
        right=np.array(right),
        group=np.array(group),
        pivots=np.vstack([np.append(np.zeros(density.size), 1.0), pivots]),
        members=np.bincount(group_of + 1, minlength=len(pivots) + 1).astype(float),
        cross=cross,
        group_of=group_of + 1,
    )


def _orthogonal(density: Collapsed, gram: Array) -> NDArray[np.int64]:
    """Return locations with orthogonal effects in all residual scales, largest blocks first."""
    length = np.sqrt(np.diag(gram.sum(axis=0)))
    related = (np.abs(gram) > ZERO * np.outer(length, length)).any(axis=0)
    np.fill_diagonal(related, False)
    orthogonal = np.empty(0, dtype=int)
    for block in sorted(density.locations, key=lambda block: -block.size):
        where = density.location_slices[block.name]
        extended = np.concatenate([orthogonal, np.arange(where.start, where.stop)])
        if not related[np.ix_(extended, extended)].any():
            orthogonal = extended
    return np.sort(orthogonal)


def _groups(pivots: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return the distinct rows, up to rounding errors, and which of them each row is."""
    largest = np.abs(pivots).max(initial=1.0)
    _, first_row, group_of = np.unique(
        np.round(pivots / largest, 11), axis=0, return_index=True, return_inverse=True
    )
    return pivots[first_row], group_of.ravel()
