"""Errors of several outcomes, correlated within a row, for collapsed densities.

    (ε_it1, …, ε_itm) ~ N(0, D_r R D_r),  D_r = diag(σ_r1, …, σ_rm),  R ~ LKJ(η)

as in `models.bayesian.multivariate`, R by its partial correlations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from models.bayesian.correlation import from_partial, stacked
from models.inference.collapsed import Array
from models.priors import Prior, ScalePriors, lkj_shapes


@dataclass(frozen=True, eq=False)
class CorrelatedErrors:
    """Errors correlated between outcomes, as `models.inference.collapsed_correlated.Errors`.

    x holds log σ, outcome by outcome, and the logits of `partial_unit`.

    Attributes
    ----------
    sigma, correlation : Prior
    counts : ndarray, shape (groups,)
        Rows of each residual scale.
    effects : ndarray, shape (groups, L, L)
        X'X in the rows of each residual scale; X is the same for all outcomes.
    effects_y : ndarray, shape (groups, m, L)
        X'y of each outcome.
    y : ndarray, shape (groups, m, m)
        Cross products of the outcomes.
    """

    sigma: Prior
    correlation: Prior
    counts: Array
    effects: Array
    effects_y: Array
    y: Array

    @property
    def size(self) -> int:
        """Number of parameters."""
        return self._n_sigma + self._m * (self._m - 1) // 2

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point in the bulk of the prior."""
        start = np.zeros(self.size)
        start[: self._n_sigma] = np.log(self.sigma.typical)
        return start + rng.uniform(-1, 1, self.size)

    def weights(self, x: Array) -> Array:
        """Return the entries of (D R D)⁻¹ by residual scale and two outcomes."""
        sigma, unit = self._split(x)
        factor = stacked(from_partial(2 * unit - 1, self._m))
        inverse = np.linalg.inv(factor @ np.swapaxes(factor, -1, -2))
        precision_root = np.moveaxis(1 / sigma, -1, -2)
        q = inverse[..., None, :, :] * precision_root[..., :, None] * precision_root[..., None, :]
        return q.reshape(*x.shape[:-1], -1)

    def half_log_determinant(self, x: Array) -> Array:
        """Return ½ log|P|."""
        sigma, unit = self._split(x)
        factor = from_partial(2 * unit - 1, self._m)
        of_correlation = sum(np.log(row[-1]) for row in factor) * self.counts.sum()
        return -(np.log(sigma) @ self.counts).sum(axis=-1) - of_correlation

    def log_prior(self, x: Array) -> Array:
        """Return the log prior with its Jacobian."""
        _, unit = self._split(x)
        of_sigma = self._sigma.log_density(x[..., : self._n_sigma])[0].sum(axis=-1)
        shape, constant = lkj_shapes(self.correlation.scale, self._m)
        of_unit = shape * (np.log(unit) + np.log(1 - unit)) - constant
        return of_sigma + of_unit.sum(axis=-1)

    def assemble(self, q: Array) -> tuple[Array, Array, float]:
        """Return Σ q_j times the cross products of effects, effects and outcome, outcome."""
        m, size = self._m, self.effects.shape[-1]
        weight = q.reshape(-1, m, m)
        blocks = np.tensordot(weight, self.effects, (0, 0)).transpose(0, 2, 1, 3)
        score = np.einsum("gab,gbl->al", weight, self.effects_y)
        return blocks.reshape(m * size, -1), score.ravel(), float((weight * self.y).sum())

    def expected(self, mean: Array, covariance: Array) -> Array:
        """Return the expected products of two outcomes' errors in each residual scale."""
        m, size = self._m, self.effects.shape[-1]
        theta = mean.reshape(m, size)
        second = covariance.reshape(m, size, m, size).transpose(0, 2, 1, 3).reshape(m * m, -1)
        second = second + np.einsum("al,bk->ablk", theta, theta).reshape(m * m, -1)
        of_effects = (self.effects.reshape(len(self.effects), -1) @ second.T).reshape(-1, m, m)
        cross = self.effects_y @ theta.T
        return (self.y - cross - np.swapaxes(cross, -1, -2) + of_effects).ravel()

    def variables(self, x: Array) -> dict[str, Array]:
        """Return σ and the partial correlations."""
        names = self.sigma.name, self.correlation.name
        _, unit = self._split(x)
        return dict(zip(names, (np.exp(x[..., : self._n_sigma]), unit), strict=True))

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return log σ and the logits of the partial correlations' units."""
        sigma, unit = (variables[prior.name] for prior in (self.sigma, self.correlation))
        return np.concatenate([np.log(sigma), np.log(unit) - np.log1p(-unit)], axis=-1)

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw σ and the partial correlations from the prior."""
        shape, _ = lkj_shapes(self.correlation.scale, self._m)
        return {
            self.sigma.name: self.sigma.draw((size, self._n_sigma), rng),
            self.correlation.name: rng.beta(shape, shape, (size, len(shape))),
        }

    def log_prior_of(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of σ and partial correlations, each summed over its elements."""
        log_sigma = np.log(variables[self.sigma.name])
        of_sigma = self._sigma.log_density(log_sigma)[0] - log_sigma
        shape, _ = lkj_shapes(self.correlation.scale, self._m)
        of_unit = stats.beta.logpdf(variables[self.correlation.name], shape, shape)
        return {
            self.sigma.name: of_sigma.sum(axis=-1),
            self.correlation.name: of_unit.sum(axis=-1),
        }

    @property
    def _m(self) -> int:
        return self.y.shape[-1]

    @property
    def _n_sigma(self) -> int:
        return self._m * len(self.counts)

    @cached_property
    def _sigma(self) -> ScalePriors:
        return ScalePriors([self.sigma] * self._n_sigma)

    def _split(self, x: Array) -> tuple[Array, Array]:
        """Return σ, shape (…, m, groups), and `partial_unit`, shape (…, pairs)."""
        sigma = np.exp(x[..., : self._n_sigma])
        unit = 1 / (1 + np.exp(-x[..., self._n_sigma :]))
        return sigma.reshape(*x.shape[:-1], self._m, -1), unit
