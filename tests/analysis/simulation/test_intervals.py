"""Intervals of many outcomes on one design: those of one regression, and exact where it is."""

import numpy as np
import pytest
from scipy import stats

from analysis.simulation import intervals
from analysis.simulation.generators import swap
from analysis.simulation.intervals import balanced, intervals_of_least_squares, posteriors_of
from analysis.simulation.size_methods import DRAWS
from analysis.specifications import select
from models.bayesian.registry import main_model
from models.design import design
from models.frequentist import twfe

QUADRATIC, BASELINE = select(["3.3", "3.2"])


def test_intervals_are_those_of_one_regression(six_years):
    made = design(six_years.frame, QUADRATIC)
    outcomes = swap(made, 2, 3, np.random.default_rng(1))
    found = intervals_of_least_squares(made, outcomes, 2)
    fit = twfe.fit(made.with_outcome(outcomes[:, 1]))
    table = fit.table()
    for i, term in enumerate(QUADRATIC.interest):
        np.testing.assert_allclose(found[i, 1, 0], table.loc[term, ["lower", "upper"]], rtol=1e-8)
        reach = stats.t.ppf(0.975, 30) * table.loc[term, "se_cluster"]
        assert np.diff(found[i, 1, 1])[0] == pytest.approx(2 * reach)


@pytest.mark.slow
def test_posteriors_in_batches_are_those_one_by_one(six_years):
    record, model = BASELINE, main_model(BASELINE)
    made = balanced(six_years, record)
    outcomes = swap(made, 1, 3, np.random.default_rng(1))
    definition, rng = model.module.build(model.split(made, record)), np.random.default_rng(2)
    for y, (ends, effective) in zip(
        outcomes.T, posteriors_of(model, definition, made, record, outcomes, rng), strict=True
    ):
        assert effective == DRAWS
        one, _ = intervals._posterior(model, definition, made.with_outcome(y), record, rng)
        assert ends.keys() == one.keys()
        for term, (mean, low, high) in one.items():
            # Means and ends of 500 draws each, and a scale of the prior that differs by little.
            spread = (high - low) / 4
            assert ends[term][0] == pytest.approx(mean, abs=0.25 * spread)
            np.testing.assert_allclose(ends[term][1:], (low, high), atol=0.6 * spread)
