"""Load a panel: a named one, verified against its sidecar, or the user's own CSV."""

import csv
import io
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import xarray as xr

from data.errors import UserError
from data.files import sha256
from data.panels.provinces import REGION_OF, REGIONS, canonical

FOLDER = Path(__file__).parent
"""Where the named panels lie: `<name>.csv` with its sidecar `<name>.json`."""

OWN = "own-"
"""How the name of a user's own panel begins, and no other's: traces are kept by panel name."""


@dataclass(frozen=True)
class PanelKind:
    """What a panel may be called, so that no estimate from it claims more.

    `evidence` says whether agreement with the paper can speak for or against a claim.
    """

    name: str
    label: str
    evidence: bool = True


PANELS = (
    PanelKind(
        "official",
        "The paper's variables rebuilt from official series, each in the vintage that meets "
        "Table 2 best: the best guess at the author's data.",
    ),
    PanelKind(
        "official-census4",
        "The paper's variables rebuilt from official series as revised after the fourth "
        "economic census: a replication, which can disagree with the paper.",
    ),
    PanelKind(
        "official-as_published",
        "The paper's variables rebuilt from official series as first published: "
        "a replication, which can disagree with the paper.",
    ),
    PanelKind(
        "implied",
        "The nearest panel to the official one on which the printed numbers come out: "
        "it shows what they imply and is never evidence that a claim stands.",
        evidence=False,
    ),
)

FORMER_NAMES = {
    "recollected": "official",
    "recollected-census4": "official-census4",
    "recollected-as_published": "official-as_published",
    "reconstructed": "implied",
    "reconstructed:all": "implied:all",
}
"""What named panels were called in the project's first edition."""

OWN_KIND = PanelKind(
    "own", "The user's own panel: neither a replication nor a reconstruction of the paper's data."
)

ENSEMBLE = "implied-ensemble.nc"
"""Further exact panels: dims (member, province, year), one variable for each free series."""

MEMBER = re.compile(r"implied-(\d\d)")
"""How a panel of the ensemble is called."""


def kind_of(name: str) -> PanelKind:
    """Return what a panel may be called; those of the ensemble are `implied` too."""
    if name.startswith(OWN):
        return OWN_KIND
    base = PANELS[-1].name if MEMBER.fullmatch(name) else name
    return {kind.name: kind for kind in PANELS}.get(base, OWN_KIND)


@dataclass(frozen=True, eq=False)
class Panel:
    """A panel ready for estimation, and where it came from.

    Attributes
    ----------
    name : str
        One of `named_panels()` or of `ensemble_members()`, or "own-" and the stem of the user's
        file; a safe folder name.
    frame : DataFrame
        Columns `province` (str), `year` (int), `region` (str) and the variables (float),
        sorted by province and year.
    sha256 : str
        Of the bytes of the CSV file.
    balanced : bool
        Whether every province is seen in every year.
    notices : tuple of str
        What the user should be told, one sentence each.
    exact_but : tuple of (column, term, statistic), optional
        Of a panel that claims to meet the printed numbers: the cells that it does not. None
        where nothing is claimed.
    """

    name: str
    frame: pd.DataFrame
    sha256: str
    balanced: bool
    notices: tuple[str, ...] = ()
    exact_but: tuple[tuple[str, str, str], ...] | None = None

    @property
    def label(self) -> str:
        """What the panel may be called, in one sentence."""
        return kind_of(self.name).label


