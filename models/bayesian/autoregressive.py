"""The hierarchical model with errors that follow a first-order autoregression in each province.

Likelihood, all else as in `models.bayesian.hierarchical`
    y_it = a_i + d_t + z̃_it'b_r + w̃_it'γ + e_it
    e_it = φ e_i,t−1 + u_it,  u_it ~ N(0, σ_r²),  e_i1 ~ N(0, σ_r² / (1 − φ²))

σ_r is the standard deviation of a year's innovation; at φ = 0 this is the model that it extends.
The first year counts in full (Prais & Winsten 1954; Judge et al., *The Theory and Practice of
Econometrics*, 2nd ed., section 8.2), which takes the errors as stationary. Where years are
missing, the last one seen k years ago has the coefficient φ^k and leaves the variance
σ_r² (1 − φ^2k) / (1 − φ²).

Prior of φ: normal about 0, cut off at −1 and 1, the bounds of stationarity, and never at 0:
errors that alternate are possible. A persistent error and a province effect are weakly identified
apart in 13 years: with φ near 1 a province's years hold little information on its effect.

Given φ and the scales all is normal still. With ρ_r the precision matrix of a region's errors in
units of 1/σ_r², and F, A_k, B_k, C_k dummy-like matrices of first rows and of rows k years after
the one before (A takes the rows themselves, C those before them, B both ways),

    ρ_r = (1 − φ²) F + Σ_k c_k (A_k − φ^k B_k + φ^2k C_k),  c_k = (1 − φ²) / (1 − φ^2k)

as `models.inference.collapsed_correlated` takes it. As c_1 = 1, F goes with A_1 and C_1 where they
are: (F + A_1) − φ B_1 + φ² (C_1 − F). In a province without gaps each of these is symmetric about
mid-sample, so a line in time is orthogonal to a constant in all of them.

Its limit: on the official panels φ is all but 1, a random walk. Still replicated series have less
lag-one autocorrelation than the residuals of column 3.2 (see `check`). Linear trends hold most of
the variance of these residuals, but only a part of that of a stationary AR(1) over few years.
They are growth of provinces, not serially correlated errors: `models.bayesian.province_trends`
adds province-specific linear trends.

The log likelihood of a row is given the years of its province before it, and predictive draws are
of whole new series of errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.bayesian import hierarchical
from models.bayesian.effects import normal_log_density, predictive, report_effects, standard_mean
from models.bayesian.hierarchical import effects
from models.bayesian.interface import Rows, Variables
from models.bayesian.within_between import WithinBetween
from models.inference.collapsed import Array, Collapsed
from models.inference.collapsed_correlated import CollapsedErrors, collapse_errors, effects_of
from models.priors import REGULARISED, Prior, Priors, ScalePriors

if TYPE_CHECKING:
    import pymc as pm
    from scipy import stats

PRIORS = REGULARISED.and_of(
    Prior(
        "phi",
        "Correlation",
        0.5,
        "correlation of a province's errors in successive years",
        "Centred on none, the model that it extends; either sign is possible, and the strong "
        "persistence that annual indices often show (0.9) still has a fifth of the density at 0.",
    )
)

MEANINGS = hierarchical.MEANINGS

split = hierarchical.split


def build(parts: WithinBetween, priors: Priors = PRIORS) -> "pm.Model":
    """Build the PyMC model; arguments as `models.bayesian.hierarchical.build` takes them."""
    import pymc as pm  # takes a second, and priors are read without it

    with pm.Model(coords=parts.coords) as model:
        values = effects(parts, hierarchical.variables(parts, priors))
        observe_series(parts, standard_mean(parts, values), values.sigma, priors)
    return model


def observe_series(parts: WithinBetween, mean: Any, sigma: Any, priors: Priors) -> None:
    """Add φ and the likelihood to the PyMC model in context, given means (n,) and σ (regions,)."""
    import pymc as pm  # takes a second, and priors are read without it

    before, years = predecessors(parts)
    phi = priors["phi"].variable(dims="one")[0]
    correlation = phi**years * (years > 0)
    sd = sigma[parts.design.region] * ((1 - correlation**2) / (1 - phi**2)) ** 0.5
    conditional_mean = mean + correlation * (parts.y[before] - mean[before])
    pm.Normal("y", conditional_mean, sd, observed=parts.y, dims="obs")


def predecessors(parts: WithinBetween) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the row before each in its province.

    Returns
    -------
    before : ndarray of int, shape (n,)
        Position of the province's last row before this one; of a first row, itself.
    years : ndarray of int, shape (n,)
        How many years lie between the two, 0 for a first row.
    """
    arrays = parts.design
    year = np.array(arrays.years)[arrays.year]
    follows = np.concatenate([[False], np.diff(arrays.province) == 0])
    before = np.arange(len(year)) - follows
    return before, year - year[before]


