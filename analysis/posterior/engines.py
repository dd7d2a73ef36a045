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

from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import pymc as pm
import pytensor
import xarray as xr
from numpy.typing import NDArray
from pymc.stats import compute_log_prior

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

if TYPE_CHECKING:  # most fits need no NUTS, and nutpie imports every plot of ArviZ
    from nutpie.sample import CompiledModel

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

INTERPRETED = {"mode": "FAST_COMPILE"}
"""PyTensor's mode for functions that run a few thousand times: machine code takes a minute."""

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
    from nutpie.compiled_pyfunc import from_pyfunc

    coordinates = Coordinates(density)

    def initial(seed: int) -> NDArray[np.float64]:
        return coordinates.from_point(density.initial(np.random.default_rng(seed)))

    compiled = from_pyfunc(
        density.size,
        lambda: coordinates.logp_and_gradient,
        lambda *_: lambda v: {"v": v},
        [np.dtype(np.float64)],
        [(density.size,)],
        ["v"],
        make_initial_point_fn=initial,
    )
    posterior, statistics = _sample(compiled, settings)
    point = coordinates.to_point(posterior["v"].to_numpy())
    return density.draw(point, rng), statistics


class NutsEngine:
    """NUTS in the variables of the PyMC model; draws of the prior are PyMC's own.

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
        compiled = compile_model(self.moved(self.parts))
        return self.sample_compiled(compiled, self.parts, settings, rng)

    def moved(self, parts: Parts) -> pm.Model:
        """Return the PyMC model in whose free variables NUTS moves, given a data set."""
        if isinstance(self.module, Marginalised):
            return self.module.marginal(parts, self.priors)
        return self.module.build(parts, self.priors)

    def sample_compiled(
        self, compiled: "CompiledModel", parts: Parts, settings: Settings, rng: np.random.Generator
    ) -> tuple[Draws, xr.Dataset]:
        """Return the same of `moved` given a data set, compiled already."""
        posterior, statistics = _sample(compiled, settings, adaptation=self.adaptation)
        free = {name: values.to_numpy() for name, values in posterior.data_vars.items()}
        if isinstance(self.module, Marginalised):
            free = self.module.completed(parts, free, rng)
        return {name: _flat(free[name], 2) for name in self.names}, statistics

    def draw_prior(self, size: int, rng: np.random.Generator) -> Draws:
        """Return draws of the free variables from the prior, shapes (size, …)."""
        drawn = pm.draw(
            [self.definition[name] for name in self.names], size, random_seed=rng, **INTERPRETED
        )
        # A single draw comes without its dim.
        return {name: v.reshape(size, -1) for name, v in zip(self.names, drawn, strict=True)}

    def log_prior(self, flat: Draws) -> Draws:
        """Return the log prior of each free variable, summed over its elements."""
        definition = self.definition
        named = {}
        for name, values in flat.items():
            dims = definition.named_vars_to_dims[name]
            shape = (len(definition.coords[dim]) for dim in dims)
            named[name] = (("chain", "draw", *dims), values.reshape(*values.shape[:2], *shape))
        densities = compute_log_prior(
            xr.DataTree.from_dict({"posterior": xr.Dataset(named)}),
            model=definition,
            extend_inferencedata=False,
            progressbar=False,
            compile_kwargs=INTERPRETED,
        )
        return {name: _flat(densities[name].to_numpy(), 2).sum(axis=-1) for name in self.names}


def compile_model(definition: pm.Model) -> "CompiledModel":
    """Compile a PyMC model for NUTS in all of its free variables: half a minute.

    Sums are made in the order in which they are written. By PyTensor's default the compiler may
    turn them about, and does so in another way where it finds parts compiled by an earlier run:
    the same seed would not give the same draws.
    """
    import nutpie

    names = [variable.name for variable in definition.free_RVs]
    with pytensor.config.change_flags(numba__fastmath=False):
        return nutpie.compile_pymc_model(definition, var_names=names)


Engine = type[CollapsedEngine] | type[NutsEngine]

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (CollapsedEngine, NutsEngine)}


def engine_for(model: Model, name: str | None = None, priors: Priors | None = None) -> Engine:
    """Return the engine of that name, or the model's own, as `engine_of` chooses it."""
    return ENGINES[engine_of(model, name, priors)]


def _flat(values: NDArray[Any], leading: int) -> NDArray[Any]:
    """Flatten all dims after the leading ones."""
    return values.reshape(*values.shape[:leading], -1)


def _sample(
    compiled: "CompiledModel", settings: Settings, **options: str
) -> tuple[xr.DataTree, xr.Dataset]:
    """Return nutpie's draws, and its statistics under ArviZ's names."""
    import nutpie

    asked = settings.target_accept
    for accept in ACCEPTANCE if asked is None else (asked,):
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
    return tree["posterior"], kept.assign_attrs(
        sampler=NUTS,
        target_accept=accept,
        inference_library="nutpie",
        inference_library_version=version("nutpie"),
    )
