"""A predetermined regressor: its equation is what it says, and feedback does no harm."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from analysis.specifications import select
from models.bayesian import dynamic
from models.bayesian import dynamic_predetermined as predetermined
from models.design import Design, design
from models.frequentist.two_way import two_way_parts
from models.inference.elimination import reduce
from models.inference.independence_sampler import draw_scales
from tests.helpers.fits import Fit, fit_of, flat_draw, simulated
from tests.models.bayesian.test_dynamic_stationary import in_dims, posterior

(COLUMN,) = select(["5.1"])
CONTROLS = list(COLUMN.controls)


def standard(columns: np.ndarray) -> np.ndarray:
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


def log_density(fitted: Fit, flat: dict[str, np.ndarray]) -> float:
    """Return that of both equations' rows and effects, from the panel's own columns.

    Of the outcome's equation slopes, year effects and province effects are read off the report.
    """
    free, parts = in_dims(fitted, flat), fitted.parts
    reported = {name: values for name, (_, values) in predetermined.report(parts, free).items()}
    frame = fitted.panel.frame.sort_values(["province", "year"], kind="stable")
    before = frame.groupby("province")[["produ", "indus"]].shift(1)
    frame = frame.assign(before_y=before["produ"], before_x=before["indus"])
    rows, first = frame[frame["year"] > 2010], frame[frame["year"] == 2010]
    # The design has provinces in the panel's order.
    order = pd.Index(parts.design.provinces)
    province = order.get_indexer(rows["province"])
    year = rows["year"].to_numpy() - 2011
    region = np.array([parts.design.regions.index(name) for name in rows["region"]])
    first = first.set_index("province").loc[list(order)]
    means = rows.groupby("province")[CONTROLS].mean().loc[list(order)]
    number = 12

    # Province effects: their lines, what moves, and what that makes of them.
    columns = standard(np.hstack([means.to_numpy(), first[CONTROLS].to_numpy()]))
    firsts = standard(first[["produ", "indus"]].to_numpy())
    total, of_region = 0.0, parts.design.region_of_province
    axes = parts.between  # the same columns turned, so that iid slopes are the same prior
    assert_allclose(axes @ axes.T, columns @ columns.T)
    line = []
    for k, (tau, sigma) in enumerate(
        [("tau_province_std", "sigma_std"), ("exposure_tau_std", "exposure_sigma_std")]
    ):
        known = axes.T**2 @ (1 / (free[tau] ** 2 + free[sigma][of_region] ** 2 / number))
        spread = free["tau_between_std"][k]
        slope = spread / np.sqrt(1 + spread**2 * known) * free["between_unit"][k]
        line.append(firsts @ free["first_slope"][k] + axes @ slope)

    def effect(rest: np.ndarray, sigma: np.ndarray, centre: np.ndarray, tau: float, unit):
        """Return effects about their posterior given all else, and the log density of these."""
        each = np.bincount(province, rest) / number
        precision = 1 / tau**2 + number / sigma[of_region] ** 2
        middle = (centre / tau**2 + each * number / sigma[of_region] ** 2) / precision
        made = middle + unit / np.sqrt(precision)
        jacobian = -0.5 * np.log(precision).sum()
        return made, stats.norm.logpdf(made, centre, tau).sum() + jacobian

    x, lag_x, lag_y = (rows[name].to_numpy() for name in ("indus", "before_x", "before_y"))
    unit_x, unit_y = x.std(), rows["produ"].std(ddof=0)
    lags = np.column_stack([lag_x / unit_x, lag_y / lag_y.std()])
    lags -= np.array([lags[year == t].mean(axis=0) for t in range(12)])[year]
    controls = rows[CONTROLS].to_numpy()
    within = two_way_parts(controls / controls.std(axis=0), province, year)[2]
    mean = np.hstack([lags, within]) @ free["exposure_slope_std"] + free["exposure_year_std"][year]
    omega, x_standard = free["exposure_sigma_std"], (x - x.mean()) / unit_x
    centre = free["exposure_const_std"][0] + line[1]
    g, of_g = effect(
        x_standard - mean, omega, centre, free["exposure_tau_std"][0], free["exposure_unit"]
    )
    total += of_g + stats.norm.logpdf(x_standard, mean + g[province], omega[region]).sum()

    made = predetermined.effects(parts, free)
    alpha = free["const_std"][0] + line[0] + free["effect_slope"][0] * (g - centre)
    b = reported["slope_region"][0][region]
    known = reported["slope"][-1] * lag_y + b * x + controls @ reported["slope"][1:-1]
    known = known + reported["province_effect"][province] + reported["year_effect"][year]
    y, sigma = rows["produ"].to_numpy(), free["sigma_std"]
    error = (y - known) / unit_y
    rest = error + made.province[province]
    a, of_a = effect(rest, sigma, alpha, free["tau_province_std"][0], free["province_unit"])
    assert_allclose(a, made.province, atol=1e-8)
    return total + of_a + stats.norm.logpdf(error, 0, sigma[region]).sum()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_density_is_that_of_both_equations(seed):
    fitted = fit_of("5.1", "dynamic_predetermined")
    flat = flat_draw(fitted, seed)
    of_pymc = fitted.log_densities(flat)
    found = sum(of_pymc[name] for name in ("exposure", "y", "exposure_unit", "province_unit"))
    assert found == pytest.approx(log_density(fitted, flat), rel=1e-8)


def test_no_column_of_a_row_knows_a_later_value_of_outcome_or_regressor():
    """The mean over years of a predetermined regressor would know past errors."""
    whole = design(simulated().frame, COLUMN)
    late = np.array(whole.years)[whole.year] >= 2018
    noise = np.random.default_rng(0).normal(size=(late.sum(), 2))
    x, y = whole.x.copy(), whole.y.copy()
    x[late, 0] += noise[:, 0]
    y[late] += noise[:, 1]
    other = Design(**{**vars(whole), "x": x, "y": y})
    before, after = (
        predetermined.split(data, COLUMN.interest, "region") for data in (whole, other)
    )
    early = np.array(before.design.years)[before.design.year] < 2018
    unscaled = [
        parts.within * parts.term_scale[parts.term_of_regressor] for parts in (before, after)
    ]
    assert_allclose(unscaled[0][early], unscaled[1][early], atol=1e-12)
    units = [parts.term_scale[[0, -1]] for parts in (before, after)]
    drivers = [p.drivers[:, :2] * unit for p, unit in zip((before, after), units, strict=True)]
    assert_allclose(drivers[0][early], drivers[1][early], atol=1e-12)
    assert not np.allclose(drivers[0][~early], drivers[1][~early])
    assert_allclose(before.between, after.between)
    assert_allclose(before.first_values, after.first_values)
    assert before.between.shape == (len(whole.provinces), 2 * len(CONTROLS))


def with_feedback(rho: float, slope: float, feedback: float, number: int) -> Design:
    """Return a panel whose regressor answers last year's outcome, and goes with its effect."""
    whole = design(simulated().frame, COLUMN)
    n, t = len(whole.provinces), len(whole.years)
    rng = np.random.default_rng([9, number])
    sigma = np.array([0.3, 0.15, 0.2])[whole.region_of_province]
    effect = rng.normal(size=n)
    of_x = 0.3 * (0.7 * effect + np.sqrt(1 - 0.7**2) * rng.normal(size=n))
    effect *= 1 - rho
    x, y = np.empty((n, t)), np.empty((n, t))
    now_x, now_y = of_x, effect
    for year in range(-10, t):
        now_x = 0.5 * now_x + feedback * now_y + of_x + 0.3 * rng.normal(size=n)
        now_y = rho * now_y + slope * now_x + effect + sigma * rng.normal(size=n)
        if year >= 0:
            x[:, year], y[:, year] = now_x, now_y
    columns = whole.x.copy()
    columns[:, 0] = x.ravel()
    return Design(**{**vars(whole), "x": columns, "y": y.ravel()})


