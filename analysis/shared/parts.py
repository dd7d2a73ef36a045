"""Parts of a table, named by its product's keys; merging of tables by part.

Cells go as text from file to file: those that are kept keep their digits.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.shared.products import Product
from analysis.specifications import current
from data.panels.catalogue import named_panels
from data.shared.errors import UserError
from data.shared.files import csv_text

if TYPE_CHECKING:
    import pandas as pd

PART = " "
"""Between the values of a part's keys."""

WHOLE = ""
"""The one part of a product without keys."""


def parts_of(product: Product, table: "pd.DataFrame") -> "pd.Series":
    """Return the part that each row belongs to.

    Parameters
    ----------
    product : Product
    table : DataFrame
        With the product's keys as columns.
    """
    import pandas as pd

    if not product.keys:
        return pd.Series(WHOLE, index=table.index)
    texts = table[list(product.keys)].astype(str)
    rows = zip(*(texts[key] for key in product.keys), strict=True)
    joined = pd.Series(map(PART.join, rows), index=table.index, dtype=str)
    for value, column in product.finer:
        at = texts[product.keys[-1]] == value
        if at.any():
            joined = joined.where(~at, joined + PART + table[column].astype(str))
    return joined


def merged(product: Product, text: str, path: Path, asked: Iterable[str] = ()) -> str:
    """Put parts that were made in place of the same parts of a table; keep the others.

    Cells go as text from file to file: those that are kept keep their digits.

    Parameters
    ----------
    product : Product
    text : str
        The parts that were made, as CSV.
    path : Path
        Of the table as it is.
    asked : iterable of str
        Parts that were made, too, though they have no rows.

    Returns
    -------
    str
        The whole table, as CSV.

    Raises
    ------
    UserError
        If rows would be kept whose columns are others.
    """
    import pandas as pd

    if not (product.keys and path.is_file()):
        return text
    new_cells, before = cells_of(text, path), cells_of(path.read_text(encoding="utf-8"), path)
    alike = set(product.keys) <= set(before)
    unchanged = before
    if alike:
        unchanged = before[~parts_of(product, before).isin({*parts_of(product, new_cells), *asked})]
    if unchanged.empty:
        return text
    if list(unchanged) != list(new_cells):
        raise UserError(
            f"{path} has other columns than this version writes: delete it, then make it anew by "
            f"`python -m analysis {product.command}`."
        )
    stacked = pd.concat([unchanged, new_cells], ignore_index=True)
    places = {part: place for place, part in enumerate(dict.fromkeys(parts_of(product, before)))}
    return csv_text(stacked.iloc[_order(product, stacked, places)])


def _order(product: Product, table: "pd.DataFrame", places: Mapping[str, int]) -> Sequence[int]:
    """Return the order of rows: panels and columns as listed, then parts as they stood before."""
    listed = {
        "panel": {name: f"{i:03}" for i, name in enumerate(named_panels())},
        "column": {record.column: f"{i:03}" for i, record in enumerate(current().records)}
        | {"2": ""},
    }
    by = [table[key].map(lambda v, k=key: listed.get(k, {}).get(v, f"~{v}")) for key in product.keys
          if key in listed]  # fmt: skip
    place = parts_of(product, table).map(lambda part: places.get(part, len(places)))
    keys = list(zip(*by, place, strict=True))
    return sorted(range(len(table)), key=keys.__getitem__)


def cells_of(text: str, path: Path) -> "pd.DataFrame":
    """Return a table of texts."""
    import pandas as pd

    try:
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path} cannot be read as a table: delete it.") from error
