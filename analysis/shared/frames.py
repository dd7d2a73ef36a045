"""Rows of result tables: those with given values, and the order in which they are listed."""

import numpy as np
import pandas as pd

from analysis.specifications import SPECIFICATIONS
from data.panels.catalogue import OWN, PANELS


def matching(table: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Return the rows of a table that have the given values; none of a table not made."""
    if not set(values) <= set(table):
        return table.head(0)
    return table[(table[list(values)] == pd.Series(values)).all(axis=1)]


def of_the_paper(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows of users' own panels, which enter no figure and no verdict of the paper."""
    if "panel" not in table:
        return table
    return table[~table["panel"].astype(str).str.startswith(OWN)]


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Sort a table by panel and column as they are listed, whatever order they ended in."""
    panels = {kind.name: i for i, kind in enumerate(PANELS)}
    columns = {record.column: i for i, record in enumerate(SPECIFICATIONS)}
    at = table["panel"].map(panels).fillna(len(panels)), table["column"].map(columns)
    order = np.lexsort((np.arange(len(table)), at[1], at[0]))
    return table.iloc[order].reset_index(drop=True)
