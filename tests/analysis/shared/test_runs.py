"""A run says what was typed, of which code, and what it cost; no folder of the machine."""

import os

from analysis.shared.runs import Run, this_run, told


def test_a_run_says_what_was_typed_without_folders(monkeypatch):
    path = os.sep.join(["", "somewhere", "mine.csv"])
    monkeypatch.setattr("sys.argv", ["x", "power", "3.2", "--panel", path])
    run = this_run("c" * 40)
    assert run.command == "python -m analysis power 3.2 --panel mine.csv"
    assert run.cpu_minutes >= 0
    assert "logical cores" in run.processor


def test_runs_are_said_together_and_a_changed_tree_stays_said():
    runs = [Run("x", "a" * 40, 1.5, "chip"), Run("y", "b" * 40 + "-dirty", 2.0, "chip")]
    assert told([*runs, runs[0]]) == ("commit aaaaaaa, bbbbbbb with changes, 3.5 CPU minutes, chip")
    assert told([Run("x", "a" * 40)]) == "commit aaaaaaa"
    assert told([]) == ""
