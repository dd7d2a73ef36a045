"""Mixtures of multivariate t fitted to a log density by adaptive importance sampling.

Rounds of draws from the mixture so far, weighted against the mixture of all rounds remembered
(deterministic mixture weights: Owen & Zhou 2000, *JASA* 95:135–143), and a fit to them by EM
(Cappé, Douc, Guillin, Marin & Robert 2008, *Statistics and Computing* 18:447–459). A small part of
the mixture stays wide, and a small part lies in the tails of single coordinates: with a dozen
scales, one or another is near zero in some draws.

As `models.inference.independence_sampler`, which adapts in log scales; here coordinates have normal
tails (`models.inference.normal_scores`), so the t's have more degrees of freedom, and densities no
gradient, so modes are found by Newton steps with finite differences, all points of a step evaluated
at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from models.inference.mixture import NEGLIGIBLE, effective

Array = NDArray[np.float64]

NU = 15.0
"""Degrees of freedom of each component."""

COMPONENTS = 4
STEPS_OF_EM = 4
WIDE, OF_WIDE = 1.6, 0.08
"""How much wider than the posterior a part of the mixture is, and its share."""

TAIL_AT, TAIL_SD, TAIL_ROOM, OF_TAILS = 3.5, 1.7, 1.5, 0.1
"""Where the tails' components lie and how wide they are, in standard deviations; how much wider
than the posterior they are across, in variance; their share."""

EACH = 200
GOOD_SHARE = 0.55
"""Draws of a round for each parameter; the effective share that makes a round the last."""

REMEMBERED = 3
LEAST_SHARE = 0.05
"""Rounds whose draws enter a fit; weights are evened out until this share of them counts."""

STARTS = 4
NEWTON_STEPS = 25
DIFFERENCE = 0.02
"""Of the search for modes: starts, steps at most, and finite differences."""

CHUNK = 500
"""Points evaluated at once: their deviations from all centres fit into a processor's cache."""

Target = Callable[[Array], Array]
"""A log density up to a constant, of points of shape (N, S)."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of multivariate t distributions with `NU` degrees of freedom.

    Attributes
    ----------
    share : ndarray, shape (M,)
    centre : ndarray, shape (M, S)
    factor : ndarray, shape (M, S, S)
        Lower Cholesky factors of the scale matrices.
    """

    share: Array
    centre: Array
    factor: Array

    def draw(self, size: int, rng: np.random.Generator) -> Array:
        """Return draws, shape (size, S)."""
        which = rng.choice(len(self.share), size, p=self.share)
        normal = rng.standard_normal((size, self.centre.shape[1]))
        normal /= np.sqrt(rng.chisquare(NU, size) / NU)[:, None]
        return self.centre[which] + np.einsum("nij,nj->ni", self.factor[which], normal)

    def moved(self, by: Array) -> "Mixture":
        """Return the same elsewhere."""
        return Mixture(self.share, self.centre + by, self.factor)

    @cached_property
    def _white(self) -> tuple[Array, Array, Array]:
        """What whitens points for each component, whitened centres, and log constants."""
        inverse = np.linalg.inv(self.factor)
        size = self.centre.shape[1]
        constant = gammaln((NU + size) / 2) - gammaln(NU / 2) - size / 2 * np.log(NU * np.pi)
        log_det = np.log(np.diagonal(self.factor, axis1=1, axis2=2)).sum(axis=1)
        centres = (inverse @ self.centre[..., None])[..., 0]
        return inverse.reshape(-1, size).T, centres, np.log(self.share) + constant - log_det

    def log_parts(self, v: Array) -> tuple[Array, Array]:
        """Return each component's log density with its share, and squared distances, (N, M)."""
        inverse, centres, constant = self._white
        square = np.empty((len(v), len(centres)))
        for start in range(0, len(v), CHUNK):
            white = (v[start : start + CHUNK] @ inverse).reshape(-1, *centres.shape) - centres
            square[start : start + CHUNK] = np.einsum("nms,nms->nm", white, white)
        size = v.shape[1]
        return constant - (NU + size) / 2 * np.log1p(square / NU), square

    def log_density(self, v: Array) -> Array:
        """Evaluate the log density, shape (N,)."""
        return log_sum(self.log_parts(v)[0])


def log_sum(values: Array) -> Array:
    """Return log Σ exp over the last axis."""
    highest = values.max(axis=-1)
    highest = np.where(np.isfinite(highest), highest, 0.0)
    with np.errstate(divide="ignore"):
        return highest + np.log(np.exp(values - highest[..., None]).sum(axis=-1))


def adapt(
    target: Target,
    mixture: Mixture,
    tails: NDArray[np.int64],
    rng: np.random.Generator,
    rounds: int,
) -> tuple[Array, Array, Mixture]:
    """Fit a mixture by rounds of weighted draws.

    Returns
    -------
    v : ndarray, shape (draws, S)
        Of the rounds remembered.
    log_weight : ndarray, shape (draws,)
        Of these, against the mixture of all that they were drawn from.
    mixture : Mixture
        Fitted to them.
    """
    past: list[tuple[Mixture, Array, Array]] = []
    size = EACH * mixture.centre.shape[1]
    for _ in range(rounds):
        v = mixture.draw(size, rng)
        past = [*past[1 - REMEMBERED :], (mixture, v, target(v))]
        every, log_weight = together(past)
        good = effective(past[-1][2] - mixture.log_density(v)) > GOOD_SHARE * size
        mixture = fit(every, tempered(log_weight), tails, rng)
        if good:
            break
    return every, log_weight, mixture


