"""How figures look and are saved."""

from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from data.files import replacing
from data.panels.catalogue import PANELS

STYLE = {
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "savefig.dpi": 200,
}

# Okabe and Ito's palette, which colour-blind readers can tell apart.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")

FORMATS = ("png", "svg")


def colours(panels: Iterable[str]) -> dict[str, str]:
    """Return each panel's colour: a named one's is the same in every picture."""
    named = [kind.name for kind in PANELS]
    order = [*named, *(panel for panel in dict.fromkeys(panels) if panel not in named)]
    every = {panel: PALETTE[i % len(PALETTE)] for i, panel in enumerate(order)}
    return {panel: every[panel] for panel in panels}


def save(draw: Callable[[pd.DataFrame], Figure], rows: pd.DataFrame, stem: Path) -> list[Path]:
    """Draw a figure of a table's rows and write it in every form; return the paths."""
    paths = [stem.with_name(f"{stem.name}.{form}") for form in FORMATS]
    # A fixed salt and no date: the same numbers give the same bytes.
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "figures"}):
        figure = draw(rows)
        _settle(figure)
        for path, form in zip(paths, FORMATS, strict=True):
            metadata = {"Date": None} if form == "svg" else {"Software": None}
            with replacing(path) as temporary:
                figure.savefig(temporary, format=form, metadata=metadata)
    return paths


def _settle(figure: Figure) -> None:
    """Lay a figure out once and round its frames' positions.

    The solver of constrained layouts gives other last digits in every process, and other bytes.
    At the resolution of the file: labels are a little wider there than at another.
    """
    figure.dpi = matplotlib.rcParams["savefig.dpi"]
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, 4))


def small_multiples(number: int, height: float, **shared: bool) -> tuple[Figure, list[Axes]]:
    """Return a figure of frames, four a line and `height` inches high; `shared` as `subplots`."""
    lines = -(-number // 4)
    figure = Figure(figsize=(7.6, height * lines + 0.5), layout="constrained")
    grid = list(figure.subplots(lines, 4, squeeze=False, **shared).flat)
    for axes in grid[number:]:
        axes.remove()
    return figure, grid[:number]
