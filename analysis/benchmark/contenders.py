"""A sampler in a process of its own: `python -m analysis.benchmark.contenders NAME PROBLEM FOLDER`.

It builds and compiles the problem's model, reports the time, and then samples by every setting
that it is sent, a line of JSON each, until there are no more; `stan.R` answers the same way. Draws
go to a file under the names of the PyMC model, whoever drew them. Times are of this process and
its children, imports apart.
"""

import json
import os
import pickle
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior.engines import SAMPLE_STATS, CollapsedEngine, NutsEngine
from analysis.posterior.jobs import Settings
from models.bayesian import bambi_check, flat, growth, growth_parts
from models.design import Design
from models.inference.collapsed import Collapsed
from models.priors import REGULARISED, Prior, Priors

CHAINS = 4
CORES = 2
KEPT = ("diverging", "energy", "maxdepth_reached")
"""NUTS's statistics that the health gate reads."""


@dataclass(frozen=True)
class Rung:
    """A setting; `draws` and `tune` are per chain, None is the program's own."""

    draws: int | None
    tune: int | None
    target_accept: float | None
    chains: int = CHAINS
    cores: int = CORES
    seed: int = 1

    def __str__(self) -> str:
        if self.draws is None:
            return "default"
        return f"{self.chains} chains, {self.tune} + {self.draws}, accept {self.target_accept}"


THEIRS = SAMPLE_STATS | {"reached_max_treedepth": "maxdepth_reached"}
THEIRS = {old: new for old, new in THEIRS.items() if old != new}
"""Other names of statistics, and ours."""

DEEPEST = 10
"""Of a tree, in every program."""

DEFAULT = (Rung(None, None, None),)
"""The settings of a program whose default passes."""

TINY = Rung(draws=2, tune=2, target_accept=0.8)
"""A setting that compiles anew and samples nothing."""

UNPOOLED = Priors(
    "unpooled",
    (
        Prior("slope_std", "Normal", 2.5, "slope of each term", "As REGULARISED."),
        Prior("province_std", "Normal", 2.5, "province effect", "Wide, and rstanarm can state it."),
        Prior("year_std", "ZeroSumNormal", 2.5, "year effect", "As province_std."),
        Prior("sigma_std", "HalfNormal", 1.0, "residual sd", "rstanarm has no log-normal one."),
    ),
)
"""For the model with dummies."""


@dataclass(frozen=True)
class Kind:
    """A model that several programs can state exactly, with its priors.

    Attributes
    ----------
    name, sentence : str
    module : module
        With `build` and `density`.
    priors : Priors
    split : callable
        From a design and the term of interest to the module's parts.
    """

    name: str
    sentence: str
    module: ModuleType
    priors: Priors
    split: Callable[[Design, str], object]


KINDS = (
    Kind(
        "by_formula",
        "province and year effects and region slopes pooled, sigma by region",
        bambi_check,
        REGULARISED,
        lambda design, term: bambi_check.split(design, (term,)),
    ),
    Kind(
        "dummies",
        "province and year effects unpooled, one slope and one sigma",
        flat,
        UNPOOLED,
        lambda design, term: flat.split(design),
    ),
    Kind(
        "growth",
        "the main model: growth and slopes by province, AR(1) errors and scales by region",
        growth,
        growth.PRIORS,
        lambda design, term: growth_parts.split(design, (term,)),
    ),
)


@dataclass(frozen=True)
class Problem:
    """A model of a regression on a panel."""

    kind: str
    panel: str
    design: Design
    interest: str

    @property
    def record(self) -> Kind:
        """The model."""
        return next(kind for kind in KINDS if kind.name == self.kind)

    @property
    def parts(self):
        """The module's parts of the regression."""
        return self.record.split(self.design, self.interest)

    def build(self) -> pm.Model:
        """Build the PyMC model."""
        return self.record.module.build(self.parts, self.record.priors)

    def density(self) -> Collapsed:
        """Integrate all but the scales out."""
        return self.record.module.density(self.parts, self.record.priors)


Draws = dict[str, NDArray[np.float64]]
"""Free variables, flat: shapes (chains, draws, size)."""

