"""Estimation of simulated data sets by every estimator, in stored batches.

Every data set has a random stream of its own, by seed, cell and number: results do not depend on
the number of workers. Finished batches are kept, and an interrupted study goes on where it was.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
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
from analysis.simulation.dynamic_study.cells import CELLS, Cell
from analysis.simulation.dynamic_study.truth import Truth, outcome, truth
from data.panels.panel import Panel
from data.shared.errors import UserError
from data.shared.files import sha256
from models.bayesian import dynamic, dynamic_growth_gibbs
from models.bayesian.registry import find
from models.design import LAG, Specification, sample
from models.inference import batched
from models.inference.batched import Proposal
from models.inference.collapsed import Collapsed
from models.inference.elimination import Reduced, reduce
from models.priors import ScalePriors

Array = NDArray[np.float64]

FILE = "simulation_study.nc"
"""In results/, every estimate."""

BATCH = 10
"""Data sets in one task."""

DRAWS = 400
"""Of each posterior."""

CHECKED = 50
"""Of so many data sets of the first cell one is sampled by NUTS too."""

ENOUGH, LONGER = 150, 4
"""Effective draws of a chain's slopes that are asked for; it is else run so many times as long."""

NUTS = Settings(draws=500, tune=300, chains=2, target_accept=0.9)

MODEL = dynamic_models()[0].name
LINES = "dynamic_growth"
NAMES = (*(estimator.name for estimator in ESTIMATORS), MODEL, LINES)


@dataclass(frozen=True, eq=False)
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


def estimates(
    data: Data, template: Proposal, rng: np.random.Generator
) -> tuple[Array, bool, float]:
    """Estimate by all of `NAMES`.

    Parameters
    ----------
    data : Data
    template : Proposal
        Of the cell: see `propose`.
    rng : Generator

    Returns
    -------
    estimates : ndarray, shape (len(NAMES), terms, 3)
        Estimate, and ends of its 95 % interval, of the lag and the terms of interest.
    independent : bool
        Whether draws of `MODEL` are independent; those of NUTS otherwise.
    effective : float
        Effective draws of the chain of `LINES`.
    """
    positions = [data.lagged.terms.index(term) for term in shown(data.specification)]
    by_name = []
    for estimator in ESTIMATORS:
        coef, se = (values[positions] for values in estimator.estimate(data).slopes)
        by_name.append(np.column_stack([coef, coef - Z * se, coef + Z * se]))
    draws, independent = posterior(data, template, rng)
    with_lines, effective = chain(data, rng)
    for slopes in (draws, with_lines):
        by_name.append(_summary(slopes[:, positions]))
    return np.stack(by_name), independent, effective


@dataclass(frozen=True, eq=False)
class AtPoints:
    """A collapsed density at many points at once, as `models.inference.batched` takes it."""

    density: Collapsed
    reduced: Reduced
    correlations: int = 0

    @property
    def size(self) -> int:
        """Number of scales."""
        return self.density.size

    @property
    def scale_priors(self) -> ScalePriors:
        """Priors of the scales."""
        return self.density.prior

    def log_density(self, point: Array) -> Array:
        """Evaluate the log density at points, shape (N, size)."""
        return self.reduced.log_density(point)

    def log_prior_of_points(self, point: Array) -> Array:
        """Evaluate the log prior alone."""
        return self.density.prior.log_density(point)[0].sum(axis=1)


def propose(data: Data, rng: np.random.Generator) -> Proposal:
    """Fit a proposal to the posterior of `MODEL`, from which a cell's other posteriors start."""
    _, density = _arranged(data)
    return batched.propose(AtPoints(density, reduce(density)), rng)


def posterior(data: Data, template: Proposal, rng: np.random.Generator) -> tuple[Array, bool]:
    """Return draws of the slopes by term, shape (draws, k), and whether they are independent.

    Independent draws where their weights say that these represent the posterior, else NUTS.
    """
    parts, density = _arranged(data)
    reduced = reduce(density)
    drawn = batched.fit_from(template, AtPoints(density, reduced), DRAWS, rng)
    if drawn.effective >= DRAWS and drawn.k_hat <= batched.LARGEST_K_HAT:
        return dynamic.slopes(parts, reduced.draw(drawn.point, rng)), True
    return by_nuts(data, int(rng.integers(2**31))), False


