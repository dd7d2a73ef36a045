"""The common-factor restriction is kept by static data with AR(1) errors, and by no others."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.specifications import select
from data.shared.errors import UserError
from models.design import Design, design
from models.frequentist import horizons
from models.frequentist.common_factor import common_factor
from models.frequentist.horizons import interval
from tests.helpers.fits import simulated

(COLUMN,) = select(["5.1"])
PHI, SLOPE = 0.7, 0.5


@pytest.fixture(scope="module")
def static() -> Design:
    return design(simulated().frame, COLUMN)


def outcome(static: Design, rng: np.random.Generator, lagged: float) -> np.ndarray:
    """Return y = PHI y before + SLOPE x + lagged SLOPE x before + u of the first term."""
    n, t = len(static.provinces), len(static.years)
    x = static.x[:, 0].reshape(n, t) / static.x[:, 0].std()
    y = np.zeros((n, t))
    y[:, 0] = SLOPE * x[:, 0] + rng.standard_normal(n) / np.sqrt(1 - PHI**2)
    for year in range(1, t):
        moved = SLOPE * (x[:, year] + lagged * x[:, year - 1])
        y[:, year] = PHI * y[:, year - 1] + moved + rng.standard_normal(n)
    return y.ravel()


@pytest.mark.parametrize("lines", [False, True])
def test_static_data_with_autoregressive_errors_keep_it_and_others_do_not(static, lines):
    rejected = {-PHI: 0, 1.0: 0}
    excess = {lagged: [] for lagged in rejected}
    rng = np.random.default_rng(1)
    for lagged in rejected:
        for _ in range(100):
            found = common_factor(static.with_outcome(outcome(static, rng, lagged)), lines=lines)
            *_, p = interval(found.excess[0], found.se[0], found.df)
            rejected[lagged] += p < 0.05
            excess[lagged].append(found.excess[0] * static.x[:, 0].std())
    kept, other = (np.array(values) for values in excess.values())
    assert abs(kept.mean()) < 3.5 * kept.std() / 10 + 0.01
    assert rejected[-PHI] <= 14  # 5 % of 100 data sets, and three standard errors
    assert other.mean() > 3 * abs(kept.mean())
    assert rejected[1.0] > rejected[-PHI]


def test_it_is_least_squares_with_last_years_regressors(static):
    found = common_factor(static)
    n, t = len(static.provinces), len(static.years)
    y, x = static.y.reshape(n, t), static.x.reshape(n, t, -1)
    columns = np.concatenate([y[:, :-1, None], x[:, 1:], x[:, :-1], y[:, 1:, None]], axis=2)
    columns = columns - columns.mean(axis=1, keepdims=True)
    columns = (columns - columns.mean(axis=0)).reshape(n * (t - 1), -1)
    slopes = np.linalg.lstsq(columns[:, :-1], columns[:, -1], rcond=None)[0]
    k = len(static.terms)
    assert_allclose(slopes, [found.rho, *found.slope, *found.lagged], rtol=1e-7)
    assert_allclose(found.excess, slopes[1 + k :] + slopes[0] * slopes[1 : 1 + k], rtol=1e-7)
    assert 0 <= found.p <= 1


def test_a_regressor_whose_lag_is_another_is_refused(static):
    before = horizons.years_before(static, 1)
    kept = before >= 0
    rows = replace(
        static,
        y=static.y[kept],
        x=np.column_stack([static.x[kept], static.x[before[kept], 0]]),
        terms=(*static.terms, "lag"),
        province=static.province[kept],
        year=static.year[kept] - 1,
        years=static.years[1:],
    )
    with pytest.raises(UserError, match=f"{static.terms[0]} a year before is a linear combination"):
        common_factor(rows)