Sampler = Callable[[Rung], tuple[Draws, xr.Dataset]]


# --- programs ----------------------------------------------------------------------------------


def own(problem: Problem) -> Sampler:
    """Return the project's own engine, called once: others are warm when they have compiled."""

    def sample(rung: Rung) -> tuple[Draws, xr.Dataset]:
        lengths = {name: getattr(rung, name) for name in ("draws", "tune", "target_accept")}
        return draw(problem, Settings(**lengths, chains=rung.chains, seed=rung.seed))

    sample(*DEFAULT)
    return sample


@threadpool_limits.wrap(limits=1)
def draw(problem: Problem, settings: Settings) -> tuple[Draws, xr.Dataset]:
    """Put the model together and sample it by the project's own engine."""
    record = problem.record
    module = SimpleNamespace(module=record.module)
    engine = CollapsedEngine(module, problem.parts, record.priors, None)
    return engine.sample(settings.by(CollapsedEngine.name), np.random.default_rng(settings.seed))


def own_nuts(problem: Problem) -> Sampler:
    """Return the project's NUTS in all variables, `--engine nuts`."""
    module = SimpleNamespace(module=problem.record.module)
    engine = NutsEngine(module, problem.parts, problem.record.priors, problem.build())
    return threadpool_limits.wrap(limits=1)(
        lambda rung: engine.sample(
            Settings(rung.draws, rung.tune, rung.chains, rung.seed, rung.target_accept).by(
                NutsEngine.name
            ),
            np.random.default_rng(rung.seed),
        )
    )


def by_nutpie(**options: str) -> Callable[[Problem], Sampler]:
    """Return nutpie, compiled once, with the adaptation of its mass matrix."""

    def prepare(problem: Problem) -> Sampler:
        import nutpie

        model = problem.build()
        names = [variable.name for variable in model.free_RVs]
        compiled = nutpie.compile_pymc_model(model, var_names=names)

        def sample(rung: Rung) -> tuple[Draws, xr.Dataset]:
            settings = asdict(rung) | {"progress_bar": False, "save_warmup": False} | options
            tree = nutpie.sample(compiled, **settings)
            return _named(tree["posterior"], names), _statistics(tree)

        return sample

    return prepare


def through_pymc(backend: str) -> Callable[[Problem], Sampler]:
    """Return `pm.sample` with one of its samplers."""

    def prepare(problem: Problem) -> Sampler:
        model = problem.build()
        names = [variable.name for variable in model.free_RVs]

        def sample(rung: Rung) -> tuple[Draws, xr.Dataset]:
            with model:
                tree = pm.sample(nuts_sampler=backend, var_names=names, **_pymc(rung))
            return _named(tree["posterior"], names), _statistics(tree)

        return sample

    return prepare


def through_bambi(backend: str) -> Callable[[Problem], Sampler]:
    """Return Bambi's `fit` with one of its samplers."""

    def prepare(problem: Problem) -> Sampler:
        formula_data = problem.parts
        model = bambi_check.by_formula(formula_data, problem.record.priors)

        def sample(rung: Rung) -> tuple[Draws, xr.Dataset]:
            tree = model.fit(inference_method=backend, **_pymc(rung))
            draws = bambi_check.from_bambi(formula_data, tree["posterior"].to_dataset())
            return draws, _statistics(tree)

        return sample

    return prepare


def _pymc(rung: Rung) -> dict:
    arguments = asdict(rung)
    seed = arguments.pop("seed")
    return arguments | {
        "random_seed": seed,
        "progressbar": False,
        "quiet": True,
        "compute_convergence_checks": False,
    }


def _named(posterior: xr.Dataset, names: list[str]) -> Draws:
    values = {name: posterior[name].to_numpy() for name in names}
    return {name: v.reshape(*v.shape[:2], -1) for name, v in values.items()}


def _statistics(tree: xr.DataTree) -> xr.Dataset:
    """Return `KEPT` under ArviZ's names, whichever sampler wrote them."""
    statistics = tree["sample_stats"].to_dataset()
    statistics = statistics.rename({old: new for old, new in THEIRS.items() if old in statistics})
    if "maxdepth_reached" not in statistics:  # NumPyro counts steps
        statistics["maxdepth_reached"] = statistics["n_steps"] >= 2**DEEPEST - 1
    return statistics[list(KEPT)].assign_attrs(sampler="nuts")


