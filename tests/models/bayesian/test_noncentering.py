"""The same model in other coordinates: effects have the prior that `hierarchical` gives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from scipy.linalg import helmert

from models.bayesian import hierarchical
from models.bayesian.noncentering import (
    ConditionalEffects,
    with_offsets,
    year_axes,
    year_effects,
)
from models.bayesian.within_between import principal_axes
from tests.helpers.centring import partly_centred
from tests.helpers.fits import Fit, fit_of

TAUS = [1e-3, 0.05, 2.0]
CASES = [("3.2", 0.0), ("3.3", 0.1), ("6.3", 0.0)]


def draw(column: str, missing: float, tau: float) -> tuple[Fit, dict[str, np.ndarray]]:
    """Return the model with t errors and a draw with τ as given, beside one in offsets."""
    plain = fit_of(column, "hierarchical", missing)
    rng = np.random.default_rng(1)
    flat = plain.density.draw(plain.density.initial(rng), rng)
    flat |= {name: np.full_like(flat[name], tau) for name in ("tau_slope_std", "tau_year_std")}
    return fit_of(column, "student_t", missing), flat


def prior_sds(fitted: Fit, flat: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Return the standard deviations of a normal variable about zero, from PyMC's densities."""
    zero = np.zeros_like(flat[name])
    at_zero = fitted.log_densities(flat | {name: zero})[name]
    found = []
    for step in np.eye(len(zero)) * 1e-2:
        fall = at_zero - fitted.log_densities(flat | {name: step})[name]
        found.append(1e-2 / np.sqrt(2 * fall))
    return np.array(found)


@pytest.mark.parametrize(("column", "missing"), CASES)
@pytest.mark.parametrize("tau", TAUS)
def test_year_effects_have_the_covariance_of_line_and_offsets(column, missing, tau):
    fitted, plain = draw(column, missing, tau)
    parts = fitted.parts
    flat = partly_centred(parts, plain) | {"nu": np.array([5.0])}
    sd = prior_sds(fitted, flat, "year_contrast")
    basis = year_effects(parts, {**flat, "year_contrast": np.diag(sd)})
    q, years = principal_axes(parts.year_part), len(parts.design.years)
    expected = fitted.priors["between_year"].scale ** 2 * q @ q.T
    expected += tau**2 * (np.eye(years) - 1 / years)
    assert_allclose(basis.T @ basis, expected, rtol=1e-4, atol=1e-5 * tau**2)


@pytest.mark.parametrize(("column", "missing"), CASES)
@pytest.mark.parametrize("tau", TAUS)
def test_offsets_of_slopes_are_standard_normal(column, missing, tau):
    fitted, plain = draw(column, missing, tau)
    parts = fitted.parts
    flat = partly_centred(parts, plain) | {"nu": np.array([5.0])}
    pooled, regions = len(parts.pooled), len(parts.design.regions)
    contrast = prior_sds(fitted, flat, "slope_contrast").reshape(pooled, regions - 1)
    mean = prior_sds(fitted, flat, "slope_mean_offset")
    for term in range(pooled):
        # One direction after the other, each a draw of that size.
        directions = regions
        unit = np.zeros((directions, pooled, regions - 1))
        middle = np.zeros((directions, pooled))
        unit[np.arange(regions - 1), term, np.arange(regions - 1)] = contrast[term]
        middle[-1, term] = mean[term]
        free = {
            "slope_contrast": unit,
            "slope_mean_offset": middle,
            "tau_slope_std": np.tile(flat["tau_slope_std"], (directions, 1)),
        }
        offset = with_offsets(parts, free)["slope_offset"][:, term]
        assert_allclose(offset.T @ offset, np.eye(regions), atol=1e-4)


@pytest.mark.parametrize(("column", "missing"), CASES)
def test_the_translation_leaves_all_effects_as_they_are(column, missing):
    fitted, flat = draw(column, missing, 0.2)
    parts = fitted.parts
    shapes = {"slope_offset": (-1, len(parts.design.regions))}
    other = partly_centred(parts, flat)
    contrasts = {"slope_contrast": (-1, len(helmert(len(parts.design.regions))))}
    one, two = (
        hierarchical.effects(
            parts, {name: v.reshape(shape.get(name, (-1,))) for name, v in draws.items()}
        )
        for draws, shape in ((flat, shapes), (other, contrasts))
    )
    for ours, theirs in zip(one, two, strict=True):
        assert_allclose(ours, theirs, atol=1e-10)


def test_axes_are_orthonormal_and_sum_to_zero():
    parts = fit_of("3.2", "hierarchical").parts
    axes, lengths = year_axes(parts)
    years = len(parts.design.years)
    assert_allclose(axes.T @ axes, np.eye(years - 1), atol=1e-12)
    assert_allclose(axes.sum(axis=0), 0, atol=1e-12)
    assert (lengths > 0).sum() == principal_axes(parts.year_part).shape[1] < years - 1


@pytest.mark.parametrize("spread", [1e-4, 0.1, 50.0])
def test_effects_of_provinces_are_those_of_conjugate_normals(spread):
    parts = fit_of("3.2", "hierarchical", 0.1).parts
    rng = np.random.default_rng(0)
    n = len(parts.design.provinces)
    rest, centre = rng.normal(size=len(parts.design.y)), rng.normal(size=n)
    sigma = np.array([0.5, 0.1, 0.2])
    conditional = ConditionalEffects(parts, rest, sigma, centre, np.full(n, spread))
    unit = rng.normal(size=(3, n))
    made = conditional.effect(unit)
    for i, region in enumerate(parts.design.region_of_province):
        mine = rest[parts.design.province == i]
        precision = 1 / spread**2 + len(mine) / sigma[region] ** 2
        mean = (centre[i] / spread**2 + mine.sum() / sigma[region] ** 2) / precision
        assert_allclose(made[:, i], mean + unit[:, i] / np.sqrt(precision), rtol=1e-9)
    before = stats.norm.logpdf(made, centre, spread) + np.log(conditional.spread)
    of_unit = stats.norm.logpdf(unit, conditional.prior_centre, conditional.stretch)
    assert_allclose(of_unit, before, atol=1e-6)
