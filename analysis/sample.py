"""Fit a model to a published column on a panel, and store the trace.

Engines, both by NUTS (nutpie):

collapsed
    Everything that is normal given the scales is integrated out (`models.collapsed`); NUTS moves
    in the few log scales, and the rest is drawn exactly given each of its draws. The default.
nuts
    NUTS in all variables of the PyMC model, compiled: the check on the other, minutes slower.
"""

import json
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import NoReturn

import numpy as np
import nutpie
import pymc as pm
import xarray as xr
from numpy.typing import NDArray
from nutpie.compiled_pyfunc import from_pyfunc
from scipy import stats
from threadpoolctl import threadpool_limits

from analysis import trace
from analysis.cache import ATTRIBUTE, input_sha256, is_current
from analysis.diagnose import failures, numbers
from analysis.outputs import ROOT
from data.errors import UserError
from data.panel import Panel
from models.collapsed import Collapsed
from models.design import Specification, design
from models.priors import Priors
from models.registry import Model, find, models_for
from models.within_between import Effects, WithinBetween, report, standard_mean

PACKAGES = ("pymc", "nutpie", "arviz", "numpy", "scipy", "xarray", "pandas")

POINTWISE = np.float32
"""Of what has a value for each draw and row: half the file, seven digits."""

PRIOR_DRAWS = 1_000

SAMPLE_STATS = {
    "diverging": "diverging",
    "energy": "energy",
    "logp": "lp",
    "depth": "tree_depth",
    "maxdepth_reached": "maxdepth_reached",
    "n_steps": "n_steps",
    "step_size": "step_size",
}
"""What is kept of nutpie's statistics, under ArviZ's names."""


@dataclass(frozen=True)
class Settings:
    """How to sample.

    Attributes
    ----------
    draws, tune, chains : int
        Per chain, after and before adaptation ends.
    seed : int
        The same seed gives the same draws.
    target_accept : float
        Of NUTS.
    engine : str
        A key of `ENGINES`.
    """

    draws: int = 750
    tune: int = 300
    chains: int = 4
    seed: int = 1
    target_accept: float = 0.9
    engine: str = "collapsed"


@dataclass(frozen=True)
class Job:
    """One fit: a model for a column on a panel."""

    panel: Panel
    specification: Specification
    model: str


def jobs(
    panels: Iterable[Panel], specifications: Iterable[Specification], models: Iterable[str]
) -> list[Job]:
    """List the fits of columns on panels, by the named models or all that a column can carry.

    Raises
    ------
    UserError
        If no named model fits a column's sample, or a column waits for its model.
    """
    names = [find(name).name for name in models]
    panels, listed = list(panels), []
    for record in specifications:
        fitting = [model.name for model in models_for(record)]
        chosen = [name for name in names or fitting if name in fitting]
        if not chosen:
            kind = "a dynamic panel" if record.dynamic else "a one-region sample"
            raise UserError(
                f"Column {record.column} is {kind}, which {' and '.join(names)} cannot be fitted "
                f"to: choose among {', '.join(fitting)}."
            )
        listed += [Job(panel, record, name) for panel in panels for name in chosen]
    return listed


def carrying(
    specifications: Iterable[Specification], models: Iterable[str]
) -> tuple[Specification, ...]:
    """Return the columns that at least one of the named models can be fitted to.

    Raises
    ------
    UserError
        If there is no such model.
    """
    names = {find(name).name for name in models}
    return tuple(
        record
        for record in specifications
        if not names or names & {model.name for model in models_for(record)}
    )


def missing(listed: Iterable[Job], settings: Settings, traces: Path) -> list[Job]:
    """Return the fits whose trace is not there yet, or was made from other inputs."""
    return [
        job
        for job in listed
        if not is_current(path_of(job, traces), made_from(job, settings, _priors(job)))
    ]


def path_of(job: Job, traces: Path) -> Path:
    """Return where a fit's trace lies."""
    return trace.trace_path(traces, job.panel.name, job.specification.column, job.model)


def made_from(job: Job, settings: Settings, priors: Priors) -> str:
    """Return the hash of everything that a fit's trace is made from."""
    return input_sha256(
        job.panel.sha256,
        job.specification,
        find(job.model),
        priors,
        asdict(settings),
        {name: version(name) for name in PACKAGES},
    )


def sample_all(
    listed: Iterable[Job], settings: Settings, traces: Path, workers: int = 2
) -> Iterator[Path]:
    """Fit many models in `workers` processes; yield each trace's path when it is written.

    The result of a fit does not depend on the others, nor on `workers`.
    """
    if workers == 1:
        yield from (sample(job, settings, traces) for job in listed)
        return
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_leave_on_interrupt
    ) as pool:
        with _ignoring_interrupts():  # inherited: until workers are set up, they know no better
            pending = [pool.submit(sample, job, settings, traces) for job in listed]
        try:
            for done in as_completed(pending):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _leave_on_interrupt() -> None:
    """Make Ctrl-C end a worker at once; nutpie takes KeyboardInterrupt for "enough draws"."""

    def leave(*_) -> NoReturn:
        raise SystemExit(130)

    signal.signal(signal.SIGINT, leave)


