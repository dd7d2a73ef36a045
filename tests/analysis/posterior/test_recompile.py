"""A model that was compiled for one data set samples another as if compiled for that."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.posterior.recompile import Recompiled, _constants
from analysis.specifications import select
from models.bayesian.registry import find
from models.design import design
from tests.helpers.fits import simulated

(RECORD,) = select(["8.2"])


def models() -> list:
    """Return a model of three data sets on the same rows."""
    model = find("student_t")
    parts = find("mundlak").split(design(simulated(5, 2014).frame, RECORD), RECORD)
    y = parts.design.y
    outcomes = (y, y[::-1], np.roll(y, 7))
    return [
        model.module.marginal(replace(parts, design=parts.design.with_outcome(each)))
        for each in outcomes
    ]


def test_data_are_the_constants_in_which_two_models_differ():
    one, other, _ = models()
    pairs = zip(_constants(one), _constants(other), strict=True)
    differing = [a for a, b in pairs if not np.array_equal(a.data, b.data)]
    (observed,) = one.observed_RVs
    assert [each.data.tolist() for each in differing] == [one.rvs_to_values[observed].data.tolist()]


@pytest.mark.trust
def test_a_recompiled_model_has_the_density_of_the_one_whose_data_it_is_given():
    one, other, third = models()
    compiled = Recompiled(one, other)
    point = np.random.default_rng(2).normal(size=compiled.compiled.n_dim)
    for model in (third, one):
        given = compiled.given(model)
        found, _ = given.logp_func.vm.jit_fn(point, *given.shared_data.values())
        own = dict(zip(given.shape_info[0], given.shape_info[1], strict=False))
        values = {
            variable.name: point[own[variable.name]].reshape(given.shapes[variable.name])
            for variable in model.value_vars
        }
        assert float(found) == pytest.approx(float(model.compile_logp()(values)), rel=1e-9)
    with pytest.raises(ValueError, match="taken for the same"):
        compiled.given(
            find("student_t").module.marginal(
                find("mundlak").split(design(simulated(6, 2014).frame, RECORD), RECORD)
            )
        )
