"""The choice of the main model follows its rule, whatever the numbers are."""

from itertools import product

import pandas as pd
import pytest

from analysis.simulation import main_model
from analysis.simulation.main_model import DECIDING, SCORES, deciding, judged, ranking

CELLS = list(product(*DECIDING, ["none", "unequal"], ["slope", "slope_east"]))


def scores(**methods: dict) -> pd.DataFrame:
    """Return a table in which each method is alike in all cells but for `at`, one cell's own."""
    rows = []
    for name, values in methods.items():
        usual = {"data_sets": 200, "failed": 0, "coverage": 0.95, "width": 1.0, "score": 1.0}
        usual |= {"power": 0.5} | {k: v for k, v in values.items() if k != "at"}
        for number, cell in enumerate(CELLS):
            own = usual | (values.get("at", {}) if number == 3 else {})
            rows.append(dict(zip(main_model.CELL, cell, strict=True)) | {"method": name} | own)
    return pd.DataFrame(rows)[list(SCORES)]


def first(table: pd.DataFrame, **checks: int) -> str:
    table = table.assign(checks=table["method"].map(checks).fillna(0)) if checks else table
    return ranking(table)["candidate"].iloc[0]


def test_coverage_comes_before_the_interval_score():
    table = scores(ar1={"score": 0.2, "at": {"coverage": 0.75}}, growth={"score": 1.0})
    assert first(table) == "growth"
    found = ranking(table).set_index("candidate")
    assert found["outside"].to_dict() == {"growth": 0, "ar1": 1}


def test_a_cell_is_outside_if_its_interval_is_over_all_cells():
    table = judged(scores(growth={"at": {"coverage": 0.87}}, ar1={"at": {"coverage": 0.8}}))
    # 87 % of 200 is below 92 % by one interval, not by one of sixteen.
    assert table.groupby("method")["outside"].sum().to_dict() == {"growth": 0, "ar1": 1}
    alone = main_model.interval(0.87, 200, 1)
    assert alone[1] < main_model.LEAST_COVERAGE < main_model.interval(0.87, 200, 16)[1]


def test_between_those_inside_the_worst_score_over_the_cells_best_decides():
    table = scores(ar1={"score": 1.0, "at": {"score": 3.0}}, growth={"score": 1.2})
    assert first(table) == "growth"
    found = ranking(table).set_index("candidate")["worst_score"]
    assert found["ar1"] == pytest.approx(2.5)
    assert found["growth"] == pytest.approx(1.2)


def test_if_none_is_inside_the_worst_score_decides_between_all():
    low = {"coverage": 0.6}
    assert first(scores(ar1={"score": 2.0, **low}, growth={"score": 1.0, **low})) == "growth"


def test_ties_go_to_power_then_to_checks_then_to_the_fewest_scales():
    assert first(scores(ar1={}, growth={"power": 0.6})) == "growth"
    assert first(scores(ar1={}, growth={"power": 0.51}), ar1=1) == "growth"
    assert first(scores(growth={}, ar1={"power": 0.49})) == "ar1"


def test_confirmation_and_comparators_change_nothing():
    table = scores(ar1={"score": 1.0}, growth={"score": 1.2})
    others = scores(twfe={"score": 0.01}, ar1={"coverage": 0.1})
    others["panel"] = others["panel"].where(others["method"] == "twfe", "official-as_published@1")
    assert len(deciding(pd.concat([table, others]))) == len(table)
    assert first(pd.concat([table, others], ignore_index=True)) == "ar1"


def test_a_candidate_that_lacks_a_cell_is_not_chosen():
    table = scores(ar1={"score": 0.5}, growth={})
    assert first(table[1:]) == "growth"
    assert not ranking(table[1:]).set_index("candidate").loc["ar1", "complete"]
