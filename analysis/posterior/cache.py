"""Know without sampling whether a trace is the one that a fit would write.

A trace carries the hash of everything it is made from: the panel's bytes, the column's and the
model's records, the source files that the model is defined in, priors, settings and the versions
of the packages. A trace whose hash is that of the fit is not sampled again.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from types import ModuleType

from analysis.posterior import trace
from analysis.shared.outputs import ROOT
from analysis.shared.sources import closure, content_sha256
from models.bayesian.registry import Model
from models.design import Specification
from models.priors import Priors

MAKERS = (
    "analysis.posterior.diagnose",
    "analysis.posterior.engines",
    "analysis.posterior.inputs",
    "analysis.posterior.jobs",
    "analysis.posterior.prior_lines",
    "analysis.posterior.sample",
    "analysis.posterior.savage_dickey",
    "analysis.posterior.trace",
    "models.inference.adaptive_mixture",
    "models.inference.batched",
    "models.inference.elimination",
    "models.inference.independence_sampler",
    "models.inference.mixture",
    "models.inference.normal_scores",
    "models.inference.transforms",
)
"""Modules that make a trace from any model."""


def input_sha256(
    panel_sha256: str,
    specification: Specification,
    model: Model,
    priors: Priors,
    settings: Mapping[str, object],
    versions: Mapping[str, str],
    inputs: Mapping[str, str],
) -> str:
    """Hash everything that a trace is made from.

    Parameters
    ----------
    panel_sha256 : str
        Of the bytes of the panel's CSV file.
    specification, model, priors
        The column's record, the model's and its prior table.
    settings, versions : mapping
        How to sample; packages and their versions.
    inputs : mapping of str to str
        Hashes of what the model is given beside the panel (`analysis.posterior.inputs`).
    """
    made_from = {
        "panel": panel_sha256,
        "specification": asdict(specification),
        "model": named(model),
        "priors": priors.to_json(),
        "settings": dict(settings),
        "versions": {**versions, "python": platform.python_version()},
        "inputs": dict(inputs),
        "sources": sources_sha256(model.module),
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def named(model: Model) -> dict[str, str]:
    """Return a model's record, modules and functions by name: their text is among the sources."""
    record = {field.name: getattr(model, field.name) for field in fields(model)}
    return {name: getattr(value, "__name__", str(value)) for name, value in record.items()}


def is_current(path: Path, expected: str) -> bool:
    """Whether a file is a trace made from the inputs with that hash."""
    return trace.inputs_sha256(path) == expected


@cache
def sources_sha256(*modules: ModuleType, makers: tuple[str, ...] = MAKERS) -> str:
    """Hash the source files of models and of what makes something from them."""
    return content_sha256(sources(*modules, makers=makers), ROOT)


def sources(*modules: ModuleType, makers: tuple[str, ...] = MAKERS) -> list[Path]:
    """List the models' source files, those of what they import of the project, and the makers'.

    What makers import is not followed: it would lead to every model.
    """
    of_makers = {ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in makers}
    return sorted(of_makers | set(closure(*(module.__name__ for module in modules))))
