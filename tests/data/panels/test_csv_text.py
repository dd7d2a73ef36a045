"""Bytes to text to cells: encodings, what stands above and below the table."""

import pandas as pd
import pytest

from tests.helpers.own_files import loaded, only_notice, refusal, units

FRENCH = ("Île-de-France", "Rhône", "Côte d'Azur", "Québec", "Orléans", "Limousin")
GERMAN = ("Baden-Württemberg", "Thüringen", "Saarland", "Hessen", "Köln", "Münster")
PORTUGUESE = ("Conceição", "São Paulo", "Ceará", "Pará", "Bahia", "Assunção")
CHINESE = ("甲县", "乙县", "丙县", "丁县", "戊县", "己县")


@pytest.mark.parametrize("names", [FRENCH, GERMAN, PORTUGUESE], ids=["fr", "de", "pt"])
def test_windows_1252_is_told_from_gbk(tmp_path, names):
    frame = units(names)
    panel = loaded(frame, tmp_path, "cp1252")
    assert set(panel.frame["province"]) == set(names)
    assert "read as Windows-1252; save it as UTF-8" in only_notice(panel)


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize(
    "names", [CHINESE, (*CHINESE[:3], "A股", "镕基", "B镇")], ids=["zh", "mix"]
)
def test_hanzi_are_read_in_each_encoding_that_holds_them(tmp_path, encoding, names):
    panel = loaded(units(names), tmp_path, encoding)
    assert set(panel.frame["province"]) == set(names)
    assert len(panel.notices) == (encoding != "utf-8-sig")


@pytest.mark.parametrize("declared", ["sep=;", "SEP=;", '"sep=;"', "sep=;\r", "sep=;;;;"])
def test_excels_declaration_of_the_separator_is_followed(tmp_path, declared):
    text = units().to_csv(index=False, sep=";", decimal=",")
    panel = loaded(f"{declared}\n{text}", tmp_path)
    pd.testing.assert_frame_equal(panel.frame, loaded(units(), tmp_path).frame)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "title",
    [
        "Table 1. Panel of provinces",
        "Table 1. Panel, by province and year; own calculations\n",
        '"Table 1,\tpanel"',
        "Table 1,,,,",
    ],
)
def test_a_title_is_passed_over_and_told(tmp_path, title, separator):
    text = units().to_csv(index=False, sep=separator)
    panel = loaded(f"{title}\n{text}", tmp_path)
    pd.testing.assert_frame_equal(panel.frame, loaded(units(), tmp_path).frame)
    assert "line 1: " in only_notice(panel)
    assert "Table 1" in only_notice(panel)
    assert "passed over" in only_notice(panel)


@pytest.mark.parametrize(
    "note",
    [
        "Source: National Bureau of Statistics",
        "Source: NBS, 2020, own calculations",
        "Source: NBS,,,,",
        '"Note: values of 2010, rounded"',
        "* provisional",
        "资料来源：国家统计局",
        "注：数据未经调整",
        "Extracted on 2024-01-01",
        "Own calculations, see text",
    ],
)
def test_a_note_below_the_table_is_passed_over_and_told(tmp_path, note):
    panel = loaded(units().to_csv(index=False) + f"\n{note}\n", tmp_path)
    pd.testing.assert_frame_equal(panel.frame, loaded(units(), tmp_path).frame)
    assert "line 39: " in only_notice(panel)
    assert "below the table was passed over" in only_notice(panel)


@pytest.mark.parametrize(
    "end", ["Zet", "Alpha", "Zeta,20", "Zeta,2016,south", "Beta,,,0.1,0.2", "0.5", "Total,,,1,2"]
)
def test_a_row_that_was_cut_off_is_no_note(tmp_path, end):
    assert ", line 38" in refusal(units().to_csv(index=False) + end, tmp_path)


def test_a_repeated_header_is_passed_over_and_told(tmp_path):
    head, *rows = units().to_csv(index=False).splitlines()
    panel = loaded("\n".join([head, *rows[:9], head, *rows[9:]]), tmp_path)
    pd.testing.assert_frame_equal(panel.frame, loaded(units(), tmp_path).frame)
    assert "line 11: the header is repeated" in only_notice(panel)


def test_rows_above_the_header_are_no_title(tmp_path):
    head, *rows = units().to_csv(index=False).splitlines()
    said = refusal("\n".join([*rows[:2], head, *rows[2:]]), tmp_path)
    assert "line 1: a row of values is above the header" in said
