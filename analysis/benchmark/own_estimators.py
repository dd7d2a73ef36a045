"""The project's estimators, one in a process: a child of `estimators`, as `peer_estimators` are.

Also bare matrix products in numpy of the shapes that system GMM has.
"""

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.benchmark import scale
from analysis.benchmark.gmm import repeated
from analysis.benchmark.peer_estimators import DRAWS, Prepared, Values, named, serve
from analysis.specifications import select
from data.panels.panel import load_panel
from models.design import design
from models.frequentist import twfe, twfe_batch
from models.frequentist.gmm import Gmm, GmmSpecification, Iv, fit
from models.frequentist.gmm.arrays import Blocks
from models.frequentist.gmm.estimation import moments
from models.frequentist.gmm.grid import grid
from models.frequentist.gmm.problem import prepare, row_root
from models.frequentist.wild_bootstrap import wild_bootstrap

COLUMN, PANEL = "3.2", "official"
OUTCOMES, SHARED = 1_000, 10
"""Made-up outcomes on the column's regressors, and those of them that peers regress, too."""

GROUPS = 14_000
YEARS, POSTERIOR_DRAWS = 13, 4_000
MEMORY = 8e9
"""Bytes that a posterior may need."""


def write_inputs(folder: Path) -> None:
    """Write what peers read of the column: its panel, and the universes of one data set."""
    (record,) = select([COLUMN])
    frame = load_panel(PANEL, record.variables).frame[["province", "year", *record.variables]]
    names = [f"made_up{number}" for number in range(SHARED)]
    shared = pd.DataFrame(outcomes(len(frame))[:, :SHARED], frame.index, names)
    words = {"outcome": record.outcome, "terms": record.terms, "outcomes": names}
    _write(folder / "panel", pd.concat([frame, shared], axis=1), words)

    crossed = importlib.import_module("analysis.robustness.multiverse.grid")
    setting = importlib.import_module("analysis.ye2024.multiverse.families").setting()
    laid = crossed.layout(setting, COLUMN)
    series = {f"y{number}": outcome for number, outcome in enumerate(laid.outcomes[0])}
    columns = series | {regressor.term: regressor for regressor in laid.regressors[0]}
    values = {
        name: crossed.variable(setting, crossed.source(each.term), each.form).ravel()
        for name, each in columns.items()
    }
    controls = {
        option.name: [term for term in record.controls if term not in option.drops]
        for option in laid.choices["controls"]
    }
    words = {"outcomes": list(series), "interest": record.interest[0], "controls": controls}
    _write(folder / "universes", setting.frame[["province", "year"]].assign(**values), words)


def _write(path: Path, frame: pd.DataFrame, words: dict[str, object]) -> None:
    frame.to_csv(path.with_suffix(".csv"), index=False)
    path.with_suffix(".json").write_text(json.dumps(words), encoding="utf-8")


def outcomes(rows: int) -> NDArray[np.float64]:
    """Return made-up outcomes, shape (rows, `OUTCOMES`)."""
    return np.random.default_rng(1).normal(size=(rows, OUTCOMES))


def two_way(folder: Path, task: str) -> Prepared:
    """Prepare the column's regression, from a frame to conventional and clustered errors."""
    (record,) = select([COLUMN])
    frame = load_panel(PANEL, record.variables).frame

    def read(found: twfe.TwfeFit) -> Values:
        errors = found.se_cluster if "clustered" in task else found.se
        return named(record.terms, found.coef[:-1], errors[:-1])

    return lambda: twfe.fit(design(frame, record)), read, 1


def batch(*_: object) -> Prepared:
    """Prepare regressions of many outcomes on the column's regressors."""
    (record,) = select([COLUMN])
    arrays = design(load_panel(PANEL, record.variables).frame, record)
    shape = (len(arrays.provinces), len(arrays.years), -1)
    x, y = arrays.x.reshape(shape), outcomes(len(arrays.y)).reshape(shape)

    def estimate() -> twfe_batch.Many:
        within = [twfe_batch.within_provinces(values) for values in (y, x)]
        return twfe_batch.fit(*within, arrays.region_of_province, 1)

    def read(found: twfe_batch.Many) -> Values:
        names = [f"made_up{number}" for number in range(SHARED)]
        return named(names, found.slope[0, :SHARED], found.se[0, :SHARED, 0])

    return estimate, read, OUTCOMES


