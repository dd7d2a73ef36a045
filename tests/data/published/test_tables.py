"""The published tables: complete, true to the paper's text, and matched by the right rule."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from data.published.tables import DIRECTORY, half_unit, load, load_indicators, matches, numbers
from data.shared.errors import UserError

PAPER = Path(__file__).resolve().parents[3].parent / "shared" / "paper" / "paper_zh.txt"
needs_paper = pytest.mark.skipif(
    not PAPER.exists(),
    reason="reads the paper's text, which is its author's: no clone has it, see shared/paper",
)

COUNTS = {"2": 65, "3": 40, "4": 18, "5": 48, "6": 18, "7": 18, "8": 18}
STATISTICS = ("n", "mean", "sd", "min", "max")
LABELLED = {
    "个体固定效应": "province_effects",
    "时间固定效应": "year_effects",
    "控制变量": "controls",
    "样本数": "n",
    "R2": "r2",
}
"""Rows of Tables 3–8 that are not a variable's."""


# --- the paper's text -----------------------------------------------------------------------


def block(table: int) -> list[str]:
    """Return the lines of one printed table, from below its titles to the end of its note."""
    text = PAPER.read_text(encoding="utf-8").replace("\u2212", "-")
    ends = {1: r"4\.2\.2\. ", 2: r"5\. 实证结果与讨论"}
    end = ends.get(table, r"注：[^\n]*\n")
    pattern = rf"^ ?Table {table}\. [^\n]*\n表 {table}\. [^\n]*\n(.*?{end})"
    (body,) = re.findall(pattern, text, flags=re.MULTILINE | re.DOTALL)
    # A line's first space is an empty first cell, so only its end is stripped; 续表 is where
    # a table goes on after a page's end.
    return [line.rstrip() for line in body.splitlines() if line.strip() not in ("", "续表")]


def paper_descriptives() -> dict[tuple[str, ...], tuple[str, str]]:
    """Return Table 2 of the paper as {(column, label, statistic): (printed, stars)}."""
    header, *rows = block(2)[:-1]
    found = {
        ("2", header.split()[0], f"heading_{statistic}"): (word, "")
        for statistic, word in zip(STATISTICS, header.split()[1:], strict=True)
    }
    for row in rows:
        label, *cells = row.split(" ")
        for statistic, cell in zip(STATISTICS, cells, strict=True):
            found["2", label, statistic] = (cell, "")
    return found


def paper_regressions(table: int) -> dict[tuple[str, ...], tuple[str, str]]:
    """Return one of Tables 3–8 of the paper as {(column, label, statistic): (printed, stars)}."""
    lines = block(table)
    first = next(i for i, line in enumerate(lines) if re.match(r"(indus|L\.y) ", line))
    found = {}

    header = " ".join(" ".join(lines[:first]).split())
    label, *heads = re.split(r" ?\(\d\) ", header)
    for number, head in enumerate(heads, start=1):
        *heading, outcome = head.split()
        found[f"{table}.{number}", label, "outcome"] = (outcome, "")
        for words in heading:
            found[f"{table}.{number}", label, "heading"] = (words, "")

    variable = ""
    tests = ""
    for line in lines[first:-1]:
        row, *cells = line.split(" ")
        if row.startswith(("AR(", "P", "(z", "Hansen")):
            tests += f" {line}"
        elif row in LABELLED:
            for number, cell in enumerate(cells, start=1):
                found[f"{table}.{number}", row, LABELLED[row]] = (cell, "")
        else:
            variable = row or variable
            for number, cell in enumerate(cells, start=1):
                if cell:
                    value, stars = re.fullmatch(r"\(?([-\d.]+)\)?(\**)", cell).groups()
                    statistic = "coef" if row else "se"
                    found[f"{table}.{number}", variable, statistic] = (value, stars)

    for label, name in (("AR(1)", "ar1"), ("AR(2)", "ar2"), ("Hansen test", "hansen")):
        _, _, after = tests.partition(label)
        own = re.split(r"AR\(2\)|Hansen", after)[0]
        for letter in "pz":
            values = re.findall(rf"{letter} = (-?[\d.]+)", own, flags=re.IGNORECASE)
            for number, value in enumerate(values, start=1):
                found[f"{table}.{number}", label, f"{name}_{letter}"] = (value, "")
    return found


