"""The Bayesian models as records: which file, which switches, and in what order they climb.

A model's file supplies the following (`ModelFile`); nothing else is asked of it, and what is run
never asks for a model's name:

`PRIORS`
    Its prior table (`models.priors`).
`split(design, …) -> parts`
    The standardised arrays (`Parts`), from a column's design, the terms that vary by region
    (`varying`, if the record says that they do) and the record's switches.
`build(parts, priors) -> pm.Model`
    The definition. Every free variable has dims, `parts.coords` their labels.
`report(parts, free) -> Variables`
    What is stored beside the free variables, on the paper's scale; `slope` (term) at least, of
    the column's outcome. `free` holds draws, shapes (chain, draw, *dims).
`rows(parts, free, rng) -> Rows`
    Log likelihood and predictive draws of each row.
`density(parts, priors) -> Collapsed`
    Only of models that are normal given their scales: the same posterior with all else
    integrated out, and then the default engine (`analysis.posterior.engines`).
`marginal(parts, priors) -> pm.Model`, `completed(parts, free, rng) -> free`
    Only of models that NUTS moves in with some variables integrated out: the same without these,
    and draws of all free variables given those of its own.
`generate(parts, free, rng) -> parts`
    The same with new data, given one draw of the free variables, shapes (*dims,). Not of models
    whose new data are the `y` of `rows` and nothing else.
`restated(parts, other, free) -> free`
    Only of models whose free variables are measured from the data that they are given: a draw as
    it is with other data.
`slopes(parts, drawn)`
    Only of those that many fits are made of: each term's slope from draws of the density alone.
`slope_weights(parts)`
    Only of models with a `density`: each regressor's standardised slope as a linear function of
    its locations, for exact densities of slopes at zero (`analysis.posterior.savage_dickey`).

The ladder from two-way fixed effects to region slopes is `LADDER`; each rung frees one thing, so
a reader sees which step moves a number.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pymc as pm

from data.errors import UserError
from models.bayesian import (
    autoregressive,
    dynamic,
    dynamic_predetermined,
    dynamic_stationary,
    dynamic_student_t,
    flat,
    hierarchical,
    measurement_error,
    multivariate,
    province_slopes,
    province_trends,
    student_t,
)
from models.bayesian.within_between import Rows, Variables
from models.design import Design, Specification
from models.priors import Priors


class Parts(Protocol):
    """The arrays that a model works on, as its `split` makes them."""

    @property
    def design(self) -> Design:
        """The column's regression on the paper's scale."""

    @property
    def coords(self) -> dict[str, tuple]:
        """Labels of every dim; `obs` are the design's rows."""

    @property
    def observed(self) -> Variables:
        """What the likelihood is of, on the paper's scale; `y` (obs) is the column's outcome."""


class ModelFile(Protocol):
    """What a model's file supplies: see the head of this file."""

    PRIORS: Priors
    split: Callable[..., Any]

    def build(self, parts: Any, priors: Priors) -> pm.Model:
        """Build the PyMC model."""

    def report(self, parts: Any, free: dict) -> Variables:
        """Translate draws to the paper's scale."""

    def rows(self, parts: Any, free: dict, rng: np.random.Generator) -> Rows:
        """Return log likelihood and predictive draws of each row."""


def own_variables(specification: Specification) -> tuple[str, ...]:
    """Return the panel's columns that a column's own regression reads."""
    return specification.variables


def own_column(specification: Specification) -> Hashable:
    """Return what tells a column's posterior from every other's."""
    return specification.column


STATIC_COUNTERPART = "static counterpart: without the lagged outcome"
"""Of a model that stands in for a dynamic column's own."""


