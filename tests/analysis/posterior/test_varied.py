"""Fits with changes: beside the model's own, under a name; refused where nothing would change."""

import json
from dataclasses import replace

import pytest

from analysis.posterior import trace
from analysis.posterior.jobs import Job, Settings, jobs, made_from, path_of
from analysis.posterior.sample import fit
from analysis.posterior.variants import parse
from analysis.posterior.varied import command_of, is_of_today, refuse_other, replaced, varied
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian.registry import find
from tests.helpers.fits import simulated

SMALL = simulated(5, 2014)
(BASELINE,) = select(["3.2"])
TIGHT = parse(["tau_slope_std=halfnormal:0.1"])


def of(model: str) -> list[Job]:
    return [Job(SMALL, BASELINE, find(model))]


def test_models_that_were_not_named_and_lack_the_line_are_left_out():
    made = varied(jobs([SMALL], [BASELINE], []), TIGHT, None, named=False)
    assert [job.name for job in made] == [
        f"{model}~tau_slope_std=halfnormal_0.1"
        for model in ("hierarchical", "province_slopes", "ar1_province_slopes", "growth")
    ]
    assert {job.priors["tau_slope_std"].scale for job in made} == {0.1}


@pytest.mark.parametrize("model", ["flat", "mundlak"])
def test_a_named_model_without_the_line_is_refused_and_lines_that_it_reads_are_listed(model):
    with pytest.raises(UserError, match=r"tau_slope_std: .* no such line; choose among slope_std"):
        varied(of(model), TIGHT, None, named=True)


def test_where_no_model_has_the_line_that_is_said():
    with pytest.raises(UserError, match="no such line"):
        varied(of("flat") + of("mundlak"), TIGHT, None, named=False)


def test_a_line_that_is_integrated_out_can_have_another_scale_alone():
    varied(of("student_t"), parse(["between_year=normal:2"]), None, named=True)
    with pytest.raises(UserError, match="between_year=normal:SD"):
        varied(of("student_t"), parse(["between_year=studentt:2"]), None, named=True)


@pytest.mark.parametrize(
    ("model", "priors", "engine", "name"),
    [
        ("hierarchical", [], None, "hierarchical"),
        ("hierarchical", [], "collapsed", "hierarchical"),
        ("hierarchical", [], "nuts", "hierarchical~nuts"),
        ("student_t", [], "nuts", "student_t"),
        ("hierarchical", ["slope_std=studentt:1"], "nuts", "hierarchical~slope_std=studentt_1"),
        ("hierarchical", ["slope_std=normal:1"], "nuts", "hierarchical~nuts+slope_std=normal_1"),
    ],
)
def test_another_engine_than_the_models_own_makes_a_variant(tmp_path, model, priors, engine, name):
    (job,) = varied(of(model), parse(priors), engine, named=True)
    assert job.name == name
    assert path_of(job, tmp_path) == tmp_path / "own-simulated" / f"3.2-{name}.nc"


def test_a_trace_of_a_variant_says_what_it_changes_and_is_made_from_other_inputs(tmp_path):
    (record,) = select(["8.2"])
    plain = Job(SMALL, record, find("flat"))
    variant = parse(["slope_std=normal:1"], drop=["stru"], name="tight")
    (job,) = varied([plain], variant, None, named=True)
    brief = Settings(draws=30, tune=30, chains=2)
    tree = fit(job, brief)
    assert trace.breaches(tree) == []
    assert tree.attrs["model"] == "flat"
    assert tree.attrs[trace.VARIANT] == "tight"
    assert tree.attrs[trace.OPTIONS] == "--prior slope_std=normal:1 --drop stru"
    assert tree.attrs["fitted_as"] == "without stru"
    assert trace.identity(tree.attrs)["model"] == "flat~tight"
    lines = {line["name"]: line for line in json.loads(tree.attrs["priors"])["table"]}
    assert lines["slope_std"]["scale"] == 1
    assert "stru" not in tree["posterior"]["term"].to_numpy()
    hashes = {made_from(each, brief, each.priors) for each in (plain, job)}
    assert len(hashes) == 2
    assert tree.attrs[trace.INPUTS] in hashes

    path = path_of(job, tmp_path)
    trace.write(tree, path)
    refuse_other([job], tmp_path)
    assert is_of_today(path, tree.attrs, SMALL.sha256)
    assert not is_of_today(path, tree.attrs, "1" * 64)
    assert command_of(tree.attrs) == (
        "sample 8.2 --panel FILE --model flat --prior slope_std=normal:1 --drop stru --as tight"
    )
    # A trace that other draws or another seed would replace is named with what differs.
    assert list(replaced([plain, job], brief, tmp_path)) == []
    ((named, words),) = replaced([plain, job], replace(brief, draws=40, seed=3), tmp_path)
    assert (named, words) == (path, "draws 30, seed 1, not draws 40, seed 3")
    # So is one of another file of the same name, or of another version of the file.
    moved = replace(job, panel=replace(SMALL, sha256="1" * 64))
    ((named, words),) = replaced([moved], brief, tmp_path)
    assert (named, words) == (
        path,
        "another version of own-simulated, or another file of that name",
    )
    other = replace(job, variant=replace(variant, drop=()))
    with pytest.raises(UserError, match=r"flat~tight.nc is the variant with .*--drop stru, not"):
        refuse_other([other], tmp_path)
