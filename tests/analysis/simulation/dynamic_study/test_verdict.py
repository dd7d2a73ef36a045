"""Whether ρ > 1 is in the data is said by the rule."""

import pandas as pd
import pytest

from analysis.simulation.dynamic_study import verdict as words
from models.design import LAG
from tests.helpers.dynamic_study import judged

PRINTED = "printed"


@pytest.mark.parametrize(
    ("own_low", "printed_low", "alarms", "verdict"),
    [
        (1.02, 1.08, 0.01, words.IN_DATA),
        (1.02, 0.90, 0.01, words.IN_DATA),
        (0.97, 1.08, 0.01, words.ESTIMATOR_BIAS),
        (1.02, 1.08, 0.10, words.ESTIMATOR_BIAS),
        (0.97, 0.90, 0.01, words.NEITHER),
    ],
)
def test_whether_rho_above_one_is_in_the_data(own_low, printed_low, alarms, verdict):
    keys = {"panel": "p", "column": "5.1", "term": LAG, "high": 1.2}
    table = pd.DataFrame(
        [
            keys | {"estimator": "dynamic", "low": own_low},
            keys | {"estimator": PRINTED, "low": printed_low},
        ]
    )
    ranked = pd.DataFrame([{"estimator": "dynamic", "false_positive_rate": alarms}])
    assert words.verdicts(table, ranked, "dynamic", PRINTED)["verdict"].tolist() == [verdict]


def test_the_answer_is_one_recommendation_and_a_sentence_a_column():
    own = judged(below=(0.1, 0.0, True), above=(0.1, 1.0, False))
    wide = judged(below=(2.0, 0.0, True), above=(2.0, 0.5, True))
    found = pd.concat([own.assign(estimator="dynamic"), wide.assign(estimator="difference_gmm")])
    found = found.assign(coverage=0.6)
    keys = {"panel": "p", "term": LAG, "coef": 1.1, "high": 1.2, "gate": "pass"}
    table = pd.DataFrame(
        [
            keys | {"column": column, "estimator": name, "low": low}
            for column, lows in (("5.1", (1.02, 0.7, 1.08)), ("5.2", (0.9, 0.7, 1.08)))
            for name, low in zip(("dynamic", "difference_gmm", PRINTED), lows, strict=True)
        ]
    )
    first, lag, *columns = words.answer(table, found, PRINTED).split("\n\n")
    assert first.startswith(
        "Recommended by the rule is dynamic, given the first year. Its interval"
    )
    assert "score is at most 1.0 times the smallest of a cell" in first
    assert "Next is difference GMM, at most 20.0 times" in first
    assert "in 2 of 4 cells, not in above (L.y: 60%), above (indus: 60%)." in first
    assert "Where ρ > 1 its interval lies above 1 in 101% (above) of data sets." in first
    assert lag == words.ACCELERATION
    assert columns[0] == "5.1: ρ is 1.100 [1.020, 1.200] (p): ρ > 1 is in the data."
    assert columns[1].endswith("(p): the printed ρ > 1 is not supported.")
    # Difference GMM recommended, and not run: said so.
    lacking = words.answer(table[table["estimator"] == PRINTED], found, PRINTED)
    assert "was not run" in lacking
