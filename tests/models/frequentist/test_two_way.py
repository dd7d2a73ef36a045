"""Projection on province and year dummies."""

import numpy as np
import pytest

from data.shared.errors import UserError
from models.frequentist.two_way import two_way_parts
from tests.helpers import array_namespace


def codes(n_provinces, n_years):
    return (code.ravel() for code in np.indices((n_provinces, n_years)))


@pytest.fixture
def unbalanced():
    rng = np.random.default_rng(3)
    province, year = codes(9, 6)
    keep = rng.random(54) > 0.3
    return rng.normal(size=(keep.sum(), 2)), province[keep], year[keep]


def test_balanced_parts_are_the_textbook_means():
    province, year = codes(5, 4)
    x = np.random.default_rng(2).normal(size=(20, 3))
    cube = x.reshape(5, 4, 3)
    province_part, year_part, residual = two_way_parts(x, province, year)
    np.testing.assert_allclose(province_part, cube.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(year_part, cube.mean(axis=0) - x.mean(axis=0), atol=1e-14)
    expected = cube - cube.mean(axis=1)[:, None] - cube.mean(axis=0)[None] + cube.mean(axis=(0, 1))
    np.testing.assert_allclose(residual.reshape(5, 4, 3), expected, atol=1e-14)


def test_unbalanced_residual_is_that_of_least_squares_on_dummies(unbalanced):
    x, province, year = unbalanced
    dummies = np.hstack([np.eye(9)[province], np.eye(6)[year]])
    fitted = dummies @ np.linalg.lstsq(dummies, x)[0]
    province_part, year_part, residual = two_way_parts(x, province, year)
    np.testing.assert_allclose(residual, x - fitted, atol=1e-12)
    np.testing.assert_allclose(dummies.T @ residual, 0, atol=1e-12)
    np.testing.assert_allclose(year_part.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(province_part[province] + year_part[year] + residual, x, atol=1e-14)


def test_effects_alone_leave_no_residual(unbalanced):
    _, province, year = unbalanced
    province_effect = np.arange(9.0)[:, None] ** 2
    year_effect = np.array([[3.0], [-1.0], [4.0], [-1.0], [-5.0], [0.0]])
    parts = two_way_parts(province_effect[province] + year_effect[year], province, year)
    np.testing.assert_allclose(parts[0], province_effect, atol=1e-12)
    np.testing.assert_allclose(parts[1], year_effect, atol=1e-12)
    np.testing.assert_allclose(parts[2], 0, atol=1e-12)


def test_a_panel_in_two_blocks_is_refused():
    province = np.array([0, 0, 1, 1, 2, 2])
    year = np.array([0, 1, 0, 1, 2, 3])
    with pytest.raises(UserError, match="share no year"):
        two_way_parts(np.ones((6, 1)), province, year)


def test_one_common_year_connects_two_blocks():
    province = np.array([0, 0, 1, 1, 1, 2, 2])
    year = np.array([0, 1, 0, 1, 2, 2, 3])
    x = np.arange(7.0)[:, None] ** 2
    dummies = np.hstack([np.eye(3)[province], np.eye(4)[year]])
    residual = two_way_parts(x, province, year)[2]
    np.testing.assert_allclose(dummies.T @ residual, 0, atol=1e-12)


def test_it_runs_under_another_array_namespace(unbalanced):
    x, province, year = unbalanced
    parts = two_way_parts(array_namespace.asarray(x), province, year)
    for part, expected in zip(parts, two_way_parts(x, province, year), strict=True):
        assert isinstance(part, array_namespace.Foreign)
        np.testing.assert_array_equal(array_namespace.numpy_array(part), expected)
