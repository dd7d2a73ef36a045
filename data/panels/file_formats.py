"""From a file of a statistical package or spreadsheet to a table of text cells.

Every format ends in what `csv_text.parse` makes of a CSV, so that one set of rules, notices and
errors serves all. Readers of other packages' formats are extras (`pip install '.[files]'`):

- Stata and SPSS by pyreadstat: labels by variable, missing codes as letters, %ty as the year that
  it stores. pandas turns %ty into dates and a partly labelled variable into an ordered mixture.
- R by rdata: it sees each object of a file. pyreadr gives an empty result for a list.
- Excel by openpyxl, which knows merged cells and formulas; pandas passes over both.
- gretl's XML by the standard library: no package reads it.
"""

import bz2
import csv
import gzip
import io
import lzma
import shlex
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from types import ModuleType
from xml.etree import ElementTree

import pandas as pd

from data.panels.csv_text import FIRST_LINES, decode, parse
from data.panels.keys import PANEL, Keys
from data.panels.spelling import clean, listed, shorten
from data.shared.errors import UserError

Read = tuple[pd.DataFrame, list[str]]
"""Cells as str, the index each row's place in the file and named for it; notices."""

LARGEST = 2**30
"""Bytes of a compressed file's content; more is no panel."""


# --- Stata and SPSS -----------------------------------------------------------------------


def _stata(content: bytes, file: str, keys: Keys) -> Read:
    package = _package("pyreadstat", file)
    return _labelled(
        lambda: package.read_dta(
            io.BytesIO(content), user_missing=True, disable_datetime_conversion=True
        ),
        package,
        file,
        keys,
    )


def _spss(content: bytes, file: str, keys: Keys) -> Read:
    package = _package("pyreadstat", file)
    return _labelled(
        lambda: package.read_sav(io.BytesIO(content), disable_datetime_conversion=True),
        package,
        file,
        keys,
    )


def _labelled(read: Callable, package: ModuleType, file: str, keys: Keys) -> Read:
    try:
        frame, about = read()
    except (package.ReadstatError, package.PyreadstatError, ValueError) as error:
        raise _spoiled(file, error) from None
    coded: dict[str, dict] = {}
    for name, labels in about.variable_value_labels.items():
        if clean(name).lower() in keys.every:  # of other columns the numbers are read
            frame[name] = frame[name].map(lambda value, labels=labels: labels.get(value, value))
        elif name in frame and frame[name].isin(list(labels)).any():
            coded[name] = labels
    missing = about.missing_user_values if hasattr(about, "missing_user_values") else {}
    for name, letters in missing.items():
        # Stata's .a to .z arrive as letters.
        frame[name] = frame[name].map(lambda v, letters=letters: f".{v}" if v in letters else v)
    return _as_text(frame), _of_codes(file, coded)


def _of_codes(file: str, coded: Mapping[str, Mapping]) -> list[str]:
    """Say which variables' labels are not read, and what the codes of the first are."""
    if not coded:
        return []
    first, labels = next(iter(coded.items()))
    code_of = {
        f"{code:g}" if isinstance(code, float | int) else code: w for code, w in labels.items()
    }
    codes = ", ".join(f"{code} {word}" for code, word in list(code_of.items())[:3])
    names = ", ".join(list(coded)[:4]) + ", …" * (len(coded) > 4)
    return [
        f"{file}: {names}: codes with labels ({first}: {codes}); a regression takes the codes as "
        f"numbers, so make a dummy of one, such as {first} == {next(iter(code_of))}."
    ]


# --- R ------------------------------------------------------------------------------------


def _r(content: bytes, file: str, keys: Keys) -> Read:
    rdata = _package("rdata", file)
    try:
        with warnings.catch_warnings():
            # It says that it takes a pdata.frame for the data.frame that it is.
            warnings.filterwarnings("ignore", "Missing constructor", UserWarning)
            # It says that a file of saveRDS does not end in .rds, and has no name to go by.
            warnings.filterwarnings("ignore", "Unknown file type", UserWarning)
            objects = rdata.conversion.convert(rdata.parser.parse_data(content))
    # What its parser raises of a file that is cut short, of another kind, or has an unknown type.
    except (ValueError, NotImplementedError, LookupError, EOFError) as error:
        raise _spoiled(file, error) from None
    if isinstance(objects, pd.DataFrame):
        return _as_text(objects), []
    frames = _frames(objects)
    if len(frames) != 1:
        contents = f"{len(frames)} data frames ({', '.join(frames)})" if frames else "no data frame"
        raise UserError(
            f"{file} holds {contents}; save one alone, in R by saveRDS(frame, 'panel.rds')."
        )
    (frame,) = frames.values()
    return _as_text(frame), []


