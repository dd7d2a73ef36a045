"""Fits are timed in a process of a tree, and their posteriors compared."""

import numpy as np
import pytest

from analysis.benchmark import fits
from analysis.benchmark.fits import Child, Timed
from analysis.shared.outputs import ROOT
from data.shared.errors import UserError


def test_a_model_that_is_not_timed_is_one_sentence():
    assert fits.chosen(()) == list(fits.TIMED)
    with pytest.raises(UserError, match="'flat' is not timed: choose among growth, "):
        fits.chosen(["flat"])


def test_two_trees_are_timed_in_turn_and_their_posteriors_compared(tmp_path):
    trees = [(ROOT, "official"), (ROOT, "official-census4")]
    row = fits._row(Timed("flat", target=1.0), trees, 1, tmp_path)
    assert set(row) == set(fits.COLUMNS)
    assert 0 < row["cpu_s"] < row["first_cpu_s"]
    assert 0 < row["before_cpu_s"] < row["before_first_cpu_s"]
    assert row["ratio"] == pytest.approx(row["before_cpu_s"] / row["cpu_s"])
    assert np.isfinite([row["z_mean"], row["z_sd"]]).all()
    assert row["agreement"] == "differs"  # two panels


class Instant(Child):
    """A process that would take a second for its first fit, half of one for the next."""

    def __init__(self, *_: object) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass

    def time(self, seed: int) -> float:
        return 1 / seed


def test_a_model_without_an_earlier_one_is_timed_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(fits, "Child", Instant)
    row = fits._row(Timed("flat", most=6.0), [(ROOT, "official")], 1, tmp_path)
    assert (row["first_cpu_s"], row["cpu_s"], row["target"]) == (1.0, 0.5, 6.0)
    assert "ratio" not in row


def test_a_process_that_ends_says_why(tmp_path):
    with (
        Child(Timed("no_such_model"), ROOT, "official", tmp_path) as child,
        pytest.raises(RuntimeError, match=r"no_such_model in .* ended: "),
    ):
        child.time(1)