@dataclass(frozen=True, eq=False)
class AutoregressiveErrors:
    """AR(1) errors by province, as `collapsed_correlated.Errors`; x: log σ, artanh φ.

    Attributes
    ----------
    sigma, phi : Prior
    gaps : tuple of int
        The numbers of years k between a row and the one before it.
    counts : ndarray, shape (1 + gaps,)
        First rows, and rows of each k.
    group_counts : ndarray, shape (groups,)
        Rows of each residual scale.
    pieces : ndarray, shape (3 gaps, or 1 + 3 gaps, groups, L + 1, L + 1)
        Cross products of effects and outcome by each k's A, B, C, for each residual scale; F is
        in those of k = 1, or before them all if that is no gap.
    """

    sigma: Prior
    phi: Prior
    gaps: tuple[int, ...]
    counts: Array
    group_counts: Array
    pieces: Array

    @property
    def size(self) -> int:
        """Number of parameters."""
        return len(self.group_counts) + 1

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point in the bulk of the prior."""
        sigma = np.full(len(self.group_counts), np.log(self.sigma.typical))
        return np.append(sigma, 0.0) + rng.uniform(-1, 1, self.size)

    def weights(self, x: Array) -> Array:
        """Return the weights of `pieces` by residual scale."""
        first_weight, c, power = self._of_phi(x)
        by_gap = np.stack([c, -c * power, c * power**2], axis=-1).reshape(*c.shape[:-1], -1)
        of_piece = (
            by_gap if self.gaps[:1] == (1,) else np.concatenate([first_weight, by_gap], axis=-1)
        )
        weight = of_piece[..., :, None] * np.exp(-2 * x[..., None, :-1])
        return weight.reshape(*x.shape[:-1], -1)

    def half_log_determinant(self, x: Array) -> Array:
        """Return ½ log|P|."""
        first_weight, c, _ = self._of_phi(x)
        sizes = np.log(np.concatenate([first_weight, c], axis=-1)) @ self.counts
        return sizes / 2 - x[..., :-1] @ self.group_counts

    def log_prior(self, x: Array) -> Array:
        """Return the log prior with its Jacobian."""
        phi = np.tanh(x[..., -1])
        of_sigma = self._sigma.log_density(x[..., :-1])[0].sum(axis=-1)
        return of_sigma + self._log_prior_of_phi(phi) + np.log1p(-(phi**2))

    @property
    def scales(self) -> list[Prior]:
        """Priors of the σ."""
        return [self.sigma] * len(self.group_counts)

    @property
    def products(self) -> Array:
        """Cross products of effects and outcome by each weight, (weights, L + 1, L + 1)."""
        return self.pieces.reshape(-1, *self.pieces.shape[2:])

    def assemble(self, q: Array) -> tuple[Array, Array, float]:
        """Return Σ q_j times the cross products of effects, effects and outcome, outcome."""
        total = (q @ self._flat).reshape(self.pieces.shape[2:])
        return total[:-1, :-1].copy(), total[:-1, -1], float(total[-1, -1])

    def expected(self, mean: Array, covariance: Array) -> Array:
        """Return the expected squares by each piece."""
        extended = np.append(mean, -1.0)
        second = np.outer(extended, extended)
        second[:-1, :-1] += covariance
        return self._flat @ second.ravel()

    def variables(self, x: Array) -> dict[str, Array]:
        """Return σ and φ."""
        return {self.sigma.name: np.exp(x[..., :-1]), self.phi.name: np.tanh(x[..., -1:])}

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return log σ and artanh φ."""
        sigma, phi = (variables[prior.name] for prior in (self.sigma, self.phi))
        return np.concatenate([np.log(sigma), np.arctanh(phi)], axis=-1)

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw σ and φ from the prior."""
        return {
            self.sigma.name: self.sigma.draw((size, len(self.group_counts)), rng),
            self.phi.name: self._phi.rvs((size, 1), random_state=rng),
        }

    def log_prior_of(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of σ and φ, each summed over its elements."""
        log_sigma = np.log(variables[self.sigma.name])
        of_sigma = self._sigma.log_density(log_sigma)[0] - log_sigma
        of_phi = self._log_prior_of_phi(variables[self.phi.name][..., 0])
        return {self.sigma.name: of_sigma.sum(axis=-1), self.phi.name: of_phi}

    def _of_phi(self, x: Array) -> tuple[Array, Array, Array]:
        """Return 1 − φ², shape (…, 1), and c_k and φ^k, shapes (…, gaps)."""
        k = np.array(self.gaps)
        phi = np.tanh(x[..., -1:])
        first_weight, power = 1 - phi**2, phi**k
        return first_weight, first_weight / (1 - power**2), power

    def _log_prior_of_phi(self, phi: Array) -> Array:
        unit = (phi - self.phi.centre) / self.phi.scale
        return self._log_prior_at_centre - unit**2 / 2

    @cached_property
    def _log_prior_at_centre(self) -> float:
        return float(self._phi.logpdf(self.phi.centre))

    @cached_property
    def _phi(self) -> "stats.distributions.rv_frozen":
        from scipy import stats  # half a second, which models' names and priors do not need

        centre, scale = self.phi.centre, self.phi.scale
        return stats.truncnorm((-1 - centre) / scale, (1 - centre) / scale, centre, scale)

    @cached_property
    def _sigma(self) -> ScalePriors:
        return ScalePriors(self.scales)

    @cached_property
    def _flat(self) -> Array:
        return self.pieces.reshape(self.pieces.shape[0] * self.pieces.shape[1], -1)


