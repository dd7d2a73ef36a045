"""Sampling engines of posteriors.

collapsed
    Everything that is normal given the scales is integrated out (`models.inference.collapsed`), the
    few log scales are sampled, and the rest is drawn exactly given each draw of them. The engine of
    every model whose file has a `density`. Draws of the scales are independent
    (`models.inference.independence_sampler`). Where these draws fail their diagnostics, and for
    errors correlated between outcomes (`models.bayesian.multivariate`), NUTS samples the log
    scales. Densities with chains of their own (`models.bayesian.growth_gibbs`) are sampled by
    these. A trace's attribute `sampler` names the sampler.
nuts
    NUTS (nutpie) in all variables of the PyMC model, or in those that the model's file leaves when
    it integrates some out (`marginal`), which are drawn given those afterwards: the engine of every
    other model, and for those with a `density` the check on it, minutes slower.
"""

from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray

from analysis.posterior.compiled import Given, given
from analysis.posterior.jobs import COLLAPSED, NUTS, Settings, engine_of
from models.bayesian.interface import Marginalised, Parts
from models.bayesian.registry import Model
from models.inference.batched import draw_points
from models.inference.collapsed import Collapsed
from models.inference.collapsed_correlated import CollapsedErrors
from models.inference.elimination import Reduced, reduce
from models.inference.elimination_correlated import ReducedErrors, reduce_errors
from models.inference.independence_sampler import Drawn, draw_scales
from models.inference.normal_scores import Density as Batched
from models.inference.transforms import Coordinates
from models.priors import Priors

SAMPLE_STATS = {
    "diverging": "diverging",
    "energy": "energy",
    "logp": "lp",
    "depth": "tree_depth",
    "maxdepth_reached": "maxdepth_reached",
    "n_steps": "n_steps",
    "step_size": "step_size",
}
"""Statistics of nutpie that are stored, under ArviZ's names."""

INDEPENDENCE, GIBBS = "independence", "gibbs"
"""Values of a trace's attribute `sampler`, which is `NUTS` of all other draws."""

NO_ENERGY = "none: independent draws have no momentum; log_weight has their diagnostics"
"""Attribute `energy` of their `sample_stats`."""

NO_MOMENTUM = "none: Gibbs and Metropolis steps have no momentum"

ACCEPTANCE = (0.95, 0.99)
"""Default target acceptance of NUTS: the second where chains diverge at the first.

Smaller steps reach regions that large ones miss; the gate judges the result.
"""

Draws = dict[str, NDArray[np.float64]]
"""Free variables, flat: shapes (chains, draws, size)."""

Density = Collapsed | CollapsedErrors | Batched
"""What a model's `density` may be."""


@runtime_checkable
class Chained(Protocol):
    """A density that draws by chains of its own."""

    def chain(self, draws: int, rng: np.random.Generator) -> Draws:
        """Return draws of the free variables, shapes (draws, size)."""


class CollapsedEngine:
    """Sampled log scales, exact draws of the rest."""

    name: ClassVar[str] = COLLAPSED

    def __init__(self, model: Model, parts: Parts, priors: Priors, definition: pm.Model) -> None:
        self.density: Density = model.module.density(parts, priors)

    def sample(self, settings: Settings, rng: np.random.Generator) -> tuple[Draws, xr.Dataset]:
        """Return draws of the free variables, and the sampler's statistics."""
        shape = (settings.chains, settings.draws)
        if isinstance(self.density, Chained):
            chains = [self.density.chain(settings.draws, rng) for _ in range(settings.chains)]
            flat = {name: np.stack([chain[name] for chain in chains]) for name in chains[0]}
            point = self.density.point(flat).reshape(shape[0] * shape[1], -1)
            lp = self.density.log_density(point).reshape(shape)
            attrs = {"sampler": GIBBS, "energy": NO_MOMENTUM}
            return flat, xr.Dataset({"lp": (("chain", "draw"), lp)}, attrs=attrs)
        if independent := draw_independently(self.density, shape[0] * shape[1], rng):
            exact, drawn = independent
            if drawn.trust.holds:
                point = drawn.log_scale.reshape(*shape, -1)
                statistics = xr.Dataset(
                    {
                        "lp": (("chain", "draw"), drawn.log_density.reshape(shape)),
                        "log_weight": (
                            ("step", "chain", "draw"),
                            drawn.log_weight.reshape(-1, *shape),
                        ),
                    },
                    attrs={"sampler": INDEPENDENCE, "energy": NO_ENERGY},
                )
                return exact.draw(point, rng), statistics
        return self.by_nuts(settings, rng)

    def by_nuts(self, settings: Settings, rng: np.random.Generator) -> tuple[Draws, xr.Dataset]:
        """Return the same by NUTS in the log scales: what `sample` falls back on."""
        return nuts_in_scales(self.density, settings, rng)

    def draw_prior(self, size: int, rng: np.random.Generator) -> Draws:
        """Return draws of the free variables from the prior, shapes (size, …)."""
        return self.density.draw_prior(size, rng)

    def log_prior(self, flat: Draws) -> Draws:
        """Return the log prior of each free variable, summed over its elements."""
        return self.density.log_prior(flat)


