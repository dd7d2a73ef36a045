"""Sensitivity: densities against dense algebra, influence of a planted outlier, resumption."""

from dataclasses import replace
from functools import cache

import arviz as az
import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal
from threadpoolctl import threadpool_limits

from analysis.posterior.engines import Settings
from analysis.posterior.sample import Job, fit
from analysis.robustness import sensitivity
from analysis.specifications import select
from data.errors import UserError
from data.panels.panel import Panel
from models.bayesian.registry import LADDER, MODELS, find
from models.bayesian.within_between import WithinBetween, standardise
from models.design import design
from models.frequentist import twfe
from models.priors import REGULARISED
from tests.helpers.fits import fit_of, simulated
from tests.helpers.results import REGIONS_OF_SLOPES

SHORT = Settings(draws=150, tune=150, chains=2)
BASELINE, CENTRAL = select(["3.2", "8.2"])

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
    every, others = (sensitivity.at_draws(density(each), flat) for each in parts)
    found = every - others
    assert found.shape == (1, 1)
    assert found.item() == pytest.approx(brute_force(whole, left_out), abs=1e-6)


@pytest.mark.parametrize(
    "name", [m.name for m in MODELS if m.prior_groups and hasattr(m.module, "density")]
)
def test_a_density_is_evaluated_where_its_draws_came_from(name):
    fitted = fit_of("3.2", name)
    rng = np.random.default_rng(1)
    at = np.stack([fitted.density.initial(rng) for _ in range(3)])
    np.testing.assert_allclose(fitted.density.point(fitted.density.draw(at, rng)), at, rtol=1e-9)


def test_averaging_over_a_new_provinces_effect_gives_the_same():
    whole = find("hierarchical").split(design(simulated(5, 2012).frame, BASELINE), BASELINE)
    left_out = whole.design.province == 4
    module = find("hierarchical").module
    density = module.density(whole.keep(~left_out))
    log_scale = np.log(np.concatenate([SCALES[scale.name] for scale in density.scales]))
    flat = density.draw(np.tile(log_scale, (2, 4_000, 1)), np.random.default_rng(1))
    rest = sensitivity.Refit(module.build(whole), flat, {}, "pass")
    found = sensitivity.given_all(find("hierarchical"), whole.keep(left_out), rest)
    elpd, mcse = sensitivity.log_mean_exp(found + left_out.sum() * np.log(whole.scale))
    assert mcse < 0.2
    assert elpd == pytest.approx(brute_force(whole, left_out), abs=4 * mcse)


def test_a_bridge_finds_the_ratio_of_two_normalising_constants():
    """With q1 = exp(-(u-m)²/2s²) and q0 = exp(-u²/2), the ratio of constants is s."""
    rng, mean, sd = np.random.default_rng(1), 3.0, 0.5

    def log_ratio(u):
        return -(((u - mean) / sd) ** 2) / 2 + u**2 / 2

    draws = {"whole": rng.normal(mean, sd, (4, 750)), "rest": rng.normal(0, 1, (4, 750))}
    found, error = sensitivity.bridge(*(log_ratio(u) for u in draws.values()))
    assert found == pytest.approx(np.log(sd), abs=4 * error)
    _, plain = sensitivity.log_mean_exp(log_ratio(draws["rest"]))
    assert error < plain / 2


def test_positions_are_drawn_as_often_as_their_weights_say():
    weight = np.array([0.0, 3.0, 1.5, 0.5, 0.0])
    drawn = sensitivity.stratified(weight, np.random.default_rng(1))
    assert len(drawn) == 5
    assert np.bincount(drawn, minlength=5).tolist() in ([0, 3, 2, 0, 0], [0, 3, 1, 1, 0])


def test_log_mean_exp_is_that_and_its_error_that_of_independent_draws():
    draws = np.random.default_rng(1).normal(-700, 0.5, (4, 1_000))
    mean, error = sensitivity.log_mean_exp(draws)
    assert mean == pytest.approx(-700 + 0.5**2 / 2, abs=4 * error)
    expected = np.sqrt(np.exp(0.5**2) - 1) / np.sqrt(draws.size)
    assert error == pytest.approx(expected, rel=0.2)


@cache
def planted() -> Panel:
    """Return a panel in which one central province has a slope of its own, and noise on top."""
    panel = simulated(5, 2016)
    frame = panel.frame.copy()
    odd = frame["province"] == "Hubei"
    frame.loc[odd, "produ"] += 3 * frame.loc[odd, "indus"]
    return replace(panel, frame=frame)


