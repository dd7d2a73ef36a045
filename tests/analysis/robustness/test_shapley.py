"""Shapley values: right on games with known answers."""

import numpy as np
import pytest

from analysis.robustness.shapley import Game, shapley


def test_gloves():
    # Two left gloves and one right: a pair is worth 1. Shapley (1953): 1/6, 1/6, 4/6.
    def value(subsets):
        return np.minimum(subsets[:, :2].sum(axis=1), subsets[:, 2]).astype(float)

    shares, errors = shapley(Game(["left", "left", "right"], value))
    np.testing.assert_allclose(shares, [1 / 6, 1 / 6, 4 / 6])
    assert not errors.any()


def test_airport():
    # Littlechild & Owen (1973): runways of lengths 1, 2, 4 cost their longest user's length.
    lengths = np.array([1.0, 2.0, 4.0])

    def value(subsets):
        return (subsets * lengths).max(axis=1)

    shares, _ = shapley(Game(["a", "b", "c"], value))
    np.testing.assert_allclose(shares, [1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 2])


def test_drawn_orders_agree_with_all_subsets_within_their_error():
    rng = np.random.default_rng(3)
    linear, pairs = rng.normal(size=9), np.triu(rng.normal(size=(9, 9)), 1)
    pairs[0, 1:] = 0  # the first player's effect hangs on nobody

    def value(subsets):
        on = subsets.astype(float)
        return on @ linear + np.einsum("mi,ij,mj->m", on, pairs, on) + on.prod(axis=1)

    names = [str(i) for i in range(9)]
    exact, none = shapley(Game(names, value))
    drawn, error = shapley(Game(names, value, exact=0, orders=400))
    assert not none.any()
    assert drawn.sum() == pytest.approx(exact.sum())
    assert (np.abs(drawn - exact) < 5 * error + 1e-12).all()
    assert (error > 0).all()


def test_an_order_and_its_reverse_leave_no_error_where_players_meet_in_pairs():
    pairs = np.triu(np.random.default_rng(5).normal(size=(6, 6)), 1)

    def value(subsets):
        on = subsets.astype(float)
        return np.einsum("mi,ij,mj->m", on, pairs, on)

    exact, _ = shapley(Game(list("abcdef"), value))
    drawn, error = shapley(Game(list("abcdef"), value, exact=0, orders=3))
    np.testing.assert_allclose(drawn, exact, atol=1e-12)
    assert error.max() < 1e-12