def draw_independently(
    density: Density, size: int, rng: np.random.Generator
) -> tuple[Reduced | ReducedErrors | Batched, Drawn] | None:
    """Draw a density's scales independently of each other.

    Returns
    -------
    exact : Reduced, ReducedErrors or Batched
        Draws all else given the scales.
    drawn : Drawn
        Points and their diagnostics.

    None under errors correlated between outcomes, of which nothing is eliminated: NUTS samples.
    """
    if isinstance(density, Collapsed):
        reduced = reduce(density)
        return reduced, draw_scales(density, size, rng, reduced)
    # What is left evaluates many points at once.
    at_once = reduce_errors(density) if isinstance(density, CollapsedErrors) else density
    return at_once and (at_once, draw_points(at_once, size, rng))


def nuts_in_scales(
    density: Collapsed, settings: Settings, rng: np.random.Generator
) -> tuple[Draws, xr.Dataset]:
    """Return draws of a collapsed density's free variables, NUTS moving in the log scales."""
    coordinates = Coordinates(density)

    def initial(seed: int) -> NDArray[np.float64]:
        return coordinates.from_point(density.initial(np.random.default_rng(seed)))

    points, statistics = _sample(density.size, coordinates.logp_and_gradient, initial, settings)
    return density.draw(coordinates.to_point(points), rng), statistics


class NutsEngine:
    """NUTS in the variables of the PyMC model, compiled once for all data sets (`compiled`).

    The mass matrix learns directions, not the variables' scales alone (`adaptation`): effects are
    correlated.
    """

    name: ClassVar[str] = NUTS
    adaptation: ClassVar[str] = "low_rank"

    def __init__(self, model: Model, parts: Parts, priors: Priors, definition: pm.Model) -> None:
        self.definition = definition
        self.names = [variable.name for variable in definition.free_RVs]
        self.module, self.parts, self.priors = model.module, parts, priors

    def sample(self, settings: Settings, rng: np.random.Generator) -> tuple[Draws, xr.Dataset]:
        """Return draws of the free variables, and the sampler's statistics."""
        return self.sample_given(self.parts, settings, rng)

    @cached_property
    def given(self) -> Given:
        """Functions of the whole PyMC model."""
        return given(self.definition)

    def moved(self, parts: Parts) -> pm.Model:
        """Return the PyMC model in whose free variables NUTS moves, given a data set."""
        if isinstance(self.module, Marginalised):
            return self.module.marginal(parts, self.priors)
        return self.module.build(parts, self.priors)

    def sample_given(
        self, parts: Parts, settings: Settings, rng: np.random.Generator
    ) -> tuple[Draws, xr.Dataset]:
        """Return the same given another data set."""
        moved = given(self.moved(parts))
        points, statistics = _sample(
            moved.size, moved.logp_and_gradient, moved.initial, settings, adaptation=self.adaptation
        )
        free = moved.constrained(points)
        if isinstance(self.module, Marginalised):
            free = self.module.completed(parts, free, rng)
        return {name: _flat(free[name], 2) for name in self.names}, statistics

    def draw_prior(self, size: int, rng: np.random.Generator) -> Draws:
        """Return draws of the free variables from the prior, shapes (size, …)."""
        return self.given.draw_prior(size, rng)

    def log_prior(self, flat: Draws) -> Draws:
        """Return the log prior of each free variable, summed over its elements."""
        return self.given.log_prior(flat)


Engine = type[CollapsedEngine] | type[NutsEngine]

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (CollapsedEngine, NutsEngine)}


def engine_for(model: Model, name: str | None = None, priors: Priors | None = None) -> Engine:
    """Return the engine of that name, or the model's own, as `engine_of` chooses it."""
    return ENGINES[engine_of(model, name, priors)]


def _flat(values: NDArray[Any], leading: int) -> NDArray[Any]:
    """Flatten all dims after the leading ones."""
    return values.reshape(*values.shape[:leading], -1)


def _sample(
    size: int,
    logp_and_gradient: Callable,
    initial: Callable,
    settings: Settings,
    **options: str,
) -> tuple[NDArray[np.float64], xr.Dataset]:
    """Sample a density by nutpie.

    Returns
    -------
    points : ndarray, shape (chains, draws, size)
    statistics : Dataset
        Under ArviZ's names.
    """
    import nutpie  # most fits need no NUTS, and it imports every plot of ArviZ
    from nutpie.compiled_pyfunc import from_pyfunc

    compiled = from_pyfunc(
        size,
        lambda: logp_and_gradient,
        lambda *_: lambda v: {"v": v},
        [np.dtype(np.float64)],
        [(size,)],
        ["v"],
        make_initial_point_fn=initial,
    )
    target = settings.target_accept
    for accept in ACCEPTANCE if target is None else (target,):
        tree = nutpie.sample(
            compiled,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=1,
            seed=settings.seed,
            target_accept=accept,
            # Four times as long as nutpie's own limit: the rare tree that needs it is not cut off.
            maxdepth=12,
            progress_bar=False,
            save_warmup=False,
            **options,
        )
        if not tree["sample_stats"]["diverging"].any():
            break
    kept = tree["sample_stats"].to_dataset()[list(SAMPLE_STATS)].rename(SAMPLE_STATS)
    kept.attrs = {}  # the times in them would make equal draws unequal files
    return tree["posterior"]["v"].to_numpy(), kept.assign_attrs(
        sampler=NUTS,
        target_accept=accept,
        inference_library="nutpie",
        inference_library_version=version("nutpie"),
    )
