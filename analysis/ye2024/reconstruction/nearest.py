"""The nearest point at which smooth quantities lie inside their intervals, or the best one.

Minimise ½‖z‖², or another smooth function, subject to low ≤ c(z) ≤ high and a box on z, by a
sequence of projections on the linearised intervals: first from where one stands, until all
intervals are met (Gauss–Newton with steps of least norm), then a little down the gradient each
time (of the distance: towards the origin), with Nesterov's momentum.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import piqp
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Array = NDArray[np.float64]

LONGEST = 0.5
"""No coordinate moves further in one step: so far the linearisation still means something."""

MET = 1e-3
"""An interval counts as met when it is missed by less than this share of its half-width.

Intervals are narrower by as much than what is printed (`targets.SHRINK`)."""

STIFFNESS = 100.0
"""Weight of the squared misses, in half-widths, beside the squared distance in a projection.

Finite, so that intervals which contradict each other to first order still give a step."""

MOST_HELD = 2
"""Coordinates held by the box, per interval, up to which a projection is exact; beyond, what
leaves the box is clipped, which the next step makes up for."""

GIVE = (1e-12, 1e-9, 1e-7, 1e-5)
"""Ridge terms, relative to squared lengths of one, tried in turn."""

MOST_MEETING = 60
"""Steps after which intervals that are still missed count as infeasible."""

FIRST_STEP = 0.04
"""Share of the gradient that the first step down it takes: of the distance's, of the way to the
origin."""

STRAYED = 100.0
"""Half-widths by which an interval may be missed on the way; beyond, the next step leads back."""


class Unsolved(Exception):
    """The solver of quadratic programs found no projection."""


class Unmet(Exception):
    """The intervals could not be met; holds the last iterate and its point."""

    def __init__(self, at: "Iterate", point: "Point") -> None:
        super().__init__("the intervals could not be met")
        self.at, self.point = at, point


class Point(NamedTuple):
    """Quantities at one point.

    Attributes
    ----------
    values : array, shape (m,)
    jacobian : array, shape (m, n)
    low, high : array, shape (m,)
        Their intervals; infinite where there is no bound.
    """

    values: Array
    jacobian: Array
    low: Array
    high: Array

    @property
    def half_width(self) -> Array:
        """Half the interval; of one-sided ones, a twentieth."""
        width = (self.high - self.low) / 2
        return np.where(np.isfinite(width), width, 0.05)

    @property
    def misses(self) -> Array:
        """By how many half-widths each interval is missed, shape (m,)."""
        beyond = np.maximum(self.low - self.values, self.values - self.high)
        return np.maximum(beyond, 0.0) / self.half_width


@dataclass(frozen=True)
class Program:
    """A constrained minimisation.

    Attributes
    ----------
    evaluate : function
        From z, shape (n,), to a `Point`.
    low, high : array, shape (n,)
        The box.
    gradient : function
        Of what is minimised, from z to shape (n,); of ½‖z‖² unless another is given.
    """

    evaluate: Callable[[Array], Point]
    low: Array
    high: Array
    gradient: Callable[[Array], Array] = np.asarray

    def clip(self, z: Array) -> Array:
        """Return the nearest point of the box."""
        return np.clip(z, self.low, self.high)


class Projection(NamedTuple):
    """The point of the linearised intervals and the box that is nearest to a centre.

    Attributes
    ----------
    z : array, shape (n,)
    multipliers : array, shape (m,)
        Of the intervals: positive at the lower end, negative at the upper one.
    bound : array of bool, shape (n,)
        Coordinates that the box holds.
    """

    z: Array
    multipliers: Array
    bound: NDArray[np.bool_]


class Iterate(NamedTuple):
    """State of the search, sufficient to resume it.

    Attributes
    ----------
    phase : str
        "meet", "approach" or "settle".
    iteration : int
        Within the phase.
    z, previous : array, shape (n,)
    bound : array of bool, shape (n,)
        Coordinates that the box held in the last projection.
    momentum : int
    step : float
        Share of the gradient that is gone at a time.
    residual : float
        Of the first-order conditions, ‖z − P(z − tg)‖ / t‖g‖ with P the projection, t the step
        and g the gradient: 0 at a local minimum. NaN where it is not worked out.
    """

    phase: str
    iteration: int
    z: Array
    previous: Array
    bound: NDArray[np.bool_]
    momentum: int = 0
    step: float = FIRST_STEP
    residual: float = float("nan")

    @staticmethod
    def start(program: Program, z: Array) -> "Iterate":
        """Start at a point, or at the box's nearest point to it."""
        z = program.clip(z)
        return Iterate("meet", 0, z, z, np.zeros(len(z), dtype=bool))


