"""The commands of multiverse, influence, power, recovery and calibration write what they say."""

import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis import __main__ as cli
from analysis.analyses import multiverse as records
from analysis.comparison import power as comparison
from analysis.robustness.multiverse import all_summary, evaluate, fraction, grid
from analysis.robustness.multiverse.evaluate import GRID_FAMILY, Batch
from analysis.robustness.sensitivity import study as sensitivity
from analysis.shared import parallel, plotting
from analysis.shared.outputs import TEXT, read_netcdf
from analysis.simulation import power, recovery
from analysis.simulation.calibration import ranks as calibration
from analysis.simulation.calibration.stored import kept
from analysis.specifications import SPECIFICATIONS
from analysis.ye2024.multiverse import families, summarise
from analysis.ye2024.multiverse.families import FAMILIES, setting
from tests.helpers.pictures import leave_unrendered
from tests.helpers.ranks import drawn


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli.app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """Run tasks here, where what is patched holds."""
    for module in (parallel, power, recovery):
        monkeypatch.setattr(module, "spread", lambda task, inputs, *_: map(task, inputs))


def interrupted_once_a_batch_is_kept(out, monkeypatch):
    """Send Ctrl-C when the first batch is on disk: it stays, and nothing else does."""
    save = evaluate.kept

    def until_the_second(*given):
        batches = save(*given)
        yield next(batches)
        signal.raise_signal(signal.SIGINT)
        yield from batches

    with monkeypatch.context() as patched:
        patched.setattr(evaluate, "kept", until_the_second)
        done = CliRunner().invoke(cli.app, ["multiverse", "--out", str(out)])
    assert done.exit_code == 130
    (left,) = [path for path in out.rglob("*") if path.is_file()]
    assert left.suffix == ".npz"
    with np.load(left) as arrays:
        assert all(len(arrays[name]) for name in arrays)


def test_a_multiverse_is_written_with_its_tables_and_figures(tmp_path, monkeypatch):
    few = tuple(replace(family, size=4, batch=4) for family in FAMILIES)
    small = replace(setting(), families=few)
    monkeypatch.setattr(families, "setting", lambda: small)
    monkeypatch.setattr(families.setting, "__module__", families.__name__)
    listed = [Batch(GRID_FAMILY, "8.2", n) for n in range(len(grid.layout(small, "8.2").ways))]
    listed += [Batch(few[0].name, "8.2", n) for n in range(fraction.batches(few[0]))]
    monkeypatch.setattr(evaluate, "batches", lambda _: listed)
    monkeypatch.setattr(fraction, "DRAWS", 50)
    interrupted_once_a_batch_is_kept(tmp_path, monkeypatch)
    asked, spread = [], parallel.spread
    monkeypatch.setattr(
        parallel, "spread", lambda task, inputs, *more: spread(task, asked.extend(inputs) or inputs)
    )
    said = run("multiverse", "--out", str(tmp_path))
    assert asked == listed[1:]
    for name in ("multiverse.nc", *(f"long/{name}.csv" for name in summarise.TABLES)):
        assert f"written: results/{name}" in said
    assert {p.name for p in (tmp_path / "results").glob("[!.]*")} == {"multiverse.nc", "long"}
    assert {p.name for p in (tmp_path / "results/long").iterdir()} == {
        "provenance.json", *(f"{name}.csv" for name in summarise.TABLES)
    }  # fmt: skip
    table = pd.read_csv(tmp_path / "results/long" / "multiverse.csv", dtype=TEXT)
    assert table["universes"].tolist() == [1_728]
    every = read_netcdf(tmp_path / "results" / "multiverse.nc")[f"{GRID_FAMILY}/8.2"]["estimate"]
    different = len(np.unique(every.sel(normalisation="pooled")))
    assert table["distinct"].tolist() == [different]
    assert table["posteriors"].tolist() == [4]
    assert "1,728 least-squares universes count" in said
    assert "4 of independent, 4 of AR(1), 4 of growth; 0 fail their diagnostics" in " ".join(
        said.split()
    )
    # What is up to date is not estimated again, and its tables are the same.
    before = (tmp_path / "results/long" / "multiverse.csv").read_bytes()
    monkeypatch.setattr(evaluate, "run", lambda *_, **__: pytest.fail("estimated again"))
    assert "written: results/multiverse.nc" not in run("multiverse", "--out", str(tmp_path))
    assert (tmp_path / "results/long" / "multiverse.csv").read_bytes() == before
    # No 3.2 in it: the figure of all slopes alone.
    assert {p.stem for p in (tmp_path / "figures").iterdir()} == {"specification_curves"}


