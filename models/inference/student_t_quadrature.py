"""Province effects under Student t errors: integrated out by quadrature, or drawn.

An effect a that is N(m, s²) before its province's rows are seen, which lie r_t off what other
parts of the mean explain, with t errors of scale σ and ν degrees of freedom, has the density

    f(a) = N(a; m, s²) Π_t (1 + (r_t − a)²/νσ²)^−(ν+1)/2

but for a constant. With ν near 1 half of a province's rows may be outliers. Then f has several
distant modes, between which a chain in a hardly moves. The integral has one dimension, so the
effects are integrated out of what is sampled, and drawn afterwards given all else.

The sum is a trapezoid's, whose error falls exponentially with the inverse of its step h for a
function that is analytic near the line (Trefethen & Weideman 2014, *SIAM Review* 56:385–458): for
a normal of standard deviation h it is 2 exp(−2π²), 5e−9. No peak of f is narrower than with all
rows in one place, where −log f has the second derivative 1/s² + n(ν+1) in units of σ√ν: h is one
over its square root, and not above a third of that unit, in which f branches at r_t ± i. Where rows
do lie in one place and ν is small, tails are heavier than a normal's and the error is up to 2e−5.
Nodes cover prior mean and rows, and go on until nothing is left, but not where the prior leaves
nothing.

For draws, the line between the values of f at the nodes is a density that is easy to draw from
and nowhere far from f: a few steps of Metropolis and Hastings leave less than 1e−4 of it.
"""

from hashlib import sha256
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

Array = NDArray[np.float64]

NOTHING = 32.0
"""Of −log f against its least: e^−32 is 1e−14."""

MOST_NODES = 8_000
"""Of a province. Where it is not enough, as for one row whose scale is a ten-thousandth of the
prior's, there is no number: NUTS turns back."""

STEPS = 6
"""Of a chain whose every step leaves an eighth or less of the difference."""


@numba.njit(error_model="numpy")
def _minus_log(x, rows, half):
    """Return what the rows add to −log f, x and rows in units of σ√ν from m."""
    # One logarithm for many factors: it is the cost of this loop.
    total, product = 0.0, 1.0
    for row in rows:
        product *= 1 + (row - x) ** 2
        if product > 1e200:
            total += log(product)
            product = 1.0
    return half * (total + log(product))


@numba.njit(error_model="numpy")
def _nodes(rows, s, nu, x, depth):
    """Put nodes into x, and −log f at them into depth; return their number, h and least depth.

    None, and no depth, where there would be too many.
    """
    half = (nu + 1) / 2
    h = 1 / sqrt(1 / (s * s) + len(rows) * (nu + 1))
    if len(rows):
        h = min(h, 1 / 3)
    # Whatever the rows gain by an effect far from m, beyond this the prior takes more.
    reach = s * sqrt(2 * (_minus_log(0.0, rows, half) + NOTHING))
    low, high = 0.0, 0.0
    for row in rows:
        low, high = min(low, row), max(high, row)
    low, high = max(low, -reach), min(high, reach)
    if not (high - low) / h < MOST_NODES - 2:
        return 0, h, np.nan
    number = int((high - low) / h) + 2
    least = np.inf
    for k in range(number):
        x[k] = low + k * h
        depth[k] = (x[k] / s) ** 2 / 2 + _minus_log(x[k], rows, half)
        least = min(least, depth[k])
    for step, end in ((h, x[number - 1]), (-h, low)):
        at, d = end, least
        while d <= least + NOTHING:
            at += step
            d = (at / s) ** 2 / 2 + _minus_log(at, rows, half)
            if number == MOST_NODES or np.isnan(d):
                return 0, h, np.nan
            x[number], depth[number] = at, d
            least = min(least, d)
            number += 1
    return number, h, least


@numba.njit(error_model="numpy")
def _by_province(province, units):
    """Return the rows in the order of provinces, and where each begins and ends among them."""
    bounds = np.zeros(units + 1, np.int64)
    for i in province:
        bounds[i + 1] += 1
    bounds = np.cumsum(bounds)
    order, filled = np.empty(len(province), np.int64), bounds.copy()
    for row in range(len(province)):
        order[filled[province[row]]] = row
        filled[province[row]] += 1
    return order, bounds


