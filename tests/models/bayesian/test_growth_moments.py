"""Slopes of `growth` given its scales have the moments of their draws, prior and posterior."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.posterior import savage_dickey
from analysis.posterior.sample import shaped
from models.bayesian import growth, growth_moments
from models.priors import Prior
from tests.helpers import growing
from tests.helpers.fits import fit_of, points

pytestmark = pytest.mark.usefixtures("one_thread")

SWITCHES = [
    {},
    {"lines": "fixed"},
    {"lines": "none", "slopes": "region"},
    {"lines": "none", "slopes": "region", "errors": "independent"},
    {"scales": "path"},
]

CASES = [("3.3", "growth", 0.1), ("3.2", "growth_paths", 0.0), ("8.2", "growth_region", 0.1)]


def standardised(fitted, drawn: dict[str, np.ndarray]) -> np.ndarray:
    """Return the reported slopes on the standardised scale, in the order of the moments."""
    flat = {name: values[None] for name, values in drawn.items()}
    free = {n: v for n, (_, v) in shaped(fitted.definition, fitted.parts, flat).items()}
    reported = growth.report(fitted.parts, free)
    unit = fitted.parts.scale / fitted.parts.base.term_scale
    found = [reported["slope"][1][0] / unit]
    if "slope_region" in reported:
        own = unit[fitted.parts.varying_positions]
        by_region = reported["slope_region"][1][0] / own[:, None]
        found.append(by_region.reshape(len(by_region), -1))
    return np.hstack(found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1] + case[0])
@pytest.mark.parametrize("prior", [False, True], ids=["posterior", "prior"])
def test_moments_are_those_of_draws(case, prior):
    fitted, rng = fit_of(*case), np.random.default_rng(0)
    density = fitted.density.with_outcome(growing.outcome(fitted.parts, 1))
    point, size = density.initial(rng), 4_000
    mean, sd = growth_moments.moments(fitted.parts, density, point[None], prior=prior)
    drawn = density.draw_prior(size, rng)
    if prior:
        held = density.scale_variables(np.tile(point, (size, 1)))
        drawn |= held
    else:
        drawn = density.draw(np.tile(point, (size, 1)), rng)
    found = standardised(fitted, drawn)
    assert_allclose(found.std(axis=0), sd[0], rtol=0.06)
    z = (found.mean(axis=0) - mean[0]) / sd[0] * np.sqrt(size)
    assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(s.values()) or "all")
def test_compiled_moments_are_those_of_plain_numpy(switches):
    base = fit_of("3.3", "growth", 0.1)
    parts = growth.split(base.parts.design, base.specification.interest, **switches)
    density = growth.density(parts)
    at = points(density, 67)  # not a multiple of what is evaluated at once
    found = growth_moments.moments(parts, density, at)
    expected = growth_moments.moments_reference(parts, density, at)
    assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_bayes_factors_are_those_of_kernel_estimates_where_these_hold():
    fitted, rng = fit_of("3.2", "growth"), np.random.default_rng(2)
    parts, density = fitted.parts, fitted.density
    point = np.array([density.initial(rng) for _ in range(50)])
    posterior = {n: v[None] for n, v in density.draw(np.repeat(point, 60, axis=0), rng).items()}
    prior = {n: v[None] for n, v in density.draw_prior(3_000, rng).items()}
    group = savage_dickey.of_model(growth, parts, growth.PRIORS, posterior, prior)
    at_zero = group[savage_dickey.GROUP]
    assert set(at_zero) == {"prior", "posterior", "prior_region", "posterior_region"}
    slopes = standardised(fitted, {n: v[0] for n, v in posterior.items()})[:, 0]
    before = standardised(fitted, {n: v[0] for n, v in prior.items()})[:, 0]
    expected = savage_dickey.bf10_of_draws(before, slopes)
    found = savage_dickey.bf10(at_zero["prior"][0], at_zero["posterior"][0])
    assert np.isnan(expected) or found == pytest.approx(expected, rel=0.25)


def test_priors_that_cannot_be_integrated_out_have_no_group():
    fitted = fit_of("3.2", "growth")
    table = tuple(
        Prior(**(vars(line) | {"distribution": "StudentT"})) if line.name == "slope_std" else line
        for line in growth.PRIORS.table
    )
    changed = type(growth.PRIORS)("other", table)
    assert savage_dickey.of_model(growth, fitted.parts, changed, {}, {}) == {}