def bootstrap(*_: object) -> Prepared:
    """Prepare tests of all slopes; the t statistic is without the small-sample factor."""
    (record,) = select([COLUMN])
    arrays = design(load_panel(PANEL, record.variables).frame, record)
    clusters, years = len(arrays.provinces), len(arrays.years)
    factor = twfe.crv1(len(arrays.y), clusters, len(arrays.terms) + years - 1)

    def read(found: Any) -> Values:
        return {arrays.terms[0]: [found.t[0] * factor**0.5], "p": [found.p[0]]}

    return lambda: wild_bootstrap(arrays, DRAWS), read, len(arrays.terms)


def specification(frame: pd.DataFrame, task: str) -> GmmSpecification:
    """Return the specification of a task of GMM: those of `gmm.SYSTEM` and `gmm.DIFFERENCE`."""
    if "difference" in task:
        sets = [Gmm("n", (2, 4)), Gmm("w", (1, 3))]
        return GmmSpecification("n", "L(1/2).n w k", sets, [Iv("k")], system=False)
    years = [name for name in frame if name.startswith("yr")]
    terms = ["L.n", "w", "L.w", "k", "L.k", *years]
    return GmmSpecification("n", terms, [Gmm("L.n L.w L.k")], [Iv(years, "level")])


def _firms(folder: Path, task: str) -> pd.DataFrame:
    frame = pd.read_csv(folder / "abdata.csv")
    return repeated(frame, GROUPS) if "groups" in task else frame


def gmm(folder: Path, task: str) -> Prepared:
    """Prepare an estimation on Arellano and Bond's panel."""
    frame = _firms(folder, task)
    asked = specification(frame, task)

    def read(found: Any) -> Values:
        return named(found.terms, found.coef, found.se)

    return lambda: fit(frame, asked, "id", "year"), read, 1


@dataclass(frozen=True)
class Dense:
    """Regressors, outcome and instruments, zeros written out.

    Attributes
    ----------
    x, y, z : ndarray, shapes (N, R, k), (N, R), (N, R, j)
    h : ndarray, shape (R, R)
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]
    h: NDArray[np.float64]

    def products(self) -> tuple[NDArray[np.float64], ...]:
        """Return Z'X, Z'y and Σ_i Z_i'H Z_i."""
        j, k = self.z.shape[-1], self.x.shape[-1]
        z = self.z.reshape(-1, j)
        weighted = (self.h @ self.z).reshape(-1, j)
        return z.T @ self.x.reshape(-1, k), z.T @ self.y.ravel(), z.T @ weighted


def _problem(folder: Path, task: str) -> tuple[Blocks, NDArray[np.float64]]:
    frame = _firms(folder, task)
    asked = specification(frame, task)
    problem = prepare(grid(frame, "id", "year", asked.terms, asked.cluster), asked)
    root = row_root(asked, problem.structure, len(problem.panel.periods))
    return problem.blocks, root


def dense_products(folder: Path, task: str) -> Prepared:
    """Prepare Z'X, Z'y and Z'HZ with all zeros of Z."""
    blocks, root = _problem(folder, task)
    parts = []
    for block in blocks:
        many, one, rows = block.z
        z = np.zeros((block.y.shape[1], block.y.shape[0], len(many) + len(one)))
        z[:, :, : len(many)] = many.transpose(2, 1, 0)
        z[:, rows, len(many) + np.arange(len(one))] = one.T
        parts.append((block.x.transpose(2, 1, 0), block.y.T, z))
    x, y, z = (np.concatenate(of) for of in zip(*parts, strict=True))
    dense = Dense(x, y, z, root.T @ root)
    return dense.products, _sizes, 1


