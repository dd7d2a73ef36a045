"""Province trends: what they leave of the regressors, and that growth is not taken for a slope."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian import province_trends
from models.bayesian.registry import find
from models.design import design
from tests.helpers.fits import fit_of, simulated
from tests.helpers.true_panels import REGION_SLOPE


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_nothing_of_a_regressor_is_along_dummies_or_lines(missing):
    parts = fit_of("3.3", "province_trends", missing).parts
    base = fit_of("3.3", "hierarchical", missing).parts
    dummies = np.hstack([parts.in_province, parts.in_year, province_trends.lines(parts)])
    assert_allclose(dummies.T @ parts.within, 0, atol=1e-9)
    taken = base.within - parts.within
    fitted = dummies @ np.linalg.lstsq(dummies, taken)[0]
    assert_allclose(taken, fitted, atol=1e-9)
    assert np.abs(taken).max() > 0.1


def test_time_runs_from_minus_one_to_one():
    parts = fit_of("3.2", "province_trends").parts
    assert_allclose(province_trends.time(parts)[[0, 6, 12]], [-1, 0, 1], atol=1e-12)


def test_a_regressor_that_is_a_line_in_each_province_is_refused():
    (record,) = select(["7.2"])
    frame = simulated().frame
    own = frame["province"].factorize()[0]
    line = (own - own.mean()) * (frame["year"] - 2010)
    with pytest.raises(UserError, match="fin is a linear trend in every province"):
        province_trends.split(design(frame.assign(fin=line), record), record.interest, "region")


@pytest.mark.slow
def test_growth_is_not_taken_for_a_slope():
    """Regressor and outcome grow together, province by province; the slope is of the rest."""
    record = replace(select(["7.2"])[0], controls=("urb",))
    frame = simulated().frame
    rng = np.random.default_rng(9)
    growth = rng.normal(size=frame["province"].nunique())[frame["province"].factorize()[0]]
    since = (frame["year"] - frame["year"].mean()) / 6
    slope = frame["region"].map(REGION_SLOPE)
    indus = frame["indus"] + 2 * growth * since
    outcome = frame["M_cap"] + slope * (indus - frame["indus"]) + 3 * growth * since
    panel = replace(simulated(), frame=frame.assign(indus=indus, M_cap=outcome))
    settings = Settings(draws=200, tune=200, chains=2)
    found = {
        name: fit(Job(panel, record, find(name)), settings)["posterior"]["slope_region"]
        for name in ("province_trends", "hierarchical")
    }
    for region, truth in REGION_SLOPE.items():
        draws = found["province_trends"].sel(varying="indus", region=region).to_numpy()
        assert abs(draws.mean() - truth) < 3.5 * draws.std() < 0.7
        biased = found["hierarchical"].sel(varying="indus", region=region).to_numpy()
        assert biased.mean() - truth > 0.5
