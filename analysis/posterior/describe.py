"""Show a model as it is: its priors with reasons, its variables, its graph."""

import inspect
from collections.abc import Iterator

import pandas as pd
import pymc as pm
from pymc.model_graph import ModelGraph

from analysis.posterior import prior_lines
from models.bayesian.interface import Parts
from models.bayesian.registry import Model
from models.priors import Prior


def text(model: Model) -> str:
    """Return what the model's file says of it: likelihood, priors, what is identified."""
    return inspect.getdoc(model.module)


def priors(model: Model, parts: Parts) -> pd.DataFrame:
    """Return the priors of a model, as `models.priors` has them and on the paper's scale.

    Parameters
    ----------
    model : Model
    parts : Parts
        Of a column on a panel, from the model's `split`: it sets the paper's scale.

    Returns
    -------
    DataFrame
        A row per line of the prior table that the model uses, or per term where the paper's scale
        differs by term. What has a prior made of other variables is in `variables`.
    """
    definition, lines = prior_lines.build(model, parts, model.module.PRIORS)
    own_lines = lines & {variable.name for variable in definition.free_RVs}
    rows = [
        {
            "variable": prior.name,
            "of": label,
            "prior, standardised": _text(prior, 1.0),
            "on the paper's scale": _text(prior, unit),
            "meaning": prior.meaning,
            "reason": prior.reason,
        }
        for prior in model.module.PRIORS.table
        if prior.name in own_lines
        for label, unit in _units(prior, parts, definition)
    ]
    shown = pd.DataFrame(rows)
    repeated = shown.duplicated("variable")
    shown.loc[repeated, ["prior, standardised", "meaning", "reason"]] = ""
    return shown


def variables(model: Model, parts: Parts) -> pd.DataFrame:
    """Return a row for each random variable: dims, shape, what it is, and what it is given."""
    definition = model.module.build(parts, model.module.PRIORS)
    parents = ModelGraph(definition).make_compute_graph()
    observed = set(definition.observed_RVs)
    meanings = {prior.name: prior.meaning for prior in model.module.PRIORS.table}
    meanings = model.module.MEANINGS | meanings
    rows = []
    for variable in definition.basic_RVs:
        dims = definition.named_vars_to_dims[variable.name]
        rows.append(
            {
                "variable": variable.name,
                "kind": "observed" if variable in observed else "free",
                "distribution": variable.owner.op._print_name[0],
                "dims": ", ".join(dims),
                "shape": " × ".join(str(len(definition.coords[dim])) for dim in dims),
                "given": ", ".join(sorted(parents[variable.name])),
                "meaning": meanings.get(variable.name, ""),
            }
        )
    return pd.DataFrame(rows)


def graph(model: Model, parts: Parts) -> str:
    """Return the graph of a model as Mermaid text, which GitHub and mermaid.live render."""
    return pm.model_to_mermaid(model.module.build(parts, model.module.PRIORS))


def _units(prior: Prior, parts: Parts, definition: pm.Model) -> Iterator[tuple[str, float]]:
    """Yield label and size on the paper's scale of what is 1 on the standardised one.

    A model of several outcomes has a prior, and a scale, for each of them.
    """
    dims, design = definition.named_vars_to_dims[prior.name], parts.design
    if not prior.unit:
        yield "", 1.0
        return
    spreads = {"": design.y.std()}
    if "outcome" in dims:
        (system,) = (y for axes, y in parts.observed.values() if "outcome" in axes)
        spreads = dict(zip(definition.coords["outcome"], system.std(axis=0), strict=True))
    for outcome, spread in spreads.items():
        if prior.unit == "outcome":
            yield outcome, spread
            continue
        for label in map(str, definition.coords[dims[-1]]):
            name = label.split(":")[0]
            # A spread of slopes that differs by region is of the first term's.
            term = design.terms.index(name) if name in design.terms else 0
            yield f"{outcome} {label}".strip(), spread / design.x[:, term].std()


def _text(prior: Prior, unit: float) -> str:
    """Write a prior out; the scale of a log-normal is of its logarithm and has no unit."""
    if prior.distribution == "LogNormal":
        return f"LogNormal(log {prior.centre * unit:.3g}, {prior.scale:.3g})"
    if prior.distribution == "Uniform":
        return f"Uniform({prior.centre - prior.scale:.3g}, {prior.centre + prior.scale:.3g})"
    centre = f"{prior.centre * unit:.3g}, " if prior.distribution.startswith("Normal") else ""
    return f"{prior.distribution}({centre}{prior.scale * unit:.3g})"
