"""Posteriors of `growth` with scales by province, by Gibbs steps, a fraction of a second each.

For studies that fit hundreds of data sets. A sweep draws, each step leaving the posterior as it is,

    coefficients in common given all scales, with trends and slopes by province integrated out, and
    before them τ_slope with these integrated out, too: normal, exactly
    φ_r, τ_trend,r, ω_r, s_r, σ_r and every σ_i given the coefficients: Metropolis steps with trends
    and slopes by province integrated out, σ_i and δ_i held in turn (interweaving: Yu & Meng 2011,
    *Journal of Computational and Graphical Statistics* 20:531–570)

Provinces are independent given the coefficients, so the second step costs little. Proposals adapt
while the chain warms up, and are held afterwards.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.bayesian import growth_gibbs_kernel as kernel
from models.bayesian.growth_density import Block
from models.bayesian.growth_gibbs_normal import families
from models.bayesian.growth_pieces import Layout, Patterns, Products
from models.priors import Priors

Array = NDArray[np.float64]

WARM_UP, SWEEPS = 300, 900
"""Of a chain; the first are not kept. Nine in ten draws of a slope are effective."""

NAMES = ("tau_trend_std", "tau_slope_province_std", "tau_sigma", "sigma_std")
"""Of a region's scales, in the order of the kernel."""


class ByProvince(Protocol):
    """What a chain asks of a density, which `growth_scaled_density.ScaledDensity` has."""

    blocks: tuple[Block, ...]
    priors: Priors
    product: Products
    pattern: Patterns
    layout: Layout
    region: NDArray[np.int64]
    path: bool
    n_regions: int

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point, shape (size,)."""

    def scale_variables(self, point: Array) -> dict[str, Array]:
        """Return the scales, φ and δ at a point."""


class Chain(NamedTuple):
    """Draws of one data set, as `ScaledDensity.draw` returns them, and how many are effective.

    Attributes
    ----------
    drawn : dict of str to ndarray, shapes (sweeps, …)
    effective : float
        Effective draws of the slope's common mean, between the first and the last of the chain.
    """

    drawn: dict[str, Array]
    effective: float


def chain(
    density: ByProvince,
    rng: np.random.Generator,
    sweeps: int = SWEEPS,
    warm_up: int = WARM_UP,
    start: Mapping[str, Array] | None = None,
) -> Chain:
    """Run a chain.

    Parameters
    ----------
    density : ByProvince
        With trends, slopes by province and AR(1) errors all on.
    rng : Generator
    sweeps, warm_up : int
        Proposals adapt after every hundred sweeps of the warm-up.
    start : mapping of str to ndarray, optional
        Scales, φ and δ; by default about the middle of the prior.
    """
    from arviz_stats.base import array_stats  # takes long, and only chains need it

    blocks, region = density.blocks, density.region
    positions, columns = {}, 0
    for block in blocks:
        positions[block.name] = np.arange(columns, columns + block.columns.shape[1])
        columns += block.columns.shape[1]
    offsets = positions.get("slope_offset", np.arange(0))
    unpooled = np.setdiff1d(np.arange(columns), offsets)
    # The kernel takes columns of fixed scale first, then offsets by term, the outcome last.
    order = np.concatenate([unpooled, offsets, [columns]])
    product = density.product
    n, pieces = product.of_trend.shape[:2]
    gram = np.empty_like(product.gram)
    lower = np.tril_indices(columns + 1)
    full_gram = np.zeros((n, pieces, columns + 1, columns + 1))
    full_gram[:, :, lower[0], lower[1]] = product.gram
    full_gram[:, :, lower[1], lower[0]] = product.gram
    gram = np.ascontiguousarray(full_gram[:, :, order][:, :, :, order][:, :, lower[0], lower[1]])
    rows = np.append(order, [columns + 1, columns + 2])
    of_level, of_trend, of_slope = (
        np.ascontiguousarray(of_effect[:, :, rows])
        for of_effect in (product.of_level, product.of_trend, product.of_slope)
    )
    of_pieces = np.zeros((n, kernel.FORMS, pieces))
    of_pieces[:, 3], of_pieces[:, 4] = product.of_trend[..., -2], product.of_trend[..., -1]
    of_pieces[:, 5] = product.of_slope[..., -1]
    of_levels = np.zeros((n, 3, product.of_level.shape[1]))
    of_levels[:, 1], of_levels[:, 2] = product.of_level[..., -2], product.of_level[..., -1]
    sd = np.concatenate([np.full(b.columns.shape[1], b.sd) for b in blocks if not b.scale])
    start = start or density.scale_variables(density.initial(rng))
    log_tau = np.log(start.get("tau_slope_std", np.empty(0)))
    x = np.column_stack([np.arctanh(start["phi"]), *(np.log(start[name]) for name in NAMES)])
    log_sigma = x[region, 4] + np.exp(x[region, 3]) * start["sigma_offset"]
    counts = density.pattern.gaps[density.pattern.of_province]
    x, log_sigma, log_tau, coefficient, effect = kernel.run(
        x, log_sigma, log_tau, region, density.path,
        families([density.priors[name] for name in NAMES]),
        families([density.priors["tau_slope_std"]] * len(log_tau)),
        sd, max(density.n_regions, 1), np.array(density.layout.gaps), counts,
        gram, of_level, of_trend, of_slope, of_pieces, of_levels, warm_up, sweeps, rng,
    )  # fmt: skip
    inverse_order = np.argsort(order[:-1])
    coefficient = coefficient[..., inverse_order]
    drawn = {block.name: coefficient[:, positions[block.name]] for block in blocks}
    if len(offsets):
        drawn["tau_slope_std"] = np.exp(log_tau)
        drawn["slope_offset"] = drawn["slope_offset"] / np.repeat(
            drawn["tau_slope_std"], density.n_regions, axis=1
        )
    drawn |= {name: np.exp(x[..., k]) for k, name in enumerate(NAMES, 1)}
    drawn["phi"] = np.tanh(x[..., 0])
    drawn["sigma_offset"] = (log_sigma - x[:, region, 4]) / drawn["tau_sigma"][:, region]
    drawn["trend_offset"], drawn["slope_province_offset"] = effect[..., 0], effect[..., 1]
    effective = array_stats.ess(drawn["slope_std"][None, :, 0], chain_axis=0, draw_axis=1)
    return Chain(drawn, float(effective))
