"""Ranks of true parameters are uniform for a right model, and known not to be for a wrong one."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.simulation.calibration import ranks as made
from analysis.simulation.calibration.case import Case, Part
from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.judge import is_as_expected, judge
from analysis.simulation.calibration.ranks import DRAWS, collect, ranks
from analysis.specifications import select
from data.panels.panel import load_panel
from models.bayesian.registry import find
from tests.helpers.fits import simulated

(RECORD,) = select(["8.2"])
(BASELINE,) = select(["3.2"])
ONE_CONTROL = replace(BASELINE, controls=BASELINE.controls[-1:])
"""Of fewer parameters, whose posterior takes a quarter less."""


@pytest.mark.slow
def test_the_ranks_of_a_right_model_are_uniform():
    case = Case("mundlak", "mundlak", "mundlak", batch=10)
    batches = list(ranks(case, simulated(5, 2014), RECORD, 60, workers=1))
    found, other = collect(batches), collect(reversed(batches))
    assert all(np.array_equal(other.of[name], found.of[name]) for name in found.of)
    assert {len(values) for values in found.of.values()} == {60}
    assert (found.effective >= DRAWS).all()
    assert is_as_expected(case, judge(case, found))
    again = collect(ranks(case, simulated(5, 2014), RECORD, 20, workers=1))
    assert all(np.array_equal(again.of[name], found.of[name][:20]) for name in found.of)


@pytest.mark.slow
def test_ranks_about_the_panels_own_posterior_are_uniform_given_both_outcomes(monkeypatch):
    case = Case("posterior", "mundlak", "mundlak", posterior=True)
    panel = simulated(5, 2014)
    assert is_as_expected(case, judge(case, collect(ranks(case, panel, RECORD, 60, workers=1))))
    # Outcomes that are counted twice make posteriors that are too narrow.
    counted = made.both
    monkeypatch.setattr(made, "both", lambda seen, new: counted(counted(seen, new), new))
    assert not is_as_expected(case, judge(case, collect(ranks(case, panel, RECORD, 40, workers=1))))


@pytest.mark.slow
def test_the_ranks_of_a_prior_that_did_not_make_the_data_are_not():
    case = Case("narrow", "mundlak", "mundlak", (("slope_std", 0.05),), right=False)
    judged = judge(case, collect(ranks(case, simulated(5, 2014), RECORD, 20, workers=1)))
    assert is_as_expected(case, judged)
    assert judged.loc[~judged["passes"], "parameter"].str.startswith("slope_std").any()


def test_a_part_of_a_panel_is_the_first_provinces_and_the_last_years():
    rows, record = Part(2, 5, 1).of(simulated().frame, BASELINE)
    assert rows.groupby("region")["province"].nunique().tolist() == [2, 2, 2]
    assert sorted(rows["year"].unique()) == list(range(2018, 2023))
    assert record.terms == BASELINE.terms[:2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data_sets"),
    [
        ("dynamic", 40),
        ("wrong: no Mundlak terms", 20),
        pytest.param("wrong: one shared σ", 160, marks=pytest.mark.trust),
        pytest.param("wrong: no first outcome", 40, marks=pytest.mark.trust),
    ],
)
def test_wrong_models_are_told_and_lags_are_no_mistake(name, data_sets):
    (case,) = (case for case in CASES if case.name == name)
    judged = judge(case, collect(ranks(case, simulated(), ONE_CONTROL, data_sets, workers=1)))
    assert is_as_expected(case, judged)


@pytest.mark.trust
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_is_as_it_should_be_for_a_few_data_sets(case):
    """Few are enough to tell that a right model is not far off; a wrong one takes more."""
    panel = load_panel("official", find(case.fitted).reads(BASELINE))
    size = 40 if case.right else 200
    few = replace(case, batch=40)
    judged = judge(few, collect(ranks(few, panel, BASELINE, size, workers=1)), len(CASES))
    assert is_as_expected(case, judged)
