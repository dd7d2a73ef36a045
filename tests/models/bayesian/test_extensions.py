"""Models that extend the hierarchical one: what they report of a row is what PyMC evaluates,
their limits are the model that they extend, and a known truth is found."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_limits

from analysis.posterior import inputs
from analysis.posterior.engines import NutsEngine
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.posterior.sample import shaped as shaped_all
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian import measurement_error
from models.bayesian.registry import find
from models.design import design
from tests.helpers.centring import partly_centred
from tests.helpers.fits import Fit, fit_of, flat_draw, simulated
from tests.helpers.true_panels import REGION_SIGMA, REGION_SLOPE

FITS = [
    ("3.2", "student_t", 0.1),
    ("3.2", "autoregressive", 0.1),
    ("3.2", "province_trends", 0.1),
    ("3.2", "growth", 0.1),
    ("3.3", "province_slopes", 0.0),
    ("7.1", "joint", 0.0),
    ("3.2", "measurement", 0.1),
    ("5.1", "dynamic_t", 0.1),
    ("5.1", "dynamic_stationary", 0.1),
    ("5.1", "dynamic_predetermined", 0.1),
]


@pytest.fixture(params=FITS, ids=lambda case: case[1])
def fitted(request) -> Fit:
    return fit_of(*request.param)


def shaped(fitted: Fit, flat: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give a flat draw its dims, after one chain of one draw."""
    model = fitted.definition
    return {
        name: values.reshape(1, 1, *(len(model.coords[d]) for d in model.named_vars_to_dims[name]))
        for name, values in flat.items()
    }


def log_likelihood(fitted: Fit, flat: dict[str, np.ndarray]) -> float:
    """Return what `rows` says of all rows, on the standardised scale."""
    rows = fitted.model.module.rows(fitted.parts, shaped(fitted, flat), np.random.default_rng(0))
    parts = fitted.parts
    own = getattr(parts, "base", None) or getattr(parts, "by_region", None) or parts
    each = getattr(parts, "regressions", (own,))
    n = len(parts.design.y)
    return float(rows.log_likelihood.sum()) + n * sum(np.log(one.scale) for one in each)


def test_rows_have_the_log_likelihood_that_pymc_evaluates(fitted):
    for seed in range(3):
        flat = flat_draw(fitted, seed)
        of_pymc = fitted.log_densities(flat)
        name = "y_system" if "y_system" in of_pymc else "y"
        assert log_likelihood(fitted, flat) == pytest.approx(of_pymc[name], rel=1e-6)


def test_every_free_variable_reaches_the_likelihood(fitted):
    """It changes the density of something beside itself; of long ones some elements are tried."""
    flat = flat_draw(fitted)
    before = fitted.log_densities(flat)
    for variable, values in flat.items():
        for element in range(0, values.size, max(values.size // 12, 1)):
            moved = np.array(values)
            if variable in ("year_offset", "exposure_year_std"):  # sum to zero over years
                moved = moved.reshape(-1, len(fitted.parts.design.years))
                moved[element % len(moved), :2] += [0.1, -0.1]
                moved = moved.ravel()
            else:
                moved[element] *= 0.9
            after = fitted.log_densities(flat | {variable: moved})
            others = [name for name in before if name != variable]
            assert any(abs(after[n] - before[n]) > 1e-9 for n in others), (variable, element)


def test_with_many_degrees_of_freedom_errors_are_normal():
    extended, plain = fit_of("3.2", "student_t", 0.1), fit_of("3.2", "hierarchical", 0.1)
    rng = np.random.default_rng(3)
    flat = plain.density.draw(plain.density.initial(rng), rng)  # rows within reach of the outcome
    same = partly_centred(plain.parts, flat) | {"nu": np.array([1e8])}
    found = extended.log_densities(same)["y"]
    assert found == pytest.approx(plain.log_densities(flat)["y"], rel=1e-5)


def test_without_errors_of_measurement_the_panels_own_quotient_counts():
    """All vintages at the panel's own, without error: the hierarchical model on the panel."""
    extended = fit_of("3.2", "measurement", 0.1)
    own = extended.parts.design.x[:, extended.parts.design.terms.index("indus")]
    same = measurement_error.with_readings(
        extended.parts.base, "indus", extended.parts.vintages, own[:, None] + [0, 0, 0]
    )
    plain = Fit(
        extended.panel, extended.specification, fit_of("3.2", "hierarchical").model, extended.priors
    )
    flat = flat_draw(plain)
    exact = {
        "exposure_line": np.zeros(5),
        "exposure_std": np.ones(3),
        "error_ratio": np.full(3, 1e-4),
        "reading_partial_unit": np.full(3, 0.5),
    }
    free = shaped(extended, partly_centred(plain.parts, flat) | exact)
    rows = extended.model.module.rows(same, free, np.random.default_rng(0))
    found = float(rows.log_likelihood.sum()) + len(own) * np.log(extended.parts.base.scale)
    assert found == pytest.approx(plain.log_densities(flat)["y"], rel=1e-4)


def test_a_panel_of_no_vintage_has_no_readings():
    (record,) = select(["3.2"])
    arrays = design(simulated().frame, record)
    with pytest.raises(UserError, match=r"no vintage of official\.nc.*model hierarchical"):
        measurement_error.split(arrays, record.interest, "region", readings=inputs.readings())


def test_parts_add_up_and_mediation_splits_the_total():
    fitted = fit_of("7.1", "joint")
    values = {
        name: v
        for name, (_, v) in fitted.model.module.report(
            fitted.parts, shaped(fitted, flat_draw(fitted))
        ).items()
    }
    weights = fitted.parts.weights
    assert_allclose(weights, [1, 1, 0])
    assert_allclose(values["slope"], np.einsum("o,...ot->...t", weights, values["slope_outcome"]))
    total = values["slope_region_outcome"][..., 2, :, :]
    assert_allclose(values["indirect_region"] + values["direct_region"], total)
    a, b = values["slope_region"], values["mediator_slope"]
    assert_allclose(values["indirect_region"], a * b[..., None, :])
    # b is the regression of one error on the other.
    sigma, correlation = values["sigma_outcome"][0, 0], values["correlation"][0, 0]
    for r in range(3):
        covariance = correlation * np.outer(sigma[:, r], sigma[:, r])
        expected = weights @ covariance[:, 2] / (weights @ covariance @ weights)
        assert b[0, 0, r] == pytest.approx(expected)
        assert values["sigma"][0, 0, r] ** 2 == pytest.approx(weights @ covariance @ weights)


def test_a_total_that_is_no_sum_is_refused():
    (record,) = select(["7.1"])
    frame = simulated().frame.assign(M_all=simulated().frame["M_all"] * 1.1)
    model = fit_of("7.1", "joint").model
    with pytest.raises(UserError, match="M_all is not the sum of M_cap, M_lab"):
        model.split(design(frame, record), record)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "model", "parts"),
    [("7.1", "joint", 2), ("7.2", "autoregressive", 1), ("7.2", "province_slopes", 1)],
)
def test_the_truth_is_recovered(column, model, parts):
    """`parts` independent outcomes with the stated slopes and scales add up to the column's."""
    record = replace(select([column])[0], controls=("urb",))  # of fewer terms, in less time
    settings = Settings(draws=100, tune=100, chains=2, target_accept=0.8)
    posterior = fit(Job(simulated(), record, find(model)), settings)["posterior"]
    slope = posterior["slope_region"].sel(varying="indus")
    for draws, truth, factor in (
        (slope, REGION_SLOPE, parts),
        (posterior["sigma"], REGION_SIGMA, np.sqrt(parts)),
    ):
        for region, value in truth.items():
            of_region = draws.sel(region=region).to_numpy()
            assert abs(of_region.mean() - factor * value) < 3.5 * of_region.std()
            assert of_region.std() < 0.15
    if model == "autoregressive":
        phi = posterior["phi"].to_numpy()
        assert abs(phi.mean()) < 3.5 * phi.std() < 0.3
    if model == "joint":
        correlation = posterior["correlation"].sel(outcome="M_cap", other_outcome="M_lab")
        assert abs(float(correlation.mean())) < 3.5 * float(correlation.std()) < 0.3


