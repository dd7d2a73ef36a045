"""The paper's printed numbers as strings, and the rule for matching one.

`published/text.csv` holds what the text states of the tables (`load_text`).
`published/table1.csv` holds the 14 indicators of the index, with the paper's own terms in the
columns that end in `_zh`. `published/table2.csv` to `table8.csv` share one long layout:

table, column
    "3" and "3.2" (Table 3 column 2). What Table 2 prints, and what a note says of a whole
    table, has the table's number as its column.
term
    The project's symbol of the variable, "const" for the constant, "L.y" for the lag; empty
    where a statistic belongs to no variable (n, R², tests).
label
    The row's label as printed. In column 6.1 employment density is printed as "indus".
statistic
    n, mean, sd, min, max (Table 2); coef, se, n, r2, ar1_z, ar1_p, ar2_z, ar2_p, hansen_p.
    Of claims: outcome and heading (above a column), controls, province_effects, year_effects
    ("Yes" rows), significance and parentheses (the notes), heading_sd and so on (Table 2).
printed
    The number with its printed decimals, so that `float(printed)` works: a minus is the ASCII
    hyphen (the paper's is U+2212), a standard error has no parentheses here, and stars
    are apart. Of claims, the printed words.
stars
    "", "*", "**" or "***".
kind
    "number" (225 rows) or "claim".

Two headings are kept as claims because the numbers under them say otherwise: Table 2 calls the
standard deviation 标准误 (standard error), and the notes of Tables 3–8 call the standard errors
in parentheses t values.
"""

import re
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from data.published import transcription
from data.published.transcription import Rule
from data.shared.errors import UserError

DIRECTORY = Path(__file__).parent

NUMBER = r"-?\d+(\.\d+)?"
TABLES = ("2", "3", "4", "5", "6", "7", "8")
DESCRIPTIVE = ("n", "mean", "sd", "min", "max")
TESTS = ("ar1_z", "ar1_p", "ar2_z", "ar2_p", "hansen_p")
NUMBER_STATISTICS = (*DESCRIPTIVE, "coef", "se", "r2", *TESTS)
CLAIM_STATISTICS = (
    *(f"heading_{statistic}" for statistic in DESCRIPTIVE),
    *("outcome", "heading", "controls", "province_effects", "year_effects"),
    *("significance", "parentheses"),
)


def _kind_fits(frame: pd.DataFrame) -> pd.Series:
    """A number has a number's form and statistic, a claim has a claim's."""
    number = frame["printed"].str.fullmatch(NUMBER) & frame["statistic"].isin(NUMBER_STATISTICS)
    claim = frame["printed"].ne("") & frame["statistic"].isin(CLAIM_STATISTICS)
    return number.where(frame["kind"].eq("number"), claim)


def _stars_fit(frame: pd.DataFrame) -> pd.Series:
    """Only coefficients have stars, and the notes' lines on what stars mean."""
    return frame["stars"].eq("") | frame["statistic"].isin(("coef", "significance"))


def _column_fits(frame: pd.DataFrame) -> pd.Series:
    """Column "3.2" belongs to table "3"."""
    return frame["column"].str.split(".").str[0].eq(frame["table"])


def _once(frame: pd.DataFrame) -> pd.Series:
    """Each number occurs once; the notes have one line for each number of stars."""
    line = frame["stars"].where(frame["statistic"].eq("significance"), "")
    return ~frame[["column", "term", "statistic"]].assign(line=line).duplicated()


SCHEMA = pa.DataFrameSchema(
    {
        "table": pa.Column(str, pa.Check.isin(TABLES)),
        "column": pa.Column(str, pa.Check.str_matches(r"^\d(\.\d)?$")),
        "term": pa.Column(str),
        "label": pa.Column(str, pa.Check.str_length(min_value=1)),
        "statistic": pa.Column(str, pa.Check.isin(NUMBER_STATISTICS + CLAIM_STATISTICS)),
        "printed": pa.Column(str),
        "stars": pa.Column(str, pa.Check.isin(("", "*", "**", "***"))),
        "kind": pa.Column(str, pa.Check.isin(("number", "claim"))),
    },
    checks=[
        pa.Check(_kind_fits, error="columns 'printed' and 'statistic' do not fit 'kind'"),
        pa.Check(_stars_fit, error="column 'stars' is filled where no stars belong"),
        pa.Check(_column_fits, error="column 'column' is not one of the table"),
        pa.Check(_once, error="columns 'column', 'term' and 'statistic' repeat another row"),
    ],
)

