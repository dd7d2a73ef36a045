"""Coordinates in which a collapsed density is sampled: no wall, and no funnel.

Scale parameters with half-normal priors. The logarithm of a scale that the data hardly identify
has a long tail on the left and, from a half-normal prior of scale s, a fall of exp(−e^2u / 2s²) on
the right, which trajectories from the left hit: a divergence. In v with τ = s log(1 + e^v) the left
is the same and the right falls as a normal.

Scale parameters whose logarithms are normal about a median that is learned, with a spread that is
learned (`Scale.median`). As that spread falls they close up: a funnel. The logarithm of a residual
scale that n rows tell is after them about N(û, h²), h² = 1/2n, were it free, so that with a prior
N(m, s²) it is about N((1 − B) û + B m, B s²), B = h²/(h² + s²). What moves is how far it is from
there, in units of that, as effects of provinces do (`models.bayesian.noncentering`).
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
        With `size`, `walls`, `linked`, `logp_and_gradient` and `initial`, over a point u.
    """

    def __init__(self, density: Collapsed) -> None:
        self.density = density
        self.bent = density.walls > 0
        self.log_wall = np.log(density.walls[self.bent])
        self.linked = tuple(Linked.of(density, *places) for places in density.linked)

    def to_point(self, v: Array) -> Array:
        """Return u, shape (…, S); v below −500, where e^v is lost, counts as −500."""
        u = np.array(v)
        bent = np.maximum(v[..., self.bent], -500)
        u[..., self.bent] = self.log_wall + np.log(np.logaddexp(0, bent))
        for each in self.linked:
            centre, log_unit, _ = each.told(u)
            u[..., each.own] = centre + np.exp(log_unit) * v[..., each.own]
        return u

    def from_point(self, u: Array) -> Array:
        """Return v, shape (S,)."""
        v = np.array(u)
        v[self.bent] = np.log(np.expm1(np.exp(u[self.bent] - self.log_wall)))
        for each in self.linked:
            centre, log_unit, _ = each.told(u)
            v[each.own] = (u[each.own] - centre) / np.exp(log_unit)
        return v

    def log_stretch(self, v: Array) -> Array:
        """Return log |du/dv|, shape (…)."""
        return self._log_stretch(v, self.to_point(v))

    def logp_and_gradient(self, v: Array) -> tuple[float, Array]:
        """Evaluate the log density of v, Jacobian included, and its gradient."""
        u = self.to_point(v)
        logp, slope = self.density.logp_and_gradient(u)
        for each in self.linked:
            each.chain(u, v, slope)
        stretch = self._stretch(v)
        slope[self.bent] = slope[self.bent] * stretch + 1 - expit(v[self.bent]) - stretch
        return logp + float(self._log_stretch(v, u)), slope

    def _log_stretch(self, v: Array, u: Array) -> Array:
        units = [each.told(u)[1].sum(axis=-1) for each in self.linked]
        return np.log(self._stretch(v)).sum(axis=-1) + sum(units)

    def _stretch(self, v: Array) -> Array:
        """Return du/dv of the bent coordinates."""
        bent = v[..., self.bent]
        return expit(bent) / np.logaddexp(0, np.maximum(bent, -500))


@dataclass(frozen=True, eq=False)
class Linked:
    """Log scales that are normal about one of a point's elements.

    Attributes
    ----------
    own : slice
        Where they stand.
    median, log_sd : int
        Where their mean m and the logarithm of their standard deviation s do.
    alone : ndarray, shape (size,)
        û.
    known_to : ndarray, shape (size,)
        h.
    """

    own: slice
    median: int
    log_sd: int
    alone: Array
    known_to: Array

    @classmethod
    def of(cls, density: Collapsed, own: slice, median: int, log_sd: int) -> "Linked":
        """Find about where rows put each scale, by a few steps of EM from the middle of priors."""
        u = density.initial(np.random.default_rng(0))
        count = density.count[own]
        for _ in range(STEPS):
            _, slope = density.logp_and_gradient(u)
            _, of_prior = density.prior.log_density(u)
            u[own] += np.log1p((slope - of_prior)[own] / count) / 2
        return cls(own, median, log_sd, u[own].copy(), (2 * count) ** -0.5)

    def told(self, u: Array) -> tuple[Array, Array, Array]:
        """Return (1 − B) û + B m, ½ log(B s²), and B, shapes (…, size)."""
        log_s = u[..., [self.log_sd]]
        log_share = -np.logaddexp(0, 2 * (log_s - np.log(self.known_to)))
        share = np.exp(log_share)
        centre = self.alone + share * (u[..., [self.median]] - self.alone)
        return centre, log_share / 2 + log_s, share

    def chain(self, u: Array, v: Array, slope: Array) -> None:
        """Turn a density's slope in u into that in v, log |du/dv| included, in place."""
        _, log_unit, share = self.told(u)
        unit, own = np.exp(log_unit), slope[self.own]
        off = u[self.median] - self.alone
        slope[self.median] += own @ share
        slope[self.log_sd] += (
            own @ (share * (unit * v[self.own] - 2 * (1 - share) * off)) + share.sum()
        )
        slope[self.own] = own * unit


STEPS = 5
