"""The commands of audit, ledger, decomposition and report, as a user runs them."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.__main__ import app
from data.errors import UserError
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
    written = json.loads((tmp_path / "results" / "claims.json").read_text(encoding="utf-8"))
    verdicts = [row["verdict"] for row in table["rows"]]
    assert verdicts == [claim["verdict"] for claim in written["claims"]]
    assert "turning_points.csv is missing: python -m analysis compare." in done.stderr
    run("report", "--out", str(tmp_path))
    page = (tmp_path / "results" / "report.html").read_text(encoding="utf-8")
    assert page.count('class="verdict') == len(verdicts)


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
    assert "nothing to share out" in run("decompose", "3.2", "--out", str(tmp_path)).stdout
