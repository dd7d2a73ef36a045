"""Spellings of numbers and names in cells."""

import math
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


MISSING = {
    *("", ".", "..", "-", "--", "—", "——", "...", "…", "……"),
    *("na", "n/a", "n.a.", "#n/a", "nan", "<na>", "null", "(null)", "none", "nil", "missing"),
    *("#value!", "#div/0!", "#ref!", "#num!", "#name?", "#null!"),
}
WORDS = {"na", "nan", "null", "none", "nil"}
"""Of these, the ones that can be a name: NA is Napoli, and Namibia."""

_STATA_MISSING = re.compile(r"\.[a-z]", re.ASCII)
_INFINITE = {"inf", "infinity"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# No leading zero: "0,123" is a decimal comma and must never be read as 123.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)
# Not NFKC, which would read a footnote's mark or an exponent as a digit: "1.5①" is not 1.51.
_SIGNS = {
    **{full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)},
    **{ord("\N{IDEOGRAPHIC SPACE}"): " ", ord("\N{MINUS SIGN}"): "-"},
    **dict.fromkeys((0xFEFF, 0x200B)),  # the byte order mark, the zero-width space
}
# A dash that a word processor made of a minus.
_DASH = re.compile(r"^[‐-–](?=[\d.])")
# Excel's way to keep a code as text: ="01".
_AS_TEXT = re.compile(r'="([^"]*)"')

_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"}
)


def clean(cell: object) -> str:
    """Return a cell as text, full-width characters made half-width and outer blanks cut."""
    text = str(cell)
    if not text.isascii():  # most cells are, and have nothing to be made of them
        text = unicodedata.normalize("NFC", text).translate(_SIGNS)
    text = text.strip()
    as_text = _AS_TEXT.fullmatch(text)
    return as_text[1].strip() if as_text else text


def is_missing(text: str) -> bool:
    """Whether a cleaned cell says that there is no value; Stata's `.a` to `.z` do."""
    return text.lower() in MISSING or bool(_STATA_MISSING.fullmatch(text.lower()))


def number(text: str) -> float:
    """Return the number that a cleaned cell holds, NaN if it holds none.

    Only digits, a decimal point, an exponent and commas between groups of three digits make
    a number, in every locale.
    """
    text = _DASH.sub("-", text)
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if _NUMBER.fullmatch(text) or text.lstrip("+-").lower() in _INFINITE:
        return float(text)
    return math.nan


def year_of(text: str) -> float:
    """Return the year that a cleaned cell holds, NaN if it holds no number."""
    return number(re.sub("年度?$", "", text))


def is_year(text: str) -> bool:
    """Whether a cleaned cell holds a whole number of four digits."""
    return 1000 <= year_of(text) <= 9999 and year_of(text).is_integer()


def plain_numbers(cells: "pd.DataFrame") -> tuple["pd.DataFrame", list[str]]:
    """Turn decimal commas into points where they can be nothing else, and say what was read.

    A comma is taken for a decimal sign if no number has a point and some comma cannot part
    thousands ("0,5"). Any other mixture is left to `number`, which refuses what is ambiguous.
    """
    names = [name for name in cells if name not in ("province", "region")]
    values = [value for name in names for value in cells[name]]
    with_comma = [value for value in values if re.fullmatch(r"[+-]?\d+,\d+", value)]
    points = any("." in value for value in values if _NUMBER.fullmatch(value))
    if not points and any(not _THOUSANDS.fullmatch(value) for value in with_comma):
        decimals = cells.assign(
            **{name: cells[name].str.replace(",", ".", regex=False) for name in names}
        )
        return decimals, [
            f"{with_comma[0]} and the like were read with a decimal comma; write decimal points "
            "if that is wrong."
        ]
    grouped = [value for value in values if _THOUSANDS.fullmatch(value)]
    if grouped:
        return cells, [
            f"{grouped[0]} and the like were read with commas between thousands; write decimal "
            "points if that is wrong."
        ]
    return cells, [
        f"column {name} has {parted} and whole numbers such as {integer}, all read with decimal "
        "points; write whole numbers without points if these part thousands."
        for name in names
        for parted, integer in [_points_of_thousands(cells[name])]
        if integer
    ]


def _points_of_thousands(column: "pd.Series") -> tuple[str, str]:
    """Return a number with a point before three digits, and a whole one, if all are like them."""
    parted = [value for value in column if "." in value]
    integers = [value for value in column if re.fullmatch(r"[+-]?\d{1,3}", value)]
    groups = all(re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", value) for value in parted)
    return (parted[0], integers[0]) if len(parted) > 1 and integers and groups else ("", "")


@lru_cache(100_000, typed=True)  # a panel names a unit in many rows, and is read more than once
def fold_words(name: str) -> str:
    """Return a name in small letters, one blank between words, without accents and such zeros.

    Leading zeros and a decimal zero behind the last digit are cut: "01" and "1.0" are "1". So are
    marks of footnotes behind the name.
    """
    # Roman numerals and half-width letters are letters; a small ² is no digit, as for numbers.
    plain = [c if unicodedata.category(c) == "No" else unicodedata.normalize("NFKC", c)
             for c in clean(name)]  # fmt: skip
    text = unicodedata.normalize("NFD", "".join(plain).casefold())
    # Only the accents of European letters: marks of other scripts are vowels.
    kept = [c for c in text if not "\u0300" <= c <= "\u036f" and unicodedata.category(c) != "Cf"]
    text = unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)
    text = re.sub(r"(?<=\d)\.0+$", "", text)
    text = re.sub(r"(?<![\d.])0+(?=\d)", "", text)
    text = re.sub(r"['’‘`´]|(?<!\d)\.|\.(?!\d)|[*†‡§]+$", "", text)
    text = re.sub(r"[\s_]+|(?<!\d),|,(?!\d)", " ", text).replace("&", "and")
    # A sign in front of a code, or behind a grade, is a part of it.
    return re.sub(r"(?<=\w) ?[‐-―-]+ ?(?=\w)| +", " ", text).strip()


def fold(name: str) -> str:
    """Return what is left of a name however it is written: equal for two spellings of one."""
    return re.sub(r"(?<!\d) | (?!\d)", "", fold_words(name)) or name


def shorten(text: str, length: int = 40) -> str:
    """Cut a text that is too long for a sentence."""
    return text if len(text) <= length else text[: length - 1] + "…"


def listed(items: list[str], shown: int = 3) -> str:
    """Name the first few of some things: "a, b, c, …"."""
    return ", ".join(items[:shown]) + (", …" if len(items) > shown else "")
