"""Which model is the main one: a rule, and the code that applies it to a table of scores.

Written on 30 November 2026, before the study (`analysis.simulation.size`) was run. What had been
seen before: the size of `growth` in 300 data sets of *swap* (13 %) and of *covariance* (6 %) on
the panel official; that models with independent errors have sizes far above 5 %, and that models
with AR(1) errors alone, or with fixed lines, fail on some generator. `growth` was suggested by a
trial on that panel. That standard deviations differ 13-fold between eastern provinces was known,
and suggested the two candidates with scales by province. No size of these two had been seen, no
size on *own_scale*, and none of any model on another panel.

1. Candidates are `CANDIDATES`. They are one family with switches; the first stands for the ladder
   above two-way fixed effects, whose lower rungs have fewer scales still. `COMPARATORS` are shown
   beside them and cannot be chosen.
2. Data sets come from `GENERATORS` on the design of column 3.2, without a slope (`none`), with the
   printed slope in every province (`printed`), with the first region's printed slope in that region
   alone (`region`), and with slopes by province of mean and standard deviation equal to the printed
   one (`unequal`). One fit answers for four estimands: the slope over all rows, and each region's.
   A cell is a panel, a generator, a pattern of slopes and an estimand.
3. `DECIDING` panels and generators decide. They are of the panels' first edition, which stood when
   this was written; "@1" was added to their names when the second edition came, before any model
   was looked at on it. Every other panel, first of all official-as_published, and the generator
   *own_scale* are for confirmation: they are run and shown, and change nothing. *restricted* has
   no slope on average alone, since residuals carry a slope of random sign in each province; it
   counts all the same.
4. First criterion: 95 % intervals cover the truth in at least 92 % of data sets in every deciding
   cell; without a slope this is a size of at most 8 %. A cell is outside if the upper end of its
   Monte-Carlo interval is below 92 % (Wilson, at 95 % over all of the candidate's deciding cells:
   Bonferroni). A candidate is inside if no cell is outside. A data set whose fit failed counts as
   not covered.
5. Second criterion, between candidates that are inside, or between all if none is: the interval
   score (Gneiting & Raftery 2007, *JASA* 102:359–378, section 6.2), low where intervals are short
   and hold. To make cells comparable, a candidate's mean score is divided by the smallest of any
   candidate in the cell; what counts is the largest of these ratios over the deciding cells.
   Ratios within `TIE` of the smallest are equal. Of these the highest size-adjusted power is
   preferred: |mean| / sd of the posterior beyond its 95 % point in the cell without slopes,
   averaged over the deciding cells with a slope; within `POWER_TIE` candidates are equal.
6. Third: the fewest failed predictive checks of dependence and scale on the deciding panels. Last:
   the fewest scales, which is the order of `CANDIDATES`.
7. 200 data sets without a slope and 100 of *region* and *unequal* screen all candidates. The first
   two are run again with new seeds, 1,000 data sets a cell and all patterns of slopes; the rule is
   applied to these alone, and names the main model. Until they are there its choice is called
   provisional. A candidate that lacks a deciding cell is not chosen, and it is said to lack it.
8. Cells outside are shown with their cause. Nothing is tuned to bring a cell inside. Sizes below
   2 % are shown with the intervals' widths.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

CANDIDATES: Mapping[str, Mapping[str, str]] = {
    "independent": {"lines": "none", "slopes": "region", "errors": "independent"},
    "province_slopes": {"lines": "none", "errors": "independent"},
    "ar1": {"lines": "none", "slopes": "region"},
    "ar1_province_slopes": {"lines": "none"},
    "fixed_lines": {"lines": "fixed", "slopes": "region"},
    "fixed_lines_province_slopes": {"lines": "fixed"},
    "growth": {},
    "growth_scales": {"scales": "province"},
    "growth_paths": {"scales": "path"},
}
"""Switches of `models.bayesian.growth`, by the number of scales.

