"""Posteriors of one density or of many data sets of one design, from points evaluated in batches.

For densities that evaluate many points at once over scales and correlations
(`models.bayesian.growth_density`), in coordinates with normal tails (`normal_scores`), by
proposals of a mixture that adapts (`adaptive_mixture`).

`draw_points` draws independently, by short chains of independence Metropolis steps, and with the
same diagnostics as `models.inference.independence_sampler`. `fit_many` fits many data sets
for studies that need intervals, not files. Each starts from the fit of one of them, and its
draws are resampled from the weighted proposals of all of its rounds.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from models.inference import adaptive_mixture as adaptive
from models.inference import independence_sampler
from models.inference.adaptive_mixture import LEAST_SHARE, LightTailed, Target
from models.inference.independence_sampler import Drawn
from models.inference.mixture import effective, tempered
from models.inference.normal_scores import Density, NormalScores

Array = NDArray[np.float64]

ROUNDS = 10
"""Of adaptation at most; half as many before coordinates are put where the posterior is."""

FIRST_STEPS = 12
"""Of the chains, before their weights say how many are needed."""

EACH_OF_MANY, LEAST_OF_MANY = 100, 700
LEAST_ROUNDS, MOST_ROUNDS, ENOUGH = 2, 7, 1_000
LARGEST_K_HAT = 0.7
"""Of many data sets: draws of a round for each parameter, and at least, so that two rounds can be
enough; rounds; effective proposals that end them; the Pareto shape beyond which weights mean
nothing (Vehtari et al. 2024)."""

CLIMB, GAIN = 12, 0.1
"""Steps to the mode of another data set at most, and the log density that one must gain."""


class Proposal(NamedTuple):
    """Coordinates, and a mixture that approximates a posterior in them."""

    scores: NormalScores
    mixture: LightTailed


class Posterior(NamedTuple):
    """Draws of one of many data sets.

    Attributes
    ----------
    density : Density
        Given the data set.
    point : ndarray, shape (size, S)
        Draws, resampled from weighted proposals.
    effective : float
        Effective number of the proposals, (Σw)² / Σw².
    k_hat : float
        Pareto shape of their weights.
    """

    density: Density
    point: Array
    effective: float
    k_hat: float


# --- one density --------------------------------------------------------------------------------


def draw_points(density: Density, size: int, rng: np.random.Generator) -> Drawn:
    """Draw points independently of each other, as `independence_sampler.draw_scales` does."""
    scores, mixture = propose(density, rng)
    target = scores.target(density)
    proposed: list[Array] = []
    log_weight: list[Array] = []
    steps = FIRST_STEPS
    while len(proposed) <= steps:
        while len(proposed) <= steps:
            v = mixture.draw(size, rng)
            proposed.append(v)
            log_weight.append(target(v) - mixture.log_density(v))
        # As many as all weights so far ask for, a third to spare; a hopeless sample stops here.
        steps = independence_sampler._steps(np.sort(np.concatenate(log_weight)))
    weights = np.array(log_weight)
    accepted = independence_sampler._chains(weights, rng)
    point = scores.to_point(np.array(proposed)[accepted, np.arange(size)])
    return Drawn(point, density.log_density(point), weights)


def propose(density: Density, rng: np.random.Generator) -> Proposal:
    """Fit coordinates and a mixture to a density, from its modes."""
    scores = NormalScores.of(density)
    target = scores.target(density)
    modes = adaptive.modes(target, density.size, rng)
    factors = [np.linalg.cholesky(adaptive.curvature(target, mode)[2]) for mode in modes]
    share = np.repeat([0.4, 0.3, 0.2], len(modes)) / len(modes)
    mixture = LightTailed(
        np.append(share, 0.1),
        np.array([*modes * 3, np.zeros(density.size)]),
        np.array(
            [*factors, *(1.5 * f for f in factors), *(3 * f for f in factors), np.eye(density.size)]
        ),
    )
    v, log_weight, mixture = adaptive.adapt(target, mixture, scores.tails, rng, ROUNDS // 2)
    # The same points again in coordinates that suit them.
    point, weight = scores.to_point(v), tempered(log_weight, LEAST_SHARE)
    scores = scores.adapted(point, weight)
    v = scores.from_point(point)
    usable = np.isfinite(v).all(axis=1) & (weight > 0)
    mixture = adaptive.fit(v[usable], weight[usable] / weight[usable].sum(), scores.tails, rng)
    _, _, mixture = adaptive.adapt(scores.target(density), mixture, scores.tails, rng, ROUNDS)
    return Proposal(scores, mixture)


# --- many data sets -----------------------------------------------------------------------------


def fit_many(
    density: Density, outcomes: Array, size: int, rng: np.random.Generator
) -> Iterator[Posterior]:
    """Fit data sets that differ in their outcome alone.

    Parameters
    ----------
    density : Density
        Of the design; its outcome is not used.
    outcomes : ndarray, shape (data sets, n)
        Standardised.
    size : int
        Draws kept of each posterior.
    rng : Generator

    Yields
    ------
    Posterior
    """
    template = propose(density.with_outcome(outcomes[0]), rng)
    for y in outcomes:
        yield fit_from(template, density.with_outcome(y), size, rng)


def fit_from(
    template: Proposal, density: Density, size: int, rng: np.random.Generator
) -> Posterior:
    """Fit one data set from another's posterior; from its own modes if that is too far."""
    scores, mixture = template
    centre = mixture.share @ mixture.centre
    mode = climb_by(scores.target(density), centre, mixture)
    drawn = _by_rounds(Proposal(scores, mixture.moved(mode - centre)), density, size, rng)
    if drawn.effective < ENOUGH or drawn.k_hat > LARGEST_K_HAT:
        drawn = _by_rounds(propose(density, rng), density, size, rng)
    return drawn


