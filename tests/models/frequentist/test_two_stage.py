"""Two-stage least squares against Stata's and plm's numbers on public panels.

Stata's are the references of a published toolbox's tests (Álvarez, Barbero & Zofío 2017, *Journal
of Statistical Software* 76(6), unittests/ut_IV2SLS.m and ut_IVPANEL.m), whose instruments are
rounded to seven digits. plm's were made by plm 2.6-2 under R 4.2.2 on the same data.
"""

import numpy as np
import pytest

from data.shared.errors import UserError
from models.design import Design, Specification, design
from models.frequentist.panel_estimators import ESTIMATORS, fd_iv, iv, within_iv
from models.frequentist.two_stage import Instruments
from tests.helpers.public_panels import capital, capital_design, cigarettes, demand_design

KINDS = ("conventional", "robust", "clustered", "two_way_clustered")


def test_stata_prints_the_same_on_levels():
    arrays = capital_design()
    values = arrays.rows[["hwy", "water"]].to_numpy()
    fit = iv(arrays, Instruments(("pcap",), ("hwy", "water"), values), errors=KINDS)
    # `ivregress` without `small` divides by n.
    large = np.sqrt(811 / 816)
    for estimate, printed in (
        (fit.coef, [0.19696384, 0.29667868, 0.56665739, -0.00691241, 1.5608487]),
        (fit.se * large, [0.02100863, 0.01089453, 0.01585087, 0.00141818, 0.06234629]),
        (
            fit.standard_errors["robust"] * large,
            [0.02141369, 0.01293101, 0.02084542, 0.00134565, 0.07360416],
        ),
        (fit.r2, 0.9925388114834532),
    ):
        np.testing.assert_allclose(estimate, printed, rtol=0, atol=1e-6)
    assert (fit.df, fit.n) == (811, 816)


def nominal_design() -> tuple[Design, Instruments]:
    record = Specification("1.1", "sales", ("price",), ("ndi", "pimin"), "nominal")
    arrays = design(cigarettes().dropna(), record)
    names = ["lag_ndi", "lag_pimin"]
    return arrays, Instruments(("price",), tuple(names), arrays.rows[names].to_numpy())


def test_stata_prints_the_same_within_units():
    fit = within_iv(*nominal_design())
    for estimate, printed in (
        (fit.coef, [-1.0163549, 0.53784801, 0.31237215, 2.991411]),
        (fit.se, [0.24919655, 0.02303342, 0.22839452, 0.08110602]),
        (fit.r2, 0.6406418221500125),
    ):
        np.testing.assert_allclose(estimate, printed, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "periods", "coef", "se"),
    [
        (
            "iv",
            False,
            [0.84996511968, -0.205010450428, 0.0523477259541, -0.0169926496455, 1.52351087667],
            [0.0335507850573, 0.0356030551955, 0.0168146988659, 0.00779668118794, 0.267791210697],
        ),
        (
            "within_iv",
            False,
            [0.588214223524, -0.373921875325, 0.103446908188, -0.152695957869],
            [0.0559414874577, 0.0443076801912, 0.0263241483226, 0.0202758451537],
        ),
        (
            "within_iv",
            True,
            [0.601629154273, -0.495681648949, -0.0159480306511, 0.189382011265],
            [0.0353019822949, 0.0382645014882, 0.0317400656109, 0.0296232881446],
        ),
        (
            "fd_iv",
            False,
            [0.337985551737, -0.347208409029, 0.0923307252627, 0.191819240711, -0.00826284109799],
            [0.0585193679382, 0.0262090097533, 0.0297426659387, 0.0369477638164, 0.00155018814747],
        ),
    ],
)
def test_plm_gives_the_same(name, periods, coef, se):
    fit = ESTIMATORS[name].function(*demand_design(), periods=periods)
    np.testing.assert_allclose(fit.coef[: len(coef)], coef, rtol=1e-8)
    np.testing.assert_allclose(fit.se[: len(se)], se, rtol=1e-8)
    assert fit.terms == ("lag_c", "p", "pn", "y", "const")
    assert fit.n == (1288 if name == "fd_iv" else 1334)


