"""The terminal: every table goes through `show`; all commands have `--format, --quiet, --wide`.

As `table`, tables and words go to standard output. On a terminal a table is as wide as that, with
the columns that matter most; `--wide` shows all, in parts. Into a pipe or a file goes all of it, a
line a row, unless COLUMNS says how wide the reader's terminal is. In the other formats standard
output holds tables alone, and words go to standard error, so that a pipe reads nothing else.
"""

import inspect
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.shared import layout
from analysis.shared.layout import View
from analysis.shared.outputs import ROOT
from analysis.specifications import Study, current, studying, worded
from data.shared.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["table", "csv", "json", "latex"]

UNBOUNDED = 100_000
"""Characters of a line where nobody has said how wide the terminal is."""


def _console() -> Console:
    """Return a console as wide as the terminal or as COLUMNS says; a pipe has no width itself."""
    width_is_known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(width=None if width_is_known else UNBOUNDED)


console = _console()

PLAIN = View()
"""Columns matter in their order, from the first on."""

_chosen: dict[str, Any] = {"format": "table", "drawn": True, "wide": False}

FormatOption = Annotated[
    Format, typer.Option("--format", help="How tables are printed.", rich_help_panel="Output")
]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print errors alone.", rich_help_panel="Output"),
]
WideOption = Annotated[
    bool,
    typer.Option(
        "--wide", help="Show all columns of tables, below each other.", rich_help_panel="Output"
    ),
]


def choose(format: Format = "table", quiet: bool = False, wide: bool = False) -> None:
    """Set how this run prints."""
    _chosen.update(format=format, wide=wide)
    console.stderr = format != "table"
    console.quiet = quiet


def is_table() -> bool:
    """Whether tables are drawn for a reader, not written for a program."""
    return _chosen["format"] == "table"


def is_drawn() -> bool:
    """Whether tables are drawn now: for a reader, and not left out of a long job."""
    return is_table() and _chosen["drawn"]


@contextmanager
def no_tables_drawn() -> Iterator[None]:
    """Leave out tables for a reader, whom a long job's words serve better; programs get theirs."""
    _chosen["drawn"] = False
    try:
        yield
    finally:
        _chosen["drawn"] = True


def show(frame: "pd.DataFrame", title: str, view: View = PLAIN) -> None:
    """Print a frame in the format that was chosen."""
    if not is_table():
        sys.stdout.write(FORMATS[_chosen["format"]](frame, title))
    elif is_drawn():
        draw(frame, title, view, _chosen["wide"])


def draw(frame: "pd.DataFrame", title: str, view: View = PLAIN, wide: bool = False) -> None:
    """Print a frame for a reader, as far as the terminal has room for it.

    Parameters
    ----------
    frame : DataFrame
        Cells may be Text, with its colours.
    title : str
    view : View
        Which columns matter most.
    wide : bool
        Whether all columns are shown, in several parts if need be.
    """
    fitted = layout.fit(frame, view, console.width, wide)
    say(f"\n{title}", "bold")
    if fitted.same:
        say("In all rows: " + ", ".join(f"{layout.head(n)} {v}" for n, v in fitted.same.items()))
    for at, (part, widths) in enumerate(zip(fitted.parts, fitted.widths, strict=True)):
        console.print(*[""] * bool(at), _drawn(part, widths), sep="\n")
    if fitted.left_out:
        names = ", ".join(map(layout.head, fitted.left_out))
        say(f"No room at {console.width} characters: {names}. All columns: --wide.", "dim")


def say(text: str, style: str = "") -> None:
    """Print words as they are: square brackets in a user's label are no markup."""
    console.print(worded(text), style=style, markup=False, highlight=False)


def say_next(*words: str, then: str = "") -> None:
    """Say which command follows, of the study that is run, as a user would type it."""
    study = ["--study", str(path)] if (path := current().path) else []
    say(f"Next: {shlex.join(['python', '-m', 'analysis', *words, *study])}{then}")


