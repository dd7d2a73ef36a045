"""Power and minimum detectable effect (80 % power) of each static column on its own design.

Data sets have the panel's own regressors, effects and controls' slopes, no slope of interest in any
province, and for errors the path of another province of the region, with a random sign
(`analysis.simulation.generators.swap`; on a panel with gaps `analysis.simulation.gaps`): as
persistent as paths are, and with no regressor in them.

A test detects a slope if its 95 % interval excludes zero. Adding β to the true slope adds β to
estimate and interval: exactly in least squares, and in posteriors as far as the slope's prior, some
ten times as wide as they are, lets it. So the intervals of data sets without a slope give the power
at every β, and the minimum detectable effect is a quantile of the distances of their lower ends
from zero.

The posterior is the one that evidence is read from: of Table 8's columns the region's slope in the
model of all provinces, on data sets of these. It is drawn towards the other regions, which have no
slope when this one has. So the model is fitted a second time, with the reference slope in that
region, and ends of intervals are taken to move in proportion to the slope.

Reference slopes are given by the caller, since this room is blind to the printed ones;
`analysis.comparison.power` has those.

System GMM has no data sets here: its power is the normal distribution's with its own standard
error, which is too small if that is.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from threadpoolctl import threadpool_limits

from analysis.replication import system_gmm
from analysis.shared.parallel import spread
from analysis.shared.statistics import POWER, Z, share
from analysis.simulation import gaps, generators
from analysis.simulation.intervals import (
    GMM,
    LEAST_SQUARES,
    POSTERIOR,
    intervals_of_least_squares,
    posteriors_of,
    regression_of,
)
from analysis.specifications import AVERAGE, home
from data.panels.panel import Panel
from data.shared.errors import located
from models.bayesian.registry import main_model
from models.design import Design, Specification

Array = NDArray[np.float64]

SIMULATED, POSTERIORS = 2_000, 200
"""Data sets for least squares, and for posteriors, which take longer."""

SLOPES = 41
"""Number of slopes at which power is tabulated: from none to twice the largest minimum detectable
effect, and to the reference at least."""

RATES = ("false_positive_rate", "false_positive_rate_low", "false_positive_rate_high")

COLUMNS = (
    *("panel", "column", "term", "test", "data_sets"),
    *(*RATES, "detectable"),
    *("reference", "power_at_reference"),
)
"""The contract of `run`, a row for each test.

`false_positive_rate` is the share of intervals that exclude zero where there is no slope, nominally
5 % (of GMM nothing else is known), `_low` and `_high` its 95 % Monte-Carlo interval;
`detectable` is the minimum detectable effect (80 % power), `reference` the caller's slope.
"""

CURVES = ("panel", "column", "term", "test", "slope", "power")
"""The contract of results/long/power_curves.csv."""


def swap(regression: Design, n_interest: int, size: int, rng: np.random.Generator) -> Array:
    """Draw outcomes in which each province has another one's path, also where there are gaps."""
    of = generators if regression.balanced else gaps
    return of.swap(regression, n_interest, size, rng)


# --- data sets ----------------------------------------------------------------------------------


class NullIntervals(NamedTuple):
    """Intervals of data sets without a slope, and how they move with one.

    Attributes
    ----------
    ends : ndarray, shape (data sets, 2)
    move : ndarray, shape (data sets, 2), or 1.0
        Of the ends, for each unit of slope.
    """

    ends: Array
    move: Array | float = 1.0


def posteriors(
    panel: Panel, record: Specification, added: Mapping[str, float], rng: np.random.Generator
) -> dict[str, NullIntervals]:
    """Return 95 % intervals of the posterior that is compared with a column's printed slopes.

    Parameters
    ----------
    added : mapping of str to float
        Of each term of interest the slope with which a region's model is fitted again.
    """
    home_record, region = home(record)
    regression, model = regression_of(panel, home_record), main_model(home_record)
    outcomes = swap(regression, len(home_record.interest), POSTERIORS, rng)
    definition = model.module.build(model.split(regression, home_record))

    def ends(outcomes: Array, name: str) -> Array:
        fits = posteriors_of(model, definition, regression, home_record, outcomes, rng)
        return np.array([slopes[name][1:] for slopes, _ in fits])

    by_term = {}
    for i, term in enumerate(record.interest):
        if region == AVERAGE:
            by_term[term] = NullIntervals(ends(outcomes, term))
            continue
        name, in_region = f"{term}:{region}", regression.region == regression.regions.index(region)
        without = ends(outcomes, name)
        with_slope = ends(outcomes + (added[term] * in_region * regression.x[:, i])[:, None], name)
        by_term[term] = NullIntervals(without, (with_slope - without) / added[term])
    return by_term


