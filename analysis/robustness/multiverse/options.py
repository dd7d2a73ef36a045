"""Options of the multiverse's choices, applied to a column.

Options that come to the same for a column are one: a column without controls has none of their
choices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analysis.robustness.multiverse.records import (
    EVERY,
    INTEREST,
    OUTCOME,
    Choice,
    Forms,
    Option,
    Setting,
)
from models.design import DERIVED, Specification, sample

BY_REGION = ("by_region", "weighted", "model")
"""Settings of estimators that coincide where there is one region."""


def variables(part: str, record: Specification) -> tuple[str, ...]:
    """Return the variables of a column that a part of it names."""
    interest = tuple(DERIVED.get(term, (term,))[0] for term in record.interest)
    named = {OUTCOME: (record.outcome,), INTEREST: interest, EVERY: record.variables}
    return named.get(part, (part,) if part in record.variables else ())


Form = dict[str, dict[str, str]]
"""The value of each construction choice that touches it, by variable."""


def taken(option: Option, record: Specification, touch: Forms) -> Form:
    """Return what an option takes of a column's variables."""
    form: Form = {}
    for part, values in option.takes.items():
        for name in variables(part, record):
            touching = {choice: value for choice, value in values.items() if choice in touch[name]}
            if touching:
                form.setdefault(name, {}).update(touching)
    return form


def kept(option: Option, record: Specification, setting: Setting) -> NDArray[np.bool_]:
    """Return which rows of the panel an option keeps of a column's sample.

    A column's sample is where its own variables, in their plainest form, are seen: a universe
    without a control has the same rows.
    """
    rows = sampled(record, setting)
    return rows & option.keeps(setting.frame).to_numpy(bool) if option.keeps else rows


@cache
def sampled(record: Specification, setting: Setting) -> NDArray[np.bool_]:
    """Return which rows of the panel are a column's sample."""
    rows = np.zeros(len(setting.frame), bool)
    rows[sample(setting.frame, record).index] = True
    for name, values in plainest(record, setting).items():
        rows &= np.isfinite(cells(setting.dataset, name, values)).ravel()
    return rows


def options(choice: Choice, record: Specification, setting: Setting) -> tuple[Option, ...]:
    """Return a choice's options for a column.

    Those that come to the same as an earlier one are left out, and those that leave no row.
    """
    distinct: dict[object, Option] = {}
    for option in choice.options:
        form = selection([option], record, setting)
        drops = tuple(term for term in record.controls if term in option.drops)
        rows = kept(option, record, setting)
        single_region = setting.frame.loc[rows, "region"].nunique() == 1
        sets = {
            name: v for name, v in option.sets.items() if not (single_region and name in BY_REGION)
        }
        identity = (str(form), drops, rows.tobytes(), str(sets))
        if rows.any():
            distinct.setdefault(identity, option)
    return tuple(distinct.values())


def offered(
    listed: Sequence[Choice], record: Specification, setting: Setting
) -> dict[str, tuple[Option, ...]]:
    """Return the options of each choice that is one for a column, by its name."""
    by_choice = {choice.name: options(choice, record, setting) for choice in listed}
    return {name: several for name, several in by_choice.items() if len(several) > 1}


def without(record: Specification, chosen: Sequence[Option]) -> Specification:
    """Return a column without the controls that options drop."""
    dropped = {term for option in chosen for term in option.drops}
    return replace(record, controls=tuple(c for c in record.controls if c not in dropped))


def selection(chosen: Sequence[Option], record: Specification, setting: Setting) -> Form:
    """Return the form in which options take each variable of a column, defaults filled in."""
    changes = [taken(option, record, setting.forms) for option in chosen]
    return changed(plainest(record, setting), changes)


def plainest(record: Specification, setting: Setting) -> Form:
    """Return the form of a column's variables by default."""
    return {
        name: {
            choice: setting.defaults[choice]
            for choice in setting.construction
            if choice in setting.forms[name]
        }
        for name in record.variables
    }


def changed(form: Form, changes: Sequence[Form]) -> Form:
    """Return a form with what options take instead, one after the other."""
    combined = dict(form)
    for change in changes:
        for name, values in change.items():
            combined[name] = combined[name] | values
    return combined


def cells(dataset: xr.Dataset, name: str, values: Mapping[str, str]) -> NDArray[np.float64]:
    """Return a variable in one form, shape (provinces, years)."""
    return dataset[name].sel(values).transpose("province", "year").to_numpy()
