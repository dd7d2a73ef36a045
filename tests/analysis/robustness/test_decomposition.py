"""Shapley shares: right on games with known answers, and they add up to each gap."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.robustness import decomposition
from analysis.robustness.decomposition import END, GAMES, START, Game, Gap, estimate, gaps, shapley
from analysis.specifications import SPECIFICATIONS, select
from models.design import design
from models.frequentist import twfe


@cache
def loaded():
    return decomposition.load()


def gap(column: str, panel: str, term: str = "indus") -> Gap:
    return Gap(select([column])[0], term, panel, *loaded())


# --- shares -------------------------------------------------------------------------------------


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


# --- gaps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize(("column", "panel"), [("3.2", "official-census4"), ("8.2", START)])
def test_shares_of_every_game_add_up_to_the_gap(name, column, panel):
    own = gap(column, panel)
    game = GAMES[name](own)._replace(exact=4, orders=2)
    shares, _ = shapley(game)
    assert shares.sum() == pytest.approx(estimate(own, END) - estimate(own, panel), rel=1e-9)


def test_what_a_region_says_does_not_hang_on_a_national_path_nor_on_a_control():
    own = gap("3.2", START)
    frame = own.frames[START]
    moved = frame.assign(produ=frame["produ"] + 0.05 * frame["year"] + 0.3 * frame["urb"])
    shifted = replace(own, frames=dict(own.frames) | {START: moved})
    none = np.zeros((1, 4), bool)
    each = np.concatenate([none, np.eye(4, dtype=bool)])
    values = [GAMES["regions"](one).value(each) for one in (own, shifted)]
    np.testing.assert_allclose(*values, rtol=1e-9)


def test_swapping_one_ingredient_is_estimating_on_the_panel_with_it():
    own = gap("3.3", "official-census4", "indus2")
    game = GAMES["ingredients"](own)
    only = np.array([[label == "indus: vintage" for label in game.players]])
    frame = own.frames["official-census4"].assign(indus=own.frames[START]["indus"])
    expected = twfe.fit(design(frame, own.record)).coef[own.at]
    assert game.value(only)[0] == pytest.approx(expected, rel=1e-9)


def test_swapping_one_province_is_estimating_on_the_panel_with_its_rows():
    own = gap("3.2", "official-census4")
    game = GAMES["provinces"](own)
    frame, other = (own.frames[name] for name in ("official-census4", END))
    there = frame["province"] == "Beijing"
    mixed = other.where(there, frame)
    mixed = mixed.astype(dict.fromkeys(own.record.variables, float))
    only = np.array([[name == "Beijing" for name in game.players]])
    expected = twfe.fit(design(mixed, own.record)).coef[own.at]
    assert game.value(only)[0] == pytest.approx(expected, rel=1e-9)


def test_players_of_the_best_guess_are_the_moves_of_its_series_alone():
    game = GAMES["ingredients"](gap("3.2", START))
    assert {label.split(": ")[1] for label in game.players} == {"rest"}
    game = GAMES["ingredients"](gap("3.2", "official-census4"))
    assert "indus: vintage" in game.players


def test_only_disagreements_are_shared_out():
    frames, dataset = loaded()
    found = {(g.record.column, g.panel) for g in gaps(select(["3.2", "8.2"]), frames, dataset)}
    # 0.155, 0.014 and 0.060 against 0.105 (0.031); 0.041 against −0.047 (0.015) in sign.
    assert ("3.2", "official-census4") in found
    assert ("3.2", "official") not in found
    assert ("8.2", "official") in found
    assert gaps([], frames, dataset) == []
    assert {record.estimator for record in SPECIFICATIONS} == {"twfe", "system_gmm"}


def test_system_gmm_is_shared_out_by_its_own_estimator():
    own = gap("5.1", START)
    game = GAMES["ingredients"](own)
    ends = game.value(np.array([[False] * len(game.players), [True] * len(game.players)]))
    np.testing.assert_allclose(ends, [estimate(own, START), estimate(own, END)], rtol=1e-7)


def test_every_gap_of_the_headline_is_drawn():
    own = gap("3.2", "official-census4")
    game = GAMES["ingredients"](own)
    shares, errors = shapley(game)
    table = pd.DataFrame({"player": game.players, "share": shares, "mcse": errors}).assign(
        panel=own.panel, column="3.2", term="indus", game="ingredients", start=0.014, end=0.105,
        published=0.105,
    )  # fmt: skip
    (axes,) = decomposition.draw(table).axes
    assert len(axes.get_yticks()) == len(game.players) + 2
