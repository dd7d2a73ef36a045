"""The reconstruction as a constrained program: panel, intervals and box.

A point z is the move of every cell of every free series away from a start, in units of the
series' standard deviation there; its squared length is the squared distance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ye2024.reconstruction.keys import Key
from analysis.ye2024.reconstruction.nearest import Point, Program
from analysis.ye2024.reconstruction.targets import Target, inside
from data.ye2024.definitions import SUMS

NEAR = 0.3
"""Standard deviations within which a sum's cell is watched for its minimum or maximum."""


@dataclass(frozen=True)
class Problem:
    """A reconstruction: its start, series and constraints.

    Attributes
    ----------
    start : DataFrame
        `province, year, region` and the free series, sorted by province and year.
    series : tuple of str
        The S free series.
    unit : array, shape (S, 1)
        Their standard deviations at the start.
    targets : tuple of Target
        Intervals of quantities, in the order of the program's rows; cells of sums come after.
    sums : tuple of WatchedSum
        Sums whose extremes are printed.
    program : Program
    """

    start: pd.DataFrame
    series: tuple[str, ...]
    unit: NDArray[np.float64]
    targets: tuple[Target, ...]
    sums: "tuple[WatchedSum, ...]"
    program: Program

    def cells(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cells at a point, shape (S, rows), on the paper's scale."""
        start = self.start[list(self.series)].to_numpy().T
        return start + self.unit * z.reshape(start.shape)

    def point(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the point of cells, the inverse of `cells`."""
        return ((cells - self.start[list(self.series)].to_numpy().T) / self.unit).ravel()

    def names(self, z: NDArray[np.float64]) -> list[Key]:
        """Return the quantity of each row of the program at z; of cells of a sum, the extreme."""
        cells = self.cells(z)
        return [target.key for target in self.targets] + [
            name for watched in self.sums for name in watched.names(cells)
        ]


def problem(
    start: pd.DataFrame,
    evaluate: Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]],
    keys: Sequence[Key],
    series: Sequence[str],
    targets: Sequence[Target],
    numbers: pd.DataFrame,
    limits: Mapping[str, tuple[float, float]],
) -> Problem:
    """Put the program together.

    Parameters
    ----------
    start : DataFrame
        The panel from which distance is measured.
    evaluate : function
        From cells, (S, rows), to Q quantities and their Jacobian, (Q, S, rows).
    keys : sequence of Key
        Names of the quantities.
    series : sequence of str
        The free series.
    targets : sequence of Target
    numbers : DataFrame
        Printed numbers; minima and maxima are read from them.
    limits : mapping of str to (float, float)
        What a series cannot go beyond.

    Raises
    ------
    Contradiction
        If the printed cells of one target leave it no number.
    ValueError
        If a target names an unknown quantity.
    """
    refuse_empty(targets)
    series, targets = tuple(series), tuple(targets)
    cells = start[list(series)].to_numpy().T
    unit = cells.std(axis=1, ddof=1, keepdims=True)
    positions = [list(keys).index(target.key) for target in targets]
    low, high = (np.array([getattr(target, end) for target in targets]) for end in ("low", "high"))
    box_low, box_high = box(cells, series, numbers, limits)
    per_cell = np.broadcast_to(unit, cells.shape).ravel()
    watched_sums = (
        WatchedSum.of(total, parts, cells, series, numbers) for total, parts in SUMS.items()
    )
    sums = tuple(watched_sum for watched_sum in watched_sums if watched_sum is not None)

    def point(z: NDArray[np.float64]) -> Point:
        moved = cells + unit * z.reshape(cells.shape)
        values, jacobian = evaluate(moved)
        watched = [watched_sum.watch(moved) for watched_sum in sums]
        return Point(
            np.concatenate(
                [values[positions], *(watched_values.values for watched_values in watched)]
            ),
            np.concatenate(
                [
                    jacobian[positions].reshape(len(positions), -1),
                    *(watched_values.jacobian for watched_values in watched),
                ]
            )
            * per_cell,
            np.concatenate([low, *(watched_values.low for watched_values in watched)]),
            np.concatenate([high, *(watched_values.high for watched_values in watched)]),
        )

    program = Program(
        point, ((box_low - cells) / unit).ravel(), ((box_high - cells) / unit).ravel()
    )
    return Problem(start, series, unit, targets, sums, program)


class Contradiction(Exception):
    """Printed numbers that no panel, or none that was found, meets together; names the cells."""


def refuse_empty(targets: Sequence[Target]) -> None:
    """Raise Contradiction, naming the printed cells, if one quantity cannot meet all of its own."""
    for target in targets:
        if target.low > target.high:
            cells = "; ".join(map(named, target.cells))
            raise Contradiction(f"no number meets the printed cells of one quantity: {cells}.")


def named(key: Key) -> str:
    """Format a key: "5.2 ar2_z"."""
    return " ".join(filter(None, key))


def box(
    cells: NDArray[np.float64],
    series: tuple[str, ...],
    numbers: pd.DataFrame,
    limits: Mapping[str, tuple[float, float]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest value of every cell, both of shape (S, rows).

    Physical limits, printed minima and maxima; and one cell, the start's lowest, has to reach the
    minimum, one the maximum (for parts of a sum, the sum's: the paper's extremes of the sum are
    only met where the parts have theirs).
    """
    low, high = np.empty_like(cells), np.empty_like(cells)
    for i, name in enumerate(series):
        low[i], high[i] = limits.get(name, (-np.inf, np.inf))
        for extreme, sign in (("min", 1), ("max", -1)):
            key = ("2", name, extreme)
            if key not in numbers.index:
                continue
            least, most = inside(numbers.loc[key, "printed"])
            extreme_cell = (sign * _extremes_of(name, cells, series, numbers, extreme)).argmin()
            if extreme == "min":
                low[i] = np.maximum(low[i], least)
                high[i, extreme_cell] = most
            else:
                high[i] = np.minimum(high[i], most)
                low[i, extreme_cell] = least
    return low, high


def _extremes_of(
    name: str,
    cells: NDArray[np.float64],
    series: tuple[str, ...],
    numbers: pd.DataFrame,
    extreme: str,
) -> NDArray[np.float64]:
    """Return the values that locate a series' extreme: its own or its sum's."""
    for total, parts in SUMS.items():
        if name in parts and (("2", total, extreme) in numbers.index):
            printed = [float(numbers.loc[("2", part, extreme), "printed"]) for part in parts]
            if np.isclose(sum(printed), float(numbers.loc[("2", total, extreme), "printed"])):
                return sum(cells[series.index(part)] for part in parts)
    return cells[series.index(name)]


@dataclass(frozen=True)
class WatchedSum:
    """A sum whose cells must keep within its printed minimum and maximum, and reach them.

    Attributes
    ----------
    name : str
    members : array, shape (S,)
        1 for the series that it is the sum of.
    lowest, highest : int
        Rows that have to reach the minimum and the maximum.
    minimum, maximum : tuple of float
        What still rounds to the printed ones.
    reach : float
        So near an end a cell is watched.
    """

    name: str
    members: NDArray[np.float64]
    lowest: int
    highest: int
    minimum: tuple[float, float]
    maximum: tuple[float, float]
    reach: float

    @staticmethod
    def of(
        total: str,
        parts: tuple[str, ...],
        cells: NDArray[np.float64],
        series: tuple[str, ...],
        numbers: pd.DataFrame,
    ) -> "WatchedSum | None":
        """Return the sum to watch; None if its minimum is not printed or its parts are not free."""
        if ("2", total, "min") not in numbers.index or not set(parts) <= set(series):
            return None
        members = np.array([float(name in parts) for name in series])
        values = members @ cells
        ends = [inside(numbers.loc[("2", total, extreme), "printed"]) for extreme in ("min", "max")]
        reach = NEAR * values.std()
        return WatchedSum(total, members, int(values.argmin()), int(values.argmax()), *ends, reach)

    def near(self, values: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which cells of the sum, shape (rows,), are near its minimum, and its maximum."""
        low = values < self.minimum[0] + self.reach
        high = values > self.maximum[1] - self.reach
        low[self.lowest], high[self.highest] = True, True
        return low, high

    def names(self, cells: NDArray[np.float64]) -> list[Key]:
        """Return the printed extreme that each watched cell is held by."""
        low, high = self.near(self.members @ cells)
        return [
            ("2", self.name, "min" if low[row] else "max") for row in np.flatnonzero(low | high)
        ]

    def watch(self, cells: NDArray[np.float64]) -> Point:
        """Return the cells of the sum that are near an end, as quantities with intervals."""
        values = self.members @ cells
        rows = np.flatnonzero(np.logical_or(*self.near(values)))
        low = np.where(rows == self.highest, self.maximum[0], self.minimum[0])
        high = np.where(rows == self.lowest, self.minimum[1], self.maximum[1])
        jacobian = np.zeros((len(rows), *cells.shape))
        jacobian[np.arange(len(rows)), :, rows] = self.members
        return Point(values[rows], jacobian.reshape(len(rows), -1), low, high)
