"""PyMC models are compiled once for all data sets on which `build` makes the same graph."""

from collections.abc import Hashable
from functools import cache

import numpy as np
import pymc as pm
import pytensor
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from pymc.stats import compute_log_prior
from scipy.stats import ks_2samp

from analysis.posterior import compiled, engines, inputs
from analysis.posterior.compiled import given
from analysis.posterior.engines import NutsEngine
from analysis.posterior.jobs import Settings
from analysis.specifications import select
from data.panels.panel import load_panel
from models.bayesian.registry import find
from models.design import design
from tests.helpers.fits import Fit, simulated

TRUST = pytest.mark.trust

MODELS = ("student_t", "measurement", "dynamic_t", "dynamic_stationary", "dynamic_predetermined")

SOME = [
    name if name in ("student_t", "dynamic_predetermined") else pytest.param(name, marks=TRUST)
    for name in MODELS
]
"""One of each kind of structure, static and dynamic. The others, whose graphs have nothing that
these lack, are for a longer run: `measurement` beside `student_t`; `dynamic_t` and
`dynamic_stationary` beside `dynamic_predetermined`."""


@cache
def two_fits(name: str) -> list[Fit]:
    """Return fits of two columns of as many terms, or of a dynamic one, on two panels."""
    model = find(name)
    columns = ("5.1", "5.1") if model.dynamic else ("3.2", "4.1")
    fits = []
    for at, specification in enumerate(select([column])[0] for column in columns):
        panel = simulated(5 + at, 2016 - at)
        if name == "measurement":
            panel = load_panel(("official", "official-census4")[at], specification.variables)
        fits.append(Fit(panel, specification, model, model.module.PRIORS))
    return fits


def engine(fitted: Fit) -> NutsEngine:
    return NutsEngine(fitted.model, fitted.parts, fitted.priors, fitted.definition)


INTERPRETED: dict[Hashable, compiled.Structure] = {}
"""What any test of this file has compiled by the interpreter."""


@pytest.fixture
def interpreted(monkeypatch):
    """Compile by the interpreter what no other test of this file has compiled."""
    monkeypatch.setattr(compiled, "MACHINE_CODE", compiled.INTERPRETED)
    monkeypatch.setattr(compiled, "_STRUCTURES", INTERPRETED)


@pytest.fixture
def counted(monkeypatch, interpreted):
    """Compile into a store of this test's own, left to later ones; return what was compiled."""
    made, function = [], pytensor.function
    monkeypatch.setattr(compiled, "_STRUCTURES", own := {})

    def count(*args, **options):
        made.append(options.get("mode"))
        return function(*args, **options)

    # PyMC's own functions are made by it, too.
    monkeypatch.setattr("pytensor.function", count)
    monkeypatch.setattr("pytensor.compile.maker.function", count)
    yield made
    INTERPRETED.update(own)


@pytest.mark.parametrize("name", SOME)
def test_a_second_fit_of_another_column_or_panel_compiles_nothing(counted, monkeypatch, name):
    """In `make test` one of each kind of structure, in `make trust` all: see `SOME`."""
    settings, numbers = Settings(), []

    def sample(size, logp_and_gradient, initial, *_, **options):
        points = np.array([initial(seed) for seed in (1, 2)])
        assert np.isfinite([logp_and_gradient(point)[0] for point in points]).all()
        return points[None], xr.Dataset()

    monkeypatch.setattr(engines, "_sample", sample)
    for fitted in two_fits(name):
        fit, rng = engine(fitted), np.random.default_rng(1)
        flat, _ = fit.sample(settings, rng)
        assert fit.log_prior(flat).keys() == flat.keys() == fit.draw_prior(3, rng).keys()
        numbers.append(len(counted))
    assert numbers[0] == numbers[1] > 0


@pytest.mark.parametrize("name", SOME)
@pytest.mark.usefixtures("interpreted")
def test_the_density_is_that_of_the_model_whose_data_are_given(name):
    for fitted in two_fits(name):
        model = engine(fitted).moved(fitted.parts)
        found = given(model)
        point = found.initial(3)
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in found.shapes])[:-1]
        values = {
            model.rvs_to_values[variable].name: piece.reshape(shape)
            for variable, piece, shape in zip(
                model.free_RVs, np.split(point, ends), found.shapes, strict=True
            )
        }
        value, gradient = found.logp_and_gradient(point)
        own = model.compile_logp(mode=compiled.INTERPRETED)(values)
        assert value == pytest.approx(float(own), rel=1e-9)
        slopes = model.compile_dlogp(model.free_RVs, mode=compiled.INTERPRETED)(values)
        assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8 * np.abs(slopes).max())


@pytest.mark.parametrize("name", SOME)
@pytest.mark.usefixtures("interpreted")
def test_a_prior_has_pymc_s_density_and_draws(name):
    fitted = two_fits(name)[0]
    model, found = fitted.definition, given(fitted.definition)
    drawn = found.draw_prior(1_500, np.random.default_rng(0))
    flat = {variable: values[:4].reshape(1, 4, -1) for variable, values in drawn.items()}
    named = {
        variable: (
            ("chain", "draw", *model.named_vars_to_dims[variable]),
            values.reshape(1, 4, *found.dims[variable]),
        )
        for variable, values in flat.items()
    }
    own = compute_log_prior(
        xr.DataTree.from_dict({"posterior": xr.Dataset(named)}),
        model=model,
        extend_inferencedata=False,
        progressbar=False,
        compile_kwargs={"mode": compiled.INTERPRETED},
    )
    for variable, values in found.log_prior(flat).items():
        assert_allclose(values, own[variable].to_numpy().reshape(1, 4, -1).sum(-1), rtol=1e-9)
    others = pm.draw(list(model.free_RVs), 300, random_seed=1, mode=compiled.INTERPRETED)
    for variable, values in zip(found.names, others, strict=True):
        ones = values.reshape(300, -1)
        assert ones.shape[1:] == drawn[variable].shape[1:]
        for at in {0, ones.shape[1] - 1}:
            assert ks_2samp(ones[:, at], drawn[variable][:, at]).pvalue > 1e-4, variable


def test_what_is_not_data_is_another_structure():
    fitted = two_fits("student_t")[0]
    model = fitted.model.module.marginal(fitted.parts, fitted.priors)
    wider = fitted.priors.with_scales("wider", slope_std=9.0)
    others = fitted.model.module.marginal(fitted.parts, wider)
    (of_more,) = select(["3.3"])
    parts = inputs.split(fitted.model, design(fitted.panel.frame, of_more), of_more)
    more_terms = fitted.model.module.marginal(parts, fitted.priors)
    structures = {compiled._read(one)[1] for one in (model, others, more_terms)}
    assert len(structures) == 3


@pytest.mark.trust
def test_machine_code_serves_two_data_sets_and_equals_the_interpreter(monkeypatch):
    monkeypatch.setattr(compiled, "_STRUCTURES", {})
    for fitted in two_fits("student_t"):
        model = engine(fitted).moved(fitted.parts)
        found = given(model)
        value, _ = found.logp_and_gradient(found.initial(3))
        assert len(found.structure.density.run.signatures) == 1
        monkeypatch.setattr(compiled, "MACHINE_CODE", compiled.INTERPRETED)
        interpreted = compiled.Structure(model)
        slow = compiled.Given(interpreted, model, [c.data for c in compiled._read(model)[0]])
        assert slow.logp_and_gradient(found.initial(3))[0] == pytest.approx(value, rel=1e-9)
        monkeypatch.setattr(compiled, "MACHINE_CODE", "NUMBA")
