"""What posteriors in every universe say, and whether the balanced fraction resembles them.

Every combination of options counts alike, also where several are one universe, as in
`analysis.robustness.multiverse.summarise`. A posterior whose draws fail the gate is left out.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.robustness.multiverse.evaluate import GRID_FAMILY
from analysis.robustness.multiverse.summarise import BINS, shares
from analysis.robustness.multiverse.universes import Found, distinct, labelled, share
from analysis.shared.statistics import Z

Array = NDArray[np.float64]

QUANTILES = {"q025": 0.025, "q25": 0.25, "median": 0.5, "q75": 0.75, "q975": 0.975}

COLUMNS = (
    *("column", "term", "errors", "published", "universes", "distinct", "not_trusted"),
    *QUANTILES,
    *("share_same_sign", "share_excludes_zero", "share_same_side", "share_other_side"),
    *("largest_choice", "largest_total"),
)
"""The contract of results/long/multiverse_all.csv: slopes in every universe by error structure,
and by least squares with errors clustered by province.

Quantiles are over universes, of posterior means. `share_excludes_zero`: the 95 % interval excludes
zero; `share_same_side`: it does so on the side of the printed sign. `largest_choice` has the
largest total-effect share of the variance (`multiverse_all_variance`). `not_trusted` counts
universes, each distinct one once."""

VARIANCE = ("column", "term", "errors", "choice", "options", "main", "total")
"""The contract of results/long/multiverse_all_variance.csv."""

FRACTION = (
    *("column", "term", "errors", "universes", "of", "mean", "mean_of_all", "sd", "sd_of_all"),
    *("share_same_sign", "share_same_sign_of_all", "share_excludes_zero"),
    *("share_excludes_zero_of_all", "z"),
)
"""The contract of results/long/multiverse_all_fraction.csv: slopes in the universes of the balanced
fraction beside those in all, from the same fits; `z`, the difference of means in standard errors of
a simple random sample."""

CURVES = ("column", "term", "errors", "what", "bin", "value")
"""The contract of results/long/multiverse_all_curves.csv: universes in the order of their
least-squares slopes, cut into `BINS` of equally many; medians of the bin's estimates and ends of
95 % intervals (`what`: estimate, low, high)."""


class Slopes(NamedTuple):
    """A slope in every universe under one error structure.

    Attributes
    ----------
    column, term, errors : str
    sign : float
        Of the printed slope, or of the column's own estimate.
    fits : Dataset
    estimate, low, high : ndarray
        An axis for each choice; NaN where draws fail the gate, or there is no fit.
    """

    column: str
    term: str
    errors: str
    sign: float
    fits: xr.Dataset
    estimate: Array
    low: Array
    high: Array


def slopes(found: Found) -> Iterator[Slopes]:
    """Yield every slope of interest by error structure, least squares first."""
    for errors, column, term, fits in found.slopes():
        failed = fits["trusted"].to_numpy() == 0
        values = (
            np.where(failed, np.nan, fits[name].to_numpy().astype(float))
            for name in ("estimate", "low", "high")
        )
        yield Slopes(column, term, errors, found.sign(column, term), fits, *values)


def table(found: Found) -> pd.DataFrame:
    """Return `COLUMNS`."""
    rows = []
    largest = _largest(variance(found))
    for s in slopes(found):
        finite = np.isfinite(s.estimate)
        failed = np.unique(s.fits["regression"].to_numpy()[s.fits["trusted"].to_numpy() == 0])
        head = [s.column, s.term, s.errors, found.published(s.column, s.term)[0]]
        counted = [int(finite.sum()), distinct(s.fits), len(failed)]
        among = s.estimate[finite] if finite.any() else np.array([np.nan])
        side = _side(s)
        said = [
            share(true, finite) for true in (s.estimate * s.sign > 0, side != 0, side > 0, side < 0)
        ]
        of_variance = largest.get((s.column, s.term, s.errors), ("", np.nan))
        rows.append(
            [*head, *counted, *np.quantile(among, [*QUANTILES.values()]), *said, *of_variance]
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _side(s: Slopes) -> Array:
    """Return 1 where the interval lies on the side of the sign, −1 on the other, else 0."""
    return s.sign * ((s.low > 0).astype(float) - (s.high < 0))


def _largest(variances: pd.DataFrame) -> dict[tuple[str, str, str], tuple[str, float]]:
    """Return the choice with the largest total effect on each slope, and its share."""
    known = variances.dropna(subset="total").groupby(["column", "term", "errors"])["total"]
    return {
        (row.column, row.term, row.errors): (row.choice, row.total)
        for row in variances.loc[known.idxmax()].itertuples()
    }


def variance(found: Found) -> pd.DataFrame:
    """Return `VARIANCE`."""
    rows = [
        (s.column, s.term, s.errors, str(s.fits["estimate"].dims[axis]), s.estimate.shape[axis],
         *parts)
        for s in slopes(found)
        for axis, parts in shares(s.estimate).items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(VARIANCE))


def fraction(found: Found) -> pd.DataFrame:
    """Return `FRACTION`: whether the balanced fraction resembles the whole."""
    rows = []
    for s in slopes(found):
        places = s.fits["drawn"].to_numpy()
        every, side = s.estimate.ravel(), _side(s).ravel()
        finite = np.isfinite(every)
        part = places[finite[places]]
        if not len(part):
            continue
        sample, population = every[part], every[finite]
        gap, error = sample.mean() - population.mean(), population.std() / np.sqrt(len(sample))
        of_shares = [
            float(true[where].mean())
            for true in (every * s.sign > 0, side != 0)
            for where in (part, finite)
        ]
        rows.append(
            [s.column, s.term, s.errors, len(sample), len(population), sample.mean(),
             population.mean(), sample.std(), population.std(), *of_shares,
             gap / error if error else 0.0]
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(FRACTION))


def curves(found: Found) -> pd.DataFrame:
    """Return `CURVES`."""
    frames = []
    orders: dict[tuple[str, str], list[NDArray[np.int64]]] = {}
    by_least_squares = sorted(slopes(found), key=lambda s: s.errors != GRID_FAMILY)
    for s in by_least_squares:
        if s.errors == GRID_FAMILY:
            finite = np.flatnonzero(np.isfinite(s.estimate.ravel()))
            order = finite[np.argsort(s.estimate.ravel()[finite], kind="stable")]
            orders[s.column, s.term] = np.array_split(order, min(BINS, max(1, len(order))))
        bins = orders[s.column, s.term]
        head = {"column": s.column, "term": s.term, "errors": s.errors}
        for what in ("estimate", "low", "high"):
            values = getattr(s, what).ravel()
            medians = [_median(values[places]) for places in bins]
            frames.append(
                pd.DataFrame({**head, "what": what, "bin": range(len(bins)), "value": medians})
            )
    return pd.concat(frames, ignore_index=True)[list(CURVES)].round({"value": 6})


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan


TABLES = {
    "multiverse_all": table,
    "multiverse_all_variance": variance,
    "multiverse_all_fraction": fraction,
    "multiverse_all_curves": curves,
}
"""Tables of results/, by name."""

SHOWN = {
    "column": "column",
    "term": "term",
    "errors": "errors",
    "published": "printed",
    "median": "median",
    "q025": "2.5 %",
    "q975": "97.5 %",
    "share_same_sign": "printed sign",
    "share_excludes_zero": "interval excludes zero",
    "share_same_side": "on the printed side",
    "largest": "largest share",
}
"""Columns of the printed table, and their labels."""

SHOWN_FRACTION = {
    "column": "column",
    "term": "term",
    "errors": "errors",
    "universes": "drawn",
    "of": "of",
    "mean": "mean",
    "mean_of_all": "mean of all",
    "share_same_sign": "printed sign",
    "share_same_sign_of_all": "of all: printed sign",
    "share_excludes_zero": "interval excludes zero",
    "share_excludes_zero_of_all": "of all: excludes zero",
    "z": "z",
}
"""Columns of the table of the balanced part, and their labels."""

WORDS = {GRID_FAMILY: "least squares"}


def shown(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the table for a reader."""
    pairs = zip(summary["largest_choice"], summary["largest_total"], strict=True)
    largest = [f"{str(c).replace('_', ' ')} {t:.0%}" if t == t else "" for c, t in pairs]
    errors = summary["errors"].replace(WORDS)
    return labelled(summary.assign(largest=largest, errors=errors), SHOWN)


