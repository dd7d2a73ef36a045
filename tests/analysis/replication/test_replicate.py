"""Replication: every printed number is met by a computed one, and the comparison is right."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from analysis.replication import replicate
from analysis.shared import terminal
from analysis.specifications import SPECIFICATIONS, select
from data.panels.panel import Panel
from data.published import tables
from tests.helpers.true_panels import simulated_panel

DRAWS = 199


@pytest.fixture(scope="module")
def panel() -> Panel:
    return simulated_panel(seed=1)


@pytest.fixture(scope="module")
def replication(panel) -> pd.DataFrame:
    return replicate.replicate(panel, SPECIFICATIONS, draws=DRAWS)


def test_every_printed_number_has_an_estimate(replication):
    printed = tables.numbers()
    compared = replication[replication["published"].notna() & (replication["statistic"] != "stars")]
    keys = ["column", "term", "statistic"]
    assert set(map(tuple, compared[keys].to_numpy())) == set(map(tuple, printed[keys].to_numpy()))
    assert len(compared) == 225
    assert compared["estimated"].notna().all()
    assert tuple(replication.columns) == replicate.COLUMNS


def test_table_2_statistics_are_those_of_the_panel(panel, replication):
    cells = replication.query("table == '2' and term == 'urb'").set_index("statistic")["estimated"]
    values = panel.frame["urb"].to_numpy()
    assert cells["n"] == len(values)
    assert cells["mean"] == pytest.approx(values.mean())
    assert cells["sd"] == pytest.approx(values.std(ddof=1))
    assert (cells["min"], cells["max"]) == (values.min(), values.max())


def test_estimates_are_least_squares_with_dummies(panel, replication):
    ols = smf.ols(
        "produ ~ indus + fin + env + stru + urb + trans + C(province) + C(year)", panel.frame
    ).fit()
    cells = replication.query("column == '3.2' and term == 'indus'").set_index("statistic")
    assert cells.loc["coef", "estimated"] == pytest.approx(ols.params["indus"], rel=1e-9)
    assert cells.loc["se", "estimated"] == pytest.approx(ols.bse["indus"], rel=1e-9)
    distance = (ols.params["indus"] - 0.105) / 0.031
    assert cells.loc["coef", "distance_in_published_se"] == pytest.approx(distance, rel=1e-9)
    assert cells["distance_in_published_se"].drop("coef").isna().all()


def test_a_number_matches_within_half_a_unit_of_its_last_digit():
    printed = pd.DataFrame(
        [("3", "3.2", "indus", statistic, text) for statistic, text in
         (("coef", "0.105"), ("se", "0.031"), ("stars", "***"))],
        columns=[*replicate.KEYS, "printed"],
    )  # fmt: skip
    estimates = printed.drop(columns="printed").assign(estimated=[0.1054, 0.0316, "**"])
    compared = replicate._compare(estimates, printed, "somewhere").set_index("statistic")
    assert compared["matches"].to_dict() == {"coef": True, "se": False, "stars": False}


def test_the_estimates_do_not_depend_on_the_order_of_rows(panel, replication):
    shuffled = Panel(
        panel.name, panel.frame.sample(frac=1, random_state=3), panel.sha256, panel.balanced
    )
    again = replicate.replicate(shuffled, select(["3.3"]), draws=DRAWS)
    numbers = again["statistic"].isin(["coef", "se", "r2"])
    keys = ["column", "term", "statistic"]
    expected = replication.set_index(keys).loc[pd.MultiIndex.from_frame(again[numbers][keys])]
    np.testing.assert_allclose(
        again[numbers]["estimated"].astype(float), expected["estimated"].astype(float), rtol=1e-9
    )


def test_tables_show_the_printed_number_beside_the_estimate(replication, monkeypatch, capsys):
    monkeypatch.setattr(terminal.console, "width", 160)
    replicate.show(replication)
    text = capsys.readouterr().out
    assert "Table 3. Baseline — panel simulated" in text
    assert "Table 5. System GMM — panel simulated" in text
    assert next(line for line in text.splitlines() if "AR(1) z" in line).count("-2.72") == 1
    line = next(line for line in text.splitlines() if "0.080**" in line)
    assert "0.105***" in line
    assert "-0.152" in line


def test_small_slopes_keep_their_digits_and_small_p_values_are_below_a_bound(monkeypatch, capsys):
    rows = [("coef", "0.105", 2.01e-6), ("se", "0.031", 8.6e-7), ("stars", "***", "**"),
            ("p_wild", None, 0.0002), ("p_cluster", None, 0.18)]  # fmt: skip
    cells = [("own-her", "3", "3.2", "indus", *row, None, None) for row in rows]
    monkeypatch.setattr(terminal.console, "width", 80)
    replicate.show(pd.DataFrame(cells, columns=list(replicate.COLUMNS)))
    text = capsys.readouterr().out
    assert all(each in text.split() for each in ("0.00000201**", "(0.00000086)", "<0.001"))
    assert "0.000" not in text.split()


def test_the_summary_counts_numbers_without_stars(replication):
    counts = replicate.summary(replication).set_index("table")["printed"]
    assert counts.to_dict() == {"2": 65, "3": 40, "4": 18, "5": 48, "6": 18, "7": 18, "8": 18}
    assert len(SPECIFICATIONS) == replication.query("table != '2'")["column"].nunique()
