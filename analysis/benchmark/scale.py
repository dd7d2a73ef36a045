"""Cost of a posterior by the size of the panel: 10³ … 10⁷ rows, each in its own process.

Per row: reading the file and adding to the sufficient statistics
(`models.large_panels.sufficient_statistics.gram`), one pass over the row groups of a Parquet file.
Per unit: one pass over its sums, when the Gram matrices are made (`blocks`). Per fit: everything
else, which depends on the number of terms, years, regions and different numbers of rows that units
have, but on neither rows nor units; its draws are of all parameters but the units' effects. Memory
grows with the units alone.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.benchmark import environment
from data.panels.parquet import row_groups
from data.panels.provinces import REGIONS
from models.bayesian import hierarchical
from models.design import Specification, design
from models.large_panels import gram_blocks, posterior, sufficient_statistics
from models.large_panels.sufficient_statistics import Moments

SPECIFICATION = Specification("simulated", "y", ("x1",), ("x2",), "a simulated panel")
VARYING = ("x1",)
SIGMA = "region"
SLOPE = np.array([0.8, 0.3, -0.2])
"""Of x1 on y, by region."""

ROW_GROUP = 50_000
DRAWS = 2_000
POINTS = 20
"""Scales at which the density is compared with that of rows in memory."""

IN_MEMORY = 1_000
"""Units up to which all rows and units are compared with, as other commands hold them; up to
`ONE_CHUNK` rows, the statistics of the whole file at once."""

ONE_CHUNK = 1_000_000


@dataclass(frozen=True)
class Size:
    """A simulated panel: units by years, a share of the rows missing."""

    units: int
    years: int
    missing: float = 0.0


SIZES = (
    *(Size(units, 10) for units in (100, 1_000, 10_000, 100_000, 1_000_000)),
    *(Size(units, 100) for units in (100, 1_000, 10_000, 100_000)),
    *(Size(units, 10, 0.1) for units in (1_000, 100_000, 1_000_000)),
    Size(10_000, 100, 0.1),
)

COLUMNS = (
    "rows",
    "units",
    "years",
    "missing",
    "file_mb",
    "gram_s",
    "rows_per_s",
    "blocks_s",
    "fit_s",
    "evaluation_us",
    "start_mb",
    "peak_mb",
    "difference",
    "compared_with",
    "k_hat",
    "true_ess",
    "gate",
    "slope_error",
    "slope_sd",
)
"""The contract of results/long/benchmark_scale.csv: seconds of wall time; `difference` is the
largest of the log density, relative, from `compared_with`; `slope_error` the largest distance of a
region slope's posterior mean from the true slope, `slope_sd` the posterior's at that region."""


def run(sizes: Sequence[Size] = SIZES) -> Iterator[dict[str, object]]:
    """Measure every size; yield its row, `COLUMNS`."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "panel.parquet"
            simulate(size, path)
            done = subprocess.run(
                [sys.executable, "-m", "analysis.benchmark.scale", str(path)],
                env=environment(),
                capture_output=True,
                text=True,
                check=True,
            )
            measured = json.loads(done.stdout)
            shape = {"units": size.units, "years": size.years, "missing": size.missing}
            row = shape | {"file_mb": path.stat().st_size / 1e6} | measured
        yield {name: row[name] for name in COLUMNS}


