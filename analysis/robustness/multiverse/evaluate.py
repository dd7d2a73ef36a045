"""Evaluation of the multiverse in stored batches, so that an interrupted run resumes.

A batch depends on its family, column and number (and the fraction's seed) alone, so results are
the same wherever and in whatever order batches run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.robustness.multiverse import fraction, grid
from analysis.robustness.multiverse.records import Load, Setting
from analysis.shared import batches as batch_files
from analysis.shared.outputs import read_netcdf, write_netcdf
from analysis.shared.parallel import kept
from analysis.shared.sources import made_by
from data.shared.files import sha256

Arrays = Mapping[str, NDArray[np.float64]]

FILE = "multiverse.nc"
"""In results/: a group for each family of estimates, in it one for each column."""

GRID_FAMILY = "least_squares"


class Batch(NamedTuple):
    """Some universes of a column."""

    family: str
    column: str
    number: int

    @property
    def name(self) -> str:
        """Of the file that keeps it."""
        return f"{self.family}-{self.column}-{self.number}.npz"


def batches(setting: Setting) -> list[Batch]:
    """List the batches, posteriors first, since they take longest."""
    listed = [
        Batch(name, record.column, number)
        for name, family in setting.family.items()
        for record in setting.records
        if record.dynamic == family.dynamic
        for number in range(fraction.batches(family))
    ]
    for record in setting.records:
        if not record.dynamic:
            ways = len(grid.layout(setting, record.column).ways)
            listed += [Batch(GRID_FAMILY, record.column, number) for number in range(ways)]
    return listed


# Threads slow small matrices down, and change the last digits.
@threadpool_limits.wrap(limits=1)
def run_batch(batch: Batch, load: Load, seed: int) -> tuple[Batch, dict[str, NDArray[np.float64]]]:
    """Estimate some universes."""
    setting = load()
    if batch.family == GRID_FAMILY:
        return batch, grid.run(setting, batch.column, batch.number)
    family = setting.family[batch.family]
    return batch, fraction.run(setting, family, batch.column, seed, batch.number)


def code_of(load: Load, module: str = __name__) -> tuple[str, ...]:
    """Name the modules that batches are made by."""
    return (module, load.__module__)


def folder_of(
    results: Path, load: Load, seed: int, module: str = __name__, columns: Sequence[str] = ()
) -> Path:
    """Return where finished batches lie, by their code and all that they are made from.

    `columns` are named where a run is not of all.
    """
    listed = [made_by(*code_of(load, module)), load().dataset_sha256, str(seed), *columns]
    made_from = " ".join(listed)
    return results / "multiverse" / sha256(made_from.encode())[:16]


def run(
    listed: Sequence[Batch],
    load: Load,
    seed: int,
    folder: Path,
    workers: int = 2,
    cluster: str | None = None,
    estimate: Callable[..., tuple[Batch, Arrays]] = run_batch,
) -> Iterator[tuple[Batch, Arrays]]:
    """Run the batches that are not there yet; yield each with its arrays when it is.

    `seed` is that of the fractions, `estimate` what estimates a batch (a `run_batch`); the rest is
    as `analysis.shared.parallel.kept` takes it.
    """
    yield from kept(partial(estimate, load=load, seed=seed), listed, folder, workers, cluster)


def collect(
    listed: Sequence[Batch],
    done: Mapping[Batch, Arrays],
    setting: Setting,
    seed: int,
    folder: Path,
) -> xr.DataTree:
    """Put all batches together, in the order in which they are listed.

    Returns
    -------
    DataTree
        `/least_squares/<column>`: `estimate` (every choice, term), `se` (…, clustering), and
        `regression` (every choice), equal where two universes are one regression;
        `/<family>/<column>` of each slow family: `fraction.SUMMARIES` (universe, term), with the
        option of each choice as coordinates of the universes.
    """
    groups: dict[str, xr.Dataset] = {}
    for family, column in dict.fromkeys((batch.family, batch.column) for batch in listed):
        of_column = sorted(
            batch for batch in listed if (batch.family, batch.column) == (family, column)
        )
        parts = [done[batch] for batch in of_column]
        if family == GRID_FAMILY:
            groups[f"/{family}/{column}"] = grid.collect(setting, column, parts)
        else:
            dataset = fraction.collect(setting, setting.family[family], column, seed, parts)
            groups[f"/{family}/{column}"] = dataset
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "title": "Multiverse of the published columns' slopes",
        "dataset_sha256": setting.dataset_sha256,
        "seed": seed,
        "made_from": folder.name,
        "choices": setting.described,
    }
    return tree


def write(tree: xr.DataTree, path: Path, folder: Path) -> None:
    """Write a multiverse whole or not at all; its batches are then no longer needed."""
    write_netcdf(tree, path)
    batch_files.remove(folder)


def current(path: Path, folder: Path) -> xr.DataTree | None:
    """Return the multiverse that is there if code, data and seed are those of `folder`.

    Raises
    ------
    UserError
        If the file cannot be read.
    """
    if not path.is_file():
        return None
    tree = read_netcdf(path)
    return tree if tree.attrs.get("made_from") == folder.name else None
