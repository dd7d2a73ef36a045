"""Simulation-based calibration: ranks of true parameters among posterior draws.

Parameters are drawn from the prior, data from the model given them, and the model is fitted to
these; the rank of each parameter among its posterior draws is then uniform if model, density and
sampler agree (Talts, Betancourt, Simpson, Vehtari & Gelman 2018, arXiv:1804.06788). A model that
is fitted to data of another must fail; some that should are records here, so that the check is
known to bite.

Priors this wide make data unlike any panel's. Cases `posterior` ask the same about the panel at
hand: parameters are drawn from its posterior, new outcomes from the model given them, and the fit
is to both, the panel's and the new ones; the rank is uniform again (Säilynoja, Schmitt, Bürkner &
Vehtari 2025, arXiv:2502.03279).

A fit is what `sample` would make of the data set: draws independent of each other where their
weights say that they stand for the density, else one chain of NUTS, in the log scales of models
that have a density and in the variables of the others (compiled once for many data sets:
`analysis.recompile`). Ranks ask for draws that are independent or nearly, so that a chain is made
`THINNING` times as long as what is kept of it, by the next factor if not every coordinate in which
the sampler moves has as many effective draws as are kept. Where NUTS is needed calibration is of
model and sampler on a part of the panel (`Part`), since it asks nothing about the panel itself.

Ranks are judged per parameter in two ways, each at 1 % for all parameters together (Bonferroni).
The empirical distribution must stay inside its simultaneous band: at each of the possible ranks it
is binomial, and the band is the pointwise one whose level is such that all of the distribution is
inside with the chance asked for (Säilynoja, Bürkner & Vehtari 2022, *Statistics and Computing*
32:32; ArviZ's `plot_ecdf_pit` simulates that level, which is computed here, as it lies too far out
to be simulated). And its greatest distance from the uniform one (Kolmogorov) must be small, as
ranks are, for shifts, and folded about their middle, for posteriors too narrow or too wide.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats
from threadpoolctl import threadpool_limits

from analysis.cache import MAKERS as MAKERS_OF_TRACES
from analysis.cache import named, sources_sha256
from analysis.engines import CollapsedEngine, NutsEngine, Settings, nuts_in_scales
from analysis.outputs import read_netcdf
from analysis.plots import PALETTE, small_multiples
from analysis.recompile import Recompiled
from analysis.sample import PACKAGES, shaped
from analysis.spread import spread
from data.files import replacing, sha256
from data.panel import Panel
from models.collapsed import Collapsed
from models.collapsed_errors import CollapsedErrors
from models.design import Design, Specification, design
from models.independence import draw_scales
from models.priors import Priors
from models.reduced import reduce
from models.registry import Model, Parts, find

Array = NDArray[np.float64]

Draws = dict[str, Array]
"""Free variables, flat: shapes (draws, size)."""

MAKERS = (*MAKERS_OF_TRACES, __name__, "analysis.recompile", "analysis.specifications")
"""Modules that make ranks from any model."""

DRAWS = 255
"""Posterior draws of each fit: 256 possible ranks."""

THINNING = (3, 6, 12)
"""Of a chain: the least that can leave independent draws, and what is tried where it does not."""

TUNE = 300

LEVEL = 0.01

COLUMNS = (
    *("case", "made_by", "fitted", "parameter", "data_sets", "independent"),
    *("distance", "p", "outside", "passes"),
)
"""The contract of results/calibration.csv.

