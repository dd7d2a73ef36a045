"""Data sets without a slope: whose paths they are, and that no slope is in them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.simulation import generators
from analysis.simulation.intervals import intervals_of_least_squares
from analysis.specifications import select
from models.design import Design, design
from tests.helpers.fits import official, simulated


def of(column: str = "3.2", real: bool = True) -> Design:
    (record,) = select([column])
    panel = official(column) if real else simulated()
    return design(panel.frame, record)


def paths(made: Design, outcomes: np.ndarray) -> np.ndarray:
    """Return what a generator added, by province less its mean, shape (size, N, T)."""
    systematic = generators.random_walk_paths(made, 1).systematic
    errors = outcomes.T.reshape(-1, *systematic.shape) - systematic
    return errors - errors.mean(axis=-1, keepdims=True)


@pytest.mark.parametrize("column", ["3.2", "8.2"])
def test_slopes_by_region_are_those_of_interactions(column):
    made = of(column)
    apart = generators.with_slopes_by_region(made, 1)
    assert apart.terms == (*(f"indus:{name}" for name in made.regions), *made.terms[1:])
    own = apart.x[:, : len(made.regions)]
    np.testing.assert_array_equal(own.sum(axis=1), made.x[:, 0])
    np.testing.assert_array_equal(own != 0, np.eye(len(made.regions), dtype=bool)[made.region])
    np.testing.assert_array_equal(apart.x[:, len(made.regions) :], made.x[:, 1:])


def test_the_regression_in_differences_is_weighted_least_squares():
    made = of(real=False)
    found = generators.random_walk_paths(made, 1)
    # The simulated panel's slopes: three parts' region slopes, and 0.3 of urb in each part.
    urb = made.terms.index("urb") - 1
    by_region = dict(zip(made.regions, found.slopes[:3], strict=True))
    assert by_region["east"] == pytest.approx(2.4, abs=0.25)
    assert by_region["west"] == pytest.approx(-0.6, abs=0.15)
    assert found.slopes[3 + urb] == pytest.approx(0.9, abs=0.1)
    assert_allclose(found.path.mean(axis=1), 0, atol=1e-12)


def test_swapped_paths_are_those_of_other_provinces_of_the_region():
    made, size = of(), 50
    found = paths(made, generators.swap(made, 1, size, np.random.default_rng(1)))
    path = generators.random_walk_paths(made, 1).path
    for drawn in found[:10]:
        for province, own in enumerate(drawn):
            same = np.abs(own[None] - path).max(axis=1) < 1e-9
            same |= np.abs(own[None] + path).max(axis=1) < 1e-9
            (donor,) = np.flatnonzero(same)
            assert donor != province
            assert made.region_of_province[donor] == made.region_of_province[province]
    scaled = paths(made, generators.own_scale(made, 1, size, np.random.default_rng(1)))
    assert_allclose(scaled.std(axis=-1), np.tile(path.std(axis=1), (size, 1)), rtol=1e-9)


@pytest.mark.parametrize("name", generators.GENERATORS)
def test_no_slope_is_in_them_on_average(name):
    made, size = of(), 2_000
    outcomes = generators.GENERATORS[name](made, 1, size, np.random.default_rng(2))
    assert outcomes.shape == (len(made.y), size)
    slopes = intervals_of_least_squares(made, outcomes, 1)[0, :, 0].mean(axis=-1)
    assert abs(slopes.mean()) < 4 * slopes.std() / np.sqrt(size)


def test_the_old_residuals_hold_more_of_a_slope_than_swapped_paths():
    """In differences, own paths with random signs go with the regressor; other paths do not."""
    made = of()
    path = generators.random_walk_paths(made, 1)
    x = np.diff(made.x[:, 0].reshape(len(made.provinces), -1), axis=1)
    own = np.diff(path.path, axis=1)
    of_region = np.array([(own * x)[made.region_of_province == r].sum() for r in range(3)])
    assert np.abs(of_region).sum() < np.abs((own * x).sum(axis=1)).sum()


def test_paths_of_a_covariance_have_it():
    made, size = of(), 4_000
    scales = np.array([0.1, 0.2, 0.0]), np.array([0.05, 0.02, 0.1]), np.array([0.5, 0.9, -0.3])
    found = paths(made, generators.covariance(made, 1, size, np.random.default_rng(3), scales))
    steps = np.diff(found, axis=-1)
    span = 2 / (len(made.years) - 1)
    for region, (tau, sigma, phi) in enumerate(zip(*scales, strict=True)):
        of_region = steps[:, made.region_of_province == region]
        expected = 2 * sigma**2 / (1 + phi) + (tau * span) ** 2
        assert of_region.var() == pytest.approx(expected, rel=0.05)


def test_slopes_are_put_in_by_province():
    made = of()
    slopes = np.arange(len(made.provinces), dtype=float)
    found = generators.with_slopes(np.zeros((len(made.y), 2)), made, slopes)
    assert_allclose(found[:, 1], made.x[:, 0] * slopes[made.province])
