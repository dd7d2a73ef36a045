"""A regression gathered a chunk at a time, and with its rows in memory."""

from functools import cache

import numpy as np
import pandas as pd

from analysis.specifications import select
from models.bayesian import hierarchical
from models.design import design
from models.large_panels import gram_blocks, sufficient_statistics
from tests.helpers.fits import official, thinned

CASES = [
    (column, missing, varying, sigma)
    for missing in (0.0, 0.15)
    for column, varying, sigma in (
        ("3.2", ("indus",), "region"),
        ("3.2", (), "common"),
        ("3.3", ("indus", "indus2"), "region"),
        ("3.2", ("urb",), "common"),
        ("8.1", (), "common"),
    )
]


def panel(missing: float) -> pd.DataFrame:
    whole = official("3.3")
    return (thinned(whole, missing) if missing else whole).frame


def chunks(frame: pd.DataFrame, size: int = 47) -> list[pd.DataFrame]:
    return [frame.iloc[at : at + size] for at in range(0, len(frame), size)]


@cache
def both(column: str, missing: float, varying: tuple[str, ...], sigma: str):
    """Return the Gram blocks of chunks, and the same regression with its rows in memory."""
    (record,) = select([column])
    gathered = sufficient_statistics.gram(chunks(panel(missing)), record)
    parts = hierarchical.split(design(panel(missing), record), varying, sigma)
    return gram_blocks.blocks(gathered, varying, sigma), parts


def assert_same_gram(found, expected, rows):
    """Compare in units of the columns' lengths; a length of zero counts as that of noise."""
    length = np.sqrt(np.maximum(np.diag(expected), rows))
    assert np.abs((found - expected) / np.outer(length, length)).max() < 1e-10
