"""Which rows a column is of: a condition such as `region == 'north' and year <= 1980`."""

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

COMPARED: dict[type[ast.cmpop], Callable] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda values, listed: values.isin(listed),
    ast.NotIn: lambda values, listed: ~values.isin(listed),
}

REGION, TIME = "region", "year"
"""What a condition may call the study's region and time, whatever their columns are called."""


@dataclass(frozen=True)
class Condition:
    """A column's sample.

    Attributes
    ----------
    region : str, optional
        The one region that it asks for.
    last_year : int, optional
        The year with which it ends.
    rest : str
        What it asks for besides, in one spelling; empty for nothing.
    """

    region: str | None = None
    last_year: int | None = None
    rest: str = ""


def condition(text: str, region: str = REGION, time: str = TIME) -> Condition:
    """Parse a condition; `region` and `time` are the study's columns of these.

    Raises
    ------
    ValueError
        In one sentence with the remedy.
    """
    if not text.strip():
        return Condition()
    parts = list(_parts(_tree(text)))
    bounds: dict[str, str | int] = {}
    remaining = []
    for part in parts:
        match part:
            case ast.Compare(
                left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant(value=str(value))]
            ) if name in (REGION, region) and "region" not in bounds:
                bounds["region"] = value
            case ast.Compare(
                left=ast.Name(id=name),
                ops=[ast.LtE()],
                comparators=[ast.Constant(value=int(value))],
            ) if name in (TIME, time) and "last_year" not in bounds:
                bounds["last_year"] = value
            case _:
                remaining.append(f"({ast.unparse(part)})" if len(parts) > 1 else ast.unparse(part))
    return Condition(rest=" and ".join(remaining), **bounds)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the conditions that an `and` joins."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for value in node.values:
            yield from _parts(value)
    else:
        yield node


def _tree(text: str) -> ast.expr:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(
            f"{text!r} is no condition: write \"region == 'north' and year <= 1980\""
        ) from None
    _screen(tree, text)
    return tree


def _screen(node: ast.expr, text: str) -> None:
    """Refuse what is no comparison of a column with values: a condition must not run code."""
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                _screen(value, text)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _screen(operand, text)
        case ast.Compare(left=ast.Name(), ops=[op], comparators=[value]):
            listed = isinstance(op, ast.In | ast.NotIn)
            if type(op) not in COMPARED or not (_is_list(value) if listed else _is_plain(value)):
                raise ValueError(
                    f"in {text!r}, write a column compared with a number, a text in quotes or, "
                    "by `in`, a list of them"
                )
        case _:
            raise ValueError(
                f"in {text!r}, write comparisons with the column first, such as "
                "year >= 1970, and join them by and, or, not"
            )


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, str | int | float)


def _is_list(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and all(map(_is_plain, node.elts))


def is_condition(text: str) -> bool:
    """Whether an expression compares, so that it holds or not: a dummy, as a variable."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return negated or isinstance(node, ast.BoolOp | ast.Compare)


def dummy(text: str, rows: pd.DataFrame) -> pd.Series:
    """Return 1 where a condition holds, else 0; NaN where it reads what is missing.

    Raises
    ------
    ValueError
        As `holds`.
    """
    read = list(names_in_condition(text))
    return holds(text, rows).astype(float).where(rows[read].notna().all(axis=1))


def names_in_condition(text: str) -> tuple[str, ...]:
    """Return the columns that a condition reads, each once."""
    if not text.strip():
        return ()
    names = [node.id for node in ast.walk(_tree(text)) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(names))


def holds(text: str, rows: pd.DataFrame) -> pd.Series:
    """Return, for each row, whether a condition holds; not where a value is missing.

    Parameters
    ----------
    text : str
    rows : DataFrame
        The columns that it names: numbers, or text.

    Raises
    ------
    ValueError
        If a column of text is compared with a number, or the other way round.
    """
    return _holds(_tree(text), rows)


def _holds(node: ast.expr, rows: pd.DataFrame) -> pd.Series:
    match node:
        case ast.BoolOp(op=op, values=values):
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return pd.Series(join.reduce([_holds(value, rows) for value in values]), rows.index)
        case ast.UnaryOp(operand=operand):
            return ~_holds(operand, rows)
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[value]):
            values, literal = rows[name], ast.literal_eval(value)
            listed = list(literal) if isinstance(literal, list | tuple) else [literal]
            text = not pd.api.types.is_numeric_dtype(values)
            if any(isinstance(item, str) != text for item in listed):
                kind, spelling = ("text", "quotes") if text else ("numbers", "no quotes")
                raise ValueError(f"the column {name} holds {kind}: write its values in {spelling}")
            if text and isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn):
                _refuse_unknown(name, listed, values)
            compared = COMPARED[type(op)](values, literal)
            # To pandas a missing value differs from any other: such rows are in no sample.
            return compared & values.notna()
    raise AssertionError("A condition was screened before.")


def _refuse_unknown(name: str, listed: list[str], values: pd.Series) -> None:
    known = list(map(str, values.dropna().unique()))
    for label in listed:
        if label not in known:
            close = get_close_matches(label, known, n=1)
            hint = f"did you mean {close[0]!r}" if close else f"it holds {', '.join(known[:5])}"
            raise ValueError(f"the column {name} has no value {label!r}: {hint}")
