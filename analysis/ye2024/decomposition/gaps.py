"""Gaps: slopes of official panels that differ from the published ones."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.comparison.coefficients import published_slopes
from analysis.replication import system_gmm
from data.panels.catalogue import PANELS
from data.panels.panel import Panel, load_panel
from data.shared.errors import located
from data.ye2024 import recollect
from data.ye2024.selection import made_of
from models.design import DERIVED, Specification, design, sample
from models.frequentist import twfe

Array = NDArray[np.float64]

START, END = PANELS[0].name, PANELS[-1].name
OFFICIAL = tuple(kind.name for kind in PANELS if kind.evidence)

APART = 2.0
"""Published standard errors from which two slopes of one sign count as different."""


@dataclass(frozen=True, eq=False)
class Gap:
    """One slope of a column on two panels.

    Attributes
    ----------
    record : Specification
    term : str
    panel : str
        An official one.
    frames : mapping of str to DataFrame
        Panels by name, rows in the same order.
    dataset : Dataset
        Every construction choice, from `data.ye2024.recollect.load`.
    """

    record: Specification
    term: str
    panel: str
    frames: Mapping[str, pd.DataFrame]
    dataset: xr.Dataset

    @cached_property
    def rows(self) -> pd.Index:
        """The column's sample."""
        return sample(self.frames[self.panel], self.record).index

    @cached_property
    def codes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Province and year of each row."""
        frame = self.frames[self.panel].loc[self.rows]
        return tuple(pd.factorize(frame[name])[0] for name in ("province", "year"))

    @property
    def at(self) -> int:
        """The term's position among the slopes."""
        return self.record.terms.index(self.term)

    def columns(self, panel: str) -> Array:
        """Return outcome and regressors on a panel, shape (n, 1 + terms)."""
        return self.of(lambda name: self.frames[panel][name].to_numpy())

    def of(self, series: Callable[[str], Array]) -> Array:
        """Return outcome and regressors of whole series, shape (n, 1 + terms)."""
        return np.column_stack([self.column(term, series) for term in self.of_terms])

    @property
    def of_terms(self) -> tuple[str, ...]:
        """The outcome, then the regressors."""
        return (self.record.outcome, *self.record.terms)

    def column(self, term: str, series: Callable[[str], Array]) -> Array:
        """Return one of them from the series that it is made of."""
        source, function = DERIVED.get(term, (term, lambda values: values))
        return function(series(source))[self.rows]


def load() -> tuple[dict[str, pd.DataFrame], xr.Dataset]:
    """Load every panel with all its variables, and the Dataset of construction choices."""
    dataset = recollect.load()
    variables = tuple(made_of(START))
    panels: list[Panel] = [load_panel(name, variables) for name in (*OFFICIAL, END)]
    return {panel.name: panel.frame for panel in panels}, dataset


def gaps(
    records: Iterable[Specification], frames: Mapping[str, pd.DataFrame], dataset: xr.Dataset
) -> list[Gap]:
    """List the slopes of interest on which an official panel and the paper disagree."""
    printed = published_slopes()
    listed = []
    for record in records:
        for name in OFFICIAL:
            for term in record.interest:
                gap = Gap(record, term, name, frames, dataset)
                slope, published = estimate(gap, name), printed.loc[(record.column, term)]
                far = abs(slope - published["coef"]) > APART * published["se"]
                if far or np.sign(slope) != np.sign(published["coef"]):
                    listed.append(gap)
    return listed


def estimate(gap: Gap, panel: str) -> float:
    """Estimate a column's slope on a panel by its own estimator."""
    frame = gap.frames[panel]
    with located(panel, gap.record.column):
        if gap.record.dynamic:
            fit = system_gmm.fit_column(frame, gap.record)
            return float(system_gmm.coefficients(fit).loc[gap.term, "coef"])
        return float(twfe.fit(design(frame, gap.record)).coef[gap.at])
