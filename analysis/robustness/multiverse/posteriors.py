"""Posteriors by error structure, and whether their universes resemble all."""

import numpy as np
import pandas as pd

from analysis.robustness.multiverse.evaluate import GRID_FAMILY
from analysis.robustness.multiverse.universes import Found, by_errors, labelled, same_sign, share
from analysis.shared.statistics import CERTAIN, Z

POSTERIORS = (
    *("column", "term", "errors", "published", "posteriors", "not_trusted"),
    *("median", "q025", "q975", "mean_sd", "share_same_sign", "share_certain"),
    *("share_opposite_certain",),
)
"""The contract of results/long/multiverse_posteriors.csv: posterior means by error structure, of
the same universes; `mean_sd` is the intervals' mean half width over 1.96."""

FRACTION = (
    *("column", "term", "universes", "of", "mean", "mean_of_all", "sd", "sd_of_all"),
    *("share_same_sign", "share_same_sign_of_all", "z"),
)
"""The contract of results/long/multiverse_fraction.csv: two-way least-squares slopes in the
posteriors' universes beside those in all that could have been drawn; `z`, the difference of means
in standard errors of a simple random sample."""


def by_error_structure(multiverse: Found) -> pd.DataFrame:
    """Return `POSTERIORS` of every slope of interest."""
    rows = []
    for family, column, term, _ in multiverse.slopes():
        if family != GRID_FAMILY:
            continue
        (published, _), sign = multiverse.published(column, term), multiverse.sign(column, term)
        for errors, fits in by_errors(multiverse.tree, column, term):
            p_same_sign, trusted = same_sign(fits, sign)
            means, low, high = (
                fits[name].to_numpy().astype(float)[trusted] for name in ("estimate", "low", "high")
            )
            quantiles = np.quantile(means, [0.5, 0.025, 0.975]) if len(means) else [np.nan] * 3
            width = (high - low).mean() / (2 * Z) if len(means) else np.nan
            shares = [
                share(s, trusted)
                for s in (p_same_sign > 0.5, p_same_sign >= CERTAIN, p_same_sign <= 1 - CERTAIN)
            ]
            head = [column, term, errors, published, int(trusted.sum()), int((~trusted).sum())]
            rows.append([*head, *quantiles, width, *shares])
    return pd.DataFrame(rows, columns=list(POSTERIORS))


def fraction(multiverse: Found) -> pd.DataFrame:
    """Return `FRACTION`: whether the posteriors' universes resemble all."""
    rows = []
    for family, column, term, estimates in multiverse.slopes():
        drawn = [fits for _, fits in by_errors(multiverse.tree, column, term)]
        if family != GRID_FAMILY or not drawn:
            continue
        sign = multiverse.sign(column, term)
        plain = {
            name: estimates[name].to_numpy()[0]
            for name in estimates["estimate"].dims
            if name not in drawn[0].coords
        }
        every = estimates["estimate"].sel(plain)
        selection = {name: drawn[0][name] for name in every.dims}
        sample, population = (
            v.to_numpy().astype(float).ravel() for v in (every.sel(selection), every)
        )
        # Of the mean of as many universes drawn at random.
        error = population.std() / np.sqrt(len(sample))
        rows.append(
            [column, term, len(sample), len(population), sample.mean(), population.mean(),
             sample.std(), population.std(), (sample * sign > 0).mean(),
             (population * sign > 0).mean(), (sample.mean() - population.mean()) / error]
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(FRACTION))


SHOWN = {
    "column": "column",
    "term": "term",
    "errors": "errors",
    "posteriors": "posteriors",
    "median": "median",
    "q025": "2.5 %",
    "q975": "97.5 %",
    "mean_sd": "mean sd",
    "share_same_sign": "printed sign",
    "share_certain": "P ≥ 97.5 %",
    "share_opposite_certain": "other sign, P ≥ 97.5 %",
}
"""Columns of the printed table, and their labels."""


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table by error structure for a reader."""
    return labelled(table, SHOWN)


def sentence(fractions: pd.DataFrame) -> str:
    """Say how far the fraction is from all universes by least squares."""
    if fractions.empty:
        return "No posteriors."
    z = fractions["z"].abs().max()
    gap = (fractions["share_same_sign"] - fractions["share_same_sign_of_all"]).abs().max()
    compared = "all that they were drawn from, by least squares with two-way effects"
    return (
        f"The posteriors' universes resemble {compared}. Their mean slopes differ by at most "
        f"{z:.1f} standard errors of a random sample. Their shares of the printed sign differ by "
        f"at most {100 * gap:.0f} percentage points."
        if z <= Z
        else f"The posteriors' universes do not resemble {compared}: a mean slope differs by "
        f"{z:.1f} standard errors of a random sample."
    )
