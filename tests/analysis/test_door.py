"""From Python: fit, model and replicate, with PyMC's own sampler and ArviZ beside them."""

import json
import subprocess
import sys
import warnings

import arviz as az
import numpy as np
import pymc as pm
import pytest

import analysis
from analysis import Study, fit, model, replicate
from analysis.posterior import trace
from analysis.replication.replicate import COLUMNS
from data.panels.panel import panel_of
from data.shared.errors import UserError
from tests.helpers import studies
from tests.helpers.fits import simulated

FRAME = simulated(5, 2014).frame
BRIEF = {"draws": 100, "chains": 2}


@pytest.fixture(scope="module")
def tree():
    return fit("8.2", FRAME, model="mundlak", priors={"slope_std": "normal:1"}, **BRIEF)


def test_a_fit_is_a_trace_that_meets_the_contract(tree):
    assert trace.breaches(tree) == []
    assert tree.attrs["panel"] == "own-frame"
    lines = {line["name"]: line for line in json.loads(tree.attrs["priors"])["table"]}
    assert lines["slope_std"]["scale"] == 1
    assert tree["posterior"].sizes["draw"] == 100
    again = fit("8.2", FRAME, model="mundlak", priors={"slope_std": "normal:1"}, **BRIEF)
    assert again["posterior"].to_dataset().equals(tree["posterior"].to_dataset())


def test_a_fit_goes_into_arviz_as_it_is(tree):
    table = az.summary(tree, var_names=["slope"], ci_prob=0.95, ci_kind="eti", round_to="none")
    draws = tree["posterior"]["slope"].sel(term="indus")
    assert table.loc["slope[indus]", "mean"] == pytest.approx(float(draws.mean()), rel=1e-12)
    sensitivity = az.psense_summary(tree, var_names=["slope"])
    assert sensitivity.loc["slope[indus]", "prior"] >= 0


def test_the_model_has_its_data_and_is_sampled_by_pymc():
    definition = model("8.2", FRAME, model="flat", priors={"slope_std": "normal:1"}, drop=["stru"])
    assert isinstance(definition, pm.Model)
    (observed,) = definition.observed_RVs
    rows = FRAME[FRAME["region"] == "central"]
    y = definition.rvs_to_values[observed].data
    expected = (rows["produ"] - rows["produ"].mean()) / rows["produ"].std(ddof=0)
    np.testing.assert_allclose(np.sort(y), np.sort(expected), rtol=1e-12)
    assert list(definition.coords["term"]) == ["indus", "fin", "env", "urb", "trans"]
    with definition, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few draws do not converge
        sampled = pm.sample(
            draws=5, tune=5, chains=1, nuts_sampler="pymc", progressbar=False, random_seed=1,
            compute_convergence_checks=False, compile_kwargs={"mode": "FAST_COMPILE"},
        )  # fmt: skip
    assert sampled["posterior"]["slope_std"].dims == ("chain", "draw", "term")
    assert len(az.summary(sampled, var_names=["slope_std"])) == 5


def test_a_replication_is_the_asked_columns_rows():
    found = replicate("8.2", FRAME, draws=99)
    assert tuple(found) == COLUMNS
    assert set(found["column"]) == {"8.2"}
    cells = found.set_index(["term", "statistic"])
    assert cells.loc[("indus", "coef"), "published"] == "-0.047"
    assert {"coef", "se", "p_wild", "n"} <= set(found["statistic"])


def test_a_study_has_the_papers_doors(tmp_path):
    study = Study.load(studies.write(tmp_path))
    assert (study.title, study.unit, study.headline) == (
        "Roads and output",
        "county",
        STUDY_COLUMNS,
    )
    rows = replicate("2.1", study=study, draws=99)
    assert rows.equals(replicate("2.1", study=tmp_path, draws=99))
    cells = rows.set_index(["term", "statistic"])
    assert bool(cells.loc[("dens", "coef"), "matches"])
    assert list(model("2.1", study=study, model="flat").coords["term"]) == ["dens", "log(jobs)"]
    tree = fit("2.1", study=study, model="mundlak", **BRIEF)
    assert (tree.attrs["panel"], tree.attrs["column"]) == ("counties", "2.1")
    for door in (fit, model, replicate):
        with pytest.raises(UserError, match="'Roads and output' has its own data"):
            door("2.1", FRAME, study=study)
    with pytest.raises(UserError, match=r"no published column '2.1'"):
        replicate("2.1", FRAME)


STUDY_COLUMNS = ("2.1", "2.2", "3.1")


def test_a_frame_is_read_as_its_file_would_be(tmp_path):
    variables = ["produ", "indus"]
    frame = FRAME[["province", "year", "region", *variables]]
    of_frame = panel_of(frame, variables)
    assert panel_of(frame.set_index(["province", "year"]), variables).frame.equals(of_frame.frame)
    frame.to_csv(tmp_path / "mine.csv", index=False)
    of_file = panel_of(str(tmp_path / "mine.csv"), variables)
    assert of_file.frame.equals(of_frame.frame)
    assert of_file.sha256 == of_frame.sha256
    with pytest.raises(UserError, match=r"the frame.*urb"):
        panel_of(frame, ["urb"])
    with pytest.warns(UserWarning, match="the frame"):
        panel_of(frame[1:], variables)


def test_what_cannot_be_fitted_is_a_sentence():
    with pytest.raises(UserError, match=r"no published column '9\.9'"):
        fit("9.9")
    with pytest.raises(UserError, match="choose among slope_std"):
        fit("8.2", FRAME, priors={"slope": "normal:1"})


def test_the_package_imports_nothing_until_it_is_asked():
    code = (
        "import sys, analysis; print(sorted(n for n in sys.modules if n.split('.')[0] in "
        "('data', 'models', 'pymc', 'pandas')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert set(analysis.__all__) == set(analysis.DOOR)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = analysis.nothing
