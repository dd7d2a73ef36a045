"""Hypotheses about slopes: any linear combination of terms and regions, on a trace's draws.

A hypothesis is two sides and a sign: `indus:east > indus:west`, `2*x - z > 0.1`. A term alone is
its slope over all rows, `term:region` that of a region.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.shared.errors import UserError

Draws = NDArray[np.float64]

NUMBER = re.compile(r"\d+\.?\d*|\.\d+")
WEIGHTED = re.compile(rf"({NUMBER.pattern})\s*\*\s*(.+)")


@dataclass(frozen=True)
class Hypothesis:
    """Left side minus right side, and what is said of it.

    Attributes
    ----------
    text : str
    weights : dict of (str, str) to float
        By term and region (empty for all rows).
    constant : float
    above : bool
        Whether the difference is said to be above zero, not below.
    """

    text: str
    weights: Mapping[tuple[str, str], float]
    constant: float
    above: bool


def parse(text: str) -> Hypothesis:
    """Read a hypothesis.

    Raises
    ------
    UserError
        If it has not two sides, or a side is no sum of terms and numbers.
    """
    sides = re.split(r"[<>]", text)
    if len(sides) != 2 or not all(side.strip() for side in sides):
        raise UserError(
            f"{text!r} is no hypothesis: write two sides with one > or < between, such as "
            "'x:north > x:south' or 'x > 0'."
        )
    weights: dict[tuple[str, str], float] = {}
    constant = 0.0
    for side, sign in zip(sides, (1.0, -1.0), strict=True):
        for weight, name in _summands(side, text):
            if not name:
                constant += sign * weight
                continue
            term, _, region = name.partition(":") if "(" not in name else _outside(name)
            key = (term.strip(), region.strip())
            weights[key] = weights.get(key, 0.0) + sign * weight
    if not any(weights.values()):
        raise UserError(f"{text!r} names no slope that is left: name one.")
    return Hypothesis(text, weights, constant, ">" in text)


def positive(names: Iterable[tuple[str, str]]) -> list[Hypothesis]:
    """Return, of each slope by term and region, that it is above zero."""
    return [
        Hypothesis(
            f"{term}:{region} > 0" if region else f"{term} > 0", {(term, region): 1}, 0, True
        )
        for term, region in names
    ]


def _outside(name: str) -> tuple[str, str, str]:
    """Part a name such as `log(x):east` at the colon behind its parentheses."""
    head, bracket, region = name.rpartition(")")
    return head + bracket, ":", region.strip().removeprefix(":")


def _summands(side: str, text: str) -> list[tuple[float, str]]:
    """Return weight and name of each summand; a number has no name."""
    summands, depth, start, sign = [], 0, 0, 1.0
    for i, letter in enumerate(f"{side}+"):
        depth += (letter == "(") - (letter == ")")
        if letter not in "+-" or depth:
            continue
        summand = side[start:i].strip()
        if summand:
            summands.append(_weighted(summand, sign))
        elif summands or i == len(side):
            raise UserError(f"{text!r} ends in a sign or has two: correct it.")
        start, sign = i + 1, -1.0 if letter == "-" else 1.0
    return summands


def _weighted(summand: str, sign: float) -> tuple[float, str]:
    if NUMBER.fullmatch(summand):
        return sign * float(summand), ""
    match = WEIGHTED.fullmatch(summand)
    return (sign * float(match[1]), match[2].strip()) if match else (sign, summand)


def evaluate(
    hypothesis: Hypothesis, draws: Mapping[tuple[str, str], Draws]
) -> dict[str, float | str]:
    """Return the posterior of a hypothesis.

    Parameters
    ----------
    hypothesis : Hypothesis
    draws : mapping of (str, str) to ndarray
        Of each slope by term and region, all of one shape.

    Returns
    -------
    dict
        `hypothesis`; `probability` that it holds; `mean, sd, q025, q975` of left minus right.

    Raises
    ------
    UserError
        If the trace has no such slope.
    """
    for term, region in hypothesis.weights:
        if (term, region) not in draws:
            available = ", ".join(f"{t}:{r}" if r else t for t, r in draws)
            name = f"{term}:{region}" if region else term
            raise UserError(f"There is no slope {name!r}: choose among {available}.")
    difference = hypothesis.constant + sum(
        weight * draws[key] for key, weight in hypothesis.weights.items()
    )
    q025, q975 = np.quantile(difference, [0.025, 0.975])
    holds = difference > 0 if hypothesis.above else difference < 0
    return {
        "hypothesis": hypothesis.text,
        "probability": float(holds.mean()),
        "mean": float(difference.mean()),
        "sd": float(difference.std(ddof=1)),
        "q025": float(q025),
        "q975": float(q975),
    }
