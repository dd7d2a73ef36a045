"""`growth`: its density is PyMC's and that of a dense normal, and its traps do not spring."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from analysis.posterior.sample import shaped
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian import growth, growth_parts
from models.bayesian.autoregressive import predecessors
from models.bayesian.registry import find, models_for
from models.design import design
from models.frequentist.twfe import slope_parts
from models.inference.normal_scores import log_sech2
from models.priors import LOG_2PI
from tests.helpers import growing
from tests.helpers.fits import Fit, fit_of, points

pytestmark = pytest.mark.usefixtures("one_thread")

CASES = [("3.2", "growth", 0.0), ("3.2", "growth", 0.1), ("3.3", "growth", 0.1)]
CASES += [("8.2", "growth_region", 0.1)]
CASES += [("3.2", "growth_scales", 0.0), ("3.2", "growth_paths", 0.1)]

SWITCHES = [
    {},
    {"lines": "fixed"},
    {"lines": "none", "slopes": "region"},
    {"errors": "independent"},
    {"lines": "none", "slopes": "region", "errors": "independent"},
    {"scales": "province"},
    {"scales": "path"},
]


class Mode:
    """A generator whose normal draws are zero: drawn variables are their conditional mean."""

    def standard_normal(self, size) -> np.ndarray:
        return np.zeros(size)


@pytest.fixture(params=CASES, ids=lambda case: "-".join(map(str, case)))
def fitted(request) -> Fit:
    return fit_of(*request.param)


# --- the density --------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(s.values()) or "all")
@pytest.mark.parametrize("share", [0.0, 0.1], ids=["balanced", "gaps"])
def test_the_density_is_a_dense_normals_of_the_rows_that_are_there(share, switches):
    base = fit_of("3.2", "growth", share)
    parts = growth.split(base.parts.design, base.specification.interest, **switches)
    density = growth.density(parts)
    for point in points(density, 2):
        expected = growing.dense_log_density(density, parts, growth.PRIORS, point)
        assert density.log_density(point[None])[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "case", [CASES[2], CASES[3], ("8.2", "ar1_region", 0.1)], ids=lambda case: case[1]
)
def test_it_is_so_with_two_terms_of_interest_and_in_one_region(case):
    fitted = fit_of(*case)
    for point in points(fitted.density, 2):
        expected = growing.dense_log_density(fitted.density, fitted.parts, fitted.priors, point)
        assert fitted.density.log_density(point[None])[0] == pytest.approx(expected, rel=1e-9)


def test_the_density_is_that_of_the_pymc_model_with_all_else_integrated_out(fitted):
    """As p(y, z, s) / p(z | y, s) at the mean of z given y and s, which is normal."""
    density = fitted.density
    for point in points(density, 2):
        mode = density.draw(point, Mode())
        factor, province = density.factors(density.weights(point[None]))
        p, inner = factor.shape[1] - 1, province.factor[0]
        log_given = np.log(np.diag(factor[0])[:p]).sum() - (p + 2 * len(inner)) * LOG_2PI / 2
        log_given += np.log(np.diagonal(inner, axis1=1, axis2=2)).sum()
        log_given -= sum(block.columns.shape[1] * np.log(block.sd) for block in density.blocks)
        phi = density.slices["phi"]
        jacobian = point[: phi.start].sum() + log_sech2(point[phi]).sum()
        joint = sum(fitted.log_densities(mode).values())
        found = density.log_density(point[None])[0]
        assert found == pytest.approx(joint - log_given + jacobian, rel=1e-7)


def test_compiled_and_plain_numpy_agree(fitted):
    at = points(fitted.density, 67)  # not a multiple of what is evaluated at once
    assert_allclose(
        fitted.density.log_density(at), fitted.density.log_density_reference(at), rtol=1e-9
    )


def test_log_priors_are_pymcs(fitted):
    drawn = {n: v[0] for n, v in fitted.density.draw_prior(1, np.random.default_rng(6)).items()}
    of_pymc = fitted.log_densities(drawn)
    found = fitted.density.log_prior(drawn)
    assert found.keys() == of_pymc.keys() - {"y"}
    for name, value in found.items():
        assert value == pytest.approx(of_pymc[name], rel=1e-6, abs=1e-6), name


def test_draws_given_scales_have_the_factors_moments():
    density = fit_of("3.2", "growth", 0.1).density
    point, rng = points(density, 1)[0], np.random.default_rng(3)
    drawn, mode = density.draw(np.tile(point, (4_000, 1)), rng), density.draw(point, Mode())
    weights = density.weights(point[None])
    factor = density.factors(weights)[0][0]
    sd = np.sqrt(np.diag(np.linalg.inv((factor @ factor.T)[:-1, :-1])))[:6] * 2.5
    z = (drawn["slope_std"].mean(0) - mode["slope_std"]) / sd * np.sqrt(4_000)
    assert np.abs(z).max() < 4.5
    assert_allclose(drawn["slope_std"].std(0), sd, rtol=0.06)
    for name in ("trend_offset", "slope_province_offset"):
        z = (drawn[name].mean(0) - mode[name]) / drawn[name].std(0) * np.sqrt(4_000)
        assert np.abs(z).max() < 4.5


# --- traps --------------------------------------------------------------------------------------


def test_regressors_enter_as_they_are():
    parts = fit_of("3.2", "growth", 0.1).parts
    back = parts.x * parts.base.term_scale + parts.design.x.mean(axis=0)
    assert_allclose(back, parts.design.x, rtol=1e-12)


def test_levels_of_provinces_do_not_matter_and_origins_of_time_do_not(monkeypatch):
    """Neither of the outcome's nor of a regressor's levels does the density depend on."""
    fitted = fit_of("3.2", "growth", 0.1)
    parts, density = fitted.parts, fitted.density
    at, rng = points(density, 3), np.random.default_rng(1)
    expected = density.log_density(at)
    shift = 5 * rng.standard_normal((len(parts.design.provinces), 1))[parts.design.province]
    moved = density.with_outcome(parts.y + shift[:, 0])
    assert_allclose(moved.log_density(at), expected, rtol=1e-9)
    levels = [density.blocks[0]._replace(columns=density.blocks[0].columns + shift)]
    moved = replace(density, blocks=(*levels, *density.blocks[1:]), z=density.z + shift[:, 0])
    assert_allclose(moved.with_outcome(parts.y).log_density(at), expected, rtol=1e-9)
    original = growth_parts.time
    monkeypatch.setattr(growth_parts, "time", lambda design: original(design) + 3)
    assert_allclose(growth.density(parts).log_density(at), expected, rtol=1e-8)


def test_at_a_unit_root_errors_are_a_random_walk():
    parts = fit_of("3.2", "growth", 0.1).parts
    density = growth.density(parts)
    drawn = density.scale_variables(points(density, 1)[0])
    walk = growing.covariance(parts, growth.PRIORS, drawn | {"phi": np.zeros(3)})
    before, years = predecessors(parts.base)
    rows, region = np.flatnonzero(years), parts.design.region
    difference = np.eye(len(years))[rows] - np.eye(len(years))[before[rows]]
    sigma = drawn["sigma_std"][region]
    systematic = walk - np.diag(sigma**2)
    variance = np.diag(years[rows] * sigma[rows] ** 2)
    whole = difference @ systematic @ difference.T + variance
    expected = stats.multivariate_normal(cov=whole).logpdf(difference @ parts.y)
    for phi, tolerance in ((1 - 1e-8, 1e-6), (1 - 1e-13, 1e-8)):
        at = density.point(drawn | {"phi": np.full(3, phi)})[None]
        found = density.log_density(at) - density.log_prior_of_points(at)
        assert found[0] == pytest.approx(expected, abs=tolerance * len(rows) * 10)
    far = density.point(drawn | {"phi": np.full(3, 0.5)})
    far[-3:] = 40.0  # φ is 1 to the last digit
    found = density.log_density(far[None]) - density.log_prior_of_points(far[None])
    assert found[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kappa", [0.0, 1.0])
def test_growth_that_goes_with_the_regressors_growth_is_not_taken_for_a_slope(kappa):
    """At the scales that made the data; without h_i the slope is pulled away."""
    base = fit_of("3.2", "growth").parts
    t, rng = base.time, np.random.default_rng(2)
    steep = rng.standard_normal(len(base.design.provinces))[base.design.province]
    x = base.design.x.copy()
    x[:, 0] += 1.5 * base.base.term_scale[0] * steep * t
    parts = growth.split(replace(base.design, x=x), base.base.varying)
    scales = {
        "tau_slope_std": np.array([0.3]),
        "tau_slope_province_std": np.full(3, growing.SPREAD_OF_SLOPES),
        "tau_trend_std": np.full(3, growing.SPREAD_OF_GROWTH),
        "sigma_std": np.array([growing.SIGMA[name] for name in parts.design.regions]),
        "phi": np.full(3, growing.PHI),
    }
    found = []
    for own in (parts, replace(parts, trends=0 * parts.trends)):
        density = growth.density(own)
        for seed in range(40):
            y = growing.outcome(parts, seed, kappa=kappa, slope=0.3)
            drawn = density.with_outcome(y).draw(density.point(scales), Mode())
            found.append(growth.slopes(own, {n: v[None] for n, v in drawn.items()})[0, 0])
    per_unit = parts.scale / parts.base.term_scale[0]
    honest, pulled = np.array(found).reshape(2, 40) / per_unit - 0.3
    assert abs(honest.mean()) < 3.5 * honest.std() / np.sqrt(40)
    if kappa:
        assert pulled.mean() > 5 * pulled.std() / np.sqrt(40)


def test_few_provinces_have_two_axes_of_trends():
    assert fit_of("8.2", "growth_region").parts.axes == ("indus", "others")
    parts = fit_of("3.2", "growth").parts
    assert parts.axes == parts.design.terms
    assert_allclose(parts.trends.std(axis=0), 1)
    by_region = np.eye(3)[:, parts.design.region_of_province] @ parts.trends
    assert_allclose(by_region, 0, atol=1e-9)
    rows = np.bincount(parts.design.region)
    assert_allclose(rows @ parts.region_trends, 0, atol=1e-9)


def test_slopes_by_province_are_of_the_first_term_alone():
    fitted = fit_of("3.3", "growth", 0.1)
    dims = fitted.definition.named_vars_to_dims
    assert dims["slope_province_offset"] == ("province",)
    assert dims["slope_offset"] == ("pooled", "region")
    assert fitted.parts.base.varying == ("indus", "indus2")


def test_slopes_of_regions_are_means_over_their_rows():
    fitted = fit_of("3.3", "growth", 0.1)
    parts = fitted.parts
    flat = {n: v[None] for n, v in fitted.density.draw_prior(5, np.random.default_rng(4)).items()}
    free = {name: v for name, (_, v) in shaped(fitted.definition, parts, flat).items()}
    reported = {name: v for name, (_, v) in growth.report(parts, free).items()}
    of_rows = reported["slope_province"][..., parts.design.province]
    assert_allclose(reported["slope"][..., 0], of_rows.mean(axis=-1))
    for at in range(3):
        mean = of_rows[..., parts.design.region == at].mean(axis=-1)
        assert_allclose(reported["slope_region"][..., 0, at], mean)
    share = np.bincount(parts.design.region) / len(parts.design.region)
    assert_allclose(reported["slope"][..., 1], reported["slope_region"][..., 1, :] @ share)
    assert_allclose(growth.slopes(parts, {n: v[0] for n, v in flat.items()}), reported["slope"][0])


@pytest.mark.parametrize("share", [0.0, 0.1], ids=["balanced", "gaps"])
def test_with_every_part_switched_off_it_is_two_way_fixed_effects(share):
    base = fit_of("3.2", "growth", share)
    switches = {"lines": "none", "slopes": "region", "errors": "independent"}
    wide = growth.PRIORS.with_scales("flat", slope_std=1e4, year_contrast=1e4)
    parts = growth.split(base.parts.design, base.specification.interest, **switches)
    density = growth.density(parts, wide)
    scales = {"tau_slope_std": np.array([1e-9]), "sigma_std": np.ones(3)}
    drawn = density.draw(density.point(scales), Mode())
    found = growth.slopes(parts, {n: v[None] for n, v in drawn.items()})[0]
    d = parts.design
    expected = slope_parts(d.y, d.x, d.province, d.year).slopes
    assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


NLME = {
    "sigma": [0.365725234807, 0.365725234807 * 0.315566812511, 0.365725234807 * 0.493924044313],
    "phi": 0.584372589997,
    "trend": 0.404984440984,
    "slope": 0.108378988474,
    "slopes by region": [0.424448994568, 0.210286501448, -0.147705032751],
    "controls": [0.01572845119, 0.00696091881, 0.00991440951, 0.00467601709, -0.01138005125],
    "m": [0.0591849195789, 0.0872870241324],
    "kappa": [0.3439531249, 0.0448205855, 0.0242132927, 0.0080257940, 0.0545633814, 0.0142007944],
}
"""R 4.2.2, nlme 3.1-162, method REML: y ~ 0 + province + year + z by region + w + t B + t h, random
pdDiag(~ 0 + t + z) | province, corAR1(~ year | province), varIdent(~ 1 | region); scales are common
to regions but for the errors'. Errors' standard deviations are those of e."""


def test_at_restricted_likelihood_scales_slopes_are_those_of_nlme():
    parts = fit_of("3.2", "growth").parts
    wide = 1e4
    names = ("slope_std", "year_contrast", "trend_region", "between_trend")
    priors = growth.PRIORS.with_scales("flat", **dict.fromkeys(names, wide))
    density = growth.density(parts, priors).with_outcome(growing.outcome(parts, 11, kappa=0.2))

    def point(log_trend, log_slope, *of_errors) -> np.ndarray:
        return density.point(
            {
                "tau_slope_std": np.array([wide]),
                "tau_slope_province_std": np.full(3, np.exp(log_slope)),
                "tau_trend_std": np.full(3, np.exp(log_trend)),
                "sigma_std": np.exp(of_errors[:3]),
                "phi": np.full(3, np.tanh(of_errors[3])),
            }
        )

    innovation = np.array(NLME["sigma"]) * np.sqrt(1 - NLME["phi"] ** 2)
    logs = np.log([NLME["trend"], NLME["slope"], *innovation])
    at = np.append(logs, np.arctanh(NLME["phi"]))
    mode = density.draw(point(*at), Mode())
    by_region = mode["slope_std"][0] + wide * mode["slope_offset"]
    assert_allclose(by_region, NLME["slopes by region"], rtol=1e-6)
    assert_allclose(mode["slope_std"][1:], NLME["controls"], rtol=1e-5)
    assert_allclose(mode["trend_region"], NLME["m"], rtol=1e-5)
    assert_allclose(mode["between_trend"], NLME["kappa"], rtol=1e-5)

    # The marginal likelihood under flat priors is the restricted likelihood: highest there.
    step = 1e-2 * np.eye(6)
    nearby = np.array([point(*v) for v in (at, *(at + step), *(at - step))])
    value, ahead, behind = np.split(
        density.log_density(nearby) - density.log_prior_of_points(nearby), [1, 7]
    )
    bend = -(ahead + behind - 2 * value) / 1e-4
    assert (bend > 10).all()
    assert np.abs((ahead - behind) / 2e-2 / bend).max() < 3e-3


# --- as a record --------------------------------------------------------------------------------


def test_it_is_of_all_provinces_and_one_region_has_its_own():
    names = {r.column: {m.name for m in models_for(r)} for r in select(["3.2", "8.2"])}
    assert "growth" in names["3.2"]
    assert "growth_region" not in names["3.2"]
    assert "growth_region" in names["8.2"]
    assert "growth" not in names["8.2"]


def test_new_series_keep_the_provinces_means_and_have_the_errors_law():
    """Differences of replicates, given all free variables, have the errors' own variances."""
    fitted = fit_of("3.2", "growth", 0.1)
    parts, rng = fitted.parts, np.random.default_rng(8)
    flat = {n: v[None] for n, v in fitted.density.draw_prior(1, rng).items()}
    flat |= {"phi": np.full((1, 1, 3), 0.7), "sigma_std": np.full((1, 1, 3), 0.2)}
    flat = {name: np.repeat(v, 3_000, axis=1) for name, v in flat.items()}
    free = {name: v for name, (_, v) in shaped(fitted.definition, parts, flat).items()}
    drawn = growth.rows(parts, free, np.random.default_rng(9)).predictive["y"][1][0]
    alone = growth.replicates(parts, free, np.random.default_rng(9))[0]
    assert_allclose(alone, drawn, rtol=0)
    in_province = parts.base.in_province
    means = (drawn @ in_province) / in_province.sum(axis=0)
    assert_allclose(
        means, np.tile(parts.design.y @ in_province / in_province.sum(axis=0), (3_000, 1))
    )
    before, years = predecessors(parts.base)
    steps = (drawn - drawn[:, before]) / parts.scale
    expected = 2 * 0.2**2 * (1 - 0.7**years) / (1 - 0.7**2)
    later = years > 0
    assert_allclose(steps[:, later].var(axis=0), expected[later], rtol=0.15)


