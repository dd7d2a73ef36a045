"""Coefficients with their tests and intervals, as a table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

STARS = ((0.01, "***"), (0.05, "**"), (0.10, "*"))
"""Significance marks of the paper's tables, the strictest first."""


def stars(p: float) -> str:
    """Return the mark of a p-value: "***" below 1 %, "**" below 5 %, "*" below 10 %."""
    return next((mark for bound, mark in STARS if p < bound), "")


def p_values(coef: NDArray[np.float64], se: NDArray[np.float64], df: float) -> NDArray[np.float64]:
    """Return two-sided p-values of t tests, shape (k,); of z tests if `df` is infinite."""
    return 2 * stdtr(df, -np.abs(coef / se))


def coefficient_table(
    terms: Sequence[str],
    coef: NDArray[np.float64],
    se: NDArray[np.float64],
    df: float,
    level: float = 0.95,
) -> pd.DataFrame:
    """Tabulate estimates.

    Parameters
    ----------
    terms : sequence of str
        The k coefficients.
    coef, se : ndarray, shape (k,)
    df : float
        Degrees of freedom of t tests; infinite for z tests.
    level : float
        Coverage of the interval `lower`, `upper`.

    Returns
    -------
    DataFrame
        Index `term`; columns `coef se t p stars lower upper`.
    """
    reach = stdtrit(df, (1 + level) / 2) * se
    p = p_values(coef, se, df)
    return pd.DataFrame(
        {
            "coef": coef,
            "se": se,
            "t": coef / se,
            "p": p,
            "stars": [stars(value) for value in p],
            "lower": coef - reach,
            "upper": coef + reach,
        },
        index=pd.Index(terms, name="term"),
    )
