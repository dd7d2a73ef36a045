"""Layout of a table on a terminal: whole words, whole numbers, few columns.

A table has a `View`: which columns name its rows, and which of the others matter most. Where not
all fit, what is the same in every row is said once above, then the least important are left out.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from analysis.shared import digits

if TYPE_CHECKING:
    import pandas as pd

GAP = 2
"""Blanks between columns."""

ROOM = 11
"""Characters of a line for each column: seven columns at 80, ten at 120."""

UNBROKEN = 20
"""A number, an estimate with its error or an interval up to this long stays on one line."""

SENTENCE = 18
"""Characters that a column of more words has at least."""

_NUMBER = re.compile(r"[-+−<(\[]*\d")
_NUMBERS = re.compile(r"[-+−<(\[]*\d[-+−\d.,%*()\[\] ]*")


@dataclass(frozen=True)
class View:
    """The columns of a table that are shown where there is no room for all.

    Attributes
    ----------
    keys : tuple of str
        Columns that name a row; by default the first. They stay to the last.
    order : tuple of str
        The others, the most important first; unnamed columns follow in their order.
    joined : mapping of str to (str, str)
        By the head of a column for readers, the two columns that it shows as one: an estimate and
        its standard error, as "0.105 (0.031)", or the ends of an interval, as "[0.044, 0.166]".
    estimates : tuple of str
        Columns of estimates, with decimals as in `analysis.shared.digits.estimate`.
    together : int
        So many neighbours stay in one part where all columns are shown, such as a printed number
        and its estimate.
    """

    keys: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    joined: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    estimates: tuple[str, ...] = ()
    together: int = 1


@dataclass(frozen=True)
class Fitted:
    """A table for a terminal.

    Attributes
    ----------
    parts : list of DataFrame
        One below the other, cells as Text; more than one only if all columns were asked for.
    widths : list of list of int
        Characters of each part's columns.
    same : dict of str
        By column, what all rows have and no part shows.
    left_out : list of str
        Columns for which there was no room.
    """

    parts: list["pd.DataFrame"]
    widths: list[list[int]]
    same: dict[str, str]
    left_out: list[str]


def fit(frame: "pd.DataFrame", view: View, width: int, wide: bool = False) -> Fitted:
    """Choose the columns of a table that are shown in lines of some width.

    Parameters
    ----------
    frame : DataFrame
    view : View
    width : int
        Characters of a line.
    wide : bool
        Whether all columns are shown, in several parts if need be.
    """
    cells = texts(frame, view)
    cells = cells[[name for name in cells if any(cell.plain for cell in cells[name])]]
    names = list(cells)
    keys = [name for name in view.keys if name in names] or names[:1]
    heads_in_order = [_shown_as(name, view) for name in view.order]
    in_order = list(dict.fromkeys([n for n in heads_in_order if n in names] + names))
    order = keys + [name for name in in_order if name not in keys]
    if wide:
        parts = list(_parts(cells, keys, width, view.together))
        return Fitted(parts, [_widths(part, width) for part in parts], {}, [])
    same: dict[str, str] = {}
    if _room(cells, order, width) < len(order) and len(cells) > 1:
        same = {n: cells[n].iloc[0].plain for n in order if _is_same(cells[n])}
        if len(same) == len(order):
            same.pop(order[0])
        order = [name for name in order if name not in same]
    fitting = set(order[: _room(cells, order, width)])
    part = cells[[name for name in names if name in fitting]]
    left_out = [name for name in names if name not in fitting and name not in same]
    return Fitted([part], [_widths(part, width)], same, left_out)


def texts(frame: "pd.DataFrame", view: View) -> "pd.DataFrame":
    """Return a table's cells as Text, joined where its view joins columns."""
    import pandas as pd

    heads = list(map(str, frame.columns))
    frame = frame.set_axis(heads, axis=1)
    columns: dict[str, list[Text]] = {}
    inside = {name for pair in view.joined.values() for name in pair}
    for name in heads:
        joined = [head for head, pair in view.joined.items() if pair[0] == name]
        if joined and set(view.joined[joined[0]]) <= set(heads):
            first, second = (frame[column] for column in view.joined[joined[0]])
            columns[joined[0]] = [
                Text(_join(*pair, spread=_is_spread(second.name)))
                for pair in zip(first, second, strict=True)
            ]
        elif name not in inside or not _is_joined(name, view, heads):
            estimate = name in view.estimates
            columns[name] = [
                cell if isinstance(cell, Text) else Text(_cell(cell, estimate))
                for cell in frame[name]
            ]
    return pd.DataFrame(columns, index=frame.index, dtype=object)


