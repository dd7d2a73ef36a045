"""How many distinct universes posteriors can have: to be known before they are fitted."""

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from itertools import product

import numpy as np
import pandas as pd

from analysis.robustness.multiverse.fraction import POSTERIOR
from analysis.robustness.multiverse.grid import variable
from analysis.robustness.multiverse.options import kept, offered, selection, without
from analysis.robustness.multiverse.records import Setting
from analysis.robustness.multiverse.structures import PRIOR
from analysis.specifications import select
from data.shared.errors import UserError

COLUMNS = ("column", "universes", "distinct")
"""By column: combinations of all choices of data, rows and terms, and how many of them differ."""


def counts(setting: Setting, columns: Sequence[str]) -> pd.DataFrame:
    """Return `COLUMNS` of the posteriors' universes, under the prior table of the model.

    Raises
    ------
    UserError
        If the multiverse has no posteriors.
    """
    if POSTERIOR not in setting.family:
        raise UserError("The multiverse has no posteriors: its choices name none.")
    return pd.DataFrame(
        [[column, *of_column(setting, column)] for column in columns], columns=list(COLUMNS)
    )


def of_column(setting: Setting, column: str) -> tuple[int, int]:
    """Return how many universes a column has, and how many distinct regressions these are."""
    (record,) = select([column])
    listed = [choice for choice in setting.family[POSTERIOR].choices if choice.name != PRIOR.name]

    @cache
    def values(name: str, form: tuple[tuple[str, str], ...], rows: bytes) -> bytes:
        cells = variable(setting, name, form).ravel()[np.frombuffer(rows, bool)]
        return blake2b(cells.tobytes(), digest_size=16).digest()

    size, distinct = 0, set()
    for chosen in product(*offered(listed, record, setting).values()):
        reduced, form = without(record, chosen), selection(chosen, record, setting)
        rows = np.logical_and.reduce([kept(option, record, setting) for option in chosen]).tobytes()
        data = (values(name, tuple(form[name].items()), rows) for name in reduced.variables)
        distinct.add((reduced.terms, rows, *data))
        size += 1
    return size, len(distinct)
