"""From a study.toml to its panel: rows of the data file, and each term of its formulas.

What is returned has no place for a printed number. The panel's columns are called as everywhere in
this project (`province` for the unit, `year`, `region`); a term's column is called by its formula.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from data.panels.catalogue import study_name
from data.panels.file_formats import tabulate
from data.panels.keys import Keys
from data.panels.missing_codes import notices_of_codes, refuse_codes
from data.panels.panel import Panel, is_balanced
from data.panels.spelling import clean, is_missing, is_year, number, plain_numbers, shorten, year_of
from data.shared.errors import UserError, one_line
from data.shared.files import sha256
from data.studies import schema
from data.studies.formula import names_in
from data.studies.sample import is_condition, names_in_condition
from data.studies.schema import StudyFile
from data.studies.terms import choices_of, did_you_mean, expressions_of, variables_in, with_terms

ALL = "all"
"""The one region of a study without regions."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A study's file and data.

    Attributes
    ----------
    path : Path
        Of study.toml.
    file : StudyFile
    panel : Panel
        With all terms of all columns, and each condition on rows as truth values.
    """

    path: Path
    file: StudyFile
    panel: Panel

    @property
    def regions(self) -> tuple[str, ...]:
        """In the order of study.toml, or of the data; `ALL` alone where there are none."""
        return tuple(self.file.data.regions) or tuple(self.panel.frame["region"].unique())


def load(path: Path) -> Loaded:
    """Read a study.toml and its data.

    Raises
    ------
    UserError
        In one sentence with file, key or row, and remedy.
    """
    return load_data(schema.read(path), path)


def load_data(file: StudyFile, path: Path) -> Loaded:
    """Read the data of a study whose study.toml has this content and path.

    Raises
    ------
    UserError
        As `load`.
    """
    try:
        return _load_data(file, path)
    except UserError as error:
        raise one_line(error) from None


def _load_data(file: StudyFile, path: Path) -> Loaded:
    data_path = path.parent / file.data.file
    try:
        content = data_path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}, key data.file: {data_path} cannot be read ({error.strerror}); correct the "
            "path, which starts from the folder of study.toml."
        ) from None
    keys = Keys(file.data.unit, file.data.time, file.data.region or "\0")
    cells, notices = tabulate(content, str(data_path), keys)
    table = _Table(cells, path, str(data_path))
    raw, more = _raw(table, file)
    frame = with_terms(raw, file, path)
    made_from = file.model_dump(include={"transform": True, "data": {"region", "regions"}})
    panel = Panel(
        name=study_name(Path(data_path.name.partition(".")[0] or "panel")),
        frame=frame,
        sha256=sha256(content + json.dumps(made_from).encode()),
        balanced=is_balanced(frame),
        notices=(*notices, *more),
        about=f"The data of the study {file.title!r}: {file.data.file}.",
    )
    return Loaded(path, file, panel)


def header(data: Path, unit: str, time: str, region: str = "") -> tuple[str, ...]:
    """Return the names of a data file's columns.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    try:
        content = data.read_bytes()
    except OSError as error:
        raise UserError(f"{data} cannot be read ({error.strerror}); correct the path.") from None
    cells, _ = tabulate(content, str(data), Keys(unit, time, region or "\0"))
    return tuple(clean(name) for name in cells.columns)


