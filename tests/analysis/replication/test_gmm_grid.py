"""The grid covers every choice, and compatibility with print is judged as stated."""

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from analysis.replication import gmm_grid
from analysis.replication.system_gmm import DEFAULT, Choices
from analysis.shared import plotting
from analysis.specifications import select
from data.published import tables
from tests.helpers.true_panels import simulated_panel

RECORDS = select(["5.1", "5.4"])
CHOICES = [
    DEFAULT,
    Choices(equations="difference", interest="endogenous", steps=1),
    Choices(collapse=False, depth=5),
]


@pytest.fixture(scope="module")
def grid() -> pd.DataFrame:
    return gmm_grid.compare(pd.DataFrame(gmm_grid.run([simulated_panel(seed=1)], RECORDS, CHOICES)))


def test_every_choice_is_in_the_grid():
    choices = gmm_grid.every_choice()
    assert tuple(gmm_grid.GRID) == tuple(field.name for field in fields(Choices))
    assert len(set(choices)) == len(choices) == 2 * 5 * 2 * 3 * 2 * 2
    assert DEFAULT in choices


def test_estimates_and_problems(grid):
    assert len(grid) == len(RECORDS) * len(CHOICES)
    estimated = grid["problem"] == ""
    assert estimated.tolist() == [True, True, False] * len(RECORDS)
    assert "singular" in grid.loc[2, "problem"]
    assert grid.loc[estimated, ["root", "coef", "se", "n"]].notna().all(axis=None)
    assert grid.loc[~estimated, ["root", "compatible"]].isna().all(axis=None)
    assert grid.loc[0, "n"] == 372
    assert grid.loc[1, "n"] == 341
    assert grid.loc[0, "instruments"] == 22


def row(**changes) -> pd.DataFrame:
    """A grid of one estimation that is the printed row of 5.1 itself."""
    printed = tables.numbers().query("column == '5.1'").set_index(["term", "statistic"])
    printed = printed["printed"].astype(float)
    numbers = {
        "root": printed["L.y", "coef"],
        "root_se": printed["L.y", "se"],
        "coef": printed["indus", "coef"],
        "se": printed["indus", "se"],
        **{test: printed["", test] for test in gmm_grid.TESTS},
    }
    return pd.DataFrame([{"column": "5.1", "problem": ""} | numbers | changes])


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, []),
        ({"root": 1.098 + 1.9 * 0.009, "coef": 0.037 - 1.9 * 0.014}, []),
        ({"root": 1.098 + 2 * 0.009}, ["root_near"]),
        ({"coef": 0.037 - 2 * 0.014}, ["coef_near"]),
        ({"ar2_p": 0.04}, ["same_tests"]),
        ({"ar1_p": 0.06}, ["same_tests"]),
        ({"hansen_p": np.nan}, ["same_tests"]),
    ],
)
def test_compatible_means_near_and_with_the_same_tests(changes, failing):
    found = gmm_grid.compare(row(**changes)).iloc[0]
    judged = ["root_near", "coef_near", "same_tests"]
    assert [name for name in judged if not found[name]] == failing
    assert found["compatible"] == (not failing)


def test_regions_count_what_is_compatible(grid):
    regions = gmm_grid.regions(grid)
    whole = regions[(regions["choice"] == "any") & (regions["column"] == "5.1")].iloc[0]
    own = grid[(grid["column"] == "5.1") & (grid["problem"] == "")]
    assert whole["estimated"] == 2
    assert whole["compatible"] == own["compatible"].sum()
    assert (whole["root_low"], whole["root_high"]) == (own["root"].min(), own["root"].max())
    assert set(regions["choice"]) == {"any", *gmm_grid.CHOICES}


def test_compatibility_is_laid_out_by_choice(grid):
    table = gmm_grid.compatibility(gmm_grid.regions(grid))
    assert list(table.columns) == ["choice", "value", "5.1", "5.4"]
    own = grid[(grid["column"] == "5.1") & (grid["problem"] == "")]
    assert table.loc[0, "5.1"] == f"{own['compatible'].sum()} / 2"


def test_the_figure_is_written_in_every_format(grid, tmp_path):
    paths = plotting.save(gmm_grid.draw, grid, tmp_path / "gmm_grid")
    assert [path.suffix for path in paths] == [".png", ".svg"]
    assert all(path.stat().st_size > 5_000 for path in paths)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
