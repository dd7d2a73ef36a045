"""Universes of a slope as the multiverse's file has them: which count, and their intervals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.robustness.multiverse.evaluate import GRID_FAMILY
from analysis.robustness.multiverse.fraction import POSTERIOR, WILD
from analysis.robustness.multiverse.structures import ERRORS
from analysis.shared import digits
from analysis.specifications import select
from models.frequentist.twfe_batch import CLUSTERINGS

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Found:
    """A multiverse, and what its slopes are set beside.

    Attributes
    ----------
    tree : DataTree
        From `analysis.robustness.multiverse.evaluate.collect`.
    printed : DataFrame
        Index `column, term`, columns `coef, se`. A slope that is not among them is compared with
        the column's own estimate, the universe of first options.
    headline : tuple of str
        Columns whose posteriors are drawn; the choices of the first are.
    apart : mapping of str to (tuple of str)
        By choice, the options that are shown and not counted.
    """

    tree: xr.DataTree
    printed: pd.DataFrame
    headline: tuple[str, ...]
    apart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def slopes(self) -> Iterator[tuple[str, str, str, xr.Dataset]]:
        """Yield family, column, term and estimates of each slope of interest; posteriors apart."""
        families = [name for name in self.tree.children if name not in (POSTERIOR, WILD)]
        groups = [(f, c) for f in families for c in self.tree[f].children]
        for family, column in sorted(groups, key=lambda group: group[1]):
            for term in select([column])[0].interest:
                estimates = self.tree[f"{family}/{column}"].to_dataset().sel(term=term)
                yield family, column, term, self.counted(estimates)

    def counted(self, estimates: xr.Dataset) -> xr.Dataset:
        """Return the universes that count; a choice of one option is none."""
        for choice, uncounted in self.apart.items():
            if uncounted and choice in estimates.dims:
                options = [n for n in estimates[choice].to_numpy() if n not in uncounted]
                estimates = estimates.sel({choice: options}).squeeze(choice, drop=True)
        return estimates

    def published(self, column: str, term: str) -> tuple[float, float]:
        """Return a slope's printed coefficient and standard error, NaN where there is none."""
        if (column, term) not in self.printed.index:
            return np.nan, np.nan
        coef, se = self.printed.loc[(column, term), ["coef", "se"]].astype(float)
        return float(coef), float(se)

    def sign(self, column: str, term: str) -> float:
        """Return the sign of a slope as printed, or of the column's own estimate."""
        coef, _ = self.published(column, term)
        if np.isnan(coef):
            estimates = self.tree[f"{GRID_FAMILY}/{column}"].to_dataset().sel(term=term)
            coef = float(estimates["estimate"].to_numpy().flat[0])
        return float(np.sign(coef))


def distinct(estimates: xr.Dataset) -> float:
    """Return how many regressions the estimates are of; NaN where they are not numbered."""
    if "regression" not in estimates:
        return np.nan
    made = estimates["regression"].where(np.isfinite(estimates["estimate"])).to_numpy()
    return float(len(np.unique(made[np.isfinite(made)])))


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
