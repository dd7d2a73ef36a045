"""Formulas: lags by calendar year within units, one spelling, nothing but arithmetic."""

import numpy as np
import pandas as pd
import pytest

from data.studies.formula import column_formula, evaluate, expression, names_in

ROWS = pd.DataFrame(
    {
        "state": list("aaabbb"),
        "year": [1, 2, 4, 1, 2, 3],
        "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "lag": [0.0, 1.0, 0.0, 1.0, 0.0, 1.0],
    }
)
NAN = np.nan


def test_a_formula_has_outcome_terms_and_effects():
    formula = column_formula("ln_y ~ a*b + log( c ) + lag(x, 1) + I(a ** 2) | state + year")
    assert formula.outcome == "ln_y"
    assert formula.terms == ("a", "b", "log(c)", "lag(x)", "I(a ** 2)", "a:b")
    assert formula.effects == ("state", "year")
    assert names_in(formula.terms) == ("a", "b", "c", "x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lag(x)", [NAN, 1, NAN, NAN, 4, 5]),  # year 4 of `a` has no year before
        ("lag(x, 2)", [NAN, NAN, 2, NAN, NAN, 4]),
        ("diff(x)", [NAN, 1, NAN, NAN, 1, 1]),
        ("diff(lag(x))", [NAN, NAN, NAN, NAN, NAN, 1]),
        ("within(x)", [-1, 0, 1, -1, 0, 1]),
        ("log(x) * 2", 2 * np.log([1, 2, 3, 4, 5, 6])),
        ("I(x ** 2)", [1, 4, 9, 16, 25, 36]),
        ("x:lag", [0, 2, 0, 4, 0, 6]),
    ],
)
@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 2, 0, 4, 1, 3]])
def test_values_are_of_unit_and_calendar_year_whatever_the_order_of_rows(text, expected, order):
    found = evaluate(text, ROWS.iloc[order], "state", "year").sort_index()
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x.__class__",
        "[x for x in y]",
        "open('x')",
        "lambda: x",
        "lag(x, -1)",
        "lag(x, y)",
        "log(x, 2)",
        "x if y else z",
        "'x'",
        "True",
        "(" * 200 + "x",
    ],
)
def test_what_is_no_arithmetic_is_refused(text):
    with pytest.raises(ValueError, match=r"write|use|compute"):
        expression(text)


@pytest.mark.parametrize("text", ["y", "y ~ x | a | b", "y ~ 1", "y ~ x - 1", "y ~ y + x", "~ x"])
def test_what_is_no_column_is_refused(text):
    with pytest.raises(ValueError, match=r"formula|terms|outcome"):
        column_formula(text)
