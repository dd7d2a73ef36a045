"""Intervals of many outcomes on one design: those of one regression, and exact where it is."""

import numpy as np
import pytest
from scipy import stats

from analysis.simulation.intervals import intervals_of_least_squares
from analysis.simulation.power import data_sets
from analysis.specifications import select
from models.design import design
from models.frequentist import twfe

(QUADRATIC,) = select(["3.3"])


def test_intervals_are_those_of_one_regression(six_years):
    made = design(six_years.frame, QUADRATIC)
    outcomes = data_sets(made, 2, 3, np.random.default_rng(1))
    found = intervals_of_least_squares(made, outcomes, 2)
    fit = twfe.fit(made.with_outcome(outcomes[:, 1]))
    table = fit.table()
    for i, term in enumerate(QUADRATIC.interest):
        np.testing.assert_allclose(found[i, 1, 0], table.loc[term, ["lower", "upper"]], rtol=1e-8)
        reach = stats.t.ppf(0.975, 30) * table.loc[term, "se_cluster"]
        assert np.diff(found[i, 1, 1])[0] == pytest.approx(2 * reach)
