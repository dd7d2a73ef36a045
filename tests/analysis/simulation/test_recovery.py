"""Recovery: slopes put into data are those that exact intervals hold as often as they say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.simulation import recovery
from analysis.simulation.intervals import POSTERIOR, balanced, intervals_of_least_squares
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian.registry import find, main_model

BASELINE, DYNAMIC, CENTRAL = select(["3.2", "5.1", "8.2"])


def put_in(panel, record, size, model=None):
    made, model = balanced(panel, record), model or main_model(record)
    parts = model.split(made, record)
    rng = np.random.default_rng(1)
    definition = model.module.build(parts)
    return made, parts, *recovery.data_sets(model, definition, parts, record, size, rng)


def test_intervals_of_least_squares_are_exact_where_one_region_has_one_slope(six_years):
    """Student's t, given any parameters, so over all that are drawn as well."""
    made, _, truth, outcomes = put_in(six_years, CENTRAL, 4_000, find("mundlak"))
    low, high = intervals_of_least_squares(made, outcomes, 1)[0, :, 0].T
    held = ((low <= truth["indus"]) & (truth["indus"] <= high)).sum()
    assert stats.binomtest(int(held), 4_000, 0.95).pvalue > 1e-3
    assert truth["indus"].std() > 0


def test_slopes_by_region_average_to_that_over_all_rows(six_years):
    _, parts, truth, _ = put_in(six_years, BASELINE, 20)
    assert set(truth) == {"indus", "indus:east", "indus:central", "indus:west"}
    share = np.bincount(parts.design.region) / len(parts.design.region)
    by_region = np.array([truth[f"indus:{name}"] for name in parts.design.regions])
    np.testing.assert_allclose(share @ by_region, truth["indus"], rtol=1e-9)


@pytest.mark.slow
def test_a_batch_is_estimated_by_all_and_summed_up(six_years, monkeypatch):
    monkeypatch.setattr(recovery, "main_model", lambda _: find("mundlak"))
    found = recovery.study((six_years, CENTRAL, range(4)), seed=1)
    assert found.equals(recovery.study((six_years, CENTRAL, range(4)), seed=1))
    assert (found.groupby("estimator")["truth"].nunique() == 4).all()
    # Of one slope with wide priors both go by the same rows.
    by = {name: own["estimate"].to_numpy() for name, own in found.groupby("estimator")}
    width = (found["high"] - found["low"]).mean()
    assert np.abs(by[POSTERIOR] - by["conventional"]).max() < width / 4
    told = recovery.summary(found)
    assert tuple(told.columns) == recovery.COLUMNS
    assert (told["data_sets"] == 4).all()
    later = found.assign(data_set=found["data_set"] + 4, estimate=found["estimate"] + 1e-3)
    in_order, not_in_order = (
        recovery.summary(pd.concat(each)) for each in ((found, later), (later, found))
    )
    pd.testing.assert_frame_equal(in_order, not_in_order, check_exact=True)


def test_bias_error_and_coverage_are_of_the_slopes_put_in():
    found = pd.DataFrame(
        {"panel": "official", "column": "3.2", "term": "indus", "estimator": POSTERIOR,
         "data_set": range(4), "effective": [recovery.DRAWS] * 3 + [recovery.DRAWS - 1],
         "truth": [1.0, 2.0, 3.0, 4.0], "estimate": [1.1, 2.3, 3.0, 4.0],
         "low": [0.9, 2.1, 2.9, 3.9], "high": [1.3, 2.5, 3.1, 4.1]}
    )  # fmt: skip
    (row,) = recovery.summary(found).to_dict("records")
    assert row["bias"] == pytest.approx(0.1)
    assert row["rmse"] == pytest.approx(np.sqrt(0.1 / 4))
    assert row["coverage"] == 0.75
    assert row["coverage_low"] < 0.75 < row["coverage_high"]
    assert row["width"] == pytest.approx(0.3)
    assert row["independent"] == 0.75
    assert (row["true_slope"], row["true_slope_sd"]) == (2.5, pytest.approx(1.291, abs=1e-3))
    (said,) = recovery.shown(pd.DataFrame([row])).to_dict("records")
    assert said["true slope"] == "2.500 (sd 1.291)"
    assert said["coverage"].startswith("75% [")
    slopes = ["truth", "estimate", "low", "high"]
    scores = recovery.summary(found.assign(**(found[slopes] * 1e-6)))
    (said,) = recovery.shown(scores).to_dict("records")
    assert said["true slope"] == "0.0000025 (sd 0.0000013)"
    assert said["bias"].startswith("+0.00000010 [")
    assert (said["RMSE"], said["width of 95 % intervals"]) == ("0.00000016", "0.00000030")


def test_a_dynamic_column_is_refused_in_a_sentence(six_years):
    with pytest.raises(UserError, match="analysis simulate"):
        recovery.study((six_years, DYNAMIC, range(2)), seed=1)


def test_slopes_of_a_panel_with_gaps_are_recovered(six_years):
    gappy = replace(six_years, frame=six_years.frame.drop(index=six_years.frame.index[3]))
    found = recovery.study((gappy, BASELINE, range(2)), seed=1)
    assert set(found["estimator"]) >= {"conventional", "province", "posterior"}
    assert (found["low"] < found["high"]).all()
