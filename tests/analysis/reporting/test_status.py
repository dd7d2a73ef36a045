"""Status: missing, stale and current by hashes, and the command that comes next."""

import os
import shutil

import pandas as pd
import pytest

from analysis.__main__ import app
from analysis.reporting import status
from analysis.reporting.status import CURRENT, MISSING, SCOPES, STALE, following
from analysis.shared import provenance, sources
from analysis.shared.outputs import Outputs
from analysis.shared.products import CELL, FIT, PRODUCTS, TRACES, below, find
from analysis.shared.runs import Run
from data.panels.catalogue import named_panels
from data.panels.panel import load_panel

FITS = [(panel, "5.1", "dynamic") for panel in named_panels()]


def table(product) -> pd.DataFrame:
    """Return rows for every part that a whole product has."""
    if product.keys == FIT and product.scope == TRACES:
        return pd.DataFrame(FITS, columns=list(FIT))
    columns = SCOPES.get(product.scope, ("3.2",))
    if product.keys == CELL:
        cells = [(panel, column) for panel in named_panels() for column in columns]
        return pd.DataFrame(cells, columns=list(CELL))
    keys = {key: list(columns) for key in product.keys or ["number"]}
    return pd.DataFrame(keys)


def make(product, outputs: Outputs) -> None:
    provenance.store(product, table(product), outputs, provenance.snapshot(outputs))


@pytest.fixture(scope="module")
def in_order(tmp_path_factory) -> Outputs:
    """Everything made in order."""
    found = Outputs(tmp_path_factory.mktemp("in_order"))
    for panel, column, model in FITS:
        path = found.traces / panel / f"{column}-{model}.nc"
        path.parent.mkdir(parents=True)
        path.write_text(panel)
    for product in PRODUCTS:
        if product.name != TRACES:
            make(product, found)
    return found


@pytest.fixture
def outputs(in_order, tmp_path, monkeypatch):
    """A copy of everything made in order, the traces up to date."""
    monkeypatch.setattr(status, "of_traces", lambda *_: (CURRENT, ""))
    return Outputs(shutil.copytree(in_order.root, tmp_path / "out"))


def states(outputs: Outputs) -> dict[str, str]:
    found = status.status(outputs, [])
    assert tuple(found) == status.COLUMNS
    return dict(zip(found["what"], found["state"], strict=True))


def stale(outputs: Outputs) -> set[str]:
    return {name for name, state in states(outputs).items() if state == STALE}


def test_what_was_made_in_order_is_current(outputs):
    assert set(states(outputs).values()) == {CURRENT}
    assert following(status.status(outputs, [])) == ""


def test_what_is_made_from_something_else_now_is_stale_and_so_is_what_follows(outputs):
    changed = table(find("replication")).assign(estimated=1)
    (outputs.results / "replication.csv").unlink()
    provenance.store(find("replication"), changed, outputs, provenance.snapshot(outputs))
    compared = {p.name for p in PRODUCTS if p.command == "compare" and "replication" in p.inputs}
    follow = compared | {"first_verdicts", "claims", "report", "tables"}
    assert stale(outputs) == {find(name).file.removeprefix("results/") for name in follow}
    assert following(status.status(outputs, [])) == "python -m analysis compare"


def test_times_of_files_count_for_nothing(outputs):
    for second, path in enumerate(sorted(outputs.root.rglob("*.*"), reverse=True)):
        os.utime(path, (second, second))
    assert stale(outputs) == set()


