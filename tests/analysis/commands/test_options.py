"""Parts of commands: tables that two commands write at once, and panels that share a name."""

import multiprocessing
from pathlib import Path

import pandas as pd
import pytest

from analysis.commands import options
from analysis.shared import provenance
from analysis.shared.outputs import Outputs
from analysis.shared.products import find
from analysis.shared.terminal import console
from data.panels.panel import Panel
from tests.helpers.true_panels import simulated_panel

SHA256 = {"a": "0" * 64, "b": "1" * 64}
COLUMNS = ("3.1", "3.2", "8.1", "8.2", "8.3")


def of_column(column: str, panel: str = "own-mine") -> dict[str, pd.DataFrame]:
    row = {"panel": panel, "table": column[0], "column": column, "term": "x", "printed": "0.1"}
    return {"replication": pd.DataFrame([row])}


def wait_and_write(root: Path, column: str, together: multiprocessing.Barrier) -> None:
    outputs = Outputs(root)
    digests = {"panels/own-mine": SHA256["a"]}
    table = of_column(column)
    options.write_tables(table, outputs, digests)  # imports, and the folder
    together.wait()
    for _ in range(10):
        options.write_tables(table, outputs, digests)


def test_commands_that_write_parts_of_one_table_at_once_keep_each_others(tmp_path):
    context = multiprocessing.get_context("fork")
    together = context.Barrier(len(COLUMNS))
    writers = [
        context.Process(target=wait_and_write, args=(tmp_path, column, together))
        for column in COLUMNS
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * len(COLUMNS)
    table = pd.read_csv(tmp_path / find("replication").file, dtype=str)
    assert sorted(table["column"]) == list(COLUMNS)
    parts = provenance.known(find("replication"), Outputs(tmp_path))
    assert sorted(parts) == [f"own-mine {column}" for column in COLUMNS]
    assert not list((tmp_path / "results").glob(".*lock*"))


@pytest.mark.parametrize(("panel", "file", "noticed"), [
    ("own-mine", "a", False), ("own-mine", "b", True), ("official", "b", False),
])  # fmt: skip
def test_rows_of_another_file_of_the_same_name_are_said(tmp_path, panel, file, noticed):
    outputs = Outputs(tmp_path)
    digests = {f"panels/{panel}": SHA256["a"]}
    options.write_tables(of_column("3.1", panel), outputs, digests)
    loaded = Panel(panel, pd.DataFrame(), SHA256[file], balanced=True)
    with console.capture() as said:
        options.say_other_versions("replication", [loaded], outputs)
    expected = "results/replication.csv has 3.1 of another version of own-mine"
    assert (expected in " ".join(said.get().split())) == noticed
    assert bool(said.get()) == noticed


def test_a_control_that_varies_by_rounding_alone_is_said_of_own_panels():
    frame = simulated_panel(seed=6, years=range(2012, 2018)).frame
    place = pd.factorize(frame["province"])[0]
    area = (20 + 3 * place + 0.01 * (frame["year"] % 2)).round(2)
    frame = frame.assign(area=area.where(place > 0, area[0]))
    with console.capture() as said:
        for name in ("own-mine", "official"):
            options.say_notices([Panel(name, frame, SHA256["a"], balanced=True)])
    words = " ".join(said.get().split())
    assert words.startswith("Notice: own-mine: area varies, net of province and year effects, by")
    assert words.count("Notice") == 1
