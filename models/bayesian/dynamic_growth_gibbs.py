"""Posteriors of `models.bayesian.dynamic_growth` by Gibbs steps, a fraction of a second each.

For studies that fit hundreds of data sets, and for the model's own fits. A sweep draws, each step
leaving the posterior as it is,

    the scales τ_slope, τ_between and τ_between_trend with all coefficients and the provinces'
    effects integrated out, then the coefficients with these effects integrated out, exactly
    c_r, τ_level,r, τ_trend,r, ω_r and σ_r given the coefficients: Metropolis steps, the provinces'
    effects integrated out
    the provinces' effects, exactly

Proposals adapt while the chain warms up, and are held afterwards.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.bayesian import dynamic_growth_kernel as kernel
from models.bayesian.growth_density import Block
from models.bayesian.growth_gibbs_normal import families
from models.bayesian.growth_pieces import CORRELATION, Layout
from models.priors import Priors

Array = NDArray[np.float64]

WARM_UP, SWEEPS = 400, 2_000
"""Of a chain of one of many data sets; the first are not kept."""

NAMES = ("tau_level_std", "tau_trend_std", "tau_slope_province_std", "sigma_std")
"""Of a region's scales, in the order of the kernel."""

OFFSETS = ("level_offset", "trend_offset", "slope_province_offset")
"""Of a province's effects, in the order of the kernel."""


class WithLevels(Protocol):
    """What a chain asks of a density, as `dynamic_growth_density.DynamicGrowthDensity` has it."""

    blocks: tuple[Block, ...]
    scales: tuple[tuple[str, int], ...]
    priors: Priors
    y: Array
    time: Array
    z: Array
    layout: Layout
    n_regions: int
    along_level: Array

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point, shape (size,)."""

    def scale_variables(self, point: Array) -> dict[str, Array]:
        """Return the scales and correlations at a point."""


class Chain(NamedTuple):
    """Draws of one data set, as `DynamicGrowthDensity.draw` returns them.

    Attributes
    ----------
    drawn : dict of str to ndarray, shapes (sweeps, …)
    effective : float
        Effective draws of ρ, and of the slope if these are fewer.
    """

    drawn: dict[str, Array]
    effective: float


def chain(
    density: WithLevels,
    rng: np.random.Generator,
    sweeps: int = SWEEPS,
    warm_up: int = WARM_UP,
) -> Chain:
    """Run a chain from about the middle of the prior.

    Parameters
    ----------
    density : WithLevels
    rng : Generator
    sweeps, warm_up : int
        Proposals adapt after every hundred sweeps of the warm-up.
    """
    from arviz_stats.base import array_stats  # takes long, and only chains need it

    fixed = [block for block in density.blocks if not block.scale]
    pooled = [block for block in density.blocks if block.scale]
    columns = np.ascontiguousarray(np.hstack([b.columns for b in (*fixed, *pooled)]))
    # A scale of several elements, one for each term, has its columns term by term.
    elements = [(block, dict(density.scales)[block.scale]) for block in pooled]
    repeat = np.array([block.repeat for block, size in elements for _ in range(size)])
    weights = np.column_stack([np.ones_like(density.time), density.time, density.z])
    layout, n = density.layout, len(density.layout.region_of_province)
    every = np.column_stack([columns, density.y])
    gram = np.stack(
        [
            every[rows].T @ every[rows]
            for rows in layout.region == np.arange(density.n_regions)[:, None]
        ]
    )
    products, of_basis = np.empty((n, 3, 3)), np.empty((n, 3, every.shape[1]))
    for i in range(n):
        rows = layout.province == i
        products[i] = weights[rows].T @ weights[rows]
        of_basis[i] = weights[rows].T @ every[rows]
    start = density.scale_variables(density.initial(rng))
    x = np.column_stack([np.arctanh(start[CORRELATION]), *(np.log(start[n]) for n in NAMES)])
    log_tau = np.log(np.concatenate([start[block.scale] for block in pooled]))
    x, log_tau, coefficient, effect = kernel.run(
        x, log_tau, layout.region_of_province,
        families([density.priors[name] for name in NAMES]),
        families([density.priors[b.scale] for b, size in elements for _ in range(size)]),
        np.concatenate([np.full(b.columns.shape[1], b.sd) for b in fixed]), repeat,
        density.along_level[:, 0], gram, products, of_basis,
        columns, density.y, weights, layout.province, warm_up, sweeps, rng,
    )  # fmt: skip
    drawn, column, element = {}, 0, 0
    for block in (*fixed, *pooled):
        size = block.columns.shape[1]
        drawn[block.name] = coefficient[:, column : column + size]
        column += size
    for block, size in elements:
        tau = np.exp(log_tau[:, element : element + size])
        element += size
        drawn[block.scale] = tau
        drawn[block.name] = drawn[block.name] / np.repeat(tau, block.repeat, axis=1)
    drawn |= {name: np.exp(x[..., k]) for k, name in enumerate(NAMES, 1)}
    drawn[CORRELATION] = np.tanh(x[..., 0])
    drawn |= {name: effect[..., k] for k, name in enumerate(OFFSETS)}
    of_slopes = drawn["slope_std"][None]
    ends = (of_slopes[..., 0], of_slopes[..., -1])
    effective = min(float(array_stats.ess(v, chain_axis=0, draw_axis=1)) for v in ends)
    return Chain(drawn, effective)
