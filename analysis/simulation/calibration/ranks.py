"""Ranks of true parameters: how the data sets of a case are made and fitted.

A fit is what `sample` would make of the data set: draws independent of each other where their
weights say that they represent the density, else one chain of NUTS, in the log scales of models
that have a density and in the variables of the others (compiled once for many data sets:
`analysis.posterior.compiled`). Ranks ask for draws that are independent or nearly, so that a chain
is made `THINNING` times as long as what is kept of it, by the next factor if not every coordinate
in which the sampler moves has as many effective draws as are kept. Where NUTS is needed calibration
is of model and sampler on a part of the panel (`Part`), since it asks nothing about the panel
itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
import pymc as pm
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior import inputs
from analysis.posterior.engines import Density, NutsEngine
from analysis.posterior.many_fits import Chains, Draws, by_density, free_variables
from analysis.shared.parallel import spread
from analysis.simulation.calibration import growth_twice
from analysis.simulation.calibration.case import Case, Switches
from data.panels.panel import Panel
from models.bayesian.growth_density import GrowthDensity
from models.bayesian.interface import Collapsible, Generative, Parts, Restated
from models.bayesian.registry import Model, find
from models.design import Design, Specification, design
from models.inference.collapsed_correlated import CollapsedErrors

Array = NDArray[np.float64]


DRAWS = 255
"""Posterior draws of each fit: 256 possible ranks."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of true parameters.

    Attributes
    ----------
    of : dict of str to ndarray of int, shapes (data sets, size)
        By parameter.
    effective : ndarray, shape (data sets,)
        Effective draws of the coordinate that had the fewest, of those from which ranks were kept.
    first : int
        Number of the first data set.
    """

    of: dict[str, NDArray[np.int64]]
    effective: Array
    first: int = 0


def ranks(
    case: Case, panel: Panel, record: Specification, size: int, seed: int = 1, workers: int = 2
) -> Iterator[Ranks]:
    """Simulate and fit data sets; yield ranks of the parameters, a batch at a time, in any order.

    A data set depends on its number and the seed alone.
    """
    first = range(0, size, case.batch)
    batches = [range(start, min(start + case.batch, size)) for start in first]
    yield from spread(partial(_batch, case, panel, record, seed), batches, workers)


@threadpool_limits.wrap(limits=1)
def _batch(case: Case, panel: Panel, record: Specification, seed: int, numbers: range) -> Ranks:
    frame, record = case.part.of(panel.frame, record) if case.part else (panel.frame, record)
    arrays = design(frame, record)
    model, parts = _arranged(case.made_by, arrays, record)
    definition = model.module.build(parts, case.priors[0])
    rng = np.random.default_rng([seed, numbers.start, case.batch])
    truths = _truths(case, model, parts, definition, rng)
    fitted = _arranged(case.fitted, arrays, record, case.switches)
    fitter = _fitter(case, *fitted, seed)
    all_ranks, effective = [], []
    for position, number in enumerate(numbers):
        rng = np.random.default_rng([seed, number])
        truth, data = _data_set(model, parts, definition, truths(position, rng), fitted[1], rng)
        drawn, ess = fitter(data, rng)
        # Only what both models have: one σ is not a rank among three.
        all_ranks.append(
            {
                name: (drawn[name] < value).sum(axis=0)
                for name, value in truth.items()
                if name in drawn and drawn[name].shape[1] == value.shape[1]
            }
        )
        effective.append(ess)
    return Ranks(
        {
            name: np.stack([ranks_of_set[name] for ranks_of_set in all_ranks])
            for name in all_ranks[0]
        },
        np.array(effective),
        numbers.start,
    )


def _arranged(
    name: str, arrays: Design, record: Specification, switches: Switches = ()
) -> tuple[Model, Parts]:
    model = find(name)
    model = replace(model, switches=dict(model.switches) | dict(switches))
    return model, inputs.split(model, arrays, record)


def _truths(
    case: Case, model: Model, parts: Parts, definition: pm.Model, rng: np.random.Generator
) -> Callable[[int, np.random.Generator], Draws]:
    """Return what draws true parameters, shapes (1, size), given a data set's place and stream."""
    if not isinstance(model.module, Collapsible):
        engine = NutsEngine(model, parts, case.priors[0], definition)
        drawn = engine.draw_prior(case.batch, rng)
    else:
        density = model.module.density(parts, case.priors[0])
        if not case.posterior:
            return lambda _, stream: density.draw_prior(1, stream)
        drawn, _ = by_density(density, case.batch, rng)
    return lambda position, _: {name: value[[position]] for name, value in drawn.items()}