def _by_rounds(
    proposal: Proposal, density: Density, size: int, rng: np.random.Generator
) -> Posterior:
    """Draw from a proposal that adapts until enough proposals are effective; resample them."""
    scores, mixture = proposal
    target = scores.target(density)
    past: list[tuple[LightTailed, Array, Array]] = []
    per_round = max(EACH_OF_MANY * density.size, LEAST_OF_MANY)
    for _ in range(MOST_ROUNDS):
        v = mixture.draw(per_round, rng)
        past = [*past, (mixture, v, target(v))]
        draws, log_weight = adaptive.together(past)
        if len(past) >= LEAST_ROUNDS and effective(log_weight) >= ENOUGH:
            break
        mixture = adaptive.fit(draws, tempered(log_weight, LEAST_SHARE), scores.tails, rng)
    weight = np.exp(log_weight - adaptive.log_sum(log_weight))
    # Systematic resampling: as many copies as the weight says, to within one.
    places = (rng.random() + np.arange(size)) / size
    resampled = np.minimum(np.searchsorted(np.cumsum(weight), places), len(weight) - 1)
    _, k_hat = array_stats.psislw(-np.sort(log_weight[np.isfinite(log_weight)]))
    point = scores.to_point(draws[resampled])
    return Posterior(density, point, effective(log_weight), float(k_hat))


def climb_by(target: Target, v: Array, mixture: LightTailed) -> Array:
    """Return an approximate mode, by Newton steps in units of another posterior's covariance."""
    factor = mixture.factor[np.argmax(mixture.share)]
    step = 0.1 * factor.T  # rows: a tenth of a standard deviation along each axis

    def about(v: Array) -> Array:
        return target(np.vstack([v[None], v + step, v - step]))

    values = about(v)
    for _ in range(CLIMB):
        value, ahead, behind = np.split(values, [1, len(v) + 1])
        slope = (ahead - behind) / 0.2
        bend = np.maximum(-(ahead + behind - 2 * value) / 0.01, 0.2)
        move = factor @ (slope / bend)
        # What the next step needs is asked of the whole step at once: few calls, not few points.
        values = about(v + move)
        if values[0] > value[0]:
            v = v + move
            if not values[0] > value[0] + GAIN:
                break
            continue
        shorter = v + np.array([0.4, 0.1])[:, None] * move
        of_shorter = target(shorter)
        if not of_shorter.max() > value[0] + GAIN:
            break
        v = shorter[of_shorter.argmax()]
        values = about(v)
    return v
