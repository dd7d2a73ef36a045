"""Predictive checks: statistics worked out by hand, and a model that is wrong on purpose."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
import xarray as xr

from analysis.posterior import predictive_checks, predictive_statistics, trace
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian.registry import find
from models.design import design
from tests.helpers.fits import simulated, thinned
from tests.helpers.traces import ATTRIBUTES

BASELINE = select(["3.2"])[0]
SHORT = Settings(draws=300, tune=200, chains=2)


@cache
def frame() -> pd.DataFrame:
    """Return a panel with holes, in which some rows have no row a year earlier."""
    return thinned(simulated(), 0.1).frame


def structure(bounds=(-np.inf, np.inf)) -> predictive_statistics.Rows:
    made = design(frame(), BASELINE)
    return predictive_statistics.Rows(
        made.province, made.year, made.region, made.years, made.regions, made.x, bounds
    )


@cache
def found() -> pd.DataFrame:
    """Return every statistic of the panel, against one draw that is twice the data."""
    made = design(frame(), BASELINE)
    rows = predictive_checks.predictive(made.y, 2 * made.y[None], structure((0.0, 4.0)))
    return pd.DataFrame(rows).set_index(["statistic", "element"])


@cache
def by_hand() -> pd.DataFrame:
    """Return the panel with its residuals by least squares on dummies."""
    formula = "produ ~ indus + fin + env + stru + urb + trans + C(province) + C(year)"
    rows = frame()
    return rows.assign(residual=smf.ols(formula, rows).fit().resid)


def test_between_and_within_sd_are_of_province_means_and_about_them():
    rows = by_hand()
    means = rows.groupby("province")["produ"].mean()
    within = rows["produ"] - rows["province"].map(means)
    assert found().loc[("between_sd", ""), "observed"] == pytest.approx(means.std(ddof=0))
    assert found().loc[("within_sd", ""), "observed"] == pytest.approx(np.sqrt((within**2).mean()))


def test_year_means_are_labelled_by_year():
    means = by_hand().groupby("year")["produ"].mean()
    assert found().loc["year_mean", "observed"].to_dict() == pytest.approx(
        {str(year): mean for year, mean in means.items()}
    )


def test_residual_sd_is_of_least_squares_residuals_by_region():
    squares = (by_hand()["residual"] ** 2).groupby(by_hand()["region"]).mean()
    assert found().loc["residual_sd", "observed"].to_dict() == pytest.approx(
        np.sqrt(squares).to_dict()
    )


def test_autocorrelation_pairs_rows_with_the_year_before_in_the_same_province():
    rows = by_hand()
    earlier = rows[["province", "year", "residual"]].assign(year=lambda r: r["year"] + 1)
    pairs = rows.merge(earlier, on=["province", "year"], suffixes=("", "_before"))
    assert len(pairs) < len(rows) - rows["province"].nunique()  # the panel has holes
    product = (pairs["residual"] * pairs["residual_before"]).mean()
    assert found().loc[("autocorrelation", ""), "observed"] == pytest.approx(
        product / (rows["residual"] ** 2).mean()
    )


def test_extremes():
    rows = by_hand()
    sd = np.sqrt((rows["residual"] ** 2).groupby(rows["region"]).mean())
    farthest = (rows["residual"] / rows["region"].map(sd)).abs().max()
    observed = found()["observed"]
    assert observed["farthest", ""] == pytest.approx(farthest)
    assert (observed["min", ""], observed["max", ""]) == (rows["produ"].min(), rows["produ"].max())


def test_possible_is_the_share_of_cells_in_bounds_and_not_judged():
    row = found().loc[("possible", "")]
    assert row["observed"] == frame()["produ"].between(0, 4).mean()
    assert row["mean"] == (2 * frame()["produ"]).between(0, 4).mean()
    assert row[["p", "z"]].isna().all()


def test_a_number_is_set_beside_draws():
    row = predictive_checks.assess(2.0, np.array([1.0, 2.0, 3.0, 4.0]))
    assert (row["observed"], row["mean"], row["p"]) == (2.0, 2.5, 0.625)
    assert row["z"] == pytest.approx(-0.5 / np.std([1, 2, 3, 4]))


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Check a wrong and a right model of a panel whose residual scale differs by region."""
    folder = tmp_path_factory.mktemp("traces")
    for model in ("mundlak", "hierarchical"):
        tree = fit(Job(simulated(), BASELINE, find(model)), SHORT)
        trace.write(tree, trace.trace_path(folder, "own-simulated", "3.2", model))
    return predictive_checks.check(trace.trace_paths(folder))


