"""A Student t process for series that are known in few years, its scales pooled over provinces.

State-space form, for province i and year t:

    y_it = l_i + w_it + d_it,   w_it = w_i,t-1 + v_it   (w = 0 in the first year)
    l_i ~ N(0, a s_i²),   v_it ~ N(0, s_i²),   d_it ~ N(0, b s_i²)
    s_i² ~ inverse gamma(ν/2, ν s²/2)

l is a province's level, w a random walk, d a year's own departure. A province's scale s_i is
integrated out, which makes y_i a multivariate t with ν degrees of freedom (Shah, Wilson and
Ghahramani 2014, Student-t processes as alternatives to Gaussian processes). What provinces share
(ν, s, a, b) is integrated over a grid with equal prior weights: no sampler, no seed.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, gammaln, ndtr, stdtr

Array = NDArray[np.float64]

GRID = np.array(
    list(
        product(
            (1.0, 1.5, 2.0, 3.0, 5.0),
            np.geomspace(0.003, 0.03, 7),
            (1.0, 3.0, 10.0, 30.0),
            (0.0, 0.3, 1.0, 3.0),
        )
    )
)
"""Values of (ν, s, a, b), one row each."""


class Predicted(NamedTuple):
    """Predictive distributions of cells, all of shape (n, T).

    Attributes
    ----------
    mean, sd : ndarray
    below : ndarray
        Probability of a value below the observed one; NaN where none is.
    """

    mean: Array
    sd: Array
    below: Array


class _Conditional(NamedTuple):
    """A province's multivariate t given its known years, for each row of `GRID`."""

    log_density: Array  # (G,), of the known years
    mean: Array  # (G, T)
    scale: Array  # (G, T)
    degrees: Array  # (G,)


def predict(y: Array) -> Predicted:
    """Predict every cell from all known ones.

    Parameters
    ----------
    y : ndarray, shape (n, T)
        Consecutive years, NaN where unknown; two or more known cells in every row, so that
        variances exist.

    Returns
    -------
    Predicted
        At a known cell the value itself, with sd 0.
    """
    known = ~np.isnan(y)
    rows = [_condition(row, observed) for row, observed in zip(y, known, strict=True)]
    weights = _weights(sum(row.log_density for row in rows))
    mean, sd = (
        np.array(by_row) for by_row in zip(*(_moments(r, weights) for r in rows), strict=True)
    )
    return Predicted(np.where(known, y, mean), np.where(known, 0.0, sd), np.full(y.shape, np.nan))


def left_out(y: Array) -> Predicted:
    """Predict each known cell from all the others.

    Parameters
    ----------
    y : ndarray, shape (n, T)
        As in `predict`, three or more known cells in a row.

    Returns
    -------
    Predicted
        NaN where nothing is known. What provinces share is learned without the cell, too.
    """
    known = ~np.isnan(y)
    density = np.array(
        [_condition(row, observed).log_density for row, observed in zip(y, known, strict=True)]
    )
    predicted = Predicted(*(np.full(y.shape, np.nan) for _ in Predicted._fields))
    for i, t in np.argwhere(known):
        other_cells = known[i].copy()
        other_cells[t] = False
        row = _condition(y[i], other_cells)
        weights = _weights(density.sum(axis=0) - density[i] + row.log_density)
        mean, sd = _moments(row, weights)
        predicted.mean[i, t], predicted.sd[i, t] = mean[t], sd[t]
        below = stdtr(row.degrees, (y[i, t] - row.mean[:, t]) / row.scale[:, t])
        predicted.below[i, t] = weights @ below
    return predicted