`independent` is the share of data sets whose chain had as many effective draws as were kept;
`distance` and `p` are of Kolmogorov's test, `outside` is how many of the 255 points of the
empirical distribution lie outside its band.
"""


@dataclass(frozen=True)
class Part:
    """A part of a panel and of a regression.

    Attributes
    ----------
    provinces : int
        Of each region, the first ones.
    years : int
        The last ones.
    controls : int
        Of the column's, the first ones.
    """

    provinces: int
    years: int
    controls: int

    def of(self, frame: pd.DataFrame, record: Specification) -> tuple[pd.DataFrame, Specification]:
        """Return that part of the rows and of the specification."""
        by_region = frame.drop_duplicates("province").groupby("region", sort=False)
        provinces = by_region.head(self.provinces)["province"]
        last = frame["year"] > frame["year"].max() - self.years
        rows = frame[frame["province"].isin(provinces) & last]
        return rows, replace(record, controls=record.controls[: self.controls])


@dataclass(frozen=True)
class Case:
    """One calibration: data of one model, fitted by it or by another.

    Attributes
    ----------
    name : str
    made_by, fitted : str
        Keys of `models.registry`.
    scales : tuple of (str, float)
        Prior scales of the fitted model that are not its own.
    shared : tuple of (str, float)
        Those that both models have in place of their own.
    right : bool
        Whether the ranks must be uniform; otherwise those of some parameter must not be.
    posterior : bool
        Whether parameters are drawn from the panel's posterior, not from the prior; only of models
        with a density.
    data_sets : int
        How many, unless another number is asked for.
    batch : int
        Data sets in one task.
    part : Part, optional
        Of the panel; all of it by default.
    costly : bool
        Whether it is run only when it is named, or all are.
    """

    name: str
    made_by: str
    fitted: str
    scales: tuple[tuple[str, float], ...] = ()
    shared: tuple[tuple[str, float], ...] = ()
    right: bool = True
    posterior: bool = False
    data_sets: int = 1_000
    batch: int = 25
    part: Part | None = None
    costly: bool = False

    @property
    def made_from(self) -> str:
        """Hash all that its ranks are made from, but for panel, column and seed."""
        models = [find(name) for name in (self.made_by, self.fitted)]
        made_from = [
            repr(self),
            [named(model) for model in models],
            sources_sha256(*(model.module for model in models), makers=MAKERS),
            {name: version(name) for name in PACKAGES},
        ]
        return sha256(json.dumps(made_from).encode())

    @property
    def priors(self) -> tuple[Priors, Priors]:
        """Of the model that makes the data, and of the one that is fitted to them."""
        made_by, fitted = (find(name).module.PRIORS for name in (self.made_by, self.fitted))
        shared = dict(self.shared)
        return (
            made_by.with_scales(self.name, **shared),
            fitted.with_scales(self.name, **shared | dict(self.scales)),
        )


EXPLOSIVE = ("slope_std", 0.5)
"""Prior scale of a dynamic model's slopes: a root of 1.5 is three standard deviations off. Twelve
years of the model's own, at which a root of 2.5 is none, leave numbers that no computer holds."""

CHAINS: dict[str, Any] = {"data_sets": 200, "part": Part(4, 8, 5), "costly": True}
"""Of cases whose fits are chains in the log scales: seconds each."""

COMPILED = CHAINS | {"batch": 100}
"""Of cases whose fits are chains in the model's variables: each task compiles it."""

CASES = (
    Case("mundlak", "mundlak", "mundlak"),
    Case("region_sigma", "region_sigma", "region_sigma"),
    Case("hierarchical", "hierarchical", "hierarchical"),
    Case("walk", "walk", "walk"),
    Case("pooled", "pooled", "pooled", **CHAINS),
    Case("by_region", "by_region", "by_region"),
    Case("province_slopes", "province_slopes", "province_slopes"),
    Case("dynamic", "dynamic", "dynamic", shared=(EXPLOSIVE,)),
    # A few of its data sets leave chains of minutes.
    Case("dynamic_regions", "dynamic_regions", "dynamic_regions", shared=(EXPLOSIVE,), costly=True),
    Case("autoregressive", "autoregressive", "autoregressive", **CHAINS),
    Case("province_trends", "province_trends", "province_trends", **CHAINS),
    Case("joint", "joint", "joint", **CHAINS | {"part": Part(3, 6, 1)}),
    Case("student_t", "student_t", "student_t", **COMPILED),
    Case("measurement", "measurement", "measurement", **COMPILED | {"part": Part(3, 6, 1)}),
    Case("dynamic_t", "dynamic_t", "dynamic_t", shared=(EXPLOSIVE,), **COMPILED),
    Case("dynamic_stationary", "dynamic_stationary", "dynamic_stationary", **COMPILED),
    *(
        Case(f"{name}, posterior", name, name, posterior=True)
        for name in ("mundlak", "region_sigma", "hierarchical", "walk")
    ),
    *(
        Case(f"{name}, posterior", name, name, posterior=True, costly=True)
        for name in ("by_region", "province_slopes", "dynamic", "dynamic_regions")
    ),
    *(
        Case(f"{name}, posterior", name, name, posterior=True, **CHAINS)
        for name in ("pooled", "autoregressive", "province_trends")
    ),
    Case("wrong: one shared σ", "region_sigma", "mundlak", right=False),
    Case(
        "wrong: no Mundlak terms",
        "hierarchical",
        "hierarchical",
        (("between_province", 1e-3), ("between_year", 1e-3)),
        right=False,
    ),
    Case(
        "wrong: no first outcome",
        "dynamic",
        "dynamic",
        (("first_outcome", 1e-3),),
        (EXPLOSIVE,),
        right=False,
    ),
)

