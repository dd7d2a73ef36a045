"""Read a user's own panel: bytes to text, text to cells, cells to numbers."""

from collections.abc import Sequence
from difflib import get_close_matches

import pandas as pd

from data.panels.cells import select_columns
from data.panels.csv_text import decode, parse
from data.panels.provinces import REGION_OF
from data.panels.spelling import plain_numbers, shorten
from data.panels.validation import validate


def read(
    content: bytes, variables: Sequence[str], file: str
) -> tuple[pd.DataFrame, tuple[str, ...], bool]:
    """Read a user's file.

    Parameters
    ----------
    content : bytes
        Of the file.
    variables : sequence of str
        Columns that the estimation reads besides province and year.
    file : str
        How notices and errors name the file.

    Returns
    -------
    frame : DataFrame
        As of `validate`.
    notices : tuple of str
        What the user should be told, one sentence each.
    balanced : bool
        Whether every province is seen in every year.

    Raises
    ------
    UserError
        If the file cannot be read or fails `validate`.
    """
    text, notices = decode(content, file)
    cells, more = plain_numbers(select_columns(parse(text, file), variables, file))
    frame = validate(cells, variables, file)
    notices += _near_names(frame, file)
    missing = _missing(frame)
    if missing:
        notices.append(_unbalanced(missing, frame, file))
    return frame, tuple(notices + [f"{file}: {notice}" for notice in more]), not missing


def _near_names(frame: pd.DataFrame, file: str) -> list[str]:
    """Say which names, taken for provinces of their own, may be misspelt ones of the 31."""
    near = {
        name: get_close_matches(name, REGION_OF, n=1, cutoff=0.8)
        for name in frame["province"].unique()
        if name not in REGION_OF
    }
    return [
        f"{file}: {shorten(name)!r} is taken for a province of its own; correct it if "
        f"{meant[0]} is meant."
        for name, meant in near.items()
        if meant
    ]


def _missing(frame: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the province-years that a balanced panel would have and this one has not."""
    full = pd.MultiIndex.from_product([frame["province"].unique(), sorted(set(frame["year"]))])
    return list(full.difference(pd.MultiIndex.from_frame(frame[["province", "year"]]), sort=False))


def _unbalanced(missing: list[tuple[str, int]], frame: pd.DataFrame, file: str) -> str:
    shown = ", ".join(f"{province} {year}" for province, year in missing[:3])
    return (
        f"{file} is unbalanced: it lacks {len(missing)} of {len(missing) + len(frame)} "
        f"province-years ({shown}{', …' if len(missing) > 3 else ''})."
    )
