"""Size, coverage, width, interval score and power of the candidates for the main model.

Data sets of `analysis.simulation.generators` on a column's own design, without and with slopes put
in; each candidate and comparator of `analysis.simulation.main_model` fits all of them, so methods
are compared on the same data. Sizes of slopes are the caller's: nothing here sees a printed number.
Errors are the same under every pattern of slopes. Finished batches are kept, and an interrupted run
goes on where it was; results do not depend on who makes a batch.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.shared.parallel import kept
from analysis.shared.sources import made_by
from analysis.shared.statistics import share
from analysis.simulation import generators
from analysis.simulation.intervals import balanced
from analysis.simulation.main_model import (
    CANDIDATES,
    CELL,
    COMPARATORS,
    DECIDING,
    GENERATORS,
    PATTERNS,
    SCORES,
    deciding,
    judged,
    ranking,
)
from analysis.simulation.size_methods import STATISTICS, estimands, method, weights
from data.panels.catalogue import without_edition
from data.panels.panel import Panel
from data.shared.errors import UserError
from data.shared.files import sha256
from models.bayesian import growth
from models.design import Design, Specification
from models.inference import batched

Array = NDArray[np.float64]

BATCH = 50
"""Data sets in one task."""

SCREEN = {"none": 1.0, "region": 0.5, "unequal": 0.5}
LAST = dict.fromkeys(PATTERNS, 1.0)
"""Data sets of each pattern of slopes, as a share of those without: of all, and of the last two."""

SEEDS_APART = 1_000
"""By how much the seed of the last two's data sets exceeds that of the screen."""

COLUMNS = (
    *(
        "panel",
        "column",
        "generator",
        "slopes",
        "estimand",
        "method",
        "role",
        "data_sets",
        "failed",
    ),
    *("coverage", "coverage_low", "coverage_high", "outside"),
    *("width", "score", "relative_score", "power", "checks", "cpu_seconds"),
)
"""The contract of results/long/candidates.csv.

`coverage` without slopes is 1 − size; its ends are a 95 % Monte-Carlo interval (Wilson), and
`outside` is the rule's. `relative_score` is over the smallest of a candidate in the cell. `power`
is size-adjusted. `checks` counts predictive checks that failed on the deciding panels.
`cpu_seconds` are of one fit of all estimands. `role`: deciding or confirming, of candidates;
comparators have none."""


@dataclass(frozen=True, eq=False)
class Setting:
    """A panel's design, and what is needed to make data sets on it.

    Attributes
    ----------
    panel, column : str
    made : Design
    scales : tuple of ndarray, shape (regions,)
        Of the generator *covariance*: posterior means of `growth`'s τ_trend, σ and φ.
    sizes : mapping of str to float
        Of the true slopes: over all rows as "slope", and by region.
    seed : int
    """

    panel: str
    column: str
    made: Design = field(repr=False)
    scales: tuple[Array, Array, Array] = field(repr=False)
    sizes: Mapping[str, float]
    seed: int


@dataclass(frozen=True)
class Batch:
    """Some data sets of a cell, by one method."""

    setting: Setting
    generator: str
    slopes: str
    method: str
    numbers: range

    @property
    def name(self) -> str:
        """Of the file that keeps it."""
        parts = (self.setting.panel, self.setting.column, self.generator, self.slopes, self.method)
        return "-".join(parts) + f"-{self.numbers.start}-{len(self.numbers)}.npz"


# --- data sets ------------------------------------------------------------------------------------


