"""One recommended estimator of dynamic columns, by interval score over simulated data sets.

Rule, second edition, written on 30 November 2026, before any estimator was judged by it, and before
any data set with province-specific lines was drawn. It takes the place of the first edition, which
counted the cells in which an estimator's intervals hold. That recommended difference GMM, whose
intervals hold because they are wide, and set a second estimator beside it, that of the least error,
with the opposite answer. What had been seen before this was written: the first edition's bias,
errors and coverages of all estimators but `dynamic_growth`, without lines; posteriors of
`dynamic_growth` for 5.1, 5.3 and 5.4 on the panel official (ρ about 0.80, 0.66 and 0.62, where
`dynamic` has 1.06, 0.83 and 1.01); and its ρ in five data sets of each of two cells, drawn to time
it.

1. Every estimator of the study can be recommended. Two parameters are judged in each of
   `cells.CELLS`: ρ, and the slope of interest. All cells decide, with lines and without.
2. An estimator's 95 % intervals are judged by their mean interval score over the cell's data sets
   (Gneiting & Raftery 2007, *JASA* 102:359–378, section 6.2), low where intervals are short and
   hold. It is divided by the smallest of any estimator for that parameter in that cell.
3. The largest of these ratios counts: the worst cell decides. Recommended is the estimator whose
   worst ratio is smallest; of those within `TIE` of it, that with the smallest geometric mean of
   all ratios.
4. An estimator that gives none in more than `LACKING` of a cell's data sets is ranked last.
5. For a column on a panel, ρ > 1 is in the data if the recommended estimator's interval lies wholly
   above 1 and this is no false positive: in no cell with ρ < 1 did that happen in more than
   `FALSE_POSITIVES` of the data sets (the Monte-Carlo interval reaches it). If only the printed
   interval lies wholly above 1, it is estimator bias.
6. Coverage is shown, with a mark where its Monte-Carlo interval lies below
   `scoring.LEAST_COVERAGE`; it does not count. Nor does anything else: there is one recommendation.
"""

import numpy as np
import pandas as pd
import xarray as xr

from analysis.replication.dynamic_estimators import label
from analysis.shared.scoring import assess
from analysis.simulation.dynamic_study.study import LINES, MODEL
from analysis.simulation.size import interval_score
from models.design import LAG

TIE, LACKING, FALSE_POSITIVES = 1.05, 0.01, 0.05
"""See the rule above."""

FAR = 10
"""Bias or error beyond which no digit of it is shown: parameters are about 1 and less."""

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
    "score",
    "above_one",
    "above_one_low",
    "above_one_high",
    "holds",
)
"""The contract of results/long/simulation.csv; `_low` and `_high` end 95 % Monte-Carlo
intervals, `score` is the mean interval score, and `above_one` the share of data sets whose interval
lies wholly above 1, of ρ."""


def summary(dataset: xr.Dataset) -> pd.DataFrame:
    """Return bias, error, coverage and interval score by cell, estimator and term."""
    rows = []
    for cell in dataset["cell"].to_numpy():
        for name in dataset["estimator"].to_numpy():
            for term in dataset["term"].to_numpy():
                estimates = dataset.sel(cell=cell, estimator=name, term=term)
                arrays = [estimates[end].to_numpy() for end in ("estimate", "low", "high")]
                row = assess(*arrays, float(estimates["truth"]))
                scores = interval_score(*arrays[1:], row["truth"])
                row["score"] = scores[~np.isnan(scores)].mean() if row["estimated"] else np.nan
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
        Columns `estimator, complete, worst_score, worst_cell, worst_term, mean_score, holds, of,
        false_positive_rate`: the largest ratio of scores and where it is, their geometric mean, in
        how many of how many cells its intervals hold, and the largest false-positive rate in a cell
        with ρ < 1, the low end of its Monte-Carlo interval.
    """
    least = scores.groupby(["cell", "term"])["score"].transform("min")
    ratios = scores.assign(ratio=scores["score"] / least)
    rows = []
    for name, cells in ratios.groupby("estimator", sort=False):
        lacking = 1 - (cells["estimated"] / cells["data_sets"]).min()
        worst = (
            cells.loc[cells["ratio"].idxmax()] if cells["ratio"].notna().any() else cells.iloc[0]
        )
        rows.append(
            {
                "estimator": name,
                "complete": bool(lacking <= LACKING and cells["ratio"].notna().all()),
                "worst_score": worst["ratio"],
                "worst_cell": worst["cell"],
                "worst_term": worst["term"],
                "mean_score": np.exp(np.log(cells["ratio"]).mean()),
                "holds": int(cells["holds"].sum()),
                "of": len(cells),
                "false_positive_rate": cells.loc[cells["rho"] < 1, "above_one_low"].max(),
            }
        )
    table = pd.DataFrame(rows)
    table = table.sort_values(
        ["complete", "worst_score"], ascending=[False, True], kind="stable"
    ).reset_index(drop=True)
    best = table.iloc[0]
    tied = table["complete"].eq(best["complete"]) & (
        table["worst_score"] <= TIE * best["worst_score"]
    )
    first = table[tied]["mean_score"].idxmin()
    order = [first, *table.index.drop(first)]
    return table.loc[order].reset_index(drop=True)


def words_on_nuts(dataset: xr.Dataset) -> str:
    """Compare NUTS's means and interval ends with the collapsed engine's.

    In posterior standard deviations, a quarter of the interval's length: with a few hundred draws
    of each sampler a mean is known to about 0.07 of it and an end to about 0.15.
    """
    of_model = dataset.sel(estimator=MODEL)
    ours = np.stack([of_model[end].to_numpy() for end in ("estimate", "low", "high")], axis=-1)
    sd = (ours[..., 2] - ours[..., 1]) / 4
    difference = (dataset["nuts"].to_numpy() - ours) / sd[..., None]
    fits = int(np.isfinite(difference[..., 0, 0]).sum())
    if not fits:
        return "No data set was sampled by NUTS."
    mean, ends = (np.sqrt(np.nanmean(difference[..., columns] ** 2)) for columns in ([0], [1, 2]))
    independent, most = dataset["independent"].to_numpy(), np.nanmax(np.abs(difference))
    effective = float(dataset["effective"].min())
    return (
        f"NUTS on {fits} data sets: its means lie {mean:.3f} and its interval ends {ends:.3f} "
        f"posterior standard deviations off (root mean square; at most {most:.2f}). Of "
        f"{independent.size} posteriors {independent.sum()} were drawn from independently, the "
        f"others by NUTS. Chains of {LINES} have {effective:.0f} effective draws of ρ and of the "
        "slope at least."
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
    """Format a number with three decimals; beyond `FAR` it says no more than that it is."""
    if abs(value) < FAR:
        return f"{value:{sign}.3f}"
    return f">{FAR}" if value > 0 else f"<−{FAR}"


def far(rows: pd.DataFrame) -> str:
    """Say whose bias and error are shown as beyond `FAR`, and why; empty if nobody's are."""
    beyond = rows[rows[["bias", "rmse"]].abs().max(axis=1) >= FAR]
    names = ", ".join(label(name) for name in dict.fromkeys(beyond["estimator"]))
    if not names:
        return ""
    return (
        f"Bias or error beyond {FAR} is shown as >{FAR} or <−{FAR} ({names}). Single data sets "
        "make it: the correction has high powers of a first estimate of ρ, and explodes where that "
        "is 2 or −2 and beyond. Such means say little of a typical data set."
    )
