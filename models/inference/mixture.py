"""A mixture of multivariate t fitted to the density of a collapsed posterior's scales.

By adaptive importance sampling (Cappé, Douc, Guillin, Marin & Robert 2008, *Statistics and
Computing* 18:447–459), from starts at the density's modes and in the scales' prior; a fixed part
of it stays wide, since the left tail of log τ is exponential.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import gammaln

from models.inference.collapsed import OutOfRangeError
from models.inference.log_sum import log_sum_exp
from models.inference.transforms import Coordinates

Array = NDArray[np.float64]

COMPONENTS = 6

ROUNDS = 12
EACH = 200
GOOD_SHARE = 0.6
"""Rounds of adaptation at most, draws in each by number of scales, and the share of a round's
draws that must be effective for it to be the last."""

REMEMBERED = 4
"""Rounds whose draws enter a fit of the mixture."""

STEPS_OF_EM = 8
LEAST_COMPONENT = 1e-3
"""Steps of a fit, and the share below which a component is dropped."""

STARTS = 10
"""Of the search for modes: noisy regions can trade places."""

NEGLIGIBLE = 15.0
"""In log density: modes lower than the highest by more are left out."""

NU = 5.0
"""Degrees of freedom of each component: tails heavier than any of the density's."""

LEAST_SHARE = 0.05
"""Of the draws that must count in a fit of the mixture: weights are evened out until they do."""

FIXED = 0.15
"""Share of the mixture that stays at twice the density's spread, and in the left tail of each τ."""

TAIL = 3.0
"""How far that tail's component lies to the left and reaches, in the logarithm of τ."""


def log_constant(nu: float, size: int) -> float:
    """Return the log density at its centre of a multivariate t with unit scale matrix."""
    return gammaln((nu + size) / 2) - gammaln(nu / 2) - size / 2 * np.log(nu * np.pi)


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of multivariate t distributions with `nu` degrees of freedom.

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
    nu: ClassVar[float] = NU

    def draw(self, size: int, rng: np.random.Generator) -> Array:
        """Return draws, shape (size, S)."""
        component = rng.choice(len(self.share), size, p=self.share)
        normal = rng.standard_normal((size, self.centre.shape[1]))
        normal /= np.sqrt(rng.chisquare(self.nu, size) / self.nu)[:, None]
        return self.centre[component] + np.einsum("nij,nj->ni", self.factor[component], normal)

    def log_parts(self, v: Array) -> tuple[Array, Array]:
        """Return each component's log density with its share, and squared distances, (N, M)."""
        size = v.shape[1]
        square, half_log_det = np.empty((2, len(v), len(self.share)))
        for m, (centre, factor) in enumerate(zip(self.centre, self.factor, strict=True)):
            square[:, m] = (((v - centre) @ np.linalg.inv(factor).T) ** 2).sum(axis=1)
            half_log_det[:, m] = np.log(np.diag(factor)).sum()
        constant = log_constant(self.nu, size)
        log_density = constant - half_log_det - (self.nu + size) / 2 * np.log1p(square / self.nu)
        return np.log(self.share) + log_density, square

    def log_density(self, v: Array) -> Array:
        """Evaluate the log density, shape (N,)."""
        return log_sum_exp(self.log_parts(v)[0], axis=1)


def start(coordinates: Coordinates, rng: np.random.Generator) -> Mixture:
    """Return the initial mixture: about the local modes, and in the scales' prior."""
    density = coordinates.density
    prior = np.array([coordinates.from_point(density.initial(rng)) for _ in range(100)])
    maxima = [
        optimize.minimize(lambda v: _negative(coordinates, v), v, jac=True, method="BFGS")
        for v in prior[:STARTS]
    ]
    modes: list[Array] = []
    highest = min(optimum.fun for optimum in maxima)
    for optimum in sorted(maxima, key=lambda optimum: optimum.fun):
        if optimum.fun > highest + NEGLIGIBLE:
            break
        if all(np.abs(optimum.x - known_mode).max() > 0.1 for known_mode in modes):
            modes.append(optimum.x)
    factors = [_spread_at(coordinates, mode) for mode in modes]
    across = np.linalg.cholesky(np.cov(prior.T).reshape(density.size, -1) + np.eye(density.size))
    return Mixture(
        np.array([0.4 / len(modes)] * len(modes) * 2 + [0.2]),
        np.array([*modes, *modes, prior.mean(axis=0)]),
        np.array([*factors, *(3 * factor for factor in factors), across]),
    )


