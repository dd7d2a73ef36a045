"""From text cells to a panel's table: the columns that are read, typed and sorted."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from data.panels.provinces import REGION_OF, REGIONS, canonical
from data.panels.spelling import clean, number, shorten, year_of
from data.shared.errors import UserError

_REGION_SPELLINGS = {"东部": "east", "中部": "central", "西部": "west"}


def select_columns(frame: pd.DataFrame, variables: Iterable[str], file: str) -> pd.DataFrame:
    """Keep the columns that are read, named as the specification names them, cells cleaned."""
    header = [clean(name).lower() for name in frame.columns]
    chosen = {}
    for name in dict.fromkeys(("province", "year", "region", *variables)):
        positions = [i for i, lowered in enumerate(header) if lowered == name.lower()]
        if len(positions) > 1:
            raise UserError(
                f"{file}, header: column {name} stands {len(positions)} times; keep one of them."
            )
        if positions:
            chosen[name] = frame.iloc[:, positions[0]].map(clean).astype(str)
    needed = dict.fromkeys(("province", "year", *variables))
    absent = [name for name in needed if name not in chosen]
    if absent:
        columns = shorten(", ".join(map(str, frame.columns)), 200)
        years = [name for name in header if re.search(r"(?<!\d)(19|20)\d\d(?!\d)", name)]
        remedy = (
            "turn the table, which has a column for each year, into one row per province and year"
            if "year" not in header and len(years) > 1
            else "add what is missing to the columns found"
        )
        raise UserError(
            f"{file}, header: there is no column {' and no column '.join(absent)}; {remedy} "
            f"({columns})."
        )
    return pd.DataFrame(chosen, index=frame.index)


def region_label(text: str) -> str:
    """Return one of `REGIONS` if the label names it in another spelling, else the label."""
    label = _REGION_SPELLINGS.get(text.removesuffix("地区"), text.lower())
    return label if label in REGIONS else text


def typed(cells: pd.DataFrame) -> pd.DataFrame:
    """Turn cells that hold what they should into labels, years and numbers; the index stays.

    Parameters
    ----------
    cells : DataFrame
        Of `select_columns`. Without `region`, every province must be one of the 31.

    Returns
    -------
    DataFrame
        Columns `province` (str, English for the 31), `year` (int), `region` (str), then the
        variables (float).
    """
    known = cells["province"].map(canonical)
    variables = [name for name in cells if name not in ("province", "year", "region")]
    return pd.DataFrame(
        {
            "province": known.where(known.notna(), cells["province"]).astype(str),
            "year": cells["year"].map(year_of).astype(int),
            "region": cells["region"].map(region_label)
            if "region" in cells
            else known.map(REGION_OF),
            **{name: cells[name].map(number).astype(float) for name in variables},
        },
        index=cells.index,
    )


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sort by province (the 31 as yearbooks do, then others by name) and year; a new index."""
    rank = {name: i for i, name in enumerate(REGION_OF)}
    administrative = table["province"].map(rank).fillna(len(rank))
    alphabetical = pd.factorize(table["province"], sort=True)[0]
    order = np.lexsort((table["year"], alphabetical, administrative))
    return table.iloc[order].reset_index(drop=True)
