"""Figures of dynamic columns: ρ by estimator, and impulse responses."""

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.comparison.dynamic import PUBLISHED, label, responses
from analysis.shared.plotting import colours, frames, key, outer
from analysis.specifications import select, spelled
from models.design import LAG

REACH = 0.5
"""Of the figure, either side of ρ = 1: estimates farther off are marked at its edge."""


def draw(rows: pd.DataFrame) -> Figure:
    """Draw each estimator's ρ, a frame for each outcome, a colour for each panel."""
    lagged = rows[rows["term"] == LAG]
    columns, panels = list(dict.fromkeys(lagged["column"])), list(dict.fromkeys(lagged["panel"]))
    names = sorted(dict.fromkeys(lagged["estimator"]), key=lambda name: name == PUBLISHED)
    of_panel = colours(panels)
    figure, grid = frames(len(columns), 2.9, more=0.6, sharey=True)
    for axes, column in zip(grid, columns, strict=True):
        of_column = lagged[lagged["column"] == column]
        limits = (
            max(1 - REACH, of_column["low"].min()) - 0.02,
            min(1 + REACH, of_column["high"].max()) + 0.02,
        )
        for row in of_column.drop_duplicates(["estimator", "coef"]).itertuples():
            published = row.estimator == PUBLISHED
            offset = 0 if published else 0.18 * (panels.index(row.panel) - (len(panels) - 1) / 2)
            colour = "black" if published else of_panel[row.panel]
            _mark(axes, row, names.index(row.estimator) + offset, colour, limits)
        axes.axvline(1, color="0.5", lw=0.8, ls="--", zorder=0)
        axes.set_xlim(*limits)
        (record,) = select([column])
        title = fill(f"{column}  {spelled(record.outcome)}", 30)
        axes.set_title(title, loc="left", fontsize=7)
        axes.set_yticks(range(len(names)), [label(name) for name in names], fontsize=7)
    grid[0].invert_yaxis()
    for axes in outer(grid)[1]:
        axes.set_xlabel("autoregressive coefficient ρ,\n95 % interval", fontsize=7)
    _panels(figure, panels, PUBLISHED in names)
    return figure


def _mark(axes: Axes, row: Any, at: float, colour: str, limits: tuple[float, float]) -> None:
    """Draw an estimate with its interval; a triangle at the edge if it lies beyond."""
    if np.isnan(row.coef):
        return
    low, high = limits
    axes.plot([row.low, row.high], [at, at], color=colour, lw=1.1)
    if low < row.coef < high:
        axes.plot(row.coef, at, "D" if row.estimator == PUBLISHED else "o", color=colour, ms=3)
    else:
        edge, marker = (low, "<") if row.coef <= low else (high, ">")
        axes.plot(edge, at, marker, color=colour, ms=4, clip_on=False)


def draw_effects(rows: pd.DataFrame) -> Figure:
    """Draw impulse responses, a frame for each outcome, a band for each panel.

    Parameters
    ----------
    rows : DataFrame
        results/dynamic_effects.csv.
    """
    impulses = responses(rows)
    columns, panels = (
        list(dict.fromkeys(impulses["column"])),
        list(dict.fromkeys(impulses["panel"])),
    )
    cells = [(column, panel) for column in columns for panel in panels]
    figure, grid = frames(len(cells), 1.5, most=len(panels), more=0.6, sharex=True)
    of_panel = colours(panels)
    for axes, (column, panel) in zip(grid, cells, strict=True):
        of_column = impulses[impulses["column"] == column]
        path = of_column[of_column["panel"] == panel]
        axes.fill_between(path["year"], path["low"], path["high"], color=of_panel[panel],
                          alpha=0.25, lw=0)  # fmt: skip
        axes.plot(path["year"], path["median"], color=of_panel[panel], lw=1.2)
        axes.axhline(0, color="0.5", lw=0.8, ls="--", zorder=0)
        least, greatest = of_column["low"].min(), of_column["high"].max()
        margin = 0.05 * (greatest - least)
        axes.set_ylim(min(0, least) - margin, max(0, greatest) + margin)
        axes.set_title(f"{column}  {panel}", loc="left", fontsize=7)
        axes.tick_params(labelsize=7)
    for axes in outer(grid)[1]:
        axes.set_xlabel("years after", fontsize=7)
    (record, *_) = select(columns)
    words = f"response to {spelled(record.interest[0])}, one higher for a year"
    figure.supylabel(words, fontsize=7.5)
    return figure


def _panels(figure: Figure, panels: list[str], printed: bool) -> None:
    """Add a key: panels, the printed estimate if there is one, and what is beyond the frame."""
    of_panel = colours(panels).items()
    handles = [Line2D([], [], color=c, marker="o", ms=3, label=p) for p, c in of_panel]
    if printed:
        handles.append(Line2D([], [], color="black", marker="D", ms=3, label=label(PUBLISHED)))
    handles.append(Line2D([], [], color="0.4", marker=">", ms=4, lw=0, label="beyond the frame"))
    key(figure, handles)
