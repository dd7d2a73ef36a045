"""From a study's raw variables to its panel: transformations, terms, conditions on rows.

Each is a column of the panel, called by its text.
"""

from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from data.panels.spelling import shorten
from data.shared.errors import UserError
from data.studies.choices import Multiverse
from data.studies.formula import OVER_TIME, evaluate, names_in
from data.studies.sample import Condition, condition, dummy, holds, is_condition, names_in_condition
from data.studies.schema import Column, StudyFile

OURS = ("province", "year", "region")
"""Columns of a panel that hold no variable."""


def expressions_of(column: Column) -> tuple[str, ...]:
    """Return what a column's regression reads: outcome, terms and instruments."""
    parsed = column.parsed
    return tuple(dict.fromkeys((parsed.outcome, *parsed.terms, *column.instruments)))


def choices_of(file: StudyFile) -> Multiverse:
    """Return a study's choices of analysis; none where its file does not say."""
    return file.multiverse or Multiverse()


def did_you_mean(name: str, known: list[str]) -> str:
    """Name the known name that is meant, or all of them."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}" if close else f"they are {shorten(', '.join(known), 80)}"


def with_terms(raw: pd.DataFrame, file: StudyFile, path: Path) -> pd.DataFrame:
    """Return the panel: a column for each transformation, term, instrument and condition."""
    data = file.data
    named = raw.assign(**{data.unit: raw["province"], data.time: raw["year"]})
    if data.region:
        named[data.region] = raw["region"]
    for name, text in file.transform.items():
        key = f"{path}, key transform.{name}"
        later = [
            variable
            for variable in variables_in(text)
            if variable in file.transform and variable not in named
        ]
        if later:
            raise UserError(f"{key}: {later[0]} is made further down; move it above.")
        named[name] = _made(text, named, file, key)
    terms: dict[str, pd.Series] = {}
    for column in file.column:
        key = f"{path}, key column[{column.name}]"
        for text in expressions_of(column):
            if text in OURS and text != data.time:
                raise UserError(
                    f"{key}.formula: {text} is what this project calls its own; add my_{text} = "
                    f'"{text}" below [transform] and use that.'
                )
            terms[text] = _evaluated(text, named, file, f"{key}.formula")
        rows_of = condition_of(column, file)
        if rows_of.region is not None and rows_of.region not in set(raw["region"]):
            known = list(map(str, raw["region"].unique()))
            hint = did_you_mean(rows_of.region, known)
            raise UserError(f"{key}.sample: there is no region {rows_of.region!r}; {hint}.")
        if rows_of.rest:
            try:
                terms[rows_of.rest] = holds(rows_of.rest, named)
            except ValueError as error:
                raise UserError(f"{key}.sample: {error}.") from None
    terms |= _of_choices(file, named, path)
    transformed = {name: named[name] for name in file.transform}
    return pd.DataFrame({**{name: raw[name] for name in OURS}, **transformed, **terms})


def variables_in(text: str) -> tuple[str, ...]:
    """Return the columns that a transformation reads, an expression or a condition."""
    return names_in_condition(text) if is_condition(text) else names_in([text])


def _made(text: str, named: pd.DataFrame, file: StudyFile, key: str) -> pd.Series:
    """Return a new variable's values: those of its expression, or 1 where its condition holds."""
    if not is_condition(text):
        return _evaluated(text, named, file, key)
    try:
        return dummy(text, named)
    except ValueError as error:
        raise UserError(f"{key}: {error}.") from None


def _of_choices(file: StudyFile, named: pd.DataFrame, path: Path) -> dict[str, pd.Series]:
    """Return each form of a variable and each condition of the multiverse, by its text.

    Raises
    ------
    UserError
        As `load`; also if a year or region is left out that the data do not have.
    """
    choices = choices_of(file)
    values = {
        text: _evaluated(text, named, file, f"{path}, key {key}")
        for key, text in choices.expressions
    }
    for name, text in choices.samples.items():
        try:
            values[text] = holds(text, named)
        except ValueError as error:
            raise UserError(f"{path}, key multiverse.samples.{name}: {error}.") from None
    for key, column in (("years", "year"), ("regions", "region")):
        known = list(map(str, named[column].unique()))
        for label in map(str, getattr(choices, f"without_{key}")):
            if label not in known:
                raise UserError(
                    f"{path}, key multiverse.without_{key}: the data have no {column} {label!r}; "
                    f"{did_you_mean(label, known)}."
                )
    return values


def condition_of(column: Column, file: StudyFile) -> Condition:
    """Return the rows that a column is of."""
    return condition(column.sample, file.data.region or "region", file.data.time)


def _evaluated(text: str, named: pd.DataFrame, file: StudyFile, key: str) -> pd.Series:
    """Evaluate an expression; refuse what is not finite though its variables are there."""
    read = names_in([text])
    for name in read:
        if not pd.api.types.is_numeric_dtype(named[name]):
            raise UserError(f"{key}: {name} holds text, not numbers; leave it out of {text}.")
    values = evaluate(text, named, file.data.unit, file.data.time)
    observed = named[list(read)].notna().all(axis=1)
    lagged = any(f"{name}(" in text for name in OVER_TIME)
    # A lag is missing in a unit's first years, though its variable is observed.
    bad = np.isinf(values) | (values.isna() & observed & (not lagged))
    if bad.any():
        row = bad.idxmax()
        cell = ", ".join(f"{name} = {named.loc[row, name]:g}" for name in read)
        raise UserError(
            f"{key}: {text} is no finite number for {named.loc[row, 'province']} "
            f"{named.loc[row, 'year']} ({cell}; such rows: {int(bad.sum())}); correct the data "
            "or the expression."
        )
    if values.isna().all():
        remedy = "number periods as years in a row, since a lag is of the calendar year before"
        raise UserError(
            f"{key}: {text} is missing in every row; "
            + (f"{remedy}, or add years." if lagged else "correct it or add years.")
        )
    return values
