"""Reconstruction of a panel: set-up, search, rounding and files."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.replication import system_gmm
from analysis.shared import plotting
from analysis.shared.products import below
from analysis.specifications import SPECIFICATIONS
from analysis.ye2024.reconstruction import report
from analysis.ye2024.reconstruction.keys import Key
from analysis.ye2024.reconstruction.nearest import (
    MET,
    Iterate,
    Optimality,
    Point,
    Program,
    Unmet,
    Unsolved,
    conflict,
    optimality,
    search,
)
from analysis.ye2024.reconstruction.problem import Contradiction, Problem, named, problem
from analysis.ye2024.reconstruction.quantities import Quantities, quantities
from analysis.ye2024.reconstruction.targets import contradictions, printed, targets
from data.panels.catalogue import FOLDER
from data.panels.panel import load_panel
from data.shared.files import replacing, sha256, write_csv
from data.ye2024.definitions import COLUMNS, DESCRIBED, SUMS
from data.ye2024.recollect import rounded
from data.ye2024.selection import write_panel
from models.design import Specification, design
from models.frequentist import twfe

SERIES = tuple(name for name in COLUMNS if name not in SUMS)
"""The free series: everything but sums."""

START = "official"
"""The panel that the implied one is nearest to."""

NAME = "implied"
LABEL = (
    "the nearest panel found to the official one on which the printed numbers come out; it "
    "shows what they imply and is no evidence"
)

APPROACHES = 40
"""Steps towards the start that a reconstruction takes by default."""


@dataclass(frozen=True)
class Settings:
    """Settings of a reconstruction.

    Attributes
    ----------
    declared : "p" or "z"
        Which of two printed numbers that contradict each other is met.
    without : tuple of str
        Variables whose row in Table 2 is not asked for.
    seed : int
    spread : float
        Each series' cells are first moved off the start at random, by a normal of which this is
        the standard deviation in units of the root mean square by which `implied` moves
        the series; 0 begins at the start itself.
    approaches : int
        Steps towards the start after all numbers are met.
    """

    declared: str = "p"
    without: tuple[str, ...] = ()
    seed: int = 1
    spread: float = 0.0
    approaches: int = APPROACHES

    def digest(self, start_sha256: str) -> str:
        """Return a name for these settings, on this start and by this code."""
        made_from = [json.dumps([vars(self), start_sha256], sort_keys=True).encode()]
        made_from += [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
        if self.spread:  # in units of how far the named panel lies from the start
            made_from.append((FOLDER / f"{NAME}.csv").read_bytes())
        return sha256(b"".join(made_from))[:12]

    def checkpoint(self, folder: Path, start_sha256: str) -> Path:
        """Return where the search is kept, from which an interrupted one goes on."""
        return folder / f"{self.digest(start_sha256)}.npz"


@dataclass(frozen=True)
class Outcome:
    """A reconstruction.

    Attributes
    ----------
    settings : Settings
    start_sha256 : str
        Of the panel that distance is measured from.
    exact_but : tuple of Key
        Printed cells that are not met.
    problem : Problem
    at : Iterate
    point : Point
    optimal : Optimality
    table : DataFrame
        The panel.
    """

    settings: Settings
    start_sha256: str
    exact_but: tuple[Key, ...]
    problem: Problem
    at: Iterate
    point: Point
    optimal: Optimality
    table: pd.DataFrame

    @property
    def distance(self) -> float:
        """Root mean square move over all cells of the free series, in standard deviations."""
        return float(np.sqrt(np.mean(self.at.z**2)))


# The matrices are small, and the digits must not depend on the number of threads.
@threadpool_limits.wrap(limits=1, user_api="blas")
def reconstruct(settings: Settings, folder: Path, tell: Callable[[str], object]) -> Outcome:
    """Find the nearest panel to `START` that meets every printed number.

    Parameters
    ----------
    settings : Settings
    folder : Path
        Where the checkpoint lies from which an interrupted run goes on.
    tell : function
        Called with a sentence on the progress of the search.

    Raises
    ------
    Contradiction
        If no panel meets the numbers.
    """
    start = load_panel(START, COLUMNS)
    problem = setup(start.frame, compiled(start.frame), settings)
    checkpoint = settings.checkpoint(folder, start.sha256)
    try:
        for iterate, point in solve(problem, settings, checkpoint):
            tell(progress(problem, iterate, point))
    except Unmet as stuck:
        raise Contradiction(conflicting(problem, stuck)) from None
    except Unsolved:
        raise Contradiction(
            "the solver of quadratic programs failed on the way: begin elsewhere, with --seed and "
            "--spread."
        ) from None
    optimal = optimality(problem.program, iterate.z, point)
    refused = left_out(printed(), settings)
    return Outcome(
        settings, start.sha256, refused, problem, iterate, point, optimal, panel(problem, iterate.z)
    )


def conflicting(problem: Problem, stuck: Unmet) -> str:
    """Return a smallest set of infeasible numbers, or the missed ones, in a sentence."""
    rows = conflict(problem.program, stuck.at.z, stuck.point)
    names = problem.names(stuck.at.z)
    if rows:
        cells = "; ".join(named(names[row]) for row in rows)
        return f"no panel was found that meets these {len(rows)} together: {cells}."
    misses = stuck.point.misses
    worst = [int(row) for row in np.argsort(-misses)[:5] if misses[row] >= MET]
    cells = "; ".join(named(names[row]) for row in worst)
    return (
        f"no panel was found in {stuck.at.iteration} steps, though no numbers contradict each "
        f"other to first order; {(misses >= MET).sum()} are missed, most of all {cells}."
    )


def progress(problem: Problem, iterate: Iterate, point: Point) -> str:
    """Report the progress of the search."""
    misses = point.misses
    met = int((misses < MET).sum())
    worst = named(problem.names(iterate.z)[misses.argmax()])
    return (
        f"{iterate.phase} {iterate.iteration}: {met} of {len(misses)} intervals met, worst "
        f"{worst} by {misses.max():.2g} half-widths, distance "
        f"{np.sqrt(np.mean(iterate.z**2)):.4f} sd"
    )


def summary(outcome: Outcome) -> str:
    """Report the panel's distance and first-order conditions."""
    return (
        f"Nearest found: {outcome.distance:.4f} standard deviations from {START} (root mean "
        f"square over all cells of the {len(outcome.problem.series)} free series), first-order "
        f"residual {outcome.optimal.residual:.2g}; {len(outcome.point.values)} intervals met."
    )


