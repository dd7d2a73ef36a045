"""Pictures of commands under test, without what Matplotlib does to each of them alike."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.comparison import figures
from analysis.shared import plotting
from data.shared.files import write_text


def leave_unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let figures be built from their rows, and their files be there, empty.

    That a figure is laid out within its width, and gives the same files each time, is for tests of
    `analysis/comparison/figures.py` and `analysis/reporting/gallery.py`; it takes nine tenths of
    the time.
    """

    def save(
        draw: Callable[[pd.DataFrame], Figure], rows: pd.DataFrame, stem: Path, caption: str = ""
    ) -> list[Path]:
        with matplotlib.rc_context(plotting.STYLE):
            assert draw(rows).axes
        paths = [stem.with_name(f"{stem.name}.{form}") for form in plotting.FORMATS]
        for path in paths:
            write_text("", path)
        return paths

    for module in (plotting, figures):
        monkeypatch.setattr(module, "save", save)
