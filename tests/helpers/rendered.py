"""Tables as a terminal of some width shows them, and what must hold of each."""

import pandas as pd
from rich.cells import cell_len

from analysis.shared import layout, terminal
from analysis.shared.layout import View

WIDTHS = (80, 100, 120)
"""Characters of a line."""


def rendered(frame: pd.DataFrame, view: View, width: int, wide: bool = False) -> str:
    """Return what a reader sees of a table."""
    before, terminal.console.width = terminal.console.width, width
    try:
        with terminal.console.capture() as captured:
            terminal.draw(frame, "A title", view, wide)
    finally:
        terminal.console.width = before
    return captured.get()


def faults(frame: pd.DataFrame, view: View, width: int, wide: bool = False) -> list[str]:
    """Say what is wrong with a table: broken words, long lines, too many or lost columns."""
    text, fitted = rendered(frame, view, width, wide), layout.fit(frame, view, width, wide)
    there, found = set(text.split()), []
    for part in fitted.parts:
        if len(part.columns) > width // 11:
            found.append(f"{len(part.columns)} columns")
        texts = [*map(layout.head, part), *(cell.plain for name in part for cell in part[name])]
        words = {word for cell in texts for word in cell.split()}
        found += [f"broken: {word}" for word in words - there]
        numbers = {cell for cell in texts if cell[:1].isdigit() and "(" in cell and len(cell) < 20}
        found += [f"split: {cell}" for cell in numbers if cell not in text]
    found += [f"long: {line}" for line in text.splitlines() if cell_len(line.rstrip()) > width]
    shown = {name for part in fitted.parts for name in part} | {*fitted.same, *fitted.left_out}
    full = {name for name, cells in layout.texts(frame, view).items() if any(map(len, cells))}
    found += [f"lost: {name}" for name in full - shown]
    if fitted.left_out and "--wide" not in text:
        found.append("nothing says that columns are left out")
    return found