def test_every_universe_has_a_posterior_on_request(tmp_path, monkeypatch):
    leave_unrendered(monkeypatch)
    few = [c for c in FAMILIES[0].choices if c.name in ("controls", "priors")]
    small = replace(setting(), families=(replace(FAMILIES[0], choices=tuple(few), size=4),))
    monkeypatch.setattr(families, "setting", lambda: small)
    monkeypatch.setattr(families.setting, "__module__", families.__name__)
    monkeypatch.setattr(records, "HEADLINE", ("8.2",))
    monkeypatch.setattr(fraction, "DRAWS", 50)
    said = " ".join(run("multiverse", "--posteriors", "all", "--out", str(tmp_path)).split())
    assert "3 distinct universes (8.2: 3) have a posterior under each of 2 error structures" in said
    assert {p.name for p in (tmp_path / "results").glob("[!.]*")} == {"multiverse_all.nc", "long"}
    assert {p.stem for p in (tmp_path / "results/long").iterdir()} == {
        "provenance", *all_summary.TABLES
    }  # fmt: skip
    table = pd.read_csv(tmp_path / "results/long/multiverse_all.csv", dtype={"column": str})
    assert table["errors"].tolist() == ["least_squares", "independent", "growth"]
    assert (table["universes"] == 3).all()
    # What is up to date is not fitted again.
    monkeypatch.setattr(evaluate, "run", lambda *_, **__: pytest.fail("fitted again"))
    run("multiverse", "--posteriors", "all", "--out", str(tmp_path))
    done = CliRunner().invoke(cli.app, ["multiverse", "--posteriors", "some"])
    assert "one of fraction, all" in str(done.exception)


def test_influence_is_written_with_its_figure(tmp_path):
    said = run("influence", "8.2", "--panel", "official", "--out", str(tmp_path))
    found = pd.read_csv(tmp_path / "results/long" / "influence.csv", dtype=TEXT)
    farthest = found.loc[found["shift"].astype(float).abs().idxmax(), "left_out"]
    assert farthest in said
    assert len(found) == 8 + 13
    assert len(list((tmp_path / "figures").iterdir())) == len(plotting.FORMATS)


def test_power_is_written_with_its_curves(tmp_path, monkeypatch):
    monkeypatch.setattr(power, "SIMULATED", 50)
    monkeypatch.setattr(power, "POSTERIORS", 2)
    said = run("power", "8.2", "--panel", "official", "--out", str(tmp_path))
    assert "Minimum detectable effects (80 % power) and printed slopes" in said
    found = pd.read_csv(tmp_path / "results/long" / "power.csv", dtype=TEXT)
    assert tuple(found.columns) == comparison.COLUMNS
    curves = pd.read_csv(tmp_path / "results/long" / "power_curves.csv", dtype=TEXT)
    assert len(curves) == len(found) * power.SLOPES


def test_recovery_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(recovery, "DRAWS", 50)
    options = ("--panel", "official", "--data-sets", "20", "--out", str(tmp_path))
    assert "Parameter recovery" in run("recover", "8.2", *options)
    found = pd.read_csv(tmp_path / "results/long" / "recovery.csv", dtype=TEXT)
    assert tuple(found.columns) == recovery.COLUMNS
    assert (found["data_sets"] == 20).all()


def test_all_columns_are_studied_by_their_main_models(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(sensitivity, "run", lambda listed, *_, **__: asked.extend(listed) or [])
    run("sensitivity", "--all", "--panel", "official", "--out", str(tmp_path))
    assert [job.specification.column for job in asked] == [r.column for r in SPECIFICATIONS]
    assert {job.model.name for job in asked} == {"growth_region", "growth", "dynamic"}
    done = CliRunner().invoke(cli.app, ["sensitivity", "3.2", "--all", "--out", str(tmp_path)])
    assert "name neither" in str(done.exception)


def test_a_calibration_that_is_there_is_judged_again_and_not_run_again(tmp_path, monkeypatch):
    leave_unrendered(monkeypatch)
    asked = []

    def ranks(case, panel, record, size, seed):
        asked.append((case.name, size, seed))
        yield drawn(size)

    monkeypatch.setattr(calibration, "ranks", ranks)
    command = ["calibrate", "3.2", "--case", "mundlak", "--out", str(tmp_path), "--data-sets"]
    first = run(*command, "40")
    again = run(*command, "40")
    assert asked == [("mundlak", 40, 1)]
    assert first.strip() == again.strip()
    run(*command, "30")
    run(*command, "30", "--seed", "2")
    assert asked[1:] == [("mundlak", 30, 1), ("mundlak", 30, 2)]


def test_a_calibration_of_some_cases_leaves_the_others_where_they_are(tmp_path, monkeypatch):
    leave_unrendered(monkeypatch)
    seeds = []

    def ranks(case, panel, record, size, seed):
        seeds.append((case.name, seed))
        yield drawn(size)

    monkeypatch.setattr(calibration, "ranks", ranks)
    common = ["calibrate", "3.2", "--data-sets", "40", "--out", str(tmp_path)]
    run(*common, "--case", "mundlak", "--case", "walk")
    run(*common, "--case", "mundlak", "--seed", "2")
    held = kept(tmp_path / "results" / "calibration.nc", column="3.2", panel="official")
    assert {name: case.origin.seed for name, case in held.items()} == {"mundlak": 2, "walk": 1}
    table = pd.read_csv(tmp_path / "results/long" / "calibration.csv")
    assert set(table["case"]) == {"mundlak", "walk"}
    run(*common, "--case", "walk")  # is there, of the first seed
    assert seeds == [("mundlak", 1), ("walk", 1), ("mundlak", 2)]
