"""ArviZ's pictures of a trace: what each shows, and that a trace without a group lacks one."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.image import imread

from analysis.posterior import pictures, trace
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.specifications import select
from models.bayesian.registry import find
from tests.helpers.fits import simulated

NAMES = [picture.name for picture in pictures.PICTURES]


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    (record,) = select(["3.2"])
    return fit(Job(simulated(), record, find("hierarchical")), Settings(draws=100, chains=2))


def words(figure: Figure) -> str:
    """Return all that is written on a figure."""
    texts = [text.get_text() for axes in figure.axes for text in axes.findobj(plt.Text)]
    keys = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return " ".join(" ".join(texts + keys).split())


def test_ranks_are_of_slopes_of_interest_and_scales_by_name(tree):
    figure = pictures.ranks(tree)
    said = words(figure)
    assert len(figure.axes) == 2 * 7  # slope; slope and scale of three regions
    for label in ("slope indus", "slope_region indus, east", "sigma west"):
        assert label in said
    assert "stru" not in said
    assert plt.get_fignums() == []


def test_the_data_are_drawn_beside_fifty_predicted_data_sets(tree):
    figure = pictures.replicates(tree)
    (axes,) = figure.axes
    assert len(axes.lines) == pictures.REPLICATES + 1
    assert {"data", "produ"} <= set(words(figure).split())


def test_rows_left_out_have_a_line_at_the_largest_trusted_k(tree):
    (axes,) = pictures.khat(tree).axes
    heights = {round(float(y), 3) for line in axes.lines for y in np.atleast_1d(line.get_ydata())}
    assert pictures.TRUSTED_K in heights
    assert axes.get_ylabel() == "Pareto k̂"


def test_prior_and_likelihood_are_scaled_side_by_side(tree):
    figure = pictures.sensitivity(tree)
    assert len(figure.axes) == 2
    said = words(figure)
    assert all(name in said for name in ("indus, prior", "indus, likelihood", "power of 0.8"))
    assert len(figure.legends) == 1


def test_each_is_written_twice_the_same_and_none_is_blank(tree, tmp_path):
    path = tmp_path / "traces/own-simulated/3.2-hierarchical.nc"
    trace.write(tree, path)
    first, second = (list(pictures.draw(path, tmp_path / name)) for name in ("a", "b"))
    stems = [f"3.2-hierarchical-{name}" for name in NAMES for _ in range(2)]
    assert [each.stem for each in first] == stems
    assert [each.read_bytes() for each in first] == [each.read_bytes() for each in second]
    for each in first[::2]:
        pixels = imread(each)[..., :3]
        assert 0.005 < (pixels.min(axis=2) < 0.9).mean() < 0.5


def test_a_trace_without_a_group_has_no_picture_of_it(tree, tmp_path):
    path = tmp_path / "traces/own-simulated/3.2-hierarchical.nc"
    trace.write(tree, path)
    kept = trace.read(path)
    del kept["log_prior"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "read", lambda *_, **__: kept)
        drawn = list(pictures.draw(path, tmp_path))
    assert {each.stem.rpartition("-")[2] for each in drawn} == set(NAMES) - {"psense"}
