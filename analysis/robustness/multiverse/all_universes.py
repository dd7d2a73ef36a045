"""Posteriors in every distinct universe of some columns, beside the fraction's.

Universes that come to the same data, terms and rows are one (`counting.distinct`) and are fitted
once, under independent errors and under the main model, with the prior table of the model. Least
squares with two-way effects stands beside them, with intervals by standard errors clustered by
province (or unit). A posterior has effects and scales of its own: choices of effects and weights
are none of its own.

The file has the form of the multiverse's own (`evaluate.collect`), a group for each error structure
and in it one for each column, over all combinations of choices.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.robustness.multiverse import evaluate, fraction
from analysis.robustness.multiverse.counting import Distinct, distinct
from analysis.robustness.multiverse.evaluate import GRID_FAMILY, Arrays, Batch
from analysis.robustness.multiverse.fraction import POSTERIOR, SUMMARIES
from analysis.robustness.multiverse.grid import reach
from analysis.robustness.multiverse.records import Load, Option, Setting, Universe
from analysis.robustness.multiverse.structures import PRIOR
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian.registry import MAIN
from models.design import design
from models.frequentist import twfe

Array = NDArray[np.float64]

FILE = "multiverse_all.nc"

INDEPENDENT = "independent"

SIZE = 48
"""Universes in one task, of one error structure: some seconds, and little memory."""

type Estimate = Callable[[Sequence[Universe], Sequence[np.random.Generator]], Array]


def structures(setting: Setting) -> dict[str, Option]:
    """Return the error structures that every universe has, by name.

    Raises
    ------
    UserError
        If the multiverse has neither of them.
    """
    family = setting.family.get(POSTERIOR)
    listed = family.crossed.options if family and family.crossed else ()
    wanted = {option.name: option for option in listed if option.name in (INDEPENDENT, MAIN)}
    if not wanted:
        raise UserError(
            f"Every universe has a posterior under {INDEPENDENT} errors and the main model: the "
            "choices of the multiverse name neither."
        )
    return wanted


def batches(setting: Setting, columns: Sequence[str]) -> list[Batch]:
    """List the tasks of columns, the main model first, since it takes longest."""
    names = (*reversed(structures(setting)), GRID_FAMILY)
    return [
        Batch(name, column, number)
        for name in names
        for column in columns
        for number in range(-(-len(distinct(setting, column).first) // SIZE))
    ]


def options(found: Distinct, position: int) -> list[Option]:
    """Return the options of a distinct universe, those of its first combination."""
    codes = found.first[position]
    return [listed[code] for listed, code in zip(found.choices.values(), codes, strict=True)]


# Threads slow small matrices down, and change the last digits.
@threadpool_limits.wrap(limits=1)
def run_batch(batch: Batch, load: Load, seed: int) -> tuple[Batch, Arrays]:
    """Estimate some distinct universes: `summary` (universe, term, summaries)."""
    setting, (record,) = load(), select([batch.column])
    found = distinct(setting, batch.column)
    estimate: Estimate = fraction.one_by_one(least_squares)
    added: list[Option] = []
    if batch.family != GRID_FAMILY:
        estimate = setting.family[POSTERIOR].estimate
        added = [structures(setting)[batch.family]]
    positions = range(len(found.first))[batch.number * SIZE : (batch.number + 1) * SIZE]
    drawn = [
        fraction.universe(setting, record, [*options(found, position), *added])
        for position in positions
    ]
    word = [*map(ord, batch.family + batch.column)]
    rngs = [np.random.default_rng([seed, position, *word]) for position in positions]
    return batch, {"summary": estimate(drawn, rngs)}


def least_squares(universe: Universe, rng: np.random.Generator) -> Array:
    """Return `SUMMARIES` of the slopes of interest with two-way effects; NaN where not known."""
    del rng
    p = len(universe.record.interest)
    summary = np.full((p, len(SUMMARIES)), np.nan)
    try:
        arrays = design(universe.frame, universe.record)
        fit = twfe.fit(arrays)
    except UserError:
        return summary
    side = reach((len(arrays.provinces) - 1,)) * fit.se_cluster[:p]
    slope = fit.coef[:p]
    summary[:, :3] = np.column_stack([slope, slope - side, slope + side])
    return summary


def folder_of(results: Path, load: Load, seed: int, columns: Sequence[str]) -> Path:
    """Return where finished batches lie, by their code and all that they are made from."""
    return evaluate.folder_of(results, load, seed, __name__, columns)


def collect(
    listed: Sequence[Batch],
    done: Mapping[Batch, Arrays],
    setting: Setting,
    seed: int,
    folder: Path,
) -> xr.DataTree:
    """Put all batches together.

    Returns
    -------
    DataTree
        `/<error structure>/<column>`, least squares first: `fraction.SUMMARIES` (every choice,
        term), `regression` (every choice), equal where two universes are one, and `drawn`: the
        places of the fraction's universes among all combinations.
    """
    groups = {}
    structure_names = dict.fromkeys(batch.family for batch in reversed(listed))
    for name in structure_names:
        for column in dict.fromkeys(batch.column for batch in listed if batch.family == name):
            of_column = sorted(batch for batch in listed if batch[:2] == (name, column))
            summary = np.concatenate([done[batch]["summary"] for batch in of_column])
            groups[f"/{name}/{column}"] = of_column_as_grid(setting, column, seed, summary)
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "title": "Posteriors in every distinct universe",
        "dataset_sha256": setting.dataset_sha256,
        "seed": seed,
        "made_from": folder.name,
        "choices": setting.described,
    }
    return tree


def of_column_as_grid(setting: Setting, column: str, seed: int, summary: Array) -> xr.Dataset:
    """Lay the distinct universes' summary (universe, term, summaries) out over the choices."""
    (record,) = select([column])
    found = distinct(setting, column)
    dims = tuple(found.choices)
    variables = {
        name: ((*dims, "term"), summary[found.number, :, i].astype(np.float32))
        for i, name in enumerate(SUMMARIES[:5])
    }
    variables["regression"] = (dims, found.number.astype(np.int32))
    variables["drawn"] = (("drawn_universe",), drawn(setting, column, seed).astype(np.int32))
    coords = {name: [option.name for option in of] for name, of in found.choices.items()}
    return xr.Dataset(variables, coords | {"term": list(record.interest)})


def drawn(setting: Setting, column: str, seed: int) -> NDArray[np.int64]:
    """Return the places of the balanced fraction's universes among all combinations."""
    choices, codes = fraction.universes(setting, setting.family[POSTERIOR], column, seed)
    shared = [i for i, name in enumerate(choices) if name != PRIOR.name]
    shape = distinct(setting, column).number.shape
    if not shared:
        return np.zeros(len(codes), int)
    return np.ravel_multi_index(tuple(codes[:, shared].T), shape)
