"""Ranks of true parameters are uniform for a right model, and known not to be for a wrong one."""

import numpy as np
import pytest

from analysis import calibrate
from analysis.calibrate import CASES, DRAWS, Case, as_it_should, collect, judge, ranks, summary
from analysis.specifications import select
from tests.fits import simulated

(RECORD,) = select(["8.2"])


@pytest.mark.slow
def test_the_ranks_of_a_right_model_are_uniform():
    case = Case("mundlak", "mundlak", "mundlak")
    found = collect(ranks(case, simulated(5, 2014), RECORD, 60, workers=1))
    assert {len(values) for values in found.values()} == {60}
    judged = judge(case, found)
    assert as_it_should(case, judged)
    again = collect(ranks(case, simulated(5, 2014), RECORD, 20, workers=1))
    assert all(np.array_equal(again[name], found[name][:20]) for name in found)


@pytest.mark.slow
def test_ranks_about_the_panels_own_posterior_are_uniform_given_both_outcomes(monkeypatch):
    case = Case("posterior", "mundlak", "mundlak", posterior=True)
    panel = simulated(5, 2014)
    assert as_it_should(case, judge(case, collect(ranks(case, panel, RECORD, 60, workers=1))))
    # Outcomes that are counted twice make posteriors that are too narrow.
    counted = calibrate.both
    monkeypatch.setattr(calibrate, "both", lambda seen, new: counted(counted(seen, new), new))
    assert not as_it_should(case, judge(case, collect(ranks(case, panel, RECORD, 60, workers=1))))


@pytest.mark.slow
def test_the_ranks_of_a_prior_that_did_not_make_the_data_are_not():
    case = Case("narrow", "mundlak", "mundlak", (("slope_std", 0.05),), right=False)
    judged = judge(case, collect(ranks(case, simulated(5, 2014), RECORD, 40, workers=1)))
    assert as_it_should(case, judged)
    assert judged.loc[~judged["passes"], "parameter"].str.startswith("slope_std").any()


def shifted(ranks: np.ndarray) -> None:
    ranks[:150] = 0  # too often the smallest


def too_narrow(ranks: np.ndarray) -> None:
    ranks[:75], ranks[75:150] = 0, DRAWS


@pytest.mark.parametrize("spoil", [None, shifted, too_narrow])
def test_ranks_are_judged_by_their_distance_from_uniform(spoil):
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, DRAWS + 1, size=(1_000, 30))
    if spoil:
        spoil(drawn[:, 3])
    (case, *_) = CASES
    judged = judge(case, {"a": drawn[:, :10], "b": drawn[:, 10:]})
    assert len(judged) == 30
    assert as_it_should(case, judged) == (spoil is None)
    assert judged.loc[~judged["passes"], "parameter"].tolist() == ["a[3]"] * (spoil is not None)
    assert summary(judged)["not uniform"].tolist() == [int(spoil is not None)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dynamic", "wrong: no first outcome"])
def test_outcomes_that_are_the_next_years_regressors_are_calibrated_too(name):
    (case,) = (case for case in CASES if case.name == name)
    (record,) = select(["3.2"])
    judged = judge(case, collect(ranks(case, simulated(), record, 40, workers=1)))
    assert as_it_should(case, judged)
