"""Hypotheses: any linear combination of slopes, with its probability and interval."""

import numpy as np
import pytest

from analysis.comparison.hypothesis import evaluate, parse, positive
from data.shared.errors import UserError

RNG = np.random.default_rng(5)
DRAWS = {
    ("x", ""): RNG.normal(1, 1, (4, 500)),
    ("x", "east"): RNG.normal(2, 1, (4, 500)),
    ("x", "west"): RNG.normal(0, 1, (4, 500)),
    ("log(z, 2)", "east"): RNG.normal(1, 1, (4, 500)),
}
EAST, WEST = DRAWS["x", "east"], DRAWS["x", "west"]


@pytest.mark.parametrize(
    ("text", "difference", "above"),
    [
        ("x:east > x:west", EAST - WEST, True),
        ("x:east < x:west", EAST - WEST, False),
        ("x>0", DRAWS["x", ""], True),
        ("2*x:east - 0.5 * x:west + 1 > 0.25", 2 * EAST - 0.5 * WEST + 0.75, True),
        ("-x:west > x:east", -WEST - EAST, True),
        ("log(z, 2):east > x", DRAWS["log(z, 2)", "east"] - DRAWS["x", ""], True),
        ("0 < x:east + x:east", -2 * EAST, False),
    ],
)
def test_a_combination_is_left_minus_right(text, difference, above):
    found = evaluate(parse(text), DRAWS)
    held = difference > 0 if above else difference < 0
    assert found["probability"] == held.mean()
    assert found["mean"] == pytest.approx(difference.mean())
    assert found["sd"] == pytest.approx(difference.std(ddof=1))
    assert found["q025"] == pytest.approx(np.quantile(difference, 0.025))


def test_each_slope_is_asked_whether_it_is_above_zero():
    found = [evaluate(each, DRAWS) for each in positive(DRAWS)]
    assert [row["hypothesis"] for row in found] == [
        *("x > 0", "x:east > 0", "x:west > 0", "log(z, 2):east > 0")
    ]
    assert [row["probability"] for row in found] == [(d > 0).mean() for d in DRAWS.values()]


@pytest.mark.parametrize("text", ["x", "x > y > z", "x >", "x + > 0", "x ++ x > 0", "1 > 0"])
def test_what_is_no_hypothesis_is_said_to_be_none(text):
    with pytest.raises(UserError, match=r"hypothesis|sign|slope"):
        parse(text)


def test_a_slope_that_is_not_there_is_answered_by_those_that_are():
    with pytest.raises(UserError, match=r"no slope 'x:north': choose among x, x:east, x:west"):
        evaluate(parse("x:north > 0"), DRAWS)
