"""Ranking of dynamic-panel estimators by coverage and error over simulated data sets.

Rule, written before any result was seen:

1. An estimator holds in a cell, for ρ or for the slope, if its 95 % intervals cover the
   true value in `scoring.LEAST_COVERAGE` of the data sets or more: if the Monte-Carlo interval of
   the coverage reaches it. Data sets without an estimate count as not covered.
2. Recommended is the estimator that holds most often, cells of ρ and of slopes counted alike;
   of equals the one whose root mean squared error of ρ, over the cell's smallest, has the
   lowest geometric mean.
3. For a column on a panel, ρ > 1 is in the data if the recommended estimator's interval lies wholly
   above 1 and this is no false positive: in no cell with ρ < 1 did that happen in more than
   `FALSE_POSITIVES` of the data sets (the Monte-Carlo interval reaches it). If only the printed
   interval lies wholly above 1, it is estimator bias.
"""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.replication.dynamic_estimators import label
from analysis.shared.scoring import assess
from analysis.simulation.dynamic_study.study import MODEL
from models.design import LAG

FALSE_POSITIVES = 0.05
"""See the rule above."""

COLUMNS = (
    "cell",
    "rho",
    "start",
    "estimator",
    "term",
    "truth",
    "data_sets",
    "estimated",
    "bias",
    "bias_low",
    "bias_high",
    "rmse",
    "rmse_low",
    "rmse_high",
    "coverage",
    "coverage_low",
    "coverage_high",
    "above_one",
    "above_one_low",
    "above_one_high",
    "holds",
)
"""The contract of results/long/simulation.csv; `_low` and `_high` end 95 % Monte-Carlo
intervals, and `above_one` is the share of data sets whose interval lies wholly above 1, of ρ."""


def summary(dataset: xr.Dataset) -> pd.DataFrame:
    """Return bias, root mean squared error and coverage by cell, estimator and term."""
    rows = []
    for cell in dataset["cell"].to_numpy():
        for name in dataset["estimator"].to_numpy():
            for term in dataset["term"].to_numpy():
                estimates = dataset.sel(cell=cell, estimator=name, term=term)
                arrays = (estimates[what].to_numpy() for what in ("estimate", "low", "high"))
                row = assess(*arrays, float(estimates["truth"]))
                if term != LAG:
                    row |= dict.fromkeys(("above_one", "above_one_low", "above_one_high"), np.nan)
                keys = {"cell": cell, "estimator": name, "term": term}
                keys |= {"rho": float(estimates["rho"]), "start": str(estimates["start"].item())}
                rows.append(keys | row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ranking(scores: pd.DataFrame) -> pd.DataFrame:
    """Rank the estimators by the rule at the head of this file; the first is recommended.

    Returns
    -------
    DataFrame
        Columns `estimator, holds, of, relative_rmse, false_positive_rate`: in how many of how many
        cells it holds, ρ and slope counted alike; geometric mean of the error of ρ over the cell's
        smallest; and the largest false-positive rate in a cell with ρ < 1, the low end of its
        Monte-Carlo interval.
    """
    of_rho = scores[scores["term"] == LAG]
    smallest = of_rho.groupby("cell")["rmse"].transform("min")
    relative = np.log(of_rho["rmse"] / smallest).groupby(of_rho["estimator"]).mean()
    stable = of_rho[of_rho["rho"] < 1].groupby("estimator")["above_one_low"].max()
    held = scores.groupby("estimator", sort=False)["holds"].agg(["sum", "size"])
    table = pd.DataFrame(
        {
            "holds": held["sum"],
            "of": held["size"],
            "relative_rmse": np.exp(relative),
            "false_positive_rate": stable,
        }
    )
    table = table.loc[held.index].rename_axis("estimator").reset_index()
    return table.sort_values(
        ["holds", "relative_rmse"], ascending=[False, True], kind="stable"
    ).reset_index(drop=True)


def words_on_nuts(dataset: xr.Dataset) -> str:
    """Compare NUTS's means and interval ends with the collapsed engine's.

    In posterior standard deviations, a quarter of the interval's length: with a few hundred draws
    of each sampler a mean is known to about 0.07 of it and an end to about 0.15.
    """
    of_model = dataset.sel(estimator=MODEL)
    ours = np.stack([of_model[what].to_numpy() for what in ("estimate", "low", "high")], axis=-1)
    sd = (ours[..., 2] - ours[..., 1]) / 4
    off = (dataset["nuts"].to_numpy() - ours) / sd[..., None]
    fits = int(np.isfinite(off[..., 0, 0]).sum())
    if not fits:
        return "No data set was sampled by NUTS."
    mean, ends = (np.sqrt(np.nanmean(off[..., what] ** 2)) for what in ([0], [1, 2]))
    independent, most = dataset["independent"].to_numpy(), np.nanmax(np.abs(off))
    return (
        f"NUTS on {fits} data sets: its means lie {mean:.3f} and its interval ends {ends:.3f} "
        f"posterior standard deviations off (root mean square; at most {most:.2f}). Of "
        f"{independent.size} posteriors {independent.sum()} were drawn from independently, the "
        "others by NUTS."
    )


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Tabulate one parameter: a line per cell, a column per estimator."""
    text = [
        f"{_short(row.bias, '+')} {_short(row.rmse)} {row.coverage:.0%}"
        + ("" if row.holds else " ✗")
        for row in rows.itertuples()
    ]
    wide = rows.assign(text=text).pivot(index="cell", columns="estimator", values="text")
    order = list(dict.fromkeys(rows["estimator"]))
    wide = wide.loc[list(dict.fromkeys(rows["cell"])), order]
    return wide.rename(columns=label).rename_axis(columns=None).reset_index()


def _short(value: float, sign: str = "") -> str:
    """Format a number with three decimals, or by its order of magnitude where it is huge."""
    return f"{value:{sign}.3f}" if abs(value) < 10 else f"{value:{sign}.0e}"
