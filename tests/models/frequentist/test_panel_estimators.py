"""Static panel estimators against Stata's and plm's numbers on public capital in 48 states.

Stata's are the references of a published toolbox's tests (Álvarez, Barbero & Zofío 2017, *Journal
of Statistical Software* 76(6), unittests/ut_OLS.m and ut_PANEL.m); its data have single-precision
logs, hence the tolerance. plm's were made by plm 2.6-2 under R 4.2.2 on the same data.
"""

import dataclasses

import numpy as np
import pytest

from data.shared.errors import UserError
from models.design import design
from models.frequentist import twfe
from models.frequentist.panel_estimators import ESTIMATORS, between, pooled_ols, within
from tests.helpers import random_panels
from tests.helpers.public_panels import capital, capital_design

ALL = ("conventional", "robust", "clustered", "two_way_clustered", "driscoll_kraay")
SINGLE_PRECISION = 2e-6


STATA = {
    "pooled_ols": {
        "coef": [0.15500703, 0.30919016, 0.59393489, -0.00673298, 1.6433022],
        "conventional": [0.01715377, 0.01027199, 0.01374746, 0.00141638, 0.05758725],
        "robust": [0.01857351, 0.01251743, 0.01959449, 0.00134067, 0.07098896],
        "r2": 0.9925934477502721,
        "df": 811,
    },
    "within": {
        "coef": [-0.0261493, 0.29200668, 0.7681595, -0.00529775, 2.3528981],
        "conventional": [0.02900156, 0.02511967, 0.03009174, 0.00098873, 0.17481312],
        "clustered": [0.06111477, 0.06254953, 0.08273258, 0.00252846, 0.31459401],
        "r2": 0.9413356320514598,
        "df": 764,
    },
    "between": {
        "coef": [0.17936513, 0.30195423, 0.57612738, -0.00389029, 1.5894443],
        "conventional": [0.07197194, 0.04182148, 0.05637459, 0.00990835, 0.23297958],
        "r2": 0.9939088796508508,
        "df": 43,
    },
    "random_effects": {
        "coef": [0.0044388, 0.31054829, 0.72967051, -0.00617248, 2.1354106],
        "conventional": [0.02341731, 0.01980475, 0.02492022, 0.00090728, 0.13346148],
        "clustered": [0.05531069, 0.04416204, 0.07088248, 0.00236311, 0.24178717],
        "r2_overall": 0.9916667034632465,
        "df": np.inf,
    },
}
PLM = {
    "pooled_ols": [0.155007005167, 0.309190167393, 0.593934897578, -0.00673297557784],
    "within": [-0.0261496535947, 0.292006925084, 0.768159472599, -0.00529774125954],
    "between": [0.179365117547, 0.301954223508, 0.576127389869, -0.00389029188821],
    "random_effects": [0.00443858846776, 0.310548434204, 0.729670532586, -0.00617247301315],
}
PLM_SE = {
    "pooled_ols": [0.0171537684557, 0.0102719868791, 0.0137474620701, 0.00141637611044],
    "within": [0.0290015754655, 0.0251196728482, 0.0300917394154, 0.000988725668764],
    "between": [0.071971935518, 0.0418214823667, 0.056374582743, 0.00990835298503],
    "random_effects": [0.0234173169813, 0.0198047477759, 0.0249202191529, 0.000907282019982],
}
PLM_R2 = {
    "pooled_ols": 0.992593447184,
    "within": 0.941335614845,
    "between": 0.993908879629,
    "random_effects": 0.959332236342,
}


@pytest.mark.parametrize("name", STATA)
def test_stata_prints_the_same(name):
    printed = dict(STATA[name])
    kinds = [kind for kind in printed if kind in ALL]
    fit = ESTIMATORS[name].function(capital_design(), errors=kinds)
    assert fit.df == printed.pop("df")
    for statistic, numbers in printed.items():
        estimate = fit.standard_errors[statistic] if statistic in ALL else getattr(fit, statistic)
        np.testing.assert_allclose(estimate, numbers, rtol=0, atol=SINGLE_PRECISION)


@pytest.mark.parametrize("name", PLM)
def test_plm_gives_the_same(name):
    fit = ESTIMATORS[name].function(capital_design(), errors=["conventional"])
    np.testing.assert_allclose(fit.coef[:-1], PLM[name], rtol=1e-10)
    np.testing.assert_allclose(fit.se[:-1], PLM_SE[name], rtol=1e-10)
    np.testing.assert_allclose(fit.r2, PLM_R2[name], rtol=1e-11)
    assert fit.n == (48 if name == "between" else 816)
    assert (fit.n_provinces, fit.n_years, fit.terms[-1]) == (48, 17, "const")


