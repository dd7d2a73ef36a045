"""What a model's file supplies: all that exist do, and a new one takes a file and a record."""

import pickle
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from analysis.posterior import trace
from analysis.posterior.engines import CollapsedEngine, engine_for
from analysis.posterior.jobs import Settings, jobs
from analysis.posterior.sample import fit
from analysis.shared.outputs import ROOT
from analysis.specifications import select
from models.bayesian import interface, registry
from models.bayesian.interface import Collapsible, ModelFile
from models.bayesian.registry import MODELS, Model
from tests.helpers.fits import fit_of, simulated

OPTIONAL = {
    name: part
    for name, part in vars(interface).items()
    if ModelFile in getattr(part, "__mro__", ())[1:]
}
REQUIRED = ("PRIORS", "MEANINGS", "split", "build", "report", "rows")
HEAVY = ("arviz", "nutpie", "pymc", "pytensor", "scipy.stats", "xarray")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_supplies_what_is_asked_of_all(model):
    assert isinstance(model.module, ModelFile)
    assert pickle.loads(pickle.dumps(model)) == model


def test_every_optional_part_is_some_models_and_none_is_all_models():
    assert {"Collapsible", "Generative", "Marginalised", "Restated"} < set(OPTIONAL)
    for part in OPTIONAL.values():
        having = {model.name for model in MODELS if isinstance(model.module, part)}
        assert 0 < len(having) < len(MODELS)


def test_a_file_without_a_required_part_is_no_models_file():
    whole = {name: getattr(MODELS[0].module, name) for name in REQUIRED}
    assert isinstance(SimpleNamespace(**whole), ModelFile)
    for name in whole:
        less = {other: value for other, value in whole.items() if other != name}
        assert not isinstance(SimpleNamespace(**less), ModelFile)


def test_names_labels_and_columns_of_models_need_no_sampler():
    script = (
        "import sys; from analysis.specifications import SPECIFICATIONS, evidence_model; "
        "from models.bayesian.registry import MODELS, models_for; "
        "[(models_for(record), evidence_model(record)) for record in SPECIFICATIONS]; "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.check_output(command, cwd=ROOT, text=True).strip() == "[]"


def test_a_new_model_is_a_file_and_a_record(monkeypatch):
    record = Model("toy", "toy", "Slopes near zero.", "tests.helpers.toy_model", extra=True)
    monkeypatch.setattr(registry, "MODELS", (*MODELS, record))
    assert isinstance(record.module, ModuleType)
    assert isinstance(record.module, Collapsible)
    (job,) = jobs([simulated(5, 2014)], select(["8.2"]), ["toy"])
    assert engine_for(job.model) is CollapsedEngine
    tree = fit(job, Settings(draws=100, tune=100, chains=2))
    assert trace.breaches(tree) == []
    assert tree.attrs["model"] == "toy"
    assert "sceptical" in tree.attrs["priors"]
    free = fit_of("8.2", "mundlak")
    unit = free.parts.scale / free.parts.term_scale
    assert (abs(tree["posterior"]["slope"].mean(("chain", "draw"))) < 0.05 * unit).all()
