"""Ends of scalars under the printed numbers."""

import numpy as np
import pytest

from analysis.ye2024.reconstruction import bounds, run
from analysis.ye2024.reconstruction.nearest import Iterate, Program, optimality, search
from data.panels.catalogue import ensemble_members
from data.panels.panel import load_panel
from data.ye2024.definitions import COLUMNS
from tests.analysis.ye2024.reconstruction.test_nearest import WIDE, ellipse


@pytest.mark.parametrize("sign", [1, -1])
def test_the_ends_of_a_linear_function_on_an_ellipse(sign):
    # z₀ + z₁ on z₀²/4 + z₁² = 1 goes from −√5 to √5.
    direction = np.array([1.0, 1.0])
    program = Program(ellipse, -WIDE, WIDE, lambda z: sign * direction)
    first = Iterate.start(program, np.array([0.5, 1.0]))
    *_, (at, point) = search(program, first, 300)
    assert direction @ at.z == pytest.approx(-sign * np.sqrt(5), abs=1e-3)
    assert optimality(program, at.z, point).residual < 0.02
    met = search(program, first, 0)
    *_, (at, point) = met
    assert optimality(program, at.z, point).residual > 0.2


def test_a_panel_that_misses_a_number_is_not_exact():
    panel = load_panel("implied", COLUMNS)
    refused = panel.exact_but
    assert bounds.exact(panel.frame, refused)
    assert not bounds.exact(panel.frame.assign(fin=panel.frame["fin"] * 1.02), refused)


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_once")
def test_an_end_is_looked_for_and_taken_up_again(tmp_path, monkeypatch):
    two, told = ensemble_members()[:2], []
    monkeypatch.setattr(bounds, "ensemble_members", lambda: two)
    wanted = [("3.2", "indus", "region weights")]
    table = bounds.bounds(tmp_path, told.append, starts=1, steps=4, wanted=wanted)
    assert list(table.columns) == list(bounds.COLUMNS_OF_BOUNDS)
    assert list(table["end"]) == ["least", "greatest"]
    least, greatest = table["found"]
    assert least < table["implied"].iloc[0] < greatest
    assert table["exact"].all()
    assert (table["distance"] < 0.5).all()
    assert table["residual"].between(0, 1).all()
    assert any("approach 3" in text for text in told)

    told.clear()
    monkeypatch.setattr(bounds, "exact", lambda *_: True)  # of the same panels, as is seen below
    again = bounds.bounds(tmp_path, told.append, starts=1, steps=4, wanted=wanted)
    np.testing.assert_array_equal(again["found"], table["found"])
    assert all("settle" in text for text in told)
    assert run.restore(next(tmp_path.glob("bounds-*.npz"))).phase == "settle"
