"""Independent draws of a collapsed density's scales, and how far they can be trusted.

A mixture of multivariate t is fitted to the density by adaptive importance sampling (Cappé,
Douc, Guillin, Marin & Robert 2008, *Statistics and Computing* 18:447–459), from starts at the
density's modes and in the scales' prior; a fixed part of it stays wide, since the left tail of
log τ is exponential. Every draw is then the last state of an own short chain of independence
Metropolis steps that begins with a draw from the mixture (Tierney 1994, *Annals of Statistics*
22:1701–1762). Draws are so independent of each other and none is a copy of another.

How many steps are enough is computed: two chains that share proposals, one of them stationary,
meet at the first proposal that both accept, and the one whose weight is larger accepts least
often, so the distance in total variation after k steps is at most E[λ(max(w, w'))^k], λ(w) being
the chance of a rejection in a state of weight w, w of the target and w' of the mixture. All
weights are those of the proposals themselves, whose Pareto k̂ and effective number say whether
they can stand for the density (Vehtari, Simpson, Gelman, Yao & Gabry 2024, *JMLR* 25(72)).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import gammaln, logsumexp

from models.inference.collapsed import Collapsed, OutOfRangeError
from models.inference.elimination import Reduced, reduce
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

DISTANCE = 0.005
"""Largest bound on the distance in total variation between a draw and the density."""

TRIAL = 2_000
MOST_STEPS = 60
"""Draws from which the number of steps is chosen; with more of them NUTS is cheaper."""

HOPELESS = 2
"""Steps where none are enough: the draws will not be trusted, and should not cost much."""

LARGEST_K_HAT = 0.5
LEAST_ESS = 1_600
LEAST_ACCEPTANCE = 0.2


@dataclass(frozen=True)
class Trust:
    """What says whether draws stand for the density, all of it from the proposals' weights.

    Attributes
    ----------
    k_hat : float
        Pareto shape of the weights.
    true_ess : float
        Effective number of the stored draws: of the proposals, (Σw)² / Σw², and no more than
        there are draws.
    acceptance : float
        Chance that a proposal is accepted, in the density.
    distance : float
        Bound on the distance in total variation between a draw and the density.
    """

    k_hat: float
    true_ess: float
    acceptance: float
    distance: float

    @classmethod
    def of(cls, log_weight: Array) -> "Trust":
        """Compute it from the log weights of all proposals, shape (steps + 1, draws)."""
        steps, size = len(log_weight) - 1, log_weight[0].size
        ordered = np.sort(log_weight, axis=None)
        finite = ordered[np.isfinite(ordered)]
        if not len(finite):
            return cls(np.inf, 0.0, 0.0, 1.0)
        # Its argument is the logarithm of the weights' inverses.
        _, k_hat = array_stats.psislw(-finite)
        rejected = np.exp(ordered - logsumexp(ordered)) @ _rejection(ordered)
        return cls(
            k_hat=float(k_hat),
            true_ess=float(min(size, effective(ordered))),
            acceptance=float(1 - rejected),
            distance=_distance(ordered, steps),
        )

    @property
    def holds(self) -> bool:
        """Whether the draws can be believed; NaN is not."""
        return self.represents and self.true_ess >= LEAST_ESS

    @property
    def represents(self) -> bool:
        """Whether each draw is one of the density, however many there are."""
        return (
            self.k_hat <= LARGEST_K_HAT
            and self.acceptance >= LEAST_ACCEPTANCE
            and self.distance <= DISTANCE
        )


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

    def log_parts(self, v: Array) -> tuple[Array, Array]:
        """Return each component's log density with its share, and squared distances, (N, M)."""
        size = v.shape[1]
        square, half_log_det = np.empty((2, len(v), len(self.share)))
        for m, (centre, factor) in enumerate(zip(self.centre, self.factor, strict=True)):
            square[:, m] = (((v - centre) @ np.linalg.inv(factor).T) ** 2).sum(axis=1)
            half_log_det[:, m] = np.log(np.diag(factor)).sum()
        constant = gammaln((NU + size) / 2) - gammaln(NU / 2) - size / 2 * np.log(NU * np.pi)
        log_density = constant - half_log_det - (NU + size) / 2 * np.log1p(square / NU)
        return np.log(self.share) + log_density, square

    def log_density(self, v: Array) -> Array:
        """Evaluate the log density, shape (N,)."""
        return logsumexp(self.log_parts(v)[0], axis=1)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Draws of the log scales, independent of each other.

    Attributes
    ----------
    log_scale : ndarray, shape (size, S)
    log_density : ndarray, shape (size,)
        There, as `Reduced.log_density`.
    log_weight : ndarray, shape (steps + 1, size)
        Of the proposals of each draw's chain: the density's logarithm less the mixture's.
    """

    log_scale: Array
    log_density: Array
    log_weight: Array

    @property
    def trust(self) -> Trust:
        """To be asked before the draws are used."""
        return Trust.of(self.log_weight)


def draw_scales(
    density: Collapsed, size: int, rng: np.random.Generator, reduced: Reduced | None = None
) -> Drawn:
    """Draw the log scales of a collapsed density.

    Parameters
    ----------
    density : Collapsed
    size : int
        Number of draws.
    rng : Generator
    reduced : Reduced, optional
        `reduce(density)`, if it is there already.
    """
    coordinates, reduced = Coordinates(density), reduced or reduce(density)

    def of_point(v: Array) -> Array:
        return reduced.log_density(coordinates.to_point(v))

    def target(v: Array) -> Array:
        return of_point(v) + coordinates.log_stretch(v)

    mixture = adapt(target, start(coordinates, rng), coordinates.bent, rng)
    trial = mixture.draw(TRIAL, rng)
    steps = _steps(np.sort(target(trial) - mixture.log_density(trial)))
    proposed = mixture.draw(size * (steps + 1), rng)
    log_density = of_point(proposed)
    log_weight = log_density + coordinates.log_stretch(proposed) - mixture.log_density(proposed)
    log_weight = log_weight.reshape(-1, size)
    at = _chains(log_weight, rng) * size + np.arange(size)
    return Drawn(coordinates.to_point(proposed[at]), log_density[at], log_weight)


def start(coordinates: Coordinates, rng: np.random.Generator) -> Mixture:
    """Return where adaptation begins: about the modes found, and in the scales' prior."""
    density = coordinates.density
    prior = np.array([coordinates.from_point(density.initial(rng)) for _ in range(100)])
    found = [
        optimize.minimize(lambda v: _negative(coordinates, v), v, jac=True, method="BFGS")
        for v in prior[:STARTS]
    ]
    modes: list[Array] = []
    highest = min(one.fun for one in found)
    for one in sorted(found, key=lambda one: one.fun):
        if one.fun > highest + NEGLIGIBLE:
            break
        if all(np.abs(one.x - other).max() > 0.1 for other in modes):
            modes.append(one.x)
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
        mixtures, drawn, found = zip(*rounds, strict=True)
        every = np.concatenate(drawn)
        # Each draw against the mixture of all that was drawn from.
        proposal = logsumexp([one.log_density(every) for one in mixtures], axis=0)
        log_weight = np.concatenate(found) - proposal
        good = effective(found[-1] - mixture.log_density(v)) > GOOD_SHARE * size
        mixture = _fit(every, _tempered(log_weight), tails, rng)
        if good:
            break
    return mixture


