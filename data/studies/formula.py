"""Formulas of a study: parsed by formulaic, screened, and evaluated on a panel.

A column's formula is fixest's: `y ~ x1 + x2 | unit + time`. `lag(x, k)`, `diff(x)` and `within(x)`
are this project's, by unit and calendar year: formulaic's own `lag` shifts rows, so that one unit's
last year becomes the next one's first, and steps over gaps.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd)

PLAIN: Mapping[str, Callable] = {
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "I": lambda x: x,
}
"""Functions of a row's own values."""

OVER_TIME = ("lag", "diff", "within")
"""Functions of a unit's other years, too."""

FUNCTIONS = (*PLAIN, *OVER_TIME)


@dataclass(frozen=True)
class Formula:
    """A column's formula.

    Attributes
    ----------
    outcome : str
    terms : tuple of str
        The right-hand side without its constant, in the order written.
    effects : tuple of str
        The names behind the bar.
    """

    outcome: str
    terms: tuple[str, ...]
    effects: tuple[str, ...]


def column_formula(text: str) -> Formula:
    """Parse a column's formula.

    Raises
    ------
    ValueError
        In one sentence with the remedy: pydantic adds file and key.
    """
    head, *bars = split(text, "|")
    sides = split(head, "~")
    if len(sides) != 2 or not all(sides):
        raise ValueError(
            f"the formula {text!r} has no outcome and terms parted by one ~: write "
            "'y ~ x1 + x2 | unit + time'"
        )
    if len(bars) > 1:
        raise ValueError(
            f"the formula {text!r} has {len(bars)} bars: keep the one before the fixed effects, "
            "and name `endogenous` and `instruments` as keys"
        )
    effects = tuple(split(bars[0], "+")) if bars else ()
    outcome = expression(sides[0])
    terms = right_hand_side(sides[1])
    if outcome in terms:
        raise ValueError(f"the outcome {outcome} is a term of its own formula: take it out")
    return Formula(outcome, terms, effects)


def right_hand_side(text: str) -> tuple[str, ...]:
    """Return the terms of `x1 + x2 + x1:x2`, each once, without the constant.

    Raises
    ------
    ValueError
        In one sentence with the remedy.
    """
    _refuse_lost_arithmetic(text)
    from formulaic import Formula as Parsed
    from formulaic.errors import FormulaicError

    try:
        parsed = Parsed(text)
        terms = [[factor.expr for factor in term.factors] for term in parsed]
    except (FormulaicError, SyntaxError, AttributeError, TypeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(f"the terms {text!r} cannot be read ({reason}): correct them") from None
    if ["1"] not in terms:
        raise ValueError(f"the terms {text!r} leave the constant out: keep it, without 0 or - 1")
    named = [":".join(map(expression, factors)) for factors in terms if factors != ["1"]]
    if not named:
        raise ValueError(f"the formula has no term but the constant in {text!r}: add one")
    return tuple(dict.fromkeys(named))


def expression(text: str) -> str:
    """Return an expression in one spelling, screened: columns, numbers, + − * / ** and `FUNCTIONS`.

    Raises
    ------
    ValueError
        In one sentence with the remedy.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(
            f"{text!r} is no expression: write columns, numbers, + - * / ** and "
            f"{', '.join(FUNCTIONS)}"
        ) from None
    _screen(tree.body, text)
    # A lag of one year is written without its number.
    written = ast.unparse(tree.body)
    return re.sub(r"\b(lag|diff)\(([^(),]+), 1\)", r"\1(\2)", written)


def _screen(node: ast.AST, text: str) -> None:
    """Refuse what is no arithmetic: a formula must not run code."""
    match node:
        case ast.Name():
            return
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, OPERATORS):
            _screen(left, text)
            _screen(right, text)
        case ast.UnaryOp(op=op, operand=operand) if isinstance(op, OPERATORS):
            _screen(operand, text)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            _check_call(name, args, text)
            for argument in args:
                _screen(argument, text)
        case ast.Call(func=ast.Attribute(attr=name)) if name in FUNCTIONS:
            raise ValueError(f"in {text!r}, write {name}(…) without what stands before it")
        case ast.Call(func=ast.Name(id="C")):
            raise ValueError(
                f"in {text!r}, C(…) makes dummies: name unit and time behind the bar, and give "
                "other dummies as columns of the data"
            )
        case ast.Call(func=ast.Name(id=name)):
            raise ValueError(
                f"in {text!r}, there is no function {name}: use {', '.join(FUNCTIONS)}"
            )
        case _:
            raise ValueError(
                f"{text!r} holds more than columns, numbers, + - * / ** and "
                f"{', '.join(FUNCTIONS)}: compute it in the data"
            )


def _check_call(name: str, args: list[ast.expr], text: str) -> None:
    if name in ("lag", "diff"):
        years = args[1:]
        positive_integers = all(
            isinstance(y, ast.Constant) and type(y.value) is int and y.value > 0 for y in years
        )
        if len(args) not in (1, 2) or not positive_integers:
            raise ValueError(
                f"in {text!r}, {name} takes a variable and a whole number of years, 1 if left "
                f"out: write {name}(x) or {name}(x, 2)"
            )
    elif len(args) != 1:
        raise ValueError(f"in {text!r}, {name} takes one argument: write {name}(x)")


LOST = {
    "**": "means interactions, and the square of x would be x: write I(x**2)",
    "^": "means interactions, and the square of x would be x: write I(x**2)",
    "/": "means nesting, x and its interactions: write I(x / z) for a quotient",
}
"""What a formula's operators mean that look like arithmetic."""


def _refuse_lost_arithmetic(text: str) -> None:
    """Refuse `x + x**2`: in a formula it means interactions of x with itself, which are x."""
    depth = 0
    for token in re.findall(r"\*\*|[()^/]|[^()*^/]+|\*", text):
        depth += (token == "(") - (token == ")")
        if token in LOST and depth == 0:
            raise ValueError(f"in {text!r}, {token} outside I(…) {LOST[token]}")


def term(text: str) -> str:
    """Return one term in the spelling of `right_hand_side`.

    Raises
    ------
    ValueError
        If it is none, or several.
    """
    terms = right_hand_side(text)
    if len(terms) != 1:
        raise ValueError(f"{text!r} is {len(terms)} terms ({', '.join(terms)}): name one")
    return terms[0]


def split(text: str, sign: str) -> list[str]:
    """Split at a sign outside of parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == sign and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def names_in(expressions: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that expressions read, each once."""
    columns: dict[str, None] = {}
    for text in expressions:
        for factor in split(text, ":"):
            tree = ast.parse(factor, mode="eval")
            called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
            names = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called]
            columns |= dict.fromkeys(node.id for node in sorted(names, key=lambda n: n.col_offset))
    return tuple(columns)