@threadpool_limits.wrap(limits=1)
def setting(panel: Panel, record: Specification, sizes: Mapping[str, float], seed: int) -> Setting:
    """Put a setting together: fits `growth` for the scales of its generator.

    Raises
    ------
    UserError
        If the regression cannot be fitted to the panel, the panel has gaps, or the column is
        dynamic or of one region.
    """
    if record.dynamic or record.region:
        raise UserError(
            f"Column {record.column} is not a static regression of all provinces, on which the "
            "main model's candidates are compared: choose one that is, such as 3.2."
        )
    design = balanced(panel, record)
    parts = growth.split(design, design.terms[:1])
    density, rng = growth.density(parts), np.random.default_rng([seed, 0])
    (fit,) = batched.fit_many(density, parts.y[None], 4 * BATCH, rng)
    drawn = density.scale_variables(fit.point)
    tau, sigma = (parts.scale * drawn[n].mean(axis=0) for n in ("tau_trend_std", "sigma_std"))
    scales = (tau, sigma, drawn["phi"].mean(axis=0))
    return Setting(panel.name, record.column, design, scales, sizes, seed)


def outcomes(setting: Setting, generator: str, slopes: str, numbers: range) -> tuple[Array, Array]:
    """Draw some data sets.

    Returns
    -------
    outcome : ndarray, shape (n, data sets)
    slope : ndarray, shape (data sets, N)
        True slopes, by province.
    """
    design, size = setting.made, len(numbers)
    rng = _stream(setting, generator, numbers)
    if generator == "covariance":
        drawn = generators.covariance(design, 1, size, rng, setting.scales)
    else:
        drawn = generators.GENERATORS[generator](design, 1, size, rng)
    slope = put_in(setting, slopes, size, _stream(setting, f"{generator} {slopes}", numbers))
    return drawn + (design.x[:, [0]] * slope.T[design.province]), slope


def put_in(setting: Setting, slopes: str, size: int, rng: np.random.Generator) -> Array:
    """Return slopes by province, shape (size, N), of one of `main_model.PATTERNS`."""
    design = setting.made
    n, usual = len(design.provinces), setting.sizes["slope"]
    if slopes == "none":
        return np.zeros((size, n))
    if slopes == "printed":
        return np.full((size, n), usual)
    if slopes == "region":
        of_region = (design.region_of_province == 0) * setting.sizes[design.regions[0]]
        return np.tile(of_region, (size, 1))
    return usual * (1 + rng.standard_normal((size, n)))


def _stream(setting: Setting, name: str, numbers: range) -> np.random.Generator:
    """Return a random stream that no other cell and no other data sets have.

    A panel's editions share it: the screen was begun before panels' names had one.
    """
    panel = without_edition(setting.panel)
    digest = sha256("\0".join([panel, setting.column, name]).encode())
    return np.random.default_rng([setting.seed, int(digest[:8], 16), numbers.start, len(numbers)])


# --- batches --------------------------------------------------------------------------------------


def batches(
    setting: Setting,
    methods: Sequence[str],
    sizes: Mapping[str, int],
    generators: Sequence[str] = GENERATORS,
) -> list[Batch]:
    """List what is to be done: `sizes` are data sets by pattern of slopes."""
    return [
        Batch(setting, generator, slopes, name, range(start, min(start + BATCH, size)))
        for generator in generators
        for slopes, size in sizes.items()
        for name in methods
        for start in range(0, size, BATCH)
    ]