@cache
def base(column: str = "8.2", name: str = "mundlak"):
    specification = select([column])[0]
    model = find(name)
    whole = model.split(design(planted().frame, specification), specification)
    fitted = sensitivity.refit(model, whole, model.module.PRIORS, SHORT, whole)
    return model, whole, sensitivity.based_on(model, whole, fitted)


def test_weights_and_a_refit_agree_and_weights_are_not_trusted_for_an_outlier(monkeypatch):
    model, whole, given_all = base()
    arguments = (SHORT, given_all)
    usual, odd = (
        whole.design.province == whole.design.provinces.index(name) for name in ("Hunan", "Hubei")
    )
    monkeypatch.setattr(sensitivity, "ESS_LEAST", 100)  # of the few draws here
    found = sensitivity.without(model, whole, usual, *arguments)
    assert found.method == "reweighted"
    monkeypatch.setattr(sensitivity, "K_MOST", -np.inf)
    again = sensitivity.without(model, whole, usual, *arguments)
    assert again.method == "refit"
    assert found.elpd == pytest.approx(again.elpd, abs=4 * np.hypot(found.mcse, again.mcse))
    slope = sensitivity.Quantity("slope", "indus", "average")
    weighted, refitted = found.rest.watched[slope], again.rest.watched[slope]
    assert weighted.mean() == pytest.approx(refitted.mean(), abs=0.3 * refitted.std())
    assert weighted.std() == pytest.approx(refitted.std(), rel=0.2)
    monkeypatch.undo()
    monkeypatch.setattr(sensitivity, "ESS_LEAST", 0)
    assert sensitivity.without(model, whole, odd, *arguments).method == "refit"


# --- provinces --------------------------------------------------------------------------------


@cache
def left_out() -> dict[str, pd.DataFrame]:
    job = Job(planted(), CENTRAL, "mundlak")
    _, whole, given_all = base()
    found = sensitivity.leave_provinces_out(job, SHORT, whole, given_all)
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
    alone = fit(Job(panel, CENTRAL, "mundlak"), settings)["posterior"]["slope"].sel(term="indus")
    row = left_out()["influence"].loc["Hubei"]
    assert row["mean"] == pytest.approx(float(alone.mean()), abs=0.25 * float(alone.std()))
    assert row["sd"] == pytest.approx(float(alone.std()), rel=0.25)


def test_models_are_compared_by_paired_differences():
    a, b = np.array([1.0, 2.0, 3.0, 6.0]), np.array([0.0, 2.5, 2.0, 4.0])
    rows = pd.DataFrame(
        {
            "panel": "x",
            "column": "3.2",
            "model": np.repeat(["mundlak", "hierarchical"], 4),
            "province": list("abcd") * 2,
            "elpd": np.concatenate([a, b]),
            "mcse": 0.1,
        }
    )
    found = sensitivity.comparison(rows).set_index("model")
    assert tuple(sensitivity.comparison(rows).columns) == sensitivity.COMPARISON
    assert found["rank"].to_dict() == {"mundlak": 0, "hierarchical": 1}
    assert found["elpd"].to_dict() == {"mundlak": a.sum(), "hierarchical": b.sum()}
    worse = found.loc["hierarchical"]
    assert worse["elpd_diff"] == pytest.approx((b - a).sum())
    assert worse["dse"] == pytest.approx(np.sqrt(4 * (b - a).var()))
    assert worse["se"] == pytest.approx(np.sqrt(4 * b.var()))
    assert worse["mcse"] == pytest.approx(0.2)
    assert found["weight"].sum() == pytest.approx(1)


# --- priors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("alternative", sensitivity.ALTERNATIVES, ids=lambda a: a.name)
def test_an_alternative_changes_what_it_names_and_says_why(alternative):
    changed = alternative.of(REGULARISED)
    assert alternative.reason
    assert alternative.name in changed.name
    for before, after in zip(REGULARISED.table, changed.table, strict=True):
        assert (before != after) == (before.name in alternative.variables)
    assert changed.to_json() != REGULARISED.to_json()


@pytest.mark.parametrize("alternative", sensitivity.ALTERNATIVES, ids=lambda a: a.name)
@pytest.mark.parametrize(
    "name", [m.name for m in MODELS if m.prior_groups and hasattr(m.module, "density")]
)
def test_every_model_has_a_density_under_every_alternative(name, alternative):
    fitted = fit_of("3.2", name)
    density = fitted.model.module.density(fitted.parts, alternative.of(fitted.priors))
    at = density.initial(np.random.default_rng(1))
    assert np.isfinite(at).all()
    value, slope = density.logp_and_gradient(at)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


