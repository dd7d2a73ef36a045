"""Tables as other papers print them: true ones raise nothing, and one wrong number is found.

Each table is `HEAD` and lines of `column,term,statistic,printed,stars`; numbers are invented, and
each says in its name which P values or bounds make it true.
"""

from pathlib import Path

import pytest

from analysis.audit.run import findings, foreign

HEAD = "table,column,term,label,statistic,printed,stars,kind\n"
LEVELS = "1,,significance,1%,***\n1,,significance,5%,**\n1,,significance,10%,*\n"


def written(path: Path, lines: str, levels: str = LEVELS, encoding: str = "utf-8") -> Path:
    """Write lines `column,term,statistic,printed,stars` as a file; returns its path."""
    rows = [line.rsplit(",", 1) for line in (lines + levels).strip().splitlines()]
    text = HEAD
    for row, stars in rows:
        column, term, statistic, printed = row.split(",", 3)
        text += f'1,{column},{term},label,{statistic},"{printed}",{stars},\n'
    path.write_bytes(text.encode(encoding))
    return path


def results(tmp_path: Path, lines: str, levels: str = LEVELS) -> list[tuple[str, str, str]]:
    """Return check, place and result of every finding."""
    rows = findings(foreign([written(tmp_path / "a.csv", lines, levels)]))
    return list(rows[["check", "place", "result"]].itertuples(index=False, name=None))


def slope(inside: str, coef: str = "0.200", stars: str = "**", statistic: str = "se") -> str:
    return f"1.1,x,coef,{coef},{stars}\n1.1,x,{statistic},{inside},\n"


LARGE = "1.1,,n,1000,\n1.1,,r2,0.300,\n"
CONSTANT = "1.1,const,coef,1.000,***\n1.1,const,se,0.200,\n"


def note(text: str, statistic: str = "parentheses", column: str = "1") -> str:
    return f"{column},,{statistic},{text},\n"


# --- what stands in parentheses -----------------------------------------------------------------

TRUE_NOTES = [
    *("Standard errors in parentheses", "standard errors", "Std. Err. in parentheses", "SEs"),
    *("Robust standard errors in parentheses", "标准误", "括号内为稳健标准误", "(s.e.)"),
    *("Standard errors clustered by state in parentheses", "Bootstrapped standard errors"),
    "Standard errors in parentheses. *** p<0.01, ** p<0.05, * p<0.1",
    "Newey-West standard errors (4 lags) in parentheses",
]


@pytest.mark.parametrize("words", TRUE_NOTES)
def test_a_note_on_standard_errors_is_true_of_standard_errors(tmp_path, words):
    # 0.2/0.1 = 2: P = 0.046.
    assert results(tmp_path, slope("0.100") + CONSTANT + LARGE + note(words)) == []


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("t values", slope("2.10")),
        ("t-statistics in parentheses", slope("-2.10", "-0.200") + CONSTANT.replace("0.200", "5")),
        ("Robust t statistics in parentheses; * p<0.1", slope("2.10")),
        ("t statistics based on clustered standard errors in parentheses", slope("2.10")),
        ("Absolute value of t statistics in parentheses", slope("2.10", "-0.200")),
        ("括号内为t值", slope("2.10")),
        ("t値は括弧内", slope("2.10")),
        ("z statistics in parentheses", slope("1.97")),
        ("p values", slope("0.034") + "1.1,z,coef,0.100,\n1.1,z,se,0.412,\n"),
        ("P-values in brackets", slope("[0.034]")),
        ("p值", slope("<0.05")),
        ("P値", slope("≤0.05")),
    ],
)
def test_a_note_on_other_statistics_is_true_of_them(tmp_path, words, lines):
    assert results(tmp_path, lines + LARGE.replace("0.300", "0.900") + note(words)) == []


