"""The multiverse of a study: universes counted by hand, each a regression by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import xarray as xr
from linearmodels import PanelOLS

from analysis.comparison.coefficients import published_slopes
from analysis.robustness.multiverse import evaluate, fraction, grid, study, summarise, universes
from analysis.robustness.multiverse.universes import Found
from analysis.shared.outputs import ROOT
from analysis.specifications import current, load, select, studying
from data.shared.errors import UserError
from tests.helpers import studies

MUNNELL = ROOT / "data/studies/munnell/study.toml"


def estimated(path: Path):
    """Return least squares of the first column in every universe."""
    with studying(load(path)):
        setting = study.setting()
        column = setting.records[0].column
        ways = grid.layout(setting, column).ways
        parts = [grid.run(setting, column, number) for number in range(len(ways))]
        return grid.collect(setting, column, parts)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    return estimated(studies.write(folder, studies.STUDY + studies.MULTIVERSE))


def rows_of(frame: pd.DataFrame) -> pd.DataFrame:
    made = {"dens": frame["roads"] / frame["area"], "lnjobs": np.log(frame["jobs"])}
    return frame.assign(lnout=np.log(frame["out"]), **made)


def test_universes_are_the_product_of_all_options(toy):
    sizes = dict(toy["estimate"].sizes)
    assert sizes == {
        **{"form_of_lnout": 2, "controls": 2, "sample": 2, "years": 3, "regions": 2},
        **{"effects": 2, "weights": 2, "term": 1},
    }
    assert toy["regression"].size == 2 * 2 * 2 * 3 * 2 * 2 * 2
    # From 1993 on 1990 is left out anyway: as many regressions as without that option.
    of_rows = 3 + 2
    assert len(np.unique(toy["regression"])) == 2 * 2 * of_rows * 2 * 2 * 2
    late = toy["regression"].sel(sample="late")
    assert (late.sel(years="all") == late.sel(years="without 1990")).all()
    assert (late.sel(years="all") != late.sel(years="without 1998")).all()


@pytest.mark.parametrize("errors", ["conventional", "province", "two_way"])
def test_a_universe_is_the_regression_that_it_names(toy, errors):
    frame = rows_of(studies.panel())
    frame = frame[(frame["yr"] >= 1993) & (frame["yr"] != 1998) & (frame["zone"] != "north")]
    frame = frame.assign(y=np.log(frame["out"] / frame["jobs"])).set_index(["county", "yr"])
    kinds = {
        "conventional": {"cov_type": "unadjusted"},
        "province": {"cov_type": "clustered", "cluster_entity": True, "group_debias": True},
        "two_way": {},
    }
    model = PanelOLS(frame["y"], frame[["dens"]], entity_effects=True, time_effects=True)
    at = {"form_of_lnout": "per job", "controls": "without log(jobs)", "sample": "late"}
    at |= {"years": "without 1998", "regions": "without north", "effects": "two-way"}
    universe = toy.sel(at | {"weights": "equal", "term": "dens"})
    fit = model.fit(**kinds[errors] if kinds[errors] else {"cov_type": "unadjusted"})
    assert float(universe["estimate"]) == pytest.approx(fit.params["dens"], rel=2e-6)
    se = float(universe["se"].sel(clustering=errors))
    if errors == "conventional":
        assert se == pytest.approx(fit.std_errors["dens"], rel=2e-6)
    elif errors == "province":
        # linearmodels counts the units among the parameters, Stata's factor does not.
        n, k, years = len(frame), 1, frame.index.get_level_values("yr").nunique()
        units = frame.index.get_level_values("county").nunique()
        factor = (n - k - years - units + 1) / (n - k - years)
        own = fit.std_errors["dens"] * np.sqrt(factor)
        assert se == pytest.approx(own, rel=2e-2)


def test_trends_are_dummies_times_years(toy):
    frame = rows_of(studies.panel())
    dummies = pd.get_dummies(frame["county"], dtype=float)
    trends = dummies.iloc[:, 1:].mul(frame["yr"] - 1990, axis=0).add_suffix(" trend")
    years = pd.get_dummies(frame["yr"], drop_first=True, dtype=float)
    x = pd.concat([frame[["dens", "lnjobs"]], dummies, trends, years], axis=1)
    fit = sm.OLS(frame["lnout"], x.rename(columns=str)).fit()
    universe = toy.isel({dim: 0 for dim in toy["estimate"].dims if dim != "effects"})
    own = universe.sel(effects="unit trends")
    assert float(own["estimate"]) == pytest.approx(fit.params["dens"], rel=2e-6)
    assert float(own["se"].sel(clustering="conventional")) == pytest.approx(
        fit.bse["dens"], rel=2e-6
    )


def test_a_panel_with_gaps_has_its_own_rows(tmp_path):
    frame = studies.panel().drop(index=[3, 40, 41, 77])
    frame.loc[[9, 100], "jobs"] = np.nan
    found = estimated(studies.write(tmp_path, studies.STUDY + studies.MULTIVERSE, frame))
    rows = rows_of(frame.dropna())
    base = found.isel(dict.fromkeys(found["estimate"].dims, 0))
    assert float(base["estimate"]) == pytest.approx(studies.least_squares(frame)[0], rel=2e-6)
    assert float(base["se"].sel(clustering="conventional")) == pytest.approx(
        studies.least_squares(frame)[1], rel=2e-6
    )
    # Without the control the rows are still those of the column.
    model = PanelOLS.from_formula(
        "lnout ~ dens + EntityEffects + TimeEffects", rows.set_index(["county", "yr"])
    )
    first = {dim: 0 for dim in found["estimate"].dims if dim != "controls"}
    bare = found.isel(first).sel(controls="without log(jobs)")
    assert float(bare["estimate"]) == pytest.approx(model.fit().params["dens"], rel=2e-6)


def test_the_base_universe_is_the_printed_coefficient():
    """Munnell's data: what R's plm prints, and its replication comes to, at the last digit."""
    with studying(load(MUNNELL)):
        setting = study.setting()
        base = grid.run(setting, "1.3", 0)["estimate"].reshape(-1)[0]
        printed = published_slopes().loc[("1.3", "ln_pcap"), "coef"]
    digits = len(str(printed).split(".")[1])
    assert round(float(base), digits) == float(printed)


def test_choices_are_made_where_a_file_names_none(tmp_path):
    with studying(load(studies.write(tmp_path))) as loaded:
        setting = study.setting()
        assert study.setting() is setting
        assert [record.column for record in setting.records] == ["2.1", "2.2"]
        named = {choice.name: [o.name for o in choice.options] for choice in setting.grid}
        assert named == {
            "controls": ["own", "without log(jobs)"],
            "years": ["all", "without 1990", "without 1998"],
            "regions": ["all", "without north", "without central", "without south"],
        }
        assert "has no table [multiverse]. Crossed by default: controls" in study.said(loaded)
        # A column of one zone has no choice of zones: without its own no row is left.
        assert grid.layout(setting, "2.2").names == ("controls", "years")
    text = studies.STUDY + "[multiverse]\nposteriors = 0\n"
    with studying(load(studies.write(tmp_path, text))):
        assert study.setting() is not setting
        assert study.setting().grid == ()
        assert study.setting().families == ()
        assert grid.run(study.setting(), "2.1", 0)["estimate"].shape == (1,)


def test_each_control_is_in_or_out_and_the_outcomes_lag_stays(tmp_path):
    text = studies.STUDY.replace(
        "~ dens + log(jobs) | county", "~ lag(lnout) + dens + area | county"
    )
    text = (
        text.replace("dens + area", "dens + log(jobs) + roads")
        + '[multiverse]\ncontrols = "each"\n'
    )
    with studying(load(studies.write(tmp_path, text))):
        layout = grid.layout(study.setting(), "2.1")
        assert layout.names == ("without_log(jobs)", "without_roads")
        terms = {tuple(series.term for series in of) for of in layout.regressors}
    assert {("dens", "lag(lnout)", *more) for more in
            ((), ("roads",), ("log(jobs)",), ("log(jobs)", "roads"))} == terms  # fmt: skip


def test_a_set_of_controls_is_kept_by_name(tmp_path):
    text = studies.STUDY + "[multiverse]\n[multiverse.control_sets]\nnone = []\n"
    found = estimated(studies.write(tmp_path, text))
    assert found["controls"].to_numpy().tolist() == ["own", "none"]


def test_posteriors_are_a_balanced_part_by_error_structure(tmp_path, monkeypatch):
    monkeypatch.setattr(fraction, "DRAWS", 50)
    path = studies.write(tmp_path, studies.STUDY + studies.MULTIVERSE)
    with studying(load(path)):
        setting = study.setting()
        listed = evaluate.batches(setting)
        assert {batch.column for batch in listed} == {"2.1"}
        (posterior,) = [batch for batch in listed if batch.family == "posterior"]
        done = dict(evaluate.run(listed, study.setting, 1, tmp_path / "kept" / "x", workers=1))
        tree = evaluate.collect(listed, done, setting, 1, tmp_path / "x")
        assert done[posterior]["summary"].shape == (2, 1, len(fraction.SUMMARIES))
        found = Found(tree, published_slopes(), ("2.1",))
        tables = {name: make(found) for name, make in summarise.TABLES.items()}
    (row,) = tables["multiverse"].to_dict("records")
    assert (row["universes"], row["distinct"]) == (192, 160)
    (drawn,) = tables["multiverse_posteriors"].to_dict("records")
    assert (drawn["errors"], drawn["posteriors"] + drawn["not_trusted"]) == ("independent", 2)
    assert 0 < row["share_same_sign"] <= 1
    assert "universes have the printed sign" in summarise.sentence(tables["multiverse"])
    assert "160 distinct regressions" in summarise.counts(
        tables["multiverse"], tables["multiverse_posteriors"]
    )
    # Of what is not printed the column's own estimate says which sign.
    with studying(load(path)):
        alone = Found(tree, published_slopes().head(0), ("2.1",))
        own = summarise.table(alone)
    assert own["published"].isna().all()
    assert own["share_same_sign"].tolist() == [row["share_same_sign"]]
    assert "its own estimate's sign" in summarise.sentence(own)


def test_a_study_without_two_way_effects_is_told_so(tmp_path):
    text = studies.STUDY.replace("| county + yr", "| county").replace(
        'interest = ["dens"]', 'interest = ["dens"]\nestimator = "within"', 2
    )
    with studying(load(studies.write(tmp_path, text.split('[[column]]\nname = "3.1"')[0]))):
        with pytest.raises(UserError, match="of columns of two-way effects, and the study has"):
            study.setting()
        assert current().path is not None
        assert len(select(())) == 2


def test_a_universe_without_an_estimate_counts_as_no_regression():
    estimates = xr.Dataset(
        {"estimate": ("year", [0.1, np.nan, 0.1, 0.2]), "regression": ("year", [0, 1, 0, 2])}
    )
    assert universes.distinct(estimates) == 2
    assert np.isnan(universes.distinct(estimates[["estimate"]]))