def chain(data: Data, rng: np.random.Generator) -> tuple[Array, float]:
    """Return draws of the slopes of `LINES`, shape (draws, k), and how many are effective."""
    model = find(LINES)
    parts = model.split(data.whole, data.specification)
    density = model.module.density(parts, model.module.PRIORS)
    sweeps = dynamic_growth_gibbs.chain(density, rng)
    if sweeps.effective < ENOUGH:
        longer = LONGER * dynamic_growth_gibbs.SWEEPS
        sweeps = dynamic_growth_gibbs.chain(density, rng, longer)
    return model.module.slopes(parts, sweeps.drawn), sweeps.effective


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
    template = _template(study, cell)
    estimated, independent, effective, checked = [], [], [], []
    for number in batch.numbers:
        rng = np.random.default_rng([study.seed, *_key(cell), number])
        data = data_set(study, cell, process, rng)
        estimate, exact, size = estimates(data, template, rng)
        estimated.append(estimate)
        independent.append(exact)
        effective.append(size)
        checked_rows = np.full(estimate.shape[1:], np.nan)
        if cell == CELLS[0] and number % CHECKED == 0:
            positions = [data.lagged.terms.index(term) for term in shown(study.specification)]
            checked_rows = _summary(by_nuts(data, int(rng.integers(2**31)))[:, positions])
        checked.append(checked_rows)
    return batch, {
        "estimates": np.stack(estimated),
        "independent": np.array(independent),
        "effective": np.array(effective),
        "by_nuts": np.stack(checked),
    }


@lru_cache(maxsize=len(CELLS))
def _template(study: Study, cell: Cell) -> Proposal:
    """Return the proposal of a cell, the same for all its batches: of a data set that none has."""
    process = truth(Data(study.rows, study.specification).whole, cell.rho)
    rng = np.random.default_rng([study.seed, *_key(cell)])
    return propose(data_set(study, cell, process, rng), rng)


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
    study: Study, cells: tuple[Cell, ...], arrays_of: Mapping[Batch, Mapping[str, Array]]
) -> xr.Dataset:
    """Put the batches of a study, in whatever order, together.

    Returns
    -------
    Dataset
        `estimate`, `low`, `high` (cell, data_set, estimator, term), `independent` and `effective`
        (cell, data_set),
        `nuts` (cell, data_set, term, what), NaN where it was not asked for, `truth` (cell, term).
    """
    design = Data(study.rows, study.specification).whole
    terms = shown(study.specification)
    parts: dict[str, list[Array]] = {
        name: [] for name in ("estimates", "independent", "effective", "by_nuts")
    }
    truths = []
    for cell in cells:
        of_cell = [
            arrays_of[b] for b in sorted(arrays_of, key=lambda b: b.numbers.start) if b.cell == cell
        ]
        for name, arrays in parts.items():
            arrays.append(np.concatenate([batch_arrays[name] for batch_arrays in of_cell]))
        slope = dict(zip(design.terms, truth(design, cell.rho).slope, strict=True))
        truths.append([(slope | {LAG: cell.rho})[term] for term in terms])
    numbers = np.stack(parts["estimates"])
    dims = ("cell", "data_set", "estimator", "term")
    statistics = ("estimate", "low", "high")
    return xr.Dataset(
        {
            **{statistic: (dims, numbers[..., i]) for i, statistic in enumerate(statistics)},
            "independent": (dims[:2], np.stack(parts["independent"])),
            "effective": (dims[:2], np.stack(parts["effective"])),
            "nuts": (("cell", "data_set", "term", "what"), np.stack(parts["by_nuts"])),
            "truth": (("cell", "term"), np.array(truths)),
            "rho": ("cell", [cell.rho for cell in cells]),
            "start": ("cell", [cell.start for cell in cells]),
        },
        {
            "cell": [cell.name for cell in cells],
            "estimator": list(NAMES),
            "term": list(terms),
            "what": list(statistics),
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
