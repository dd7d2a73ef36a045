"""From the bytes of a user's file to a table of text cells."""

import csv
import io

import pandas as pd

from data.errors import UserError


def decode(content: bytes, file: str) -> tuple[str, list[str]]:
    """Return the text and, if it is not UTF-8, a notice."""
    # Text of either encoding holds no NUL; spreadsheets, archives and UTF-16 do.
    if b"\0" not in content:
        try:
            return content.decode("utf-8-sig"), []
        except UnicodeDecodeError:
            pass
        try:
            return content.decode("gbk"), [f"{file} is not UTF-8 and was read as GBK."]
        except UnicodeDecodeError:
            pass
    raise UserError(
        f"{file} is not a CSV text file in UTF-8 or GBK; export the table as CSV (UTF-8)."
    )


def parse(text: str, file: str) -> pd.DataFrame:
    """Read the text of a CSV into a frame of text cells.

    Parameters
    ----------
    text : str
        A header and rows, separated by whichever of comma, semicolon and tab the header
        holds most of; any line ends. Blank rows are passed over.
    file : str
        How error messages name the file.

    Returns
    -------
    DataFrame
        Cells as str; the index is each row's line in the file (the first line is 1).

    Raises
    ------
    UserError
        If there is no header, a quote is not closed, or a row and the header differ in length.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    header: list[str] = []
    rows: dict[int, list[str]] = {}
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                if header:
                    rows[line] = _fit(row, len(header), file, line)
                else:
                    header = row
            line = reader.line_num + 1
    except csv.Error as error:
        raise UserError(
            f"{file}, line {line}: the row is not valid CSV ({error}); close its quotes or "
            "export the table as CSV again."
        ) from None
    if not header:
        raise UserError(
            f"{file} is empty; give a CSV file with a header and one row per province and year."
        )
    index = pd.Index(list(rows), name="line", dtype=int)
    return pd.DataFrame(list(rows.values()), columns=header, index=index, dtype=str)


def _fit(row: list[str], width: int, file: str, line: int) -> list[str]:
    """Cut the blank cells that spreadsheets leave behind the last column."""
    if len(row) < width or any(cell.strip() for cell in row[width:]):
        raise UserError(
            f"{file}, line {line}: the row has {len(row)} values and the header {width} columns; "
            "give every row one value per column and quote values that hold the separator."
        )
    return row[:width]
