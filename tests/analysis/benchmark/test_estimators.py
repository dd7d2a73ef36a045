"""Estimators are timed beside other programs, and what these estimate is compared."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.benchmark import estimators, own_estimators, peer_estimators
from analysis.benchmark.estimators import COLUMNS, OWN, TASKS, Child, Task, compared, rows
from data.shared.errors import UserError

SLOPES = {"x": [2.0, 0.5], "z": [1.0, 0.1]}


class MadeUp(Child):
    """A process whose timings and estimates are made up."""

    spent = (1.0,)
    faulty = ""

    def __init__(self, name: str, task: Task, peers: str, folder: object) -> None:
        self.name, self.version, self.values = name, "1.0", SLOPES
        self.fault = self.faulty if name == "absent" else ""
        self.seconds = iter((1.0, 2.0, 4.0) if name == OWN else (7.0, 8.0, 40.0))

    def __exit__(self, *error: object) -> None:
        pass

    def time(self) -> dict[str, float]:
        cpu = next(self.seconds)
        return {"wall": 2 * cpu, "cpu": cpu, "peak_mb": 100 + cpu}


@pytest.fixture
def made_up(monkeypatch):
    monkeypatch.setattr(estimators, "Child", MadeUp)
    monkeypatch.setattr(MadeUp, "faulty", "not installed: no such module")


def test_programs_are_timed_in_turn_and_the_median_ratio_is_that_of_pairs(made_up, tmp_path):
    own, quick, slow = rows(Task("t", "slope", {"a": 7.5, "b": 5.0}), 3, "python", tmp_path)
    assert (own["engine"], own["cpu_s"], own["wall_s"], own["ratio"]) == (OWN, 2.0, 4.0, 1.0)
    assert (quick["cpu_s"], quick["ratio"], quick["met"]) == (8.0, 7.0, "no")  # of 7, 4 and 10
    assert (slow["met"], slow["agreement"], slow["note"], slow["version"]) == ("yes", 0, "", "1.0")
    assert slow["peak_mb"] == 140
    assert all(set(row) <= set(COLUMNS) for row in (own, quick, slow))


def test_a_program_that_is_not_installed_has_a_row_that_says_so(made_up, tmp_path):
    _, absent, there = rows(Task("t", "slope", {"absent": 5.0, "a": 5.0}), 1, "python", tmp_path)
    assert absent == {"task": "t", "engine": "absent", "per": "slope", "target": 5.0,
                      "note": "not installed: no such module"}  # fmt: skip
    assert there["ratio"] == 7.0


def test_an_engine_without_a_target_has_not_missed_it(made_up, tmp_path):
    _, row = rows(Task("t", "slope", {"a": np.nan}), 1, "python", tmp_path)
    assert row["met"] == ""


def test_a_row_says_where_estimates_or_terms_differ():
    assert compared(SLOPES, SLOPES) == {"agreement": 0.0, "note": ""}
    other = compared(SLOPES, SLOPES | {"z": [1.0, 0.11]})
    assert other["agreement"] == pytest.approx(0.1)
    assert other["note"] == "estimates differ"
    assert compared(SLOPES, {"x": [2.0, 0.5]})["note"] == "other terms: z"
    assert compared(SLOPES, {"Z'X": [1.0]}) == {}


def test_p_values_of_bootstraps_are_compared_by_their_simulation_error():
    own, other = {"x": [1.5], "p": [0.10]}, {"x": [1.5], "p": [0.11]}
    assert compared(own, other) == {
        "agreement": 0.0,
        "note": "p 0.1100, here 0.1000: 2.4 simulation errors apart",
    }


def test_tasks_are_chosen_by_how_they_begin():
    assert estimators.chosen(()) == list(TASKS)
    assert [task.name for task in estimators.chosen(["TWFE, cl", "wild"])] == [
        "TWFE, clustered errors",
        "wild cluster bootstrap",
    ]
    with pytest.raises(UserError, match="'probit' is not timed: choose among TWFE; "):
        estimators.chosen(["probit"])


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.csv is missing"):
        next(estimators.run(estimators.chosen(["GMM"]), data=tmp_path / "none.csv"))
    with pytest.raises(UserError, match="no-python cannot be run"):
        next(estimators.run(estimators.chosen(["TWFE"]), peers="no-python"))


def test_every_task_has_an_engine_for_each_program():
    ours = own_estimators.ENGINES
    for task in TASKS:
        for name in (OWN, *task.targets):
            begins = any(task.name.startswith(words) for words in ours.get(name, ()))
            assert begins or name in peer_estimators.ENGINES, (task.name, name)


@pytest.mark.slow
def test_programs_that_are_there_estimate_the_same_and_others_are_said_to_be_absent():
    task = replace(TASKS[1], targets={"linearmodels": 8.0, "wildboottest": 50.0})
    ((own, peer, absent),) = estimators.run([task], 1, sys.executable)
    assert own["cpu_s"] > 0
    assert peer["agreement"] < 1e-9
    assert peer["note"] == ""
    assert absent["note"].startswith("not installed: ")
    assert "cpu_s" not in absent


@pytest.fixture
def folder(tmp_path):
    """Inputs of the peers, with a panel of firms beside them."""
    own_estimators.write_inputs(tmp_path)
    rng = np.random.default_rng(1)
    year, firm = (codes.ravel() for codes in np.indices((9, 60)))
    frame = pd.DataFrame({"id": firm, "year": 1976 + year})
    for name in ("n", "w", "k"):
        frame[name] = rng.normal(size=60)[firm] + rng.normal(size=len(frame)).cumsum() / 9
    for each in range(1976, 1985):
        frame[f"yr{each}"] = (frame["year"] == each).astype(int)
    frame.to_csv(tmp_path / "abdata.csv", index=False)
    return tmp_path


def test_a_batch_of_outcomes_estimates_what_one_regression_does(folder):
    estimate, read, size = own_estimators.batch()
    many = read(estimate())
    alone, slopes, number = peer_estimators.linearmodels(folder, "TWFE, 1,000 outcomes")
    assert (size, number) == (own_estimators.OUTCOMES, own_estimators.SHARED)
    np.testing.assert_allclose(
        np.array(list(many.values())), list(slopes(alone()).values()), rtol=1e-9
    )
    assert list(many) == [f"made_up{number}" for number in range(number)]


def test_products_with_and_without_zeros_are_the_same(folder, monkeypatch):
    monkeypatch.setattr(own_estimators, "GROUPS", 120)
    prepared = [
        engine(folder, "GMM, 14,000 groups")
        for engine in (own_estimators.dense_products, own_estimators.sparse_products)
    ]
    dense, sparse = (estimate() for estimate, _, _ in prepared)
    for whole, without in zip(dense, sparse, strict=True):
        np.testing.assert_allclose(whole, without, rtol=1e-9, atol=1e-9)


def test_universes_are_those_of_the_peers_file(folder):
    frame, words = peer_estimators.described(folder, "universes")
    estimate, read, size = own_estimators.universes()
    values = read(estimate())
    assert size > len(values) == len(words["outcomes"]) * len(words["controls"])
    outcome, (option, controls) = words["outcomes"][1], list(words["controls"].items())[1]
    labels = frame[["province", "year"]].astype(str)
    x = pd.concat(
        [frame[[words["interest"], *controls]], pd.get_dummies(labels, dtype=float)], axis=1
    )
    slope = np.linalg.lstsq(x.to_numpy(), frame[outcome].to_numpy())[0][0]
    assert values[f"{outcome}, {option}"][0] == pytest.approx(slope, rel=1e-6)


def test_a_posterior_that_would_not_fit_in_memory_is_not_begun(tmp_path):
    with pytest.raises(MemoryError, match="rows by units would take 1,040 GB"):
        own_estimators.posterior(tmp_path, "growth, 100,000 units")


def test_timing_some_tasks_keeps_the_rows_of_the_others(tmp_path, monkeypatch):
    seconds = iter([5.0, 1.0, 4.0])

    def timed(listed, pairs, peers, data):
        for task in listed:
            row = dict.fromkeys(COLUMNS) | {"task": task.name, "engine": OWN, "per": task.per}
            yield [row | {"cpu_s": next(seconds)}]

    monkeypatch.setattr(estimators, "run", timed)
    words = ["benchmark", "estimators", "--out", str(tmp_path)]
    for tasks in (["wild", "multiverse"], ["wild"]):
        named = [word for task in tasks for word in ("--task", task)]
        assert CliRunner().invoke(app, words + named, catch_exceptions=False).exit_code == 0
    written = pd.read_csv(tmp_path / "results/long" / "benchmark_estimators.csv")
    assert tuple(written.columns) == COLUMNS
    assert dict(zip(written["task"], written["cpu_s"], strict=True)) == {
        "wild cluster bootstrap": 4.0,
        "multiverse, least squares": 1.0,
    }
