"""Collapsed densities with correlated errors, orthogonal effects eliminated.

Errors that are correlated over the years of a province alone leave provinces apart. Their precision
is Σ_j q_j(x) M_j (`models.inference.collapsed_correlated`), and effects of provinces are orthogonal
in each M_j, as they are in the rows of each residual scale under independent errors. With q_j in
the place of 1/σ_e² the same elimination holds (`models.inference.elimination`), at many points at
once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np

from models.inference.collapsed import FARTHEST, Array
from models.inference.collapsed_correlated import CollapsedErrors
from models.inference.elimination import (
    ZERO,
    Elimination,
    Products,
    eliminate,
    prior_precisions,
)
from models.inference.normal_scores import log_sech2
from models.priors import Prior, ScalePriors


@runtime_checkable
class WithProducts(Protocol):
    """Errors of one outcome that have their products at hand; x: log scales, then artanh φ."""

    products: Array
    """Cross products of effects and outcome by each M_j, shape (pieces, L + 1, L + 1)."""

    scales: Sequence[Prior]
    """Priors of the scales."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ReducedErrors(Elimination):
    """The density of log scales and errors' parameters, and draws of locations given them.

    Weights are exp(−2 u) of the scale elements, the q_j, and 1. It is drawn from as what
    `models.inference.normal_scores` calls a density.

    Attributes
    ----------
    density : CollapsedErrors
        The density that is reduced, of one outcome.
    """

    density: CollapsedErrors

    @property
    def size(self) -> int:
        """Number of parameters of a point."""
        return self.density.size

    @property
    def correlations(self) -> int:
        """Number of φ."""
        return self.density.errors.size - len(self.density.errors.scales)

    @cached_property
    def scale_priors(self) -> ScalePriors:
        """Priors of the scales."""
        (outcome,) = self.density.outcomes
        of_locations = [scale.prior for scale in outcome.scales for _ in range(scale.size)]
        return ScalePriors([*of_locations, *self.density.errors.scales])

    def log_prior_of_points(self, point: Array) -> Array:
        """Return the log prior of the scales, and that of φ if it were flat, shape (N,)."""
        log_scale, artanh = np.split(point, [self.size - self.correlations], axis=1)
        flat = log_sech2(artanh) - np.log(2)  # of (1 − φ²) / 2
        return self.scale_priors.log_density(log_scale)[0].sum(axis=1) + flat.sum(axis=1)

    def log_density(self, point: Array) -> Array:
        """Evaluate the log posterior, Jacobians included; −inf where double precision fails.

        Parameters
        ----------
        point : ndarray, shape (N, size)

        Returns
        -------
        ndarray, shape (N,)
            The same as `CollapsedErrors.logp_and_gradient`.
        """
        density, (outcome,) = self.density, self.density.outcomes
        held = np.abs(point).max(axis=1, initial=0) <= FARTHEST
        logp = np.full(len(point), -np.inf)
        log_scale, x = np.split(point[held], [outcome.size], axis=1)
        with np.errstate(all="ignore"):  # what is out of range is NaN, and −inf below
            log_det, square = self.sums(self._weights(point[held]))
            prior = outcome.prior.log_density(log_scale)[0].sum(axis=1)
            of_errors = density.errors.half_log_determinant(x) + density.errors.log_prior(x)
            value = prior - log_scale @ outcome.count + of_errors - (log_det + square) / 2
        logp[held] = np.where(np.isnan(value), -np.inf, value + density.constant)
        return logp

    def draw(self, point: Array, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the locations given all else; return all random variables of the PyMC model.

        Parameters
        ----------
        point : ndarray, shape (…, size)

        Returns
        -------
        dict of str to ndarray, shape (…, size)
        """
        density, (outcome,) = self.density, self.density.outcomes
        flat = point.reshape(-1, density.size)
        log_scale, x = np.split(flat, [outcome.size], axis=1)
        drawn = outcome.variables(self.locations(self._weights(flat), rng), log_scale)
        drawn |= density.errors.variables(x)
        return {name: v.reshape(*point.shape[:-1], -1) for name, v in drawn.items()}

    def _weights(self, point: Array) -> Array:
        (outcome,) = self.density.outcomes
        log_scale, x = np.split(point, [outcome.size], axis=1)
        weights = [np.exp(-2 * log_scale), self.density.errors.weights(x), np.ones((len(x), 1))]
        return np.concatenate(weights, axis=1)


def reduce_errors(density: CollapsedErrors) -> ReducedErrors | None:
    """Eliminate the orthogonal effects of one outcome; None of several, or without products."""
    if len(density.outcomes) > 1 or not isinstance(density.errors, WithProducts):
        return None
    (outcome,), of_pieces = density.outcomes, density.errors.products
    products = Products(of_pieces[:, :-1, :-1], of_pieces[:, :-1, -1], of_pieces[:, -1, -1])
    of_scales, fixed = np.split(prior_precisions(outcome), [outcome.size])
    none = np.zeros((len(of_pieces), of_scales.shape[1]))
    residual = slice(outcome.size, outcome.size + len(of_pieces))
    prior = np.vstack([of_scales, none, fixed])
    # A province has no part in pieces of other regions, which so have no pairs with its own.
    parts = eliminate(outcome, prior, products, residual, ZERO)
    return ReducedErrors(density=density, **vars(parts))
