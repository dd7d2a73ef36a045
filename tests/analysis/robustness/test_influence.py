"""Influence: every column's slopes without each province and year are what estimators say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.replication import system_gmm
from analysis.replication.replicate import ESTIMATORS
from analysis.reporting import gallery
from analysis.robustness import influence
from analysis.robustness.influence import COLUMNS, Slope, turns
from analysis.robustness.sensitivity import tables as sensitivity
from analysis.shared import plotting
from analysis.specifications import load, select, studying
from models.bayesian.registry import MAIN
from models.design import design, sample
from models.frequentist import twfe
from tests.helpers import studies
from tests.helpers.true_panels import simulated_panel

BASELINE, DYNAMIC, CENTRAL = select(["3.2", "5.1", "8.2"])


@pytest.fixture(scope="module")
def panel():
    """A simulated panel in which Hubei alone carries the central slope."""
    made = simulated_panel(seed=4, years=range(2012, 2020))
    frame = made.frame.copy()
    central, hubei = frame["region"] == "central", frame["province"] == "Hubei"
    frame.loc[central, "produ"] -= 1.9 * frame.loc[central, "indus"]
    frame.loc[hubei, "produ"] += 24 * frame.loc[hubei, "indus"]
    return replace(made, name="official", frame=frame)


@pytest.fixture(scope="module")
def found(panel, tmp_path_factory):
    nothing = sensitivity.tables(tmp_path_factory.mktemp("none"))
    return influence.table([panel], [CENTRAL, DYNAMIC], nothing)


def test_every_province_and_year_is_left_out_once(found):
    assert tuple(found.columns) == COLUMNS
    counts = found.groupby(["column", "group"]).size()
    assert counts.to_dict() == {
        ("8.2", "province"): 8, ("8.2", "year"): 8, ("5.1", "province"): 31, ("5.1", "year"): 8,
    }  # fmt: skip
    assert found["posterior"].isna().all()
    assert (found.loc[found["group"] == "year", "home"] == "").all()


def test_a_row_is_the_estimate_without_the_rows(found, panel):
    row = found.set_index(["column", "left_out"]).loc[("8.2", "Hubei")]
    without = twfe.fit(design(panel.frame[panel.frame["province"] != "Hubei"], CENTRAL))
    whole = twfe.fit(design(panel.frame, CENTRAL))
    assert row["coef"] == without.coef[0]
    assert row["p"] == without.p[0]
    assert row["shift"] == (without.coef[0] - whole.coef[0]) / whole.se[0]
    row = found.set_index(["column", "left_out"]).loc[("5.1", "2015")]
    fit = system_gmm.fit_column(panel.frame[panel.frame["year"] != 2015], DYNAMIC)
    assert row["coef"] == system_gmm.coefficients(fit).loc["indus", "coef"]


def test_a_studys_column_is_estimated_as_it_declares(tmp_path):
    more = """
[[column]]
name = "2.4"
formula = "lnout ~ dens + log(jobs)"
interest = ["dens"]
estimator = "pooled_ols"
errors = "robust"

[printed]"""
    text = studies.STUDY.replace("[printed]", more, 1)
    text = text.replace('interest = ["dens"]\n', 'interest = ["dens"]\nerrors = "clustered"\n', 1)
    with studying(load(studies.write(tmp_path, text))) as study:
        for record in study.records:
            by_term, _ = ESTIMATORS[record.estimator](study.panel, record, 99)
            found = influence.estimate(sample(study.panel.frame, record), record)["dens"]
            assert (found.coef, found.se) == tuple(by_term.loc["dens", ["coef", "se"]])
    assert [record.estimator for record in study.records][2:] == ["difference_gmm", "pooled_ols"]


def test_who_carries_a_slope_is_named(found):
    line = influence.summary(found).set_index("column").loc["8.2"]
    assert line["province"].startswith("Hubei -")
    assert "Hubei" in line["turn sign"]
    own = found[found["column"] == "8.2"].set_index("left_out")
    assert (own["turns"] == "sign").sum() == 1


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (Slope(-0.1, 0.1, 0.3), "sign"),
        (Slope(0.1, 0.1, 0.3), "significance"),
        (Slope(0.3, 0.1, 0.003), ""),
        (Slope(np.nan, np.nan, np.nan), "no estimate"),
    ],
)
def test_what_turns_is_sign_before_significance(after, said):
    assert turns(Slope(0.2, 0.05, 0.001), after) == said


def test_the_posterior_that_the_ledger_judges_by_stands_beside(panel, tmp_path):
    tables = sensitivity.tables(tmp_path)
    shared = {"panel": "official", "column": "3.2", "term": "indus", "model": MAIN,
              "region": "central", "mean": 0.5, "whole_mean": 0.4, "whole_sd": 0.1,
              "shift": 1.0}  # fmt: skip
    tables["influence"] = pd.DataFrame(
        [shared | {"province": "Hubei"},
         shared | {"province": "Hubei", "region": "average", "shift": 9.0},
         shared | {"province": "Hunan", "column": "8.2", "region": "average", "model": "mundlak"}]
    )  # fmt: skip
    tables["years"] = pd.DataFrame([shared | {"year": 2015}])
    found = influence.table([panel], [CENTRAL], tables).set_index("left_out")
    assert found.loc[["Hubei", "2015"], "posterior_shift"].tolist() == [1.0, 1.0]
    assert np.isnan(found.loc["Hunan", "posterior"])  # of the region alone: nothing is judged by it
    assert found.loc["Hubei", "posterior_whole"] == 0.4


def test_the_figure_is_the_table(found):
    (picture,) = gallery.pictures("influence")
    ((name, rows),) = picture.frames(found)
    assert name == "influence"
    with plotting.matplotlib.rc_context(plotting.STYLE):
        axes = influence.draw(rows).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    shown = axes.images[0].get_array()
    assert shown.shape == (31 + 8, 2)
    row = rows[(rows["column"] == "8.2") & (rows["left_out"] == "Hubei")].iloc[0]
    assert shown[labels.index("Hubei"), 1] == pytest.approx(row["shift"])
    assert labels[:2] == ["Beijing", "Fujian"]  # the east first
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown)).sum() == 31 - 8
