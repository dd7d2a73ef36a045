"""The command that sets a table for a paper: files, formats, and what is missing."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.commands import regression_table
from analysis.posterior.trace import trace_path, write
from analysis.shared import terminal
from analysis.shared.outputs import Outputs
from data.panels.panel import load_panel
from data.shared.errors import UserError
from models.bayesian.registry import MAIN
from tests.analysis.comparison.test_tables import made_up
from tests.helpers.latex import faults
from tests.helpers.traces import ATTRIBUTES

OFFICIAL = load_panel("official", ())


def rows(panel: str, column: str) -> list[dict]:
    """Return what replicate writes of one column's slope."""
    cells = {"coef": 0.2, "se": 0.1, "stars": "**", "p": 0.04, "se_cluster": 0.3, "p_cluster": 0.5}
    shared = {"panel": panel, "table": column[0], "column": column}
    return [
        *({**shared, "term": "indus", "statistic": s, "estimated": v} for s, v in cells.items()),
        {**shared, "term": "", "statistic": "n", "estimated": 403},
    ]


@pytest.fixture
def out(tmp_path) -> Outputs:
    outputs = Outputs(tmp_path)
    outputs.results.mkdir()
    found = [row for column in ("3.2", "8.1") for row in rows("official", column)]
    pd.DataFrame(found).to_csv(outputs.results / "replication.csv", index=False)
    store(outputs, MAIN)
    return outputs


def store(
    outputs: Outputs, model: str, digest: str = OFFICIAL.sha256, regions: bool = True
) -> Path:
    """Write a trace of column 3.2 with region slopes 0.3, 0.1 and −0.1."""
    tree = made_up(noise=1e-5)
    if not regions:
        tree["posterior"] = tree["posterior"].to_dataset().drop_vars("slope_region")
    for name in ("sample_stats", "log_prior", "prior_predictive"):
        tree[name] = xr.DataTree()
    for name in ("posterior_predictive", "log_likelihood"):
        tree[name] = xr.DataTree()
    more = {"panel_sha256": digest, "model": model, "model_sentence": "One.", "gate_failed": ""}
    tree.attrs = ATTRIBUTES | tree.attrs | more
    path = trace_path(outputs.traces, "official", "3.2", model)
    write(tree, path)
    return path


def run(outputs: Outputs, *words: str) -> str:
    done = CliRunner().invoke(
        app, ["table", *words, "--out", str(outputs.root)], catch_exceptions=False
    )
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("form", ["html", "tex", "md"])
def test_the_file_is_named_by_columns_panel_and_format_and_its_path_is_said(out, form):
    said = run(out, "3.2", "8.1", "--to", form)
    path = out.results / f"table-3.2-8.1-official.{form}"
    assert said.split() == ["written:", str(path.relative_to(out.root))]
    text = path.read_text(encoding="utf-8")
    for cell in ("0.105***", "(0.031)", "0.200**", "(0.100)", "0.100", "0.300", "0.312***", "403"):
        assert cell in text
    if form == "tex":
        assert faults(text) == []


def test_a_file_is_written_where_it_is_asked_and_its_name_says_the_format(out, tmp_path):
    path = tmp_path / "elsewhere" / "mine.md"
    run(out, "3.2", "--file", str(path))
    assert path.read_text(encoding="utf-8").startswith("**New quality productive forces (produ)**")
    assert [each.name for each in path.parent.iterdir()] == ["mine.md"]


def test_parts_can_be_left_out(out):
    run(out, "3.2", "--to", "md", "--no-published", "--no-posterior")
    text = (out.results / "table-3.2-official.md").read_text(encoding="utf-8")
    assert "| Term | (3.2) baseline, TWFE |" in text
    assert "Published" not in text


def test_for_a_program_the_table_is_printed_too(out, capsys):
    printed = run(out, "3.2", "--to", "md", "--format", "csv")
    assert "Term,(3.2) baseline Published,(3.2) baseline TWFE" in printed
    assert terminal.is_table()


