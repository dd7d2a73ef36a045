"""Commands on a study: its numbers and words, results beside its file, nothing of the paper."""

import sys

import pytest

from analysis import __main__ as cli
from analysis.shared import terminal
from analysis.shared.outputs import read_result
from analysis.specifications import HEADLINE, PAPER, current
from tests.helpers import studies

OF_THE_PAPER = ("indus", "produ", "Ye (", "Ye'", "official", "Table 8", "province of")
"""What no output of another study holds."""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return studies.write(tmp_path_factory.mktemp("roads"))


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs a command and gives its exit code and words."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["analysis", *arguments])
        monkeypatch.setattr(terminal.console, "_width", 200)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        words = printed.out + printed.err
        assert [word for word in OF_THE_PAPER if word in words] == []
        return stop.value.code, words

    return run


def test_replicate_sets_a_studys_numbers_beside_its_estimates(run, study):
    code, words = run("replicate", "--study", str(study), "--draws", "99")
    assert code == 0
    assert "Table 2. Roads and output — panel counties" in words
    rows = read_result(study.parent / "results", "replication")
    assert set(rows["column"]) == {"1.1", "2.1", "2.2", "3.1"}
    assert rows.loc[rows["published"].notna(), "matches"].astype(bool).all()
    assert rows["published"].notna().sum() == 7
    assert "L.y" in set(rows.loc[rows["column"] == "3.1", "term"])
    assert current() is PAPER


def test_a_study_in_the_folder_is_taken_without_its_name(run, study, monkeypatch):
    monkeypatch.chdir(study.parent)
    code, words = run("replicate", "9.9", "--draws", "99")
    assert code == 2
    assert "no published column '9.9': choose among 2.1, 2.2, 3.1" in words
    code, words = run("replicate", "2.1", "--panel", "implied", "--draws", "99")
    assert code == 2
    assert "The study 'Roads and output' has its own data" in words


def test_the_papers_columns_are_the_default():
    assert (current(), current().headline) == (PAPER, HEADLINE)