def sample(job: Job, settings: Settings, traces: Path) -> Path:
    """Fit one model and write its trace.

    Returns
    -------
    Path
        `traces/<panel>/<column>-<model>.nc`.

    Raises
    ------
    UserError
        If the panel does not carry the regression.
    """
    path = path_of(job, traces)
    trace.write(fit(job, settings), path)
    return path


# Threads only get in the way of small matrices, and change the last digits.
@threadpool_limits.wrap(limits=1)
def fit(job: Job, settings: Settings, priors: Priors | None = None) -> xr.DataTree:
    """Fit one model and return its trace, as the contract of `analysis.trace` asks.

    Parameters
    ----------
    job : Job
    settings : Settings
    priors : Priors, optional
        The model's own by default.
    """
    model = find(job.model)
    priors = priors or _priors(job)
    parts = model.split(design(job.panel.frame, job.specification), job.specification)
    definition = model.module.build(parts, priors)
    density = model.module.density(parts, priors)
    # One stream each, so that none shifts another.
    rngs = [
        np.random.default_rng(child) for child in np.random.SeedSequence(settings.seed).spawn(3)
    ]

    flat, statistics = ENGINES[settings.engine](definition, density, settings, rngs[0])
    groups = _posterior_groups(model, parts, definition, flat, rngs[1])
    groups["log_prior"] = _dataset(
        {name: ((), values) for name, values in density.log_prior(flat).items()}, parts
    )
    if model.prior_groups:
        groups |= _prior_groups(model, parts, definition, density, rngs[2])
    groups["sample_stats"] = statistics
    groups["observed_data"] = xr.Dataset({"y": ("obs", parts.design.y)}, _coords(parts))
    groups["constant_data"] = _constant_data(parts)
    free = list(flat)
    groups["posterior"].attrs["free_variables"] = " ".join(free)
    values = numbers(groups["posterior"], statistics, free)
    tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    tree.attrs = _attributes(job, model, priors, settings, values)
    return tree


def _priors(job: Job) -> Priors:
    return find(job.model).module.PRIORS


# --- engines --------------------------------------------------------------------------------

Draws = dict[str, NDArray[np.float64]]
"""Free variables, flat: shapes (chains, draws, size)."""


def collapsed(
    definition: pm.Model, density: Collapsed, settings: Settings, rng: np.random.Generator
) -> tuple[Draws, xr.Dataset]:
    """Sample the log scales by NUTS on their collapsed density, and draw the rest given them."""
    compiled = from_pyfunc(
        density.size,
        lambda: density.logp_and_gradient,
        lambda *_: lambda log_scale: {"log_scale": log_scale},
        [np.dtype(np.float64)],
        [(density.size,)],
        ["log_scale"],
        make_initial_point_fn=lambda seed: density.initial(np.random.default_rng(seed)),
    )
    tree = nutpie.sample(compiled, **_nutpie(settings))
    return density.draw(tree["posterior"]["log_scale"].to_numpy(), rng), _statistics(tree)


def nuts(
    definition: pm.Model, density: Collapsed, settings: Settings, rng: np.random.Generator
) -> tuple[Draws, xr.Dataset]:
    """Sample all variables of the PyMC model by NUTS."""
    names = [variable.name for variable in definition.free_RVs]
    compiled = nutpie.compile_pymc_model(definition, var_names=names)
    tree = nutpie.sample(compiled, **_nutpie(settings))
    posterior = tree["posterior"]
    flat = {name: posterior[name].to_numpy() for name in names}
    return {n: v.reshape(*v.shape[:2], -1) for n, v in flat.items()}, _statistics(tree)


ENGINES: dict[str, Callable[..., tuple[Draws, xr.Dataset]]] = {"collapsed": collapsed, "nuts": nuts}


def _nutpie(settings: Settings) -> dict:
    return {
        "draws": settings.draws,
        "tune": settings.tune,
        "chains": settings.chains,
        "cores": 1,
        "seed": settings.seed,
        "target_accept": settings.target_accept,
        "progress_bar": False,
        "save_warmup": False,
    }


def _statistics(tree: xr.DataTree) -> xr.Dataset:
    kept = tree["sample_stats"].to_dataset()[list(SAMPLE_STATS)].rename(SAMPLE_STATS)
    kept.attrs = {}  # the times in them would make equal draws unequal files
    return kept.assign_attrs(
        inference_library="nutpie", inference_library_version=version("nutpie")
    )


