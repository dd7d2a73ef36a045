"""A regression table: what is printed keeps its strings, what is estimated its digits."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparison import regression_table
from analysis.comparison.regression_table import Estimates, posterior, published, replicated, sheets
from analysis.shared.typeset.sheet import NO_BREAK
from analysis.specifications import select
from models.design import LAG
from tests.analysis.comparison.test_tables import made_up

LABELS = {"indus": "Industrial agglomeration", "produ": "Productive forces", "const": "Constant"}


def column(name: str):
    return select([name])[0]


def estimates(term: str, coef: float, se: float, p: float) -> list[tuple]:
    marks = "***" if p < 0.01 else ""
    cells = {"coef": coef, "se": se, "stars": marks, "p": p, "se_cluster": 2 * se, "p_cluster": 0.2}
    return [(term, statistic, str(value)) for statistic, value in cells.items()]


def replication(*rows: tuple) -> pd.DataFrame:
    """Return rows of a column's replication, with its n and R²."""
    whole = [(np.nan, "n", "403"), (np.nan, "r2", "0.6414")]
    return pd.DataFrame([*rows, *whole], columns=["term", "statistic", "estimated"])


INDUS = estimates("indus", -0.155, 0.0531, 0.004)


def sampled(name: str = "hierarchical", **changes):
    tree = made_up(**{"noise": 0.0} | changes)
    tree.attrs |= {"model": name, "model_sentence": "A sentence.", "gate_failed": ""}
    return tree


def test_printed_numbers_keep_their_strings():
    found = published(column("3.1"))
    assert found.slopes == {"indus": "0.080**\n(0.034)", "const": "-0.0131\n(0.033)"}
    assert found.whole["n"] == "403"
    assert found.whole["r2"] == "0.526"
    assert found.whole["controls"] == "No"


def test_the_lagged_outcome_and_the_tests_of_table_5_are_printed():
    found = published(column("5.2"))
    assert found.slopes[LAG] == "1.020***\n(0.012)"
    assert list(found.whole)[-5:] == ["ar1_z", "ar1_p", "ar2_z", "ar2_p", "hansen_p"]


@pytest.mark.parametrize(
    ("options", "cell"),
    [
        ({}, "-0.155***\n(0.053)"),
        ({"errors": "clustered"}, "-0.155\n(0.106)"),
        ({"intervals": True}, f"-0.155\n[-0.259,{NO_BREAK}-0.051]"),
    ],
)
def test_an_estimate_has_stars_and_its_error_or_an_interval(options, cell):
    found = replicated(column("3.1"), "official", replication(*INDUS), **options)
    assert found.head == "TWFE"
    assert found.slopes == {"indus": cell}
    assert found.whole["n"] == "403"
    assert found.whole["r2"] == "0.641"


def test_a_note_says_which_errors():
    notes = [
        replicated(column("3.1"), "official", replication(*INDUS), errors).notes
        for errors in ("conventional", "clustered")
    ]
    assert "conventional standard errors" in notes[0][0]
    assert "clustered by province" in notes[1][0]


def test_a_small_slope_keeps_two_digits_of_its_error():
    rows = replication(*estimates("indus", 0.000031, 0.000012, 0.2))
    assert replicated(column("3.1"), "own-x", rows).slopes["indus"] == "0.000031\n(0.000012)"


def test_a_dynamic_columns_estimator_is_called_by_its_name():
    rows = replication(*estimates(LAG, 1.107, 0.009, 0.0))
    found = replicated(column("5.1"), "official", rows, errors="clustered")
    assert found.head == "System GMM"
    assert found.slopes == {LAG: "1.107***\n(0.009)"}


def test_a_posterior_is_its_mean_and_the_ends_of_its_95_percent_interval():
    tree = sampled(noise=0.1)
    found = posterior(column("3.2"), tree, "hierarchical~mine")
    draws = tree["posterior"]["slope"].sel(term="indus").to_numpy()
    low, high = np.quantile(draws, [0.025, 0.975])
    assert found.slopes["indus"] == f"{draws.mean():.3f}\n[{low:.3f},{NO_BREAK}{high:.3f}]"
    assert found.head == "Posterior, hierarchical~mine"
    assert found.whole["n"] == "18"
    assert any("average slope" in note for note in found.notes)


def test_a_region_has_its_slope_in_the_fit_of_all_provinces():
    found = posterior(column("8.2"), sampled(), "hierarchical")
    assert found.slopes == {"indus": f"0.100\n[0.100,{NO_BREAK}0.100]"}
    assert "8.2, hierarchical: the slope of region central" in " ".join(found.notes)