FOREIGN_NUMBERS = (
    *NUMBER_STATISTICS,
    *("ci", "t", "z", "p", "clusters", "r2_adjusted", "r2_within", "r2_pseudo"),
)
FOREIGN_CLAIMS = (*CLAIM_STATISTICS, "errors", "coefficients", "estimator")


def _foreign_number(frame: pd.DataFrame) -> pd.Series:
    """A number is plain, of a P value perhaps a bound; of an interval there are two."""
    return frame["kind"].eq("claim") | transcription.are_numbers(frame)


def _count_is_whole(frame: pd.DataFrame) -> pd.Series:
    count = frame["kind"].eq("number") & frame["statistic"].isin(("n", "clusters"))
    return ~count | frame["printed"].str.fullmatch(r"0*[1-9]\d*(\.0+)?")


def _is_of_column(frame: pd.DataFrame) -> pd.Series:
    """Return which rows are about a whole column, whatever their `term`."""
    estimated = frame["column"].isin(frame.loc[frame["statistic"].eq("coef"), "column"])
    count = frame["statistic"].eq("n") & estimated
    return count | frame["statistic"].str.match(r"r2|clusters")


def _foreign_kind(frame: pd.DataFrame) -> pd.Series:
    number = frame["statistic"].isin(FOREIGN_NUMBERS)
    return frame["kind"].eq(number.map({True: "number", False: "claim"}))


FOREIGN = (
    Rule("table", lambda rows: rows["table"].ne(""), "names no table", "fill it in"),
    Rule(
        "column",
        lambda rows: pd.Series(
            [
                column == table or (column.startswith(f"{table}.") and column != f"{table}.")
                for column, table in zip(rows["column"], rows["table"], strict=True)
            ],
            index=rows.index,
        ),
        "is not a column of the row's table",
        "write the table's name, a dot and the column's, as \"3.2\", or the table's name alone",
    ),
    Rule(
        "statistic",
        lambda rows: rows["statistic"].isin(FOREIGN_NUMBERS + FOREIGN_CLAIMS),
        "is not known",
        f"use one of {', '.join(FOREIGN_NUMBERS + FOREIGN_CLAIMS)}",
    ),
    Rule(
        "kind",
        _foreign_kind,
        "does not fit the row's statistic",
        "write number for a number, claim for words, or leave it empty",
    ),
    Rule(
        "printed",
        _foreign_number,
        "is not a number that can be read",
        "write decimal points, stars apart, as -0.030, and ends in order, as [0.02, 0.31]",
    ),
    Rule(
        "printed",
        _count_is_whole,
        "is not a count",
        "write a whole number above zero",
    ),
    Rule(
        "stars",
        lambda rows: rows["stars"].str.fullmatch(r"|\*{1,5}|[†‡§#+^.]{1,3}|[a-d]"),
        "is not a mark of significance",
        "write *, ** or ***, or leave it empty",
    ),
    Rule(
        "stars",
        lambda rows: rows["stars"].eq("") | rows["statistic"].isin(("coef", "significance")),
        "belongs to no coefficient",
        "move it to the row of the coefficient",
    ),
)
"""Of another paper's table: the same layout, numbered as that paper numbers."""

