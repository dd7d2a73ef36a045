"""What slopes could these rows have found? Power of each static column on the real design.

Data sets have the panel's own regressors, effects and controls' slopes, no slope of interest, and
errors that are each province's own residuals (scaled for the degrees of freedom that the fit took),
all with one random sign: so they are as noisy in a region, and as alike from year to year, as they
are (Cameron, Gelbach & Miller 2008, *Review of Economics and Statistics* 90:414–427).

The posterior is that which stands beside the printed slope elsewhere: of Table 8's columns the
region's slope in the model of all provinces, on data sets of these.

A test finds a slope if its 95 % interval excludes zero. Adding β to the true slope adds β to
estimate and interval: exactly in least squares, and in posteriors as far as the slope's prior, some
ten times as wide as they are, lets it. So the intervals of data sets without a slope say at every β
how often it would be found, and the least β found in 80 % of them is a quantile of the distances of
their ends from zero.

System GMM has no data sets here: its power is the normal distribution's with its own standard
error, which is too small if that is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats
from threadpoolctl import threadpool_limits

from analysis import system_gmm
from analysis.claims import home
from analysis.compare import Z, published_slopes
from analysis.describe import main_model
from analysis.intervals import (
    LEAST_SQUARES,
    POSTERIOR,
    WORDS,
    balanced,
    intervals_of_least_squares,
    posterior,
)
from analysis.plots import PALETTE, small_multiples
from analysis.sensitivity import AVERAGE
from analysis.simulate import share
from analysis.specifications import select
from analysis.spread import spread
from data.errors import located
from data.panel import PANELS, Panel
from models import twfe
from models.design import Design, Specification

Array = NDArray[np.float64]

GMM = "GMM"

SIMULATED, POSTERIORS = 2_000, 200
"""Data sets for least squares, and of these the first for posteriors, which take longer."""

POWER = 0.8

SLOPES = 41
"""At so many slopes, from none to twice the largest of those found in 80 %, and to the printed one
at least, power is tabulated."""

ALARMS = ("false_alarms", "false_alarms_low", "false_alarms_high")

COLUMNS = (
    *("panel", "column", "term", "test", "data_sets"),
    *(*ALARMS, "detectable"),
    *("published", "published_over_detectable", "power_at_published"),
)
"""The contract of results/power.csv.

