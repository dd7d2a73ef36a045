"""Tables as a document of Word, read back."""

import io
import sys
from dataclasses import replace

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

from analysis.shared.typeset.word import word
from data.shared.errors import UserError
from tests.analysis.shared.typeset.test_sheet import SHEET


def opened(*sheets):
    return docx.Document(io.BytesIO(word(sheets)))


def test_cells_heads_title_and_notes_come_back():
    document = opened(SHEET)
    (table,) = document.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["", "(3.2)", "(3.2)"],
        ["", "", "official"],
        ["Term", "Published", "Posterior"],
        ["a <b>", "−0.105***\n(0.031)", "0.1\n[−0.2,\u00a00.3]"],
        ["n", "403", ""],
    ]
    assert [paragraph.text for paragraph in document.paragraphs] == ["Slopes | all", "*** p < 0.01"]
    assert document.core_properties.title == "Slopes | all"


def test_every_sheet_is_a_table_of_the_document():
    assert len(opened(SHEET, SHEET).tables) == 2


def test_heads_are_repeated_and_rows_stay_whole():
    (table,) = opened(SHEET).tables
    marks = [
        (row._tr.trPr.find(qn("w:tblHeader")), row._tr.trPr.find(qn("w:cantSplit")))
        for row in table.rows
    ]
    assert [head is not None for head, _ in marks] == [True, True, True, False, False]
    assert all(whole is not None for _, whole in marks)


def test_lines_stand_above_and_below_and_where_a_row_has_a_rule():
    (table,) = opened(replace(SHEET, ruled=frozenset({1}))).tables
    sides = []
    for row in table.rows:
        borders = row.cells[0]._tc.tcPr.find(qn("w:tcBorders"))
        sides.append([] if borders is None else [side.tag.split("}")[1] for side in borders])
    assert sides == [["top"], [], [], ["top"], ["top", "bottom"]]


def test_a_wide_table_lies_in_landscape():
    wide = replace(SHEET, rows=(("x" * 60, "y" * 60, ""),))
    orientations = [opened(sheet).sections[0].orientation for sheet in (SHEET, wide)]
    assert orientations == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE]


def test_without_python_docx_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(UserError, match=r"needs python-docx, .*extra `word`.*--to html"):
        word([SHEET])
