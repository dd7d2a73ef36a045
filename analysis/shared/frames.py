"""Rows of result tables: those with given values, and the order in which they are listed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from analysis.specifications import current
from data.panels.catalogue import OF_EDITION, OF_IMPUTED, OWN, PANELS

if TYPE_CHECKING:
    import pandas as pd

VARIANT = "~"
"""In the name of a fit, between its model and what is changed of it."""


def matching(table: "pd.DataFrame", **values: str) -> "pd.DataFrame":
    """Return the rows of a table that have the given values; none of a table not made."""
    if not set(values) <= set(table):
        return table.head(0)
    import pandas as pd

    return table[(table[list(values)] == pd.Series(values)).all(axis=1)]


def of_the_paper(table: "pd.DataFrame") -> "pd.DataFrame":
    """Leave out own panels, superseded ones, draws and variants: no verdict rests on them."""
    if "panel" in table:
        panel = table["panel"].astype(str)
        special = panel.str.fullmatch(OF_EDITION) | panel.str.fullmatch(OF_IMPUTED)
        table = table[~panel.str.startswith(OWN) & ~special]
    if "model" in table:
        table = table[~table["model"].astype(str).str.contains(VARIANT, regex=False)]
    return table


def ordered(table: "pd.DataFrame") -> "pd.DataFrame":
    """Sort a table by panel and column as they are listed, whatever order they ended in."""
    panels = {kind.name: i for i, kind in enumerate(PANELS)}
    columns = {record.column: i for i, record in enumerate(current().records)}
    at = table["panel"].map(panels).fillna(len(panels)), table["column"].map(columns)
    order = np.lexsort((np.arange(len(table)), at[1], at[0]))
    return table.iloc[order].reset_index(drop=True)


def joined(parts: Iterable[Mapping[str, "pd.DataFrame"]]) -> dict[str, "pd.DataFrame"]:
    """Put the parts of each table one below the other."""
    import pandas as pd

    listed = list(parts)
    return {
        name: pd.concat([part[name] for part in listed], ignore_index=True) for name in listed[0]
    }


def first_panel(name: str, table: "pd.DataFrame") -> Iterator[tuple[str, "pd.DataFrame"]]:
    """Yield a name with the first panel, as they are listed, that a table has rows of."""
    with_rows = [kind.name for kind in PANELS if (table["panel"] == kind.name).any()]
    if current().path is not None:
        with_rows = list(dict.fromkeys(table["panel"]))
    if with_rows:
        yield name, table[table["panel"] == with_rows[0]]


def whole(name: str, table: "pd.DataFrame") -> Iterator[tuple[str, "pd.DataFrame"]]:
    """Yield a name with a table, if it has rows."""
    if len(table):
        yield name, table


MOST = 400
"""Rows of a long table that the page shows."""


def headed(words: str, table: "pd.DataFrame") -> str:
    """Return the heading of a table of which the page shows the first rows."""
    cut = "" if len(table) <= MOST else f" (the first {MOST} of {len(table)} rows)"
    return words.capitalize() + cut
