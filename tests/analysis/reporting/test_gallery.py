"""Every picture of figures/ is redrawn from its table, and what cannot be says by what command."""

import matplotlib
import pandas as pd
import pytest

from analysis.comparison.dynamic import EFFECT_COLUMNS
from analysis.comparison.figures import PICTURES
from analysis.reporting import gallery
from analysis.shared import plotting, products
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.products import below
from analysis.ye2024.decomposition import draw as decomposition
from tests.helpers import report_results


def test_what_there_is_is_drawn_and_the_rest_named(tmp_path):
    report_results.write(tmp_path / "results")
    found = dict(gallery.draw(Outputs(tmp_path)))
    assert {path.name for path in found["decompose"]} == {"decomposition.png", "decomposition.svg"}
    assert {path.stem for path in found["dynamic"]} == {"dynamic_effects"}
    assert {path.stem for path in found["compare"]} == {"forest_headline", "ladder_3.2"}
    assert [command for command, paths in found.items() if not paths] == [
        *("gmm-grid", "sensitivity", "horizon", "power", "calibrate", "reconstruct")
    ]


def test_a_dynamic_column_with_further_lags_has_no_responses_to_draw(tmp_path):
    row = {"panel": "official", "column": "5.1", "model": "dynamic", "slope": "average"}
    row |= {"quantity": "short_run", "median": 0.5, "low": 0.3, "high": 0.7, "share": 1.0}
    (tmp_path / "results").mkdir()
    table = pd.DataFrame([row]).reindex(columns=EFFECT_COLUMNS)
    table.to_csv(tmp_path / "results/dynamic_effects.csv", index=False)
    assert list(gallery.pictures_of("dynamic", Outputs(tmp_path))) == []


def test_every_committed_picture_is_one_that_is_redrawn():
    named = {picture.name for picture in PICTURES}
    named |= {"gmm_grid", "decomposition", "reconstruction_distance", "dynamic", "dynamic_effects"}
    named |= {"specification_curve", "specification_curves", "influence", "power"}
    named |= {"calibration", "horizon"}
    stems = {path.stem for path in (ROOT / "figures").glob("*.*") if path.suffix != ".md"}
    stems = {stem for stem in stems if not stem.startswith(("influence_", "checks_"))}
    assert stems <= named
    for path in (ROOT / "figures").glob("*.png"):
        assert path.with_suffix(".svg").is_file()


def test_a_table_that_is_read_back_draws_the_same(tmp_path):
    table = report_results.decomposition()
    first = plotting.save(decomposition.draw, table, tmp_path / "first")
    table.to_csv(tmp_path / "table.csv", index=False)
    read = pd.read_csv(tmp_path / "table.csv", dtype={"column": str})
    again = plotting.save(decomposition.draw, read, tmp_path / "again")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]


STORED = [
    picture
    for picture in gallery.every()
    if picture.suffix == "csv"
    and below(ROOT / "results/", picture.table).is_file()
    and products.find(picture.table).long
]


@pytest.mark.parametrize("picture", STORED, ids=lambda picture: picture.table)
@pytest.mark.parametrize("width", [plotting.COLUMN, plotting.PAGE])
def test_a_picture_has_a_journals_width_and_no_word_leaves_it(picture, width):
    path = below(ROOT / "results", picture.table)
    with plotting.at_width(width), matplotlib.rc_context(plotting.STYLE):
        name, rows = next(iter(picture.frames((picture.read or gallery._csv)(path))))
        figure = picture.draw(rows)
        figure.draw_without_rendering()
    drawn_wide = plotting.PAGE if name == "specification_curve" else width
    assert figure.get_figwidth() * 2.54 == pytest.approx(drawn_wide)
    keys = [text for legend in figure.legends for text in legend.get_texts()]
    named = [
        text for axes in figure.axes for text in (axes.title, axes._left_title, axes.xaxis.label)
    ]
    left, right = figure.bbox.x0 - 2, figure.bbox.x1 + 2
    off = [
        text.get_text()
        for text in (*keys, *named)
        if text.get_text().strip()
        and not left <= text.get_window_extent().x0 <= text.get_window_extent().x1 <= right
    ]
    assert off == []
