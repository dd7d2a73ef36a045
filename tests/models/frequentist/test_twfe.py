"""Two-way fixed effects against Stata's numbers, statsmodels and linearmodels."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels import PanelOLS

from analysis.specifications import STATIC
from data.shared.errors import UserError
from models.design import Design, Specification, design
from models.frequentist.coefficient_table import stars
from models.frequentist.twfe import CONSTANT, constant_weights, fit, fit_arrays
from models.frequentist.wild_bootstrap import wild_bootstrap
from tests.helpers import array_namespace, random_panels
from tests.helpers.random_panels import SPECIFICATION

ROOT = Path(__file__).resolve().parents[3]
REFERENCE = ROOT.parent / "shared" / "reference"
PANELS = sorted((ROOT / "data" / "panels").glob("*.csv"))
RTOL = 1e-8

REFERENCE_PANELS = {
    "grunfeld": ("firm", "inv", ("value", "capital")),
    "simpanel": ("unit", "y", ("x1", "x2", "x3", "x4", "x5", "x6")),
    "abdata": ("id", "n", ("w", "k", "ys")),
}
"""Unit, outcome and regressors of each panel in fe_reference.json; abdata is unbalanced."""


# --- Stata -----------------------------------------------------------------------------------


@pytest.mark.skipif(
    not REFERENCE.exists(),
    reason="reads panels and estimates of other programs from elsewhere: no clone has them",
)
@pytest.mark.parametrize("name", REFERENCE_PANELS)
def test_stata(name):
    unit, outcome, regressors = REFERENCE_PANELS[name]
    reference = json.loads((REFERENCE / "fe_reference.json").read_text("utf-8"))[name]
    frame = pd.read_csv(REFERENCE / f"{name}.csv").rename(columns={unit: "province"})
    record = Specification("0.1", outcome, regressors, (), name)
    result = fit(design(frame.assign(region="all"), record))
    plain = reference["STATA_xtreg_fe_iyear__iid"]
    clustered = reference["STATA_xtreg_fe_iyear__cluster"]
    terms = [*regressors, "_cons"]
    for estimate, printed in (
        (result.coef, [plain["coef"][term] for term in terms]),
        (result.se, [plain["se"][term] for term in terms]),
        (result.se_cluster, [clustered["se"][term] for term in terms]),
        (result.r2_within, plain["r2_w"]),
        (result.sigma_e, plain["sigma_e"]),
    ):
        np.testing.assert_allclose(estimate, printed, rtol=RTOL)
    counts = (result.n, result.n_provinces, result.df, result.df_cluster)
    assert counts == (plain["N"], plain["N_g"], plain["df_r"], clustered["df_r"])


# --- statsmodels and linearmodels ------------------------------------------------------------


def year_dummies(arrays: Design) -> np.ndarray:
    return np.eye(len(arrays.years))[arrays.year][:, 1:]


def against_dummy_variables(arrays: Design) -> None:
    """Least squares on all dummies: slopes, conventional SEs and p-values."""
    provinces = np.eye(len(arrays.provinces))[arrays.province]
    regressors = np.hstack([arrays.x, provinces, year_dummies(arrays)])
    expected = sm.OLS(arrays.y, regressors).fit(method="qr")
    result, k = fit(arrays), len(arrays.terms)
    np.testing.assert_allclose(result.coef[:k], expected.params[:k], rtol=RTOL)
    np.testing.assert_allclose(result.se[:k], expected.bse[:k], rtol=RTOL)
    np.testing.assert_allclose(result.p[:k], expected.pvalues[:k], rtol=1e-6)
    np.testing.assert_allclose(result.sigma_e**2, expected.scale, rtol=RTOL)
    assert result.df == expected.df_resid


def against_clustered_within_regression(arrays: Design) -> None:
    """Least squares on Stata's transformed data, y − ȳ_i + ȳ: the clustered half."""

    def transformed(values):
        provinces = np.eye(len(arrays.provinces))[arrays.province]
        means = provinces.T @ values / provinces.sum(axis=0)[:, None]
        return values - means[arrays.province] + values.mean(axis=0)

    regressors = np.hstack([arrays.x, year_dummies(arrays)])
    expected = sm.OLS(
        transformed(arrays.y[:, None])[:, 0], sm.add_constant(transformed(regressors))
    ).fit(method="qr", cov_type="cluster", cov_kwds={"groups": arrays.province}, use_t=True)
    result, k = fit(arrays), len(arrays.terms)
    terms = [*range(1, k + 1), 0]
    np.testing.assert_allclose(result.coef, expected.params[terms], rtol=RTOL)
    np.testing.assert_allclose(result.se_cluster, expected.bse[terms], rtol=RTOL)
    np.testing.assert_allclose(result.p_cluster, expected.pvalues[terms], rtol=1e-6)
    np.testing.assert_allclose(result.r2_within, expected.rsquared, rtol=RTOL)


