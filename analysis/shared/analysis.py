"""The form of an analysis, for its command, picture, status and section of the page."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from data.panels.panel import Panel
from models.design import Specification

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Tables = dict[str, pd.DataFrame]
"""By the name of the product."""


@dataclass(frozen=True)
class Request:
    """A user's request to an analysis.

    Attributes
    ----------
    panels, records : tuple
        The panels and published columns.
    seed : int
    data_sets : int
        Simulated ones of a column; 0 of an analysis that simulates none.
    cluster : str, optional
        Address of a Dask scheduler.
    results : Path
        Where the tables of other analyses lie.
    """

    panels: tuple[Panel, ...]
    records: tuple[Specification, ...]
    seed: int
    data_sets: int
    cluster: str | None
    results: Path


@dataclass(frozen=True)
class Picture:
    """A figure of one table.

    Attributes
    ----------
    table : str
        The product.
    frames : callable
        From its rows to the name and rows of each picture.
    draw : callable
        From rows to the figure.
    """

    table: str
    frames: Callable[[pd.DataFrame], Iterator[tuple[str, pd.DataFrame]]]
    draw: Callable[[pd.DataFrame], "Figure"]


def joined(parts: Iterable[Tables]) -> Tables:
    """Put the parts of each table one below the other."""
    listed = list(parts)
    return {
        name: pd.concat([part[name] for part in listed], ignore_index=True) for name in listed[0]
    }


@dataclass(frozen=True)
class Analysis:
    """One analysis of published columns on panels; its list is `analysis.analyses.ANALYSES`.

    Attributes
    ----------
    name, command : str
    tables : tuple of str
        The products that it makes (`analysis.shared.products`); the first is shown.
    help : str
        The help of its command; the first line is the one in lists.
    sentence : str
        The title of its summary.
    run : callable
        From a request to its parts, each the rows of every table, as they are done.
    summary : callable
        From the first table to rows for a reader.
    steps : callable
        From a request to the number of parts.
    whole : callable
        From all parts to the tables.
    words : callable, optional
        From the first table to a sentence on it.
    picture : Picture, optional
    section : str
        Of the page; empty if it is not shown there.
    options : tuple of str
        Of "seed", "data_sets" and "cluster", those that it takes.
    columns, panels : tuple of str
        By default; all where none is named.
    data_sets : int
        By default.
    """

    name: str
    command: str
    tables: tuple[str, ...]
    help: str
    sentence: str
    run: Callable[[Request], Iterator[Tables]]
    summary: Callable[[pd.DataFrame], pd.DataFrame]
    steps: Callable[[Request], int] = lambda asked: len(asked.panels) * len(asked.records)
    whole: Callable[[Iterable[Tables]], Tables] = joined
    words: Callable[[pd.DataFrame], str] | None = None
    picture: Picture | None = None
    section: str = ""
    options: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    panels: tuple[str, ...] = ()
    data_sets: int = 0
