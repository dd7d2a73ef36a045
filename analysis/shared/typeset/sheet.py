"""A table as text in cells, whatever format it is written in."""

import re
from dataclasses import dataclass

import pandas as pd

from analysis.shared import layout

NO_BREAK = "\u00a0"
"""A space at which no line ends: within an interval."""

ALIGNED = {"l": "left", "c": "center", "r": "right"}
"""What a letter of `Sheet.align` stands for."""


@dataclass(frozen=True)
class Sheet:
    """One table.

    Attributes
    ----------
    title : str
    heads : tuple of str
        One a column; the first column names the rows.
    rows : tuple of tuple of str
        A cell may have lines, parted by a line feed.
    align : str
        A letter a column: l, c or r.
    spanners : tuple of tuple of (str, int)
        Heads above the heads, the highest first: each label, and over how many columns it stands.
        They are of the columns after the first.
    ruled : frozenset of int
        Rows with a rule above.
    notes : tuple of str
        Sentences below the table.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str
    spanners: tuple[tuple[tuple[str, int], ...], ...] = ()
    ruled: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


def of_frame(frame: pd.DataFrame, title: str) -> Sheet:
    """Return the sheet of a frame: all its rows and columns, numbers to the right."""
    cells = layout.texts(frame, layout.View())
    numbers = [all(layout.is_number(cell) for cell in cells[name] if cell.plain) for name in cells]
    return Sheet(
        title=title,
        heads=tuple(cells),
        rows=tuple(tuple(cell.plain for cell in row) for row in cells.itertuples(index=False)),
        align="".join("r" if number else "l" for number in numbers),
    )


def with_minus(text: str) -> str:
    """Return text with the sign − before negative numbers, where a hyphen is set too short."""
    return re.sub(r"(^|[\s(\[])-(?=\d)", "\\1\N{MINUS SIGN}", text, flags=re.MULTILINE)


def in_lines(sheet: Sheet) -> tuple[list[tuple[str, ...]], list[bool], list[bool]]:
    """Part rows into their lines.

    Returns
    -------
    lines : list of tuple of str
        A row of the table for each line of a row of the sheet.
    ruled : list of bool
        Whether a rule stands above a line.
    goes_on : list of bool
        Whether the next line is of the same row.
    """
    lines, ruled, goes_on = [], [], []
    for place, row in enumerate(sheet.rows):
        parts = [text.split("\n") for text in row]
        height = max(map(len, parts))
        for i in range(height):
            lines.append(tuple(part[i] if i < len(part) else "" for part in parts))
            ruled.append(i == 0 and place in sheet.ruled)
            goes_on.append(i < height - 1)
    return lines, ruled, goes_on


def markdown(sheet: Sheet) -> str:
    """Return a sheet in Markdown: title, a table with a row a line, notes.

    Heads above the heads stand in the heads, since Markdown has one row of them.
    """
    above = [[label for label, size in row for _ in range(size)] for row in sheet.spanners]
    heads = [", ".join(filter(None, parts)) for parts in zip(*above, sheet.heads[1:], strict=True)]
    lines, _, _ = in_lines(sheet)
    marks = {"l": ":--", "c": ":-:", "r": "--:"}
    table = [(sheet.heads[0], *heads), [marks[letter] for letter in sheet.align], *lines]
    rows = [f"| {' | '.join(map(_plain, row))} |" for row in table]
    return (
        "\n\n".join([f"**{_plain(sheet.title)}**", "\n".join(rows), *map(_plain, sheet.notes)])
        + "\n"
    )


def _plain(text: str) -> str:
    """Return text that Markdown shows unchanged."""
    return re.sub(r"[\\|`]|<(?=\S)", r"\\\g<0>", text.replace(NO_BREAK, " "))
