"""Universes of a slope as the multiverse's file has them: which count, and their intervals."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.robustness.multiverse.evaluate import GRID_FAMILY
from analysis.shared import digits
from analysis.specifications import select
from analysis.ye2024.multiverse.choices import APART
from analysis.ye2024.multiverse.families import ERRORS, FAMILIES
from models.frequentist.twfe_batch import CLUSTERINGS

Array = NDArray[np.float64]

POSTERIOR, WILD = (family.name for family in FAMILIES if not family.dynamic)


def slopes(tree: xr.DataTree) -> Iterator[tuple[str, str, str, xr.Dataset]]:
    """Yield family, column, term and estimates of each slope of interest; posteriors apart."""
    families = [GRID_FAMILY, *(family.name for family in FAMILIES if family.dynamic)]
    groups = [(f, c) for f in families if f in tree.children for c in tree[f].children]
    for family, column in sorted(groups, key=lambda group: group[1]):
        for term in select([column])[0].interest:
            estimates = tree[f"{family}/{column}"].to_dataset().sel(term=term)
            yield family, column, term, counted(estimates)


def counted(estimates: xr.Dataset) -> xr.Dataset:
    """Return the universes that count; a choice of one option is none."""
    for choice, uncounted in APART.items():
        if uncounted and choice in estimates.dims:
            options = [name for name in estimates[choice].to_numpy() if name not in uncounted]
            estimates = estimates.sel({choice: options}).squeeze(choice, drop=True)
    return estimates


def distinct(estimates: xr.Dataset) -> float:
    """Return how many regressions the universes are; NaN where they are not numbered."""
    numbered = "regression" in estimates
    return float(len(np.unique(estimates["regression"]))) if numbered else np.nan


def ends(estimates: xr.Dataset) -> Iterator[tuple[str, Array, Array]]:
    """Yield kind of error and ends of the 95 % intervals, in the order of the estimates."""
    if "se" not in estimates:
        yield (
            CLUSTERINGS[0],
            estimates["low"].to_numpy().ravel(),
            estimates["high"].to_numpy().ravel(),
        )
        return
    reach = estimates["critical"] * estimates["se"]
    for name in CLUSTERINGS:
        half = reach.sel(clustering=name, drop=True).transpose(*estimates["estimate"].dims)
        yield name, *((estimates["estimate"] + side * half).to_numpy().ravel() for side in (-1, 1))


def share(true: NDArray[np.bool_], finite: NDArray[np.bool_]) -> float:
    """Return the share of those that are there of which something is true."""
    return float(true[finite].mean()) if finite.any() else np.nan


def fraction_of(tree: xr.DataTree, family: str, column: str, term: str) -> xr.Dataset | None:
    """Return what a slow family says of a slope; None if it was not run on the column."""
    was_run = family in tree.children and column in tree[family].children
    return tree[f"{family}/{column}"].to_dataset().sel(term=term) if was_run else None


def by_errors(tree: xr.DataTree, column: str, term: str) -> Iterator[tuple[str, xr.Dataset]]:
    """Yield each error structure with its posteriors, from the fewest scales on."""
    fits = fraction_of(tree, POSTERIOR, column, term)
    if fits is None:
        return
    errors = fits[ERRORS.name].to_numpy()
    for name in dict.fromkeys(errors):
        yield str(name), fits.isel(universe=np.flatnonzero(errors == name))


def same_sign(fits: xr.Dataset, sign: float) -> tuple[Array, NDArray[np.bool_]]:
    """Return the probability of the published sign, and whether draws passed the gate."""
    positive = fits["p_positive"].to_numpy()
    return positive if sign > 0 else 1 - positive, fits["trusted"].to_numpy() == 1


def labelled(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return a table for a reader: shares in per cent, slopes with informative digits.

    Parameters
    ----------
    table : DataFrame
    labels : mapping
        By column, in the order in which they are shown.
    """
    rows = table[list(labels)].rename(columns=labels)
    for name, label in labels.items():
        if name.startswith("share"):
            rows[label] = [f"{v:.0%}" if v == v else "" for v in rows[label]]
        elif name == "distinct":
            rows[label] = ["" if v != v else f"{v:.0f}" for v in rows[label]]
        elif pd.api.types.is_float_dtype(rows[label]):
            rows[label] = rows[label].map(digits.estimate)
    return rows
