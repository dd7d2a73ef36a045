"""Waterfalls of the headline columns' gaps."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.shared.plotting import PALETTE, frames, key
from analysis.shared.statistics import Z
from analysis.specifications import HEADLINE, spelled


def draw(shares: pd.DataFrame) -> Figure:
    """Draw the headline columns' gaps as waterfalls of ingredients, one frame each."""
    ingredients = shares[(shares["game"] == "ingredients") & shares["column"].isin(HEADLINE)]
    gaps = list(ingredients.groupby(["column", "term", "panel"], sort=False))
    figure, grid = frames(len(gaps), 2.5, more=0.6)
    for axes, ((column, term, panel), rows) in zip(grid, gaps, strict=True):
        _waterfall(axes, rows, panel)
        axes.set_title(f"{column}  from {panel}", loc="left")
        axes.set_xlabel(f"slope of {spelled(term)}", fontsize=7)
    key(
        figure,
        [
            Patch(color="0.6", label="slope on a panel"),
            Patch(color=PALETTE[0], label="ingredient raises it"),
            Patch(color=PALETTE[5], label="ingredient lowers it"),
            Line2D([], [], color="0.3", lw=0.8, ls=":", label="printed slope"),
        ],
    )
    return figure


def _waterfall(axes: Axes, rows: pd.DataFrame, panel: str) -> None:
    """Draw start, shares (the largest first) and end, one below the other."""
    rows = rows.loc[rows["share"].abs().sort_values(ascending=False).index]
    axes.use_sticky_edges = False
    axes.margins(x=0.06)
    start, end, published = rows[["start", "end", "published"]].iloc[0]
    levels = start + np.concatenate([[0], np.cumsum(rows["share"])])
    axes.barh(0, start, color="0.6", height=0.7)
    colours = [PALETTE[0] if share > 0 else PALETTE[5] for share in rows["share"]]
    places = np.arange(1, len(rows) + 1)
    axes.barh(places, rows["share"], left=levels[:-1], color=colours, height=0.7)
    axes.errorbar(levels[1:], places, xerr=Z * rows["mcse"], fmt="none", ecolor="0.2", lw=0.8)
    axes.barh(len(rows) + 1, end, color="0.6", height=0.7)
    axes.axvline(published, color="0.3", lw=0.8, ls=":")
    axes.axvline(0, color="0.7", lw=0.6)
    labels = [panel, *rows["player"], "implied"]
    axes.set_yticks(range(len(labels)), labels, fontsize=6.5)
    axes.invert_yaxis()
