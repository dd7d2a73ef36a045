"""Printed tables as the audit reads them, and what one comparison is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.audit.intervals import Interval, exact

Key = tuple[str, str, str]
"""Column, term, statistic."""


@dataclass(frozen=True)
class Comparison:
    """One comparison under one convention of printing.

    Attributes
    ----------
    place : str
        Where in the paper.
    compared : str
        What is compared.
    printed : str
        The number or words that are judged.
    own, others : Interval
        What the printing leaves open, and what everything else allows.
    """

    place: str
    compared: str
    printed: str
    own: Interval
    others: Interval


@dataclass(frozen=True, eq=False)
class Printed:
    """Tables of one paper under one convention.

    Attributes
    ----------
    frame : DataFrame
        In the layout of `data.published.tables`.
    interval : callable
        From a printed number to what it leaves open.
    df : dict of str to int
        Residual degrees of freedom by column; the normal distribution where there is none.
    """

    frame: pd.DataFrame
    interval: Callable[[str], Interval]
    df: dict[str, int]

    @cached_property
    def numbers(self) -> dict[Key, str]:
        """Printed numbers by key, in the paper's order."""
        rows = self.frame[self.frame["kind"] == "number"]
        keys = zip(rows["column"], rows["term"], rows["statistic"], strict=True)
        return dict(zip(keys, rows["printed"], strict=True))

    @cached_property
    def stars(self) -> dict[tuple[str, str], str]:
        """Stars by column and term of each coefficient."""
        rows = self.frame[self.frame["statistic"] == "coef"]
        return dict(zip(zip(rows["column"], rows["term"], strict=True), rows["stars"], strict=True))

    def __contains__(self, key: Key) -> bool:
        return key in self.numbers

    def __getitem__(self, key: Key) -> Interval:
        """Return what a printed number leaves open; a count is exact."""
        read = exact if key[2] == "n" else self.interval
        return read(self.numbers[key])

    def having(self, statistic: str) -> list[tuple[str, str]]:
        """List column and term of every printed number of a statistic."""
        return [key[:2] for key in self.numbers if key[2] == statistic]

    def levels(self, column: str) -> dict[str, float]:
        """Return the significance level of each mark in the column's table, from its note."""
        notes = self.frame[
            (self.frame["statistic"] == "significance")
            & (self.frame["table"] == column.split(".")[0])
        ]
        return {
            row.stars: float(row.printed.rstrip("%")) / 100 for row in notes.itertuples(index=False)
        }

    def degrees(self, column: str) -> float:
        """Return the residual degrees of freedom of a column, infinite if not known."""
        return self.df.get(column, np.inf)

    def place(self, column: str, term: str = "") -> str:
        """Say where a cell stands."""
        table, _, number = column.partition(".")
        return f"Table {table}" + (f" ({number})" if number else "") + (f" {term}" if term else "")
