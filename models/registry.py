"""The Bayesian models as records: which file, which switches, and in what order they climb.

The ladder from two-way fixed effects to region slopes is `LADDER`; each rung frees one thing, so
a reader sees which step moves a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

from data.errors import UserError
from models import flat, hierarchical
from models.design import Design, Specification
from models.within_between import WithinBetween

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
        With `split`, `effects`, `build`, `density` and `PRIORS`.
    switches : mapping of str to str
        Arguments of the module's `split`.
    varying : bool
        Whether the slopes of the terms of interest differ by region.
    stands_in : bool
        Whether it is also fitted to dynamic columns, as their static counterpart.
    """

    name: str
    label: str
    sentence: str
    module: ModuleType
    switches: Mapping[str, str] = field(default_factory=dict)
    varying: bool = False
    stands_in: bool = False

    @property
    def prior_groups(self) -> bool:
        """Whether draws from the prior mean anything; those of very wide priors do not."""
        return self.module is not flat

    @property
    def by_region(self) -> bool:
        """Whether something differs by region, so that one region is not enough."""
        return self.varying or "region" in self.switches.values()

    def counterpart(self, specification: Specification) -> str:
        """Say in what the model is not the published regression; empty if it is."""
        return STATIC_COUNTERPART if specification.dynamic else ""

    def split(self, design: Design, specification: Specification) -> WithinBetween:
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
)

LADDER = tuple(model.name for model in MODELS if model.module is hierarchical)
"""The rungs above two-way fixed effects; the last is the main model."""


def models_for(specification: Specification) -> tuple[Model, ...]:
    """Return the models that a column can carry.

    A one-region sample carries nothing that differs by region, a dynamic column what may stand in.
    """
    return tuple(
        model
        for model in MODELS
        if not (specification.region and model.by_region)
        and (model.stands_in or not specification.dynamic)
    )


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
