"""The start-up benchmark times this tree and an earlier one by the same commands."""

import subprocess

import pytest

from analysis.benchmark import startup
from analysis.shared.outputs import ROOT
from data.shared.errors import UserError


def test_a_commit_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="clone the repository with its history"):
        startup.check_out("0" * 40, tmp_path / "tree")


def test_an_answer_is_timed_and_its_exit_code_held(tmp_path):
    mistake = startup.Answer("mistake", ("replicate", "9.9"), 1.0, 2)
    assert startup.cpu_seconds(mistake, ROOT, "official", tmp_path) > 0
    wrong = startup.Answer("mistake", ("replicate", "9.9"), 1.0, 0)
    with pytest.raises(RuntimeError, match="ended with 2"):
        startup.cpu_seconds(wrong, ROOT, "official", tmp_path)


def test_a_tree_is_checked_out_as_it_was(tmp_path):
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    if head.returncode:
        pytest.skip("the project is not in a git repository here")
    startup.check_out(head.stdout.strip(), tmp_path / "tree")
    assert (tmp_path / "tree" / "analysis" / "__main__.py").is_file()