@pytest.mark.parametrize("share_missing", [0.0, 0.15], ids=["balanced", "unbalanced"])
def test_fixed_effects_with_period_dummies_are_the_two_way_ones(share_missing):
    rows = random_panels.panel(share_missing=share_missing)
    arrays = design(rows, random_panels.SPECIFICATION)
    expected, fit = twfe.fit(arrays), within(arrays, periods=True)
    assert fit.terms == expected.terms
    np.testing.assert_allclose(fit.coef, expected.coef, rtol=1e-8)
    np.testing.assert_allclose(fit.se, expected.se, rtol=1e-8)
    np.testing.assert_allclose(fit.se_cluster, expected.se_cluster, rtol=1e-8)
    np.testing.assert_allclose(fit.r2, expected.r2_within, rtol=1e-8)
    assert (fit.df, fit.df_of("clustered")) == (expected.df, expected.df_cluster)
    np.testing.assert_allclose(fit.p("clustered"), expected.p_cluster, rtol=1e-6)
    assert list(fit.table()["stars"]) == list(expected.table()["stars"])


def test_r2_of_levels_within_and_between_follow_from_the_fitted_values():
    rows = capital()
    fit = pooled_ols(capital_design(), errors=["conventional"])
    fitted = rows[["pcap", "pc", "emp", "unemp"]].to_numpy() @ fit.coef[:-1]
    both = rows[["province", "gsp"]].assign(fitted=fitted)
    means = both.groupby("province")[["gsp", "fitted"]].transform("mean")
    overall = both[["gsp", "fitted"]].corr().iloc[0, 1] ** 2
    inner = (both[["gsp", "fitted"]] - means).corr().iloc[0, 1] ** 2
    outer = means.drop_duplicates().corr().iloc[0, 1] ** 2
    np.testing.assert_allclose(
        [fit.r2_overall, fit.r2_within, fit.r2_between], [overall, inner, outer], rtol=1e-9
    )


def test_errors_that_a_fit_does_not_have_are_refused():
    with pytest.raises(UserError, match="no errors of kind 'clustered' for unit means"):
        between(capital_design(), errors=["clustered"])
    three = capital()[capital()["province"].isin(["AL", "NY"])]
    fit = pooled_ols(capital_design(three))
    assert np.isnan(fit.se_cluster).all()
    assert np.isfinite(fit.se).all()


def test_every_kind_of_errors_has_its_size():
    fit = within(capital_design(), periods=True, errors=ALL)
    assert set(fit.standard_errors) == set(ALL)
    assert all((values > 0).all() for values in fit.standard_errors.values())
    assert [fit.df_of(kind) for kind in ALL] == [748, 748, 47, 16, 16]


def test_errors_of_driscoll_and_kraay_need_evenly_spaced_years():
    """linearmodels 7.1 pairs the years beside a gap as neighbours."""
    rows = capital()
    years = rows["year"]
    with pytest.raises(UserError, match="between 1973 and 1976, and Driscoll and Kraay's"):
        within(capital_design(rows[~years.isin([1974, 1975])]), errors=["driscoll_kraay"])
    every_other = within(capital_design(rows[years % 2 == 0]), errors=["driscoll_kraay"])
    assert (every_other.standard_errors["driscoll_kraay"] > 0).all()


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("within", {"pc": 1.0}, "Variable pc does not vary within units"),
        ("pooled_ols", {"pc": 1.0}, "Variable pc does not vary among all rows"),
        ("between", {"pc": 1.0}, "Variable pc does not vary between units"),
        ("random_effects", {"pc": "emp"}, "Variable emp is a linear combination of the variables"),
        ("within", {"pc": "emp"}, "Variable emp is a linear combination"),
        ("between", {"few": 5}, "needs more than 5 units"),
        ("random_effects", {"few": 5}, "needs more than 5 units"),
    ],
)
def test_what_has_no_estimate_is_refused_in_one_sentence(name, change, sentence):
    rows = capital().copy()
    if "few" in change:
        rows = rows[rows["province"].isin(rows["province"].unique()[: change["few"]])]
    else:
        (column, value), *_ = change.items()
        rows[column] = rows[value] if isinstance(value, str) else value
    with pytest.raises(UserError, match=sentence):
        ESTIMATORS[name].function(capital_design(rows))


def test_random_effects_need_a_regressor_that_varies_within_units():
    arrays = capital_design()
    means = np.array([arrays.x[arrays.province == i].mean(axis=0) for i in range(48)])
    constant = dataclasses.replace(arrays, x=means[arrays.province])
    with pytest.raises(UserError, match="take the between estimator"):
        ESTIMATORS["random_effects"].function(constant)