def taken_as_exogenous(data: Design) -> np.ndarray:
    """Return slope and root by the model that takes the regressor as strictly exogenous."""
    parts = dynamic.split(data, COLUMN.interest, "region")
    density, rng = dynamic.density(parts), np.random.default_rng(0)
    reduced = reduce(density)
    drawn = reduced.draw(draw_scales(density, 400, rng, reduced).log_scale, rng)
    return dynamic.slopes(parts, drawn).mean(axis=0)[[0, -1]]


@pytest.mark.trust
def test_root_slope_and_feedback_are_recovered_where_the_regressor_answers_the_outcome():
    rho, slope, feedback = 0.7, 0.2, -0.4
    truth = np.array([slope, rho])
    off, variance, off_of_other = [], [], []
    for number in range(12):
        data = with_feedback(rho, slope, feedback, number)
        found = posterior("dynamic_predetermined", data)
        draws = found["slope"][..., [0, -1]]
        assert (np.abs(draws.mean((0, 1)) - truth) < 3.5 * draws.std((0, 1))).all()
        answered = found["exposure_slope"][..., 1]
        assert abs(answered.mean() - feedback) < 3.5 * answered.std()
        off.append(draws.mean((0, 1)) - truth)
        variance.append(draws.var((0, 1)))
        off_of_other.append(taken_as_exogenous(data) - truth)
    error_of_mean = np.sqrt(np.mean(variance, axis=0) / len(off))
    assert (np.abs(np.mean(off, axis=0)) < 3 * error_of_mean).all()
    # With the regressor taken as strictly exogenous, its slope answers for the feedback.
    assert abs(np.mean(off_of_other, axis=0)[0]) > 0.04
