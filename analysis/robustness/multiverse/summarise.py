"""Summary of the multiverse of each slope, beside the printed slope.

Every combination of options counts alike, also where several are the same regression, so that each
option of each choice keeps its weight; `distinct` says how many regressions they are. Universes
with an option that is apart (`Found.apart`) are shown and not counted.

Variance is decomposed over the whole grid, on which choices are independent: a choice's main
effect is the variance of the means by its options, its total effect the mean variance over its
options with all else held (Sobol 2001, *Mathematics and Computers in Simulation* 55:271–280), both
as shares of the variance of all estimates. What totals exceed mains by is interaction.
"""

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.robustness.multiverse import posteriors
from analysis.robustness.multiverse.evaluate import GRID_FAMILY
from analysis.robustness.multiverse.fraction import WILD
from analysis.robustness.multiverse.universes import (
    Found,
    by_errors,
    distinct,
    ends,
    fraction_of,
    labelled,
    same_sign,
    share,
)
from analysis.shared.statistics import CERTAIN
from models.bayesian.registry import MAIN
from models.frequentist.twfe_batch import CLUSTERINGS

Array = NDArray[np.float64]

COLUMNS = (
    *("column", "term", "family", "published", "published_se"),
    *("universes", "distinct", "share_same_sign"),
    *(f"share_significant_{name}" for name in CLUSTERINGS),
    *("share_opposite_significant", "q025", "median", "q975", "share_below_published"),
    *("posteriors", "share_same_sign_posterior", "share_certain_posterior", "not_trusted"),
    *("apart", "share_same_sign_apart", "median_apart"),
    *("wild_bootstraps", "share_significant_wild", "share_significant_province_there"),
)
"""The contract of results/long/multiverse.csv.

A slope is significant if its 95 % interval excludes zero on the side of the published sign, by each
kind of standard error; `share_opposite_significant` is by conventional ones on the other side. Of
GMM, which has its own standard errors, they are listed as conventional. Posteriors are those of the
main model; they count for the published sign if it has more than half of the probability, and as
certain from 97.5 %. `apart` are universes that are not counted.
"""

VARIANCE = ("column", "term", "choice", "options", "main", "total")
"""The contract of results/long/multiverse_variance.csv."""

OPTIONS = (*("column", "term", "choice", "option", "mean", "share_same_sign", "share_significant"),)
"""The contract of results/long/multiverse_options.csv: universes with an option, by conventional
errors."""

CURVES = ("column", "term", "what", "option", "bin", "value")
"""The contract of results/long/multiverse_curves.csv: universes in the order of their estimates,
cut into `BINS` of equally many.

`what` is "slope" (`option`: estimate and ends of intervals, medians of the bin), "posterior"
(`option`: error structure, then mean, low or high, of each universe in the order of its means), a
choice (the share of the bin's universes that have the option), or, without bin, "main" and "total"
(of the choice that `option` names) and "share" (of all universes, `option` as in `COLUMNS`).
Posteriors are those of the headline columns, choices those of the first of them, which is drawn.
"""

BINS = 100

LEVEL = 0.05