def named_panels(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the panels in `folder` that have a sidecar, in the order of `PANELS`."""
    present = {path.stem for path in folder.glob("*.csv") if path.with_suffix(".json").exists()}
    return tuple(kind.name for kind in PANELS if kind.name in present)


def ensemble_members(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the names of the panels of the ensemble."""
    path = folder / ENSEMBLE
    if not path.is_file():
        return ()
    with xr.open_dataset(path) as dataset:
        return tuple(f"implied-{member:02d}" for member in dataset["member"].to_numpy())


def load_member(name: str, folder: Path = FOLDER) -> Panel:
    """Load one panel of the ensemble, with all its variables."""
    path = folder / ENSEMBLE
    digest = sha256(path.read_bytes())
    about = verified(path, digest)
    with xr.open_dataset(path) as dataset:
        one = dataset.sel(member=int(MEMBER.fullmatch(name)[1])).load().drop_vars("member")
    frame = one.to_dataframe().reset_index()
    for total, made in about["sums"].items():
        frame[total] = sum(frame[part] for part in made["parts"]).round(made["decimals"])
    frame["region"] = frame["province"].map(REGION_OF)
    frame = validate(frame.astype(object), about["variables"], f"{path} ({name})")
    exact_but = tuple(map(tuple, about["exact_but"]))
    return Panel(name, frame, sha256(f"{digest} {name}".encode()), True, (), exact_but)


def load_panel(name_or_path: str, variables: Sequence[str], folder: Path = FOLDER) -> Panel:
    """Load a named panel, or the user's own from a CSV file.

    Parameters
    ----------
    name_or_path : str
        One of `named_panels()`, or else the path of a CSV file: UTF-8 (with or without byte
        order mark) or GBK; separated by commas, semicolons or tabs; rows in any order.
    variables : sequence of str
        Columns that the estimation reads besides province and year.
    folder : Path
        Where the named panels lie.

    Returns
    -------
    Panel

    Raises
    ------
    UserError
        If the file cannot be read, is not what its sidecar says, or fails `validate`.
    """
    try:
        return _load(name_or_path, variables, folder)
    except UserError as error:
        # A cell that is quoted may hold line ends, or what a terminal obeys.
        said = (c if c.isprintable() else repr(c)[1:-1] for c in str(error))
        raise UserError("".join(said)) from None


def _load(name_or_path: str, variables: Sequence[str], folder: Path) -> Panel:
    # The ensemble is opened for its members alone: spoiled, it is in no other panel's way.
    if MEMBER.fullmatch(name_or_path) and (folder / ENSEMBLE).is_file():
        verified(folder / ENSEMBLE, sha256((folder / ENSEMBLE).read_bytes()))
        if name_or_path in ensemble_members(folder):
            return load_member(name_or_path, folder)
    named = name_or_path in named_panels(folder)
    path = folder / f"{name_or_path}.csv" if named else Path(name_or_path)
    content = _bytes(path, folder)
    digest = sha256(content)
    about = verified(path, digest) if named else {}
    text, notices = _decode(content, str(path))
    cells, more = _plain_numbers(_select(parse(text, str(path)), variables, str(path)))
    frame = validate(cells, variables, str(path))
    notices += _near_names(frame, str(path))
    missing = _missing(frame)
    if missing:
        notices.append(_unbalanced(missing, frame, str(path)))
    return Panel(
        name=name_or_path if named else own_name(path),
        frame=frame,
        sha256=digest,
        balanced=not missing,
        notices=tuple(notices + [f"{path}: {notice}" for notice in more]),
        exact_but=tuple(map(tuple, about["exact_but"])) if "exact_but" in about else None,
    )


def own_name(path: Path) -> str:
    """Return the name of a user's panel: a safe folder name that no named panel can have."""
    stem = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", path.stem))
    return OWN + (stem[:60].strip("._") or "panel")


# --- from bytes to text cells -------------------------------------------------------------


def _bytes(path: Path, folder: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ValueError):  # ValueError: a NUL character in the path
        if str(path) in FORMER_NAMES:
            raise UserError(
                f"The panel {path} is called {FORMER_NAMES[str(path)]} now: give that name."
            ) from None
        names = ", ".join(named_panels(folder)) or "none yet"
        raise UserError(
            f"There is no file {str(path)!r} and no panel of that name; give the path of a CSV "
            f"file or the name of a panel ({names})."
        ) from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); give the path of a readable CSV file."
        ) from None


