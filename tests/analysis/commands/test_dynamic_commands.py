"""The commands of the dynamic panel write what they say, and answer once there is both."""

import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.analyses import ANALYSES
from analysis.commands import analyses
from analysis.shared import terminal
from analysis.simulation.dynamic_study import cells, study
from data.shared.errors import UserError
from tests.helpers.one_process import stay_here


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


@pytest.mark.slow
def test_roots_are_tabled_and_drawn_and_a_study_answers(tmp_path, monkeypatch):
    stay_here(monkeypatch)
    done = run("dynamic", "5.1", "--panel", "official", "--out", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "traces" / "official" / "5.1-dynamic.nc").is_file()
    found = pd.read_csv(tmp_path / "results" / "dynamic.csv", dtype={"column": str})
    assert found.set_index("estimator").loc["dynamic", "gate"].eq("pass").all()
    for name in ("dynamic", "dynamic_effects"):
        assert (tmp_path / "figures" / f"{name}.svg").is_file()
    assert "1 of 1 traces are up to date" in run(
        "dynamic", "5.1", "--panel", "official", "--out", str(tmp_path)
    ).output  # fmt: skip

    monkeypatch.setattr(cells, "CELLS", cells.CELLS[-1:])
    (record,) = (each for each in ANALYSES if each.command == "simulate")
    with terminal.console.capture() as said:  # fewer data sets than a user may ask for
        analyses.run(record, tmp_path, column="5.1", data_sets=4, workers=1)
    assert "Recommended by the rule is" in said.get()
    table = pd.read_csv(tmp_path / "results/long" / "simulation.csv")
    assert set(table["data_sets"]) == {4}
    with xr.open_dataset(tmp_path / "results" / study.FILE) as stored:
        assert stored.attrs["seed"] == 1
        assert stored["estimate"].sizes["data_set"] == 4
    assert not (tmp_path / "results" / "simulation").exists()


def test_static_columns_have_no_root():
    for command in ("dynamic", "simulate"):
        done = run(command, "3.2")
        assert isinstance(done.exception, UserError)
        assert "lagged outcome" in str(done.exception)
