"""What the rows of the program are called."""

import numpy as np
import pytest

from analysis.ye2024.reconstruction import run
from analysis.ye2024.reconstruction.problem import problem
from data.panels.panel import load_panel
from data.ye2024.definitions import COLUMNS, DESCRIBED, SUMS


@pytest.fixture(scope="module")
def made():
    start = load_panel("official", COLUMNS).frame
    limits = {name: DESCRIBED[name].bounds for name in run.SERIES}
    return problem(start, None, (), run.SERIES, (), run.printed(), limits)


def test_cells_of_sums_are_named_by_the_printed_extreme_that_holds_them(made):
    z = made.point(load_panel("implied", run.SERIES).frame[list(run.SERIES)].to_numpy().T)
    names = made.names(z)
    assert {name[:2] for name in names} == {("2", total) for total in SUMS}
    at = 0
    for each in made.sums:
        values = each.watch(made.cells(z)).values
        for name, value in zip(names[at:], values, strict=False):
            nearest = "min" if value - each.minimum[0] < each.maximum[1] - value else "max"
            assert name == ("2", each.name, nearest)
        at += len(values)
    assert at == len(names)
    assert {name[2] for name in names} == {"min", "max"}
    # Every cell that reaches an end is watched.
    for each in made.sums:
        total = each.members @ made.cells(z)
        assert np.isclose(total, each.minimum[0], atol=1e-3).sum() <= names.count(
            ("2", each.name, "min")
        )