def verified(path: Path, digest: str, sidecar: Path | None = None) -> dict:
    """Return what a file's sidecar says, `<stem>.json` by default, if it knows the file's bytes.

    Raises
    ------
    UserError
        If it says another sha256 or none.
    """
    sidecar = sidecar or path.with_suffix(".json")
    try:
        about = json.loads(sidecar.read_text(encoding="utf-8"))
        expected = about["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        about, expected = {}, None
    if expected != digest:
        raise UserError(
            f"{path} has sha256 {digest} but its sidecar {sidecar.name} says {expected}; "
            "restore both files from the repository or rebuild them with `python -m analysis panel "
            "build` (implied ones with `reconstruct` or `reconstruct-ensemble`)."
        )
    return about


def _decode(content: bytes, file: str) -> tuple[str, list[str]]:
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


# --- from text cells to numbers -----------------------------------------------------------

_MISSING = {
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


def _clean(cell: object) -> str:
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


def _year(text: str) -> float:
    return number(text.removesuffix("年"))


def _region(text: str) -> str:
    """Return one of `REGIONS` if the label names it in another spelling, else the label."""
    label = _REGION_SPELLINGS.get(text.removesuffix("地区"), text.lower())
    return label if label in REGIONS else text


def _select(frame: pd.DataFrame, variables: Iterable[str], file: str) -> pd.DataFrame:
    """Keep the columns that are read, named as the specification names them, cells cleaned."""
    header = [_clean(name).lower() for name in frame.columns]
    chosen = {}
    for name in dict.fromkeys(("province", "year", "region", *variables)):
        positions = [i for i, found in enumerate(header) if found == name.lower()]
        if len(positions) > 1:
            raise UserError(
                f"{file}, header: column {name} stands {len(positions)} times; keep one of them."
            )
        if positions:
            chosen[name] = frame.iloc[:, positions[0]].map(_clean).astype(str)
    needed = dict.fromkeys(("province", "year", *variables))
    absent = [name for name in needed if name not in chosen]
    if absent:
        found = _shorten(", ".join(map(str, frame.columns)), 200)
        raise UserError(
            f"{file}, header: there is no column {' and no column '.join(absent)}; add what is "
            f"missing to the columns found ({found})."
        )
    return pd.DataFrame(chosen, index=frame.index)


def _plain_numbers(cells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
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


# --- what a panel must hold ---------------------------------------------------------------


@dataclass(frozen=True)
class _CellRule:
    """A condition that each cell of a column meets, and what to say of one that does not."""

    meets: Callable[[str], bool]
    sentence: str


_PRESENT = _CellRule(
    lambda text: text.lower() not in _MISSING,
    "the value is missing; fill it in or drop the row",
)
# The rules after the first hold for a missing cell, so that each cell breaks one rule only.
_KNOWN = _CellRule(
    lambda text: text.lower() in _MISSING or canonical(text) is not None,
    "{value} is none of the 31 provinces, so its region is unknown; correct the name or add "
    "a column region",
)
_YEAR = _CellRule(
    lambda text: (
        text.lower() in _MISSING or (1000 <= _year(text) <= 9999 and _year(text).is_integer())
    ),
    "{value} is not a year; write a whole number of four digits such as 2010",
)
_NUMERIC = _CellRule(
    lambda text: text.lower() in _MISSING or not math.isnan(number(text)),
    "{value} is not a number; write it with digits and a decimal point or drop the row",
)
_FINITE = _CellRule(
    lambda text: not math.isinf(number(text)),
    "{value} is not finite; correct it or drop the row",
)


@dataclass(frozen=True)
class _TableRule:
    """A condition on whole rows (`province`, `year`, `region`), and what to say of a failure.

    `meets` maps the frame to one truth value per row or for all rows, and `sentence` the
    frame and the line of the first failure to the sentence; `columns` are those it names.
    """

    columns: str
    meets: Callable[[pd.DataFrame], pd.Series | bool]
    sentence: Callable[[pd.DataFrame, int | None], str]


def _first_line(frame: pd.DataFrame, line: int | None, by: list[str]) -> int:
    return frame.index[(frame[by] == frame.loc[line, by]).all(axis=1)][0]


_TABLE_RULES = (
    _TableRule(
        "columns province and year",
        lambda frame: ~frame.duplicated(["province", "year"]),
        lambda frame, line: (
            f"{frame.loc[line, 'province']} {frame.loc[line, 'year']} is already on line "
            f"{_first_line(frame, line, ['province', 'year'])}; keep one row per province and year."
        ),
    ),
    _TableRule(
        "column region",
        lambda frame: frame["region"] == frame.groupby("province")["region"].transform("first"),
        lambda frame, line: (
            f"{frame.loc[line, 'province']} is in region {frame.loc[line, 'region']!r} here and in "
            f"another on line {_first_line(frame, line, ['province'])}; give each province one."
        ),
    ),
    _TableRule(
        "column year",
        lambda frame: frame["year"].nunique() >= 2,
        lambda frame, line: (
            f"the panel holds only the year {frame['year'].iloc[0]}, and effects within "
            "provinces need at least two; add years."
        ),
    ),
    _TableRule(
        "column province",
        lambda frame: frame["province"].nunique() >= 2,
        lambda frame, line: (
            f"the panel holds only {frame['province'].iloc[0]}, and year effects need at least "
            "two provinces; add provinces."
        ),
    ),
)


def validate(frame: pd.DataFrame, variables: Sequence[str], file: str) -> pd.DataFrame:
    """Check a panel's rows and return them typed and sorted.

    Parameters
    ----------
    frame : DataFrame
        Columns `province`, `year`, perhaps `region`, and `variables` (upper and lower case
        alike); text or numbers, in any order. The index is each row's line in the file.
        `region` may be absent only if every province is one of the 31, in Chinese or
        English, with or without suffix.
    variables : sequence of str
        Columns that must hold finite numbers.
    file : str
        How error messages name the file.

    Returns
    -------
    DataFrame
        Columns `province` (str, English for the 31), `year` (int), `region` (str) and
        `variables` (float). Sorted by province (the 31 in administrative order, then others
        alphabetically) and year, with a new index.

    Raises
    ------
    UserError
        Naming file, row, column and remedy of the first failure.
    """
    cells = _select(frame, variables, file)
    if not len(frame):
        raise UserError(f"{file} has no rows below its header; add one per province and year.")
    _check_cells(cells, variables, file)
    known = cells["province"].map(canonical)
    table = pd.DataFrame(
        {
            "province": known.where(known.notna(), cells["province"]).astype(str),
            "year": cells["year"].map(_year).astype(int),
            "region": cells["region"].map(_region) if "region" in cells else known.map(REGION_OF),
            **{name: cells[name].map(number).astype(float) for name in variables},
        },
        index=cells.index,
    )
    _check_table(table, file)
    rank = {name: i for i, name in enumerate(REGION_OF)}
    administrative = table["province"].map(rank).fillna(len(rank))
    alphabetical = pd.factorize(table["province"], sort=True)[0]
    order = np.lexsort((table["year"], alphabetical, administrative))
    return table.iloc[order].reset_index(drop=True)


def _check_cells(cells: pd.DataFrame, variables: Sequence[str], file: str) -> None:
    rules = {"province": (_PRESENT, _KNOWN), "year": (_PRESENT, _YEAR)}
    if "region" in cells:
        rules |= {"province": (_PRESENT,), "region": (_PRESENT,)}
    rules |= dict.fromkeys(variables, (_PRESENT, _NUMERIC, _FINITE))
    schema = pa.DataFrameSchema(
        {
            name: pa.Column(
                str, [pa.Check(r.meets, element_wise=True, error=r.sentence) for r in column_rules]
            )
            for name, column_rules in rules.items()
        }
    )
    failures = _failures(schema, cells)
    if len(failures):
        rank = failures["column"].map(list(rules).index)
        first = failures.assign(rank=rank).sort_values(["index", "rank"], kind="stable").iloc[0]
        value = repr(_shorten(cells.loc[first["index"], first["column"]]))
        raise UserError(
            f"{file}, line {first['index']}, column {first['column']}: "
            f"{first['check'].replace('{value}', value)}{_others(len(failures) - 1)}."
        )


def _check_table(table: pd.DataFrame, file: str) -> None:
    checks = [pa.Check(rule.meets, error=str(i)) for i, rule in enumerate(_TABLE_RULES)]
    schema = pa.DataFrameSchema(
        {"province": pa.Column(str), "year": pa.Column(int), "region": pa.Column(str)},
        checks=checks,
    )
    failures = _failures(schema, table)
    if len(failures):
        first = failures.sort_values(["check", "index"], kind="stable").iloc[0]
        rule = _TABLE_RULES[int(first["check"])]
        line = None if pd.isna(first["index"]) else int(first["index"])
        place = file if line is None else f"{file}, line {line}"
        raise UserError(f"{place}, {rule.columns}: {rule.sentence(table, line)}")


def _failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Return pandera's failure cases: columns `column`, `check` (its error text) and `index`."""
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return error.failure_cases
    return pd.DataFrame({"column": [], "check": [], "index": []})


def _others(count: int) -> str:
    return f" (further failing cells: {count})" if count else ""


def _shorten(text: str, length: int = 40) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _near_names(frame: pd.DataFrame, file: str) -> list[str]:
    """Say which names, taken for provinces of their own, may be misspelt ones of the 31."""
    near = {
        name: get_close_matches(name, REGION_OF, n=1, cutoff=0.8)
        for name in frame["province"].unique()
        if name not in REGION_OF
    }
    return [
        f"{file}: {_shorten(name)!r} is taken for a province of its own; correct it if "
        f"{meant[0]} is meant."
        for name, meant in near.items()
        if meant
    ]


def _missing(frame: pd.DataFrame) -> list[tuple[str, int]]:
    """Return the province-years that a balanced panel would have and this one has not."""
    full = pd.MultiIndex.from_product([frame["province"].unique(), sorted(set(frame["year"]))])
    return list(full.difference(pd.MultiIndex.from_frame(frame[["province", "year"]]), sort=False))


def _unbalanced(missing: list[tuple[str, int]], frame: pd.DataFrame, file: str) -> str:
    shown = ", ".join(f"{province} {year}" for province, year in missing[:3])
    return (
        f"{file} is unbalanced: it lacks {len(missing)} of {len(missing) + len(frame)} "
        f"province-years ({shown}{', …' if len(missing) > 3 else ''})."
    )
