"""Rows of result tables: those with given values, and the order in which they are listed."""

import numpy as np
import pandas as pd

from analysis.specifications import SPECIFICATIONS
from data.panels.catalogue import OWN, PANELS

VARIANT = "~"
"""In the name of a fit, between its model and what is changed of it."""


def matching(table: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Return the rows of a table that have the given values; none of a table not made."""
    if not set(values) <= set(table):
        return table.head(0)
    return table[(table[list(values)] == pd.Series(values)).all(axis=1)]


def of_the_paper(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows of users' own panels and variants: these enter no figure and no verdict."""
    if "panel" in table:
        table = table[~table["panel"].astype(str).str.startswith(OWN)]
    if "model" in table:
        table = table[~table["model"].astype(str).str.contains(VARIANT, regex=False)]
    return table


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Sort a table by panel and column as they are listed, whatever order they ended in."""
    panels = {kind.name: i for i, kind in enumerate(PANELS)}
    columns = {record.column: i for i, record in enumerate(SPECIFICATIONS)}
    at = table["panel"].map(panels).fillna(len(panels)), table["column"].map(columns)
    order = np.lexsort((np.arange(len(table)), at[1], at[0]))
    return table.iloc[order].reset_index(drop=True)