TEXT = pa.DataFrameSchema(
    {
        "place": pa.Column(str),
        "quote": pa.Column(str, pa.Check.str_length(min_value=1)),
        "column": pa.Column(str, pa.Check.str_matches(r"^\d\.\d$")),
        "term": pa.Column(str),
        "statistic": pa.Column(str, pa.Check.isin(NUMBER_STATISTICS)),
        "relation": pa.Column(str, pa.Check.isin(("=", "<", ">", ""))),
        "value": pa.Column(str, pa.Check.str_matches(rf"^({NUMBER})?$")),
        "stars": pa.Column(str, pa.Check.isin(("", "*", "**", "***", "any", "none"))),
    }
)

INDICATORS = pa.DataFrameSchema(
    {
        "symbol": pa.Column(str, pa.Check.str_matches(r"^[a-z][a-z0-9_]*$"), unique=True),
        "dimension": pa.Column(str, pa.Check.isin(("produ_inno", "produ_green", "produ_digit"))),
        "dimension_en": pa.Column(str),
        "dimension_zh": pa.Column(str),
        "indicator_en": pa.Column(str),
        "indicator_zh": pa.Column(str),
        "formula_en": pa.Column(str),
        "formula_zh": pa.Column(str),
        "unit_en": pa.Column(str),
        "unit_zh": pa.Column(str),
        "sign": pa.Column(str, pa.Check.isin(("+", "-"))),
    }
)


def load(directory: Path = DIRECTORY) -> pd.DataFrame:
    """Return Tables 2–8, numbers and claims, in the paper's order of columns and rows.

    Parameters
    ----------
    directory : Path, optional
        Where `table2.csv` to `table8.csv` lie.

    Returns
    -------
    DataFrame
        Columns `table, column, term, label, statistic, printed, stars, kind`, all strings
        (see the module's docstring).

    Raises
    ------
    UserError
        If a file is missing or a row breaks the layout.
    """
    paths = tuple(directory / f"table{table}.csv" for table in TABLES)
    return _load(paths, tuple(path.read_bytes() for path in paths if path.is_file())).copy()


@lru_cache(4)  # validated once while the files hold the same
def _load(paths: tuple[Path, ...], _: tuple[bytes, ...]) -> pd.DataFrame:
    return pd.concat([_read(path, SCHEMA) for path in paths], ignore_index=True)


def numbers(directory: Path = DIRECTORY) -> pd.DataFrame:
    """Return the 225 rows of `load` that hold a printed number."""
    frame = load(directory)
    return frame[frame["kind"].eq("number")].reset_index(drop=True)


def of_study(path: Path | None) -> pd.DataFrame:
    """Return what a study's paper prints, numbers and claims, in the layout of `load`.

    Parameters
    ----------
    path : Path, optional
        Of a study.toml, whose key `printed.file` names the file; None for Tables 2–8.

    Returns
    -------
    DataFrame
        Without rows if the study names no file. Terms have the spelling of the formulas; the
        lagged outcome of a GMM is "L.y".

    Raises
    ------
    UserError
        If the file cannot be read, a row breaks the layout, or a coefficient is of a column or
        term that the study does not have.
    """
    if path is None:
        return load()
    from data.studies import printed, schema

    file = schema.read(path)
    if file.printed is None:
        return pd.DataFrame(columns=list(SCHEMA.columns), dtype=str)
    return printed.with_terms(load_foreign(path.parent / file.printed.file), file, path)


def load_indicators(directory: Path = DIRECTORY) -> pd.DataFrame:
    """Return Table 1: one row per indicator of the index, in the printed order.

    Returns
    -------
    DataFrame
        Columns `symbol` (the series' name, with `_per_gdp` or `_per_area` for a ratio),
        `dimension` (produ_inno, produ_green or produ_digit), `sign` ("+" or "-"), and
        dimension, indicator, formula and unit in English (`_en`) and as printed (`_zh`).

    Raises
    ------
    UserError
        If the file is missing or a row breaks the layout.
    """
    return _read(directory / "table1.csv", INDICATORS)


