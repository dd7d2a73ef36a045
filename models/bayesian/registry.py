"""Records of the Bayesian models: file, switches and order on the ladder.

What a file supplies is said in `models.bayesian.interface`. A file is imported when its model's
`module` is first asked for: names, labels and which columns a model can be fitted to need no PyMC.

The ladder from two-way fixed effects to the main model is `LADDER`; each rung frees one thing, so
a reader sees which step moves a number. The rung of AR(1) errors is of another file: its province
effects are free, too, regressors enter as they are, and spreads of slopes differ by region.

Longer than 400 lines because each record stands on lines of its own.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from data.shared.errors import UserError
from models.bayesian.interface import ModelFile, Parts
from models.design import Design, Specification

STATIC_FIT = "fitted as a static model: without the lagged outcome"
"""Of a static model fitted to a dynamic column."""

MEASURED = "indus"
"""The regressor of which there are several readings."""


def any_column(_: Specification) -> bool:
    """Ask nothing of a column."""
    return True


def one_term_of_interest(specification: Specification) -> bool:
    """Whether a column has one term of interest."""
    return len(specification.interest) == 1


def one_region(specification: Specification) -> bool:
    """Whether a column's sample is one region."""
    return specification.region is not None


def measured_alone(specification: Specification) -> bool:
    """Whether the measured regressor is a column's only term of interest."""
    return specification.interest == (MEASURED,)


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
    source : str
        The dotted name of its file (`models.bayesian.interface`).
    switches : mapping of str to str
        Arguments of the file's `split`.
    varying : bool
        Whether the slopes of the terms of interest differ by region.
    dynamic : bool
        Whether it has the lagged outcome: a model of dynamic columns, and of no others.
    stands_in : bool
        Whether it is also fitted to dynamic columns, without their lagged outcome.
    extra : bool
        Whether it is fitted only when it is named.
    correlated : bool
        Whether errors of a province may be correlated over years.
    prior_groups : bool
        Whether draws from the prior are informative; those of very wide priors are not.
    joint : bool
        Whether it models all outcomes of a column's system (`Specification.system`) at once.
    inputs : tuple of str
        What its `split` is given beside the panel's rows, by the names of its arguments.
    carried_by : callable of Specification
        Whether it can be fitted to a column's sample, beside having the regions that it needs.
    draws : int
        Per chain, where the engine's own number leaves too few effective ones.
    """

    name: str
    label: str
    sentence: str
    source: str
    switches: Mapping[str, str] = field(default_factory=dict, hash=False)
    varying: bool = False
    dynamic: bool = False
    stands_in: bool = False
    extra: bool = False
    correlated: bool = False
    prior_groups: bool = True
    joint: bool = False
    inputs: tuple[str, ...] = ()
    carried_by: Callable[[Specification], bool] = any_column
    draws: int = 0

    @property
    def module(self) -> ModelFile:
        """What the model's file supplies."""
        return import_module(self.source)

    @property
    def by_region(self) -> bool:
        """Whether something differs by region, so that one region is not enough."""
        return self.varying or not {"pooled", "region"}.isdisjoint(self.switches.values())

    def fits(self, specification: Specification) -> bool:
        """Whether it can be fitted to a column.

        Nothing differs by region in a one-region sample; a dynamic column takes dynamic models
        and the static ones that may be fitted as such.
        """
        dynamic = specification.dynamic
        return (
            not (specification.region and self.by_region)
            and (self.dynamic == dynamic or (self.stands_in and dynamic))
            and not (self.joint and specification.system is None)
            and self.carried_by(specification)
        )

    def fitted_as(self, specification: Specification) -> str:
        """Return how the model differs from the published regression; empty if it does not."""
        return STATIC_FIT if specification.dynamic and not self.dynamic else ""

    def reads(self, specification: Specification) -> tuple[str, ...]:
        """Return the panel's columns that it reads, each once."""
        system = specification.system.outcomes if self.joint and specification.system else ()
        return tuple(dict.fromkeys((*specification.variables, *system)))

    def posterior_of(self, specification: Specification) -> Hashable:
        """Return what columns share whose posterior is one, which is then sampled once."""
        if not self.joint:
            return specification.column
        return (
            specification.system,
            specification.terms,
            specification.interest,
            specification.last_year,
            specification.region,
        )

    def split(self, design: Design, specification: Specification, **inputs: Any) -> Parts:
        """Standardise a column's regression for this model; `inputs` as the record names them."""
        arguments = inputs | dict(self.switches)
        if self.varying:
            arguments["varying"] = specification.interest
        if self.joint:
            arguments["system"] = specification.system
        return self.module.split(design, **arguments)


