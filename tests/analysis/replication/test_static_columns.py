"""A study's static columns: each by its own estimator, effects, instruments and kind of errors."""

import dataclasses

import numpy as np
import pytest

from analysis.replication import static_columns
from data.shared.errors import UserError
from models.design import Specification
from models.frequentist import panel_estimators
from models.frequentist.two_stage import Instruments
from tests.helpers.public_panels import capital, demand_design

RECORD = Specification(
    "1.1", "gsp", ("pcap",), ("pc", "emp", "unemp"), "", estimator="within", effects=("province",)
)


def test_effects_and_errors_are_those_of_the_column():
    clustered = dataclasses.replace(RECORD, errors="clustered")
    table, statistics = static_columns.estimates(Rows(capital()), clustered, 99)
    np.testing.assert_allclose(table["se"], table["se_cluster"])
    np.testing.assert_allclose(table["p"], table["p_cluster"])
    np.testing.assert_allclose(table.loc["pcap", "se"], 0.0611148, atol=1e-6)
    assert list(table.loc[["pcap", "pc"], "stars"]) == ["", "***"]
    assert statistics["n"] == 816
    both = dataclasses.replace(RECORD, effects=("province", "year"))
    fit = static_columns.fit_column(capital(), both)
    np.testing.assert_allclose(fit.coef[0], -0.0301761, atol=1e-7)


def test_unit_means_have_no_clustered_errors():
    table, statistics = static_columns.estimates(
        Rows(capital()), dataclasses.replace(RECORD, estimator="between", effects=()), 99
    )
    assert list(table.columns) == ["coef", "se", "stars", "p"]
    assert statistics["n"] == 48


@pytest.mark.parametrize(
    ("name", "effects", "periods"),
    [("iv", (), False), ("within_iv", ("province", "year"), True), ("fd_iv", ("year",), True)],
)
def test_instruments_are_columns_of_the_panel(name, effects, periods):
    arrays, instruments = demand_design()
    record = Specification(
        *("8.3", "c", ("lag_c",), ("p", "pn", "y"), ""),
        estimator=name,
        effects=effects,
        endogenous=("lag_c",),
        instruments=("lag_p", "lag_pn", "lag_y"),
    )
    expected = panel_estimators.ESTIMATORS[name].function(
        arrays, Instruments(*instruments), periods=periods
    )
    fit = static_columns.fit_column(arrays.rows, record)
    np.testing.assert_allclose(fit.coef, expected.coef)


def test_errors_that_an_estimator_does_not_have_are_refused():
    record = dataclasses.replace(RECORD, estimator="between", effects=(), errors="clustered")
    with pytest.raises(UserError, match="no errors of kind 'clustered' for unit means"):
        static_columns.fit_column(capital(), record)


@dataclasses.dataclass
class Rows:
    """Stand-in for a panel, of which rows alone are read."""

    frame: object
