"""Tables in every format, and standard output that holds nothing else."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from analysis import screen
from analysis.screen import App, console

FRAME = pd.DataFrame({"name": ["a_b", "c, d"], "value": [0.5, np.nan]})


@pytest.fixture
def run():
    app = App()

    @app.command()
    def one(fail: bool = False) -> None:
        """Print two tables."""
        console.print("a word")
        screen.show(FRAME, "First")
        screen.show(FRAME.head(1), "Second")
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
    assert text.count("\\begin{table}") == 2
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


def test_quiet_prints_tables_for_programs_alone(run):
    assert run("--quiet").output == ""
    assert run("-q", "--format", "json").stderr == ""
    assert len(run("-q", "--format", "json").stdout.splitlines()) == 2


def test_exit_codes_pass_and_the_choice_ends_with_the_command(run):
    assert run("--fail", "--format", "csv").exit_code == 1
    assert screen.is_table()
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
