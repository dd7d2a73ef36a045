"""Parameter recovery: bias, error and coverage for true slopes drawn from a posterior.

For each data set parameters are drawn from the posterior of a column's main model, and outcomes
from the model given them, on the panel's own regressors; the model and least squares are fitted to
these outcomes alone. Bias, coverage of 95 % intervals and their width show how well the slopes are
identified by these rows if the model is right.

Other questions: `analysis.simulation.power` takes paths of other provinces as errors;
`analysis.simulation.calibration` draws parameters from the prior, on average over which alone a
posterior's intervals must cover 95 % of them; `analysis.simulation.dynamic_study` does this for
the autoregressive coefficient of Table 5.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pandas as pd
import pymc as pm
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior.many_fits import by_density, free_variables
from analysis.shared import digits
from analysis.shared.batches import Batch, of_data_sets
from analysis.shared.frames import ordered
from analysis.shared.parallel import spread
from analysis.shared.scoring import assess
from analysis.shared.statistics import INTERVALS
from analysis.simulation.intervals import (
    DRAWS,
    LEAST_SQUARES,
    POSTERIOR,
    Slopes,
    intervals_of_least_squares,
    posteriors_of,
    regression_of,
    slopes_of_interest,
)
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.bayesian.interface import Parts
from models.bayesian.registry import Model, main_model
from models.design import Specification

Array = NDArray[np.float64]

BATCH = 25
"""Data sets in one task."""

COLUMNS = (
    *("panel", "column", "term", "estimator", "data_sets", "independent"),
    *("true_slope", "true_slope_sd", "bias", "bias_low", "bias_high", "rmse"),
    *("coverage", "coverage_low", "coverage_high", "width"),
)
"""The contract of results/long/recovery.csv.

`term` is a term of interest, or of a slope that differs by region a term and a region (of those
only the posterior's estimates are there); `independent` the share of posteriors whose draws were
all effective; `true_slope` and `true_slope_sd` the mean and standard deviation of the true slopes;
`width` the mean width of 95 % intervals; `_low` and `_high` end 95 % Monte-Carlo intervals.
"""


def data_sets(
    model: Model,
    definition: pm.Model,
    parts: Parts,
    record: Specification,
    size: int,
    rng: np.random.Generator,
) -> tuple[Slopes, Array]:
    """Draw slopes from the posterior given the panel, and outcomes given all of such a draw.

    Returns
    -------
    slopes : dict of str to ndarray, shape (size,)
    outcomes : ndarray, shape (n, size)
    """
    flat, _ = by_density(model.module.density(parts, model.module.PRIORS), size, rng)
    free = free_variables(definition, parts, flat)
    _, outcomes = model.module.rows(parts, free, rng).predictive["y"]
    return slopes_of_interest(model, parts, record, free), outcomes[0].T


@threadpool_limits.wrap(limits=1)
def study(batch: Batch, seed: int) -> pd.DataFrame:
    """Return estimates and 95 % intervals of some data sets beside the true slopes.

    Returns
    -------
    DataFrame
        Columns `panel, column, data_set, term, estimator, effective, truth, estimate, low, high`;
        of least squares `effective` is NaN.

    Raises
    ------
    UserError
        If the column is dynamic, or the regression cannot be fitted to the panel.
    """
    panel, record, numbers = batch
    if record.dynamic:
        raise UserError(
            f"Column {record.column} is dynamic, and its recovery is what `python -m analysis "
            "simulate` computes: leave it out here."
        )
    regression = regression_of(panel, record)
    model = main_model(record)
    parts = model.split(regression, record)
    definition = model.module.build(parts)
    rng = np.random.default_rng([seed, *map(ord, record.column), numbers.start])
    truth, outcomes = data_sets(model, definition, parts, record, len(numbers), rng)
    head = {"panel": panel.name, "column": record.column, "data_set": numbers}
    frames = []
    of_least_squares = intervals_of_least_squares(regression, outcomes, len(record.interest))
    for i, term in enumerate(record.interest):
        for j, name in enumerate(LEAST_SQUARES):
            low, high = of_least_squares[i, :, j].T
            ends = {"estimate": (low + high) / 2, "low": low, "high": high}
            labels = {"term": term, "estimator": name, "effective": np.nan, "truth": truth[term]}
            frames.append(pd.DataFrame(head | labels | ends))
    fits = list(posteriors_of(model, definition, regression, record, outcomes, rng))
    effective = [ess for _, ess in fits]
    for term, values in truth.items():
        estimate, low, high = np.array([fit[term] for fit, _ in fits]).T
        ends = {"estimate": estimate, "low": low, "high": high}
        labels = {"term": term, "estimator": POSTERIOR, "effective": effective, "truth": values}
        frames.append(pd.DataFrame(head | labels | ends))
    return pd.concat(frames, ignore_index=True)


def run(
    panels: Sequence[Panel],
    records: Sequence[Specification],
    size: int,
    seed: int = 1,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield `study` of one batch after the other, in any order."""
    listed = of_data_sets(panels, records, size, BATCH)
    yield from spread(partial(study, seed=seed), listed, workers, cluster)


def summary(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return bias, root mean squared error, coverage and width: `COLUMNS`."""
    rows = []
    # Batches come in any order, and the last digit of sums depends on it.
    estimates = estimates.sort_values(["panel", "column", "data_set"], kind="stable")
    keys = ["panel", "column", "term", "estimator"]
    for key, group in estimates.groupby(keys, sort=False):
        errors = group[["estimate", "low", "high"]].sub(group["truth"], axis=0)
        scores = assess(*errors.to_numpy().T, 0.0)
        scores |= {"true_slope": group["truth"].mean(), "true_slope_sd": group["truth"].std()}
        scores |= {"width": (group["high"] - group["low"]).mean()}
        exact = group["effective"].ge(DRAWS).mean() if group["effective"].notna().all() else np.nan
        scores |= {"independent": exact}
        rows.append(dict(zip(keys, key, strict=True)) | scores)
    return ordered(pd.DataFrame(rows)[list(COLUMNS)])


def shown(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the table for a reader: slopes with informative digits, shares in per cent."""
    rows = scores[["panel", "column", "term", "estimator"]].copy()
    rows["estimator"] = rows["estimator"].map(INTERVALS)
    rows["true slope"] = [
        digits.with_spread(v.true_slope, v.true_slope_sd, "sd ")
        for v in scores.itertuples(index=False)
    ]
    rows["bias"] = [
        digits.with_interval(v.bias, v.bias_low, v.bias_high, sign="+")
        for v in scores.itertuples(index=False)
    ]
    rows["RMSE"] = scores["rmse"].map(digits.estimate)
    rows["width of 95 % intervals"] = scores["width"].map(digits.estimate)
    rows["coverage"] = [
        f"{v.coverage:.0%} [{v.coverage_low:.0%}, {v.coverage_high:.0%}]"
        for v in scores.itertuples(index=False)
    ]
    return rows
