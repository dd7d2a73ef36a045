import numpy as np
import pytest

from data.ye2024 import gaps
from data.ye2024.imputation import spreads


def growing(rng, n=31, years=13, common=0.05, own=0.1, noise=0.0):
    """Draw series whose logs are random walks, of all provinces and of each, with noise."""
    path = 0.1 + common * rng.standard_normal(years)
    steps = path + own * rng.standard_normal((n, years))
    levels = 3 * rng.standard_normal((n, 1))
    return np.exp(levels + steps.cumsum(axis=1) + noise * rng.standard_normal((n, years)))


@pytest.mark.parametrize("g", [1, 2, 4])
def test_forecasts_are_those_of_the_rule_that_fills_the_gaps(g):
    x = growing(np.random.default_rng(1))
    errors, _ = spreads._forecasts(np.log(x), g)
    years = x.shape[1]
    without = x.copy()
    without[:, years - g :] = np.nan
    filled, _ = gaps.fill(without, "growth")
    expected = np.log(filled / x)[:, years - g :]
    np.testing.assert_allclose(errors[years - g - 2], expected, atol=1e-6)  # 8 digits are kept


@pytest.mark.parametrize(("own", "noise"), [(0.1, 0.0), (0.02, 0.1)], ids=["random walks", "noise"])
def test_intervals_of_filled_years_hold_the_truth_nineteen_times_of_twenty(own, noise):
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(20):
        x = growing(rng, own=own, noise=noise)
        spread = spreads.ahead(x[:, :10], 3)
        common, of_province = spread.draw(rng.standard_normal((400, spread.size)))
        without = x.copy()
        without[:, 10:] = np.nan
        drawn = np.log(gaps.fill(without, "growth")[0][:, 10:]) + common[:, None] + of_province
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        inside.append((low < np.log(x[:, 10:])) & (np.log(x[:, 10:]) < high))
    assert 0.91 < np.mean(inside) < 0.98
    assert np.mean(inside, axis=(0, 1)).min() > 0.88


def test_a_year_whose_total_is_known_has_no_common_error_and_its_neighbours_less():
    x = growing(np.random.default_rng(3))
    free = spreads.ahead(x, 3)
    pinned = spreads.ahead(x, 3, np.array([False, True, False]))
    sd = [np.linalg.norm(each.common, axis=1) for each in (free, pinned)]
    assert sd[1][1] < 1e-4 * sd[0][1]
    assert (sd[1][[0, 2]] < 0.8 * sd[0][[0, 2]]).all()
    np.testing.assert_array_equal(free.own, pinned.own)


def test_a_province_that_errs_more_has_a_larger_scale():
    rng = np.random.default_rng(4)
    x = growing(rng)
    x[5] *= np.exp(rng.standard_normal(13))
    assert spreads.ahead(x, 2).scale.argmax() == 5
    assert spreads.between(x).scale.argmax() == 5


def test_errors_of_interpolation_have_the_spread_of_the_year_and_of_provinces():
    rng = np.random.default_rng(5)
    noise, common = 0.1, 0.3
    x = np.exp(noise * rng.standard_normal((300, 40)) + common * rng.standard_normal(40))
    spread = spreads.between(x)
    factor = np.sqrt(1.5)  # a year less the mean of two neighbours
    assert spread.own[0, 0] == pytest.approx(factor * noise, rel=0.1)
    assert spread.common[0, 0] == pytest.approx(factor * common, rel=0.35)


def test_errors_of_proxies_are_those_of_each_province_made_from_the_others():
    rng = np.random.default_rng(6)
    x, companion = np.exp(rng.standard_normal((2, 5, 4)))
    errors = spreads.of_proxies(x, companion)
    donors = np.arange(5) != 2
    without = x.copy()
    without[2] = np.nan
    estimated = gaps.by_ratio(without, companion, donors)[2]
    np.testing.assert_allclose(errors[2], np.log(estimated / x[2]), atol=1e-6)
