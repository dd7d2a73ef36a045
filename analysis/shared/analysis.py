"""The form of an analysis, for its command, pictures and section of the page.

A record (`Analysis`) is words alone, so that the command line starts at once. What is computed
(`Methods`) is imported when it is asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.shared.outputs import Outputs
from analysis.specifications import current, select, static
from data.shared.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from data.panels.panel import Panel
    from models.design import Specification

type Tables = dict[str, pd.DataFrame]
"""By the name of the product."""

type Frames = Callable[[str], pd.DataFrame | None]
"""From the name of a product to its table in results/; None if it has not been made."""


# --- what is shown ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Table:
    """A table for a reader.

    Attributes
    ----------
    title : str
    frame : DataFrame
    view : str
        Which columns matter most on a narrow terminal (`analysis.commands.views`); by default
        those of the analysis's first product.
    folded : bool
        Whether it opens on request, where it can.
    """

    title: str
    frame: "pd.DataFrame"
    view: str = ""
    folded: bool = False


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart of the page: `kind` is a function of `analysis.reporting.page.charts`."""

    kind: str
    frames: tuple["pd.DataFrame", ...]
    caption: str
    name: str = ""


@dataclass(frozen=True)
class Missing:
    """What has not been made, in words."""

    what: str


type Item = str | Table | Chart | Missing
"""What is shown: a string is a paragraph."""


@dataclass(frozen=True)
class Picture:
    """Figures of one table.

    Attributes
    ----------
    table : str
        The product.
    frames : callable
        From its rows to the name and rows of each figure.
    draw : callable
        From rows to the figure.
    suffix : str
        Of the file in results/ that is drawn: "csv", or another that `read` reads.
    read : callable, optional
        From the file's path to the rows; a CSV's are those of the paper's panels.
    caption : str
        What is shown, of how many rows, with which interval.
    """

    table: str
    frames: "Callable[[pd.DataFrame], Iterator[tuple[str, pd.DataFrame]]]"
    draw: "Callable[[pd.DataFrame], Figure]"
    suffix: str = "csv"
    read: "Callable[[Path], pd.DataFrame] | None" = None
    caption: str = ""


# --- what is asked for, and what comes of it ----------------------------------------------------


@dataclass(frozen=True)
class Option:
    """An option of an analysis's own on the command line.

    Attributes
    ----------
    name : str
        Its key in `Request.options`.
    kind : type
        Of its value: `int`, `float`, `str`, `bool` for a flag, `Path`, or `list[str]` if it may
        be repeated.
    help : str
    default : object
    least : float, optional
        The smallest number that is taken.
    flag : str
        What it is called on the command line; by default "--" and its name.
    """

    name: str
    kind: Any
    help: str
    default: object = None
    least: float | None = None
    flag: str = ""


class Chosen(NamedTuple):
    """What an analysis is of.

    Attributes
    ----------
    records : sequence of Specification
        The published columns.
    panels : sequence of str, optional
        Names; empty stands for all named ones, None for an analysis that loads none itself.
    models : sequence of str
        Whose variables the panels must have besides those of the columns.
    """

    records: Sequence["Specification"] = ()
    panels: Sequence[str] | None = None
    models: Sequence[str] = ()


def _no_progress(parts: Iterable, total: int, label: str, stays: bool = False) -> Iterable:
    return parts


@dataclass(frozen=True)
class Request:
    """A user's request to an analysis.

    Attributes
    ----------
    options : mapping of str to object
        By name, every option that the analysis takes.
    outputs : Outputs
        Where its tables, and those of others, lie.
    there : mapping of str to str
        Hashes of what products are made from (`analysis.shared.provenance.snapshot`).
    panels : tuple of Panel
    records : tuple of Specification
    track : callable
        From parts, their number, a word (and whether it stays when all are done) to the same
        parts; shows progress.
    waiting : callable, optional
        From a sentence to a context in which it is shown; the context gives a function that shows
        another sentence.
    tell : callable
        Says a sentence at once.
    """

    options: Mapping[str, Any]
    outputs: Outputs
    there: Mapping[str, str]
    panels: tuple["Panel", ...] = ()
    records: tuple["Specification", ...] = ()
    track: Callable[..., Iterable] = _no_progress
    waiting: Callable[[str], AbstractContextManager[Callable[[str], object]]] | None = None
    tell: Callable[[str], object] = lambda sentence: None