def test_a_constant_is_shown_where_the_model_reports_one():
    tree = sampled()
    tree["posterior"] = (
        tree["posterior"].to_dataset().assign(const=(("chain", "draw"), np.ones((2, 500))))
    )
    assert posterior(column("3.2"), tree, "x").slopes["const"].startswith("1.000\n")
    assert "const" not in posterior(column("8.1"), tree, "x").slopes


def test_what_a_model_is_fitted_as_is_noted():
    tree = sampled(column="5.1")
    tree.attrs |= {"fitted_as": "static: without the lagged outcome"}
    notes = posterior(column("5.1"), tree, "x").notes
    assert "5.1, x: static: without the lagged outcome." in notes


def test_a_fit_that_failed_its_gate_says_so_in_head_and_note():
    tree = sampled()
    tree.attrs |= {"gate": "fail", "gate_failed": "rhat"}
    found = posterior(column("3.2"), tree, "x")
    assert found.head == "Posterior, x (failed its gate)"
    assert "(rhat)" in found.notes[-1]


def made(name: str, panel: str = "", *terms: str) -> Estimates:
    head = "TWFE" if panel else "Published"
    return Estimates(column(name), head, panel, dict.fromkeys(terms, "1*\n(2)"), {"n": "9"})


def test_terms_stand_in_the_papers_order_and_statistics_below_a_rule():
    columns = [made("3.2", "", "const", "urb", "indus", "fin"), made("3.2", "a", "density", LAG)]
    (sheet,) = sheets(columns, LABELS, {"a": "What a is."})
    heads = [row[0] for row in sheet.rows]
    assert heads == [
        LAG,
        "Industrial agglomeration",
        "fin",
        "urb",
        "density",
        "Constant",
        "Observations",
    ]
    assert sheet.ruled == {6}
    assert sheet.rows[1] == ("Industrial agglomeration", "1*\n(2)", "")
    assert sheet.title == "Productive forces (produ)"
    assert sheet.notes[-1] == "Panel a: What a is."
    assert sheet.notes[0].startswith("Stars: ***")


@pytest.mark.parametrize(
    ("columns", "asked", "shown"),
    [
        ([published(column("8.1"))], None, False),
        ([published(column("8.1"))], True, True),
        ([published(column("8.1")), published(column("3.2"))], None, True),
        ([published(column("3.2"))], False, False),
        ([made("8.1", "a", "indus", "urb")], None, True),
    ],
)
def test_controls_have_rows_where_the_paper_prints_them_or_it_is_asked(columns, asked, shown):
    columns = [*columns, made("8.2", "a", "indus", "urb")]
    (sheet,) = sheets(columns, {}, {}, asked)
    heads = [row[0] for row in sheet.rows]
    assert ("urb" in heads) == shown
    assert ("Controls" in heads) == (not shown)


def test_panels_are_named_above_columns_only_if_there_are_several():
    one, two = (
        [made(name, panel, "indus") for name in ("3.1", "3.2") for panel in panels]
        for panels in (("", "a"), ("", "a", "b"))
    )
    assert sheets(one, {}, {})[0].spanners == (
        (("(3.1) baseline without controls", 2), ("(3.2) baseline", 2)),
    )
    assert sheets(two, {}, {})[0].spanners[1] == (
        *(("", 1), ("a", 1), ("b", 1)),
        *(("", 1), ("a", 1), ("b", 1)),
    )


def test_more_columns_than_a_page_carries_go_into_further_tables_whole_groups_at_a_time():
    names = ("3.1", "3.2", "3.3", "8.1")
    found = sheets([made(n, p, "indus") for n in names for p in ("", "a", "b")], {}, {})
    assert [len(sheet.heads) - 1 for sheet in found] == [9, 3]
    assert found[1].spanners[0] == (("(8.1) region: east", 3),)


def test_different_outcomes_are_named():
    (sheet,) = sheets([made("3.2", "", "indus"), made("4.1", "", "indus")], LABELS, {})
    assert sheet.title == "Productive forces (produ); produ_inno"
    assert "Outcome of 4.1: produ_inno." in sheet.notes


def test_for_programs_a_line_is_a_row_and_heads_are_joined():
    (sheet,) = sheets([made("3.2", "a", "indus")], {}, {})
    frame = regression_table.frame(sheet)
    assert list(frame) == ["Term", "(3.2) baseline TWFE"]
    assert frame.to_numpy().tolist() == [["indus", "1*"], ["", "(2)"], ["Observations", "9"]]
