"""Two-way fixed effects weighted by region, beside statsmodels on explicit dummies."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from models.frequentist.fgls import residual_sd, slopes
from tests.helpers.fits import fit_of


@pytest.fixture(params=[0.0, 0.15], ids=["balanced", "unbalanced"])
def data(request):
    return fit_of("3.2", "hierarchical", request.param).parts.design


def on_dummies(data, weights):
    columns = [pd.get_dummies(code, dtype=float).to_numpy() for code in (data.province, data.year)]
    full = np.hstack([data.x, columns[0], columns[1][:, 1:]])
    return sm.WLS(data.y, full, weights=weights).fit()


def test_residual_sd_and_weighted_slopes_are_those_of_least_squares_on_dummies(data):
    arrays = data.y, data.x, data.province, data.year, data.region
    first = on_dummies(data, np.ones(len(data.y)))
    squares = pd.Series(first.resid**2).groupby(data.region).mean()
    np.testing.assert_allclose(residual_sd(*arrays), np.sqrt(squares), rtol=1e-9)
    second = on_dummies(data, 1 / squares.to_numpy()[data.region])
    known = second.params[: data.x.shape[1]]
    np.testing.assert_allclose(slopes(*arrays), known, rtol=1e-7)
    assert not np.allclose(known, first.params[: data.x.shape[1]], rtol=0.01)
