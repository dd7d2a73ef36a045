"""Posteriors given other rows or priors, by sampling or by weights on the scales."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior.diagnose import failures, numbers
from analysis.posterior.engines import Density, Draws, engine_for
from analysis.posterior.jobs import Settings
from analysis.posterior.sample import shaped
from analysis.robustness.sensitivity.tables import QUANTITIES
from analysis.robustness.sensitivity.weights import stratified
from analysis.specifications import AVERAGE
from models.bayesian.interface import Collapsible, Parts
from models.bayesian.registry import Model
from models.inference.collapsed import Collapsed
from models.inference.collapsed_correlated import CollapsedErrors
from models.inference.elimination import reduce
from models.inference.elimination_correlated import reduce_errors
from models.priors import Priors

Array = NDArray[np.float64]


class Quantity(NamedTuple):
    """Labels of the compared quantities; empty where a label does not apply."""

    quantity: str
    term: str
    region: str


class Refit(NamedTuple):
    """A posterior's compared quantities.

    Attributes
    ----------
    definition : pm.Model
    flat : dict of str to ndarray, shape (chains, draws, size)
        Free variables.
    watched : dict of Quantity to ndarray, shape (chains, draws)
        On the paper's scale.
    gate : str
        "pass" or "fail"; of weighted draws, that of the draws.
    """

    definition: pm.Model
    flat: Draws
    watched: dict[Quantity, Array]
    gate: str


class Base(NamedTuple):
    """The posterior that others are compared with.

    Attributes
    ----------
    fitted : Refit
        Given all rows, under the model's own priors.
    log_density : ndarray, shape (chains, draws)
        Of the scales at its draws, where all else can be integrated out.
    """

    fitted: Refit
    log_density: Array | None


# Threads slow small matrices down, and change the last digits.
@threadpool_limits.wrap(limits=1)
def refit(
    model: Model, parts: Parts, priors: Priors, settings: Settings, all_parts: Parts
) -> Refit:
    """Sample a model's posterior.

    Parameters
    ----------
    model : Model
    parts : Parts
        The rows that the likelihood sees.
    priors : Priors
    settings : Settings
    all_parts : Parts
        All rows: over these, averages are taken.
    """
    definition = model.module.build(parts, priors)
    engine = engine_for(model, settings.engine)
    sampler = engine(model, parts, priors, definition)
    rng = np.random.default_rng(settings.seed)
    flat, statistics = sampler.sample(settings.by(engine.name, model), rng)
    watched = _watched(model, all_parts, definition, flat)
    # Variables that are drawn exactly given the scales mix as the scales do.
    moved = {"point": sampler.density.point(flat)} if collapses(model) else flat
    posterior = xr.Dataset(
        {name: (("chain", "draw", f"{name}_dim"), values) for name, values in moved.items()}
    )
    failed = failures(numbers(posterior, statistics, moved))
    return Refit(definition, flat, watched, "fail" if failed else "pass")


def collapses(model: Model) -> bool:
    """Whether all but a few scales can be integrated out of a model."""
    return isinstance(model.module, Collapsible)


def _watched(
    model: Model, all_parts: Parts, definition: pm.Model, flat: Draws
) -> dict[Quantity, Array]:
    variables = shaped(definition, all_parts, flat)
    free = {name: values for name, (_, values) in variables.items()}
    return {
        quantity: draws
        for name, (dims, values) in model.module.report(all_parts, free).items()
        if name in QUANTITIES
        for quantity, draws in _elements(name, dims, values, all_parts)
    }


def _elements(
    name: str, dims: tuple[str, ...], values: Array, parts: Parts
) -> Iterator[tuple[Quantity, Array]]:
    for index in np.ndindex(values.shape[2:]):
        at = {dim: parts.coords[dim][i] for dim, i in zip(dims, index, strict=True)}
        term = at.get("term", at.get("varying", ""))
        region = at.get("region", AVERAGE if name == "slope" else "")
        yield Quantity(name.removesuffix("_region"), term, region), values[..., *index]


def base_of(model: Model, parts: Parts, tree: xr.DataTree) -> Base:
    """Return the posterior that a trace of a model holds."""
    posterior = tree["posterior"].to_dataset()
    free = posterior.attrs["free_variables"].split()
    flat = {name: posterior[name].to_numpy() for name in free}
    flat = {name: values.reshape(*values.shape[:2], -1) for name, values in flat.items()}
    definition = model.module.build(parts, model.module.PRIORS)
    fitted = Refit(definition, flat, _watched(model, parts, definition, flat), tree.attrs["gate"])
    return based_on(model, parts, fitted)


def based_on(model: Model, parts: Parts, fitted: Refit) -> Base:
    """Return a posterior with the log density of its scales."""
    if not collapses(model):
        return Base(fitted, None)
    return Base(fitted, at_draws(model.module.density(parts, model.module.PRIORS), fitted.flat))


def weighted(
    model: Model,
    parts: Parts,
    density: Density,
    weight: Array,
    base: Refit,
    settings: Settings,
) -> Refit:
    """Return a posterior whose scales are those of another, weighted, all else drawn afresh."""
    rng = np.random.default_rng(settings.seed)
    chosen = stratified(weight.ravel(), rng)
    point = density.point(base.flat).reshape(-1, density.size)[chosen]
    flat = density.draw(point[None], rng)
    return base._replace(flat=flat, watched=_watched(model, parts, base.definition, flat))


def at_draws(density: Density, flat: Draws) -> Array:
    """Return the log density of the scales at each draw, shape (chains, draws)."""
    point = density.point(flat)
    flat_points = point.reshape(-1, density.size)
    if isinstance(density, Collapsed):
        return reduce(density).log_density(flat_points).reshape(point.shape[:-1])
    if isinstance(density, CollapsedErrors) and (reduced := reduce_errors(density)):
        return reduced.log_density(flat_points).reshape(point.shape[:-1])
    if isinstance(density, CollapsedErrors):
        values = [density.logp_and_gradient(u)[0] for u in flat_points]
        return np.reshape(values, point.shape[:-1])
    return density.log_density(flat_points).reshape(point.shape[:-1])


def moved(draws: Array, before: Array, name: str) -> dict[str, float]:
    """Return mean and sd of draws and of those before, and the shift in posterior sd."""
    mean, sd = before.mean(), before.std(ddof=1)
    return {
        "mean": draws.mean(),
        "sd": draws.std(ddof=1),
        f"{name}_mean": mean,
        f"{name}_sd": sd,
        "shift": (draws.mean() - mean) / sd,
    }
