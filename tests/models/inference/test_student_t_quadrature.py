"""Effects under t errors, integrated out, against quadrature of another kind, and what is drawn."""

from functools import cached_property

import numpy as np
import pymc as pm
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from models.bayesian import hierarchical
from models.bayesian.effects import standard_mean
from models.inference import student_t_quadrature
from tests.helpers.fits import Fit, fit_of

ROWS = np.array([13, 13, 8, 5, 2, 1, 0])
provinces = np.random.default_rng(1).permutation(np.repeat(np.arange(len(ROWS)), ROWS))


def case(nu: float, seed: int):
    """Return r, σ, ν, m and s; every second province's rows lie in two places, far apart."""
    rng = np.random.default_rng(seed)
    n = len(ROWS)
    sigma, spread = np.exp(rng.uniform(-3, 0, n)), np.exp(rng.uniform(-4, 1, n))
    centre = rng.normal(size=n)
    rest = (centre + spread * rng.normal(size=n))[provinces]
    rest += sigma[provinces] * stats.t.rvs(max(nu, 1), size=len(provinces), random_state=rng)
    apart = (provinces % 2 == 0) & (rng.random(len(provinces)) < 0.5)
    return rest + 2 * spread[provinces] * apart, sigma, np.array([nu]), centre, spread


def log_density(a, rows, sigma, nu, centre, spread):
    """Return log f at each of a."""
    tail = np.log1p((rows[:, None] - a) ** 2 / (nu * sigma**2)).sum(axis=0)
    return stats.norm.logpdf(a, centre, spread) - (nu + 1) / 2 * tail


def quadrature(rows, sigma, nu, centre, spread):
    """Return log ∫ f, cell by cell, and the cells' ends with what lies below each."""
    wide = centre + spread * np.linspace(-10, 10, 801)
    close = rows[:, None] + sigma * np.sinh(np.linspace(-9, 9, 301)) / 20
    ends = np.unique(np.clip(np.append(close, wide), wide[0], wide[-1]))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = np.diff(ends) / 2
    at = (ends[:-1] + half)[:, None] + half[:, None] * nodes
    log_f = log_density(at.ravel(), rows, sigma, nu, centre, spread).reshape(at.shape)
    cells = np.exp(log_f - log_f.max()) @ weights * half
    below = np.append(0, cells.cumsum()) / cells.sum()
    return log_f.max() + np.log(cells.sum()), ends, below


def own(given, i):
    """Return what `quadrature` takes, of one province."""
    rest, sigma, nu, centre, spread = given
    return rest[provinces == i], sigma[i], nu[0], centre[i], spread[i]


@pytest.mark.parametrize("nu", [0.7, 1.5, 4.0, 40.0])
def test_the_sum_is_the_integral(nu):
    for seed in range(5):
        given = case(nu, seed)
        found = student_t_quadrature._integrals(*given, provinces)[0]
        expected = [quadrature(*own(given, i))[0] for i in range(len(ROWS))]
        assert_allclose(found, expected, atol=1e-5)


def test_with_many_degrees_of_freedom_it_is_the_normals():
    rest, sigma, _, centre, spread = case(40.0, 3)
    found = student_t_quadrature._integrals(
        rest, sigma, np.array([1e9]), centre, spread, provinces
    )[0]
    assert found[ROWS == 0] == pytest.approx(0.0, abs=1e-7)
    for i, n in enumerate(ROWS[ROWS > 0]):
        rows = rest[provinces == i]
        covariance = np.full((n, n), spread[i] ** 2) + sigma[i] ** 2 * np.eye(n)
        expected = stats.multivariate_normal.logpdf(rows, np.full(n, centre[i]), covariance)
        expected += n * (np.log(sigma[i]) + np.log(2 * np.pi) / 2)
        assert found[i] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("nu", [0.9, 8.0])
def test_slopes_are_those_of_differences(nu):
    given = case(nu, 2)
    _, *slopes = student_t_quadrature._integrals(*given, provinces)
    for place, (values, slope) in enumerate(zip(given, slopes, strict=True)):
        for element in range(0, len(values), 4):
            step = 1e-5 * max(abs(values[element]), 0.1)
            there = []
            for sign in (1, -1):
                moved = [each.copy() for each in given]
                moved[place][element] += sign * step
                there.append(student_t_quadrature._integrals(*moved, provinces)[0].sum())
            found = slope.sum() if len(values) == 1 else slope[element]
            expected = (there[0] - there[1]) / (2 * step)
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("nu", [0.9, 8.0])
def test_draws_are_of_the_density(nu):
    size = 20_000
    given = case(nu, 4)
    many = [np.broadcast_to(each, (size, len(each))) for each in given]
    rest, sigma, degrees, centre, spread = many
    rng = np.random.default_rng(0)
    drawn = student_t_quadrature.draw(rest, provinces, sigma, degrees, centre, spread, rng)
    for i in range(len(ROWS)):
        _, ends, below = quadrature(*own(given, i))
        uniform = np.interp(drawn[:, i], ends, below)
        assert stats.kstest(uniform, "uniform").pvalue > 1e-3 / len(ROWS)


