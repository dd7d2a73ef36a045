"""The hierarchical model with errors that follow a first-order autoregression in each province.

Likelihood, all else as in `models.hierarchical`
    y_it = a_i + d_t + z̃_it'b_r + w̃_it'γ + e_it
    e_it = φ e_i,t−1 + u_it,  u_it ~ N(0, σ_r²),  e_i1 ~ N(0, σ_r² / (1 − φ²))

σ_r is the standard deviation of what is new in a year; at φ = 0 this is the model that it extends.
The first year counts in full (Prais & Winsten 1954; Judge et al., *The Theory and Practice of
Econometrics*, 2nd ed., section 8.2), which takes the errors as stationary. Where years are
missing, the last one seen k years ago has the coefficient φ^k and leaves the variance
σ_r² (1 − φ^2k) / (1 − φ²).

Prior of φ: normal about 0, cut off at −1 and 1, the bounds of stationarity, and never at 0:
errors that alternate are possible. A persistent error and a province effect are hard to tell
apart in 13 years: with φ near 1 a province's years say little about its effect.

Given φ and the scales all is normal still. With ρ_r the precision matrix of a region's errors in
units of 1/σ_r², and F, A_k, B_k, C_k dummy-like matrices of first rows and of rows k years after
the one before (A takes the rows themselves, C those before them, B both ways),

    ρ_r = (1 − φ²) F + Σ_k c_k (A_k − φ^k B_k + φ^2k C_k),  c_k = (1 − φ²) / (1 − φ^2k)

so that the Gram matrices of `models.collapsed` are sums of fixed ones with weights in φ. NUTS
moves in the log scales and artanh φ.

The log likelihood of a row is given the years of its province before it, and predictive draws are
of whole new series of errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from scipy import stats
from scipy.linalg.lapack import dpotri

from models import hierarchical
from models.collapsed import Array, Collapsed, OutOfRangeError
from models.hierarchical import effects
from models.priors import REGULARISED, Prior, Priors
from models.within_between import (
    Rows,
    Variables,
    WithinBetween,
    predictive,
    report_effects,
    standard_mean,
)

PRIORS = REGULARISED.and_of(
    Prior(
        "phi",
        "Correlation",
        0.5,
        "correlation of a province's errors in successive years",
        "Centred on none, the main model; either sign is possible, and the strong persistence "
        "that annual indices often show (0.9) still has a fifth of the density at 0.",
    )
)

split = hierarchical.split


def build(parts: WithinBetween, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; arguments as `models.hierarchical.build` takes them."""
    before, years = predecessors(parts)
    with pm.Model(coords=parts.coords) as model:
        made = effects(parts, hierarchical.variables(parts, priors))
        phi = priors["phi"].variable(dims="one")[0]
        kept = phi**years * (years > 0)
        mean = standard_mean(parts, made)
        sigma = made.sigma[parts.design.region] * ((1 - kept**2) / (1 - phi**2)) ** 0.5
        given = mean + kept * (parts.y[before] - mean[before])
        pm.Normal("y", given, sigma, observed=parts.y, dims="obs")
    return model


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
class Density:
    """The posterior of the log scales and of φ, all else integrated out; used as `Collapsed`.

    Attributes
    ----------
    independent : Collapsed
        The hierarchical model's, at φ = 0.
    prior : Prior
        Of φ.
    gaps : tuple of int
        The numbers of years k between a row and the one before it.
    counts : ndarray, shape (1 + gaps,)
        First rows, and rows of each k.
    pieces : ndarray, shape (1 + 3 gaps, groups, L + 1, L + 1)
        Cross products of effects and outcome by F and each k's A, B, C, for each residual scale.
    """

    independent: Collapsed
    prior: Prior
    gaps: tuple[int, ...]
    counts: Array
    pieces: Array

    @property
    def size(self) -> int:
        """Number of scale elements, and φ."""
        return self.independent.size + 1

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point, shape (size,)."""
        return np.append(self.independent.initial(rng), rng.uniform(-1, 1))

    def logp_and_gradient(self, point: Array) -> tuple[float, Array]:
        """Evaluate the log posterior of log scales and artanh φ, and its gradient.

        Raises
        ------
        OutOfRangeError
            If double precision does not hold the density there.
        """
        if not np.abs(point[-1]) < 15:
            raise OutOfRangeError("errors with a unit root")
        phi = np.tanh(point[-1])
        precision, weight, slope = self._weights(phi)
        given = self._at(weight)
        logp, gradient = given.logp_and_gradient(point[:-1])
        # d/dφ of the rows' squares, expected over the locations: Fisher's identity again.
        of_rows = np.exp(-2 * point[:-1])
        factor, mean = given.given(of_rows)
        # dpotri fills the lower triangle alone: off the diagonal it counts twice, above it not.
        extended = np.append(mean, -1.0)
        second = np.outer(extended, extended)
        second[:-1, :-1] += self._lower * dpotri(factor, lower=1)[0]
        pieces = self._flat @ second.ravel()
        spread = self.prior.scale
        unit = (phi - self.prior.centre) / spread
        determinants, determinants_slope = precision
        logp += self.counts @ np.log(determinants) / 2
        logp += self._log_prior(phi) + np.log1p(-(phi**2))
        by_phi = self.counts @ (determinants_slope / determinants) / 2
        by_phi -= (
            slope @ pieces.reshape(len(slope), -1) @ of_rows[self._residual] / 2 + unit / spread
        )
        return float(logp), np.append(gradient, by_phi * (1 - phi**2) - 2 * phi)

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return where `logp_and_gradient` is evaluated for draws of the variables, (…, size)."""
        phi = np.arctanh(variables["phi"])
        return np.concatenate([self.independent.point(variables), phi], axis=-1)

    def draw(self, point: Array, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the locations given scales and φ; return all variables of the PyMC model."""
        flat = point.reshape(-1, self.size)
        drawn = [self._at(self._weights(np.tanh(p[-1]))[1]).draw(p[None, :-1], rng) for p in flat]
        leading = point.shape[:-1]
        variables = {
            name: np.concatenate([each[name] for each in drawn]).reshape(*leading, -1)
            for name in drawn[0]
        }
        return variables | {"phi": np.tanh(point[..., -1:])}

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw all variables of the PyMC model from the prior, shapes (size, …)."""
        phi = self._phi.rvs((size, 1), random_state=rng)
        return self.independent.draw_prior(size, rng) | {"phi": phi}

    def log_prior(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of each variable, summed over its elements."""
        phi = {"phi": self._log_prior(variables["phi"][..., 0])}
        return self.independent.log_prior(variables) | phi

    @property
    def _residual(self) -> slice:
        return self.independent.scale_slices[self.independent.scales[-1].name]

    @cached_property
    def _flat(self) -> Array:
        return self.pieces.reshape(self.pieces.shape[0] * self.pieces.shape[1], -1)

    @cached_property
    def _lower(self) -> Array:
        """1 on the diagonal, 2 below it: half of a symmetric matrix that stands for the whole."""
        ones = np.ones_like(self.independent.gram_fixed)
        return np.tril(ones) + np.tril(ones, -1)

    @cached_property
    def _phi(self) -> stats.distributions.rv_frozen:
        centre, scale = self.prior.centre, self.prior.scale
        return stats.truncnorm((-1 - centre) / scale, (1 - centre) / scale, centre, scale)

    @cached_property
    def _log_prior_at_centre(self) -> float:
        return float(self._phi.logpdf(self.prior.centre))

    def _log_prior(self, phi: Array) -> Array:
        return self._log_prior_at_centre - ((phi - self.prior.centre) / self.prior.scale) ** 2 / 2

    def _weights(self, phi: float) -> tuple[tuple[Array, Array], Array, Array]:
        """Return 1 − φ² and the c_k, the pieces' weights, and the derivatives of both in φ."""
        k = np.array(self.gaps)
        power, power_slope = phi**k, k * phi ** (k - 1)
        first, first_slope = 1 - phi**2, -2 * phi
        whole, whole_slope = 1 - power**2, -2 * power * power_slope
        c = first / whole
        c_slope = (first_slope - c * whole_slope) / whole
        weight = np.stack([c, -c * power, c * power**2])
        slope = np.stack(
            [
                c_slope,
                -c_slope * power - c * power_slope,
                c_slope * power**2 + 2 * c * power * power_slope,
            ]
        )
        determinants = np.append(first, c), np.append(first_slope, c_slope)
        return (
            determinants,
            np.append(first, weight.T),
            np.append(first_slope, slope.T),
        )

    def _at(self, weight: Array) -> Collapsed:
        """Return the model given φ."""
        base, rows = self.independent, self._residual
        gram, xy, yy = base.gram.copy(), base.xy.copy(), base.yy.copy()
        blocks = (weight @ self._flat.reshape(len(weight), -1)).reshape(self.pieces.shape[1:])
        gram[rows], xy[rows], yy[rows] = blocks[:, :-1, :-1], blocks[:, :-1, -1], blocks[:, -1, -1]
        lower = (gram * self._lower).reshape(len(gram), -1)
        return replace(base, gram=gram, gram_lower=lower, xy=xy, yy=yy)


def density(parts: WithinBetween, priors: Priors = PRIORS) -> Density:
    """Return the same model with everything but φ, the τ and σ integrated out."""
    independent = hierarchical.density(parts, priors)
    before, years = predecessors(parts)
    group = parts.groups_to_regions.argmax(axis=0)[parts.design.region]
    z = np.column_stack([*(block.effect for block in independent.locations), parts.y])
    gaps = tuple(map(int, np.unique(years[years > 0])))
    in_group = [group == g for g in range(len(parts.sigma_groups))]
    pieces = [[_square(z[mine & (years == 0)]) for mine in in_group]]
    for k in gaps:
        now = [z[mine & (years == k)] for mine in in_group]
        then = [z[before[mine & (years == k)]] for mine in in_group]
        cross = [a.T @ b for a, b in zip(now, then, strict=True)]
        pieces += [[*map(_square, now)], [b + b.T for b in cross], [*map(_square, then)]]
    return Density(
        independent=independent,
        prior=priors["phi"],
        gaps=gaps,
        counts=np.array([(years == k).sum() for k in (0, *gaps)]),
        pieces=np.array(pieces),
    )


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
    before, years = predecessors(parts)
    mean, sd = predictive(parts, effects(parts, free))
    kept = free["phi"] ** years * (years > 0)
    sd = sd * np.sqrt((1 - kept**2) / (1 - free["phi"] ** 2))
    error = parts.design.y - mean
    log_likelihood = stats.norm.logpdf(error, kept * error[..., before], sd)
    drawn = sd * rng.standard_normal(mean.shape)
    for row in np.flatnonzero(years):
        drawn[..., row] += kept[..., row] * drawn[..., before[row]]
    return Rows(log_likelihood, {"y": (("obs",), mean + drawn)})
