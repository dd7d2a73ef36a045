"""The grid covers every choice, and what cannot be estimated says why."""

from dataclasses import fields

import pandas as pd
import pytest

from analysis.replication import gmm_grid
from analysis.replication.system_gmm import DEFAULT, Choices
from analysis.specifications import select
from tests.helpers.true_panels import simulated_panel

RECORDS = select(["5.1", "5.4"])
CHOICES = [
    DEFAULT,
    Choices(equations="difference", interest="endogenous", steps=1),
    Choices(collapse=False, depth=5),
]


@pytest.fixture(scope="module")
def grid() -> pd.DataFrame:
    return pd.DataFrame(gmm_grid.run([simulated_panel(seed=1)], RECORDS, CHOICES))


def test_every_choice_is_in_the_grid():
    choices = gmm_grid.every_choice()
    named = tuple(field.name for field in fields(Choices))
    assert tuple(gmm_grid.GRID) == named[: len(gmm_grid.GRID)]
    assert len(set(choices)) == len(choices) == 2 * 5 * 2 * 3 * 2 * 2
    assert DEFAULT in choices


def test_estimates_and_problems(grid):
    assert len(grid) == len(RECORDS) * len(CHOICES)
    estimated = grid["problem"] == ""
    assert estimated.tolist() == [True, True, False] * len(RECORDS)
    assert "singular" in grid.loc[2, "problem"]
    assert grid.loc[estimated, ["rho", "coef", "se", "n"]].notna().all(axis=None)
    assert grid.loc[~estimated, "rho"].isna().all()
    assert grid.loc[0, "n"] == 372
    assert grid.loc[1, "n"] == 341
    assert grid.loc[0, "instruments"] == 22