def project(
    program: Program, z: Array, point: Point, centre: Array, bound: NDArray[np.bool_]
) -> Projection:
    """Project a centre on the intervals, linearised at z, and the box.

    Minimises ½‖x − centre‖² + ½ STIFFNESS ‖misses(x)‖². The solution is the centre plus a
    combination of m gradients and of the coordinates that the box holds, so it is sought in their
    coefficients: a dense quadratic program whose size does not depend on n.

    Parameters
    ----------
    program : Program
    z : array, shape (n,)
    point : Point
        At z.
    centre : array, shape (n,)
    bound : array of bool, shape (n,)
        A guess at the coordinates that the box holds, from the last projection.
    """
    length = np.linalg.norm(point.jacobian, axis=1)
    rows = point.jacobian / length[:, None]
    offset = rows @ (centre - z)
    low = (point.low - point.values) / length - offset
    high = (point.high - point.values) / length - offset
    gram = rows @ rows.T
    gram[np.diag_indices_from(gram)] += (point.half_width / length) ** 2 / STIFFNESS
    m = len(rows)
    if bound.sum() > MOST_HELD * m:
        bound = np.zeros_like(bound)
    while True:
        active = np.flatnonzero(bound)
        identity = np.eye(m + len(active))
        identity[:m, :m] = gram
        identity[:m, m:], identity[m:, :m] = rows[:, active], rows[:, active].T
        floor = np.concatenate([low, (program.low - centre)[active]])
        ceiling = np.concatenate([high, (program.high - centre)[active]])
        y = _coefficients(identity, floor, ceiling)
        projected = centre + rows.T @ y[:m]
        projected[active] += y[m:]
        outside = (projected < program.low - 1e-9) | (projected > program.high + 1e-9)
        grown = bound | outside
        if not (outside & ~bound).any() or grown.sum() > MOST_HELD * m:
            break
        bound = grown
    tight = np.zeros_like(bound)
    tight[active[np.abs(y[m:]) > 1e-9]] = True
    return Projection(program.clip(projected), y[:m] / length, tight)


def _coefficients(gram: Array, low: Array, high: Array) -> Array:
    """Return the y of least y' gram y with low ≤ gram y ≤ high.

    Rows that are all but dependent can make the program look infeasible; then each is let give
    way a little, which the next step makes up for.
    """
    for give in GIVE:
        root = np.linalg.cholesky(gram + give * np.eye(len(gram)))
        u = _least_norm(root, low, high)
        if u is not None:
            return solve_triangular(root, u, lower=True, trans="T")
    raise Unsolved


def _least_norm(rows: Array, low: Array, high: Array) -> Array | None:
    """Return the u of least norm with low ≤ rows u ≤ high; None if the solver finds none."""
    solver = piqp.DenseSolver()
    solver.settings.verbose = False
    n = rows.shape[1]
    solver.setup(np.eye(n), np.zeros(n), None, None, np.asfortranarray(rows), low, high)
    return solver.result.x if solver.solve() == piqp.PIQP_SOLVED else None


