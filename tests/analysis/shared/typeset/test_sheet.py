"""A table as text, and its Markdown."""

import numpy as np
import pandas as pd
import pytest

from analysis.shared.typeset.sheet import NO_BREAK, Sheet, in_lines, markdown, of_frame, with_minus

SHEET = Sheet(
    title="Slopes | all",
    heads=("Term", "Published", "Posterior"),
    rows=(("a <b>", "-0.105***\n(0.031)", f"0.1\n[-0.2,{NO_BREAK}0.3]"), ("n", "403", "")),
    align="lcc",
    spanners=((("(3.2)", 2),), (("", 1), ("official", 1))),
    notes=("*** p < 0.01",),
)


def test_a_frame_keeps_all_rows_and_columns_with_numbers_to_the_right():
    frame = pd.DataFrame({"name": ["a", "b"], "value": [0.00012345, np.nan], "text": ["x", ""]})
    sheet = of_frame(frame, "Title")
    assert sheet.heads == ("name", "value", "text")
    assert sheet.rows == (("a", "0.000123", "x"), ("b", "", ""))
    assert sheet.align == "lrl"


def test_lines_of_cells_become_rows():
    lines, ruled, goes_on = in_lines(SHEET)
    assert lines[1] == ("", "(0.031)", f"[-0.2,{NO_BREAK}0.3]")
    assert ruled == [False, False, False]
    assert goes_on == [True, False, False]


def test_markdown_has_a_row_a_line_and_heads_in_one_row():
    title, table, note = markdown(SHEET).strip().split("\n\n")
    assert title == "**Slopes \\| all**"
    assert table.splitlines() == [
        "| Term | (3.2), Published | (3.2), official, Posterior |",
        "| :-- | :-: | :-: |",
        "| a \\<b> | -0.105*** | 0.1 |",
        "|  | (0.031) | [-0.2, 0.3] |",
        "| n | 403 |  |",
    ]
    assert note == "*** p < 0.01"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-0.047***\n(0.015)", "−0.047***\n(0.015)"),
        ("[-0.1, -0.2]", "[−0.1, −0.2]"),
        ("2010-2018 own-2 e-05", "2010-2018 own-2 e-05"),
    ],
)
def test_negative_numbers_alone_get_the_sign(text, shown):
    assert with_minus(text) == shown
