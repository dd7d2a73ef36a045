"""Weights: bridges, means and positions are what they are called."""

import numpy as np
import pytest

from analysis.robustness.sensitivity import weights


def test_a_bridge_finds_the_ratio_of_two_normalising_constants():
    """With q1 = exp(-(u-m)²/2s²) and q0 = exp(-u²/2), the ratio of constants is s."""
    rng, mean, sd = np.random.default_rng(1), 3.0, 0.5

    def log_ratio(u):
        return -(((u - mean) / sd) ** 2) / 2 + u**2 / 2

    draws = {"whole": rng.normal(mean, sd, (4, 750)), "rest": rng.normal(0, 1, (4, 750))}
    found, error = weights.bridge(*(log_ratio(u) for u in draws.values()))
    assert found == pytest.approx(np.log(sd), abs=4 * error)
    _, plain = weights.log_mean_exp(log_ratio(draws["rest"]))
    assert error < plain / 2


def test_positions_are_drawn_as_often_as_their_weights_say():
    weight = np.array([0.0, 3.0, 1.5, 0.5, 0.0])
    drawn = weights.stratified(weight, np.random.default_rng(1))
    assert len(drawn) == 5
    assert np.bincount(drawn, minlength=5).tolist() in ([0, 3, 2, 0, 0], [0, 3, 1, 1, 0])


def test_log_mean_exp_is_that_and_its_error_that_of_independent_draws():
    draws = np.random.default_rng(1).normal(-700, 0.5, (4, 1_000))
    mean, error = weights.log_mean_exp(draws)
    assert mean == pytest.approx(-700 + 0.5**2 / 2, abs=4 * error)
    expected = np.sqrt(np.exp(0.5**2) - 1) / np.sqrt(draws.size)
    assert error == pytest.approx(expected, rel=0.2)
