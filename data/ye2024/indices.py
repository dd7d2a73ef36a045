"""The paper's variables as functions of arrays: entropy index, location quotient, misallocation.

Every function takes arrays of one namespace (`x.__array_namespace__()`: numpy, jax.numpy) and
returns arrays of it, without side effects, so that the same formula serves the panels and the
reconstruction's derivatives. A panel's cells are laid out as (n provinces, T years); the index
takes them pooled, (n · T cells, k indicators).

Equations and sections are those of Ye (2024).
"""

from math import ceil
from typing import Any

Array = Any
"""An array of any namespace that follows the array API standard."""


def normalise(x: Array, sign: Array) -> Array:
    """Min–max normalise each indicator over all cells; a negative one is turned round.

    Parameters
    ----------
    x : array, shape (cells, k)
    sign : array, shape (k,)
        +1 where more is better, −1 where less is (Table 1, last column).

    Returns
    -------
    array, shape (cells, k)
        (x − min)/(max − min), or (max − x)/(max − min) where `sign` is negative; 0 for an
        indicator that does not vary.
    """
    xp = x.__array_namespace__()
    return _within_span(x, sign, xp.min(x, axis=0), xp.max(x, axis=0))


def normalise_within(x: Array, sign: Array, group: Array, groups: int) -> Array:
    """Min–max normalise each indicator among the cells of one group (a year) at a time.

    Parameters
    ----------
    x, sign : array
        As in `normalise`.
    group : array of int, shape (cells,)
        The group of a cell, 0 to `groups` − 1.
    groups : int
        Their number.
    """
    xp = x.__array_namespace__()
    member = (group[:, None] == xp.arange(groups)[None, :])[:, :, None]
    low = xp.min(xp.where(member, x[:, None, :], xp.inf), axis=0)
    high = xp.max(xp.where(member, x[:, None, :], -xp.inf), axis=0)
    return _within_span(x, sign, xp.take(low, group, axis=0), xp.take(high, group, axis=0))


def entropy_weights(z: Array) -> Array:
    """Weigh normalised indicators by the entropy method (section 4.2.1).

    With p = z/Σz over the cells, e = −Σ p ln p / ln(cells) and w = (1 − e)/Σ(1 − e). A cell at
    an indicator's minimum has p = 0 and adds 0 to e, the limit of p ln p; no constant is added
    to z to avoid the logarithm of 0.

    Parameters
    ----------
    z : array, shape (cells, k)
        Normalised indicators, not negative.

    Returns
    -------
    array, shape (k,)
        Weights that sum to one over all indicators of all dimensions.
    """
    xp = z.__array_namespace__()
    p = z / xp.sum(z, axis=0)
    positive = p > 0
    # The inner where keeps the derivative finite at p = 0.
    terms = xp.where(positive, p * xp.log(xp.where(positive, p, 1.0)), 0.0)
    spread = 1.0 + xp.sum(terms, axis=0) / xp.log(xp.asarray(float(z.shape[0])))
    return spread / xp.sum(spread)


def dimension_scores(z: Array, weights: Array, dimensions: tuple[str, ...]) -> dict[str, Array]:
    """Add the weighted indicators of each dimension.

    Parameters
    ----------
    z : array, shape (cells, k)
    weights : array, shape (k,)
    dimensions : tuple of str, length k
        The dimension of each indicator.

    Returns
    -------
    dict of str to array, shape (cells,)
        One score per dimension, in order of appearance; the index is their sum.
    """
    scores: dict[str, Array] = {}
    for j, dimension in enumerate(dimensions):
        part = z[:, j] * weights[j]
        scores[dimension] = scores[dimension] + part if dimension in scores else part
    return scores


def location_quotient(part: Array, whole: Array, part_total: Array, whole_total: Array) -> Array:
    """Divide a province's share of industry by the nation's (equation 4).

    Parameters
    ----------
    part, whole : array, shape (n, T)
        Industrial value added and GDP, of one vintage.
    part_total, whole_total : array, shape (T,)
        The nation's: sums over the provinces, or published totals.
    """
    return (part / whole) / (part_total / whole_total)


