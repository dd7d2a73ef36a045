"""The search on programs whose nearest point is known."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, minimize

from analysis.ye2024.reconstruction.nearest import (
    MET,
    Iterate,
    Point,
    Program,
    Unmet,
    conflict,
    optimality,
    project,
    search,
)

WIDE = np.full(2, 10.0)


def last(program: Program, first: np.ndarray, approaches: int) -> tuple[Iterate, Point]:
    *_, end = search(program, Iterate.start(program, first), approaches)
    return end


def linear(rows: np.ndarray, low: np.ndarray, high: np.ndarray):
    return lambda z: Point(rows @ z, rows, low, high)


def test_projection_on_linear_intervals_and_a_box():
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((4, 9))
    low, high = np.full(4, 0.2), np.full(4, 0.4)
    program = Program(linear(rows, low, high), np.full(9, -0.2), np.full(9, 0.35))
    z = np.zeros(9)
    centre = 0.3 * rng.standard_normal(9)
    found = project(program, z, program.evaluate(z), centre, np.zeros(9, bool))
    known = minimize(
        lambda x: np.sum((x - centre) ** 2) / 2,
        np.full(9, 0.05),
        jac=lambda x: x - centre,
        hess=lambda x: np.eye(9),
        bounds=Bounds(-0.2, 0.35),
        constraints=LinearConstraint(rows, low, high),
        method="trust-constr",
        options={"gtol": 1e-10, "xtol": 1e-12, "maxiter": 2000},
    )
    # Intervals may be missed by a little, against which the distance is weighed.
    np.testing.assert_allclose(found.z, known.x, atol=2e-3)
    assert ((found.z <= -0.2) | (found.z >= 0.35)).any()


def ellipse(z: np.ndarray) -> Point:
    """Outside of which the origin's nearest point is (0, 1) or (0, −1)."""
    value = np.array([z[0] ** 2 / 4 + z[1] ** 2])
    jacobian = np.array([[z[0] / 2, 2 * z[1]]])
    return Point(value, jacobian, np.array([1.0]), np.array([1.0 + 1e-4]))


def test_the_nearest_point_of_an_ellipse():
    program = Program(ellipse, -WIDE, WIDE)
    met, _ = last(program, np.array([1.0, 1.5]), approaches=0)
    assert np.linalg.norm(met.z) > 1.05
    at, point = last(program, np.array([1.0, 1.5]), approaches=200)
    assert point.misses.max() < MET
    np.testing.assert_allclose(at.z, [0.0, 1.0], atol=2e-3)
    found = optimality(program, at.z, point)
    assert found.residual < 1e-2
    # ½‖z‖² falls by λ per unit of the interval's end: ½ of 1/1.
    assert found.multipliers[0] == pytest.approx(0.5, rel=0.02)
    assert optimality(program, met.z, program.evaluate(met.z)).residual > 0.05


def test_intervals_that_contradict_each_other_are_named():
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
    low = np.array([1.0, 1.0, 3.0, -5.0])
    high = low + np.array([0.01, 0.01, 0.01, 10.0])
    program = Program(linear(rows, low, high), -WIDE, WIDE)
    with pytest.raises(Unmet) as caught:
        last(program, np.zeros(2), approaches=0)
    assert conflict(program, caught.value.at.z, caught.value.point) == [0, 1, 2]


def test_a_miss_that_is_no_contradiction_to_first_order_names_none():
    program = Program(
        lambda z: Point(z[:1] ** 2 + 1, 2 * z[None, :1] * [1.0, 0.0], np.zeros(1), np.full(1, 0.5)),
        -WIDE,
        WIDE,
    )
    z = np.ones(2)
    assert conflict(program, z, program.evaluate(z)) == []


def test_a_search_that_is_taken_up_again_ends_in_the_same_point():
    program = Program(ellipse, -WIDE, WIDE)
    whole = [at for at, _ in search(program, Iterate.start(program, np.array([1.0, 1.5])), 30)]
    for taken_up in (whole[2], whole[len(whole) // 2], whole[-2]):
        *_, (end, _) = search(program, taken_up, 30)
        np.testing.assert_array_equal(end.z, whole[-1].z)
