"""Official provincial series: read the long table, check it, lay series out as arrays.

The table (`series.csv`) is not part of the project; `--official DIR` names its folder. Its rows
are `series, vintage, province, province_zh, year, value, unit, source, confidence, note`;
`province` is one of the 31 or "National", and `year` is empty where a series does not vary.
"""

import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from data.panels.provinces import PROVINCES, canonical
from data.shared.errors import UserError
from data.shared.files import sha256
from data.ye2024.definitions import DIRECTORY

if TYPE_CHECKING:
    import pandera.pandas as pa
    from pandera.errors import SchemaError

NATIONAL = "National"
YEARS = tuple(range(2010, 2023))
"""The paper's sample."""

NAMES = tuple(province.name for province in PROVINCES)
_KEY = ["series", "vintage", "province", "year"]
_COLUMNS = (*_KEY, "value", "unit", "source")
_AMOUNT = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def known_province(column: pd.Series) -> pd.Series:
    """Return which cells name one of the 31, or the nation."""
    return column.map(lambda name: name == NATIONAL or canonical(name) is not None)


def amount(cell: str) -> bool:
    """Return whether a cell is a finite number; no series has negative values."""
    return _AMOUNT.fullmatch(cell) is not None and math.isfinite(float(cell))


def positive_amount(cell: str) -> bool:
    """Return whether a cell is a finite number above 0."""
    return amount(cell) and float(cell) > 0


def _once(frame: pd.DataFrame) -> pd.Series:
    return ~frame[_KEY].duplicated()


def _schema() -> "pa.DataFrameSchema":
    """Return what every row must hold."""
    import pandera.pandas as pa  # takes as long as all else that a command starts with

    return pa.DataFrameSchema(
        {
            "series": pa.Column(str, pa.Check.str_matches(r"^[a-z][a-z0-9_]*$")),
            "vintage": pa.Column(str, pa.Check.str_matches(r"^[a-z0-9_]+$")),
            "province": pa.Column(str, pa.Check(known_province, error="is no province")),
            "year": pa.Column(str, pa.Check.str_matches(r"^((19|20)\d\d)?$")),
            "value": pa.Column(str, pa.Check(amount, element_wise=True)),
            "unit": pa.Column(str, pa.Check.str_length(min_value=1)),
            "source": pa.Column(str),
        },
        checks=[
            pa.Check(_once, error="repeats an earlier row's series, vintage, province and year")
        ],
    )