def table(multiverse: Found) -> pd.DataFrame:
    """Return `COLUMNS` of every slope of interest."""
    rows = []
    for family, column, term, estimates in multiverse.slopes():
        (published, se), sign = multiverse.published(column, term), multiverse.sign(column, term)
        row = {"column": column, "term": term, "family": family}
        row |= {"published": published, "published_se": se}
        row |= {"distinct": distinct(estimates)} | _apart(multiverse, family, column, term, sign)
        values = estimates["estimate"].to_numpy().ravel()
        finite = np.isfinite(values)
        row |= {"universes": int(finite.sum()), "share_same_sign": share(values * sign > 0, finite)}
        for name, low, high in ends(estimates):
            bound = low if sign > 0 else -high
            row[f"share_significant_{name}"] = share(bound > 0, finite)
            if name == CLUSTERINGS[0]:
                bound = high if sign > 0 else -low
                row["share_opposite_significant"] = share(bound < 0, finite)
        quantiles = np.quantile(values[finite], [0.025, 0.5, 0.975])
        row |= dict(zip(("q025", "median", "q975"), quantiles, strict=True))
        known = published == published
        row["share_below_published"] = share(values < published, finite) if known else np.nan
        rows.append(
            row
            | _posteriors(multiverse.tree, column, term, sign)
            | _wild(multiverse.tree, column, term, sign)
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


SHOWN = {
    "column": "column",
    "term": "term",
    "published": "printed",
    "universes": "universes",
    "distinct": "regressions",
    "median": "median",
    "q025": "2.5 %",
    "q975": "97.5 %",
    "share_same_sign": "printed sign",
    f"share_significant_{CLUSTERINGS[0]}": "significant",
    f"share_significant_{CLUSTERINGS[1]}": "by province",
    "share_significant_wild": "wild bootstrap",
    "share_opposite_significant": "significant, other sign",
    "share_below_published": "below printed",
    "share_same_sign_posterior": "posterior: printed sign",
    "share_certain_posterior": "P ≥ 97.5 %",
    "share_same_sign_apart": "not counted: printed sign",
}
"""Columns of the printed table, and their labels."""


def shown(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the table for a reader."""
    return labelled(summary, SHOWN)


def sentence(summary: pd.DataFrame) -> str:
    """Say of each slope how many universes have its sign, and how many are significant with it."""
    parts = []
    for row in summary.itertuples():
        words = "the printed sign" if row.published == row.published else "its own estimate's sign"
        plain, clustered = (getattr(row, f"share_significant_{name}") for name in CLUSTERINGS[:2])
        parts.append(
            f"{row.column} {row.term}: {row.share_same_sign:.0%} of {row.universes:,} universes "
            f"have {words}, {plain:.0%} significantly ({clustered:.0%} with errors clustered by "
            "province)."
        )
    return " ".join(parts)


def counts(summary: pd.DataFrame, by_errors: pd.DataFrame) -> str:
    """Say how many universes, distinct regressions and posteriors there are."""
    once = summary[summary["family"] == GRID_FAMILY].drop_duplicates("column")
    fits = by_errors.drop_duplicates(["column", "errors"])
    structures = [
        f"{rows[['posteriors', 'not_trusted']].to_numpy().sum():,} of {errors}"
        for errors, rows in fits.groupby("errors", sort=False)
    ]
    apart = f"{once['apart'].sum():,} are shown apart. " if once["apart"].any() else ""
    drawn = (
        f"Posteriors by error structure: {', '.join(structures)}; "
        f"{fits['not_trusted'].sum():,} fail their diagnostics."
        if structures
        else "No posteriors."
    )
    return (
        f"{once['universes'].sum():,} least-squares universes count, which are "
        f"{once['distinct'].sum():,.0f} distinct regressions{'; ' if apart else '. '}{apart}{drawn}"
    )


def _apart(multiverse: Found, family: str, column: str, term: str, sign: float) -> dict[str, float]:
    """Describe the universes that are shown and not counted."""
    estimates = multiverse.tree[f"{family}/{column}"].to_dataset().sel(term=term)["estimate"]
    for choice, uncounted in multiverse.apart.items():
        if uncounted and choice in estimates.dims:
            values = estimates.sel({choice: list(uncounted)}).to_numpy()
            agree = share(values * sign > 0, np.isfinite(values))
            median = float(np.nanmedian(values))
            return {"apart": values.size, "share_same_sign_apart": agree, "median_apart": median}
    return {"apart": 0}


def _posteriors(tree: xr.DataTree, column: str, term: str, sign: float) -> dict[str, float]:
    for errors, fits in by_errors(tree, column, term):
        if errors == MAIN:
            p_same_sign, trusted = same_sign(fits, sign)
            return {
                "posteriors": int(trusted.sum()),
                "share_same_sign_posterior": share(p_same_sign > 0.5, trusted),
                "share_certain_posterior": share(p_same_sign >= CERTAIN, trusted),
                "not_trusted": int((~trusted).sum()),
            }
    return {}


def _wild(tree: xr.DataTree, column: str, term: str, sign: float) -> dict[str, float]:
    fits = fraction_of(tree, WILD, column, term)
    if fits is None:
        return {}
    p = fits["p_wild"].to_numpy()
    finite = np.isfinite(p)
    significant = (p <= LEVEL) & (fits["estimate"].to_numpy() * sign > 0)
    bound = fits["low"] if sign > 0 else -fits["high"]
    return {
        "wild_bootstraps": int(finite.sum()),
        "share_significant_wild": share(significant, finite),
        "share_significant_province_there": share(bound.to_numpy() > 0, finite),
    }


def variance(multiverse: Found) -> pd.DataFrame:
    """Return `VARIANCE`: by each choice of the grid."""
    rows = []
    for family, column, term, estimates in multiverse.slopes():
        if family == GRID_FAMILY:
            estimate = estimates["estimate"]
            for choice, (main, total) in shares(estimate.to_numpy().astype(float)).items():
                name = estimate.dims[choice]
                options = estimate.sizes[name]
                rows.append((column, term, name, options, main, total))
    return pd.DataFrame(rows, columns=list(VARIANCE))


def shares(values: Array) -> dict[int, tuple[float, float]]:
    """Decompose the variance of a grid of values into main and total effects (Sobol).

    Parameters
    ----------
    values : ndarray
        An axis for each choice; NaN where there is no estimate, which is passed over.

    Returns
    -------
    dict of int to (main, total)
        By axis.
    """
    complete = np.isfinite(values).all()
    mean, var = (np.mean, np.var) if complete else (np.nanmean, np.nanvar)
    axes = range(values.ndim)
    # Main: Var E[y | choice]; total: E Var[y | all other choices]; shares of Var y.
    return {
        axis: (
            float(var(mean(values, axis=tuple(a for a in axes if a != axis))) / var(values)),
            float(mean(var(values, axis=axis)) / var(values)),
        )
        for axis in axes
    }


def options(multiverse: Found) -> pd.DataFrame:
    """Return `OPTIONS`."""
    rows = []
    for family, column, term, estimates in multiverse.slopes():
        if family != GRID_FAMILY:
            continue
        sign = multiverse.sign(column, term)
        estimate = estimates["estimate"]
        _, low, high = next(ends(estimates))
        bound = (low if sign > 0 else -high).reshape(estimate.shape)
        for axis, name in enumerate(estimate.dims):
            for i, option in enumerate(estimate[name].to_numpy()):
                slopes, bounds = (np.take(v, i, axis).ravel() for v in (estimate.to_numpy(), bound))
                finite = np.isfinite(slopes)
                mean = slopes[finite].mean(dtype=float) if finite.any() else np.nan
                agree, significant = share(slopes * sign > 0, finite), share(bounds > 0, finite)
                rows.append((column, term, name, str(option), mean, agree, significant))
    return pd.DataFrame(rows, columns=list(OPTIONS))


def curves(multiverse: Found) -> pd.DataFrame:
    """Return `CURVES`."""
    frames = []
    shared, summary = variance(multiverse), table(multiverse).set_index(["column", "term"])
    for family, column, term, estimates in multiverse.slopes():
        estimate = estimates["estimate"].to_numpy().ravel()
        finite = np.flatnonzero(np.isfinite(estimate))
        order = finite[np.argsort(estimate[finite], kind="stable")]
        bin_numbers = np.arange(min(BINS, len(order)))
        bins = np.array_split(order, len(bin_numbers))

        def add(kind: str, option: str, values: object, places: object) -> None:
            head = {"column": column, "term": term, "what": kind, "option": option}  # noqa: B023
            frames.append(pd.DataFrame({**head, "bin": places, "value": values}))

        add("slope", "estimate", [np.median(estimate[b]) for b in bins], bin_numbers)
        for name, low, high in ends(estimates):
            add("slope", f"{name} low", [np.median(low[b]) for b in bins], bin_numbers)
            add("slope", f"{name} high", [np.median(high[b]) for b in bins], bin_numbers)
        if family == GRID_FAMILY and column == multiverse.headline[0]:
            codes = np.unravel_index(order, estimates["estimate"].shape)
            for name, code in zip(estimates["estimate"].dims, codes, strict=True):
                split = np.array_split(code, len(bin_numbers))
                for i, option in enumerate(estimates[name].to_numpy()):
                    add(
                        name, str(option), [(options == i).mean() for options in split], bin_numbers
                    )
        for errors, fits in (
            by_errors(multiverse.tree, column, term) if column in multiverse.headline else ()
        ):
            trusted = fits.isel(universe=np.flatnonzero(fits["trusted"] == 1)).sortby("estimate")
            places = np.arange(trusted.sizes["universe"])
            for name, short in (("estimate", "mean"), ("low", "low"), ("high", "high")):
                add("posterior", f"{errors} {short}", trusted[name].to_numpy(), places)
        for name in ("share_same_sign", f"share_significant_{CLUSTERINGS[0]}"):
            add("share", name, [summary.loc[(column, term), name]], [-1])
        of_slope = shared[(shared["column"] == column) & (shared["term"] == term)]
        for row in of_slope.itertuples():
            for kind in ("main", "total"):
                add(kind, row.choice, [getattr(row, kind)], [-1])
    stacked = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(CURVES))
    return stacked[list(CURVES)].round({"value": 6})


TABLES = {
    "multiverse": table,
    "multiverse_posteriors": posteriors.by_error_structure,
    "multiverse_fraction": posteriors.fraction,
    "multiverse_variance": variance,
    "multiverse_options": options,
    "multiverse_curves": curves,
}
"""Tables of results/, by name, each computed from the multiverse."""
