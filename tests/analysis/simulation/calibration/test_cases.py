"""The cases are of every model, and of data that a computer holds."""

import numpy as np
import pytest

from analysis.simulation.calibration.cases import CASES, WITHOUT_A_CASE
from analysis.specifications import select
from models.bayesian.registry import MODELS, find
from models.design import LAG, design
from tests.helpers.fits import simulated

(BASELINE,) = select(["3.2"])


@pytest.mark.parametrize("posterior", [False, True])
def test_every_model_has_a_case_or_a_reason_to_have_none(posterior):
    has = {case.fitted for case in CASES if case.right and case.posterior == posterior}
    assert has.isdisjoint(WITHOUT_A_CASE[posterior])
    assert has | WITHOUT_A_CASE[posterior].keys() == {model.name for model in MODELS}


@pytest.mark.parametrize("name", ["dynamic", "dynamic_regions"])
def test_no_root_makes_outcomes_of_which_squares_keep_no_errors(name):
    """Of 2,000 data sets, in the twelve years that follow a first outcome of about 1."""
    (case,) = (case for case in CASES if case.name == name)
    module = find(name).module
    parts = find(name).split(design(simulated().frame, BASELINE), BASELINE)
    drawn = module.density(parts, case.priors[0]).draw_prior(2_000, np.random.default_rng(1))
    spread = np.repeat(drawn["tau_slope_std"], len(parts.design.regions), axis=1)
    drawn |= {"slope_offset": drawn["slope_offset"] * spread}
    weights = module.slope_weights(parts).items()
    slope = sum(drawn[name] @ weight.T for name, weight in weights)
    root = slope[:, parts.of_lag] * parts.scale / parts.term_scale[parts.design.terms.index(LAG)]
    assert np.abs(root).max() ** 12 < 1e5
