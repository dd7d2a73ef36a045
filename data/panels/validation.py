"""Validation of a user's panel: pandera's rules, and one sentence for the first failure."""

import math
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from data.panels.cells import in_order, select_columns, typed
from data.panels.missing_codes import refuse_codes
from data.panels.provinces import canonical
from data.panels.spelling import WORDS, is_missing, is_year, number, shorten
from data.shared.errors import UserError

if TYPE_CHECKING:
    import pandera.pandas as pa


@dataclass(frozen=True)
class _CellRule:
    """A condition that each cell of a column meets, and what to say of one that does not."""

    meets: Callable[[str], bool]
    sentence: str


_PRESENT = _CellRule(
    lambda text: not is_missing(text) or text.lower() in WORDS,
    "the value is missing; fill it in or drop the row",
)
# The rules after the first hold for a missing cell, so that each cell breaks one rule only.
_NO_WORD = _CellRule(
    lambda text: text.lower() not in WORDS,
    "{value} means a missing value; fill it in, write the name out if it is one, or drop the row",
)
_KNOWN = _CellRule(
    lambda text: is_missing(text) or canonical(text) is not None,
    "{value} is none of the 31 provinces, so its region is unknown; correct the name or add "
    "a column region",
)
_YEAR = _CellRule(
    lambda text: is_missing(text) or is_year(text),
    "{value} is not a year; write a whole number of four digits such as 2010, and average "
    "shorter periods over years first",
)
_VALUE = _CellRule(
    lambda text: not is_missing(text),
    "the value is missing; fill it in or drop the row",
)
_NUMERIC = _CellRule(
    lambda text: is_missing(text) or not math.isnan(number(text)),
    "{value} is not a number; write it with digits and a decimal point or drop the row",
)
_FINITE = _CellRule(
    lambda text: not math.isinf(number(text)),
    "{value} is not finite; correct it or drop the row",
)


@dataclass(frozen=True)
class _TableRule:
    """A condition on whole rows (`province`, `year`, `region`), and what to say of a failure.

    `meets` maps the frame to one truth value per row or for all rows, and `sentence` the
    frame and the line of the first failure to the sentence; `columns` are those it names.
    """

    columns: str
    meets: Callable[[pd.DataFrame], pd.Series | bool]
    sentence: Callable[[pd.DataFrame, int | None], str]


def _first_line(frame: pd.DataFrame, line: int | None, by: list[str]) -> str:
    line_of_first = frame.index[(frame[by] == frame.loc[line, by]).all(axis=1)][0]
    return f"{frame.index.name} {line_of_first}"


_TABLE_RULES = (
    _TableRule(
        "columns province and year",
        lambda frame: ~frame.duplicated(["province", "year"]),
        lambda frame, line: (
            f"{frame.loc[line, 'province']} {frame.loc[line, 'year']} is already on "
            f"{_first_line(frame, line, ['province', 'year'])}; keep one row per province and year."
        ),
    ),
    _TableRule(
        "column region",
        lambda frame: frame["region"] == frame.groupby("province")["region"].transform("first"),
        lambda frame, line: (
            f"{frame.loc[line, 'province']} is in region {frame.loc[line, 'region']!r} here and in "
            f"another on {_first_line(frame, line, ['province'])}; give each province one."
        ),
    ),
    _TableRule(
        "column year",
        lambda frame: frame["year"].nunique() >= 2,
        lambda frame, line: (
            f"the panel holds only the year {frame['year'].iloc[0]}, and effects within "
            "provinces need at least two; add years."
        ),
    ),
    _TableRule(
        "column province",
        lambda frame: frame["province"].nunique() >= 2,
        lambda frame, line: (
            f"the panel holds only {frame['province'].iloc[0]}, and year effects need at least "
            "two provinces; add provinces."
        ),
    ),
)


