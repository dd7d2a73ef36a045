"""Estimation of simulated data sets by every estimator, in stored batches.

Every data set has a random stream of its own, by seed, cell and number: results do not depend on
the number of workers. Finished batches are kept, and an interrupted study goes on where it was.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior.engines import CollapsedEngine
from analysis.posterior.jobs import Settings
from analysis.replication.dynamic_estimators import ESTIMATORS, Data, dynamic_models, shown
from analysis.shared import batches as batch_files
from analysis.shared.outputs import write_netcdf
from analysis.shared.parallel import kept
from analysis.shared.sources import made_by
from analysis.shared.statistics import Z
from analysis.simulation.dynamic_study.cells import Cell
from analysis.simulation.dynamic_study.truth import Truth, outcome, truth
from data.errors import UserError
from data.files import sha256
from data.panels.panel import Panel
from models.bayesian import dynamic
from models.design import LAG, Specification, sample
from models.inference.collapsed import Collapsed
from models.inference.elimination import reduce
from models.inference.independence_sampler import draw_scales

Array = NDArray[np.float64]

FILE = "simulation_study.nc"
"""In results/, every estimate."""

BATCH = 10
"""Data sets in one task."""

DRAWS = 400
"""Of each posterior."""

CHECKED = 50
"""Of so many data sets one is sampled by NUTS too: 2 %."""

NUTS = Settings(draws=500, tune=300, chains=2, target_accept=0.9)

MODEL = dynamic_models()[0].name
NAMES = (*(estimator.name for estimator in ESTIMATORS), MODEL)


@dataclass(frozen=True)
class Study:
    """Basis of the simulations: a panel's rows of one column, and the seed."""

    rows: pd.DataFrame
    specification: Specification
    seed: int = 1


def study(panel: Panel, record: Specification, seed: int = 1) -> Study:
    """Put a study together.

    Raises
    ------
    UserError
        If the panel has gaps, or the column has no lagged outcome.
    """
    if not record.dynamic:
        raise UserError(
            f"Column {record.column} has no lagged outcome to simulate: choose one of Table 5's."
        )
    data = Data(sample(panel.frame, record), record)
    if not data.whole.balanced:
        raise UserError(
            f"Panel {panel.name} has gaps, over which no outcome can be simulated from the year "
            "before: fill them or choose another panel."
        )
    return Study(data.whole.rows, record, seed)


def data_set(study: Study, cell: Cell, process: Truth, rng: np.random.Generator) -> Data:
    """Draw one data set."""
    record = study.specification
    y, x = outcome(cell, process, rng)
    drawn = {record.outcome: y.ravel(), record.interest[0]: x.ravel()}
    return Data(study.rows.assign(**drawn), record)


def estimates(data: Data, rng: np.random.Generator) -> tuple[Array, bool]:
    """Estimate by all of `NAMES`.

    Returns
    -------
    ndarray, shape (len(NAMES), terms, 3)
        Estimate, and ends of its 95 % interval, of the lag and the terms of interest.
    bool
        Whether the posterior's draws are independent; those of NUTS otherwise.
    """
    at = [data.lagged.terms.index(term) for term in shown(data.specification)]
    by_name = []
    for estimator in ESTIMATORS:
        coef, se = (of[at] for of in estimator.estimate(data).slopes)
        by_name.append(np.column_stack([coef, coef - Z * se, coef + Z * se]))
    draws, independent = posterior(data, rng)
    return np.stack([*by_name, _summary(draws[:, at])]), independent


def posterior(data: Data, rng: np.random.Generator) -> tuple[Array, bool]:
    """Return draws of the slopes by term, shape (draws, k), and whether they are independent.

    As a fit does: independent draws where their weights say that these represent the posterior,
    else NUTS.
    """
    parts, density = _arranged(data)
    reduced = reduce(density)
    drawn = draw_scales(density, DRAWS, rng, reduced)
    if drawn.trust.represents:
        return dynamic.slopes(parts, reduced.draw(drawn.log_scale, rng)), True
    return by_nuts(data, int(rng.integers(2**31))), False


def _arranged(data: Data) -> tuple[dynamic.Dynamic, Collapsed]:
    model = dynamic_models()[0]
    parts = model.split(data.whole, data.specification)
    return parts, model.module.density(parts, model.module.PRIORS)


def by_nuts(data: Data, seed: int) -> Array:
    """Return draws of the slopes by term, shape (draws, k), by NUTS in the log scales."""
    model = dynamic_models()[0]
    parts, _ = _arranged(data)
    engine = CollapsedEngine(model, parts, model.module.PRIORS, None)
    settings = Settings(NUTS.draws, NUTS.tune, NUTS.chains, seed, NUTS.target_accept)
    flat, _ = engine.by_nuts(settings.by(CollapsedEngine.name), np.random.default_rng(seed))
    return dynamic.slopes(parts, {name: v.reshape(-1, v.shape[-1]) for name, v in flat.items()})


