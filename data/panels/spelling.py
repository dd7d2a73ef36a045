"""How numbers and names are written in a cell, and what is read."""

import math
import re
import unicodedata

import pandas as pd

from data.panels.provinces import REGIONS

MISSING = {
    "",
    ".",
    "-",
    "--",
    "—",
    "——",
    "...",
    "…",
    "……",
    "na",
    "n/a",
    "#n/a",
    "nan",
    "<na>",
    "null",
    "none",
}
_INFINITE = {"inf", "infinity"}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# No leading zero: "0,123" is a decimal comma and must never be read as 123.
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)
_REGION_SPELLINGS = {"东部": "east", "中部": "central", "西部": "west"}
# Not NFKC, which would read a footnote's mark or an exponent as a digit: "1.5①" is not 1.51.
_SIGNS = {
    **{full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)},
    **{ord("\N{IDEOGRAPHIC SPACE}"): " ", ord("\N{MINUS SIGN}"): "-"},
    **dict.fromkeys((0xFEFF, 0x200B)),  # the byte order mark, the zero-width space
}


def clean(cell: object) -> str:
    """Return a cell as text, full-width characters made half-width and outer blanks cut."""
    return unicodedata.normalize("NFC", str(cell)).translate(_SIGNS).strip()


def number(text: str) -> float:
    """Return the number that a cleaned cell holds, NaN if it holds none.

    Only digits, a decimal point, an exponent and commas between groups of three digits make
    a number, in every locale.
    """
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if _NUMBER.fullmatch(text) or text.lstrip("+-").lower() in _INFINITE:
        return float(text)
    return math.nan


def year_of(text: str) -> float:
    """Return the year that a cleaned cell holds, NaN if it holds no number."""
    return number(text.removesuffix("年"))


def region_of(text: str) -> str:
    """Return one of `REGIONS` if the label names it in another spelling, else the label."""
    label = _REGION_SPELLINGS.get(text.removesuffix("地区"), text.lower())
    return label if label in REGIONS else text


def plain_numbers(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
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
        return decimals, [f"{with_comma[0]} and the like were read with a decimal comma."]
    grouped = [value for value in values if _THOUSANDS.fullmatch(value)]
    if grouped:
        return cells, [f"{grouped[0]} and the like were read with commas between thousands."]
    return cells, []


def shorten(text: str, length: int = 40) -> str:
    """Cut a text that is too long for a sentence."""
    return text if len(text) <= length else text[: length - 1] + "…"
