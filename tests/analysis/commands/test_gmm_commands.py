"""The commands of system GMM write what they say."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.benchmark import fits
from analysis.benchmark import gmm as benchmark
from analysis.replication import gmm_grid
from analysis.replication.system_gmm import DEFAULT
from data.shared.errors import UserError


def run(*words: str):
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_gmm_grid(tmp_path, monkeypatch):
    monkeypatch.setattr(gmm_grid, "every_choice", lambda: [DEFAULT])
    done = run("gmm-grid", "5.1", "--panel", "official", "--out", str(tmp_path))
    assert done.exit_code == 0
    grid = pd.read_csv(tmp_path / "results/long" / "gmm_grid.csv", dtype={"column": str})
    assert grid[["panel", "column", "n"]].to_numpy().tolist() == [["official", "5.1", 372]]
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"gmm_grid.png", "gmm_grid.svg"}


def test_a_static_column_has_no_grid():
    with pytest.raises(UserError, match=r"Only the columns of Table 5"):
        run("gmm-grid", "3.2")


def test_benchmark(tmp_path, monkeypatch):
    row = dict(zip(benchmark.COLUMNS, ("one", "a specification", 0.5, None, 1.0), strict=True))
    monkeypatch.setattr(benchmark, "gmm", lambda data, repeats, programs: iter([row]))
    done = run("benchmark", "gmm", "--pydynpd", "python-with-it", "--out", str(tmp_path))
    assert done.exit_code == 0
    written = pd.read_csv(tmp_path / "results/long" / "benchmark_gmm.csv")
    assert tuple(written.columns) == benchmark.COLUMNS
    assert written["wall_s"].tolist() == [0.5]


def test_timing_some_models_keeps_the_rows_of_the_others(tmp_path, monkeypatch):
    seconds = iter([5.0, 1.0, 4.0])

    def timed(listed, pairs):
        for model in listed:
            row = dict.fromkeys(fits.COLUMNS) | {"model": model.name, "cpu_s": next(seconds)}
            yield row

    monkeypatch.setattr(fits, "run", timed)
    words = ("benchmark", "fits", "--out", str(tmp_path))
    assert run(*words, "--model", "growth", "--model", "universe, growth").exit_code == 0
    assert run(*words, "--model", "growth").exit_code == 0
    written = pd.read_csv(tmp_path / "results/long" / "benchmark_fits.csv")
    assert dict(zip(written["model"], written["cpu_s"], strict=True)) == {
        "growth": 4.0,
        "universe, growth": 1.0,
    }