The last two have standard deviations by province, log-normal about their region's: of errors, and
of errors and growth alike.
"""

COMPARATORS = ("twfe", "twfe_clustered", "wild_bootstrap", "random_walk_cr3", "unstructured_cr3")
"""Two-way fixed effects with conventional and with clustered errors, the restricted wild cluster
bootstrap (its test alone), and generalised least squares under a random walk and under an
unstructured covariance of years by region, each with jackknifed errors by province."""

GENERATORS = ("swap", "covariance", "restricted", "own_scale")

DECIDING = (("official@1", "official-census4@1"), ("swap", "covariance", "restricted"))
"""Panels and generators; all others confirm."""

PATTERNS = ("none", "printed", "region", "unequal")
"""Of the true slopes."""

LEAST_COVERAGE = 0.92
TIE, POWER_TIE = 1.05, 0.02

CELL = ["panel", "generator", "slopes", "estimand"]

SCORES = (*CELL, "method", "data_sets", "failed", "coverage", "width", "score", "power")
"""What the rule reads: `coverage` a share of `data_sets`, `score` the mean interval score, `power`
size-adjusted (NaN where the true slope is zero); `failed` fits are counted in `data_sets`."""

RANKED = ("candidate", "complete", "inside", "outside", "cells", "worst_score", "power", "checks")


def deciding(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of candidates in deciding cells."""
    panels, generators = DECIDING
    rows = scores["panel"].isin(panels) & scores["generator"].isin(generators)
    return scores[rows & scores["method"].isin(list(CANDIDATES))]


def interval(covered: float, size: int, cells: int) -> tuple[float, float]:
    """Return Wilson's interval of a coverage at 95 % over so many cells (Bonferroni)."""
    count = round(covered * size)
    wilson = stats.binomtest(count, size).proportion_ci(1 - 0.05 / cells, method="wilson")
    return float(wilson.low), float(wilson.high)


def judged(scores: pd.DataFrame) -> pd.DataFrame:
    """Add to each row whether it is outside, and its score over the candidates' smallest.

    Returns
    -------
    DataFrame
        `SCORES` with `coverage_low`, `coverage_high` (over the method's own rows), `outside` and
        `relative_score`.
    """
    table = scores.copy()
    cells = table.groupby("method")["estimand"].transform("size")
    ends = [
        interval(row.coverage, row.data_sets, n) if row.coverage == row.coverage else (np.nan,) * 2
        for row, n in zip(table.itertuples(), cells, strict=True)
    ]
    table[["coverage_low", "coverage_high"]] = np.array(ends).reshape(-1, 2)
    table["outside"] = table["coverage_high"] < LEAST_COVERAGE
    candidate = table["method"].isin(list(CANDIDATES))
    least = table[candidate].groupby(CELL)["score"].min().rename("least")
    best = table[CELL].merge(least, left_on=CELL, right_index=True, how="left")["least"]
    table["relative_score"] = table["score"] / best.to_numpy()
    return table


def ranking(scores: pd.DataFrame) -> pd.DataFrame:
    """Rank the candidates by the rule; the first is chosen.

    Parameters
    ----------
    scores : DataFrame
        `SCORES`, and `checks` (failed predictive checks) where they were made; rows that do not
        decide are left out.

    Returns
    -------
    DataFrame
        `RANKED`: `complete` if no deciding cell lacks, `outside` of so many `cells`.
    """
    scored = judged(deciding(scores))
    patterns = len(scored[["slopes", "estimand"]].drop_duplicates())
    expected = len(DECIDING[0]) * len(DECIDING[1]) * patterns
    rows = []
    for name in CANDIDATES:
        cells = scored[scored["method"] == name]
        if cells.empty:
            continue
        rows.append(
            {
                "candidate": name,
                "complete": len(cells) == expected,
                "inside": not cells["outside"].any(),
                "outside": int(cells["outside"].sum()),
                "cells": len(cells),
                "worst_score": cells["relative_score"].max(),
                "power": cells["power"].mean(),
                "checks": cells["checks"].max() if "checks" in cells else 0,
            }
        )
    table = pd.DataFrame(rows, columns=list(RANKED))
    order: list[int] = []
    remaining = table
    while len(remaining):
        order.append(_first(remaining))
        remaining = remaining.drop(order[-1])
    return table.loc[order].reset_index(drop=True)


def _first(rows: pd.DataFrame) -> int:
    """Return the label of the row that the rule prefers; rows are in order of scales."""
    for column in ("complete", "inside"):
        if rows[column].any():
            rows = rows[rows[column]]
    rows = rows[rows["worst_score"] <= TIE * rows["worst_score"].min()]
    if rows["power"].notna().any():
        rows = rows[rows["power"] >= rows["power"].max() - POWER_TIE]
    checks = rows["checks"].fillna(0)
    rows = rows[checks == checks.min()]
    return int(rows.index[0])
