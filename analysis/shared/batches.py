"""Batches of a long run, which lie in a folder until all are done."""

import shutil
from contextlib import suppress
from pathlib import Path


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
