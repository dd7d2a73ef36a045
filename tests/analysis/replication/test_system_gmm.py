"""Table 5: the declared choices mean what they say, on every committed panel."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.replication import system_gmm
from analysis.replication.system_gmm import DEFAULT, Choices, coefficients, fit_column, statistics
from analysis.specifications import select
from data.panels.catalogue import named_panels
from data.panels.panel import load_panel
from data.shared.errors import UserError
from models.frequentist.gmm import Gmm, fit
from tests.helpers.true_panels import simulated_panel
from tests.models.frequentist.test_gmm import by_pyxtabond2

PANELS = named_panels()
TABLE_5 = select(["5.1", "5.2", "5.3", "5.4"])


@pytest.mark.parametrize("name", PANELS)
@pytest.mark.parametrize("record", TABLE_5, ids=lambda record: record.column)
def test_default_on_the_committed_panels(name, record):
    frame = load_panel(name, record.variables).frame
    result = fit_column(frame, record)
    assert result.n == 372
    assert result.n_groups == 31
    # Three lags, Δy, indus, five controls, eleven years of twelve, the constant.
    assert len(result.instruments) == 3 + 1 + 1 + 5 + 11 + 1
    assert result.dropped_regressors == ("year2010", "year2022")
    assert result.notices == ()
    assert list(coefficients(result).index) == ["L.y", *record.terms, "const"]


@pytest.mark.parametrize("name", PANELS)
def test_pyxtabond2_on_column_5_1(name):
    (record,) = select(["5.1"])
    frame = load_panel(name, record.variables).frame
    expected = fit_column(frame, record)
    years = {f"year{y}": (frame["year"] == y).astype(float) for y in range(2011, 2022)}
    numbered = frame.assign(unit=pd.factorize(frame["province"])[0], **years)
    spec = system_gmm.gmm_specification(record, DEFAULT, tuple(years))
    numbered = numbered[["unit", "year", *spec.columns]]
    other = by_pyxtabond2(numbered, spec)
    np.testing.assert_allclose(expected.coef, other.beta.ravel(), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(expected.se, other.se.ravel(), rtol=1e-6)
    own = fit(numbered, spec, "unit", "year")
    np.testing.assert_allclose(expected.coef, own.coef, rtol=1e-7, atol=1e-10)


def at_single_precision(frame):
    """Return a variable that is constant within provinces but for its last bits."""
    code = pd.factorize(frame["province"])[0]
    noise = np.random.default_rng(1).choice([-1, 0, 1], len(frame)) * 2.0**-24
    return np.log(1000.0 + 50 * code) * (1 + noise)


def test_a_regressor_that_varies_by_rounding_alone_is_refused_as_without_a_lag():
    frame = simulated_panel(seed=1).frame
    frame["trans"] = at_single_precision(frame)
    with pytest.raises(UserError, match="Regressor trans does not vary once province and year"):
        fit_column(frame, TABLE_5[0])


@pytest.mark.parametrize("kept", [6, 21])
def test_fewer_provinces_than_moments_are_refused_with_a_remedy_that_exists(kept):
    frame = simulated_panel(seed=1).frame
    few = frame[frame["province"].isin(frame["province"].unique()[:kept])]
    said = rf"22 moments needs at least 22 provinces and the sample has {kept}: add provinces, or"
    with pytest.raises(UserError, match=said):
        fit_column(few, TABLE_5[0])
    enough = frame[frame["province"].isin(frame["province"].unique()[:22])]
    assert fit_column(enough, TABLE_5[0]).n_groups == 22


def test_years_two_apart_have_no_lag_until_they_are_numbered():
    frame = simulated_panel(seed=1, years=range(2000, 2020)).frame
    biennial = frame[frame["year"] % 2 == 0]
    said = r"two years in a row.* \(2000 as 2000; 2002 as 2001, and so on\)"
    with pytest.raises(UserError, match=said):
        fit_column(biennial, TABLE_5[0])
    numbered = biennial.assign(year=2000 + (biennial["year"] - 2000) // 2)
    assert fit_column(numbered, TABLE_5[0]).n == 31 * 9


def test_statistics_are_those_of_the_fit():
    result = fit_column(simulated_panel(seed=1).frame, TABLE_5[0])
    found = statistics(result)
    assert found["ar2_z"] == result.serial_correlation[1].z
    assert found["hansen_p"] == result.hansen.p
    assert found["stationarity_p"] == result.mean_stationarity.p
    assert (found["lag_pooled"], found["lag_within"]) == result.bracket[1:]
    assert found["levels_p"] == result.differences[0].difference.p


def test_choices_become_instruments():
    record = TABLE_5[0]
    endogenous = Choices(collapse=False, depth=2, interest="endogenous")
    spec = system_gmm.gmm_specification(record, endogenous, ("year2012",))
    assert spec.gmm == (Gmm("produ", (2, 3)), Gmm("indus", (2, 3)))
    assert spec.iv[0].variables == (*record.controls, "year2012")
    predetermined = replace(endogenous, interest="predetermined", equations="difference")
    spec = system_gmm.gmm_specification(record, predetermined, ())
    assert spec.gmm[1] == Gmm("indus", (1, 2))
    assert not spec.system
