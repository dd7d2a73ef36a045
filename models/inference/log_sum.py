"""The logarithm of a sum of exponentials, by NumPy alone, and a question of SciPy answered early.

`scipy.special.logsumexp` gives the same numbers, to the last digit, in twice the time. On the way
it asks whether its array is one of JAX. ArviZ puts JAX among the modules to be loaded when they are
first looked at, so that question imports it: a second of each process. ArviZ's Pareto smoothing
asks it too. SciPy remembers the answer for a class, so it is asked once while JAX is out of sight.
"""

import importlib.util
import sys

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp


def log_sum_exp(
    values: ArrayLike, axis: int | None = None, *, keepdims: bool = False
) -> NDArray[np.float64]:
    """Return log Σ exp(values) over an axis, or over all of them.

    The largest values are set apart, so that log1p keeps what the others add (Blanchard, Higham &
    Higham 2021, *IMA Journal of Numerical Analysis* 41:2311–2330).

    Parameters
    ----------
    values : array_like
        −inf adds nothing; a NaN, or +inf, is the result.
    axis : int, optional
    keepdims : bool
    """
    values = np.asarray(values, float)
    largest = values.max(axis=axis, keepdims=True)
    is_largest = values == largest
    with np.errstate(divide="ignore", invalid="ignore"):
        others = np.exp(np.where(is_largest, -np.inf, values) - largest)
        times = is_largest.sum(axis=axis, keepdims=True, dtype=float)
        share = others.sum(axis=axis, keepdims=True) / times
        total = np.log1p(share) + np.log(times) + largest
    total = np.where(np.isfinite(largest), total, largest)
    return total if keepdims else np.squeeze(total, axis=axis)[()]


def tell_arrays_from_jax() -> None:
    """Let SciPy learn that NumPy's arrays are not JAX's, without importing JAX for the answer.

    To be called after ArviZ is imported. It does nothing where JAX itself is there.
    """
    named = sys.modules.get("jax")
    if named is None or type(named) is not importlib.util._LazyModule:
        return
    del sys.modules["jax"]
    try:
        logsumexp(np.zeros(2))
    finally:
        sys.modules["jax"] = named
