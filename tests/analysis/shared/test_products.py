"""Each output stands once, and what is told of it elsewhere is what the records say."""

import json
import re
import subprocess
import tomllib

import pytest
import typer

from analysis.__main__ import app
from analysis.claims.evidence import SOURCES, read
from analysis.commands.reproduce import reproduce
from analysis.comparison.figures import PICTURES as COMPARED
from analysis.reporting import gallery, readme
from analysis.reporting.page import page
from analysis.reporting.readme_blocks import find_a_result
from analysis.shared.outputs import ROOT
from analysis.shared.products import (
    LONG,
    PANELS,
    PRODUCTS,
    TRACES,
    find,
    readme_rows,
    summary,
)
from analysis.shared.sources import HUBS
from tests import test_flow

COMMANDS = set(typer.main.get_command(app).commands)
HIDDEN = {"readme"}
"""Of the project's own upkeep: no task."""


def makefile_commands() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    return set(re.search(r"^COMMANDS := (.*)$", text, re.MULTILINE)[1].split())


def pixi_commands() -> set[str]:
    told = tomllib.loads((ROOT / "pixi.toml").read_text(encoding="utf-8"))
    tasks = [*told["tasks"].values()]
    for feature in told["feature"].values():
        tasks += feature.get("tasks", {}).values()
    words = [task["cmd"].split() for task in tasks]
    return {each[3] for each in words if each[:3] == ["python", "-m", "analysis"]}


def test_every_product_has_a_name_and_a_file_of_its_own():
    assert len({product.name for product in PRODUCTS}) == len(PRODUCTS)
    assert len({product.file for product in PRODUCTS}) == len(PRODUCTS)


def test_a_product_is_made_from_what_stands_before_it():
    before = {PANELS, TRACES}
    for product in PRODUCTS:
        assert {name.partition("/")[0] for name in product.inputs} <= before
        before.add(product.name)
    names = {product.name for product in PRODUCTS}
    assert all(set(product.reads) <= names for product in PRODUCTS)


def test_a_product_that_is_computed_has_its_code_and_the_printed_tables_where_that_reads_them():
    found = test_flow.modules(ROOT)
    graph = {name: test_flow.imports(name, path, set(found)) for name, path in found.items()}
    graph |= {name: set() for name in HUBS}
    for product in PRODUCTS:
        if "<" in product.file or product.name.startswith("benchmark_"):
            continue  # many files, which status does not judge by an index, or a machine's times
        assert product.code, product.name
        reached = set()
        for name in product.code:
            own = {each for each in found if each == name or each.startswith(f"{name}.")}
            assert own, (product.name, name)
            reached |= own.union(*(test_flow.reachable(each, graph) for each in own))
        reads = test_flow.PUBLISHED in reached and product.name != "report"  # which draws tables
        assert reads == product.printed, product.name


def test_commands_of_products_tasks_and_the_terminal_are_the_same():
    assert {product.command.split()[0] for product in PRODUCTS} <= COMMANDS
    assert makefile_commands() == pixi_commands() == COMMANDS - HIDDEN


def test_where_a_product_is_shown_it_is():
    places = {f"report {part}" for section in page.SECTIONS for part in section.parts}
    places |= {f"README {block.name}" for block in readme.BLOCKS} | {"gallery"}
    assert {place for product in PRODUCTS for place in product.shown} <= places
    for block in readme.BLOCKS:
        if set(block.tables) - set(readme.MAIN_JOB):
            assert any(f"README {block.name}" in find(table).shown for table in block.tables)


def test_every_picture_is_that_of_a_product_and_drawn_from_it():
    drawn = {product.name for product in PRODUCTS if product.pictures}
    assert {picture.table for picture in gallery.every()} | {"comparison", "ladder"} == drawn
    named = {name for product in PRODUCTS for name in product.pictures}
    assert {picture.name for picture in COMPARED} <= named
    stems = {path.stem for path in (ROOT / "figures").glob("*.png")}
    assert {stem for stem in stems if not stem.startswith("checks_")} <= named


def test_the_ledger_reads_what_its_record_says(tmp_path):
    assert SOURCES[:2] == ("replication", "comparison")
    for name in SOURCES:
        path = tmp_path / find(name).file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("panel,draws,failed\nofficial,1,1\n")
    assert {
        name: len(table) for name, table in read(tmp_path / "results").items()
    } == dict.fromkeys(SOURCES, 1)


def test_what_is_committed_is_small_and_is_what_is_called_long():
    committed = sorted((ROOT / LONG).rglob("*"))
    stored = {path.relative_to(ROOT).as_posix() for path in committed}
    assert stored - {f"{LONG}/provenance.json"} <= {
        product.file for product in PRODUCTS if product.long
    }
    assert {path.name: size for path in committed if (size := path.stat().st_size) > 1e6} == {}


def test_the_summary_tells_of_what_the_main_job_makes():
    files = ", ".join(where for _, where in summary())
    for product in PRODUCTS:
        assert (product.file in files) == product.main
    assert "main job" in reproduce.__doc__


def test_the_readmes_table_is_that_of_the_records():
    text = (ROOT / "analysis" / "README.md").read_text(encoding="utf-8")
    assert find_a_result() in text
    for product in PRODUCTS:
        assert f"`{product.file}`" in text
    assert all(set(row) == {"what", "where", "made by"} for row in readme_rows())


def test_committed_tables_were_made_at_commits_of_this_history():
    """A commit of another clone, or one that a rebase left behind, is nowhere to be looked up."""

    def git(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)

    if git("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
        pytest.skip("no git history here, or a part of it")
    history = set(git("rev-list", "HEAD").stdout.split())
    entries = json.loads((ROOT / LONG / "provenance.json").read_text(encoding="utf-8"))
    named = {
        (name, group["run"]["commit"].removesuffix("-dirty"))
        for name, entry in entries.items()
        for group in entry["made"]
    }
    assert {pair for pair in named if pair[1] not in history} == set()
