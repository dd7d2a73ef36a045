"""Shapley shares of the gaps, results/decomposition.csv."""

from collections.abc import Iterable, Iterator

import pandas as pd

from analysis.comparison.coefficients import published_slopes
from analysis.robustness.shapley import shapley
from analysis.ye2024.decomposition.games import GAMES
from analysis.ye2024.decomposition.gaps import END, Gap, estimate
from data.shared.errors import UserError

COLUMNS = (
    *("panel", "column", "term", "game", "player", "share", "mcse", "exact"),
    *("start", "end", "published", "published_se"),
)
"""The contract of results/decomposition.csv: shares of a game add up to end − start."""


def decompose(gap: Gap) -> list[dict]:
    """Decompose one gap by every game, keys `COLUMNS`."""
    printed = published_slopes().loc[(gap.record.column, gap.term)]
    shared = {
        **{"panel": gap.panel, "column": gap.record.column, "term": gap.term},
        **{"start": estimate(gap, gap.panel), "end": estimate(gap, END)},
        **{"published": printed["coef"], "published_se": printed["se"]},
    }
    rows = []
    for name, make in GAMES.items():
        if name != "ingredients" and gap.record.dynamic:
            continue
        game = make(gap)
        if len(game.players) == 0:
            raise UserError(
                f"Panels {gap.panel} and {END} do not differ in column {gap.record.column}, so "
                "there is no gap to decompose: leave the column out."
            )
        shares, errors = shapley(game)
        rows += [
            {**shared, "game": name, "player": player, "share": share, "mcse": error,
             "exact": "no" if errors.any() else "yes"}
            for player, share, error in zip(game.players, shares, errors, strict=True)
        ]  # fmt: skip
    return rows


def run(listed: Iterable[Gap]) -> Iterator[pd.DataFrame]:
    """Yield the table of each gap as it is decomposed."""
    for gap in listed:
        yield pd.DataFrame(decompose(gap), columns=COLUMNS)


def largest(shares: pd.DataFrame, most: int = 3) -> pd.DataFrame:
    """Return the ingredients with the largest shares of each gap."""
    ingredients = shares[shares["game"] == "ingredients"]
    order = ingredients["share"].abs().sort_values(ascending=False).index
    top = ingredients.loc[order].groupby(["panel", "column", "term"], sort=False).head(most)
    return top.sort_index().drop(columns=["game", "exact"])