@numba.njit(error_model="numpy")
def _integrals(residual, sigma, nu, centre, spread, province):
    """Return log ∫ f of each province, and its slopes: see `Integrals`."""
    units = len(centre)
    order, bounds = _by_province(province, units)
    value = np.empty(units)
    of_rest = np.zeros(len(residual))
    of_sigma, of_nu = np.zeros(units), np.zeros(units)
    of_centre, of_spread = np.zeros(units), np.zeros(units)
    x, depth = np.empty(MOST_NODES), np.empty(MOST_NODES)
    v = nu[0]
    for i in range(units):
        of_unit = order[bounds[i] : bounds[i + 1]]
        unit = sigma[i] * sqrt(v)
        rows, s = (residual[of_unit] - centre[i]) / unit, spread[i] / unit
        number, h, least = _nodes(rows, s, v, x, depth)
        # Relative to the least depth, so that no term overflows.
        total = 0.0 if number else np.nan
        for k in range(number):
            total += exp(least - depth[k])
        value[i] = log(h * total / s) - least - log(2 * np.pi) / 2
        for k in range(number):
            if depth[k] > least + NOTHING:
                continue
            p = exp(least - depth[k]) / total
            outlying = 0.0
            for t in range(len(of_unit)):
                u = rows[t] - x[k]
                pull = u / (1 + u * u)
                outlying += u * pull
                of_rest[of_unit[t]] -= p * (v + 1) / unit * pull
            of_sigma[i] += p * (v + 1) / sigma[i] * outlying
            of_rows = depth[k] - (x[k] / s) ** 2 / 2
            of_nu[i] += p * ((v + 1) / (2 * v) * outlying - of_rows / (v + 1))
            of_centre[i] += p * x[k] / (s * spread[i])
            of_spread[i] += p * ((x[k] / s) ** 2 - 1) / spread[i]
    return value, of_rest, of_sigma, of_nu, of_centre, of_spread


@numba.njit(error_model="numpy")
def _draw(residual, sigma, nu, centre, spread, province, uniform):
    """Draw the effects given all else, shapes as of `_integrals` after one of draws."""
    draws, units = centre.shape
    order, bounds = _by_province(province, units)
    effects = np.empty((draws, units))
    x, depth = np.empty(MOST_NODES), np.empty(MOST_NODES)
    for d in range(draws):
        half = (nu[d, 0] + 1) / 2
        for i in range(units):
            of_unit = order[bounds[i] : bounds[i + 1]]
            unit = sigma[d, i] * sqrt(nu[d, 0])
            rows, s = (residual[d][of_unit] - centre[d, i]) / unit, spread[d, i] / unit
            number, h, least = _nodes(rows, s, nu[d, 0], x, depth)
            if not number:
                effects[d, i] = np.nan
                continue
            cumulated = np.cumsum(np.exp(least - depth[:number]))
            at, log_ratio = 0.0, -np.inf
            for step in range(STEPS):
                u = uniform[d, i, step]
                k = min(np.searchsorted(cumulated, u[0] * cumulated[-1]), number - 1)
                moved = x[k] + h * (u[1] + u[2] - 1)
                # f at the nodes on either side, between which the proposal is a line.
                share = (moved - x[0]) / h
                share -= np.floor(share)
                left, right = moved - share * h, moved + (1 - share) * h
                line = (1 - share) * exp(
                    least - (left / s) ** 2 / 2 - _minus_log(left, rows, half)
                ) + share * exp(least - (right / s) ** 2 / 2 - _minus_log(right, rows, half))
                ratio = least - (moved / s) ** 2 / 2 - _minus_log(moved, rows, half) - log(line)
                if log(u[3]) < ratio - log_ratio:
                    at, log_ratio = moved, ratio
            effects[d, i] = centre[d, i] + unit * at
    return effects