WITHOUT_A_CASE = {
    "flat": "priors as wide as its draw outcomes of which floating point keeps no residuals",
    "dynamic_predetermined": "its year effects depend on year means of the regressor, which the "
    "panel has and the model does not draw: no data set comes of its parameters alone",
}
"""Models that have none, and why."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of true parameters.

    Attributes
    ----------
    of : dict of str to ndarray of int, shapes (data sets, size)
        By parameter.
    effective : ndarray, shape (data sets,)
        Effective draws of the coordinate that had the fewest, of those from which ranks were kept.
    """

    of: dict[str, NDArray[np.int64]]
    effective: Array


def ranks(
    case: Case, panel: Panel, record: Specification, size: int, seed: int = 1, workers: int = 2
) -> Iterator[Ranks]:
    """Simulate and fit data sets; yield ranks of the parameters, a batch at a time.

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
    fitted = _arranged(case.fitted, arrays, record)
    fitter = _fitter(case, *fitted)
    found, effective = [], []
    for position, number in enumerate(numbers):
        rng = np.random.default_rng([seed, number])
        truth, data = _data_set(model, parts, definition, truths(position, rng), fitted[1], rng)
        drawn, ess = fitter(data, rng)
        # Only what both models have: one σ is not a rank among three.
        found.append(
            {
                name: (drawn[name] < value).sum(axis=0)
                for name, value in truth.items()
                if name in drawn and drawn[name].shape[1] == value.shape[1]
            }
        )
        effective.append(ess)
    return Ranks(
        {name: np.stack([each[name] for each in found]) for name in found[0]}, np.array(effective)
    )


def _arranged(name: str, arrays: Design, record: Specification) -> tuple[Model, Parts]:
    model = find(name)
    return model, model.split(arrays, record)


def _truths(
    case: Case, model: Model, parts: Parts, definition: pm.Model, rng: np.random.Generator
) -> Callable[[int, np.random.Generator], Draws]:
    """Return what draws true parameters, shapes (1, size), given a data set's place and stream."""
    if not hasattr(model.module, "density"):
        engine = NutsEngine(model, parts, case.priors[0], definition)
        drawn = engine.draw_prior(case.batch, rng)
    else:
        density = model.module.density(parts, case.priors[0])
        if not case.posterior:
            return lambda _, own: density.draw_prior(1, own)
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
    drawn = {name: value[None] for name, value in truth.items()}
    variables = {name: value for name, (_, value) in shaped(definition, parts, drawn).items()}
    if not hasattr(model.module, "generate"):
        outcome = model.module.rows(parts, variables, rng).predictive["y"][1].ravel()
        return truth, replace(fitted, design=fitted.design.with_outcome(outcome))
    free = {name: value[0, 0] for name, value in variables.items()}
    data = model.module.generate(parts, free, rng)
    if hasattr(model.module, "restated"):
        free = model.module.restated(parts, data, free)
        truth = {name: value.reshape(1, -1) for name, value in free.items()}
    return truth, data


# --- fits ---------------------------------------------------------------------------------------

Density = Collapsed | CollapsedErrors


def _fitter(
    case: Case, model: Model, parts: Parts
) -> Callable[[Parts, np.random.Generator], tuple[Draws, float]]:
    """Return what fits the model to a data set: `DRAWS` draws, and how many are effective."""
    priors = case.priors[1]
    if not hasattr(model.module, "density"):
        return Compiled(model, parts, priors)
    seen = model.module.density(parts, priors) if case.posterior else None

    def fit(data: Parts, rng: np.random.Generator) -> tuple[Draws, float]:
        density = model.module.density(data, priors)
        return by_density(both(seen, density) if seen else density, DRAWS, rng)

    return fit


def by_density(density: Density, size: int, rng: np.random.Generator) -> tuple[Draws, float]:
    """Draw all variables from a density, and say how many draws are effective."""
    if isinstance(density, Collapsed):
        reduced = reduce(density)
        drawn = draw_scales(density, size, rng, reduced)
        if drawn.trust.represents:
            return reduced.draw(drawn.log_scale, rng), float(size)

    def sample(settings: Settings) -> tuple[Draws, Array]:
        flat, _ = nuts_in_scales(density, settings.by(CollapsedEngine), rng)
        return flat, density.point(flat)

    return _thinned(sample, size, rng)


