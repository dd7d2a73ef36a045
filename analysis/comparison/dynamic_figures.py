"""Figures of dynamic columns: ρ by estimator, and impulse responses."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.comparison.dynamic import PUBLISHED, label, responses
from analysis.shared.plotting import colours
from analysis.specifications import select
from models.design import LAG

REACH = 0.5
"""Of the figure, either side of ρ = 1: estimates farther off are marked at its edge."""


def draw(rows: pd.DataFrame) -> Figure:
    """Draw each estimator's ρ, a frame for each outcome, a colour for each panel."""
    lagged = rows[rows["term"] == LAG]
    columns, panels = list(dict.fromkeys(lagged["column"])), list(dict.fromkeys(lagged["panel"]))
    names = sorted(dict.fromkeys(lagged["estimator"]), key=lambda name: name == PUBLISHED)
    of_panel = colours(panels)
    figure, frames = _frames(len(columns))
    for i, (axes, column) in enumerate(zip(frames, columns, strict=True)):
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
        axes.set_title(f"{column}  {record.outcome}", loc="left")
        axes.set_xlabel("autoregressive coefficient ρ, 95 % interval")
        axes.set_yticks(range(len(names)), [label(name) if i % 2 == 0 else "" for name in names])
        axes.invert_yaxis()
    _panels(figure, panels)
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
    figure, frames = _frames(len(columns))
    for axes, column in zip(frames, columns, strict=True):
        (record,) = select([column])
        for panel, colour in colours(panels).items():
            path = impulses[(impulses["column"] == column) & (impulses["panel"] == panel)]
            axes.plot(path["year"], path["median"], color=colour, lw=1.1)
            axes.fill_between(path["year"], path["low"], path["high"], color=colour, alpha=0.15)
        axes.axhline(0, color="0.5", lw=0.8, ls="--", zorder=0)
        axes.set_title(f"{column}  {record.outcome}", loc="left")
        axes.set_xlabel(f"years after {record.interest[0]} was 1 higher for a year")
    _panels(figure, panels)
    return figure


def _frames(number: int) -> tuple[Figure, list[Axes]]:
    """Return a figure with at most two frames a line."""
    wide = min(number, 2)
    high = -(-number // wide)
    figure = Figure(figsize=(1.8 + 3.2 * wide, 0.6 + 2.9 * high), layout="constrained")
    frames = list(figure.subplots(high, wide, squeeze=False).flat)
    for axes in frames[number:]:
        axes.remove()
    return figure, frames[:number]


def _panels(figure: Figure, panels: list[str]) -> None:
    """Add a legend of the panels' colours above the frames."""
    of_panel = colours(panels).items()
    handles = [Line2D([], [], color=c, marker="o", ms=3, label=p) for p, c in of_panel]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
