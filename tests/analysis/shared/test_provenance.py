"""A part of a product takes the place of that part alone, and what it was made from is known."""

import os

import pandas as pd
import pytest

from analysis.shared import provenance
from analysis.shared.outputs import Outputs
from analysis.shared.products import find
from analysis.shared.runs import Run
from data.shared.errors import UserError
from data.shared.files import csv_text, sha256

REPLICATION = find("replication")


def cells(panel: str, columns: dict[str, float], described: str = "") -> pd.DataFrame:
    rows = [(panel, "2", variable, 0.1234567890123) for variable in described.split()]
    rows += [(panel, column, "indus", value) for column, value in columns.items()]
    return pd.DataFrame(rows, columns=["panel", "column", "term", "estimated"])


@pytest.fixture
def outputs(tmp_path):
    return Outputs(tmp_path)


def store(outputs: Outputs, table: pd.DataFrame, **more) -> list[list[str]]:
    provenance.store(REPLICATION, table, outputs, provenance.snapshot(outputs), **more)
    text = (outputs.results / "replication.csv").read_text()
    return [line.split(",") for line in text.splitlines()[1:]]


def test_a_part_replaces_that_part_and_keeps_the_digits_of_the_others(outputs):
    whole = pd.concat(
        [cells(panel, {"3.1": 1 / 3, "3.2": 0.2}, "produ fin") for panel in ("official", "implied")]
    )
    before = store(outputs, whole)
    after = store(outputs, cells("official", {"3.2": 0.7}, "produ"))
    assert len(after) == len(before)
    assert [row for row in after if row not in before] == [["official", "3.2", "indus", "0.7"]]
    assert [row[:3] for row in after] == [row[:3] for row in before]


def test_parts_in_any_order_give_the_table_that_is_made_at_once(outputs):
    parts = [
        cells(panel, {column: 0.5}, "produ") for column in ("3.2", "3.1") for panel in
        ("implied", "official", "own-her")
    ]  # fmt: skip
    for part in parts:
        found = store(outputs, part)
    assert [tuple(row[:2]) for row in found] == [
        (panel, column)
        for panel in ("official", "implied", "own-her")
        for column in ("2", "3.1", "3.2")
    ]


def test_rows_that_a_part_no_longer_has_are_gone_and_a_part_without_rows_is_asked_for(outputs):
    decomposed = find("decomposition")
    there = provenance.snapshot(outputs)
    table = pd.DataFrame({"column": ["3.2", "3.2", "8.1"], "share": [1, 2, 3]})
    provenance.store(decomposed, table, outputs, there)
    rows = provenance.store(decomposed, table[:1], outputs, there, asked=["3.2", "8.1"])
    assert rows == 1
    assert set(provenance.record_of(decomposed, outputs).parts) == {"3.2", "8.1"}


def test_a_table_of_other_columns_is_not_mixed_with_this_one(outputs):
    store(outputs, cells("official", {"3.1": 0.1, "3.2": 0.2}))
    with pytest.raises(UserError, match=r"other columns .*: delete it"):
        store(outputs, cells("official", {"3.2": 0.2}).assign(more=1))
    assert len(store(outputs, cells("official", {"3.1": 0, "3.2": 0}).assign(more=1))) == 2


def test_each_part_says_what_it_was_made_from(outputs):
    there = provenance.snapshot(outputs, {"own-her": "a" * 64})
    table = pd.concat([cells("official", {"3.2": 0.1}), cells("own-her", {"3.2": 0.1})])
    provenance.store(REPLICATION, table, outputs, there)
    parts = provenance.record_of(REPLICATION, outputs).parts
    shared = {name: there[name] for name in there if name.startswith("published/")}
    shared |= {f"code/{name}": there[f"code/{name}"] for name in REPLICATION.code}
    assert parts["own-her 3.2"] == shared | {"panels/own-her": "a" * 64}
    assert parts["official 3.2"] == shared | {"panels/official": there["panels/official"]}


def test_what_is_made_as_a_whole_does_not_give_way_to_another_subject(outputs):
    simulation = find("simulation")
    table = pd.DataFrame({"cell": ["a"]})
    provenance.store(simulation, table, outputs, provenance.snapshot(outputs), about="column 5.1")
    provenance.same_subject(simulation, outputs, "column 5.1")
    with pytest.raises(UserError, match=r"is of column 5.1, not of column 5.2: delete it"):
        provenance.same_subject(simulation, outputs, "column 5.2")
    (outputs.root / simulation.file).unlink()
    provenance.same_subject(simulation, outputs, "column 5.2")


def test_the_run_behind_a_committed_table_is_kept_part_by_part(outputs):
    influence, power = find("influence"), find("power")
    there, first, second = provenance.snapshot(outputs), Run("a", "1"), Run("b", "2", 0.5, "chip")
    for product in (influence, power):
        provenance.store(product, cells("official", {"3.1": 1, "3.2": 2}), outputs, there)
        provenance.sign(product, outputs, first)
    provenance.store(power, cells("official", {"3.2": 3}), outputs, there)
    assert provenance.record_of(power, outputs).runs == {"official 3.1": first}
    provenance.sign(power, outputs, second)
    found = provenance.record_of(power, outputs)
    assert found.runs == {"official 3.1": first, "official 3.2": second}
    assert set(provenance.record_of(influence, outputs).runs.values()) == {first}
    assert {p.name for p in (outputs.results / "long").iterdir()} == {
        "provenance.json", "influence.csv", "power.csv"
    }  # fmt: skip


def test_no_run_is_given_for_rows_of_an_unknown_version(outputs):
    power = find("power")
    (outputs.results / "long").mkdir(parents=True)
    cells("official", {"3.1": 1}).to_csv(outputs.root / power.file, index=False)
    provenance.store(power, cells("official", {"3.2": 3}), outputs, provenance.snapshot(outputs))
    provenance.sign(power, outputs, Run("a", "1"))
    assert set(provenance.record_of(power, outputs).runs) == {"official 3.2"}


def test_a_part_is_written_as_the_whole_is(outputs):
    table = cells("official", {"3.1": 1 / 3, "3.2": 1e-20}, "produ")
    store(outputs, table[:1])
    store(outputs, table[1:])
    assert (outputs.results / "replication.csv").read_text() == csv_text(table)


def test_a_trace_that_was_not_touched_is_not_read_again(tmp_path, monkeypatch):
    path = tmp_path / "3.2-growth.nc"
    path.write_text("draws")
    provenance.index_trace(path, sha256(b"draws"), "inputs")
    monkeypatch.setattr(provenance, "file_sha256", lambda _: pytest.fail("it was read"))
    assert provenance.trace_sha256(path) == sha256(b"draws")
    assert provenance.indexed_inputs(path) == "inputs"


def test_a_changed_trace_is_noticed_though_size_and_time_of_change_are_the_same(tmp_path):
    path = tmp_path / "3.2-growth.nc"
    path.write_text("draws")
    provenance.index_trace(path, sha256(b"draws"), "inputs")
    before = path.stat()
    path.write_text("other")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert provenance.trace_sha256(path) == sha256(b"other")
    assert provenance.indexed_inputs(path) is None


def test_the_index_of_a_copied_trace_is_renewed(tmp_path):
    path, copy = tmp_path / "a.nc", tmp_path / "b.nc"
    path.write_text("draws")
    provenance.index_trace(path, sha256(b"draws"), "inputs")
    copy.write_text("draws")
    provenance.beside(copy).write_text(provenance.beside(path).read_text())
    assert provenance.indexed_inputs(copy) == "inputs"
    assert provenance.beside(copy).read_text() != provenance.beside(path).read_text()