`false_alarms` is the share of intervals that exclude zero where there is no slope, nominally 5 %
(of GMM nothing else is known), `_low` and `_high` its 95 % Monte-Carlo interval;
`detectable` the slope found in 80 % of data sets; a published slope of less than that could hardly
have been found.
"""

CURVES = ("panel", "column", "term", "test", "slope", "power")
"""The contract of results/power_curves.csv."""


# --- data sets ----------------------------------------------------------------------------------


def data_sets(made: Design, n_interest: int, size: int, rng: np.random.Generator) -> Array:
    """Draw outcomes without a slope of interest.

    Parameters
    ----------
    made : Design
        n rows.
    n_interest : int
        The first terms are those of interest.
    size : int
    rng : Generator

    Returns
    -------
    ndarray, shape (n, size)
    """
    parts = twfe.slope_parts(made.y, made.x, made.province, made.year)
    parameters = len(made.provinces) + len(made.years) - 1 + len(made.terms)
    scale = np.sqrt(len(made.y) / (len(made.y) - parameters))
    systematic = made.y - parts.residual - made.x[:, :n_interest] @ parts.slopes[:n_interest]
    sign = rng.choice([-1.0, 1.0], size=(len(made.provinces), size))
    return systematic[:, None] + scale * parts.residual[:, None] * sign[made.province]


def intervals_of_posteriors(
    panel: Panel, record: Specification, outcomes: Array, rng: np.random.Generator
) -> dict[str, Array]:
    """Return 95 % intervals of the posterior that stands for a column beside the printed slope.

    That of a region's column is of the whole's model (`analysis.claims.home`), whose data sets
    have a slope in no region.

    Parameters
    ----------
    outcomes : ndarray, shape (n, data sets)
        Of the column's own rows.

    Returns
    -------
    dict of str to ndarray, shape (data sets, 2)
        By term of interest.
    """
    whole, region = home(record)
    made, of_region = balanced(panel, whole), ""
    if region != AVERAGE:
        apart = with_slopes_by_region(made, len(whole.interest))
        n_apart = len(whole.interest) * len(made.regions)
        outcomes = data_sets(apart, n_apart, outcomes.shape[1], rng)
        of_region = f":{region}"
    model = main_model(whole)
    definition = model.module.build(model.split(made, whole))
    fits = [posterior(model, definition, made.with_outcome(y), whole, rng)[0] for y in outcomes.T]
    return {
        term: np.array([fit[f"{term}{of_region}"][1:] for fit in fits]) for term in record.interest
    }


def with_slopes_by_region(made: Design, n_interest: int) -> Design:
    """Return a design in which each region has a slope of its own of the first terms."""
    x = made.x[:, :n_interest, None] * np.eye(len(made.regions))[made.region][:, None]
    terms = [f"{term}:{name}" for term in made.terms[:n_interest] for name in made.regions]
    return replace(
        made,
        x=np.column_stack([x.reshape(len(x), -1), made.x[:, n_interest:]]),
        terms=(*terms, *made.terms[n_interest:]),
    )


def margins(intervals: Array) -> Array:
    """Return how large a slope each interval would have shown, from both of its sides.

    Parameters
    ----------
    intervals : ndarray, shape (data sets, 2)
        Without a slope. Errors could as well have had the other sign.

    Returns
    -------
    ndarray, shape (2 · data sets,)
    """
    return np.concatenate([-intervals[:, 0], intervals[:, 1]])


# --- a column -----------------------------------------------------------------------------------


@threadpool_limits.wrap(limits=1)
def study(job: tuple[Panel, Specification], seed: int) -> dict[str, dict[str, Array]]:
    """Return the intervals without a slope, shape (data sets, 2), by term and test.

    Of GMM, which has no data sets, the two are the interval about zero by its standard error.

    Raises
    ------
    UserError
        If the panel does not carry the regression, or has gaps.
    """
    panel, record = job
    if record.dynamic:
        with located(panel.name, record.column):
            table = system_gmm.coefficients(system_gmm.fit_column(panel.frame, record))
        return {t: {GMM: Z * table.loc[t, "se"] * np.array([[-1.0, 1.0]])} for t in record.interest}
    made = balanced(panel, record)
    rng = np.random.default_rng([seed, *map(ord, record.column)])
    outcomes = data_sets(made, len(record.interest), SIMULATED, rng)
    plain = intervals_of_least_squares(made, outcomes, len(record.interest))
    of_posteriors = intervals_of_posteriors(panel, record, outcomes[:, :POSTERIORS], rng)
    return {
        term: {
            **{name: plain[i, :, j] for j, name in enumerate(LEAST_SQUARES)},
            POSTERIOR: of_posteriors[term],
        }
        for i, term in enumerate(record.interest)
    }


def power(test: str, intervals: Array, slope: Array) -> Array:
    """Return the share of data sets in which a slope of that size is found."""
    if test == GMM:
        se = intervals[0, 1] / Z
        return stats.norm.sf(Z - slope / se) + stats.norm.cdf(-Z - slope / se)
    low, high = intervals.T
    # Found on the right side, or (of small slopes) on the wrong one; errors of either sign.
    shifted = np.abs(slope)[..., None]
    right = (low + shifted > 0).mean(-1) + (high - shifted < 0).mean(-1)
    wrong = (high + shifted < 0).mean(-1) + (low - shifted > 0).mean(-1)
    return (right + wrong) / 2


def detectable(test: str, intervals: Array) -> float:
    """Return the slope that is found in 80 % of data sets."""
    if test == GMM:
        return float(intervals[0, 1] / Z * (Z + stats.norm.ppf(POWER)))
    return float(np.quantile(margins(intervals), POWER))


def run(
    panels: Sequence[Panel],
    records: Sequence[Specification],
    seed: int = 1,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield `COLUMNS` and `CURVES` of one column on one panel after the other, in any order."""
    listed = [(panel, record) for panel in panels for record in records]
    for (panel, record), found in spread(partial(_study, seed=seed), listed, workers, cluster):
        yield tables(panel.name, record, found)


def _study(job: tuple[Panel, Specification], seed: int) -> tuple:
    return job, study(job, seed)


