"""Normal-score transforms of scales and correlations: posteriors get normal tails.

    τ = h √2 erf⁻¹(Φ(v)), half-normal prior;  σ = σ₀ exp(s v), log-normal prior of median σ₀
    (1 + φ)/2 = Φ(v)^(1/a), flat prior on (−1, 1)

With h the prior's scale and a = 1 the prior of v is standard normal (probability integral
transform), so that a likelihood, bounded as it is, leaves normal tails: that of a scale near zero,
which in log τ is exponential, and that of a correlation near 1. With h and a where a posterior is,
one of half-normal or beta shape is standard normal. A half-t prior has no such tails in v; draws
without data show it by their Pareto k̂, and a likelihood that bounds the scale makes up for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, erfc, erfcinv, erfinv, log_ndtr, ndtr, ndtri, ndtri_exp

from models.priors import HALF_T_DF, LOG_2PI, LOG_T_AT_MODE, ScalePriors

Array = NDArray[np.float64]

ROOM = 1.4
"""h, in root mean squares of τ."""


def log_sech2(x: Array) -> Array:
    """Return log(1 − tanh² x), however close to 1 that is."""
    return 2 * (np.log(2) - np.abs(x) - np.log1p(np.exp(-2 * np.abs(x))))


class Density(Protocol):
    """A log density over log scales, then artanh φ, then standard normals."""

    size: int
    correlations: int
    scale_priors: ScalePriors

    def log_density(self, point: Array) -> Array:
        """Evaluate the log density at points, shape (N, size)."""

    def log_prior_of_points(self, point: Array) -> Array:
        """Evaluate the log prior alone."""

    def with_outcome(self, y: Array) -> "Density":
        """Return the same of another outcome."""


@dataclass(frozen=True, eq=False)
class NormalScores:
    """Coordinates v of a density's points: see the head of this file.

    Attributes
    ----------
    half, log_normal : ndarray of int
        Positions of the scales with half-normal and with log-normal priors.
    phi : slice
        Positions of artanh φ. Coordinates after them are standard normal a priori.
    centre, spread : ndarray
        Of the log-normal priors.
    wall : ndarray
        Scales of the half-normal priors.
    h, a : ndarray
    student : ndarray of bool
        Which priors of τ are half-t, of that scale, in truth.
    """

    half: NDArray[np.int64]
    log_normal: NDArray[np.int64]
    phi: slice
    centre: Array
    spread: Array
    wall: Array
    h: Array
    a: Array
    student: NDArray[np.bool_]

    @classmethod
    def of(cls, density: Density) -> "NormalScores":
        """Return the coordinates in which the prior is standard normal."""
        priors = density.scale_priors
        scales = len(priors.half)
        half, log_normal = np.flatnonzero(priors.half), np.flatnonzero(~priors.half)
        wall = priors.spread[half]
        return cls(
            half,
            log_normal,
            slice(scales, scales + density.correlations),
            priors.log_centre[log_normal],
            priors.spread[log_normal],
            wall,
            wall,
            np.ones(density.correlations),
            priors.half_t[half],
        )

    @property
    def tails(self) -> NDArray[np.int64]:
        """Coordinates whose posterior can be near a bound: all but those of σ."""
        return np.concatenate([self.half, np.arange(self.phi.start, self.phi.stop)])

    def to_point(self, v: Array) -> Array:
        """Return points, shape (N, size)."""
        point = np.empty_like(v)
        at, below = v[:, self.half], v[:, self.half] < 0
        with np.errstate(divide="ignore", over="ignore"):
            unit = np.where(below, erfinv(ndtr(at)), erfcinv(ndtr(-at)))
            point[:, self.half] = np.log(self.h * np.sqrt(2) * unit)
            log_p = log_ndtr(v[:, self.phi]) / self.a
            point[:, self.phi] = (log_p - np.log(-np.expm1(log_p))) / 2
        point[:, self.log_normal] = self.centre + self.spread * v[:, self.log_normal]
        point[:, self.phi.stop :] = v[:, self.phi.stop :]
        return point

    def from_point(self, point: Array) -> Array:
        """Return coordinates, shape (N, size)."""
        v = np.empty_like(point)
        unit = np.exp(point[:, self.half]) / (self.h * np.sqrt(2))
        with np.errstate(divide="ignore", over="ignore"):
            v[:, self.half] = np.where(unit < 0.5, ndtri(erf(unit)), -ndtri(erfc(unit)))
            v[:, self.phi] = ndtri_exp(-np.logaddexp(0, -2 * point[:, self.phi]) * self.a)
        v[:, self.log_normal] = (point[:, self.log_normal] - self.centre) / self.spread
        v[:, self.phi.stop :] = point[:, self.phi.stop :]
        return v

    def log_stretch(self, v: Array, point: Array) -> Array:
        """Return log p(v)'s difference from log p(likelihood), shape (N,): the prior of v."""
        square = np.exp(2 * point[:, self.half])
        of_scales = np.log(self.h / self.wall) - square * (self.wall**-2 - self.h**-2) / 2
        log_p = -np.logaddexp(0, -2 * point[:, self.phi])
        of_phi = -np.log(self.a) - (self.a - 1) * log_p
        normal = (v**2 + LOG_2PI).sum(axis=1) / 2
        if self.student.any():  # the prior's density over that of the half-normal
            unit = square[:, self.student] / self.wall[self.student] ** 2
            heavier = (unit - (HALF_T_DF + 1) * np.log1p(unit / HALF_T_DF)) / 2
            normal = normal - (heavier + LOG_T_AT_MODE + LOG_2PI / 2).sum(axis=1)
        return of_scales.sum(axis=1) + of_phi.sum(axis=1) - normal

    def target(self, density: Density) -> Callable[[Array], Array]:
        """Return the log density of v as a function of v, shape (N, size)."""

        def log_target(v: Array) -> Array:
            point = self.to_point(v)
            inside = np.isfinite(point).all(axis=1)
            logp = np.full(len(v), -np.inf)
            point_inside = point[inside]
            log_likelihood = density.log_density(point_inside) - density.log_prior_of_points(
                point_inside
            )
            value = log_likelihood + self.log_stretch(v[inside], point_inside)
            logp[inside] = np.where(np.isnan(value), -np.inf, value)
            return logp

        return log_target

    def adapted(self, point: Array, weight: Array) -> "NormalScores":
        """Return coordinates adapted to a posterior, given weighted points of it."""
        square = weight @ np.exp(2 * point[:, self.half])
        log_p = -np.logaddexp(0, -2 * point[:, self.phi])
        a = 1 / np.maximum(-(weight @ log_p), 1e-6)  # mean of −log p under Beta(a, 1)
        h = np.clip(ROOM * np.sqrt(square), 1e-3 * self.wall, self.wall)
        parts = (self.half, self.log_normal, self.phi, self.centre, self.spread, self.wall)
        return NormalScores(*parts, h, np.maximum(a, 1.0), self.student)
