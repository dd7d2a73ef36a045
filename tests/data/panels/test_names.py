"""One unit, one name."""

import pandas as pd
import pytest

from data.panels.spelling import fold
from tests.helpers.own_files import loaded, only_notice, refusal, units


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("01", "1"),
        ("01", "1.0"),
        ("110000", "110000.0"),
        ("P01", "P1"),
        ("North West", "north  west"),
        ("North West", "North\xa0West"),
        ("North West", "North-West"),
        ("North West", "NorthWest"),
        ("Québec", "Quebec"),
        ("Łódź", "LODZ"),
        ("Straße", "STRASSE"),
        ("Côte d’Azur", "Cote d'Azur"),
        ("St. Gallen", "St Gallen"),
        ("Ａｌｐｈａ", "alpha"),
        ('="01"', "1"),
        ("甲 县", "甲县"),
        ("Region IV", "Region Ⅳ"),
        ("アイチ", "ｱｲﾁ"),
        ("Ohio*", "Ohio†"),
        ("Korea, Rep.", "Korea Rep"),
        ("A & B", "A and B"),
        ("North - West", "North West"),
    ],
)
def test_two_spellings_of_one_unit_are_merged_and_told(tmp_path, one, other):
    frame = units((one, "Beta", "Gamma", "Delta"))
    expected = loaded(frame, tmp_path).frame
    frame.loc[(frame["province"] == one) & (frame["year"] > 2013), "province"] = other
    panel = loaded(frame, tmp_path)
    pd.testing.assert_frame_equal(panel.frame, expected)
    assert panel.balanced
    if fold(one) != fold("alpha"):  # full-width letters are the same text
        assert "column province: spellings of one name were merged" in only_notice(panel)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "10"),
        ("1.5", "15"),
        ("A 11", "A 1 1"),
        ("कि", "कु"),
        ("が", "か"),
        ("P²", "P2"),
        ("-1", "1"),
        ("A-", "A"),
    ],
)
def test_two_units_stay_two(tmp_path, one, other):
    panel = loaded(units((one, other, "Gamma", "Delta")), tmp_path)
    assert panel.frame["province"].nunique() == 4
    assert panel.notices == ()


@pytest.mark.parametrize(("one", "other"), [("01", "1"), ("León", "Leon"), ("Tibet", "西藏")])
def test_spellings_that_meet_in_one_year_are_refused(tmp_path, one, other):
    frame = units((one, "Beta", "Gamma", "Delta"))
    frame.loc[len(frame)] = [other, 2012, "north", 0.5, 0.5]
    said = refusal(frame, tmp_path)
    assert ", line 26, columns province and year: " in said
    assert f"2012 is already on line 4, written {one!r} there and {other!r} here" in said


def test_spellings_of_the_31_provinces_are_told(tmp_path):
    frame = units(("Beijing", "Hebei", "Tibet", "Gansu"))
    frame.loc[[0, 1], "province"] = ["北京市", "Beijing Municipality"]
    panel = loaded(frame, tmp_path)
    assert panel.balanced
    assert "'北京市' and 'Beijing Municipality' and 'Beijing' as 'Beijing'" in only_notice(panel)


def test_regions_are_merged_like_provinces(tmp_path):
    frame = units()
    frame.loc[4, "region"] = "North "
    frame.loc[30, "region"] = "SOUTH"
    panel = loaded(frame, tmp_path)
    assert set(panel.frame["region"]) == {"north", "south"}
    assert "column region: spellings of one name were merged" in only_notice(panel)


@pytest.mark.parametrize("word", ["NA", "nan", "NULL", "None"])
def test_a_word_for_missing_is_a_name_where_it_has_its_own_rows(tmp_path, word):
    panel = loaded(units(("TO", "MI", word, "RM")), tmp_path)
    assert set(panel.frame["province"]) == {"TO", "MI", word, "RM"}
    assert f"column province: {word!r} is taken for a name" in only_notice(panel)


@pytest.mark.parametrize("rows", [[3], [3, 10], [3, 10, 18, 25]])
def test_a_word_for_missing_in_the_rows_of_others_is_none(tmp_path, rows):
    frame = units(("TO", "MI", "GE", "RM", "FI", "BA"))
    frame.loc[rows, "province"] = "NA"
    said = refusal(frame, tmp_path)
    assert f", line {rows[0] + 2}, column province: 'NA' means a missing value" in said
    assert "write the name out" in said


@pytest.mark.parametrize(("label", "said"), [("", "is missing"), ("NA", "write the name out")])
def test_a_region_that_is_missing_for_some_is_refused(tmp_path, label, said):
    frame = units()
    frame.loc[frame["province"] == "Beta", "region"] = label
    found = refusal(frame, tmp_path)
    assert ", line 8, column region: " in found
    assert said in found
