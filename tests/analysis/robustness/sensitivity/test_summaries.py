"""Models are compared province by province."""

import numpy as np
import pandas as pd
import pytest

from analysis.robustness.sensitivity import summaries, tables


def test_models_are_compared_by_paired_differences():
    a, b = np.array([1.0, 2.0, 3.0, 6.0]), np.array([0.0, 2.5, 2.0, 4.0])
    rows = pd.DataFrame(
        {
            "panel": "x",
            "column": "3.2",
            "model": np.repeat(["mundlak", "hierarchical"], 4),
            "province": list("abcd") * 2,
            "elpd": np.concatenate([a, b]),
            "mcse": 0.1,
        }
    )
    found = summaries.comparison(rows).set_index("model")
    assert tuple(summaries.comparison(rows).columns) == tables.COMPARISON
    assert found["rank"].to_dict() == {"mundlak": 0, "hierarchical": 1}
    assert found["elpd"].to_dict() == {"mundlak": a.sum(), "hierarchical": b.sum()}
    worse = found.loc["hierarchical"]
    assert worse["elpd_diff"] == pytest.approx((b - a).sum())
    assert worse["dse"] == pytest.approx(np.sqrt(4 * (b - a).var()))
    assert worse["se"] == pytest.approx(np.sqrt(4 * b.var()))
    assert worse["mcse"] == pytest.approx(0.2)
    assert found["weight"].sum() == pytest.approx(1)
