"""Printed numbers of a study: each coefficient belongs to a column and a term of its formula."""

from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from data.shared.errors import UserError
from data.studies.formula import term
from data.studies.schema import GMM, Column, StudyFile

LAG, CONST = "L.y", "const"
"""The lagged outcome of a GMM, and the constant, as all tables call them."""

OF_TERM = ("coef", "se", "t", "z", "p")


def with_terms(table: pd.DataFrame, file: StudyFile, study: Path) -> pd.DataFrame:
    """Return a table of printed numbers with its terms in the formulas' spelling.

    Parameters
    ----------
    table : DataFrame
        Columns `column, term, statistic` and others.
    file : StudyFile
    study : Path
        Of study.toml, for errors.

    Raises
    ------
    UserError
        If a coefficient is of a column or term that the study does not have, or its error is
        printed as an interval.
    """
    columns = {column.name: column for column in file.column}
    name_of = file.printed.file if file.printed else "the printed numbers"
    terms = []
    for row in table.itertuples(index=False):
        if row.statistic == "ci":
            raise UserError(
                f"{study}, key printed.file: {name_of} has an interval for the error of "
                f"{row.term!r} in column {row.column}, which audit alone reads; write the standard "
                "error, half the interval's width over 1.96."
            )
        if row.statistic not in OF_TERM:
            terms.append(row.term)
            continue
        if row.column not in columns:
            known = ", ".join(columns)
            raise UserError(
                f"{study}, key printed.file: {name_of} prints a column {row.column!r} that the "
                f"study does not have ({known}); add it, or correct its name."
            )
        terms.append(_term(row.term, columns[row.column], f"{study}, key printed.file: {name_of}"))
    return table.assign(term=terms)


def _term(text: str, column: Column, place: str) -> str:
    """Return a printed term as tables call it."""
    if text in ("", CONST):
        return text
    try:
        name = term(text)
    except ValueError:
        name = text
    if column.estimator in GMM and name in (LAG, f"lag({column.parsed.outcome})"):
        return LAG
    if name not in column.parsed.terms:
        close = get_close_matches(name, column.parsed.terms, n=1, cutoff=0.5)
        known = ", ".join((*column.parsed.terms, CONST))
        hint = f"did you mean {close[0]!r}" if close else f"the terms are {known}"
        raise UserError(f"{place}, column {column.name} has no term {text!r}; {hint}.")
    return name
