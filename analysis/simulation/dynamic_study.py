"""How estimators of a dynamic panel do where the truth is known: a simulation study.

Data sets have the panel's own regressors, provinces and years, and at each root ρ the slopes,
year effects and residual scales by region that two-way fixed effects of y_it − ρ y_i,t−1 give on
it. Slopes are the same in all regions, so that every estimator means the same number.
What differs between cells is the root and where provinces start, in the panel's first year:

`stationary`
    At rest, (u_i + x_i1'γ) / (1 − ρ), and off it as far as errors of all years before leave them.
`history`
    For ρ ≥ 1, where nothing rests: ten years after all started at the same place.
`far`
    Anywhere: a draw that has nothing to do with province effects or regressors, spread as wide as
    the panel's province means.

Province effects are drawn too, independent of the regressors, with (1 − ρ) times that spread
(at ρ ≥ 1, as at 0.95), so the cells `stationary` have all that system GMM asks for. Three more
break what estimators ask for besides:

`related`
    Province effects go with the regressor of interest, as province effects do.
`feedback`
    A good year moves the regressor of interest in the years after: it is predetermined, and what
    nearly all estimators here, the model among them, take for given hangs on errors.
`runs`
    Errors go in runs, an AR(1): the lag goes together with the error.

Rule, written before any result was seen:

1. An estimator holds in a cell, for the root or for the slope, if its 95 % intervals cover the
   truth in `scoring.LEAST_COVERAGE` of the data sets or more: if the Monte-Carlo interval of the
   coverage reaches it. Data sets without an estimate count as not covered.
2. Recommended is the estimator that holds most often, cells of roots and of slopes counted alike;
   of equals the one whose root mean squared error of the root, over the cell's smallest, has the
   lowest geometric mean.
3. For a column on a panel, the data say that the root is above 1 if the recommended estimator's
   interval lies wholly above 1 and it is no false alarm: in no cell with ρ < 1 did that happen in
   more than `FALSE_ALARMS` of the data sets (the Monte-Carlo interval reaches it). If only the
   printed interval lies wholly above 1, the estimator says so.

Every data set has a random stream of its own, by seed, cell and number: results do not depend on
the number of workers. Finished batches are kept, and an interrupted study goes on where it was.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.comparison.dynamic import PUBLISHED
from analysis.posterior.engines import CollapsedEngine, Settings
from analysis.replication.dynamic_estimators import ESTIMATORS, Data, dynamic_models, label, shown
from analysis.shared.outputs import write_netcdf
from analysis.shared.parallel import code_sha256, kept
from analysis.shared.statistics import Z
from analysis.simulation.scoring import assess
from data.errors import UserError
from data.files import sha256
from data.panels.panel import Panel
from models.bayesian import dynamic
from models.design import LAG, Design, Specification, sample
from models.frequentist import twfe
from models.frequentist.fgls import residual_sd
from models.frequentist.two_way import two_way_parts
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

YEARS_BEFORE = {"stationary": 100, "history": 10}
"""From rest, in which even a root of 0.95 forgets where it was, or from the same place."""

NEAR_ONE = 0.95
"""Root whose spread of province effects is taken at roots of 1 and more."""

FALSE_ALARMS = 0.05
"""See the rule above."""

RELATED = 0.7
"""Correlation of province effects with the regressor of interest, in `related`."""

FEEDBACK, FADES = 0.5, 0.8
"""What an error of one standard deviation adds to the regressor of interest a year later, in
within standard deviations of that, and how much of it is left after another year; in `feedback`."""

RUNS = 0.3
"""Autocorrelation of the errors in `runs`."""

ADDED = ("feedback", "runs")
"""Cells that the rule's first list did not have."""

MODEL = dynamic_models()[0].name
NAMES = (*(estimator.name for estimator in ESTIMATORS), MODEL)


@dataclass(frozen=True)
class Cell:
    """One truth.

    Attributes
    ----------
    rho : float
    start : "stationary", "history" or "far"
    besides : "", "related", "feedback" or "runs"
    """

    rho: float
    start: str
    besides: str = ""

    @property
    def name(self) -> str:
        """As in tables."""
        return f"{self.rho:g} {self.start} {self.besides}".strip()


