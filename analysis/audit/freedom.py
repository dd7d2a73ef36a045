"""Degrees of freedom of another paper's columns, as far as its tables print them."""

from decimal import Decimal

import pandas as pd

from analysis.audit import words
from analysis.audit.intervals import INFINITY, Interval, exact
from analysis.audit.printed import Printed

HIDDEN = ("controls", "province_effects", "year_effects")
"""Claims that further coefficients were estimated and not printed."""

KEPT = Decimal("0.25")
"""Share of the rows that hidden effects and controls leave at least: three in four is a lot."""


def kind_of_errors(printed: Printed, column: str) -> str:
    """Return the kind of standard errors that a column's notes name, empty if none."""
    if _count_of_clusters(printed, column):
        return words.CLUSTERED
    for text in printed.claims(column, "errors", "parentheses", "estimator"):
        kind = words.first(words.ERRORS, text)
        if kind:
            return kind
    return words.UNUSUAL if printed.claims(column, "errors") else ""


def hides(printed: Printed, column: str) -> bool:
    """Return whether a column has coefficients that are not printed."""
    return any(text.lower() not in words.NO for text in printed.claims(column, *HIDDEN))


def is_least_squares(printed: Printed, column: str) -> bool:
    """Return whether a column can be least squares: it has an R² and no note against it."""
    notes = " ".join(printed.claims(column, "estimator", "heading"))
    has_r2 = any((column, "", name) in printed for name in ("r2", "r2_adjusted", "r2_within"))
    return has_r2 and not words.says(words.NOT_LEAST_SQUARES, notes)


def is_constant(printed: Printed, column: str, term: str) -> bool:
    """Return whether a coefficient is the constant, by its term or its label."""
    names = (term, printed.labels.get((column, term, "coef"), ""))
    return any(words.CONSTANT.fullmatch(name) for name in names)


def degrees(frame: pd.DataFrame) -> dict[str, Interval]:
    """Return the degrees of freedom that each column of coefficients may have.

    The count of rows minus that of coefficients, less what is not printed. Clustered errors have
    one less than clusters; those that are robust or not of least squares may be tested by z.
    """
    printed = Printed(frame, exact, {})
    return {column: _degrees(printed, column) for column, _ in printed.having("coef")}


def _degrees(printed: Printed, column: str) -> Interval:
    cells = [term for cell_column, term in printed.having("coef") if cell_column == column]
    n = printed[column, "", "n"].low if (column, "", "n") in printed else INFINITY
    top = max(n - len(cells), Decimal(1))
    kind = kind_of_errors(printed, column)
    exactly = is_least_squares(printed, column) and kind in ("", words.CONVENTIONAL)
    high = top if exactly else INFINITY
    if kind == words.CLUSTERED:
        return Interval(max(_clusters(printed, column) - 1, Decimal(1)), high)
    if kind == words.UNUSUAL or n == INFINITY:
        return Interval(Decimal(1), high)
    if hides(printed, column):
        return Interval(max(top * KEPT, Decimal(1)), high)
    constant = any(is_constant(printed, column, term) for term in cells)
    return Interval(max(top - (not constant), Decimal(1)), high)


def _clusters(printed: Printed, column: str) -> Decimal:
    """Return the number of clusters of a column, 0 if neither a number nor a note has it."""
    counts_in_notes = (
        words.clusters(text) for text in printed.claims(column, "errors", "parentheses")
    )
    count = _count_of_clusters(printed, column)
    return count or Decimal(next((number for number in counts_in_notes if number), 0))


def _count_of_clusters(printed: Printed, column: str) -> Decimal:
    """Return the number of clusters that is printed for a column or its table, 0 if none is."""
    keys = [(place, "", "clusters") for place in (column, printed.tables.get(column, column))]
    return next((printed[key].low for key in keys if key in printed), Decimal(0))
