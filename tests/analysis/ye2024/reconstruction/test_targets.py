"""Printed numbers as intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.specifications import SPECIFICATIONS
from analysis.ye2024.reconstruction.keys import HANSEN, RATIO
from analysis.ye2024.reconstruction.targets import SHRINK, contradictions, printed, targets
from models.frequentist.coefficient_table import stars

DEGREES = {each.column: 353 if each.estimator == "twfe" else 3 for each in SPECIFICATIONS}


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    return printed()


@pytest.fixture(scope="module")
def by_key(numbers) -> dict:
    found = targets(numbers, SPECIFICATIONS, DEGREES, left_out=[("5.2", "", "ar2_z")])
    return {target.key: target for target in found}


def test_the_only_contradictory_pair_is_ar2_of_5_2(numbers):
    (found,) = contradictions(numbers)
    assert (found.z, found.p) == (("5.2", "", "ar2_z"), ("5.2", "", "ar2_p"))
    assert found.z_span == pytest.approx((0.165, 0.175))
    assert found.p_span == pytest.approx(
        (stats.norm.isf(0.4495 / 2), stats.norm.isf(0.4485 / 2)), rel=1e-12
    )


def test_every_printed_number_is_a_target_but_counts_and_extremes(numbers, by_key):
    asked = {cell for target in by_key.values() for cell in target.cells}
    missing = set(numbers.index) - asked
    assert {statistic for _, _, statistic in missing} == {"n", "min", "max", "ar2_z"}
    assert len([cell for cell in missing if cell[2] == "ar2_z"]) == 1


def test_a_number_is_its_rounding_interval(by_key):
    target = by_key["3.2", "indus", "coef"]
    assert (target.low, target.high) == pytest.approx((0.1045, 0.1055), abs=1e-6)
    assert target.low > 0.1045
    assert target.high < 0.1055


def test_z_and_p_narrow_each_other(by_key, numbers):
    widths = {}
    for (column, _, statistic), target in by_key.items():
        if statistic in ("ar1_z", "ar2_z"):
            widths[column, statistic] = (target.high - target.low) / 0.01
            for end in (target.low, target.high):
                p = float(numbers.loc[(column, "", statistic.replace("_z", "_p")), "printed"])
                assert abs(2 * stats.norm.sf(abs(end)) - p) <= 0.0005
    # As the printed P values have three decimals, they tell more of z than its two.
    assert sum(0.1 < width < 0.4 for width in widths.values()) >= 5


def test_a_p_value_alone_has_the_sign_of_the_printed_z(by_key):
    target = by_key["5.2", "", "ar2_z"]
    assert target.low == pytest.approx(-0.758, abs=1e-3)
    assert target.high == pytest.approx(-0.756, abs=1e-3)


def test_hansen_is_the_statistic_of_its_p_value(by_key):
    target = by_key["5.1", "", HANSEN]
    assert stats.chi2.sf(target.low, 3) == pytest.approx(0.2865, abs=1e-5)
    assert stats.chi2.sf(target.high, 3) == pytest.approx(0.2855, abs=1e-5)


@pytest.mark.parametrize(
    ("key", "mark", "df"),
    [
        (("3.1", "indus", RATIO), "**", 353),
        (("3.2", "urb", RATIO), "***", 353),
        (("3.3", "indus", RATIO), "", 353),
        (("4.2", "indus", RATIO), "*", 353),
        (("5.3", "indus", RATIO), "**", np.inf),
    ],
)
def test_stars_are_those_inside_and_others_outside(by_key, numbers, key, mark, df):
    target = by_key[key]
    assert numbers.loc[(*key[:2], "coef"), "stars"] == mark
    ends = [end for end in (target.low, target.high) if np.isfinite(end)]
    for end in ends:
        assert stars(2 * stats.t.sf(abs(end), df)) == mark
    beyond = (
        [end * (1 + 3 * SHRINK) for end in ends]
        if mark == ""
        else [
            end + np.sign(side) * 2 * SHRINK
            for end, side in zip((target.low, target.high), (-1, 1), strict=True)
            if np.isfinite(end)
        ]
    )
    for end in beyond:
        assert stars(2 * stats.t.sf(abs(end), df)) != mark
