"""The dynamic model: lags are lags, nothing later is known, and the root is found."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_limits

from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian import dynamic, hierarchical
from models.bayesian.effects import standard_mean
from models.design import LAG, Design, design
from models.frequentist import twfe
from models.inference.elimination import reduce
from models.inference.independence_sampler import draw_scales
from tests.helpers.centring import partly_centred
from tests.helpers.fits import Fit, fit_of, simulated, thinned

(COLUMN,) = select(["5.1"])


def arrays(share_missing: float = 0.0) -> Design:
    panel = thinned(simulated(), share_missing) if share_missing else simulated()
    return design(panel.frame, COLUMN)


@pytest.mark.parametrize("share_missing", [0.0, 0.3])
def test_a_lag_is_the_outcome_of_the_year_before(share_missing):
    whole = arrays(share_missing)
    rows, first_y, first_x = dynamic.lagged(whole)
    frame = whole.rows.assign(before=whole.rows["year"] - 1)
    joined = frame.merge(
        frame[["province", "year", "produ", "indus"]],
        left_on=["province", "before"],
        right_on=["province", "year"],
        suffixes=("", "_before"),
    ).sort_values(["province", "year"])
    found = pd.DataFrame(
        {
            "province": np.array(rows.provinces)[rows.province],
            "year": np.array(rows.years)[rows.year],
            "lag": rows.x[:, -1],
            "y": rows.y,
        }
    ).sort_values(["province", "year"])
    assert found["province"].tolist() == joined["province"].tolist()
    assert found["year"].tolist() == joined["year"].tolist()
    assert_allclose(found["lag"], joined["produ_before"])
    assert_allclose(found["y"], joined["produ"])
    first = joined.drop_duplicates("province").set_index("province").loc[list(rows.provinces)]
    assert_allclose(first_y, first["produ_before"])
    assert_allclose(first_x[:, 0], first["indus_before"])
    region = joined.drop_duplicates("province").set_index("province")["region"]
    labels = np.array(rows.regions)[rows.region_of_province]
    assert labels.tolist() == region.loc[list(rows.provinces)].tolist()


def test_a_panel_without_two_years_in_a_row_is_refused():
    frame = simulated().frame
    every_other = frame[frame["year"] % 2 == 0]
    with pytest.raises(UserError, match="two years in a row"):
        dynamic.split(design(every_other, COLUMN))


@pytest.mark.parametrize("rho", ["common", "pooled"])
def test_no_column_of_a_row_knows_a_later_outcome(rho):
    """The within estimator's do, and it is off by Nickell's bias."""
    whole = arrays()
    before = dynamic.split(whole, ("indus",), "region", rho=rho)
    y = whole.y.copy()
    late = np.array(whole.years)[whole.year] >= 2018
    y[late] += np.random.default_rng(0).normal(size=late.sum())
    after = dynamic.split(whole.with_outcome(y), ("indus",), "region", rho=rho)
    early = np.array(before.design.years)[before.design.year] <= 2018  # their lags end in 2017
    # In units of the outcome, which itself is a standard deviation of all years.
    unscaled = [
        parts.within * parts.term_scale[parts.term_of_regressor] for parts in (before, after)
    ]
    assert_allclose(unscaled[0][early], unscaled[1][early], atol=1e-12)
    assert not np.allclose(unscaled[0][~early], unscaled[1][~early])
    assert_allclose(before.between, after.between)
    assert_allclose(before.first_outcome, after.first_outcome)


@pytest.mark.parametrize(("column", "name"), [("5.1", "dynamic"), ("5.1", "dynamic_regions")])
def test_every_free_variable_reaches_the_likelihood(column, name):
    fitted = fit_of(column, name)
    rng = np.random.default_rng(0)
    point = fitted.density.draw(fitted.density.initial(rng), rng)
    before = fitted.log_densities(point)
    line = ("first_outcome", "tau_between_std", "between_offset", "const_std", "tau_province_std")
    for variable, values in point.items():
        reached = "province_std" if variable in line else "y"
        for element in range(values.size):
            moved = np.array(values)
            moved[element] *= 1.1
            if variable == "year_offset":  # sums to zero over years
                moved -= moved.mean()
            after = fitted.log_densities(point | {variable: moved})
            assert abs(after[reached] - before[reached]) > 1e-6, (variable, element)


@pytest.mark.parametrize("share_missing", [0.0, 0.1])
def test_with_effects_as_free_as_dummies_it_is_the_within_estimator(share_missing):
    """A second implementation of the lag, the year effects and the units."""
    panel = thinned(simulated(), share_missing) if share_missing else simulated()
    model = replace(fit_of("5.1", "dynamic").model, switches={}, varying=False)
    wide = dynamic.PRIORS.with_scales("wide", slope_std=1e3, const_std=1e3, between_year=1e3)
    fitted = Fit(panel, COLUMN, model, wide)
    point = np.full(fitted.density.size, np.log(1e4))
    sigma = fitted.density.scale_slices["sigma_std"]
    point[sigma] = np.log(0.2)
    mean, sd = fitted.density.moments(point, hierarchical.slope_weights(fitted.parts))
    known = twfe.fit(dynamic.lagged(design(panel.frame, COLUMN))[0])
    unit = fitted.parts.scale / fitted.parts.term_scale
    assert_allclose(mean * unit, known.coef[:-1], rtol=1e-4, atol=1e-5)
    expected = known.se[:-1] / known.sigma_e * 0.2 * fitted.parts.scale
    assert_allclose(sd * unit, expected, rtol=1e-3)


@pytest.mark.parametrize("name", ["dynamic", "dynamic_regions"])
def test_generated_outcomes_are_the_mean_where_there_are_no_errors(name):
    fitted = fit_of("5.1", name)
    rng = np.random.default_rng(2)
    flat = fitted.density.draw_prior(1, rng)
    flat["slope_std"] *= 0.2
    flat["sigma_std"] *= 0
    coords = fitted.parts.coords
    dims = fitted.definition.named_vars_to_dims
    free = {n: v.reshape([len(coords[d]) for d in dims[n]]) for n, v in flat.items()}
    made = dynamic.generate(fitted.parts, free, rng)
    effects = hierarchical.effects(made, free)
    mean = made.centre + made.scale * standard_mean(made, effects)
    assert_allclose(made.design.y, mean, rtol=1e-9)
    # The lags are the outcomes.
    whole = dynamic.lagged(arrays())[0]
    in_order = made.design.y.reshape(len(whole.provinces), -1)
    lag = made.design.x[:, -1].reshape(in_order.shape)
    assert_allclose(lag[:, 1:], in_order[:, :-1])
    assert_allclose(lag[:, 0], made.first[:, 0])


def test_with_many_degrees_of_freedom_errors_are_normal():
    plain, heavy = fit_of("5.1", "dynamic", 0.1), fit_of("5.1", "dynamic_t", 0.1)
    rng = np.random.default_rng(3)
    point = {name: values[0] for name, values in plain.density.draw_prior(1, rng).items()}
    point["sigma_std"] = np.full(3, 5.0)  # residuals at which a t of that many is a normal
    there = partly_centred(heavy.parts, point) | {"nu": np.array([1e8])}
    expected, found = plain.log_densities(point), heavy.log_densities(there)
    for name in ("y", "province_std"):
        assert found[name] == pytest.approx(expected[name], rel=1e-6)


def test_what_follows_from_a_root():
    rho, slope = np.array([0.5, 0.9, 1.0, 1.1, -0.2]), np.array([1.0, 2.0, 1.0, 1.0, 1.2])
    assert_allclose(dynamic.long_run(rho, slope), [2.0, 20.0, np.nan, np.nan, 1.0])
    response = dynamic.impulse_response(rho, slope, 2)
    assert_allclose(response[0], [1.0, 0.5, 0.25])
    assert_allclose(response[3], [1.0, 1.1, 1.21])
    # All responses of a stable root add up to the long run.
    assert_allclose(dynamic.impulse_response(rho[:1], slope[:1], 60).sum(), 2.0)
    assert_allclose(dynamic.half_life(rho), [1.0, np.log(0.5) / np.log(0.9), np.inf, np.inf, 0.0])


def roots(rho: float, far: bool, data_sets: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior means of the root and the within estimator's, of simulated panels.

    Nothing but its past moves the outcome, so that one control stands for all.
    """
    whole = design(simulated().frame, replace(COLUMN, controls=("urb",)))
    n, t = len(whole.provinces), len(whole.years)
    sigma = np.array([0.3, 0.1, 0.15])[whole.region_of_province]
    found = []
    for number in range(data_sets):
        rng = np.random.default_rng([7, number])
        rest = rng.normal(size=n)
        noise = sigma[:, None] * rng.normal(size=(n, t))
        y = np.empty((n, t))
        y[:, 0] = rng.normal(size=n) if far else rest + noise[:, 0] / np.sqrt(1 - rho**2)
        for year in range(1, t):
            y[:, year] = rho * y[:, year - 1] + (1 - rho) * rest + noise[:, year]
        data = whole.with_outcome(y.ravel())
        parts = dynamic.split(data, ("indus",), "region")
        density = dynamic.density(parts)
        reduced = reduce(density)
        drawn = reduced.draw(draw_scales(density, 400, rng, reduced).log_scale, rng)
        own = drawn["slope_std"][:, -1] * parts.scale / parts.term_scale[-1]
        found.append([own.mean(), twfe.fit(dynamic.lagged(data)[0]).coef[-2]])
    return np.array(found).T


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rho", "far"),
    [
        (0.5, False),
        (0.95, True),
        pytest.param(0.5, True, marks=pytest.mark.trust),
        pytest.param(0.95, False, marks=pytest.mark.trust),
    ],
)
def test_the_root_is_recovered_where_the_within_estimator_is_too_low(rho, far):
    with threadpool_limits(limits=1):
        bayes, within = roots(rho, far)
    error = bayes.std() / np.sqrt(len(bayes))
    assert abs(bayes.mean() - rho) < 0.03 + 2 * error
    if not far:
        assert within.mean() < rho - 0.08
    assert LAG == "L.y"