def _frames(objects: object) -> dict[str, pd.DataFrame]:
    if not isinstance(objects, Mapping):
        return {}
    return {str(name): frame for name, frame in objects.items() if isinstance(frame, pd.DataFrame)}


# --- Parquet and gretl --------------------------------------------------------------------


def _parquet(content: bytes, file: str, keys: Keys) -> Read:
    import pyarrow as pa

    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except (pa.ArrowException, ValueError) as error:
        raise _spoiled(file, error) from None
    kept = [name for name in frame.index.names if name is not None]
    return _as_text(frame.reset_index(kept) if kept else frame), []


def _gretl(content: bytes, file: str, keys: Keys) -> Read:
    try:
        root = ElementTree.fromstring(content)
        names = [node.attrib["name"] for node in root.iterfind("variables/variable")]
        rows = [(node.text or "").split() for node in root.iterfind("observations/obs")]
        frame = pd.DataFrame(rows, columns=names, dtype=object)
        for strings in root.iterfind("string-tables/valstrings"):
            # The number n is the n-th string.
            words = dict(enumerate(shlex.split(strings.text or ""), 1))
            owner = strings.attrib["owner"]
            frame[owner] = [words.get(int(code), code) if code.isdigit() else code
                            for code in frame[owner]]  # fmt: skip
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise _spoiled(file, error) from None
    return _as_text(frame), []


# --- Excel --------------------------------------------------------------------------------


def _excel(content: bytes, file: str, keys: Keys) -> Read:
    openpyxl = _package("openpyxl", file)
    books = []
    for values in (True, False):  # what formulas gave, and what they are
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of styles that it does not know
                books.append(openpyxl.load_workbook(io.BytesIO(content), data_only=values))
        # What it raises of a spoiled file, and of parts that it does not know.
        except (zipfile.BadZipFile, LookupError, ValueError, OSError, AttributeError) as error:
            raise _spoiled(file, error) from None
    book, formulas = books
    names = [sheet.title for sheet in book.worksheets]  # without sheets that are charts
    if not names:
        raise UserError(f"{file} has no sheet of cells; save the table in one, or as CSV.")
    fitting = [name for name in names if _names_unit_and_year(book[name], keys)]
    if len(fitting) > 1:
        raise UserError(
            f"{file} has several sheets that name {keys.unit} and {keys.time} "
            f"({', '.join(fitting)}), hidden ones too; keep one of them."
        )
    if not fitting and len(names) > 1:
        raise UserError(
            f"{file} has no sheet whose first {FIRST_LINES} rows name {keys.unit} and {keys.time} "
            f"(sheets: {', '.join(names)}); name these two columns."
        )
    sheet = book[(fitting or names)[0]]
    notices = _fill_merged(sheet, file)
    _refuse_uncalculated(sheet, formulas[sheet.title], file)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in sheet.iter_rows(values_only=True):
        # One line for each row, so that its number is the sheet's.
        writer.writerow([" ".join(_text(cell).split()) for cell in row])
    table, passed_over = parse(text.getvalue(), f"{file}, sheet {sheet.title}", ",", keys)
    return table.rename_axis("row"), notices + passed_over


def _names_unit_and_year(sheet: Sequence, keys: Keys) -> bool:
    rows = sheet.iter_rows(max_row=FIRST_LINES, values_only=True)
    return any(keys.needed <= {clean(cell).lower() for cell in row} for row in rows)


def _fill_merged(sheet, file: str) -> list[str]:
    """Give each cell of a merged block the block's value, and say so."""
    tall = [block for block in sheet.merged_cells.ranges if block.max_row > block.min_row]
    blocks = sorted(tall, key=lambda block: (block.min_row, block.min_col))
    for block in blocks:
        value = sheet.cell(block.min_row, block.min_col).value
        sheet.unmerge_cells(str(block))
        for row in range(block.min_row, block.max_row + 1):
            sheet.cell(row, block.min_col).value = value
    if not blocks:
        return []
    shown = listed([str(block) for block in blocks])
    return [
        f"{file}, sheet {sheet.title}: merged cells ({shown}) were read as their value in each "
        "row; unmerge them if that is wrong."
    ]