# --- the data file ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Table:
    """Cells as text, and how errors name their file and study."""

    cells: pd.DataFrame
    study: Path
    file: str

    def column(self, name: str, key: str) -> pd.Series:
        """Return a column's cleaned cells, by its name or its name in other capitals.

        Raises
        ------
        UserError
            If there is none or more than one; `key` is the place in study.toml that asks for it.
        """
        header = [clean(cell) for cell in self.cells.columns]
        exact = [i for i, cell in enumerate(header) if cell == name]
        loose = [i for i, cell in enumerate(header) if cell.lower() == name.lower()]
        positions = exact or loose
        if len(positions) == 1:
            return self.cells.iloc[:, positions[0]].map(clean).astype(str)
        if positions:
            raise UserError(
                f"{self.file}, header: the column {name} stands {len(positions)} times; keep one."
            )
        close = get_close_matches(name, header, n=1, cutoff=0.6)
        shown = shorten(", ".join(header), 200)
        hint = f"did you mean {close[0]!r}" if close else f"the columns are {shown}"
        raise UserError(f"{self.study}, key {key}: {self.file} has no column {name!r}; {hint}.")

    def at(self, line: object, name: str) -> str:
        """Name a cell's place."""
        return f"{self.file}, {self.cells.index.name} {line}, column {name}"


def _raw(table: _Table, file: StudyFile) -> tuple[pd.DataFrame, list[str]]:
    """Return province, year, region and the raw variables, typed and sorted; notices."""
    data = file.data
    if table.cells.empty:
        raise UserError(f"{table.file} has no rows below its header; add one per unit and year.")
    header = {clean(cell) for cell in table.cells.columns}
    for name in file.transform:
        if name in header or not name.isidentifier():
            why = "the data have such a column" if name in header else "it is no plain name"
            raise UserError(
                f"{table.study}, key transform.{name}: {why}; give the new variable another name."
            )
    units = table.column(data.unit, "data.unit")
    years = table.column(data.time, "data.time")
    _refuse_cells(table, data.unit, units, is_missing, "the unit is missing; fill it in")
    wrong_year = (
        "{} is not a year of four digits; write one such as 1990, and number seasons, quarters or "
        "waves as years in a row"
    )
    _refuse_cells(table, data.time, years, lambda text: not is_year(text), wrong_year)
    frame = pd.DataFrame({"province": units, "year": years.map(year_of).astype(int)})
    twice = frame.index[frame.duplicated(["province", "year"])]
    if len(twice):
        unit, year = frame.loc[twice[0]]
        raise UserError(
            f"{table.file}, {table.cells.index.name} {twice[0]}: {unit} {year} has a row already; "
            "keep one row per unit and year."
        )
    for name, kind in (("province", "unit"), ("year", "year")):
        if frame[name].nunique() < 2:
            raise UserError(
                f"{table.file} holds one {kind} only ({frame[name].iloc[0]}); a panel has two at "
                "least: add rows."
            )
    frame["region"] = _regions(table, file, units)
    cells = pd.DataFrame(
        {name: table.column(name, key) for name, key in _asked(file).items()}, frame.index
    )
    cells, notices = plain_numbers(cells)
    words = _words(file, cells)
    variables = [name for name in cells if name not in words]
    for name in variables:
        _refuse_words(table, name, cells[name])
        _refuse_cells(
            table,
            name,
            cells[name],
            lambda text: not is_missing(text) and not np.isfinite(number(text)),
            "{} is not a finite number; correct it, or leave the cell empty if it is missing",
        )
        frame[name] = cells[name].map(lambda text: np.nan if is_missing(text) else number(text))
    numbers = frame[variables].rename_axis(table.cells.index.name)
    refuse_codes(numbers, variables, table.file)
    notices += notices_of_codes(numbers, variables, table.file)
    for name in words:
        frame[name] = cells[name].mask(cells[name].map(is_missing))
    empty = [name for name in variables if frame[name].isna().all()]
    if empty:
        raise UserError(f"{table.file}, column {empty[0]}: every value is missing; fill them in.")
    return _in_order(frame), notices


def _refuse_cells(
    table: _Table, name: str, cells: pd.Series, wrong: Callable[[str], bool], fault: str
) -> None:
    """Raise UserError for the first cell that is wrong."""
    bad = cells.index[cells.map(wrong)]
    if len(bad):
        cell = repr(shorten(cells.loc[bad[0]]))
        further = f" (further such cells: {len(bad) - 1})" if len(bad) > 1 else ""
        raise UserError(f"{table.at(bad[0], name)}: {fault.format(cell)}{further}.")


