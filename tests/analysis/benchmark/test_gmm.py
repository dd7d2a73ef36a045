"""The benchmark times what it says, and only engines that are there."""

import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from analysis.benchmark import OPENBLAS, gmm
from analysis.benchmark.gmm import ABDATA, COLUMNS, ENGINES, OWN, Engine, measure, repeated
from data.shared.errors import UserError


@pytest.fixture(scope="module")
def firms(tmp_path_factory):
    """A panel with the columns of Arellano and Bond's, 60 firms over nine years."""
    rng = np.random.default_rng(1)
    year, firm = (codes.ravel() for codes in np.indices((9, 60)))
    frame = pd.DataFrame({"id": firm, "year": 1976 + year})
    for name in ("n", "w", "k"):
        frame[name] = rng.normal(size=60)[firm] + rng.normal(size=len(frame)).cumsum() / 9
    for each in range(1976, 1985):
        frame[f"yr{each}"] = (frame["year"] == each).astype(int)
    path = tmp_path_factory.mktemp("firms") / "firms.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_engines_that_are_not_installed_have_a_row_without_times(firms, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    difference = [engine for engine in ENGINES if engine.specification == gmm.DIFFERENCE]
    monkeypatch.setattr(gmm, "ENGINES", tuple(difference))
    rows = list(gmm.gmm(firms, repeats=1, scales=(60, 120)))
    absent = [row for row in rows if "ratio" not in row]
    assert [row["engine"] for row in absent] == ["pydynpd"]
    rows = [row for row in rows if "ratio" in row]
    assert [row["engine"] for row in rows] == [OWN] * 3
    assert all(set(row) == set(COLUMNS) for row in rows)
    assert rows[0]["ratio"] == rows[1]["ratio"] == 1
    assert rows[2]["specification"].endswith("120 groups")
    assert all(row["wall_s"] > 0 for row in rows)


def test_processor_settings_are_not_inherited(firms, monkeypatch):
    for name in OPENBLAS:
        monkeypatch.setenv(name, "Haswell")
    script = gmm.TIMER + f"import os\ntimed(lambda: sum(x in os.environ for x in {OPENBLAS}))"
    found = measure(Engine("any", "any", script), sys.executable, firms, 2)
    assert found["coef"] == 0
    assert len(found["wall"]) == len(found["cpu"]) == 2


def test_an_engine_that_fails_is_none(firms):
    assert measure(Engine("any", "any", "raise SystemExit(1)"), sys.executable, firms, 1) is None


def test_a_panel_is_repeated_under_new_ids():
    frame = pd.DataFrame({"id": [7, 7, 3], "year": [1, 2, 1], "n": [1.0, 2.0, 3.0]})
    larger = repeated(frame, 5)
    assert larger["id"].nunique() == 5
    assert not larger.duplicated(["id", "year"]).any()
    assert larger["n"].tolist() == [1, 2, 3, 1, 2, 3, 1, 2]
    assert len(repeated(frame, 2)) == 3


def test_missing_data_are_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.csv is missing"):
        next(gmm.gmm(tmp_path / "none.csv"))


@pytest.mark.slow
@pytest.mark.skipif(
    not ABDATA.exists(),
    reason="reads Arellano and Bond's panel, fetched from elsewhere: no clone has it",
)
def test_engines_estimate_the_same():
    coefficients: dict[str, dict[str, float]] = {}
    for engine in ENGINES:
        program = gmm.command(engine, {})
        if program:
            found = measure(engine, program, ABDATA, 1)
            coefficients.setdefault(engine.specification, {})[engine.name] = found["coef"]
    for own in coefficients.values():
        assert all(abs(coef - own[OWN]) < 1e-8 for coef in own.values()), own
