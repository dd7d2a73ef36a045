"""An analysis is a record: its command, table, picture, status and section follow from it."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import typer
from matplotlib.figure import Figure
from typer.testing import CliRunner

from analysis.analyses import ANALYSES
from analysis.claims.records import EVIDENCE
from analysis.commands.analyses import COMMON, command_of
from analysis.reporting import gallery, readme_blocks, status, tasks
from analysis.reporting.page import blocks as page_blocks
from analysis.reporting.page import studies
from analysis.shared import products
from analysis.shared.analysis import Analysis, Methods, Option, Picture, Request, Result
from analysis.shared.frames import first_panel
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.products import CELL, PANELS, Product, find
from analysis.shared.terminal import App

BY_HAND = ("analysis/robustness/toy.py", "analysis/analyses/power.py",
           "analysis/shared/products.py", "tests/analysis/robustness/test_toy.py")  # fmt: skip
"""What someone touches who adds the toy: its module, two records, its test."""


def toy_run(asked: Request) -> Result:
    rows = [
        (panel.name, record.column, len(panel.frame), asked.options["data_sets"])
        for panel in asked.track(asked.panels, len(asked.panels), "Toying")
        for record in asked.records
    ]
    return Result({"toy": pd.DataFrame(rows, columns=[*CELL, "rows", "data_sets"])})


def toy_draw(rows: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(2, 2))
    figure.subplots().bar(rows["column"], rows["rows"])
    return figure


PRODUCT = Product("toy", "results/toy.csv", "toy", "how many rows there are", inputs=(PANELS,),
                  keys=CELL, scope="every", pictures=("toy",), needed=True,
                  shown=("report power", "gallery"))  # fmt: skip
TOY = Analysis(
    name="toy",
    command="toy",
    tables=("toy",),
    help="Count the rows of columns: results/toy.csv.",
    sentence="Rows of each column",
    methods=lambda: Methods(
        toy_run,
        lambda found: found,
        lambda found: f"{len(found)} cells.",
        (Picture("toy", partial(first_panel, "toy"), toy_draw),),
    ),
    options=("columns", "panel", Option("data_sets", int, "How many.", 30, least=20)),
    columns=("3.1",),
    section="power",
)


ELSEWHERE = {
    "answers.py": {  # a section's sentence reads several tables
        *("calibration", "candidates", "decomposition", "horizon", "last_two", "multiverse"),
        "power",
    },
    "comparison.py": {"candidates", "last_two"},  # sizes beside the ladder
    "page.py": {"horizon", "power", "sensitivity", "multiverse"},  # sections of the same name
    "study.py": {"horizon", "power", "sensitivity", "multiverse"},  # of another study's page
    "study_blocks.py": {"power", "multiverse"},  # what each study's README shows
    "studies.py": {"decomposition", "sensitivity"},  # a map of what several analyses say
    "verdicts.py": {"decomposition", "power"},  # what stands beside the headline
    "reproduce.py": {"decomposition", "decompose", "horizon"},  # the main job runs it
    "choice_block.py": {"last_two"},  # how the main model was chosen
    "speed_block.py": {"benchmark_estimators", "benchmark_samplers"},  # beside the other benchmarks
    "readme.py": {record.name for record in ANALYSES},  # what each README shows
    "views.py": {record.name for record in ANALYSES}
    | {"check"},  # what matters on a narrow terminal
}
"""Files that name analyses for another reason than to list them, and which."""


@pytest.fixture
def toy(monkeypatch):
    """The toy among the records, and an application with its command."""
    listed, records = (*products.PRODUCTS, PRODUCT), (*ANALYSES, TOY)
    for module in (products, status):
        monkeypatch.setattr(module, "PRODUCTS", listed)
    for module in (gallery, studies):
        monkeypatch.setattr(module, "ANALYSES", records)
    monkeypatch.setattr(status, "of_traces", lambda *_: (status.CURRENT, ""))
    app = App()
    app.command("toy")(command_of(TOY))
    app.command("other")(lambda: None)
    return app


def run(app: App, out: Path, *arguments: str):
    done = CliRunner().invoke(app, ["toy", *arguments, "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def test_a_toy_is_run_drawn_judged_and_shown_by_its_records_alone(toy, tmp_path):
    outputs = Outputs(tmp_path)
    done = run(toy, tmp_path, "3.2", "--panel", "official", "--data-sets", "40")
    assert "Rows of each column" in done.stdout
    assert "1 cells." in done.stdout
    assert (tmp_path / "figures" / "toy.svg").is_file()
    state = status.status(outputs, []).set_index("what").loc["toy.csv"]
    assert (state["state"], state["made by"]) == (status.STALE, "python -m analysis toy")
    assert "incomplete, without official 3.1" in state["why"]
    columns = [column for column in status.SCOPES["every"] if column != "3.2"]
    run(toy, tmp_path, *columns, "--panel", "official")
    run(toy, tmp_path, *status.SCOPES["every"], *(f"--panel={n}" for n in EVIDENCE[1:]),
        "--panel=implied")  # fmt: skip
    line = status.status(outputs, []).set_index("what").loc["toy.csv"]
    assert line["state"] == status.CURRENT, line["why"]
    table = pd.read_csv(outputs.results / "toy.csv", dtype={"column": str})
    assert table.query("panel == 'official' and column == '3.2'")["data_sets"].tolist() == [40]
    assert set(table["data_sets"]) == {30, 40}


def test_a_toy_that_was_not_made_is_named_with_its_command(toy, tmp_path):
    blocks = list(studies.of_analysis(TOY, page_blocks.Results(tmp_path, [], {})))
    assert blocks == [page_blocks.missing("how many rows there are", "toy")]
    assert status.following(status.status(Outputs(tmp_path), [])) != ""


def test_a_toy_is_in_the_readmes_table_and_among_the_tasks(toy):
    assert "| how many rows there are | `results/toy.csv`, `figures/toy.png` |" in (
        readme_blocks.find_a_result()
    )
    named = {
        name: c.get_short_help_str() for name, c in typer.main.get_command(toy).commands.items()
    }
    makefile = tasks.makefile((ROOT / "Makefile").read_text(encoding="utf-8"), list(named))
    assert "\nCOMMANDS := toy other\n" in makefile
    assert '[tasks.toy]\ndescription = "Count the rows' in tasks.pixi(
        (ROOT / "pixi.toml").read_text(encoding="utf-8"), named
    )


def test_a_toy_takes_four_files(toy):
    """What else names an analysis is derived, or written by `readme`."""
    assert len(BY_HAND) == 4
    named = {record.name for record in ANALYSES} | {record.command for record in ANALYSES}
    named -= {"check"}  # also a column of the audit
    for room in ("commands", "reporting"):
        for path in (ROOT / "analysis" / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            listed = {name for name in named if f'"{name}"' in text}
            assert listed <= ELSEWHERE.get(path.name, set()), path


def test_every_record_names_products_of_its_command():
    for record in ANALYSES:
        made = [product.name for product in products.of_command(record.command)]
        assert tuple(made) == record.tables
        assert all(find(picture.table).pictures for picture in record.methods().pictures)
        assert not record.section or f"report {record.section}" in find(record.tables[0]).shown


def test_every_analysis_is_a_record_and_a_benchmark_is_one_of_six():
    named = {record.name for record in ANALYSES}
    assert {name for name in named if not name.startswith("benchmark_")} == {
        *("checks", "sensitivity", "influence", "decomposition", "multiverse", "power"),
        *("recovery", "calibration", "simulation", "gmm_grid", "bounds", "candidates", "last_two"),
        *("horizon", "scale_sweep", "imputation_study", "imputation_outcome", "false_findings"),
    }
    assert len(named) == len(ANALYSES) == 18 + 6


def test_options_of_records_are_common_ones_or_their_own():
    for record in ANALYSES:
        names = [option for option in record.options if isinstance(option, str)]
        assert set(names) <= set(COMMON), record.name
        assert set(record.defaults or ()) <= set(names), record.name


@pytest.mark.parametrize(("section", "following"), [("power", "report"), ("", "status")])
def test_every_run_ends_with_the_next_command(tmp_path, section, following):
    app = App()
    app.command("toy")(command_of(replace(TOY, section=section)))
    app.command("other")(lambda: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "PRODUCTS", (*products.PRODUCTS, PRODUCT))
        done = run(app, tmp_path, "3.2", "--panel", "official")
    last = " ".join(done.stdout.split("written:")[-1].split())
    assert f"Next: python -m analysis {following}" in last
