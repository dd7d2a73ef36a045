"""Totals and means among the units of a panel."""

import numpy as np
import pandas as pd
import pytest

from data.panels.totals import totals_of
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
        *("Polska ogółem", "Totaal", "Итого", "합계", "全國", "Avg.", "SUM:", "EU27", "Total, all"),
        *("Deutschland", "USA", "中国", "France métropolitaine", "All India", "Hela riket"),
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


def test_random_panels_have_no_totals():
    for count in range(4, 24):
        assert totals_of(units(tuple(f"U{i}" for i in range(count)))) == {}


def test_a_total_row_without_a_year_is_refused(tmp_path):
    text = units().to_csv(index=False) + "Total,,,12.5,13.5\n"
    assert ", line 38, column year: the value is missing; fill it in or drop" in refusal(
        text, tmp_path
    )


def test_countries_among_each_other_are_no_wholes(tmp_path):
    assert loaded(units(("Germany", "France", "Italy", "Spain", "Poland")), tmp_path).notices == ()


@pytest.mark.parametrize(
    "names",
    [
        ("Benin", "Ghana", "Mali", "Niger", "Nigeria", "Senegal"),
        ("Armenia", "Belarus", "Kazakhstan", "Kyrgyzstan", "Russia"),
        ("Angola", "Botswana", "Lesotho", "Malawi", "South Africa", "Zambia"),
        ("Algeria", "Bahrain", "Egypt", "Jordan", "Morocco", "Oman", "Tunisia"),
        ("Bangladesh", "Bhutan", "India", "Maldives", "Nepal", "Sri Lanka"),
        ("Albania", "Bulgaria", "Croatia", "Greece", "Serbia"),
    ],
)
def test_the_largest_country_among_its_neighbours_is_no_whole(tmp_path, names):
    assert loaded(units(names), tmp_path).notices == ()


@pytest.mark.parametrize("digits", [4, 8])
def test_a_mean_with_weights_that_stay_the_same_is_told(tmp_path, digits):
    frame = units(years=range(2000, 2016))
    values = frame.pivot(index="year", columns="province", values=list(VARIABLES))
    weights = [0.4, 0.3, 0.1, 0.1, 0.05, 0.05]
    whole = {name: (values[name] @ weights).round(digits).to_numpy() for name in VARIABLES}
    mean = pd.DataFrame({"province": "X99", "year": values.index, "region": "north", **whole})
    panel = loaded(pd.concat([frame, mean]), tmp_path)
    assert "'X99' has cells that are a weighted mean of other" in only_notice(panel)
    mean["indus"] += np.random.default_rng(1).normal(0, 0.01, len(mean))
    assert loaded(pd.concat([frame, mean]), tmp_path).notices == ()


def test_what_is_the_same_for_all_in_a_year_is_no_total(tmp_path):
    frame = units()
    frame["indus"] = frame["year"].map({year: 1.234 + year for year in set(frame["year"])})
    assert loaded(frame, tmp_path).notices == ()


@pytest.mark.parametrize("factor", [1e306, 1e-306])
@pytest.mark.filterwarnings("error")
def test_values_that_cannot_be_squared_make_no_unit_a_total(factor):
    frame = units()
    assert totals_of(frame.assign(indus=(1 + frame["indus"].abs()) * factor)) == {}
