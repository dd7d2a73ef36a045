"""The reduced density is the collapsed one, and its draws have the same exact moments."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models.inference.elimination import Reduced, reduce
from tests.helpers.fits import INDEPENDENT, fit_of, points

pytestmark = pytest.mark.usefixtures("one_thread")

FITS = [("3.2", name, share) for name in INDEPENDENT for share in (0.0, 0.1)] + [
    ("3.3", "hierarchical", 0.0),
    ("3.1", "flat", 0.0),  # nothing is kept
    ("8.2", "mundlak", 0.0),
    ("8.2", "flat", 0.1),
]


@pytest.fixture(params=FITS, ids=lambda case: "-".join(map(str, case)))
def reduced(request) -> Reduced:
    return reduce(fit_of(*request.param).density)


def test_the_density_is_the_collapsed_one(reduced):
    log_scale = points(reduced.density, 20)
    expected = [reduced.density.logp_and_gradient(point)[0] for point in log_scale]
    assert_allclose(reduced.log_density(log_scale), expected, rtol=1e-10)


def test_compiled_and_point_by_point_agree(reduced):
    weight = np.exp(-2 * np.pad(points(reduced.density, 1_067), ((0, 0), (0, 1))))
    weight[3] = np.nan  # and its neighbours are as they were
    found, expected = reduced.sums(weight), reduced.sums_reference(weight)
    assert np.isnan(found[0][3])
    assert_allclose(found, expected, rtol=1e-9)


def test_a_panel_with_gaps_loses_its_provinces():
    reduced = reduce(fit_of("3.2", "hierarchical", 0.1).density)
    assert len(reduced.eliminated) == 31
    assert len(reduced.pivots) > 1 + 3  # by region and number of rows


def test_a_balanced_panel_loses_provinces_and_years():
    reduced = reduce(fit_of("3.2", "hierarchical").density)
    assert len(reduced.eliminated) == 31 + 12
    assert len(reduced.pivots) == 1 + 3 + 1  # provinces by region, and years


class Units:
    """A generator whose normal draws are zero but for one."""

    def __init__(self, at: int | None) -> None:
        self.at, self.seen = at, 0

    def standard_normal(self, shape):
        found = np.zeros(shape)
        if self.at is not None and self.seen <= self.at < self.seen + shape[-1]:
            found[..., self.at - self.seen] = 1.0
        self.seen += shape[-1]
        return found


def test_draws_have_the_exact_mean_and_covariance(reduced, capfd):
    point = points(reduced.density, 1)
    density = reduced.density
    offsets = {block.name: block for block in density.locations}

    def locations(at: int | None) -> np.ndarray:
        drawn = reduced.draw(point, Units(at))
        sd = density._sd(point)
        theta = [density._theta(block, drawn[name], sd) for name, block in offsets.items()]
        return np.concatenate(theta, axis=-1)[0]

    mean = locations(None)
    deviations = np.array([locations(i) - mean for i in range(len(mean))])
    factor, expected = density.given(np.exp(-2 * point[0]))
    lower = np.tril(factor)
    covariance = np.linalg.inv(lower @ lower.T)
    assert_allclose(mean, expected, rtol=1e-6, atol=1e-8)
    assert_allclose(deviations.T @ deviations, covariance, rtol=1e-5, atol=1e-9)
    assert capfd.readouterr() == ("", "")  # LAPACK complains there


def test_far_points_have_no_density_and_no_warning():
    reduced = reduce(fit_of("3.2", "hierarchical").density)
    far = np.vstack(
        [points(reduced.density, 2), np.full((2, reduced.density.size), [[-1e4], [250.0]])]
    )
    found = reduced.log_density(far)
    assert np.isfinite(found[:2]).all()
    assert found[2] == -np.inf


def test_moments_of_linear_functions_are_the_collapsed_ones(reduced):
    log_scale, density = points(reduced.density, 6), reduced.density
    rng = np.random.default_rng(3)
    weights = {b.name: rng.standard_normal((4, b.size)) for b in density.locations[::2]}
    for found, expected in zip(
        reduced.moments(log_scale, weights), density.moments(log_scale, weights), strict=True
    ):
        assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
