"""Least squares in differences is that of differences, and its errors are the jackknife's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models.frequentist import gls_jackknife


def simulated(n: int = 14, years: int = 6, seed: int = 0):
    rng = np.random.default_rng(seed)
    region = np.arange(n) % 2
    x = rng.standard_normal((n, years, 2)).cumsum(axis=1)
    noise = rng.standard_normal((n, years)).cumsum(axis=1) * np.array([1.0, 3.0])[region][:, None]
    return x @ [0.5, -1.0] + noise + rng.standard_normal((n, 1)), x, region


def test_one_region_is_least_squares_of_differences():
    y, x, _ = simulated()
    found = gls_jackknife.fit(y, x, np.zeros(len(y), dtype=int))
    step, steps = np.diff(y, axis=1), np.diff(x, axis=1)
    free = step - step.mean(axis=0), steps - steps.mean(axis=0)
    expected = np.linalg.lstsq(free[1].reshape(-1, 2), free[0].ravel())[0]
    assert_allclose(found.slope, expected, rtol=1e-9)
    assert found.df == len(y) - 1


@pytest.mark.parametrize("unstructured", [False, True])
def test_errors_are_those_of_refits_without_each_province(unstructured):
    y, x, region = simulated()
    found = gls_jackknife.fit(y, x, region, unstructured=unstructured)
    # Rows of the last regression, as one weighted regression with dummies of years.
    step, steps = np.diff(y, axis=1), np.diff(x, axis=1)
    n, t = step.shape
    columns = np.concatenate([steps, np.broadcast_to(np.eye(t), (n, t, t))], axis=2)
    left = step - columns @ np.linalg.lstsq(columns.reshape(n * t, -1), step.ravel())[0]
    sd = np.sqrt([(left[region == r] ** 2).mean() for r in (0, 1)])[region]
    scaled = left / sd[:, None]
    inverse = np.linalg.inv(scaled.T @ scaled / n) if unstructured else np.eye(t)
    root = np.linalg.cholesky(inverse).T
    a, b = (root @ columns) / sd[:, None, None], (step @ root.T) / sd[:, None]

    def slopes(kept: np.ndarray) -> np.ndarray:
        return np.linalg.lstsq(a[kept].reshape(-1, t + 2), b[kept].ravel())[0][:2]

    assert_allclose(found.slope, slopes(np.arange(n)), rtol=1e-8)
    without = np.array([slopes(np.delete(np.arange(n), i)) for i in range(n)])
    expected = (n - 1) / n * ((without - found.slope) ** 2).sum(axis=0)
    assert_allclose(found.se**2, expected, rtol=1e-8)


def test_an_affine_change_of_levels_and_years_moves_nothing():
    y, x, region = simulated()
    moved = y + np.arange(len(y))[:, None] + np.linspace(0, 5, y.shape[1]) ** 2
    for unstructured in (False, True):
        before, after = (
            gls_jackknife.fit(v, x, region, unstructured=unstructured) for v in (y, moved)
        )
        assert_allclose(after.slope, before.slope, rtol=1e-7)
        assert_allclose(after.se, before.se, rtol=1e-7)
