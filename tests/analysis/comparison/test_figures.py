"""Figures: what they are drawn from, and that every picture is drawn, the same each time."""

import pandas as pd
import pytest

from analysis.comparison import ladder
from analysis.comparison.figures import PICTURES, draw, estimates, forest, headline, ladders
from analysis.comparison.ladder import TWFE
from analysis.shared import plotting
from analysis.specifications import HEADLINE, STATIC
from data.panels.catalogue import PANELS
from data.shared.errors import UserError
from models.bayesian.registry import LADDER, MAIN, MODELS, find
from tests.helpers.results import comparison, replication


def of_every_column(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with 3.2's rows for all static columns that it has not got."""
    own = table[table["column"] == "3.2"]
    others = [
        own.assign(column=r.column, fitted_column=r.column, table=r.table, term=r.interest[0])
        for r in STATIC
        if not (table["column"] == r.column).any()
    ]
    return pd.concat([table, *others])[list(table)]


@pytest.fixture
def results(tmp_path):
    for name, table in (("replication", replication()), ("comparison", comparison())):
        of_every_column(table).to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def test_estimates_stack_twfe_and_posteriors():
    rows = estimates(replication(), comparison())
    twfe = rows[(rows["model"] == TWFE) & (rows["column"] == "8.2")].iloc[0]
    assert (twfe["estimate"], twfe["published"], twfe["published_se"]) == (0.2, -0.047, 0.015)
    assert twfe["high"] - twfe["low"] == pytest.approx(2 * 1.96 * 0.1, abs=1e-4)
    assert len(rows) == 4 + len(comparison())


def test_every_picture_is_drawn_the_same_each_time(results, tmp_path):
    first = draw(results, tmp_path / "a")
    again = draw(results, tmp_path / "b")
    names = {f"{picture.name}.{form}" for picture in PICTURES for form in plotting.FORMATS}
    assert {path.name for path in first} == names
    for one, other in zip(first, again, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_the_ladder_of_some_columns_does_not_take_the_place_of_all(results, tmp_path):
    comparison().to_csv(results / "comparison.csv", index=False)
    names = {path.stem for path in draw(results, tmp_path / "figures")}
    assert names == {picture.name for picture in PICTURES} - {"ladder"}


def test_the_forest_has_a_line_for_each_estimate(results):
    rows = estimates(replication(), comparison())
    for axes, column in zip(forest(rows).axes, HEADLINE, strict=True):
        assert len(axes.containers) == (rows["column"] == column).sum()


def test_the_forest_of_the_headline_leaves_out_models_that_are_sampled_by_name():
    found = set(headline(replication(), comparison())["model"])
    assert found >= {TWFE, "flat", *LADDER}
    assert found.isdisjoint(model.name for model in MODELS if model.extra)


def test_what_was_not_estimated_has_no_frame():
    rows = estimates(replication(), comparison())
    figure = forest(rows[rows["column"].isin(["3.2", "8.1", "8.2"])])
    assert [axes.get_title(loc="left")[:3] for axes in figure.axes] == ["3.2", "8.1", "8.2"]


def test_a_model_has_the_same_place_in_all_frames_and_a_name_that_says_whose_slope_it_is():
    rows = estimates(replication(), comparison())
    only = rows[rows["model"].isin([TWFE, MAIN])]
    both = pd.concat([only, only.iloc[-1:].assign(fitted_column="8.3")])
    names = [label.get_text() for label in forest(only).axes[0].get_yticklabels()]
    assert [name.replace("\n", " ") for name in names] == ["TWFE", find(MAIN).label]
    names = [label.get_text() for label in forest(both).axes[0].get_yticklabels()]
    assert names[-1].replace("\n", " ") == f"{find(MAIN).label} of 3.2"


def test_a_failed_fit_is_drawn_hollow():
    rows = estimates(replication(), comparison())
    rows.loc[rows["model"] == "flat", "gate"] = "fail"
    faces = [
        line.get_markerfacecolor()
        for axes in forest(rows).axes
        for line in axes.lines
        if line.get_marker() == "o" and len(line.get_xdata())
    ]
    assert faces.count("white") == (rows["gate"] == "fail").sum()


def test_the_ladder_has_a_bar_for_each_step_and_a_square_for_the_largest_move():
    steps = ladder.table(replication(), comparison())
    frames = ladders(steps).axes
    assert [axes.get_title(loc="left").split()[0] for axes in frames] == list(HEADLINE)
    markers = [line.get_marker() for line in frames[0].lines if len(line.get_xdata())]
    assert markers.count("o") == (steps["column"] == "3.2").sum()
    assert markers.count("s") == 1


def test_a_panel_has_one_colour_whatever_stands_beside_it():
    names = [kind.name for kind in PANELS]
    every = plotting.colours([*names, "own-mine"])
    assert len(set(every.values())) == len(names) + 1
    for some in (names[::-1], names[2:], ["own-mine", names[1]]):
        assert plotting.colours(some) == {name: every[name] for name in some}


def test_missing_tables_are_named(tmp_path):
    with pytest.raises(UserError, match=r"replication\.csv.*analysis replicate"):
        draw(tmp_path, tmp_path)
