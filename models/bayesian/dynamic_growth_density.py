"""The posterior of `models.bayesian.dynamic_growth`, all but its scales and correlations out.

Given these all else is normal, as in `models.bayesian.growth_density`, whose products and kernel
serve here too. Two things differ: errors are independent, and a province's level is a normal effect
about its line, not a free one. With c the correlation of level and growth, the effects' columns are

    q = τ_level 1 + c τ_trend t,  D = [√(1 − c²) τ_trend t, ω z]

and q is taken out first (Woodbury; Harville 1977, *JASA* 72:320–338), from T rows

    P = (I − qq' / (σ² + q'q)) / σ²,  log|P| = −2T log σ − log(1 + q'q / σ²)

so that the kernel's weight of the square of q' times the columns is 1 / (σ² (σ² + q'q)). What
follows, M = I + D'PD and Λ, is as there. A point is log τ_slope, log τ_between, … as `scales` has
them, then artanh c by region.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.bayesian.growth_density import Block, GrowthDensity
from models.bayesian.growth_pieces import CORRELATION, Layout, Patterns, Products
from models.bayesian.growth_reference import Weights
from models.inference.normal_scores import log_sech2
from models.priors import LOG_2PI, Priors

Array = NDArray[np.float64]

THIN, THIN_WARM_UP = 15, 2_000
"""Sweeps of `models.bayesian.dynamic_growth_gibbs` between draws that are kept, and before them."""


@dataclass(frozen=True, eq=False)
class DynamicGrowthDensity(GrowthDensity):
    """The density; `layout` takes each row as a first one, and provinces are patterns."""

    @property
    def constant(self) -> float:
        """What depends on the number of rows alone."""
        return float(-len(self.y) * LOG_2PI / 2)

    @cached_property
    def along_level(self) -> Array:
        """Products of 1 and t with 1 and t, shape (N, 3): 1'1, 1't, t't."""
        columns = np.column_stack([np.ones_like(self.time), self.time, self.time**2])
        return _by_province(columns, self.layout)

    # --- points -----------------------------------------------------------------------------------

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return the points of draws of the variables, shape (…, size)."""
        return super().point(_renamed(variables, CORRELATION, "phi"))

    def scale_variables(self, point: Array) -> dict[str, Array]:
        """Return the scales and correlations at points."""
        return _renamed(super().scale_variables(point), "phi", CORRELATION)

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw all random variables of the PyMC model from the prior, shapes (size, …)."""
        drawn = _renamed(super().draw_prior(size, rng), "phi", CORRELATION)
        shape = (size, len(self.layout.region_of_province))
        return drawn | {"level_offset": rng.standard_normal(shape)}

    def log_prior(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of each random variable, summed over its elements."""
        density = super().log_prior(_renamed(variables, CORRELATION, "phi"))
        return _renamed(density, "phi", CORRELATION)

    # --- density ----------------------------------------------------------------------------------

    def weights(self, point: Array) -> Weights:
        """Return what the products of columns are weighted by at points, shape (N, size)."""
        drawn, artanh = self.scale_variables(point), point[:, self.slices["phi"]]
        tau = drawn["tau_trend_std"]
        level = np.stack([drawn["tau_level_std"], drawn[CORRELATION] * tau], axis=-1)
        of_region = self.layout.region_of_province
        squares = np.stack(
            [level[..., 0] ** 2, 2 * level[..., 0] * level[..., 1], level[..., 1] ** 2], axis=-1
        )
        length = (squares[:, of_region] * self.along_level).sum(axis=-1)  # q'q, (N, provinces)
        variance = np.exp(2 * point[:, self.slices["sigma_std"]])
        of_province = variance[:, of_region]
        rows = self.along_level[:, 0]
        log_rows = -rows * np.log(of_province) - np.log1p(length / of_province)
        return Weights(
            self._column_scale(drawn, len(point)),
            tau * np.exp(log_sech2(artanh) / 2),
            drawn["tau_slope_province_std"],
            1 / variance[..., None],
            level,
            1 / (of_province * (of_province + length)),
            log_rows.sum(axis=-1) / 2,
        )

    # --- draws ------------------------------------------------------------------------------------

    def chain(self, draws: int, rng: np.random.Generator) -> dict[str, Array]:
        """Return draws of all random variables of the PyMC model, shapes (draws, …)."""
        from models.bayesian import dynamic_growth_gibbs  # compiled code, which draws alone need

        sweeps = dynamic_growth_gibbs.chain(self, rng, draws * THIN, THIN_WARM_UP).drawn
        return {name: values[::THIN] for name, values in sweeps.items()}

    def _draw(self, point: Array, rng: np.random.Generator) -> dict[str, Array]:
        drawn = super()._draw(point, rng)
        weights, of_region = self.weights(point), self.layout.region_of_province
        level = np.einsum("npm,pmc->npc", weights.level[:, of_region], self.product.of_level)
        # q' times what is left of the outcome, everything but the level taken off.
        unit = np.concatenate([drawn[block.name] for block in self.blocks], axis=1)
        scaled = unit * np.where(self._offsets, weights.column_scale[:, :-1], 1.0)
        effects = [
            weights.tau[:, of_region] * drawn["trend_offset"],
            weights.omega[:, of_region] * drawn["slope_province_offset"],
        ]
        residual = level[..., -3] - np.einsum("npc,nc->np", level[..., :-3], scaled)
        residual = residual - level[..., -2] * effects[0] - level[..., -1] * effects[1]
        share = weights.share * weights.piece[:, of_region, 0] ** -2  # σ² / (σ² + q'q)
        mean = residual * weights.share / weights.piece[:, of_region, 0]
        drawn["level_offset"] = mean + np.sqrt(share) * rng.standard_normal(mean.shape)
        return drawn

    @cached_property
    def _offsets(self) -> NDArray[np.bool_]:
        """Which columns' draws are in units of their scale."""
        return np.concatenate(
            [np.full(block.columns.shape[1], bool(block.scale)) for block in self.blocks]
        )

    def with_outcome(self, y: Array) -> "DynamicGrowthDensity":
        """Refuse: another outcome has other lags, which are columns here."""
        raise NotImplementedError("split the regression with the other outcome")


def collapse_dynamic_growth(
    blocks: tuple[Block, ...],
    scales: tuple[tuple[str, int], ...],
    rows: tuple[Array, Array, Array],
    provinces: tuple[NDArray[np.int64], NDArray[np.int64]],
    priors: Priors,
) -> DynamicGrowthDensity:
    """Put the density together.

    Parameters
    ----------
    blocks : tuple of Block
    scales : tuple of (str, int)
    rows : tuple of ndarray, shape (n,)
        Standardised outcome, t and z.
    provinces : tuple of ndarray of int, shapes (n,) and (N,)
        Province of each row, region of each province.
    priors : Priors
    """
    y, time, z = rows
    province, of_region = provinces
    n, first = len(of_region), np.arange(len(y))
    layout = Layout(province, of_region[province], first, np.zeros(len(y), int), of_region)
    every = np.arange(n)
    columns = np.column_stack([*(block.columns for block in blocks), y])
    return DynamicGrowthDensity(
        blocks=blocks,
        scales=scales,
        has_phi=True,
        fixed_tau=0.0,
        fixed_omega=0.0,
        priors=priors,
        y=y,
        time=time,
        z=z,
        layout=layout,
        pattern=Patterns(every, of_region, np.zeros((n, 0)), np.ones(n)),
        product=_products(columns, time, z, layout),
    )


def _products(columns: Array, time: Array, z: Array, layout: Layout) -> Products:
    """Return products of columns with each other by region, and with 1, t and z by province."""
    every, size = np.column_stack([columns, time, z]), columns.shape[1]
    lower = np.tril_indices(size)
    regions = range(layout.region_of_province.max() + 1)
    gram = np.stack(
        [columns[rows].T @ columns[rows] for rows in (layout.region == r for r in regions)]
    )
    of_one, of_time, of_z = (
        _by_province(every * weight[:, None], layout) for weight in (np.ones_like(time), time, z)
    )
    return Products(
        np.ascontiguousarray(gram[:, None, lower[0], lower[1]]),
        np.ascontiguousarray(np.stack([of_one, of_time], axis=1)),
        np.ascontiguousarray(of_time[:, None]),
        np.ascontiguousarray(of_z[:, None]),
    )


def _by_province(values: Array, layout: Layout) -> Array:
    sums = np.zeros((len(layout.region_of_province), values.shape[1]))
    np.add.at(sums, layout.province, values)
    return sums


def _renamed(variables: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if name == old else name: value for name, value in variables.items()}
