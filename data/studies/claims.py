"""Claims of a study's paper, from the file that its study.toml names."""

import math
from dataclasses import dataclass
from pathlib import Path

from data.panels.csv_text import decode, parse
from data.panels.spelling import clean, number, shorten
from data.shared.errors import UserError
from data.studies import schema
from data.studies.formula import term

KINDS = ("sign", "size")


@dataclass(frozen=True)
class StudyClaim:
    """One claim about a printed slope.

    Attributes
    ----------
    text : str
        In the paper's words.
    column, term : str
        The slope.
    kind : "sign" or "size"
        The slope has the printed sign; or is the printed one.
    rope : float
        Half width of the region of practical equivalence to zero, in units of the outcome per
        unit of the term; NaN for the default of `compare`.
    """

    text: str
    column: str
    term: str
    kind: str
    rope: float


def read(study: Path | None) -> tuple[StudyClaim, ...]:
    """Return the claims of a study; none of the paper or of a study that names no file.

    Raises
    ------
    UserError
        In one sentence with file, line and remedy.
    """
    file = schema.read(study) if study else None
    if file is None or file.claims is None:
        return ()
    path = study.parent / file.claims.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{study}, key claims.file: {path} cannot be read ({error.strerror}); correct the path."
        ) from None
    text, _ = decode(content, str(path))
    table, _ = parse(text, str(path), ",;\t")
    table.columns = [clean(name).lower() for name in table.columns]
    needed = ("text", "column", "term", "kind")
    absent = [name for name in needed if name not in table]
    if absent:
        raise UserError(
            f"{path}, header: there is no column {absent[0]}; name {', '.join((*needed, 'rope'))}."
        )
    columns = {column.name: column for column in file.column}
    claims = []
    for line, row in table.iterrows():
        cells = {name: clean(row[name]) for name in table.columns}
        place = f"{path}, line {line}"
        if cells["column"] not in columns:
            raise UserError(
                f"{place}, column column: {shorten(cells['column'])!r} is no column of the study; "
                f"choose among {', '.join(columns)}."
            )
        claims.append(_claim(cells, columns[cells["column"]], place))
    return tuple(claims)


def _claim(cells: dict[str, str], column: schema.Column, place: str) -> StudyClaim:
    try:
        name = term(cells["term"])
    except ValueError:
        name = cells["term"]
    if name not in column.parsed.terms:
        raise UserError(
            f"{place}, column term: {shorten(cells['term'])!r} is no term of column {column.name}; "
            f"choose among {', '.join(column.parsed.terms)}."
        )
    if cells["kind"] not in KINDS:
        raise UserError(
            f"{place}, column kind: {shorten(cells['kind'])!r} is none of {', '.join(KINDS)}; "
            "write one of them."
        )
    rope = number(cells.get("rope", ""))
    if cells.get("rope", "") and not (0 < rope < math.inf):
        raise UserError(
            f"{place}, column rope: {shorten(cells['rope'])!r} is no number above zero; write one "
            "or leave it empty."
        )
    return StudyClaim(cells["text"], column.name, name, cells["kind"], rope)
