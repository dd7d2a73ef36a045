"""From a panel and a record to arrays."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.shared.errors import UserError
from models.design import Specification, design
from tests.helpers import random_panels
from tests.helpers.random_panels import SPECIFICATION


@pytest.fixture
def frame():
    return random_panels.panel(n_provinces=6, n_years=5)


def test_rows_of_any_order_come_out_sorted(frame):
    shuffled = frame.sample(frac=1, random_state=4)
    result = design(shuffled, SPECIFICATION)
    assert result.years == (2010, 2011, 2012, 2013, 2014)
    assert sorted(result.provinces) == sorted(frame["province"].unique())
    assert (np.diff(result.province * 5 + result.year) == 1).all()
    looked_up = frame.set_index(["province", "year"])
    keys = [
        (result.provinces[i], result.years[t])
        for i, t in zip(result.province, result.year, strict=True)
    ]
    np.testing.assert_array_equal(result.y, looked_up.loc[keys, "y"])
    np.testing.assert_array_equal(result.x, looked_up.loc[keys, ["x1", "x2", "x3"]])


def test_provinces_keep_the_order_in_which_they_appear(frame):
    names = {f"P{code:02d}": name for code, name in enumerate("CABFDE")}
    result = design(frame.replace({"province": names}), SPECIFICATION)
    assert result.provinces == tuple("CABFDE")


def test_regions_follow_provinces(frame):
    result = design(frame.sample(frac=1, random_state=4), SPECIFICATION)
    region_of = dict(zip(frame["province"], frame["region"], strict=True))
    assert [result.regions[r] for r in result.region_of_province] == [
        region_of[name] for name in result.provinces
    ]
    assert [result.regions[r] for r in result.region] == [
        region_of[result.provinces[i]] for i in result.province
    ]


def test_the_square_is_derived_from_the_panels_column(frame):
    record = Specification("0.2", "y", ("indus", "indus2"), (), "square")
    assert record.variables == ("y", "indus")
    result = design(frame.rename(columns={"x1": "indus"}), record)
    assert result.terms == ("indus", "indus2")
    np.testing.assert_array_equal(result.x[:, 1], result.x[:, 0] ** 2)


def test_the_sample_is_the_records(frame):
    early = design(frame, Specification("0.3", "y", ("x1",), (), "early", last_year=2012))
    assert early.years == (2010, 2011, 2012)
    assert early.balanced
    west = design(frame, Specification("0.4", "y", ("x1",), (), "west", region="west"))
    assert west.regions == ("west",)
    assert west.provinces == ("P02", "P05")
    assert len(west.y) == 10


def test_the_callers_frame_is_left_alone(frame):
    shuffled = frame.sample(frac=1, random_state=4)
    before = shuffled.copy()
    design(shuffled, Specification("0.3", "y", ("x1",), (), "early", last_year=2012))
    pd.testing.assert_frame_equal(shuffled, before)


def test_a_missing_row_makes_the_panel_unbalanced(frame):
    assert not design(frame.drop(index=7), SPECIFICATION).balanced


def test_another_outcome_changes_nothing_else(frame):
    result = design(frame, SPECIFICATION)
    other = result.with_outcome(2 * result.y)
    np.testing.assert_array_equal(other.y, 2 * result.y)
    assert other.x is result.x
    assert other.terms == result.terms


def test_too_few_rows_are_refused_with_the_sample_named(frame):
    record = Specification("0.5", "y", ("x1",), (), "small", last_year=2010)
    with pytest.raises(UserError, match=r"needs more than 7 rows") as caught:
        design(frame, record)
    assert "the panel has 6 in the column's sample (years to 2010)" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "sample"),
    [
        ({"region": "north"}, "region north"),
        ({"last_year": 2009}, "years to 2009"),
        ({"region": "west", "last_year": 2009}, "region west, years to 2009"),
    ],
)
def test_an_empty_sample_is_refused_by_name(frame, changes, sample):
    record = Specification("0.5", "y", ("x1",), (), "empty", **changes)
    with pytest.raises(UserError, match=rf"The panel has no rows in {sample};"):
        design(frame, record)


def test_one_row_more_than_parameters_is_enough():
    record = Specification("0.6", "y", ("x1",), (), "smallest")
    assert len(design(random_panels.panel(n_provinces=3, n_years=3), record).y) == 9
    with pytest.raises(UserError, match="needs more than 4 rows for its 4 parameters"):
        design(random_panels.panel(n_provinces=2, n_years=2), record)


def test_rows_that_miss_a_value_or_lie_outside_the_condition_are_left_out(frame):
    frame = frame.assign(late=frame["year"] > 2010, z=frame["x1"])
    frame.loc[frame["year"] == 2012, "z"] = np.nan
    record = replace(SPECIFICATION, where="late", instruments=("z",))
    assert "z" in record.variables
    assert design(frame, record).years == (2011, 2013, 2014)
    with pytest.raises(UserError, match="no rows in late"):
        design(frame.assign(late=False), record)


@pytest.mark.parametrize(("factor", "refused"), [(1e300, True), (1e-300, True), (1e90, False)])
def test_values_that_cannot_be_squared_are_refused_by_name(frame, factor, refused):
    scaled = frame.assign(x1=(2 + frame["x1"].abs()) * factor)
    if not refused:
        assert design(scaled, SPECIFICATION).x.max() > factor
        return
    with pytest.raises(UserError, match=r"Variable x1 has values of .* change its unit"):
        design(scaled, SPECIFICATION)
