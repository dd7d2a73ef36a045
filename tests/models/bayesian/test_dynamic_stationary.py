"""Provinces at rest at the start: the law is that of a long history, and the root is found."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from analysis.posterior.engines import NutsEngine
from analysis.posterior.jobs import Settings
from analysis.posterior.sample import shaped
from analysis.specifications import select
from models.bayesian import dynamic, dynamic_stationary
from models.bayesian.effects import standard_mean
from models.bayesian.registry import find
from models.design import Design, design
from tests.helpers.fits import Fit, fit_of, simulated

(COLUMN,) = select(["5.1"])


def draw(fitted: Fit, rho: float, seed: int = 0) -> dict[str, np.ndarray]:
    """Return a flat draw from the prior, with the root as given."""
    engine = NutsEngine(fitted.model, fitted.parts, fitted.priors, fitted.definition)
    drawn = engine.draw_prior(1, np.random.default_rng(seed))
    return {name: values[0] for name, values in drawn.items()} | {"rho": np.array([rho])}


def in_dims(fitted: Fit, flat: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give a flat draw its dims, without any before them."""
    alone = {name: values[None, None] for name, values in flat.items()}
    found = shaped(fitted.definition, fitted.parts, alone)
    return {name: values[0, 0] for name, (_, values) in found.items()}


def slope_of_first(fitted: Fit, free: dict[str, np.ndarray]) -> np.ndarray:
    """Return what a province's intercept and first regressors come to, standardised, (N,)."""
    parts, rows = fitted.parts, fitted.parts.design
    reported = {name: v for name, (_, v) in dynamic_stationary.report(parts, free).items()}
    first = dynamic.lagged(design(fitted.panel.frame, COLUMN))[2]
    of_region = reported["slope_region"][0][rows.region_of_province]
    with_controls = first[:, 1:] @ reported["slope"][1:-1] + first[:, 0] * of_region
    return (reported["province_effect"] + with_controls) / parts.scale


@pytest.mark.parametrize("rho", [-0.4, 0.6, 0.97])
def test_the_density_is_that_of_whole_paths(rho):
    """Level, first outcome and rows of a province at once, its effect integrated out."""
    fitted = fit_of("5.1", "dynamic_stationary")
    parts = fitted.parts
    flat = draw(fitted, rho)
    flat["sigma_std"] = np.array([0.5, 0.1, 0.2])
    free = in_dims(fitted, flat)
    of_pymc = fitted.log_densities(flat)
    # Given all else what moves is standard normal, so its density there is its integral's share.
    found = sum(of_pymc[name] for name in ("y_first", "y", "province_unit"))
    found -= stats.norm.logpdf(flat["province_unit"]).sum()

    made = dynamic_stationary.effects(parts, free)
    alpha, tau = flat["const_std"][0], flat["tau_province_std"][0]
    line = flat["tau_between_std"] * parts.between @ flat["between_offset"]
    moved = (slope_of_first(fitted, free) - made.province) / (1 - rho)
    moved -= moved.mean()
    # What a row is without its lag and its province's effect.
    lag = parts.design.x[:, -1] / parts.scale
    rest = standard_mean(parts, made) - made.province[parts.design.province] - rho * lag
    expected = 0.0
    for i, region in enumerate(parts.design.region_of_province):
        mine = parts.design.province == i
        sigma = made.sigma[region]
        first = (parts.first[i, 0] - parts.centre) / parts.scale
        off = parts.y[mine] - rho * lag[mine] - rest[mine] - alpha - (1 - rho) * line[i]
        off = np.append(first - flat["first_level"][0] - line[i] - moved[i], off)
        level = np.append(1.0, np.full(mine.sum(), 1 - rho))
        errors = sigma**2 * np.append(1 / (1 - rho**2), np.ones(mine.sum()))
        covariance = tau**2 * np.outer(level, level) + np.diag(errors)
        expected += stats.multivariate_normal.logpdf(off, cov=covariance)
    assert found == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("rho", [-0.5, 0.9])
def test_the_law_of_the_first_outcome_is_that_of_a_long_history(rho):
    """Regressors held at their first values, errors drawn year after year."""
    fitted = fit_of("5.1", "dynamic_stationary")
    parts, size = fitted.parts, 3_000
    flat = draw(fitted, rho)
    flat["sigma_std"] = np.array([0.6, 0.1, 0.3])
    free = in_dims(fitted, flat)
    made = dynamic_stationary.effects(parts, free)
    begun = dynamic_stationary.start(parts, free, made.slope[:-1], made.sigma)
    rng = np.random.default_rng(1)
    n = len(parts.design.provinces)
    # Intercepts as reported, less the province effect there; then one drawn about its line.
    intercept = slope_of_first(fitted, free) - made.province
    level = flat["tau_between_std"] * parts.between @ flat["between_offset"]
    level = level + flat["tau_province_std"] * rng.standard_normal((size, n))
    drift = intercept + (1 - rho) * level
    sigma = made.sigma[parts.design.region_of_province]
    y = np.zeros((size, n))
    for _ in range(150):
        y = rho * y + drift + sigma * rng.standard_normal((size, n))
    assert_allclose(y.std(axis=0), begun.sd, rtol=0.07)
    # Levels that all provinces share are not told.
    shared = np.average(y.mean(axis=0) - begun.mean, weights=begun.sd**-2.0)
    error = (y.mean(axis=0) - begun.mean - shared) / (begun.sd / np.sqrt(size))
    assert np.abs(error).max() < 4


