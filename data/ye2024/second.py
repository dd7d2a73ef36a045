"""The second collection of official figures: shares of industry, Tibet's industry, employment.

Its tables lie in a folder beside that of `series.csv`, of the same name with `_2` behind it. Rows
are `province, year, variable, value, unit, vintage, source, note`. They are not part of the
project.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from data.shared.errors import UserError
from data.shared.files import sha256
from data.ye2024.official import DIRECTORY, NAMES, YEARS, known_province, positive_amount

TABLES = {
    "anchors": "industrial_va_anchors.csv",
    "derived": "industrial_va_as_published_derived.csv",
    "tibet": "industrial_va_tibet_census4.csv",
    "employment": "employment.csv",
    "employment_derived": "employment_derived.csv",
}
_KEY = ["province", "year", "variable", "vintage"]


@dataclass(frozen=True)
class Second:
    """The second collection, ready to be laid out as (province, year) arrays.

    Attributes
    ----------
    folder : Path
    tables : dict of str to DataFrame
        By the names of `TABLES`: columns `province, year, variable, vintage, value, source`.
    sha256 : str
        Of all tables' bytes, one after the other in the order of `TABLES`.
    """

    folder: Path
    tables: dict[str, pd.DataFrame]
    sha256: str

    def array(
        self, table: str, variable: str, vintage: str, years: tuple[int, ...] = YEARS
    ) -> xr.DataArray:
        """Lay out one variable, dims (province, year), NaN where no cell is known.

        Raises
        ------
        UserError
            If the table holds no such row.
        """
        rows = self.tables[table]
        rows = rows[rows["variable"].eq(variable) & rows["vintage"].eq(vintage)]
        if rows.empty:
            raise UserError(
                f"{self.folder / TABLES[table]}: no row holds {variable!r} in vintage "
                f"{vintage!r}; use the complete table."
            )
        wide = rows.pivot(index="province", columns="year", values="value")
        return xr.DataArray(
            wide.reindex(index=NAMES, columns=years).to_numpy(float),
            coords={"province": list(NAMES), "year": list(years)},
            dims=("province", "year"),
        )

    def ratio(self, part: str, whole: str, vintage: str, years: tuple[int, ...]) -> xr.DataArray:
        """Divide one variable of the anchors by another, NaN where either is unknown."""
        return self.array("anchors", part, vintage, years) / self.array(
            "anchors", whole, vintage, years
        )

    def sources(self, table: str) -> tuple[str, ...]:
        """Name the compilations that a table's cells come from, sorted."""
        return tuple(sorted(set(self.tables[table]["source"])))


def beside(directory: Path = DIRECTORY) -> Path:
    """Return the folder of the second collection that belongs to a folder of series."""
    directory = Path(directory)
    return directory.with_name(f"{directory.resolve().name}_2")


def read(directory: Path = DIRECTORY) -> Second:
    """Read and check every table of the second collection.

    Parameters
    ----------
    directory : Path, optional
        The folder of `series.csv`.

    Raises
    ------
    UserError
        If a table or column is missing, or a row breaks the layout.
    """
    folder = beside(directory)
    content = b"".join(_bytes(folder / name) for name in TABLES.values())
    tables = {table: _table(folder / name) for table, name in TABLES.items()}
    return Second(folder, tables, sha256(content))


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise UserError(
            f"{path} is missing; the second collection lies beside the folder that --official DIR "
            "names, under the same name with _2 behind it."
        )
    return path.read_bytes()


def _table(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path} cannot be read as UTF-8 CSV ({error}); restore it.") from error
    for column in (*_KEY, "value", "source"):
        if column not in frame.columns:
            raise UserError(f"{path}, row 1: column {column!r} is missing; add it.")
    holds = {
        "province": known_province(frame["province"]),
        "year": frame["year"].str.fullmatch(r"(19|20)\d\d"),
        "value": frame["value"].map(positive_amount),
    }
    for column, right in holds.items():
        if not right.all():
            row = int(np.flatnonzero(~right)[0])
            raise UserError(
                f"{path}, row {row + 2}, column {column!r}: cannot hold "
                f"{frame[column].iloc[row]!r}; correct the cell."
            )
    if frame[_KEY].duplicated().any():
        row = int(np.flatnonzero(frame[_KEY].duplicated())[0])
        raise UserError(
            f"{path}, row {row + 2}: repeats an earlier row's {', '.join(_KEY)}; delete one of "
            "the two."
        )
    return frame.assign(year=frame["year"].astype(int), value=frame["value"].astype(float))
