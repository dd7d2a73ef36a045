"""Units that change names, years that no province has."""

import pandas as pd
import pytest

from tests.helpers.own_files import loaded, only_notice, refusal, units


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
