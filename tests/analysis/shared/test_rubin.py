import numpy as np
import pytest

from analysis.shared import rubin


def test_five_imputations_are_pooled_as_by_hand():
    estimates = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    found = rubin.pool(estimates, np.full(5, 2.0), 100)
    between = 1.2 * 2.5
    assert found.estimate == 3
    assert found.se**2 == pytest.approx(2 + between)
    assert found.share == pytest.approx(between / (2 + between))
    classical, observed = 4 / found.share**2, 101 / 103 * 100 * (1 - found.share)
    assert found.df == pytest.approx(1 / (1 / classical + 1 / observed))


def test_without_variation_between_sets_the_variance_is_that_of_one():
    found = rubin.pool(np.ones((7, 2)), np.full((7, 2), 4.0), 30)
    np.testing.assert_allclose(found.se, 2)
    np.testing.assert_allclose(found.share, 0)
    np.testing.assert_allclose(found.df, 31 / 33 * 30)
    low, high = found.interval()
    assert (low < 1).all()
    np.testing.assert_allclose(1 - low, high - 1)


def test_intervals_of_imputed_means_hold_the_truth_as_often_as_they_say():
    # Half of 40 observations are missing and drawn from their predictive distribution.
    rng = np.random.default_rng(1)
    held = []
    for _ in range(2_000):
        seen = rng.standard_normal(20)
        sd = seen.std(ddof=1) * np.sqrt(19 / rng.chisquare(19, 20))
        mean = seen.mean() + sd / np.sqrt(20) * rng.standard_normal(20)
        drawn = mean[:, None] + sd[:, None] * rng.standard_normal((20, 20))
        whole = np.concatenate([np.tile(seen, (20, 1)), drawn], axis=1)
        found = rubin.pool(whole.mean(axis=1), whole.var(axis=1, ddof=1) / 40, 39)
        low, high = found.interval()
        held.append(low < 0 < high)
    assert 0.935 < np.mean(held) < 0.965
