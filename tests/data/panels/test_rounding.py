"""Variables that are constant within units but for their last digit."""

import numpy as np
import pandas as pd
import pytest

from data.panels.rounding import of_rounding
from tests.helpers.true_panels import simulated_panel

FRAME = simulated_panel(seed=6, years=range(2012, 2018)).frame
NOISE = np.random.default_rng(3)
AREA = 60 * np.exp(NOISE.normal(size=200))[pd.factorize(FRAME["province"])[0]]
OF_YEAR = 0.37 * (FRAME["year"] - 2012).to_numpy()


def said(values: np.ndarray, keep: slice | np.ndarray = slice(None)) -> list[str]:
    return list(of_rounding(FRAME.assign(area=values)[keep], ["area"], "mine.csv"))


@pytest.mark.parametrize("digits", [2, 3, 4])
@pytest.mark.parametrize("by_year", [0, OF_YEAR], ids=["constant", "the same path for all"])
def test_what_varies_by_its_last_digit_alone_is_noticed(digits, by_year):
    jitter = 10.0**-digits * NOISE.choice([-0.5, 0, 0.5], size=len(FRAME))
    (sentence,) = said(np.round(AREA + by_year + jitter, digits))
    assert sentence.startswith("mine.csv: area varies, net of province and year effects, by no ")
    kept = np.arange(len(FRAME)) % 7 != 0  # unbalanced
    assert len(said(np.round(AREA + by_year + jitter, digits), kept)) == 1


def test_six_digits_of_large_and_small_units_are_noticed():
    jittered = AREA * (1 + 1e-6 * NOISE.normal(size=len(FRAME)))
    assert len(said(np.array([float(f"{value:.6g}") for value in jittered]))) == 1


@pytest.mark.parametrize(
    "values",
    [
        AREA,  # constant: refused where it is estimated
        np.round(AREA + NOISE.normal(size=len(FRAME)), 2),
        NOISE.integers(0, 2, len(FRAME)).astype(float),  # a dummy
        NOISE.integers(0, 30, len(FRAME)).astype(float),  # a count
        np.full(len(FRAME), np.inf),
        np.zeros(len(FRAME)),
    ],
    ids=["constant", "measured", "dummy", "count", "infinite", "zero"],
)
def test_other_variables_are_not(values):
    assert said(values) == []


def test_the_named_panels_are_silent():
    from data.panels.panel import load_panel

    variables = ("produ", "indus", "fin", "env", "stru", "urb", "trans")
    for name in ("official", "official-census4", "official-as_published", "implied"):
        panel = load_panel(name, variables)
        assert list(of_rounding(panel.frame, variables, name)) == []