def search(program: Program, iterate: Iterate, approaches: int) -> Iterator[tuple[Iterate, Point]]:
    """Meet the intervals, go down the gradient, and meet them again.

    Parameters
    ----------
    program : Program
    iterate : Iterate
        Where to begin, or to go on.
    approaches : int
        Steps down the gradient.

    Yields
    ------
    Iterate, Point
        Each one from which the search can go on; in the last the intervals are met.

    Raises
    ------
    Unmet
        If they are not within `MOST_MEETING` steps.
    """
    while True:
        point = program.evaluate(iterate.z)
        if iterate.phase != "approach":
            if point.misses.max() < MET:
                yield iterate, point
                if iterate.phase == "settle" or not approaches:
                    return
                iterate = iterate._replace(
                    phase="approach", previous=iterate.z, iteration=0, momentum=0
                )
                continue
            if iterate.iteration >= MOST_MEETING:
                raise Unmet(iterate, point)
            projection = project(program, iterate.z, point, iterate.z, iterate.bound)
            move = projection.z - iterate.z
            z = iterate.z + move * LONGEST / max(LONGEST, np.abs(move).max())
            yield iterate, point
            iterate = iterate._replace(
                iteration=iterate.iteration + 1, z=z, previous=iterate.z, bound=projection.bound
            )
        elif iterate.iteration >= approaches:
            iterate = iterate._replace(phase="settle", iteration=0)
        else:
            iterate, next_iterate = _approach(program, iterate, point)
            yield iterate, point
            iterate = next_iterate


def _approach(program: Program, iterate: Iterate, point: Point) -> tuple[Iterate, Iterate]:
    """Return the iterate with its residual, and the next one.

    Nesterov's momentum with restarts (O'Donoghue and Candès 2015, *Foundations of Computational
    Mathematics* 15); a step back to the intervals where they were left too far.
    """
    strayed = point.misses.max() > STRAYED
    if strayed:
        iterate = iterate._replace(momentum=0, step=0.8 * iterate.step)
    ahead = iterate.z + iterate.momentum / (iterate.momentum + 3) * (iterate.z - iterate.previous)
    gradient = program.gradient(ahead)
    centre = iterate.z if strayed else ahead - iterate.step * gradient
    projection = project(program, iterate.z, point, centre, iterate.bound)
    if not strayed:
        gap = np.linalg.norm(projection.z - ahead) / (iterate.step * np.linalg.norm(gradient))
        iterate = iterate._replace(residual=float(gap))
    uphill = (ahead - projection.z) @ (projection.z - iterate.z) > 0
    momentum = 0 if uphill or strayed else iterate.momentum + 1
    return iterate, iterate._replace(
        iteration=iterate.iteration + 1,
        z=projection.z,
        previous=iterate.z,
        bound=projection.bound,
        momentum=momentum,
        residual=float("nan"),
    )


class Optimality(NamedTuple):
    """First-order conditions at a point where the intervals are met.

    Attributes
    ----------
    multipliers : array, shape (m,)
        Of what is minimised: what it would fall by if an interval's end gave way by one.
    residual : float
        ‖z − P(z − tg)‖ / t‖g‖, g the gradient.
    bound : array of bool, shape (n,)
        Coordinates that the box holds.
    """

    multipliers: Array
    residual: float
    bound: NDArray[np.bool_]


def optimality(program: Program, z: Array, point: Point, step: float = 0.01) -> Optimality:
    """Measure how far a point is from meeting the first-order conditions of the best one."""
    gradient = program.gradient(z)
    projection = project(program, z, point, z - step * gradient, np.zeros(len(z), dtype=bool))
    residual = float(np.linalg.norm(projection.z - z) / (step * np.linalg.norm(gradient)))
    return Optimality(projection.multipliers / step, residual, projection.bound)


def conflict(program: Program, z: Array, point: Point) -> list[int]:
    """Name intervals that cannot be met together near z; none if, linearised, all can be.

    None of those that are named can be left out: a deletion filter (Chinneck 2008, *Feasibility
    and Infeasibility in Optimization*, section 6.2) leaves one out at a time, for good if the
    rest still contradict each other.
    """

    def contradicts(rows: list[int]) -> bool:
        part = Point(*(values[rows] for values in point))
        projection = project(program, z, part, z, np.zeros(len(z), dtype=bool)).z
        linearised = part.values + part.jacobian @ (projection - z)
        return bool(part._replace(values=linearised).misses.max() > 0.1)

    projection = project(program, z, point, z, np.zeros(len(z), dtype=bool))
    pull = np.abs(projection.multipliers) * point.half_width
    members = [int(row) for row in np.argsort(pull) if pull[row] > 1e-6 * pull.max()]
    if not contradicts(members):
        members = [int(row) for row in np.argsort(pull)]
        if not contradicts(members):
            return []
    for row in list(members):
        less = [member for member in members if member != row]
        if less and contradicts(less):
            members = less
    return sorted(members)