class Compiled:
    """Fits by NUTS in the model's variables, compiled when the first data set is there."""

    def __init__(self, model: Model, parts: Parts, priors: Priors) -> None:
        self.engine = NutsEngine(model, parts, priors, model.module.build(parts, priors))
        self.one = self.engine.moved(parts)
        self.compiled: Recompiled | None = None

    def __call__(self, data: Parts, rng: np.random.Generator) -> tuple[Draws, float]:
        """Return draws given a data set, and how many are effective."""
        moved = self.engine.moved(data)
        self.compiled = self.compiled or Recompiled(self.one, moved)
        given = self.compiled.given(moved)

        def sample(settings: Settings) -> tuple[Draws, Array]:
            flat, _ = self.engine.sample_compiled(given, data, settings.by(NutsEngine), rng)
            return flat, np.concatenate([flat[v.name] for v in moved.free_RVs], axis=-1)

        return _thinned(sample, DRAWS, rng)


def _thinned(
    sample: Callable[[Settings], tuple[Draws, Array]], size: int, rng: np.random.Generator
) -> tuple[Draws, float]:
    """Return draws of a chain that are independent or nearly, and how many are effective.

    Parameters
    ----------
    sample : callable
        From settings to draws, shapes (1, draws, size), and to where the sampler stood in them.
    size : int
        Draws to return.
    """
    for thin in THINNING:
        seed = int(rng.integers(2**31))
        flat, point = sample(Settings(size * thin, TUNE, 1, seed))
        effective = array_stats.ess(point, chain_axis=0, draw_axis=1, method="bulk").min()
        if effective >= size:
            break
    return {name: value[0, thin - 1 :: thin] for name, value in flat.items()}, float(effective)


def both(one: Density, other: Density) -> Density:
    """Return the density given two sets of data on the same rows: sums over rows add up."""
    if isinstance(one, CollapsedErrors):
        return replace(one, errors=_added(one.errors, other.errors))
    residual = one.scale_slices[one.scales[-1].name]
    rows = np.zeros(one.size)
    rows[residual] = 1
    return replace(
        one,
        count=one.count + rows * other.count,
        gram=one.gram + rows[:, None, None] * other.gram,
        gram_lower=one.gram_lower + rows[:, None] * other.gram_lower,
        xy=one.xy + rows[:, None] * other.xy,
        yy=one.yy + rows * other.yy,
    )


def _added(one: Any, other: Any) -> Any:
    """Add up the arrays of two records of errors: each is a sum over rows."""
    arrays = [each.name for each in fields(one) if isinstance(getattr(one, each.name), np.ndarray)]
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in arrays})


def collect(batches: Iterable[Ranks]) -> Ranks:
    """Put batches of ranks together; their order does not matter."""
    found = list(batches)
    return Ranks(
        {name: np.concatenate([each.of[name] for each in found]) for name in found[0].of},
        np.concatenate([each.effective for each in found]),
    )


# --- files --------------------------------------------------------------------------------------


def table(found: dict[str, Ranks], **attributes: str | int) -> xr.Dataset:
    """Return the ranks of cases as they are stored.

    Returns
    -------
    Dataset
        `rank` (series, data_set), a series being one element of a parameter in one case (coords
        `case`, `parameter`, and the hash of what the case was `made_from`), −1 where a case has
        fewer data sets than another; and `effective`.
    """
    series, effective = {}, []
    for case, own in found.items():
        for name, values in own.of.items():
            for element, column in enumerate(values.T):
                series[case, f"{name}[{element}]"] = pd.Series(column)
                effective.append(pd.Series(own.effective))
    ranks = pd.DataFrame(series).fillna(-1).to_numpy(np.int16).T
    cases, parameters = zip(*series, strict=True)
    hashes = {case.name: case.made_from for case in CASES if case.name in found}
    dims = ("series", "data_set")
    return xr.Dataset(
        {
            "rank": (dims, ranks),
            "effective": (dims, pd.concat(effective, axis=1).to_numpy(np.float32).T),
        },
        {
            "case": ("series", list(cases)),
            "parameter": ("series", list(parameters)),
            "made_from": ("series", [hashes[case] for case in cases]),
        },
        attributes,
    )