def write(outcome: Outcome, folder: Path, results: Path, figures: Path) -> list[Path]:
    """Write the panel with its sidecar, results/long/distance.csv and its figure.

    Only a reconstruction with the default settings is called `implied`.
    """
    digest = outcome.settings.digest(outcome.start_sha256)
    name = NAME if outcome.settings == Settings() else f"{NAME}-{digest}"
    start = json.loads((FOLDER / f"{START}.json").read_text(encoding="utf-8"))
    about = {
        "label": LABEL,
        "start": START,
        "start_sha256": outcome.start_sha256,
        "settings": asdict(outcome.settings),
        "exact_but": outcome.exact_but,
        "distance_rms_sd": round(outcome.distance, 6),
        "first_order_residual": round(outcome.optimal.residual, 6),
        "choices": start["choices"],
        "cells": start["cells"],
    }
    paths = [write_panel(outcome.table, name, about, folder)]
    table = report.distance(outcome.problem, outcome.at.z, outcome.point, outcome.optimal, name)
    path = below(results, "distance")
    write_csv(table, path)
    paths.append(path)
    paths += plotting.save(report.draw, table, figures / "reconstruction_distance")
    return paths


def left_out(numbers: pd.DataFrame, settings: Settings) -> tuple[Key, ...]:
    """Return the printed cells that are not asked for."""
    pairs = contradictions(numbers)
    refused = [pair.z if settings.declared == "p" else pair.p for pair in pairs]
    rows = [cell for cell in numbers.index if cell[0] == "2" and cell[1] in settings.without]
    return (*refused, *rows)


