"""Shapley decomposition: why official and published slopes differ.

From an official panel to the implied one, on which the printed slope comes out, one ingredient at a
time is swapped and the column estimated anew. What a swap does depends on what has been swapped
before, so each ingredient's share is its Shapley value (`analysis.robustness.shapley`).

The same gap is decomposed in several games (`games.GAMES`). The implied panel is one of many on
which the printed numbers come out. So the share of the `rest` of a series (its moves from official
data) shows what this panel needs, not what the author's data were.

`gaps` lists the slopes that differ, `games` what is swapped, `table` has the shares, `draw` the
figure.
"""
