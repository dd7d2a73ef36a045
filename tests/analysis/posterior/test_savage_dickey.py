"""Bayes factors by the density ratio: exact where it is known, by draws where it can be."""

import numpy as np
import pytest
from scipy import integrate, stats

from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.posterior.savage_dickey import GROUP, bf10, bf10_of_draws
from analysis.specifications import select
from models.bayesian.registry import find
from models.priors import REGULARISED
from tests.helpers.fits import simulated


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.0])
def test_draws_of_a_normal_give_its_bayes_factor(distance):
    rng = np.random.default_rng(0)
    prior, posterior = rng.normal(0, 2.5, 4_000), rng.normal(0.1 * distance, 0.1, 4_000)
    known = stats.norm.pdf(0, 0, 2.5) / stats.norm.pdf(0, 0.1 * distance, 0.1)
    assert bf10_of_draws(prior, posterior) == pytest.approx(known, rel=0.15)


def test_draws_that_do_not_reach_zero_give_none():
    assert np.isnan(bf10_of_draws([-1.0, 1.0], np.linspace(1, 2, 500)))


def test_the_ratio_of_log_densities_is_the_bayes_factor():
    assert bf10(np.log(0.2), np.log(0.1)) == pytest.approx(2)
    assert bf10(0.0, -1e4) == np.inf


def test_a_traces_densities_are_those_of_its_draws():
    (record,) = select(["3.2"])
    tree = fit(Job(simulated(5, 2014), record, find("hierarchical")), Settings(draws=500, tune=150))
    at_zero, posterior = tree[GROUP], tree["posterior"]
    unit = tree["observed_data"]["y"].std() / tree["constant_data"]["x"].std("obs")
    for term in ("urb", "trans", "indus"):
        draws = (posterior["slope"].sel(term=term) / unit.sel(term=term)).to_numpy().ravel()
        found = np.exp(float(at_zero["posterior"].sel(term=term)))
        if np.mean(draws > 0) > 0.02:
            assert found == pytest.approx(stats.gaussian_kde(draws)(0)[0], rel=0.15)
        else:
            assert found < 0.1 / draws.std()
    scale, tau = REGULARISED["slope_std"].scale, REGULARISED["tau_slope_std"].scale
    assert np.exp(float(at_zero["prior"].sel(term="urb"))) == pytest.approx(
        stats.norm.pdf(0, 0, scale)
    )
    # Of a region's slope the prior is a normal with a half-normal share of its variance.
    known, _ = integrate.quad(
        lambda t: stats.norm.pdf(0, 0, np.hypot(scale, t)) * stats.halfnorm.pdf(t, scale=tau), 0, 5
    )
    of_region = np.exp(at_zero["prior_region"].sel(varying="indus").to_numpy())
    assert of_region == pytest.approx(known, rel=0.01)
