"""Records of the audit: printed tables, and one comparison."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import special

from analysis.audit import words
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
        The interval of the printed number, and that of everything else.
    proviso : str
        The result where `own` is met by `possible` alone: "not testable" or "if robust".
    possible : Interval, optional
        What is allowed where an assumption of the check, which the table does not state, fails.
    """

    place: str
    compared: str
    printed: str
    own: Interval
    others: Interval
    proviso: str = ""
    possible: Interval | None = None


@dataclass(frozen=True, eq=False)
class Printed:
    """Tables of one paper under one convention.

    Attributes
    ----------
    frame : DataFrame
        In the layout of `data.published.tables`.
    interval : callable
        From a printed number to its interval.
    df : dict of str to float or Interval
        Residual degrees of freedom by column; the normal distribution where there is none.
    """

    frame: pd.DataFrame
    interval: Callable[[str], Interval]
    df: Mapping[str, float | Interval]

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

    @cached_property
    def tables(self) -> dict[str, str]:
        """The table of each column."""
        return dict(zip(self.frame["column"], self.frame["table"], strict=True))

    @cached_property
    def labels(self) -> dict[Key, str]:
        """Labels of rows by key."""
        rows = self.frame[self.frame["kind"] == "number"]
        keys = zip(rows["column"], rows["term"], rows["statistic"], strict=True)
        return dict(zip(keys, rows["label"], strict=True))

    def __contains__(self, key: Key) -> bool:
        return key in self.numbers

    def __getitem__(self, key: Key) -> Interval:
        """Return the interval of a printed number; a count is exact."""
        text = self.numbers[key]
        if text.startswith("<"):
            return Interval.of(0, Decimal(text[1:]))
        if text.startswith(">"):
            return Interval.of(Decimal(text[1:]), 1)
        if key[2] == "ci":
            low, high = self.ends(key)
            return (high - low) / self.critical(key[0]) / Interval.of(2)
        return exact(text) if key[2] in ("n", "clusters") else self.interval(text)

    def ends(self, key: Key) -> tuple[Interval, Interval]:
        """Return the ranges of an interval's lower and upper end."""
        low, high = self.numbers[key].split(", ")
        return self.interval(low), self.interval(high)

    def critical(self, column: str) -> Interval:
        """Return what an interval's half-width may be in standard errors: 1.96, or that of t.

        The level is what the notes say, else 95 %.
        """
        notes = " ".join(self.claims(column, "parentheses", "errors"))
        upper = (1 + words.confidence(notes)) / 2
        df = float(self.degrees(column).low)
        normal = float(special.ndtri(upper))
        if df <= 1 or df == np.inf:  # not known
            return Interval.of(normal)
        return Interval.of(normal, float(special.stdtrit(df, upper)))

    def having(self, statistic: str) -> list[tuple[str, str]]:
        """List column and term of every printed number of a statistic."""
        return [key[:2] for key in self.numbers if key[2] == statistic]

    def estimates(self, statistic: str) -> list[tuple[str, str]]:
        """List column and term of a statistic wherever there is a coefficient beside it."""
        return [cell for cell in self.having(statistic) if (*cell, "coef") in self]

    @cached_property
    def _claims(self) -> dict[tuple[str, str], list[tuple[str, str]]]:
        """Mark and words of every claim by column and statistic."""
        claims: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for row in self.frame[self.frame["kind"] == "claim"].itertuples(index=False):
            claims[row.column, row.statistic].append((row.stars, row.printed))
        return dict(claims)

    def claims(self, column: str, *statistics: str) -> list[str]:
        """Return the words about a column, and then those about its whole table."""
        places = dict.fromkeys((column, self.tables.get(column, column)))
        keys = [(place, statistic) for place in places for statistic in statistics]
        return [text for key in keys for _, text in self._claims.get(key, [])]

    def levels(self, column: str) -> dict[str, float]:
        """Return the significance level of each mark, from the notes on the column or its table."""
        by_mark: dict[str, float | None] = {}
        for place in (self.tables.get(column, column), column):
            for mark, text in self._claims.get((place, "significance"), []):
                by_mark |= words.levels(mark, text)
        if not by_mark:  # the note on parentheses may go on to the stars
            for text in self.claims(column, "parentheses", "errors"):
                listed = words.levels("", text)
                by_mark |= listed if len(listed) > 1 else {}
        return {mark: level for mark, level in by_mark.items() if level}

    def degrees(self, column: str) -> Interval:
        """Return the residual degrees of freedom of a column, infinite if not known."""
        df = self.df.get(column, np.inf)
        return df if isinstance(df, Interval) else Interval.of(df)

    def place(self, column: str, term: str = "") -> str:
        """Return a cell's place in the tables."""
        table = self.tables.get(column, column.partition(".")[0])
        number = column.removeprefix(table).removeprefix(".")
        return f"Table {table}" + (f" ({number})" if number else "") + (f" {term}" if term else "")