def elasticities(output: Array, capital: Array, labour: Array) -> Array:
    """Estimate each province's output elasticity of capital by least squares with dummies.

    ln(Y/L)_it = a_i + λ_t + β_i ln(K/L)_it + e_it: constant returns to scale, so that the
    elasticity of labour is 1 − β_i; province and year dummies; a slope per province (section
    4.2.3). The regression is solved exactly, in two steps: dummy and slope of each province are
    projected out, which leaves T − 1 equations for the year effects (the first year's is 0).

    Parameters
    ----------
    output, capital, labour : array, shape (n, T)
        Positive.

    Returns
    -------
    array, shape (n,)
        β_i.
    """
    xp = output.__array_namespace__()
    y = _within(xp.log(output / labour))
    x = _within(xp.log(capital / labour))
    n, years = y.shape
    sum_of_squares = xp.sum(x * x, axis=1)
    residual = y - x * (xp.sum(x * y, axis=1) / sum_of_squares)[:, None]
    outer = x[:, :, None] * x[:, None, :] / sum_of_squares[:, None, None]
    normal = n * (xp.eye(years) - 1.0 / years) - xp.sum(outer, axis=0)
    later = xp.linalg.solve(normal[1:, 1:], xp.sum(residual, axis=0)[1:])
    year_effects = xp.concat([xp.zeros(1, dtype=later.dtype), later])
    return xp.sum(x * (y - year_effects), axis=1) / sum_of_squares


def common_elasticity(output: Array, capital: Array, labour: Array) -> Array:
    """Estimate one output elasticity of capital for all provinces.

    The regression of `elasticities` with β_i = β.

    Returns
    -------
    array, shape (n,)
        β, repeated.
    """
    xp = output.__array_namespace__()
    y = _within(xp.log(output / labour))
    x = _within(xp.log(capital / labour))
    x = x - xp.mean(x, axis=0)
    slope = xp.sum(x * y) / xp.sum(x * x)
    return slope * xp.ones(y.shape[0], dtype=y.dtype)


def misallocation(output: Array, factor: Array, elasticity: Array) -> Array:
    """Measure how far a province's share of a factor is from the efficient one (eqs. 5, 6).

    γ_i = (F_i/F) / (s_i β_i/β) with s_i the province's share of output and β = Σ s_i β_i;
    the distortion is τ_i = 1/γ_i − 1, positive where the province has too little. The paper's
    Table 2 prints positive minima, so that its variables are |τ_i|, which is returned.

    Parameters
    ----------
    output, factor : array, shape (n, T)
        Output, and capital or labour.
    elasticity : array, shape (n,)
        The factor's output elasticity.

    Returns
    -------
    array, shape (n, T)
        |τ|.
    """
    xp = output.__array_namespace__()
    contribution = output / xp.sum(output, axis=0) * elasticity[:, None]
    efficient = contribution / xp.sum(contribution, axis=0)
    actual = factor / xp.sum(factor, axis=0)
    return xp.abs(efficient / actual - 1.0)


def percentile(x: Array, percent: float) -> Array:
    """Return a percentile as Stata's `_pctile` and `winsor2` define it.

    With n values sorted and h = n · percent/100: the mean of values h and h + 1 where h is
    whole, else value ⌈h⌉.

    Parameters
    ----------
    x : array, any shape
        Pooled.
    percent : float
        Above 0, below 100.
    """
    xp = x.__array_namespace__()
    ordered = xp.sort(xp.reshape(x, (-1,)))
    rank = ordered.shape[0] * percent / 100.0
    if rank == round(rank):
        return (ordered[round(rank) - 1] + ordered[round(rank)]) / 2.0
    return ordered[ceil(rank) - 1]


def winsorise(x: Array, lower: float = 1.0, upper: float = 99.0) -> Array:
    """Move values beyond two percentiles onto them (section 4.3: 1 % and 99 %)."""
    xp = x.__array_namespace__()
    return xp.clip(x, percentile(x, lower), percentile(x, upper))


def _within_span(x: Array, sign: Array, low: Array, high: Array) -> Array:
    """Place x between two ends, from the low one up or, where `sign` is negative, the high down."""
    xp = x.__array_namespace__()
    span = xp.where(high > low, high - low, 1.0)
    return xp.where(sign > 0, x - low, high - x) / span


def _within(x: Array) -> Array:
    """Take each province's mean out."""
    xp = x.__array_namespace__()
    return x - xp.mean(x, axis=1, keepdims=True)
