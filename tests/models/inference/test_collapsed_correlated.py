"""AR(1) and correlated errors, integrated out: the density is the PyMC model's, to the digit."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.testing import assert_allclose

from models.bayesian import hierarchical
from models.inference.collapsed import Collapsed, OutOfRangeError
from models.inference.collapsed_correlated import CollapsedErrors
from models.priors import LOG_2PI
from tests.helpers.fits import Fit, fit_of

pytestmark = pytest.mark.usefixtures("one_thread")

FITS = [
    ("3.2", "autoregressive", 0.0),
    ("3.2", "autoregressive", 0.1),
    ("3.2", "province_trends", 0.0),
    ("3.3", "province_trends", 0.1),
    ("7.1", "joint", 0.1),
    ("4.2", "joint", 0.0),
]


@pytest.fixture(params=FITS, ids=lambda case: "-".join(map(str, case)))
def fitted(request) -> Fit:
    return fit_of(*request.param)


class Mode:
    """A generator whose normal draws are zero: drawn locations are their conditional mode."""

    def standard_normal(self, size: int) -> np.ndarray:
        return np.zeros(size)


def log_jacobian(variables: Mapping[str, np.ndarray]) -> float:
    """Return log |d variables / d point| of the scales and the errors' parameters."""
    of_scales = sum(np.log(v).sum() for n, v in variables.items() if n.startswith(("tau", "sigma")))
    of_phi = sum(np.log1p(-(v**2)).sum() for n, v in variables.items() if n == "phi")
    unit = variables.get("partial_unit", np.array([]))
    return float(of_scales + of_phi + (np.log(unit) + np.log1p(-unit)).sum())


def log_marginal_by_pymc(fitted: Fit, point: np.ndarray) -> float:
    """Return log p(y, s) as log p(y, z, s) − log p(z | y, s) at the mode of z given y and s.

    Exact, because z is normal given y and s; the second term is the factor's and, of what is
    sampled in units of its scale, the scale's.
    """
    density = fitted.density
    mode = density.draw(point, Mode())
    if isinstance(density, Collapsed):
        outcomes, scales = (density,), [point]
        factor = density.given(np.exp(-2 * point))[0]
    else:
        outcomes = density.outcomes
        scales, x = density._pieces(point)
        factor = density._given(scales, density.errors.weights(x))[0]
    log_given = np.log(np.diag(factor)).sum() - len(factor) * LOG_2PI / 2
    for outcome, u in zip(outcomes, scales, strict=True):
        offset = np.concatenate([np.full(b.size, b.offset) for b in outcome.locations])
        log_given += (u @ outcome.member)[offset].sum()
    return sum(fitted.log_densities(mode).values()) - log_given + log_jacobian(mode)


@pytest.mark.parametrize("case", [*FITS, ("3.2", "province_slopes", 0.1)], ids=str)
def test_the_density_is_that_of_the_pymc_model_with_locations_integrated_out(case):
    fitted = fit_of(*case)
    rng = np.random.default_rng(2)
    for _ in range(4):
        point = fitted.density.initial(rng)
        found = fitted.density.logp_and_gradient(point)[0]
        assert found == pytest.approx(log_marginal_by_pymc(fitted, point), rel=1e-7)


def test_the_gradient_is_the_difference_quotient(fitted):
    density, step = fitted.density, 1e-4
    rng = np.random.default_rng(0)
    for _ in range(2):
        point = density.initial(rng)
        value = [
            [density.logp_and_gradient(point + k * step * axis)[0] for k in (-2, -1, 1, 2)]
            for axis in np.eye(density.size)
        ]
        quotient = np.array(value) @ [1, -8, 8, -1] / (12 * step)
        gradient = density.logp_and_gradient(point)[1]
        assert_allclose(gradient, quotient, rtol=1e-5, atol=1e-5 * np.abs(gradient).max())


def test_draws_of_locations_have_the_moments_of_the_factor(fitted):
    density: CollapsedErrors = fitted.density
    rng = np.random.default_rng(3)
    point = density.initial(rng)
    drawn = density.draw(np.tile(point, (4_000, 1)), rng)
    mode = density.draw(point, Mode())
    scales, x = density._pieces(point)
    factor = density._given(scales, density.errors.weights(x))[0]
    sd = np.sqrt(np.diag(np.linalg.inv(factor @ factor.T)))
    where = density.outcomes[0].location_slices["slope_std"]
    size = where.stop - where.start
    slope, expected = drawn["slope_std"][:, :size], sd[where]
    z = (slope.mean(0) - mode["slope_std"][:size]) / expected * np.sqrt(4_000)
    assert np.abs(z).max() < 4.5
    assert_allclose(slope.std(0), expected, rtol=0.06)


@pytest.mark.parametrize("share", [0.0, 0.1], ids=["balanced", "unbalanced"])
def test_at_no_autocorrelation_the_model_is_the_hierarchical_one(share):
    extended = fit_of("3.2", "autoregressive", share).density
    plain = fit_of("3.2", "hierarchical", share).density
    point = plain.initial(np.random.default_rng(4))
    found, slope = extended.logp_and_gradient(np.append(point, 0.0))
    expected, expected_slope = plain.logp_and_gradient(point)
    assert found - extended.errors._log_prior_at_centre == pytest.approx(expected, rel=1e-10)
    assert_allclose(slope[:-1], expected_slope, rtol=1e-7, atol=1e-7)


def test_without_correlation_outcomes_may_as_well_be_fitted_one_by_one():
    joint = fit_of("7.1", "joint", 0.1)
    rng = np.random.default_rng(5)
    alone = [hierarchical.density(own, joint.priors) for own in joint.parts.regressions]
    points = [each.initial(rng) for each in alone]
    n_sigma = len(joint.parts.regressions[0].sigma_groups)
    taus = [point[:-n_sigma] for point in points]
    sigmas = [point[-n_sigma:] for point in points]
    at = np.concatenate([*taus, *sigmas, np.zeros(3)])  # (1 + ρ)/2 = ½
    found, slope = joint.density.logp_and_gradient(at)
    each = [one.logp_and_gradient(point) for one, point in zip(alone, points, strict=True)]
    of_correlation = joint.density.errors.log_prior_of(
        {"sigma_std": np.ones(9), "partial_unit": np.full(3, 0.5)}
    )["partial_unit"]
    of_correlation += 3 * np.log(0.25)  # the logits' Jacobian
    assert found - of_correlation == pytest.approx(sum(value for value, _ in each), rel=1e-10)
    gradients = [gradient[:-n_sigma] for _, gradient in each]
    assert_allclose(slope[: len(np.concatenate(taus))], np.concatenate(gradients), rtol=1e-7)


def test_log_priors_are_pymcs(fitted):
    rng = np.random.default_rng(6)
    drawn = {name: v[0] for name, v in fitted.density.draw_prior(1, rng).items()}
    of_pymc = fitted.log_densities(drawn)
    found = fitted.density.log_prior(drawn)
    assert found.keys() | {"y", "y_system"} == of_pymc.keys() | {"y", "y_system"}
    for name, value in found.items():
        assert value == pytest.approx(of_pymc[name], rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize("size", [20.0, 200.0, 1e3])
def test_a_far_point_is_refused_or_finite(fitted, size):
    rng = np.random.default_rng(7)
    for _ in range(20):
        point = size * rng.uniform(-1, 1, fitted.density.size)
        try:
            value, gradient = fitted.density.logp_and_gradient(point)
        except OutOfRangeError:
            continue
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()
