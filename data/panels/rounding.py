"""Variables that vary within units and years by rounding alone, and so hold nothing to learn."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from data.panels.spelling import listed

FINER = 100
"""Last digits that a column's standard deviation must have; dummies and counts have fewer."""

SWEEPS = 100
"""Of unit and year means out of an unbalanced panel."""


def of_rounding(table: pd.DataFrame, variables: Sequence[str], file: str) -> Iterator[str]:
    """Say which variables vary, net of unit and year effects, by their last digit alone.

    An area that was typed with another last digit in some year has a slope, and it means nothing.
    What varies by less than single precision is refused where it is estimated.

    Parameters
    ----------
    table : DataFrame
        Columns `province`, `year` and the variables, as of `validation.validate`.
    variables : sequence of str
    file : str
        How the sentence names the file.
    """
    found = [name for name in dict.fromkeys(variables) if name in table and _rounds(table, name)]
    if found:
        yield (
            f"{file}: {listed(found)} varies, net of province and year effects, by no more than "
            "the last digit that is written, as rounding alone does, so that its slope means "
            "nothing; write more digits, or leave it out."
        )


def _rounds(table: pd.DataFrame, name: str) -> bool:
    values = table[name]
    if not np.isfinite(values).all() or not 0 < values.abs().max() < 1e15:
        return False
    unit = values.map(_last_digit).groupby(table["province"]).transform("min")
    # A whole number that is the same in all years is written without digits.
    varies = values.groupby(table["province"]).transform(np.ptp) > 0
    unit = unit.where(varies, unit[varies].median())
    if not varies.any() or values.std() < FINER * unit.max():
        return False
    residual = _net_of_effects(values, table)
    reach = unit + unit.mean()
    return bool((residual.abs() <= reach).all() and (residual.abs() > 1e-9 * reach).any())


def _last_digit(value: float) -> float:
    """Return one unit of the last digit that a number is written with: 0.01 for 25.51."""
    if value == round(value):
        return 1.0
    digits, _, exponent = f"{value!r}".partition("e")
    return 10.0 ** (int(exponent or 0) - len(digits.partition(".")[2]))


def _net_of_effects(values: pd.Series, table: pd.DataFrame) -> pd.Series:
    residual = values - values.mean()
    for _ in range(SWEEPS):
        before = residual
        for key in ("province", "year"):
            residual = residual - residual.groupby(table[key]).transform("mean")
        if (residual - before).abs().max() <= 1e-12 * values.abs().max():
            break
    return residual
