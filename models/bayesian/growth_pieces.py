"""From the columns of `models.bayesian.growth` to the products that its density is made of."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CORRELATION = "trend_correlation"
"""In `models.bayesian.dynamic_growth`, the correlation of level and growth, in the place of φ."""


class Block(NamedTuple):
    """Columns with coefficients in common.

    Attributes
    ----------
    name : str
        The random variable in the PyMC model.
    columns : ndarray, shape (n, size)
    sd : float
        Prior standard deviation; of offsets 1.
    scale : str
        The scale parameter that offsets are in units of, one element for each `repeat` columns.
    repeat : int
    """

    name: str
    columns: Array
    sd: float
    scale: str = ""
    repeat: int = 1


class Layout(NamedTuple):
    """Order of the rows: by province, and each row's predecessor.

    Attributes
    ----------
    province, region : ndarray of int, shape (n,)
    before : ndarray of int, shape (n,)
        Position of the province's row before this one; of a first row, itself.
    years : ndarray of int, shape (n,)
        Years between the two, 0 of a first row.
    region_of_province : ndarray of int, shape (N,)
    """

    province: NDArray[np.int64]
    region: NDArray[np.int64]
    before: NDArray[np.int64]
    years: NDArray[np.int64]
    region_of_province: NDArray[np.int64]

    @property
    def gaps(self) -> tuple[int, ...]:
        """The numbers of years between a row and the one before it."""
        return tuple(np.unique(self.years[self.years > 0]).tolist())


class Patterns(NamedTuple):
    """Provinces of one region whose rows have the same gaps, in whatever order.

    Attributes
    ----------
    of_province : ndarray of int, shape (N,)
    region : ndarray of int, shape (patterns,)
    gaps : ndarray, shape (patterns, gaps)
        Rows of each gap.
    provinces : ndarray, shape (patterns,)
        Number of provinces.
    """

    of_province: NDArray[np.int64]
    region: NDArray[np.int64]
    gaps: Array
    provinces: Array


def patterns(layout: Layout) -> Patterns:
    """Find the patterns of gaps; a province without rows is in none that counts."""
    n = len(layout.region_of_province)
    counts = np.zeros((n, len(layout.gaps)))
    for position, k in enumerate(layout.gaps):
        counts[:, position] = np.bincount(layout.province[layout.years == k], minlength=n)
    keys = np.column_stack([layout.region_of_province, counts])
    distinct, pattern_of_province = np.unique(keys, axis=0, return_inverse=True)
    pattern_of_province = pattern_of_province.ravel()
    has_rows = np.bincount(layout.province, minlength=n) > 0
    return Patterns(
        pattern_of_province,
        distinct[:, 0].astype(int),
        distinct[:, 1:],
        np.bincount(pattern_of_province[has_rows], minlength=len(distinct)).astype(float),
    )


def within(columns: Array, layout: Layout) -> Array:
    """Take province means out of columns, which the level takes out anyway, for precision."""
    n = len(layout.region_of_province)
    rows = np.maximum(np.bincount(layout.province, minlength=n), 1)
    sums = _by_province(columns, layout.province, n)
    return columns - (sums / rows[:, None])[layout.province]


def _by_province(values: Array, province: NDArray[np.int64], n: int) -> Array:
    # Rows are in the order of their provinces, some of which have none.
    seen, first_rows = np.unique(province, return_index=True)
    sums = np.zeros((n, values.shape[1]))
    sums[seen] = np.add.reduceat(values, first_rows, axis=0)
    return sums


class Products(NamedTuple):
    """Products of columns with F and each gap's A, B and C (`models.bayesian.growth_density`).

    Attributes
    ----------
    gram : ndarray, shape (regions, 1 + 3 gaps, triangle)
    of_level : ndarray, shape (N, 1 + 2 gaps, columns + 2)
    of_trend, of_slope : ndarray, shape (N, 1 + 3 gaps, columns + 2)
    """

    gram: Array
    of_level: Array
    of_trend: Array
    of_slope: Array


def products(columns: Array, time: Array, z: Array, layout: Layout) -> Products:
    """Return the products of all columns, t and z, which are taken within provinces first.

    Parameters
    ----------
    columns : ndarray, shape (n, columns)
        The outcome last.
    time, z : ndarray, shape (n,)
    layout : Layout
    """
    columns_within = within(np.column_stack([columns, time, z]), layout)
    n, size = len(layout.region_of_province), columns.shape[1]
    regions = np.arange(layout.region_of_province.max() + 1)
    lower = np.tril_indices(size)
    gram, level, trend, slope = [], [], [], []
    for kind, rows in _kinds(layout):
        current, previous = columns_within[rows], columns_within[layout.before[rows]]
        left, right = {"B": (current, previous), "C": (previous, previous)}.get(
            kind, (current, current)
        )
        members = [layout.region[rows] == r for r in regions]
        crossed = np.stack([left[m, :size].T @ right[m, :size] for m in members])
        by_row = [left * right[:, [k]] for k in (size, size + 1)]
        if kind == "B":
            # B is symmetric: row with predecessor, and predecessor with row.
            crossed = crossed + crossed.transpose(0, 2, 1)
            by_row = [
                forward + right * left[:, [k]]
                for forward, k in zip(by_row, (size, size + 1), strict=True)
            ]
        else:
            level.append(_by_province(left, layout.province[rows], n))
        gram.append(crossed[:, lower[0], lower[1]])
        for store, values in zip((trend, slope), by_row, strict=True):
            store.append(_by_province(values, layout.province[rows], n))
    return Products(
        *(np.ascontiguousarray(np.stack(arrays, axis=1)) for arrays in (gram, level, trend, slope))
    )


def _kinds(layout: Layout) -> list[tuple[str, NDArray[np.bool_]]]:
    """List F and each gap's A, B and C, with the rows of each, in the order of the weights."""
    kinds = [("F", layout.years == 0)]
    return kinds + [(kind, layout.years == k) for k in layout.gaps for kind in "ABC"]
