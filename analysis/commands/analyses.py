"""The commands of `analysis.analyses`: one for each record, all of one form."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from analysis.analyses import ANALYSES
from analysis.commands.options import (
    Cluster,
    Columns,
    Out,
    Panels,
    Seed,
    app,
    load_panels,
    print_frame,
    taken,
    write_tables,
)
from analysis.shared.analysis import Analysis, Request
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.terminal import console
from analysis.specifications import select

DataSets = Annotated[int, typer.Option(min=20, help="Simulated data sets of a column.")]


def run(
    analysis: Analysis,
    columns: list[str] | None = None,
    panel: list[str] | None = None,
    data_sets: int = 0,
    seed: int = 1,
    cluster: str | None = None,
    out: Path = ROOT,
) -> None:
    """Run an analysis, show its summary, and write its parts of its tables."""
    outputs, records = Outputs(out), select(columns or analysis.columns)
    panels = load_panels(panel or list(analysis.panels), records)
    there = taken(outputs, panels)
    size = data_sets or analysis.data_sets
    asked = Request(tuple(panels), records, seed, size, cluster, outputs.results)
    parts, total = analysis.run(asked), analysis.steps(asked)
    done = track(parts, analysis.name.capitalize(), total, console=console, transient=True)
    by_name = analysis.whole(done)
    first = by_name[analysis.tables[0]]
    print_frame(analysis.summary(first), analysis.sentence, analysis.tables[0])
    if analysis.words:
        console.print(analysis.words(first))
    write_tables(by_name, outputs, there)


def command_of(analysis: Analysis) -> Callable[..., None]:
    """Return the function that Typer makes a command of, with the options that a record takes."""
    every = {
        "columns": (Columns, None),
        "panel": (Panels, None),
        "data_sets": (DataSets, analysis.data_sets),
        "seed": (Seed, 1),
        "cluster": (Cluster, None),
        "out": (Out, ROOT),
    }
    names = [n for n in every if n in ("columns", "panel", "out", *analysis.options)]

    def command(**given: object) -> None:
        run(analysis, **given)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    command.__signature__ = inspect.Signature(
        [inspect.Parameter(n, kind, default=every[n][1], annotation=every[n][0]) for n in names]
    )
    command.__annotations__ = {name: every[name][0] for name in names}
    command.__name__, command.__doc__ = analysis.command, analysis.help
    return command


for _analysis in ANALYSES:
    app.command(_analysis.command)(command_of(_analysis))
