"""Batches of a long run: which there are, and the folder where they lie until all are done."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.panels.panel import Panel
    from models.design import Specification

type Batch = tuple[Panel, Specification, range]
"""A panel, a column and the numbers of its data sets."""


def of_data_sets(
    panels: Sequence["Panel"], records: Sequence["Specification"], size: int, each: int
) -> list[Batch]:
    """List batches of `each` data sets, `size` of every column on every panel."""
    return [
        (panel, record, range(start, min(start + each, size)))
        for panel in panels
        for record in records
        for start in range(0, size, each)
    ]


def remove(folder: Path) -> None:
    """Remove the batches of a run that is whole; those of other runs beside it stay.

    Parameters
    ----------
    folder : Path
        Of the run, named by the hash of what it is made from, in a folder for all such runs.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # not empty: another run was interrupted, and will go on
        folder.parent.rmdir()
