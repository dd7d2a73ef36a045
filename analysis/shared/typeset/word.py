"""Tables as a document of Word. Needs the extra `word`."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.shared.typeset.sheet import ALIGNED, Sheet, with_minus
from data.shared.errors import UserError

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table, _Cell

UPRIGHT = 95
"""Letters of a line of an upright page; wider tables lie in landscape."""

SIZE, SIZE_OF_NOTES = 8.5, 8.0
"""Points."""


def word(sheets: Sequence[Sheet]) -> bytes:
    """Return the bytes of a document with each sheet in the shape of a journal's table.

    Raises
    ------
    UserError
        If python-docx is not installed.
    """
    try:
        from docx import Document
        from docx.enum.section import WD_ORIENT
    except ImportError:
        raise UserError(
            "A document of Word needs python-docx, which is not installed: run `pip install "
            "'.[word]'` (the extra `word`), or take --to html, which Word opens, too."
        ) from None
    document = Document()
    document.core_properties.title = sheets[0].title
    document.core_properties.author = ""
    section = document.sections[0]
    if max(sum(_widths(sheet)) for sheet in sheets) > UPRIGHT:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = section.page_height, section.page_width
    for sheet in sheets:
        _add(document, sheet)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _widths(sheet: Sheet) -> list[int]:
    """Return the letters of each column's longest line, with a gap."""
    return [
        2 + max(len(line) for row in sheet.rows for line in row[i].split("\n"))
        for i in range(len(sheet.heads))
    ]


def _add(document: "Document", sheet: Sheet) -> None:
    from docx.shared import Pt

    title = document.add_paragraph(sheet.title, style="Caption")
    title.paragraph_format.keep_with_next = True
    above = len(sheet.spanners)
    table = document.add_table(rows=above + 1 + len(sheet.rows), cols=len(sheet.heads))
    section, widths = document.sections[0], _widths(sheet)
    line = section.page_width - section.left_margin - section.right_margin
    for column, width in zip(table.columns, widths, strict=True):
        for cell in column.cells:
            cell.width = int(line * width / sum(widths))
    for level, row in enumerate(sheet.spanners):
        place = 1
        for label, size in row:
            _fill(table.cell(level, place).merge(table.cell(level, place + size - 1)), label, "c")
            place += size
    for i, head in enumerate(sheet.heads):
        _fill(table.cell(above, i), head, sheet.align[i] if i == 0 else "c")
    for line, row in enumerate(sheet.rows, start=above + 1):
        cells = table.rows[line].cells
        for cell, text, letter in zip(cells, row, sheet.align, strict=True):
            _fill(cell, text, letter)
    last = len(table.rows) - 1
    ruled = {above + 1 + place for place in sheet.ruled} - {above + 1}
    _rules(table, tops={0, above + 1, *ruled}, bottoms={last})
    for place, row in enumerate(table.rows):
        _set_row(row, repeated=place <= above)
    for note in sheet.notes:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(2)
        paragraph.add_run(note).font.size = Pt(SIZE_OF_NOTES)


def _fill(cell: "_Cell", text: str, letter: str) -> None:
    """Write text into a cell, its lines below each other."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    (paragraph,) = cell.paragraphs[:1]
    paragraph.alignment = WD_ALIGN_PARAGRAPH[ALIGNED[letter].upper()]
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.add_run(with_minus(text)).font.size = Pt(SIZE)


def _rules(table: "Table", tops: set[int], bottoms: set[int]) -> None:
    """Draw lines above and below rows, and none between columns."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for place, row in enumerate(table.rows):
        sides = ["top"] * (place in tops) + ["bottom"] * (place in bottoms)
        for cell in row._tr.tc_lst if sides else ():
            borders = OxmlElement("w:tcBorders")
            for side in sides:
                line = OxmlElement(f"w:{side}")
                for name, value in (("val", "single"), ("sz", "6"), ("color", "000000")):
                    line.set(qn(f"w:{name}"), value)
                borders.append(line)
            cell.get_or_add_tcPr().append(borders)


def _set_row(row: object, repeated: bool) -> None:
    """Keep a row on one page; repeat a head on each."""
    from docx.oxml import OxmlElement

    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if repeated:
        properties.append(OxmlElement("w:tblHeader"))
