"""Compiled PyMC models that are reused with other data.

nutpie compiles a model for half a minute and then samples a small one in a second. It takes other
data without compiling again where they are shared variables, but models hold theirs as constants,
where `build` puts them. Two models that one `build` makes of two data sets have the same graph and
differ in these constants alone: so they are found, and shared.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pymc as pm
import pytensor
from pymc.model.fgraph import fgraph_from_model, model_from_fgraph
from pytensor.graph.basic import Constant, Variable

from analysis.posterior.engines import compile_model

if TYPE_CHECKING:
    from nutpie.sample import CompiledModel


class Recompiled:
    """A model, compiled once for all data sets of which `build` makes the same graph.

    Parameters
    ----------
    one, other : pm.Model
        Of two data sets, which differ in all that data sets can differ in.
    """

    def __init__(self, one: pm.Model, other: pm.Model) -> None:
        pairs = list(zip(_constants(one), _constants(other), strict=True))
        self.shared = {
            f"data_{at}": at
            for at, (a, b) in enumerate(pairs)
            if not np.array_equal(a.data, b.data)
        }
        self.fixed = [a.data for a, _ in pairs]
        graph, copies = fgraph_from_model(one)
        swapped = []
        for name, at in self.shared.items():
            constant, _ = pairs[at]
            value = np.ascontiguousarray(constant.data)
            variable = pytensor.shared(value, name=name, shape=value.shape)
            swapped.append((copies.get(constant, constant), variable))
        graph.replace_all(swapped, import_missing=True)
        self.compiled = compile_model(model_from_fgraph(graph, mutate_fgraph=True))

    def given(self, model: pm.Model) -> "CompiledModel":
        """Return the compiled model with the data of another one.

        Raises
        ------
        ValueError
            If that differs in more than the two did.
        """
        constants = [constant.data for constant in _constants(model)]
        places = set(self.shared.values())
        for at, (this, there) in enumerate(zip(self.fixed, constants, strict=True)):
            if at not in places and not np.array_equal(this, there):
                raise ValueError(f"the model's constant {at} was taken for the same in all data")
        return self.compiled.with_data(**{n: constants[at] for n, at in self.shared.items()})


def _constants(model: pm.Model) -> Iterator[Constant]:
    """Yield the constants of a model's graph, in an order fixed by the graph's shape."""
    waiting: list[Variable] = [
        *model.basic_RVs,
        *(model.rvs_to_values[variable] for variable in model.observed_RVs),
    ]
    seen = set()
    while waiting:
        variable = waiting.pop()
        if variable in seen:
            continue
        seen.add(variable)
        if isinstance(variable, Constant):
            yield variable
        elif variable.owner is not None:
            waiting += variable.owner.inputs
