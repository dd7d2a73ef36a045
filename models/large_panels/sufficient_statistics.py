"""A panel's sufficient statistics for `models.bayesian.hierarchical`, in one pass over its rows.

With z = (y, x) of a row less a fixed shift, r its region, i its unit and t its year, the posterior
depends on the rows through

    Σ z z' by region,   Σ z by unit,   Σ z by region and year,   which units are seen in which years

alone: two-way residuals are x less a unit part and a year part (`models.frequentist.two_way`), and
these solve a system in unit sums and year sums. Statistics of separate rows add, so a panel larger
than memory is read a chunk at a time; afterwards nothing depends on the number of rows. What is
kept grows with the number of units alone: 8 (k + 1) + T bytes each.

`models.large_panels.gram_blocks` turns them into Gram matrices of within-between columns.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.design import Specification, regressors, sample

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Sufficient statistics of a regression on k terms; units, years and regions in order of codes.

    Attributes
    ----------
    terms, years, regions : tuple
        Coords, years sorted.
    provinces : ndarray, shape (N,)
        Labels.
    region_of_province : ndarray of int, shape (N,)
    shift : ndarray, shape (1 + k,)
        Taken off (y, x), so that squares do not drown what differs.
    seen : ndarray of uint8, shape (N, T)
        1 where a unit has a row.
    of_province : ndarray, shape (N, 1 + k)
        Sums of (y, x) less their shift over a unit's rows.
    of_year : ndarray, shape (R, T, 1 + k)
        The same over a region's rows of a year.
    cross : ndarray, shape (R, 1 + k, 1 + k)
        Sums of their products over a region's rows.
    """

    terms: tuple[str, ...]
    provinces: NDArray
    years: tuple[int, ...]
    regions: tuple[str, ...]
    region_of_province: NDArray[np.int64]
    shift: Array
    seen: NDArray[np.uint8]
    of_province: Array
    of_year: Array
    cross: Array

    @property
    def rows(self) -> int:
        """Number of rows n."""
        return int(self.seen.sum(dtype=np.int64))


class _Labels:
    """Codes of labels, in order of appearance."""

    def __init__(self) -> None:
        self.code: dict = {}

    def codes(self, values: pd.Series) -> NDArray[np.int64]:
        local, labels = pd.factorize(values)
        codes = [self.code.setdefault(label, len(self.code)) for label in labels]
        return np.array(codes)[local]


def gram(chunks: Iterable[pd.DataFrame], specification: Specification) -> Moments:
    """Gather a panel's sufficient statistics in one pass.

    Parameters
    ----------
    chunks : iterable of DataFrame
        The panel's rows in any order, a part at a time, with `province`, `year`, `region` and
        what the specification reads.
    specification : Specification

    Raises
    ------
    UserError
        If there are no rows, a number is missing, or a province is seen twice in a year or in two
        regions.
    """
    provinces, years, regions = _Labels(), _Labels(), _Labels()
    size = 1 + len(specification.terms)
    shift = None
    region_of = np.full(0, -1)
    observed = np.zeros((0, 0), np.uint8)
    of_province, of_year = np.zeros((0, size)), np.zeros((0, 0, size))
    cross = np.zeros((0, size, size))
    for chunk in chunks:
        rows = sample(chunk, specification)
        if not len(rows):
            continue
        z = np.column_stack(
            [rows[specification.outcome].to_numpy(float), regressors(rows, specification)]
        )
        _refuse_missing(z, rows, specification)
        shift = z.mean(axis=0) if shift is None else shift
        z -= shift
        province, year, region = (
            labels.codes(rows[name])
            for labels, name in ((provinces, "province"), (years, "year"), (regions, "region"))
        )
        n, t, r = len(provinces.code), len(years.code), len(regions.code)
        region_of = _grown(region_of, (n,), -1)
        observed, of_province = _grown(observed, (n, t)), _grown(of_province, (n, size))
        of_year, cross = _grown(of_year, (r, t, size)), _grown(cross, (r, size, size))

        is_new = region_of[province] < 0
        region_of[province[is_new]] = region[is_new]
        moved = region_of[province] != region
        cell = province * t + year
        duplicated = observed[province, year] > 0
        duplicated |= pd.Series(cell).duplicated().to_numpy()
        for fault, words in (
            (moved, "lies in two regions"),
            (duplicated, "is there twice in {year}"),
        ):
            if fault.any():
                first_fault = rows.iloc[int(fault.argmax())]
                raise UserError(
                    f"{first_fault['province']} {words.format(year=first_fault['year'])}: "
                    "keep one row for each province and year, of one region."
                )
        observed[province, year] = 1
        present, local = np.unique(province, return_inverse=True)
        for column, values in enumerate(z.T):
            of_province[present, column] += np.bincount(local, values)
            of_year[:r, :t, column] += np.bincount(region * t + year, values, r * t).reshape(r, t)
        for code in range(r):
            of_region = z[region == code]
            cross[code] += of_region.T @ of_region
    if shift is None:
        raise UserError("The panel has no rows in the sample: add them or leave the column out.")
    n, t, r = len(provinces.code), len(years.code), len(regions.code)
    order = np.argsort(list(years.code))
    return Moments(
        terms=specification.terms,
        provinces=np.array(list(provinces.code)),
        years=tuple(int(year) for year in np.array(list(years.code))[order]),
        regions=tuple(map(str, regions.code)),
        region_of_province=region_of[:n],
        shift=shift,
        seen=observed[:n, :t][:, order],
        of_province=of_province[:n],
        of_year=of_year[:r, :t][:, order],
        cross=cross[:r],
    )


def _refuse_missing(z: Array, rows: pd.DataFrame, specification: Specification) -> None:
    missing = ~np.isfinite(z)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        first_missing = rows.iloc[row]
        name = (specification.outcome, *specification.terms)[column]
        raise UserError(
            f"Column {name} has no number for {first_missing['province']} in "
            f"{first_missing['year']}: fill it or leave the row out."
        )


def _grown(array: NDArray, shape: tuple[int, ...], fill: int = 0) -> NDArray:
    """Return the array with room for at least `shape`; twice that where it had to grow."""
    if all(length >= needed for length, needed in zip(array.shape, shape, strict=True)):
        return array
    lengths = [
        length if length >= needed else 2 * needed
        for length, needed in zip(array.shape, shape, strict=True)
    ]
    larger = np.full(lengths, fill, array.dtype)
    larger[tuple(map(slice, array.shape))] = array
    return larger