class Integrals(Op):
    """log ∫ f(a) da of each province, and its slopes.

    Inputs: r (n,), σ (N,), ν (1,), m (N,), s (N,) and each row's province (n,). Outputs: the
    logarithms (N,), and their slopes in r (n,), σ, ν, m and s (N,).
    """

    __props__ = ()

    def make_node(self, *inputs: object) -> Apply:
        """Return the node of the graph."""
        tensors = [pt.as_tensor_variable(variable) for variable in inputs]
        residual, sigma = tensors[:2]
        return Apply(
            self, tensors, [variable.type() for variable in (sigma, residual, *[sigma] * 4)]
        )

    def perform(self, node: Apply, inputs: list, output_storage: list) -> None:
        """Evaluate outside of compiled graphs."""
        for storage, output in zip(output_storage, _integrals(*inputs), strict=True):
            storage[0] = output

    def infer_shape(self, node: Apply, shapes: list) -> list:
        """Return the shapes of the outputs."""
        residual, sigma = shapes[:2]
        return [sigma, residual, *[sigma] * 4]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Return which outputs have gradients: the logarithms alone."""
        return [[place < 5, *[False] * 5] for place in range(len(node.inputs))]

    def pullback(self, inputs: list, outputs: list, cotangents: list) -> list:
        """Return the gradient."""
        of_value = cotangents[0]
        _, of_rest, of_sigma, of_nu, of_centre, of_spread = outputs
        return [
            of_value[inputs[-1]] * of_rest,
            of_value * of_sigma,
            (of_value * of_nu).sum(keepdims=True),
            of_value * of_centre,
            of_value * of_spread,
            DisconnectedType()(),
        ]


SOURCE = int(sha256(Path(__file__).read_bytes()).hexdigest()[:12], 16)
"""Of this file: of what PyTensor keeps compiled, only that of this code is taken."""


@register_funcify_default_op_cache_key(Integrals)
def _compiled(op: Integrals, node: Apply, **_: object) -> tuple[object, int]:
    return _integrals, SOURCE


integrals = Integrals()


def observe(
    y: Array, province: NDArray[np.int64], mean: Any, sigma: Any, nu: Any, centre: Any, spread: Any
) -> None:
    """Add the likelihood of the outcome, effects integrated out, to the PyMC model in context.

    Parameters
    ----------
    y : ndarray, shape (n,)
    province : ndarray of int, shape (n,)
        Of the N provinces.
    mean, sigma : tensor, shapes (n,), (N,)
        Of the outcome without the effects.
    nu : tensor, shape (1,)
    centre, spread : tensor, shape (N,)
        m and s.
    """

    def log_density(
        y: Any, mean: Any, sigma: Any, nu: Any, centre: Any, spread: Any, province: Any
    ) -> Any:
        of_effects = integrals(y - mean, sigma, nu, centre, spread, province)[0]
        log_constant = pt.gammaln((nu + 1) / 2) - pt.gammaln(nu / 2) - pt.log(np.pi * nu) / 2
        return of_effects.sum() + (log_constant[0] - pt.log(sigma)[province]).sum()

    pm.CustomDist(
        "y",
        *(mean, sigma, nu, centre, spread, province),
        logp=log_density,
        signature="(n),(p),(k),(p),(p),(n)->(n)",
        observed=y,
        dims="obs",
    )


def draw(
    residual: Array,
    province: NDArray[np.int64],
    sigma: Array,
    nu: Array,
    centre: Array,
    spread: Array,
    rng: np.random.Generator,
) -> Array:
    """Draw the effects given all else, shape (…, N).

    Parameters
    ----------
    residual : ndarray, shape (…, n)
        r.
    province : ndarray of int, shape (n,)
    sigma, nu, centre, spread : ndarray, shapes (…, N), (…, 1), (…, N), (…, N)
    rng : Generator

    Returns
    -------
    ndarray, shape (…, N)
        NaN where `MOST_NODES` are not enough, at which the density is none either.
    """
    leading, units = centre.shape[:-1], centre.shape[-1]
    flat = [
        np.ascontiguousarray(np.broadcast_to(values, (*leading, values.shape[-1]))).reshape(
            -1, size
        )
        for values, size in zip(
            (residual, sigma, nu, centre, spread),
            (len(province), units, 1, units, units),
            strict=True,
        )
    ]
    uniform = rng.random((len(flat[0]), units, STEPS, 4))
    return _draw(*flat, province, uniform).reshape(*leading, units)
