"""The audit finds what is wrong in this paper, and nothing in a table that is right."""

import re
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from analysis.audit.run import (
    COLUMNS,
    GENERIC,
    audit,
    audit_foreign,
    findings,
    foreign,
    summary,
)
from analysis.ye2024 import audit as paper
from data.published import tables
from data.shared.errors import UserError

PAPER_TEXT = Path(__file__).resolve().parents[3].parent / "shared" / "paper" / "paper_zh.txt"

# Hlavac (2022), vignette of the R package stargazer, first two columns of its first table:
# lm(rating ~ …, attitude), "*p<0.1; **p<0.05; ***p<0.01".
STARGAZER = {
    "1.1": {
        "complaints": ("0.692", "***", "0.149"),
        "privileges": ("-0.104", "", "0.135"),
        "learning": ("0.249", "", "0.160"),
        "raises": ("-0.033", "", "0.202"),
        "critical": ("0.015", "", "0.147"),
        "const": ("11.011", "", "11.704"),
    },
    "1.2": {
        "complaints": ("0.682", "***", "0.129"),
        "privileges": ("-0.103", "", "0.129"),
        "learning": ("0.238", "*", "0.139"),
        "const": ("11.258", "", "7.318"),
    },
}


def stargazer() -> pd.DataFrame:
    rows = []
    for column, terms in STARGAZER.items():
        for term, (coef, stars, se) in terms.items():
            rows.append((column, term, "coef", coef, stars, "number"))
            rows.append((column, term, "se", se, "", "number"))
        rows.append((column, "", "n", "30", "", "number"))
        rows.append((column, "", "r2", "0.715", "", "number"))
    for stars, level in (("***", "1%"), ("**", "5%"), ("*", "10%")):
        rows.append(("1", "", "significance", level, stars, "claim"))
    names = ["column", "term", "statistic", "printed", "stars", "kind"]
    frame = pd.DataFrame(rows, columns=names).assign(table="1", label="x")
    return frame[list(tables.SCHEMA.columns)]


def changed(column: str, term: str, statistic: str, **values: str) -> pd.DataFrame:
    frame = stargazer()
    at = (frame[["column", "term", "statistic"]] == [column, term, statistic]).all(axis=1)
    assert at.sum() == 1
    for name, value in values.items():
        frame.loc[at, name] = value
    return frame


@cache
def found() -> pd.DataFrame:
    return paper.audit()


def off(check: str) -> list[str]:
    rows = findings(found())
    return rows.loc[rows["check"] == check, "place"].tolist()


# --- another paper's table ----------------------------------------------------------------------


def test_a_table_that_is_right_passes_every_check(tmp_path):
    path = tmp_path / "table.csv"
    stargazer().to_csv(path, index=False)
    rows = foreign([path])
    assert findings(rows).empty
    assert (rows["check"] == "stars").sum() == 10
    assert (rows["check"] == "R² and t").sum() == 8


@pytest.mark.parametrize(
    ("frame", "check"),
    [
        (changed("1.2", "learning", "coef", stars="**"), "stars"),
        (changed("1.1", "complaints", "coef", stars=""), "stars"),
        (changed("1.1", "complaints", "se", printed="0.490"), "stars"),
        (changed("1.2", "", "r2", printed="0.214"), "R² and t"),
        (changed("1.1", "raises", "se", printed="0.20"), "decimals"),
    ],
)
def test_one_wrong_cell_is_found(frame, check):
    assert findings(audit_foreign(frame))["check"].tolist()[0] == check


def test_a_number_that_only_truncation_explains_is_told_apart():
    # 0.2380 (0.1394) has P = 0.0997: * by its digits, and "***" by none.
    frame = changed("1.2", "complaints", "coef", printed="0.43", stars="***")
    frame.loc[frame["term"].eq("complaints") & frame["column"].eq("1.2")
              & frame["statistic"].eq("se"), "printed"] = "0.16"  # fmt: skip
    # Rounding leaves t in [2.58, 2.81] and df = 26, whose 1 % point is 2.779: *** is possible;
    # truncation leaves [2.53, 2.75], so that digits cut off could not be.
    row = (
        audit_foreign(frame)
        .query("check == 'stars' and place == 'Table 1 (2) complaints'")
        .squeeze()
    )
    assert (row["rounded"], row["truncated"], row["result"]) == ("yes", "no", "consistent")


def test_a_foreign_table_with_a_bad_row_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    changed("1.1", "raises", "se", printed="0,202").to_csv(path, index=False)
    with pytest.raises(UserError, match=r"table\.csv, row 9"):
        tables.load_foreign(path)


# --- this paper ---------------------------------------------------------------------------------


def test_every_check_compares_something_under_the_contract():
    assert tuple(found()) == COLUMNS
    assert set(summary(found())["check"]) == {check.id for check in paper.CHECKS}
    assert set(summary(found())["check"]) >= {check.id for check in GENERIC}


def test_what_the_paper_prints_and_cannot_be():
    # P of z = −0.17 is 0.865; the other seven pairs fit.
    assert off("z and P") == ["Table 5 (2) AR(2)"]
    assert off("decimals") == ["Table 3 (1) const"]
    assert off("parentheses") == [f"Table {table} note" for table in range(3, 9)]
    assert len(off("heading of the sd")) == 13
    assert off("explosive ρ") == ["Table 5 (1) L.y", "Table 5 (4) L.y"]
    assert off("long-run effect") == [f"Table 5 ({i}) indus" for i in (1, 2, 4)]
    assert len(off("equation (5)")) == 2
    assert len(off("units")) == 5


@pytest.mark.parametrize(
    "check",
    [
        *("stars", "sums", "sums in Table 2", "one ratio of SEs", "sample size", "nested R²"),
        *("text and tables", "sd within limits", "R² and t", "variation of indus"),
        "physical limits",
    ],
)
def test_what_fits(check):
    assert off(check) == []


def test_official_data_meet_rows_as_they_are_and_not_as_the_paper_says():
    rows = found()[found()["check"] == "official data"]
    met = rows[rows["result"] == "compatible"]
    rows_met = ["Table 2 env", "Table 2 env", "Table 2 stru", "Table 2 urb"]
    assert met["place"].tolist() == rows_met
    assert not met["compared"].str.contains("% and 99 %").any()
    assert "2014–2022" in met["compared"].iloc[1]
    assert "2003–2022" in met["compared"].iloc[2]


def test_degrees_of_freedom_are_those_of_the_estimator():
    assert (paper.degrees()["3.2"], paper.degrees()["8.2"]) == (403 - 31 - 12 - 6, 104 - 8 - 12 - 6)


def test_a_changed_cell_breaks_a_sum():
    frame = tables.load()
    at = frame["column"].eq("4.1") & frame["term"].eq("indus") & frame["statistic"].eq("coef")
    frame.loc[at, "printed"] = "0.075"
    rows = audit(frame, [check for check in paper.CHECKS if check.id == "sums"], paper.degrees())
    assert findings(rows)["place"].tolist() == ["Table 3 (2) indus"]


@pytest.mark.skipif(
    not PAPER_TEXT.exists(),
    reason="reads the paper's text, which is its author's: no clone has it, see shared/paper",
)
def test_every_quote_stands_in_the_paper():
    text = re.sub(r"\s+", "", PAPER_TEXT.read_text(encoding="utf-8"))
    quotes = tables.load_text()["quote"]
    assert [quote for quote in quotes if re.sub(r"\s+", "", quote) not in text] == []