# --- groups of a trace ------------------------------------------------------------------------


def _posterior_groups(
    model: Model,
    parts: WithinBetween,
    definition: pm.Model,
    flat: Draws,
    rng: np.random.Generator,
    names: tuple[str, str] = ("posterior", "posterior_predictive"),
) -> dict[str, xr.Dataset]:
    """Return draws with what the model reports, predictive draws and the log likelihood."""
    shaped = _shaped(definition, parts, flat)
    effects = model.module.effects(parts, {name: values for name, (_, values) in shaped.items()})
    reported = report(parts, effects, flat)
    mean, sd = predictive(parts, effects)
    drawn = mean + sd * rng.standard_normal(mean.shape)
    pointwise = {
        names[1]: drawn,
        "log_likelihood": stats.norm.logpdf(parts.design.y, mean, sd),
    }
    groups = {
        name: _dataset({"y": (("obs",), values.astype(POINTWISE))}, parts)
        for name, values in pointwise.items()
    }
    return {names[0]: _dataset(reported | shaped, parts), **groups}


def _prior_groups(
    model: Model,
    parts: WithinBetween,
    definition: pm.Model,
    density: Collapsed,
    rng: np.random.Generator,
) -> dict[str, xr.Dataset]:
    flat = {name: values[None] for name, values in density.draw_prior(PRIOR_DRAWS, rng).items()}
    names = ("prior", "prior_predictive")
    groups = _posterior_groups(model, parts, definition, flat, rng, names)
    return {name: groups[name] for name in names}


def predictive(
    parts: WithinBetween, effects: Effects
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each row's outcome on the paper's scale, (…, n)."""
    mean = parts.centre + parts.scale * standard_mean(parts, effects)
    return mean, parts.scale * effects.sigma[..., parts.design.region]


def _shaped(
    definition: pm.Model, parts: WithinBetween, flat: Draws
) -> dict[str, tuple[tuple[str, ...], NDArray[np.float64]]]:
    """Give free variables the dims that the PyMC model says they have."""
    sizes = {name: len(labels) for name, labels in parts.coords.items()}
    dims = {name: definition.named_vars_to_dims[name] for name in flat}
    return {
        name: (dims[name], values.reshape(*values.shape[:2], *(sizes[d] for d in dims[name])))
        for name, values in flat.items()
    }


def _dataset(
    variables: Mapping[str, tuple[tuple[str, ...], NDArray]], parts: WithinBetween
) -> xr.Dataset:
    """Return a Dataset of draws, dims (chain, draw, …), with the model's coords where used."""
    named = {name: (("chain", "draw", *dims), v) for name, (dims, v) in variables.items()}
    used = {dim for dims, _ in variables.values() for dim in dims}
    coords = {dim: list(labels) for dim, labels in parts.coords.items() if dim in used}
    dataset = xr.Dataset(named, coords)
    return dataset.assign_coords({d: np.arange(dataset.sizes[d]) for d in ("chain", "draw")})


def _coords(parts: WithinBetween) -> dict[str, list]:
    return {"obs": list(parts.coords["obs"])}


def _constant_data(parts: WithinBetween) -> xr.Dataset:
    """Return the regressors and where each row stands, on the paper's scale."""
    arrays = parts.design
    return xr.Dataset(
        {
            "x": (("obs", "term"), arrays.x),
            "row_province": ("obs", np.array(arrays.provinces)[arrays.province].astype(object)),
            "row_year": ("obs", np.array(arrays.years)[arrays.year]),
            "row_region": ("obs", np.array(arrays.regions)[arrays.region].astype(object)),
        },
        {**_coords(parts), "term": list(arrays.terms)},
    )


def _attributes(
    job: Job, model: Model, priors: Priors, settings: Settings, values: dict[str, float]
) -> dict[str, str | int]:
    failed = failures(values)
    attributes = {
        "column": job.specification.column,
        "outcome": job.specification.outcome,
        "panel": job.panel.name,
        "panel_label": job.panel.label,
        "panel_sha256": job.panel.sha256,
        "model": model.name,
        "model_sentence": model.sentence,
        "counterpart": model.counterpart(job.specification),
        "engine": settings.engine,
        "priors": priors.to_json(),
        "seed": settings.seed,
        "settings": json.dumps(asdict(settings)),
        "versions": json.dumps({name: version(name) for name in PACKAGES}),
        "git_commit": _git_commit(),
        ATTRIBUTE: made_from(job, settings, priors),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "gate": "fail" if failed else "pass",
        "gate_failed": " ".join(failed),
        "gate_numbers": json.dumps(values),
    }
    if not model.prior_groups:
        attributes[trace.NO_PRIOR] = "The priors are too wide for draws from them to mean anything."
    return attributes


@cache
def _git_commit() -> str:
    """Return the commit of the code, "unknown" outside a repository."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
