import numpy as np
import pytest

from data.ye2024 import gaps

NAN = np.nan


def rows(*values):
    return np.array(values, dtype=float)


def test_interior_cells_lie_on_a_straight_line_and_ends_stay_empty():
    x = rows([NAN, 2, NAN, NAN, 8, NAN], [NAN] * 6)
    expected = rows([NAN, 2, 4, 6, 8, NAN], [NAN] * 6)
    np.testing.assert_array_equal(gaps.interpolate(x), expected)


def test_a_leading_cell_moves_by_the_median_growth_of_those_observed_in_both_years():
    x = rows([NAN, 12, 12], [1, 2, 5], [1, 3, 5], [1, 8, 5])  # growth factors 2, 3, 8
    assert gaps.grow(x)[0, 0] == pytest.approx(12 / 3)


def test_a_trailing_cell_does_likewise():
    x = rows([12, 12, NAN], [1, 2, 4], [1, 2, 6], [1, 2, 16])
    assert gaps.grow(x)[0, 2] == pytest.approx(12 * 3)


def test_a_long_end_is_walked_year_by_year():
    x = rows([NAN, NAN, 60], [1, 2, 6])  # the other grows by 2, then by 3
    np.testing.assert_allclose(gaps.grow(x)[0], [10, 20, 60])


def test_where_all_are_missing_the_nearest_observed_growths_are_pooled():
    # Two common years are missing: the pool holds the two nearest growths of each province,
    # factors 2, 4, 8 and 16, with median √(4 · 8); the third, 100, is too far away.
    x = rows([NAN, NAN, 1, 2, 8, 800], [NAN, NAN, 1, 8, 128, 12800])
    factor = np.sqrt(4 * 8)
    np.testing.assert_allclose(gaps.grow(x)[:, 1], 1 / factor)
    np.testing.assert_allclose(gaps.grow(x)[:, 0], 1 / factor**2)


def test_a_gap_common_to_all_inside_the_years_takes_the_nearest_growths_on_its_own_side():
    # None is seen in both of years 1 and 2 but for those that end and begin there.
    x = rows([1, 3, NAN, NAN], [2, 8, NAN, NAN], [NAN, NAN, 5, 50], [NAN, NAN, 5, 500])
    grown = gaps.grow(x)
    inner = np.sqrt(3 * 4)
    np.testing.assert_allclose(grown[:2, 2], [3 * inner, 8 * inner])
    outer = np.sqrt(10 * 100)
    np.testing.assert_allclose(grown[2:, 1], [5 / outer] * 2)


def test_growth_at_one_end_is_not_learnt_from_cells_filled_at_the_other():
    x = rows([1, 2, NAN], [NAN, 5, 5], [NAN, 7, 7])
    np.testing.assert_allclose(gaps.grow(x)[1:, 0], [2.5, 3.5])
    assert gaps.grow(x)[0, 2] == pytest.approx(2)


def test_a_single_observed_year_is_carried():
    np.testing.assert_array_equal(gaps.grow(rows([NAN, 3, NAN])), rows([3, 3, 3]))


def test_hold_carries_the_nearest_observed_value():
    np.testing.assert_array_equal(gaps.hold(rows([NAN, NAN, 3, 5, NAN])), rows([3, 3, 3, 5, 5]))


def test_linear_continues_the_line_through_the_two_nearest_values():
    x = rows([NAN, NAN, 5, 7, 9, 10, NAN], [NAN, 4, NAN, NAN, NAN, NAN, NAN])
    expected = rows([1, 3, 5, 7, 9, 10, 11], [4] * 7)
    np.testing.assert_array_equal(gaps.extend_linearly(x), expected)


@pytest.mark.parametrize("rule", gaps.RULES)
def test_filled_cells_keep_to_the_bounds_and_observed_ones_are_never_touched(rule):
    x = rows([NAN, 0.9, 0.5, 1.2], [NAN, 0.9, 0.3, 0.2], [0.1, 0.5, 0.9, NAN])
    filled, code = gaps.fill(x, rule, upper=1.0)
    seen = ~np.isnan(x)
    np.testing.assert_array_equal(filled[seen], x[seen])
    assert ((filled[~seen] >= 0) & (filled[~seen] <= 1)).all()
    np.testing.assert_array_equal(code == gaps.EXTENDED, ~seen)


def test_linear_extrapolation_stops_at_zero():
    filled, _ = gaps.fill(rows([NAN, 1, 3]), "linear")
    assert filled[0, 0] == 0


def test_codes_tell_interpolated_from_extended_and_leave_empty_rows_alone():
    x = rows([NAN, 1, NAN, 3], [1, 1, 1, 1], [NAN] * 4)
    filled, code = gaps.fill(x, "hold")
    expected = [
        [gaps.EXTENDED, gaps.OBSERVED, gaps.INTERPOLATED, gaps.OBSERVED],
        [gaps.OBSERVED] * 4,
        [gaps.OBSERVED] * 4,
    ]
    np.testing.assert_array_equal(code, expected)
    assert np.isnan(filled[2]).all()


def test_a_proxy_is_the_companion_times_the_donors_median_ratio():
    x = rows([NAN, NAN], [2, 4], [6, 6], [100, 100])
    companion = rows([10, 10], [1, 1], [2, 1], [1, 1])
    donors = np.array([False, True, True, True])  # ratios 2, 3, 100 and 4, 6, 100
    np.testing.assert_allclose(gaps.by_ratio(x, companion, donors)[0], [30, 60])
    only = np.array([False, False, True, False])
    np.testing.assert_allclose(gaps.by_ratio(x, companion, only)[0], [30, 60])
    np.testing.assert_array_equal(gaps.by_ratio(x, companion, donors)[1:], x[1:])


def gappy(seed):
    rng = np.random.default_rng(seed)
    x = np.exp(rng.normal(size=(8, 9)).cumsum(axis=1))
    x[:, 0] = NAN
    x[rng.random(x.shape) < 0.2] = NAN
    x[:, 4] = np.exp(rng.normal(size=8))
    return x


@pytest.mark.parametrize("rule", gaps.RULES)
@pytest.mark.parametrize("seed", range(5))
def test_every_rule_fills_all_and_keeps_to_units_and_names(rule, seed):
    x = gappy(seed)
    filled, _ = gaps.fill(x, rule)
    assert np.isfinite(filled).all()
    np.testing.assert_allclose(gaps.fill(1000 * x, rule)[0], 1000 * filled, rtol=2e-8)
    order = np.random.default_rng(seed).permutation(len(x))
    np.testing.assert_allclose(gaps.fill(x[order], rule)[0], filled[order], rtol=2e-8)


@pytest.mark.parametrize("seed", range(5))
def test_hold_and_growth_run_backwards_as_they_run_forwards(seed):
    x = gappy(seed)
    for rule in ("growth", "hold", "linear"):
        forwards = gaps.fill(x, rule)[0]
        backwards = gaps.fill(x[:, ::-1], rule)[0][:, ::-1]
        np.testing.assert_allclose(backwards, forwards, rtol=2e-8)


def test_significant_digits():
    x = np.array([123456.789, 0.000123456, 0.0, -2.5, NAN])
    expected = np.array([123000.0, 0.000123, 0.0, -2.5, NAN])
    np.testing.assert_array_equal(gaps.significant(x, 3), expected)
