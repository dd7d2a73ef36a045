"""The benchmark of scale fits what it says, and compares it with rows in memory."""

import pandas as pd
import pytest

from analysis.benchmark import scale
from data.panels.parquet import row_groups


@pytest.mark.slow
def test_a_small_panel_is_fitted_as_its_rows_would_be():
    (row,) = scale.run([scale.Size(200, 10, 0.1)])
    assert tuple(row) == scale.COLUMNS
    assert row["rows"] < 2_000
    assert row["compared_with"] == "rows and units"
    assert row["difference"] < 1e-10
    assert row["gate"] == "pass"
    assert row["slope_error"] < 4 * row["slope_sd"]
    assert row["peak_mb"] >= row["start_mb"] > 0


def test_panels_are_written_in_row_groups_and_are_what_they_say(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "ROW_GROUP", 200)
    path = tmp_path / "panel.parquet"
    scale.simulate(scale.Size(100, 10, 0.2), path)
    parts = list(row_groups(path, ["province", "year", "region", "y", "x1", "x2"]))
    assert len(parts) == 5
    frame = pd.concat(parts)
    assert frame["province"].nunique() == 100
    assert not frame.duplicated(["province", "year"]).any()
    assert 0.1 < 1 - len(frame) / 1_000 < 0.3
    assert set(frame["region"]) == set(scale.REGIONS)


def test_sizes_go_from_a_thousand_rows_to_ten_million():
    rows = [size.units * size.years for size in scale.SIZES]
    assert {10**power for power in range(3, 8)} <= set(rows)
