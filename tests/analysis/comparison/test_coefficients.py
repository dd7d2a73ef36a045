"""Comparison: the numbers by hand, and the rule for every case."""

import numpy as np
import pytest

from analysis.comparison import coefficients
from analysis.shared.statistics import Z
from analysis.specifications import load, studying
from tests.helpers import studies


def draws(mean: float, sd: float, size: int = 4_000) -> np.ndarray:
    """Return draws whose mean and sd (divisor n − 1) are exact and whose quantiles are normal."""
    standard = np.random.default_rng(0).normal(size=size)
    standard = (standard - standard.mean()) / standard.std(ddof=1)
    return mean + sd * standard


def test_distance_ratio_and_quantiles():
    row = coefficients.assess(draws(0.2, 0.06), coefficient=0.105, se=0.031, gate="pass")
    assert row["mean"] == pytest.approx(0.2)
    assert row["distance_in_published_se"] == pytest.approx((0.2 - 0.105) / 0.031)
    assert row["sd_ratio"] == pytest.approx(0.06 / 0.031)
    assert row["q025"] == pytest.approx(0.2 - 1.96 * 0.06, abs=0.01)
    assert row["q975"] == pytest.approx(0.2 + 1.96 * 0.06, abs=0.01)


def test_overlap_is_shared_over_spanned_length():
    points = np.linspace(0, 1, 100_001)  # interval [0.025, 0.975]
    row = coefficients.assess(points, coefficient=0.975, se=0.5 / Z, gate="pass")
    # published interval [0.475, 1.475]: shared 0.5, spanned 1.45
    assert row["overlap"] == pytest.approx(0.5 / 1.45)
    apart = coefficients.assess(points, coefficient=9.0, se=0.1, gate="pass")
    assert apart["overlap"] == 0


def test_same_sign_follows_the_published_sign():
    values = np.array([-1.0, -2.0, -3.0, 4.0])
    assert coefficients.assess(values, -0.1, 0.1, "pass")["p_same_sign"] == 0.75
    assert coefficients.assess(values, +0.1, 0.1, "pass")["p_same_sign"] == 0.25


@pytest.mark.parametrize(
    ("inside", "same_sign", "gate", "verdict"),
    [
        (True, 0.99, "pass", "agrees"),
        (True, 0.975, "pass", "agrees"),
        (True, 0.9, "pass", "uncertain"),
        (False, 0.99, "pass", "differs"),
        (False, 0.5, "pass", "differs"),
        (False, 0.025, "pass", "contradicts"),
        (True, 0.01, "pass", "contradicts"),
        (True, 0.99, "fail", "not assessed"),
    ],
)
def test_agreement_rule(inside, same_sign, gate, verdict):
    assert coefficients.agreement(inside, same_sign, gate) == verdict


def test_a_slope_that_is_not_printed_is_compared_with_nothing():
    row = coefficients.assess(draws(0.2, 0.06), np.nan, np.nan, "pass")
    assert row["agreement"] == ""
    assert all(np.isnan(row[name]) for name in ("p_same_sign", "p_printed", "overlap"))
    assert row["mean"] == pytest.approx(0.2)


def test_an_error_that_is_not_printed_follows_from_the_t_value(tmp_path):
    path = studies.write(tmp_path)
    rows = "2,2.1,dens,coef,.30\n2,2.1,dens,t,(6.0)\n2,2.2,dens,coef,.2\n2,2.2,dens,se,.1\n"
    (tmp_path / "printed.csv").write_text(f"table,column,term,statistic,printed\n{rows}")
    with studying(load(path)):
        printed = coefficients.published_slopes()
    assert printed.loc[("2.1", "dens")].tolist() == pytest.approx([0.3, 0.05])
    assert printed.loc[("2.2", "dens")].tolist() == [0.2, 0.1]
    assert ("3.2", "indus") in coefficients.published_slopes().index