def validate(
    frame: pd.DataFrame, variables: Sequence[str], file: str, names: Container[str] = ()
) -> pd.DataFrame:
    """Check a panel's rows and return them typed and sorted.

    Parameters
    ----------
    frame : DataFrame
        Columns `province`, `year`, perhaps `region`, and `variables` (upper and lower case
        alike); text or numbers, in any order. The index is each row's place in the file and
        named for it ("line", "row").
        `region` may be absent only if every province is one of the 31, in Chinese or
        English, with or without suffix.
    variables : sequence of str
        Columns that must hold finite numbers.
    file : str
        How error messages name the file.
    names : container of str
        Spellings such as "NA" that are provinces and stand for no missing name.

    Returns
    -------
    DataFrame
        Columns `province` (str, English for the 31), `year` (int), `region` (str) and
        `variables` (float). Sorted by province (the 31 in administrative order, then others
        alphabetically) and year, with a new index.

    Raises
    ------
    UserError
        Naming file, row, column and remedy of the first failure.
    """
    cells = select_columns(frame, variables, file)
    if not len(frame):
        raise UserError(f"{file} has no rows below its header; add one per province and year.")
    _check_cells(cells, variables, file, names)
    table = typed(cells)
    _check_table(table, file)
    refuse_codes(table, variables, file)
    return in_order(table)


def _check_cells(
    cells: pd.DataFrame, variables: Sequence[str], file: str, names: Container[str]
) -> None:
    # A name such as NA is one, and known to be: it is spared the rule for words.
    no_word = replace(_NO_WORD, meets=lambda text: text in names or _NO_WORD.meets(text))
    rules = {"province": (_PRESENT, no_word, _KNOWN), "year": (_VALUE, _YEAR)}
    if "region" in cells:
        rules |= {"province": (_PRESENT, no_word), "region": (_PRESENT, _NO_WORD)}
    rules |= dict.fromkeys(variables, (_VALUE, _NUMERIC, _FINITE))
    import pandera.pandas as pa

    schema = pa.DataFrameSchema(
        {
            name: pa.Column(
                str, [pa.Check(r.meets, element_wise=True, error=r.sentence) for r in column_rules]
            )
            for name, column_rules in rules.items()
        }
    )
    failures = _failures(schema, cells)
    if len(failures):
        rank = failures["column"].map(list(rules).index)
        failure = failures.assign(rank=rank).sort_values(["index", "rank"], kind="stable").iloc[0]
        value = repr(shorten(cells.loc[failure["index"], failure["column"]]))
        raise UserError(
            f"{file}, {cells.index.name} {failure['index']}, column {failure['column']}: "
            f"{failure['check'].replace('{value}', value)}{_others(len(failures) - 1)}."
        )


def _check_table(table: pd.DataFrame, file: str) -> None:
    import pandera.pandas as pa

    checks = [pa.Check(rule.meets, error=str(i)) for i, rule in enumerate(_TABLE_RULES)]
    schema = pa.DataFrameSchema(
        {"province": pa.Column(str), "year": pa.Column(int), "region": pa.Column(str)},
        checks=checks,
    )
    failures = _failures(schema, table)
    if len(failures):
        failure = failures.sort_values(["check", "index"], kind="stable").iloc[0]
        rule = _TABLE_RULES[int(failure["check"])]
        line = None if pd.isna(failure["index"]) else int(failure["index"])
        place = file if line is None else f"{file}, {table.index.name} {line}"
        raise UserError(f"{place}, {rule.columns}: {rule.sentence(table, line)}")


def _failures(schema: "pa.DataFrameSchema", frame: pd.DataFrame) -> pd.DataFrame:
    """Return pandera's failure cases: columns `column`, `check` (its error text) and `index`."""
    import pandera.pandas as pa

    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return error.failure_cases
    return pd.DataFrame({"column": [], "check": [], "index": []})


def _others(count: int) -> str:
    return f" (further failing cells: {count})" if count else ""
