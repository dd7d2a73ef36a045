"""Whether ranks are uniform, by parameter.

They are judged in two ways, each at 1 % for all of a case's parameters together (Bonferroni).
The empirical distribution must stay inside its simultaneous band: at each of the possible ranks it
is binomial, and the band is the pointwise one whose level is such that all of the distribution is
inside with the chance asked for (Säilynoja, Bürkner & Vehtari 2022, *Statistics and Computing*
32:32; ArviZ's `plot_ecdf_pit` simulates that level, which is computed here, as it lies too far out
to be simulated). And its greatest distance from the uniform one (Kolmogorov) must be small, as
ranks are, for shifts, and folded about their middle, for posteriors too narrow or too wide.
"""

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.simulation.calibration.case import Case
from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.ranks import DRAWS, Ranks

LEVEL = 0.01

COLUMNS = (
    *("case", "made_by", "fitted", "parameter", "data_sets", "independent"),
    *("distance", "p", "outside", "passes"),
)
"""The contract of results/long/calibration.csv.

`independent` is the share of data sets whose chain had as many effective draws as were kept;
`distance` and `p` are of Kolmogorov's test, `outside` is how many of the 255 points of the
empirical distribution lie outside its band.
"""


def judge(case: Case, ranks: Ranks, cases: int = 1) -> pd.DataFrame:
    """Judge the ranks of each parameter.

    Parameters
    ----------
    case : Case
    ranks : Ranks
    cases : int
        So many are judged together: it is at 1 % for all of their parameters.

    Returns
    -------
    DataFrame
        A row per element of each parameter, columns `COLUMNS`.
    """
    total = cases * sum(values.shape[1] for values in ranks.of.values())
    independent = float((ranks.effective >= DRAWS).mean())
    rows = []
    for name, values in ranks.of.items():
        for element, column in enumerate(values.T):
            # A rank among draws, spread over its cell, is uniform if ranks are.
            jitter = np.random.default_rng(element).random(len(column))
            uniform = (np.sort(column) + jitter) / (DRAWS + 1)
            tests = [stats.kstest(u, "uniform") for u in (uniform, np.abs(2 * uniform - 1))]
            p = min(1.0, len(tests) * min(test.pvalue for test in tests))
            low, high = band(len(column), total)
            count = counts(column)
            outside = int(((count < low) | (count > high)).sum())
            rows.append(
                {
                    "case": case.name,
                    "made_by": case.made_by,
                    "fitted": case.fitted,
                    "parameter": f"{name}[{element}]",
                    "data_sets": len(column),
                    "independent": independent,
                    "distance": max(test.statistic for test in tests),
                    "p": p,
                    "outside": outside,
                    "passes": bool(p > LEVEL / total) and not outside,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def counts(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many ranks are less than 1, 2, …, `DRAWS`, shape (DRAWS,)."""
    return np.searchsorted(np.sort(column), np.arange(1, DRAWS + 1))


@cache
def band(size: int, parameters: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the simultaneous band of `counts` of uniform ranks.

    Parameters
    ----------
    size : int
        Data sets.
    parameters : int
        So many bands hold at once with a chance of 1 − `LEVEL` or more.

    Returns
    -------
    lowest, highest : ndarray of int, shape (DRAWS,)
    """
    coverage = 1 - LEVEL / parameters
    expected = np.arange(1, DRAWS + 1) / (DRAWS + 1)

    def band_at(log_level: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        tail = np.exp(log_level) / 2
        ends = stats.binom.ppf(tail, size, expected), stats.binom.isf(tail, size, expected)
        return tuple(np.asarray(end, np.int64) for end in ends)

    # Pointwise levels at which all is inside often enough, by Bonferroni, and not often enough.
    narrow, wide = np.log(1 - coverage) + np.log(2), np.log(1 - coverage) - np.log(DRAWS)
    for _ in range(HALVINGS):
        middle = (narrow + wide) / 2
        enough = inside(size, *band_at(middle)) >= coverage
        narrow, wide = (narrow, middle) if enough else (middle, wide)
    return band_at(wide)


HALVINGS = 12


def inside(size: int, lowest: NDArray[np.int64], highest: NDArray[np.int64]) -> float:
    """Return the chance that `counts` of uniform ranks lie within a band, ends included.

    How often each rank occurs is Poisson, independently of the others, given that all occur `size`
    times together.
    """
    cell = stats.poisson.pmf(np.arange(size + 1), size / (DRAWS + 1))
    chances = cell[: np.flatnonzero(cell > NOTHING)[-1] + 1]
    chance = np.zeros(size + 1)
    chance[0] = 1
    for low, high in zip(lowest, highest, strict=True):
        chance = np.convolve(chance, chances)[: size + 1]
        chance[:low], chance[high + 1 :] = 0, 0
    return float(chance @ cell[::-1] / stats.poisson.pmf(size, size))


NOTHING = 1e-20
"""Chance of what is left out."""


def summary(judged: pd.DataFrame) -> pd.DataFrame:
    """Return a row per case: parameters, how many fail, and the worst."""
    rows = []
    for case in CASES:
        of_case = judged[judged["case"] == case.name]
        if len(of_case):
            worst = of_case.loc[of_case["p"].idxmin()]
            rows.append(
                {
                    "case": case.name,
                    "data sets": int(worst["data_sets"]),
                    "parameters": len(of_case),
                    "not uniform": int((~of_case["passes"]).sum()),
                    "worst": worst["parameter"],
                    "p of worst": f"{worst['p']:.2g}",
                    "independent": f"{worst['independent']:.0%}",
                    "expected": "uniform" if case.right else "not uniform",
                    "as expected": is_as_expected(case, of_case),
                }
            )
    return pd.DataFrame(rows)


def is_as_expected(case: Case, judged: pd.DataFrame) -> bool:
    """Whether a right model passes for every parameter, and a wrong one fails for some."""
    return bool(judged["passes"].all()) == case.right


def failures(judged: pd.DataFrame) -> list[str]:
    """Return the cases that fail: right models without uniform ranks, wrong ones with them."""
    of_case = dict(iter(judged.groupby("case")))
    names = (case for case in CASES if case.name in of_case)
    return [case.name for case in names if not is_as_expected(case, of_case[case.name])]
