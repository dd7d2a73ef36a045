"""Notices on a user's panel: totals, gaps, units that change names."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise

import numpy as np
import pandas as pd

from data.panels.cells import region_label
from data.panels.provinces import REGION_OF
from data.panels.spelling import fold_words, listed, shorten

_TOTAL = re.compile(
    r"((grand |sub ?)?totals?( .+)?|.+ totals?|national( (total|average|mean|level))?|nation|"
    r"nationwide|(whole |entire )?country|all|all (provinces|regions|units|states)|overall|sum|"
    r"aggregate|average|mean|averages?|means?|world|"
    r"insgesamt|gesamt|summe|totale|total general|ensemble|moyenne|media|promedio|nacional|"
    r"全国.*|.*(合计|总计|小计|汇总|总和|平均|均值))"
)
_CHINA = {"china", "prc", "中国", "mainland china"}
SINGLE = 2e-6
"""Relative rounding of sums and means that were made with single precision."""


def notices_of(table: pd.DataFrame, has_regions: bool, file: str) -> list[str]:
    """Return notices on what may be wrong with a valid panel, a sentence each.

    Parameters
    ----------
    table : DataFrame
        Of `validation.validate`.
    has_regions : bool
        Whether the file has a column `region`.
    file : str
        How notices name the file.
    """
    totals = _totals(table)
    said = [
        *_near_names(table),
        *(
            f"{shorten(name)!r} {why} and is taken for a province like any other; drop its rows "
            "if it is a total."
            for name, why in totals.items()
        ),
        *_successions(table),
        *_years(table),
        *(_lone_regions(table[~table["province"].isin(list(totals))]) if has_regions else ()),
    ]
    missing = missing_cells(table)
    unbalanced = [_unbalanced(missing, table, file)] if missing else []
    return [f"{file}: {sentence}" for sentence in said] + unbalanced


def _near_names(table: pd.DataFrame) -> Iterator[str]:
    """Say which names, taken for provinces of their own, may be misspelt ones of the 31."""
    for name in table["province"].unique():
        meant = [] if name in REGION_OF else get_close_matches(name, REGION_OF, n=1, cutoff=0.8)
        if meant:
            yield (
                f"{shorten(name)!r} is taken for a province of its own; correct it if "
                f"{meant[0]} is meant."
            )


# --- totals -------------------------------------------------------------------------------


def _totals(table: pd.DataFrame) -> dict[str, str]:
    """Return the provinces that may be totals of others, and why."""
    names = table["province"].unique()
    some_of_31 = any(name in REGION_OF for name in names)
    members = {
        region: set(provinces)
        for region, provinces in table["province"].groupby(table["region"].map(fold_words))
    }
    by_name = {}
    for name in names:
        folded = fold_words(region_label(name))
        # A region that holds this province alone is named after it, not it after the region.
        names_region = bool(members.get(folded, set()) - {name})
        if _TOTAL.fullmatch(folded) or names_region or (some_of_31 and folded in _CHINA):
            by_name[name] = "is named like a total or a whole"
    return by_name | _by_cells(table)


def _by_cells(table: pd.DataFrame) -> dict[str, str]:
    """Return the provinces with cells that are the sum or the mean of the others'.

    Of all others, or of a region's; in each of its years, for one variable or more, and over
    four cells at least.
    """
    cells = table.set_index(["province", "year"])
    variables = [name for name in table if name not in ("province", "year", "region")]
    grids = {name: cells[name].unstack("year") for name in variables}
    if not grids or len(next(iter(grids.values()))) < 4:
        return {}
    names = next(iter(grids.values())).index
    region = table.groupby("province")["region"].first().loc[names].to_numpy()
    groups = np.array([np.ones(len(names), bool), *(region == r for r in np.unique(region))])
    matched: dict[tuple[str, str], int] = {}
    for grid in grids.values():
        # A sum beyond the largest double is infinite, and equals no cell.
        with np.errstate(over="ignore", invalid="ignore"):
            equalities = list(_equal(grid.to_numpy(), groups))
        for how, equal in equalities:
            for unit in np.flatnonzero(equal):
                key = (names[unit], how)
                matched[key] = matched.get(key, 0) + int(grid.iloc[unit].notna().sum())
    return {
        name: f"has cells that are the {how} of other provinces'"
        for (name, how), count in matched.items()
        if count >= 4
    }


def _equal(x: np.ndarray, groups: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield, for sums and for means of a group, which units' cells all equal it, shape (N,)."""
    seen = np.isfinite(x)
    filled = np.where(seen, x, 0.0)
    half = np.array([_half_unit(row[ok]) for row, ok in zip(x, seen, strict=True)])
    spread = np.std(x[seen])
    for group in groups:
        same_unit = group[:, None] & seen
        count = same_unit.sum(axis=0) - same_unit
        total = (filled * same_unit).sum(axis=0) - filled * same_unit
        widest = half[group].max()
        for how, others, rounding in (
            ("sum", total, half[:, None] + count * widest),
            ("mean", total / np.maximum(count, 1), half[:, None] + widest),
        ):
            reach = np.maximum(rounding, SINGLE * np.maximum(np.abs(others), np.abs(x)))
            # Where rounding is as wide as the values' spread, equality is uninformative.
            hit = (np.abs(x - others) <= reach) & (count >= 3) & (reach <= 0.05 * spread)
            yield how, (hit | ~seen).all(axis=1) & seen.any(axis=1)