def _summary(draws: Array) -> Array:
    return np.column_stack([draws.mean(axis=0), *np.quantile(draws, [0.025, 0.975], axis=0)])


# --- batches ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Batch:
    """Some data sets of a cell."""

    cell: Cell
    numbers: range

    @property
    def name(self) -> str:
        """Of the file that keeps it."""
        return f"{self.cell.name.replace(' ', '-')}-{self.numbers.start}.npz"


def batches(cells: tuple[Cell, ...], data_sets: int) -> list[Batch]:
    """List the batches."""
    starts = range(0, data_sets, BATCH)
    return [Batch(c, range(s, min(s + BATCH, data_sets))) for s in starts for c in cells]


@threadpool_limits.wrap(limits=1)
def run_batch(study: Study, batch: Batch) -> tuple[Batch, dict[str, Array]]:
    """Simulate and estimate some data sets."""
    cell = batch.cell
    process = truth(Data(study.rows, study.specification).whole, cell.rho)
    estimated, independent, checked = [], [], []
    for number in batch.numbers:
        rng = np.random.default_rng([study.seed, *_key(cell), number])
        data = data_set(study, cell, process, rng)
        estimate, exact = estimates(data, rng)
        estimated.append(estimate)
        independent.append(exact)
        checked_rows = np.full(estimate.shape[1:], np.nan)
        if number % CHECKED == 0:
            at = [data.lagged.terms.index(term) for term in shown(study.specification)]
            checked_rows = _summary(by_nuts(data, int(rng.integers(2**31)))[:, at])
        checked.append(checked_rows)
    return batch, {
        "estimates": np.stack(estimated),
        "independent": np.array(independent),
        "by_nuts": np.stack(checked),
    }


def _key(cell: Cell) -> tuple[int, ...]:
    """Return seeds that no other cell has: adding a cell leaves the others' data unchanged."""
    digest = sha256(cell.name.encode())
    return tuple(int(digest[i : i + 8], 16) for i in (0, 8))


def run(
    study: Study,
    cells: tuple[Cell, ...],
    data_sets: int,
    folder: Path,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[tuple[Batch, Mapping[str, Array]]]:
    """Run a study, `data_sets` in each cell; yield each batch with its arrays when it is there.

    `folder` is that of `folder_of`; the rest is as `analysis.shared.parallel.kept` takes it.
    """
    yield from kept(partial(run_batch, study), batches(cells, data_sets), folder, workers, cluster)


def folder_of(study: Study, results: Path) -> Path:
    """Return where the batches of a study lie, by the code and all it is made from."""
    made_from = [
        made_by(__name__),
        study.rows.to_csv(float_format="%.17g"),
        study.specification.column,
        str(study.seed),
    ]
    return results / "simulation" / sha256("\0".join(made_from).encode())[:16]


def collect(
    study: Study, cells: tuple[Cell, ...], done: Mapping[Batch, Mapping[str, Array]]
) -> xr.Dataset:
    """Put the batches of a study, in whatever order, together.

    Returns
    -------
    Dataset
        `estimate`, `low`, `high` (cell, data_set, estimator, term), `independent` (cell, data_set),
        `nuts` (cell, data_set, term, what), NaN where it was not asked for, `truth` (cell, term).
    """
    design = Data(study.rows, study.specification).whole
    terms = shown(study.specification)
    parts: dict[str, list[Array]] = {"estimates": [], "independent": [], "by_nuts": []}
    truths = []
    for cell in cells:
        of_cell = [done[b] for b in sorted(done, key=lambda b: b.numbers.start) if b.cell == cell]
        for name, arrays in parts.items():
            arrays.append(np.concatenate([batch_arrays[name] for batch_arrays in of_cell]))
        slope = dict(zip(design.terms, truth(design, cell.rho).slope, strict=True))
        truths.append([(slope | {LAG: cell.rho})[term] for term in terms])
    numbers = np.stack(parts["estimates"])
    dims = ("cell", "data_set", "estimator", "term")
    whats = ("estimate", "low", "high")
    return xr.Dataset(
        {
            **{what: (dims, numbers[..., i]) for i, what in enumerate(whats)},
            "independent": (dims[:2], np.stack(parts["independent"])),
            "nuts": (("cell", "data_set", "term", "what"), np.stack(parts["by_nuts"])),
            "truth": (("cell", "term"), np.array(truths)),
            "rho": ("cell", [cell.rho for cell in cells]),
            "start": ("cell", [cell.start for cell in cells]),
        },
        {
            "cell": [cell.name for cell in cells],
            "estimator": list(NAMES),
            "term": list(terms),
            "what": list(whats),
        },
        {
            "column": study.specification.column,
            "seed": study.seed,
            "settings": json.dumps({"draws": DRAWS, "data_sets": numbers.shape[1]}),
        },
    )


def write(dataset: xr.Dataset, path: Path, folder: Path) -> None:
    """Write a study whole or not at all; its batches are then no longer needed."""
    write_netcdf(dataset, path)
    batch_files.remove(folder)
