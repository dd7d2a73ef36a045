"""Independence Metropolis sampling of a collapsed density's scales, with its error bound.

A mixture of multivariate t is fitted to the density (`models.inference.mixture`). Every draw is
then the last state of an own short chain of independence Metropolis steps that begins with a draw
from the mixture (Tierney 1994, *Annals of Statistics* 22:1701–1762). Draws are so independent of
each other and none is a copy of another.

How many steps are enough is computed: two chains that share proposals, one of them stationary,
meet at the first proposal that both accept, and the one whose weight is larger accepts least
often, so the distance in total variation after k steps is at most E[λ(max(w, w'))^k], λ(w) being
the chance of a rejection in a state of weight w, w of the target and w' of the mixture. All
weights are those of the proposals themselves, whose Pareto k̂ and effective number say whether
they represent the density (Vehtari, Simpson, Gelman, Yao & Gabry 2024, *JMLR* 25(72)).
"""

from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from models.inference.collapsed import Collapsed
from models.inference.elimination import Reduced, reduce
from models.inference.log_sum import log_sum_exp, tell_arrays_from_jax
from models.inference.mixture import adapt, effective, start
from models.inference.transforms import Coordinates

Array = NDArray[np.float64]

tell_arrays_from_jax()

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
    """Diagnostics of the draws, all from the proposals' importance weights.

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
        rejected = np.exp(ordered - log_sum_exp(ordered)) @ _rejection(ordered)
        return cls(
            k_hat=float(k_hat),
            true_ess=float(min(size, effective(ordered))),
            acceptance=float(1 - rejected),
            distance=_distance(ordered, steps),
        )

    @property
    def holds(self) -> bool:
        """Whether the draws pass all diagnostics; NaN does not."""
        return self.represents and self.true_ess >= LEAST_ESS

    @property
    def represents(self) -> bool:
        """Whether each draw is from the density, however many there are."""
        return (
            self.k_hat <= LARGEST_K_HAT
            and self.acceptance >= LEAST_ACCEPTANCE
            and self.distance <= DISTANCE
        )


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
        """Diagnostics, to be checked before the draws are used."""
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
    accepted = _chains(log_weight, rng) * size + np.arange(size)
    return Drawn(coordinates.to_point(proposed[accepted]), log_density[accepted], log_weight)


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
    target = np.cumsum(np.exp(ordered - log_sum_exp(ordered)))
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
    current = log_weight[0].copy()
    for step, proposed in enumerate(log_weight[1:], 1):
        # From where the density is nothing, anywhere is better.
        moves = (np.log(rng.random(len(state))) + current < proposed) | (current == -np.inf)
        state[moves] = step
        current[moves] = proposed[moves]
    return state