def density(parts: WithinBetween, priors: Priors = PRIORS) -> CollapsedErrors:
    """Return the same model with everything but φ, the τ and σ integrated out."""
    return collapse_series(parts, hierarchical.density(parts, priors), priors)


def collapse_series(
    parts: WithinBetween, independent: Collapsed, priors: Priors
) -> CollapsedErrors:
    """Put AR(1) errors in the place of a model's independent ones."""
    before, years = predecessors(parts)
    group = parts.groups_to_regions.argmax(axis=0)[parts.design.region]
    z = np.column_stack([effects_of(independent), parts.y])
    gaps = tuple(map(int, np.unique(years[years > 0])))
    in_group = [group == g for g in range(len(parts.sigma_groups))]
    pieces = [[_square(z[mine & (years == 0)]) for mine in in_group]]
    for k in gaps:
        current = [z[mine & (years == k)] for mine in in_group]
        previous = [z[before[mine & (years == k)]] for mine in in_group]
        cross = [a.T @ b for a, b in zip(current, previous, strict=True)]
        # The square of z_t − φ^k z_t−k is A − φ^k B + φ^2k C: only weights depend on φ.
        pieces += [[*map(_square, current)], [b + b.T for b in cross], [*map(_square, previous)]]
    products = np.array(pieces)
    if gaps[:1] == (1,):
        # Where a gap is one year, first rows' weight 1 − φ² is A's less C's: no piece for F.
        products[1] += products[0]
        products[3] -= products[0]
        products = products[1:]
    errors = AutoregressiveErrors(
        sigma=priors["sigma_std"],
        phi=priors["phi"],
        gaps=gaps,
        counts=np.array([(years == k).sum() for k in (0, *gaps)]),
        group_counts=np.array([mine.sum() for mine in in_group]),
        pieces=products,
    )
    return collapse_errors((independent,), errors, len(parts.y))


def _square(z: Array) -> Array:
    return z.T @ z


def report(parts: WithinBetween, free: dict) -> Variables:
    """Translate draws to the paper's scale.

    `sigma` (region) is the standard deviation of a year's innovation, `sigma_error` (region) of
    the errors themselves; `phi` is free itself.
    """
    reported = report_effects(parts, effects(parts, free), free)
    _, innovation = reported["sigma"]
    error = innovation / np.sqrt(1 - free["phi"] ** 2)
    return reported | {"sigma_error": (("region",), error)}


def rows(parts: WithinBetween, free: dict, rng: np.random.Generator) -> Rows:
    """Return each row's log likelihood given those before it, and draws of new series."""
    mean, sd = predictive(parts, effects(parts, free))
    return rows_of_series(parts, mean, sd, free["phi"], rng)


def rows_of_series(
    parts: WithinBetween, mean: Array, sd: Array, phi: Array, rng: np.random.Generator
) -> Rows:
    """Return the same given means and innovations' standard deviations (…, n), and φ (…, 1)."""
    before, years = predecessors(parts)
    correlation = phi**years * (years > 0)
    sd = sd * np.sqrt((1 - correlation**2) / (1 - phi**2))
    error = parts.design.y - mean
    log_likelihood = normal_log_density(error, correlation * error[..., before], sd)
    drawn = sd * rng.standard_normal(mean.shape)
    for row in np.flatnonzero(years):
        drawn[..., row] += correlation[..., row] * drawn[..., before[row]]
    return Rows(log_likelihood, {"y": (("obs",), mean + drawn)})
