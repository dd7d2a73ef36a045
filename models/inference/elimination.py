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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtrs

from models.inference.collapsed import FARTHEST, Array, Collapsed

ZERO = 1e-12
"""Of the product of two effects' lengths: smaller products are rounding errors of zero."""

CHUNK = 1_000
"""Points evaluated at once: their matrices fit into a processor's cache."""


@dataclass(frozen=True, eq=False)
class Elimination:
    """Products of effects with the orthogonal ones eliminated, to be summed by weights.

    Of W weights the last is 1, for what is fixed.

    Attributes
    ----------
    kept, eliminated : ndarray of int, shapes (p,) and (L − p,)
        R and E, as positions among the locations.
    back : ndarray, shape (L, L)
        θ = back @ δ.
    matrices : ndarray, shape (K, (p + 1)²)
        The terms of the sum A, y last.
    left, right, group : ndarray of int, shape (K,)
        A matrix's coefficient is the product of these two weights over this group's pivot.
    pivots : ndarray, shape (G, W)
        A group's pivot is its row times the weights; the first group's is 1.
    members : ndarray, shape (G,)
        Locations of E in a group; none in the first.
    cross : ndarray, shape (residual weights, L − p, p + 1)
        G_e[E, R], y last.
    group_of : ndarray of int, shape (L − p,)
        Group of each location of E.
    residual : slice
        Positions of the rows' weights.
    """

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
    residual: slice

    def sums(self, weight: Array) -> tuple[Array, Array]:
        """Return log|Λ| and the residual sum of squares given weights, shape (N, W)."""
        from models.inference.packed_cholesky import half_log_determinants  # numba loads slowly

        size = len(self.kept) + 1
        row, column = np.tril_indices(size)
        lower = np.ascontiguousarray(self.matrices[:, row * size + column].T)
        half_log_det, last = np.empty((2, len(weight)))
        for start in range(0, len(weight), CHUNK):
            some = slice(start, start + CHUNK)
            packed = lower @ self._coefficients(weight[some]).T
            half_log_det[some], last[some] = half_log_determinants(packed, size)
        # y is the last column: its squared diagonal entry is the residual sum of squares.
        return 2 * half_log_det + np.log(weight @ self.pivots.T) @ self.members, last**2

    def sums_reference(self, weight: Array) -> tuple[Array, Array]:
        """Return the same by LAPACK, point by point."""
        diagonal = [factor.diagonal().copy() for factor in self._factors(weight)]
        diagonal = np.reshape(diagonal, (-1, len(self.kept) + 1))
        log_det, square = 2 * np.log(diagonal[:, :-1]).sum(axis=1), diagonal[:, -1] ** 2
        return log_det + np.log(weight @ self.pivots.T) @ self.members, square

    def locations(self, weight: Array, rng: np.random.Generator) -> Array:
        """Draw the locations θ given weights, shape (N, W); shape (N, L)."""
        p = len(self.kept)
        deviation = np.empty((len(weight), len(self.back)))
        noise = rng.standard_normal((len(weight), p))
        kept = np.empty((len(weight), p))
        if p:  # LAPACK refuses a matrix of no size: one regressor, all else orthogonal to it
            for row, factor, z in zip(kept, self._factors(weight), noise, strict=True):
                # The factor's last row is the mean of R, still to be divided by the factor.
                row[:] = dtrtrs(factor[:p, :p], factor[p, :p] + z, lower=1, trans=1)[0]
        deviation[:, self.kept] = kept
        pivot = (weight @ self.pivots.T)[:, self.group_of]
        score = sum(
            w[:, None] * (of_y - kept @ of_kept.T)
            for w, of_y, of_kept in zip(
                weight[:, self.residual].T,
                self.cross[..., -1],
                self.cross[..., :-1],
                strict=True,
            )
        )
        noise = rng.standard_normal(pivot.shape)
        deviation[:, self.eliminated] = score / pivot + noise / np.sqrt(pivot)
        return deviation @ self.back.T

    def linear_moments(self, weight: Array, rows: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of linear functions of θ given weights.

        With R's Cholesky factor L, the variance of c'δ is
        |L⁻¹(c_R − Σ_j z_j c_j / d_j)|² + Σ_j c_j² / d_j, j over E.

        Parameters
        ----------
        weight : ndarray, shape (N, W)
        rows : ndarray, shape (K, L)

        Returns
        -------
        mean, sd : ndarray, shape (N, K)
        """
        p, reach = len(self.kept), rows @ self.back
        on_kept, on_eliminated = reach[:, self.kept], reach[:, self.eliminated]
        pivot = (weight @ self.pivots.T)[:, self.group_of]
        through = np.zeros((len(weight), len(rows), p + 1))
        if on_eliminated.any():
            share = on_eliminated / pivot[:, None, :]
            for w, products in zip(weight[:, self.residual].T, self.cross, strict=True):
                through += w[:, None, None] * (share @ products)
        solved, centre = np.zeros((len(weight), p, len(rows))), np.zeros((len(weight), p))
        right = on_kept - through[..., :p]
        if p:
            for i, factor in enumerate(self._factors(weight)):
                solved[i] = dtrtrs(factor[:p, :p], right[i].T, lower=1)[0]
                centre[i] = factor[p, :p]
        mean = (centre[:, None, :] @ solved)[:, 0] + through[..., p]
        variance = (solved**2).sum(axis=1) + pivot**-1.0 @ (on_eliminated**2).T
        return mean, np.sqrt(variance)

    def _coefficients(self, weight: Array) -> Array:
        """Return those of the terms of A, shape (N, K)."""
        pivot = weight @ self.pivots.T
        # In this order nothing overflows before the weights do: a pivot is no less than them.
        return weight[:, self.left] * (weight[:, self.right] / pivot[:, self.group])

    def _factors(self, weight: Array) -> Iterator[Array]:
        """Yield the lower Cholesky factor of A at each point; of NaN where there is none."""
        size = len(self.kept) + 1
        for start in range(0, len(weight), CHUNK):
            coefficient = self._coefficients(weight[start : start + CHUNK])
            for matrix in (coefficient @ self.matrices).reshape(-1, size, size):
                # The transpose of a symmetric matrix, in LAPACK's order: no copy.
                factor, failed = dpotrf(matrix.T, lower=1, overwrite_a=1, clean=1)
                if failed:
                    factor[:] = np.nan
                yield factor


@dataclass(frozen=True, eq=False, kw_only=True)
class Reduced(Elimination):
    """The density of the S log scales, and draws of the L locations given them.

    Weights are those of the scale elements, exp(−2 u), and 1.

    Attributes
    ----------
    density : Collapsed
        The density that is reduced.
    """

    density: Collapsed

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
        held = np.abs(log_scale).max(axis=1, initial=0) <= FARTHEST
        logp = np.full(len(log_scale), -np.inf)
        log_det, square = self.sums(_weights(log_scale[held]))
        prior = density.prior.log_density(log_scale[held])[0].sum(axis=1)
        with np.errstate(invalid="ignore"):
            value = prior - log_scale[held] @ density.count - (log_det + square) / 2
        logp[held] = np.where(np.isnan(value), -np.inf, value + density.constant)
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
        leading, flat = log_scale.shape[:-1], log_scale.reshape(-1, self.density.size)
        drawn = self.density.variables(self.locations(_weights(flat), rng), flat)
        return {name: values.reshape(*leading, -1) for name, values in drawn.items()}

    def moments(self, log_scale: Array, weights: Mapping[str, Array]) -> tuple[Array, Array]:
        """Return what `Collapsed.moments` does, of the posterior."""
        flat = log_scale.reshape(-1, self.density.size)
        moments = self.linear_moments(_weights(flat), self.density.rows_of(weights))
        mean, sd = (values.reshape(*log_scale.shape[:-1], -1) for values in moments)
        return mean, sd


def _weights(log_scale: Array) -> Array:
    return np.exp(-2 * np.pad(log_scale, ((0, 0), (0, 1))))


def reduce(density: Collapsed) -> Reduced:
    """Eliminate the orthogonal effects of a collapsed density."""
    residual = density.scale_slices[density.scales[-1].name]
    products = Products(density.gram[residual], density.xy[residual], density.yy[residual])
    parts = eliminate(density, prior_precisions(density), products, residual)
    return Reduced(density=density, **vars(parts))


class Products(NamedTuple):
    """Products of effects and outcome by each weight of rows: shapes (n, L, L), (n, L) and (n,)."""

    gram: Array
    xy: Array
    yy: Array


def prior_precisions(density: Collapsed) -> Array:
    """Return each weight's part in the prior precisions of locations, (S + 1, L), 1's last."""
    free = density.member.any(axis=0)
    return np.vstack([density.member, np.where(free, 0, density.fixed**-2)])


def eliminate(
    density: Collapsed, prior: Array, products: Products, residual: slice, zero: float = 0.0
) -> Elimination:
    """Eliminate the orthogonal effects.

    Parameters
    ----------
    density : Collapsed
        Of the locations; its rows are not used.
    prior : ndarray, shape (W, L)
        Parts of the prior precisions by weight.
    products : Products
        By each weight of rows.
    residual : slice
        Positions of these among all weights.
    zero : float
        Products of a location of E that are smaller, in units of the largest, are rounding errors.
    """
    back = np.linalg.inv(density.deviation)
    gram, xy = back.T @ products.gram @ back, products.xy @ back
    eliminated = _orthogonal(density, gram)
    kept = np.setdiff1d(np.arange(len(back)), eliminated)
    diagonal = prior.copy()
    diagonal[residual] += np.diagonal(gram, axis1=1, axis2=2)
    cross = np.concatenate([gram[:, eliminated][..., kept], xy[:, eliminated, None]], axis=2)
    cross[np.abs(cross) < zero * np.abs(cross).max(initial=0.0)] = 0.0
    pivots, group_of = _groups(diagonal[:, eliminated].T)

    size, fixed = len(kept) + 1, len(prior) - 1
    matrices, left, right, group = [], [], [], []

    def add(matrix: Array, one: int, other: int, pivot: int) -> None:
        if matrix.any():
            matrices.append(matrix.ravel())
            left.append(one)
            right.append(other)
            group.append(pivot)

    for position in range(len(gram)):
        square = np.empty((size, size))
        square[:-1, :-1] = gram[position][np.ix_(kept, kept)]
        square[-1, :-1] = square[:-1, -1] = xy[position, kept]
        square[-1, -1] = products.yy[position]
        add(square, residual.start + position, fixed, 0)
    for element, precision in enumerate(prior[:, kept]):
        add(np.diag(np.append(precision, 0.0)), element, fixed, 0)
    for pivot in range(len(pivots)):
        rows = cross[:, group_of == pivot]
        for one in range(len(rows)):
            for other in range(one + 1):
                both = rows[one].T @ rows[other]
                twice = both + both.T if one != other else both
                add(-twice, residual.start + one, residual.start + other, pivot + 1)
    return Elimination(
        kept=kept,
        eliminated=eliminated,
        back=back,
        matrices=np.array(matrices),
        left=np.array(left),
        right=np.array(right),
        group=np.array(group),
        pivots=np.vstack([np.append(np.zeros(fixed), 1.0), pivots]),
        members=np.bincount(group_of + 1, minlength=len(pivots) + 1).astype(float),
        cross=cross,
        group_of=group_of + 1,
        residual=residual,
    )


def _orthogonal(density: Collapsed, gram: Array) -> NDArray[np.int64]:
    """Return locations with orthogonal effects by all weights of rows, largest blocks first."""
    length = np.sqrt(np.abs(np.diagonal(gram, axis1=1, axis2=2)).sum(axis=0))
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
