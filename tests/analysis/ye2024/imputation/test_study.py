"""Cells of complete simulated panels are deleted as the real gaps lie, and drawn."""

import numpy as np
import pandas as pd
import pytest

from analysis.shared.outputs import ROOT
from analysis.shared.products import find
from analysis.ye2024.imputation import simulated_panels, study
from data.ye2024.official import YEARS


@pytest.fixture(scope="module")
def truth():
    return simulated_panels.simulate(np.random.default_rng(4))


def test_cells_are_deleted_where_the_official_series_have_gaps():
    gone = simulated_panels.pattern()
    assert sum(each.sum() for each in gone.missing.values()) == 752
    waste = gone.missing["solid_waste_utilization_rate"]
    assert waste[:, : YEARS.index(2016)].all()
    assert not waste[:, YEARS.index(2016) :].any()
    assert gone.missing["energy_consumption"].sum(axis=1).max() == len(YEARS)
    assert gone.known.sum(axis=0).tolist() == [0, 0, 31, 0, 0, 31, 0, 31, 1]


def test_draws_leave_what_is_known_and_move_the_whole_index(truth):
    imputer = simulated_panels.Imputer(truth)
    z = np.random.default_rng(5).standard_normal((3, imputer.size))
    y, x = imputer.construct(z)
    whole_y, whole_x = truth.complete()
    assert y.shape == (3, 31, 13)
    assert (np.abs(y - whole_y).std(axis=(1, 2)) > 0).all()
    known_since = simulated_panels.STATE  # the sum over provinces is known from then on
    np.testing.assert_allclose(x[:, :, known_since:], whole_x.repeat(3, 0)[:, :, known_since:])


def test_pooled_intervals_hold_the_true_slope_in_at_least_92_percent():
    table = study.estimates(range(25), seed=1, draws=5, with_outcome=0)
    scores = study.summary(table, 5).set_index("method")
    assert scores.loc["without", "coverage"] >= 0.92
    assert scores.loc["without", "width"] > scores.loc["single", "width"]
    assert scores.loc["without", "relative_bias"] < 0


TABLE = ROOT / find("imputation_study").file


@pytest.fixture(scope="module")
def long():
    return pd.read_csv(TABLE).set_index("method")


def test_in_the_long_study_pooled_intervals_hold_at_least_92_percent(long):
    assert long.loc["without", "data_sets"] >= 100
    assert long.loc["without", "coverage"] >= 0.92
    assert long.loc["complete", "coverage"] >= 0.90


def test_draws_without_the_outcome_attenuate_and_those_with_it_do_less(long):
    bias = long["relative_bias"]
    assert bias["without"] < -0.03
    assert abs(bias["with"]) < abs(bias["without"])


def test_scores_are_those_of_estimates_written_by_hand():
    rows = []
    for number, (complete, filled) in enumerate([(1.0, 0.8), (3.0, 2.4)]):
        rows.append((number, "complete", complete, complete - 3, complete + 3, np.nan))
        rows.append((number, "without", filled, filled - 0.5, filled + 0.5, 0.2))
    table = pd.DataFrame(rows, columns=["data_set", "method", "estimate", "low", "high", "share"])
    scores = study.summary(table, 7).set_index("method")
    assert scores["true_slope"].tolist() == [2, 2]
    assert scores.loc["without", "bias"] == pytest.approx(-0.4)
    assert scores.loc["without", "relative_bias"] == pytest.approx(-0.2)
    assert scores.loc["without", "coverage"] == 0.5
    assert scores.loc["without", "draws"] == 7
    assert scores.loc["without", "share"] == pytest.approx(0.2)