def together(past: list[tuple[Mixture, Array, Array]]) -> tuple[Array, Array]:
    """Return the draws of several rounds and their deterministic mixture weights' logarithms."""
    mixtures, drawn, found = zip(*past, strict=True)
    every = np.concatenate(drawn)
    sizes = np.log([len(v) for v in drawn]) - np.log(len(every))
    proposal = [m.log_density(every) + n for m, n in zip(mixtures, sizes, strict=True)]
    return every, np.concatenate(found) - log_sum(np.stack(proposal, axis=1))


def tempered(log_weight: Array) -> Array:
    """Return the weights' largest power up to 1 of which enough draws stand for something."""
    least = len(log_weight) * LEAST_SHARE
    for power in 0.8 ** np.arange(30):
        if effective(power * log_weight) >= least:
            break
    return np.exp(power * log_weight - log_sum(power * log_weight))


def fit(v: Array, weight: Array, tails: NDArray[np.int64], rng: np.random.Generator) -> Mixture:
    """Fit the mixture to weighted points by EM, and add what is wide or in a tail."""
    size = v.shape[1]
    mean = weight @ v
    covariance = (weight[:, None] * (v - mean)).T @ (v - mean) + 1e-9 * np.eye(size)
    overall = np.linalg.cholesky(covariance)
    sd = np.sqrt(np.diag(covariance))
    mixture = Mixture(
        np.full(COMPONENTS, 1 / COMPONENTS),
        v[rng.choice(len(v), COMPONENTS, p=weight)],
        np.repeat(0.8 * overall[None], COMPONENTS, axis=0),
    )
    used = weight > 1e-3 / len(v)  # the others carry a thousandth together
    v, weight = v[used], weight[used]
    for _ in range(STEPS_OF_EM):
        log_parts, square = mixture.log_parts(v)
        belongs = np.exp(log_parts - log_sum(log_parts)[:, None])
        belongs *= weight[:, None]
        share = belongs.sum(axis=0)
        alive = share > 5e-3
        share, belongs, square = share[alive], belongs[:, alive], square[:, alive]
        pulled = belongs * (NU + size) / (NU + square)
        centre = (pulled / pulled.sum(axis=0)).T @ v
        factor = []
        for m in range(len(share)):
            off = v - centre[m]
            scatter = (pulled[:, m, None] * off).T @ off / share[m]
            factor.append(np.linalg.cholesky(scatter + 0.05 * covariance))
        mixture = Mixture(share / share.sum(), centre, np.array(factor))
    at, of_tail = [], []
    for tail in tails:
        # Along the regression of the others on this coordinate, with more room about it.
        along = covariance[:, tail] / sd[tail]
        wide = TAIL_ROOM * (covariance - np.outer(along, along)) + TAIL_SD**2 * np.outer(
            along, along
        )
        at += [mean - TAIL_AT * along, mean + TAIL_AT * along]
        of_tail += [np.linalg.cholesky(wide + 1e-9 * np.eye(size))] * 2
    main = 1 - OF_WIDE - OF_TAILS
    return Mixture(
        np.concatenate([main * mixture.share, [OF_WIDE], np.full(len(at), OF_TAILS / len(at))]),
        np.vstack([mixture.centre, mean, *at]),
        np.stack([*mixture.factor, WIDE * overall, *of_tail]),
    )


def modes(target: Target, size: int, rng: np.random.Generator) -> list[Array]:
    """Return the modes found by damped Newton steps from the middle of the prior and about it."""
    found: list[tuple[float, Array]] = []
    for start in [np.zeros(size), *rng.standard_normal((STARTS - 1, size))]:
        value, mode = climb(target, start)
        if all(np.abs(mode - other).max() > 0.1 for _, other in found):
            found.append((value, mode))
    highest = max(value for value, _ in found)
    return [mode for value, mode in found if value > highest - NEGLIGIBLE]


def climb(target: Target, v: Array) -> tuple[float, Array]:
    """Return a local maximum and where it is."""
    for _ in range(NEWTON_STEPS):
        value, slope, covariance = curvature(target, v)
        step = covariance @ slope
        step *= min(1.0, 2 / np.linalg.norm(step))
        tried = v + np.array([1.0, 0.5, 0.2, 0.05])[:, None] * step
        values = target(tried)
        if not values.max() > value + 1e-3:
            return value, v
        v = tried[values.argmax()]
    return float(values.max()), v


def curvature(target: Target, v: Array) -> tuple[float, Array, Array]:
    """Return value, slope and the normal approximation's covariance, by finite differences."""
    size, h = len(v), DIFFERENCE
    step = h * np.eye(size)
    first, second = np.triu_indices(size, 1)
    found = target(np.vstack([v[None], v + step, v - step, v + step[first] + step[second]]))
    value, ahead, behind, both = np.split(found, [1, size + 1, 2 * size + 1])
    hessian = np.diag((ahead + behind - 2 * value) / h**2)
    hessian[first, second] = (both - ahead[first] - ahead[second] + value) / h**2
    hessian[second, first] = hessian[first, second]
    sizes, rotation = np.linalg.eigh(-hessian)
    covariance = (rotation / np.maximum(np.abs(sizes), 0.3)) @ rotation.T
    return float(value[0]), (ahead - behind) / (2 * h), covariance