def against_linearmodels(arrays: Design) -> None:
    """PanelOLS with entity effects and explicit year dummies: everything incl. the constant."""
    columns = [*arrays.terms, *(f"year {year}" for year in arrays.years[1:]), CONSTANT]
    index = pd.MultiIndex.from_arrays([arrays.province, arrays.year])
    ones = np.ones((len(arrays.y), 1))
    regressors = pd.DataFrame(
        np.hstack([arrays.x, year_dummies(arrays), ones]), index=index, columns=columns
    )
    model = PanelOLS(pd.Series(arrays.y, index=index), regressors, entity_effects=True)
    plain = model.fit()
    clustered = model.fit(cov_type="clustered", cluster_entity=True, group_debias=True)
    result = fit(arrays)
    terms = list(result.terms)
    np.testing.assert_allclose(result.coef, plain.params[terms], rtol=RTOL)
    np.testing.assert_allclose(result.se, plain.std_errors[terms], rtol=RTOL)
    np.testing.assert_allclose(result.se_cluster, clustered.std_errors[terms], rtol=RTOL)
    np.testing.assert_allclose(result.r2_within, plain.rsquared, rtol=RTOL)
    table = result.table()
    np.testing.assert_allclose(table["t"], plain.tstats[terms], rtol=RTOL)
    np.testing.assert_allclose(table["p"], plain.pvalues[terms], rtol=1e-6, atol=1e-14)
    np.testing.assert_allclose(table[["lower", "upper"]], plain.conf_int().loc[terms], rtol=1e-6)


CHECKS = (against_dummy_variables, against_clustered_within_regression, against_linearmodels)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("share_missing", [0.0, 0.15], ids=["balanced", "unbalanced"])
def test_simulated_panel(check, share_missing):
    arrays = design(random_panels.panel(share_missing=share_missing), SPECIFICATION)
    assert arrays.balanced == (share_missing == 0)
    check(arrays)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("record", STATIC, ids=lambda record: record.column)
@pytest.mark.parametrize("path", PANELS, ids=lambda path: path.stem)
def test_committed_panel(path, record, check):
    check(design(pd.read_csv(path), record))


# --- the constant ----------------------------------------------------------------------------


def test_the_constant_of_a_balanced_panel_is_the_base_years_mean():
    arrays = design(random_panels.panel(), SPECIFICATION)
    result = fit(arrays)
    base = arrays.year == 0
    unexplained = arrays.y - arrays.x @ result.coef[:-1]
    np.testing.assert_allclose(result.coef[-1], unexplained[base].mean(), rtol=1e-12)
    np.testing.assert_allclose(
        constant_weights(arrays.province, arrays.year), base / len(arrays.provinces), atol=1e-15
    )


def test_effects_of_provinces_and_years_move_the_constant_only():
    arrays = design(random_panels.panel(share_missing=0.15), SPECIFICATION)
    rng = np.random.default_rng(8)
    by_province, by_year = rng.normal(size=31), rng.normal(size=13)
    moved = fit(arrays.with_outcome(arrays.y + by_province[arrays.province] + by_year[arrays.year]))
    result = fit(arrays)
    np.testing.assert_allclose(moved.coef[:-1], result.coef[:-1], rtol=1e-9)
    np.testing.assert_allclose(moved.se, result.se, rtol=1e-9)
    weights = np.bincount(arrays.province) / len(arrays.y)
    shift = weights @ by_province + by_year[0]
    np.testing.assert_allclose(moved.coef[-1] - result.coef[-1], shift, rtol=1e-9)


# --- collinear regressors --------------------------------------------------------------------


def in_single(values):
    """Store values with single precision, the last bit wrong at random."""
    noise = np.random.default_rng(1).choice([-1, 0, 1], len(values)) * 2.0**-24
    return (values * (1 + noise)).astype(np.float32).astype(float)


@pytest.mark.parametrize(
    "values",
    [
        lambda frame: frame.groupby("province")["x1"].transform("mean"),
        lambda frame: frame.groupby("year")["x1"].transform("mean"),
        lambda frame: 1e6 + frame["year"] + frame["province"].str[1:].astype(float),
        lambda frame: 0 * frame["x1"],
        lambda frame: in_single(np.log(1000 + frame["province"].str[1:].astype(int))),
        lambda frame: in_single(1000 + frame["province"].str[1:].astype(int) / 30),
        lambda frame: in_single(frame["year"] ** 2 / 7),
    ],
    ids=[
        *("constant in time", "common to provinces", "two-way additive", "zero"),
        *("single precision", "single precision far from zero", "common, single precision"),
    ],
)
def test_a_regressor_without_two_way_variation_is_refused(values):
    frame = random_panels.panel(share_missing=0.1)
    with pytest.raises(UserError, match="Regressor x2 does not vary"):
        fit(design(frame.assign(x2=values(frame)), SPECIFICATION))


def test_a_combination_of_other_regressors_is_refused_even_when_rounded():
    frame = random_panels.panel(share_missing=0.1)
    total = 3 * frame["x1"] + 1000 * frame["x2"] + frame["year"] / 7
    rounded = total.map(lambda value: float(f"{value:.12g}"))
    with pytest.raises(UserError, match="Regressor x3 is a linear combination"):
        fit(design(frame.assign(x3=rounded), SPECIFICATION))


