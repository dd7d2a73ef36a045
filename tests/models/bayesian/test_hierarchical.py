"""The hierarchical model: each variable counts, Mundlak terms give TWFE, the truth is found."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.posterior.equality import compare
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.specifications import select
from data.panels.catalogue import named_panels
from data.panels.panel import load_panel
from data.shared.errors import UserError
from models.bayesian import hierarchical
from models.bayesian.registry import find
from models.design import design
from models.frequentist import twfe
from models.priors import REGULARISED
from tests.helpers.fits import INDEPENDENT, Fit, few, fit_of, official, simulated, thinned
from tests.helpers.true_panels import REGION_SIGMA, REGION_SLOPE

(BASELINE,) = select(["3.2"])

# A variable that is not in the likelihood is in the prior of one that is.
PRIOR_OF = {
    "const_std": "province_std",
    "between_province": "province_std",
    "tau_province_std": "province_std",
    "sigma_median_std": "sigma_std",
    "tau_log_sigma": "sigma_std",
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_every_free_variable_reaches_the_likelihood(name):
    fitted = fit_of("3.2", name)
    rng = np.random.default_rng(0)
    point = fitted.density.draw(fitted.density.initial(rng), rng)
    before = fitted.log_densities(point)
    for variable, values in point.items():
        reached = PRIOR_OF.get(variable, "y")
        for element in range(values.size):
            moved = np.array(values)
            if variable in ("year_std", "year_offset"):  # sums to zero over years
                moved += 0.1 * (np.arange(values.size) == element)
                by_year = moved.reshape(-1, len(fitted.parts.design.years))
                by_year -= by_year.mean(axis=1, keepdims=True)
            else:
                moved[element] *= 1.1
            after = fitted.log_densities(point | {variable: moved})
            assert abs(after[reached] - before[reached]) > 1e-6, (variable, element)


def wide_fit(name: str, panel=None) -> Fit:
    wide = REGULARISED.with_scales(
        "wide", slope_std=1e3, between_province=1e3, between_year=1e3, const_std=1e3
    )
    return Fit(panel or simulated(), BASELINE, find(name), wide)


def slopes_given(fitted: Fit, log_scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and sd of the slopes on the paper's scale, (terms,) or (terms, regions)."""
    parts = fitted.parts
    unit = (parts.scale / parts.term_scale)[parts.term_of_regressor]
    weights = hierarchical.slope_weights(parts)
    mean, sd = (of * unit for of in fitted.density.moments(log_scale, weights))
    shape = (len(parts.design.terms), -1) if parts.varying else (-1,)
    return mean.reshape(shape), sd.reshape(shape)


def least_squares(fitted: Fit) -> tuple[twfe.TwfeFit, list[twfe.TwfeFit]]:
    """Return two-way fixed effects of all provinces and of each region by itself."""
    record, frame = fitted.specification, fitted.panel.frame
    alone = [replace(record, region=region) for region in fitted.parts.design.regions]
    return twfe.fit(design(frame, record)), [twfe.fit(design(frame, each)) for each in alone]


PANELS = {
    **{name: partial(load_panel, name, BASELINE.variables) for name in named_panels()},
    "simulated": simulated,
    "unbalanced": lambda: thinned(simulated(), 0.1),
}


@pytest.mark.parametrize("panel", PANELS)
def test_with_one_sigma_mundlak_terms_give_twfes_slopes(panel):
    """Whatever the scales: Table 3's end, mean and sd at that sigma."""
    fitted = wide_fit("mundlak", PANELS[panel]())
    known, _ = least_squares(fitted)
    rng = np.random.default_rng(1)
    for _ in range(3):
        point = fitted.density.initial(rng)
        mean, sd = slopes_given(fitted, point)
        sigma = np.exp(point[fitted.density.scale_slices["sigma_std"]]) * fitted.parts.scale
        expected = known.se[:-1] / known.sigma_e * sigma
        assert_allclose(mean / expected, known.coef[:-1] / expected, atol=1e-4)
        assert_allclose(sd, expected, rtol=1e-4)


@pytest.mark.parametrize("panel", PANELS)
def test_all_by_region_is_one_regression_for_each_region(panel):
    """Whatever the scales: Table 8's end."""
    fitted = wide_fit("by_region", PANELS[panel]())
    _, regions = least_squares(fitted)
    rng = np.random.default_rng(1)
    for _ in range(3):
        point = fitted.density.initial(rng)
        mean, sd = slopes_given(fitted, point)
        sigma = np.exp(point[fitted.density.scale_slices["sigma_std"]]) * fitted.parts.scale
        for r, known in enumerate(regions):
            expected = known.se[:-1] / known.sigma_e * sigma[r]
            assert_allclose(mean[:, r] / expected, known.coef[:-1] / expected, atol=1e-4)
            assert_allclose(sd[:, r], expected, rtol=1e-4)


