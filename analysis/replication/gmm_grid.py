"""System GMM of Table 5's columns under every choice of instruments.

Blind to the printed numbers: which estimates the printed rows allow is asked in
`analysis.comparison.gmm_grid`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import product

import pandas as pd

from analysis.replication.system_gmm import LAG, Choices, coefficients, fit_column, statistics
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.design import Specification

GRID = {
    "collapse": (True, False),
    "depth": (1, 2, 3, 4, 5),
    "equations": ("system", "difference"),
    "interest": ("exogenous", "predetermined", "endogenous"),
    "steps": (2, 1),
    "transform": ("difference", "deviations"),
}
"""Every value of every choice that is crossed: the first fields of `Choices`."""

CHOICES = tuple(GRID)

NUMBERS = (
    "rho", "rho_se", "coef", "se", "n", "instruments", "hansen_p", "ar1_p", "ar2_z", "ar2_p",
    "levels_p", "stationarity_p", "lag_pooled", "lag_within",
)  # fmt: skip
"""Reported numbers of each estimation: rho is the lagged outcome's coefficient, coef that of
the regressor of interest; the rest as in `statistics`."""


def every_choice() -> list[Choices]:
    """Return the whole grid."""
    return [Choices(**dict(zip(GRID, values, strict=True))) for values in product(*GRID.values())]


def run(
    panels: Iterable[Panel],
    specifications: Sequence[Specification],
    choices: Sequence[Choices] | None = None,
) -> Iterator[dict[str, object]]:
    """Estimate every column under every choice on every panel, one row at a time.

    Yields
    ------
    dict
        `panel, column, outcome`, the choices and `NUMBERS`; `problem` is the reason why there is no
        estimate, and is empty where there is one.
    """
    for panel, record, choice in product(panels, specifications, choices or every_choice()):
        head = {"panel": panel.name, "column": record.column, "outcome": record.outcome}
        yield head | asdict(choice) | estimate(panel.frame, record, choice)


def estimate(
    frame: pd.DataFrame, specification: Specification, choices: Choices
) -> dict[str, object]:
    """Return `NUMBERS` and `problem` of one estimation."""
    try:
        result = fit_column(frame, specification, choices)
    except UserError as error:
        return {"problem": str(error)}
    table = coefficients(result)
    term = specification.interest[0]
    numbers = {
        "rho": table.loc[LAG, "coef"],
        "rho_se": table.loc[LAG, "se"],
        "coef": table.loc[term, "coef"],
        "se": table.loc[term, "se"],
        **statistics(result),
    }
    return {name: numbers.get(name) for name in NUMBERS} | {"problem": ""}
