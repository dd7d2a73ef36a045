"""Parquet files are read a row group at a time."""

import pandas as pd
import pytest

from data.panels.parquet import row_groups
from data.shared.errors import UserError


def test_row_groups_come_one_after_the_other(tmp_path):
    frame = pd.DataFrame({"year": range(5), "y": [0.5, 1, 2, 3, 4], "other": "x"})
    path = tmp_path / "panel.parquet"
    frame.to_parquet(path, row_group_size=2)
    parts = list(row_groups(path, ["y", "year"]))
    assert [len(part) for part in parts] == [2, 2, 1]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), frame[["y", "year"]])


def test_what_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "panel.parquet"
    with pytest.raises(UserError, match=r"panel\.parquet cannot be read"):
        next(row_groups(path, ["y"]))
    path.write_text("province,year\n")
    with pytest.raises(UserError, match=r"panel\.parquet cannot be read"):
        next(row_groups(path, ["y"]))
    pd.DataFrame({"year": [1]}).to_parquet(path)
    with pytest.raises(UserError, match=r"panel\.parquet: column y is missing"):
        next(row_groups(path, ["year", "y"]))
