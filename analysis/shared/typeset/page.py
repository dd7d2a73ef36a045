"""Tables as a page in HTML by Great Tables, which escapes all text."""

import html
from collections.abc import Sequence
from itertools import accumulate

import pandas as pd

from analysis.shared.typeset.sheet import ALIGNED, Sheet, with_minus

STYLE = (
    "body{margin:1.5rem;font-family:system-ui,sans-serif} td,th{font-variant-numeric:tabular-nums}"
)


def page(sheets: Sequence[Sheet]) -> str:
    """Return sheets as one page that needs nothing else.

    Parameters
    ----------
    sheets : sequence of Sheet
        One at least; the first one's title is the page's.
    """
    tables = "\n".join(_table(sheet, i) for i, sheet in enumerate(sheets))
    title = html.escape(sheets[0].title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{tables}\n"
        "</body>\n</html>\n"
    )


def _table(sheet: Sheet, number: int) -> str:
    from great_tables import GT, loc, style

    names = [f"c{number}-{i}" for i in range(len(sheet.heads))]
    cells = [[with_minus(text) for text in row] for row in sheet.rows]
    table = GT(pd.DataFrame(cells, columns=names, dtype=str), rowname_col=names[0], id=f"t{number}")
    table = table.tab_header(sheet.title).tab_stubhead(sheet.heads[0])
    table = table.cols_label(**dict(zip(names[1:], sheet.heads[1:], strict=True)))
    for level, row in enumerate(reversed(sheet.spanners)):
        for i, ((label, size), end) in enumerate(
            zip(row, accumulate(size for _, size in row), strict=True)
        ):
            if label:
                columns = names[end - size + 1 : end + 1]
                table = table.tab_spanner(label, columns, level=level, id=f"s{number}-{level}-{i}")
    for letter, where in ALIGNED.items():
        columns = [name for name, of in zip(names, sheet.align, strict=True) if of == letter]
        table = table.cols_align(where, columns) if columns else table
    lines = style.css("white-space:pre-line;vertical-align:top;")
    table = table.tab_style(lines, [loc.body(), loc.stub()])
    if sheet.ruled:
        above = style.borders(sides="top", color="#333", weight="1px")
        ruled = sorted(sheet.ruled)
        table = table.tab_style(above, [loc.body(rows=ruled), loc.stub(rows=ruled)])
    for note in sheet.notes:
        table = table.tab_source_note(note)
    return table.tab_options(
        table_font_size="14px",
        heading_align="left",
        table_body_hlines_style="none",
        stub_border_style="none",
        data_row_padding="3px",
    ).as_raw_html()
