"""The terminal: every table goes through `show`, and every command has `--format` and `--quiet`.

As `table`, tables and words go to standard output. In the other formats standard output holds
tables alone, and words go to standard error, so that a pipe reads nothing else.
"""

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any, Literal

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Format = Literal["table", "csv", "json", "latex"]

# A pipe has no width of its own, and 80 columns would cut numbers and stars off.
console = Console(width=None if sys.stdout.isatty() else 200)

_chosen: dict[str, Any] = {"format": "table", "drawn": True}

FormatOption = Annotated[
    Format, typer.Option("--format", help="How tables are printed.", rich_help_panel="Output")
]
QuietOption = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print errors alone.", rich_help_panel="Output"),
]


def choose(format: Format = "table", quiet: bool = False) -> None:
    """Set how this run prints."""
    _chosen["format"] = format
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


def table(*heads: str, title: str) -> Table:
    """Return an empty table for the terminal; what does not fit is folded, never cut off."""
    empty = Table(*heads, title=title)
    for column in empty.columns:
        column.overflow = "fold"
    return empty


def show(frame: pd.DataFrame, title: str) -> None:
    """Print a frame in the format that was chosen."""
    if not is_table():
        sys.stdout.write(FORMATS[_chosen["format"]](frame, title))
    elif is_drawn():
        drawn = table(*map(str, frame.columns), title=title)
        for row in frame.itertuples(index=False):
            drawn.add_row(*map(_shown, row))
        console.print(drawn)


def _shown(cell: object) -> Text:
    """Return a cell for the terminal; square brackets in a user's label are no markup."""
    return Text(_cell(cell))


def _cell(cell: object) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _csv(frame: pd.DataFrame, title: str) -> str:
    """Return CSV under a comment with the title; a blank line ends it."""
    return f"# {title}\n{frame.to_csv(index=False, float_format='%.12g', lineterminator='\n')}\n"


def _json(frame: pd.DataFrame, title: str) -> str:
    """Return one line: an object with `title` and `rows`."""
    rows = json.loads(frame.to_json(orient="records", force_ascii=False, double_precision=12))
    return json.dumps({"title": title, "rows": rows}, ensure_ascii=False) + "\n"


def _latex(frame: pd.DataFrame, title: str) -> str:
    """Return a LaTeX table by Great Tables."""
    from great_tables import GT

    text = frame.map(lambda cell: "" if pd.isna(cell) else _cell(cell))
    text.columns = list(map(str, text.columns))
    return GT(text).tab_header(title=title).as_latex() + "\n"


FORMATS: dict[str, Callable[[pd.DataFrame, str], str]] = {
    "csv": _csv,
    "json": _json,
    "latex": _latex,
}
"""Formats for programs; a new one is a line here and in `Format`."""


class App(typer.Typer):
    """A Typer whose commands all have `--format` and `--quiet`, but not when called from Python."""

    def command(self, *names: Any, **options: Any) -> Callable[[Callable], Callable]:
        """Register a command, as Typer does, and return it unchanged."""
        register = super().command(*names, **options)

        def decorate(function: Callable) -> Callable:
            register(_with_output_options(function))
            return function

        return decorate


def _with_output_options(function: Callable) -> Callable:
    @wraps(function)
    def run(*args: Any, format: Format = "table", quiet: bool = False, **given: Any) -> Any:
        choose(format, quiet)
        try:
            return function(*args, **given)
        finally:
            choose()

    signature = inspect.signature(function)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, default, kind in (
            ("format", "table", FormatOption),
            ("quiet", False, QuietOption),
        )
    ]
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *more])
    run.__annotations__ = {
        **function.__annotations__,
        **{parameter.name: parameter.annotation for parameter in more},
    }
    return run
