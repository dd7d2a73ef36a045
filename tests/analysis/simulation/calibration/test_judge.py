"""Ranks that are not uniform are told from those that are, as often as it is said."""

import numpy as np
import pytest
from arviz_stats.ecdf_utils import ecdf_pit
from scipy import stats

from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.judge import (
    LEVEL,
    band,
    counts,
    failures,
    inside,
    is_as_expected,
    judge,
    summary,
)
from analysis.simulation.calibration.ranks import DRAWS
from tests.helpers.ranks import drawn, shifted, too_narrow


@pytest.mark.parametrize("spoil", [None, shifted, too_narrow])
def test_ranks_are_judged_by_their_distance_from_uniform(spoil):
    (case, *_) = CASES
    judged = judge(case, drawn(1_000, spoil))
    assert len(judged) == 30
    assert is_as_expected(case, judged) == (spoil is None)
    assert judged.loc[~judged["passes"], "parameter"].tolist() == ["a[3]"] * (spoil is not None)
    assert (judged["outside"] > 0).tolist() == (~judged["passes"]).tolist()
    assert summary(judged)["not uniform"].tolist() == [int(spoil is not None)]
    assert failures(judged) == [case.name] * (spoil is not None)


def test_what_lies_at_an_end_leaves_the_band_before_it_is_far_from_uniform():
    """Kolmogorov's distance hardly sees the tails, where the band is narrow."""

    def clumped(ranks: np.ndarray) -> None:
        ranks[:20] = 0

    (case, *_) = CASES
    judged = judge(case, drawn(1_000, clumped)).set_index("parameter")
    assert judged.loc["a[3]", "p"] > LEVEL / 30
    assert not judged.loc["a[3]", "passes"]


@pytest.mark.parametrize("size", [40, 200])
def test_ranks_that_are_uniform_are_inside_a_band_as_often_as_it_says(size):
    low, high = band(size, 1)
    assert 1 - LEVEL <= inside(size, low, high) < 1 - LEVEL / 2
    found = np.random.default_rng(3).integers(0, DRAWS + 1, size=(4_000, size))
    held = np.mean([((low <= c) & (c <= high)).all() for c in map(counts, found)])
    assert stats.binomtest(int(held * 4_000), 4_000, inside(size, low, high)).pvalue > 1e-3
    wider = band(size, 50)
    assert (wider[0] <= low).all()
    assert (wider[1] >= high).all()


def test_a_band_is_arvizs_but_for_its_simulation():
    """ArviZ's points are as many as its values: those of 256 possible ranks if that is 256."""
    size = DRAWS + 1
    _, _, low, high = ecdf_pit(np.linspace(0, 1, size), 1 - LEVEL, 20_000)
    found = band(size, 1)
    for own, theirs in zip(found, (low, high), strict=True):
        assert np.abs(own - size * theirs[1:-1]).max() <= 1
