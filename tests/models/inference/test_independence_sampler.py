"""Independent draws of the scales are of the density, and say so when they are not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.posterior import equality
from analysis.posterior.engines import INDEPENDENCE, CollapsedEngine
from analysis.posterior.equality import compare
from analysis.posterior.jobs import Settings
from analysis.specifications import select
from data.panels.catalogue import PANELS
from data.panels.panel import load_panel
from models.bayesian.registry import main_model
from models.design import design
from models.inference import independence_sampler
from models.inference.independence_sampler import LEAST_ESS, Trust, draw_scales
from tests.helpers.fits import fit_of

pytestmark = pytest.mark.usefixtures("one_thread")

FITS = [("3.2", "flat"), ("3.2", "region_sigma"), ("3.3", "hierarchical"), ("8.2", "mundlak")]


FALL_BACK = {("official-as_published", "5.3"), ("implied", "5.3")}
"""Where so many independent draws are not trusted, and the engine's are those of another chain."""


@pytest.mark.parametrize(
    ("column", "model"),
    [
        pytest.param(*fit, marks=pytest.mark.trust if number < 3 else ())
        for number, fit in enumerate(FITS)
    ],
)
def test_draws_agree_with_nuts_on_the_collapsed_density(column, model):
    """One fit has several scales; the flat one's single scale is held to quadrature, by
    `test_draws_know_the_density_of_one_scale`. Others are for a longer run.
    """
    fitted = fit_of(column, model)
    drawn = draw_scales(fitted.density, 3_000, np.random.default_rng(1))
    assert drawn.trust.holds
    assert len(np.unique(drawn.log_scale, axis=0)) == 3_000
    engine = CollapsedEngine(fitted.model, fitted.parts, fitted.priors, fitted.definition)
    settings = Settings(draws=3_000, chains=4, seed=3).by(CollapsedEngine.name)
    flat, _ = engine.by_nuts(settings, np.random.default_rng(2))
    other = fitted.density.point(flat).reshape(-1, fitted.density.size)[::4]
    # Thinned until they are nearly independent, draws of the same density pass Kolmogorov's test.
    p = [
        stats.ks_2samp(one, two).pvalue for one, two in zip(drawn.log_scale.T, other.T, strict=True)
    ]
    assert min(p) > 0.01 / len(p) / len(FITS)


@pytest.mark.trust
@pytest.mark.parametrize("column", [record.column for record in select(())])
@pytest.mark.parametrize("name", [kind.name for kind in PANELS])
def test_every_posterior_is_that_of_nuts(name, column):
    """By the rule of `posterior.equality`, all scales, slopes and effects, on whole panels.

    NUTS goes on until it has the effective draws that the rule asks for.
    """
    (record,) = select([column])
    panel = load_panel(name, record.variables)
    model = main_model(record)
    parts = model.split(design(panel.frame, record), record)
    engine = CollapsedEngine(model, parts, model.module.PRIORS, None)
    rng = np.random.default_rng(8)
    drawn, statistics = engine.sample(Settings(draws=3_500, seed=8).by(CollapsedEngine.name), rng)
    fell_back = statistics.attrs["sampler"] != INDEPENDENCE
    assert fell_back == ((name, column) in FALL_BACK)
    for draws in (9_000, 18_000, 36_000):
        settings = Settings(draws=draws, tune=1_000, seed=9).by(CollapsedEngine.name)
        other, _ = engine.by_nuts(settings, rng)
        if fell_back:
            drawn, _ = engine.by_nuts(replace(settings, seed=8), rng)
        found = compare(drawn, other)
        print(column, name, draws, found)
        if found.ess >= equality.LEAST_ESS:
            break
    assert found.holds, found


def test_draws_know_the_density_of_one_scale():
    """With one scale the posterior is had by quadrature."""
    density = fit_of("3.2", "flat").density
    drawn = draw_scales(density, 4_000, np.random.default_rng(4))
    low, high = drawn.log_scale.min() - 0.1, drawn.log_scale.max() + 0.1
    grid = np.linspace(low, high, 2_001)
    log_density = np.array([density.logp_and_gradient(np.array([u]))[0] for u in grid])
    cdf = np.cumsum(np.exp(log_density - log_density.max()))
    cdf /= cdf[-1]
    uniform = np.interp(drawn.log_scale[:, 0], grid, cdf)
    assert stats.kstest(uniform, "uniform").pvalue > 0.001
    found = [density.logp_and_gradient(u)[0] for u in drawn.log_scale[:5]]
    assert drawn.log_density[:5] == pytest.approx(found, rel=1e-10)


def test_chains_reach_the_target_from_a_poor_proposal():
    """Weights of a normal target under a wider normal proposal; the last states are normal."""
    rng = np.random.default_rng(5)
    proposed = 2 * rng.standard_normal((12, 4_000))
    log_weight = stats.norm.logpdf(proposed) - stats.norm.logpdf(proposed, scale=2)
    last = independence_sampler._chains(log_weight, rng)
    ends = proposed[last, np.arange(4_000)]
    assert stats.kstest(ends, "norm").pvalue > 0.001
    assert stats.kstest(proposed[0], "norm").pvalue < 1e-6
    trust = Trust.of(log_weight)
    assert trust.holds
    assert trust.true_ess == 4_000


def test_weights_with_a_heavy_tail_are_not_trusted():
    """A proposal narrower than the target: unbounded weights."""
    rng = np.random.default_rng(6)
    proposed = 0.5 * rng.standard_normal((10, 3_000))
    log_weight = stats.t(3).logpdf(proposed) - stats.norm.logpdf(proposed, scale=0.5)
    trust = Trust.of(log_weight)
    assert trust.k_hat > 0.5
    assert not trust.holds


def test_weights_of_one_proposal_alone_are_not_trusted():
    log_weight = np.zeros((5, 2_000))
    log_weight[2, 7] = 50.0
    trust = Trust.of(log_weight)
    assert trust.true_ess < LEAST_ESS
    assert not trust.holds
    assert not Trust.of(np.full((3, 2_000), -np.inf)).holds


def test_the_same_generator_gives_the_same_draws():
    density = fit_of("8.2", "mundlak").density
    one, two = (draw_scales(density, 500, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(one.log_scale, two.log_scale)
