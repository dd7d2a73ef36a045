"""A user's files: small panels of made-up units, written in many ways."""

from pathlib import Path

import numpy as np
import pandas as pd

from data.panels.panel import Panel, load_panel
from data.shared.errors import UserError

VARIABLES = ("produ", "indus")


def units(names=("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta"), years=range(2010, 2016)):
    """Return a balanced panel of some units in two regions, four digits, from a fixed seed."""
    rng = np.random.default_rng(len(names))
    rows = [(name, year) for name in names for year in years]
    frame = pd.DataFrame(rows, columns=["province", "year"])
    north = names[: len(names) // 2]
    frame["region"] = frame["province"].map(lambda name: "north" if name in north else "south")
    for name in VARIABLES:
        frame[name] = rng.uniform(0.1, 0.9, len(frame)).round(4)
    return frame


def loaded(frame: pd.DataFrame | str | bytes, folder: Path, encoding: str = "utf-8") -> Panel:
    """Write a frame, a text or bytes as a user's file and load it."""
    path = folder / "mine.csv"
    text = frame.to_csv(index=False) if isinstance(frame, pd.DataFrame) else frame
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return load_panel(str(path), VARIABLES)


def refusal(frame: pd.DataFrame | str | bytes, folder: Path) -> str:
    """Return the one sentence with which a user's file is refused, its path cut."""
    try:
        loaded(frame, folder)
    except UserError as error:
        said = str(error)
        assert said.startswith(str(folder / "mine.csv"))
        assert said.endswith(".")
        assert said.isprintable()
        return said.removeprefix(str(folder / "mine.csv"))
    raise AssertionError("The file was read.")


def only_notice(panel: Panel) -> str:
    """Return the one sentence that a panel has to say."""
    (notice,) = panel.notices
    assert notice.endswith(".")
    return notice
