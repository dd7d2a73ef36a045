"""Pooling over panels against a plain calculation."""

import pandas as pd
import pytest

from analysis.comparison.ensemble import RANGE, is_member, pool, with_range
from tests.helpers.results import comparison


def test_within_and_between_variance_are_kept_apart():
    panels = ["implied", "implied-01", "implied-02", "own-implied-03"]
    rows = pd.DataFrame({"panel": panels, "mean": [9.0, 1.0, 3.0, 9.0], "sd": [9.0, 3.0, 4.0, 9.0]})
    keys = {"column": "3.2", "model": "flat", "fitted_column": "3.2", "term": "indus"}
    rows = rows.assign(**keys, published=0.105, gate="pass")
    assert is_member(rows["panel"]).tolist() == [False, True, True, False]
    (found,) = pool(rows).to_dict("records")
    assert (found["panels"], found["mean"], found["lowest"], found["highest"]) == (2, 2, 1, 3)
    assert found["within_sd"] == pytest.approx(12.5**0.5)
    assert found["between_sd"] == pytest.approx(2**0.5)
    assert found["sd"] == pytest.approx((12.5 + 1.5 * 2) ** 0.5)


def test_without_an_ensemble_there_is_nothing_to_pool():
    rows = pd.DataFrame({"panel": ["official"], "mean": [1.0], "sd": [1.0]})
    rows = rows.assign(column="3.2", model="flat", fitted_column="3.2", term="indus", gate="pass")
    assert pool(rows).empty


def test_fits_that_failed_their_gate_are_not_pooled():
    panels = [f"implied-0{i}" for i in range(1, 5)]
    rows = pd.DataFrame({"panel": panels, "mean": [1.0, 3.0, 90.0, 2.0], "sd": 1.0})
    rows = rows.assign(column="3.2", model="flat", fitted_column="3.2", term="indus", published=1.0)
    (found,) = pool(rows.assign(gate=["pass", "pass", "fail", "pass"])).to_dict("records")
    assert (found["panels"], found["mean"], found["highest"]) == (3, 2, 3)


def test_a_slope_on_the_implied_panel_has_its_range_over_all_exact_panels():
    means = {"official": 0.5, "implied": 0.8, "implied-01": 0.1}
    means |= {"implied-02": 0.7, "implied-03": 0.3}
    own = pd.concat([comparison(panel).assign(mean=mean) for panel, mean in means.items()])
    sampled = (own["column"] == "3.2") & (own["model"] == "hierarchical")
    own = own[sampled | ~is_member(own["panel"])]
    found = with_range(own)
    assert list(found.columns) == list(own.columns)
    assert found["panel"].unique().tolist() == ["official", "implied"]
    assert found["mean"].tolist() == own.loc[~is_member(own["panel"]), "mean"].tolist()
    filled = found[found[list(RANGE)].notna().any(axis=1)]
    assert filled[["panel", "column", "model", *RANGE]].to_numpy().tolist() == [
        ["implied", "3.2", "hierarchical", 0.1, 0.8, 4]
    ]


def test_without_an_ensemble_ranges_are_empty_and_rows_stay():
    own = comparison("implied")
    found = with_range(own)
    assert len(found) == len(own)
    assert found[list(RANGE)].isna().all(axis=None)
