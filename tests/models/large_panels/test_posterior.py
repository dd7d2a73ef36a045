"""The posterior from sums alone is the posterior of the rows."""

import numpy as np
import pytest

from models.bayesian import hierarchical
from models.inference.independence_sampler import draw_scales
from models.large_panels import posterior
from tests.helpers.chunked import CASES, both


@pytest.mark.parametrize("case", CASES)
def test_the_log_density_is_that_of_the_rows(case):
    found, parts = both(*case)
    full, rng = hierarchical.density(parts), np.random.default_rng(1)
    points = np.array([full.initial(rng) * rng.uniform(0.3, 2) for _ in range(20)])
    expected = [full.logp_and_gradient(point)[0] for point in points]
    np.testing.assert_allclose(posterior.density(found).log_density(points), expected, rtol=1e-10)


@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_draws_given_the_scales_have_the_moments_of_the_rows(missing):
    found, parts = both("3.2", missing, ("indus",), "region")
    full, rng = hierarchical.density(parts), np.random.default_rng(2)
    point = full.initial(rng)
    drawn = posterior.density(found).draw(np.tile(point, (20_000, 1)), rng)
    assert posterior.UNITS not in drawn
    sizes = {block.name: block.size for block in full.locations}
    for name in ("slope_std", "const_std", "between_province"):
        mean, sd = full.moments(point[None], {name: np.eye(sizes[name])})
        error = sd[0] / np.sqrt(len(drawn[name]))
        assert (np.abs(drawn[name].mean(axis=0) - mean[0]) / error).max() < 4.5, name
        assert np.abs(drawn[name].std(axis=0) / sd[0] - 1).max() < 0.03, name


@pytest.mark.slow
def test_scales_are_drawn_as_from_the_rows():
    """Proposals are the same to rounding, and so are their weights."""
    found, parts = both("3.2", 0.15, ("indus",), "region")
    full = hierarchical.density(parts)
    drawn, scales = posterior.draw(posterior.density(found), 2_000, np.random.default_rng(3))
    expected = draw_scales(full, 2_000, np.random.default_rng(3))
    assert scales.trust.k_hat == pytest.approx(expected.trust.k_hat, abs=0.05)
    assert scales.trust.acceptance == pytest.approx(expected.trust.acceptance, abs=0.01)
    mean, sd = full.moments(expected.log_scale, {"slope_std": np.eye(6)[:1]})
    total = np.sqrt((sd**2).mean() + mean.var())
    assert abs(drawn["slope_std"][:, 0].mean() - mean.mean()) < 4.5 * total / np.sqrt(2_000)


def test_gradients_by_differences_are_the_gradients():
    found, parts = both("3.2", 0.15, ("indus",), "region")
    full, rng = hierarchical.density(parts), np.random.default_rng(4)
    density = posterior.ByDifferences(posterior.density(found))
    for _ in range(5):
        point = full.initial(rng)
        value, slope = density.logp_and_gradient(point)
        expected, gradient = full.logp_and_gradient(point)
        assert value == pytest.approx(expected, rel=1e-10)
        np.testing.assert_allclose(slope, gradient, rtol=1e-4, atol=1e-3)
    with pytest.raises(ArithmeticError):
        density.logp_and_gradient(np.full(full.size, 400.0))
