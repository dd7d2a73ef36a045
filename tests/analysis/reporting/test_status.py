"""Status: missing, stale and current, and the command that comes next."""

import inspect
import json
import os

import pandas as pd
import pytest

from analysis.claims import ledger as claims
from analysis.reporting import status
from analysis.reporting.page import page
from analysis.reporting.status import CURRENT, MISSING, PRODUCTS, STALE, following
from analysis.shared.outputs import Outputs
from data.files import sha256


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    """Everything written in order, the traces up to date."""
    found = Outputs(tmp_path)
    found.results.mkdir()
    monkeypatch.setattr(status, "of_traces", lambda *_: (CURRENT, ""))
    ledger = {"inputs": {"comparison.csv": sha256(b"x"), "turning_points.csv": "missing: …"}}
    for second, product in enumerate(PRODUCTS):
        if product.name != "traces":
            path = found.results / product.name
            text = json.dumps(ledger) if product.name == "claims.json" else "x"
            path.write_text(text, encoding="utf-8")
            os.utime(path, (second, second))
    return found


def states(outputs: Outputs) -> dict[str, str]:
    found = status.status(outputs, [])
    assert tuple(found) == status.COLUMNS
    return dict(zip(found["what"], found["state"], strict=True))


def test_what_was_made_in_order_is_current(outputs):
    assert set(states(outputs).values()) == {CURRENT}
    assert following(status.status(outputs, [])) == ""


def test_what_is_made_from_something_newer_is_stale_and_so_is_what_follows(outputs):
    os.utime(outputs.results / "replication.csv", (1000, 1000))
    found = states(outputs)
    assert [name for name, state in found.items() if state == STALE] == [
        *("comparison.csv", "claims.json", "report.html")
    ]
    assert following(status.status(outputs, [])) == "python -m analysis compare"


def test_the_report_is_stale_if_anything_that_it_shows_was_made_again(outputs):
    os.utime(outputs.results / "power.csv", (1000, 1000))
    found = states(outputs)
    assert [name for name, state in found.items() if state == STALE] == ["report.html"]
    (outputs.results / "power.csv").unlink()
    assert states(outputs)["report.html"] == CURRENT


def test_what_is_missing_comes_first(outputs):
    (outputs.results / "replication.csv").unlink()
    assert states(outputs)["replication.csv"] == MISSING
    assert following(status.status(outputs, [])) == "python -m analysis replicate"


def test_what_the_report_does_not_need_is_not_asked_for(outputs):
    (outputs.results / "fingerprints.csv").unlink()
    assert following(status.status(outputs, [])) == ""


def test_the_ledger_knows_its_tables_by_their_content(outputs):
    table = outputs.results / "comparison.csv"
    before = table.stat().st_mtime
    table.write_text("y", encoding="utf-8")
    os.utime(table, (before, before))
    found = states(outputs)
    assert (found["comparison.csv"], found["claims.json"]) == (CURRENT, STALE)


def test_stale_traces_make_what_is_read_off_them_stale(outputs, monkeypatch):
    monkeypatch.setattr(status, "of_traces", lambda *_: (STALE, ""))
    found = states(outputs)
    assert found["comparison.csv"] == found["report.html"] == STALE
    assert found["replication.csv"] == CURRENT


def test_what_the_report_shows_it_reads():
    source = inspect.getsource(page) + inspect.getsource(claims)
    report = PRODUCTS[-1]
    for product in (*report.needs, *report.shows):
        assert f'"{product.removesuffix(".csv")}"' in source or product == "traces"


def test_every_command_exists():
    import typer

    from analysis.__main__ import app

    commands = set(typer.main.get_command(app).commands)
    assert {product.command for product in PRODUCTS} <= commands
    assert isinstance(following(pd.DataFrame(columns=status.COLUMNS)), str)
