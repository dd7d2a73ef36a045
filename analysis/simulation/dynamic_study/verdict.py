"""Is ρ > 1 in the data, or estimator bias? The verdict by the rule of `ranking`.

Blind to the printed numbers: the printed row is among the estimates that are handed in.
"""

import pandas as pd

from analysis.replication.dynamic_estimators import label
from analysis.simulation.dynamic_study.cells import ADDED
from analysis.simulation.dynamic_study.ranking import FALSE_ALARMS, ranking
from models.design import LAG

QUESTION = "Is a root above 1 what the data say, or what the estimator says?"

SAYS_DATA, SAYS_ESTIMATOR = "the data say it", "the estimator says it"
SAYS_NOTHING = "neither says it"


def verdicts(
    estimated: pd.DataFrame, ranked: pd.DataFrame, estimator: str, printed: str
) -> pd.DataFrame:
    """Say of each column and panel who says that the root is above 1.

    Parameters
    ----------
    estimated : DataFrame
        results/dynamic.csv.
    ranked : DataFrame
        From `ranking`.
    estimator : str
        That stands for the data: by the rule, the first of `ranked`.
    printed : str
        What `estimated` calls the printed row.

    Returns
    -------
    DataFrame
        Columns `panel, column, published_low, low, high, verdict`.
    """
    alarms = ranked.set_index("estimator").loc[estimator, "false_alarms"]
    roots = estimated[estimated["term"] == LAG].set_index(["panel", "column", "estimator"])
    rows = []
    for panel, column in dict.fromkeys(index[:2] for index in roots.index):
        rows_of = (roots.loc[(panel, column, name)] for name in (printed, estimator))
        of_print, own = rows_of
        if own["low"] > 1 and alarms <= FALSE_ALARMS:
            verdict = SAYS_DATA
        else:
            verdict = SAYS_ESTIMATOR if of_print["low"] > 1 else SAYS_NOTHING
        row = {"panel": panel, "column": column, "published_low": of_print["low"]}
        rows.append(row | {"low": own["low"], "high": own["high"], "verdict": verdict})
    return pd.DataFrame(rows)


def answer(estimated: pd.DataFrame, found: pd.DataFrame, printed: str) -> str:
    """Say whose a root above 1 is, as the rule has it.

    And, since the rule counts intervals that cover however wide they are, what the estimator says
    whose root errs least, if that is another; it does not count.

    Parameters
    ----------
    estimated : DataFrame
        results/dynamic.csv.
    found : DataFrame
        results/simulation.csv.
    printed : str
        What `estimated` calls the printed row.
    """
    ranked = ranking(found)
    best, gmm = ranked.iloc[0], ranked.set_index("estimator").loc["system_gmm"]
    closest = ranked.loc[ranked["relative_rmse"].idxmin()]
    told = (
        f"Recommended by the rule is {_described(best, found)} System GMM’s intervals hold in "
        f"{gmm['holds']:.0f}."
    )
    first = found[~found["cell"].str.endswith(ADDED)]
    if len(first):
        told += (
            f" Without the cells {' and '.join(ADDED)}, by which the study's first list was "
            "extended after a trial of a few data sets, the rule recommends "
            f"{label(ranking(first)['estimator'].iloc[0])}."
        )
    parts = [
        told,
        _said(verdicts(estimated, ranked, best["estimator"], printed)),
    ]
    if closest["estimator"] != best["estimator"]:
        parts += [
            "Intervals that are wide enough hold everywhere. The root that errs least, which does "
            f"not count for the rule, is that of {_described(closest, found)}",
            _said(verdicts(estimated, ranked, closest["estimator"], printed)),
        ]
    return "\n\n".join(parts)


def _described(ranked: pd.Series, found: pd.DataFrame) -> str:
    """Say of an estimator where it holds, how far it errs and whether it can be believed."""
    failing = found[(found["estimator"] == ranked["estimator"]) & ~found["holds"]]
    where = ", ".join(
        f"{row.cell} ({row.term}: {row.coverage:.0%})" for row in failing.itertuples()
    )
    least = ranked["false_alarms"]
    alarm = (
        f"In no cell with ρ < 1 does it find a root above 1 in more than {FALSE_ALARMS:.0%}."
        if least <= FALSE_ALARMS
        else f"In a cell with ρ < 1 it finds a root above 1 in {least:.0%} or more, so it cannot "
        "say that there is one."
    )
    roots = found[(found["estimator"] == ranked["estimator"]) & (found["term"] == LAG)]
    above = roots[roots["rho"] > 1]
    if len(above):
        shares = " and ".join(f"{row.above_one:.0%} ({row.cell})" for row in above.itertuples())
        alarm += f" Where ρ is above 1 it finds it so in {shares} of data sets."
    return (
        f"{label(ranked['estimator'])}: its intervals hold in {ranked['holds']} of {ranked['of']} "
        f"cells{', not in ' if where else ''}{where}; the error of its root is "
        f"{ranked['relative_rmse']:.2f} times the smallest of a cell. {alarm}"
    )


def _said(judged: pd.DataFrame) -> str:
    """Say for which columns and panels who says it."""
    parts = []
    for verdict in (SAYS_DATA, SAYS_ESTIMATOR, SAYS_NOTHING):
        own = judged[judged["verdict"] == verdict].groupby("column", sort=True)["panel"]
        places = "; ".join(f"{column} on {', '.join(panels)}" for column, panels in own)
        parts.append(f"{verdict} for {places or 'no column'}".capitalize())
    return f"A root above 1: {'. '.join(parts)}."
