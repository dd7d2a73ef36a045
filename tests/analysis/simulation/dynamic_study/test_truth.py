"""Simulated data have the truth that they are said to have."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.replication.dynamic_estimators import Data
from analysis.simulation.dynamic_study import cells, truth
from analysis.simulation.dynamic_study.cells import CELLS, Cell
from analysis.simulation.dynamic_study.truth import Truth
from analysis.specifications import select
from models.design import sample
from tests.helpers.fits import official

(COLUMN,) = select(["5.1"])


@pytest.fixture(scope="module")
def whole():
    return Data(sample(official("5.1").frame, COLUMN), COLUMN).whole


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_outcomes_obey_the_equation(cell, whole):
    still = {"sigma": np.zeros(31), "about_lines": np.zeros(31)}
    made = replace(truth.truth(whole, cell.rho), **still)
    y, x = truth.outcome(cell, made, np.random.default_rng(1))
    effect = y[:, 1:] - cell.rho * y[:, :-1] - made.steady[:, 1:]
    effect -= made.slope[0] * (x - made.interest)[:, 1:]
    if cell.besides == "lines":
        growth = (effect[:, -1] - effect[:, 0]) / 2
        assert_allclose(np.diff(effect, axis=1), np.repeat(growth[:, None] / 5.5, 11, axis=1))
        assert 0.6 < (growth / made.growth).std() < 1.5
        effect = effect - growth[:, None] * truth.years_of_growth(12)
    assert_allclose(effect, np.repeat(effect[:, :1], 12, axis=1), atol=1e-10)
    expected = (1 - min(cell.rho, 0.95)) * made.spread
    assert 0.6 < effect[:, 0].std() / expected < 1.5


def still(n: int, rho: float) -> Truth:
    """Return a truth in which nothing moves but the errors."""
    own = np.random.default_rng(0).normal(size=(n, 1)).repeat(13, axis=1)
    sigma = np.full(n, 0.5)
    return Truth(rho, np.zeros(1), np.zeros((n, 13)), sigma, 1.0, own, 2.0, sigma, sigma)


def test_at_rest_the_first_year_is_as_the_last_and_its_moves_know_no_effect():
    """System GMM's moments hold, and do not where provinces start far off."""
    n, rho = 200_000, 0.8
    y, _ = truth.outcome(Cell(rho, "stationary"), still(n, rho), np.random.default_rng(1))
    assert_allclose(y[:, [0, -1]].var(axis=0), 1 + 0.25 / (1 - rho**2), rtol=0.02)
    effect = (y[:, 1:] - rho * y[:, :-1]).mean(axis=1)
    assert abs(np.corrcoef(y[:, 1] - y[:, 0], effect)[0, 1]) < 0.2  # errors of that year alone
    off, _ = truth.outcome(Cell(rho, "far"), still(n, rho), np.random.default_rng(1))
    effect = (off[:, 5:] - rho * off[:, 4:-1]).mean(axis=1)
    assert abs(np.corrcoef(off[:, 0], effect)[0, 1]) < 0.01
    assert np.corrcoef(off[:, 1] - off[:, 0], effect)[0, 1] > 0.1


def test_related_effects_go_with_the_regressor():
    n = 50_000
    made = replace(still(n, 0.8), sigma=np.zeros(n))
    for besides, expected in (("related", cells.RELATED), ("", 0.0)):
        cell = Cell(0.8, "stationary", besides)
        y, x = truth.outcome(cell, made, np.random.default_rng(1))
        found = np.corrcoef(y[:, 0], x.mean(axis=1))[0, 1]
        assert found == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("besides", ["", "feedback", "runs"])
def test_errors_move_the_regressor_or_each_other_where_they_are_said_to(besides):
    n, rho = 100_000, 0.8
    made = replace(still(n, rho), spread=0.0)  # no province effects
    y, x = truth.outcome(Cell(rho, "stationary", besides), made, np.random.default_rng(1))
    error = (y[:, 1:] - rho * y[:, :-1]) / 0.5
    added = (x - made.interest)[:, 1:]
    feedback = cells.FEEDBACK * made.reach if besides == "feedback" else 0.0
    for later in (1, 2, 3):  # years after the error
        moved = added[:, 5 + later] @ error[:, 5] / n
        assert moved == pytest.approx(feedback * cells.FADES ** (later - 1), abs=0.03)
    runs = cells.RUNS if besides == "runs" else 0.0
    assert error[:, 5] @ error[:, 6] / n == pytest.approx(runs, abs=0.02)


def test_the_truth_is_what_made_the_data(whole):
    cell = Cell(0.8, "far")
    made = replace(truth.truth(whole, 0.8), sigma=np.zeros(31))
    y, _ = truth.outcome(cell, made, np.random.default_rng(2))
    again = truth.truth(whole.with_outcome(y.ravel()), 0.8)
    assert_allclose(again.slope, made.slope, rtol=1e-6)
    assert_allclose(again.sigma, 0, atol=1e-9)


def test_residual_scales_are_the_panels_own(whole):
    sigma = truth.truth(whole, 0.95).sigma
    assert sigma.shape == (31,)
    assert len(np.unique(sigma.round(12))) == 3


def test_lines_spread_as_those_put_into_the_panel_and_errors_are_what_is_left(whole):
    """Lines in data of the cell are found again; without them residuals have few."""
    made, rng = truth.truth(whole, 0.8), np.random.default_rng(4)
    lines, none = Cell(0.8, "stationary", "lines"), Cell(0.8, "stationary")
    found = {}
    for cell in (lines, none):
        outcomes = [truth.outcome(cell, made, rng)[0].ravel() for _ in range(30)]
        again = [truth.truth(whole.with_outcome(y), 0.8) for y in outcomes]
        growth = np.mean([one.growth**2 for one in again], axis=0) ** 0.5
        about = np.mean([one.about_lines**2 for one in again], axis=0) ** 0.5
        found[cell.besides] = growth / made.growth, about / made.about_lines
    assert_allclose(found["lines"][0], 1, atol=0.35)
    assert_allclose(found["lines"][1], 1, atol=0.25)
    assert (found[""][0] < 0.6 * found["lines"][0]).all()
