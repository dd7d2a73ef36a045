"""Table 5: the declared choices mean what they say, on every committed panel."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.replication import system_gmm
from analysis.replication.system_gmm import DEFAULT, Choices, coefficients, fit_column, statistics
from analysis.specifications import select
from data.errors import UserError
from data.panels.panel import load_panel
from models.frequentist.gmm import Gmm, fit
from tests.helpers.true_panels import simulated_panel
from tests.models.frequentist.test_gmm import by_pyxtabond2

PANELS = sorted(
    path.stem for path in (Path(__file__).resolve().parents[2] / "data" / "panels").glob("*.csv")
)
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


def test_a_mistake_names_the_cause_and_the_remedy():
    frame = simulated_panel(seed=1).frame
    few = frame[frame["province"].isin(frame["province"].unique()[:12])]
    with pytest.raises(UserError, match=r"12 groups is singular: collapse"):
        fit_column(few, TABLE_5[0])
