"""Is ρ > 1 in the data, or estimator bias? The verdict by the rule of `ranking`.

Blind to the printed numbers: the printed row is among the estimates that are handed in.
"""

import pandas as pd

from analysis.replication.dynamic_estimators import label
from analysis.shared.digits import with_interval
from analysis.shared.scoring import LEAST_COVERAGE
from analysis.simulation.dynamic_study.ranking import FALSE_POSITIVES, ranking
from models.design import LAG

QUESTION = "Is ρ > 1 in the data, or estimator bias?"

IN_DATA, ESTIMATOR_BIAS = "in the data", "estimator bias"
NEITHER = "neither"

SAID = {
    IN_DATA: "ρ > 1 is in the data",
    ESTIMATOR_BIAS: "the printed ρ > 1 is not supported",
    NEITHER: "the printed interval does not lie above 1, and ρ > 1 is not supported",
}

ACCELERATION = (
    "A single lag draws accelerating growth as ρ > 1. Where provinces have linear trends, an "
    "estimator without trends takes these for ρ."
)

CLOSE = 2.0
"""Times the smallest score of a cell; above it, that no estimator is close is said."""

NAMED = 3
"""Cells without coverage that are named; the others are counted."""


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
        Columns `panel, column, published_low, coef, low, high, gate, verdict`; without the columns
        and panels that the estimator was not run on.
    """
    false_positives = ranked.set_index("estimator").loc[estimator, "false_positive_rate"]
    of_rho = estimated[estimated["term"] == LAG]
    keys = ["panel", "column"]
    of_print = of_rho[of_rho["estimator"] == printed].set_index(keys)["low"]
    rows = []
    for judging in of_rho[of_rho["estimator"] == estimator].to_dict("records"):
        published_low = of_print[judging["panel"], judging["column"]]
        if judging["low"] > 1 and false_positives <= FALSE_POSITIVES:
            verdict = IN_DATA
        else:
            verdict = ESTIMATOR_BIAS if published_low > 1 else NEITHER
        row = {name: judging.get(name) for name in (*keys, "coef", "low", "high", "gate")}
        rows.append(row | {"published_low": published_low, "verdict": verdict})
    names = [*keys, "published_low", "coef", "low", "high", "gate", "verdict"]
    return pd.DataFrame(rows, columns=names)


def answer(estimated: pd.DataFrame, scores: pd.DataFrame, printed: str) -> str:
    """Name the recommended estimator; say of each column whether ρ > 1 is in the data.

    Parameters
    ----------
    estimated : DataFrame
        results/dynamic.csv.
    scores : DataFrame
        results/long/simulation.csv.
    printed : str
        Name of the printed row in `estimated`.

    Returns
    -------
    str
        Paragraphs: the recommendation, what a lag does, a sentence on ρ for each column.
    """
    ranked = ranking(scores)
    best = ranked.iloc[0]
    judged = verdicts(estimated, ranked, best["estimator"], printed)
    sentences = [_of_column(column, rows) for column, rows in judged.groupby("column", sort=True)]
    missing = f"{label(best['estimator'])} was not run on a column: `python -m analysis dynamic`."
    return "\n\n".join([recommendation(ranked, scores), ACCELERATION, *(sentences or [missing])])


def recommendation(ranked: pd.DataFrame, scores: pd.DataFrame) -> str:
    """Name the recommended estimator, its worst cell and where its intervals cover too little."""
    best, second = ranked.iloc[0], ranked.iloc[1]
    rows = scores[scores["estimator"] == best["estimator"]]
    failing = [
        f"{row.cell} ({row.term}: {row.coverage:.0%})" for row in rows[~rows["holds"]].itertuples()
    ]
    more = f" and {len(failing) - NAMED} more" if len(failing) > NAMED else ""
    where = f", not in {', '.join(failing[:NAMED])}{more}" if failing else ""
    parts = [
        f"Recommended by the rule is {label(best['estimator'])}.",
        f"Its interval score is at most {best['worst_score']:.1f} times the smallest of a cell "
        f"({best['worst_cell']}, {best['worst_term']}).",
        f"Coverage of its intervals reaches {LEAST_COVERAGE:.0%} within Monte-Carlo error in "
        f"{best['holds']} of {best['of']} cells{where}.",
        f"Next is {label(second['estimator'])}, at most {second['worst_score']:.1f} times "
        f"({second['worst_cell']}, {second['worst_term']}).",
    ]
    if best["worst_score"] > CLOSE:
        parts.append("No estimator is close to the best in every cell.")
    if best["false_positive_rate"] > FALSE_POSITIVES:
        parts.append(
            f"In a cell with ρ < 1 its interval lies above 1 in {best['false_positive_rate']:.0%} "
            "or more of data sets, so it is no evidence of ρ > 1."
        )
    above = rows[(rows["rho"] > 1) & (rows["term"] == LAG)]
    if len(above):
        shares = ", ".join(f"{row.above_one:.0%} ({row.cell})" for row in above.itertuples())
        parts.append(f"Where ρ > 1 its interval lies above 1 in {shares} of data sets.")
    return " ".join([*parts, f"The study has {rows['data_sets'].min()} data sets a cell."])


def _of_column(column: str, rows: pd.DataFrame) -> str:
    """Say ρ of a column by panel, and the verdict on each."""
    parts = []
    for verdict, with_verdict in rows.groupby("verdict", sort=False):
        values = ", ".join(
            f"{with_interval(row.coef, row.low, row.high)} ({row.panel}"
            f"{', fails its diagnostics' if row.gate == 'fail' else ''})"
            for row in with_verdict.itertuples()
        )
        parts.append(f"ρ is {values}: {SAID[verdict]}")
    return f"{column}: {'; '.join(parts)}."
