"""From the bytes of a user's file to a table of text cells."""

import codecs
import csv
import io
import math
import re
from collections.abc import Sequence

import pandas as pd

from data.panels.keys import PANEL, Keys
from data.panels.spelling import clean, is_year, number, shorten
from data.shared.errors import UserError

DELIMITERS = ",;\t|"
FIRST_LINES = 50
"""Among these lines a header is looked for below a title."""

_DECLARED = re.compile(r'\s*"?sep=(.)"?[\s,;]*', re.IGNORECASE)
_NOTE = re.compile(
    r"(sources?|notes?|data|remarks?|legend|quellen?|anmerkung|fuente|fonte|nota|"
    r"资料来源|数据来源|来源|注释?|说明|备注)\s*[:.)]|[*†‡]|注\d",
    re.IGNORECASE,
)


# --- bytes to text ------------------------------------------------------------------------


def decode(content: bytes, file: str) -> tuple[str, list[str]]:
    """Return the text and, if it is not UTF-8, a notice.

    Raises
    ------
    UserError
        If the bytes are no text in UTF-8, UTF-16 with its mark, GBK or Windows-1252.
    """
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # Text in one of the others holds no NUL; spreadsheets and archives do.
    if wide or b"\0" not in content:
        try:
            return content.decode("utf-8-sig"), []
        except UnicodeDecodeError:
            pass
        encoding, name = "gbk", "GBK"
        if wide:
            encoding, name = "utf-16", "UTF-16"
        elif _is_western(content):
            encoding, name = "cp1252", "Windows-1252"
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            text = "\0"
        if "\0" not in text:
            return text, [
                f"{file} is not UTF-8 and was read as {name}; save it as UTF-8 if names look wrong."
            ]
    raise UserError(
        f"{file} is not a CSV text file in UTF-8, UTF-16, GBK or Windows-1252, nor one of "
        "Excel (.xlsx), Stata, SPSS, R, gretl or Parquet; export the table as CSV (UTF-8)."
    )


def _is_western(content: bytes) -> bool:
    """Whether bytes above ASCII are single letters within words, not pairs that make hanzi.

    "Württemberg" in Windows-1252 is valid GBK, too: "W黵ttemberg".
    """
    # Three such letters in a row, control characters and unused codes are in no Western text.
    if re.search(rb"[\xc0-\xff]{3}|[\x00-\x08\x0b\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]", content):
        return False
    pieces = re.findall(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?", content)
    single = 0
    for piece in pieces:
        high = piece.strip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        single += len(high) % 2 == 1 or len(piece) == len(high) + 2
    return 2 * single > len(pieces)


# --- text to cells ------------------------------------------------------------------------


def parse(
    text: str, file: str, delimiters: str = DELIMITERS, keys: Keys = PANEL
) -> tuple[pd.DataFrame, list[str]]:
    """Read the text of a CSV into a frame of text cells.

    Parameters
    ----------
    text : str
        A header and rows, separated by what a first line `sep=;` declares, or else by whichever
        of comma, semicolon, tab and bar the header holds most of; any line ends. Blank rows, a
        title above, notes below the table and repetitions of the header are passed over.
    file : str
        How error messages name the file.
    delimiters : str
        Characters one of which parts the cells, where none is declared.
    keys : Keys
        Names by which the header is known.

    Returns
    -------
    table : DataFrame
        Cells as str; the index is each row's line in the file (the first line is 1).
    notices : list of str
        What was passed over, one sentence each.

    Raises
    ------
    UserError
        If there is no header, a quote is not closed, or a row and the header differ in length.
    """
    lines = list(io.StringIO(text, newline=""))
    start = 0
    first_text = next((i for i, line in enumerate(lines) if line.strip("\ufeff \t\r\n")), None)
    if first_text is not None and (declared := _DECLARED.fullmatch(lines[first_text])):
        start, delimiters = first_text + 1, declared[1]
    header_line, delimiter = _header(lines, start, delimiters, keys)
    rows = _rows(lines, header_line, delimiter, file)
    if not rows:
        raise UserError(
            f"{file} is empty; give a CSV file with a header and one row per {keys.unit} and "
            f"{keys.time}."
        )
    header = rows.pop(next(iter(rows)))
    notices = _title(lines[start:header_line], start, len(header), delimiter, file)
    names = _cleaned(header)
    likely = {line: row for line, row in rows.items() if _cleaned(row[:1]) == names[:1]}
    repeated = [line for line, row in likely.items() if _cleaned(row) == names]
    for line in repeated:
        del rows[line]
    if repeated:
        notices.append(
            f"{file}, line {repeated[0]}: the header is repeated and was passed over"
            f"{_more(len(repeated))}; drop the rows below it if they are another table."
        )
    notices += _notes(rows, header, file, keys)
    fitted = [_fit(row, len(header), file, line) for line, row in rows.items()]
    index = pd.Index(list(rows), name="line", dtype=int)
    return pd.DataFrame(fitted, columns=header, index=index, dtype=str), notices


def _header(lines: Sequence[str], start: int, delimiters: str, keys: Keys) -> tuple[int, str]:
    """Find the line that names unit and year, else the first with text, and what parts it."""
    for line in range(start, min(len(lines), start + FIRST_LINES)):
        for delimiter in delimiters:
            names = {name.strip('" ') for name in _cleaned(lines[line].split(delimiter))}
            if keys.needed <= names:
                return line, delimiter
    line = next((i for i in range(start, len(lines)) if lines[i].strip()), start)
    return line, max(delimiters, key=lines[line].count) if line < len(lines) else delimiters[0]


def _rows(lines: Sequence[str], start: int, delimiter: str, file: str) -> dict[int, list[str]]:
    """Read the rows that are not blank, by the line on which each begins."""
    reader = csv.reader(lines[start:], delimiter=delimiter, skipinitialspace=True, strict=True)
    rows: dict[int, list[str]] = {}
    line = start + 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows[line] = row
            line = start + reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{file}, line {line}: the row is not valid CSV ({error}); close its quotes or "
            "export the table as CSV again."
        ) from None
    return rows


