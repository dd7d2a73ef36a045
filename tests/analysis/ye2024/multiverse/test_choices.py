"""Choices: every option has its reason and its data, and what comes to the same is one option."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from analysis.robustness.multiverse.options import (
    cells,
    kept,
    offered,
    options,
    selection,
    without,
)
from analysis.specifications import SPECIFICATIONS, STATIC, select
from analysis.ye2024.multiverse.choices import (
    APART,
    CONTROLS,
    DATA,
    GRID,
    NORMALISATION,
    SAMPLE,
)
from analysis.ye2024.multiverse.families import FAMILIES, setting
from data.ye2024.definitions import CHOICES

LISTED = (*GRID, *(c for family in FAMILIES for c in family.choices if c not in GRID))
BASELINE, QUADRATIC, DENSITY, EARLY, MISALLOCATION, CENTRAL, WEST = select(
    ["3.2", "3.3", "6.1", "6.3", "7.1", "8.2", "8.3"]
)


def names(record) -> dict[str, list[str]]:
    found = offered(GRID, record, setting())
    return {name: [option.name for option in own] for name, own in found.items()}


@pytest.mark.parametrize("choice", LISTED, ids=lambda choice: choice.name)
def test_every_option_is_named_once_and_says_why(choice):
    assert len({option.name for option in choice.options}) == len(choice.options) > 1
    assert all(option.reason.endswith((".", "(1).")) for option in choice.options)
    assert len({choice.name for choice in LISTED}) == len(LISTED)


def test_every_construction_choice_of_the_dataset_is_crossed():
    taken = {
        dim
        for c in (*DATA, NORMALISATION)
        for o in c.options
        for part in o.takes.values()
        for dim in part
    }
    assert taken == set(CHOICES)


@pytest.mark.parametrize("record", SPECIFICATIONS, ids=lambda record: record.column)
def test_every_combination_has_data(record):
    found = offered((*DATA, NORMALISATION), record, setting())
    forms = {}
    for chosen in product(*found.values()):
        for name, values in selection(chosen, record, setting()).items():
            forms[name, tuple(values.items())] = values
    assert len(forms) > len(record.variables)
    for (name, _), values in forms.items():
        assert np.isfinite(cells(setting().dataset, name, values)).all(), (name, values)


def test_what_does_not_touch_a_column_is_no_choice_for_it():
    assert "elasticity" not in names(BASELINE)
    assert {"elasticity", "employment"} <= set(names(MISALLOCATION))
    assert {"tibet", "normalisation"}.isdisjoint(names(MISALLOCATION))
    assert "census4, national totals" in names(BASELINE)["accounts"]
    assert "census4, national totals" not in names(DENSITY)["accounts"]
    assert "employment" in names(DENSITY)


@pytest.mark.parametrize("record", SPECIFICATIONS, ids=lambda record: record.column)
def test_all_variables_of_a_universe_are_of_one_vintage(record):
    """And of one series of industrial value added, where that is part of them."""
    for chosen in product(*offered(DATA, record, setting()).values()):
        form = selection(chosen, record, setting())
        for choice in ("vintage", "industry"):
            assert len({values[choice] for values in form.values() if choice in values}) <= 1


def test_what_table_2_refutes_is_in_no_fraction():
    assert APART["normalisation"] == ("by_year",)
    assert [name for name, apart in APART.items() if apart] == ["normalisation"]
    assert all(NORMALISATION not in family.choices for family in FAMILIES)
    assert setting().defaults["normalisation"] == "pooled"


def test_options_that_come_to_the_same_are_one():
    assert names(EARLY)["sample"] == ["all", "without Tibet", "without municipalities"]
    assert names(CENTRAL)["sample"] == ["all", "before 2019"]
    assert names(CENTRAL)["effects"] == ["two-way", "province trends"]
    assert "weights" not in names(CENTRAL)
    assert names(WEST)["sample"] == ["all", "before 2019", "without Tibet",
                                     "without municipalities"]  # fmt: skip
    bare = replace(BASELINE, controls=())
    assert "controls" not in names(bare)
    assert "everything" not in names(bare)["winsorised"]


def test_a_square_follows_its_variable_and_controls_can_be_dropped():
    (_, stru, none) = CONTROLS.options
    assert without(QUADRATIC, [stru]).terms == ("indus", "indus2", "fin", "env", "urb", "trans")
    assert without(BASELINE, [none]).controls == ()
    everything = next(c for c in DATA if c.name == "winsorised").options[-1]
    form = selection([everything], QUADRATIC, setting())
    assert set(form) == set(QUADRATIC.variables)
    assert all(values["winsorised"] == "yes" for values in form.values())


def test_samples_keep_the_rows_that_they_say():
    offers = options(SAMPLE, BASELINE, setting())
    rows = {option.name: kept(option, BASELINE, setting()) for option in offers}
    assert {name: int(own.sum()) for name, own in rows.items()} == {
        "all": 403,
        "before 2019": 31 * 9,
        "without Tibet": 30 * 13,
        "without municipalities": 27 * 13,
    }
    assert {record.column for record in STATIC if "sample" in names(record)} == {
        record.column for record in STATIC
    }