@dataclass(frozen=True)
class Result:
    """What came of a run.

    Attributes
    ----------
    tables : dict of str to DataFrame
        The rows that were made of each product; a command puts them in place of the same parts.
    shown : sequence of Item, optional
        On the terminal; by default the record's summary and words.
    files : iterable of Path
        Written by the run itself.
    drawn : iterable of Path
        The same, on request, after the tables.
    parts : sequence of str
        Parts that were made, too, though they have no rows.
    about : str
        What a product without keys is about, such as a column on a panel.
    failure : str, optional
        Why the command ends with code 1: a sentence, or nothing if what is shown says it.
    """

    tables: Tables
    shown: "Sequence[Item] | None" = None
    files: Iterable[Path] = ()
    drawn: Iterable[Path] = ()
    parts: Sequence[str] = ()
    about: str = ""
    failure: str | None = None


# --- the record ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Methods:
    """What an analysis computes.

    Attributes
    ----------
    run : callable
        From a request to what came of it.
    summary : callable, optional
        From the first table to rows for a reader.
    words : callable, optional
        From the first table to a sentence on it.
    pictures : tuple of Picture
    page : callable, optional
        From the tables that there are to what its section of the page shows; by default words and
        summary, the headline's rows first.
    """

    run: Callable[[Request], Result]
    summary: "Callable[[pd.DataFrame], pd.DataFrame] | None" = None
    words: "Callable[[pd.DataFrame], str] | None" = None
    pictures: tuple[Picture, ...] = ()
    page: "Callable[[Frames], Iterator[Item]] | None" = None


def of_static(columns: Sequence[str], panels: Sequence[str] = ()) -> Callable[..., Chosen]:
    """Return what chooses static columns where a user names none.

    Of the paper those given, on panels of it; of a study all columns of two-way effects.

    Raises
    ------
    UserError
        If a study has none.
    """

    def choose(options: Mapping[str, Any]) -> Chosen:
        if current().path is None:
            return Chosen(select(options["columns"] or columns), options["panel"] or panels)
        named = options["columns"] or [record.column for record in static()]
        if not named:
            raise UserError(
                "This is of columns of two-way effects, and the study has none: add one, such as "
                "'y ~ x | unit + time'."
            )
        return Chosen(select(named), options["panel"] or ())

    return choose


@dataclass(frozen=True)
class Analysis:
    """One analysis; their list is `analysis.analyses.ANALYSES`.

    Attributes
    ----------
    name, command : str
        The command may be two words, of which the first is a group's.
    tables : tuple of str
        The products that it makes (`analysis.shared.products`); the first is shown.
    help : str
        The help of its command; the first line is the one in lists.
    sentence : str
        The title of its summary.
    methods : callable
        Imports and returns what it computes.
    options : tuple of str or Option
        In their order: common ones by name ("columns", "panel", "seed", … as
        `analysis.commands.analyses.COMMON` has them), and its own.
    defaults : dict of str to object
        Of common options, where they are not the usual ones.
    columns, panels : tuple of str
        What it is of where a user names none; all if empty. Of a study, its headline.
    choose : callable, optional
        From the options to what it is of; by default from "columns" and "panel".
    section : str
        Of the page; empty if it is not shown there.
    studies : bool
        Whether it can be run on any study.
    """

    name: str
    command: str
    tables: tuple[str, ...]
    help: str
    sentence: str
    methods: Callable[[], Methods]
    options: tuple[str | Option, ...] = ("columns", "panel")
    defaults: Mapping[str, object] | None = None
    columns: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    choose: Callable[[Mapping[str, Any]], Chosen] | None = None
    section: str = ""
    studies: bool = False

    def of(self, options: Mapping[str, Any]) -> Chosen:
        """Return what it is of, by its options.

        Raises
        ------
        UserError
            If there is no such column, or options exclude each other.
        """
        if self.choose:
            return self.choose(options)
        if current().path is not None:
            return Chosen(select(options["columns"] or current().headline), options["panel"] or ())
        records = select(options["columns"] or self.columns)
        return Chosen(records, options["panel"] or self.panels)