def compiled(start: pd.DataFrame) -> Quantities:
    """Return all printed quantities, as functions that share their compilations."""
    described = dict.fromkeys(term for column, term, _ in printed().index if column == "2")
    return quantities(start, SERIES, tuple(described), SPECIFICATIONS)


def setup(start: pd.DataFrame, computed: Quantities, settings: Settings) -> Problem:
    """Put together the reconstruction of the published tables.

    Parameters
    ----------
    start : DataFrame
        A balanced panel with every variable.
    computed : Quantities
    settings : Settings
    """
    numbers = printed()
    refused = left_out(numbers, settings)
    required = numbers.drop(index=list(refused))
    limits = {name: DESCRIBED[name].bounds for name in SERIES}
    constraints = targets(numbers, SPECIFICATIONS, degrees(start, SPECIFICATIONS), refused)
    return problem(start, computed, computed.keys, SERIES, constraints, required, limits)


def degrees(frame: pd.DataFrame, specifications: Sequence[Specification]) -> dict[str, int]:
    """Return the degrees of freedom of each column's tests: of t, or of Hansen's χ²."""
    df = {}
    for record in specifications:
        if record.estimator == "twfe":
            df[record.column] = twfe.fit(design(frame, record)).df
        else:
            df[record.column] = system_gmm.fit_column(frame, record).hansen.df
    return df


def first_point(problem: Problem, settings: Settings) -> NDArray[np.float64]:
    """Return the start of the search."""
    if not settings.spread:
        return np.zeros(len(problem.program.low))
    implied = load_panel(NAME, SERIES).frame[list(SERIES)].to_numpy().T
    moves = problem.point(implied).reshape(len(SERIES), -1)
    rms = np.sqrt(np.mean(moves**2, axis=1, keepdims=True))
    rng = np.random.default_rng(settings.seed)
    return (settings.spread * rms * rng.standard_normal(moves.shape)).ravel()


def solve(
    problem: Problem, settings: Settings, checkpoint: Path | None = None
) -> Iterator[tuple[Iterate, Point]]:
    """Search, from the checkpoint on if there is one; each iterate is saved before it is yielded.

    Raises
    ------
    Unmet
        If the intervals are not met within `nearest.MOST_MEETING` steps.
    """
    yield from follow(
        problem.program, lambda: first_point(problem, settings), settings.approaches, checkpoint
    )


def follow(
    program: Program,
    first: Callable[[], NDArray[np.float64]],
    approaches: int,
    checkpoint: Path | None = None,
) -> Iterator[tuple[Iterate, Point]]:
    """Search a program, from the checkpoint on if there is one, else from where `first` says."""
    start = restore(checkpoint) if checkpoint else None
    if start is None:
        start = Iterate.start(program, first())
    for iterate, point in search(program, start, approaches):
        if checkpoint:
            save(iterate, checkpoint)
        yield iterate, point


def save(iterate: Iterate, path: Path) -> None:
    """Write an iterate, whole or not at all."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **iterate._asdict())


def restore(path: Path) -> Iterate | None:
    """Read an iterate; None if there is none that can be read."""
    try:
        with np.load(path) as stored:
            fields = {name: stored[name] for name in Iterate._fields}
    except (OSError, BadZipFile, KeyError, ValueError):
        return None
    scalars = {name: value.item() for name, value in fields.items() if value.ndim == 0}
    return Iterate(**fields | scalars)


def panel(problem: Problem, z: NDArray[np.float64]) -> pd.DataFrame:
    """Return the panel at a point, rounded as panels are, with its sums."""
    values = dict(zip(problem.series, problem.cells(z), strict=True))
    for name in problem.series:
        values[name] = rounded(name, values[name])
    for total, parts in SUMS.items():
        values[total] = rounded(parts[0], sum(values[part] for part in parts))
    table = problem.start[["province", "year", "region"]].copy()
    return table.assign(**{name: values[name] for name in COLUMNS})
