"""Universes are counted as least squares numbers them: equal data in equal rows are one."""

import numpy as np

from analysis.robustness.multiverse import counting, grid
from analysis.ye2024.multiverse.families import setting


def test_distinct_universes_are_least_squares_distinct_regressions():
    (row,) = counting.counts(setting(), ["8.2"]).to_dict("records")
    laid = grid.layout(setting(), "8.2")
    plain = {name: of[0] for name, of in laid.choices.items() if name in ("effects", "weights")}
    ways = [way for way in laid.ways if all(option in way for option in plain.values())]
    found = [grid.run(setting(), "8.2", laid.ways.index(way))["regression"] for way in ways]
    made = [name for name in laid.names if name not in laid.whole]
    if "normalisation" in made:  # the other normalisation is shown apart
        found = [np.take(of_way, 0, axis=made.index("normalisation")) for of_way in found]
    hashes = np.concatenate([of_way.ravel() for of_way in found])
    assert row["universes"] == len(hashes)
    assert row["distinct"] == len(np.unique(hashes))
