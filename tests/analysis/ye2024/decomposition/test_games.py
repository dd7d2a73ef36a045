"""Shares of every game add up to the gap, and a swap is estimating on the panel with it."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.robustness.shapley import shapley
from analysis.ye2024.decomposition.games import GAMES
from analysis.ye2024.decomposition.gaps import END, START, estimate
from models.design import design
from models.frequentist import twfe
from tests.helpers.gaps import gap


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


def test_system_gmm_is_shared_out_by_its_own_estimator():
    own = gap("5.1", START)
    game = GAMES["ingredients"](own)
    ends = game.value(np.array([[False] * len(game.players), [True] * len(game.players)]))
    np.testing.assert_allclose(ends, [estimate(own, START), estimate(own, END)], rtol=1e-7)