def adapt(
    target: Callable[[Array], Array],
    mixture: Mixture,
    tails: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Mixture:
    """Fit a mixture to a log density, by rounds of weighted draws from the mixture so far.

    Parameters
    ----------
    target : callable
        Log density up to a constant of points, shape (N, S).
    mixture : Mixture
        Where to begin.
    tails : ndarray of bool, shape (S,)
        Coordinates that have an exponential tail on the left.
    rng : Generator
    """
    rounds: list[tuple[Mixture, Array, Array]] = []
    size = EACH * mixture.centre.shape[1]
    for _ in range(ROUNDS):
        v = mixture.draw(size, rng)
        rounds = [*rounds[1 - REMEMBERED :], (mixture, v, target(v))]
        mixtures, drawn, log_density = zip(*rounds, strict=True)
        draws = np.concatenate(drawn)
        # Each draw against the mixture of all that was drawn from.
        proposal = log_sum_exp([earlier.log_density(draws) for earlier in mixtures], axis=0)
        log_weight = np.concatenate(log_density) - proposal
        good = effective(log_density[-1] - mixture.log_density(v)) > GOOD_SHARE * size
        mixture = _fit(draws, tempered(log_weight, LEAST_SHARE), tails, rng)
        if good:
            break
    return mixture


def effective(log_weight: Array) -> float:
    """Return the effective number of weighted draws, (Σw)² / Σw²."""
    return float(np.exp(2 * log_sum_exp(log_weight) - log_sum_exp(2 * log_weight)))


def tempered(log_weight: Array, least_share: float) -> Array:
    """Return the weights tempered by the largest power up to 1 that leaves enough effective."""
    least = len(log_weight) * least_share
    for power in 0.8 ** np.arange(30):
        if effective(power * log_weight) >= least:
            break
    return np.exp(power * log_weight - log_sum_exp(power * log_weight))


def climbed[M: Mixture](
    mixture: M, v: Array, weight: Array, ridge: Array, steps: int, least: float
) -> M:
    """Return a mixture after steps of EM on weighted points.

    Parameters
    ----------
    mixture : Mixture
        Where to begin.
    v : ndarray, shape (N, S)
    weight : ndarray, shape (N,)
    ridge : ndarray, shape (S, S)
        Added to every scale matrix, so that none collapses on a few points.
    steps : int
    least : float
        Share below which a component is dropped.
    """
    nu, size = mixture.nu, v.shape[1]
    for _ in range(steps):
        log_parts, square = mixture.log_parts(v)
        belongs = np.exp(log_parts - log_sum_exp(log_parts, axis=1, keepdims=True))
        belongs *= weight[:, None]
        share = belongs.sum(axis=0)
        alive = share > least
        share, belongs, square = share[alive], belongs[:, alive], square[:, alive]
        pulled = belongs * (nu + size) / (nu + square)
        centre = (pulled / pulled.sum(axis=0)).T @ v
        factor = []
        for m in range(len(share)):
            deviation = v - centre[m]
            scatter = (pulled[:, m, None] * deviation).T @ deviation / share[m]
            factor.append(np.linalg.cholesky(scatter + ridge))
        mixture = type(mixture)(share / share.sum(), centre, np.array(factor))
    return mixture


def _fit(v: Array, weight: Array, tails: NDArray[np.bool_], rng: np.random.Generator) -> Mixture:
    """Fit the mixture to weighted points by EM, and add what stays wide or in a tail."""
    size = v.shape[1]
    mean = weight @ v
    covariance = (weight[:, None] * (v - mean)).T @ (v - mean) + 1e-6 * np.eye(size)
    overall = np.linalg.cholesky(covariance)
    # The t's covariance is its scale matrix by ν / (ν − 2).
    mixture = Mixture(
        np.full(COMPONENTS, 1 / COMPONENTS),
        v[rng.choice(len(v), COMPONENTS, p=weight)],
        np.repeat(0.7 * overall[None], COMPONENTS, axis=0),
    )
    mixture = climbed(mixture, v, weight, 0.02 * covariance, STEPS_OF_EM, LEAST_COMPONENT)
    fixed = [(mean, 2 * overall)]
    for tail in np.flatnonzero(tails):
        centre, along = mean.copy(), covariance.copy()
        centre[tail] -= TAIL
        along[tail], along[:, tail] = 0.0, 0.0
        along[tail, tail] = TAIL**2
        fixed.append((centre, np.linalg.cholesky(along)))
    return Mixture(
        np.append(np.full(len(fixed), FIXED / len(fixed)), (1 - FIXED) * mixture.share),
        np.vstack([*(centre for centre, _ in fixed), mixture.centre]),
        np.stack([*(factor for _, factor in fixed), *mixture.factor]),
    )


def _negative(coordinates: Coordinates, v: Array) -> tuple[float, Array]:
    try:
        value, slope = coordinates.logp_and_gradient(v)
    except OutOfRangeError:
        return np.inf, np.zeros_like(v)
    return -value, -slope


def _spread_at(coordinates: Coordinates, mode: Array, step: float = 1e-3) -> Array:
    """Return the factor of the normal approximation's covariance, held within sensible bounds."""
    curvature = np.array(
        [
            _negative(coordinates, mode + h)[1] - _negative(coordinates, mode - h)[1]
            for h in step * np.eye(len(mode))
        ]
    )
    size, rotation = np.linalg.eigh((curvature + curvature.T) / (4 * step))
    return np.linalg.cholesky((rotation / np.clip(size, 0.1, 1e4)) @ rotation.T)