def _data_set(
    model: Model,
    parts: Parts,
    definition: pm.Model,
    truth: Draws,
    fitted: Parts,
    rng: np.random.Generator,
) -> tuple[Draws, Parts]:
    """Draw data given parameters; return these as the model has them given the data, and both."""
    variables = free_variables(definition, parts, truth)
    if not isinstance(model.module, Generative):
        outcome = model.module.rows(parts, variables, rng).predictive["y"][1].ravel()
        return truth, replace(fitted, design=fitted.design.with_outcome(outcome))
    free = {name: value[0, 0] for name, value in variables.items()}
    data = model.module.generate(parts, free, rng)
    if isinstance(model.module, Restated):
        free = model.module.restated(parts, data, free)
        truth = {name: value.reshape(1, -1) for name, value in free.items()}
    return truth, data


def _fitter(
    case: Case, model: Model, parts: Parts, seed: int
) -> Callable[[Parts, np.random.Generator], tuple[Draws, float]]:
    """Return what fits the model to a data set: `DRAWS` draws, and how many are effective."""
    priors = case.priors[1]
    if not isinstance(model.module, Collapsible):
        return Chains(model, parts, priors, DRAWS)
    of_panel = model.module.density(parts, priors) if case.posterior else None
    if isinstance(of_panel, GrowthDensity):
        one_sigma = dict(case.switches).get("sigma") == "common"
        twice = growth_twice.fitter(of_panel, DRAWS, seed, one_sigma=one_sigma)
        return lambda data, rng: twice(data.y, rng)

    def fit(data: Parts, rng: np.random.Generator) -> tuple[Draws, float]:
        if case.switches:
            data = parts.with_outcome(data.design.y)
        density = model.module.density(data, priors)
        return by_density(both(of_panel, density) if of_panel else density, DRAWS, rng)

    return fit


def both(first: Density, second: Density) -> Density:
    """Return the density given two sets of data on the same rows: sums over rows add up."""
    if isinstance(first, CollapsedErrors):
        return replace(first, errors=_added(first.errors, second.errors))
    residual = first.scale_slices[first.scales[-1].name]
    rows = np.zeros(first.size)
    rows[residual] = 1
    return replace(
        first,
        count=first.count + rows * second.count,
        gram=first.gram + rows[:, None, None] * second.gram,
        gram_lower=first.gram_lower + rows[:, None] * second.gram_lower,
        xy=first.xy + rows[:, None] * second.xy,
        yy=first.yy + rows * second.yy,
    )


def _added(first: Any, second: Any) -> Any:
    """Add up the arrays of two records of errors: each is a sum over rows."""
    arrays = [
        field.name for field in fields(first) if isinstance(getattr(first, field.name), np.ndarray)
    ]
    return replace(first, **{name: getattr(first, name) + getattr(second, name) for name in arrays})


def collect(batches: Iterable[Ranks]) -> Ranks:
    """Put batches of ranks together, in the order of their data sets' numbers."""
    ordered_batches = sorted(batches, key=lambda batch: batch.first)
    return Ranks(
        {
            name: np.concatenate([batch.of[name] for batch in ordered_batches])
            for name in ordered_batches[0].of
        },
        np.concatenate([batch.effective for batch in ordered_batches]),
    )
