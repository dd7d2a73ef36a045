"""How figures look and are saved."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.container import Container
from matplotlib.figure import Figure

from data.panels.catalogue import PANELS
from data.shared.files import replacing

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

PAGE, COLUMN = 17.0, 8.5
"""Widths in cm: of a journal's page, and of one of its two columns."""

_width: ContextVar[float] = ContextVar("width", default=PAGE)


@contextmanager
def at_width(cm: float) -> Iterator[None]:
    """Draw figures of a width, in cm: letters keep their size, frames go below each other."""
    token = _width.set(cm)
    try:
        yield
    finally:
        _width.reset(token)


def inches() -> float:
    """Return the width of figures."""
    return _width.get() / 2.54


def frames(
    number: int, height: float, most: int = 2, more: float = 0.5, **shared: bool | str
) -> tuple[Figure, list[Axes]]:
    """Return a figure of frames, `most` a line on a page and half of them in a column.

    Parameters
    ----------
    number : int
    height : float
        Of a line of frames, in inches.
    most : int
    more : float
        Height that titles and key take, in inches.
    **shared : bool or str
        As `Figure.subplots` takes them.
    """
    room = max(1, round(most * _width.get() / PAGE))
    wide = min(number, room)
    high = -(-number // wide)
    figure = Figure(figsize=(inches(), height * high + more), layout="constrained")
    grid = list(figure.subplots(high, wide, squeeze=False, **shared).flat)
    for axes in grid[number:]:
        axes.remove()
    return figure, grid[:number]


LETTERS, MARK = 100, 6
"""Letters of a key that a page's width has room for; those that a mark takes."""


def key(figure: Figure, handles: Iterable[Artist | Container], labels: Iterable[str] = ()) -> None:
    """Add a key below the frames, with as many entries a line as the width has room for.

    `labels` are the handles' own where there are none.
    """
    listed = list(handles)
    words = list(labels) or [str(handle.get_label()) for handle in listed]
    longest = max(map(len, words)) + MARK
    wide = max(1, min(len(listed), int(LETTERS * _width.get() / PAGE / longest)))
    figure.legend(listed, words, loc="outside lower center", ncols=wide, frameon=False)


def outer(grid: Sequence[Axes]) -> tuple[list[Axes], list[Axes]]:
    """Return the frames at the left, and the lowest of each column: where axes are named."""
    at = {axes: axes.get_subplotspec().colspan.start for axes in grid}
    lowest = {column: axes for axes, column in at.items()}
    return [axes for axes, column in at.items() if column == 0], list(lowest.values())


def colours(panels: Iterable[str]) -> dict[str, str]:
    """Return each panel's colour: a named one's is the same in every picture."""
    known_panels = [kind.name for kind in PANELS]
    order = list(dict.fromkeys([*known_panels, *panels]))
    by_panel = {panel: PALETTE[i % len(PALETTE)] for i, panel in enumerate(order)}
    return {panel: by_panel[panel] for panel in panels}


def save(
    draw: Callable[[pd.DataFrame], Figure], rows: pd.DataFrame, stem: Path, caption: str = ""
) -> list[Path]:
    """Draw a figure of a table's rows and write it in every form; return the paths.

    The caption goes into the files' metadata.
    """
    paths = [stem.with_name(f"{stem.name}.{form}") for form in FORMATS]
    # A fixed salt and no date: the same numbers give the same bytes.
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "figures"}):
        figure = draw(rows)
        _settle(figure)
        for path, form in zip(paths, FORMATS, strict=True):
            metadata = {"Date": None} if form == "svg" else {"Software": None}
            metadata |= {"Description": caption} if caption else {}
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
    """Return a figure of small frames, four a line on a page; `shared` as `subplots`."""
    return frames(number, height, most=4, **shared)