def steps(
    methods: Sequence[str], sizes: Mapping[str, int], generators: Sequence[str] = GENERATORS
) -> int:
    """Return how many batches that is."""
    return len(generators) * len(methods) * sum(-(-size // BATCH) for size in sizes.values())


@threadpool_limits.wrap(limits=1)
def run_batch(batch: Batch) -> tuple[Batch, dict[str, Array]]:
    """Simulate and fit some data sets.

    Returns
    -------
    Batch
    dict
        `found` (data sets, estimands, STATISTICS), `truth` (data sets, estimands) and
        `cpu_seconds`, of all of them.
    """
    setting = batch.setting
    drawn, slope = outcomes(setting, batch.generator, batch.slopes, batch.numbers)
    truth = slope @ weights(setting.made).T
    start = time.process_time()
    intervals = method(batch.method)(setting.made, drawn, truth, batch.numbers.start)
    cpu_seconds = np.array(time.process_time() - start)
    return batch, {"found": intervals, "truth": truth, "cpu_seconds": cpu_seconds}


def folder_of(setting: Setting, results: Path) -> Path:
    """Return where batches lie, by the code and all that they are made from."""
    design = setting.made
    made_from = [made_by(__name__), setting.panel, setting.column, str(setting.seed)]
    arrays = [design.y, design.x, design.province, design.region, *setting.scales]
    sizes = [f"{name}={size!r}" for name, size in sorted(setting.sizes.items())]
    key = b"\0".join([*(a.tobytes() for a in arrays), "\0".join(made_from + sizes).encode()])
    return results / "size" / sha256(key)[:16]


def run(
    listed: Sequence[Batch], results: Path, workers: int = 2, cluster: str | None = None
) -> Iterator[pd.DataFrame]:
    """Yield the rows of one batch after the other: one for each data set and estimand."""
    by_setting: dict[Setting, list[Batch]] = {}
    for batch in listed:
        by_setting.setdefault(batch.setting, []).append(batch)
    for setting, of_setting in by_setting.items():
        finished = kept(run_batch, of_setting, folder_of(setting, results), workers, cluster)
        for batch, arrays in finished:
            yield rows(batch, arrays)


def rows(batch: Batch, arrays: Mapping[str, Array]) -> pd.DataFrame:
    """Tabulate a batch: `STATISTICS` and `truth` by data set and estimand."""
    setting, statistics = batch.setting, arrays["found"]
    names = estimands(setting.made)
    frame = pd.DataFrame(statistics.reshape(-1, len(STATISTICS)), columns=list(STATISTICS))
    head = {"panel": setting.panel, "column": setting.column, "generator": batch.generator}
    head |= {"slopes": batch.slopes, "method": batch.method}
    return frame.assign(
        **head,
        estimand=np.tile(names, len(statistics)),
        data_set=np.repeat(batch.numbers, len(names)),
        truth=arrays["truth"].ravel(),
        cpu_seconds=float(arrays["cpu_seconds"]) / len(batch.numbers),
    )


# --- scores ---------------------------------------------------------------------------------------


def interval_score(low: Array, high: Array, truth: Array) -> Array:
    """Return the score of 95 % intervals (Gneiting & Raftery 2007, equation 43); low is good."""
    missed = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return (high - low) + 2 / 0.05 * missed


def scores(intervals: pd.DataFrame) -> pd.DataFrame:
    """Return `main_model.SCORES`, and `cpu_seconds`, of the rows of all batches."""
    keys = ["method", *CELL]
    without = intervals[intervals["slopes"] == "none"]
    ratio = (without["estimate"] / without["sd"]).abs()
    of_method = [without[name] for name in ("method", "panel", "generator", "estimand")]
    critical = ratio.groupby(of_method).quantile(0.95)
    table = []
    for key, cell in intervals.groupby(keys, sort=False):
        name, panel, generator, _, estimand = key
        low, high, truth = (cell[c].to_numpy() for c in ("low", "high", "truth"))
        sd = cell["sd"].to_numpy()
        if np.isnan(low).all() and np.isnan(sd).all():
            continue  # a method without this estimand
        width = high - low
        bounded = bool(np.isfinite(width[~np.isnan(width)]).all())
        least = critical.get((name, panel, generator, estimand), np.nan)
        beyond = (cell["estimate"] / cell["sd"]).abs() > least
        table.append(
            dict(zip(keys, key, strict=True))
            | {
                "data_sets": len(cell),
                "failed": int(np.isnan(sd).sum()) if bounded else 0,
                "coverage": ((low <= truth) & (truth <= high)).mean(),
                "width": np.nanmean(width) if bounded else np.nan,
                "score": np.nanmean(interval_score(low, high, truth)) if bounded else np.nan,
                "power": beyond.mean() if bounded and truth.any() and least == least else np.nan,
                "cpu_seconds": cell["cpu_seconds"].mean(),
            }
        )
    return pd.DataFrame(table, columns=[*SCORES, "cpu_seconds"])


def table(intervals: pd.DataFrame, checks: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return `COLUMNS` of the rows of all batches; `checks` by candidate."""
    parts = []
    for column, of_column in intervals.groupby("column", sort=False):
        scored = scores(of_column)
        marked = judged(deciding(scored))
        index = [*CELL, "method"]
        outside = scored.merge(marked[[*index, "outside"]], on=index, how="left")["outside"]
        ends = [
            share(round(c * n), n)[1:]
            for c, n in zip(scored["coverage"], scored["data_sets"], strict=True)
        ]
        scored[["coverage_low", "coverage_high"]] = np.array(ends).reshape(-1, 2)
        scored["outside"] = outside.fillna(False).astype(bool).to_numpy()
        scored["relative_score"] = judged(scored)["relative_score"]
        scored["role"] = np.where(scored["method"].isin(COMPARATORS), "", "confirming")
        scored.loc[deciding(scored).index, "role"] = "deciding"
        failed = scored["method"].map(checks or {}).astype(float)
        parts.append(scored.assign(column=column, checks=failed))
    order = [*CANDIDATES, *COMPARATORS]
    combined = pd.concat(parts, ignore_index=True)
    by = [combined[name].map({v: i for i, v in enumerate(combined[name].unique())}) for name in
          ("panel", "column", "generator", "slopes")]  # fmt: skip
    row_order = np.lexsort([combined["method"].map(order.index), *by[::-1]])
    return combined.iloc[row_order][list(COLUMNS)].reset_index(drop=True)


def plan(data_sets: int, shares: Mapping[str, float] = SCREEN) -> dict[str, int]:
    """Return data sets by pattern of slopes."""
    return {slopes: max(1, round(part * data_sets)) for slopes, part in shares.items()}


def deciding_first(panels: Sequence[Panel]) -> list[Panel]:
    """Put the panels of the rule first, so that an early stop leaves what matters most."""
    return sorted(panels, key=lambda panel: panel.name not in DECIDING[0])


def last_two(screened: pd.DataFrame) -> list[str]:
    """Return the first two candidates of a screen."""
    return ranking(screened)["candidate"].head(2).tolist()


def shown(candidates: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each method, candidates in the rule's order; shares in per cent.

    Columns: deciding cells outside, the lowest coverage of these, size of the slope over all rows
    by generator and its interval's width (means over panels), the worst relative score, power.
    """
    ranks = ranking(candidates).set_index("candidate")
    order = [*ranks.index, *(name for name in COMPARATORS if name in set(candidates["method"]))]
    per_method = []
    for name in order:
        cells = candidates[candidates["method"] == name]
        over_all = cells[(cells["slopes"] == "none") & (cells["estimand"] == "slope")]
        size = 1 - over_all.groupby("generator", sort=False)["coverage"].mean()
        panels, generators = DECIDING
        decisive = cells[cells["panel"].isin(panels) & cells["generator"].isin(generators)]
        row = {"method": name, "outside": "", "worst coverage": f"{decisive['coverage'].min():.0%}"}
        row |= {f"size: {generator}": f"{value:.0%}" for generator, value in size.items()}
        width = over_all["width"].mean()
        row |= {"width": f"{width:.3f}" if width == width else "", "worst score": ""}
        if name in ranks.index:
            rank = ranks.loc[name]
            row["outside"] = f"{rank['outside']} of {rank['cells']}"
            row["worst score"] = f"{rank['worst_score']:.2f}"
        per_method.append(row)
    return pd.DataFrame(per_method).fillna("")


def sentence(candidates: pd.DataFrame) -> str:
    """Say which candidate the rule puts first, and in how many cells it is outside."""
    ranks = ranking(candidates)
    first = ranks.iloc[0]
    lacking = ranks.loc[~ranks["complete"], "candidate"].tolist()
    power = "" if first["power"] != first["power"] else f"; mean power {first['power']:.0%}"
    text = (
        f"First by the rule is {first['candidate']}: outside in {first['outside']} of "
        f"{first['cells']} deciding cells, worst relative score {first['worst_score']:.2f}{power}."
    )
    return text + (f" Cells lack of {', '.join(lacking)}." if lacking else "")
