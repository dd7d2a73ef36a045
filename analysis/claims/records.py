"""Record of a claim, and the panels on which claims are judged."""

from dataclasses import dataclass

from data.panels.catalogue import PANELS

EVIDENCE = tuple(kind.name for kind in PANELS if kind.evidence)
"""Panels that count."""

IMPLIED = tuple(kind.name for kind in PANELS if not kind.evidence)
"""Panels made to meet the printed numbers, which are shown and do not count."""

VINTAGES = ("official-census4", "official-as_published")
"""Panels of one vintage throughout: those of the second edition's mixture, with equal weights."""


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes
    ----------
    id, text, zh, place : str
        What is claimed, in the paper's words, and where.
    column, term : str
        The printed cell that it rests on; empty if there is none.
    kind : str
        "sign": the slope has the printed sign. "size": the slope is the printed one. "no turn":
        the slope does not change its sign within the data. "untested": nothing is printed.
    """

    id: str
    text: str
    zh: str
    place: str
    column: str = ""
    term: str = "indus"
    kind: str = "sign"