ONE_CONTROL = replace(select(["7.2"])[0], controls=("urb",))
"""Of one part, with the stated truth; fewer terms, to be sampled in less time."""

SHORT = Settings(draws=200, tune=200, chains=2)


def covered(draws: np.ndarray, truth: Mapping[str, float]) -> int:
    """Count the regions whose truth lies in the 95 % interval; none may lie far outside it."""
    inside = 0
    for r, region in enumerate(design(simulated().frame, ONE_CONTROL).regions):
        of_region, value = draws[..., r], truth[region]
        assert abs(of_region.mean() - value) < 3.5 * of_region.std()
        low, high = np.quantile(of_region, [0.025, 0.975])
        inside += low <= value <= high
    return inside


@pytest.mark.slow
def test_heavy_tails_are_recovered():
    """Errors of four degrees of freedom: the scales are the t's, and ν is told from a normal's."""
    panel = simulated(df=4)
    posterior = fit(Job(panel, ONE_CONTROL, find("student_t")), SHORT)["posterior"]
    inside = covered(posterior["slope_region"].sel(varying="indus").to_numpy(), REGION_SLOPE)
    inside += covered(posterior["sigma"].to_numpy(), REGION_SIGMA)
    assert inside >= 5
    low, high = np.quantile(posterior["nu"], [0.025, 0.975])
    assert low < 4 < high < 20


@pytest.mark.slow
def test_a_quotient_read_with_errors_is_recovered():
    """Three readings of the true regressor, error variance a quarter of its own.

    The hierarchical model on one reading finds slopes smaller by a fifth.
    """
    true = simulated().frame
    rng = np.random.default_rng(8)
    readings = true[["indus"]].to_numpy() + 0.5 * rng.normal(size=(len(true), 3))
    panel = replace(simulated(), frame=true.assign(indus=readings[:, 0]))
    model, arrays = find("measurement"), design(panel.frame, ONE_CONTROL)
    base = find("hierarchical").split(arrays, ONE_CONTROL)
    parts = measurement_error.with_readings(base, "indus", ("first", "second", "third"), readings)
    definition = measurement_error.build(parts)
    engine = NutsEngine(model, parts, measurement_error.PRIORS, definition)
    with threadpool_limits(limits=1):
        flat, _ = engine.sample(SHORT.by(NutsEngine.name), np.random.default_rng(0))
    free = {name: values for name, (_, values) in shaped_all(definition, parts, flat).items()}
    found = {name: values for name, (_, values) in measurement_error.report(parts, free).items()}
    assert covered(found["slope_region"][..., 0, :], REGION_SLOPE) >= 2
    assert covered(found["sigma"], REGION_SIGMA) >= 2
    low, high = np.quantile(found["reliability"], [0.025, 0.975], axis=(0, 1))
    assert ((low < 0.8) & (high > 0.8)).all()

    naive = fit(Job(panel, ONE_CONTROL, find("hierarchical")), SHORT)["posterior"]
    attenuated = naive["slope_region"].sel(varying="indus").mean(("chain", "draw")).to_numpy()
    assert (found["slope_region"][..., 0, :].mean(axis=(0, 1)) / attenuated > 1.1).all()