def _cleaned(row: Sequence[str]) -> list[str]:
    return [clean(cell).lower() for cell in row]


def _title(above: Sequence[str], start: int, width: int, delimiter: str, file: str) -> list[str]:
    """Say which lines above the header were passed over; refuse those that look like rows."""
    titles = {
        start + i + 1: line.strip() for i, line in enumerate(above) if line.strip(" ,;\t\r\n")
    }
    for line, title in titles.items():
        if len([cell for cell in title.split(delimiter) if cell.strip()]) >= max(width - 1, 3):
            raise UserError(
                f"{file}, line {line}: a row of values is above the header; correct the header "
                "or move it to the first line."
            )
    return [
        f"{file}, line {line}: {shorten(title.strip(delimiter))!r} above the header was passed "
        "over; move it below the header if it is a row of the table."
        for line, title in titles.items()
    ]


def _notes(rows: dict[int, list[str]], header: Sequence[str], file: str, keys: Keys) -> list[str]:
    """Take notes below the table out of the rows, and say so."""
    names = _cleaned(header)
    if not keys.needed <= set(names):
        return []
    year = names.index(keys.time.lower())
    note_lines: list[int] = []
    for line in reversed(rows):
        if not _is_note(rows, line, year, len(header)):
            break
        note_lines.append(line)
    shown = {
        line: " ".join(cell for cell in rows.pop(line) if cell.strip()) for line in note_lines[::-1]
    }
    return [
        f"{file}, line {line}: {shorten(note)!r} below the table was passed over; fill in all its "
        "columns if it is a row of the table."
        for line, note in shown.items()
    ]


def _is_note(rows: dict[int, list[str]], line: int, year: int, width: int) -> bool:
    row = [clean(cell) for cell in rows[line]]
    filled = [cell for cell in row if cell]
    if _NOTE.match(filled[0]):
        return len(filled) < width or not is_year(row[year])
    # The end of a row that was cut off begins like the cells above it.
    column = row.index(filled[0])
    above = [
        clean(rows[earlier][column])
        for earlier in rows
        if earlier < line and len(rows[earlier]) >= width
    ]
    if any(cell.startswith(filled[0]) for cell in above) or not math.isnan(number(filled[0])):
        return False
    if len(filled) == 1:
        return " " in filled[0] or not filled[0].isascii()
    return len(filled) < width / 2 and not any(c.isdigit() for cell in filled for c in cell)


def _fit(row: list[str], width: int, file: str, line: int) -> list[str]:
    """Cut the blank cells that spreadsheets leave behind the last column."""
    if len(row) < width or any(cell.strip() for cell in row[width:]):
        raise UserError(
            f"{file}, line {line}: the row has {len(row)} values and the header {width} columns; "
            "give every row one value per column, quote values that hold the separator, and drop "
            "the line if it is a note."
        )
    return row[:width]


def _more(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""
