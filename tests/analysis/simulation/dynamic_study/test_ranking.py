"""Estimators are judged by their errors and intervals, and ranked by the rule."""

import numpy as np
import pandas as pd
import pytest

from analysis.shared.scoring import assess
from analysis.simulation.dynamic_study import ranking
from tests.helpers.dynamic_study import judged


def test_an_estimator_is_judged_by_its_errors_and_intervals():
    estimate = np.array([0.9, 1.1, 1.2, np.nan])
    found = assess(estimate, estimate - 0.15, estimate + 0.15, 1.0)
    assert found["data_sets"] == 4
    assert found["estimated"] == 3
    assert found["bias"] == pytest.approx(0.2 / 3)
    assert found["rmse"] == pytest.approx(np.sqrt((0.01 + 0.01 + 0.04) / 3))
    assert found["coverage"] == 0.5  # the last is not covered, nor is that without an estimate
    assert found["above_one"] == 0.25
    assert not assess(estimate, estimate + 1, estimate + 2, 1.0)["holds"]


def test_the_worst_cell_decides_and_the_mean_between_equals():
    made = {
        "even": judged(below=(0.2, 0.0, True), above=(0.2, 1.0, True)),
        "as even": judged(below=(0.205, 0.01, False), above=(0.1, 1.0, False)),
        "best once": judged(below=(0.1, 0.0, True), above=(0.6, 1.0, True)),
        "often none": judged(below=(0.1, 0.0, True), above=(0.1, 1.0, True)),
    }
    found = pd.concat([rows.assign(estimator=name) for name, rows in made.items()])
    found.loc[found["estimator"] == "often none", "estimated"] = 90
    ranked = ranking.ranking(found)
    assert ranked["estimator"].tolist() == ["as even", "even", "best once", "often none"]
    assert ranked["complete"].tolist() == [True, True, True, False]
    assert ranked["worst_score"].tolist() == pytest.approx([2.05, 2.0, 6.0, 1.0])
    assert ranked.loc[2, "worst_cell"] == "above"
    assert ranked.loc[0, "mean_score"] == pytest.approx(np.sqrt(2.05))
    assert ranked["holds"].tolist() == [0, 4, 4, 4]
    assert ranked.loc[0, "false_positive_rate"] == 0.01


def test_of_numbers_out_of_all_bounds_no_digit_is_shown_and_a_note_says_why():
    rows = pd.DataFrame(
        {"cell": "a", "estimator": ["within", "kiviet"], "bias": [-0.1234, 3.2e20],
         "rmse": [0.2, 4e20], "coverage": 0.5, "holds": [True, False]}
    )  # fmt: skip
    (line,) = ranking.side_by_side(rows).to_dict("records")
    assert list(line.values())[1:] == ["-0.123 0.200 50%", ">10 >10 50% ✗"]
    assert "shown as >10 or <−10 (Kiviet's correction)" in ranking.far(rows)
    assert ranking.far(rows.iloc[:1]) == ""