def _drawn(part: "pd.DataFrame", widths: list[int]) -> Table:
    """Return a table whose columns have given widths, two blanks apart."""
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name, width in zip(part, widths, strict=True):
        numbers = all(layout.is_number(cell) for cell in part[name] if cell.plain)
        justify = "right" if numbers else "left"
        # Only a word that is longer than a line is folded.
        drawn.add_column(
            worded(layout.head(name)), width=width, overflow="fold", justify=justify, vertical="top"
        )
    for row in part.itertuples(index=False):
        drawn.add_row(*map(_in_its_words, row))
    return drawn


def _in_its_words(cell: Text) -> Text:
    """Return a cell of a study in its words; of the paper, as it is."""
    words = worded(cell.plain)
    return cell if words == cell.plain else Text(words, cell.style)


def _csv(frame: "pd.DataFrame", title: str) -> str:
    """Return CSV under a comment with the title; a blank line ends it."""
    return f"# {title}\n{frame.to_csv(index=False, float_format='%.12g', lineterminator='\n')}\n"


def _json(frame: "pd.DataFrame", title: str) -> str:
    """Return one line: an object with `title` and `rows`."""
    rows = json.loads(frame.to_json(orient="records", force_ascii=False, double_precision=12))
    return json.dumps({"title": title, "rows": rows}, ensure_ascii=False) + "\n"


def _latex(frame: "pd.DataFrame", title: str) -> str:
    """Return a long table in LaTeX; its first line names the packages that it needs."""
    from analysis.shared.typeset.latex import latex
    from analysis.shared.typeset.sheet import of_frame

    return latex(of_frame(frame, title)) + "\n"


FORMATS: dict[str, Callable[["pd.DataFrame", str], str]] = {
    "csv": _csv,
    "json": _json,
    "latex": _latex,
}
"""Formats for programs; a new one is a line here and in `Format`."""


StudyOption = Annotated[
    Path | None,
    typer.Option(
        "--study",
        help="A study.toml or its folder: its columns and data, results beside it. Default: that "
        "of this folder, else the paper.",
        rich_help_panel="Study",
    ),
]

STUDY = Path("study.toml")
"""Of the folder that a command is run in."""


class App(typer.Typer):
    """A Typer whose commands have the options of output, but not when called from Python."""

    def command(
        self, *names: Any, studies: bool = False, **options: Any
    ) -> Callable[[Callable], Callable]:
        """Register a command, as Typer does, and return it unchanged.

        Parameters
        ----------
        *names, **options
            As Typer takes them.
        studies : bool
            Whether it can be run on any study: it then has the option `--study`.
        """
        register = super().command(*names, **options)

        def decorate(function: Callable) -> Callable:
            wrapped = _with_output_options(function)
            register(_with_study_option(wrapped) if studies else wrapped)
            return function

        return decorate


def _with_study_option(function: Callable) -> Callable:
    @wraps(function)
    def run(*args: Any, study: Path | None = None, **options: Any) -> Any:
        path = study or (STUDY if STUDY.is_file() else None)
        if path is None:
            return function(*args, **options)
        path = path / STUDY if path.is_dir() else path
        if options.get("out") == ROOT:
            options["out"] = path.resolve().parent
        with studying(Study.load(path)):
            try:
                return function(*args, **options)
            except UserError as error:
                raise UserError(worded(str(error))) from error

    return _with_options(run, function, [("study", None, StudyOption)])


def _with_output_options(function: Callable) -> Callable:
    @wraps(function)
    def run(
        *args: Any,
        format: Format = "table",
        quiet: bool = False,
        wide: bool = False,
        **options: Any,
    ) -> Any:
        choose(format, quiet, wide)
        try:
            return function(*args, **options)
        finally:
            choose()

    more = [
        ("format", "table", FormatOption),
        ("quiet", False, QuietOption),
        ("wide", False, WideOption),
    ]
    return _with_options(run, function, more)


def _with_options(run: Callable, function: Callable, more: list[tuple[str, Any, Any]]) -> Callable:
    """Give a wrapper the function's signature and further options: name, default and kind."""
    signature, keyword = inspect.signature(function), inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter(name, keyword, default=default, annotation=kind)
        for name, default, kind in more
    ]
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *options])
    run.__annotations__ = {
        **function.__annotations__,
        **{option.name: option.annotation for option in options},
    }
    return run