def narrow(prior):
    return replace(prior, scale=1e-3)


def test_a_prior_that_pins_the_slope_moves_it_and_one_that_the_model_lacks_is_passed_over(
    monkeypatch,
):
    pins = sensitivity.Alternative("pinned", "why", ("slope_std",), narrow)
    lacks = sensitivity.Alternative("lacking", "why", ("tau_slope_std",), narrow)
    monkeypatch.setattr(sensitivity, "ALTERNATIVES", (pins, lacks))
    job = Job(planted(), CENTRAL, "mundlak")
    _, whole, given_all = base()
    rows = pd.DataFrame(sensitivity.under_other_priors(job, SHORT, whole, given_all))
    assert set(rows["priors"]) == {"pinned"}
    slope = rows[(rows["quantity"] == "slope") & (rows["term"] == "indus")].iloc[0]
    assert abs(slope["mean"]) < 0.05 < slope["base_mean"]
    assert slope["shift"] == (slope["mean"] - slope["base_mean"]) / slope["base_sd"]


def test_slopes_by_region_are_told_as_the_ledger_asks_for_them():
    _, _, given_all = base("3.2", LADDER[-1])
    of_slope = [at for at in given_all.fitted.watched if at.quantity == "slope"]
    told = {at.region for at in of_slope if at.term == "indus"}
    assert told == set(REGIONS_OF_SLOPES)


def test_weights_and_a_refit_agree_under_another_prior(monkeypatch):
    model, whole, given_all = base()
    priors = REGULARISED.with_scales("tight", sigma_std=0.5, slope_std=0.1)
    monkeypatch.setattr(sensitivity, "ESS_LEAST", 100)  # of the few draws here
    found = sensitivity.under(model, whole, priors, SHORT, given_all)
    monkeypatch.setattr(sensitivity, "K_MOST", -np.inf)
    again = sensitivity.under(model, whole, priors, SHORT, given_all)
    slope = sensitivity.Quantity("slope", "indus", "average")
    before, weighted, refitted = (each.watched[slope] for each in (given_all.fitted, found, again))
    assert found.flat["sigma_std"].shape[0] == 1  # weighted draws are one chain
    assert again.flat["sigma_std"].shape[0] == SHORT.chains
    assert abs(weighted.mean() - before.mean()) > 0.7 * before.std()
    assert weighted.mean() == pytest.approx(refitted.mean(), abs=0.3 * refitted.std())
    assert weighted.std() == pytest.approx(refitted.std(), rel=0.2)


def test_power_scaling_is_arvizs_and_leaves_the_effects_distributions_alone():
    tree = fit(Job(simulated(5, 2014), BASELINE, "hierarchical"), SHORT)
    rows = pd.DataFrame(sensitivity.power_scaling(tree))
    assert {"all", "slope_std", "tau_slope_std"} <= set(rows["scaled"])
    assert "province_std" not in set(rows["scaled"])
    east = rows[(rows["quantity"] == "slope") & (rows["region"] == "east")].set_index("scaled")
    expected = az.psense(
        tree, var_names=["slope_region"], group="prior", group_var_names=["tau_slope_std"]
    )["slope_region"].sel(varying="indus", region="east")
    assert east.loc["tau_slope_std", "prior"] == float(expected)
    spread = rows[rows["quantity"] == "tau_slope"].set_index("scaled")["prior"]
    assert spread.drop("all").idxmax() == "tau_slope_std"


@pytest.mark.parametrize(
    ("prior", "likelihood", "said"),
    [
        (0.01, 0.5, "prior does not matter"),
        (0.2, 0.5, "prior and data pull"),
        (0.2, 0.01, "prior outweighs data"),
    ],
)
def test_the_diagnosis_follows_from_both_sensitivities(prior, likelihood, said):
    assert sensitivity.diagnosis(prior, likelihood) == said


# --- running ----------------------------------------------------------------------------------


def made_up(job: Job, _: Settings) -> dict[str, list[dict]]:
    """Return a row for each table, as `study` would."""
    identity = {"panel": job.panel.name, "column": job.specification.column, "model": job.model}
    row = identity | {"key": sensitivity.key(job, SHORT), "term": "indus"}
    return {name: [row | {"province": p} for p in ("a", "b")] for name in sensitivity.TABLES}


