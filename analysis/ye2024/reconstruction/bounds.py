"""Inner bounds on scalars that the printed numbers do not identify.

Each scalar of `analysis.ye2024.reconstruction.scalars` is minimised and maximised under the
constraints of the reconstruction, but for the distance: printed numbers, stars and physical limits.
These panels are not convex, so what is found from a few starts are inner bounds: the true ones are
no narrower.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.replication import replicate
from analysis.shared.timing import Pace
from analysis.specifications import SPECIFICATIONS
from analysis.ye2024.reconstruction import run
from analysis.ye2024.reconstruction.keys import Key
from analysis.ye2024.reconstruction.nearest import Program, Unmet, Unsolved, optimality
from analysis.ye2024.reconstruction.problem import Problem, named
from analysis.ye2024.reconstruction.quantities import Quantities
from analysis.ye2024.reconstruction.scalars import scalars
from data.panels.catalogue import ensemble_members
from data.panels.panel import Panel, load_panel
from data.ye2024.definitions import COLUMNS

ENDS = {"least": 1.0, "greatest": -1.0}
"""Sign of the gradient steps for each end."""

STARTS = 2
"""Panels at which each search starts: the implied one, then those of the ensemble."""

STEPS = 40
"""Steps down the gradient that a search takes."""

LENGTH = 25.0
"""Of the scaled gradient at a start: about as long as `implied` is away from its start."""

COLUMNS_OF_BOUNDS = (
    "scalar",
    "end",
    "implied",
    "ensemble",
    "found",
    "from",
    "other_starts",
    "residual",
    "distance",
    "cells_at_limits",
    "tightest",
    "exact",
)
"""The contract of results/long/bounds.csv."""

SHOWN = 3

FEWEST_DRAWS = 99
"""Of the wild bootstrap, whose P values are not among the printed numbers."""


@dataclass(frozen=True)
class Extreme:
    """End point of one search.

    Attributes
    ----------
    start : str
        The panel that it began at.
    value : float
        Of the scalar on the panel as it is written.
    distance : float
        Root mean square move from the official panel, in standard deviations.
    residual : float
        Of the first-order conditions.
    held : int
        Cells that the box holds.
    tightest : tuple of str
        Printed numbers that pull hardest.
    table : DataFrame
        The panel.
    """

    start: str
    value: float
    distance: float
    residual: float
    held: int
    tightest: tuple[str, ...]
    table: pd.DataFrame


@threadpool_limits.wrap(limits=1, user_api="blas")
def bounds(
    folder: Path,
    tell: Callable[[str], object],
    *,
    starts: int = STARTS,
    steps: int = STEPS,
    wanted: Sequence[Key] | None = None,
) -> pd.DataFrame:
    """Search for both inner bounds of every scalar.

    Parameters
    ----------
    folder : Path
        Where the checkpoints lie from which an interrupted run goes on.
    tell : function
        Called with a sentence on the progress of the search.
    starts, steps : int
    wanted : sequence of Key, optional
        Which scalars; all if left out.

    Returns
    -------
    DataFrame
        Columns `COLUMNS_OF_BOUNDS`, a row per scalar and end: the scalar on the implied
        panel, its own end over the ensemble, the end found and the start it was found from, what
        the other starts led to; the residual of the first-order conditions; the panel's
        distance; how many cells its physical and printed limits hold; the printed numbers that
        pull hardest; and whether the panel, as written, meets every number that it has to by the
        ordinary estimators.
    """
    start = load_panel(run.START, COLUMNS)
    problem = run.setup(start.frame, run.compiled(start.frame), run.Settings())
    open_scalars = scalars(start.frame, run.SERIES)
    names = (run.NAME, *ensemble_members())
    panels = {name: load_panel(name, run.SERIES) for name in names}
    on_panels = pd.DataFrame(
        [open_scalars(_cells(panel.frame))[0] for panel in panels.values()], names
    )
    refused = run.left_out(run.printed(), run.Settings())
    asked = [at for at in enumerate(open_scalars.keys) if wanted is None or at[1] in wanted]
    rows, pace = [], Pace(len(asked) * len(ENDS) * len(names[:starts]))
    for position, key in asked:
        for end, sign in ENDS.items():
            extremes = []
            for name in names[:starts]:
                panel = panels[name]
                digest = run.Settings(approaches=steps).digest(start.sha256 + panel.sha256)
                checkpoint = folder / f"bounds-{digest}-{position}-{end}.npz"
                label = f"Bounds, {pace.next()}. {end} {named(key)} from {name}"
                task = problem, open_scalars, position, sign
                reached = _search(
                    *(task, panel, steps, checkpoint),
                    lambda text, label=label: tell(f"{label}, {text}"),
                )
                extremes += [reached] if reached else []
            extremes.sort(key=lambda extreme: sign * extreme.value)
            if not extremes:
                raise run.Contradiction(f"no search for the {end} {named(key)} met the numbers.")
            rows.append(
                (
                    named(key),
                    end,
                    on_panels.loc[run.NAME, position],
                    sign * (sign * on_panels.drop(index=run.NAME)[position]).min(),
                    *_row(extremes, refused),
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS_OF_BOUNDS))


def scaled(
    problem: Problem, open_scalars: Quantities, position: int, sign: float, z: NDArray[np.float64]
) -> Program:
    """Return the program that minimises a scalar, or with sign −1 its negative.

    Its gradient is in units in which it is `LENGTH` long at z.
    """

    def gradient(at: NDArray[np.float64]) -> NDArray[np.float64]:
        _, jacobian = open_scalars(problem.cells(at))
        return sign * (jacobian[position] * problem.unit).ravel()

    unit = LENGTH / np.linalg.norm(gradient(z))
    return replace(problem.program, gradient=lambda at: unit * gradient(at))


def _search(
    task: tuple[Problem, Quantities, int, float],
    start: Panel,
    steps: int,
    checkpoint: Path,
    tell: Callable[[str], object],
) -> Extreme | None:
    """Look for one end from one start; None if the intervals are not met again."""
    problem, open_scalars, *_ = task
    z = problem.program.clip(problem.point(_cells(start.frame)))
    program = scaled(*task, z)
    try:
        for iterate, point in run.follow(program, lambda: z, steps, checkpoint):
            tell(run.progress(problem, iterate, point))
    except (Unmet, Unsolved):
        return None
    table = run.panel(problem, iterate.z)
    value = float(open_scalars(_cells(table))[0][task[2]])
    optimal = optimality(program, iterate.z, point)
    pull = np.abs(optimal.multipliers) * point.half_width
    names = problem.names(iterate.z)
    return Extreme(
        start=start.name,
        value=value,
        distance=float(np.sqrt(np.mean(iterate.z**2))),
        residual=optimal.residual,
        held=int(optimal.bound.sum()),
        tightest=tuple(named(names[row]) for row in np.argsort(-pull)[:SHOWN]),
        table=table,
    )


def _row(extremes: list[Extreme], refused: tuple[Key, ...]) -> tuple:
    """Return the columns of the best of several ends, from `found` on."""
    best, *further = extremes
    return (
        best.value,
        best.start,
        "; ".join(f"{extreme.start} {extreme.value:.4f}" for extreme in further),
        best.residual,
        best.distance,
        best.held,
        "; ".join(best.tightest),
        exact(best.table, refused),
    )


def exact(table: pd.DataFrame, refused: tuple[Key, ...]) -> bool:
    """Return whether a panel meets all printed numbers but the refused, and all stars."""
    panel = Panel(run.NAME, table, "", True, (), refused)
    replication = replicate.replicate(panel, SPECIFICATIONS, draws=FEWEST_DRAWS)
    return replicate.mismatches(replication, [panel]).empty


def _cells(frame: pd.DataFrame) -> NDArray[np.float64]:
    return frame[list(run.SERIES)].to_numpy().T