MODELS = (
    Model(
        "flat",
        "flat-prior benchmark",
        "TWFE as a Bayesian model: unpooled effects, one slope, one σ, very wide priors.",
        "models.bayesian.flat",
        prior_groups=False,
    ),
    Model(
        "mundlak",
        "one σ, one slope",
        "Pooled effects with Mundlak terms, one slope, one σ.",
        "models.bayesian.hierarchical",
    ),
    Model(
        "region_sigma",
        "region σ, one slope",
        "As mundlak, with a residual standard deviation for each region.",
        "models.bayesian.hierarchical",
        {"sigma": "region"},
    ),
    Model(
        "hierarchical",
        "region σ, region slopes",
        "As region_sigma, with slopes of interest that vary by region about a common mean.",
        "models.bayesian.hierarchical",
        {"sigma": "region"},
        varying=True,
        stands_in=True,
    ),
    Model(
        "dynamic",
        "dynamic, given the first year",
        "As hierarchical, with the lagged outcome; province effects depend on the first outcome.",
        "models.bayesian.dynamic",
        {"sigma": "region"},
        varying=True,
        dynamic=True,
    ),
    Model(
        "dynamic_regions",
        "dynamic, ρ by region",
        "As dynamic, with ρ that varies by region about a common one.",
        "models.bayesian.dynamic",
        {"sigma": "region", "rho": "pooled"},
        varying=True,
        dynamic=True,
        extra=True,
    ),
    Model(
        "dynamic_t",
        "dynamic, Student t errors",
        "As dynamic, with Student t errors whose degrees of freedom are learned.",
        "models.bayesian.dynamic_student_t",
        {"sigma": "region"},
        varying=True,
        dynamic=True,
        extra=True,
    ),
    Model(
        "dynamic_stationary",
        "dynamic, stationary initial condition",
        "As dynamic, for |ρ| < 1: the first outcome has the equation's stationary distribution.",
        "models.bayesian.dynamic_stationary",
        {"sigma": "region"},
        varying=True,
        dynamic=True,
        extra=True,
    ),
    Model(
        "dynamic_predetermined",
        "dynamic, predetermined",
        "As dynamic, with an equation for the regressor of interest, on which past outcomes act.",
        "models.bayesian.dynamic_predetermined",
        {"sigma": "region"},
        varying=True,
        dynamic=True,
        extra=True,
        carried_by=one_term_of_interest,
    ),
    Model(
        "dynamic_growth",
        "dynamic, growth by province",
        "As growth, with the lagged outcome and independent errors; levels and growth of provinces "
        "depend on the first outcome.",
        "models.bayesian.dynamic_growth",
        {"sigma": "region"},
        varying=True,
        dynamic=True,
        extra=True,
    ),
    Model(
        "walk",
        "year effects as a random walk",
        "As hierarchical, with year effects that follow a random walk.",
        "models.bayesian.hierarchical",
        {"sigma": "region", "path": "walk"},
        varying=True,
        extra=True,
    ),
    Model(
        "pooled",
        "all partially pooled",
        "Slopes of interest and of controls, year effects and σ by region about common centres.",
        "models.bayesian.hierarchical",
        {"sigma": "pooled", "controls": "pooled", "years": "pooled"},
        varying=True,
        extra=True,
    ),
    Model(
        "by_region",
        "all by region",
        "All slopes, year effects and σ by region and free: a regression of each region in one.",
        "models.bayesian.hierarchical",
        {"sigma": "region", "slopes": "region", "controls": "region", "years": "region"},
        varying=True,
        extra=True,
    ),
    Model(
        "student_t",
        "Student t errors",
        "As hierarchical, with Student t errors whose degrees of freedom are learned.",
        "models.bayesian.student_t",
        {"sigma": "region"},
        varying=True,
        extra=True,
    ),
    Model(
        "autoregressive",
        "AR(1) errors",
        "As hierarchical, with errors that follow an AR(1) in each province.",
        "models.bayesian.autoregressive",
        {"sigma": "region"},
        varying=True,
        extra=True,
        correlated=True,
        draws=1_500,
    ),
    Model(
        "province_trends",
        "province trends",
        "As autoregressive, with province-specific linear trends.",
        "models.bayesian.province_trends",
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
        "models.bayesian.province_slopes",
        {"sigma": "region"},
        varying=True,
    ),
    Model(
        "joint",
        "joint outcomes",
        "As hierarchical, for the outcome's parts (and what acts on it) at once, their "
        "errors correlated.",
        "models.bayesian.multivariate",
        {"sigma": "region"},
        varying=True,
        extra=True,
        joint=True,
    ),
    Model(
        "measurement",
        "measurement error",
        "As hierarchical, on a true quotient that the vintages of the accounts measure with error.",
        "models.bayesian.measurement_error",
        {"sigma": "region"},
        varying=True,
        extra=True,
        inputs=("readings",),
        carried_by=measured_alone,
        draws=3_000,
    ),
    Model(
        "ar1_province_slopes",
        "AR(1) errors and province slopes",
        "As growth, without growth by province: AR(1) errors alone hold what is persistent.",
        "models.bayesian.growth",
        {"sigma": "region", "lines": "none"},
        varying=True,
        correlated=True,
    ),
    Model(
        "growth",
        "growth by province, AR(1), slopes",
        "Growth and slopes of interest by province about their region's; AR(1) errors and scales "
        "by region; province effects free.",
        "models.bayesian.growth",
        {"sigma": "region"},
        varying=True,
        correlated=True,
    ),
    Model(
        "growth_scales",
        "growth, scales by province",
        "As growth, with error scales by province, log-normal about their region's.",
        "models.bayesian.growth",
        {"sigma": "region", "scales": "province"},
        varying=True,
        extra=True,
        correlated=True,
    ),
    Model(
        "growth_paths",
        "growth, paths scaled by province",
        "As growth_scales, with a province's growth about its line on the scale of its errors.",
        "models.bayesian.growth",
        {"sigma": "region", "scales": "path"},
        varying=True,
        extra=True,
        correlated=True,
    ),
    Model(
        "growth_region",
        "growth in one region",
        "As growth, for the provinces of one region alone: no pooling towards other regions.",
        "models.bayesian.growth",
        correlated=True,
        carried_by=one_region,
    ),
    Model(
        "ar1_region",
        "AR(1) errors in one region",
        "As ar1_province_slopes, for the provinces of one region alone.",
        "models.bayesian.growth",
        {"lines": "none"},
        extra=True,
        correlated=True,
        carried_by=one_region,
    ),
    Model(
        "dynamic_region",
        "dynamic in one region",
        "As dynamic, for the provinces of one region alone: one slope, one σ.",
        "models.bayesian.dynamic",
        dynamic=True,
        carried_by=one_region,
    ),
    Model(
        "dynamic_t_region",
        "dynamic in one region, Student t errors",
        "As dynamic_region, with Student t errors whose degrees of freedom are learned.",
        "models.bayesian.dynamic_student_t",
        dynamic=True,
        extra=True,
        carried_by=one_region,
    ),
)