def ranks_of(dataset: xr.Dataset) -> dict[str, Ranks]:
    """Return the ranks of each case from where they are stored."""
    found = {}
    for case in dict.fromkeys(dataset["case"].to_numpy()):
        own = dataset.isel(series=dataset["case"].to_numpy() == case)
        there = own["rank"][0].to_numpy() >= 0
        columns: dict[str, list] = {}
        for label, column in zip(own["parameter"].to_numpy(), own["rank"].to_numpy(), strict=True):
            columns.setdefault(label.rpartition("[")[0], []).append(column[there])
        of = {name: np.stack(each, axis=1).astype(np.int64) for name, each in columns.items()}
        found[str(case)] = Ranks(of, own["effective"][0].to_numpy()[there])
    return found


def write(dataset: xr.Dataset, path: Path) -> None:
    """Write ranks whole or not at all."""
    packed = {name: {"zlib": True} for name in ("rank", "effective")}
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="netcdf4", encoding=packed)


def kept(path: Path, **attributes: str | int) -> dict[str, Ranks]:
    """Return the ranks of cases that the same code made before, for the same attributes."""
    if not path.is_file():
        return {}
    dataset = read_netcdf(path).to_dataset()
    asked = all(dataset.attrs.get(name) == value for name, value in attributes.items())
    if not asked or "made_from" not in dataset:
        return {}
    hashes = [case.made_from for case in CASES]
    return ranks_of(dataset.isel(series=dataset["made_from"].isin(hashes).to_numpy()))


# --- what they say ------------------------------------------------------------------------------


