"""Estimators of a dynamic column: each is the one it is called, and follows from its draws."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.posterior.engines import Settings
from analysis.posterior.sample import Job, fit
from analysis.replication import dynamic_estimators
from analysis.replication.dynamic_estimators import ESTIMATORS, Data
from analysis.replication.system_gmm import fit_column
from analysis.shared import plotting
from analysis.shared.outputs import Outputs
from analysis.specifications import select
from models.design import LAG
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
    assert_allclose(kiviet, dynamic_estimators.dynamic_ols.kiviet(data.lagged, start).coef)


def test_a_correction_that_knows_no_gaps_says_nothing_where_there_are_some():
    data = Data(thinned(simulated(), 0.1).frame, COLUMN)
    for name in ("jackknife", "kiviet"):
        assert np.isnan(BY_NAME[name].estimate(data).slopes.coef).all()
    assert np.isfinite(BY_NAME["within"].estimate(data).slopes.coef).all()


@pytest.fixture(scope="module")
def trace():
    job = Job(official("5.1"), COLUMN, "dynamic_regions")
    return fit(job, Settings(draws=400, chains=4))


def test_what_follows_from_a_trace_follows_from_its_draws(trace):
    found = pd.DataFrame(
        dynamic_estimators.effects(trace), columns=dynamic_estimators.EFFECT_COLUMNS
    )
    found = found.set_index(["slope", "quantity"])
    draws = trace["posterior"]
    rho = draws["slope"].sel(term=LAG).to_numpy().ravel()
    slope = draws["slope"].sel(term="indus").to_numpy().ravel()
    stable = np.abs(rho) < 1
    row = found.loc[("average", "long_run")]
    assert row["share"] == pytest.approx(stable.mean())
    own = draws["slope_region"].sel(region="east")
    east = {term: own.sel(varying=term).to_numpy().ravel() for term in (LAG, "indus")}
    after = found.loc[("east", "impulse")].set_index("year")
    assert list(after.index) == list(range(dynamic_estimators.YEARS + 1))
    expected = np.median(east["indus"] * east[LAG] ** 3)
    assert after.loc[3, "median"] == pytest.approx(expected, rel=0.02, abs=1e-6)
    assert after.loc[0, "low"] <= found.loc[("east", "short_run"), "median"]
    impulse = found.loc[("average", "impulse")].set_index("year")
    low, high = np.quantile(slope * rho**10, [0.025, 0.975], method="inverted_cdf")
    assert_allclose(impulse.loc[10, ["low", "high"]].astype(float), [low, high])
    half = np.quantile(dynamic_estimators.dynamic.half_life(east[LAG]), 0.5, method="inverted_cdf")
    assert found.loc[("east", "half_life"), "median"] == half


def test_a_posteriors_row_has_the_probability_of_a_root_of_one_or_more(trace):
    rows = pd.DataFrame(dynamic_estimators.posterior(trace)).set_index("term")
    draws = trace["posterior"]["slope"].sel(term=LAG).to_numpy()
    assert rows.loc[LAG, "p_explosive"] == (draws >= 1).mean()
    assert np.isnan(rows.loc["indus", "p_explosive"])
    assert rows.loc[LAG, "low"] < draws.mean() < rows.loc[LAG, "high"]


def test_a_table_has_every_estimator_and_the_printed_row_and_can_be_drawn(tmp_path):
    panels = [official("5.1"), replace(thinned(official("5.1"), 0.05), name="with gaps")]
    made = list(dynamic_estimators.table(panels, [COLUMN], Outputs(tmp_path).traces))
    rows = pd.concat([frame for frame, _ in made])
    assert tuple(rows.columns) == dynamic_estimators.COLUMNS
    own = rows[rows["panel"] == "official"]
    names = [estimator.name for estimator in ESTIMATORS]
    assert list(dict.fromkeys(own["estimator"])) == [*names, dynamic_estimators.PUBLISHED]
    rows_of = own.groupby("estimator")["n"].first()
    assert rows_of["system_gmm"] == rows_of["within"] == rows_of["jackknife"] == 31 * 12
    assert rows_of["difference_gmm"] == rows_of["anderson_hsiao"] == 31 * 11
    printed = own[own["estimator"] == dynamic_estimators.PUBLISHED].set_index("term")
    assert printed.loc[LAG, "coef"] == 1.098
    wide = dynamic_estimators.side_by_side(own)
    assert wide.loc[len(wide) - 1, LAG].startswith("1.098 (0.009)")
    for path in plotting.save(dynamic_estimators.draw, rows, tmp_path / "dynamic"):
        assert path.stat().st_size > 10_000


def test_a_response_is_drawn_as_its_median_and_band(trace):
    rows = pd.DataFrame(
        dynamic_estimators.effects(trace), columns=dynamic_estimators.EFFECT_COLUMNS
    )
    figure = dynamic_estimators.draw_effects(rows.assign(model="dynamic"))
    (axes,) = figure.axes
    drawn = axes.lines[0].get_ydata()
    own = rows[(rows["quantity"] == "impulse") & (rows["slope"] == "average")]
    assert_allclose(drawn, own["median"])
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == own["low"].min()
    assert band.max() == own["high"].max()
