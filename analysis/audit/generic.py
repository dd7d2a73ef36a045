"""Checks for any table in the layout of `data.published.tables`."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from analysis.audit import words
from analysis.audit.freedom import (
    hides,
    is_constant,
    is_least_squares,
    kind_of_errors,
)
from analysis.audit.intervals import INFINITY, Interval, unit
from analysis.audit.printed import Comparison, Printed
from analysis.audit.readings import (
    DELTA,
    LOG,
    NORMAL,
    PLAIN,
    SHARE,
    Cell,
    cells,
    fits,
    note_of,
    p_of,
    p_of_stars,
    p_value,
    sign_fits,
    statistic,
)

ONE = Interval.of(1)
NOWHERE = Interval(INFINITY, -INFINITY)
"""An interval that meets nothing, for a check that lacks a number."""

NOT_TESTABLE, IF_ROBUST = "not testable", "if robust"


def stars(printed: Printed) -> Iterator[Comparison]:
    """P of b/SE, or of the statistic printed instead, against the stars, by the table's note.

    A mark of which no note says the level is not testable.
    """
    starred = {printed.tables[column] for (column, _), marks in printed.stars.items() if marks}
    for cell in cells(printed):
        levels = printed.levels(cell.column)
        if not levels and printed.tables[cell.column] not in starred:
            continue
        marks = printed.stars[cell.column, cell.term]
        unknown = not levels or bool(marks and marks not in levels)
        doubtful = unknown or not cell.certain or _own_test(printed, cell.column)
        yield Comparison(
            printed.place(cell.column, cell.term),
            f"stars {marks or 'none'}{_of_no_level(unknown)} against P of {_shown(printed, cell)}",
            marks or "none",
            p_value(printed, cell),
            NOWHERE if unknown else p_of_stars(marks, levels),
            NOT_TESTABLE if doubtful else "",
            SHARE if doubtful else None,
        )


def _of_no_level(unknown: bool) -> str:
    return ", whose level no note says," if unknown else ""


def _own_test(printed: Printed, column: str) -> bool:
    """Return whether P values come from another test than the two-sided one of b/SE."""
    notes = " ".join(printed.claims(column, "errors", "parentheses", "estimator", "significance"))
    return any(words.says(w, notes) for w in (words.RESAMPLED, words.ADJUSTED, words.ONE_SIDED))


def _shown(printed: Printed, cell: Cell) -> str:
    """Describe the comparison of a cell with its coefficient's stars."""
    b = printed.numbers[cell.column, cell.term, "coef"]
    value = printed.numbers[cell.column, cell.term, cell.statistic]
    if cell.statistic == "ci":
        value = f"SE, half of [{value}]/{float(printed.critical(cell.column).low):.3g}"
    if cell.kind != "se":
        return f"{cell.kind} = {value}"
    return {PLAIN: f"{b}/{value}", DELTA: f"ln({b})·{b}/{value}", LOG: f"ln({b})/{value}"}[
        cell.scale
    ]


NAMES = {"se": "standard error", "t": "t value", "z": "z value", "p": "P value"}


def parentheses(printed: Printed) -> Iterator[Comparison]:
    """Whether the numbers in parentheses can be what the note calls them.

    Where standard errors fit the stars better than what the note says, a cell must have its
    stars' size, too; where the note holds, the stars have a check of their own.
    """
    groups = defaultdict(list)
    for cell in cells(printed):
        note = note_of(printed, cell.column) if cell.statistic == "se" else ""
        groups[printed.tables[cell.column], note, cell.statistic].append(cell)
    for (table, note, name), group in groups.items():
        if name == "ci":
            yield _holding(printed, table, group)
            continue
        kinds = words.in_parentheses(note) if name == "se" else (name,)
        stated = (kinds or ("se",))[0]
        as_stated = [Cell(c.column, c.term, name, stated, c.scale) for c in group]
        holds = group[0].kind == stated
        misfits = sum(not (sign_fits if holds else fits)(printed, cell) for cell in as_stated)
        if len(kinds) > 1 or stated == words.OTHER or not (note or misfits):
            continue
        printed_range, all_cells = Interval.of(len(group) - misfits), Interval.of(len(group))
        yield Comparison(
            printed.place(table, "note" if note else name),
            f"cells of {len(group)} in which the number in parentheses, read as a {NAMES[stated]}, "
            f"has {_needed(stated, holds)}",
            note or NAMES[stated],
            printed_range,
            all_cells,
        )


