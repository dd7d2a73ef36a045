"""Tables in every format, and standard output that holds nothing else."""

import io
import json
import os
import subprocess
import sys
import tomllib

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from analysis.shared import terminal
from analysis.shared.outputs import ROOT
from analysis.shared.terminal import App, console

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FRAME = pd.DataFrame({"name": ["a_b", "c, d"], "value": [0.5, np.nan]})


@pytest.fixture
def run():
    app = App()

    @app.command()
    def one(fail: bool = False) -> None:
        """Print two tables."""
        console.print("a word")
        terminal.show(FRAME, "First")
        terminal.show(FRAME.head(1), "Second")
        if fail:
            raise typer.Exit(1)

    @app.command()
    def other() -> None:
        """Do nothing."""

    return lambda *arguments: CliRunner().invoke(app, ["one", *arguments])


def test_csv_can_be_read_back(run):
    done = run("--format", "csv")
    first, second, _ = done.stdout.split("\n\n")
    assert first.startswith("# First\n")
    read = pd.read_csv(io.StringIO(first), comment="#")
    pd.testing.assert_frame_equal(read, FRAME)
    assert second.startswith("# Second\n")


def test_json_has_a_line_a_table(run):
    first, second = map(json.loads, run("--format", "json").stdout.splitlines())
    assert first["title"] == "First"
    assert first["rows"] == [{"name": "a_b", "value": 0.5}, {"name": "c, d", "value": None}]
    assert len(second["rows"]) == 1


def test_latex_is_escaped(run):
    text = run("--format", "latex").stdout
    assert text.count("\\begin{longtable}") == 2
    assert "a\\_b" in text


@pytest.mark.parametrize("form", ["csv", "json", "latex"])
def test_words_go_to_standard_error(run, form):
    done = run("--format", form)
    assert "a word" not in done.stdout
    assert "a word" in done.stderr


def test_a_table_is_drawn_by_default(run):
    done = run()
    assert "a word" in done.stdout
    assert "First" in done.stdout
    assert "0.5" in done.stdout


def test_tables_for_a_reader_can_be_left_out_and_those_for_programs_are_not(capsys):
    for form, drawn in (("table", False), ("csv", True)):
        terminal.choose(form)
        with terminal.no_tables_drawn():
            terminal.show(FRAME, "First")
            console.print("a word")
        assert ("First" in capsys.readouterr().out) == drawn
        terminal.show(FRAME, "First")
        assert "First" in capsys.readouterr().out
    terminal.choose()


def test_quiet_prints_tables_for_programs_alone(run):
    assert run("--quiet").output == ""
    assert run("-q", "--format", "json").stderr == ""
    assert len(run("-q", "--format", "json").stdout.splitlines()) == 2


def test_exit_codes_pass_and_the_choice_ends_with_the_command(run):
    assert run("--fail", "--format", "csv").exit_code == 1
    assert terminal.is_table()
    assert not console.quiet
    assert "a word" in run().stdout


def test_an_unknown_format_is_refused(run):
    done = run("--format", "xml")
    assert done.exit_code == 2
    assert "table" in done.stderr


def test_every_command_of_the_project_has_both_and_teaches():
    from analysis.__main__ import app

    def walk(command, name):
        for each, sub in getattr(command, "commands", {}).items():
            yield from walk(sub, f"{name} {each}")
        if not hasattr(command, "commands"):
            yield name, command

    for name, command in walk(typer.main.get_command(app), ""):
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--format", "--quiet"} <= options, name
        assert "Example: python -m analysis" in command.help, name


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("reanalysis repli", {"replicate"}),
        ("reanalysis replicate 8.", {"8.1", "8.2", "8.3"}),
        (
            "reanalysis sample --panel official-",
            {"official-census4", "official-as_published"},
        ),
    ],
)
def test_the_shell_completes_commands_columns_and_panels(words, offered):
    # Under the script's name: `python -m analysis` has spaces, which no shell completes.
    script = PYPROJECT["project"]["scripts"]["reanalysis"]
    module, _, function = script.partition(":")
    environment = {
        **os.environ,
        "_REANALYSIS_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code = f"import sys; sys.argv = ['reanalysis']; from {module} import {function}; {function}()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert set(done.stdout.split()) == offered, done.stderr
