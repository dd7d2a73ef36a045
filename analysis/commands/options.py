"""Shared parts of commands: the application, options, loading of panels, tables."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from analysis.commands.views import VIEWS
from analysis.shared import products, provenance, terminal
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.parts import PART
from analysis.shared.runs import this_run
from analysis.shared.terminal import App, console
from analysis.specifications import SPECIFICATIONS, current
from data.panels.catalogue import OWN, PANELS, expanded, named_panels
from data.panels.panel import Panel, load_panel
from data.panels.spelling import listed
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
    made = [products.find(name) for name in tables]
    with one_at_a_time(outputs.results):
        for product in made:
            table = tables[product.name]
            rows = provenance.store(product, table, outputs, digests, asked, about)
            count = "" if rows == len(table) else f", {len(table)} of them made now"
            file = outputs.shown(outputs.root / product.file)
            console.print(f"written: {file} ({rows} rows{count})")
        sign(tables, outputs)
    for command in dict.fromkeys(product.command for product in made):
        if any(product.pictures for product in products.of_command(command)):
            from analysis.reporting import gallery

            say_written(gallery.pictures_of(command, outputs), outputs)


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let other commands that write into a folder wait until the block ends.

    A table is read, a part of it replaced, and all of it written: of two commands that do so at
    once, the later would drop what the earlier made. The lock is the folder's own, so that nothing
    is left behind. Where there are no such locks (Windows, some network disks) no one waits.
    """
    try:
        import fcntl

        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # what cannot be written to says so when it is written
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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


def say_other_versions(name: str, panels: Iterable[Panel], outputs: Outputs) -> None:
    """Say which parts of a product are of another version of a user's own panel.

    Such a panel goes by the name of its file, and two folders may hold files of one name.
    """
    product = products.find(name)
    parts = provenance.known(product, outputs)
    for panel in panels:
        key = f"{products.PANELS}/{panel.name}"
        others = [
            part.removeprefix(f"{panel.name}{PART}")
            for part, inputs in parts.items()
            if panel.name.startswith(OWN)
            and part.startswith(f"{panel.name}{PART}")
            and inputs.get(key, panel.sha256) != panel.sha256
        ]
        if others:
            terminal.say(
                f"Notice: {outputs.shown(outputs.root / product.file)} has {listed(others)} of "
                f"another version of {panel.name}, or of another file of that name. What is made "
                "now replaces its own columns alone: rename the file to keep both, or make the "
                "others anew."
            )


def say_notices(panels: Iterable[Panel]) -> None:
    """Print the notices of panels; of users' own, also what varies by rounding alone."""
    for notice in (notice for loaded in panels for notice in _notices_of(loaded)):
        console.print(f"Notice: {notice}", markup=False, highlight=False, soft_wrap=True)


def _notices_of(panel: Panel) -> Iterator[str]:
    yield from panel.notices
    if panel.name.startswith(OWN) or panel is current().panel:
        from data.panels.rounding import of_rounding

        values = panel.frame.select_dtypes("number").columns.drop("year")
        yield from of_rounding(panel.frame, list(values), panel.name)