class Sampler:
    """Paths of unknown cells, as functions of standard normal variables.

    Parameters
    ----------
    y : ndarray, shape (n, T)
        As in `predict`.
    grid : ndarray, shape (G, 4), optional
        Rows of (ν, s, a, b), of equal prior weight.
    """

    def __init__(self, y: Array, grid: Array | None = None) -> None:
        self.y, self.known, self.grid = y, ~np.isnan(y), GRID if grid is None else grid
        density = sum(
            _condition(row, observed, self.grid).log_density
            for row, observed in zip(y, self.known, strict=True)
        )
        self.below = np.cumsum(_weights(density))
        self._at: dict[int, tuple[Array, Array, Array]] = {}

    @property
    def size(self) -> int:
        """Number of standard normal variables that one draw takes."""
        n, years = self.y.shape
        return 1 + n * (1 + years)

    def draw(self, z: Array) -> Array:
        """Turn standard normal variables into paths.

        Parameters
        ----------
        z : ndarray, shape (m, size)
            The first chooses what provinces share; then for each province its scale and years.

        Returns
        -------
        ndarray, shape (m, n, T)
            At a known cell the value itself.
        """
        n, years = self.y.shape
        last = len(self.grid) - 1
        chosen = np.minimum(np.searchsorted(self.below, ndtr(z[:, 0])), last)
        by_province = z[:, 1:].reshape(len(z), n, 1 + years)
        paths = np.empty((len(z), n, years))
        for g in np.unique(chosen).tolist():
            with_row = chosen == g
            mean, factor, degrees = self._given(g)
            chi2 = chdtri(degrees, ndtr(by_province[with_row][..., 0]))
            normal = np.einsum("nij,mnj->mni", factor, by_province[with_row][..., 1:])
            paths[with_row] = mean + normal * np.sqrt(degrees / chi2)[..., None]
        return np.where(self.known, self.y, paths)

    def _given(self, g: int) -> tuple[Array, Array, Array]:
        """Mean, factor of the scale matrix and degrees of freedom of each province's path."""
        if g not in self._at:
            rows = [
                _path(row, observed, self.grid[g])
                for row, observed in zip(self.y, self.known, strict=True)
            ]
            self._at[g] = tuple(np.array(component) for component in zip(*rows, strict=True))
        return self._at[g]


def _path(y: Array, known: NDArray[np.bool_], shared: Array) -> tuple[Array, Array, float]:
    """Condition a whole path on its known years: mean, factor of the scale matrix, degrees."""
    degrees = shared[0] + known.sum()
    cov = _covariance(shared[None], y.size)[0]
    solved = np.linalg.solve(cov[np.ix_(known, known)], cov[known])
    distance = y[known] @ np.linalg.solve(cov[np.ix_(known, known)], y[known])
    conditional = cov - solved.T @ cov[known]
    # A t given k values keeps its form, its scale times (ν + distance)/(ν + k): Ding (2016,
    # American Statistician 70:293–295).
    conditional *= (shared[0] + distance) / degrees
    factor = np.zeros_like(conditional)
    unknown = np.ix_(~known, ~known)
    factor[unknown] = np.linalg.cholesky(conditional[unknown])
    return solved.T @ y[known], factor, degrees


def _covariance(grid: Array, years: int) -> Array:
    """Covariances of a province's path at scale 1, shape (G, T, T)."""
    _, scale, level, departure = (column[:, None, None] for column in grid.T)
    t = np.arange(years, dtype=float)
    return scale**2 * (level + np.minimum.outer(t, t) + departure * np.eye(years))


def _condition(y: Array, known: NDArray[np.bool_], grid: Array | None = None) -> _Conditional:
    """Condition a province's process on its known years, for each row of a grid (`GRID`)."""
    grid = GRID if grid is None else grid
    cov = _covariance(grid, y.size)
    observed, count = y[known], int(known.sum())
    inner = cov[:, known][:, :, known]
    across = np.linalg.solve(inner, cov[:, known]).transpose(0, 2, 1)  # (G, T, known)
    distance = np.einsum(
        "i,gi->g",
        observed,
        np.linalg.solve(inner, np.tile(observed, (len(grid), 1))[..., None])[..., 0],
    )
    nu = grid[:, 0]
    log_density = (
        gammaln((nu + count) / 2)
        - gammaln(nu / 2)
        - count / 2 * np.log(nu * np.pi)
        - np.linalg.slogdet(inner)[1] / 2
        - (nu + count) / 2 * np.log1p(distance / nu)
    )
    variance = np.einsum("gtt->gt", cov) - np.einsum("gtk,gkt->gt", across, cov[:, known])
    widened = np.clip(variance, 0.0, None) * ((nu + distance) / (nu + count))[:, None]
    return _Conditional(log_density, across @ observed, np.sqrt(widened), nu + count)


def _weights(log_density: Array) -> Array:
    weights = np.exp(log_density - log_density.max())
    return weights / weights.sum()


def _moments(row: _Conditional, weights: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of a mixture of t distributions, each of shape (T,)."""
    mean = weights @ row.mean
    within = row.scale**2 * (row.degrees / (row.degrees - 2.0))[:, None]
    return mean, np.sqrt(weights @ (within + (row.mean - mean) ** 2))
