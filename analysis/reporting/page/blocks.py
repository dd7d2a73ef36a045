"""Blocks of the page's sections, and the results that sections read."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from great_tables import GT

from analysis.claims import ledger
from analysis.reporting.page import charts
from analysis.reporting.page.traces import Trace
from analysis.shared.outputs import TEXT
from analysis.shared.products import below
from analysis.specifications import current
from analysis.ye2024.claims import CLAIMS
from data.shared.files import read_csv

Block = dict[str, object]


def text(words: str) -> Block:
    """Return a paragraph."""
    return {"kind": "text", "text": words}


def missing(what: str, command: str) -> Block:
    """Return a notice that something has not been made."""
    path = current().path
    study = f" --study {path.name}" if path else ""
    return {"kind": "missing", "what": what, "command": f"python -m analysis {command}{study}"}


HEADS = {"gate": "diagnostics", "fits": "predictive checks"}
"""What columns of results are called on the page."""


def table(frame: pd.DataFrame, caption: str, kind: str = "table", **more: object) -> Block:
    """Return a table of a frame, numbers with three significant digits at least.

    Great Tables' markup, which escapes all text, without the style that it brings along: the
    page has one of its own for screens, dark and light, and for paper.
    """
    heads = [HEADS.get(str(name), str(name).replace("_", " ")) for name in frame]
    numeric = [
        head
        for head, name in zip(heads, frame, strict=True)
        if pd.api.types.is_numeric_dtype(frame[name])
    ]
    cells = pd.DataFrame(
        [[shown(cell) for cell in row] for row in frame.itertuples(index=False)], columns=heads
    )
    drawn = GT(cells, rowname_col=heads[0], id=f"t-{_slug(caption)}").tab_header(caption)
    page = drawn.tab_stubhead(heads[0]).cols_align("right", numeric).as_raw_html()
    markup = page[page.index("<table") : page.index("</table>")] + "</table>"
    return {"kind": kind, "caption": caption, "markup": markup, "text": "", **more}


def _slug(words: str) -> str:
    return re.sub(r"\W+", "-", words.lower()).strip("-")


def folded(frame: pd.DataFrame, summary: str) -> Block:
    """Return a table that opens on request."""
    return table(frame, summary, "folded", summary=summary)


def shown(cell: object) -> str:
    """Return a cell as text: empty if missing, three decimals or three significant digits."""
    if isinstance(cell, (float, np.floating)):
        if np.isnan(cell):
            return ""
        if float(cell).is_integer() and abs(cell) < 1e7:
            return f"{cell:.0f}"
        return f"{cell:.3f}" if abs(cell) >= 0.01 else f"{cell:.3g}"
    return "" if cell is None or cell is pd.NA else str(cell)


@dataclass(frozen=True, eq=False)
class Results:
    """Results to report.

    Attributes
    ----------
    folder : Path
        Of the tables, results/.
    traces : list of Trace
    drawn : dict
        Charts by name, as Vega-Lite; sections add theirs.
    read : list of str
        Names of the tables that were read, in their order.
    """

    folder: Path
    traces: list[Trace]
    drawn: dict[str, dict] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    def frame(self, name: str) -> pd.DataFrame | None:
        """Return a table of results/, None if it has not been made."""
        path = below(self.folder, name)
        if not path.is_file():
            return None
        rows = read_csv(path, TEXT)
        self.read.append(name)
        return rows if len(rows) else None

    @cached_property
    def ledger(self) -> dict:
        """The ledger of claims, as `analysis.claims.ledger.document` makes it."""
        return ledger.document(CLAIMS, self.folder)

    def chart(self, name: str, chart: object, caption: str) -> Block:
        """Keep a chart for the page's script and return its place."""
        self.drawn[name] = charts.spec(chart)
        return {"kind": "chart", "name": name, "caption": caption}


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes
    ----------
    id, short, title, zh : str
        Anchor, name in the navigation, heading, and its Chinese term.
    answer : callable
        From the results to the sentence that it begins with; empty if it cannot be said yet.
    parts : dict
        By the name that products are shown under, what makes blocks from the results.
    paragraphs : int
        Shown before the charts, besides its answer; the others open on request.
    """

    id: str
    short: str
    title: str
    zh: str
    answer: Callable[[Results], str]
    parts: Mapping[str, Callable[[Results], Iterable[Block]]]
    paragraphs: int = 3