def ours(table: int) -> dict[tuple[str, ...], tuple[str, str]]:
    """Return what the project holds of one table, without its note, in the same form."""
    frame = load().query("table == @table and label != '注'", local_dict={"table": str(table)})
    keys = zip(frame["column"], frame["label"], frame["statistic"], strict=True)
    return dict(zip(keys, zip(frame["printed"], frame["stars"], strict=True), strict=True))


@needs_paper
def test_table_1_is_as_printed():
    dimension = ""
    rows = []
    for line in block(1)[1:-1]:
        if " " in line:
            indicator, *formula, unit, sign = line.split(" ")
            rows.append([dimension, indicator, " ".join(formula), unit, sign])
        else:
            dimension = line
    columns = ["dimension_zh", "indicator_zh", "formula_zh", "unit_zh", "sign"]
    assert load_indicators()[columns].to_numpy().tolist() == rows


@needs_paper
def test_table_2_is_as_printed():
    assert ours(2) == paper_descriptives()


@needs_paper
@pytest.mark.parametrize("table", range(3, 9))
def test_every_cell_of_a_regression_table_is_as_printed(table):
    # Both ways: nothing missing, nothing added, each in its own column and row.
    assert ours(table) == paper_regressions(table)


@needs_paper
@pytest.mark.parametrize("table", range(3, 9))
def test_note_is_as_printed(table):
    note = load().query("column == @table", local_dict={"table": str(table)})
    levels = note[note["statistic"].eq("significance")]
    words = note.loc[note["statistic"].eq("parentheses"), "printed"]
    stars = "{}、{}和{}".format(*levels["stars"])
    percents = "{}、{}和 {}".format(*levels["printed"])
    expected = f"注：{stars}分别表示在 {percents}的水平上显著，括号中为 {words.item()}。"
    assert block(table)[-1] == expected


# --- always -----------------------------------------------------------------------------------


def test_counts():
    frame = numbers()
    assert frame["table"].value_counts().to_dict() == COUNTS
    assert len(frame) == 225


def test_numbers_are_strings_that_convert():
    frame = numbers()
    assert frame["printed"].astype(float).notna().all()
    assert {type(value) for value in load().to_numpy().ravel()} == {str}


def test_decimals_are_kept():
    frame = numbers()
    decimals = frame["printed"].str.partition(".")[2].str.len()
    expected = frame["statistic"].map({"n": 0, "ar1_z": 2, "ar2_z": 2}).fillna(3)
    odd = frame[decimals.ne(expected)]
    assert odd[["column", "term", "statistic", "printed"]].to_numpy().tolist() == [
        ["3.1", "const", "coef", "-0.0131"]
    ]


def test_each_coefficient_has_its_standard_error():
    frame = numbers()
    pairs = {
        statistic: set(
            frame.loc[frame["statistic"].eq(statistic), ["column", "term"]].itertuples(
                index=False, name=None
            )
        )
        for statistic in ("coef", "se")
    }
    assert pairs["coef"] == pairs["se"]
    assert len(pairs["coef"]) == 53


def test_stars_follow_from_coefficients_and_standard_errors():
    # So the parentheses hold standard errors, whatever the notes say. Critical values: from the
    # normal's to Student's with 60 degrees of freedom, since the degrees are not printed.
    bands = {
        "": (0, 1.671),
        "*": (1.645, 2.0),
        "**": (1.960, 2.660),
        "***": (2.576, np.inf),
    }
    wide = numbers().query("statistic in ['coef', 'se']")
    stars = wide[wide["statistic"].eq("coef")].set_index(["column", "term"])["stars"]
    wide = wide.pivot(index=["column", "term"], columns="statistic", values="printed")
    for key, row in wide.iterrows():
        coef, se = abs(float(row["coef"])), float(row["se"])
        smallest = (coef - half_unit(row["coef"])) / (se + half_unit(row["se"]))
        largest = (coef + half_unit(row["coef"])) / (se - half_unit(row["se"]))
        low, high = bands[stars[key]]
        assert smallest <= high, key
        assert largest >= low, key


