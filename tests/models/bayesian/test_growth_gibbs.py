"""Gibbs steps leave the posterior of `growth` with scales by province as it is."""

import numpy as np
import pytest
import xarray as xr

from analysis.posterior.diagnose import CHECKS, COLUMNS, numbers
from analysis.posterior.engines import GIBBS, CollapsedEngine
from analysis.posterior.equality import MOST_SD_ERROR, compare
from analysis.posterior.jobs import Settings
from models.bayesian import growth, growth_gibbs, growth_parts
from models.bayesian.growth_gibbs_normal import families, log_prior
from models.inference import batched
from models.priors import Prior, ScalePriors
from tests.helpers import growing
from tests.helpers.fits import fit_of

pytestmark = pytest.mark.usefixtures("one_thread")


def statistics(drawn: dict[str, np.ndarray]) -> np.ndarray:
    """Return scalars of one draw whose law the steps must leave as it is."""
    parts = [np.log(drawn[n]) for n in (*growth_gibbs.NAMES, "tau_slope_std")]
    parts += [np.arctanh(drawn["phi"]), np.abs(drawn["sigma_offset"][:8])]
    of_slopes = drawn["slope_std"], drawn["slope_offset"], drawn["between_trend"]
    parts += [np.abs(values[:3]) for values in of_slopes]
    parts += [np.abs(drawn[name][:6]) for name in ("trend_offset", "slope_province_offset")]
    parts += [drawn["sigma_offset"][:4] * drawn["sigma_offset"][4:8]]
    return np.concatenate(parts)


@pytest.mark.parametrize("name", ["growth_scales", "growth_paths"])
def test_steps_from_a_draw_of_prior_and_data_have_the_priors_law(name):
    """As Geweke (2004, JASA 99:799–804) has it: a wrong step would move them away."""
    fitted = fit_of("3.2", name, 0.1)
    parts, density = fitted.parts, fitted.density
    rng, moved = np.random.default_rng(0), []
    for _ in range(120):
        drawn = {n: v[0] for n, v in density.draw_prior(1, rng).items()}
        # Within what the steps allow: spreads so wide are a thousandth of the prior.
        if np.abs(np.log(growth_parts.own_scales(parts, drawn))).max() > 6:
            continue
        free = drawn | {"slope_offset": drawn["slope_offset"].reshape(1, 3)}
        mean = growth_parts.standard_mean(parts, free)
        scales = growth_parts.error_scales(parts, free)
        y = mean + growth_parts.draw_errors(parts, scales, drawn["phi"], rng)
        chain = growth_gibbs.chain(density.with_outcome(y), rng, 2, 0, drawn)
        last = {n: v[-1] for n, v in chain.drawn.items()}
        moved.append(statistics(last) - statistics(drawn))
    moved = np.array(moved)
    assert (moved.std(axis=0) > 0).all()
    z = moved.mean(axis=0) / moved.std(axis=0) * np.sqrt(len(moved))
    assert np.abs(z).max() < 4.5


@pytest.mark.parametrize("case", [("3.2", "growth"), ("8.2", "growth_region")], ids=str)
def test_without_a_spread_of_scales_draws_are_those_of_growth(case):
    fitted = fit_of(*case)
    y = growing.outcome(fitted.parts, 1)
    rng = np.random.default_rng(1)
    alone = batched.fit_from(
        batched.propose(fitted.density.with_outcome(y), rng), fitted.density.with_outcome(y),
        1_000, rng,
    )  # fmt: skip
    narrow = growth.PRIORS.with_scales("narrow", tau_sigma=1e-3)
    base = fitted.parts
    parts = growth.split(base.design, base.base.varying, scales="province")
    chain = growth_gibbs.chain(growth.density(parts, narrow).with_outcome(y), rng, 1_500)
    expected = alone.density.draw(alone.point, rng)
    for name in ("slope_std", "sigma_std", "phi", "tau_trend_std", "slope_province_offset"):
        ours, theirs = chain.drawn[name], expected[name]
        z = (ours.mean(axis=0) - theirs.mean(axis=0)) / theirs.std(axis=0) / np.sqrt(1 / 200)
        assert np.abs(z).max() < 4.5, name
        np.testing.assert_allclose(ours.std(axis=0), theirs.std(axis=0), rtol=0.25)


def test_a_chain_has_the_variables_of_the_density_and_many_effective_slopes():
    density = fit_of("3.2", "growth_scales", 0.1).density
    density = density.with_outcome(growing.outcome(fit_of("3.2", "growth_scales", 0.1).parts, 2))
    chain = growth_gibbs.chain(density, np.random.default_rng(2))
    shapes = {n: v.shape[1:] for n, v in density.draw_prior(1, np.random.default_rng(0)).items()}
    assert {n: v.shape[1:] for n, v in chain.drawn.items()} == shapes
    assert chain.effective > 300


def test_the_engine_samples_by_chains_and_the_gate_is_that_of_chains():
    fitted = fit_of("3.2", "growth_paths")
    engine = CollapsedEngine(fitted.model, fitted.parts, fitted.priors, fitted.definition)
    engine.density = engine.density.with_outcome(growing.outcome(fitted.parts, 1))
    flat, statistics = engine.sample(Settings(draws=200, chains=2), np.random.default_rng(4))
    assert statistics.attrs["sampler"] == GIBBS
    point = engine.density.point({name: v[1, :3] for name, v in flat.items()})
    np.testing.assert_allclose(engine.density.log_density(point), statistics["lp"][1, :3])
    named = {n: (("chain", "draw", f"{n}_dim"), v) for n, v in flat.items()}
    values = numbers(xr.Dataset(named), statistics, flat)
    assert set(values) == {"r_hat", "ess_bulk", "ess_tail"}
    assert values["r_hat"] < 1.05
    assert values["ess_bulk"] > 100


@pytest.mark.trust
@pytest.mark.parametrize("name", ["growth_scales", "growth_paths"])
def test_nuts_in_the_models_own_parameters_finds_the_same(name):
    fitted = fit_of("3.2", name)
    engine = CollapsedEngine(fitted.model, fitted.parts, fitted.priors, fitted.definition)
    rng = np.random.default_rng(3)
    theirs, _ = engine.by_nuts(Settings(draws=1_000, tune=500, chains=4, target_accept=0.9), rng)
    chains = [growth_gibbs.chain(fitted.density, rng, 5_000, 1_000).drawn for _ in range(4)]
    ours = {n: np.stack([drawn[n] for drawn in chains]) for n in theirs}
    found = compare(ours, theirs)
    print(found)
    assert max(found.z_mean, found.z_sd) < found.limit, found
    assert abs(found.sd_error) <= 3 * MOST_SD_ERROR, found


def test_numbers_that_two_samplers_share_are_one_column():
    assert len(COLUMNS) == len(set(COLUMNS))
    assert {check.name for check in CHECKS[GIBBS]} == {"r_hat", "ess_bulk", "ess_tail"}


@pytest.mark.parametrize("family", ["HalfNormal", "HalfStudentT", "LogNormal"])
def test_a_scales_prior_is_the_tables_in_its_logarithm(family):
    prior = Prior("tau", family, 0.7, "", "", centre=1.3 if family == "LogNormal" else None)
    log_scale = np.linspace(-4, 3, 9)
    steps = [log_prior(x, *(v[0] for v in families([prior]))) for x in log_scale]
    expected = ScalePriors([prior]).log_density(log_scale[:, None])[0][:, 0]
    np.testing.assert_allclose(np.diff(steps), np.diff(expected), atol=1e-12)