CELLS = (
    *(Cell(rho, start) for rho in (0.5, 0.8, 0.95) for start in ("stationary", "far")),
    *(Cell(rho, start) for rho in (1.0, 1.05) for start in ("history", "far")),
    *(Cell(0.8, "stationary", besides) for besides in ("related", "feedback", "runs")),
)
"""A new one is a record here."""


# --- one data set -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Truth:
    """What data sets of one root are made of.

    Attributes
    ----------
    rho : float
    slope : ndarray, shape (k,)
    steady : ndarray, shape (N, T)
        Regressors by their slopes, about its mean, and year effects.
    sigma : ndarray, shape (N,)
        Residual scale of each province.
    spread : float
        Standard deviation of the panel's province means.
    interest : ndarray, shape (N, T)
        The regressor of interest, the first of the slopes.
    reach : float
        Its within standard deviation.
    """

    rho: float
    slope: Array
    steady: Array
    sigma: Array
    spread: float
    interest: Array
    reach: float


def truth(whole: Design, rho: float) -> Truth:
    """Take from a panel what its data sets of one root have.

    Parameters
    ----------
    whole : Design
        Balanced, all years, without the lag.
    rho : float
    """
    rows, *_ = dynamic.lagged(whole)
    x, z = rows.x[:, :-1], rows.y - rho * rows.x[:, -1]
    slope = twfe.slope_parts(z, x, rows.province, rows.year).slopes
    _, of_year, _ = two_way_parts((z - x @ slope)[:, None], rows.province, rows.year)
    _, _, within = two_way_parts(whole.x[:, :1], whole.province, whole.year)
    shape = (len(whole.provinces), len(whole.years))
    steady = (whole.x @ slope).reshape(shape)
    steady -= steady.mean()
    steady[:, 1:] += of_year[:, 0]
    sigma = residual_sd(z, x, rows.province, rows.year, rows.region)
    return Truth(
        rho=rho,
        slope=slope,
        steady=steady,
        sigma=sigma[whole.region_of_province],
        spread=float(whole.y.reshape(shape).mean(axis=1).std()),
        interest=whole.x[:, 0].reshape(shape),
        reach=float(within.std()),
    )


