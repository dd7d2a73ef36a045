"""Cells that only confirm: which they are, and what is said of them."""

import numpy as np
import pandas as pd

from analysis.simulation import confirmation
from analysis.simulation.main_model import DECIDING, GENERATORS


def test_cells_that_decide_are_left_out():
    panels, deciding = DECIDING
    for panel in panels:
        assert {*confirmation.generators_of(panel)} == {*GENERATORS} - {*deciding}
    assert confirmation.generators_of("official-as_published@1") == GENERATORS


def test_cells_below_the_least_coverage_beyond_their_error_are_counted():
    cells = [
        {"panel": "official@1", "generator": "own_scale", "slopes": slopes, "estimand": "slope",
         "method": method, "data_sets": size, "coverage": coverage, "width": 0.1, "score": score}
        for slopes, size in (("none", 200), ("region", 100))
        for method, coverage, score in (("growth", 0.95, 1.0), ("ar1_province_slopes", 0.8, 1.5))
    ]  # fmt: skip
    found = pd.DataFrame(cells).assign(power=np.nan, failed=0)
    shown = confirmation.shown(found).set_index("model")
    too_little = shown["covers too little"].to_dict()
    assert too_little == {"growth": "0 of 2", "ar1_province_slopes": "2 of 2"}
    assert shown.loc["growth", ["size", "width", "data sets"]].tolist() == [
        *("5%", "0.100", "100 to 200")
    ]
    said = confirmation.sentence(found)
    assert "have 100 or 200 data sets each" in said
    assert "`ar1_province_slopes` covers too little in 2 of 2 cells: lowest coverage 80%" in said
    assert "interval score at most 1.50 times the smaller of the two." in said
