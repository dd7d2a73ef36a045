"""Coordinates in which a collapsed density is sampled: no wall on the right of log τ."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.collapsed import Collapsed


class Coordinates:
    """Another scale for scale parameters with half-normal priors.

    The logarithm of a scale that the data hardly identify has a long tail on the left and, from a
    half-normal prior of scale s, a fall of exp(−e^2u / 2s²) on the right, which trajectories from
    the left hit: a divergence. In v with τ = s log(1 + e^v) the left is the same and the right
    falls as a normal.

    Parameters
    ----------
    density
        With `size`, `walls`, `logp_and_gradient` and `initial`, over a point u.
    """

    def __init__(self, density: Collapsed) -> None:
        self.density = density
        self.bent = density.walls > 0
        self.log_wall = np.log(density.walls[self.bent])

    def to_point(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return u, shape (…, S); v below −500, where e^v is lost, counts as −500."""
        u = np.array(v)
        bent = np.maximum(v[..., self.bent], -500)
        u[..., self.bent] = self.log_wall + np.log(np.logaddexp(0, bent))
        return u

    def from_point(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return v, shape (S,)."""
        v = np.array(u)
        v[self.bent] = np.log(np.expm1(np.exp(u[self.bent] - self.log_wall)))
        return v

    def log_stretch(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return log |du/dv|, shape (…)."""
        return np.log(self._stretch(v)).sum(axis=-1)

    def logp_and_gradient(self, v: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Evaluate the log density of v, Jacobian included, and its gradient."""
        logp, slope = self.density.logp_and_gradient(self.to_point(v))
        stretch = self._stretch(v)
        slope[self.bent] = slope[self.bent] * stretch + 1 - expit(v[self.bent]) - stretch
        return logp + float(np.log(stretch).sum()), slope

    def _stretch(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return du/dv of the bent coordinates; it is 1 of the others."""
        bent = v[..., self.bent]
        return expit(bent) / np.logaddexp(0, np.maximum(bent, -500))
