"""Growth with Student t errors or an error in its regressor: what it is without, and does with."""

from functools import cache

import numpy as np
import pytest
from arviz_stats.base import array_stats

from analysis.specifications import select
from models.bayesian import growth, growth_robust
from models.bayesian.growth_parts import Growth
from models.bayesian.registry import find
from models.design import design
from models.inference import batched
from tests.helpers.fits import few, simulated

(BASELINE,) = select(["3.2"])


@cache
def regression() -> Growth:
    return find("growth").split(design(few(simulated()).frame, BASELINE), BASELINE)


def test_whitening_takes_levels_out_and_the_likelihood_is_the_collapsed_ones():
    """All coefficients in common at zero."""
    parts, rng = regression(), np.random.default_rng(1)
    rows = growth_robust.arranged(parts)
    weight = np.ones_like(rows.y)
    found = []
    for _ in range(3):
        x = rng.normal(0, 0.5, (3, 4))
        value = growth_robust._log_likelihood(rows, rows.y, rows.mean, x, weight).sum()
        shifted = rows.y + rng.normal(size=(len(rows.y), 1))
        again = growth_robust._log_likelihood(rows, shifted, rows.mean, x, weight).sum()
        assert value == pytest.approx(again)
        tau, omega, sigma = np.exp(x[:, 1:]).T
        prior = {"tau_trend_std": tau, "tau_slope_province_std": omega, "sigma_std": sigma}
        narrow = growth.PRIORS.with_scales(
            "none in common", slope_std=1e-9, year_contrast=1e-9, trend_region=1e-9,
            between_trend=1e-9,
        )  # fmt: skip
        density = growth.density(parts, narrow)
        variables = prior | {"tau_slope_std": np.array([1e-9]), "phi": np.tanh(x[:, 0])}
        point = density.point({name: values[None] for name, values in variables.items()})
        whole = density.log_density(point)[0]
        of_tau = np.log(1e-9)  # half-normal, whose Jacobian this is
        found.append(whole - of_tau - value)
    np.testing.assert_allclose(found, found[0], rtol=1e-6)


def compared(drawn: dict, other: dict, name: str) -> float:
    """Return the largest distance of means, in their Monte-Carlo errors."""
    a, b = drawn[name], other[name]
    effective = [array_stats.ess(v[None], chain_axis=0, draw_axis=1) for v in b.T]
    error = np.sqrt(a.var(axis=0) / len(a) + b.var(axis=0) / np.array(effective))
    return float((np.abs(a.mean(axis=0) - b.mean(axis=0)) / error).max())


@pytest.mark.slow
@pytest.mark.parametrize("draws", [1_000, pytest.param(6_000, marks=pytest.mark.trust)])
def test_without_either_the_posterior_is_that_of_growth(draws):
    parts, rng = regression(), np.random.default_rng(1)
    density = growth.density(parts)
    (fit,) = batched.fit_many(density, parts.y[None], draws, rng)
    exact = density.draw(fit.point, rng)
    chain = growth_robust.draws(growth_robust.arranged(parts), rng, draws, 500)
    for name in ("slope_std", "year_contrast", "phi", "sigma_std", "tau_trend_std"):
        assert compared(exact, chain, name) < 4.5, name
    for name in ("tau_slope_std", "tau_slope_province_std", "between_trend"):
        assert compared(exact, chain, name) < 4.5, name


@pytest.mark.slow
def test_degrees_of_freedom_are_few_where_errors_have_long_tails():
    rng = np.random.default_rng(2)
    found = {}
    for df in (2.5, 200.0):
        parts = regression()
        own = rng.standard_t(df, len(parts.y))
        parts = parts.with_outcome(parts.design.y + 5 * parts.scale * own)
        chain = growth_robust.draws(growth_robust.arranged(parts), rng, 400, 300, mean_nu=20.0)
        found[df] = np.median(chain["nu"])
    assert found[2.5] < 5 < found[200.0]


def test_a_regressor_is_drawn_from_its_normal_law_given_the_outcome():
    parts, rng = regression(), np.random.default_rng(3)
    rows = growth_robust.arranged(parts, np.full(len(parts.y), 0.3 * parts.base.term_scale[0]))
    n, years = rows.y.shape
    x, weight = rng.normal(0, 0.5, (3, 4)), rng.gamma(2, 0.5, rows.y.shape)
    slope, left = rng.normal(size=n), rng.normal(size=rows.y.shape)
    drawn = np.array(
        [growth_robust._regressor(rows, left, slope, x, weight, rng) for _ in range(4_000)]
    )
    phi, sigma = np.tanh(x[:, 0])[rows.region], np.exp(x[:, 3])[rows.region]
    lag = np.abs(np.subtract.outer(*[np.arange(years)] * 2))
    for i in (0, n - 1):
        step = np.eye(years) - phi[i] * np.eye(years, k=-1)
        step[0, 0] = np.sqrt(1 - phi[i] ** 2)
        whole = np.linalg.inv(step) @ np.diag(sigma[i] ** 2 / weight[i]) @ np.linalg.inv(step).T
        if i == 0:
            plain = np.linalg.inv(step) @ np.linalg.inv(step).T
            np.testing.assert_allclose(plain, phi[i] ** lag / (1 - phi[i] ** 2), rtol=1e-9)
        gain = 0.09 * slope[i] * np.linalg.inv(0.09 * slope[i] ** 2 * np.eye(years) + whole)
        expected = rows.mean[i] + gain @ (left[i] - slope[i] * rows.mean[i])
        spread = np.sqrt(np.diag(0.09 * np.eye(years) - 0.09 * slope[i] * gain))
        error = spread / np.sqrt(len(drawn))
        assert (np.abs(drawn[:, i].mean(axis=0) - expected) / error).max() < 4.5
        np.testing.assert_allclose(drawn[:, i].std(axis=0), spread, rtol=0.06)