INDEPENDENT = ("mundlak", "region_sigma", "hierarchical")
"""Rungs with independent errors and slopes that differ by region at most."""

LADDER = (*INDEPENDENT, "province_slopes", "ar1_province_slopes", "growth")
"""The rungs above two-way fixed effects, each freeing one thing, but for AR(1) (see above)."""

OF_ONE_REGION = ("ar1_region", "growth_region")
"""The ladder's rungs of correlated errors, for samples of one region or without regions."""

MAIN = "growth"
"""The model that static columns of all provinces are judged by: the ledger's evidence.

The rule at the head of `analysis.simulation.main_model` chose it.
"""


def models_for(specification: Specification) -> tuple[Model, ...]:
    """Return the models that can be fitted to a column."""
    return tuple(model for model in MODELS if model.fits(specification))


def unfit(specification: Specification, *names: str) -> UserError:
    """Return the error that none of the models named can be fitted to a column: why, what can."""
    fitting = ", ".join(model.name for model in models_for(specification))
    alone = specification.region is not None and all(find(name).by_region for name in names)
    return UserError(
        f"Column {specification.column} ({specification.title}) cannot be fitted by "
        f"{' or '.join(names)}: choose among {fitting}"
        + (", since nothing differs by region where there is one, or none is named." * alone or ".")
    )


def main_model(specification: Specification) -> Model:
    """Return the model that a column is judged by: `MAIN`, or the highest rung for its sample."""
    if find(MAIN).fits(specification) and not specification.dynamic:
        return find(MAIN)
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
