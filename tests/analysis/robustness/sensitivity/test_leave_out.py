"""Left-out rows: densities against dense algebra, influence of a planted outlier."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal
from threadpoolctl import threadpool_limits

from analysis.posterior.jobs import Job
from analysis.posterior.sample import fit
from analysis.robustness.sensitivity import leave_out, refits, tables, weights
from models.bayesian.interface import Collapsible
from models.bayesian.registry import MODELS, find
from models.bayesian.within_between import WithinBetween, standardise
from models.design import design
from models.frequentist import twfe
from models.priors import REGULARISED
from tests.helpers.fits import fit_of, simulated
from tests.helpers.planted import BASELINE, CENTRAL, SHORT, base, planted

SCALES = {
    "tau_province_std": [0.7],
    "tau_year_std": [0.3],
    "tau_slope_std": [0.4],
    "sigma_std": [0.5, 0.2, 0.3],
}


def dense_covariance(parts: WithinBetween) -> np.ndarray:
    """Return the prior covariance of the standardised outcome of the main model, given `SCALES`."""
    made, prior = parts.design, REGULARISED
    p, q = standardise(parts.province_part)[made.province], standardise(parts.year_part)[made.year]
    x = np.column_stack(
        [parts.within[:, parts.term_of_regressor == k].sum(axis=1) for k in range(len(made.terms))]
    )
    by_region = parts.within[:, : len(made.regions)]
    province = made.province[:, None] == made.province
    year = (made.year[:, None] == made.year) - 1 / len(made.years)
    return (
        prior["slope_std"].scale ** 2 * x @ x.T
        + prior["const_std"].scale ** 2
        + prior["between_province"].scale ** 2 * p @ p.T
        + prior["between_year"].scale ** 2 * q @ q.T
        + SCALES["tau_slope_std"][0] ** 2 * by_region @ by_region.T
        + SCALES["tau_province_std"][0] ** 2 * province
        + SCALES["tau_year_std"][0] ** 2 * year
        + np.diag(np.square(SCALES["sigma_std"])[made.region])
    )


def brute_force(parts: WithinBetween, left_out: np.ndarray) -> float:
    """Return the log density of some rows given the others, standardised."""
    covariance, kept = dense_covariance(parts), ~left_out
    with threadpool_limits(1):
        every = multivariate_normal(cov=covariance).logpdf(parts.y)
        others = multivariate_normal(cov=covariance[np.ix_(kept, kept)]).logpdf(parts.y[kept])
    return every - others


@pytest.mark.parametrize("share_missing", [0.0, 0.2])
@pytest.mark.parametrize("province", [0, 30])
def test_the_density_of_a_left_out_province_is_the_dense_normals(share_missing, province):
    whole = fit_of("3.2", "hierarchical", share_missing).parts
    left_out = whole.design.province == province
    density = find("hierarchical").module.density
    flat = {name: np.array(values)[None, None] for name, values in SCALES.items()}
    parts = whole, whole.keep(~left_out)
    every, others = (refits.at_draws(density(each), flat) for each in parts)
    found = every - others
    assert found.shape == (1, 1)
    assert found.item() == pytest.approx(brute_force(whole, left_out), abs=1e-6)


@pytest.mark.parametrize(
    "name", [m.name for m in MODELS if m.prior_groups and isinstance(m.module, Collapsible)]
)
def test_a_density_is_evaluated_where_its_draws_came_from(name):
    fitted = fit_of("3.2", name)
    rng = np.random.default_rng(1)
    at = np.stack([fitted.density.initial(rng) for _ in range(3)])
    np.testing.assert_allclose(fitted.density.point(fitted.density.draw(at, rng)), at, rtol=1e-9)


@pytest.mark.parametrize("name", ["growth", "autoregressive"])
def test_densities_of_correlated_errors_are_evaluated_at_draws_too(name):
    fitted = fit_of("3.2", name)
    rng = np.random.default_rng(2)
    at = np.stack([fitted.density.initial(rng) for _ in range(4)])
    flat = fitted.density.draw(at.reshape(2, 2, -1), rng)
    expected = [
        [fitted.density.logp_and_gradient(u)[0] for u in row] for row in at.reshape(2, 2, -1)
    ]
    np.testing.assert_allclose(refits.at_draws(fitted.density, flat), expected, rtol=1e-9)


def test_averaging_over_a_new_provinces_effect_gives_the_same():
    whole = find("hierarchical").split(design(simulated(5, 2012).frame, BASELINE), BASELINE)
    left_out = whole.design.province == 4
    module = find("hierarchical").module
    density = module.density(whole.keep(~left_out))
    log_scale = np.log(np.concatenate([SCALES[scale.name] for scale in density.scales]))
    flat = density.draw(np.tile(log_scale, (2, 4_000, 1)), np.random.default_rng(1))
    rest = refits.Refit(module.build(whole), flat, {}, "pass")
    found = leave_out.given_all(find("hierarchical"), whole.keep(left_out), rest)
    elpd, mcse = weights.log_mean_exp(found + left_out.sum() * np.log(whole.scale))
    assert mcse < 0.2
    assert elpd == pytest.approx(brute_force(whole, left_out), abs=4 * mcse)


def test_weights_and_a_refit_agree_and_weights_are_not_trusted_for_an_outlier(monkeypatch):
    model, whole, given_all = base()
    arguments = (SHORT, given_all)
    usual, odd = (
        whole.design.province == whole.design.provinces.index(name) for name in ("Hunan", "Hubei")
    )
    monkeypatch.setattr(weights, "ESS_LEAST", 100)  # of the few draws here
    found = leave_out.without(model, whole, usual, *arguments)
    assert found.method == "reweighted"
    monkeypatch.setattr(weights, "K_MOST", -np.inf)
    again = leave_out.without(model, whole, usual, *arguments)
    assert again.method == "refit"
    assert found.elpd == pytest.approx(again.elpd, abs=4 * np.hypot(found.mcse, again.mcse))
    slope = refits.Quantity("slope", "indus", "average")
    weighted, refitted = found.rest.watched[slope], again.rest.watched[slope]
    assert weighted.mean() == pytest.approx(refitted.mean(), abs=0.3 * refitted.std())
    assert weighted.std() == pytest.approx(refitted.std(), rel=0.2)
    monkeypatch.undo()
    monkeypatch.setattr(weights, "ESS_LEAST", 0)
    assert leave_out.without(model, whole, odd, *arguments).method == "refit"


@cache
def left_out() -> dict[str, pd.DataFrame]:
    job = Job(planted(), CENTRAL, find("mundlak"))
    _, whole, given_all = base()
    found = leave_out.leave_provinces_out(job, SHORT, whole, given_all)
    return {name: pd.DataFrame(rows).set_index("province") for name, rows in found.items()}


def test_an_outlier_carries_the_slope_and_is_foreseen_worst():
    influence, provinces = left_out()["influence"], left_out()["provinces"]
    assert len(provinces) == len(influence) == 8
    assert influence["shift"].abs().idxmax() == "Hubei"
    assert influence.loc["Hubei", "shift"] < -1
    assert provinces["elpd"].idxmin() == "Hubei"
    assert (provinces["rows"] == 7).all()
    assert (provinces["home"] == "central").all()


def test_least_squares_without_the_province_stands_beside():
    influence = left_out()["influence"]
    frame = planted().frame
    without = twfe.fit(design(frame[frame["province"] != "Hubei"], CENTRAL))
    whole = twfe.fit(design(frame, CENTRAL))
    row = influence.loc["Hubei"]
    assert row["twfe"] == without.coef[0]
    assert row["twfe_shift"] == (without.coef[0] - whole.coef[0]) / whole.se[0]
    # One region, wide priors: the posterior moves as least squares do.
    assert influence["shift"].corr(influence["twfe_shift"]) > 0.9


def test_a_refit_without_a_province_is_a_fit_of_the_panel_without_it():
    """Up to what the split of the regressors changes, which is little."""
    frame = planted().frame
    panel = replace(planted(), frame=frame[frame["province"] != "Hubei"])
    settings = replace(SHORT, draws=400)
    alone = fit(Job(panel, CENTRAL, find("mundlak")), settings)["posterior"]["slope"].sel(
        term="indus"
    )
    row = left_out()["influence"].loc["Hubei"]
    assert row["mean"] == pytest.approx(float(alone.mean()), abs=0.25 * float(alone.std()))
    assert row["sd"] == pytest.approx(float(alone.std()), rel=0.25)


def test_years_are_left_out_as_provinces_are():
    job = Job(planted(), CENTRAL, find("mundlak"))
    _, whole, given_all = base()
    found = pd.DataFrame(leave_out.leave_years_out(job, SHORT, whole, given_all))
    frame = planted().frame
    assert found["year"].tolist() == sorted(frame["year"].unique())
    assert (found["rows"] == 8).all()
    row = found.iloc[2]
    without = twfe.fit(design(frame[frame["year"] != row["year"]], CENTRAL))
    assert row["twfe"] == without.coef[0]
    # One region, wide priors: the posterior moves as least squares do.
    assert found["shift"].corr(found["twfe_shift"]) > 0.8
    assert set(found.columns) | {*tables.JOB, "key"} == set(tables.TABLES["years"])
