"""A model's prior lines are those that it reads and has as variables; all else is its effects'."""

import numpy as np
import pytest
from pymc.model_graph import ModelGraph

from analysis.posterior import inputs, prior_lines
from models.bayesian.interface import Collapsible
from models.bayesian.registry import MODELS
from models.design import design
from tests.helpers.fits import fit_of
from tests.models.test_priors import DERIVED

COLUMNS = {"joint": "7.1", "growth_region": "8.1", "ar1_region": "8.1"}


@pytest.mark.parametrize("model", [model.name for model in MODELS])
def test_lines_of_a_model_are_read_and_the_rest_of_its_variables_are_effects(model):
    fitted = fit_of(COLUMNS.get(model, "3.2"), model)
    definition, lines = prior_lines.build(fitted.model, fitted.parts, fitted.priors)
    table = {prior.name for prior in fitted.priors.table}
    free = {variable.name for variable in definition.free_RVs}
    assert lines <= table
    pooled_scale = {"sigma_std"} if model == "pooled" else set()
    assert free - lines <= DERIVED | pooled_scale
    assert lines - free <= {"between_year"}
    # A line whose variable is given other lines alone would be the pooled variable's.
    given = ModelGraph(definition).make_compute_graph()
    assert all(not given[name] or not given[name] <= table for name in lines & free)


COLLAPSIBLE = [model.name for model in MODELS if isinstance(model.module, Collapsible)]


@pytest.mark.parametrize("model", COLLAPSIBLE)
def test_an_outline_is_that_of_a_definition_of_other_numbers(model):
    fitted, rng = fit_of(COLUMNS.get(model, "3.2"), model), np.random.default_rng(1)
    frame = fitted.panel.frame.copy()
    numbers = frame.select_dtypes("float").columns
    frame[numbers] *= rng.uniform(0.5, 1.5, (len(frame), 1))  # parts still add up
    arrays = design(frame, fitted.specification)
    other = inputs.split(fitted.model, arrays, fitted.specification)
    known = prior_lines.outline(fitted.model, fitted.parts, fitted.priors)
    assert prior_lines.outline(fitted.model, other, fitted.priors) is known
    definition, lines = prior_lines.build(fitted.model, other, fitted.priors)
    assert known == (dict(definition.named_vars_to_dims), lines)
    wider = fitted.priors.with_scales("wider", **{fitted.priors.table[0].name: 9.0})
    assert prior_lines.outline(fitted.model, other, wider) is not known
