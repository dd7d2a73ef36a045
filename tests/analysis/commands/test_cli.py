"""The command line: a user's mistake gives one sentence, exit code 2 and no output."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from analysis import __main__ as cli
from analysis.commands import posterior
from analysis.shared import terminal
from analysis.shared.outputs import ROOT
from analysis.specifications import select
from data.panels.catalogue import named_panels
from data.panels.provinces import REGION_OF
from data.shared.errors import UserError
from tests.helpers.one_process import stay_here
from tests.helpers.true_panels import simulated_panel

FRAME = simulated_panel(seed=2, years=range(2010, 2014)).frame[
    ["province", "year", *select(["3.2"])[0].variables]
]


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Return a function that runs a command and gives exit code, stdout, stderr and files."""

    def run(*arguments: str) -> tuple[int, str, str, list[str]]:
        out = tmp_path / "out"
        monkeypatch.setattr(sys, "argv", ["analysis", *arguments, "--out", str(out)])
        monkeypatch.setattr(terminal.console, "_width", 200)
        with pytest.raises(SystemExit) as stop:
            cli.main()
        printed = capsys.readouterr()
        files = [str(path.relative_to(out)) for path in out.rglob("[!.]*.*") if path.is_file()]
        files = [name for name in files if not name.startswith("results/.index/")]
        return stop.value.code, printed.out, printed.err, files

    return run


