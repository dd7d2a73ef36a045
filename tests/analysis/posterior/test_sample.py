"""Fits: traces that meet the contract, the same for the same seed, with scipy's numbers."""

import json
import subprocess
from dataclasses import replace
from functools import cache

import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy import stats

from analysis.posterior import sample, trace
from analysis.posterior.engines import INDEPENDENCE, NO_ENERGY, CollapsedEngine
from analysis.posterior.jobs import Job, Settings, carrying, jobs, path_of
from analysis.posterior.sample import fit, sample_all
from analysis.specifications import STATIC, select
from data.shared.errors import UserError
from models.bayesian.registry import find
from tests.helpers.clusters import await_workers, scheduler, worker
from tests.helpers.fits import official, simulated

SHORT = Settings(draws=60, tune=150, chains=2)
SMALL = simulated(5, 2014)


@cache
def short_fit(column: str, model: str, seed: int = 1) -> xr.DataTree:
    settings = Settings(draws=60, tune=150, chains=2, seed=seed)
    return fit(Job(SMALL, select([column])[0], find(model)), settings)


@pytest.mark.parametrize(
    ("column", "model"), [("3.2", "hierarchical"), ("3.3", "hierarchical"), ("8.2", "flat")]
)
def test_a_trace_meets_the_contract_and_arviz_opens_it(tmp_path, column, model):
    tree = short_fit(column, model)
    path = trace.trace_path(tmp_path, "own-simulated", column, model)
    trace.write(tree, path)
    opened = az.from_netcdf(path)
    assert trace.breaches(opened) == []
    attributes = opened.attrs
    assert attributes["column"] == column
    assert attributes["panel"] == "own-simulated"
    assert attributes["panel_sha256"] == SMALL.sha256
    assert attributes["model"] == model
    assert attributes["engine"] == "collapsed"
    assert attributes["seed"] == 1
    assert json.loads(attributes["settings"])["draws"] == 60
    assert {"pymc", "nutpie", "arviz"} <= json.loads(attributes["versions"]).keys()
    assert set(json.loads(attributes["gate_numbers"])) >= {"r_hat", "ess_bulk", "divergences"}
    posterior = opened["posterior"].to_dataset()
    assert set(posterior.attrs["free_variables"].split()) <= set(posterior.data_vars)
    assert posterior.sizes["chain"] == 2
    assert posterior.sizes["draw"] == 60
    assert not any(dim.endswith("_dim_0") for dim in posterior.dims)


def test_the_flat_twin_has_no_prior_groups_and_says_so():
    flat, pooled = short_fit("8.2", "flat"), short_fit("3.2", "hierarchical")
    assert "prior" not in flat.children
    assert "too wide" in flat.attrs[trace.NO_PRIOR]
    assert trace.NO_PRIOR not in pooled.attrs
    assert set(pooled["prior"].data_vars) == set(pooled["posterior"].data_vars)


@pytest.mark.parametrize(
    ("column", "model", "effects"),
    [
        ("3.2", "hierarchical", {"province_std", "year_offset", "slope_offset"}),
        ("8.2", "flat", set()),
    ],
)
def test_log_prior_has_the_tables_lines_and_effects_stand_apart(column, model, effects):
    tree = short_fit(column, model)
    table = {line["name"] for line in json.loads(tree.attrs["priors"])["table"]}
    stated = set(tree["log_prior"].data_vars)
    assert stated <= table
    apart = set(tree[trace.EFFECTS].data_vars) if trace.EFFECTS in tree.children else set()
    assert effects <= apart
    assert bool(apart) == bool(effects)
    assert apart.isdisjoint(stated)
    assert apart | stated == set(tree["posterior"].attrs["free_variables"].split())


def test_arvizs_default_power_scaling_is_of_the_table_alone():
    tree = short_fit("3.2", "hierarchical")
    lines = list(tree["log_prior"].data_vars)
    default = az.psense(tree, var_names=["slope"], group="prior")["slope"]
    named = az.psense(tree, var_names=["slope"], group="prior", group_var_names=lines)["slope"]
    assert default.equals(named)
    every = tree.copy()
    every["log_prior"] = xr.DataTree(
        tree["log_prior"].to_dataset().merge(tree[trace.EFFECTS].to_dataset())
    )
    assert not az.psense(every, var_names=["slope"], group="prior")["slope"].equals(named)


