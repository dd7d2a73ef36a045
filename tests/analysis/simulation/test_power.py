"""Power: on data whose slope is known, what is found is what the tables say would be."""

import numpy as np
import pandas as pd
import pytest

from analysis.shared.frames import ordered
from analysis.simulation import power
from analysis.simulation.generators import swap
from analysis.simulation.intervals import POSTERIOR, balanced, intervals_of_least_squares
from analysis.simulation.power import NullIntervals
from analysis.specifications import select
from models.design import design
from tests.helpers.fits import thinned

BASELINE, QUADRATIC, DYNAMIC, CENTRAL = select(["3.2", "3.3", "5.1", "8.2"])
SIZES = {("5.1", "indus"): 0.3, ("8.2", "indus"): 0.2}


def test_what_is_detectable_is_found_in_four_of_five_data_sets(six_years):
    made = design(six_years.frame, CENTRAL)
    outcomes = swap(made, 1, 2_000, np.random.default_rng(1))
    intervals = intervals_of_least_squares(made, outcomes, 1)[0, :, 0]
    slope = power.detectable("conventional", NullIntervals(intervals))
    # Straight through: other data sets, with that slope in them.
    fresh = swap(made, 1, 2_000, np.random.default_rng(2))
    fresh += slope * made.x[:, :1]
    low = intervals_of_least_squares(made, fresh, 1)[0, :, 0, 0]
    assert (low > 0).mean() == pytest.approx(0.8, abs=0.04)
    (at,) = power.power("conventional", NullIntervals(intervals), np.array([slope]))
    assert at == pytest.approx(0.8, abs=0.01)


def test_power_of_a_known_normal_is_the_textbooks():
    estimate = np.random.default_rng(1).normal(size=20_000)
    intervals = estimate[:, None] + 1.96 * np.array([-1.0, 1.0])
    slope = np.array([0.0, 1.0, 2.8, -2.8])
    normal = NullIntervals(power.Z * np.array([[-1.0, 1.0]]))
    found = power.power("conventional", NullIntervals(intervals), slope)
    expected = power.power(power.GMM, normal, slope)
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert expected[0] == pytest.approx(0.05)
    assert expected[2] == pytest.approx(0.8, abs=0.001)
    assert power.detectable("conventional", NullIntervals(intervals)) == pytest.approx(
        2.8, abs=0.05
    )
    assert power.detectable(power.GMM, normal) == pytest.approx(2.8, abs=0.01)


def test_intervals_that_move_by_half_of_a_slope_show_one_of_twice_the_size():
    intervals = np.random.default_rng(1).normal(size=(500, 1)) + 1.96 * np.array([-1.0, 1.0])
    half, whole = NullIntervals(intervals, np.full_like(intervals, 0.5)), NullIntervals(intervals)
    least = power.detectable("conventional", whole)
    assert power.detectable("conventional", half) == pytest.approx(2 * least)
    slope = np.linspace(0, 4, 9)
    shares = power.power("conventional", half, 2 * slope)
    np.testing.assert_array_equal(shares, power.power("conventional", whole, slope))


def intervals_with(monkeypatch, panel, record, slope: float, rows: np.ndarray) -> NullIntervals:
    """Return the posterior's intervals of two data sets with a slope in some rows."""
    drawn, made = swap, balanced(panel, BASELINE)
    monkeypatch.setattr(power, "POSTERIORS", 2)
    monkeypatch.setattr(
        power, "swap", lambda *of: drawn(*of) + (slope * rows * made.x[:, 0])[:, None]
    )
    found = power.posteriors(panel, record, {"indus": 0.4}, np.random.default_rng(1))["indus"]
    monkeypatch.undo()
    return found


@pytest.mark.slow
def test_a_posterior_moves_with_the_slope_that_is_added(six_years, monkeypatch):
    """What lets data sets without a slope stand for all others."""
    every = np.ones(len(balanced(six_years, BASELINE).y))
    plain, moved = (
        intervals_with(monkeypatch, six_years, BASELINE, slope, every) for slope in (0.0, 0.4)
    )
    width = np.diff(plain.ends, axis=-1)
    np.testing.assert_allclose((moved.ends - plain.ends - 0.4) / width, 0, atol=0.12)


@pytest.mark.slow
def test_a_regions_posterior_moves_by_less_and_in_proportion(six_years, monkeypatch):
    made = balanced(six_years, BASELINE)
    own = made.region == made.regions.index("central")
    plain, half = (
        intervals_with(monkeypatch, six_years, CENTRAL, slope, own) for slope in (0.0, 0.2)
    )
    assert 0.2 < plain.move.mean() < 1
    width = np.diff(plain.ends, axis=-1)
    np.testing.assert_allclose((half.ends - plain.ends - 0.2 * plain.move) / width, 0, atol=0.2)


@pytest.fixture(scope="module")
def found(six_years):
    patched = pytest.MonkeyPatch()
    patched.setattr(power, "POSTERIORS", 3)
    patched.setattr(power, "SIMULATED", 200)
    both = [
        power.tables("official", record, power.study((six_years, record), 1, SIZES), SIZES)
        for record in (DYNAMIC, CENTRAL)
    ]
    patched.undo()
    table, curves = zip(*both, strict=True)
    return ordered(pd.concat(table)), ordered(pd.concat(curves))


def test_tables_hold_every_test_and_its_power_at_the_reference(found):
    table, curves = found
    assert tuple(table.columns) == power.COLUMNS
    assert tuple(curves.columns) == power.CURVES
    assert list(zip(table["column"], table["test"], strict=True)) == [
        ("5.1", power.GMM),
        ("8.2", "conventional"),
        ("8.2", "province"),
        ("8.2", POSTERIOR),
    ]
    assert table["data_sets"].tolist() == [0, 200, 200, 3]
    assert table["reference"].tolist() == [0.3, 0.2, 0.2, 0.2]
    own = curves[curves["test"] == "conventional"]
    # Near zero fewer intervals lie below it as others rise above it.
    assert own.loc[own["slope"] > 0.1, "power"].is_monotonic_increasing
    assert own["power"].iloc[0] == table["false_positive_rate"].iloc[1]
    at = table.set_index("test").loc["conventional", "power_at_reference"]
    near = np.interp(0.2, own["slope"], own["power"])
    assert at == pytest.approx(near, abs=0.05)
    low, high = table["false_positive_rate_low"], table["false_positive_rate_high"]
    assert ((low < table["false_positive_rate"]) & (table["false_positive_rate"] < high))[1:3].all()
    assert own["power"].iloc[-1] > 0.95
    assert own["slope"].max() >= 1.1 * 0.2


def test_a_panel_with_gaps_has_power_too(six_years, monkeypatch):
    monkeypatch.setattr(power, "SIMULATED", 100)
    monkeypatch.setattr(power, "POSTERIORS", 2)
    found = power.study((thinned(six_years, 0.1), CENTRAL), 1, SIZES)["indus"]
    for test, size in (("conventional", 100), ("province", 100), ("posterior", 2)):
        ends = found[test].ends
        assert ends.shape == (size, 2)
        assert (ends[:, 0] < ends[:, 1]).all()
    assert power.power("conventional", found["conventional"], np.array([0.0, 5.0]))[1] > 0.9