ZERO_IS_FINE = (0, 3)
"""Residuals and means."""


@pytest.mark.parametrize(
    ("place", "bad"),
    [(p, b) for p in range(5) for b in (0.0, np.nan, np.inf) if b or p not in ZERO_IS_FINE],
)
def test_what_is_no_number_gives_none(place, bad):
    given = list(case(2.0, 0))
    given[place] = given[place] * bad
    found = student_t_quadrature._integrals(*given, provinces)[0]
    assert not np.isfinite(found[ROWS > 0]).any()


def test_rows_in_one_place_are_the_worst_of_the_sum():
    for n, nu in ((1, 1.0), (3, 2.0), (9, 0.5), (13, 0.8), (13, 5.0)):
        rows, law = np.full(n, 0.3), (0.05, nu, 0.0, 1.0)
        arrays = [np.array([each]) for each in law]
        found = student_t_quadrature._integrals(rows, *arrays, np.zeros(n, np.int64))[0]
        assert found == pytest.approx([quadrature(rows, *law)[0]], abs=2e-5)


def test_where_nodes_are_not_enough_there_is_no_number():
    law = [np.array([each]) for each in (1e-4, 1.0, 0.0, 1.0)]
    one = np.zeros(1, np.int64)
    assert np.isnan(student_t_quadrature._integrals(np.zeros(1), *law, one)[0]).all()
    drawn = student_t_quadrature.draw(np.zeros(1), one, *law, np.random.default_rng(0))
    assert np.isnan(drawn).all()


class Marginal(Fit):
    """The model in which NUTS moves."""

    @cached_property
    def definition(self) -> pm.Model:
        return self.model.module.marginal(self.parts, self.priors)


@pytest.mark.parametrize(("column", "model"), [("3.2", "student_t"), ("5.1", "dynamic_t")])
def test_what_is_left_is_the_joint_density_over_that_of_the_effects(column, model):
    whole = fit_of(column, model, 0.1)
    marginal = Marginal(whole.panel, whole.specification, whole.model, whole.priors)
    parts, design = whole.parts, whole.parts.design
    with whole.definition:
        drawn = pm.draw(list(whole.definition.free_RVs), random_seed=1, mode="FAST_COMPILE")
    free = {v.name: x for v, x in zip(whole.definition.free_RVs, drawn, strict=True)}
    joint = sum(whole.log_densities(free).values())
    effects = free.pop("province_std")
    left = sum(marginal.log_densities(free).values())

    others = hierarchical.but_of_provinces(parts, free)
    rest = parts.y - standard_mean(parts, others)
    line = hierarchical.of_line if model == "student_t" else whole.model.module.dynamic.of_line
    centre = free["const_std"][0] + line(parts, free)
    given_all_else = 0.0
    for i, region in enumerate(design.region_of_province):
        law = (others.sigma[region], free["nu"][0], centre[i], free["tau_province_std"][0])
        rows = rest[design.province == i]
        log_f = log_density(effects[[i]], rows, *law)[0]
        given_all_else += log_f - quadrature(rows, *law)[0]
    assert left == pytest.approx(joint - given_all_else, abs=1e-4)


def test_gradients_of_the_model_are_those_of_differences():
    fitted = fit_of("5.1", "dynamic_t", 0.1)
    model = Marginal(fitted.panel, fitted.specification, fitted.model, fitted.priors).definition
    density = model.compile_logp(mode="FAST_COMPILE")
    gradient = model.compile_dlogp(mode="FAST_COMPILE")
    point = model.initial_point()
    found, start = gradient(point), 0
    for name, value in point.items():
        for element in range(0, value.size, 5):
            there = []
            for step in (1e-5, -1e-5):
                moved = np.array(value, float)
                moved.flat[element] += step
                there.append(float(density(point | {name: moved})))
            expected = (there[0] - there[1]) / 2e-5
            assert found[start + element] == pytest.approx(expected, rel=1e-4, abs=1e-4), name
        start += value.size
