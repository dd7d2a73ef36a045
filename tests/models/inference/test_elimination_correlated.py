"""Under AR(1) errors the reduced density is the collapsed one, and its draws are as exact."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models.inference.elimination_correlated import ReducedErrors, reduce_errors
from tests.helpers.fits import fit_of, points

pytestmark = pytest.mark.usefixtures("one_thread")

FITS = [
    ("3.2", "autoregressive", 0.0),
    ("3.2", "autoregressive", 0.1),
    ("3.2", "province_trends", 0.0),
    ("3.3", "province_trends", 0.1),
]


@pytest.fixture(params=FITS, ids=lambda case: "-".join(map(str, case)))
def reduced(request) -> ReducedErrors:
    return reduce_errors(fit_of(*request.param).density)


def test_the_density_is_the_collapsed_one(reduced):
    drawn = points(reduced.density, 20)
    expected = [reduced.density.logp_and_gradient(point)[0] for point in drawn]
    assert_allclose(reduced.log_density(drawn), expected, rtol=1e-9)


def test_years_without_gaps_lose_trends_too():
    reduced = reduce_errors(fit_of("3.2", "province_trends").density)
    assert len(reduced.eliminated) == 2 * 31


def test_errors_of_several_outcomes_are_not_reduced():
    assert reduce_errors(fit_of("4.2", "joint").density) is None


def test_draws_have_the_exact_mean_and_covariance(reduced):
    point, density = points(reduced.density, 1), reduced.density
    scales, x = density._pieces(point[0])
    factor, mean, _, _ = density._given(scales, density.errors.weights(x))
    lower = np.tril(factor)
    covariance = np.linalg.inv(lower @ lower.T)
    rows = np.random.default_rng(1).standard_normal((7, len(mean)))
    found_mean, found_sd = reduced.linear_moments(reduced._weights(point), rows)
    assert_allclose(found_mean[0], rows @ mean, rtol=1e-6, atol=1e-8)
    assert_allclose(found_sd[0] ** 2, np.diag(rows @ covariance @ rows.T), rtol=1e-6)
    many = np.repeat(point, 4_000, axis=0)
    theta = reduced.locations(reduced._weights(many), np.random.default_rng(2)) @ rows.T
    assert_allclose(theta.mean(axis=0), found_mean[0], atol=4 * (found_sd[0] / 60).max())
    assert_allclose(theta.std(axis=0), found_sd[0], rtol=0.06)


def test_the_prior_of_points_is_that_of_the_scales_and_a_flat_one_of_the_correlation(reduced):
    drawn = points(reduced.density, 5)
    log_scale, artanh = drawn[:, :-1], drawn[:, -1]
    flat = np.log1p(-(np.tanh(artanh) ** 2)) - np.log(2)
    of_scales = reduced.scale_priors.log_density(log_scale)[0].sum(axis=1)
    assert_allclose(reduced.log_prior_of_points(drawn), of_scales + flat)


def test_far_points_have_no_density_and_no_warning(reduced):
    far = np.vstack([points(reduced.density, 1), np.full((2, reduced.size), [[-1e4], [250.0]])])
    found = reduced.log_density(far)
    assert np.isfinite(found[0])
    assert found[1] == -np.inf
