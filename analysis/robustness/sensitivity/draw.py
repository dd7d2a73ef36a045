"""Figures of the influence of each province on each slope."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.shared.plotting import colours, key, outer, small_multiples
from analysis.specifications import AVERAGE, regions
from models.bayesian.registry import LADDER


def frames(influence: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and rows of each figure that `draw` can make: the ladder's highest model."""
    for (column, term), rows in influence.groupby(["column", "term"], sort=False):
        highest = [name for name in LADDER if (rows["model"] == name).any()]
        of_model = rows[rows["model"] == (highest or list(rows["model"]))[-1]]
        suffix = (
            "" if influence[influence["column"] == column]["term"].nunique() == 1 else f"_{term}"
        )
        yield f"influence_{column}{suffix}", of_model


def draw(rows: pd.DataFrame) -> Figure:
    """Draw the influence of each province on the slopes of one column.

    A frame for the average slope and for each region's; a dot for each panel, hollow for TWFE.
    """
    slopes = [name for name in (AVERAGE, *regions()) if (rows["region"] == name).any()]
    homes = {home: i for i, home in enumerate(regions())}
    names = rows[["province", "home"]].drop_duplicates()
    names = names.sort_values("home", key=lambda home: home.map(homes), kind="stable")
    at = {province: i for i, province in enumerate(names["province"])}
    panels = list(dict.fromkeys(rows["panel"]))
    figure, grid = small_multiples(len(slopes), 1.0 + 0.14 * len(at), sharey=True)
    for axes, slope in zip(grid, slopes, strict=True):
        for panel, colour in colours(panels).items():
            of_slope = rows[(rows["region"] == slope) & (rows["panel"] == panel)]
            y = of_slope["province"].map(at)
            axes.plot(of_slope["shift"], y, "o", ms=3, color=colour, label=panel)
            axes.plot(of_slope["twfe_shift"], y, "o", ms=4, mfc="none", color=colour, alpha=0.6)
        axes.axvline(0, color="0.6", lw=0.6, zorder=0)
        for edge in np.flatnonzero(np.diff(names["home"].map(homes))):
            axes.axhline(edge + 0.5, color="0.85", lw=0.6, zorder=0)
        axes.set_title(slope, loc="left")
        axes.set_yticks(range(len(at)), list(at), fontsize=6.5)
        axes.tick_params(axis="x", labelsize=6.5)
    grid[0].invert_yaxis()
    for axes in outer(grid)[1]:
        axes.set_xlabel("shift of the slope", fontsize=7)
    filled, labels = grid[0].get_legend_handles_labels()
    hollow = Line2D([], [], marker="o", ms=4, mfc="none", color="0.4", lw=0)
    words = [f"posterior, in sd: {label}" for label in labels]
    key(figure, [*filled, hollow], [*words, "hollow: two-way fixed effects, in SE"])
    return figure
