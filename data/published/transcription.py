"""A table that someone typed or exported: its text, its cells, and rules that its rows meet."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.panels.csv_text import decode, parse
from data.shared.errors import UserError

UNPRINTED = {"", ".", "-", "--", "—", "–", "...", "…", "na", "n/a", "nan", "none", "null"}
"""What a cell holds, in small letters, where nothing is printed."""

# Not NFKC, which would read a footnote's mark as a digit: "1.5①" is not 1.51.
SIGNS = str.maketrans(
    {
        **{chr(full): chr(full - 0xFEE0) for full in range(0xFF01, 0xFF5F)},
        **dict.fromkeys("\N{MINUS SIGN}\N{EN DASH}\N{FIGURE DASH}\N{HYPHEN}", "-"),
        **dict.fromkeys("\N{ASTERISK OPERATOR}\N{LOW ASTERISK}", "*"),
        **dict.fromkeys("\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"),
    }
)

MARKED = re.compile(r"(?P<number>.*\d[)\]]?)\s*(?P<mark>[*†‡+#]( ?[*†‡+#])*|(?<=[\d)\]])[a-d])")
ENCLOSED = re.compile(r"\((?P<round>[^()]*)\)|\[(?P<square>[^\[\]]*)\]")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}([, ]\d{3})+(\.\d+)?")
NUMBER = r"-?\d+(\.\d+)?(e[+-]?\d{1,2})?"
ENDS = re.compile(
    r"[(\[{]?\s*(?P<low>[+-]?\d*\.?\d+(e[+-]?\d{1,2})?)\s*"
    r"(?P<between>[;,:]| to | - |\.\.\.?|,? ?(?=-))\s*"
    r"(?P<high>[+-]?\d*\.?\d+(e[+-]?\d{1,2})?)\s*[)\]}]?",
    re.IGNORECASE,
)
"""Both ends of an interval; a comma alone parts them if they have decimals or a blank follows."""
BOUNDED = {"se": "<", **dict.fromkeys(("p", "ar1_p", "ar2_p", "hansen_p"), "<>")}
"""By statistic, how a bound may be printed: "<0.001", ">0.1"."""
LONE_COMMA = re.compile(r"[+-]?\d{1,3},\d{3}")


@dataclass(frozen=True)
class Rule:
    """What the cells of one column must be.

    Attributes
    ----------
    column : str
    holds : callable
        From the table to a series of bool.
    fault, remedy : str
        The two halves of the sentence that a user reads.
    """

    column: str
    holds: Callable[[pd.DataFrame], pd.Series]
    fault: str
    remedy: str


def read(path: Path, needed: Sequence[str], optional: Sequence[str]) -> pd.DataFrame:
    """Return the columns of a CSV as clean text; those that are optional may be absent.

    Returns
    -------
    DataFrame
        Columns `needed` and `optional`; the index is each row's line in the file.

    Raises
    ------
    UserError
        If the file cannot be read or lacks a column.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); give the path of a readable CSV file."
        ) from None
    text, _ = decode(content, str(path))
    if not text.strip():
        raise UserError(f"{path} is empty; its first row must name {', '.join(needed)}.")
    table, _ = parse(text, str(path))
    frame = table.map(clean)
    frame.columns = [clean(name).lower() for name in frame.columns]
    for name in needed:
        if (frame.columns == name).sum() != 1:
            raise UserError(
                f"{path}, row 1: the columns must hold {name!r} once; name the columns "
                f"{', '.join((*needed, *optional))}."
            )
    absent = {name: "" for name in optional if name not in frame}
    return frame.loc[:, ~frame.columns.duplicated()].assign(**absent)[[*needed, *optional]]


def clean(cell: str) -> str:
    """Return a cell with plain signs and widths, printable, without outer blanks."""
    text = unicodedata.normalize("NFC", str(cell)).translate(SIGNS)
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def unmarked(cell: str) -> tuple[str, str]:
    """Split "0.200**" into the number and its mark, which is empty where there is none."""
    match = MARKED.fullmatch(cell)
    return (match["number"], match["mark"].replace(" ", "")) if match else (cell, "")


