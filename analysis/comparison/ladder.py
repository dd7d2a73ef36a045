"""The ladder of models from two-way fixed effects to the main model.

Beside the rungs of the column on which candidates for the main model were compared
(`analysis.simulation.size`) stand size and coverage there: of 95 % intervals of the slope over all
rows, as means over the cells that decide.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.shared.statistics import Z
from analysis.specifications import static
from data.panels.catalogue import PANELS
from models.bayesian.registry import LADDER

TWFE = "TWFE"

COLUMNS = (
    "panel",
    "column",
    "term",
    "step",
    "estimate",
    "low",
    "high",
    "gate",
    "fits",
    "move",
    "move_in_published_se",
    "moves_most",
    "published",
    "published_se",
    "size",
    "coverage",
)
"""The contract of results/ladder.csv. `move` is the change of the estimate from the step before,
`moves_most` "yes" at the step with the largest of a panel, column and term, if it has several.
`size` is of data sets without a slope, `coverage` of those with one; NaN where not studied."""

STUDIED = {TWFE: "twfe", "hierarchical": "independent"}
"""Rungs that the study of candidates calls otherwise. Its `independent` has free province effects
in place of Mundlak terms."""


def table(
    replication: pd.DataFrame, comparison: pd.DataFrame, studies: Sequence[pd.DataFrame] = ()
) -> pd.DataFrame:
    """Climb the ladder for the terms of interest of every static column and panel.

    Parameters
    ----------
    replication, comparison : DataFrame
        results/replication.csv and results/comparison.csv. A column whose sample is
        one region, so that nothing differs by region, ends at the last step that it has.
    studies : sequence of DataFrame
        Tables of scores of candidates, as `scores` takes them.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; intervals are 95 %: estimate ± Z·SE for TWFE (conventional), equal-tailed
        for posteriors.
    """
    interest = pd.DataFrame(
        [(record.column, term) for record in static() for term in record.interest],
        columns=["column", "term"],
    )
    posterior = comparison[comparison["fitted_column"] == comparison["column"]].rename(
        columns={"model": "step", "mean": "estimate", "q025": "low", "q975": "high"}
    )
    steps = pd.concat([twfe(replication), posterior[posterior["step"].isin(LADDER)]])
    steps = steps.merge(interest, on=["column", "term"])
    order = {
        "panel": {kind.name: i for i, kind in enumerate(PANELS)},
        "step": {step: i for i, step in enumerate((TWFE, *LADDER))},
    }
    place = {
        "column": {row.column: i for i, row in enumerate(static())},
        **order,
        "term": {term: i for i, term in enumerate(interest["term"].unique())},
    }
    by = ["panel", "column", "term", "step"]
    steps = steps.sort_values(by, key=lambda values: values.map(place[values.name]), kind="stable")
    group = steps.groupby(["panel", "column", "term"], sort=False)
    steps["move"] = group["estimate"].diff()
    steps["move_in_published_se"] = steps["move"] / steps["published_se"]
    largest = group["move"].transform(lambda moves: moves.abs().max())
    several = group["move"].transform("count") > 1
    steps["moves_most"] = np.where((steps["move"].abs() == largest) & several, "yes", "")
    steps = steps.merge(scores(studies), how="left", on=["column", "step"])
    return steps[list(COLUMNS)].reset_index(drop=True)


def scores(studies: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return each rung's size and coverage, from the first study that has it.

    Parameters
    ----------
    studies : sequence of DataFrame
        results/long/last_two.csv and candidates.csv, as far as they are there.

    Returns
    -------
    DataFrame
        Columns `column, step, size, coverage`.
    """
    parts = []
    for study in studies:
        # The cells in which candidates are judged: comparators are shown in the same ones.
        judged = study[study["role"] == "deciding"][["panel", "generator"]].drop_duplicates()
        rows = study[study["estimand"] == "slope"].merge(judged, on=["panel", "generator"])
        rows = rows.assign(without=rows["slopes"] == "none")
        means = rows.groupby(["column", "method", "without"])["coverage"].mean().unstack()
        means = means.reindex(columns=[True, False])
        by_method = pd.DataFrame({"size": 1 - means[True], "coverage": means[False]}).reset_index()
        steps = {STUDIED.get(step, step): step for step in (TWFE, *LADDER)}
        parts.append(by_method.assign(step=by_method["method"].map(steps)).dropna(subset="step"))
    columns = ["column", "step", "size", "coverage"]
    rungs = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    return rungs[columns].drop_duplicates(["column", "step"])


def whole(replication: pd.DataFrame, comparison: pd.DataFrame) -> pd.DataFrame:
    """Return the table if every static column has been climbed on every panel, else no rows.

    A figure of some columns would replace the one of all.
    """
    steps = table(replication, comparison)
    first = steps[steps["step"] == LADDER[0]]  # it can be fitted to every sample
    climbed = set(zip(first["panel"], first["column"], strict=True))
    expected = {(panel, record.column) for panel in steps["panel"].unique() for record in static()}
    return steps if expected <= climbed else steps.iloc[:0]


def twfe(replication: pd.DataFrame) -> pd.DataFrame:
    """Return the TWFE estimates of results/replication.csv as steps, one row per term."""
    cells = replication[replication["statistic"].isin(["coef", "se"])]
    cells = cells[cells["column"].isin([record.column for record in static()])]
    if cells.empty:
        names = ("panel", "column", "term", "step", "estimate", "low", "high", "published")
        return pd.DataFrame(columns=[*names, "published_se", "gate", "fits"])
    wide = cells.pivot(
        index=["panel", "column", "term"], columns="statistic", values=["published", "estimated"]
    ).astype(float)
    spread = Z * wide["estimated", "se"]
    return pd.DataFrame(
        {
            "step": TWFE,
            "estimate": wide["estimated", "coef"],
            "low": wide["estimated", "coef"] - spread,
            "high": wide["estimated", "coef"] + spread,
            "published": wide["published", "coef"],
            "published_se": wide["published", "se"],
            "gate": "",
            "fits": "",
        }
    ).reset_index()


def summary(steps: pd.DataFrame) -> pd.DataFrame:
    """Count, by panel, the columns and terms of which a step moves the number most."""
    most = steps[steps["moves_most"] == "yes"]
    wide = most.groupby(["panel", "step"], sort=False).size().unstack(fill_value=0)
    return wide.reindex(columns=list(LADDER), fill_value=0).reset_index()
