"""`dynamic_growth`: its density and its chain are PyMC's model, and ρ is found beside lines."""

from dataclasses import replace

import numpy as np
import pytest
from arviz_stats.base import array_stats
from numpy.testing import assert_allclose

from analysis.posterior.engines import NutsEngine
from analysis.posterior.jobs import Settings
from models.bayesian import dynamic_growth, dynamic_growth_gibbs, growth_parts
from models.bayesian import dynamic_growth_kernel as kernel
from models.bayesian.growth_pieces import CORRELATION
from models.design import LAG
from models.inference.batched import draw_points
from models.inference.normal_scores import log_sech2
from models.priors import LOG_2PI
from tests.helpers.fits import Fit, few, fit_of, points, simulated

pytestmark = pytest.mark.usefixtures("one_thread")


class Mode:
    """A generator whose normal draws are zero: drawn variables are their conditional mean."""

    def standard_normal(self, size) -> np.ndarray:
        return np.zeros(size)


@pytest.fixture(params=[0.0, 0.1], ids=["balanced", "gaps"])
def fitted(request) -> Fit:
    return fit_of("5.1", "dynamic_growth", request.param)


# --- the density --------------------------------------------------------------------------------


def test_the_density_is_that_of_the_pymc_model_with_all_else_integrated_out(fitted):
    """As p(y, z, s) / p(z | y, s) at the mean of z given y and s, which is normal."""
    density = fitted.density
    for point in points(density, 3):
        mode, weights = density.draw(point, Mode()), density.weights(point[None])
        factor, province = density.factors(weights)
        p, inner = factor.shape[1] - 1, province.factor[0]
        log_given = np.log(np.diag(factor[0])[:p]).sum() - (p + 3 * len(inner)) * LOG_2PI / 2
        log_given += np.log(np.diagonal(inner, axis1=1, axis2=2)).sum()
        of_region = density.layout.region_of_province
        variance = weights.share / weights.piece[:, of_region, 0] ** 2  # of a level, all else given
        log_given -= np.log(variance).sum() / 2
        log_given -= sum(block.columns.shape[1] * np.log(block.sd) for block in density.blocks)
        c = density.slices["phi"]
        jacobian = point[: c.start].sum() + log_sech2(point[c]).sum()
        joint = sum(fitted.log_densities(mode).values())
        assert density.log_density(point[None])[0] == pytest.approx(
            joint - log_given + jacobian, rel=1e-7
        )


def test_compiled_and_plain_numpy_agree(fitted):
    at = points(fitted.density, 67)  # not a multiple of what is evaluated at once
    found = fitted.density.log_density(at)
    assert_allclose(found, fitted.density.log_density_reference(at), rtol=1e-9)


def test_log_priors_are_pymcs(fitted):
    drawn = {n: v[0] for n, v in fitted.density.draw_prior(1, np.random.default_rng(6)).items()}
    of_pymc = fitted.log_densities(drawn)
    found = fitted.density.log_prior(drawn)
    assert found.keys() == of_pymc.keys() - {"y"}
    for name, value in found.items():
        assert value == pytest.approx(of_pymc[name], rel=1e-6, abs=1e-6), name


def test_every_free_variable_reaches_the_likelihood(fitted):
    rng = np.random.default_rng(0)
    drawn = fitted.density.draw(fitted.density.initial(rng), rng)
    before = fitted.log_densities(drawn)["y"]
    for name, values in drawn.items():
        for element in range(values.size):
            moved = np.array(values)
            moved[element] *= 0.5
            assert fitted.log_densities(drawn | {name: moved})["y"] != before, (name, element)


def test_draws_given_scales_have_their_moments(fitted):
    density = fitted.density
    point, rng = points(density, 1)[0], np.random.default_rng(3)
    drawn, mode = density.draw(np.tile(point, (4_000, 1)), rng), density.draw(point, Mode())
    for name in ("slope_std", *dynamic_growth_gibbs.OFFSETS):
        z = (drawn[name].mean(0) - mode[name]) / drawn[name].std(0) * np.sqrt(4_000)
        assert np.abs(z).max() < 4.5, name


# --- the lines ----------------------------------------------------------------------------------


