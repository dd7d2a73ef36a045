"""Pooling over panels against a plain calculation."""

import pandas as pd
import pytest

from analysis.pooled import is_member, pool


def test_within_and_between_variance_are_kept_apart():
    panels = ["reconstructed", "reconstructed-01", "reconstructed-02", "own-reconstructed-03"]
    rows = pd.DataFrame({"panel": panels, "mean": [9.0, 1.0, 3.0, 9.0], "sd": [9.0, 3.0, 4.0, 9.0]})
    keys = {"column": "3.2", "model": "flat", "fitted_column": "3.2", "term": "indus"}
    rows = rows.assign(**keys, published=0.105)
    assert is_member(rows["panel"]).tolist() == [False, True, True, False]
    (found,) = pool(rows).to_dict("records")
    assert (found["panels"], found["mean"], found["lowest"], found["highest"]) == (2, 2, 1, 3)
    assert found["within_sd"] == pytest.approx(12.5**0.5)
    assert found["between_sd"] == pytest.approx(2**0.5)
    assert found["sd"] == pytest.approx((12.5 + 1.5 * 2) ** 0.5)


def test_without_an_ensemble_there_is_nothing_to_pool():
    rows = pd.DataFrame({"panel": ["recollected"], "mean": [1.0], "sd": [1.0]})
    rows = rows.assign(column="3.2", model="flat", fitted_column="3.2", term="indus")
    assert pool(rows).empty