def test_a_design_of_another_time_span_is_standardised_alike():
    (record,) = select(["6.3"])
    fitted = fit_of("6.3", "growth")
    parts = growth.split(design(fitted.panel.frame, record), record.interest)
    assert parts.time.min() == -1
    assert parts.time.max() == 1


def test_regions_of_one_province_are_refused_in_a_sentence():
    (record,) = select(["3.2"])
    frame = fit_of("3.2", "growth").panel.frame
    alone = frame.assign(region=frame["province"])
    for name in ("growth", "ar1_province_slopes", "growth_paths"):
        with pytest.raises(UserError, match=r"31 of 31 regions hold one unit each \(.*, …\), and"):
            find(name).split(design(alone, record), record)
    (dynamic,) = select(["5.1"])
    with pytest.raises(UserError, match="choose the model hierarchical"):
        find("dynamic_growth").split(design(alone, dynamic), dynamic)
    assert find("hierarchical").split(design(alone, record), record).varying == record.interest


def test_threes_of_provinces_and_some_regions_of_one_are_taken():
    (record,) = select(["3.2"])
    frame = fit_of("3.2", "growth").panel.frame
    place = pd.factorize(frame["province"])[0]
    for region in (place // 3, np.where(place < 4, place, 4 + place // 9)):
        arrays = design(frame.assign(region=region.astype(str)), record)
        assert np.isfinite(growth.split(arrays, record.interest).trends).all()
