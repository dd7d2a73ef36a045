"""False findings are counted over the mixture, slope by slope and for the whole ledger."""

import numpy as np
import pandas as pd
import pytest

from analysis.simulation import false_findings
from analysis.specifications import select
from data.shared.errors import UserError


def rows(column: str, region: str, *by_panel: list[float]) -> pd.DataFrame:
    return pd.concat(
        pd.DataFrame({"panel": str(i), "column": column, "region": region,
                      "data_set": np.arange(len(p)), "p_positive": p})
        for i, p in enumerate(by_panel)
    )  # fmt: skip


def test_findings_are_of_the_mixture_and_of_either_sign():
    found = pd.concat(
        [
            rows("3.2", "all", [0.99, 0.99, 0.01, 0.5], [0.97, 0.90, 0.0, 0.5]),
            rows("3.2", "east", [1.0, 0.5, 0.5, 0.5], [1.0, 0.5, 0.5, 0.5]),
            rows("4.1", "all", [0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]),
            rows("4.1", "east", [1.0] * 4, [1.0] * 4),  # of which nothing is claimed
        ]
    )
    table = false_findings.summary(found, "3.2").set_index(["column", "region"])
    assert table["findings"].to_dict() == {
        ("3.2", "all"): 2,
        ("3.2", "east"): 1,
        ("4.1", "all"): 0,
        ("", false_findings.LEDGER): 2,
    }
    whole = table.loc[("", false_findings.LEDGER)]
    assert whole["mean_findings"] == pytest.approx(3 / 4)
    assert whole["rate"] == 0.5
    said = false_findings.sentence(table.reset_index())
    assert said.startswith("Without a slope anywhere, 50% [15%, 85%] of 4 data sets have at least")
    assert "among 3 slopes" in said
    of_slopes = table.drop(index=[("", false_findings.LEDGER)])["rate"]
    assert f"between {of_slopes.min():.0%} and {of_slopes.max():.0%}" in said


def test_a_column_of_one_region_is_refused_in_a_sentence(six_years):
    (east,) = select(["8.1"])
    with pytest.raises(UserError, match=r"8\.1 is not a static regression"):
        false_findings.probabilities((six_years, east, range(2)), 1)


def test_one_fit_gives_the_slope_of_all_rows_and_of_each_region(six_years):
    (record,) = select(["3.3"])
    found = false_findings.probabilities((six_years, record, range(2)), 1)
    assert set(found["region"]) == {"all", "east", "central", "west"}
    assert len(found) == 8
    assert found["p_positive"].between(0, 1).all()