def test_a_run_goes_on_where_it_was_interrupted(tmp_path, monkeypatch):
    asked = []

    def study(job, settings):
        asked.append(job.model)
        return made_up(job, settings)

    monkeypatch.setattr(sensitivity, "study", study)
    listed = sensitivity.studies([simulated()], [BASELINE], [])
    assert [job.model for job in listed] == list(LADDER)
    run = sensitivity.run(listed, SHORT, tmp_path, workers=1)
    next(run)
    run.close()
    again = [job.model for job in sensitivity.run(listed, SHORT, tmp_path, workers=1)]
    assert sorted(again) == sorted(LADDER)
    assert asked == list(LADDER)  # each once
    found = sensitivity.tables(tmp_path)
    for name, columns in sensitivity.TABLES.items():
        assert tuple(found[name].columns) == columns
        assert len(found[name]) == 2 * len(LADDER)
    assert (found["priors"]["region"] == "").all()


def test_a_study_of_other_data_or_settings_replaces_the_old_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(sensitivity, "study", made_up)
    (job,) = sensitivity.studies([simulated()], [BASELINE], ["mundlak"])
    other = replace(job, panel=replace(job.panel, sha256="1" * 64))
    assert sensitivity.key(job, SHORT) != sensitivity.key(other, SHORT)
    assert sensitivity.key(job, SHORT) != sensitivity.key(job, replace(SHORT, seed=2))
    for each in (job, other):
        list(sensitivity.run([each], SHORT, tmp_path, workers=1))
    for table in sensitivity.tables(tmp_path).values():
        assert set(table["key"]) == {sensitivity.key(other, SHORT)}


def test_rows_do_not_stand_in_the_order_in_which_fits_ended():
    fits = [
        ("official", "3.2", "mundlak"),
        ("official", "3.2", "hierarchical"),
        ("implied", "3.1", "mundlak"),
        ("implied", "3.2", "mundlak"),
        ("own-mine", "3.2", "mundlak"),
    ]
    table = pd.DataFrame(fits, columns=list(sensitivity.JOB))
    for seed in range(3):
        shuffled = table.sample(frac=1, random_state=seed)
        assert sensitivity.ordered(shuffled).to_numpy().tolist() == list(map(list, fits))


def test_a_model_without_a_prior_that_means_anything_is_refused():
    with pytest.raises(UserError, match="flat has no prior"):
        sensitivity.studies([simulated()], [BASELINE], ["flat"])


def test_the_figure_has_a_frame_for_each_slope_and_a_dot_for_each_province():
    influence = pd.DataFrame(
        {
            "panel": "x",
            "column": "3.2",
            "model": "hierarchical",
            "term": "indus",
            "region": np.repeat(["average", "east", "central", "west"], 3),
            "province": ["Tibet", "Beijing", "Hubei"] * 4,
            "home": ["west", "east", "central"] * 4,
            "shift": np.arange(12.0),
            "twfe_shift": [0.1, 0.2, 0.3] + [np.nan] * 9,
        }
    )
    lower = influence.assign(model="mundlak", shift=99.0)
    ((name, rows),) = sensitivity.frames(pd.concat([lower, influence]))
    assert name == "influence_3.2"
    figure = sensitivity.draw(rows)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "average",
        "east",
        "central",
        "west",
    ]
    dots, hollow = figure.axes[0].get_lines()[:2]
    assert dict(zip(dots.get_ydata(), dots.get_xdata(), strict=True)) == {2: 0.0, 0: 1.0, 1: 2.0}
    assert sorted(hollow.get_xdata()) == [0.1, 0.2, 0.3]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["Beijing", "Hubei", "Tibet"]


def test_years_are_left_out_as_provinces_are():
    job = Job(planted(), CENTRAL, "mundlak")
    _, whole, given_all = base()
    found = pd.DataFrame(sensitivity.leave_years_out(job, SHORT, whole, given_all))
    frame = planted().frame
    assert found["year"].tolist() == sorted(frame["year"].unique())
    assert (found["rows"] == 8).all()
    row = found.iloc[2]
    without = twfe.fit(design(frame[frame["year"] != row["year"]], CENTRAL))
    assert row["twfe"] == without.coef[0]
    # One region, wide priors: the posterior moves as least squares do.
    assert found["shift"].corr(found["twfe_shift"]) > 0.8
    assert set(found.columns) | {*sensitivity.JOB, "key"} == set(sensitivity.TABLES["years"])
