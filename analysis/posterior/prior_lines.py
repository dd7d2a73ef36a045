"""Lines of a prior table that a model reads, and those that are priors of its variables."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.posterior.variants import refuse_unknown
from data.shared.errors import UserError
from models.bayesian.interface import Parts
from models.bayesian.registry import Model
from models.priors import Prior, Priors

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True)
class Watched(Priors):
    """A prior table that notes which of its lines are asked for."""

    read: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> Prior:
        self.read.add(name)
        return super().__getitem__(name)


def build(model: Model, parts: Parts, priors: Priors) -> "tuple[pm.Model, frozenset[str]]":
    """Build a model's definition.

    Parameters
    ----------
    model : Model
    parts : Parts
        From the model's `split`.
    priors : Priors

    Returns
    -------
    definition : pm.Model
    lines : frozenset of str
        The lines of the table that it reads. A line that others replace, such as that of a
        pooled scale, is not read; one that is read without being a variable's gives its scale
        to variables made of several, such as that of `between_year` under NUTS.
    """
    watched = Watched(priors.name, priors.table)
    definition = model.module.build(parts, watched)
    return definition, frozenset(watched.read)


class Outline(NamedTuple):
    """What a fit needs of a definition that is not sampled.

    Attributes
    ----------
    named_vars_to_dims : mapping of str to (tuple of str)
        As a PyMC model has them.
    lines : frozenset of str
        As `build` returns them.
    """

    named_vars_to_dims: Mapping[str, tuple[str, ...]]
    lines: frozenset[str]


_OUTLINES: dict[Hashable, Outline] = {}


def outline(model: Model, parts: Parts, priors: Priors) -> Outline:
    """Return the outline of a model's definition, which is built once for each structure.

    Variables, their dims and the lines that are read depend on labels, switches and sizes, and
    not on what a data set's numbers are: a test holds the models to that.
    """
    key = (model.name, priors, structure(parts))
    if key not in _OUTLINES:
        definition, lines = build(model, parts, priors)
        _OUTLINES[key] = Outline(dict(definition.named_vars_to_dims), lines)
    return _OUTLINES[key]


def structure(value: Any) -> Hashable:
    """Return a model's parts without the numbers of their data set."""
    if is_dataclass(value):
        named = ((line.name, structure(getattr(value, line.name))) for line in fields(value))
        return (type(value), *named)
    if isinstance(value, np.ndarray):
        return value.shape
    if isinstance(value, float | pd.DataFrame):
        return type(value)
    if isinstance(value, Mapping):
        return tuple((name, structure(of_name)) for name, of_name in value.items())
    return tuple(map(structure, value)) if isinstance(value, tuple | list) else value


def refuse_unread(model: Model, parts: Parts, priors: Priors) -> None:
    """Refuse other priors for lines of its table that a model does not read.

    Parameters
    ----------
    model : Model
    parts : Parts
    priors : Priors
        The model's own table with some lines changed.

    Raises
    ------
    NoSuchLineError
        If it does not read a line.
    UserError
        If it takes but the scale of a line, and more is another.
    """
    definition, lines = build(model, parts, priors)
    listed = [prior.name for prior in priors.table if prior.name in lines]
    for default, new in zip(model.module.PRIORS.table, priors.table, strict=True):
        if default == new:
            continue
        refuse_unknown([new.name], listed)
        scaled = replace(default, scale=new.scale, reason=new.reason)
        if new.name not in definition.named_vars and new != scaled:
            raise UserError(
                f"--prior {new.name}: the model {model.name} integrates this variable out and "
                f"takes but its scale; write {default.name}={default.distribution.lower()}:SD."
            )
