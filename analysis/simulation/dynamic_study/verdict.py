"""Is ρ > 1 in the data, or estimator bias? The verdict by the rule of `ranking`.

Blind to the printed numbers: the printed row is among the estimates that are handed in.
"""

import pandas as pd

from analysis.replication.dynamic_estimators import label
from analysis.simulation.dynamic_study.cells import ADDED
from analysis.simulation.dynamic_study.ranking import FALSE_POSITIVES, ranking
from models.design import LAG

QUESTION = "Is ρ > 1 in the data, or estimator bias?"

IN_DATA, ESTIMATOR_BIAS = "in the data", "estimator bias"
NEITHER = "neither"


def verdicts(
    estimated: pd.DataFrame, ranked: pd.DataFrame, estimator: str, printed: str
) -> pd.DataFrame:
    """Return for each column and panel whether ρ > 1 is in the data, estimator bias or neither.

    Parameters
    ----------
    estimated : DataFrame
        results/dynamic.csv.
    ranked : DataFrame
        From `ranking`.
    estimator : str
        The one that is judged: by the rule, the first of `ranked`.
    printed : str
        Name of the printed row in `estimated`.

    Returns
    -------
    DataFrame
        Columns `panel, column, published_low, low, high, verdict`.
    """
    false_positives = ranked.set_index("estimator").loc[estimator, "false_positive_rate"]
    of_rho = estimated[estimated["term"] == LAG].set_index(["panel", "column", "estimator"])
    rows = []
    for panel, column in dict.fromkeys(index[:2] for index in of_rho.index):
        rows_of = (of_rho.loc[(panel, column, name)] for name in (printed, estimator))
        of_print, judging = rows_of
        if judging["low"] > 1 and false_positives <= FALSE_POSITIVES:
            verdict = IN_DATA
        else:
            verdict = ESTIMATOR_BIAS if of_print["low"] > 1 else NEITHER
        row = {"panel": panel, "column": column, "published_low": of_print["low"]}
        rows.append(row | {"low": judging["low"], "high": judging["high"], "verdict": verdict})
    return pd.DataFrame(rows)


def answer(estimated: pd.DataFrame, scores: pd.DataFrame, printed: str) -> str:
    """Answer by the rule whether ρ > 1 is in the data or estimator bias.

    The rule counts intervals that cover however wide they are. So the verdict by the estimator
    whose ρ has the least error is added, if that is another; it does not count.

    Parameters
    ----------
    estimated : DataFrame
        results/dynamic.csv.
    scores : DataFrame
        results/long/simulation.csv.
    printed : str
        Name of the printed row in `estimated`.
    """
    ranked = ranking(scores)
    best, gmm = ranked.iloc[0], ranked.set_index("estimator").loc["system_gmm"]
    closest = ranked.loc[ranked["relative_rmse"].idxmin()]
    recommendation = (
        f"Recommended by the rule is {_described(best, scores)} System GMM’s intervals hold in "
        f"{gmm['holds']:.0f}."
    )
    first = scores[~scores["cell"].str.endswith(ADDED)]
    if len(first):
        recommendation += (
            f" Without the cells {' and '.join(ADDED)}, by which the study's first list was "
            "extended after a trial of a few data sets, the rule recommends "
            f"{label(ranking(first)['estimator'].iloc[0])}."
        )
    parts = [
        recommendation,
        _said(verdicts(estimated, ranked, best["estimator"], printed)),
    ]
    if closest["estimator"] != best["estimator"]:
        parts += [
            "Intervals that are wide enough hold everywhere. The least error of ρ, which does not "
            f"count, is that of {_described(closest, scores)}",
            _said(verdicts(estimated, ranked, closest["estimator"], printed)),
        ]
    return "\n\n".join(parts)


NAMED = 3
"""Cells without coverage that are named; the others are counted."""


def _described(ranked: pd.Series, scores: pd.DataFrame) -> str:
    """Describe an estimator: where it holds, its error and its false-positive rate."""
    failing = scores[(scores["estimator"] == ranked["estimator"]) & ~scores["holds"]]
    cells = [f"{row.cell} ({row.term}: {row.coverage:.0%})" for row in failing.itertuples()]
    more = f" and {len(cells) - NAMED} more" if len(cells) > NAMED else ""
    where = ", ".join(cells[:NAMED]) + more
    least = ranked["false_positive_rate"]
    rate = (
        f"In no cell with ρ < 1 is its interval above 1 in more than {FALSE_POSITIVES:.0%}."
        if least <= FALSE_POSITIVES
        else f"In a cell with ρ < 1 its interval is above 1 in {least:.0%} or more, so it is no "
        "evidence of ρ > 1."
    )
    of_rho = scores[(scores["estimator"] == ranked["estimator"]) & (scores["term"] == LAG)]
    above = of_rho[of_rho["rho"] > 1]
    if len(above):
        shares = " and ".join(f"{row.above_one:.0%} ({row.cell})" for row in above.itertuples())
        rate += f" Where ρ > 1 its interval is above 1 in {shares} of data sets."
    return (
        f"{label(ranked['estimator'])}: its intervals hold in {ranked['holds']} of {ranked['of']} "
        f"cells{', not in ' if where else ''}{where}. The error of its ρ is "
        f"{ranked['relative_rmse']:.2f} times the smallest of a cell. {rate}"
    )


def _said(judged: pd.DataFrame) -> str:
    """List the columns and panels of each verdict."""
    parts = []
    for verdict in (IN_DATA, ESTIMATOR_BIAS, NEITHER):
        places_of = judged[judged["verdict"] == verdict].groupby("column", sort=True)["panel"]
        places = "; ".join(f"{column} on {', '.join(panels)}" for column, panels in places_of)
        parts.append(f"{verdict} for {places or 'no column'}".capitalize())
    return f"ρ > 1: {'. '.join(parts)}."
