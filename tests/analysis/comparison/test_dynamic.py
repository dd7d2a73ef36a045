"""The dynamic comparison: rows of posteriors follow from their draws, and print stands beside."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.comparison import dynamic, dynamic_figures
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.replication.dynamic_estimators import ESTIMATORS
from analysis.replication.system_gmm import choices_of, coefficients
from analysis.replication.system_gmm import fit_column as estimate
from analysis.shared import plotting
from analysis.shared.outputs import Outputs
from analysis.specifications import load, select, studying
from models.bayesian.dynamic import half_life
from models.bayesian.registry import find, main_model
from models.design import LAG
from tests.helpers import studies
from tests.helpers.fits import official, thinned

(COLUMN,) = select(["5.1"])


@pytest.fixture(scope="module")
def trace():
    job = Job(official("5.1"), COLUMN, find("dynamic_regions"))
    return fit(job, Settings(draws=400, chains=4))


def test_a_column_without_printed_numbers_has_no_printed_row(monkeypatch):
    printed = dynamic.published_slopes()
    assert len(dynamic.of_paper("official", COLUMN)) == 2
    monkeypatch.setattr(dynamic, "published_slopes", lambda: printed.drop(index="5.1"))
    assert dynamic.of_paper("official", COLUMN) == []


def test_what_follows_from_a_trace_follows_from_its_draws(trace):
    found = pd.DataFrame(dynamic.effects(trace), columns=dynamic.EFFECT_COLUMNS)
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
    assert list(after.index) == list(range(dynamic.YEARS + 1))
    expected = np.median(east["indus"] * east[LAG] ** 3)
    assert after.loc[3, "median"] == pytest.approx(expected, rel=0.02, abs=1e-6)
    assert after.loc[0, "low"] <= found.loc[("east", "short_run"), "median"]
    impulse = found.loc[("average", "impulse")].set_index("year")
    low, high = np.quantile(slope * rho**10, [0.025, 0.975], method="inverted_cdf")
    assert_allclose(impulse.loc[10, ["low", "high"]].astype(float), [low, high])
    half = np.quantile(half_life(east[LAG]), 0.5, method="inverted_cdf")
    assert found.loc[("east", "half_life"), "median"] == half


def test_a_study_without_regions_has_a_dynamic_model_and_what_follows_from_it(tmp_path):
    text = studies.STUDY.replace('region = "zone"', "").replace("zone == 'central'", "yr > 1991")
    with studying(load(studies.write(tmp_path, text))) as study:
        (record,) = select(["3.1"])
        main = main_model(record)
        assert main.name == "dynamic_region"
        tree = fit(Job(study.panel, record, main), Settings(draws=200, chains=2))
        found = pd.DataFrame(dynamic.effects(tree), columns=dynamic.EFFECT_COLUMNS)
        assert set(found["slope"]) == {"average"}
        assert len(dynamic.responses(found)) == dynamic.YEARS + 1
        rows = pd.DataFrame(dynamic.frequentist(study.panel, record)).set_index("estimator")
        declared = coefficients(estimate(study.panel.frame, record, choices_of(record)))
        assert rows["coef"]["difference_gmm"].tolist() == declared["coef"][[LAG, "dens"]].tolist()
    slope = tree["posterior"]["slope"].sel(term="dens")
    assert abs(slope.mean() - 0.5) < 4 * slope.std()


def test_a_posteriors_row_has_the_probability_of_a_root_of_one_or_more(trace):
    rows = pd.DataFrame(dynamic.posterior(trace)).set_index("term")
    draws = trace["posterior"]["slope"].sel(term=LAG).to_numpy()
    assert rows.loc[LAG, "p_explosive"] == (draws >= 1).mean()
    assert np.isnan(rows.loc["indus", "p_explosive"])
    assert rows.loc[LAG, "low"] < draws.mean() < rows.loc[LAG, "high"]


def test_a_table_has_every_estimator_and_the_printed_row_and_can_be_drawn(tmp_path):
    panels = [official("5.1"), replace(thinned(official("5.1"), 0.05), name="with gaps")]
    made = list(dynamic.table(panels, [COLUMN], Outputs(tmp_path).traces))
    rows = pd.concat([frame for frame, _ in made])
    assert tuple(rows.columns) == dynamic.COLUMNS
    own = rows[rows["panel"] == "official"]
    names = [estimator.name for estimator in ESTIMATORS]
    assert list(dict.fromkeys(own["estimator"])) == [*names, dynamic.PUBLISHED]
    rows_of = own.groupby("estimator")["n"].first()
    assert rows_of["system_gmm"] == rows_of["within"] == rows_of["jackknife"] == 31 * 12
    assert rows_of["difference_gmm"] == rows_of["anderson_hsiao"] == 31 * 11
    printed = own[own["estimator"] == dynamic.PUBLISHED].set_index("term")
    assert printed.loc[LAG, "coef"] == 1.098
    wide = dynamic.side_by_side(own)
    assert wide.loc[len(wide) - 1, LAG].startswith("1.098 (0.009)")
    numbers = ["coef", "se", "low", "high"]
    small = dynamic.side_by_side(own.assign(**(own[numbers] * 1e-3)))
    assert small.loc[len(small) - 1, LAG].startswith("0.0010980 (0.0000090)")
    for path in plotting.save(dynamic_figures.draw, rows, tmp_path / "dynamic"):
        assert path.stat().st_size > 10_000


def test_a_response_is_drawn_as_its_median_and_band(trace):
    rows = pd.DataFrame(dynamic.effects(trace), columns=dynamic.EFFECT_COLUMNS)
    figure = dynamic_figures.draw_effects(rows.assign(model="dynamic"))
    (axes,) = figure.axes
    drawn = axes.lines[0].get_ydata()
    own = rows[(rows["quantity"] == "impulse") & (rows["slope"] == "average")]
    assert_allclose(drawn, own["median"])
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == own["low"].min()
    assert band.max() == own["high"].max()


def test_the_common_factor_restriction_stands_by_column_and_panel():
    found = dynamic.restricted((official("5.1"),), (COLUMN,))
    assert found["lines"].tolist() == ["none", "by province"]
    assert (found["excess"] == found["lagged_slope"] + found["rho"] * found["slope"]).all()
    assert ((found["low"] < found["excess"]) & (found["excess"] < found["high"])).all()
    shown = dynamic.shown_restrictions(found)
    assert shown[["column", "term"]].to_numpy().tolist() == [["5.1", "indus"]]
    told = dynamic.of_restrictions(found.assign(p=[0.01, 0.2], p_all=0.001))
    assert "Without lines, the slope of interest rejects this in 1 of 1 fits, all" in told
    assert "With lines by province, the slope of interest rejects this in 0 of 1 fits" in told
    assert max(len(sentence.split()) for sentence in told.split(". ")) <= 40


def test_a_column_that_holds_lags_has_effects_of_the_year_alone(trace, monkeypatch):
    monkeypatch.setattr(dynamic, "lags", lambda _: ("lag(indus)",))
    assert {row["quantity"] for row in dynamic.effects(trace)} == {"short_run"}


def test_a_column_that_holds_lags_is_left_out_with_a_notice(tmp_path, capsys):
    text = studies.STUDY.replace("lag(lnout) + dens +", "lag(lnout) + dens + lag(dens) +")
    with studying(load(studies.write(tmp_path, text))) as study:
        found = dynamic.restricted([study.panel], select(["3.1"]))
        assert dynamic.lags(*select(["3.1"])) == ("lag(dens)",)
    assert found.empty
    assert tuple(found.columns) == dynamic.RESTRICTED
    assert "column 3.1 is not tested against AR(1): " in capsys.readouterr().out
    assert dynamic.shown_restrictions(found).empty
