"""Pictures at most as high as a page, and letters at least as large as print needs."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.shared import plotting
from analysis.specifications import current

HIGHEST = 24.0
"""Height in cm of a page's text."""

SQUEEZED = 0.7
"""To which part of its height a picture may be squeezed."""

SMALLEST = 6.0
"""Points of the smallest letters."""

HEADLINE_ALONE = "Of the columns, those of the headline alone: all are higher than a page."
"""What the caption says of a picture that has no room for all columns."""


def fitted(draw: Callable[[pd.DataFrame], Figure], rows: pd.DataFrame) -> tuple[Figure, str]:
    """Draw rows on a figure that a page has room for.

    A figure that is too high is squeezed. Where that takes too much, the columns of the headline
    are drawn alone, if there are any.

    Returns
    -------
    figure : Figure
    left_out : str
        What the caption says of it; empty if all is drawn.
    """
    figure, left_out = draw(rows), ""
    if _centimetres(figure) > HIGHEST / SQUEEZED and "column" in rows:
        of_headline = rows[rows["column"].isin(current().headline)]
        if len(of_headline):
            figure, left_out = draw(of_headline), HEADLINE_ALONE
    if _centimetres(figure) > HIGHEST:
        figure.set_figheight(HIGHEST / 2.54)
    for text in figure.findobj(Text):
        text.set_fontsize(max(text.get_fontsize(), SMALLEST))
    return figure, left_out


def save(
    draw: Callable[[pd.DataFrame], Figure], rows: pd.DataFrame, stem: Path, caption: str = ""
) -> list[Path]:
    """Draw a figure that a page has room for, as `plotting.save`; its caption says what is left."""
    with matplotlib.rc_context(plotting.STYLE):
        figure, left_out = fitted(draw, rows)
    return plotting.save(lambda _: figure, rows, stem, f"{caption} {left_out}".strip())


def _centimetres(figure: Figure) -> float:
    return 2.54 * float(figure.get_figheight())
