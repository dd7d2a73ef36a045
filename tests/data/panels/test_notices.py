"""Totals, units that change names, years that no province has."""

import numpy as np
import pandas as pd
import pytest

from tests.helpers.own_files import VARIABLES, loaded, only_notice, refusal, units


def with_whole(name, how, frame=None, digits=8, region=None):
    """Add a unit of which each year's values are those of the others, added up or averaged."""
    frame = units() if frame is None else frame
    whole = frame.groupby("year")[list(VARIABLES)].agg(how).round(digits).reset_index()
    return pd.concat([frame, whole.assign(province=name, region=region or name)])


@pytest.mark.parametrize(
    "name",
    [
        *(
            "全国",
            "全国合计",
            "合计",
            "总计",
            "各省平均",
            "Total",
            "TOTAL",
            "Grand total",
            "Sub-total",
        ),
        *("National", "national average", "All provinces", "Whole country", "Summe", "Mean"),
    ],
)
def test_a_unit_named_like_a_total_is_told_whatever_its_cells(tmp_path, name):
    frame = units(("Alpha", "Beta", "Gamma", "Delta", "Epsilon", name))
    notice = only_notice(loaded(frame, tmp_path))
    assert f"{name!r} is named like a total or a whole and is taken for a province" in notice
    assert "drop its rows if it is a total" in notice


@pytest.mark.parametrize("how", ["sum", "mean"])
@pytest.mark.parametrize("digits", [2, 8])
def test_a_unit_whose_cells_are_the_others_sum_or_mean_is_told(tmp_path, how, digits):
    panel = loaded(with_whole("X99", how, digits=digits, region="north"), tmp_path)
    assert f"'X99' has cells that are the {how} of other provinces'" in only_notice(panel)
    assert "X99" in set(panel.frame["province"])


def test_one_variable_that_adds_up_is_enough(tmp_path):
    frame = with_whole("X99", "sum", region="south")
    frame.loc[frame["province"] == "X99", "produ"] = 0.123
    assert "'X99' has cells that are the sum" in only_notice(loaded(frame, tmp_path))


def test_a_mean_of_single_precision_is_one(tmp_path):
    frame = with_whole("X99", "mean", region="south", digits=12)
    frame[list(VARIABLES)] = frame[list(VARIABLES)].astype(np.float32)
    assert "'X99' has cells that are the mean" in only_notice(loaded(frame, tmp_path))


def test_a_region_among_its_provinces_is_told(tmp_path):
    names = tuple(f"P{i}" for i in range(8))
    frame = units(names).assign(region=lambda f: np.where(f["province"] < "P4", "north", "south"))
    north = frame[frame["region"] == "north"]
    by_cells = pd.concat([frame, with_whole("X99", "sum", north, region="north").tail(6)])
    assert "'X99' has cells that are the sum" in only_notice(loaded(by_cells, tmp_path))
    by_name = units((*names, "North")).assign(region="north")
    assert "'North' is named like a total" in only_notice(loaded(by_name, tmp_path))


@pytest.mark.parametrize("value", [0, 1, 2])
def test_whole_numbers_and_constants_are_no_totals(tmp_path, value):
    frame = units()
    frame["indus"] = np.where(frame["province"] == "Alpha", value, 1)
    frame["produ"] = np.random.default_rng(1).integers(0, 3, len(frame))
    assert loaded(frame, tmp_path).notices == ()


def test_random_panels_have_nothing_to_tell(tmp_path):
    for count in range(4, 24):
        assert loaded(units(tuple(f"U{i}" for i in range(count))), tmp_path).notices == ()


def test_a_total_row_without_a_year_is_refused(tmp_path):
    text = units().to_csv(index=False) + "Total,,,12.5,13.5\n"
    assert ", line 38, column year: the value is missing; fill it in or drop" in refusal(
        text, tmp_path
    )


def test_a_unit_that_ends_where_another_of_its_region_begins_is_told(tmp_path):
    frame = units()
    frame.loc[(frame["province"] == "Beta") & (frame["year"] > 2012), "province"] = "New Beta"
    first, second = loaded(frame, tmp_path).notices
    assert "'Beta' ends in 2012 and 'New Beta' begins in 2013" in first
    assert "give both one name if they are one" in first
    assert "unbalanced" in second
    frame.loc[frame["province"] == "New Beta", "region"] = "south"
    assert all("begins in" not in notice for notice in loaded(frame, tmp_path).notices)


@pytest.mark.parametrize(
    ("years", "said"),
    [
        ([2010, 2011, 2013, 2014, 2015], "no province has a row in 2012,"),
        ([2010, 2011, 2014, 2015, 2018], "no province has a row in 2012, 2013, 2016, …"),
        ([2010, 2012, 2014, 2016], "the years lie 2 apart (2010, 2012, 2014, …)"),
        ([2000, 2005, 2010], "number the periods as years in a row (2000, 2001, …)"),
    ],
)
def test_years_that_no_province_has_are_told(tmp_path, years, said):
    assert said in only_notice(loaded(units(years=years), tmp_path))


def test_quarters_are_refused_with_a_remedy(tmp_path):
    frame = units()
    said = refusal(frame.assign(year=frame["year"].astype(str) + "Q1"), tmp_path)
    assert "'2010Q1' is not a year" in said
    assert "average shorter periods over years first" in said
    twice = pd.concat([frame.assign(quarter=1), frame.assign(quarter=2)])
    assert "keep one row per province and year" in refusal(twice, tmp_path)


def test_regions_of_one_province_are_told(tmp_path):
    frame = units().assign(region=lambda f: f["province"])
    assert "6 of 6 regions hold one province each" in only_notice(loaded(frame, tmp_path))
