"""The samplers' benchmark: what is timed is the same model, and its row says what happened."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from analysis.benchmark import contenders, samplers, stan
from analysis.benchmark.contenders import CONTENDERS, OWN, REFERENCE, Problem, Rung
from analysis.posterior import equality
from analysis.posterior.jobs import Settings
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian.registry import MAIN, find
from models.design import design
from tests.helpers.fits import simulated

FEW = Rung(100, 200, 0.9, chains=2, cores=1)


def problem(kind: str) -> Problem:
    """Return a problem on a small simulated panel."""
    (record,) = select(["3.1"])
    frame = simulated(5, 2014).frame
    return Problem(kind, "own-simulated", design(frame, record), record.interest[0])


def named(name: str):
    return next(contender for contender in CONTENDERS if contender.name == name)


@pytest.mark.slow
def test_each_program_that_is_there_is_measured_beside_the_exact_posterior():
    listed = [problem("dummies")]
    chosen = [
        replace(named(OWN), ladder=(Rung(None, None, None),)),
        replace(named(REFERENCE), ladder=(FEW, Rung(1_000, 300, 0.9))),
        replace(named(REFERENCE), name="nobody", needs=("no_such_package",)),
    ]
    told = list(samplers.run(listed, chosen, reference_draws=2_500))
    assert told[0] == ("nobody is left out: no_such_package is not installed.", None)
    found = samplers.table([row for _, row in told if row])
    assert list(found.columns) == list(samplers.COLUMNS)
    assert list(found["engine"]) == [OWN, REFERENCE]
    assert (found["gate"] == "pass").all(), found["failed"]
    assert (found["agreement"] == "agrees").all(), found
    # Too few draws do not pass the gate, so the ladder is climbed.
    assert found["setting"][1] == str(Rung(1_000, 300, 0.9))
    assert found["ratio_to_nutpie"][1] == 1
    per_second = found["min_ess"] / found["cpu_s"]
    assert found["ratio_to_nutpie"][0] == pytest.approx(per_second[0] / per_second[1])
    times = samplers.summary(found)
    assert list(times["engine"]) == [REFERENCE]
    assert times["times"].iloc[0] == pytest.approx(per_second[0] / per_second[1])


def test_a_program_that_is_stopped_has_a_row_that_says_so():
    row = samplers.measure(named(OWN), problem("dummies"), {}, seconds=0.01)
    assert (row["gate"], row["failed"], row["wall_s"]) == ("fail", "no draws in time", None)


def test_another_posterior_differs():
    exact, _ = contenders.draw(problem("dummies"), Settings(draws=1_500))
    shifted = {name: values + 0.5 * values.std() for name, values in exact.items()}
    for draws, agreement in ((exact, True), (shifted, False)):
        few = {name: values[:, :200] for name, values in draws.items()}
        found = equality.compare_few(few, exact)
        assert (max(found.z_mean, found.z_sd) < found.limit) is agreement


def test_programs_are_chosen_by_name():
    assert samplers.chosen([]) == list(CONTENDERS)
    assert [each.name for each in samplers.chosen([OWN])] == [OWN]
    with pytest.raises(UserError, match="no program 'Stata': choose among this project"):
        samplers.chosen(["Stata"])


def test_r_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert samplers.lacks(named("brms")) == "R"


def test_the_committed_panel_is_there_without_the_simulated_one(tmp_path):
    listed = samplers.problems(tmp_path / "none.csv")
    assert [(each.kind, each.panel) for each in listed] == [
        ("by_formula", "official"),
        ("dummies", "official"),
        ("growth", "official"),
    ]


def test_the_main_model_is_timed_under_the_priors_of_its_fits(tmp_path):
    listed = samplers.problems(tmp_path / "none.csv")[-1]
    main = find(MAIN)
    assert listed.record.module is main.module
    assert listed.record.priors == main.module.PRIORS
    (record,) = select(["3.2"])
    free = [variable.name for variable in listed.build().free_RVs]
    expected = main.module.build(main.split(listed.design, record)).free_RVs
    assert free == [variable.name for variable in expected]


def test_statistics_of_other_samplers_are_read():
    shape = ("chain", "draw")
    theirs = {
        "diverging": (shape, np.zeros((2, 3), bool)),
        "energy": (shape, np.ones((2, 3))),
        "n_steps": (shape, np.array([[1, 511, 1_022], [1_023, 7, 3]])),
        "tree_depth": (shape, np.full((2, 3), 10)),
    }
    tree = xr.DataTree.from_dict({"sample_stats": xr.Dataset(theirs)})
    found = contenders._statistics(tree)["maxdepth_reached"].to_numpy()
    assert found.tolist() == [[False] * 3, [True, False, False]]


# --- Stan -------------------------------------------------------------------------------------


def of_brms(words: dict, frame: pd.DataFrame, rng) -> tuple[dict, np.ndarray, np.ndarray]:
    """Return values of brms's parameters by its names, and each row's mean and sd from them."""
    theirs = {"b_Intercept": rng.normal()}
    mean = np.full(len(frame), theirs["b_Intercept"])
    fixed = [line["coef"] for line in words["priors"] if line.get("coef", "Intercept") in frame]
    for name in fixed:
        theirs[f"b_{name}"] = rng.normal()
        mean += theirs[f"b_{name}"] * frame[name]
    effects = {"province": "Intercept", "year": "Intercept", "region": "within_indus"}
    for group, coefficient in effects.items():
        theirs[f"sd_{group}__{coefficient}"] = rng.uniform(0.5, 2)
        for label in rng.permutation(frame[group].unique()):
            value = theirs[f"r_{group}[{label},{coefficient}]"] = rng.normal()
            of_group = (frame[group] == label) * value
            mean += of_group * (1 if coefficient == "Intercept" else frame[coefficient])
    sd = np.empty(len(frame))
    for label in rng.permutation(frame["region"].unique()):
        log_sigma = theirs[f"b_sigma_region{label}"] = rng.normal()
        sd[frame["region"] == label] = np.exp(log_sigma)
    return theirs, mean.to_numpy(), sd


def of_rstanarm(words: dict, frame: pd.DataFrame, rng) -> tuple[dict, np.ndarray, np.ndarray]:
    """Do the same for rstanarm."""
    columns = words["formula"].removeprefix("y ~ 0 + ").split(" + ")
    theirs = {name: rng.normal() for name in rng.permutation(columns)}
    mean = sum(theirs[name] * frame[name] for name in columns)
    theirs["sigma"] = rng.uniform(0.5, 2)
    return theirs, mean.to_numpy(), np.full(len(frame), theirs["sigma"])


@pytest.mark.parametrize(("kind", "of"), [("by_formula", of_brms), ("dummies", of_rstanarm)])
def test_r_is_told_the_same_regression_and_its_draws_get_the_models_names(tmp_path, kind, of):
    posed = problem(kind)
    stan.write(posed, tmp_path / "data.csv", tmp_path / "words.json")
    frame = pd.read_csv(tmp_path / "data.csv")
    words = json.loads((tmp_path / "words.json").read_text())
    theirs, mean, sd = of(words, frame, np.random.default_rng(2))
    draws, chains = 3, 2
    message = {"draws": draws, "chains": chains, "names": list(theirs)}
    message["path"] = str(tmp_path / "draws.bin")
    values = np.repeat(list(theirs.values()), draws * chains)
    statistics = np.concatenate([np.zeros(6), np.arange(6.0), [0, 0, 0, 1, 0, 0]])
    np.concatenate([values, statistics]).tofile(message["path"])
    found, kept = stan.read(posed, message)
    assert kept["energy"].to_numpy().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert kept["maxdepth_reached"].to_numpy().tolist() == [[False] * 3, [True, False, False]]

    free = {name: value[0, 0] for name, value in found.items()}
    parts, design = posed.parts, posed.design
    np.testing.assert_allclose(frame["y"], parts.y, rtol=1e-12)
    if kind == "dummies":
        ours = free["slope_std"] @ parts.within.T + free["province_std"][design.province]
        ours += free["year_std"][design.year]
        ours_sd = free["sigma_std"]
        assert free["year_std"].sum() == pytest.approx(0, abs=1e-12)
    else:
        ours = free["const_std"] + free["slope_std"] @ parts.within.T
        ours += free["between_province"] @ parts.province_part.T
        ours += free["between_year"] @ parts.year_part.T
        ours += free["tau_province_std"] * free["province_offset"][design.province]
        ours += free["tau_year_std"] * free["year_offset"][design.year]
        by_region = free["tau_slope_std"] * free["slope_offset"]
        ours += by_region[design.region] * parts.within[:, parts.of_varying[0]]
        ours_sd = free["sigma_std"][design.region]
    np.testing.assert_allclose(ours, mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.broadcast_to(ours_sd, len(sd)), sd, rtol=1e-12)


def test_r_is_told_the_same_priors(tmp_path):
    posed = problem("by_formula")
    priors = posed.record.priors
    stan.write(posed, tmp_path / "data.csv", tmp_path / "words.json")
    lines = json.loads((tmp_path / "words.json").read_text())["priors"]
    told = {(p["class"], p.get("coef", p.get("group", p.get("dpar")))): p["prior"] for p in lines}
    expected = {
        ("b", "Intercept"): "const_std",
        ("b", "within_indus"): "slope_std",
        ("b", "p_indus"): "between_province",
        ("b", "q_indus"): "between_year",
        ("sd", "province"): "tau_province_std",
        ("sd", "year"): "tau_year_std",
        ("sd", "region"): "tau_slope_std",
    }
    for key, name in expected.items():
        assert told.pop(key) == f"normal(0, {priors[name].scale})"
    sigma = priors["sigma_std"]
    assert told == {("b", "sigma"): f"normal({np.log(sigma.centre)}, {sigma.scale})"}
