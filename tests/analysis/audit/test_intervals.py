"""Intervals of printed numbers: what rounding and truncation leave open, and their arithmetic."""

from decimal import Decimal

import numpy as np
import pytest

from analysis.audit.intervals import INFINITY, Interval, rounded, total, truncated


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [("0.030", "0.0295", "0.0305"), ("-2.72", "-2.725", "-2.715"), ("403", "402.5", "403.5")],
)
def test_rounding_leaves_half_a_unit_on_either_side(printed, low, high):
    assert rounded(printed) == Interval(Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [("0.030", "0.030", "0.031"), ("-0.002", "-0.003", "-0.002"), ("0.00", "-0.01", "0.01")],
)
def test_truncation_cuts_towards_zero(printed, low, high):
    assert truncated(printed) == Interval(Decimal(low), Decimal(high))


@pytest.mark.parametrize("operation", ["+", "-", "*", "/"])
def test_arithmetic_holds_every_value_of_its_operands(operation):
    rng = np.random.default_rng(1)
    for _ in range(50):
        a, b = (np.sort(rng.normal(size=2)) for _ in range(2))
        one, other = Interval.of(*a), Interval.of(*b)
        found = eval(f"one {operation} other", {"one": one, "other": other})
        x, y = (rng.uniform(*ends, size=200) for ends in (a, b))
        values = eval(f"x {operation} y", {"x": x, "y": y})
        assert (values >= float(found.low) - 1e-9).all()
        assert (values <= float(found.high) + 1e-9).all()


def test_a_quotient_by_what_may_be_zero_is_open_at_the_far_end():
    assert Interval.of(1, 2) / Interval.of(0, 4) == Interval(Decimal("0.25"), INFINITY)
    assert (Interval.of(1, 2) / Interval.of(-1, 4)).high == INFINITY


def test_meeting_needs_one_common_number():
    assert Interval.of(0, 1).meets(Interval.of(1, 2))
    assert not Interval.of(0, 1).meets(Interval.of(1.001, 2))
    assert total([Interval.of(1, 2), Interval.of(3)]) == Interval.of(4, 5)
    assert abs(Interval.of(-3, 1)) == Interval.of(0, 3)
    assert Interval.of(-1, 4).sqrt() == Interval.of(0, 2)