def _holding(printed: Printed, table: str, group: list[Cell]) -> Comparison:
    """Whether intervals hold their coefficients."""
    holds = []
    for cell in group:
        low, high = printed.ends((cell.column, cell.term, "ci"))
        between = Interval(low.low, high.high)
        holds.append(printed[cell.column, cell.term, "coef"].meets(between))
    return Comparison(
        printed.place(table, "intervals"),
        f"cells of {len(group)} in which the interval holds the coefficient",
        "interval",
        Interval.of(sum(holds)),
        Interval.of(len(group)),
    )


def _needed(kind: str, holds: bool) -> str:
    sign = "the coefficient's sign" if kind in ("t", "z") else "a possible sign"
    return sign if holds else f"{sign} and its stars' size"


def z_and_p(printed: Printed) -> Iterator[Comparison]:
    """A statistic that is printed twice: z against its two-sided P, t against b/SE and its P."""
    for name in ("ar1", "ar2"):
        for column, term in printed.having(f"{name}_z"):
            if (column, term, f"{name}_p") not in printed:
                continue
            z = printed.numbers[column, term, f"{name}_z"]
            yield Comparison(
                printed.place(column, f"{name[:2].upper()}({name[2]})"),
                f"P against that of z = {z}",
                printed.numbers[column, term, f"{name}_p"],
                printed[column, term, f"{name}_p"],
                p_of(printed[column, term, f"{name}_z"], NORMAL),
            )
    yield from _given_twice(printed)


def _given_twice(printed: Printed) -> Iterator[Comparison]:
    """SE, t and P of one coefficient, where more than one of them is printed."""
    by_place = defaultdict(list)
    for cell in cells(printed):
        by_place[cell.column, cell.term].append(cell)
    for (column, term), (first, *further) in by_place.items():
        for second in further:
            as_p = second.kind == "p"
            printed_range, reference = (
                (p_value(printed, second), p_value(printed, first))
                if as_p
                else (abs(statistic(printed, second)), abs(statistic(printed, first)))
            )
            doubtful = not (first.certain and second.certain) or _own_test(printed, column)
            yield Comparison(
                printed.place(column, term),
                f"{NAMES[second.kind]} against that of {_shown(printed, first)}",
                printed.numbers[column, term, second.statistic],
                printed_range,
                reference,
                NOT_TESTABLE if doubtful else "",
                Interval(-INFINITY, INFINITY) if doubtful else None,
            )


def spread(printed: Printed) -> Iterator[Comparison]:
    """Standard deviation within its bounds given the mean, minimum and maximum."""
    for column, term in printed.having("sd"):
        text, sd = printed.numbers[column, term, "sd"], printed[column, term, "sd"]
        place = printed.place(column, term)
        lacking = [s for s in ("n", "mean", "min", "max") if (column, term, s) not in printed]
        if lacking or printed[column, term, "n"].low < 2:
            reason = f"sd, without {', '.join(lacking)}" if lacking else "sd of one row"
            yield Comparison(place, reason, text, sd, NOWHERE, NOT_TESTABLE, sd)
            continue
        mean, ends = printed[column, term, "mean"], _ends(printed, column, term)
        if not mean.meets(ends):
            said = "mean between minimum and maximum"
            yield Comparison(place, said, printed.numbers[column, term, "mean"], mean, ends)
            continue
        yield Comparison(
            place,
            "sd between the least and the most that mean, minimum and maximum allow",
            text,
            sd,
            _limits(printed, column, term),
        )


def _ends(printed: Printed, column: str, term: str) -> Interval:
    """Return what lies between minimum and maximum."""
    return Interval(printed[column, term, "min"].low, printed[column, term, "max"].high)


def _limits(printed: Printed, column: str, term: str) -> Interval:
    """Return the sds that n, mean, minimum and maximum allow."""
    n = printed[column, term, "n"]
    above = printed[column, term, "max"] - printed[column, term, "mean"]
    below = printed[column, term, "mean"] - printed[column, term, "min"]
    least = ((above.positive().square() + below.positive().square()) / (n - ONE)).sqrt()
    return Interval(least.low, (above * below * (n / (n - ONE))).sqrt().high)


def heading_of_spread(printed: Printed) -> Iterator[Comparison]:
    """A column headed "standard error": as errors of the means they would imply sds too large."""
    heads = printed.frame[printed.frame["statistic"] == "heading_sd"]
    for head in heads.itertuples(index=False):
        if "误" not in head.printed and "error" not in head.printed.lower():
            continue
        for column, term in printed.having("sd"):
            needed = [(column, term, s) for s in ("n", "mean", "min", "max")]
            if column != head.column or any(key not in printed for key in needed):
                continue
            if printed[column, term, "n"].low < 2:
                continue
            yield Comparison(
                printed.place(column, term),
                f"read as a {head.printed} of the mean (standard error), times √n, against the "
                "most that mean, minimum and maximum allow",
                printed.numbers[column, term, "sd"],
                printed[column, term, "sd"] * printed[column, term, "n"].sqrt(),
                Interval(Decimal(0), _limits(printed, column, term).high),
            )