def counts(summary: pd.DataFrame) -> str:
    """Say how many distinct universes and posteriors there are, and why no more."""
    once = summary.drop_duplicates(["column", "errors"])
    by_column = once.drop_duplicates("column")
    fits = once[once["errors"] != GRID_FAMILY]
    parts = ", ".join(f"{row.column}: {row.distinct:,.0f}" for row in by_column.itertuples())
    return (
        f"{by_column['distinct'].sum():,.0f} distinct universes ({parts}) have a posterior under "
        f"each of {fits['errors'].nunique()} error structures: {fits['distinct'].sum():,.0f} "
        f"posteriors, of which {fits['not_trusted'].sum():,} fail their diagnostics. There are no "
        "more: a combination of options that comes to the same data, terms and rows as another is "
        "the same universe, and is fitted once (`python -m analysis multiverse --count`). Effects, "
        "weights and the normalisation are choices of least squares, not of a posterior."
    )


def sentence(fractions: pd.DataFrame) -> str:
    """Say how far the balanced fraction is from all universes, by posteriors."""
    fits = fractions[fractions["errors"] != GRID_FAMILY]
    z = fits["z"].abs().max()
    gaps = [
        100 * (fits[name] - fits[f"{name}_of_all"]).abs().max()
        for name in ("share_same_sign", "share_excludes_zero")
    ]
    alike = "resemble" if z <= Z else "do not resemble"
    return (
        f"The balanced fraction's universes {alike} the whole by their posteriors. Their mean "
        f"slopes differ by at most {z:.1f} standard errors of a random sample. Shares of the "
        f"printed sign differ by at most {gaps[0]:.0f} percentage points, shares of intervals that "
        f"exclude zero by at most {gaps[1]:.0f}."
    )
