"""Computed parts of a study's README."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparison import power
from analysis.reporting.study_blocks import simulated, size_and_power
from analysis.shared.statistics import INTERVALS


def _rows(test: str, rate: float) -> pd.DataFrame:
    row = dict.fromkeys(power.COLUMNS, 0.1) | {"panel": "mine", "column": "1.1", "term": "x"}
    rates = dict.fromkeys(power.RATES, rate)
    return pd.DataFrame([row | rates | {"test": test, "data_sets": 0 if np.isnan(rate) else 40}])


@pytest.mark.parametrize("test", ["gmm", next(iter(INTERVALS))])
def test_power_without_data_sets_is_a_table_without_a_sentence(test: str) -> None:
    rows = _rows(test, np.nan)
    assert not simulated(rows)
    assert size_and_power(rows).startswith("|")


def test_power_with_data_sets_opens_with_its_sentence() -> None:
    rows = _rows(next(iter(INTERVALS)), 0.05)
    assert simulated(rows)
    assert size_and_power(rows).startswith("The published slope reaches")
