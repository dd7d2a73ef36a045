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
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.inference.mixture import NEGLIGIBLE, Mixture, climbed, effective, log_constant, tempered

Array = NDArray[np.float64]

COMPONENTS = 4
STEPS_OF_EM = 4
LEAST_COMPONENT = 5e-3
"""Of a fit: components at most, steps, and the share below which one is dropped."""

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


class LightTailed(Mixture):
    """The same with more degrees of freedom, and whitening by one product for all components."""

    nu = 15.0

    def moved(self, by: Array) -> "LightTailed":
        """Return the same elsewhere."""
        return LightTailed(self.share, self.centre + by, self.factor)

    @cached_property
    def _white(self) -> tuple[Array, Array, Array]:
        """Return each component's whitening matrix, whitened centre and log constant."""
        inverse = np.linalg.inv(self.factor)
        size = self.centre.shape[1]
        constant = log_constant(self.nu, size)
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
        return constant - (self.nu + size) / 2 * np.log1p(square / self.nu), square

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
    mixture: LightTailed,
    tails: NDArray[np.int64],
    rng: np.random.Generator,
    rounds: int,
) -> tuple[Array, Array, LightTailed]:
    """Fit a mixture by rounds of weighted draws.

    Returns
    -------
    v : ndarray, shape (draws, S)
        Of the rounds remembered.
    log_weight : ndarray, shape (draws,)
        Of these, against the mixture of all that they were drawn from.
    mixture : LightTailed
        Fitted to them.
    """
    past: list[tuple[LightTailed, Array, Array]] = []
    size = EACH * mixture.centre.shape[1]
    for _ in range(rounds):
        v = mixture.draw(size, rng)
        past = [*past[1 - REMEMBERED :], (mixture, v, target(v))]
        draws, log_weight = together(past)
        good = effective(past[-1][2] - mixture.log_density(v)) > GOOD_SHARE * size
        mixture = fit(draws, tempered(log_weight, LEAST_SHARE), tails, rng)
        if good:
            break
    return draws, log_weight, mixture


def together(past: list[tuple[LightTailed, Array, Array]]) -> tuple[Array, Array]:
    """Return the draws of several rounds and their deterministic mixture weights' logarithms."""
    mixtures, drawn, log_density = zip(*past, strict=True)
    draws = np.concatenate(drawn)
    sizes = np.log([len(v) for v in drawn]) - np.log(len(draws))
    proposal = [m.log_density(draws) + n for m, n in zip(mixtures, sizes, strict=True)]
    return draws, np.concatenate(log_density) - log_sum(np.stack(proposal, axis=1))


def fit(v: Array, weight: Array, tails: NDArray[np.int64], rng: np.random.Generator) -> LightTailed:
    """Fit the mixture to weighted points by EM, and add what is wide or in a tail."""
    size = v.shape[1]
    mean = weight @ v
    covariance = (weight[:, None] * (v - mean)).T @ (v - mean) + 1e-9 * np.eye(size)
    overall = np.linalg.cholesky(covariance)
    sd = np.sqrt(np.diag(covariance))
    mixture = LightTailed(
        np.full(COMPONENTS, 1 / COMPONENTS),
        v[rng.choice(len(v), COMPONENTS, p=weight)],
        np.repeat(0.8 * overall[None], COMPONENTS, axis=0),
    )
    used = weight > 1e-3 / len(v)  # the others hold a thousandth of the weight together
    v, weight = v[used], weight[used]
    mixture = climbed(mixture, v, weight, 0.05 * covariance, STEPS_OF_EM, LEAST_COMPONENT)
    tail_centres, of_tail = [], []
    for tail in tails:
        # Along the regression of the others on this coordinate, with more room about it.
        along = covariance[:, tail] / sd[tail]
        wide = TAIL_ROOM * (covariance - np.outer(along, along)) + TAIL_SD**2 * np.outer(
            along, along
        )
        tail_centres += [mean - TAIL_AT * along, mean + TAIL_AT * along]
        of_tail += [np.linalg.cholesky(wide + 1e-9 * np.eye(size))] * 2
    of_tails = np.full(len(tail_centres), OF_TAILS / max(len(tail_centres), 1))
    main = 1 - OF_WIDE - OF_TAILS * bool(tail_centres)
    return LightTailed(
        np.concatenate([main * mixture.share, [OF_WIDE], of_tails]),
        np.vstack([mixture.centre, mean, *tail_centres]),
        np.stack([*mixture.factor, WIDE * overall, *of_tail]),
    )


def modes(target: Target, size: int, rng: np.random.Generator) -> list[Array]:
    """Return local modes, by damped Newton steps from the middle of the prior and about it."""
    maxima: list[tuple[float, Array]] = []
    for start in [np.zeros(size), *rng.standard_normal((STARTS - 1, size))]:
        value, mode = climb(target, start)
        if all(np.abs(mode - known_mode).max() > 0.1 for _, known_mode in maxima):
            maxima.append((value, mode))
    highest = max(value for value, _ in maxima)
    return [mode for value, mode in maxima if value > highest - NEGLIGIBLE]


def climb(target: Target, v: Array) -> tuple[float, Array]:
    """Return a local maximum and its location."""
    for _ in range(NEWTON_STEPS):
        value, slope, covariance = curvature(target, v)
        step = covariance @ slope
        step *= min(1.0, 2 / np.linalg.norm(step))
        candidates = v + np.array([1.0, 0.5, 0.2, 0.05])[:, None] * step
        values = target(candidates)
        if not values.max() > value + 1e-3:
            return value, v
        v = candidates[values.argmax()]
    return float(values.max()), v


def curvature(target: Target, v: Array) -> tuple[float, Array, Array]:
    """Return value, slope and the normal approximation's covariance, by finite differences."""
    size, h = len(v), DIFFERENCE
    step = h * np.eye(size)
    first, second = np.triu_indices(size, 1)
    values = target(np.vstack([v[None], v + step, v - step, v + step[first] + step[second]]))
    value, ahead, behind, crossed = np.split(values, [1, size + 1, 2 * size + 1])
    hessian = np.diag((ahead + behind - 2 * value) / h**2)
    hessian[first, second] = (crossed - ahead[first] - ahead[second] + value) / h**2
    hessian[second, first] = hessian[first, second]
    # At saddles and on plateaus too a step goes uphill, and stays short: |curvature| ≥ 0.3.
    sizes, rotation = np.linalg.eigh(-hessian)
    covariance = (rotation / np.maximum(np.abs(sizes), 0.3)) @ rotation.T
    return float(value[0]), (ahead - behind) / (2 * h), covariance
