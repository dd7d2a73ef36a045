"""The density of `models.bayesian.growth_density` with standard deviations by province.

The same formulas with every province as a region of its own: its products with P are weighted by
1/σ_i², and by the φ and scales of its region; nothing else of the kernel changes. δ_i, standard
normal, stand after φ in a point: they cannot be integrated out exactly, since coefficients in
common tie provinces (`models.bayesian.growth_gibbs` draws them one by one given these).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.bayesian.growth_density import GrowthDensity
from models.bayesian.growth_pieces import patterns, products
from models.bayesian.growth_reference import Weights, weigh
from models.priors import LOG_2PI

Array = NDArray[np.float64]

START = 0.3
"""Spread of δ at a starting point."""

THIN, THIN_WARM_UP = 10, 1_000
"""Sweeps between draws that are kept, and before the first."""


@dataclass(frozen=True, eq=False)
class ScaledDensity(GrowthDensity):
    """The density; `layout` has provinces in the place of regions.

    Attributes
    ----------
    region : ndarray of int, shape (N,)
        Of each province.
    path : bool
        Whether growth has the province's scale, too.
    """

    region: NDArray[np.int64]
    path: bool

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return int(self.region.max()) + 1

    @property
    def size(self) -> int:
        """Number of parameters of a point."""
        return super().size + len(self.region)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Positions of each parameter in a point."""
        positions = slice(self.size - len(self.region), self.size)
        return GrowthDensity.slices.func(self) | {"sigma_offset": positions}

    @property
    def half_normal(self) -> Array:
        """As `Collapsed.half_normal`; δ has none."""
        return np.append(super().half_normal, np.zeros(len(self.region)))

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point in the bulk of the prior, shape (size,)."""
        middle = [np.full(s, np.log(self.priors[name].typical)) for name, s in self.scales]
        phi = np.full(self.correlations, 0.5)
        start = np.concatenate([*middle, phi])
        start = start + rng.uniform(-1, 1, len(start))
        return np.append(start, START * rng.standard_normal(len(self.region)))

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return the points of draws of the variables, shape (…, size)."""
        return np.concatenate([super().point(variables), variables["sigma_offset"]], axis=-1)

    def scale_variables(self, point: Array) -> dict[str, Array]:
        """Return the scales, φ and δ at points."""
        return super().scale_variables(point) | {
            "sigma_offset": point[..., self.slices["sigma_offset"]]
        }

    def log_prior_of_points(self, point: Array) -> Array:
        """Return the log prior with its Jacobian, shape (N,)."""
        positions = self.slices["sigma_offset"]
        of_offsets = ((point[:, positions] ** 2 + LOG_2PI) / 2).sum(axis=-1)
        return super().log_prior_of_points(point) - of_offsets

    def weights(self, point: Array) -> Weights:
        """Return what the products of columns are weighted by at points, shape (N, size)."""
        drawn, region = self.scale_variables(point), self.region
        shape = (len(point), self.n_regions)
        log_own = drawn["tau_sigma"][:, region] * drawn["sigma_offset"]
        tau = drawn.get("tau_trend_std", np.full(shape, self.fixed_tau))[:, region]
        omega = drawn.get("tau_slope_province_std", np.full(shape, self.fixed_omega))
        phi = point[:, self.slices["phi"]] if self.has_phi else np.zeros(shape)
        return weigh(
            point[:, self.slices["sigma_std"]][:, region] + log_own,
            phi[:, region],
            tau * np.exp(log_own) if self.path else tau,
            omega[:, region],
            self._column_scale(drawn, len(point)),
            (self.gaps, self.pattern),
        )

    def chain(self, draws: int, rng: np.random.Generator) -> dict[str, Array]:
        """Return draws of all random variables of the PyMC model, shapes (draws, …)."""
        from models.bayesian import growth_gibbs  # compiled code, which draws alone need

        sweeps = growth_gibbs.chain(self, rng, draws * THIN, THIN_WARM_UP).drawn
        return {name: values[::THIN] for name, values in sweeps.items()}

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw all random variables of the PyMC model from the prior, shapes (size, …)."""
        offset = rng.standard_normal((size, len(self.region)))
        return super().draw_prior(size, rng) | {"sigma_offset": offset}

    def log_prior(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of each random variable, summed over its elements."""
        of_regions = {name: v for name, v in variables.items() if name != "sigma_offset"}
        density = super().log_prior(of_regions)
        if "sigma_offset" in variables:
            offset = variables["sigma_offset"]
            density["sigma_offset"] = -((offset**2 + LOG_2PI) / 2).sum(axis=-1)
        return density


def scaled(density: GrowthDensity, *, path: bool) -> ScaledDensity:
    """Give a density scales by province; `tau_sigma` is among its scales."""
    region = density.layout.region_of_province
    n = np.arange(len(region))
    layout = density.layout._replace(region=density.layout.province, region_of_province=n)
    columns = np.column_stack([*(block.columns for block in density.blocks), density.y])
    arguments = {field.name: getattr(density, field.name) for field in fields(GrowthDensity)}
    arguments |= {
        "layout": layout,
        "pattern": patterns(layout),
        "product": products(columns, density.time, density.z, layout),
    }
    return ScaledDensity(**arguments, region=region, path=path)