def judge(case: Case, found: Ranks) -> pd.DataFrame:
    """Judge the ranks of each parameter.

    Returns
    -------
    DataFrame
        A row per element of each parameter, columns `COLUMNS`.
    """
    total = sum(values.shape[1] for values in found.of.values())
    independent = float((found.effective >= DRAWS).mean())
    rows = []
    for name, values in found.of.items():
        for element, column in enumerate(values.T):
            # A rank among draws, spread over its cell, is uniform if ranks are.
            jitter = np.random.default_rng(element).random(len(column))
            uniform = (column + jitter) / (DRAWS + 1)
            tests = [stats.kstest(u, "uniform") for u in (uniform, np.abs(2 * uniform - 1))]
            p = min(1.0, len(tests) * min(test.pvalue for test in tests))
            low, high = band(len(column), total)
            count = counts(column)
            outside = int(((count < low) | (count > high)).sum())
            rows.append(
                {
                    "case": case.name,
                    "made_by": case.made_by,
                    "fitted": case.fitted,
                    "parameter": f"{name}[{element}]",
                    "data_sets": len(column),
                    "independent": independent,
                    "distance": max(test.statistic for test in tests),
                    "p": p,
                    "outside": outside,
                    "passes": bool(p > LEVEL / total) and not outside,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def counts(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many ranks are less than 1, 2, …, `DRAWS`, shape (DRAWS,)."""
    return np.searchsorted(np.sort(column), np.arange(1, DRAWS + 1))


@cache
def band(size: int, parameters: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the simultaneous band of `counts` of uniform ranks.

    Parameters
    ----------
    size : int
        Data sets.
    parameters : int
        So many bands hold at once with a chance of 1 − `LEVEL` or more.

    Returns
    -------
    lowest, highest : ndarray of int, shape (DRAWS,)
    """
    asked = 1 - LEVEL / parameters
    expected = np.arange(1, DRAWS + 1) / (DRAWS + 1)

    def at(log_level: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        tail = np.exp(log_level) / 2
        ends = stats.binom.ppf(tail, size, expected), stats.binom.isf(tail, size, expected)
        return tuple(np.asarray(end, np.int64) for end in ends)

    # Pointwise levels at which all is inside often enough, by Bonferroni, and not often enough.
    narrow, wide = np.log(1 - asked) + np.log(2), np.log(1 - asked) - np.log(DRAWS)
    for _ in range(HALVINGS):
        middle = (narrow + wide) / 2
        enough = inside(size, *at(middle)) >= asked
        narrow, wide = (narrow, middle) if enough else (middle, wide)
    return at(wide)


HALVINGS = 12


def inside(size: int, lowest: NDArray[np.int64], highest: NDArray[np.int64]) -> float:
    """Return the chance that `counts` of uniform ranks lie within a band, ends included.

    How often each rank occurs is Poisson, independently of the others, given that all occur `size`
    times together.
    """
    cell = stats.poisson.pmf(np.arange(size + 1), size / (DRAWS + 1))
    told = cell[: np.flatnonzero(cell > NOTHING)[-1] + 1]
    chance = np.zeros(size + 1)
    chance[0] = 1
    for low, high in zip(lowest, highest, strict=True):
        chance = np.convolve(chance, told)[: size + 1]
        chance[:low], chance[high + 1 :] = 0, 0
    return float(chance @ cell[::-1] / stats.poisson.pmf(size, size))


NOTHING = 1e-20
"""Chance of what is left out."""


def summary(judged: pd.DataFrame) -> pd.DataFrame:
    """Return a row per case: parameters, how many fail, and the worst."""
    rows = []
    for case in CASES:
        own = judged[judged["case"] == case.name]
        if len(own):
            worst = own.loc[own["p"].idxmin()]
            rows.append(
                {
                    "case": case.name,
                    "data sets": int(worst["data_sets"]),
                    "parameters": len(own),
                    "not uniform": int((~own["passes"]).sum()),
                    "worst": worst["parameter"],
                    "p of worst": f"{worst['p']:.2g}",
                    "independent": f"{worst['independent']:.0%}",
                    "should": "be uniform" if case.right else "not be uniform",
                    "is as it should": as_it_should(case, own),
                }
            )
    return pd.DataFrame(rows)


def as_it_should(case: Case, judged: pd.DataFrame) -> bool:
    """Whether a right model passes for every parameter, and a wrong one fails for some."""
    return bool(judged["passes"].all()) == case.right


def not_as_they_should(judged: pd.DataFrame) -> list[str]:
    """Name the cases whose ranks are not what they should be."""
    of_case = dict(iter(judged.groupby("case")))
    names = (case for case in CASES if case.name in of_case)
    return [case.name for case in names if not as_it_should(case, of_case[case.name])]


def curves(path: Path) -> pd.DataFrame:
    """Read what is drawn: an index (case, parameter), and `counts` by rank."""
    rows = {
        (case, f"{name}[{element}]"): [len(column), *counts(column)]
        for case, found in ranks_of(read_netcdf(path).to_dataset()).items()
        for name, values in found.of.items()
        for element, column in enumerate(values.T)
    }
    index = pd.MultiIndex.from_tuples(rows, names=["case", "parameter"])
    columns = ["data_sets", *range(1, DRAWS + 1)]
    return pd.DataFrame(list(rows.values()), index=index, columns=columns)


def draw(rows: pd.DataFrame) -> Figure:
    """Draw by how much ranks' distributions are above the uniform one, a frame for each case.

    The number in a frame is that of its data sets.
    """
    cases = [case for case in CASES if case.name in rows.index.levels[0]]
    figure, grid = small_multiples(len(cases), 1.4)
    expected = np.arange(DRAWS + 2) / (DRAWS + 1)
    shown = {}
    for axes, case in zip(grid, cases, strict=True):
        own = rows.loc[case.name]
        size = int(own["data_sets"].iloc[0])
        low, high = band(size, len(own))
        ends = [np.concatenate([[0], end, [size]]) / size - expected for end in (low, high)]
        shown["band"] = axes.fill_between(expected, *ends, color="0.88", lw=0, step="mid")
        for count in own.drop(columns="data_sets").to_numpy():
            out = ((count < low) | (count > high)).any()
            above = np.concatenate([[0], count, [size]]) / size - expected
            colour, width = (PALETTE[5], 0.9) if out else (PALETTE[0], 0.4)
            # As pixels in the SVG too: paths of every parameter are megabytes.
            style = {"color": colour, "lw": width, "zorder": 2 + out, "rasterized": True}
            (line,) = axes.plot(expected, above, **style)
            shown.setdefault(f"parameter {'outside' if out else 'inside'} its band", line)
        axes.set_title(case.name, loc="left", fontsize=7)
        axes.text(0.98, 0.03, f"{size:,}", transform=axes.transAxes, ha="right", fontsize=6)
        axes.tick_params(labelsize=6.5)
        axes.set_xlim(0, 1)
    for axes in figure.axes[-4:]:
        axes.set_xlabel("rank of the truth", fontsize=7)
    for axes in figure.axes[::4]:
        axes.set_ylabel("ECDF − uniform", fontsize=7)
    figure.legend(shown.values(), shown, loc="outside lower center", ncols=3, frameon=False)
    return figure