R2 = {"r2": "", "r2_adjusted": "adjusted", "r2_within": "", "r2_pseudo": "pseudo"}
"""Statistics that are an R², and the kind that each is unless its label says another."""

AT_MOST_ONE = Interval(-INFINITY, Decimal(1))


def r_squared(printed: Printed) -> Iterator[Comparison]:
    """R² at least what each slope's own t statistic explains, t²/(t² + df), and at most 1.

    True of least squares with conventional errors alone. Where the table says otherwise the
    bound is not testable; where it says nothing and R² lies below, the errors may be robust.
    """
    slopes = [
        cell
        for cell in cells(printed)
        if cell.kind in ("se", "t", "z") and not is_constant(printed, cell.column, cell.term)
    ]
    for name, kind in R2.items():
        for column, term in printed.having(name):
            kind_said = words.first(words.R2_KINDS, printed.labels[column, term, name]) or kind
            for cell in slopes:
                if cell.column == column:
                    yield _explained(printed, cell, (column, term, name), kind_said)


def _explained(printed: Printed, cell: Cell, key: tuple[str, str, str], kind: str) -> Comparison:
    column, errors = cell.column, kind_of_errors(printed, cell.column)
    testable = (
        kind in ("", "adjusted")
        and errors in ("", words.CONVENTIONAL)
        and is_least_squares(printed, column)
        and (cell.certain and cell.scale == PLAIN)
        and not (kind == "adjusted" and hides(printed, column))
        and printed.degrees(column).high < INFINITY
        and not _own_test(printed, column)
    )
    least = _least(printed, cell, kind) if testable else -INFINITY
    return Comparison(
        printed.place(column, "R²"),
        f"R² at least what {cell.term}'s own t explains",
        printed.numbers[key],
        printed[key],
        Interval(least, Decimal(1)) if testable else NOWHERE,
        IF_ROBUST if testable and not errors else "" if testable else NOT_TESTABLE,
        AT_MOST_ONE,
    )


def _least(printed: Printed, cell: Cell, kind: str) -> Decimal:
    """Return the least R² beside a slope: t²/(t² + df), or 1 − (n − 1)/(t² + df) if adjusted."""
    square, df = statistic(printed, cell).square().low, printed.degrees(cell.column)
    if kind == "adjusted":
        return 1 - (printed[cell.column, "", "n"].low - 1) / (square + df.low)
    return square / (square + df.high)


SHARED = Decimal("0.75")
"""Share of a table's numbers that have the same decimals, if it has fixed ones."""


def decimals(printed: Printed) -> Iterator[Comparison]:
    """As many decimals as the table's other numbers have, if it does not fix digits instead."""
    for name in ("coef", "se", "r2"):
        tables = defaultdict(list)
        for key in printed.numbers:
            if key[2] == name and not printed.numbers[key].startswith("<"):
                tables[printed.tables[key[0]]].append(key)
        for table in tables.values():
            yield from _odd_decimals(printed, table)


def _odd_decimals(printed: Printed, keys: list[tuple[str, str, str]]) -> Iterator[Comparison]:
    texts = {key: printed.numbers[key] for key in keys}
    usual, count = Counter(map(unit, texts.values())).most_common(1)[0]
    digits, _ = Counter(map(_digits, texts.values())).most_common(1)[0]
    if count < SHARED * len(keys):
        return
    units = {key: unit(text) for key, text in texts.items()}
    in_column = Counter((key[0], place) for key, place in units.items())
    of_term = Counter((key[1], place) for key, place in units.items() if key[1])
    for key, text in texts.items():
        place = units[key]
        alike = in_column[key[0], place] > 1 or of_term[key[1], place] > 1
        by_digits = place > usual and _digits(text) >= digits
        too_small = place < usual and abs(Decimal(text)) < usual
        if place != usual and not (alike or by_digits or too_small):
            yield Comparison(
                printed.place(*key[:2]),
                f"decimals of {key[2]}",
                text,
                Interval(-place.log10(), -place.log10()),
                Interval(-usual.log10(), -usual.log10()),
            )


def _digits(text: str) -> int:
    """Count significant digits."""
    return len(Decimal(text).as_tuple().digits)