@dataclass(frozen=True)
class Contender:
    """A program of the benchmark.

    Attributes
    ----------
    name : str
    kinds : tuple of str
        Models that it can state exactly.
    prepare : callable, optional
        From a problem to its sampler, compiled as far as it lets itself be; None: Stan, by R.
    needs : tuple of str
        Packages without which it is left out.
    recompiles : bool
        Whether each call compiles anew, so that a call that samples nothing is taken off.
    ladder : tuple of Rung
        Settings from cheap to dear.
    """

    name: str
    kinds: tuple[str, ...]
    prepare: Callable[[Problem], Sampler] | None
    needs: tuple[str, ...] = ()
    recompiles: bool = False
    ladder: tuple[Rung, ...] = (
        Rung(500, 500, 0.8),
        Rung(1_000, 500, 0.9),
        Rung(1_000, 1_000, 0.98),
        Rung(3_000, 1_000, 0.99),
    )


OWN = "this project"
REFERENCE = "nutpie"

EVERY = tuple(kind.name for kind in KINDS)
STATED = ("by_formula", "growth")
"""Models that all programs of PyMC sample; one of the two simpler ones is enough of these."""

CONTENDERS = (
    Contender(OWN, EVERY, own, ladder=DEFAULT),
    Contender(f"{OWN}, --engine nuts", ("by_formula",), own_nuts, recompiles=True, ladder=DEFAULT),
    Contender(REFERENCE, EVERY, by_nutpie()),
    Contender(f"{REFERENCE}, low rank", EVERY, by_nutpie(adaptation="low_rank")),
    Contender("PyMC", STATED, through_pymc("pymc"), recompiles=True),
    Contender("NumPyro by PyMC", STATED, through_pymc("numpyro"), ("numpyro",), True),
    *(
        Contender(f"Bambi, {name}", ("by_formula",), through_bambi(name), (name,), True)
        for name in ("pymc", "nutpie", "numpyro", "blackjax")
    ),
    Contender("brms", ("by_formula",), None, ("brms",)),
    Contender("rstanarm", ("dummies",), None, ("rstanarm",)),
)


# --- the process ------------------------------------------------------------------------------


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Measure a block: `wall_s` and `cpu_s`, of this process and of children that ended in it."""
    spent = {"wall_s": -time.perf_counter(), "cpu_s": -_cpu()}
    yield spent
    spent["wall_s"] += time.perf_counter()
    spent["cpu_s"] += _cpu()


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _less(spent: Mapping[str, float], overhead: Mapping[str, float]) -> dict[str, float]:
    return {name: max(value - overhead[name], 0.0) for name, value in spent.items()}


def main(name: str, problem: Problem, folder: Path) -> None:
    """Answer the settings that come by stdin."""
    contender = next(candidate for candidate in CONTENDERS if candidate.name == name)
    with timed() as compiling:
        sample = contender.prepare(problem)
        if contender.recompiles:
            sample(TINY)
    overhead = dict.fromkeys(compiling, 0.0)
    if contender.recompiles:  # once more: what is compiled may have been kept
        with timed() as overhead:
            sample(TINY)
    tell(compiling)
    for line in sys.stdin:
        rung = Rung(**json.loads(line))
        with timed() as spent:
            draws, statistics = sample(rung)
        path = folder / "draws"
        path.write_bytes(pickle.dumps((draws, statistics)))
        tell(_less(spent, overhead) | {"path": str(path)})


def tell(message: Mapping) -> None:
    """Send one line of JSON to the process that asks."""
    print(json.dumps(message), file=ANSWERS, flush=True)


ANSWERS = sys.stdout

if __name__ == "__main__":
    # What libraries print must not get between the answers.
    ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # The models' lambdas are this module's under its own name.
    from analysis.benchmark import contenders

    contenders.ANSWERS = ANSWERS
    contenders.main(sys.argv[1], pickle.loads(Path(sys.argv[2]).read_bytes()), Path(sys.argv[3]))