def outcome(cell: Cell, made: Truth, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw one data set's outcome and regressor of interest, shapes (N, T)."""
    rho, (n, t) = made.rho, made.steady.shape
    runs = RUNS if cell.besides == "runs" else 0.0
    feedback = FEEDBACK * made.reach if cell.besides == "feedback" else 0.0

    effect = rng.standard_normal(n)
    if cell.besides == "related":
        own = made.interest.mean(axis=1)
        own = (own - own.mean()) / own.std()
        effect = RELATED * own + np.sqrt(1 - RELATED**2) * effect
    effect *= (1 - min(rho, NEAR_ONE)) * made.spread

    error = rng.standard_normal(n)  # in standard deviations
    before = effect + made.steady[:, 0]
    now = before / (1 - rho) if cell.start == "stationary" else np.zeros(n)
    for _ in range(YEARS_BEFORE.get(cell.start, 0)):
        error = runs * error + np.sqrt(1 - runs**2) * rng.standard_normal(n)
        now = rho * now + before + made.sigma * error
    if cell.start == "far":
        now = made.spread * rng.standard_normal(n)

    y, x = np.empty((n, t)), made.interest.copy()
    y[:, 0], fed = now, np.zeros(n)
    for year in range(1, t):
        fed = FADES * fed + feedback * error
        x[:, year] += fed
        error = runs * error + np.sqrt(1 - runs**2) * rng.standard_normal(n)
        steady = effect + made.steady[:, year] + made.slope[0] * fed
        y[:, year] = rho * y[:, year - 1] + steady + made.sigma * error
    return y, x


@dataclass(frozen=True)
class Study:
    """What is simulated on: a panel's rows of one column, and the seed."""

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


def data_set(study: Study, cell: Cell, made: Truth, rng: np.random.Generator) -> Data:
    """Draw one data set."""
    record = study.specification
    y, x = outcome(cell, made, rng)
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
    found = []
    for estimator in ESTIMATORS:
        coef, se = (of[at] for of in estimator.estimate(data).slopes)
        found.append(np.column_stack([coef, coef - Z * se, coef + Z * se]))
    draws, independent = posterior(data, rng)
    return np.stack([*found, _summary(draws[:, at])]), independent


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
    flat, _ = engine.by_nuts(settings.by(CollapsedEngine), np.random.default_rng(seed))
    return dynamic.slopes(parts, {name: v.reshape(-1, v.shape[-1]) for name, v in flat.items()})


def _summary(draws: Array) -> Array:
    return np.column_stack([draws.mean(axis=0), *np.quantile(draws, [0.025, 0.975], axis=0)])


# --- the study ----------------------------------------------------------------------------------


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
    """List what is to be done."""
    starts = range(0, data_sets, BATCH)
    return [Batch(c, range(s, min(s + BATCH, data_sets))) for s in starts for c in cells]


@threadpool_limits.wrap(limits=1)
def run_batch(study: Study, batch: Batch) -> tuple[Batch, dict[str, Array]]:
    """Simulate and estimate some data sets."""
    cell = batch.cell
    made = truth(Data(study.rows, study.specification).whole, cell.rho)
    found, independent, checked = [], [], []
    for number in batch.numbers:
        rng = np.random.default_rng([study.seed, *_key(cell), number])
        data = data_set(study, cell, made, rng)
        estimate, exact = estimates(data, rng)
        found.append(estimate)
        independent.append(exact)
        own = np.full(estimate.shape[1:], np.nan)
        if number % CHECKED == 0:
            at = [data.lagged.terms.index(term) for term in shown(study.specification)]
            own = _summary(by_nuts(data, int(rng.integers(2**31)))[:, at])
        checked.append(own)
    return batch, {
        "estimates": np.stack(found),
        "independent": np.array(independent),
        "by_nuts": np.stack(checked),
    }


def _key(cell: Cell) -> tuple[int, ...]:
    """Return whole numbers that no other cell has: adding a cell leaves the others' data alone."""
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
        code_sha256(),
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
    whole = Data(study.rows, study.specification).whole
    terms = shown(study.specification)
    found: dict[str, list[Array]] = {"estimates": [], "independent": [], "by_nuts": []}
    truths = []
    for cell in cells:
        own = [done[b] for b in sorted(done, key=lambda b: b.numbers.start) if b.cell == cell]
        for name, arrays in found.items():
            arrays.append(np.concatenate([each[name] for each in own]))
        slope = dict(zip(whole.terms, truth(whole, cell.rho).slope, strict=True))
        truths.append([(slope | {LAG: cell.rho})[term] for term in terms])
    numbers = np.stack(found["estimates"])
    dims = ("cell", "data_set", "estimator", "term")
    whats = ("estimate", "low", "high")
    return xr.Dataset(
        {
            **{what: (dims, numbers[..., i]) for i, what in enumerate(whats)},
            "independent": (dims[:2], np.stack(found["independent"])),
            "nuts": (("cell", "data_set", "term", "what"), np.stack(found["by_nuts"])),
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
    shutil.rmtree(folder.parent, ignore_errors=True)


# --- what it says -------------------------------------------------------------------------------

COLUMNS = (
    "cell",
    "rho",
    "start",
    "estimator",
    "term",
    "truth",
    "data_sets",
    "estimated",
    "bias",
    "bias_low",
    "bias_high",
    "rmse",
    "rmse_low",
    "rmse_high",
    "coverage",
    "coverage_low",
    "coverage_high",
    "above_one",
    "above_one_low",
    "above_one_high",
    "holds",
)
"""The contract of results/simulation.csv; `_low` and `_high` end 95 % Monte-Carlo intervals, and
`above_one` is the share of data sets whose interval lies wholly above 1, of the root."""


def summary(dataset: xr.Dataset) -> pd.DataFrame:
    """Return bias, root mean squared error and coverage by cell, estimator and term."""
    rows = []
    for cell in dataset["cell"].to_numpy():
        for name in dataset["estimator"].to_numpy():
            for term in dataset["term"].to_numpy():
                own = dataset.sel(cell=cell, estimator=name, term=term)
                arrays = (own[what].to_numpy() for what in ("estimate", "low", "high"))
                row = assess(*arrays, float(own["truth"]))
                if term != LAG:
                    row |= dict.fromkeys(("above_one", "above_one_low", "above_one_high"), np.nan)
                keys = {"cell": cell, "estimator": name, "term": term}
                keys |= {"rho": float(own["rho"]), "start": str(own["start"].item())}
                rows.append(keys | row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ranking(found: pd.DataFrame) -> pd.DataFrame:
    """Rank the estimators by the rule at the head of this file; the first is recommended.

    Returns
    -------
    DataFrame
        Columns `estimator, holds, of, relative_rmse, false_alarms`: in how many of how many cells
        it holds, root and slope counted alike; geometric mean of the root's error over the cell's
        smallest; and the largest share of false alarms in a cell with ρ < 1, the low end of its
        Monte-Carlo interval.
    """
    roots = found[found["term"] == LAG]
    smallest = roots.groupby("cell")["rmse"].transform("min")
    relative = np.log(roots["rmse"] / smallest).groupby(roots["estimator"]).mean()
    stable = roots[roots["rho"] < 1].groupby("estimator")["above_one_low"].max()
    held = found.groupby("estimator", sort=False)["holds"].agg(["sum", "size"])
    table = pd.DataFrame(
        {
            "holds": held["sum"],
            "of": held["size"],
            "relative_rmse": np.exp(relative),
            "false_alarms": stable,
        }
    )
    table = table.loc[held.index].rename_axis("estimator").reset_index()
    return table.sort_values(
        ["holds", "relative_rmse"], ascending=[False, True], kind="stable"
    ).reset_index(drop=True)


QUESTION = "Is a root above 1 what the data say, or what the estimator says?"

SAYS_DATA, SAYS_ESTIMATOR = "the data say it", "the estimator says it"
SAYS_NOTHING = "neither says it"


def verdicts(estimated: pd.DataFrame, ranked: pd.DataFrame, estimator: str) -> pd.DataFrame:
    """Say of each column and panel who says that the root is above 1.

    Parameters
    ----------
    estimated : DataFrame
        results/dynamic.csv.
    ranked : DataFrame
        From `ranking`.
    estimator : str
        That stands for the data: by the rule, the first of `ranked`.

    Returns
    -------
    DataFrame
        Columns `panel, column, published_low, low, high, verdict`.
    """
    alarms = ranked.set_index("estimator").loc[estimator, "false_alarms"]
    roots = estimated[estimated["term"] == LAG].set_index(["panel", "column", "estimator"])
    rows = []
    for panel, column in dict.fromkeys(index[:2] for index in roots.index):
        printed, own = (roots.loc[(panel, column, name)] for name in (PUBLISHED, estimator))
        if own["low"] > 1 and alarms <= FALSE_ALARMS:
            verdict = SAYS_DATA
        else:
            verdict = SAYS_ESTIMATOR if printed["low"] > 1 else SAYS_NOTHING
        row = {"panel": panel, "column": column, "published_low": printed["low"]}
        rows.append(row | {"low": own["low"], "high": own["high"], "verdict": verdict})
    return pd.DataFrame(rows)


def answer(estimated: pd.DataFrame, found: pd.DataFrame) -> str:
    """Say whose a root above 1 is, as the rule has it.

    And, since the rule counts intervals that cover however wide they are, what the estimator says
    whose root errs least, if that is another; it does not count.

    Parameters
    ----------
    estimated : DataFrame
        results/dynamic.csv.
    found : DataFrame
        results/simulation.csv.
    """
    ranked = ranking(found)
    best, gmm = ranked.iloc[0], ranked.set_index("estimator").loc["system_gmm"]
    closest = ranked.loc[ranked["relative_rmse"].idxmin()]
    told = (
        f"Recommended by the rule is {_described(best, found)} System GMM’s intervals hold in "
        f"{gmm['holds']:.0f}."
    )
    first = found[~found["cell"].str.endswith(ADDED)]
    if len(first):
        told += (
            f" Without the cells {' and '.join(ADDED)}, by which the study's first list was "
            "extended after a trial of a few data sets, the rule recommends "
            f"{label(ranking(first)['estimator'].iloc[0])}."
        )
    parts = [
        told,
        _said(verdicts(estimated, ranked, best["estimator"])),
    ]
    if closest["estimator"] != best["estimator"]:
        parts += [
            "Intervals that are wide enough hold everywhere. The root that errs least, which does "
            f"not count for the rule, is that of {_described(closest, found)}",
            _said(verdicts(estimated, ranked, closest["estimator"])),
        ]
    return "\n\n".join(parts)


def _described(ranked: pd.Series, found: pd.DataFrame) -> str:
    """Say of an estimator where it holds, how far it errs and whether it can be believed."""
    failing = found[(found["estimator"] == ranked["estimator"]) & ~found["holds"]]
    where = ", ".join(
        f"{row.cell} ({row.term}: {row.coverage:.0%})" for row in failing.itertuples()
    )
    least = ranked["false_alarms"]
    alarm = (
        f"In no cell with ρ < 1 does it find a root above 1 in more than {FALSE_ALARMS:.0%}."
        if least <= FALSE_ALARMS
        else f"In a cell with ρ < 1 it finds a root above 1 in {least:.0%} or more, so it cannot "
        "say that there is one."
    )
    roots = found[(found["estimator"] == ranked["estimator"]) & (found["term"] == LAG)]
    above = roots[roots["rho"] > 1]
    if len(above):
        shares = " and ".join(f"{row.above_one:.0%} ({row.cell})" for row in above.itertuples())
        alarm += f" Where ρ is above 1 it finds it so in {shares} of data sets."
    return (
        f"{label(ranked['estimator'])}: its intervals hold in {ranked['holds']} of {ranked['of']} "
        f"cells{', not in ' if where else ''}{where}; the error of its root is "
        f"{ranked['relative_rmse']:.2f} times the smallest of a cell. {alarm}"
    )


def _said(judged: pd.DataFrame) -> str:
    """Say for which columns and panels who says it."""
    parts = []
    for verdict in (SAYS_DATA, SAYS_ESTIMATOR, SAYS_NOTHING):
        own = judged[judged["verdict"] == verdict].groupby("column", sort=True)["panel"]
        places = "; ".join(f"{column} on {', '.join(panels)}" for column, panels in own)
        parts.append(f"{verdict} for {places or 'no column'}".capitalize())
    return f"A root above 1: {'. '.join(parts)}."


def words_on_nuts(dataset: xr.Dataset) -> str:
    """Say how far NUTS's means and interval ends lie off the collapsed engine's.

    In posterior standard deviations, a quarter of the interval's length: with a few hundred draws
    of each sampler a mean is known to about 0.07 of it and an end to about 0.15.
    """
    own = dataset.sel(estimator=MODEL)
    ours = np.stack([own[what].to_numpy() for what in ("estimate", "low", "high")], axis=-1)
    sd = (ours[..., 2] - ours[..., 1]) / 4
    off = (dataset["nuts"].to_numpy() - ours) / sd[..., None]
    fits = int(np.isfinite(off[..., 0, 0]).sum())
    if not fits:
        return "No data set was sampled by NUTS."
    mean, ends = (np.sqrt(np.nanmean(off[..., what] ** 2)) for what in ([0], [1, 2]))
    independent, most = dataset["independent"].to_numpy(), np.nanmax(np.abs(off))
    return (
        f"NUTS on {fits} data sets: its means lie {mean:.3f} and its interval ends {ends:.3f} "
        f"posterior standard deviations off (root mean square; at most {most:.2f}). Of "
        f"{independent.size} posteriors {independent.sum()} were drawn from independently, the "
        "others by NUTS."
    )


def side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay one parameter out for a reader: a line per cell, a column per estimator."""
    text = [
        f"{_short(row.bias, '+')} {_short(row.rmse)} {row.coverage:.0%}"
        + ("" if row.holds else " ✗")
        for row in rows.itertuples()
    ]
    wide = rows.assign(text=text).pivot(index="cell", columns="estimator", values="text")
    order = list(dict.fromkeys(rows["estimator"]))
    wide = wide.loc[list(dict.fromkeys(rows["cell"])), order]
    return wide.rename(columns=label).rename_axis(columns=None).reset_index()


def _short(value: float, sign: str = "") -> str:
    """Write a number with three decimals, or by its size where it is out of all bounds."""
    return f"{value:{sign}.3f}" if abs(value) < 10 else f"{value:{sign}.0e}"
