"""Shared parts of commands: the application, options, loading of panels, tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from analysis.commands.views import VIEWS
from analysis.shared import products, provenance, terminal
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.runs import this_run
from analysis.shared.terminal import App, console
from analysis.specifications import SPECIFICATIONS, current
from data.panels.catalogue import PANELS, expanded, named_panels
from data.panels.panel import Panel, load_panel
from data.shared.errors import UserError
from models.design import Specification

if TYPE_CHECKING:
    import pandas as pd

EXIT_CODES = (
    "Exit codes: 0, success; 1, a check failed; 2, an error in the input; 130, interrupted. Checks "
    "are the health gate, printed numbers on exact panels, SBC (calibrate), missing estimates "
    "(claims) and contradictory printed numbers (reconstruct)."
)

app = App(
    help="A Bayesian reanalysis of Ye (2024). Start with: python -m analysis reproduce, then open "
    "results/report.html; status shows the next command.",
    epilog=EXIT_CODES,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def complete(names: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a completer: the names that begin as the user did."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


Columns = Annotated[
    list[str] | None,
    typer.Argument(
        help="Published columns, such as 3.2.",
        metavar="[COLUMN]...",
        autocompletion=complete([record.column for record in SPECIFICATIONS]),
    ),
]


Panels = Annotated[
    list[str] | None,
    typer.Option(
        "--panel",
        help="A named panel or a file; repeatable. Default: all named ones. "
        "`implied:all` is the whole ensemble, `official:imputed` all draws of what is missing.",
        autocompletion=complete([*named_panels(), "implied:all", "official:imputed"]),
    ),
]


Out = Annotated[
    Path, typer.Option("--out", help="Folder below which results/, traces/, figures/ are written.")
]


Official = Annotated[
    Path, typer.Option("--official", help="Folder of the official series (series.csv).")
]


Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="A model; repeatable. Default: flat-prior benchmark and ladder."),
]


Draws = Annotated[int, typer.Option(min=99, help="Draws of the wild bootstrap.")]


Cluster = Annotated[
    str | None,
    typer.Option(
        help="Address of a Dask scheduler, tcp://host:port; default: processes of this machine. "
        "See analysis/shared/parallel.py."
    ),
]


Seed = Annotated[int, typer.Option(help="Seed of the sampler; the same seed, the same draws.")]


Engine = Literal["auto", "collapsed", "nuts"]


Column = Annotated[
    str | None, typer.Argument(help="A published column. Default: the first of the headline.")
]


NamedPanel = Annotated[
    str | None,
    typer.Option("--panel", help=f"A named panel or a file. Default: {PANELS[0].name}."),
]


def first_panel() -> list[str]:
    """Return the panel that is taken where none is named: the study's own, or the first."""
    return [] if current().panel is not None else [PANELS[0].name]


NamedModel = Annotated[
    str | None, typer.Option("--model", help="Default: the column's main model.")
]


def print_frame(frame: "pd.DataFrame", title: str, view: str) -> None:
    """Show a table in the format of `--format`, by its `view` in `VIEWS`."""
    terminal.show(frame, title, VIEWS.get(view, terminal.PLAIN))


def taken(outputs: Outputs, panels: Iterable[Panel] = ()) -> provenance.Digests:
    """Hash the inputs of products, before a command reads them."""
    return provenance.snapshot(outputs, {panel.name: panel.sha256 for panel in panels})


def write_tables(
    tables: Mapping[str, "pd.DataFrame"],
    outputs: Outputs,
    digests: provenance.Digests,
    asked: Sequence[str] = (),
    about: str = "",
) -> None:
    """Write the parts of products that were made, and draw the pictures of their commands; say so.

    Parameters
    ----------
    tables : mapping
        By the name of the product.
    outputs : Outputs
    digests : dict
        From `taken`, before anything was read.
    asked, about
        As `analysis.shared.provenance.store` takes them.
    """
    listed = [products.find(name) for name in tables]
    for product in listed:
        table = tables[product.name]
        rows = provenance.store(product, table, outputs, digests, asked, about)
        count = "" if rows == len(table) else f", {len(table)} of them made now"
        console.print(f"written: {outputs.shown(outputs.root / product.file)} ({rows} rows{count})")
    sign(tables, outputs)
    for command in dict.fromkeys(product.command for product in listed):
        if any(product.pictures for product in products.of_command(command)):
            from analysis.reporting import gallery

            say_written(gallery.pictures_of(command, outputs), outputs)


def sign(names: Iterable[str], outputs: Outputs) -> None:
    """Keep this run beside what it made of the products that are committed."""
    stored = [product for product in map(products.find, names) if product.long]
    if stored:
        from analysis.posterior.sample import git_commit

        run = this_run(git_commit())
        for product in stored:
            provenance.sign(product, outputs, run)


def say_following(
    command: str,
    columns: Sequence[str] | None = (),
    panel: Sequence[str] | None = (),
    model: Sequence[str] | None = (),
    out: Path = ROOT,
) -> None:
    """Say which command follows, of the same columns, panels, models and folder.

    A long job that draws no tables names its own next command.
    """
    if not terminal.is_drawn():
        return
    options = [word for name in panel or () for word in ("--panel", name)]
    options += [word for name in model or () for word in ("--model", name)]
    options += [] if current().path or out == ROOT else ["--out", str(out)]
    terminal.say_next(command, *(columns or ()), *options)


def say_written(paths: Iterable[Path], outputs: Outputs) -> None:
    """Name the files that were written."""
    for path in paths:
        console.print(f"written: {outputs.shown(path)}")


def load_panels(
    names: Sequence[str] | None, records: Sequence[Specification], models: Sequence[str] = ()
) -> list[Panel]:
    """Load panels with what records and models read, and print their notices.

    A study has its own, whatever is read.

    Raises
    ------
    UserError
        If a panel cannot be loaded, two share a name, or a study is given another panel.
    """
    study = current()
    if study.panel is not None:
        if names and set(names) != {study.panel.name}:
            raise UserError(
                f"The study {study.title!r} has its own data: leave --panel out, or name other "
                "data in study.toml."
            )
        say_notices([study.panel])
        return [study.panel]
    read = [record.variables for record in records]
    if models:
        from models.bayesian.registry import find

        read += [find(name).reads(record) for name in models for record in records]
    variables = tuple(dict.fromkeys(name for loaded in read for name in loaded))
    full_names = [loaded for name in names or named_panels() for loaded in expanded(name)]
    panels = [load_panel(name, variables) for name in dict.fromkeys(full_names)]
    twice = {p.name for p in panels if sum(p.name == panel.name for panel in panels) > 1}
    if twice:
        raise UserError(
            f"Two panels would share the name {twice.pop()!r}: rename one of the files."
        )
    say_notices(panels)
    return panels


def say_notices(panels: Iterable[Panel]) -> None:
    """Print the notices of panels."""
    for notice in (notice for loaded in panels for notice in loaded.notices):
        console.print(f"Notice: {notice}", markup=False, highlight=False, soft_wrap=True)
