"""Every picture of figures/ is redrawn from its table, and what cannot be says by what command."""

from collections.abc import Callable, Iterator
from itertools import combinations

import matplotlib
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.comparison import dynamic_figures, figures, page_size
from analysis.comparison.dynamic import EFFECT_COLUMNS
from analysis.comparison.figures import PICTURES
from analysis.reporting import gallery
from analysis.robustness import horizon
from analysis.shared import plotting, products
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.products import below
from analysis.simulation.calibration import draw as calibration
from analysis.ye2024.decomposition import draw as decomposition
from tests.helpers import full_size, report_results
from tests.helpers.pictures import leave_unrendered


def test_what_there_is_is_drawn_and_the_rest_named(tmp_path, monkeypatch):
    leave_unrendered(monkeypatch)
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


MADE_UP = {
    "forest_headline": (figures.forest, full_size.slopes),
    "ladder_3.2": (figures.ladder, full_size.slopes),
    "ladder": (figures.ladders, full_size.steps),
    "dynamic": (dynamic_figures.draw, full_size.dynamics),
    "dynamic_effects": (dynamic_figures.draw_effects, full_size.responses),
    "horizon": (horizon.draw, full_size.horizons),
    "decomposition": (decomposition.draw, full_size.gaps),
    "calibration": (calibration.draw, full_size.ranks),
}
"""Pictures of tables that are not committed, as large as the real ones."""


def stored() -> Iterator[tuple[str, Callable, Callable]]:
    """Yield the pictures of the tables that are committed: name, what draws it, its rows."""
    for picture in gallery.every():
        path = below(ROOT / "results", picture.table)
        if picture.suffix == "csv" and path.is_file() and products.find(picture.table).long:
            for name, rows in picture.frames((picture.read or gallery._csv)(path)):
                yield name, picture.draw, lambda rows=rows: rows


DRAWN = [*stored(), *((name, *how) for name, how in MADE_UP.items())]


def words(figure: Figure) -> Iterator[Text]:
    """Yield what is written on a figure: titles, names and ticks of axes, keys, numbers."""
    yield from figure.texts
    yield from (text for legend in figure.legends for text in legend.get_texts())
    for axes in figure.axes:
        yield from (axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if low <= tick.get_loc() <= high:
                    yield tick.label1


def test_every_picture_of_the_gallery_is_drawn_here():
    assert {name for name, *_ in DRAWN} >= set(gallery.captions())


@pytest.mark.parametrize(("name", "draw", "rows"), DRAWN, ids=[name for name, *_ in DRAWN])
@pytest.mark.parametrize("width", [plotting.COLUMN, plotting.PAGE])
def test_a_picture_has_a_journals_size_and_words_that_can_be_read(name, draw, rows, width):
    with plotting.at_width(width), matplotlib.rc_context(plotting.STYLE):
        figure, _ = page_size.fitted(draw, rows())
        figure.draw_without_rendering()
    assert figure.get_figwidth() * 2.54 == pytest.approx(width)
    assert figure.get_figheight() * 2.54 <= 24.0001
    written = [text for text in words(figure) if text.get_visible() and text.get_text().strip()]
    assert min(text.get_fontsize() for text in written) >= 6
    boxes = {text: text.get_window_extent() for text in written}
    edge = figure.bbox.padded(2)
    outside = [
        text.get_text()
        for text, box in boxes.items()
        if not (edge.x0 <= box.x0 and box.x1 <= edge.x1 and edge.y0 <= box.y0 and box.y1 <= edge.y1)
    ]
    assert outside == []
    straight = [text for text in written if text.get_rotation() % 90 == 0]
    across = [
        (one.get_text(), other.get_text())
        for one, other in combinations(straight, 2)
        if boxes[one].padded(-1).overlaps(boxes[other].padded(-1))
    ]
    assert across == []
