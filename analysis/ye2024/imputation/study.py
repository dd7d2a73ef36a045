"""What imputation does to a slope: bias and coverage where cells are deleted and truth is known.

Complete data sets are simulated, cells deleted as the real gaps lie (`simulated_panels`), and the
slope of the index on the quotient is estimated by two-way fixed effects with errors clustered by
province, without deletion and after each way of filling:

complete        nothing is deleted
rule            the default rules' values, taken as known
single          one draw, taken as known
without         draws made without the outcome regression, pooled by Rubin's rules
with            the same draws moved to where that regression makes them likely, too
                (`imputed_outcome`), pooled likewise

The true slope is the mean of the complete data sets' slopes: the index's units come of the data, so
that no slope is put in.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import stdtrit
from threadpoolctl import threadpool_limits

from analysis.shared import rubin
from analysis.shared.parallel import spread
from analysis.shared.scoring import assess
from analysis.ye2024.imputation import imputed_outcome, simulated_panels

METHODS = {
    "complete": "nothing deleted",
    "rule": "default rules, taken as known",
    "single": "one draw, taken as known",
    "without": "draws without the outcome, pooled",
    "with": "draws with the outcome, pooled",
}

COLUMNS = (
    *("method", "data_sets", "draws", "true_slope", "mean", "bias", "bias_low", "bias_high"),
    *("relative_bias", "rmse", "coverage", "coverage_low", "coverage_high", "width", "share"),
)
"""The contract of results/long/imputation_study.csv: `share` is that of the pooled variance which
comes of imputation; ends are 95 % Monte-Carlo intervals."""

BATCH = 10
"""Data sets in one task."""


def estimates(
    numbers: range, seed: int, draws: int, with_outcome: int, steps: int = imputed_outcome.STEPS
) -> pd.DataFrame:
    """Estimate the slope of some data sets by every method.

    Parameters
    ----------
    numbers : range
        Of the data sets; each has its own seed.
    seed, draws : int
    with_outcome : int
        Data sets, from the first, that are also imputed with the outcome.
    steps : int
        Slices of a chain there.

    Returns
    -------
    DataFrame
        Columns `data_set, method, estimate, low, high, share`.
    """
    rows = []
    with threadpool_limits(1):
        for number in numbers:
            rng = np.random.default_rng([seed, number])
            truth = simulated_panels.simulate(rng)
            imputer = simulated_panels.Imputer(truth)
            z = rng.standard_normal((draws, imputer.size))
            slopes = imputed_outcome.slopes(*imputer.construct(z))
            without_pooling = {
                "complete": imputed_outcome.slopes(*truth.complete()),
                "rule": imputed_outcome.slopes(*imputer.construct(np.zeros_like(z[:1]))),
                "single": slopes,
            }
            for method, fit in without_pooling.items():
                reach = stdtrit(fit.df[1], 0.975) * fit.se_province[0]
                slope = fit.slope[0]
                rows.append((number, method, slope, slope - reach, slope + reach, np.nan))
            rows.append((number, "without", *_pooled(slopes)))
            if number < with_outcome:
                moved = imputed_outcome.with_outcome(z, imputer.construct, rng, steps)
                slopes = imputed_outcome.slopes(*imputer.construct(moved))
                rows.append((number, "with", *_pooled(slopes)))
    return pd.DataFrame(rows, columns=["data_set", "method", "estimate", "low", "high", "share"])


def _pooled(slopes: imputed_outcome.Slopes) -> tuple[float, float, float, float]:
    pooled = rubin.pool(slopes.slope, slopes.se_province**2, slopes.df[1])
    return (*map(float, (pooled.estimate, *pooled.interval(), pooled.share)),)


def run(
    data_sets: int,
    draws: int,
    with_outcome: int,
    seed: int = 1,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield `estimates` of one batch after the other, in any order."""
    starts = range(0, data_sets, BATCH)
    listed = [range(start, min(start + BATCH, data_sets)) for start in starts]
    task = partial(estimates, seed=seed, draws=draws, with_outcome=with_outcome)
    yield from spread(task, listed, workers, cluster)


def summary(table: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Summarise bias and coverage of each method: `COLUMNS`.

    Parameters
    ----------
    table : DataFrame
        From `estimates`, batches in any order.
    draws : int
        Completed data sets behind a pooled estimate.
    """
    table = table.sort_values("data_set", kind="stable")
    true = table.loc[table["method"] == "complete"].set_index("data_set")["estimate"]
    rows = []
    for method in METHODS:
        group = table[table["method"] == method]
        if group.empty:
            continue
        values = group[["estimate", "low", "high"]].to_numpy().T
        scores = assess(*values, true.mean())
        # Against the same data sets' complete slopes: their own scatter cancels.
        error = group["estimate"].to_numpy() - true.loc[group["data_set"]].to_numpy()
        mcse = error.std(ddof=1) / np.sqrt(len(error)) if len(error) > 1 else np.nan
        rows.append(
            {
                **{name: scores[name] for name in scores if name in COLUMNS},
                "method": method,
                "data_sets": len(group),
                "draws": draws if method in ("without", "with") else 1,
                "true_slope": true.mean(),
                "mean": group["estimate"].mean(),
                "bias": error.mean(),
                "bias_low": error.mean() - 1.96 * mcse,
                "bias_high": error.mean() + 1.96 * mcse,
                "relative_bias": error.mean() / true.mean(),
                "width": (group["high"] - group["low"]).median(),
                "share": group["share"].mean(),
            }
        )
    return pd.DataFrame(rows)[list(COLUMNS)]


def shown(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the table for a reader."""
    rows = pd.DataFrame({"filled by": scores["method"].map(METHODS)})
    rows["data sets"] = scores["data_sets"]
    rows["mean slope"] = scores["mean"].map("{:.4f}".format)
    rows["bias"] = [
        f"{v.relative_bias:+.1%} of the slope" if v.method != "complete" else ""
        for v in scores.itertuples(index=False)
    ]
    rows["coverage"] = [
        f"{v.coverage:.1%} [{v.coverage_low:.0%}, {v.coverage_high:.0%}]"
        for v in scores.itertuples(index=False)
    ]
    rows["median width of 95 % intervals"] = scores["width"].map("{:.4f}".format)
    rows["share of variance"] = [f"{v:.1%}" if v == v else "" for v in scores["share"]]
    return rows
