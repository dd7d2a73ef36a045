"""What is to be fitted, by which engine, and what each trace is made from: records, no sampler.

`analysis.posterior.sample` fits these jobs; whoever only asks what there is to do reads this file
and imports no PyMC.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from analysis.posterior import inputs, trace
from analysis.posterior.cache import input_sha256, is_current
from analysis.posterior.variants import PLAIN, Variant, called, integrable
from data.panels.panel import Panel
from data.shared.errors import UserError, located
from models.bayesian.interface import Collapsible, Parts
from models.bayesian.registry import Model, find, models_for, unfit
from models.design import Specification, design
from models.priors import Priors

PACKAGES = ("pymc", "pytensor", "numba", "nutpie", "arviz", "numpy", "scipy", "xarray", "pandas")

COLLAPSED, NUTS = "collapsed", "nuts"
"""The engines (`analysis.posterior.engines`)."""

DEFAULTS = {COLLAPSED: {"draws": 750, "tune": 300}, NUTS: {"draws": 2_000, "tune": 1_000}}
"""Their settings, where none are asked for."""


@dataclass(frozen=True)
class Settings:
    """Settings of a sampler; None takes the engine's default.

    Attributes
    ----------
    draws, tune : int, optional
        Per chain, after and before adaptation ends.
    chains : int
    seed : int
        The same seed gives the same draws.
    target_accept : float, optional
        Of NUTS; by default the acceptance rates of `analysis.posterior.engines`.
    engine : str, optional
        A key of `DEFAULTS`; by default the model's own, by the rule of `engine_of`.
    """

    draws: int | None = None
    tune: int | None = None
    chains: int = 4
    seed: int = 1
    target_accept: float | None = None
    engine: str | None = None

    def by(self, engine: str, model: Model | None = None) -> "Settings":
        """Return the settings with the engine's own filled in; a model may ask for more draws."""
        decided = dict(DEFAULTS[engine])
        if model is not None:
            decided["draws"] = max(decided["draws"], model.draws)
        chosen = {name: value for name, value in asdict(self).items() if value is not None}
        return Settings(**{**decided, **chosen, "engine": engine})


@dataclass(frozen=True)
class Job:
    """One fit: a model for a column on a panel.

    Attributes
    ----------
    panel : Panel
    specification : Specification
        With the terms that the variant adds, without those that it drops.
    model : Model
    variant : Variant
    engine : str
        If it is another than the model's own, which makes a variant, too; else empty.
    """

    panel: Panel
    specification: Specification
    model: Model
    variant: Variant = PLAIN
    engine: str = ""

    @property
    def name(self) -> str:
        """How the fit is called, in tables and as a file."""
        return called(self.model.name, self.variant.name(self.engine))

    @property
    def priors(self) -> Priors:
        """The model's prior table with the variant's lines."""
        return self.variant.table(self.model.module.PRIORS)


def jobs(
    panels: Iterable[Panel], specifications: Iterable[Specification], models: Iterable[str]
) -> list[Job]:
    """List the fits of columns on panels, by the named models or all that need no naming.

    Raises
    ------
    UserError
        If no named model fits a column's sample, or none of these fits any panel.
    """
    names = [find(name).name for name in models]
    panels, listed = list(panels), []
    for record in specifications:
        fitting = {model.name: model for model in models_for(record)}
        default = [name for name, model in fitting.items() if not model.extra]
        chosen = [name for name in names or default if name in fitting]
        if not chosen:
            raise unfit(record, *names)
        listed += [
            Job(panel, record, fitting[name])
            for panel in panels
            for name in chosen
            if inputs.fits_panel(fitting[name], panel.name)
        ]
    if not listed:
        raise UserError(
            f"No panel named ({', '.join(panel.name for panel in panels)}) has what the model "
            f"{' or '.join(names)} needs: choose an official panel or another model."
        )
    return listed


def carrying(
    specifications: Iterable[Specification], models: Iterable[str]
) -> tuple[Specification, ...]:
    """Return the columns that at least one of the named models can be fitted to.

    Raises
    ------
    UserError
        If there is no such model.
    """
    names = {find(name).name for name in models}
    return tuple(
        record
        for record in specifications
        if not names or names & {model.name for model in models_for(record)}
    )


def missing(listed: Iterable[Job], settings: Settings, traces: Path) -> list[Job]:
    """Return the fits whose trace is not there yet, or was made from other inputs."""
    return [
        job
        for job in listed
        if not is_current(path_of(job, traces), made_from(job, settings, job.priors))
    ]


def path_of(job: Job, traces: Path) -> Path:
    """Return where a fit's trace lies."""
    return trace.trace_path(traces, job.panel.name, job.specification.column, job.name)


def made_from(job: Job, settings: Settings, priors: Priors) -> str:
    """Return the hash of everything that a fit's trace is made from."""
    engine = engine_of(job.model, settings.engine, priors)
    return input_sha256(
        job.panel.sha256,
        job.specification,
        job.model,
        priors,
        asdict(settings.by(engine, job.model)),
        versions(),
        inputs.sha256(job.model),
    )


@cache
def versions() -> dict[str, str]:
    """Return the versions of packages on which a trace's numbers depend."""
    return {name: version(name) for name in PACKAGES}


def split(job: Job) -> Parts:
    """Return a job's standardised arrays.

    Raises
    ------
    UserError
        If the regression cannot be fitted to the panel, naming both.
    """
    with located(job.panel.name, job.specification.column):
        arrays = design(job.panel.frame, job.specification)
        return inputs.split(job.model, arrays, job.specification)


def engine_of(model: Model, name: str | None = None, priors: Priors | None = None) -> str:
    """Return the engine of that name, or the model's: collapsed if its file has a `density`.

    With other priors than the model's own it is so if they can be integrated out, too.

    Raises
    ------
    UserError
        If the collapsed engine is asked for a model that is not normal given its scales.
    """
    collapsible = isinstance(model.module, Collapsible)
    if collapsible and priors is not None:
        collapsible = integrable(priors, model.module.PRIORS)
    if name == COLLAPSED and not collapsible:
        raise UserError(
            f"The model {model.name} is not normal given its scales, so nothing can be integrated "
            "out: use --engine nuts, or leave --engine out."
            if priors is None
            else f"The model {model.name} with these priors is not normal given its scales: use "
            "--engine nuts, or leave --engine out."
        )
    return name or (COLLAPSED if collapsible else NUTS)