def tables(
    panel: str, record: Specification, found: dict[str, dict[str, Array]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tabulate one column on one panel: `COLUMNS` and `CURVES`."""
    printed = published_slopes()
    rows, curves = [], []
    for term, tests in found.items():
        published = abs(float(printed.loc[(record.column, term), "coef"]))
        most = 2 * max(detectable(test, intervals) for test, intervals in tests.items())
        most = max(most, 1.1 * published)
        slope = np.linspace(0, most, SLOPES)
        for test, intervals in tests.items():
            head = {"panel": panel, "column": record.column, "term": term, "test": test}
            at = power(test, intervals, np.array([0.0, published]))
            least = detectable(test, intervals)
            size = 0 if test == GMM else len(intervals)
            alarms = share(round(at[0] * size), size) if size else [np.nan] * 3
            rows.append(
                head
                | {"data_sets": size, "detectable": least, "published": published}
                | dict(zip(ALARMS, alarms, strict=True))
                | {"published_over_detectable": published / least, "power_at_published": at[1]}
            )
            shares = power(test, intervals, slope)
            curves.append(pd.DataFrame({**head, "slope": slope, "power": shares}))
    return pd.DataFrame(rows, columns=list(COLUMNS)), pd.concat(curves, ignore_index=True)


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Sort a table by panel and column as they are listed, whatever order they ended in."""
    panels = {kind.name: i for i, kind in enumerate(PANELS)}
    columns = {record.column: i for i, record in enumerate(select(()))}
    at = table["panel"].map(panels).fillna(len(panels)), table["column"].map(columns)
    order = np.lexsort((np.arange(len(table)), at[1], at[0]))
    return table.iloc[order].reset_index(drop=True)


SHOWN = {
    "panel": "panel",
    "column": "column",
    "term": "term",
    "test": "test",
    "data_sets": "data sets",
    "published": "printed",
    "detectable": "found in 80 %",
    "power_at_published": "power at the printed",
    "false_alarms": "false alarms",
}
"""What a reader is shown of `COLUMNS`, and what it is called there."""


def shown(found: pd.DataFrame) -> pd.DataFrame:
    """Return the table for a reader: slopes with three decimals, shares in per cent."""
    rows = found[list(SHOWN)].rename(columns=SHOWN)
    for name in ("printed", "found in 80 %"):
        rows[name] = [f"{v:.3f}" for v in rows[name]]
    rows["power at the printed"] = [f"{v:.0%}" for v in rows["power at the printed"]]
    rows["false alarms"] = [
        f"{at:.0%} [{low:.0%}, {high:.0%}]" if at == at else ""
        for at, low, high in found[list(ALARMS)].to_numpy()
    ]
    rows["data sets"] = [str(v) if v else "" for v in rows["data sets"]]
    return rows


def sentence(found: pd.DataFrame) -> str:
    """Say how many slopes as large as the published the rows could find, and how often falsely."""
    parts, alarms = [], []
    for test in (*LEAST_SQUARES, POSTERIOR, GMM):
        own = found[found["test"] == test]
        if len(own):
            enough = int((own["published_over_detectable"] >= 1).sum())
            parts.append(f"{enough} of {len(own)} by {TESTS[test]}")
            if own["false_alarms"].notna().any():
                alarms.append(f"{own['false_alarms'].median():.0%} ({TESTS[test]})")
    return (
        f"Slopes as large as the published ones would be found with {POWER:.0%} power in "
        f"{'; '.join(parts)}. Where there is no slope, 95 % intervals exclude zero in "
        f"{', '.join(alarms)} of data sets (medians)."
    )


TESTS = WORDS | {GMM: "system GMM's own errors"}
"""What each is called."""


def draw(rows: pd.DataFrame) -> Figure:
    """Draw power by the true slope, a frame for each slope; the printed one is a vertical line."""
    printed = published_slopes()
    cells = list(dict.fromkeys(zip(rows["column"], rows["term"], strict=True)))
    figure, grid = small_multiples(len(cells), 1.5, sharey=True)
    shown = {}
    for axes, (column, term) in zip(grid, cells, strict=True):
        own = rows[(rows["column"] == column) & (rows["term"] == term)]
        for test, colour in zip(TESTS, PALETTE, strict=False):
            line = own[own["test"] == test]
            if len(line):
                (drawn,) = axes.plot(line["slope"], line["power"], color=colour, lw=1.2)
                shown.setdefault(TESTS[test], drawn)
        published = abs(float(printed.loc[(column, term), "coef"]))
        shown["printed slope"] = axes.axvline(published, color="0.3", lw=1, ls=":")
        axes.axhline(POWER, color="0.8", lw=0.6, zorder=0)
        axes.set_title(f"{column}  {term}", loc="left", fontsize=7)
        axes.set_xlim(0)
        axes.set_ylim(0, 1.02)
        axes.tick_params(labelsize=6.5)
    for axes in figure.axes[-4:]:
        axes.set_xlabel("true slope, in size", fontsize=7)
    for axes in figure.axes[::4]:
        axes.set_ylabel("power", fontsize=7)
    figure.suptitle(f"{rows['panel'].iloc[0]}: how often a slope would be found", fontsize=8.5)
    figure.legend(shown.values(), shown, loc="outside lower center", ncols=3, frameon=False)
    return figure
