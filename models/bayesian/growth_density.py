"""The posterior of `models.bayesian.growth` with everything but its scales and φ integrated out.

Given the scales and φ all else is normal. In province i, with P the precision of its contrasts
within the province (R the AR(1) correlation in units of σ², 1 a column of ones)

    P = (R⁻¹ − R⁻¹11'R⁻¹ / 1'R⁻¹1) / σ²,  M = I + D'PD,  D = [τ_trend t, ω z_i]

the precision of its outcome is P − PD M⁻¹ D'P, a low-rank term off one matrix for each region and
pattern of years (Woodbury; Harville 1977, *JASA* 72:320–338). With X all columns with a coefficient
in common and S their prior standard deviations,

    Λ = I + S X'(Σ…)X S,  log p(y | scales, φ) = ½ Σ_i log|P_i|₊ − ½ Σ_i log|M_i| − ½ log|Λ|
                                              − ½ (y'(Σ…)y − b'Λ⁻¹b) + constant

R⁻¹ is (1 − φ²) F + Σ_k c_k (A_k − φ^k B_k + φ^2k C_k) as in `models.bayesian.autoregressive`, so
the data enter through products of columns with these, province by province. In units in which
nothing divides by 1 − φ (S_i and r_k as in `models.bayesian.growth`),

    R⁻¹1 = (1 − φ²) w,  w = e_first + Σ (e_row − φ^k e_before) / (1 + φ^k),  1'R⁻¹1 = (1 − φ²) S_i

so that the level takes off (1 − φ²) / S_i ww' and leaves |P|₊ = Π (1/σ²) · Π c_k / S_i, both finite
at φ = 1; 1 − φ² is sech² of artanh φ.

A point is log τ_slope, log ω, log τ_trend, log σ and artanh φ, without those that the model has
switched off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.bayesian.growth_pieces import Block, Layout, Patterns, Products, patterns, products
from models.bayesian.growth_reference import (
    OfProvinces,
    Weights,
    draw_effects,
    factors,
    rescaled,
    weigh,
)
from models.inference.collapsed import FARTHEST, OutOfRangeError
from models.inference.normal_scores import log_sech2
from models.priors import LOG_2PI, Priors, ScalePriors

Array = NDArray[np.float64]

STEP, CHUNK = 1e-4, 250
"""Of central differences in log scales and artanh φ; points evaluated at once in plain numpy."""


@dataclass(frozen=True, eq=False)
class GrowthDensity:
    """The density, for many points at once; drawn from as `collapsed.Collapsed` is.

    Attributes
    ----------
    blocks : tuple of Block
    scales : tuple of (str, int)
        Scale parameters and their number of elements; φ is not among them.
    has_phi : bool
    fixed_tau, fixed_omega : float
        Scales of trends and of slopes by province where they are no parameters.
    priors : Priors
    y, time, z : ndarray, shape (n,)
        Standardised outcome, t, and the term that has slopes by province.
    layout : Layout
    pattern : Patterns
    product : Products
    """

    blocks: tuple[Block, ...]
    scales: tuple[tuple[str, int], ...]
    has_phi: bool
    fixed_tau: float
    fixed_omega: float
    priors: Priors
    y: Array
    time: Array
    z: Array
    layout: Layout
    pattern: Patterns
    product: Products

    # --- points -----------------------------------------------------------------------------------

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.product.gram)

    @property
    def size(self) -> int:
        """Number of parameters of a point."""
        return sum(size for _, size in self.scales) + self.correlations

    @property
    def correlations(self) -> int:
        """Number of φ."""
        return self.n_regions * self.has_phi

    @property
    def constant(self) -> float:
        """What depends on the number of contrasts alone."""
        contrasts = self.pattern.gaps.sum(axis=-1) @ self.pattern.provinces
        return float(-contrasts * LOG_2PI / 2)

    @cached_property
    def gaps(self) -> NDArray[np.int64]:
        """The numbers of years between a row and the one before it."""
        return np.array(self.layout.gaps, int)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Positions of each parameter in a point."""
        sizes = [*self.scales, *[("phi", self.n_regions)] * self.has_phi]
        ends = np.cumsum([size for _, size in sizes]).tolist()
        return {n: slice(end - s, end) for (n, s), end in zip(sizes, ends, strict=True)}

    @cached_property
    def scale_priors(self) -> ScalePriors:
        """Priors of the scales."""
        return ScalePriors([self.priors[name] for name, size in self.scales for _ in range(size)])

    @property
    def half_normal(self) -> Array:
        """As `Collapsed.half_normal`; φ has none."""
        half = np.where(self.scale_priors.half, self.scale_priors.spread, 0.0)
        return np.append(half, np.zeros(self.correlations))

    @property
    def linked(self) -> tuple:
        """As `Collapsed.linked`: none."""
        return ()

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point in the bulk of the prior, shape (size,)."""
        middle = [np.full(s, np.log(self.priors[name].typical)) for name, s in self.scales]
        phi = np.full(self.n_regions * self.has_phi, 0.5)
        return np.concatenate([*middle, phi]) + rng.uniform(-1, 1, self.size)

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return the points of draws of the variables, shape (…, size)."""
        logs = [np.log(variables[name]) for name, _ in self.scales]
        phi = [np.arctanh(variables["phi"])] if self.has_phi else []
        return np.concatenate([*logs, *phi], axis=-1)

    def scale_variables(self, point: Array) -> dict[str, Array]:
        """Return the scales and φ at points."""
        values = {name: np.exp(point[..., self.slices[name]]) for name, _ in self.scales}
        return values | ({"phi": np.tanh(point[..., self.slices["phi"]])} if self.has_phi else {})

    def log_prior_of_points(self, point: Array) -> Array:
        """Return the log prior with its Jacobian, shape (N,)."""
        last = len(self.scale_priors.half)
        of_scales = self.scale_priors.log_density(point[:, :last])[0].sum(axis=-1)
        phi = point[:, last : last + self.correlations]
        return of_scales + (log_sech2(phi) - np.log(2)).sum(axis=-1)

    # --- density ----------------------------------------------------------------------------------

    def log_density(self, point: Array) -> Array:
        """Evaluate the log posterior with its Jacobian; −inf where double precision fails.

        Parameters
        ----------
        point : ndarray, shape (N, size)

        Returns
        -------
        ndarray, shape (N,)
        """
        return self._log_density(point, self.log_marginal)

    def log_density_reference(self, point: Array) -> Array:
        """Return the same in plain numpy."""
        return self._log_density(point, self.log_marginal_reference)

    def _log_density(self, point: Array, log_marginal: Any) -> Array:
        logp = np.full(len(point), -np.inf)
        in_range = np.abs(point).max(axis=1, initial=0) <= FARTHEST
        if in_range.any():
            # A point out of range gives infinities, whose NaN counts as a density of zero below.
            with np.errstate(all="ignore"):
                weights = self.weights(point[in_range])
                value = log_marginal(weights) + weights.log_rows + self.constant
                value = value + self.log_prior_of_points(point[in_range])
            logp[in_range] = np.where(np.isnan(value), -np.inf, value)
        return logp

    def logp_and_gradient(self, point: Array) -> tuple[float, Array]:
        """Evaluate the log posterior at one point and its gradient, by central differences.

        Raises
        ------
        OutOfRangeError
            If double precision does not hold the density there.
        """
        step = STEP * np.eye(self.size)
        logp = self.log_density(np.vstack([point[None], point + step, point - step]))
        if not np.isfinite(logp).all():
            raise OutOfRangeError("scales or correlations at the edge of their range")
        ahead, behind = np.split(logp[1:], 2)
        return float(logp[0]), (ahead - behind) / (2 * STEP)

    def weights(self, point: Array) -> Weights:
        """Return what the products of columns are weighted by at points, shape (N, size)."""
        drawn = self.scale_variables(point)
        shape = (len(point), self.n_regions)
        log_sigma = point[:, self.slices["sigma_std"]]
        tau = drawn.get("tau_trend_std", np.full(shape, self.fixed_tau))
        omega = drawn.get("tau_slope_province_std", np.full(shape, self.fixed_omega))
        column_scale = self._column_scale(drawn, len(point))
        if not self.has_phi:
            scales = {"tau": tau, "omega": omega, "column_scale": column_scale}
            return rescaled(self._without_phi, log_sigma, self.pattern, **scales)
        phi, years = point[:, self.slices["phi"]], (self.gaps, self.pattern)
        return weigh(log_sigma, phi, tau, omega, column_scale, years)

    @cached_property
    def _without_phi(self) -> Weights:
        """The weights at σ = 1 where errors are independent."""
        zeros = np.zeros((1, self.n_regions))
        return weigh(*[zeros] * 4, np.zeros((1, 0)), (self.gaps, self.pattern))

    def _column_scale(self, drawn: Mapping[str, Array], size: int) -> Array:
        parts = [np.full((size, block.columns.shape[1]), block.sd) for block in self.blocks]
        for position, block in enumerate(self.blocks):
            if block.scale:
                parts[position] = np.repeat(drawn[block.scale], block.repeat, axis=1)
        return np.concatenate([*parts, np.ones((size, 1))], axis=1)

    def log_marginal(self, weights: Weights) -> Array:
        """Return the log marginal likelihood but for `log_rows` and the constant, shape (N,)."""
        columns = weights.column_scale.shape[1]
        none = np.zeros((0, columns)), np.zeros((0, len(self.layout.region_of_province)))
        return self.compiled(weights, *none)[0]

    @property
    def by_province(self) -> bool:
        """Whether provinces have effects or correlated errors of their own.

        Otherwise nothing is left of a province once its means are taken out.
        """
        scales = ("tau_trend_std", "tau_slope_province_std")
        effects = self.fixed_tau or self.fixed_omega or any(name in self.slices for name in scales)
        return bool(self.has_phi or effects)

    def compiled(
        self, weights: Weights, of_coefficients: Array, of_slopes: Array
    ) -> tuple[Array, Array, Array]:
        """Return what `growth_kernel.at_points` does."""
        from models.bayesian import growth_kernel  # compiled code, which models' names do not need

        gram, *of_provinces = self.product
        if not self.by_province:
            of_provinces = [of_effect[:0] for of_effect in of_provinces]
        provinces = self.layout.region_of_province, self.pattern.of_province
        product = (gram, *of_provinces, *provinces)
        return growth_kernel.at_points(weights[:-1], product, of_coefficients, of_slopes)

    def log_marginal_reference(self, weights: Weights) -> Array:
        """Return the same in plain numpy."""
        parts = []
        for start in range(0, len(weights.share), CHUNK):
            chunk = Weights(*(values[start : start + CHUNK] for values in weights))
            factor, province = self.factors(chunk)
            diagonal = np.diagonal(factor, axis1=1, axis2=2)
            of_provinces = np.log(np.diagonal(province.factor, axis1=2, axis2=3)).sum(axis=(1, 2))
            log_det = np.log(diagonal[:, :-1]).sum(axis=1) + of_provinces
            parts.append(-log_det - diagonal[:, -1] ** 2 / 2)
        return np.concatenate(parts)

    def factors(self, weights: Weights) -> tuple[Array, OfProvinces]:
        """Return what `growth_reference.factors` does."""
        return factors(weights, self.product, self.layout, self.pattern)

    # --- draws ------------------------------------------------------------------------------------

    def draw(self, point: Array, rng: np.random.Generator) -> dict[str, Array]:
        """Draw all random variables of the PyMC model given points, shape (…, size); flat."""
        leading, flat = point.shape[:-1], point.reshape(-1, self.size)
        chunks = np.array_split(flat, max(1, -(-len(flat) // CHUNK)))
        drawn = [self._draw(chunk, rng) for chunk in chunks]
        return {
            name: np.concatenate([of_chunk[name] for of_chunk in drawn]).reshape(*leading, -1)
            for name in drawn[0]
        }

    def _draw(self, point: Array, rng: np.random.Generator) -> dict[str, Array]:
        weights = self.weights(point)
        factor, province = self.factors(weights)
        p = factor.shape[1] - 1
        noise = rng.standard_normal((len(point), p))
        right = (factor[:, p, :p] + noise)[..., None]
        unit = np.linalg.solve(factor[:, :p, :p].transpose(0, 2, 1), right)[..., 0]
        scaled = unit * weights.column_scale[:, :-1]
        drawn, start = {}, 0
        for block in self.blocks:
            positions = slice(start, start + block.columns.shape[1])
            drawn[block.name] = (unit if block.scale else scaled)[:, positions]
            start = positions.stop
        if weights.tau.any() or weights.omega.any():
            drawn |= self._draw_effects(province, scaled, rng)
        return drawn | self.scale_variables(point)

    def _draw_effects(
        self, province: OfProvinces, scaled: Array, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Draw trends and slopes by province, in units of their scales, given all else."""
        effect = draw_effects(province, scaled, rng)
        drawn = {}
        if self.fixed_tau or "tau_trend_std" in self.slices:
            drawn["trend_offset"] = effect[..., 0]
        if "tau_slope_province_std" in self.slices:
            drawn["slope_province_offset"] = effect[..., 1]
        return drawn

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw all random variables of the PyMC model from the prior, shapes (size, …)."""
        drawn = {
            b.name: b.sd * rng.standard_normal((size, b.columns.shape[1])) for b in self.blocks
        }
        n = len(self.layout.region_of_province)
        if self.fixed_tau or "tau_trend_std" in self.slices:
            drawn["trend_offset"] = rng.standard_normal((size, n))
        if "tau_slope_province_std" in self.slices:
            drawn["slope_province_offset"] = rng.standard_normal((size, n))
        drawn |= {name: self.priors[name].draw((size, s), rng) for name, s in self.scales}
        if self.has_phi:
            drawn["phi"] = rng.uniform(-1, 1, (size, self.n_regions))
        return drawn

    def log_prior(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of each random variable, summed over its elements."""
        sd = {block.name: block.sd for block in self.blocks}
        density: dict[str, Array] = {}
        for name, value in variables.items():
            if name == "phi":
                density[name] = np.full(value.shape[:-1], -value.shape[-1] * np.log(2))
            elif name in self.slices:
                prior = ScalePriors([self.priors[name]] * value.shape[-1])
                density[name] = (prior.log_density(np.log(value))[0] - np.log(value)).sum(axis=-1)
            else:
                unit = value / sd.get(name, 1.0)
                density[name] = -((unit**2 + LOG_2PI) / 2 + np.log(sd.get(name, 1.0))).sum(axis=-1)
        return density

    def with_outcome(self, y: Array) -> "GrowthDensity":
        """Return the density given another standardised outcome of the same rows, shape (n,)."""
        columns = np.column_stack([*(block.columns for block in self.blocks), y])
        return replace(self, y=y, product=products(columns, self.time, self.z, self.layout))


def collapse_growth(
    blocks: tuple[Block, ...],
    scales: tuple[tuple[str, int], ...],
    rows: tuple[Array, Array, Array],
    layout: Layout,
    priors: Priors,
    *,
    has_phi: bool,
    fixed_tau: float = 0.0,
    fixed_omega: float = 0.0,
) -> GrowthDensity:
    """Put the density together.

    Parameters
    ----------
    blocks : tuple of Block
    scales : tuple of (str, int)
        As the attributes of `GrowthDensity`; so are what follows `layout`.
    rows : tuple of ndarray, shape (n,)
        Standardised outcome, t and z.
    layout : Layout
    priors : Priors
    """
    y, time, z = rows
    columns = np.column_stack([*(block.columns for block in blocks), y])
    return GrowthDensity(
        blocks=blocks,
        scales=scales,
        has_phi=has_phi,
        fixed_tau=fixed_tau,
        fixed_omega=fixed_omega,
        priors=priors,
        y=y,
        time=time,
        z=z,
        layout=layout,
        pattern=patterns(layout),
        product=products(columns, time, z, layout),
    )
