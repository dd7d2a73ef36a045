"""A panel's sufficient statistics for `models.bayesian.hierarchical`, in one pass over its rows.

With z = (y, x) of a row less a fixed shift, r its region, i its unit and t its year, the posterior
depends on the rows through

    Σ z z' by region,   Σ z by unit,   Σ z by region and year,   which units are seen in which years

alone: two-way residuals are x less a unit part and a year part (`models.frequentist.two_way`), and
these solve a system in unit sums and year sums. Statistics of separate rows add, so a panel larger
than memory is read a chunk at a time; afterwards nothing depends on the number of rows. What is
kept grows with the number of units alone: 8 (k + 1) + T bytes each.

`blocks` turns them into Gram matrices of within-between columns, whose size does not depend on the
number of units either, and `models.large_panels.posterior` these into a posterior.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import UserError
from models.bayesian.within_between import By, WithinBetween, standardise
from models.design import Design, Specification, regressors, sample
from models.frequentist.twfe import refuse_short
from models.frequentist.two_way import COLLINEAR, parts_of_sums

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
        known = [self.code.setdefault(label, len(self.code)) for label in labels]
        return np.array(known)[local]


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
    seen = np.zeros((0, 0), np.uint8)
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
        seen, of_province = _grown(seen, (n, t)), _grown(of_province, (n, size))
        of_year, cross = _grown(of_year, (r, t, size)), _grown(cross, (r, size, size))

        first = region_of[province] < 0
        region_of[province[first]] = region[first]
        moved = region_of[province] != region
        cell = province * t + year
        again = seen[province, year] > 0
        again |= pd.Series(cell).duplicated().to_numpy()
        for fault, words in ((moved, "lies in two regions"), (again, "is there twice in {year}")):
            if fault.any():
                at = rows.iloc[int(fault.argmax())]
                raise UserError(
                    f"{at['province']} {words.format(year=at['year'])}: "
                    "keep one row for each province and year, of one region."
                )
        seen[province, year] = 1
        present, local = np.unique(province, return_inverse=True)
        for column, values in enumerate(z.T):
            of_province[present, column] += np.bincount(local, values)
            of_year[:r, :t, column] += np.bincount(region * t + year, values, r * t).reshape(r, t)
        for code in range(r):
            own = z[region == code]
            cross[code] += own.T @ own
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
        seen=seen[:n, :t][:, order],
        of_province=of_province[:n],
        of_year=of_year[:r, :t][:, order],
        cross=cross[:r],
    )


def _refuse_missing(z: Array, rows: pd.DataFrame, specification: Specification) -> None:
    missing = ~np.isfinite(z)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        at = rows.iloc[row]
        name = (specification.outcome, *specification.terms)[column]
        raise UserError(
            f"Column {name} has no number for {at['province']} in {at['year']}: fill it or leave "
            "the row out."
        )


def _grown(array: NDArray, shape: tuple[int, ...], fill: int = 0) -> NDArray:
    """Return the array with room for at least `shape`; twice that where it had to grow."""
    if all(have >= need for have, need in zip(array.shape, shape, strict=True)):
        return array
    room = [
        have if have >= need else 2 * need for have, need in zip(array.shape, shape, strict=True)
    ]
    larger = np.full(room, fill, array.dtype)
    larger[tuple(map(slice, array.shape))] = array
    return larger


# --- within and between -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Blocks:
    """What the posterior of `hierarchical` is a function of; its size does not grow with n.

    A row's base columns are (within, year dummies, y), d = m + T + 1 of them, on the standardised
    scale. A unit's vector is (their sums over its rows, 1, its standardised province part).

    Attributes
    ----------
    parts : WithinBetween
        Labels, scales and year part of the regression; without rows or units.
    gram : ndarray, shape (R, d, d)
        Gram matrices of the base columns by region.
    rows : ndarray of int, shape (R,)
    group_region, group_rows, group_units : ndarray of int, shape (G,)
        Groups of units of one region with the same number of rows.
    units : ndarray, shape (G, d + 1 + m, d + 1 + m)
        Sums of the products of the units' vectors by group.
    """

    parts: WithinBetween
    gram: Array
    rows: NDArray[np.int64]
    group_region: NDArray[np.int64]
    group_rows: NDArray[np.int64]
    group_units: NDArray[np.int64]
    units: Array


def blocks(moments: Moments, varying: tuple[str, ...] = (), sigma: By = "common") -> Blocks:
    """Bring sufficient statistics into within–between form, as `hierarchical.split` does rows.

    Parameters
    ----------
    moments : Moments
    varying, sigma
        As there; the other switches are at their defaults.

    Raises
    ------
    UserError
        If a regressor is collinear, or the panel falls apart.
    """
    everyone, shift = moments.region_of_province, moments.shift
    seen, n = moments.seen.astype(float), moments.rows
    regressors, positions, only = _columns(moments, varying)
    masks = [np.ones(len(everyone), bool) if r is None else everyone == r for r in only]
    of_province = np.column_stack(
        [moments.of_province[:, 1 + p] * mask for p, mask in zip(positions, masks, strict=True)]
    )
    by_region = [
        moments.of_year[slice(None) if r is None else [r], :, 1 + p].sum(axis=0)
        for p, r in zip(positions, only, strict=True)
    ]
    province_part, year_part = parts_of_sums(seen, of_province, np.column_stack(by_region))

    total = moments.of_province.sum(axis=0)
    mean = total / n
    sd = np.sqrt(np.einsum("rii->i", moments.cross) / n - mean**2)
    unit = sd[1:][positions]
    # The shift of a regressor is a constant, of a region's one a constant on that region's units.
    shifted = province_part + np.column_stack(masks) * shift[1:][positions]
    standard = standardise(shifted)

    size = len(positions) + len(moments.years) + 1
    gram, row_count = np.zeros((len(moments.regions), size, size)), []
    groups, sums = [], []
    for region in range(len(moments.regions)):
        own = everyone == region
        applies = [r is None or r == region for r in only]
        pick = np.zeros((len(shift), len(positions)))  # from (y, x) to the regressors
        pick[1 + np.array(positions), np.arange(len(positions))] = applies
        rows_of = seen[own].sum(axis=1)
        part, z = province_part[own], moments.of_province[own]
        gram[region] = _gram_of_region(
            moments.cross[region],
            moments.of_year[region],
            seen[own],
            z,
            part,
            year_part,
            pick,
            mean[0],
        )
        row_count.append(int(rows_of.sum()))
        vector = np.column_stack(
            [
                (z @ pick - rows_of[:, None] * part - seen[own] @ year_part) / unit,
                seen[own],
                (z[:, 0] - rows_of * mean[0]) / sd[0],
                np.ones(len(z)),
                standard[own],
            ]
        )
        for number in np.unique(rows_of):
            group = vector[rows_of == number]
            groups.append((region, int(number), len(group)))
            sums.append(group.T @ group)
    scale = np.concatenate([unit, np.ones(len(moments.years)), [sd[0]]])
    gram /= np.outer(scale, scale)
    _refuse_collinear(regressors, gram.sum(axis=0)[: len(unit), : len(unit)], n)
    columns = np.array(groups)
    return Blocks(
        parts=_labels(moments, varying, sigma, regressors, positions, year_part, mean, sd),
        gram=gram,
        rows=np.array(row_count),
        group_region=columns[:, 0],
        group_rows=columns[:, 1],
        group_units=columns[:, 2],
        units=np.stack(sums),
    )


def _refuse_collinear(regressors: list[str], within: Array, n: int) -> None:
    """Refuse regressors of which rounding is all that is left; they have length √n before."""
    left = [within[0, 0]]
    for k in range(1, len(within)):
        before = within[:k, :k]
        left.append(within[k, k] - within[k, :k] @ np.linalg.pinv(before) @ within[:k, k])
    square = np.array([np.diag(within), left])
    refuse_short(
        regressors, *np.sqrt(np.maximum(square, 0)), np.full(len(within), COLLINEAR * n**0.5)
    )


def _columns(moments: Moments, varying: tuple[str, ...]) -> tuple[list[str], list[int], list]:
    """Return regressors' names, terms and regions (None: all), in `within_between`'s order."""
    names, positions, only = [], [], []
    for term in sorted(moments.terms, key=lambda term: term not in varying):
        regions = enumerate(moments.regions) if term in varying else [(None, "")]
        for region, label in regions:
            names.append(f"{term}:{label}" if label else term)
            positions.append(moments.terms.index(term))
            only.append(region)
    return names, positions, only


def _gram_of_region(
    cross: Array,
    of_year: Array,
    seen: Array,
    z: Array,
    part: Array,
    year_part: Array,
    pick: Array,
    mean: float,
) -> Array:
    """Return the Gram matrix of (x less both its parts, year dummies, y less its mean)."""
    rows, per_year = seen.sum(axis=1), seen.sum(axis=0)
    both = pick.T @ z.T @ part + pick.T @ of_year.T @ year_part - part.T @ (seen @ year_part)
    within = pick.T @ cross @ pick - both - both.T
    within += (part * rows[:, None]).T @ part + (year_part * per_year[:, None]).T @ year_part
    by_year = of_year @ pick - seen.T @ part - per_year[:, None] * year_part
    with_y = pick.T @ cross[:, 0] - part.T @ z[:, 0] - year_part.T @ of_year[:, 0]
    with_y -= mean * by_year.sum(axis=0)
    y_by_year = of_year[:, 0] - mean * per_year
    square = cross[0, 0] - 2 * mean * of_year[:, 0].sum() + per_year.sum() * mean**2
    return np.block(
        [
            [within, by_year.T, with_y[:, None]],
            [by_year, np.diag(per_year), y_by_year[:, None]],
            [with_y[None], y_by_year[None], np.array([[square]])],
        ]
    )


def _labels(
    moments: Moments,
    varying: tuple[str, ...],
    sigma: By,
    regressors: list[str],
    positions: list[int],
    year_part: Array,
    mean: Array,
    sd: Array,
) -> WithinBetween:
    """Return the regression with a row for each base column but y: what is linear shows itself."""
    years, m = len(moments.years), len(regressors)
    rows = years + m
    return WithinBetween(
        design=Design(
            y=np.zeros(rows),
            x=np.zeros((rows, len(moments.terms))),
            terms=moments.terms,
            province=np.zeros(rows, int),
            year=np.concatenate([np.arange(years), np.zeros(m, int)]),
            provinces=("any",),
            years=moments.years,
            regions=moments.regions,
            region_of_province=np.zeros(1, int),
            outcome="y",
            rows=pd.DataFrame(),
        ),
        varying=varying,
        sigma_groups=("all",) if sigma == "common" else moments.regions,
        free=(),
        years="common",
        path="exchangeable",
        pooled_sigma=False,
        regressors=tuple(regressors),
        term_of_regressor=np.array(positions),
        centre=float(mean[0] + moments.shift[0]),
        scale=float(sd[0]),
        term_scale=sd[1:],
        within=np.vstack([np.zeros((years, m)), np.eye(m)]),
        province_part=np.zeros((1, m)),
        year_part=year_part,
    )