@pytest.mark.parametrize(
    "lines",
    [
        slope("2.10", statistic="t"),
        slope("-2.10", "-0.200", statistic="t"),
        slope("1.97", statistic="z"),
        slope("0.034", statistic="p"),
        slope("0.100") + "1.1,x,t,2.00,\n1.1,x,p,0.046,\n",
    ],
)
def test_t_z_and_p_can_be_said(tmp_path, lines):
    assert results(tmp_path, lines + LARGE) == []


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (slope("1.10", statistic="t"), "stars"),
        (slope("0.134", statistic="p"), "stars"),
        (slope("1.10") + CONSTANT.replace("0.200", "5.00") + note("t values"), "stars"),
        (slope("0.134") + CONSTANT.replace("0.200", "0.00") + note("p values"), "stars"),
        (slope("-0.100") + note("standard errors"), "parentheses"),
        (slope("-0.100"), "parentheses"),
        (slope("-2.10", statistic="t"), "parentheses"),
        (slope("0.100") + CONSTANT + note("t values"), "parentheses"),
        (slope("0.100") + "1.1,x,t,2.50,\n", "z and P"),
        (slope("0.100") + "1.1,x,p,0.012,\n", "z and P"),
        (slope("0.010"), "stars"),
        (slope("0.400") + note("robust standard errors"), "stars"),
        (slope("0.400") + note("clustered at the firm level", "errors"), "stars"),
    ],
)
def test_one_number_that_contradicts_what_is_said_is_found(tmp_path, lines, found):
    (one,) = results(tmp_path, lines + LARGE)
    assert (one[0], one[2]) == (found, "inconsistent")


# --- levels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "level",
    [
        "5%",
        "5 %",
        "0.05",
        ".05",
        "0,05",
        "p<0.05",
        "p < .05",
        "P ≤ 0.05",
        "5",
        "5 percent",
        "** 5%",
        "95%",
        "95 % confidence",
    ],
)
def test_a_level_is_read_however_it_is_written(tmp_path, level):
    levels = f"1,,significance,{level},**\n1,,significance,0.01,***\n"
    assert results(tmp_path, slope("0.100") + LARGE, levels) == []
    ((check, *_),) = results(tmp_path, slope("0.110") + LARGE, levels)
    assert check == "stars"


def test_one_note_can_give_all_levels(tmp_path):
    for words in (
        "*** p<0.01; ** p<0.05; * p<0.1",
        "***, **, * denote significance at 1%, 5%, 10%",
        "*, ** and *** significant at the 10, 5 and 1 percent level",
        "***、**、*分别表示在1%、5%、10%的水平上显著",
    ):
        levels = f"1,,significance,{words},\n"
        assert results(tmp_path, slope("0.100") + LARGE, levels) == []
        assert results(tmp_path, slope("0.060") + LARGE, levels) != []


def test_a_mark_of_ten_percent_need_not_be_a_star(tmp_path):
    levels = "1,,significance,p<0.1,+\n1,,significance,p<0.05,*\n"
    assert results(tmp_path, slope("0.110", stars="+") + LARGE, levels) == []
    assert results(tmp_path, slope("0.100", stars="+") + LARGE, levels) != []
    # A mark that no note explains says nothing.
    assert results(tmp_path, slope("0.100", stars="***") + LARGE, levels) == []


# --- errors, degrees of freedom and R² ----------------------------------------------------------

LOW_R2 = "1.1,,n,80,\n1.1,,r2,0.388,\n"  # below t²/(t² + 78) = 0.69
STEEP = slope("0.031", "0.407", "***") + CONSTANT


@pytest.mark.parametrize(
    "words",
    [
        *(note("Robust SEs"), note("robust", "errors"), note("HC3", "errors", "1.1")),
        *(note("Clustered standard errors"), note("bootstrap", "errors"), "1.1,,clusters,40,\n"),
        *(note("2SLS", "estimator", "1.1"), note("Logit", "heading", "1.1")),
        note("standardized", "coefficients"),
    ],
)
def test_r2_is_not_held_against_errors_that_are_not_conventional(tmp_path, words):
    assert results(tmp_path, STEEP + LOW_R2 + words) == []