def plain(cell: str, is_count: bool = False) -> str:
    """Return a printed number as `float` reads it, or the cell as it is if it holds none.

    Brackets, a plus sign and blanks or commas between thousands go; ".05" gets its zero. A lone
    comma before three digits may be a decimal comma, so it goes from a `whole` number only.
    """
    if _ends(cell := re.sub(r"^[Pp] ?(?=[<>=≤≥])", "", cell).removeprefix("=").strip()):
        return cell
    match = ENCLOSED.fullmatch(cell)
    text = (match["round"] or match["square"] or "") if match else cell
    text = text.strip()
    text = re.sub(r"[<≤] *", "<", re.sub(r"[>≥] *", ">", text))
    text = text.replace("- ", "-")
    if THOUSANDS.fullmatch(text) and (is_count or not LONE_COMMA.fullmatch(text)):
        text = text.replace(",", "").replace(" ", "")
    text = re.sub(r"^([<>]?-?)\.(?=\d)", r"\g<1>0.", text.removeprefix("+"))
    text = re.sub(r"(?<=\d)\.$", "", text)
    return text.replace("E", "e")


def is_number(text: str, statistic: str) -> bool:
    """Whether a cell holds what its statistic is: a number, a bound, or an interval's two ends."""
    if statistic == "ci":
        low, _, high = text.partition(", ")
        both = all(re.fullmatch(NUMBER, end) for end in (low, high))
        return both and float(low) <= float(high)
    bound = f"[{BOUNDED[statistic]}]?" if statistic in BOUNDED else ""
    return re.fullmatch(bound + NUMBER, text) is not None


def are_numbers(frame: pd.DataFrame) -> pd.Series:
    """Return which rows of a table hold what their statistic is."""
    cells = zip(frame["printed"], frame["statistic"], strict=True)
    return pd.Series([is_number(*cell) for cell in cells], index=frame.index, dtype=bool)


def as_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """Make a `ci` of each `se` that holds both ends of an interval; the ends are "0.02, 0.31"."""
    written = [_ends(cell) for cell in frame["printed"]]
    ends = pd.Series(written, index=frame.index, dtype=object)
    interval = frame["statistic"].isin(("se", "ci")) & ends.notna()
    return frame.assign(
        printed=frame["printed"].mask(interval, ends),
        statistic=frame["statistic"].mask(interval, "ci"),
    )


def _ends(cell: str) -> str | None:
    match = ENDS.fullmatch(cell)
    if not match:
        return None
    parted = "," not in match["between"] or ", " in cell
    decimals = "." in match["low"] and "." in match["high"]
    return f"{plain(match['low'])}, {plain(match['high'])}" if parted or decimals else None


def marks_of_coefficients(frame: pd.DataFrame) -> pd.DataFrame:
    """Move marks from the number in parentheses to its coefficient, where that has none or these.

    "n.s." and the like are no mark.
    """
    stars = frame["stars"].mask(frame["stars"].str.lower().isin(("ns", "n.s.")), "")
    keys = pd.MultiIndex.from_frame(frame[["column", "term"]])
    coefficients = {keys[i]: i for i in range(len(frame)) if frame["statistic"].iloc[i] == "coef"}
    marks = stars.to_list()
    for i, statistic in enumerate(frame["statistic"]):
        own = coefficients.get(keys[i])
        inside = statistic in ("se", "t", "z", "p", "ci")
        if inside and own is not None and marks[i] and marks[own] in ("", marks[i]):
            marks[own], marks[i] = marks[i], ""
    return frame.assign(stars=marks)


def check(frame: pd.DataFrame, rules: Sequence[Rule], path: Path) -> None:
    """Put a table to rules.

    Raises
    ------
    UserError
        About the first row that breaks the first broken rule.
    """
    for rule in rules:
        broken = ~rule.holds(frame).astype(bool)
        if broken.any():
            line = frame.index[broken][0]
            cell = frame.loc[line, rule.column]
            raise UserError(
                f"{path}, row {line}, column {rule.column!r}: {cell!r} {rule.fault}; {rule.remedy}."
            )


def check_once(frame: pd.DataFrame, cell: Sequence[str], path: Path) -> None:
    """See that no two rows give the same cell, which `cell`'s columns name.

    Raises
    ------
    UserError
        Which names the first such pair.
    """
    duplicate = frame.duplicated(list(cell))
    if duplicate.any():
        line = frame.index[duplicate][0]
        same = (frame[list(cell)] == frame.loc[line, list(cell)]).all(axis=1)
        cell_text = ", ".join(f"{name} {frame.loc[line, name]!r}" for name in cell)
        raise UserError(
            f"{path}, row {line}: the cell ({cell_text}) is in row {frame.index[same][0]} already; "
            "keep one of them, or give each table a name of its own."
        )
