"""Scalars that the tables do not identify, as differentiable functions of a panel's cells.

All are of one static column, the baseline: the root mean square residual of its regression in
each region, its slope of interest when rows are weighted by their region's residual variance, and
the same slope under the hierarchical model: its posterior mean, averaged over rows, at the
posterior mode of the model's log scales, which is looked for on every panel anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from analysis.specifications import select
from analysis.ye2024.reconstruction.quantities import (
    Own,
    Quantities,
    outcome_and_regressors,
    weights_of,
    with_jacobian,
)
from models.bayesian import hierarchical
from models.bayesian.hierarchical_rows import given_scales
from models.design import Design, Specification, design, sample
from models.frequentist import fgls
from models.inference.collapsed import Collapsed

COLUMN = "3.2"

FAR = 8.0
"""Log scales are looked for this far about 0: scales of 0.0003 to 3,000 standard deviations."""

APART = 1e-4
"""Between log scales, for second derivatives by central differences of exact first ones."""


def scalars(frame: pd.DataFrame, series: Sequence[str]) -> Quantities:
    """Collect the scalars; arguments as `analysis.ye2024.reconstruction.quantities.quantities`."""
    (record,) = select([COLUMN])
    regions = pd.unique(sample(frame, record)["region"])
    (term,) = record.interest
    keys = [(COLUMN, f"residual {region}", "sd") for region in regions]
    keys += [(COLUMN, term, "region weights"), (COLUMN, term, "hierarchical")]
    rows = frame.index.get_indexer(sample(frame, record).index)
    weights = weights_of(record.variables, tuple(series))
    functions = (_weighted(frame, record), _hierarchical(frame, record))
    parts = tuple((rows, weights, function) for function in functions)
    return Quantities(tuple(series), tuple(keys), parts)


def _codes(frame: pd.DataFrame, record: Specification) -> tuple[NDArray[np.int64], ...]:
    rows = sample(frame, record)
    return tuple(pd.factorize(rows[name])[0] for name in ("province", "year", "region"))


def _weighted(frame: pd.DataFrame, record: Specification) -> Own:
    codes, split = _codes(frame, record), outcome_and_regressors(record)

    def function(cells: jax.Array) -> jax.Array:
        y, x = split(cells)
        sd = fgls.residual_sd(y, x, *codes)
        return jnp.concat([sd, fgls.slopes(y, x, *codes)[:1]])

    return with_jacobian(function)


def _hierarchical(frame: pd.DataFrame, record: Specification) -> Own:
    """Return the posterior mean at the scales' mode u, with its gradient.

    As the mode moves with the data, by the implicit function theorem,

        dm = ∂m − m_u' ℓ_uu⁻¹ ∂ℓ_u

    with ℓ the log posterior of the log scales and ∂ the derivatives at fixed u.
    """
    codes, split = _codes(frame, record), outcome_and_regressors(record)
    template = design(frame, record)

    def posterior_at(cells: jax.Array, mode: jax.Array) -> tuple[jax.Array, jax.Array]:
        posterior = given_scales(*split(cells), *codes, mode, hierarchical.PRIORS)
        return posterior.slope, posterior.log_likelihood

    slope_by_scales = jax.jit(jax.value_and_grad(lambda mode, cells: posterior_at(cells, mode)[0]))

    def slope_with_shift(cells: jax.Array, mode: jax.Array, shift: jax.Array) -> jax.Array:
        _, moved = jax.jvp(lambda u: posterior_at(cells, u)[1], (mode,), (shift,))
        return posterior_at(cells, mode)[0] + moved

    by_cells = jax.jit(jax.grad(slope_with_shift))

    def evaluate(cells: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        cells = jnp.asarray(cells)
        y, x = (np.asarray(part) for part in split(cells))
        mode, curvature = scales_at_mode(replace(template, y=y, x=x))
        value, slope = slope_by_scales(mode, cells)
        shift = -np.linalg.solve(curvature, np.asarray(slope))
        return np.array([value]), np.asarray(by_cells(cells, mode, shift))[None]

    return evaluate


def scales_at_mode(data: Design) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the posterior mode of the hierarchical model's log scales, and ℓ_uu there.

    Parameters
    ----------
    data : Design

    Returns
    -------
    mode : ndarray, shape (S,)
    curvature : ndarray, shape (S, S)
    """
    density = collapsed(data)
    first = np.concatenate([np.full(s.size, np.log(s.prior.typical)) for s in density.scales])

    def objective(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = density.logp_and_gradient(point)
        return -value, -gradient

    optimum = minimize(
        objective,
        first,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-FAR, FAR)] * len(first),
        options={"ftol": 1e-15, "gtol": 1e-7, "maxiter": 500},
    )
    return optimum.x, _curvature(lambda point: density.logp_and_gradient(point)[1], optimum.x)


def collapsed(data: Design) -> Collapsed:
    """Return the hierarchical model of a design, with region slopes of its first term."""
    parts = hierarchical.split(data, data.terms[:1], sigma="region")
    return hierarchical.density(parts)


def _curvature(
    gradient: Callable[[NDArray[np.float64]], NDArray[np.float64]], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    moves = APART * np.eye(len(point))
    curvature = np.array([gradient(point + move) - gradient(point - move) for move in moves]) / (
        2 * APART
    )
    return (curvature + curvature.T) / 2
