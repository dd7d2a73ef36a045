"""Codes of missing values: -99 and the like, far from a column's other values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.errors import UserError

_REPEATED = [int(digit * length) for digit in "789" for length in range(1, 10)]
_CODES = {
    *(-code for code in _REPEATED),
    *(code for code in _REPEATED if code > 9),
    *(-98, -97, -96, -998, -997, -996, 98, 97, 998, 997),
    *(sign * code for code in (99.9, 99.99, 999.9, 999.99, 9999.9) for sign in (1, -1)),
    *(-32768, 32767, 32741, -(2**31), 2**31 - 1, 2147483621),  # the ends of integers; Stata's "."
}
_HUGE = (2.0**127, 2.0**1023, 3.4028234663852886e38)
"""Stata's "." in single and double precision, and the largest single; printed with few digits."""


@dataclass(frozen=True)
class Suspect:
    """A number that may be a code of missing values.

    `certain`: nothing else explains it. `lines`: its places, each a `place` ("line", "row").
    `low`, `high`: the range of the column's other values.
    """

    column: str
    value: float
    place: str
    lines: tuple[int, ...]
    low: float
    high: float
    certain: bool

    @property
    def said(self) -> str:
        """What it is, without a verdict."""
        times = f"{len(self.lines)} times" if len(self.lines) > 1 else "once"
        return (
            f"{self.value:.10g} stands {times} apart from the other values "
            f"({self.low:.4g} to {self.high:.4g}), as a code for missing values does"
        )


def suspects(table: pd.DataFrame, variables: Sequence[str]) -> list[Suspect]:
    """Find a table's numbers that may be codes of missing values.

    Parameters
    ----------
    table : DataFrame
        The variables as numbers; the index is each row's line in the file.
    variables : sequence of str
    """
    return [suspect for name in variables for suspect in _of_column(table[name])]


def _of_column(values: pd.Series) -> list[Suspect]:
    coded = values.isin(_CODES)
    for code in _HUGE:
        coded |= np.isclose(values, code, rtol=1e-5, atol=0)
    others = values[~coded]
    if not coded.any() or others.empty:
        return []
    low, high = others.min(), others.max()
    listed = []
    for value, rows in values[coded].groupby(values[coded]):
        distance, span, times = max(low - value, value - high), high - low, len(rows)
        far, wrong_sign = distance > 3 * span, value < 0 <= low
        certain = (far and (value < 0 or times > 1)) or (wrong_sign and times > 1)
        apart = distance > span and (times > 1 or value < 0)
        if distance > 0 and (certain or apart or far or wrong_sign):
            lines = tuple(map(int, rows.index))
            listed.append(
                Suspect(str(values.name), value, str(values.index.name), lines, low, high, certain)
            )
    return listed


def refuse_codes(table: pd.DataFrame, variables: Sequence[str], file: str) -> None:
    """Raise UserError for the first number that can only be a code of missing values."""
    for suspect in suspects(table, variables):
        if suspect.certain:
            raise UserError(
                f"{_place(suspect, file)}: {suspect.said}; fill these "
                "cells in or drop their rows (or change the column's unit if it is a value)."
            )


def notices_of_codes(table: pd.DataFrame, variables: Sequence[str], file: str) -> list[str]:
    """Return notices of numbers that were read as values and may be codes of missing ones."""
    return [
        f"{_place(suspect, file)}: {suspect.said}; it was taken for a "
        "value, so drop its rows if it is a code."
        for suspect in suspects(table, variables)
        if not suspect.certain
    ]


def _place(suspect: Suspect, file: str) -> str:
    return f"{file}, {suspect.place} {suspect.lines[0]}, column {suspect.column}"
