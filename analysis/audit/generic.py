"""Checks that any table in the layout of `data.published.tables` can be put to."""

from collections.abc import Iterator
from decimal import Decimal

from scipy import stats

from analysis.audit.intervals import Interval, unit
from analysis.audit.printed import Comparison, Printed

ZERO = Interval.of(0)
SHARE = Interval.of(0, 1)


def p_of(statistic: Interval, df: float) -> Interval:
    """Return the two-sided P values of a t statistic (normal if `df` is infinite)."""
    return abs(statistic).falling(lambda t: 2 * float(stats.t.sf(t, df)))


def p_of_stars(stars: str, levels: dict[str, float]) -> Interval:
    """Return the P values that a mark stands for: below its own level, not below the next."""
    ordered = sorted(levels.items(), key=lambda item: item[1])
    low = 0.0
    for mark, level in ordered:
        if mark == stars:
            return Interval.of(low, level)
        low = level
    return Interval.of(low, 1)


def stars(printed: Printed) -> Iterator[Comparison]:
    """b/SE against the stars, by the table's own note."""
    for column, term in printed.having("se"):
        levels = printed.levels(column)
        if not levels or (column, term) not in printed.stars:
            continue
        ratio = printed[column, term, "coef"] / printed[column, term, "se"].positive()
        marks = printed.stars[column, term]
        yield Comparison(
            printed.place(column, term),
            f"stars {marks or 'none'} against P of "
            f"{printed.numbers[column, term, 'coef']}/{printed.numbers[column, term, 'se']}",
            marks or "none",
            p_of(ratio, printed.degrees(column)),
            p_of_stars(marks, levels),
        )


def parentheses(printed: Printed) -> Iterator[Comparison]:
    """Whether the numbers in parentheses can be what the note calls them."""
    notes = printed.frame[printed.frame["statistic"] == "parentheses"]
    for note in notes.itertuples(index=False):
        if "t" not in note.printed.lower().split()[0]:
            continue
        cells = [key for key in printed.having("se") if key[0].split(".")[0] == note.table]
        off = sum(not _could_be_t(printed, *cell) for cell in cells)
        yield Comparison(
            printed.place(note.column, "note"),
            f"cells of {len(cells)} in which the number in parentheses, read as a t value, has "
            "the coefficient's sign and its stars' size",
            note.printed,
            Interval.of(len(cells) - off),
            Interval.of(len(cells)),
        )


def _could_be_t(printed: Printed, column: str, term: str) -> bool:
    value, coefficient = printed[column, term, "se"], printed[column, term, "coef"]
    same_sign = not (value.low > 0 and coefficient.high < 0)
    allowed = p_of_stars(printed.stars[column, term], printed.levels(column))
    return same_sign and p_of(value, printed.degrees(column)).meets(allowed)


def z_and_p(printed: Printed) -> Iterator[Comparison]:
    """A statistic that is printed twice: z against its two-sided P."""
    for name in ("ar1", "ar2"):
        for column, term in printed.having(f"{name}_z"):
            z = printed.numbers[column, term, f"{name}_z"]
            yield Comparison(
                printed.place(column, f"{name[:2].upper()}({name[2]})"),
                f"P against that of z = {z}",
                printed.numbers[column, term, f"{name}_p"],
                printed[column, term, f"{name}_p"],
                p_of(printed[column, term, f"{name}_z"], float("inf")),
            )


def spread(printed: Printed) -> Iterator[Comparison]:
    """Standard deviation between what one cell at each extreme and all cells at them give."""
    for column, term in printed.having("sd"):
        n = printed[column, term, "n"]
        one = Interval.of(1)
        above = printed[column, term, "max"] - printed[column, term, "mean"]
        below = printed[column, term, "mean"] - printed[column, term, "min"]
        least = ((above.positive().square() + below.positive().square()) / (n - one)).sqrt()
        most = (above * below * (n / (n - one))).sqrt()
        yield Comparison(
            printed.place(column, term),
            "sd between the least and the most that mean, minimum and maximum allow",
            printed.numbers[column, term, "sd"],
            printed[column, term, "sd"],
            Interval(least.low, most.high),
        )


def heading_of_spread(printed: Printed) -> Iterator[Comparison]:
    """A column headed "standard error": as errors of the means they would imply sds too large."""
    heads = printed.frame[printed.frame["statistic"] == "heading_sd"]
    for head in heads.itertuples(index=False):
        if "误" not in head.printed and "error" not in head.printed.lower():
            continue
        for column, term in printed.having("sd"):
            n = printed[column, term, "n"]
            above = printed[column, term, "max"] - printed[column, term, "mean"]
            below = printed[column, term, "mean"] - printed[column, term, "min"]
            most = (above * below * (n / (n - Interval.of(1)))).sqrt()
            yield Comparison(
                printed.place(column, term),
                f"read as a {head.printed} of the mean (standard error), times √n, against the "
                "most that mean, minimum and maximum allow",
                printed.numbers[column, term, "sd"],
                printed[column, term, "sd"] * n.sqrt(),
                Interval(Decimal(0), most.high),
            )


def r_squared(printed: Printed) -> Iterator[Comparison]:
    """R² at least what each slope's own t statistic explains, t²/(t² + df), and at most 1."""
    for column, _ in printed.having("r2"):
        df = printed.degrees(column)
        if df == float("inf"):
            continue
        slopes = [term for c, term in printed.having("se") if c == column and term != "const"]
        for term in slopes:
            t = printed[column, term, "coef"] / printed[column, term, "se"].positive()
            least = t.square() / (t.square() + Interval.of(df))
            yield Comparison(
                printed.place(column, "R²"),
                f"R² at least what {term}'s own t explains",
                printed.numbers[column, "", "r2"],
                printed[column, "", "r2"],
                Interval(max(least.low, Decimal(0)), Decimal(1)),
            )


def decimals(printed: Printed) -> Iterator[Comparison]:
    """As many decimals as the other coefficients of the table have."""
    for statistic in ("coef", "se", "r2"):
        keys = [key for key in printed.numbers if key[2] == statistic]
        for table in dict.fromkeys(key[0].split(".")[0] for key in keys):
            own = [key for key in keys if key[0].split(".")[0] == table]
            places = [unit(printed.numbers[key]) for key in own]
            usual = max(set(places), key=places.count)
            for key, place in zip(own, places, strict=True):
                if place != usual:
                    yield Comparison(
                        printed.place(*key[:2]),
                        f"decimals of {statistic}",
                        printed.numbers[key],
                        Interval(-place.log10(), -place.log10()),
                        Interval(-usual.log10(), -usual.log10()),
                    )
