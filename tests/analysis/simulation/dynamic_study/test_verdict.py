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


def test_the_answer_is_the_recommended_estimators_and_the_closest_one_is_said_not_to_count():
    own = judged(below=(0.1, 0.0, True), above=(0.1, 1.0, False))
    wide = judged(below=(2.0, 0.0, True), above=(2.0, 0.5, True))
    gmm = judged(below=(0.5, 0.2, False), above=(0.5, 1.0, False))
    named = {"dynamic": own, "difference_gmm": wide, "system_gmm": gmm}
    found = pd.concat([rows.assign(estimator=name) for name, rows in named.items()])
    found = found.assign(coverage=0.6)
    lows = {
        "dynamic": 1.02,
        "difference_gmm": 0.7,
        "system_gmm": 1.05,
        PRINTED: 1.08,
    }
    keys = {"panel": "p", "column": "5.1", "term": LAG, "high": 1.2}
    table = pd.DataFrame([keys | {"estimator": e, "low": low} for e, low in lows.items()])
    first, said, closest, besides = words.answer(table, found, PRINTED).split("\n\n")
    assert first.startswith("Recommended by the rule is difference GMM: its intervals hold in 4 ")
    assert "Where ρ > 1 its interval is above 1 in 51% (above) of data sets." in first
    assert "Estimator bias for 5.1 on p." in said
    assert "does not count" in closest
    assert "above (L.y: 60%)" in closest
    assert "In the data for 5.1 on p." in besides
    # Where the closest is recommended, nothing is said besides.
    found.loc[found["estimator"] == "dynamic", "holds"] = True
    assert len(words.answer(table, found, PRINTED).split("\n\n")) == 2
