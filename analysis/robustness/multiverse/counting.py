"""Which universes of the posteriors differ, and how many: to be known before they are fitted."""

from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.robustness.multiverse.fraction import POSTERIOR
from analysis.robustness.multiverse.grid import variable
from analysis.robustness.multiverse.options import kept, offered, selection, without
from analysis.robustness.multiverse.records import Option, Setting
from analysis.robustness.multiverse.structures import PRIOR
from analysis.specifications import select
from data.shared.errors import UserError

COLUMNS = ("column", "universes", "distinct")
"""By column: combinations of all choices of data, rows and terms, and how many of them differ."""


class Distinct(NamedTuple):
    """The universes of a column's posteriors, under the prior table of the model.

    Attributes
    ----------
    choices : dict of str to (tuple of Option)
        All that are choices for the column.
    number : ndarray of int
        An axis for each choice: equal where rows, terms and data are; from 0 on without gaps.
    first : ndarray of int, shape (distinct universes, choices)
        The options of the first combination of each.
    """

    choices: dict[str, tuple[Option, ...]]
    number: NDArray[np.int64]
    first: NDArray[np.int64]


def counts(setting: Setting, columns: Sequence[str]) -> pd.DataFrame:
    """Return `COLUMNS` of the posteriors' universes, under the prior table of the model.

    Raises
    ------
    UserError
        If the multiverse has no posteriors.
    """
    if POSTERIOR not in setting.family:
        raise UserError("The multiverse has no posteriors: its choices name none.")
    found = {column: distinct(setting, column) for column in columns}
    return pd.DataFrame(
        [[column, of.number.size, len(of.first)] for column, of in found.items()],
        columns=list(COLUMNS),
    )


@cache
def distinct(setting: Setting, column: str) -> Distinct:
    """Number a column's combinations of choices by their data, terms and rows."""
    (record,) = select([column])
    listed = [choice for choice in setting.family[POSTERIOR].choices if choice.name != PRIOR.name]

    @cache
    def values(name: str, form: tuple[tuple[str, str], ...], rows: bytes) -> bytes:
        cells = variable(setting, name, form).ravel()[np.frombuffer(rows, bool)]
        return blake2b(cells.tobytes(), digest_size=16).digest()

    choices = offered(listed, record, setting)
    numbers: dict[object, int] = {}
    number = np.empty([len(options) for options in choices.values()], int)
    first = []
    for code, chosen in zip(np.ndindex(number.shape), product(*choices.values()), strict=True):
        reduced, form = without(record, chosen), selection(chosen, record, setting)
        rows = np.logical_and.reduce([kept(option, record, setting) for option in chosen]).tobytes()
        data = (values(name, tuple(form[name].items()), rows) for name in reduced.variables)
        key = (reduced.terms, rows, *data)
        if key not in numbers:
            numbers[key] = len(numbers)
            first.append(code)
        number[code] = numbers[key]
    return Distinct(choices, number, np.array(first, int).reshape(len(first), number.ndim))
