"""Codes of missing values: -99 and the like, far from a column's other values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.shared.errors import UserError

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


MANY = 10
"""Different values from which on a column is taken for one of measurements."""


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
    known = values.isin(_CODES)
    with np.errstate(over="ignore"):
        for code in _HUGE:
            known |= np.isclose(values, code, rtol=1e-5, atol=0)
    coded = known | _far_from_all(values.mask(known))
    uncoded = values[~coded]
    if not coded.any() or uncoded.empty:
        return []
    low, high = uncoded.min(), uncoded.max()
    listed = []
    for value, rows in values[coded].groupby(values[coded]):
        distance, span, times = max(low - value, value - high), high - low, len(rows)
        far, wrong_sign = distance > 3 * span, value < 0 <= low
        certain = (far and (value < 0 or times > 1)) or (wrong_sign and times > 1)
        certain &= bool(known[rows.index].all())
        apart = distance > span and (times > 1 or value < 0)
        if distance > 0 and (certain or apart or far or wrong_sign):
            lines = tuple(map(int, rows.index))
            listed.append(
                Suspect(str(values.name), value, str(values.index.name), lines, low, high, certain)
            )
    return listed


def _far_from_all(values: pd.Series) -> pd.Series:
    """Say which values are in no list, but as far from all others as codes are: -1, -77.7, 1e30.

    The least and the greatest, if they recur, or lie a million times as far off as the others do
    from each other; -1 among positive values. Columns of few values are none with codes.
    """
    distinct = np.sort(values.dropna().unique())
    apart = pd.Series(False, index=values.index)
    if len(distinct) < MANY:
        return apart
    for value, low, high in (
        (distinct[0], distinct[1], distinct[-1]),
        (distinct[-1], distinct[0], distinct[-2]),
    ):
        with np.errstate(over="ignore"):
            far = max(low - value, value - high) / (high - low)
        recurs = 1 < (values == value).sum() < len(values) / 2 and value != 0
        if far > 1e6 or (recurs and (far > 3 or (value == -1 and low >= 0))):
            apart |= values == value
    return apart


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
