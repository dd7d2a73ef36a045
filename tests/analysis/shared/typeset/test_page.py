"""Tables as a page in HTML."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from analysis.shared.typeset.page import page
from tests.analysis.shared.typeset.test_sheet import SHEET


class Cells(HTMLParser):
    """Collects the text of the cells of each row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open = False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.open = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.open = False

    def handle_data(self, data):
        if self.open:
            self.rows[-1][-1] += data.strip()


def cells(text: str) -> list[list[str]]:
    reader = Cells()
    reader.feed(text)
    return reader.rows


def test_cells_come_back_and_a_term_is_one_row():
    found = cells(page([SHEET]))
    assert ["a <b>", "−0.105***\n(0.031)", "0.1\n[−0.2,\u00a00.3]"] in found
    assert ["", "(3.2)"] in found
    assert ["Term", "Published", "official"] in found
    assert ["Posterior"] in found
    assert ["*** p < 0.01"] in found
    assert "white-space:pre-line" in page([SHEET])


def test_a_page_names_its_language_and_title_and_loads_nothing():
    text = page([replace(SHEET, title="a & <b>")])
    assert '<html lang="en">' in text
    assert "<title>a &amp; &lt;b&gt;</title>" in text
    assert not re.search(r"<script|src=|href=|url\(|@import", text)


def test_a_rule_stands_above_the_row_that_has_one():
    ruled = page([replace(SHEET, ruled=frozenset({1}))])
    style = re.search(r'<th style="([^"]*)"[^>]*>n</th>', ruled)[1]
    assert re.fullmatch(r"white-space:pre-line;vertical-align:top; ?border-top: 1px [^;]+;", style)
    assert "border-top: 1px" not in page([SHEET])


def test_every_id_stands_once():
    two = replace(SHEET, spanners=((("(3.2)", 1), ("(8.1)", 1)), (("official", 1), ("", 1))))
    text = page([two, two])
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    referred = {name for names in re.findall(r'headers="([^"]+)"', text) for name in names.split()}
    assert referred <= set(ids)