def effective(log_weight: Array) -> float:
    """Return the effective number of weighted draws, (Σw)² / Σw²."""
    return float(np.exp(2 * logsumexp(log_weight) - logsumexp(2 * log_weight)))


def _tempered(log_weight: Array) -> Array:
    """Return the weights' largest power up to 1 of which enough stand for something."""
    least = len(log_weight) * LEAST_SHARE
    for power in 0.8 ** np.arange(30):
        if effective(power * log_weight) >= least:
            break
    return np.exp(power * log_weight - logsumexp(power * log_weight))


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
    for _ in range(STEPS_OF_EM):
        log_parts, square = mixture.log_parts(v)
        belongs = np.exp(log_parts - logsumexp(log_parts, axis=1, keepdims=True))
        belongs *= weight[:, None]
        share = belongs.sum(axis=0)
        alive = share > 1e-3
        share, belongs, square = share[alive], belongs[:, alive], square[:, alive]
        pulled = belongs * (NU + size) / (NU + square)
        centre = (pulled / pulled.sum(axis=0)).T @ v
        factor = []
        for m in range(len(share)):
            off = v - centre[m]
            scatter = (pulled[:, m, None] * off).T @ off / share[m]
            factor.append(np.linalg.cholesky(scatter + 0.02 * covariance))
        mixture = Mixture(share / share.sum(), centre, np.array(factor))
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


def _rejection(ordered: Array) -> Array:
    """Return λ, the chance of a rejection at each of the sorted log weights of a sample."""
    weight = np.exp(ordered - ordered[-1])
    # Proposals with larger weights are accepted, others in proportion.
    smaller = np.cumsum(weight)
    larger = len(weight) - 1 - np.arange(len(weight))
    with np.errstate(divide="ignore", invalid="ignore"):
        accepted = (larger + smaller / weight) / len(weight)
    return np.clip(1 - np.where(weight > 0, accepted, 1.0), 0, 1)


def _distance(ordered: Array, steps: int) -> float:
    """Bound the distance in total variation after `steps`: see the head of this file."""
    target = np.cumsum(np.exp(ordered - logsumexp(ordered)))
    mixture = np.arange(1, len(ordered) + 1) / len(ordered)
    # The distribution of the larger of two weights, one of the target and one of the mixture.
    larger = np.diff(target * mixture, prepend=0.0)
    return float(larger @ _rejection(ordered) ** steps)


def _steps(ordered: Array) -> int:
    """Return after how many steps the distance is small, with a third to spare."""
    if np.isfinite(ordered[-1]):
        for steps in range(2, MOST_STEPS):
            if _distance(ordered, steps) <= DISTANCE:
                return min(MOST_STEPS, -(-4 * steps // 3))
    return HOPELESS


def _chains(log_weight: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Run independence Metropolis chains, one a column; return each one's last row."""
    state = np.zeros(log_weight.shape[1], dtype=int)
    here = log_weight[0].copy()
    for step, there in enumerate(log_weight[1:], 1):
        # From where the density is nothing, anywhere is better.
        moves = (np.log(rng.random(len(state))) + here < there) | (here == -np.inf)
        state[moves] = step
        here[moves] = there[moves]
    return state
