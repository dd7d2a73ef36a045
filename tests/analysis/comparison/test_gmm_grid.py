"""Compatibility of estimates with the printed row of Table 5 is judged as stated."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparison import gmm_grid as comparison
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
    estimated = gmm_grid.run([simulated_panel(seed=1)], RECORDS, CHOICES)
    return comparison.compare(pd.DataFrame(estimated))


def row(**changes) -> pd.DataFrame:
    """A grid of one estimation that is the printed row of 5.1 itself."""
    printed = tables.numbers().query("column == '5.1'").set_index(["term", "statistic"])
    printed = printed["printed"].astype(float)
    numbers = {
        "rho": printed["L.y", "coef"],
        "rho_se": printed["L.y", "se"],
        "coef": printed["indus", "coef"],
        "se": printed["indus", "se"],
        **{test: printed["", test] for test in comparison.TESTS},
    }
    return pd.DataFrame([{"column": "5.1", "problem": ""} | numbers | changes])


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, []),
        ({"rho": 1.098 + 1.9 * 0.009, "coef": 0.037 - 1.9 * 0.014}, []),
        ({"rho": 1.098 + 2 * 0.009}, ["rho_near"]),
        ({"coef": 0.037 - 2 * 0.014}, ["coef_near"]),
        ({"ar2_p": 0.04}, ["same_tests"]),
        ({"ar1_p": 0.06}, ["same_tests"]),
        ({"hansen_p": np.nan}, ["same_tests"]),
    ],
)
def test_compatible_means_near_and_with_the_same_tests(changes, failing):
    found = comparison.compare(row(**changes)).iloc[0]
    judged = ["rho_near", "coef_near", "same_tests"]
    assert [name for name in judged if not found[name]] == failing
    assert found["compatible"] == (not failing)


def test_what_was_not_estimated_is_neither_compatible_nor_not(grid):
    estimated = grid["problem"] == ""
    assert estimated.any()
    assert not estimated.all()
    assert grid.loc[estimated, "compatible"].notna().all()
    assert grid.loc[~estimated, ["rho_near", "compatible"]].isna().all(axis=None)


def test_regions_count_what_is_compatible(grid):
    regions = comparison.regions(grid)
    whole = regions[(regions["choice"] == "any") & (regions["column"] == "5.1")].iloc[0]
    own = grid[(grid["column"] == "5.1") & (grid["problem"] == "")]
    assert whole["estimated"] == 2
    assert whole["compatible"] == own["compatible"].sum()
    assert (whole["rho_low"], whole["rho_high"]) == (own["rho"].min(), own["rho"].max())
    assert set(regions["choice"]) == {"any", *gmm_grid.CHOICES}


def test_compatibility_is_laid_out_by_choice(grid):
    table = comparison.compatibility(comparison.regions(grid))
    assert list(table.columns) == ["choice", "value", "5.1", "5.4"]
    own = grid[(grid["column"] == "5.1") & (grid["problem"] == "")]
    assert table.loc[0, "5.1"] == f"{own['compatible'].sum()} / 2"


def test_the_figure_is_written_in_every_format(grid, tmp_path):
    paths = plotting.save(comparison.draw, grid, tmp_path / "gmm_grid")
    assert [path.suffix for path in paths] == [".png", ".svg"]
    assert all(path.stat().st_size > 5_000 for path in paths)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