def _refuse_words(table: _Table, name: str, cells: pd.Series) -> None:
    """Raise UserError for a column of words where numbers are asked for."""
    words = cells[~cells.map(is_missing)]
    if len(words) and words.map(number).isna().all():
        word = shorten(words.iloc[0])
        raise UserError(
            f"{table.at(words.index[0], name)}: {name} holds words such as {word!r}, not numbers; "
            f"make a dummy below [transform], such as is_{name} = \"{name} == '{word}'\"."
        )


def _regions(table: _Table, file: StudyFile, units: pd.Series) -> pd.Series:
    """Return each row's region: by the column, by the table of units, or `ALL`."""
    data = file.data
    if data.region:
        regions = table.column(data.region, "data.region")
        _refuse_cells(table, data.region, regions, is_missing, "the region is missing; fill it in")
        home = regions.groupby(units).transform("first")
        moved = regions.index[regions != home]
        if len(moved):
            raise UserError(
                f"{table.at(moved[0], data.region)}: {units.loc[moved[0]]} is in "
                f"{regions.loc[moved[0]]!r} here and in {home.loc[moved[0]]!r} above; give each "
                "unit one region."
            )
        return regions
    if not data.regions:
        return pd.Series(ALL, units.index)
    region_of = {str(unit): name for name, listed in data.regions.items() for unit in listed}
    known = list(units.unique())
    for unit in region_of:
        if unit not in known:
            raise UserError(
                f"{table.study}, key data.regions.{region_of[unit]}: the data have no unit "
                f"{unit!r}; {did_you_mean(unit, known)}."
            )
    without = [unit for unit in known if unit not in region_of]
    if without:
        raise UserError(
            f"{table.study}, key data.regions: {without[0]!r} is in no region (such units: "
            f"{len(without)}); add each to one."
        )
    return units.map(region_of)


def _asked(file: StudyFile) -> dict[str, str]:
    """Return the file's columns that formulas and conditions read, and the key that asks first."""
    key_of: dict[str, str] = {}
    for name, text in file.transform.items():
        key_of |= {
            variable: f"transform.{name}"
            for variable in variables_in(text)
            if variable not in key_of
        }
    for column in file.column:
        place = f"column[{column.name}]"
        for key, names in (
            ("formula", names_in(expressions_of(column))),
            ("sample", names_in_condition(column.sample)),
        ):
            key_of |= {variable: f"{place}.{key}" for variable in names if variable not in key_of}
    for key, text in choices_of(file).expressions:
        key_of |= {variable: key for variable in names_in([text]) if variable not in key_of}
    for name, text in choices_of(file).samples.items():
        names = names_in_condition(text)
        key_of |= {
            variable: f"multiverse.samples.{name}" for variable in names if variable not in key_of
        }
    of_rows = {"region"} if file.data.region or file.data.regions else set()
    special = {*file.transform, file.data.unit, file.data.time, file.data.region, *of_rows, "year"}
    return {name: key for name, key in key_of.items() if name not in special}


def _words(file: StudyFile, cells: pd.DataFrame) -> set[str]:
    """Return the columns that hold text: those of conditions alone without any number."""
    read = {name for column in file.column for name in names_in(expressions_of(column))}
    read |= set(names_in(text for text in file.transform.values() if not is_condition(text)))
    read |= set(names_in([text for _, text in choices_of(file).expressions]))
    free = [name for name in cells if name not in read]
    return {name for name in free if cells[name].map(number).isna().all()}


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort by unit (as numbers, if all are) and year; a new index."""
    numbers = frame["province"].map(number)
    unit = frame["province"] if numbers.isna().any() else numbers
    order = np.lexsort((frame["year"], pd.factorize(unit, sort=True)[0]))
    return frame.iloc[order].reset_index(drop=True)
