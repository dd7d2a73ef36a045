"""Many regressions at once are each what the estimators of one say."""

import numpy as np
import pytest
import statsmodels.api as sm

from models.frequentist.fgls import slopes
from models.frequentist.twfe import fit_arrays
from models.frequentist.twfe_batch import CLUSTERINGS, fit, fit_gaps, within_provinces

N, T, K, Q = 12, 7, 3, 4
REGION = np.repeat([0, 1, 2], [5, 3, 4])
PROVINCE, YEAR = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)


@pytest.fixture
def panel():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, T, K)) + rng.normal(size=(N, 1, K)) + rng.normal(size=(1, T, K))
    noise = rng.normal(size=(N, T, Q)) * np.array([3.0, 0.4, 1.0])[REGION, None, None]
    noise = noise + rng.normal(size=(N, 1, Q)) * np.linspace(-1, 1, T)[None, :, None]
    return 0.5 * x[..., :1] + noise, x


def dummies(trend: bool, by_region: bool) -> np.ndarray:
    """Every effect as a column, of full rank."""
    cells = REGION[PROVINCE] * T + YEAR if by_region else YEAR
    columns = [np.eye(N)[PROVINCE]]
    if trend:
        columns.append(np.eye(N)[PROVINCE] * (YEAR - YEAR.mean())[:, None])
    for group in np.unique(cells // T) if by_region else [0]:
        years = np.eye(cells.max() + 1)[cells][:, group * T : (group + 1) * T]
        columns.append(years[:, 1 + trend :])
    return np.concatenate(columns, axis=1)


def rows(values: np.ndarray) -> np.ndarray:
    return values.reshape(N * T, -1)


def run(y, x, **how):
    trend = how.get("trend", False)
    return fit(within_provinces(y, trend), within_provinces(x, trend), REGION, 2, **how)


def test_two_way_effects_are_those_of_one_regression(panel):
    y, x = panel
    found = run(y, x)
    for i in range(Q):
        one = fit_arrays(rows(y)[:, i], rows(x), PROVINCE, YEAR)
        np.testing.assert_allclose(found.slope[:, i], one.coef[:2], rtol=1e-10)
        np.testing.assert_allclose(found.se[:, i, 0], one.se[:2], rtol=1e-10)
        np.testing.assert_allclose(found.se[:, i, 1], one.se_cluster[:2], rtol=1e-10)


@pytest.mark.parametrize("by_region", [False, True])
@pytest.mark.parametrize("trend", [False, True])
def test_effects_are_those_of_dummies(panel, trend, by_region):
    y, x = panel
    found = run(y, x, trend=trend, by_region=by_region)
    design = np.concatenate([rows(x), dummies(trend, by_region)], axis=1)
    for i in range(Q):
        one = sm.OLS(rows(y)[:, i], design).fit()
        np.testing.assert_allclose(found.slope[:, i], one.params[:2], rtol=1e-9)
        np.testing.assert_allclose(found.se[:, i, 0], one.bse[:2], rtol=1e-9)


def test_weights_are_those_of_the_regions_residuals(panel):
    y, x = panel
    found = run(y, x, weighted=True)
    plain = run(y, x)
    for i in range(Q):
        one = slopes(rows(y)[:, i], rows(x), PROVINCE, YEAR, REGION[PROVINCE])
        np.testing.assert_allclose(found.slope[:, i], one[:2], rtol=1e-9)
    # A third of the rows is seven times as noisy as another: weights must help.
    assert (found.se[..., 0] < plain.se[..., 0]).all()


@pytest.mark.parametrize("by_region", [False, True])
def test_weighted_standard_errors_are_those_of_weighted_rows(panel, by_region):
    y, x = panel
    found = run(y, x, weighted=True, by_region=by_region)
    design = np.concatenate([rows(x), dummies(False, by_region)], axis=1)
    for i in range(Q):
        first = sm.OLS(rows(y)[:, i], design).fit()
        square = [np.mean(first.resid[REGION[PROVINCE] == r] ** 2) for r in range(3)]
        one = sm.WLS(rows(y)[:, i], design, weights=1 / np.array(square)[REGION[PROVINCE]]).fit()
        np.testing.assert_allclose(found.slope[:, i], one.params[:2], rtol=1e-8)
        np.testing.assert_allclose(found.se[:, i, 0], one.bse[:2], rtol=1e-8)


def test_two_way_clusters_are_never_smaller_than_either(panel):
    y, x = panel
    found = run(y, x)
    assert CLUSTERINGS.index("two_way") == 2
    assert (found.se[..., 2] >= found.se[..., 1]).all()
    design = np.concatenate([rows(x), dummies(False, False)], axis=1)
    slopes_of = [sm.OLS(rows(y)[:, i], design).fit() for i in range(Q)]
    influence = np.linalg.pinv(design)[:2]
    factor = {g: g / (g - 1) * (N * T - 1) / (N * T - K - T) for g in (N, T, N * T)}
    for i, one in enumerate(slopes_of):
        score = influence * one.resid
        sums = [
            np.stack([score[:, group == g].sum(axis=1) for g in np.unique(group)])
            for group in (PROVINCE, YEAR, np.arange(N * T))
        ]
        province, year, row = ((s**2).sum(axis=0) * factor[len(s)] for s in sums)
        expected = np.maximum(province + year - row, np.maximum(province, year))
        np.testing.assert_allclose(found.se[:, i, 2], np.sqrt(expected), rtol=1e-8)


def test_a_line_in_time_of_each_province_is_swept_out():
    slope, level = np.random.default_rng(0).normal(size=(2, N, 1))
    lines = level + slope * np.arange(T)
    assert np.abs(within_provinces(lines, trend=True)).max() < 1e-12
    assert np.abs(within_provinces(lines)).max() > 0.1


@pytest.mark.parametrize("trend", [False, True])
@pytest.mark.parametrize("by_region", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_panel_without_gaps_has_the_same_estimates_by_dummies(trend, by_region, weighted):
    rng = np.random.default_rng(1)
    y, x, region = rng.normal(size=(12, 7, 2)), rng.normal(size=(12, 7, 3)), np.arange(12) % 3
    how = {"trend": trend, "by_region": by_region, "weighted": weighted}
    swept = (within_provinces(values, trend) for values in (y, x))
    known = fit(*swept, region, 2, **how)
    found = fit_gaps(y, x, np.ones((12, 7), bool), region, 2, **how)
    np.testing.assert_allclose(found.slope, known.slope, rtol=1e-9)
    np.testing.assert_allclose(found.se, known.se, rtol=1e-9)
    assert found.df == known.df


def test_a_panel_with_gaps_has_the_estimates_of_its_rows():
    rng = np.random.default_rng(2)
    y, x = rng.normal(size=(15, 9, 1)), rng.normal(size=(15, 9, 2))
    seen = rng.uniform(size=(15, 9)) > 0.2
    seen[4] = seen[:, 8] = False  # neither a province nor a year
    province, year = (np.unique(at, return_inverse=True)[1] for at in np.nonzero(seen))
    one = fit_arrays(y[seen][:, 0], x[seen], province, year)
    y[~seen] = np.nan
    found = fit_gaps(y, x, seen, np.arange(15) % 2, 2)
    np.testing.assert_allclose(found.slope[:, 0], one.coef[:2], rtol=1e-9)
    np.testing.assert_allclose(found.se[:, 0, 0], one.se[:2], rtol=1e-9)
    np.testing.assert_allclose(found.se[:, 0, 1], one.se_cluster[:2], rtol=1e-9)


def test_what_effects_explain_has_no_estimate():
    rng = np.random.default_rng(3)
    y, x = rng.normal(size=(8, 5, 1)), rng.normal(size=(8, 5, 2))
    x[..., 1] = np.arange(5)
    swept = [within_provinces(values) for values in (y, x)]
    assert np.isnan(fit(*swept, np.zeros(8, int), 1).slope).all()
    assert np.isnan(fit_gaps(y, x, np.ones((8, 5), bool), np.zeros(8, int), 1).se).all()
    assert np.isnan(fit_gaps(y, x, np.zeros((8, 5), bool), np.zeros(8, int), 1).slope).all()