def _refuse_uncalculated(sheet, formulas, file: str) -> None:
    """Refuse a formula without its value: a program wrote the file, and no spreadsheet read it."""
    for row in formulas.iter_rows():
        for cell in row:
            if cell.data_type == "f" and sheet[cell.coordinate].value is None:
                raise UserError(
                    f"{file}, sheet {sheet.title}, cell {cell.coordinate}: the formula "
                    f"{shorten(str(cell.value))!r} has no value yet; open and save the file in a "
                    "spreadsheet."
                )


# --- which format -------------------------------------------------------------------------


def _text_file(content: bytes, file: str, keys: Keys) -> Read:
    text, notices = decode(content, file)
    table, passed_over = parse(text, file, keys=keys)
    return table, notices + passed_over


@dataclass(frozen=True)
class Format:
    """A kind of file: how its content begins, and what reads it."""

    name: str
    begins: tuple[bytes, ...]
    read: Callable[[bytes, str, Keys], Read]


OLD_STATA = tuple(bytes([release, order, 1]) for release in range(105, 116) for order in (1, 2))
"""Releases 3 to 12; later ones begin with a tag."""

FORMATS = (
    Format("Stata", (b"<stata_dta>", *OLD_STATA), _stata),
    Format("SPSS", (b"$FL2", b"$FL3"), _spss),
    Format("R", (b"RDX2\n", b"RDX3\n", b"X\n\0\0\0"), _r),
    Format("Parquet", (b"PAR1",), _parquet),
    Format("gretl", (b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE gretldata',), _gretl),
    Format("Excel", (b"PK\x03\x04",), _excel),
)
"""Recognised by content, not by the name's ending. Any other content is text."""


def tabulate(content: bytes, file: str, keys: Keys = PANEL) -> Read:
    """Read the content of a file in any of `FORMATS`, or of a CSV, compressed or not.

    Parameters
    ----------
    content : bytes
    file : str
        How notices and errors name the file.
    keys : Keys
        Names by which a header or sheet is known; of these columns, labels are read.

    Returns
    -------
    table : DataFrame
        Cells as str. The index is each row's place: "line" of a text file, "row" of a sheet or,
        counted from 1, of a data set without lines.
    notices : list of str
        What was passed over or filled, one sentence each.

    Raises
    ------
    UserError
        If the file is spoiled, holds no table or several, or its reader is not installed.
    """
    content = _decompressed(content, file)
    for file_format in FORMATS:
        if content.startswith(file_format.begins):
            return file_format.read(content, file, keys)
    return _text_file(content, file, keys)


def _decompressed(content: bytes, file: str) -> bytes:
    openers = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
    for mark, opened in openers.items():
        if content.startswith(mark):
            try:
                with opened(io.BytesIO(content)) as inner:
                    content = inner.read(LARGEST + 1)
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise _spoiled(file, error) from None
            if len(content) > LARGEST:
                raise UserError(
                    f"{file} holds more than 1 GiB when it is unpacked; give the panel alone."
                )
    return content


def _package(name: str, file: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise UserError(
            f"{file} is read by the package {name}, which is not installed: run pip install "
            f"'{name}', or save the table as CSV."
        ) from None


def _spoiled(file: str, error: Exception) -> UserError:
    reason = str(error).strip().rstrip(".").partition("\n")[0] or type(error).__name__
    return UserError(f"{file} cannot be read ({shorten(reason, 120)}); save it again, or as CSV.")


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    cells = {i: [_text(value) for value in frame.iloc[:, i]] for i in range(frame.shape[1])}
    index = pd.RangeIndex(1, len(frame) + 1, name="row")
    table = pd.DataFrame(cells, index=index, dtype=str)
    table.columns = [str(name) for name in frame.columns]
    return table


def _text(value: object) -> str:
    """Write a value so that its number can be read back exactly."""
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "item"):  # one of NumPy's
        value = value.item()
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
