"""The waterfalls show every share of a gap."""

import pandas as pd

from analysis.robustness.shapley import shapley
from analysis.ye2024.decomposition import draw
from analysis.ye2024.decomposition.games import GAMES
from tests.helpers.gaps import gap


def test_every_gap_of_the_headline_is_drawn():
    own = gap("3.2", "official-census4")
    game = GAMES["ingredients"](own)
    shares, errors = shapley(game)
    table = pd.DataFrame({"player": game.players, "share": shares, "mcse": errors}).assign(
        panel=own.panel, column="3.2", term="indus", game="ingredients", start=0.014, end=0.105,
        published=0.105,
    )  # fmt: skip
    (axes,) = draw.draw(table).axes
    assert len(axes.get_yticks()) == len(game.players) + 2