def test_outcome_and_regressor_that_are_printed_under_another_name():
    frame = load()
    outcome = frame[frame["statistic"].eq("outcome")]
    assert len(outcome) == 19
    renamed = outcome[outcome["term"].ne(outcome["printed"])]
    assert renamed[["column", "term", "printed"]].to_numpy().tolist() == [
        ["6.2", "produ_alt", "produ"]
    ]
    density = frame[frame["term"].eq("density")]
    assert set(density["column"]) == {"6.1"}
    assert set(density["label"]) == {"indus"}


def test_notes_tell_what_stars_mean():
    levels = load().query("statistic == 'significance'")
    meaning = levels.groupby("table")[["stars", "printed"]].apply(lambda g: g.to_numpy().tolist())
    assert list(meaning.index) == list("345678")
    assert all(rows == [["***", "1%"], ["**", "5%"], ["*", "10%"]] for rows in meaning)


def test_indicators():
    table = load_indicators()
    assert table["dimension"].value_counts(sort=False).to_dict() == {
        "produ_inno": 4,
        "produ_green": 5,
        "produ_digit": 5,
    }
    assert set(table.loc[table["sign"].eq("-"), "symbol"]) == {
        "energy_consumption_per_gdp",
        "industrial_water_use_per_gdp",
        "industrial_wastewater_per_gdp",
        "industrial_so2_per_gdp",
    }
    assert table.ne("").all(axis=None)


# --- matching ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("0.030", 0.0005),
        ("-0.0131", 0.00005),
        ("-2.72", 0.005),
        ("403", 0.5),
        ("12.913", 0.0005),
    ],
)
def test_half_unit(printed, expected):
    assert half_unit(printed) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("printed", "value", "expected"),
    [
        ("0.030", 0.03, True),
        ("0.030", 0.0305, True),
        ("0.030", 0.0295, True),
        ("0.030", 0.03051, False),
        ("0.030", 0.02949, False),
        ("0.03", 0.0345, True),
        ("0.105", 0.1055, True),
        ("0.105", 0.1045, True),
        ("-0.0131", -0.01314, True),
        ("-0.0131", -0.01316, False),
        ("-0.0131", 0.0131, False),
        ("-0.047", -0.0475, True),
        ("-0.047", -0.04751, False),
        ("0.000", -0.0004, True),
        ("403", 403, True),
        ("403", 402, False),
        ("0.030", float("nan"), False),
        ("0.030", float("inf"), False),
        ("0.030", np.float64(0.03), True),
    ],
)
def test_matches(printed, value, expected):
    assert matches(printed, value) is expected


@pytest.mark.parametrize("printed", ["", "nan", "1e-3", "\u22120.030", "(0.034)", "0.080**"])
def test_what_is_not_a_printed_number_is_refused(printed):
    with pytest.raises(ValueError, match="is not a printed number"):
        matches(printed, 0.0)


# --- damaged files ----------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(DIRECTORY, tmp_path / "published"))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "table3.csv",
            "se,0.034,",
            "se,(0.034),",
            "table3.csv, row 4: .* do not fit 'kind'",
        ),
        ("table3.csv", "se,0.034,", "se,0.034,**", "row 4: column 'stars' is filled"),
        (
            "table3.csv",
            "0.080,**",
            "0.080,****",
            r"row 3: column 'stars' cannot hold '\*\*\*\*'",
        ),
        (
            "table3.csv",
            "3,3.1,indus",
            "3,4.1,indus",
            "row 3: column 'column' is not one",
        ),
        ("table3.csv", "indus,se,", "indus,coef,", "row 4: .* repeat another row"),
        (
            "table3.csv",
            "table,column",
            "column,table",
            "row 1: the columns must be table, column",
        ),
        (
            "table1.csv",
            "个,+",
            "个,?",
            r"table1.csv, row 2: column 'sign' cannot hold '\?'",
        ),
    ],
)
def test_damaged_row_is_named(copy, file, old, new, message):
    path = copy / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    reader = load_indicators if file == "table1.csv" else load
    with pytest.raises(UserError, match=message):
        reader(copy)


def test_missing_file_is_named(copy):
    (copy / "table5.csv").unlink()
    with pytest.raises(UserError, match=r"table5\.csv is missing"):
        load(copy)