def sparse_products(folder: Path, task: str) -> Prepared:
    """Prepare the same without the rows in which an instrument is always zero, and X'X."""
    blocks, root = _problem(folder, task)
    return lambda: moments(blocks, root)[:3], _sizes, 1


def _sizes(products: tuple[NDArray[np.float64], ...]) -> Values:
    """Return sums of products' absolute values."""
    names = ("Z'X", "Z'y", "Z'HZ")
    return {n: [float(np.abs(of).sum())] for n, of in zip(names, products, strict=True)}


def universes(*_: object) -> Prepared:
    """Prepare all universes of one way to choose rows and estimator."""
    crossed = importlib.import_module("analysis.robustness.multiverse.grid")
    setting = importlib.import_module("analysis.ye2024.multiverse.families").setting()
    laid = crossed.layout(setting, COLUMN)

    def read(found: dict[str, NDArray[np.float64]]) -> Values:
        other = [name for name in laid.outer if name != "controls"]
        order = [name for name in laid.names if name in (*laid.outer, *laid.inner)]
        first = tuple(0 if name in other else slice(None) for name in order)
        estimate, se = found["estimate"][first][..., 0], found["se"][first][..., 0, 0]
        options = [option.name for option in laid.choices["controls"]]
        values: Values = {}
        for column, option in enumerate(options):
            names = [f"y{number}, {option}" for number in range(len(laid.outcomes[0]))]
            values |= named(names, estimate[..., column].ravel(), se[..., column].ravel())
        return values

    size = len(laid.regressors) * len(laid.outcomes[0])
    return lambda: crossed.run(setting, COLUMN, 0), read, size


def posterior(folder: Path, task: str) -> Prepared:
    """Prepare a posterior of the main model, from a frame to draws of all that it has.

    Raises
    ------
    MemoryError
        If its matrix of rows by units would be larger than `MEMORY`.
    """
    # These import PyMC, which would count in every other engine's memory.
    from analysis.posterior.engines import draw_independently
    from models.bayesian import growth

    units = int(task.removeprefix("growth, ").split()[0].replace(",", ""))
    if (needed := 8 * YEARS * units**2) > MEMORY:
        raise MemoryError(f"the matrix of rows by units would take {needed / 1e9:,.0f} GB")
    slopes = "region" if "without slopes" in task else "province"

    def draw(frame: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
        parts = growth.split(design(frame, scale.SPECIFICATION), scale.VARYING, slopes=slopes)
        rng = np.random.default_rng(1)
        exact, drawn = draw_independently(growth.density(parts), POSTERIOR_DRAWS, rng)
        if not drawn.trust.holds:
            raise RuntimeError(f"draws are not to be trusted: {drawn.trust}")
        return exact.draw(drawn.log_scale, rng)

    draw(_simulated(folder, 31))  # compiles
    frame = _simulated(folder, units)
    return lambda: draw(frame), lambda _: {}, 1


def _simulated(folder: Path, units: int) -> pd.DataFrame:
    path = folder / f"simulated{units}.parquet"
    scale.simulate(scale.Size(units, YEARS), path)
    return pd.read_parquet(path).astype({"province": str})


ENGINES: dict[str, dict[str, Callable[[Path, str], Prepared]]] = {
    "this project": {
        "TWFE, 1,000": batch,
        "TWFE": two_way,
        "wild": bootstrap,
        "GMM": gmm,
        "multiverse": universes,
        "growth": posterior,
    },
    "numpy products": {"GMM": dense_products},
    "numpy products without zeros": {"GMM": sparse_products},
}
"""By engine and the first words of its tasks."""


def main(folder: Path, name: str, task: str) -> None:
    """Answer each line of standard input with a timing of one engine."""
    engine = next(made for words, made in ENGINES[name].items() if task.startswith(words))
    with threadpool_limits(limits=1):
        serve(engine, name, folder, task, warm=not task.startswith("growth"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