@dataclass(frozen=True)
class Model:
    """A model that can be fitted to a published column.

    Attributes
    ----------
    name : str
        As on the command line and in file names.
    label : str
        As in figures.
    sentence : str
        What it assumes.
    module : module
        See the head of this file.
    switches : mapping of str to str
        Arguments of the module's `split`.
    varying : bool
        Whether the slopes of the terms of interest differ by region.
    dynamic : bool
        Whether it has the lagged outcome: a model of dynamic columns, and of no others.
    stands_in : bool
        Whether it is also fitted to dynamic columns, as their static counterpart.
    extra : bool
        Whether it is fitted only when it is named.
    correlated : bool
        Whether errors of a province may hang together over years.
    carried_by : callable of Specification
        Whether a column's sample can carry it, beside having the regions that it needs.
    reads : callable of Specification
        The panel's columns that it reads.
    posterior_of : callable of Specification
        Columns for which it is the same have one posterior, which is sampled once.
    fits_panel : callable of str
        Whether a panel of that name may have what the model needs beside the columns.
    draws : int
        Per chain, where the engine's own number leaves too few effective ones.
    """

    name: str
    label: str
    sentence: str
    module: ModelFile
    switches: Mapping[str, str] = field(default_factory=dict)
    varying: bool = False
    dynamic: bool = False
    stands_in: bool = False
    extra: bool = False
    correlated: bool = False
    carried_by: Callable[[Specification], bool] = lambda _: True
    reads: Callable[[Specification], tuple[str, ...]] = own_variables
    posterior_of: Callable[[Specification], Hashable] = own_column
    fits_panel: Callable[[str], bool] = lambda _: True
    draws: int = 0

    @property
    def prior_groups(self) -> bool:
        """Whether draws from the prior mean anything; those of very wide priors do not."""
        return self.module is not flat

    @property
    def by_region(self) -> bool:
        """Whether something differs by region, so that one region is not enough."""
        return self.varying or not {"pooled", "region"}.isdisjoint(self.switches.values())

    def counterpart(self, specification: Specification) -> str:
        """Say in what the model is not the published regression; empty if it is."""
        return STATIC_COUNTERPART if specification.dynamic and not self.dynamic else ""

    def split(self, design: Design, specification: Specification) -> Parts:
        """Standardise a column's regression for this model."""
        varying = {"varying": specification.interest} if self.varying else {}
        return self.module.split(design, **varying, **self.switches)


