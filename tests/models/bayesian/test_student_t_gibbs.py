"""Student t errors by Gibbs: as least squares where tails are thin, and not dragged by outliers."""

from dataclasses import replace

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from analysis.specifications import select
from models.bayesian import student_t_gibbs
from models.design import design
from models.frequentist import twfe
from tests.helpers.true_panels import simulated_panel

BASELINE, CENTRAL = select(["3.2", "8.2"])
WIDE = 100.0


def made(record, seed=8, df=None, years=range(2012, 2020)):
    return design(simulated_panel(seed, years, df).frame, record)


def test_with_thin_tails_and_one_region_it_is_least_squares(monkeypatch):
    monkeypatch.setattr(student_t_gibbs, "NU", np.array([1e7]))
    arrays = made(CENTRAL)
    drawn = student_t_gibbs.slopes(arrays, WIDE, 4_000, np.random.default_rng(1))
    fit = twfe.fit(arrays)
    k = len(arrays.terms)
    sd = fit.se[:k] * np.sqrt(fit.df / (fit.df - 2))  # of a t with these degrees of freedom
    np.testing.assert_allclose((drawn.mean(axis=0) - fit.coef[:k]) / sd, 0, atol=0.08)
    np.testing.assert_allclose(drawn.std(axis=0) / sd, 1, atol=0.06)


def test_with_thin_tails_a_noisy_region_counts_little(monkeypatch):
    monkeypatch.setattr(student_t_gibbs, "NU", np.array([1e7]))
    arrays = made(BASELINE)
    noise = np.random.default_rng(4).normal(size=len(arrays.y))
    noise *= np.array([9.0, 0.3, 0.6])[arrays.region]
    arrays = arrays.with_outcome(0.5 * arrays.x[:, 0] + noise)
    drawn = student_t_gibbs.slopes(arrays, WIDE, 1_000, np.random.default_rng(1))
    years = np.eye(len(arrays.years))[arrays.year][:, 1:]
    z = np.column_stack([arrays.x, np.eye(31)[arrays.province], years])
    sigma = np.ones(3)
    for _ in range(50):  # least squares weighted by its own residuals, until nothing moves
        root = 1 / sigma[arrays.region]
        coef = np.linalg.lstsq(z * root[:, None], arrays.y * root)[0]
        square = (arrays.y - z @ coef) ** 2
        sigma = np.sqrt(np.bincount(arrays.region, square) / np.bincount(arrays.region))
    sd = drawn[:, 0].std()
    assert abs(coef[0] - twfe.fit(arrays).coef[0]) > 2 * sd
    assert abs(drawn[:, 0].mean() - coef[0]) < 0.5 * sd


def test_outliers_do_not_drag_the_slope():
    arrays = made(CENTRAL)
    clean = twfe.fit(arrays)
    y = arrays.y.copy()
    odd = np.argsort(arrays.x[:, 0])[-3:]
    y[odd] -= 40 * clean.sigma_e
    spoilt = arrays.with_outcome(y)
    drawn = student_t_gibbs.slopes(spoilt, WIDE, 500, np.random.default_rng(1))[:, 0]
    dragged = abs(twfe.fit(spoilt).coef[0] - clean.coef[0])
    assert dragged > 5 * clean.se[0]
    assert abs(drawn.mean() - clean.coef[0]) < 0.15 * dragged


def test_degrees_of_freedom_are_those_of_the_residuals():
    rng = np.random.default_rng(1)
    known = student_t_gibbs.log_density_without_residuals(3_000)
    for df, low, high in ((3.0, 2.0, 4.5), (1e6, 20.0, 100.0)):
        standard = stats.t(df).rvs(3_000, random_state=rng) ** 2
        drawn = [student_t_gibbs.draw_nu(standard, known, rng) for _ in range(200)]
        assert low < np.median(drawn) < high


def test_the_prior_of_the_slope_is_on_the_standardised_scale():
    arrays = made(CENTRAL)
    tight = student_t_gibbs.slopes(arrays, 1e-4, 200, np.random.default_rng(1))
    unit = arrays.y.std() / arrays.x.std(axis=0)
    assert np.abs(tight / unit).max() < 1e-3


def test_units_do_not_matter():
    arrays = made(CENTRAL)
    other = replace(arrays, y=100 * arrays.y + 7, x=arrays.x * np.array([10, 1, 1, 1, 1, 1]))
    one, two = (
        student_t_gibbs.slopes(each, 1.0, 50, np.random.default_rng(1)) for each in (arrays, other)
    )
    np.testing.assert_allclose(two[:, 0], 10 * one[:, 0], rtol=1e-6)


@pytest.mark.trust
def test_pymcs_own_sampler_draws_the_same():
    arrays = made(BASELINE, df=3.0, years=range(2013, 2018))
    drawn = student_t_gibbs.slopes(arrays, 1.0, 3_000, np.random.default_rng(1))[:, 0]
    x = (arrays.x - arrays.x.mean(axis=0)) / arrays.x.std(axis=0)
    y = (arrays.y - arrays.y.mean()) / arrays.y.std()
    with pm.Model():
        slope = pm.Normal("slope", 0, 1, shape=x.shape[1])
        province = pm.Flat("province", shape=31)
        year = pm.Flat("year", shape=4)
        log_sigma = pm.Flat("log_sigma", shape=3)
        nu = pm.Gamma("nu", alpha=2, beta=0.1)
        effect = pm.math.concatenate([np.zeros(1), year])
        mean = pm.math.dot(x, slope) + province[arrays.province] + effect[arrays.year]
        sigma = pm.math.exp(log_sigma)[arrays.region]
        pm.StudentT("y", nu=nu, mu=mean, sigma=sigma, observed=y)
        tree = pm.sample(
            1_000, tune=1_000, chains=2, cores=1, random_seed=1, progressbar=False,
            nuts_sampler="nutpie",
        )  # fmt: skip
    unit = arrays.y.std() / arrays.x.std(axis=0)[0]
    other = tree["posterior"]["slope"].to_numpy()[..., 0].ravel() * unit
    sd = other.std()
    assert drawn.mean() == pytest.approx(other.mean(), abs=0.15 * sd)
    assert drawn.std() == pytest.approx(sd, rel=0.1)
    ends = np.quantile(drawn, [0.025, 0.975]), np.quantile(other, [0.025, 0.975])
    np.testing.assert_allclose(*ends, atol=0.3 * sd)
