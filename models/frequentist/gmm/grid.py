"""A panel as arrays on a full grid of periods and groups, in which lags are shifts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.frequentist.gmm.records import CONSTANT, parse_term

MOST_PERIODS = 20
"""Periods on the grid for each that the panel has: more, and they are dates, not numbers."""


NO_NUMBERS = "cmM"
"""Kinds of columns that numpy would turn into numbers: complex numbers, spans and dates."""


@dataclass(frozen=True)
class Grid:
    """A panel's variables, one array each way.

    Attributes
    ----------
    terms : tuple of str
        The V terms, lags among them, the constant last.
    periods : ndarray of int, shape (T,)
        Every period from the first to the last.
    groups : tuple
        The N groups.
    values : ndarray, shape (V, T, N)
        Meaningless where not observed.
    observed : ndarray of bool, shape (V, T, N)
    clusters : ndarray of int, shape (T, N), optional
        Codes 0 … C−1, −1 where missing.
    """

    terms: tuple[str, ...]
    periods: NDArray[np.int64]
    groups: tuple[object, ...]
    values: NDArray[np.float64]
    observed: NDArray[np.bool_]
    clusters: NDArray[np.int64] | None = None

    def index(self, term: str) -> int:
        """Return a term's position."""
        return self.terms.index(term)


def grid(
    frame: pd.DataFrame,
    unit: str,
    time: str,
    terms: Sequence[str],
    cluster: str | None = None,
) -> Grid:
    """Lay a panel out on its grid.

    Parameters
    ----------
    frame : DataFrame
        One row per group and period, in any order; left as it is. Gaps and missing values are
        allowed.
    unit, time : str
        Columns of the groups (any labels) and of the periods (whole numbers).
    terms : sequence of str
        Variables to read, with lags by period ("L.n"): a gap makes a missing lag.
    cluster : str, optional
        Column of cluster labels.

    Raises
    ------
    UserError
        If a column is missing or not numeric, a period is not a whole number, or a group has
        two rows in one period.
    """
    columns = list(dict.fromkeys(parse_term(term)[0] for term in terms))
    for name in (unit, time, *columns, *([cluster] if cluster else [])):
        if name not in frame.columns:
            raise UserError(f"The panel has no column {name}: add it or leave it out.")
        if not frame.columns.is_unique and frame.columns.tolist().count(name) > 1:
            raise UserError(f"The panel has two columns {name}: keep one.")
    group, groups = _groups(frame[unit])
    if (group < 0).any():
        row = frame.index[np.argmax(group < 0)]
        raise UserError(f"Row {row} has no {unit}: fill it in or drop the row.")
    period = _periods(frame, time)
    if len(period) == 0:
        raise UserError("The panel has no rows: nothing can be estimated.")
    first, n_periods = period.min(), int(period.max() - period.min()) + 1
    if n_periods > MOST_PERIODS * len(np.unique(period)):
        raise UserError(
            f"Column {time} runs from {first} to {period.max()} with few periods between: number "
            "the periods 1, 2, 3 and so on."
        )
    cell = (period - first) * len(groups) + group
    has_row = np.zeros(n_periods * len(groups), dtype=bool)
    has_row[cell] = True
    if has_row.sum() < len(cell):
        twice = np.argmax(pd.Series(cell).duplicated())
        raise UserError(
            f"Group {groups[group[twice]]} has two rows in period {period[twice]}: keep one."
        )
    base = np.full((len(columns), len(has_row)), np.nan)
    for i, name in enumerate(columns):
        base[i, cell] = _numbers(frame, name)
    if np.isinf(base).any():
        _refuse_infinite(frame, columns)
    base = base.reshape(len(columns), n_periods, len(groups))
    observed = ~np.isnan(base)
    clusters = None
    if cluster:
        clusters = np.full(n_periods * len(groups), -1)
        clusters[cell] = pd.factorize(frame[cluster])[0]
        clusters = clusters.reshape(n_periods, len(groups))
    return Grid(
        terms=(*terms, CONSTANT),
        periods=np.arange(first, first + n_periods),
        groups=tuple(groups),
        values=with_lags(np.where(observed, base, 0.0), columns, terms),
        # As in Stata, a lag is a value of its own row: where there is no row, there is none.
        observed=with_lags(observed, columns, terms) & has_row.reshape(observed.shape[1:]),
        clusters=clusters,
    )


def _groups(labels: pd.Series) -> tuple[NDArray[np.int64], Any]:
    """Code the groups in sorted order, that sums may not depend on the order of rows."""
    plain = labels.to_numpy() if isinstance(labels.dtype, np.dtype) else labels
    try:
        return pd.factorize(plain, sort=True)
    except TypeError:  # labels of several types have no order
        return pd.factorize(plain)


def _periods(frame: pd.DataFrame, time: str) -> NDArray[np.int64]:
    try:
        period = frame[time].to_numpy(float)
        is_whole_number = bool((period == np.round(period)).all())
    except (TypeError, ValueError):
        is_whole_number = False
    if not is_whole_number:
        raise UserError(f"Column {time} must hold whole numbers, one for each period.")
    return period.astype(np.int64)


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    column = frame[name]
    try:
        if not isinstance(column.dtype, np.dtype):
            return column.to_numpy(float, na_value=np.nan)
        if column.dtype.kind in NO_NUMBERS:
            raise TypeError
        return column.to_numpy(float)
    except (TypeError, ValueError):
        raise UserError(f"Column {name} must hold numbers only.") from None


def _refuse_infinite(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    for name in columns:
        infinite = np.isinf(_numbers(frame, name))
        if infinite.any():
            row = frame.index[np.argmax(infinite)]
            raise UserError(
                f"Column {name} is infinite in row {row}: correct it or leave it empty."
            )


def with_lags(base: Any, variables: Sequence[str], terms: Sequence[str]) -> Any:
    """Stack terms, lags being shifts by periods, and the constant.

    Parameters
    ----------
    base : array, shape (len(variables), T, N)
        Of numpy or another array namespace; zero where missing.
    variables, terms : sequence of str

    Returns
    -------
    array, shape (len(terms) + 1, T, N)
        Zero where a lag reaches out of the panel; the last is the constant, one everywhere.
    """
    xp = base.__array_namespace__()
    parsed = [parse_term(term) for term in terms]
    rows = [_shift(base[variables.index(variable)], lag) for variable, lag in parsed]
    constant = xp.ones_like(base[0])
    return xp.concat([row[None] for row in (*rows, constant)])


def _shift(values: Any, lag: int) -> Any:
    """Shift (T, N) values by periods; zero comes in."""
    if lag == 0:
        return values
    xp = values.__array_namespace__()
    reach = min(abs(lag), len(values))
    zeros = xp.zeros_like(values[:reach])
    shifted = values[: len(values) - reach] if lag > 0 else values[reach:]
    return xp.concat([zeros, shifted] if lag > 0 else [shifted, zeros])
