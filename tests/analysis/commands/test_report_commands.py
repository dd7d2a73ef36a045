"""The commands of audit, ledger, decomposition and report, as a user runs them."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.__main__ import app
from data.shared.errors import UserError
from tests.analysis.audit.test_audit import changed, stargazer
from tests.helpers import report_results


def run(*arguments: str):
    done = CliRunner().invoke(app, list(arguments))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_another_papers_table_is_audited_and_nothing_written(tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    stargazer().to_csv(good, index=False)
    changed("1.2", "learning", "coef", stars="***").to_csv(bad, index=False)
    for path, expected in ((good, 0), (bad, 1)):
        done = run("audit", str(path), "--format", "json", "--out", str(tmp_path / "out"))
        summary, findings = map(json.loads, done.stdout.splitlines())
        assert {row["check"] for row in summary["rows"]} >= {"stars", "R² and t"}
        assert len(findings["rows"]) == expected
    assert not (tmp_path / "out").exists()


def test_the_ledger_needs_the_replication(tmp_path):
    with pytest.raises(UserError, match="analysis replicate"):
        run("claims", "--out", str(tmp_path))


def test_ledger_and_report_come_from_results_alone(tmp_path):
    report_results.write(tmp_path / "results")
    done = run("claims", "--format", "json", "--out", str(tmp_path))
    (table,) = map(json.loads, done.stdout.splitlines())
    assert {"verdict", "magnitude", "first edition"} <= set(table["rows"][0])
    written = json.loads((tmp_path / "results" / "claims.json").read_text(encoding="utf-8"))
    verdicts = [row["verdict"] for row in table["rows"]]
    assert verdicts == [claim["verdict"] for claim in written["claims"]]
    assert "turning_points.csv is missing: python -m analysis compare." in done.stderr
    run("report", "--out", str(tmp_path))
    page = (tmp_path / "results" / "report.html").read_text(encoding="utf-8")
    assert page.count('class="verdict') == len(verdicts)


def test_a_ledger_that_holds_estimates_is_not_emptied(tmp_path):
    results = tmp_path / "results"
    report_results.write(results)
    assert run("claims", "--out", str(tmp_path)).exit_code == 1  # the headline alone is there
    before = (results / "claims.json").read_bytes()
    table = pd.read_csv(results / "replication.csv", dtype=str)
    table[table["column"] != "8.1"].to_csv(results / "replication.csv", index=False)
    done = run("claims", "--out", str(tmp_path))
    assert done.exit_code == 1
    assert "Column 8.1 has no estimate on official, " in done.stdout
    assert "run `python -m analysis replicate 8.1`" in done.stdout.replace("\n", " ")
    assert (results / "claims.json").read_bytes() == before


def test_a_users_own_panel_enters_neither_figures_nor_ledger(tmp_path, monkeypatch):
    """Of figures, what they are drawn from: the same rows give the same file."""
    from analysis.claims import ledger
    from analysis.comparison import figures
    from analysis.ye2024.claims import CLAIMS

    def drawn_from() -> dict[str, str]:
        rows_of = {}

        def save(_, rows, stem, *__):
            rows_of[stem.name] = rows.to_csv(index=False)
            return []

        monkeypatch.setattr(figures, "save", save)
        figures.draw(tmp_path / "results", tmp_path)
        return rows_of

    report_results.write(tmp_path / "results")
    before = ledger.ledger(CLAIMS, ledger.read(tmp_path / "results"), {})
    drawn = drawn_from()
    assert {"forest_headline", "ladder_3.2"} <= set(drawn)
    for name in ("replication", "comparison"):
        path = tmp_path / "results" / f"{name}.csv"
        table = pd.read_csv(path, dtype=str)
        own = table[table["panel"] == "official"].assign(panel="own-her")
        pd.concat([own, table]).to_csv(path, index=False)
    after = ledger.ledger(CLAIMS, ledger.read(tmp_path / "results"), {})
    assert json.dumps(after, default=str) == json.dumps(before, default=str)  # NaN is NaN
    assert drawn_from() == drawn


def test_without_a_headline_column_no_figure_is_drawn_and_nothing_breaks(tmp_path):
    from analysis.comparison import figures, ladder

    report_results.write(tmp_path / "results")
    for name in ("replication", "comparison"):
        path = tmp_path / "results" / f"{name}.csv"
        table = pd.read_csv(path, dtype={"column": str})
        table = table[table["column"] == "3.2"].assign(column="3.1", panel="own-her")
        table.to_csv(path, index=False)
    assert figures.draw(tmp_path / "results", tmp_path / "figures") == []
    empty = table.head(0).assign(statistic="", published="", estimated="")
    assert set(ladder.twfe(empty)) >= {"step", "estimate", "published"}


def test_a_gap_is_shared_out_and_drawn(tmp_path):
    done = run("decompose", "8.2", "--out", str(tmp_path), "--quiet")
    assert done.output == ""
    found = pd.read_csv(tmp_path / "results" / "decomposition.csv", dtype={"column": str})
    for _, rows in found.groupby(["panel", "game"]):
        start, end = rows[["start", "end"]].iloc[0]
        assert rows["share"].sum() == pytest.approx(end - start, rel=1e-6)
    assert (tmp_path / "figures" / "decomposition.svg").is_file()


def test_where_nobody_disagrees_nothing_is_shared_out(tmp_path, monkeypatch):
    from analysis.ye2024.decomposition import gaps

    monkeypatch.setattr(gaps, "gaps", lambda *_: [])
    assert "nothing to decompose" in run("decompose", "3.2", "--out", str(tmp_path)).stdout