def test_generated_provinces_start_at_rest_and_go_on_as_the_model_says():
    fitted = fit_of("5.1", "dynamic_stationary")
    parts = fitted.parts
    free = in_dims(fitted, draw(fitted, 0.8) | {"sigma_std": np.full(3, 1e-5)})
    begun, known, _ = dynamic_stationary.conditional(parts, free)
    rng = np.random.default_rng(5)
    offset = rng.standard_normal(len(begun.centre))
    free["province_unit"] = known.unit(begun.centre + begun.spread * offset)
    made = dynamic_stationary.generate(parts, free, rng)
    again = dynamic_stationary.restated(parts, made, free)
    effects = dynamic_stationary.effects(made, again)
    mean = made.centre + made.scale * standard_mean(made, effects)
    assert_allclose(made.design.y, mean, atol=1e-4 * made.scale)
    assert not np.allclose(made.first[:, 0], parts.first[:, 0])
    # With next to no errors a province rests where its first outcome is.
    start = dynamic_stationary.conditional(made, again)[0]
    assert_allclose(start.mean, begun.mean)
    assert_allclose(effects.province, start.centre, atol=1e-4)
    assert_allclose((effects.province - start.centre) / start.spread, offset, rtol=1e-4)

    free["sigma_std"] = np.array([0.5, 0.1, 0.2])
    start = dynamic_stationary.conditional(parts, free)[0]
    firsts = [dynamic_stationary.generate(parts, free, rng).first_standard for _ in range(300)]
    unit = (np.array(firsts) - start.mean) / start.sd
    assert stats.kstest(unit.ravel(), "norm").pvalue > 0.001


def test_the_lag_is_left_out_of_the_other_slopes():
    parts = fit_of("5.1", "dynamic_stationary").parts
    base = parts.without_lag
    assert "L.y" not in (*base.regressors, *base.design.terms, *base.coefficients)
    assert base.regressors == parts.regressors[:-1]
    assert_allclose(base.within, parts.within[:, :-1])
    assert_allclose(base.year_axes, parts.year_axes)


def posterior(name: str, data: Design) -> dict[str, np.ndarray]:
    """Return draws of what a model reports."""
    model = find(name)
    parts = model.split(data, COLUMN)
    definition = model.module.build(parts, model.module.PRIORS)
    engine = NutsEngine(model, parts, model.module.PRIORS, definition)
    settings = Settings(draws=250, tune=350, chains=2).by(NutsEngine.name)
    flat, statistics = engine.sample(settings, np.random.default_rng(0))
    assert int(statistics["diverging"].sum()) == 0
    free = {n: values for n, (_, values) in shaped(definition, parts, flat).items()}
    return {n: values for n, (_, values) in model.module.report(parts, free).items()}


@pytest.mark.trust
@pytest.mark.parametrize("rho", [0.5, 0.9])
def test_the_root_of_provinces_at_rest_is_recovered(rho):
    whole = design(simulated().frame, COLUMN)
    n, t = len(whole.provinces), len(whole.years)
    sigma = np.array([0.3, 0.1, 0.15])[whole.region_of_province]
    x = whole.x[:, 0].reshape(n, t)
    found = []
    for number in range(3):
        rng = np.random.default_rng([8, number])
        effect = (1 - rho) * rng.normal(size=n)
        now = (effect + 0.1 * x[:, 0]) / (1 - rho)
        y = np.empty((n, t))
        y[:, 0] = now + sigma * rng.normal(size=n) / np.sqrt(1 - rho**2)
        for year in range(1, t):
            steady = rho * y[:, year - 1] + effect + 0.1 * x[:, year]
            y[:, year] = steady + sigma * rng.normal(size=n)
        slope = posterior("dynamic_stationary", whole.with_outcome(y.ravel()))["slope"]
        for at, truth in ((-1, rho), (0, 0.1)):
            draws = slope[..., at]
            assert abs(draws.mean() - truth) < 3.5 * draws.std()
        found.append(slope[..., -1].mean() - rho)
    assert abs(np.mean(found)) < 0.03
