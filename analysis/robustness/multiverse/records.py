"""Records of a multiverse: options with their reasons, choices and slow estimators."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.specifications import SPECIFICATIONS
from models.design import Specification

Array = NDArray[np.float64]

OUTCOME, INTEREST, EVERY = "outcome", "interest", "every"
"""Variables by their part in a column; any other name is a variable itself."""


@dataclass(frozen=True)
class Option:
    """One option of a choice.

    Attributes
    ----------
    name, reason : str
        As in tables, and the reason for it.
    takes : mapping of str to (mapping of str to str)
        Which form of which variables is taken: by `OUTCOME`, `INTEREST`, `EVERY` or a variable's
        name, the value of each construction choice; what does not touch a variable is passed over.
    drops : tuple of str
        Controls that are left out.
    keeps : callable of DataFrame, optional
        Which rows are kept.
    sets : mapping of str to object
        Arguments of the estimator.
    apart : bool
        Whether its universes are shown and not counted.
    """

    name: str
    reason: str
    takes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    keeps: Callable[[pd.DataFrame], pd.Series] | None = None
    sets: Mapping[str, object] = field(default_factory=dict)
    apart: bool = False


@dataclass(frozen=True)
class Choice:
    """An analysis choice and its options; the first option is the plainest."""

    name: str
    options: tuple[Option, ...]


class Universe(NamedTuple):
    """A regression in one universe."""

    frame: pd.DataFrame
    record: Specification
    sets: Mapping[str, object]


@dataclass(frozen=True)
class Family:
    """A way to estimate that is too slow for all universes.

    Attributes
    ----------
    name : str
    choices : tuple of Choice
    estimate : callable
        From universes and a random stream for each to `fraction.SUMMARIES`.
    terms : callable of Specification
        Whose slopes these are.
    dynamic : bool
        Whether it is of columns with the lagged outcome.
    size, batch : int
        Universes of a column, and of these in one task.
    crossed : Choice, optional
        Crossed in full with the fraction, so that its options are compared in the same universes.
    """

    name: str
    choices: tuple[Choice, ...]
    estimate: Callable[[Sequence[Universe], Sequence[np.random.Generator]], Array]
    terms: Callable[[Specification], tuple[str, ...]]
    dynamic: bool
    size: int
    batch: int
    crossed: Choice | None = None

    @property
    def parts(self) -> int:
        """Tasks of a column for each option of `crossed`."""
        return -(-self.size // self.batch)


Forms = Mapping[str, frozenset[str]]
"""The construction choices that touch each variable."""


@dataclass(frozen=True, eq=False)
class Setting:
    """A multiverse: data in every construction, and what can be chosen.

    Two settings are the same if they are one object, so that what is computed from one is kept.

    Attributes
    ----------
    dataset : Dataset
        Each variable over `province`, `year` and the construction choices that touch it.
    dataset_sha256 : str
        Of the file that it was read from.
    construction : mapping of str to (tuple of str)
        The values of each construction choice.
    defaults : mapping of str to str
        The value that is taken where no option says which.
    frame : DataFrame
        Columns `province, year, region`, a row for each cell of the Dataset, in its order.
    grid : tuple of Choice
        Crossed in full, by least squares.
    of_terms : frozenset of str
        Those that set what a regression is of; the others set its rows and how it is estimated.
    families : tuple of Family
        Slow estimators.
    described : str
        The file that has the options with their reasons.
    records : tuple of Specification
        The columns; by default all of the paper's.
    """

    dataset: xr.Dataset
    dataset_sha256: str
    construction: Mapping[str, tuple[str, ...]]
    defaults: Mapping[str, str]
    frame: pd.DataFrame
    grid: tuple[Choice, ...]
    of_terms: frozenset[str]
    families: tuple[Family, ...]
    described: str
    records: tuple[Specification, ...] = SPECIFICATIONS

    @cached_property
    def forms(self) -> Forms:
        """Which construction choices touch each variable of the Dataset."""
        choices = set(self.construction)
        return {name: frozenset(values.dims) & choices for name, values in self.dataset.items()}

    @cached_property
    def family(self) -> dict[str, Family]:
        """The slow estimators by name."""
        return {family.name: family for family in self.families}


Load = Callable[[], Setting]
"""A function of a module that returns a setting, the same object each time: workers get its name
and not the data."""
