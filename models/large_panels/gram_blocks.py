"""Gram matrices of a large panel's within-between columns, from its sufficient statistics.

Two-way residuals are the regressors less a unit part and a year part
(`models.frequentist.two_way`), which solve a system in unit sums and year sums. The size of these
matrices does not depend on the number of units; `models.large_panels.posterior` turns them into a
posterior.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.bayesian.within_between import By, WithinBetween, standardise
from models.design import Design
from models.frequentist.twfe import refuse_short
from models.frequentist.two_way import COLLINEAR, parts_of_sums
from models.large_panels.sufficient_statistics import Array, Moments


@dataclass(frozen=True, eq=False)
class Blocks:
    """Sufficient statistics of the posterior of `hierarchical`; their size does not grow with n.

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
    region_of_unit, shift = moments.region_of_province, moments.shift
    counts, n = moments.seen.astype(float), moments.rows
    regressors, positions, only = _columns(moments, varying)
    masks = [np.ones(len(region_of_unit), bool) if r is None else region_of_unit == r for r in only]
    of_province = np.column_stack(
        [moments.of_province[:, 1 + p] * mask for p, mask in zip(positions, masks, strict=True)]
    )
    by_region = [
        moments.of_year[slice(None) if r is None else [r], :, 1 + p].sum(axis=0)
        for p, r in zip(positions, only, strict=True)
    ]
    province_part, year_part = parts_of_sums(counts, of_province, np.column_stack(by_region))

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
        in_region = region_of_unit == region
        applies = [r is None or r == region for r in only]
        pick = np.zeros((len(shift), len(positions)))  # from (y, x) to the regressors
        pick[1 + np.array(positions), np.arange(len(positions))] = applies
        rows_of = counts[in_region].sum(axis=1)
        part, z = province_part[in_region], moments.of_province[in_region]
        gram[region] = _gram_of_region(
            moments.cross[region],
            moments.of_year[region],
            counts[in_region],
            z,
            part,
            year_part,
            pick,
            mean[0],
        )
        row_count.append(int(rows_of.sum()))
        vector = np.column_stack(
            [
                (z @ pick - rows_of[:, None] * part - counts[in_region] @ year_part) / unit,
                counts[in_region],
                (z[:, 0] - rows_of * mean[0]) / sd[0],
                np.ones(len(z)),
                standard[in_region],
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
    """Refuse regressors whose two-way residuals are rounding error; their length was √n before."""
    unexplained = [within[0, 0]]
    for k in range(1, len(within)):
        earlier = within[:k, :k]
        unexplained.append(within[k, k] - within[k, :k] @ np.linalg.pinv(earlier) @ within[:k, k])
    square = np.array([np.diag(within), unexplained])
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
    counts: Array,
    z: Array,
    part: Array,
    year_part: Array,
    pick: Array,
    mean: float,
) -> Array:
    """Return the Gram matrix of (x less both its parts, year dummies, y less its mean)."""
    rows, per_year = counts.sum(axis=1), counts.sum(axis=0)
    crossed = pick.T @ z.T @ part + pick.T @ of_year.T @ year_part - part.T @ (counts @ year_part)
    within = pick.T @ cross @ pick - crossed - crossed.T
    within += (part * rows[:, None]).T @ part + (year_part * per_year[:, None]).T @ year_part
    by_year = of_year @ pick - counts.T @ part - per_year[:, None] * year_part
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
    """Return the regression with a row for each base column but y, to read linear maps from."""
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