def test_other_products_are_left_as_they_are(out):
    before = (out.results / "replication.csv").read_bytes()
    run(out, "3.2")
    assert (out.results / "replication.csv").read_bytes() == before
    assert {path.name for path in out.results.iterdir()} == {
        "replication.csv",
        "table-3.2-official.html",
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["4.1"], r"no column 4\.1 .*`python -m analysis replicate 4\.1 --panel official` first\."),
        (
            ["3.2", "--model", "walk"],
            r"by walk .*`python -m analysis sample 3\.2 --panel official --model walk` first\.",
        ),
        (["8.1", "--model", "joint"], r"`python -m analysis sample 3\.2 .* --model joint` first"),
        (["8.1", "--model", "mundlak"], r"sample 8\.1 --panel official --model mundlak` first"),
        (["8.1", "--model", "dynamic"], r"cannot be fitted by dynamic: choose among flat"),
        (["3.2", "--model", "nope"], r"no model 'nope'"),
        (
            ["3.2", "--model", f"{MAIN}~own"],
            rf"`[^`]* --model {MAIN} --as own` with its changes first",
        ),
        (["3.2", "--file", "x.pdf"], r"x\.pdf names no format: .* \.html, \.tex, \.docx, \.md"),
        (["3.2", "--file", "x.md", "--to", "tex"], r"leave --to out"),
        (
            ["3.2", "--no-published", "--no-replicated", "--no-posterior"],
            r"would have no columns",
        ),
    ],
)
def test_what_is_missing_is_one_sentence_with_the_command_to_run(out, words, sentence):
    before = set(out.results.iterdir())
    with pytest.raises(UserError, match=sentence):
        run(out, *words)
    assert set(out.results.iterdir()) == before


def test_without_any_replication_the_command_is_named(out):
    (out.results / "replication.csv").unlink()
    with pytest.raises(
        UserError, match=r"run `python -m analysis replicate 3\.2 --panel official`"
    ):
        run(out, "3.2")


def test_a_trace_of_another_version_of_the_panel_is_refused(out):
    store(out, MAIN, digest="0" * 64)
    with pytest.raises(UserError, match=r"another version of panel official: run `.*sample 3\.2"):
        run(out, "3.2")


def test_a_fit_of_all_provinces_without_region_slopes_is_no_posterior_of_a_region(out):
    store(out, "mundlak", regions=False)
    with pytest.raises(UserError, match=r"sample 8\.1 --panel official --model mundlak"):
        run(out, "8.1", "--model", "mundlak")


def test_a_variant_is_found_by_its_name(out):
    store(out, f"{MAIN}~wide")
    run(out, "3.2", "--model", MAIN, "--model", f"{MAIN}~wide", "--to", "tex")
    text = (out.results / "table-3.2-official.tex").read_text(encoding="utf-8")
    assert f"{MAIN}\\textasciitilde{{}}wide" in text


def test_an_own_panel_has_no_printed_numbers_unless_they_are_asked_for(out, monkeypatch):
    own = replace(OFFICIAL, name="own-mine")
    monkeypatch.setattr(regression_table, "load_panels", lambda *_: [own])
    path = out.results / "replication.csv"
    pd.DataFrame(rows("own-mine", "3.2")).to_csv(path, index=False)
    for words, shown in (([], False), (["--published"], True)):
        run(out, "3.2", "--panel", "mine.csv", "--no-posterior", "--to", "md", *words)
        text = (out.results / "table-3.2-own-mine.md").read_text(encoding="utf-8")
        assert ("0.105***" in text) == shown
        assert "0.200**" in text
    with pytest.raises(UserError, match=rf"sample 3\.2 --panel mine\.csv --model {MAIN}"):
        run(out, "3.2", "--panel", "mine.csv")
    own = replace(own, name="own-my_panel")
    with pytest.raises(UserError, match=r"replicate 3\.2 --panel 'a folder/my panel\.csv'` first"):
        run(out, "3.2", "--panel", "a folder/my panel.csv")


def test_every_variable_of_the_columns_has_its_words():
    labels = regression_table.variable_labels()
    assert labels["indus"] == "Industrial agglomeration"
    assert labels["produ_alt"] == "Stand-in for Table 6 column 2's index"
    from analysis.specifications import SPECIFICATIONS

    for record in SPECIFICATIONS:
        assert {record.outcome, *record.terms} <= set(labels)