# --- a column -----------------------------------------------------------------------------------


Slopes = Mapping[tuple[str, str], float]
"""Sizes of slopes by column and term."""


@threadpool_limits.wrap(limits=1)
def study(
    job: tuple[Panel, Specification], seed: int, references: Slopes
) -> dict[str, dict[str, NullIntervals]]:
    """Return the intervals without a slope by term and test.

    Of GMM, which has no data sets, the two are the interval about zero by its standard error.

    Parameters
    ----------
    job : (Panel, Specification)
    seed : int
    references : mapping of (str, str) to float
        The slope with which a region's model is fitted again, by column and term.

    Raises
    ------
    UserError
        If the regression cannot be fitted to the panel.
    """
    panel, record = job
    if record.dynamic:
        with located(panel.name, record.column):
            table = system_gmm.coefficients(system_gmm.fit_column(panel.frame, record))
        about = Z * np.array([[-1.0, 1.0]])
        return {
            term: {GMM: NullIntervals(table.loc[term, "se"] * about)} for term in record.interest
        }
    regression = regression_of(panel, record)
    rng = np.random.default_rng([seed, *map(ord, record.column)])
    outcomes = swap(regression, len(record.interest), SIMULATED, rng)
    plain = intervals_of_least_squares(regression, outcomes, len(record.interest))
    added = {term: references[record.column, term] for term in record.interest}
    of_posteriors = posteriors(panel, record, added, rng)
    return {
        term: {
            **{name: NullIntervals(plain[i, :, j]) for j, name in enumerate(LEAST_SQUARES)},
            POSTERIOR: of_posteriors[term],
        }
        for i, term in enumerate(record.interest)
    }


def power(test: str, intervals: NullIntervals, slope: Array) -> Array:
    """Return the power at a slope of that size: the share of intervals that exclude zero."""
    if test == GMM:
        se = intervals.ends[0, 1] / Z
        return stats.norm.sf(Z - slope / se) + stats.norm.cdf(-Z - slope / se)
    moved = intervals.ends + np.abs(slope)[..., None, None] * intervals.move
    return ((moved[..., 0] > 0) | (moved[..., 1] < 0)).mean(axis=-1)


def detectable(test: str, intervals: NullIntervals) -> float:
    """Return the minimum detectable effect: the slope with 80 % power."""
    if test == GMM:
        return float(intervals.ends[0, 1] / Z * (Z + stats.norm.ppf(POWER)))
    return float(np.quantile((-intervals.ends / intervals.move)[:, 0], POWER))


def run(
    panels: Sequence[Panel],
    records: Sequence[Specification],
    references: Slopes,
    seed: int = 1,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield `COLUMNS` and `CURVES` of one column on one panel after the other, in any order.

    `references` are as `study` takes them.
    """
    listed = [(panel, record) for panel in panels for record in records]
    task = partial(_study, seed=seed, references=references)
    for (panel, record), intervals in spread(task, listed, workers, cluster):
        yield tables(panel.name, record, intervals, references)


def _study(job: tuple[Panel, Specification], seed: int, references: Slopes) -> tuple:
    return job, study(job, seed, references)


def tables(
    panel: str,
    record: Specification,
    by_term: dict[str, dict[str, NullIntervals]],
    references: Slopes,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tabulate one column on one panel: `COLUMNS` and `CURVES`."""
    rows, curves = [], []
    for term, tests in by_term.items():
        reference = references[record.column, term]
        most = 2 * max(detectable(test, intervals) for test, intervals in tests.items())
        most = max(most, 1.1 * reference)
        slope = np.linspace(0, most, SLOPES)
        for test, intervals in tests.items():
            head = {"panel": panel, "column": record.column, "term": term, "test": test}
            powers = power(test, intervals, np.array([0.0, reference]))
            size = 0 if test == GMM else len(intervals.ends)
            alarms = share(round(powers[0] * size), size) if size else [np.nan] * 3
            rows.append(
                head
                | {"data_sets": size, "detectable": detectable(test, intervals)}
                | dict(zip(RATES, alarms, strict=True))
                | {"reference": reference, "power_at_reference": powers[1]}
            )
            shares = power(test, intervals, slope)
            curves.append(pd.DataFrame({**head, "slope": slope, "power": shares}))
    return pd.DataFrame(rows, columns=list(COLUMNS)), pd.concat(curves, ignore_index=True)
