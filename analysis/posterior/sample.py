"""Fit a model to a published column on a panel, and store the trace.

What a model's file supplies is said in `models.bayesian.interface`, how it is sampled in
`analysis.posterior.engines`, what a trace holds in `analysis.posterior.trace`.
"""

import json
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import numpy as np
import pymc as pm
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior import fits, prior_lines, savage_dickey, trace
from analysis.posterior.diagnose import failures, numbers
from analysis.posterior.engines import Draws, NutsEngine, engine_for
from analysis.posterior.jobs import Job, Settings, made_from, path_of, split, versions
from analysis.posterior.prior_lines import Outline
from analysis.shared.outputs import ROOT
from analysis.shared.parallel import spread
from models.bayesian.interface import Parts, Variables
from models.bayesian.registry import Model
from models.priors import Priors

POINTWISE = np.float32
"""Of what has a value for each draw and row: half the file, seven digits."""

PRIOR_DRAWS = 1_000

SOURCES = tuple(f"{layer}/*.py" for layer in ("data", "models", "analysis"))
"""What git compares with the commit: its patterns reach into folders."""


def sample_all(
    listed: Iterable[Job],
    settings: Settings,
    traces: Path,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[Path]:
    """Fit many models in parallel; yield each trace's path when it is written.

    The result of a fit does not depend on the others, nor on `workers` or `cluster`.
    """
    task = partial(_encoded, settings=settings)
    for traced in spread(task, sharing(listed), workers, cluster):
        for place, content in traced:
            path = traces / place
            trace.store(content, path)
            yield path


def sharing(listed: Iterable[Job]) -> list[list[Job]]:
    """Put together the fits that have one posterior, in the order of their first."""
    groups: dict[tuple, list[Job]] = {}
    for job in listed:
        posterior = job.model.posterior_of(job.specification)
        shared = (job.panel.name, job.panel.sha256, job.model, posterior, job.variant)
        groups.setdefault(shared, []).append(job)
    return list(groups.values())


def _encoded(one_posterior: list[Job], settings: Settings) -> list[tuple[Path, bytes]]:
    """Return where each fit's trace lies below traces/, and its file's bytes."""
    traced, sampled = [], None
    for job in one_posterior:
        tree, sampled = _fit(job, settings, None, sampled)
        traced.append((path_of(job, Path()), trace.encode(tree)))
    return traced


def fit(job: Job, settings: Settings, priors: Priors | None = None) -> xr.DataTree:
    """Fit one model and return its trace, as the contract of `analysis.posterior.trace` asks.

    Parameters
    ----------
    job : Job
    settings : Settings
    priors : Priors, optional
        The model's own by default.
    """
    return _fit(job, settings, priors, None)[0]


# Threads slow small matrices down, and change the last digits.
@threadpool_limits.wrap(limits=1)
def _fit(
    job: Job,
    settings: Settings,
    priors: Priors | None,
    sampled: tuple[Draws, xr.Dataset] | None,
) -> tuple[xr.DataTree, tuple[Draws, xr.Dataset]]:
    """Return a fit's trace, and what was sampled for it unless another column's was given."""
    model = job.model
    priors = priors or job.priors
    parts = split(job)
    engine = engine_for(model, settings.engine, priors)
    if engine is NutsEngine:
        definition, lines = prior_lines.build(model, parts, priors)
        outline = Outline(definition.named_vars_to_dims, lines)
    else:
        definition, outline = None, prior_lines.outline(model, parts, priors)
    settings = settings.by(engine.name, model)
    sampler = engine(model, parts, priors, definition)
    # One stream each, so that none shifts another.
    seeds = np.random.SeedSequence(settings.seed).spawn(4)
    rngs = [np.random.default_rng(child) for child in seeds]

    flat, statistics = sampled = sampled or sampler.sample(settings, rngs[0])
    groups = _groups_of_draws(model, parts, outline, flat, rngs[1])
    groups |= _log_priors(sampler.log_prior(flat), outline.lines, parts)
    if model.prior_groups:
        prior = {name: v[None] for name, v in sampler.draw_prior(PRIOR_DRAWS, rngs[2]).items()}
        drawn = _groups_of_draws(model, parts, outline, prior, rngs[2])
        groups["prior"] = drawn["posterior"]
        groups["prior_predictive"] = drawn["posterior_predictive"]
        groups |= savage_dickey.of_model(model.module, parts, priors, flat, prior)
    groups["sample_stats"] = statistics
    groups["observed_data"] = xr.Dataset(parts.observed, _labels(parts.observed, parts))
    groups["constant_data"] = _constant_data(parts)
    free = list(flat)
    groups["posterior"].attrs["free_variables"] = " ".join(free)
    values = numbers(groups["posterior"], statistics, free)
    tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    tree.attrs = _attributes(job, priors, settings, statistics.attrs["sampler"], values)
    tree.attrs |= fits.attributes(model, parts, shaped(outline, parts, flat), rngs[3])
    return tree, sampled


# --- groups of a trace ------------------------------------------------------------------------


def _groups_of_draws(
    model: Model, parts: Parts, outline: Outline, flat: Draws, rng: np.random.Generator
) -> dict[str, xr.Dataset]:
    """Return draws with what the model reports, predictive draws and the log likelihood."""
    variables = shaped(outline, parts, flat)
    free = {name: values for name, (_, values) in variables.items()}
    rows = model.module.rows(parts, free, rng)
    predictive = {name: (d, v.astype(POINTWISE)) for name, (d, v) in rows.predictive.items()}
    log_likelihood = {"y": (("obs",), rows.log_likelihood.astype(POINTWISE))}
    return {
        "posterior": _dataset(model.module.report(parts, free) | variables, parts),
        "posterior_predictive": _dataset(predictive, parts),
        "log_likelihood": _dataset(log_likelihood, parts),
    }


def shaped(definition: "pm.Model | Outline", parts: Parts, flat: Draws) -> Variables:
    """Give free variables the dims that the PyMC model says they have."""
    sizes = {name: len(labels) for name, labels in parts.coords.items()}
    dims = {name: definition.named_vars_to_dims[name] for name in flat}
    return {
        name: (dims[name], values.reshape(*values.shape[:2], *(sizes[d] for d in dims[name])))
        for name, values in flat.items()
    }


def _dataset(variables: Mapping[str, tuple[tuple[str, ...], NDArray]], parts: Parts) -> xr.Dataset:
    """Return a Dataset of draws, dims (chain, draw, …), with the model's coords where used."""
    # Most dims first: `arviz.summary` labels by the order in which a Dataset meets its dims, and
    # (varying, region) after (region) would get each other's labels.
    ordered = sorted(variables.items(), key=lambda item: -len(item[1][0]))
    named = {name: (("chain", "draw", *dims), v) for name, (dims, v) in ordered}
    dataset = xr.Dataset(named, _labels(variables, parts))
    return dataset.assign_coords({d: np.arange(dataset.sizes[d]) for d in ("chain", "draw")})


def _log_priors(densities: Draws, lines: Collection[str], parts: Parts) -> dict[str, xr.Dataset]:
    """Return the log densities of the prior table's lines, and apart those of effects.

    What scales every variable of `log_prior`, as `arviz.psense` does, then scales priors alone and
    not the distributions of effects about their lines, which are part of the model.
    """
    parted: dict[str, dict] = {"log_prior": {}, trace.EFFECTS: {}}
    for name, values in densities.items():
        parted["log_prior" if name in lines else trace.EFFECTS][name] = (), values
    return {group: _dataset(named, parts) for group, named in parted.items() if named}


def _labels(variables: Variables, parts: Parts) -> dict[str, list]:
    """Return the model's coords of the dims that variables have."""
    dims = dict.fromkeys(dim for dims, _ in variables.values() for dim in dims)
    return {dim: list(parts.coords[dim]) for dim in dims}


def _constant_data(parts: Parts) -> xr.Dataset:
    """Return the regressors on the paper's scale, and each row's labels."""
    arrays = parts.design
    return xr.Dataset(
        {
            "x": (("obs", "term"), arrays.x),
            "row_province": ("obs", np.array(arrays.provinces)[arrays.province].astype(object)),
            "row_year": ("obs", np.array(arrays.years)[arrays.year]),
            "row_region": ("obs", np.array(arrays.regions)[arrays.region].astype(object)),
        },
        {"obs": list(parts.coords["obs"]), "term": list(arrays.terms)},
    )


def _attributes(
    job: Job,
    priors: Priors,
    settings: Settings,
    sampler: str,
    values: dict[str, float],
) -> dict[str, str | int]:
    model, failed = job.model, failures(values)
    attributes = {
        "column": job.specification.column,
        "outcome": job.specification.outcome,
        "panel": job.panel.name,
        "panel_label": job.panel.label,
        "panel_sha256": job.panel.sha256,
        "model": model.name,
        "model_sentence": model.sentence,
        "fitted_as": fitted_as(job),
        "engine": settings.engine,
        "sampler": sampler,
        "priors": priors.to_json(),
        "seed": settings.seed,
        "settings": json.dumps(asdict(settings)),
        "versions": json.dumps(versions()),
        "git_commit": git_commit(),
        trace.INPUTS: made_from(job, settings, priors),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "gate": "fail" if failed else "pass",
        "gate_failed": " ".join(failed),
        "gate_numbers": json.dumps(values),
    }
    if name := job.variant.name(job.engine):
        attributes |= {trace.VARIANT: name, trace.OPTIONS: job.variant.options(job.engine)}
    if not model.prior_groups:
        attributes[trace.NO_PRIOR] = (
            "The priors are too wide for draws from them to be informative."
        )
    return attributes


def fitted_as(job: Job) -> str:
    """Say in what a fit is not the published regression; empty if it is."""
    differences = job.model.fitted_as(job.specification), job.variant.terms
    return "; ".join(difference for difference in differences if difference)


@cache
def git_commit(root: Path = ROOT) -> str:
    """Return the commit of the code, with "-dirty" if source files differ from it or are new.

    "unknown" outside a repository. Pictures and tables may differ: runs write them.
    """
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=all", "--"]
    try:
        done = subprocess.run(
            [*command, *SOURCES], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    head, *lines = done.stdout.splitlines()
    changed = any(not line.startswith("#") for line in lines)
    return head.split()[-1] + ("-dirty" if changed else "")
