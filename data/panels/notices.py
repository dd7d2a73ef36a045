"""Notices on a user's panel: totals, gaps, units that change names."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import pairwise

import pandas as pd

from data.panels.provinces import REGION_OF
from data.panels.spelling import listed, shorten
from data.panels.totals import totals_of


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
    totals = totals_of(table)
    sentences = [
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
    return [f"{file}: {sentence}" for sentence in sentences] + unbalanced


def _near_names(table: pd.DataFrame) -> Iterator[str]:
    """Say which names, taken for provinces of their own, may be misspelt ones of the 31."""
    for name in table["province"].unique():
        meant = [] if name in REGION_OF else get_close_matches(name, REGION_OF, n=1, cutoff=0.8)
        if meant:
            yield (
                f"{shorten(name)!r} is taken for a province of its own; correct it if "
                f"{meant[0]} is meant."
            )


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
    observed = pd.MultiIndex.from_frame(table[["province", "year"]])
    return list(full.difference(observed, sort=False))


def _unbalanced(missing: Sequence[tuple[str, int]], table: pd.DataFrame, file: str) -> str:
    shown = listed([f"{province} {year}" for province, year in missing])
    return (
        f"{file} is unbalanced: it lacks {len(missing)} of {len(missing) + len(table)} "
        f"province-years ({shown}) and is estimated without them; add the rows if there are any."
    )