def test_r2_is_held_against_conventional_errors(tmp_path):
    said = results(tmp_path, STEEP + LOW_R2 + note("conventional", "errors"))
    assert said == [("R² and t", "Table 1 (1) R²", "inconsistent")]
    # Where nothing is said, errors may be robust.
    assert [row[2] for row in results(tmp_path, STEEP + LOW_R2)] == ["if robust"]
    assert results(tmp_path, STEEP + LOW_R2.replace("0.388", "0.700")) == []


@pytest.mark.parametrize("name", ["r2", "r2_pseudo", "r2_adjusted", "r2_within"])
def test_no_r2_is_above_one(tmp_path, name):
    lines = STEEP + f"1.1,,n,80,\n1.1,,{name},1.388,\n" + note("robust", "errors")
    assert [row[2] for row in results(tmp_path, lines)] == ["inconsistent"]


def test_another_r2_is_not_the_plain_one(tmp_path):
    pseudo = LOW_R2.replace("r2", "r2_pseudo")
    assert results(tmp_path, STEEP + pseudo) == []
    # t = 2 with n = 12 and R² 0.29: adjusted it is 0.21.
    small = slope("0.100", stars="*") + CONSTANT + "1.1,,n,12,\n1.1,,{},\n"
    assert results(tmp_path, small.format("r2_adjusted,0.215")) == []
    assert results(tmp_path, small.format("r2_adjusted,0.205")) != []
    assert results(tmp_path, small.format("r2,0.215")) != []


@pytest.mark.parametrize("said", ["1.1,,clusters,11,\n", note("SEs clustered (11 clusters)")])
def test_clusters_less_one_are_degrees_of_freedom(tmp_path, said):
    # t = 2.1: P = 0.036 by z, 0.062 with 10 degrees of freedom.
    for stars, right in (("*", True), ("**", True), ("***", False), ("", False)):
        lines = slope("0.0952", stars=stars) + LARGE + said
        assert (results(tmp_path, lines) == []) is right


def test_degrees_that_nothing_tells_contradict_nothing(tmp_path):
    few = slope("0.060", stars="**")  # t = 3.3: P = 0.001 by z, 0.03 with 5
    assert results(tmp_path, few) == []
    assert results(tmp_path, few + "1.1,,n,7,\n1.1,,r2,0.9,\n") == []
    assert results(tmp_path, few + "1.1,,n,7,\n1.1,,controls,Yes,\n1.1,,r2,0.9,\n") == []
    assert results(tmp_path, few + LARGE) != []
    assert results(tmp_path, slope("0.400", stars="***")) != []


def test_a_table_may_leave_its_constant_out(tmp_path):
    # t = 2.306 is the 5 % point of 8 degrees of freedom, and P = 0.0499 with 9 or 0.0501 with 8.
    lines = slope("0.0876", stars="{}") + "1.1,,n,10,\n1.1,,r2,0.900,\n"
    assert results(tmp_path, lines.format("*")) == []
    assert results(tmp_path, lines.format("**")) == []


# --- scales -------------------------------------------------------------------------------------

ODDS = """1.2,a,coef,0.704,
1.2,a,se,0.204,
1.2,b,coef,0.489,**
1.2,b,se,0.178,
1.2,c,coef,0.799,
1.2,c,se,0.263,
1.2,const,coef,0.033,***
1.2,const,se,0.040,
1.2,,n,402,
"""


@pytest.mark.parametrize(
    "said",
    ["", *(note(w, "coefficients", "1.2") for w in ("odds ratios", "exponentiated", "OR", "IRR"))],
)
def test_a_column_of_odds_ratios_is_read_as_one(tmp_path, said):
    # ln(0.489)·0.489/0.178 = −1.97; read plainly, a would have t = 3.5 and no star.
    assert results(tmp_path, ODDS + said) == []


def test_a_wrong_star_among_odds_ratios_is_found_where_they_are_said(tmp_path):
    lines = ODDS.replace("1.2,c,coef,0.799,", "1.2,c,coef,0.799,***")
    said = results(tmp_path, lines + note("odds ratios", "coefficients", "1.2"))
    assert said == [("stars", "Table 1 (2) c", "inconsistent")]