def test_period_dummies_of_differences_leave_out_their_means():
    arrays, instruments = demand_design()
    rows = arrays.rows[["c", "lag_c", "p", "pn", "y", *instruments.names]]
    change = rows.groupby(arrays.rows["province"]).diff().dropna()
    net = change - change.groupby(arrays.rows["year"]).transform("mean")
    z = net[["p", "pn", "y", *instruments.names]].to_numpy()
    x = net[["lag_c", "p", "pn", "y"]].to_numpy()
    projected = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    expected = np.linalg.lstsq(projected, net["c"].to_numpy(), rcond=None)[0]
    fit = fd_iv(arrays, instruments, periods=True, errors=KINDS)
    np.testing.assert_allclose(fit.coef[:-1], expected, rtol=1e-8)


def test_a_difference_is_of_calendar_years_and_of_one_unit():
    arrays, instruments = demand_design()
    kept = ~np.isin(np.asarray(arrays.years)[arrays.year], [1970])
    gap = Instruments(*instruments[:2], instruments.values[kept])
    fit = fd_iv(arrays.keep(kept), gap)
    assert fit.n == 1288 - 2 * 46


def test_clusters_of_units_do_not_count_the_absorbed_effects():
    arrays, instruments = nominal_design()
    fit = within_iv(arrays, instruments, errors=KINDS)
    names = ["sales", "ndi", "pimin", "price", *instruments.names]
    rows = arrays.rows[names]
    net = (rows - rows.groupby(arrays.rows["province"]).transform("mean")).to_numpy()
    y, exogenous, endogenous, z = net[:, 0], net[:, 1:3], net[:, 3:4], net[:, 1:]
    z = np.delete(z, 2, axis=1)
    x = np.column_stack([endogenous, exogenous])
    projected = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    bread = np.linalg.inv(projected.T @ projected)
    residual = y - x @ (bread @ projected.T @ y)
    scores = np.eye(46)[arrays.province].T @ (projected * residual[:, None])
    factor = 46 / 45 * (1334 - 1) / (1334 - 4)
    expected = np.sqrt(factor * np.diag(bread @ scores.T @ scores @ bread))
    np.testing.assert_allclose(fit.se_cluster[:-1], expected, rtol=1e-8)
    assert fit.df_of("clustered") == np.inf


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"endogenous": ("pop",)}, "'pop' is no regressor: choose among lag_c, p, pn, y"),
        ({"endogenous": ()}, "No endogenous regressor is named: choose"),
        ({"names": ("p", "lag_pn", "lag_y")}, "Instrument p is a regressor, too"),
        ({"endogenous": ("lag_c", "p", "pn", "y")}, "3 instruments are too few for 4 endogenous"),
        ({"values": 0}, "Variable lag_p does not vary among all rows beside other instruments"),
        ({"values": 1}, "Variable lag_p is a linear combination of the variables before it"),
    ],
)
def test_instruments_that_cannot_serve_are_refused_in_one_sentence(change, sentence):
    arrays, instruments = demand_design()
    if "values" in change:
        values = instruments.values.copy()
        values[:, 0] = arrays.x[:, 1] if change["values"] else 1.0
        change = {"values": values}
    with pytest.raises(UserError, match=sentence):
        iv(arrays, instruments._replace(**change))


def test_years_apart_have_no_differences():
    rows = capital()[capital()["year"] % 2 == 0]
    arrays = capital_design(rows)
    instruments = Instruments(("pcap",), ("hwy",), arrays.rows[["hwy"]].to_numpy())
    with pytest.raises(UserError, match="No unit is seen in two years in a row"):
        fd_iv(arrays, instruments)
