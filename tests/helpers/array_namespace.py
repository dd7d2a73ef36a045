"""An array namespace that is not numpy: what array functions may ask of the one they are given.

numpy functions refuse its arrays, its own functions are those of the array API standard that
numpy and jax.numpy share, and its arrays cannot be written to. It holds ordinary numbers, so
that a function's results can be compared with those on numpy arrays.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np

OPERATORS = {"add", "subtract", "multiply", "divide", "matmul", "power", "square", "negative"}
"""Ufuncs behind arithmetic operators (`x**2` is numpy's square)."""


class Foreign(np.ndarray):
    """An array that works with its own namespace and with operators only."""

    def __array_namespace__(self, api_version: str | None = None) -> SimpleNamespace:
        return NAMESPACE

    def __array_function__(self, function, types, arguments, options):
        raise TypeError(f"numpy.{function.__name__} was called on another namespace's array")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if ufunc.__name__ not in OPERATORS or method != "__call__" or "out" in options:
            raise TypeError(f"numpy.{ufunc.__name__} was called on another namespace's array")
        return asarray(ufunc(*map(numpy_array, inputs)))


def numpy_array(value: Any) -> Any:
    """Return the numpy array behind a foreign one, lists searched, other values as they are."""
    if isinstance(value, list):
        return [numpy_array(item) for item in value]
    return value.view(np.ndarray) if isinstance(value, Foreign) else value


def asarray(values: Any) -> Foreign:
    """Return a read-only foreign array."""
    array = np.array(numpy_array(values)).view(Foreign)
    array.flags.writeable = False
    return array


def _foreign(function):
    def call(*arguments, **options):
        result = function(*map(numpy_array, arguments), **options)
        return tuple(map(asarray, result)) if isinstance(result, tuple) else asarray(result)

    return call


NAMESPACE = SimpleNamespace(
    asarray=asarray,
    concat=_foreign(np.concat),
    sum=_foreign(np.sum),
    sqrt=_foreign(np.sqrt),
    reshape=_foreign(np.reshape),
    ones_like=_foreign(np.ones_like),
    zeros_like=_foreign(np.zeros_like),
    linalg=SimpleNamespace(
        cholesky=_foreign(np.linalg.cholesky),
        diagonal=_foreign(np.linalg.diagonal),
        inv=_foreign(np.linalg.inv),
        qr=_foreign(np.linalg.qr),
        solve=_foreign(np.linalg.solve),
    ),
)