def test_one_wrong_star_does_not_make_odds_ratios(tmp_path):
    # 0.2/0.1 is ** and no ***, though ln(0.2)·0.2/0.1 = −3.2 would be.
    assert [row[0] for row in results(tmp_path, slope("0.100", stars="***") + LARGE)] == ["stars"]


# --- zeros, gaps and styles ---------------------------------------------------------------------


@pytest.mark.parametrize("coef", ["0.002", "-0.002", "0.000"])
def test_an_error_of_zero_leaves_all_open(tmp_path, coef):
    assert results(tmp_path, slope("0.000", coef, "***") + LARGE) == []


@pytest.mark.parametrize(
    "lines",
    [
        "1,x,mean,3.0,\n1,x,sd,2.9,\n",
        "1,x,n,1,\n1,x,mean,3.0,\n1,x,sd,0.0,\n1,x,min,3.0,\n1,x,max,3.0,\n",
        "1,x,heading_sd,standard error,\n1,x,sd,2.9,\n",
        *("1.1,x,se,0.1,\n1.1,,r2,0.3,\n", "1.1,x,coef,0.2,**\n", "1.1,,ar1_z,0.2,\n"),
        slope("", stars="**"),
        slope("-") + "1.1,y,coef,—,\n",
    ],
)
def test_what_is_not_printed_is_not_tested(tmp_path, lines):
    assert results(tmp_path, lines) == []


def test_numbers_may_be_of_equal_digits_or_of_a_style_of_their_own(tmp_path):
    lines = "".join(
        f"1.{column},x{row},coef,{text},\n"
        for column, texts in enumerate((("0.123", "0.456", "0.789", "12.3"), ("0.111",) * 4), 1)
        for row, text in enumerate(texts)
    )
    assert results(tmp_path, lines) == []
    assert results(tmp_path, lines.replace("12.3", "0.1")) == [
        ("decimals", "Table 1 (1) x3", "inconsistent")
    ]


# --- what the file leaves out is said, and not passed over --------------------------------------


def every_result(tmp_path: Path, lines: str, levels: str) -> list[tuple[str, str]]:
    rows = foreign([written(tmp_path / "a.csv", lines, levels)])
    return list(rows[["check", "result"]].itertuples(index=False, name=None))


@pytest.mark.parametrize("levels", ["", "1,,significance,five percent,**\n"])
def test_stars_of_which_no_note_says_the_level_are_not_testable(tmp_path, levels):
    assert every_result(tmp_path, slope("0.100"), levels) == [("stars", "not testable")]
    assert every_result(tmp_path, slope("0.100", stars=""), "") == []


def test_a_mark_that_the_notes_leave_out_is_not_testable(tmp_path):
    assert every_result(tmp_path, slope("0.100", stars="a"), LEVELS) == [("stars", "not testable")]


@pytest.mark.parametrize(
    "stars_note",
    ["*** p<0.01, ** p<0.05, * p<0.1", "***, ** and * denote 1%, 5% and 10%"],
)
def test_levels_may_stand_in_the_note_on_the_parentheses(tmp_path, stars_note):
    said = note(f"Standard errors in parentheses; {stars_note}")
    assert results(tmp_path, slope("0.100") + LARGE + said, "") == []
    # 0.2/0.1 = 2: P = 0.046.
    assert results(tmp_path, slope("0.100", stars="***") + LARGE + said, "") == [
        ("stars", "Table 1 (1) x", "inconsistent")
    ]


@pytest.mark.parametrize(("low", "high", "mean"), [("0.8", "0.1", "0.5"), ("0.1", "0.8", "5.0")])
def test_a_mean_outside_minimum_and_maximum_is_inconsistent_whatever_its_sd(
    tmp_path, low, high, mean
):
    lines = f"1,x,n,400,\n1,x,mean,{mean},\n1,x,sd,0.0,\n1,x,min,{low},\n1,x,max,{high},\n"
    assert results(tmp_path, lines, "") == [("sd within limits", "Table 1 x", "inconsistent")]
