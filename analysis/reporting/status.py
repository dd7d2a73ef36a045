"""What exists, what is stale, and what to run next.

A trace is stale if it was not made from today's panel, model, priors and settings: by the hash
that `analysis.posterior.cache` gives it. The ledger holds the hashes of its tables. Any other
product is stale if something that it is made from was written after it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.posterior.engines import Settings
from analysis.posterior.sample import jobs, missing, path_of
from analysis.shared.outputs import MADE_BY, Outputs
from analysis.specifications import HEADLINE, select
from data.files import sha256
from data.panels.panel import Panel

COLUMNS = ("what", "made by", "state", "why")

MISSING, STALE, CURRENT = "missing", "stale", "current"


@dataclass(frozen=True)
class Product:
    """Something that a command makes.

    Attributes
    ----------
    name : str
        A file below results/, or "traces".
    needs : tuple of str
        Products that it is made from.
    needed : bool
        Whether the one page of results needs it.
    shows : tuple of str
        Products that are in it where they have been made.
    """

    name: str
    needs: tuple[str, ...] = ()
    needed: bool = True
    shows: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """What makes it."""
        return MADE_BY[Path(self.name).stem]


PRODUCTS = (
    Product("fingerprints.csv", needed=False),
    Product("replication.csv"),
    Product("traces"),
    Product("diagnostics.csv", ("traces",)),
    Product("comparison.csv", ("traces", "replication.csv")),
    Product("gmm_grid.csv"),
    Product("dynamic.csv", ("traces",)),
    Product("simulation.csv", needed=False),
    Product("checks.csv", ("traces",), needed=False),
    Product("sensitivity_influence.csv"),
    Product("influence.csv"),
    Product("power.csv"),
    Product("recovery.csv"),
    Product("calibration.csv", needed=False),
    Product("multiverse.csv"),
    Product("audit.csv"),
    Product("decomposition.csv"),
    Product("distance.csv", needed=False),
    Product("claims.json", ("replication.csv", "comparison.csv")),
    Product(
        "report.html",
        (
            *("replication.csv", "comparison.csv", "traces"),
            *("dynamic.csv", "decomposition.csv", "audit.csv"),
        ),
        shows=(
            *("gmm_grid.csv", "simulation.csv", "sensitivity_influence.csv", "influence.csv"),
            *("power.csv", "recovery.csv", "multiverse.csv", "distance.csv"),
        ),
    ),
)
"""In the order in which they are made; a new one is a record here."""


def status(outputs: Outputs, panels: Iterable[Panel]) -> pd.DataFrame:
    """Judge every product.

    Parameters
    ----------
    outputs : Outputs
    panels : iterable of Panel
        With the variables of the headline columns.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; `state` is "missing", "stale" or "current".
    """
    found: dict[str, tuple[str, str]] = {"traces": of_traces(outputs, panels)}
    rows = []
    for product in PRODUCTS:
        if product.name not in found:
            found[product.name] = _of_file(outputs, product, found)
        state, why = found[product.name]
        command = f"python -m analysis {product.command}"
        rows.append(dict(zip(COLUMNS, (product.name, command, state, why), strict=True)))
    return pd.DataFrame(rows, columns=COLUMNS)


def of_traces(outputs: Outputs, panels: Iterable[Panel]) -> tuple[str, str]:
    """Judge the traces of the headline columns by the hashes that they carry."""
    listed = jobs(list(panels), select(HEADLINE), ())
    waiting = missing(listed, Settings(), outputs.traces)
    absent = sum(not path_of(job, outputs.traces).is_file() for job in waiting)
    every = len(list(outputs.traces.glob("*/[!.]*.nc")))
    why = (
        f"{len(listed) - len(waiting)} of {len(listed)} of the headline columns are up to date, "
        f"{absent} are not there; {every} traces in all"
    )
    if not waiting:
        return CURRENT, why
    return (MISSING if absent == len(listed) else STALE), why


def _of_file(
    outputs: Outputs, product: Product, found: dict[str, tuple[str, str]]
) -> tuple[str, str]:
    path = outputs.results / product.name
    if not path.is_file():
        return MISSING, ""
    bad = [name for name in product.needs if found[name][0] != CURRENT]
    if bad:
        return STALE, f"made from {', '.join(bad)}, which is {found[bad[0]][0]}"
    if product.name in BY_CONTENT:
        changed = BY_CONTENT[product.name](path)
    else:
        written, reads = path.stat().st_mtime, dict.fromkeys((*product.needs, *product.shows))
        changed = [name for name in reads if _written(outputs, name) > written]
    return (STALE, f"changed since: {', '.join(changed)}") if changed else (CURRENT, "")


def _written(outputs: Outputs, name: str) -> float:
    """Return when a product was last written, 0 if it is not there."""
    traces = outputs.traces.glob("*/[!.]*.nc")
    paths = traces if name == "traces" else [outputs.results / name]
    return max((path.stat().st_mtime for path in paths if path.is_file()), default=0.0)


def _ledger(path: Path) -> list[str]:
    """Name the tables that are not those that the ledger was made from."""
    inputs = json.loads(path.read_text(encoding="utf-8"))["inputs"]
    return [
        name
        for name, digest in inputs.items()
        if (path.parent / name).is_file() and sha256((path.parent / name).read_bytes()) != digest
    ]


BY_CONTENT: dict[str, Callable[[Path], list[str]]] = {"claims.json": _ledger}
"""Products that say by hash what they were made from."""


def following(found: pd.DataFrame) -> str:
    """Return the command to run next: the first that the one page needs, empty if none does."""
    needed = {product.name for product in PRODUCTS if product.needed}
    waiting = found[(found["state"] != CURRENT) & found["what"].isin(needed)]
    return "" if waiting.empty else waiting["made by"].iloc[0]