def test_a_product_that_was_changed_by_hand_is_stale_whatever_its_time(outputs):
    path = outputs.results / "audit.csv"
    before = path.stat()
    path.write_text(path.read_text().replace("3.2", "3.3"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert stale(outputs) == {"audit.csv", "report.html"}


def test_a_product_without_an_index_is_stale(outputs):
    provenance.index_of(find("audit"), outputs).unlink()
    assert "audit.csv" in stale(outputs)
    provenance.index_of(find("replication"), outputs).write_text("no JSON")
    assert "replication.csv" in stale(outputs)
    provenance.index_of(find("power"), outputs).unlink()
    assert {"long/power.csv", "long/influence.csv"} <= stale(outputs)


def test_what_is_committed_is_current_in_a_clone_without_anything_else(
    in_order, tmp_path, monkeypatch
):
    monkeypatch.setattr(status, "of_traces", lambda *_: (MISSING, ""))
    clone = Outputs(tmp_path)
    shutil.copytree(in_order.results / "long", clone.results / "long")
    found = states(clone)
    assert {state for name, state in found.items() if not name.startswith("long/")} == {MISSING}
    assert {state for name, state in found.items() if name.startswith("long/")} == {CURRENT}


def test_a_panel_of_the_first_edition_is_known_by_its_own_hash(outputs):
    product, name = find("last_two"), "official@1"
    rows = pd.DataFrame([(name, "3.2")], columns=list(CELL))
    for sha256, state in ((load_panel(name, ()).sha256, CURRENT), ("0" * 64, STALE)):
        taken = provenance.snapshot(outputs, {name: sha256})
        provenance.store(product, rows, outputs, taken)
        assert states(outputs)["long/last_two.csv"] == state


def test_the_run_behind_a_committed_table_is_said(outputs):
    provenance.sign(find("power"), outputs, Run("x", "c" * 40, 2.5, "chip"))
    why = status.status(outputs, []).set_index("what")["why"]
    assert why["long/power.csv"] == "commit ccccccc, 2.5 CPU minutes, chip"


@pytest.mark.parametrize("change", ["changed", "deleted", "added"])
def test_a_trace_that_was_changed_deleted_or_added_makes_what_is_read_off_it_stale(outputs, change):
    path = outputs.traces / "official" / "5.1-dynamic.nc"
    if change == "changed":
        path.write_text("x" * len(path.read_text()))
    elif change == "deleted":
        path.unlink()
    else:
        path.with_name("3.2-flat.nc").write_text("x")
    found = stale(outputs)
    assert {"diagnostics.csv", "comparison.csv", "checks.csv", "report.html"} <= found
    assert ("dynamic.csv" in found) == (change != "added")
    assert not {"replication.csv", "long/power.csv", "audit.csv"} & found


def test_the_report_is_stale_if_anything_that_it_shows_was_made_again(outputs):
    provenance.store(
        find("power"), table(find("power")).assign(more=1), outputs, provenance.snapshot(outputs)
    )
    assert stale(outputs) == {"report.html"}


def test_a_part_of_a_product_is_incomplete_and_said_so(outputs):
    below(outputs.results, "influence").unlink()
    provenance.index_of(find("influence"), outputs).unlink()
    part = pd.DataFrame([("official", "3.2")], columns=list(CELL))
    provenance.store(find("influence"), part, outputs, provenance.snapshot(outputs))
    found = status.status(outputs, []).set_index("what")
    assert found.loc["long/influence.csv", "state"] == STALE
    assert found.loc["long/influence.csv", "why"].startswith("incomplete, without official 3.1, ")


def test_what_is_missing_comes_first(outputs):
    (outputs.results / "replication.csv").unlink()
    assert states(outputs)["replication.csv"] == MISSING
    assert following(status.status(outputs, [])) == "python -m analysis replicate"


def test_what_the_report_does_not_need_is_not_asked_for(outputs):
    (outputs.results / "fingerprints.csv").unlink()
    assert following(status.status(outputs, [])) == ""


def test_stale_traces_make_what_is_read_off_them_stale(outputs, monkeypatch):
    monkeypatch.setattr(status, "of_traces", lambda *_: (STALE, ""))
    found = states(outputs)
    assert found["comparison.csv"] == found["report.html"] == STALE
    assert found["replication.csv"] == CURRENT


def test_every_command_exists():
    import typer

    commands = set(typer.main.get_command(app).commands)
    assert {product.command.split()[0] for product in PRODUCTS} <= commands
    assert isinstance(following(pd.DataFrame(columns=status.COLUMNS)), str)


def test_a_variant_has_its_row_and_makes_nothing_stale_that_does_not_show_it(outputs):
    path = outputs.traces / "official" / "5.1-dynamic~tight.nc"
    path.write_text("no trace")
    found = status.status(outputs, []).set_index("what")
    assert found.loc["traces/official/5.1-dynamic~tight", "state"] == STALE
    assert found.loc["traces/official/5.1-dynamic~tight", "why"] == "cannot be read"
    changed = set(found.index[found["state"] == STALE])
    assert {"comparison.csv", "diagnostics.csv"} <= changed
    assert "dynamic.csv" not in changed


PRINTED = {
    *("fingerprints.csv", "replication.csv", "comparison.csv", "long/gmm_grid.csv", "dynamic.csv"),
    *(
        "long/power.csv",
        "long/multiverse.csv",
        "audit.csv",
        "decomposition.csv",
        "long/distance.csv",
    ),
    *("long/distance.csv", "long/bounds.csv", "claims.json", "report.html"),
}
"""What is stale once a printed number is another one."""


def test_a_printed_number_that_is_another_makes_stale_what_is_set_beside_it(
    outputs, monkeypatch, tmp_path
):
    folder = tmp_path / "data"
    shutil.copytree(provenance.FOLDER, folder / "panels")
    shutil.copytree(provenance.FOLDER.parent / "published", folder / "published")
    monkeypatch.setattr(provenance, "FOLDER", folder / "panels")
    assert stale(outputs) == set()
    path = folder / "published" / "table3.csv"
    path.write_text(path.read_text().replace("0.105", "0.106", 1))
    assert stale(outputs) >= PRINTED
    assert stale(outputs) & {"diagnostics.csv", "long/influence.csv", "long/recovery.csv"} == set()
    why = status.status(outputs, []).set_index("what")["why"]
    assert why["audit.csv"] == "changed since: published/table3"


def test_other_code_makes_stale_what_it_computes_and_what_is_made_from_that(outputs, monkeypatch):
    modules = sources._modules()
    changed = modules | {"analysis.comparison.ladder": ("another", set())}
    monkeypatch.setattr(sources, "_modules", lambda: changed)
    found = stale(outputs)
    assert {"comparison.csv", "ladder.csv", "claims.json", "report.html"} <= found
    assert not {"replication.csv", "audit.csv", "diagnostics.csv", "long/power.csv"} & found
    why = status.status(outputs, []).set_index("what")["why"]
    assert why["comparison.csv"] == "changed since: code/analysis.comparison.ladder"
