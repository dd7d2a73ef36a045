"""Collapsed densities of models with correlated errors: scales and correlations remain.

As `models.inference.collapsed`, for errors that are not independent from row to row or from outcome
to outcome. Their precision matrix is a sum of fixed matrices with weights in the errors' own
parameters x (log scales and what else there is), so the data enter through Gram matrices again:

    Λ = blockdiag(prior precision of each outcome's locations) + Σ_j q_j(x) H_j
    log p(u, x | y) = prior of the locations and ½ log|P(x)| − ½ (Σ_j q_j y'M_j y − b'm) − ½ log|Λ|
                      + log p(u) + log p(x) + constant

u are the log scales τ. By Fisher's identity the derivative in x is ½ d log|P| + d log p(x) −
½ Σ_j dq_j E[(y − Xθ)'M_j(y − Xθ) | u, x, y]; what is differentiated in x is small, and is so by
complex steps (Squire & Trapp 1998, *SIAM Review* 40:110–112), which lose no digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtrs

from models.inference.collapsed import FARTHEST, Array, Collapsed, OutOfRangeError
from models.priors import LOG_2PI, ScalePriors

STEP = 1e-30
"""Of the imaginary part: nothing is subtracted, so nothing is lost."""


class Errors(Protocol):
    """The errors of n rows of m outcomes, by their parameters x, shape (…, size), unconstrained.

    `weights`, `half_log_determinant` and `log_prior` are called with complex x too.
    """

    size: int

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point in the bulk of the prior, shape (size,)."""

    def weights(self, x: Array) -> Array:
        """Return the q_j, shape (…, pieces)."""

    def half_log_determinant(self, x: Array) -> Array:
        """Return ½ log|P|, shape (…)."""

    def log_prior(self, x: Array) -> Array:
        """Return the log prior of x with its Jacobian, shape (…)."""

    def assemble(self, q: Array) -> tuple[Array, Array, float]:
        """Return Σ q_j times X'M_jX, X'M_jy and y'M_jy."""

    def expected(self, mean: Array, covariance: Array) -> Array:
        """Return E[(y − Xθ)'M_j(y − Xθ)], shape (pieces,), θ of that mean and covariance."""

    def variables(self, x: Array) -> dict[str, Array]:
        """Return the random variables of the PyMC model, flat."""

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return the x of draws of the random variables, shape (…, size)."""

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the random variables of the PyMC model from the prior."""

    def log_prior_of(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of each random variable, summed over its elements."""


@dataclass(frozen=True, eq=False)
class CollapsedErrors:
    """The posterior of scales and errors' parameters; used as `collapsed.Collapsed`.

    Attributes
    ----------
    outcomes : tuple of Collapsed
        The locations and scales of each outcome, without rows (`without_rows`).
    errors : Errors
    constant : float
        What does not depend on any of the parameters.
    """

    outcomes: tuple[Collapsed, ...]
    errors: Errors
    constant: float

    @property
    def size(self) -> int:
        """Number of scale elements and errors' parameters."""
        return sum(outcome.size for outcome in self.outcomes) + self.errors.size

    @property
    def half_normal(self) -> Array:
        """As `Collapsed.half_normal`; the errors' parameters have none."""
        half_normal = [outcome.half_normal for outcome in self.outcomes]
        return np.concatenate([*half_normal, np.zeros(self.errors.size)])

    @property
    def linked(self) -> tuple:
        """As `Collapsed.linked`: none, residual scales being the errors' own."""
        return ()

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point, shape (size,)."""
        starts = [outcome.initial(rng) for outcome in self.outcomes]
        return np.concatenate([*starts, self.errors.initial(rng)])

    def logp_and_gradient(self, point: Array) -> tuple[float, Array]:
        """Evaluate the log posterior and its gradient.

        Parameters
        ----------
        point : ndarray, shape (size,)
            The log scales of each outcome, then x.

        Raises
        ------
        OutOfRangeError
            If double precision does not hold the density there.
        """
        if not np.abs(point).max() <= FARTHEST:
            raise OutOfRangeError("scales so far from 1 that their squares overflow")
        scales, x = self._pieces(point)
        weights, of_errors = self._of_errors(x)
        q = weights[0].real
        factor, mean, score, square = self._given(scales, q)
        inverse = dpotri(factor, lower=1)[0]  # lower triangle only: the upper one stays zero
        covariance = inverse + inverse.T
        covariance.flat[:: len(covariance) + 1] /= 2
        logp = self.constant + of_errors[0].real - (square - score @ mean) / 2
        logp -= np.log(np.diag(factor)).sum()
        slopes = []
        for outcome, u, where in zip(self.outcomes, scales, self._blocks, strict=True):
            theta, spread = mean[where], covariance[where, where]
            expected = (
                outcome.gram @ theta @ theta
                + outcome.gram.reshape(outcome.size, -1) @ spread.ravel()
            )
            prior, prior_slope = outcome.prior.log_density(u)
            logp += prior.sum() - outcome.count @ u
            slopes.append(np.exp(-2 * u) * expected - outcome.count + prior_slope)
        # Fisher's identity: x enters the score through the expected squares of the errors alone.
        expected = self.errors.expected(mean, covariance)
        slopes.append(of_errors.imag / STEP - (weights.imag / STEP) @ expected / 2)
        return float(logp), np.concatenate(slopes)

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return where `logp_and_gradient` is evaluated for draws of the variables, (…, size)."""
        scales = [
            outcome.point(
                {n: np.split(variables[n], len(self.outcomes), -1)[position] for n in names}
            )
            for position, outcome in enumerate(self.outcomes)
            for names in [tuple(outcome.scale_slices)]
        ]
        return np.concatenate([*scales, self.errors.point(variables)], axis=-1)

    def draw(self, point: Array, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the locations given all else; return all random variables of the PyMC model.

        Parameters
        ----------
        point : ndarray, shape (…, size)
        rng : Generator

        Returns
        -------
        dict of str to ndarray, shape (…, outcomes · size)
        """
        flat = point.reshape(-1, self.size)
        theta = np.empty((len(flat), sum(len(drawn.fixed) for drawn in self.outcomes)))
        for row, element_point in zip(theta, flat, strict=True):
            scales, x = self._pieces(element_point)
            factor, mean, _, _ = self._given(scales, self.errors.weights(x))
            row[:] = mean + dtrtrs(factor, rng.standard_normal(len(mean)), lower=1, trans=1)[0]
        theta = theta.reshape(*point.shape[:-1], -1)
        scales, x = self._pieces(point)
        drawn = [
            outcome.variables(theta[..., where], u)
            for outcome, u, where in zip(self.outcomes, scales, self._blocks, strict=True)
        ]
        return _side_by_side(drawn) | self.errors.variables(x)

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw all random variables of the PyMC model from the prior, shapes (size, …)."""
        drawn = [outcome.draw_prior(size, rng) for outcome in self.outcomes]
        return _side_by_side(drawn) | self.errors.draw_prior(size, rng)

    def log_prior(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of each random variable, summed over its elements."""
        density: dict[str, Any] = {}
        for position, outcome in enumerate(self.outcomes):
            names = (*outcome.location_slices, *outcome.scale_slices)
            variables_of = {
                n: np.split(variables[n], len(self.outcomes), axis=-1)[position] for n in names
            }
            for name, value in outcome.log_prior(variables_of).items():
                density[name] = density.get(name, 0.0) + value
        return density | self.errors.log_prior_of(variables)

    def _of_errors(self, x: Array) -> tuple[Array, Array]:
        """Return q and what depends on x alone, at x with a step in each of its elements."""
        steps = x + 1j * STEP * np.eye(len(x))
        with np.errstate(all="ignore"):  # values out of range are not finite: caught below
            try:
                weights = self.errors.weights(steps)
            except np.linalg.LinAlgError:
                weights = np.array([np.nan])
            unweighted = self.errors.half_log_determinant(steps) + self.errors.log_prior(steps)
        if not (np.isfinite(weights).all() and np.isfinite(unweighted).all()):
            raise OutOfRangeError("errors' parameters at the edge of their range")
        return weights, unweighted

    def _given(self, scales: list[Array], q: Array) -> tuple[Array, Array, Array, float]:
        """Return the lower Cholesky factor of Λ, m, b and Σ q_j y'M_j y."""
        precision, score, square = self.errors.assemble(q)
        for outcome, u, where in zip(self.outcomes, scales, self._blocks, strict=True):
            flat = np.exp(-2 * u) @ outcome.gram.reshape(outcome.size, -1)
            precision[where, where] += outcome.gram_fixed + flat.reshape(outcome.gram_fixed.shape)
        # LAPACK itself reports a Λ that is not positive definite; numpy's error costs a trace-back.
        factor, failed = dpotrf(precision, lower=1)
        if failed:
            raise OutOfRangeError("scales so far apart that double precision does not hold Λ")
        return factor, dpotrs(factor, score, lower=1)[0], score, square

    def _pieces(self, point: Array) -> tuple[list[Array], Array]:
        return [point[..., where] for where in self._scales], point[..., -self.errors.size :]

    @cached_property
    def _scales(self) -> list[slice]:
        """Positions of each outcome's scales in a point."""
        return _in_turn([outcome.size for outcome in self.outcomes])

    @cached_property
    def _blocks(self) -> list[slice]:
        """Positions of each outcome's locations among all."""
        return _in_turn([len(outcome.fixed) for outcome in self.outcomes])


def _in_turn(sizes: list[int]) -> list[slice]:
    return [slice(end - size, end) for end, size in zip(np.cumsum(sizes), sizes, strict=True)]


def without_rows(model: Collapsed) -> Collapsed:
    """Return a model's locations and scales alone, without data and residual scale."""
    scales = model.scales[:-1]
    size = sum(scale.size for scale in scales)
    return replace(
        model,
        scales=scales,
        scale_slices={scale.name: model.scale_slices[scale.name] for scale in scales},
        member=model.member[:size],
        count=model.count[:size],
        gram=model.gram[:size],
        gram_lower=model.gram_lower[:size],
        prior=ScalePriors([scale.prior for scale in scales for _ in range(scale.size)]),
        xy=model.xy[:size],
        yy=model.yy[:size],
    )


def collapse_errors(
    outcomes: tuple[Collapsed, ...], errors: Errors, observations: int
) -> CollapsedErrors:
    """Combine collapsed models of single outcomes under correlated errors.

    Parameters
    ----------
    outcomes : tuple of Collapsed
        Each as if its errors were independent.
    errors : Errors
        In place of these.
    observations : int
        Number of values observed, rows times outcomes.
    """
    rowless = tuple(map(without_rows, outcomes))
    fixed = sum(np.log(model.fixed).sum() for model in rowless)
    return CollapsedErrors(rowless, errors, float(-fixed - observations * LOG_2PI / 2))


def effects_of(model: Collapsed) -> Array:
    """Return the effect of all locations on the mean of each row, shape (n, L)."""
    return np.hstack([block.effect for block in model.locations])


def _side_by_side(variables: list[dict[str, Array]]) -> dict[str, Array]:
    return {
        name: np.concatenate([of_outcome[name] for of_outcome in variables], axis=-1)
        for name in variables[0]
    }
