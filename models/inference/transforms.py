"""Unconstrained transforms of scale parameters, in which a collapsed density is sampled.

Scale parameters with half-normal priors. The logarithm of a scale that the data hardly identify
has a long tail on the left and, from a half-normal prior of scale s, a fall of exp(−e^2u / 2s²) on
the right, where trajectories from the left diverge. In v with τ = s log(1 + e^v) the left tail is
the same and the right tail is a normal's.

Scale parameters whose logarithms are normal about a median that is learned, with a spread that is
learned (`Scale.median`). As that spread falls the density narrows like Neal's funnel. The
logarithm of a residual scale, estimated from n rows alone, has a posterior of about N(û, h²),
h² = 1/2n. With a prior N(m, s²) it is about N((1 − B) û + B m, B s²), B = h²/(h² + s²). The
coordinate is its standardised distance from there, as for effects of provinces
(`models.bayesian.noncentering`).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from models.inference.collapsed import Array, Collapsed


class Coordinates:
    """Coordinates v of a density's point u.

    Parameters
    ----------
    density
        With `size`, `half_normal`, `linked`, `logp_and_gradient` and `initial`, over a point u.
    """

    def __init__(self, density: Collapsed) -> None:
        self.density = density
        self.bent = density.half_normal > 0
        self.log_prior_scale = np.log(density.half_normal[self.bent])
        self.linked = tuple(Linked.of(density, *places) for places in density.linked)

    def to_point(self, v: Array) -> Array:
        """Return u, shape (…, S); v below −500, where e^v is lost, counts as −500."""
        u = np.array(v)
        bent = np.maximum(v[..., self.bent], -500)
        u[..., self.bent] = self.log_prior_scale + np.log(np.logaddexp(0, bent))
        for linked in self.linked:
            centre, log_unit, _ = linked.approximate(u)
            u[..., linked.scales] = centre + np.exp(log_unit) * v[..., linked.scales]
        return u

    def from_point(self, u: Array) -> Array:
        """Return v, shape (S,)."""
        v = np.array(u)
        v[self.bent] = np.log(np.expm1(np.exp(u[self.bent] - self.log_prior_scale)))
        for linked in self.linked:
            centre, log_unit, _ = linked.approximate(u)
            v[linked.scales] = (u[linked.scales] - centre) / np.exp(log_unit)
        return v

    def log_stretch(self, v: Array) -> Array:
        """Return log |du/dv|, shape (…)."""
        return self._log_stretch(v, self.to_point(v))

    def logp_and_gradient(self, v: Array) -> tuple[float, Array]:
        """Evaluate the log density of v, Jacobian included, and its gradient."""
        u = self.to_point(v)
        logp, slope = self.density.logp_and_gradient(u)
        for linked in self.linked:
            linked.chain(u, v, slope)
        stretch = self._stretch(v)
        slope[self.bent] = slope[self.bent] * stretch + 1 - expit(v[self.bent]) - stretch
        return logp + float(self._log_stretch(v, u)), slope

    def _log_stretch(self, v: Array, u: Array) -> Array:
        units = [linked.approximate(u)[1].sum(axis=-1) for linked in self.linked]
        return np.log(self._stretch(v)).sum(axis=-1) + sum(units)

    def _stretch(self, v: Array) -> Array:
        """Return du/dv of the bent coordinates."""
        bent = v[..., self.bent]
        # Below −500 the ratio is 1 up to rounding, but both of its parts underflow.
        return expit(bent) / np.logaddexp(0, np.maximum(bent, -500))


@dataclass(frozen=True, eq=False)
class Linked:
    """Log scales that are normal about one of a point's elements.

    Attributes
    ----------
    scales : slice
        Their positions in a point.
    median, log_sd : int
        Positions of their mean m and of the logarithm of their standard deviation s.
    alone : ndarray, shape (size,)
        û.
    known_to : ndarray, shape (size,)
        h.
    """

    scales: slice
    median: int
    log_sd: int
    alone: Array
    known_to: Array

    @classmethod
    def of(cls, density: Collapsed, scales: slice, median: int, log_sd: int) -> "Linked":
        """Approximate each scale's estimate from rows alone, by EM from the middle of priors."""
        u = density.initial(np.random.default_rng(0))
        count = density.count[scales]
        for _ in range(STEPS):
            _, slope = density.logp_and_gradient(u)
            _, of_prior = density.prior.log_density(u)
            u[scales] += np.log1p((slope - of_prior)[scales] / count) / 2
        return cls(scales, median, log_sd, u[scales].copy(), (2 * count) ** -0.5)

    def approximate(self, u: Array) -> tuple[Array, Array, Array]:
        """Return (1 − B) û + B m, ½ log(B s²), and B, shapes (…, size)."""
        log_s = u[..., [self.log_sd]]
        log_share = -np.logaddexp(0, 2 * (log_s - np.log(self.known_to)))
        share = np.exp(log_share)
        centre = self.alone + share * (u[..., [self.median]] - self.alone)
        return centre, log_share / 2 + log_s, share

    def chain(self, u: Array, v: Array, slope: Array) -> None:
        """Turn a density's slope in u into that in v, log |du/dv| included, in place."""
        _, log_unit, share = self.approximate(u)
        unit, of_scales = np.exp(log_unit), slope[self.scales]
        off = u[self.median] - self.alone
        slope[self.median] += of_scales @ share
        slope[self.log_sd] += (
            of_scales @ (share * (unit * v[self.scales] - 2 * (1 - share) * off)) + share.sum()
        )
        slope[self.scales] = of_scales * unit


STEPS = 5