def test_lines_have_the_same_covariance_from_whatever_year_time_is_counted():
    shift, basis, moved = 0.7, np.empty((3, 3)), np.empty((3, 3))
    tau_a, tau_g, c = 0.4, 0.3, 0.2
    kernel.effect_scales(np.array([np.arctanh(c), *np.log([tau_a, tau_g, 0.5]), 0.0]), basis)
    # Where t is counted from −shift, a level is what it was shift earlier.
    other = np.sqrt(tau_a**2 - 2 * shift * c * tau_a * tau_g + (shift * tau_g) ** 2)
    of_other = (c * tau_a - shift * tau_g) / other
    x = np.array([np.arctanh(of_other), *np.log([other, tau_g, 0.5]), 0.0])
    kernel.effect_scales(x, moved)
    t, z = np.linspace(-1, 1, 12), np.random.default_rng(0).normal(size=12)
    rows = np.column_stack([np.ones(12), t, z]) @ basis
    later = np.column_stack([np.ones(12), t + shift, z]) @ moved
    assert_allclose(later @ later.T, rows @ rows.T, rtol=1e-9, atol=1e-12)


def test_nothing_that_the_lines_depend_on_knows_a_later_outcome():
    fitted = fit_of("5.1", "dynamic_growth")
    design = fitted.parts.design
    assert LAG not in fitted.parts.axes
    y = fitted.panel.frame["produ"].to_numpy().copy()
    late = fitted.panel.frame["year"].to_numpy() >= 2015
    y[late] += np.random.default_rng(0).normal(size=late.sum())
    frame = fitted.panel.frame.assign(produ=y)
    other = Fit(
        replace(fitted.panel, frame=frame), fitted.specification, fitted.model, fitted.priors
    )
    for name in ("first", "between", "trends"):
        assert_allclose(getattr(other.parts, name), getattr(fitted.parts, name), atol=1e-10)
    assert not np.allclose(other.parts.design.y, design.y)


def test_means_of_rows_are_the_equations_on_the_papers_scale():
    fitted = fit_of("5.1", "dynamic_growth")
    parts, rng = fitted.parts, np.random.default_rng(2)
    flat = fitted.density.draw(fitted.density.initial(rng), rng)
    coords, dims = parts.coords, fitted.definition.named_vars_to_dims
    free = {n: v.reshape([len(coords[d]) for d in dims[n]]) for n, v in flat.items()}
    single = {name: value[None] for name, value in free.items()}
    told = {name: value[0] for name, (_, value) in dynamic_growth.report(parts, single).items()}
    design, unit = parts.design, parts.scale / parts.base.term_scale
    x = design.x - design.x.mean(axis=0)
    expected = x[:, 1:] @ (single["slope_std"][0] * unit)[1:]
    expected += x[:, 0] * told["slope_province"][design.province]
    middle = np.mean([design.years[0], design.years[-1]])
    since = np.array(design.years)[design.year] - middle
    expected += told["trend"][design.province] * since + told["level"][design.province]
    expected += parts.scale * growth_parts.year_columns(parts) @ free["year_contrast"]
    found = parts.scale * dynamic_growth.mean(parts, single)[0]
    assert_allclose((found - expected).std(), 0, atol=1e-9)  # but for the constant
    made = dynamic_growth.generate(parts, free, Mode())
    again = dynamic_growth.mean(replace(made, base=replace(made.base)), single)[0]
    lag = design.terms.index(LAG)
    off = (
        free["slope_std"][lag]
        * unit[lag]
        * (made.design.x[:, lag].mean() - design.x[:, lag].mean())
    )
    assert_allclose(made.design.y, made.base.centre + parts.scale * again + off, rtol=1e-6)
    early, late = made.design.year[:-1], made.design.year[1:]
    assert_allclose(made.design.x[1:, lag][late > early], made.design.y[:-1][late > early])


# --- the chain ----------------------------------------------------------------------------------


