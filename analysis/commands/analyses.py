"""The commands of `analysis.analyses`: one for each record, all of one form."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from analysis.analyses import ANALYSES
from analysis.commands.options import (
    Cluster,
    Column,
    Columns,
    NamedPanel,
    Out,
    Panels,
    Seed,
    app,
    load_panels,
    print_frame,
    say_written,
    sign,
    taken,
    write_tables,
)
from analysis.shared import terminal
from analysis.shared.analysis import Analysis, Item, Methods, Option, Request, Result, Table
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.terminal import App, console
from analysis.specifications import HEADLINE, current, worded
from data.panels.catalogue import PANELS

COMMON: dict[str, tuple[Any, object]] = {
    "columns": (Columns, None),
    "column": (Column, HEADLINE[0]),
    "panel": (Panels, None),
    "one_panel": (NamedPanel, PANELS[0].name),
    "seed": (Seed, 1),
    "workers": (Annotated[int, typer.Option(min=1, help="Processes of this machine.")], 2),
    "cluster": (Cluster, None),
    "out": (Out, ROOT),
}
"""Options that several analyses take, with their defaults."""

GROUPS = {"benchmark": App(help="Time estimators beside other programs.", no_args_is_help=True)}
"""Groups of commands of two words, by the first."""


def run(analysis: Analysis, out: Path = ROOT, **changes: object) -> None:
    """Run an analysis, show what came of it, and write its parts of its tables."""
    outputs = Outputs(out)
    options = {name: default for name, (_, default) in taken_options(analysis).items()} | changes
    chosen = analysis.of(options)
    panels = (
        []
        if chosen.panels is None
        else load_panels(list(chosen.panels), chosen.records, chosen.models)
    )
    digests = taken(outputs, panels)
    methods = analysis.methods()
    result = methods.run(
        Request(
            options, outputs, digests, tuple(panels), tuple(chosen.records), _track, _waiting, _tell
        )
    )
    for item in _shown(analysis, methods, result):
        if isinstance(item, Table):
            print_frame(item.frame, item.title, item.view or analysis.tables[0])
        elif isinstance(item, str):
            terminal.say(item)
    say_written(result.files, outputs)
    if result.tables:
        write_tables(result.tables, outputs, digests, result.parts, result.about)
        sign(analysis.tables, outputs)  # a run may have written some itself
    say_written(result.drawn, outputs)
    if result.tables and analysis.section:
        terminal.say_next("report", then=" shows it among the other results.")
    elif result.tables and current().path is None:
        terminal.say_next("status", then=" says what is there, and what is stale.")
    if result.failure is not None:
        if result.failure:
            console.print(result.failure, style="red", markup=False)
        raise typer.Exit(1)


def _shown(analysis: Analysis, methods: Methods, result: Result) -> Iterator[Item]:
    """Yield what the terminal shows: by default summary and words of the first table."""
    if result.shown is not None:
        yield from result.shown
        return
    main_table = result.tables[analysis.tables[0]]
    if methods.summary:
        yield Table(analysis.sentence, methods.summary(main_table))
    if methods.words:
        yield methods.words(main_table)


def _track(parts: Iterable, total: int, label: str, stays: bool = False) -> Iterable:
    return track(parts, label, total, console=console, transient=not stays)


@contextmanager
def _waiting(sentence: str) -> Iterator[Callable[[str], object]]:
    with console.status(sentence) as status:
        yield status.update


def _tell(sentence: str) -> None:
    console.print(worded(sentence), markup=False, highlight=False, soft_wrap=True)


def taken_options(analysis: Analysis) -> dict[str, tuple[Any, object]]:
    """Return the options of an analysis by name: what Typer reads, and the default."""
    usual = dict(analysis.defaults or {})
    return {
        option.name if isinstance(option, Option) else option: (
            (_annotated(option), option.default)
            if isinstance(option, Option)
            else (COMMON[option][0], usual.get(option, COMMON[option][1]))
        )
        for option in analysis.options
    }


def _annotated(option: Option) -> Any:
    """Return what Typer reads of an analysis's own option."""
    flag = option.flag or f"--{option.name.replace('_', '-')}"
    kind = option.kind if option.default is not None else option.kind | None
    return Annotated[kind, typer.Option(flag, help=option.help, min=option.least)]


def command_of(analysis: Analysis) -> Callable[..., None]:
    """Return the function that Typer makes a command of, with the options that a record takes."""
    options = taken_options(analysis) | {"out": COMMON["out"]}

    def command(**arguments: Any) -> None:
        run(analysis, **arguments)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    command.__signature__ = inspect.Signature(
        [
            inspect.Parameter(name, kind, default=default, annotation=annotation)
            for name, (annotation, default) in options.items()
        ]
    )
    command.__annotations__ = {name: annotation for name, (annotation, _) in options.items()}
    command.__name__, command.__doc__ = analysis.command.split()[-1], analysis.help
    return command


for _name, _group in GROUPS.items():
    app.add_typer(_group, name=_name)
for _analysis in ANALYSES:
    _first, _, _second = _analysis.command.partition(" ")
    _of = GROUPS[_first] if _second else app
    _of.command(_second or _first, studies=_analysis.studies)(command_of(_analysis))
