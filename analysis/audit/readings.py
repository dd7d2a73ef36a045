"""Readings of a column's printed cells: the statistic in parentheses, and its scale.

A reading is what the table says; where it says nothing, or what its numbers refute, it is the one
under which the fewest stars are wrong.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scipy import special

from analysis.audit import words
from analysis.audit.intervals import INFINITY, Interval
from analysis.audit.printed import Printed

PRINTED_AS = {"se": "se", "ci": "se", "t": "t", "z": "z", "p": "p"}
"""Statistics of a coefficient, and what they are read as."""

PLAIN, DELTA, LOG = "plain", "delta", "log"
"""Scales: a coefficient and its error; its exponential with the delta method's error; its
exponential with the error of the coefficient itself."""

TELLING = 2
"""How many more stars must fit before positive coefficients are taken for exponentials."""

NORMAL = Interval(INFINITY, INFINITY)
SHARE = Interval.of(0, 1)


@dataclass(frozen=True)
class Cell:
    """A number in the parentheses of a coefficient, and how it is read.

    Attributes
    ----------
    column, term, statistic : str
    kind : str
        What `PRINTED_AS` reads it as, or `words.OTHER`.
    scale : str
        `PLAIN`, `DELTA` or `LOG`.
    certain : bool
        Whether the table leaves no doubt about kind and scale.
    """

    column: str
    term: str
    statistic: str
    kind: str
    scale: str = PLAIN
    certain: bool = True


def p_of(statistic: Interval, df: Interval) -> Interval:
    """Return the two-sided P values of a t statistic (normal where `df` is infinite)."""
    size = abs(statistic)
    return Interval.of(_tails(size.high, df.high), _tails(size.low, df.low))


def _tails(size: float, df: float) -> float:
    size, df = float(size), float(df)
    return 2 * float(special.ndtr(-size) if math.isinf(df) else special.stdtr(df, -size))


def p_of_stars(stars: str, levels: Mapping[str, float]) -> Interval:
    """Return the P values of a mark: below its own level, not below the next.

    A mark without a level matches any.
    """
    if stars and stars not in levels:
        return SHARE
    low = 0.0
    for mark, level in sorted(levels.items(), key=lambda item: item[1]):
        if mark == stars:
            return Interval.of(low, level)
        low = level
    return Interval.of(low, 1)


def statistic(printed: Printed, cell: Cell) -> Interval:
    """Return the t or z value that a coefficient and the number beside it give."""
    value = printed[cell.column, cell.term, cell.statistic]
    if cell.kind in ("t", "z"):
        return value
    coefficient, error = printed[cell.column, cell.term, "coef"], value.positive()
    if cell.scale == PLAIN:
        return coefficient / error
    ratio = coefficient.log() / error
    return ratio * coefficient if cell.scale == DELTA else ratio


def p_value(printed: Printed, cell: Cell) -> Interval:
    """Return the P value that a coefficient and the number beside it give."""
    if cell.kind == words.OTHER:
        return SHARE
    if cell.kind == "p":
        return printed[cell.column, cell.term, cell.statistic] & SHARE
    df = NORMAL if cell.kind == "z" else printed.degrees(cell.column)
    return p_of(statistic(printed, cell), df)


def sign_fits(printed: Printed, cell: Cell) -> bool:
    """Return whether a number can have its sign: a t value that of its coefficient.

    Where no t value of the table is negative, they may be printed without their signs.
    """
    value = printed[cell.column, cell.term, cell.statistic]
    if cell.kind not in ("t", "z"):
        return value.high >= 0
    coefficient = printed[cell.column, cell.term, "coef"]
    if cell.scale != PLAIN or not (value * coefficient).high < 0:
        return True
    table = printed.tables[cell.column]
    return value.low > 0 and not any(
        text.startswith("-")
        for (column, _, name), text in printed.numbers.items()
        if name == cell.statistic and printed.tables[column] == table
    )


def fits(printed: Printed, cell: Cell) -> bool:
    """Return whether a cell, as it is read, has a possible sign and the stars of its P value."""
    marks = p_of_stars(printed.stars[cell.column, cell.term], printed.levels(cell.column))
    return sign_fits(printed, cell) and p_value(printed, cell).meets(marks)


def misfits(printed: Printed, cells: Iterable[Cell]) -> int:
    """Count the cells that do not fit."""
    return sum(not fits(printed, cell) for cell in cells)


def cells(printed: Printed) -> list[Cell]:
    """Return every number in the parentheses of a coefficient, read as its table says."""
    read = [
        Cell(c, term, name, kind)
        for name, kind in PRINTED_AS.items()
        for c, term in printed.estimates(name)
    ]
    by_note, by_column = defaultdict(list), defaultdict(list)
    for cell in read:
        note = note_of(printed, cell.column) if cell.statistic == "se" else cell.statistic
        by_note[printed.tables[cell.column], note].append(cell)
    for (_, note), group in by_note.items():
        kinds = words.in_parentheses(note) if group[0].statistic == "se" else ()
        for cell in _of_best_kind(printed, group, kinds):
            by_column[cell.column].append(cell)
    return [cell for group in by_column.values() for cell in _on_best_scale(printed, group)]


def note_of(printed: Printed, column: str) -> str:
    """Return the note on the parentheses of a column, empty if there is none."""
    return next(iter(printed.claims(column, "parentheses")), "")


def _of_best_kind(printed: Printed, group: list[Cell], kinds: tuple[str, ...]) -> list[Cell]:
    """Read a table's `se` cells as its note says, or as errors if that fits more stars."""
    if not kinds:
        return group
    certain = len(kinds) == 1 and kinds != (words.OTHER,)
    choices = kinds if words.OTHER in kinds else dict.fromkeys((*kinds, "se"))
    ways = [[replace(cell, kind=kind, certain=certain) for cell in group] for kind in choices]
    return min(ways, key=lambda way: misfits(printed, way))


def _is_told(cell: Cell, scaled: bool) -> bool:
    # An interval of an exponential is not symmetric, so that half of it is no multiple of an error.
    return cell.certain and scaled and cell.statistic != "ci"


def _on_best_scale(printed: Printed, group: list[Cell]) -> list[Cell]:
    """Read a column's coefficients as exponentials if it says so, or if nothing else fits."""
    column = group[0].column
    notes = printed.claims(column, "coefficients")
    hinted = printed.claims(column, "heading", "estimator", "parentheses")
    scaled = any(words.says(words.EXPONENTIATED, text) for text in notes)
    if not scaled and any(words.says(words.STANDARDISED, text) for text in (*notes, *hinted)):
        group = [replace(cell, certain=False) for cell in group]
    keys = [key for key in printed.numbers if key[0] == column and key[2] == "coef"]
    if any(printed.numbers[key].startswith("-") for key in keys) or (notes and not scaled):
        return group
    ways = {
        scale: [replace(cell, scale=scale, certain=_is_told(cell, scaled)) for cell in group]
        for scale in (DELTA, LOG)
    }
    best = min(ways.values(), key=lambda way: misfits(printed, way))
    if scaled:
        return best
    wrong, plainly_wrong = misfits(printed, best), misfits(printed, group)
    hint = any(words.says(words.EXPONENTIATED, text) for text in hinted)
    evident = plainly_wrong - wrong >= TELLING and plainly_wrong >= 4 * wrong
    return best if evident or (hint and wrong < plainly_wrong) else group