def test_the_chain_has_the_collapsed_densitys_posterior():
    fitted = fit_of("5.1", "dynamic_growth")
    rng = np.random.default_rng(1)
    sweeps = dynamic_growth_gibbs.chain(fitted.density, rng, 12_000, 1_000)
    drawn = draw_points(fitted.density, 1_000, rng)  # means within 0.03 sd, sds within 3 %
    exact = fitted.density.draw(drawn.log_scale, rng)
    slopes = [dynamic_growth.slopes(fitted.parts, d) for d in (sweeps.drawn, exact)]
    sd = slopes[1].std(axis=0)
    assert_allclose(slopes[0].mean(axis=0), slopes[1].mean(axis=0), atol=0.2 * sd.max(), rtol=0)
    assert (np.abs(slopes[0].mean(axis=0) - slopes[1].mean(axis=0)) < 0.2 * sd).all()
    assert_allclose(slopes[0].std(axis=0), sd, rtol=0.12)
    for name, _ in fitted.density.scales:
        middle = [np.median(d[name], axis=0) for d in (sweeps.drawn, exact)]
        assert_allclose(middle[0], middle[1], rtol=0.25, atol=2e-3, err_msg=name)


@pytest.mark.parametrize("rho", [0.8, 1.02])
def test_rho_is_found_beside_lines_and_the_interval_holds_it(rho):
    """In data of the model; free lines would put ρ = 0.8 about 0.25 too low with ten years."""
    fitted = fit_of("5.1", "dynamic_growth")
    parts, rng = fitted.parts, np.random.default_rng(5)
    coords, dims = parts.coords, fitted.definition.named_vars_to_dims
    lag = parts.design.terms.index(LAG)
    found = []
    for _ in range(16):
        flat = {name: value[0] for name, value in fitted.density.draw_prior(1, rng).items()}
        scales = {"tau_trend_std": 0.05, "tau_level_std": 0.1, "sigma_std": 0.05}
        scales |= {"tau_slope_province_std": 0.05, "tau_slope_std": 0.05, "tau_between_std": 0.02}
        flat |= {name: np.full_like(flat[name], value) for name, value in scales.items()}
        flat["first_outcome"], flat["first_outcome_trend"] = np.full(1, 1 - rho), np.zeros(1)
        for name in ("year_contrast", "trend_region", "level_region", "const_std"):
            flat[name] = 0.05 * flat[name]
        flat["slope_std"] = 0.1 * flat["slope_std"]
        flat["slope_std"][lag] = rho * parts.base.term_scale[lag] / parts.scale
        free = {n: v.reshape([len(coords[d]) for d in dims[n]]) for n, v in flat.items()}
        made = dynamic_growth.generate(parts, free, rng)
        sweeps = dynamic_growth_gibbs.chain(dynamic_growth.density(made), rng, 1_500)
        draws = dynamic_growth.slopes(made, sweeps.drawn)[:, lag]
        found.append([draws.mean(), *np.quantile(draws, [0.025, 0.975])])
    mean, low, high = np.array(found).T
    assert abs((mean - rho).mean()) < 3.5 * mean.std() / 4 + 0.005
    assert ((low <= rho) & (rho <= high)).sum() >= 13


@pytest.mark.trust
def test_the_chain_has_the_posterior_that_nuts_finds_in_all_variables():
    """On five provinces of each region and seven years; means in units of their errors."""
    fitted = fit_of("5.1", "dynamic_growth")
    small = Fit(few(simulated()), fitted.specification, fitted.model, fitted.priors)
    rng = np.random.default_rng(2)
    chains = [dynamic_growth_gibbs.chain(small.density, rng, 8_000, 1_000) for _ in range(2)]
    engine = NutsEngine(small.model, small.parts, small.priors, small.definition)
    settings = Settings(1_000, 700, 2, 3, 0.95).by(NutsEngine.name)
    flat, statistics = engine.sample(settings, rng)
    assert statistics["diverging"].mean() < 0.01
    for name in ("slope_std", "sigma_std", "tau_level_std", "tau_trend_std", CORRELATION):
        ours = np.stack([chain.drawn[name] for chain in chains])
        for element in range(ours.shape[-1]):
            of = [values[..., element] for values in (ours, flat[name])]
            error = [values.var() / array_stats.ess(values, 0, 1) for values in of]
            off = (of[0].mean() - of[1].mean()) / np.sqrt(sum(error))
            assert abs(off) < 4.5, (name, element)