def _half_unit(values: np.ndarray) -> float:
    """Return half a unit of the last digit that some numbers are written with."""
    digits = [len(f"{v!r}".partition(".")[2]) if abs(v) < 1e15 else 0 for v in values.tolist()]
    whole_numbers = all(v == round(v) for v in values.tolist() if abs(v) < 1e15)
    return 0.5 if whole_numbers else 0.5 * 10.0 ** -max(digits)


# --- units and years ----------------------------------------------------------------------


def _successions(table: pd.DataFrame) -> Iterator[str]:
    """Say where a province ends in the year before another of its region begins."""
    years = sorted(table["year"].unique())
    after = dict(pairwise(years))
    span = table.groupby("province", sort=False).agg(
        first=("year", "min"), last=("year", "max"), region=("region", "first")
    )
    pairs = [
        f"{shorten(ends.Index)!r} ends in {ends.last} and {shorten(begins.Index)!r} begins in "
        f"{begins.first}"
        for ends in span[span["last"] < years[-1]].itertuples()
        for begins in span[span["region"] == ends.region].itertuples()
        if begins.first == after[ends.last]
    ]
    if pairs:
        yield (
            f"{listed(pairs)}, and each is taken for a province of its own; give both one name if "
            "they are one."
        )


def _years(table: pd.DataFrame) -> Iterator[str]:
    """Say which calendar years no province has, and what that means for a lag."""
    years = sorted(map(int, table["year"].unique()))
    steps = {later - earlier for earlier, later in pairwise(years)}
    if len(steps) == 1 and min(steps) > 1:
        yield (
            f"the years lie {min(steps)} apart ({listed(list(map(str, years)))}) and are taken as "
            "they stand, so that no row has a lag, the value of the calendar year before; number "
            f"the periods as years in a row ({years[0]}, {years[0] + 1}, …) if a lag should be the "
            "period before."
        )
    elif max(steps) > 1:
        gaps = [str(y) for a, b in pairwise(years) for y in range(a + 1, min(b, a + 5))]
        yield (
            f"no province has a row in {listed(gaps)}, so that estimates pass over it and the next "
            "year has no lag; add the rows if there are any."
        )


def _lone_regions(table: pd.DataFrame) -> Iterator[str]:
    """Say which regions hold one province."""
    provinces = table.groupby("region", sort=False)["province"].unique()
    lone = provinces[provinces.map(len) == 1]
    if len(lone):
        shown = listed([f"{shorten(region)!r}" for region in lone.index])
        yield (
            f"column region: {len(lone)} of {len(provinces)} regions hold one province each "
            f"({shown}), from which slopes and errors by region are hardly learnt; name wider "
            "regions if that is wrong."
        )


# --- balance ------------------------------------------------------------------------------


def missing_cells(table: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the province-years that a balanced panel would have and this one has not."""
    full = pd.MultiIndex.from_product([table["province"].unique(), sorted(set(table["year"]))])
    seen = pd.MultiIndex.from_frame(table[["province", "year"]])
    return list(full.difference(seen, sort=False))


def _unbalanced(missing: Sequence[tuple[str, int]], table: pd.DataFrame, file: str) -> str:
    shown = listed([f"{province} {year}" for province, year in missing])
    return (
        f"{file} is unbalanced: it lacks {len(missing)} of {len(missing) + len(table)} "
        f"province-years ({shown}) and is estimated without them; add the rows if there are any."
    )
