"""Panels larger than memory: Parquet files, a row group at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.shared.errors import UserError


def row_groups(path: Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield a Parquet file's row groups, some of the columns.

    Raises
    ------
    UserError
        If the file is no Parquet file or lacks a column.
    """
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read as a Parquet file: name one.") from error
    with file:
        missing = [name for name in columns if name not in file.schema_arrow.names]
        if missing:
            raise UserError(f"{path}: column {missing[0]} is missing; add it to the file.")
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=list(columns)).to_pandas()