@dataclass(frozen=True)
class Official:
    """The series of one table, ready to be laid out as (province, year) arrays.

    Attributes
    ----------
    path : Path
        The table that was read.
    cells : DataFrame
        Columns `series, vintage, province, year, value, unit, source`; `year` is 0 where a
        series does not vary.
    """

    path: Path
    cells: pd.DataFrame

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the table's bytes."""
        return sha256(self.path.read_bytes())

    @cached_property
    def _groups(self) -> dict[tuple[str, str], pd.DataFrame]:
        return dict(iter(self.cells.groupby(["series", "vintage"], sort=False)))

    def _rows(self, series: str, vintage: str) -> pd.DataFrame:
        try:
            return self._groups[series, vintage]
        except KeyError:
            raise UserError(
                f"{self.path}, columns 'series' and 'vintage': no row holds {series!r} in "
                f"vintage {vintage!r}; use the complete table."
            ) from None

    def array(self, series: str, *vintages: str, years: tuple[int, ...] = YEARS) -> xr.DataArray:
        """Lay out one series; where several vintages are named, the first that has a cell wins.

        Returns
        -------
        DataArray, dims (province, year), shape (31, len(years))
            In administrative order of provinces, NaN where no cell is known.

        Raises
        ------
        UserError
            If the table holds no such series in one of the vintages.
        """
        layers = [self._wide(series, vintage, years) for vintage in vintages]
        values = layers[0]
        for layer in layers[1:]:
            values = np.where(np.isnan(values), layer, values)
        return xr.DataArray(
            values,
            coords={"province": list(NAMES), "year": list(years)},
            dims=("province", "year"),
            name=series,
        )

    def _wide(self, series: str, vintage: str, years: tuple[int, ...]) -> np.ndarray:
        wide = self._rows(series, vintage).pivot(index="province", columns="year", values="value")
        return wide.reindex(index=NAMES, columns=years).to_numpy(float)

    def national(self, series: str, vintage: str, years: tuple[int, ...] = YEARS) -> xr.DataArray:
        """Return a series' national totals, dims (year,), NaN before the first one known.

        Raises
        ------
        UserError
            If none is known, or one is missing or zero after the first.
        """
        rows = self._rows(series, vintage)
        totals = rows[rows["province"].eq(NATIONAL)].set_index("year")["value"].reindex(years)
        from_first = totals.loc[totals.first_valid_index() or years[0] :]
        bad = from_first.index[~(from_first > 0)]
        if len(bad):
            raise UserError(
                f"{self.path}: the national total of {series!r} in vintage {vintage!r} is missing "
                f"or zero in {bad[0]}; use the complete table."
            )
        return xr.DataArray(
            totals.to_numpy(float),
            coords={"year": list(years)},
            dims=("year",),
            name=series,
        )

    def constant(self, series: str, vintage: str) -> xr.DataArray:
        """Return a series that does not vary over time, dims (province,)."""
        values = self._rows(series, vintage).set_index("province")["value"].reindex(NAMES)
        return xr.DataArray(
            values.to_numpy(float),
            coords={"province": list(NAMES)},
            dims=("province",),
            name=series,
        )

    def positive(self, values: xr.DataArray, series: str) -> xr.DataArray:
        """Return what other cells are divided by, or whose logarithm is taken, if it is positive.

        Parameters
        ----------
        values : DataArray
            Dims `province`, perhaps `year` and others.
        series : str
            How the error names it.

        Raises
        ------
        UserError
            Naming the first province (and year) without a positive value.
        """
        bad = ~(values > 0)
        if bad.any():
            first = bad.where(bad, drop=True)[(0,) * bad.ndim]
            place = [str(first[dim].item()) for dim in ("province", "year") if dim in bad.dims]
            raise UserError(
                f"{self.path}: {series!r} of {' '.join(place)} is missing or zero and must be "
                "positive; use the complete table."
            )
        return values

    def sources(self, series: str) -> tuple[str, ...]:
        """Name the compilations that a series' cells come from, sorted."""
        texts = self.cells.loc[self.cells["series"].eq(series), "source"].unique()
        return tuple(sorted({part.strip() for text in texts for part in text.split("|")}))


def read(directory: Path = DIRECTORY) -> Official:
    """Read and check `series.csv`.

    Parameters
    ----------
    directory : Path, optional
        The folder that holds it.

    Raises
    ------
    UserError
        If the file is missing, a column is, or a row breaks the layout.
    """
    path = Path(directory) / "series.csv"
    if not path.is_file():
        raise UserError(f"{path} is missing; name the folder of the series with --official DIR.")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path} cannot be read as UTF-8 CSV ({error}); restore it.") from error
    for column in _COLUMNS:
        if column not in frame.columns:
            raise UserError(f"{path}, row 1: column {column!r} is missing; add it.")
    frame = frame[list(_COLUMNS)]
    from pandera.errors import SchemaError

    try:
        frame = _schema().validate(frame)
    except SchemaError as error:
        raise UserError(_sentence(path, error)) from error
    return Official(
        path,
        frame.assign(
            province=[name if name == NATIONAL else canonical(name) for name in frame["province"]],
            year=pd.to_numeric(frame["year"].replace("", "0")).astype(int),
            value=frame["value"].astype(float),
        ),
    )


def _sentence(path: Path, error: "SchemaError") -> str:
    case = error.failure_cases.iloc[0]
    row = int(case["index"]) + 2  # the header is the file's row 1
    if error.schema.name:
        return (
            f"{path}, row {row}, column {error.schema.name!r}: cannot hold "
            f"{case['failure_case']!r}; correct the cell."
        )
    return f"{path}, row {row}: {error.check.error}; delete one of the two."
