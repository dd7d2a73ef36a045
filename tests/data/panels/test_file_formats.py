"""Files of statistical packages and spreadsheets give the cells of the same panel's CSV."""

import gzip
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from data.panels import file_formats
from data.panels.file_formats import tabulate
from data.panels.panel import load_panel
from data.shared.errors import UserError

FILES = Path(__file__).parent / "files"
"""By `write.R` (R 4.2.2, plm 2.6-2, haven 2.5.1), `write.inp` (gretl 2022c) and `write.py`
(pyreadstat 1.3.7, pandas 3, openpyxl 3.1.5), each from the same numbers."""
VARIABLES = ["y", "x"]


def frame(path):
    return load_panel(str(path), VARIABLES).frame


def said(name):
    with pytest.raises(UserError) as error:
        load_panel(str(FILES / name), VARIABLES)
    return str(error.value).removeprefix(str(FILES / name))


@pytest.mark.parametrize(
    "name",
    [
        "frame.rds",
        "pdata.rds",
        "one_frame.RData",
        "haven.dta",
        "labels.dta",
        "years.dta",
        "panel.sav",
        "panel.gdt",
        "panel.xlsx",
    ],
)
def test_a_panel_is_the_same_in_every_format(name):
    pd.testing.assert_frame_equal(frame(FILES / name), frame(FILES / "panel.csv"), check_exact=True)


def test_parquet_and_compressed_files_are_read(tmp_path):
    table = pd.read_csv(FILES / "panel.csv")
    table.set_index(["province", "year"]).to_parquet(tmp_path / "panel.parquet")
    for name in ("panel.csv", "panel.gdt", "haven.dta"):
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((FILES / name).read_bytes()))
    for path in tmp_path.iterdir():
        pd.testing.assert_frame_equal(frame(path), frame(FILES / "panel.csv"))


def test_a_sheets_title_note_and_merged_cells_are_told():
    notices = load_panel(str(FILES / "panel.xlsx"), VARIABLES).notices
    assert len(notices) == 4  # the last on the one province of a region
    assert "merged cells (A4:A6, A7:A9, A10:A12)" in notices[0]
    assert "'Three provinces, 2010-2012' above the header" in notices[1].replace('"', "")
    assert "line 13: 'Source: made for a test'" in notices[2]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.dta", ", row 5, column x: the value is missing; fill it in or drop the row."),
        ("two_frames.RData", " holds 2 data frames (d, p); save one alone"),
        ("no_frame.rds", " holds no data frame; save one alone"),
        ("formula.xlsx", ", sheet panel, cell E4: the formula '=D4*15' has no value yet"),
    ],
)
def test_what_is_no_panel_gets_one_sentence(name, sentence):
    assert said(name).startswith(sentence)


def test_a_stata_code_for_missing_is_no_number():
    cells, _ = tabulate((FILES / "missing.dta").read_bytes(), "missing.dta")
    assert cells.loc[5, "x"] == ".b"


def test_a_repeated_row_is_named_by_its_place_in_the_sheet(tmp_path):
    import openpyxl

    book = openpyxl.load_workbook(FILES / "panel.xlsx")
    book["panel"]["B5"] = 2010
    book.save(tmp_path / "twice.xlsx")
    with pytest.raises(UserError, match=r"row 5, columns province and year.* already on row 4;"):
        frame(tmp_path / "twice.xlsx")


def test_of_several_sheets_with_a_panel_none_is_guessed(tmp_path):
    import openpyxl

    book = openpyxl.load_workbook(FILES / "panel.xlsx")
    book.create_chartsheet("chart").add_chart(openpyxl.chart.BarChart())
    book.save(tmp_path / "chart.xlsx")
    assert len(frame(tmp_path / "chart.xlsx")) > 0
    book.copy_worksheet(book["panel"]).title = "old"
    book.save(tmp_path / "two.xlsx")
    with pytest.raises(UserError, match=r"several sheets that name province and year \(panel, old"):
        frame(tmp_path / "two.xlsx")
    del book["panel"], book["old"]
    book.create_sheet("empty")
    book.save(tmp_path / "none.xlsx")
    with pytest.raises(UserError, match=r"no sheet whose first .* \(sheets: notes, empty\)"):
        frame(tmp_path / "none.xlsx")


@pytest.mark.parametrize("path", sorted(FILES.glob("panel.*")) + sorted(FILES.glob("*.[dR]*")))
def test_a_file_cut_short_gets_one_sentence(path, tmp_path):
    content = path.read_bytes()
    for share in (0.2, 0.5, 0.9):
        cut = tmp_path / path.name
        cut.write_bytes(content[: int(share * len(content))])
        if path.suffix == ".csv" and share == 0.9:  # a few rows less
            continue
        with pytest.raises(UserError) as error:
            frame(cut)
        assert str(error.value).startswith(str(cut))
        assert "\n" not in str(error.value)


def test_a_missing_reader_is_named(monkeypatch):
    def absent(name, *rest, **options):
        raise ImportError(name)

    monkeypatch.setattr(file_formats, "import_module", absent)
    assert "is read by the package pyreadstat, which is not installed" in said("haven.dta")
    assert len(frame(FILES / "panel.csv")) == 9  # a CSV needs none


def test_what_unpacks_to_more_than_a_panel_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(file_formats, "LARGEST", 100)
    path = tmp_path / "panel.csv.gz"
    path.write_bytes(gzip.compress((FILES / "panel.csv").read_bytes()))
    with pytest.raises(UserError, match="more than 1 GiB when it is unpacked"):
        frame(path)


def test_of_codes_with_labels_the_first_are_told(tmp_path):
    table = pd.DataFrame({"province": ["a", "a", "b", "b"], "year": [2000, 2001] * 2})
    table["law"] = [1, 2, 1, 1]
    labels = {"law": {1: "no", 2: "yes"}}
    pyreadstat.write_dta(table, tmp_path / "panel.dta", variable_value_labels=labels)
    _, notices = tabulate((tmp_path / "panel.dta").read_bytes(), "panel.dta")
    (told,) = [notice for notice in notices if "labels" in notice]
    assert told.startswith("panel.dta: law: codes with labels (law: 1 no, 2 yes);")
    assert told.endswith("such as law == 1.")
