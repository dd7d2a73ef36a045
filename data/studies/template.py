"""A first study.toml, with comments, for someone who has data and a regression in mind."""

import json
from collections.abc import Sequence


def text(
    file: str,
    unit: str,
    time: str,
    outcome: str,
    interest: Sequence[str],
    controls: Sequence[str] = (),
    region: str = "",
    header: Sequence[str] = (),
    title: str = "",
) -> str:
    """Return the content of a study.toml with one column.

    Parameters
    ----------
    file, unit, time, region : str
        The data file, relative to study.toml, and its columns.
    outcome : str
    interest, controls : sequence of str
        Terms: columns, or expressions such as log(gdp).
    header : sequence of str
        All columns of the data, named in a comment.
    title : str
    """
    terms = " + ".join((*interest, *controls))
    formula = f"{outcome} ~ {terms} | {unit} + {time}"
    regions = (
        f"region = {_quoted(region)} # slopes and error scales may differ by region\n"
        if region
        else "# Without regions, slopes vary by unit alone. A column, or a table of units:\n"
        '# region = "zone"\n'
        "# [data.regions]\n"
        '# north = ["A", "B"]\n'
        '# south = ["C"]\n'
    )
    listed = ", ".join(header)
    return f"""\
# A study: one paper's data and columns. `python -m analysis study check` checks this file.
# Its keys, for editors: `python -m analysis study schema`.
title = {_quoted(title or f"{outcome} on {' and '.join(interest)}")}
citation = ""

[data]
# Columns of the data: {listed}
file = {_quoted(file)}
unit = {_quoted(unit)}
time = {_quoted(time)} # calendar years
{regions}
[data.labels] # what variables are, for tables
# {_key(outcome)} = "…"

[transform] # new variables: log, exp, sqrt, abs; lag(x, 2), diff(x), within(x) by unit and year
# late = "year >= 1990" # a condition makes a dummy; so does "law == 'yes'"
# ln_x = "log(x)"

# One [[column]] for each column of a table: its name is table and column.
# Estimators: twfe, within, pooled_ols, between, random_effects, iv, within_iv, fd_iv,
# system_gmm, difference_gmm. Fixed effects are named behind the bar.
# Two-stage ones name endogenous = ["x"] and instruments = ["z"]. A GMM has the outcome's lag among
# its terms, and may have gmm = {{ lags = [2, 0], collapse = false, steps = 1, robust = true }}.
[[column]]
name = "1.1"
title = "baseline"
formula = {_quoted(formula)}
interest = [{", ".join(map(_quoted, interest))}]
estimator = "twfe"
errors = "conventional" # or robust, clustered (by unit), two_way_clustered, driscoll_kraay
# sample = "{time} >= 1990" # which rows; all by default

# Choices of analysis for `multiverse`, crossed in full; without the table some are made. Further
# ones: sample conditions, other forms of a variable, weights by region (data/README.md).
# [multiverse]
# controls = "each" # each in or out; one_out: each left out in turn
# without_years = [1990]
# effects = ["unit_trends"]
# [multiverse.samples]
# "from 1995" = "{time} >= 1995"

# What the paper prints, in a file of its own that no estimator sees: a CSV with the columns
# table, column, term, statistic, printed, stars (analysis/audit/README.md), such as
# 1,1.1,{interest[0]},coef,0.105,***
# [printed]
# file = "printed.csv"

# What the paper claims: a CSV with the columns text, column, term, kind, rope. Its kind is sign
# (that of the printed coefficient) or size; rope, a size that does not matter, may be empty.
# [claims]
# file = "claims.csv"
"""


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else _quoted(name)
