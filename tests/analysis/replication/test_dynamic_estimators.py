"""Estimators of a dynamic column: each is the one it is called."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.replication.dynamic_estimators import ESTIMATORS, Data
from analysis.replication.system_gmm import fit_column
from analysis.specifications import select
from models.design import LAG
from models.frequentist import dynamic_ols
from tests.helpers.fits import official, simulated, thinned

(COLUMN,) = select(["5.1"])
BY_NAME = {estimator.name: estimator for estimator in ESTIMATORS}


@pytest.fixture(scope="module")
def data() -> Data:
    return Data(official("5.1").frame, COLUMN)


def test_pooled_and_within_are_those_of_system_gmms_own_bracket(data):
    bracket = fit_column(data.rows, COLUMN).bracket
    at = data.lagged.terms.index(LAG)
    assert_allclose(BY_NAME["pooled"].estimate(data).slopes.coef[at], bracket.pooled, rtol=1e-8)
    assert_allclose(BY_NAME["within"].estimate(data).slopes.coef[at], bracket.within, rtol=1e-8)


def test_anderson_hsiao_is_instrumental_variables_in_first_differences(data):
    """By brute force: y two years ago, and differences of all else, for themselves."""
    whole = data.whole
    n, t = len(whole.provinces), len(whole.years)
    y, x = whole.y.reshape(n, t), whole.x.reshape(n, t, -1)
    change = np.diff(y)[:, 1:].ravel()
    years = np.tile(np.eye(t - 2), (n, 1))
    others = np.diff(x, axis=1)[:, 1:].reshape(-1, x.shape[2])
    regressors = np.column_stack([others, np.diff(y)[:, :-1].ravel(), years])
    instruments = np.column_stack([others, y[:, :-2].ravel(), years])
    expected = np.linalg.solve(instruments.T @ regressors, instruments.T @ change)
    found = BY_NAME["anderson_hsiao"].estimate(data)
    assert_allclose(found.slopes.coef, expected[: len(found.slopes.coef)], rtol=1e-6)
    assert found.instruments == instruments.shape[1]


def test_gmm_rows_are_what_they_are_called(data):
    system, difference = (BY_NAME[name].estimate(data) for name in ("system_gmm", "difference_gmm"))
    table = fit_column(data.rows, COLUMN).table()
    assert_allclose(system.slopes.coef[0], table.loc["indus", "coef"])
    assert system.instruments == 22 <= len(data.whole.provinces)
    assert difference.instruments == 20
    start = difference.slopes.coef
    kiviet = BY_NAME["kiviet"].estimate(data).slopes.coef
    assert_allclose(kiviet, dynamic_ols.kiviet(data.lagged, start).coef)


def test_a_correction_that_knows_no_gaps_says_nothing_where_there_are_some():
    data = Data(thinned(simulated(), 0.1).frame, COLUMN)
    for name in ("jackknife", "kiviet"):
        assert np.isnan(BY_NAME[name].estimate(data).slopes.coef).all()
    assert np.isfinite(BY_NAME["within"].estimate(data).slopes.coef).all()
