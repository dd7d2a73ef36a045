"""A page has room for a picture: it is squeezed, or shows the headline alone and says so."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.comparison import page_size
from analysis.comparison.page_size import HEADLINE_ALONE, HIGHEST, fitted
from analysis.specifications import HEADLINE

COLUMNS = pd.DataFrame({"column": [*HEADLINE, "5.1", "5.2", "5.3", "5.4"]})


def drawing(rows: pd.DataFrame, cm_a_row: float = 10.0) -> Figure:
    figure = Figure(figsize=(4, cm_a_row * len(rows) / 2.54))
    figure.text(0, 0, f"{len(rows)} rows", fontsize=4)
    return figure


@pytest.mark.parametrize(
    ("cm_a_row", "shown", "height"),
    [
        (2.0, 8, 16.0),
        (4.0, 8, HIGHEST),
        (5.0, 4, 20.0),
        (10.0, 4, HIGHEST),
    ],
)
def test_a_picture_is_squeezed_by_a_third_and_has_fewer_columns_beyond(cm_a_row, shown, height):
    figure, left_out = fitted(lambda rows: drawing(rows, cm_a_row), COLUMNS)
    assert figure.get_figheight() * 2.54 == pytest.approx(height)
    assert figure.texts[0].get_text() == f"{shown} rows"
    assert left_out == (HEADLINE_ALONE if shown < len(COLUMNS) else "")
    assert figure.texts[0].get_fontsize() == page_size.SMALLEST


def test_a_picture_of_other_columns_than_the_headline_shows_them_all():
    dynamic = COLUMNS[~COLUMNS["column"].isin(HEADLINE)]
    assert fitted(drawing, dynamic)[0].texts[0].get_text() == "4 rows"
    figure, left_out = fitted(drawing, pd.DataFrame({"series": ["a"] * 5}))
    assert (figure.texts[0].get_text(), left_out) == ("5 rows", "")


def test_the_file_says_what_its_picture_leaves_out(tmp_path):
    paths = page_size.save(drawing, COLUMNS, tmp_path / "picture", "Slopes.")
    said = f"Slopes. {HEADLINE_ALONE}"
    assert [said.encode() in path.read_bytes() for path in paths] == [True, True]