def load_text() -> pd.DataFrame:
    """Return what the paper's text states of its tables, a row per statement and cell.

    Returns
    -------
    DataFrame
        Columns `place` (section), `quote` (as printed), `column, term, statistic` of the cell,
        `relation` ("=", "<", ">" or empty) to `value`, and `stars`: "*", "**" or "***" that the
        text's words mean, "any" or "none", empty where nothing is said.

    Raises
    ------
    UserError
        If the file is missing or a row breaks the layout.
    """
    return _read(DIRECTORY / "text.csv", TEXT)


def load_foreign(path: Path) -> pd.DataFrame:
    """Return another paper's tables in the same layout (see `analysis/audit/README.md`).

    Numbers come back as `float` reads them, marks of significance in `stars` alone, and cells in
    which nothing is printed not at all.

    Raises
    ------
    UserError
        If the file cannot be read, a row breaks the layout, or two rows give the same cell.
    """
    needed = ("table", "column", "statistic", "printed")
    frame = transcription.read(path, needed, ("term", "label", "stars", "kind"))
    frame["statistic"] = frame["statistic"].str.lower()
    number = frame["statistic"].isin(FOREIGN_NUMBERS)
    implied = number.map({True: "number", False: "claim"})
    frame["kind"] = frame["kind"].str.lower().where(frame["kind"].ne(""), implied)
    frame["stars"] = frame["stars"].str.replace(" ", "")
    frame["term"] = frame["term"].mask(_is_of_column(frame), "")
    cells = frame.loc[number, ["printed", "stars", "statistic"]].itertuples(index=False)
    frame.loc[number, ["printed", "stars"]] = [_number_and_mark(*cell) for cell in cells]
    frame = transcription.as_intervals(transcription.marks_of_coefficients(frame))
    empty = frame["printed"].str.lower().isin(transcription.UNPRINTED)
    transcription.check(frame[~empty], FOREIGN, path)
    line = frame["stars"].where(frame["statistic"].eq("significance"), "")
    cells = frame.assign(mark=line)
    transcription.check_once(cells, ("column", "term", "statistic", "mark"), path)
    return frame.loc[~empty, list(SCHEMA.columns)].reset_index(drop=True)


def _number_and_mark(printed: str, stars: str, statistic: str) -> tuple[str, str]:
    """Return a number as `float` reads it, and its stars, where they do not contradict others."""
    number, mark = transcription.unmarked(printed)
    if stars in ("", mark):
        printed, stars = number, mark or stars
    return transcription.plain(printed, statistic in ("n", "clusters")), stars


def half_unit(printed: str) -> float:
    """Return half a unit of the last printed digit: 0.0005 for "0.030".

    Raises
    ------
    ValueError
        If `printed` is not a plain decimal number.
    """
    if not re.fullmatch(NUMBER, printed):
        raise ValueError(f"{printed!r} is not a printed number such as '-0.030'.")
    return 0.5 * 10.0 ** Decimal(printed).as_tuple().exponent


def matches(printed: str, value: float) -> bool:
    """Return whether a computed number lies within half a unit of the last printed digit.

    The interval is closed, so that both conventions of rounding a tie match, and wider by one
    part in 10⁹, since neither its ends nor `value` are exact in binary. NaN never matches.

    Raises
    ------
    ValueError
        If `printed` is not a plain decimal number.
    """
    reach = half_unit(printed) * (1 + 1e-9)
    return bool(abs(value - float(printed)) <= reach)


def _read(path: Path, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Read one table as strings and validate it, naming the first bad row as the file counts."""
    if not path.is_file():
        raise UserError(f"{path} is missing; restore it from the project's repository.")
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    if list(frame.columns) != list(schema.columns):
        raise UserError(f"{path}, row 1: the columns must be {', '.join(schema.columns)}.")
    try:
        return schema.validate(frame)
    except pa.errors.SchemaError as error:
        case = error.failure_cases.iloc[0]
        fault = (
            f"column {error.schema.name!r} cannot hold {case['failure_case']!r}"
            if error.schema.name
            else error.check.error
        )
        raise UserError(
            f"{path}, row {case['index'] + 2}: {fault}; restore the printed one."
        ) from error