MODELS = (
    Model(
        "flat",
        "flat twin",
        "TWFE's Bayesian counterpart: unpooled effects, one slope, one σ, very wide priors.",
        flat,
    ),
    Model(
        "mundlak",
        "one σ, one slope",
        "Pooled effects with Mundlak terms, one slope, one σ; the model of one-region samples.",
        hierarchical,
    ),
    Model(
        "region_sigma",
        "region σ, one slope",
        "As mundlak, with a residual standard deviation for each region.",
        hierarchical,
        {"sigma": "region"},
    ),
    Model(
        "hierarchical",
        "region σ, region slopes",
        "As region_sigma, with slopes of interest that vary by region about a common mean.",
        hierarchical,
        {"sigma": "region"},
        varying=True,
        stands_in=True,
    ),
    Model(
        "dynamic",
        "dynamic, given the first year",
        "As hierarchical, with the lagged outcome; province effects depend on the first outcome.",
        dynamic,
        {"sigma": "region"},
        varying=True,
        dynamic=True,
    ),
    Model(
        "dynamic_regions",
        "dynamic, a root by region",
        "As dynamic, with roots that vary by region about a common one.",
        dynamic,
        {"sigma": "region", "rho": "pooled"},
        varying=True,
        dynamic=True,
        extra=True,
    ),
    Model(
        "dynamic_t",
        "dynamic, Student t errors",
        "As dynamic, with Student t errors whose degrees of freedom are learned.",
        dynamic_student_t,
        {"sigma": "region"},
        varying=True,
        dynamic=True,
        extra=True,
    ),
    Model(
        "dynamic_stationary",
        "dynamic, at rest at the start",
        "As dynamic, for |ρ| < 1: the first outcome is of the law that the equation settles into.",
        dynamic_stationary,
        {"sigma": "region"},
        varying=True,
        dynamic=True,
        extra=True,
    ),
    Model(
        "dynamic_predetermined",
        "dynamic, predetermined",
        "As dynamic, with an equation for the regressor of interest, on which past outcomes act.",
        dynamic_predetermined,
        {"sigma": "region"},
        varying=True,
        dynamic=True,
        extra=True,
        carried_by=dynamic_predetermined.carried_by,
    ),
    Model(
        "walk",
        "year effects as a walk",
        "As hierarchical, with year effects that follow a random walk.",
        hierarchical,
        {"sigma": "region", "path": "walk"},
        varying=True,
        extra=True,
    ),
    Model(
        "pooled",
        "all partially pooled",
        "Slopes of interest and of controls, year effects and σ by region about common centres.",
        hierarchical,
        {"sigma": "pooled", "controls": "pooled", "years": "pooled"},
        varying=True,
        extra=True,
    ),
    Model(
        "by_region",
        "all by region",
        "All slopes, year effects and σ by region and free: Table 8's three regressions in one.",
        hierarchical,
        {"sigma": "region", "slopes": "region", "controls": "region", "years": "region"},
        varying=True,
        extra=True,
    ),
    Model(
        "student_t",
        "Student t errors",
        "As hierarchical, with Student t errors whose degrees of freedom are learned.",
        student_t,
        {"sigma": "region"},
        varying=True,
        extra=True,
    ),
    Model(
        "autoregressive",
        "AR(1) errors",
        "As hierarchical, with errors that follow an AR(1) in each province.",
        autoregressive,
        {"sigma": "region"},
        varying=True,
        extra=True,
        correlated=True,
        draws=1_500,
    ),
    Model(
        "province_trends",
        "province trends",
        "As autoregressive, with a line in time for each province.",
        province_trends,
        {"sigma": "region"},
        varying=True,
        extra=True,
        correlated=True,
        draws=1_500,
    ),
    Model(
        "province_slopes",
        "province slopes",
        "As hierarchical, with slopes of interest that vary by province within region.",
        province_slopes,
        {"sigma": "region"},
        varying=True,
        extra=True,
    ),
    Model(
        "joint",
        "joint outcomes",
        "As hierarchical, for the outcome's parts (and produ after misallocation) at once, their "
        "errors correlated.",
        multivariate,
        {"sigma": "region"},
        varying=True,
        extra=True,
        carried_by=multivariate.carried_by,
        reads=multivariate.reads,
        posterior_of=multivariate.posterior_of,
    ),
    Model(
        "measurement",
        "measurement error",
        "As hierarchical, on a true quotient of which the vintages of the accounts are readings.",
        measurement_error,
        {"sigma": "region"},
        varying=True,
        extra=True,
        carried_by=measurement_error.carried_by,
        fits_panel=measurement_error.fits_panel,
        draws=3_000,
    ),
)

LADDER = ("mundlak", "region_sigma", "hierarchical")
"""The rungs above two-way fixed effects; the last is the main model."""


def models_for(specification: Specification) -> tuple[Model, ...]:
    """Return the models that a column can carry.

    A one-region sample carries nothing that differs by region; a dynamic column dynamic models
    and what may stand in for them.
    """
    return tuple(
        model
        for model in MODELS
        if not (specification.region and model.by_region)
        and (model.dynamic == specification.dynamic or (model.stands_in and specification.dynamic))
        and model.carried_by(specification)
    )


def main_model(specification: Specification) -> Model:
    """Return the model that a column is judged by: the highest rung that its sample carries."""
    return [model for model in models_for(specification) if not model.extra][-1]


def find(name: str) -> Model:
    """Return the record of a model.

    Raises
    ------
    UserError
        If there is no such model.
    """
    for model in MODELS:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in MODELS)
    raise UserError(f"There is no model {name!r}: choose among {known}.")
