import json

import numpy as np
import pandas as pd
import pytest
import typer

from analysis.__main__ import app
from analysis.reporting import release
from analysis.reporting.release import Done, Step
from analysis.shared.outputs import Outputs
from analysis.shared.products import PRODUCTS
from data.shared.errors import UserError
from data.shared.files import csv_text, write_text

ONE, TWO, THREE = (Step((name,)) for name in ("first", "second", "third"))
WELL, BADLY = Done(0, 2.0, 60.0), Done(1, 1.0, 1.0)


def outcomes(**given):
    seen = []

    def execute(step, outputs):
        seen.append(step.name)
        done = given.get(step.name, WELL)
        if done is None:
            raise KeyboardInterrupt
        return done

    return execute, seen


def test_each_product_that_is_stored_or_on_the_page_is_made_by_a_step():
    lines = [f"{step.name} " for step in release.STEPS]
    of_the_main_job = {p.command for p in PRODUCTS if p.main}
    wanted = {p.command for p in PRODUCTS if p.long or p.needed or p.main} - of_the_main_job
    assert {"power", "calibrate", "multiverse", "reconstruct"} <= wanted
    assert {c for c in wanted if not any(line.startswith(f"{c} ") for line in lines)} == set()
    assert len(lines) == len(set(lines))


def test_every_step_is_a_command():
    there = typer.main.get_command(app).commands
    assert {step.words[0] for step in release.STEPS} <= set(there)


def test_a_release_goes_on_at_the_step_that_was_cut_short_or_failed(tmp_path):
    outputs = Outputs(tmp_path)
    execute, seen = outcomes(second=BADLY, third=None)
    with pytest.raises(KeyboardInterrupt):
        release.run((ONE, TWO, THREE), outputs, "abc", execute)
    assert seen == ["first", "second", "third"]
    execute, seen = outcomes()
    assert release.run((ONE, TWO, THREE), outputs, "abc", execute) == []
    assert seen == ["second", "third"]


def test_a_failure_does_not_stop_the_others_and_is_named(tmp_path):
    execute, seen = outcomes(first=BADLY)
    assert release.run((ONE, TWO), Outputs(tmp_path), "abc", execute) == [ONE]
    assert seen == ["first", "second"]


def test_another_commit_begins_anew(tmp_path):
    outputs = Outputs(tmp_path)
    release.run((ONE,), outputs, "abc", outcomes()[0])
    execute, seen = outcomes()
    release.run((ONE, TWO), outputs, "def", execute)
    assert seen == ["first", "second"]


@pytest.mark.parametrize("text", ["", "[]", '{"commit": "abc", "steps": {"first": {"x": 1}}}'])
def test_a_damaged_state_begins_anew(tmp_path, text):
    outputs = Outputs(tmp_path)
    write_text(text, release.state_file(outputs))
    assert release.read_state(outputs, "abc") == {}


def test_what_steps_took_is_listed_longest_first(tmp_path):
    outputs = Outputs(tmp_path)
    execute, _ = outcomes(second=Done(1, 120.0, 240.0))
    release.run((ONE, TWO), outputs, "abc", execute)
    table = release.taken((ONE, TWO, THREE), outputs, "abc")
    assert list(table["step"]) == ["second", "first", "third"]
    assert list(table["cpu_minutes"][:2]) == [4.0, 1.0]
    assert list(table["exit_code"]) == ["1", "0", ""]


def test_a_step_runs_in_a_process_of_its_own_and_what_it_prints_is_kept(tmp_path):
    outputs, step = Outputs(tmp_path), Step(("status", "--help"))
    done = release.in_a_process(step, outputs)
    assert done.exit_code == 0
    assert done.cpu_seconds > 0
    assert "Usage" in release.log_of(step, outputs).read_text(encoding="utf-8")


def test_a_step_that_fails_says_so_by_its_code(tmp_path):
    assert release.in_a_process(Step(("no-such-command",)), Outputs(tmp_path)).exit_code == 2


def test_steps_are_chosen_by_the_beginning_of_their_command():
    assert [s.name for s in release.chosen(["benchmark gmm", "influence"], [], True)] == [
        "influence",
        "benchmark gmm",
    ]
    assert len(release.chosen(["benchmark"], ["benchmark gmm"], True)) == 5
    without = release.chosen([], [], series=False)
    assert {step.name for step in release.STEPS} - {step.name for step in without} == {
        "panel build",
        "imputation-outcome",
    }
    with pytest.raises(UserError, match="'influ' is no step of a release"):
        release.chosen(["influ"], [], True)


TABLE = pd.DataFrame(
    {
        "column": ["3.2", "3.2", "8.1"],
        "draws": [200, 200, 200],
        "share": [0.5, 0.2, 0.1],
        "share_low": [0.4, 0.1, 0.0],
        "share_high": [0.6, 0.3, 0.2],
        "slope": [0.1, np.nan, -0.3],
    }
)


def test_equal_tables_do_not_differ():
    assert release.differences(TABLE, TABLE.copy()) == {
        "rows": 3,
        "missing": 0,
        "new": 0,
        "changed": 0,
        "beyond": 0,
        "largest": 0.0,
    }


def test_a_number_may_move_by_its_monte_carlo_error_and_no_other_may():
    moved = TABLE.assign(share=[0.6, 0.2, 0.9], slope=[0.1 + 1e-9, np.nan, -0.15])
    found = release.differences(TABLE, moved)
    # 0.6 for 0.5 is within 4 combined errors of 0.05; 0.9 for 0.1 is not, nor has a slope an error.
    assert (found["changed"], found["beyond"]) == (3, 2)
    assert found["largest"] == pytest.approx(0.8 / 0.9)


def test_a_number_that_becomes_missing_differs_beyond_any_error():
    found = release.differences(TABLE, TABLE.assign(share=[np.nan, 0.2, 0.1]))
    assert (found["changed"], found["beyond"], found["largest"]) == (1, 1, np.inf)


def test_rows_that_come_and_go_are_counted():
    found = release.differences(TABLE, TABLE.assign(column=["3.2", "8.1", "8.2"]))
    assert (found["missing"], found["new"]) == (1, 1)


def test_a_release_is_compared_with_what_is_committed_and_then_kept(tmp_path):
    root, outputs = tmp_path / "tree", Outputs(tmp_path / "release")
    for folder in (root, outputs.root):
        write_text(csv_text(TABLE), folder / "results/long/power.csv")
        write_text("picture", folder / "figures/power.svg")
    write_text(csv_text(TABLE), root / "results/long/old.csv")
    write_text(csv_text(TABLE.assign(slope=1.0)), outputs.root / "results/long/power.csv")
    table = release.compared(outputs, root).set_index("table")
    assert table.loc["old", "missing"] == 3
    assert table.loc["power", "beyond"] == 3
    assert len(release.adopt(outputs, root)) == 2
    assert release.compared(outputs, root).set_index("table").loc["power", "changed"] == 0


def test_the_state_is_readable(tmp_path):
    release.run((ONE,), Outputs(tmp_path), "abc", outcomes()[0])
    kept = json.loads(release.state_file(Outputs(tmp_path)).read_text(encoding="utf-8"))
    assert kept == {
        "commit": "abc",
        "steps": {"first": {"exit_code": 0, "seconds": 2.0, "cpu_seconds": 60.0}},
    }