def test_independent_draws_say_that_they_have_no_energy():
    job = Job(SMALL, select(["8.2"])[0], find("flat"))
    statistics = fit(job, Settings(draws=1_000, chains=2))["sample_stats"]
    assert statistics.attrs["sampler"] == INDEPENDENCE
    assert statistics.attrs["energy"] == NO_ENERGY
    assert "energy" not in statistics.data_vars


@pytest.mark.parametrize(
    ("change", "dirty"),
    [
        (lambda root: None, False),
        (lambda root: (root / "models" / "a.py").write_text("x = 2\n"), True),
        (lambda root: (root / "analysis" / "new.py").write_text("x = 1\n"), True),
        (lambda root: (root / "figures.svg").write_text("drawn again"), False),
    ],
)
def test_a_changed_tree_is_said_beside_the_commit(tmp_path, change, dirty):
    for name in ("models/a.py", "analysis/room/b.py", "figures.svg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    assert sample.git_commit(tmp_path) == "unknown"
    names = ("-c", "user.name=x", "-c", "user.email=x@x")
    for words in (["init", "-q"], ["add", "."], [*names, "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    sample.git_commit.cache_clear()
    change(tmp_path)
    words = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert sample.git_commit(tmp_path) == head.strip() + "-dirty" * dirty


def same(left: xr.DataTree, right: xr.DataTree) -> bool:
    names = left.children.keys() | right.children.keys()
    return all(left[n].to_dataset().equals(right[n].to_dataset()) for n in names)


def test_the_same_seed_gives_the_same_draws_and_another_does_not():
    job = Job(SMALL, select(["3.2"])[0], find("hierarchical"))
    first = short_fit("3.2", "hierarchical")
    assert same(first, fit(job, SHORT))
    other = short_fit("3.2", "hierarchical", seed=2)
    for group in ("posterior", "posterior_predictive", "prior"):
        assert not first[group].to_dataset().equals(other[group].to_dataset())


def test_pointwise_groups_are_scipys_numbers():
    tree = short_fit("3.2", "hierarchical")
    posterior, data = tree["posterior"], tree["constant_data"]
    y = tree["observed_data"]["y"]
    by = {n: xr.DataArray(data[f"row_{n}"].to_numpy(), dims="obs") for n in ("province", "region")}
    year = xr.DataArray(data["row_year"].to_numpy(), dims="obs")
    others = [term for term in data["term"].to_numpy() if term != "indus"]
    mean = (
        posterior["province_effect"].sel(province=by["province"])
        + posterior["year_effect"].sel(year=year)
        + posterior["slope_region"].sel(varying="indus", region=by["region"])
        * data["x"].sel(term="indus")
        + (posterior["slope"].sel(term=others) * data["x"].sel(term=others)).sum("term")
    ).transpose("chain", "draw", "obs")
    sd = posterior["sigma"].sel(region=by["region"]).transpose("chain", "draw", "obs")
    expected = stats.norm.logpdf(y.to_numpy(), mean.to_numpy(), sd.to_numpy())
    np.testing.assert_allclose(tree["log_likelihood"]["y"].to_numpy(), expected, rtol=1e-5)
    unit = (tree["posterior_predictive"]["y"].to_numpy() - mean.to_numpy()) / sd.to_numpy()
    assert stats.kstest(unit.ravel(), "norm").pvalue > 0.001


@pytest.mark.slow
def test_results_do_not_depend_on_where_they_are_sampled(tmp_path):
    """Here or on a cluster; in processes of this machine: test_determinism.py."""
    listed = jobs([SMALL], select(["8.1", "8.2"]), ["flat"])
    with scheduler(tmp_path) as address, worker(address):
        await_workers(address)
        for name, where in {"here": {"workers": 1}, "cluster": {"cluster": address}}.items():
            assert len(list(sample_all(listed, SHORT, tmp_path / name, **where))) == 2
    for path in trace.trace_paths(tmp_path / "here"):
        other = tmp_path / "cluster" / path.relative_to(tmp_path / "here")
        assert same(trace.read(path), trace.read(other))


def test_columns_of_one_posterior_are_sampled_once_and_each_as_if_alone(tmp_path, monkeypatch):
    listed = jobs([SMALL], select(["7.1", "7.2"]), ["joint"])
    sampled, original = [], CollapsedEngine.sample
    monkeypatch.setattr(
        CollapsedEngine,
        "sample",
        lambda self, *given: sampled.append(self) or original(self, *given),
    )
    brief = Settings(draws=5, tune=5, chains=1, target_accept=0.6)
    paths = list(sample_all(listed, brief, tmp_path, workers=1))
    assert paths == [path_of(job, tmp_path) for job in listed]
    assert len(sampled) == 1
    assert same(trace.read(paths[1]), fit(listed[1], brief))
    assert not same(trace.read(paths[1]), trace.read(paths[0]))


def test_a_fit_that_cannot_be_made_leaves_no_file(tmp_path):
    frame = SMALL.frame.assign(urb=1.0)
    constant = type(SMALL)("own-x", frame, "0" * 64, balanced=True)
    with pytest.raises(UserError, match="urb"):
        list(
            sample_all(
                [Job(constant, select(["3.2"])[0], find("flat"))], SHORT, tmp_path, workers=1
            )
        )
    assert list(tmp_path.rglob("*")) == []


def test_jobs_are_the_models_that_a_column_can_carry():
    panel = official()
    listed = jobs([panel], select(["3.2", "8.1"]), [])
    assert [(job.specification.column, job.model.name) for job in listed] == [
        ("3.2", "flat"),
        ("3.2", "mundlak"),
        ("3.2", "region_sigma"),
        ("3.2", "hierarchical"),
        ("3.2", "province_slopes"),
        ("3.2", "ar1_province_slopes"),
        ("3.2", "growth"),
        ("8.1", "flat"),
        ("8.1", "mundlak"),
        ("8.1", "growth_region"),
    ]
    dynamic = jobs([panel], select(["5.1"]), [])
    assert [job.model.name for job in dynamic] == ["hierarchical", "dynamic"]
    chosen = jobs([panel], select(["3.2", "8.1"]), ["mundlak", "hierarchical"])
    assert [job.model.name for job in chosen] == ["mundlak", "hierarchical", "mundlak"]


def test_panels_without_what_a_model_needs_are_left_out():
    panels = [replace(official(), name=name) for name in ("official", "implied")]
    (job,) = jobs(panels, select(["3.2"]), ["measurement"])
    assert job.panel.name == "official"
    with pytest.raises(UserError, match=r"\(implied\) has what the model measurement needs"):
        jobs(panels[1:], select(["3.2"]), ["measurement"])


def test_columns_that_no_named_model_fits_are_left_out_of_all():
    everything = select(())
    assert carrying(everything, []) == everything
    assert carrying(everything, ["flat"]) == STATIC
    assert [record.column for record in carrying(everything, ["hierarchical"])][-1] == "7.3"


def test_a_dynamic_columns_trace_says_that_it_is_the_static_fit():
    assert "without the lagged outcome" in short_fit("5.2", "hierarchical").attrs["fitted_as"]
    assert short_fit("5.2", "dynamic").attrs["fitted_as"] == ""
    assert short_fit("3.2", "hierarchical").attrs["fitted_as"] == ""


@pytest.mark.parametrize(
    ("column", "models", "sentence"),
    [
        (
            "8.1",
            ["hierarchical"],
            r"8.1 \(region: east\) cannot be fitted by hierarchical: choose among flat, mundlak, "
            "growth_region, ar1_region, since nothing differs by region where there is one",
        ),
        ("5.1", ["flat"], r"5.1 \(.*\) cannot be fitted by flat: choose among hierarchical"),
        ("3.2", ["nonsense"], "no model 'nonsense'"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_a_sentence(column, models, sentence):
    with pytest.raises(UserError, match=sentence):
        jobs([official()], select([column]), models)
