"""Files of other papers' tables: told apart, read as people write them, refused in a sentence."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.audit.run import findings, foreign
from data.published.tables import FOREIGN_CLAIMS, FOREIGN_NUMBERS, load_foreign
from data.shared.errors import UserError
from tests.analysis.audit.test_public_tables import LARGE, LEVELS, note, results, slope, written

README = Path(__file__).resolve().parents[3] / "analysis" / "audit" / "README.md"


def test_tables_of_two_files_are_told_apart(tmp_path):
    (tmp_path / "other").mkdir()
    right = written(tmp_path / "a.csv", slope("0.100") + LARGE)
    wrong = written(tmp_path / "b.csv", slope("0.400") + LARGE)
    namesake = written(tmp_path / "other" / "b.csv", slope("0.010") + LARGE)
    for paths in ([right, wrong], [wrong, right]):
        rows = foreign(paths)
        assert (rows["check"] == "stars").sum() == 2
        assert findings(rows)["place"].tolist() == ["b.csv: Table 1 (1) x"]
    places = findings(foreign([wrong, namesake, wrong]))["place"].tolist()
    assert places == [f"{path}: Table 1 (1) x" for path in (wrong, namesake)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"], ids=lambda name: name
)
def test_a_file_may_be_in_any_common_encoding(tmp_path, encoding):
    path = written(tmp_path / "a.csv", slope("0.400"), LEVELS + note("标准误"), encoding)
    assert findings(foreign([path]))["check"].tolist() == ["stars"]


@pytest.mark.parametrize(
    ("written_as", "read_as"),
    [
        ("\N{MINUS SIGN}0.200", "-0.200"),
        ("\N{EN DASH}0.200", "-0.200"),
        (".200", "0.200"),
        ("-.200", "-0.200"),
        ("+0.200", "0.200"),
        ("2.0e-01", "2.0e-01"),
        ("2.0E-01", "2.0e-01"),
        ("12,345.6", "12345.6"),
        ("0.200**", "0.200"),
        ("0.200 ∗∗", "0.200"),
    ],
)
def test_a_number_is_read_as_it_is_printed(tmp_path, written_as, read_as):
    row = load_foreign(written(tmp_path / "a.csv", slope("0.100", written_as))).iloc[0]
    assert (row["printed"], row["stars"]) == (read_as, "**")


@pytest.mark.parametrize("count", ["1,000", "1 000", "1000", "1000.0", "1\N{NO-BREAK SPACE}000"])
def test_a_count_may_hold_separators(tmp_path, count):
    assert results(tmp_path, slope("0.100") + f"1.1,,n,{count},\n") == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (slope("0.100") + slope("0.110"), r"row 4: the cell .*'1\.1'.*'x'.*'coef'.* row 2 already"),
        (slope("0,100"), r"row 3, column 'printed': '0,100' .* decimal point"),
        (slope("1,234"), r"row 3, column 'printed'"),
        (slope("n.s."), r"row 3, column 'printed': 'n\.s\.' is not a number"),
        (slope("$0.12^{***}$"), r"row 3, column 'printed': .*0\.12.* stars apart, as -0\.030"),
        (slope(r"\textbf{0.12}"), r"row 3, column 'printed': .*textbf.* as -0\.030"),
        (slope("0.1.0"), r"row 3, column 'printed'"),
        (slope("0.100", stars="yes"), r"row 2, column 'stars'"),
        (slope("0.100", statistic="sterr"), r"row 3, column 'statistic': 'sterr' .* coef, se"),
        (slope("0.100") + "2.1,,n,30,\n", r"row 4, column 'column': '2\.1'"),
        ("1.1,,n,12.5,\n", r"row 2, column 'printed': '12\.5' is not a count"),
        ("1.1,x,se,0.1,**\n", r"row 2, column 'stars'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path, lines, said):
    with pytest.raises(UserError, match=rf"a\.csv, {said}") as told:
        foreign([written(tmp_path / "a.csv", lines, "")])
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"table,column\n1,1.1\n", "row 1: the columns must hold 'statistic' once"),
        (b"PK\x03\x04\x00\x00", "is not a CSV text file"),
        (b'table,column,statistic,printed\n1,1,n,"3\n', "not valid CSV"),
        (b"table,column,statistic,printed\n1,1,n\n", "line 2: the row has 3 values"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(tmp_path, content, said):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        foreign([path])
    with pytest.raises(UserError, match="cannot be read"):
        foreign([tmp_path])


def test_the_readme_names_every_statistic_and_its_example_is_true(tmp_path):
    text = README.read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text))
    assert {*FOREIGN_NUMBERS, *FOREIGN_CLAIMS} - named <= {"heading_min", "heading_max"}
    path = tmp_path / "a.csv"
    path.write_text(re.search(r"```\n(table,.*?)```", text, re.DOTALL)[1], encoding="utf-8")
    rows = foreign([path])
    assert "stars" in set(rows["check"])
    assert findings(rows).empty


def test_the_help_names_every_number_of_a_regression():
    said = CliRunner().invoke(app, ["audit", "--help"]).stdout
    for name in ("coef", "se", "t", "z", "p", "n", "clusters", "r2_adjusted", "errors", "kind"):
        assert re.search(rf"\b{name}\b", said)


def test_a_count_belongs_to_its_column_whatever_stands_beside_it(tmp_path):
    lines = slope("0.060") + "1.1,N,n,1000,\n1.1,R2,r2,0.300,\n"  # t = 3.3: P = 0.001
    assert [row[0] for row in results(tmp_path, lines)] == ["stars"]
    assert results(tmp_path, lines + "1,groups,clusters,6,\n") == []


@pytest.mark.parametrize(
    ("inside", "stars", "findings_of"),
    [
        *((f"[0.02{between}0.38]", "**", []) for between in (", ", ",", "; ", " to ")),
        ("[−0.02, 0.42]", "**", ["stars"]),
        ("[0.02, 0.18]", "***", ["parentheses"]),
        ("(0.02, 0.38)", "", ["stars"]),
    ],
)
def test_an_interval_stands_for_a_standard_error(tmp_path, inside, stars, findings_of):
    """Of 0.200 [0.02, 0.38], SE = 0.18/1.96 = 0.092 and P = 0.029."""
    for statistic in ("se", "ci"):
        found = results(tmp_path, LARGE + slope(inside, stars=stars, statistic=statistic))
        assert [row[0] for row in found] == findings_of


def test_the_level_of_an_interval_is_what_the_note_says(tmp_path):
    lines = LARGE + slope("[0.02, 0.38]", stars="*")  # at 90 %, SE = 0.109 and P = 0.068
    assert [row[0] for row in results(tmp_path, lines)] == ["stars"]
    assert results(tmp_path, lines, LEVELS + note("90% confidence intervals in brackets")) == []


def test_an_interval_with_its_ends_crossed_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"row 3, column 'printed': .* ends in order"):
        foreign([written(tmp_path / "a.csv", slope("[0.38, 0.02]"))])


def test_marks_beside_the_parentheses_are_the_coefficients(tmp_path):
    rows = load_foreign(written(tmp_path / "a.csv", slope("(0.031)***", stars="")))
    assert rows["stars"].tolist()[:2] == ["***", ""]
    spaced = load_foreign(written(tmp_path / "a.csv", slope("0.031", "0.2 * *", stars="")))
    assert (spaced["printed"][0], spaced["stars"][0]) == ("0.2", "**")
    assert results(tmp_path, slope("0.300", stars="n.s.")) == []


@pytest.mark.parametrize(
    ("p", "stars", "fits"), [(">0.1", "", True), ("P > .1", "**", False), ("p=0.02", "**", True)]
)
def test_a_p_value_may_be_a_bound_from_below(tmp_path, p, stars, fits):
    found = results(tmp_path, slope(p, stars=stars, statistic="p"))
    assert [row[0] for row in found] == ([] if fits else ["stars"])