def scales(density, **values: float) -> np.ndarray:
    """Return a point of the log scales: those named, and 0.5 for the others."""
    point = np.full(density.size, np.log(0.5))
    for name, value in values.items():
        point[density.scale_slices[name]] = np.log(value)
    return point


def test_partial_pooling_runs_from_one_end_to_the_other():
    fitted = wide_fit("pooled")
    whole, regions = least_squares(fitted)
    common = np.tile(whole.coef[:-1], (3, 1)).T
    free = np.stack([known.coef[:-1] for known in regions]).T
    taus = ("tau_slope_std", "tau_year_region_std")
    spreads = (1e-6, 0.01, 0.1, 1.0, 1e4)
    path = [
        slopes_given(fitted, scales(fitted.density, **dict.fromkeys(taus, tau)))[0]
        for tau in spreads
    ]
    unit = (fitted.parts.term_scale / fitted.parts.scale)[:, None]
    assert_allclose(path[0] * unit, common * unit, atol=1e-5)
    assert_allclose(path[-1] * unit, free * unit, atol=1e-5)
    to_common = [np.linalg.norm((at - common) * unit) for at in path]
    to_free = [np.linalg.norm((at - free) * unit) for at in path]
    assert to_common == sorted(to_common)
    assert to_free == sorted(to_free, reverse=True)


def test_a_walk_of_year_effects_has_unit_variance_on_average_and_unit_steps():
    steps = hierarchical.walk(13)
    covariance = steps @ steps.T
    assert_allclose(steps.sum(axis=0), 0, atol=1e-12)
    assert np.diag(covariance).mean() == pytest.approx(1)
    differences = np.diff(steps, axis=0)
    assert_allclose(differences @ differences.T, np.eye(12) * differences[0, 0] ** 2, atol=1e-12)


@pytest.mark.slow
def test_the_truth_is_recovered():
    (specification,) = select(["7.2"])  # its outcome is one part, with the stated truth
    tree = fit(Job(simulated(), specification, find("hierarchical")), Settings(draws=1_000))
    assert tree.attrs["gate"] == "pass"
    posterior = tree["posterior"]
    slope = posterior["slope_region"].sel(varying="indus")
    misses = []
    for draws, truth in ((slope, REGION_SLOPE), (posterior["sigma"], REGION_SIGMA)):
        for region, value in truth.items():
            of_region = draws.sel(region=region).to_numpy()
            low, high = np.quantile(of_region, [0.025, 0.975])
            misses.append(not low <= value <= high)
            assert abs(of_region.mean() - value) < 3.5 * of_region.std()
            assert high - low < 0.4
    assert sum(misses) <= 1
    assert np.quantile(posterior["slope"].sel(term="urb"), 0.025) < 0.3
    assert np.quantile(posterior["slope"].sel(term="urb"), 0.975) > 0.3


@pytest.mark.parametrize(
    "switches",
    [
        {"varying": ("indus",)},
        {"sigma": "region"},
        {"sigma": "pooled"},
        {"years": "pooled"},
        {"controls": "region"},
    ],
)
def test_one_region_cannot_differ_by_region(switches):
    (specification,) = select(["8.1"])
    arrays = design(official().frame, specification)
    with pytest.raises(UserError, match=r"one region \(east\).*choose the model mundlak"):
        hierarchical.split(arrays, **switches)


@pytest.mark.trust
@pytest.mark.parametrize(
    ("whole", "draws"),
    [pytest.param(False, 5_000, id="few provinces"), pytest.param(True, 6_000, id="all rows")],
)
def test_nuts_in_all_variables_gives_the_collapsed_posterior(whole, draws):
    """Few draws, so the bounds on ESS and on sds are wider here than the equality test's own.

    In `make test` densities and conditional draws are held together in test_collapsed.py, draws of
    scales and NUTS in test_independence_sampler.py, and NUTS in all variables in
    test_bambi_check.py.
    """
    (specification,) = select(["3.2"])
    panel = official() if whole else few(official())
    job = Job(panel, specification, find("hierarchical"))
    settings = (
        Settings(draws=draws, tune=1_500, seed=3, target_accept=0.98, engine="nuts"),
        Settings(draws=1_000, seed=3, engine="collapsed"),
    )
    trees = [fit(job, each) for each in settings]
    free = trees[0]["posterior"].attrs["free_variables"].split()
    assert set(free) == set(trees[1]["posterior"].attrs["free_variables"].split())
    left, right = ({name: t["posterior"][name].to_numpy() for name in free} for t in trees)
    found = compare(left, right)
    assert found.ess > 400
    assert max(found.z_mean, found.z_sd) < found.limit, found
    assert abs(found.sd_error) < 0.02, found