def test_a_single_sigma_fails_the_check_by_region_and_sigma_by_region_passes_all(checked):
    table, loo = checked
    assert tuple(table.columns) == predictive_checks.COLUMNS
    assert tuple(loo.columns) == predictive_checks.LOO_COLUMNS
    table = table[table["check"] == "posterior"]
    table = table.set_index(["model", "statistic", "element"]).sort_index()
    wrong = table.loc[("mundlak", "residual_sd")]
    assert wrong["misfit"][["east", "central"]].all()
    assert wrong.loc["east", "z"] > 0 > wrong.loc["central", "z"]
    assert not table.loc["hierarchical", "misfit"].any()
    assert loo.set_index("model")["elpd"].idxmax() == "hierarchical"


def test_the_prior_is_checked_where_there_is_one_and_never_called_a_misfit(checked):
    table, _ = checked
    prior = table[table["check"] == "prior"]
    assert set(prior["model"]) == {"mundlak", "hierarchical"}
    assert not prior["misfit"].any()
    width = (table["q975"] - table["q025"]).groupby([table["check"], table["statistic"]]).mean()
    for name in ("between_sd", "within_sd", "residual_sd"):
        assert width["prior", name] > 3 * width["posterior", name]


def test_the_summary_has_a_line_for_each_trace_and_check_and_the_worst_p_of_each(checked):
    table, _ = checked
    line = predictive_checks.summary(table).set_index(["model", "check"])
    assert len(line) == 4
    wrong = table[(table["model"] == "mundlak") & (table["check"] == "posterior")]
    p = wrong.loc[wrong["statistic"] == "residual_sd", "p"]
    assert line.loc[("mundlak", "posterior"), "residual_sd"] == p[(p - 0.5).abs().idxmax()]


def test_a_figure_has_a_frame_for_each_model_and_fills_the_misfits(checked):
    table, _ = checked
    ((name, rows),) = predictive_checks.frames(table)
    assert name == "checks_own-simulated_3.2"
    figure = predictive_checks.draw(rows)
    for axes, model in zip(figure.axes, ("mundlak", "hierarchical"), strict=True):
        own = rows[rows["model"] == model]
        (dots,) = (c for c in axes.collections if len(c.get_offsets()) == len(own) > 1)
        filled = (dots.get_facecolors() != 1).any(axis=1)
        assert filled.tolist() == own["misfit"].tolist()


def test_each_outcome_of_a_joint_trace_is_checked_in_its_own_bounds():
    made = design(frame(), BASELINE)
    n, rng = len(made.y), np.random.default_rng(1)
    names = ["produ", "produ_inno", "M_cap"]
    coords = {"outcome": names, "obs": range(n)}
    y = rng.uniform(0.5, 2, (n, 3))
    drawn = rng.uniform(0.5, 2, (1, 40, n, 3))
    tree = xr.DataTree.from_dict(
        {
            "/posterior_predictive": xr.Dataset(
                {
                    "y": (("chain", "draw", "obs"), drawn[..., 0]),
                    "parts": (("chain", "draw", "obs", "outcome"), drawn),
                },
                coords,
            ),
            "/observed_data": xr.Dataset(
                {"y": ("obs", y[:, 0]), "parts": (("obs", "outcome"), y)}, coords
            ),
            "/constant_data": xr.Dataset(
                {
                    "x": (("obs", "term"), made.x),
                    "row_province": ("obs", np.array(made.provinces)[made.province]),
                    "row_year": ("obs", np.array(made.years)[made.year]),
                    "row_region": ("obs", np.array(made.regions)[made.region]),
                }
            ),
        }
    )
    tree.attrs = ATTRIBUTES
    rows = pd.DataFrame(predictive_checks.rows_of(tree))
    rows = rows.set_index(["outcome", "statistic", "element"]).sort_index()
    share = rows["mean"].unstack("outcome").loc[("possible", "")]
    assert share["M_cap"] == 1  # nothing above 1 is impossible for a misallocation
    assert share["produ_inno"] == pytest.approx((drawn[..., 1] <= 1).mean())
    assert rows["observed"]["M_cap", "max", ""] == y[:, 2].max()
    assert rows.index.is_unique  # the column's own outcome is among the joint ones


def test_traces_are_chosen_by_column_panel_and_model(tmp_path):
    paths = [
        trace.trace_path(tmp_path, panel, column, model)
        for panel in ("a", "own-b")
        for column in ("3.2", "8.1")
        for model in ("flat", "mundlak")
    ]
    assert predictive_checks.chosen(paths, select(()), (), ()) == paths
    assert predictive_checks.chosen(paths, select(["8.1"]), ["own-b"], ["flat"]) == [paths[6]]
    with pytest.raises(UserError, match="no trace of these"):
        predictive_checks.chosen(paths, select(["3.1"]), (), ())
    with pytest.raises(UserError, match="no model 'nonsense'"):
        predictive_checks.chosen(paths, select(()), (), ["nonsense"])


def test_a_model_that_is_named_and_has_no_trace_is_told():
    paths = [Path("official/3.2-growth~tight.nc"), Path("official/3.2-mundlak.nc")]
    assert predictive_checks.lacking(paths, ["growth", "mundlak", "flat"]) == ["flat"]