# --- evaluation ---------------------------------------------------------------------------


def evaluate(text: str, rows: pd.DataFrame, unit: str, time: str) -> pd.Series:
    """Evaluate a screened expression, or an interaction of several, on a panel.

    Parameters
    ----------
    text : str
        Of `expression` or `right_hand_side`.
    rows : DataFrame
        One row for each unit and year; the columns that `text` names, as floats.
    unit, time : str
        Columns of units and calendar years.

    Returns
    -------
    Series of float
        NaN where a value, or the year that it is lagged from, is missing.
    """
    if text in rows:
        return rows[text].astype(float)
    from formulaic import model_matrix

    # Formulaic finds functions in this context before its own, whose `lag` shifts rows.
    context = dict(PLAIN) | over_time(rows[unit].to_numpy(), rows[time].to_numpy())
    # Its columns are found before any function: a column called `lag` is no function.
    data = rows[[name for name in names_in([text]) if name in rows]]
    with np.errstate(all="ignore"):
        factors = [
            model_matrix(
                f"0 + I({factor})", data.astype(float), context=context, na_action="ignore"
            )
            for factor in split(text, ":")
        ]
    values = np.prod([factor.iloc[:, 0].to_numpy(float) for factor in factors], axis=0)
    return pd.Series(values, rows.index)


def over_time(unit: np.ndarray, time: np.ndarray) -> dict[str, Callable]:
    """Return `lag`, `diff` and `within` of rows of these units and calendar years."""
    index = pd.MultiIndex.from_arrays([unit, time])

    def lag(x: pd.Series, years: int = 1) -> pd.Series:
        values = pd.Series(np.asarray(x, float), index)
        before = pd.MultiIndex.from_arrays([unit, time - years])
        return pd.Series(values.reindex(before).to_numpy(), getattr(x, "index", None))

    def diff(x: pd.Series, years: int = 1) -> pd.Series:
        return x - lag(x, years)

    def within(x: pd.Series) -> pd.Series:
        values = pd.Series(np.asarray(x, float), getattr(x, "index", None))
        return values - values.groupby(unit).transform("mean")

    return {"lag": lag, "diff": diff, "within": within}
