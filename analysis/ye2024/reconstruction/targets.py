"""Printed numbers as intervals on computed quantities, and contradictory pairs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.ye2024.reconstruction.keys import HANSEN, RATIO, Key
from data.published import tables
from models.design import Specification
from models.frequentist.coefficient_table import STARS

SHRINK = 1e-3
"""Share of an interval's half-width that is kept clear at each end (twice as much of extremes,
which single cells lie at).

So that a number still matches when its panel has been rounded to the digits of a CSV."""

OF_CELLS = ("n", "min", "max")
"""Statistics that are a matter of single cells, not of quantities."""

Z_AND_P = (("ar1_z", "ar1_p"), ("ar2_z", "ar2_p"))
"""Statistics that are printed twice: a standard normal and its two-sided P value."""


@dataclass(frozen=True)
class Target:
    """The interval of a quantity under which its printed cells come out.

    Attributes
    ----------
    key : Key
    low, high : float
        Of the quantity, on its own scale; infinite where there is no bound.
    cells : tuple of Key
        The printed cells that the interval is made of.
    """

    key: Key
    low: float
    high: float
    cells: tuple[Key, ...]


@dataclass(frozen=True)
class ContradictoryPair:
    """A statistic whose printed z and P cannot both be met.

    Attributes
    ----------
    z, p : Key
        The printed cells.
    z_span, p_span : tuple of float
        |z| that each of them allows.
    """

    z: Key
    p: Key
    z_span: tuple[float, float]
    p_span: tuple[float, float]


def printed() -> pd.DataFrame:
    """Return the printed numbers, index `column, term, statistic`."""
    return tables.numbers().set_index(["column", "term", "statistic"])


def contradictions(numbers: pd.DataFrame) -> list[ContradictoryPair]:
    """Find every printed pair of z and P that no number satisfies."""
    listed = []
    for column, z_name, p_name in _pairs(numbers):
        z, p = ((column, "", name) for name in (z_name, p_name))
        low, high = interval(numbers.loc[z, "printed"])
        z_span = (low, high) if low > 0 else (-high, -low)
        p_span = _span_of_p(numbers.loc[p, "printed"])
        if z_span[1] < p_span[0] or p_span[1] < z_span[0]:
            listed.append(ContradictoryPair(z, p, z_span, p_span))
    return listed


def _pairs(numbers: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    for column in dict.fromkeys(numbers.index.get_level_values("column")):
        for z, p in Z_AND_P:
            if (column, "", z) in numbers.index and (column, "", p) in numbers.index:
                yield column, z, p


def interval(text: str) -> tuple[float, float]:
    """Return the numbers that round to a printed one."""
    reach = tables.half_unit(text)
    return float(text) - reach, float(text) + reach


def inside(text: str) -> tuple[float, float]:
    """Return the numbers that still round to a printed one after a panel is rounded."""
    low, high = interval(text)
    margin = SHRINK * (high - low)
    return low + margin, high - margin


def _span_of_p(text: str) -> tuple[float, float]:
    """Return |z| of the two-sided P values that round to a printed one."""
    low, high = interval(text)
    return (
        float(stats.norm.isf(min(high, 1.0) / 2)),
        float(stats.norm.isf(max(low, 0.0) / 2)) if low > 0 else np.inf,
    )


def targets(
    numbers: pd.DataFrame,
    specifications: Sequence[Specification],
    degrees: dict[str, int],
    left_out: Sequence[Key] = (),
) -> list[Target]:
    """Translate printed numbers and stars into intervals.

    Parameters
    ----------
    numbers : DataFrame
        From `printed`, or another table of the same form.
    specifications : sequence of Specification
        Columns whose numbers are wanted; Table 2 always is.
    degrees : dict of str to int
        By column: residual degrees of freedom of t tests, or of the Hansen test.
    left_out : sequence of Key
        Printed cells that are not asked for, such as one of a contradictory pair.

    Returns
    -------
    list of Target
        One per quantity; `OF_CELLS` are not among them.
    """
    estimators = {"2": "descriptive"} | {
        record.column: record.estimator for record in specifications
    }
    spans: dict[Key, list[tuple[float, float]]] = {}
    cells: dict[Key, list[Key]] = {}
    for cell in numbers.index:
        estimator = estimators.get(cell[0])
        if estimator is None or cell in left_out:
            continue
        for key, span in _of_cell(cell, numbers, estimator, degrees.get(cell[0])):
            spans.setdefault(key, []).append(span)
            cells.setdefault(key, []).append(cell)
    listed = []
    for key, several in spans.items():
        low, high = max(low for low, _ in several), min(high for _, high in several)
        margin = SHRINK * (min(high - low, 1.0)) / 2
        listed.append(Target(key, low + margin, high - margin, tuple(cells[key])))
    return listed


def _of_cell(
    cell: Key, numbers: pd.DataFrame, estimator: str, df: int | None
) -> Iterator[tuple[Key, tuple[float, float]]]:
    """Yield the quantities that a printed cell bounds, with their intervals."""
    column, term, statistic = cell
    text, mark = numbers.loc[cell, ["printed", "stars"]]
    z = {p: z for z, p in Z_AND_P}.get(statistic)
    if statistic in OF_CELLS:
        return
    if statistic == "hansen_p":
        low, high = interval(text)
        yield (column, term, HANSEN), (stats.chi2.isf(high, df), stats.chi2.isf(low, df))
    elif z is not None:
        yield (
            (column, term, z),
            _signed(_span_of_p(text), numbers.loc[(column, term, z), "printed"]),
        )
    else:
        yield cell, interval(text)
    if statistic == "coef":
        yield (column, term, RATIO), _signed(_span_of_stars(mark, estimator, df), text)


def _signed(span: tuple[float, float], text: str) -> tuple[float, float]:
    """Give an interval of absolute values the sign of a printed number."""
    return (-span[1], -span[0]) if text.startswith("-") else span


def _span_of_stars(mark: str, estimator: str, df: int | None) -> tuple[float, float]:
    """Return |b/SE| that gets exactly these stars; without stars either sign will do."""
    critical = stats.norm() if estimator == "system_gmm" else stats.t(df)
    floors = {star: float(critical.isf(level / 2)) for level, star in STARS}
    marks = [star for _, star in STARS]
    if not mark:
        return -floors[marks[-1]], floors[marks[-1]]
    position = marks.index(mark)
    return floors[mark], floors[marks[position - 1]] if position else np.inf