def head(name: str) -> str:
    """Return how a column is headed: its name, which may be broken where it has an underscore."""
    return name.replace("_", " ")


def is_number(cell: Text) -> bool:
    """Whether a cell is a number, an estimate or an interval."""
    return bool(_NUMBER.match(cell.plain))


def _is_joined(name: str, view: View, heads: Sequence[str]) -> bool:
    return any(name in pair and set(pair) <= set(heads) for pair in view.joined.values())


def _shown_as(name: str, view: View) -> str:
    return next((head for head, pair in view.joined.items() if name in pair), name)


def _is_spread(name: object) -> bool:
    return str(name).rpartition("_")[2] in ("se", "sd")


def _join(first: object, second: object, spread: bool) -> str:
    import pandas as pd

    if pd.isna(first) or pd.isna(second):
        return "" if pd.isna(first) else _cell(first, True)
    value, bound = float(first), float(second)
    return digits.with_spread(value, bound) if spread else digits.interval(value, bound)


def _cell(cell: object, is_estimate: bool) -> str:
    """Return a cell as text; nothing for what is missing."""
    import pandas as pd

    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return ""
    if isinstance(cell, float):
        return digits.estimate(cell) if is_estimate else digits.number(cell)
    return str(cell)


def _is_same(cells: "pd.Series") -> bool:
    return len({cell.plain for cell in cells}) == 1


def _units(text: str) -> list[str]:
    """Split a text where a line may be broken."""
    if _NUMBERS.fullmatch(text) and cell_len(text) <= UNBROKEN:
        return [text]
    return text.split()


def _least(cells: "pd.Series") -> int:
    """Return the width of the longest word of a column and its head; sentences need more."""
    all_texts = [head(str(cells.name)), *(cell.plain for cell in cells)]
    words = max((cell_len(unit) for text in all_texts for unit in _units(text)), default=1)
    has_sentence = any(cell_len(cell.plain) > SENTENCE for cell in cells)
    return max(words, SENTENCE) if has_sentence else words


def _natural(cells: "pd.Series") -> int:
    all_texts = [head(str(cells.name)), *(cell.plain for cell in cells)]
    return max(cell_len(line) for text in all_texts for line in text.split("\n"))


def _room(cells: "pd.DataFrame", order: Sequence[str], width: int) -> int:
    """Return how many of some columns fit, from the first on; one at least."""
    used, most = -GAP, max(1, width // ROOM)
    for count, name in enumerate(order[:most]):
        used += GAP + _least(cells[name])
        if used > width:
            return max(count, 1)
    return min(len(order), most)


def _parts(
    cells: "pd.DataFrame", keys: list[str], width: int, together: int
) -> Iterator["pd.DataFrame"]:
    """Yield all columns in parts that fit, each with the keys in front, as they leave room."""
    waiting = [name for name in cells if name not in keys]
    while len(keys) > 1 and _room(cells, [*keys, *waiting[:together]], width) <= len(keys):
        waiting.insert(0, keys[-1])
        keys = keys[:-1]
    while waiting:
        count = _room(cells, [*keys, *waiting], width) - len(keys)
        count = max(count - count % together, together)
        part, waiting = cells[[*keys, *waiting[:count]]], waiting[count:]
        yield part[part[part.columns[len(keys) :]].map(lambda cell: bool(cell.plain)).any(axis=1)]
    if len(cells.columns) == len(keys):
        yield cells


def _widths(part: "pd.DataFrame", width: int) -> list[int]:
    """Share a line out: as much as each column needs, the widest cut to one width."""
    least = [_least(part[name]) for name in part]
    natural = [max(low, _natural(part[name])) for low, name in zip(least, part, strict=True)]
    free = width - GAP * (len(natural) - 1)

    def cut(most: int) -> list[int]:
        return [max(low, min(most, want)) for low, want in zip(least, natural, strict=True)]

    steps = sorted({*least, *natural})
    if sum(natural) <= free or not steps:
        return natural
    most = max((cap for cap in range(1, steps[-1] + 1) if sum(cut(cap)) <= free), default=1)
    total = cut(most)
    if len(total) == 1:
        return [min(total[0], free)]
    for at, want in enumerate(natural):
        total[at] += min(max(0, free - sum(total)), want - total[at])
    return total
