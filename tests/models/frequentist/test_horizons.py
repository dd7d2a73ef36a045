"""Slopes by horizon equal what statsmodels and linearmodels give, and never cross a gap."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.panel import PanelOLS

from analysis.specifications import select
from data.shared.errors import UserError
from models.design import design
from models.frequentist import horizons, twfe
from tests.helpers.true_panels import simulated_panel

(BASELINE,) = select(["3.2"])


@pytest.fixture(scope="module")
def made():
    return design(simulated_panel(seed=7).frame, BASELINE)


def _frame(made, rows=slice(None)):
    columns = {"y": made.y, **dict(zip(made.terms, made.x.T, strict=True))}
    frame = pd.DataFrame(columns).assign(i=made.province, t=np.take(made.years, made.year))
    return frame[rows]


@pytest.mark.parametrize("k", [1, 4])
def test_differences_are_statsmodels_with_dummies_of_end_years(made, k):
    frame = _frame(made).set_index(["i", "t"])
    steps = frame.groupby(level="i").diff(k).dropna().reset_index()
    dummies = pd.get_dummies(steps["t"], dtype=float)
    x = pd.concat([steps[list(made.terms)], dummies], axis=1)
    fit = sm.OLS(steps["y"], x).fit(cov_type="cluster", cov_kwds={"groups": steps["i"]})
    found = horizons.differences(made, k)
    np.testing.assert_allclose(found.slope, fit.params.iloc[: len(made.terms)], rtol=1e-8)
    np.testing.assert_allclose(found.se, fit.bse.iloc[: len(made.terms)], rtol=1e-8)
    assert (found.n, found.df) == (len(steps), len(made.provinces) - 1)


def test_the_distributed_lag_is_linearmodels_with_lagged_columns(made):
    frame = _frame(made)
    first = made.terms[0]
    for k in (1, 2):
        frame[f"lag{k}"] = frame.groupby("i")[first].shift(k)
    frame = frame.dropna().set_index(["i", "t"])
    x = frame[[first, "lag1", "lag2", *made.terms[1:]]]
    fit = PanelOLS(frame["y"], x, entity_effects=True, time_effects=True).fit(
        cov_type="clustered", cluster_entity=True, group_debias=True
    )
    found = horizons.distributed_lag(made, 2)
    np.testing.assert_allclose(found.slope, fit.params, rtol=1e-8)
    # Its factor counts the absorbed effects; ours is Stata's, which does not count provinces.
    ratio = found.se / fit.std_errors.to_numpy()
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-8)
    total, se = found.sum(np.array([1, 1, 1, *[0] * len(made.terms[1:])]))
    assert total == pytest.approx(found.slope[:3].sum())
    block = found.covariance[:3, :3].sum()
    assert se == pytest.approx(np.sqrt(block))


def test_two_years_alone_give_two_way_fixed_effects(made):
    years = np.isin(made.year, [3, 7])
    two = made.keep(years)
    two = replace(two, year=(two.year == 7).astype(int), years=(made.years[3], made.years[7]))
    levels = twfe.fit(two)
    steps = horizons.differences(two, made.years[7] - made.years[3])
    np.testing.assert_allclose(steps.slope, levels.coef[:-1], rtol=1e-8)


def test_nothing_is_differenced_or_lagged_across_a_gap(made):
    gap = made.keep(made.year != 5)
    assert not np.any(horizons.years_before(gap, 1)[gap.year == 6] >= 0)
    without = horizons.differences(gap, 1)
    assert without.n == len(made.provinces) * (len(made.years) - 3)


def test_a_horizon_longer_than_the_panel_is_refused(made):
    with pytest.raises(UserError, match="two years 40 years apart"):
        horizons.differences(made, 40)
    with pytest.raises(UserError, match="Too few rows have 12 lags"):
        horizons.distributed_lag(made, 12)