MISTAKES = {
    "missing column": (lambda f: f.drop(columns="urb"), ["header", "urb"]),
    "duplicate": (lambda f: f.iloc[[0, *range(len(f))]], ["line 3", "province and year"]),
    "unknown province": (
        lambda f: f.replace({"province": {"Tibet": "Atlantis"}}),
        ["column province", "Atlantis"],
    ),
    "not a number": (
        lambda f: f.astype(str).replace(f"{f['fin'].iloc[2]}", "x"),
        ["line 4", "fin"],
    ),
    "too few years": (lambda f: f[f["year"] == 2010], ["column year", "2010"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_panel_is_one_sentence_and_no_file(run, tmp_path, mistake):
    spoil, words = MISTAKES[mistake]
    path = tmp_path / "mine.csv"
    spoil(FRAME).to_csv(path, index=False)
    code, _, error, files = run("replicate", "3.2", "--panel", str(path))
    assert code == 2
    assert error.startswith("Error: ")
    assert error.count("\n") == 1
    assert all(word in error for word in (*words, "mine.csv"))
    assert files == []


@pytest.mark.parametrize("command", ["replicate", "influence", "sample", "sensitivity"])
def test_a_regressor_that_does_not_vary_is_named_with_panel_and_column(
    run, tmp_path, monkeypatch, command
):
    stay_here(monkeypatch)  # that a worker's mistake comes back as it is: test_parallel.py
    path = tmp_path / "mine.csv"
    FRAME.assign(fin=1.0).to_csv(path, index=False)
    code, _, error, files = run(command, "3.2", "--panel", str(path))
    assert code == 2
    assert "Panel own-mine, column 3.2: Regressor fin" in error
    assert files == []


@pytest.mark.parametrize("command", ["replicate", "sample"])
def test_a_region_without_rows_is_named_with_panel_and_column(run, tmp_path, command):
    path = tmp_path / "mine.csv"
    FRAME[FRAME["province"].map(REGION_OF) != "central"].to_csv(path, index=False)
    code, _, error, files = run(command, "8.2", "--panel", str(path))
    assert code == 2
    assert "Panel own-mine, column 8.2: The panel has no rows in region central" in error
    assert files == []


def test_git_is_asked_for_the_commit_without_a_lock_on_its_index(monkeypatch):
    asked = []
    monkeypatch.delenv("GIT_OPTIONAL_LOCKS", raising=False)
    monkeypatch.setattr(cli, "app", lambda: asked.append(git_commit_environment()))
    cli.main()
    assert asked == ["0"]


def git_commit_environment() -> str:
    """Return what a git that is started now would be told of locks that it can do without."""
    words = "import os; print(os.environ.get('GIT_OPTIONAL_LOCKS'))"
    return subprocess.check_output([sys.executable, "-c", words], text=True).strip()


def test_one_draw_of_what_is_not_observed_replaces_no_estimate_over_all(run):
    code, _, error, files = run("replicate", "3.2", "--panel", "official-imputed-07")
    assert code == 2
    assert "one of 40 draws" in error
    assert "--panel official:imputed" in error
    assert files == []


def test_an_unbalanced_panel_is_accepted_with_a_notice(run, tmp_path):
    path = tmp_path / "mine.csv"
    FRAME.iloc[1:].to_csv(path, index=False)
    code, text, _, files = run("replicate", "3.2", "--panel", str(path), "--draws", "99")
    assert code == 0
    assert "Notice: " in text
    assert "unbalanced" in text
    assert "Beijing 2010" in text
    assert files == ["results/replication.csv"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replicate", "9.9"], ["9.9", "3.2"]),
        (["replicate", "--panel", "nowhere.csv"], ["nowhere.csv", "official"]),
        (["figures"], ["replication.csv", "analysis replicate"]),
        (["compare"], ["traces", "analysis sample"]),
        (["diagnose"], ["traces", "analysis sample"]),
        (["check"], ["traces", "analysis sample"]),
        (["sensitivity", "3.2", "--model", "flat"], ["flat", "mundlak"]),
        (["sample", "3.2", "--model", "nonsense"], ["nonsense", "hierarchical"]),
        (["sample", "3.2", "--all"], ["--all", "3.2"]),
        (["sample", "--all", "--model", "nonsense"], ["nonsense", "hierarchical"]),
        (["sample", "3.2", "--prior", "slope_std"], ["LINE=PRIOR", "slope_std=normal:1"]),
        (["sample", "8.2", "--prior", "slope=normal:1"], ["slope:", "slope_std", "sigma_std"]),
        (["sample", "3.2", "--drop", "density"], ["density", "indus, fin, env"]),
        (["sample", "3.2", "--add", "nonsense"], ["nonsense", "density", "urb"]),
        (["sample", "3.2", "--as", "a b"], ["--as", "letters"]),
    ],
)
def test_a_wrong_word_is_answered_with_the_right_ones(run, arguments, words):
    code, _, error, files = run(*arguments)
    assert code == 2
    assert all(word in error for word in words)
    assert files == []


@pytest.mark.parametrize("command", ["prior-summary", "describe-model"])
def test_a_model_that_a_column_cannot_carry_is_not_described(command):
    done = CliRunner().invoke(cli.app, [command, "8.1", "--model", "hierarchical"])
    assert isinstance(done.exception, UserError)
    assert "choose among flat, mundlak" in str(done.exception)


def test_a_model_is_described_for_a_column(monkeypatch, capsys):
    monkeypatch.setattr(terminal.console, "_width", 300)
    posterior.prior_summary("8.2", "official", None)
    posterior.describe_model("8.2", "official", "flat")
    printed = capsys.readouterr().out
    assert "Priors of growth_region for column 8.2" in printed
    assert "TWFE as a Bayesian model" in printed
    assert "graph TD" in printed


def test_a_column_and_a_panel_named_twice_are_run_once(run):
    code, text, _, _ = run(
        "replicate", "3.1", "3.1", "--panel=official", "--panel=official", "--draws=99"
    )
    assert code == 0
    assert text.count("Table 3. Baseline") == 1


def test_an_output_folder_that_cannot_be_written_to_is_named(run, tmp_path):
    (tmp_path / "out").write_text("a file")
    code, _, error, _ = run("replicate", "3.1", "--panel=official", "--draws=99")
    assert code == 2
    assert error.startswith("Error: ")
    assert str(tmp_path / "out") in error


def test_two_files_of_one_name_are_refused(run, tmp_path):
    paths = [tmp_path / folder / "mine.csv" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        FRAME.to_csv(path, index=False)
    code, _, error, _ = run("replicate", "3.2", *(f"--panel={path}" for path in paths))
    assert code == 2
    assert "own-mine" in error


def test_the_process_exits_with_2_and_no_traceback():
    done = subprocess.run(
        [sys.executable, "-m", "analysis", "panel", "describe", "nowhere"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert all(name in done.stderr for name in named_panels())


def test_help_lists_commands_by_what_they_are_for():
    said = CliRunner().invoke(cli.app, ["--help"], env={"COLUMNS": "80"}).output
    places = [said.index(f"─ {head} ─") for head in cli.SECTIONS]
    assert places == sorted(places)
    assert places[4] < said.index("│ power ") < said.index("│ benchmark ") < places[5]
    assert places[0] < said.index("│ reproduce ") < places[1] < said.index("│ panel ") < places[2]
