"""What a case of calibration is: a model that makes data sets, and one that is fitted to them."""

import json
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from analysis.posterior import inputs
from analysis.posterior.cache import MAKERS as MAKERS_OF_TRACES
from analysis.posterior.cache import named, sources_sha256
from analysis.posterior.jobs import PACKAGES
from data.shared.files import sha256
from models.bayesian.registry import find
from models.design import Specification
from models.priors import Priors

if TYPE_CHECKING:
    import pandas as pd

MAKERS = (
    *MAKERS_OF_TRACES,
    *(__name__, "analysis.simulation.calibration.ranks", "analysis.posterior.compiled"),
    "analysis.simulation.calibration.growth_twice",
    "analysis.specifications",
)
"""Modules that make ranks from any model."""


type Switches = tuple[tuple[str, str], ...]
"""Arguments of a model's `split`, which turn parts of it off."""


@dataclass(frozen=True)
class Part:
    """A part of a panel and of a regression.

    Attributes
    ----------
    provinces : int
        Of each region, the first ones.
    years : int
        The last ones.
    controls : int
        Of the column's, the first ones.
    """

    provinces: int
    years: int
    controls: int

    def of(
        self, frame: "pd.DataFrame", record: Specification
    ) -> tuple["pd.DataFrame", Specification]:
        """Return that part of the rows and of the specification."""
        by_region = frame.drop_duplicates("province").groupby("region", sort=False)
        provinces = by_region.head(self.provinces)["province"]
        last = frame["year"] > frame["year"].max() - self.years
        rows = frame[frame["province"].isin(provinces) & last]
        return rows, replace(record, controls=record.controls[: self.controls])


@dataclass(frozen=True)
class Case:
    """One calibration: data of one model, fitted by it or by another.

    Attributes
    ----------
    name : str
    made_by, fitted : str
        Keys of `models.bayesian.registry`.
    scales : tuple of (str, float)
        Prior scales of the fitted model that are not its own.
    shared : tuple of (str, float)
        Those that both models have in place of their own.
    switches : tuple of (str, str)
        Of the fitted model, where they are not its own.
    right : bool
        Whether the ranks must be uniform; otherwise those of some parameter must not be.
    posterior : bool
        Whether parameters are drawn from the panel's posterior, not from the prior; only of models
        with a density.
    data_sets : int
        How many, unless another number is asked for.
    batch : int
        Data sets in one task.
    part : Part, optional
        Of the panel; all of it by default.
    costly : bool
        Whether it is run only when it is named, or all are.
    """

    name: str
    made_by: str
    fitted: str
    scales: tuple[tuple[str, float], ...] = ()
    shared: tuple[tuple[str, float], ...] = ()
    switches: Switches = ()
    right: bool = True
    posterior: bool = False
    data_sets: int = 1_000
    batch: int = 25
    part: Part | None = None
    costly: bool = False

    @property
    def made_from(self) -> str:
        """Hash all that its ranks are made from, but for panel, column and seed."""
        models = [find(name) for name in (self.made_by, self.fitted)]
        made_from = [
            repr(self),
            [named(model) | inputs.sha256(model) for model in models],
            sources_sha256(*(model.module for model in models), makers=MAKERS),
            {name: version(name) for name in PACKAGES},
        ]
        return sha256(json.dumps(made_from).encode())

    @property
    def priors(self) -> tuple[Priors, Priors]:
        """Of the model that makes the data, and of the one that is fitted to them."""
        made_by, fitted = (find(name).module.PRIORS for name in (self.made_by, self.fitted))
        shared = dict(self.shared)
        return (
            made_by.with_scales(self.name, **shared),
            fitted.with_scales(self.name, **shared | dict(self.scales)),
        )