def simulate(size: Size, path: Path, seed: int = 1) -> None:
    """Write a panel as a Parquet file, unit by unit, without holding it."""
    rng = np.random.default_rng(seed)
    year_effect = rng.normal(size=size.years)
    units_per_group = max(ROW_GROUP // size.years, 1)
    writer = None
    for start in range(0, size.units, units_per_group):
        unit = np.repeat(np.arange(start, min(start + units_per_group, size.units)), size.years)
        year = np.tile(np.arange(size.years), len(unit) // size.years)
        observed = rng.random(len(unit)) >= size.missing
        unit, year = unit[observed], year[observed]
        region = unit % len(REGIONS)
        effect = rng.normal(size=units_per_group)[unit - start] + year_effect[year]
        x1 = 0.5 * effect + rng.normal(size=len(unit))
        x2 = 50 + rng.normal(size=len(unit))
        y = effect + SLOPE[region] * x1 + 0.3 * x2
        y += rng.normal(size=len(unit)) * np.array([0.6, 0.2, 0.3])[region]
        table = pa.table(
            {
                "province": unit,
                "year": 2000 + year,
                "region": pa.DictionaryArray.from_arrays(region, list(REGIONS)),
                "y": y,
                "x1": x1,
                "x2": x2,
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


@threadpool_limits.wrap(limits=1)
def measure(path: Path) -> dict[str, object]:
    """Fit the model to a Parquet file; return its cost and its distance from other routes."""
    start = _peak()
    read = partial(row_groups, path, ("province", "year", "region", *SPECIFICATION.variables))
    gathered, gram_s = timed(lambda: sufficient_statistics.gram(read(), SPECIFICATION))
    blocks, blocks_s = timed(lambda: gram_blocks.blocks(gathered, VARYING, SIGMA))
    reduced = posterior.density(blocks)
    rng = np.random.default_rng(1)
    (drawn, scales), fit_s = timed(lambda: posterior.draw(reduced, DRAWS, rng))
    peak = _peak()

    parts = blocks.parts
    drawn["slope_offset"] *= drawn["tau_slope_std"]
    weights = hierarchical.slope_weights(parts)
    slope = sum(drawn[name] @ weight.T for name, weight in weights.items())[:, : len(REGIONS)]
    slope *= parts.scale / parts.term_scale[0]
    truth = np.array([SLOPE[REGIONS.index(region)] for region in gathered.regions])
    error = np.abs(slope.mean(axis=0) - truth)
    points = scales.log_scale[:POINTS]
    values, evaluation = timed(lambda: reduced.log_density(scales.log_scale))
    expected, compared = in_memory(gathered, read, points)
    trust = scales.trust
    return {
        "rows": gathered.rows,
        "gram_s": gram_s,
        "rows_per_s": gathered.rows / gram_s,
        "blocks_s": blocks_s,
        "fit_s": fit_s,
        "evaluation_us": 1e6 * evaluation / len(values),
        "start_mb": start,
        "peak_mb": peak,
        "difference": float(np.abs(values[:POINTS] / expected - 1).max()) if compared else None,
        "compared_with": compared,
        "k_hat": trust.k_hat,
        "true_ess": trust.true_ess,
        "gate": "pass" if trust.holds else "fail",
        "slope_error": float(error.max()),
        "slope_sd": float(slope.std(axis=0)[error.argmax()]),
    }


def density(gathered: Moments):
    """Return the posterior's density of a simulated panel."""
    return posterior.density(gram_blocks.blocks(gathered, VARYING, SIGMA))


def in_memory(
    gathered: Moments, read: Callable[[], Iterator[pd.DataFrame]], points: NDArray[np.float64]
) -> tuple[NDArray[np.float64] | None, str]:
    """Evaluate the log density by another route, and name it; none where it would not fit."""
    if gathered.rows > ONE_CHUNK:
        return None, ""
    frame = pd.concat(read(), ignore_index=True)
    if len(gathered.provinces) > IN_MEMORY:
        whole_file = sufficient_statistics.gram([frame], SPECIFICATION)
        return density(whole_file).log_density(points), "one chunk"
    parts = hierarchical.split(design(frame, SPECIFICATION), VARYING, SIGMA)
    full = hierarchical.density(parts)
    return np.array([full.logp_and_gradient(point)[0] for point in points]), "rows and units"


def timed[Result](action: Callable[[], Result]) -> tuple[Result, float]:
    """Return what an action returns, and its wall seconds."""
    start = time.perf_counter()
    result = action()
    return result, time.perf_counter() - start


def _peak() -> float:
    """Return the process's peak memory so far, in MB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