@pytest.mark.parametrize("digits", [7, 9])
def test_a_sum_of_other_regressors_written_with_few_digits_is_refused(digits):
    frame = random_panels.panel(share_missing=0.1)
    total = (10 * frame["x1"] + 1000 * frame["x2"]).map(lambda v: float(f"{v:.{digits}g}"))
    with pytest.raises(UserError, match="Regressor x3 is a linear combination"):
        fit(design(frame.assign(x3=total), SPECIFICATION))


def test_a_nearly_flat_regressor_is_estimated():
    frame = random_panels.panel()
    flat = frame.assign(x3=50 + 1e-5 * (frame["x3"] - 50))
    expected = fit(design(frame, SPECIFICATION)).table()
    result = fit(design(flat, SPECIFICATION)).table()
    np.testing.assert_allclose(result.loc["x3", "t"], expected.loc["x3", "t"], rtol=1e-6)


# --- degenerate outcomes ---------------------------------------------------------------------


@pytest.mark.parametrize("estimate", [fit, wild_bootstrap])
@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (lambda frame: 0 * frame["x1"], "does not vary"),
        (lambda frame: 0 * frame["x1"] + 0.1, "does not vary"),
        (lambda frame: np.log(frame["year"]), "does not vary"),
        (lambda frame: frame["year"] + frame["province"].str[1:].astype(float), "does not vary"),
        (lambda frame: 5 + 2 * frame["x1"] - frame["x3"] / 3, "fit the outcome perfectly"),
        (lambda frame: in_single(2 * frame["x1"] + frame["x3"]), "fit the outcome perfectly"),
    ],
    ids=[
        *("zero", "constant", "common to provinces", "two-way additive", "perfect fit"),
        "perfect fit, single precision",
    ],
)
def test_an_outcome_that_leaves_nothing_to_test_is_refused(estimate, outcome, said):
    frame = random_panels.panel(share_missing=0.1)
    rounded = outcome(frame).map(lambda value: float(f"{value:.12g}"))
    with pytest.raises(UserError, match=said):
        estimate(design(frame.assign(y=rounded), SPECIFICATION))


def test_an_outcome_with_a_little_noise_is_estimated():
    frame = random_panels.panel()
    result = fit(design(frame.assign(y=50 + 1e-5 * frame["y"]), SPECIFICATION))
    expected = fit(design(frame, SPECIFICATION))
    np.testing.assert_allclose(result.p[:-1], expected.p[:-1], rtol=1e-5)


# --- few clusters ----------------------------------------------------------------------------


def test_two_provinces_have_no_clustered_tests():
    arrays = design(random_panels.panel(n_provinces=2), SPECIFICATION)
    bare = fit_arrays(arrays.y, arrays.x, arrays.province, arrays.year)
    assert (bare.se_cluster[:-1] < 1e-10 * bare.se[:-1]).all()  # rounding, whatever the data
    table = fit(arrays).table()
    assert table[["se_cluster", "t_cluster", "p_cluster"]].isna().all(axis=None)
    assert wild_bootstrap(arrays).table().isna().all(axis=None)
    assert table[["se", "p"]].notna().all(axis=None)
    three = design(random_panels.panel(n_provinces=3), SPECIFICATION)
    assert fit(three).table().notna().all(axis=None)
    assert wild_bootstrap(three).table().notna().all(axis=None)


# --- the table, and other array namespaces ---------------------------------------------------


def test_stars_follow_the_conventional_p_values():
    bounds = {0.0: "***", 0.0099: "***", 0.01: "**", 0.0499: "**", 0.05: "*", 0.0999: "*", 0.1: ""}
    assert {p: stars(p) for p in bounds} == bounds
    table = fit(design(random_panels.panel(), SPECIFICATION)).table()
    assert list(table["stars"]) == [stars(p) for p in table["p"]]
    assert table.loc["x1", "stars"] == "***"


def test_the_table_is_labelled():
    table = fit(design(random_panels.panel(), SPECIFICATION)).table()
    assert list(table.index) == ["x1", "x2", "x3", CONSTANT]
    assert table.index.name == "term"
    narrow = fit(design(random_panels.panel(), SPECIFICATION)).table(level=0.5)
    assert (narrow["upper"] < table["upper"]).all()
    assert (narrow["lower"] > table["lower"]).all()


@pytest.mark.parametrize("share_missing", [0.0, 0.15], ids=["balanced", "unbalanced"])
def test_array_function_runs_under_another_array_namespace(share_missing):
    arrays = design(random_panels.panel(share_missing=share_missing), SPECIFICATION)
    codes = arrays.province, arrays.year
    expected = fit_arrays(arrays.y, arrays.x, *codes)
    result = fit_arrays(
        array_namespace.asarray(arrays.y), array_namespace.asarray(arrays.x), *codes
    )
    for name, value in expected._asdict().items():
        assert isinstance(getattr(result, name), array_namespace.Foreign), name
        np.testing.assert_array_equal(array_namespace.numpy_array(getattr(result, name)), value)
