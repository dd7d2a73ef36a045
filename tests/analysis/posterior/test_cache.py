"""A trace is made once: what counts as the same, what does not, and what an interrupt leaves."""

import os
import signal
from dataclasses import replace

import pytest

from analysis.posterior import cache, trace
from analysis.posterior.jobs import Job, Settings, jobs, made_from, missing, path_of
from analysis.posterior.sample import sample_all
from analysis.shared import sources as code
from analysis.shared.outputs import ROOT
from analysis.specifications import select
from data.panels.panel import load_panel
from models.bayesian import flat, hierarchical
from models.bayesian.registry import find
from models.priors import FLAT
from tests.helpers.fits import simulated
from tests.helpers.processes import until
from tests.helpers.warm import command, start

SETTINGS = Settings(draws=60, tune=150, chains=2)
RECORDS = select(["8.2", "8.3"])
JOBS = [Job(simulated(5, 2014), record, find("flat")) for record in RECORDS]


def arguments(**changes) -> dict:
    return {
        "panel_sha256": "a" * 64,
        "specification": RECORDS[0],
        "model": find("flat"),
        "priors": FLAT,
        "settings": {"draws": 750},
        "versions": {"pymc": "6.4.0"},
        "inputs": {},
    } | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"panel_sha256": "b" * 64},
        {"specification": RECORDS[1]},
        {"model": find("hierarchical")},
        {"model": replace(find("flat"), switches={"sigma": "region"})},
        {"priors": FLAT.with_scales("flat", slope_std=99.0)},
        {"settings": {"draws": 751}},
        {"versions": {"pymc": "6.4.1"}},
        {"inputs": {"readings": "c" * 64}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_change_of_any_input_changes_the_hash(changes):
    before = cache.input_sha256(**arguments())
    assert cache.input_sha256(**arguments()) == before
    assert cache.input_sha256(**arguments(**changes)) != before


def test_a_change_of_a_source_file_changes_the_hash(tmp_path, monkeypatch):
    for path in cache.sources(hierarchical):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    before = cache.sources_sha256.__wrapped__(hierarchical)
    for module in (cache, code):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    assert cache.sources_sha256.__wrapped__(hierarchical) == before
    changed = tmp_path / "models/frequentist/two_way.py"
    changed.write_bytes(changed.read_bytes() + b"\n")
    assert cache.sources_sha256.__wrapped__(hierarchical) != before


def test_sources_are_those_that_the_model_needs():
    names = {str(path.relative_to(ROOT)) for path in cache.sources(hierarchical)}
    assert {
        "models/bayesian/hierarchical.py",
        "models/inference/collapsed.py",
        "models/frequentist/two_way.py",
        "models/priors.py",
        "analysis/posterior/sample.py",
    } <= names
    assert not {name for name in names if "gmm" in name or name.endswith(("flat.py", "plots.py"))}
    assert ROOT / "models/bayesian/flat.py" in cache.sources(flat)


def test_only_what_is_missing_is_sampled(tmp_path):
    assert missing(JOBS, SETTINGS, tmp_path) == JOBS
    list(sample_all(JOBS[:1], SETTINGS, tmp_path, workers=1))
    assert missing(JOBS, SETTINGS, tmp_path) == JOBS[1:]
    assert missing(JOBS, replace(SETTINGS, seed=2), tmp_path) == JOBS
    other = [replace(job, panel=replace(job.panel, sha256="1" * 64)) for job in JOBS]
    assert missing(other, SETTINGS, tmp_path) == other
    whole = path_of(JOBS[0], tmp_path).read_bytes()
    path_of(JOBS[0], tmp_path).write_bytes(whole[:1000])
    assert missing(JOBS, SETTINGS, tmp_path) == JOBS


@pytest.mark.slow
def test_an_interrupt_keeps_whole_traces_and_leaves_nothing_else(monkeypatch, tmp_path):
    # A quick fit, and one that has long to go when the first is written.
    words = ["sample", "8.1", "3.2", "--panel", "official", "--model", "flat"]
    words += ["--model", "measurement", "--out", tmp_path / "out"]
    run = start(monkeypatch, tmp_path / "said.txt", command, *words)
    until(lambda: not run.is_alive() or list(tmp_path.rglob("[!.]*.nc")))
    os.killpg(run.group, signal.SIGINT)
    code, said = run.end()
    assert code == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    files = sorted(path for path in (tmp_path / "out").rglob("[!.]*") if path.is_file())
    assert files == trace.trace_paths(tmp_path / "out" / "traces")
    panel = load_panel("official", select(["3.2"])[0].variables)
    listed = jobs([panel], select(["8.1", "3.2"]), ["flat", "measurement"])
    left = missing(listed, Settings(), tmp_path / "out" / "traces")
    assert len(listed) == 3
    assert len(left) == 3 - len(files) > 0
    for path in files:
        assert trace.read(path).attrs[trace.INPUTS] in {
            made_from(job, Settings(), job.priors) for job in listed
        }
