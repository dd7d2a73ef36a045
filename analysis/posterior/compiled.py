"""PyMC models compiled once for all data sets on which `build` makes the same graph.

Two data sets of one model give graphs that differ in their arrays and in the lengths of dims alone.
These become arguments of what is compiled, so that one structure (`Structure`) serves other
columns and panels in the same process. PyTensor keeps the machine code of the density and its
gradient on disk, by what is computed and not by data: later processes take it from there.

Numbers without dims are part of a structure: what a data set decides is to be an array.
Two lengths are part of it, too, 0 and 1: an array of one element is repeated along others.

What runs once for all draws (priors, transformations) is not compiled to machine code, but takes
all of them at a time. The functions are those of `Given`.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from numpy.typing import NDArray
from pymc.distributions.custom import CustomDistRV
from pymc.distributions.shape_utils import change_dist_size
from pymc.initial_point import make_initial_point_expression
from pymc.model.fgraph import fgraph_from_model, model_from_fgraph
from pymc.model.transform.conditioning import remove_value_transforms
from pymc.pytensorf import find_rng_nodes, reseed_rngs
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.replace import clone_replace, vectorize_graph
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import graph_inputs
from pytensor.tensor.random.op import RandomVariable

from models.inference.collapsed import OutOfRangeError

Array = NDArray[np.float64]

INTERPRETED = "FAST_COMPILE"
"""PyTensor's mode for functions that run once a fit: machine code takes a minute."""

MACHINE_CODE = "NUMBA"
"""PyTensor's mode for the density, which runs a hundred thousand times."""

_STRUCTURES: dict[Hashable, "Structure"] = {}


def given(model: pm.Model) -> "Given":
    """Return a model's functions, compiled if its structure is new to this process."""
    data, structure = _read(model)
    if structure not in _STRUCTURES:
        _STRUCTURES[structure] = Structure(model)
    return Given(_STRUCTURES[structure], model, [constant.data for constant in data])


class Function(NamedTuple):
    """A compiled function.

    Attributes
    ----------
    run : callable
        Of its inputs, then of the arguments that it uses.
    used : tuple of int
        Positions of these among the structure's.
    """

    run: Callable
    used: tuple[int, ...]

    def __call__(self, inputs: Iterable, arguments: Sequence) -> Any:
        """Evaluate it given all arguments of the structure."""
        return self.run(*inputs, *(arguments[position] for position in self.used))


class Structure:
    """A model without its data, and its functions, each compiled when it is first asked for.

    Parameters
    ----------
    model : pm.Model
        Of any of its data sets.
    """

    def __init__(self, model: pm.Model) -> None:
        constants, _ = _read(model)
        graph, copies = fgraph_from_model(model)
        self.data = [
            pt.TensorType(constant.type.dtype, [n if n < 2 else None for n in constant.data.shape])(
                name=f"data_{number}"
            )
            for number, constant in enumerate(constants)
        ]
        swapped = {
            copies.get(constant, constant): variable
            for constant, variable in zip(constants, self.data, strict=True)
        }
        outputs = clone_replace(list(graph.outputs), swapped, rebuild_strict=False)
        of_model = FunctionGraph(outputs=outputs, clone=False)
        of_model._coords, of_model._dim_lengths = graph._coords, graph._dim_lengths
        self.model = model_from_fgraph(of_model, mutate_fgraph=True)
        self.lengths = {
            name: length.type(name=f"length_{name}")
            for name, length in self.model.dim_lengths.items()
        }
        # PyMC lists variables by the graph, not as the model's file does.
        self.free = [self.model[variable.name] for variable in model.free_RVs]
        self.values = [self.model.rvs_to_values[variable] for variable in self.free]

    @cached_property
    def density(self) -> Function:
        """From point, shapes and arguments to log density and gradient: machine code.

        Sums are made in the order in which they are written. By PyTensor's default the compiler
        may turn them about, and does so in another way where it finds parts compiled by an earlier
        run: the same seed would not give the same draws.
        """
        value = rewrite_graph(self.model.logp(), include=["canonicalize", "stabilize"])
        gradient = pt.concatenate([part.ravel() for part in pt.grad(value, self.values)])
        point, shapes = pt.dvector("point"), pt.lvector("shapes")
        pieces = _pieces(point, shapes, self.values)
        with pytensor.config.change_flags(numba__fastmath=False):
            function = self._function([point, shapes], [value, gradient], pieces, MACHINE_CODE)
        return function._replace(run=getattr(function.run.vm, "jit_fn", function.run))

    @cached_property
    def start(self) -> Function:
        """From arguments to where chains start, but for their jitter."""
        points = make_initial_point_expression(
            free_rvs=self.free,
            rvs_to_transforms=self.model.rvs_to_transforms,
            initval_strategies={},
            return_transformed=True,
        )
        return self._function([], points)

    @cached_property
    def constrain(self) -> Function:
        """From draws of the sampler's coordinates and arguments to those of the free variables."""
        outputs = []
        for variable, value in zip(self.free, self.values, strict=True):
            transform = self.model.rvs_to_transforms[variable]
            inputs = variable.owner.inputs
            outputs.append(value if transform is None else transform.backward(value, *inputs))
        return self._of_draws(self.values, outputs)

    @cached_property
    def log_prior(self) -> Function:
        """From draws of the free variables and arguments to the log prior of each of them."""
        model = remove_value_transforms(self.model)
        free = [model[variable.name] for variable in self.free]
        sums = [density.sum() for density in model.logp(free, jacobian=False, sum=False)]
        return self._of_draws([model.rvs_to_values[variable] for variable in free], sums)

    @cached_property
    def draw_prior(self) -> tuple[Function, list]:
        """From a number and arguments to draws from the prior; and its random generators."""
        number = pt.lscalar("number")
        drawn: dict[Variable, Variable] = {}
        for variable in self.free:  # parents come first
            dims = self.model.named_vars_to_dims[variable.name]
            size = [number, *(self.lengths[dim] for dim in dims)]
            drawn[variable] = _many(variable, size, drawn)
        outputs = list(drawn.values())
        function = self._function([number], outputs)
        return function, find_rng_nodes(function.run.maker.fgraph.outputs)

    def _of_draws(self, values: list[Variable], outputs: list[Variable]) -> Function:
        """Return a function of many draws at once, their number the first dim."""
        batches = [pt.tensor(dtype=v.type.dtype, shape=(None, *v.type.shape)) for v in values]
        together = vectorize_graph(outputs, dict(zip(values, batches, strict=True)))
        return self._function(batches, together)

    def _function(
        self,
        inputs: list[Variable],
        outputs: list[Variable],
        replaced: dict[Variable, Variable] | None = None,
        mode: str = INTERPRETED,
    ) -> Function:
        """Compile a function of inputs, and of what it uses of data and lengths of dims."""
        swapped = dict(replaced or {})
        # PyMC copies variables where it rewrites a model: their names are left.
        of_name = {variable.name: variable for variable in self.data}
        for variable in graph_inputs(outputs):
            if isinstance(variable, SharedVariable) and variable.name in self.lengths:
                swapped[variable] = self.lengths[variable.name]
            elif not isinstance(variable, Constant) and variable.name in of_name:
                swapped[variable] = of_name[variable.name]
        outputs = clone_replace(outputs, swapped, rebuild_strict=False)
        arguments, needed = [*self.data, *self.lengths.values()], set(graph_inputs(outputs))
        used = tuple(position for position, argument in enumerate(arguments) if argument in needed)
        run = pytensor.function(
            [*inputs, *(arguments[position] for position in used)],
            outputs,
            mode=mode,
            on_unused_input="ignore",
            trust_input=True,
        )
        return Function(run, used)


class Given:
    """Functions of a model's structure, given a data set.

    Parameters
    ----------
    structure : Structure
    model : pm.Model
        Of that data set.
    data : list of ndarray
        Its arrays.
    """

    def __init__(self, structure: Structure, model: pm.Model, data: list[NDArray[Any]]) -> None:
        self.structure = structure
        self.names = [variable.name for variable in model.free_RVs]
        of_dim = {name: len(labels) for name, labels in model.coords.items()}
        # Copies: machine code is made for arrays that may be written to, as those of draws are.
        self.arguments = [np.array(values, order="C") for values in data]
        self.arguments += [np.array(of_dim[name]) for name in structure.lengths]
        self.dims = {
            name: tuple(of_dim[dim] for dim in model.named_vars_to_dims[name])
            for name in self.names
        }

    @cached_property
    def begin(self) -> list[Array]:
        """Where chains start, but for their jitter: an array for each variable."""
        return [np.asarray(v, float) for v in self.structure.start((), self.arguments)]

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the sampler's coordinates of each variable."""
        return [values.shape for values in self.begin]

    @cached_property
    def _shapes(self) -> NDArray[np.int64]:
        return np.array([n for shape in self.shapes for n in shape], dtype=np.int64)

    @cached_property
    def _density(self) -> tuple[Callable, list]:
        run, used = self.structure.density
        return run, [self._shapes, *(self.arguments[position] for position in used)]

    @property
    def size(self) -> int:
        """Number of the sampler's coordinates."""
        return sum(values.size for values in self.begin)

    def initial(self, seed: int) -> Array:
        """Return where a chain starts, shape (size,)."""
        flat = np.concatenate([values.ravel() for values in self.begin])
        return flat + np.random.default_rng(seed).uniform(-1, 1, self.size)

    def logp_and_gradient(self, point: Array) -> tuple[float, Array]:
        """Evaluate the density of the sampler's coordinates, and its gradient.

        Parameters
        ----------
        point : ndarray, shape (size,)

        Raises
        ------
        OutOfRangeError
            If one of them is not finite.
        """
        run, arguments = self._density
        value, gradient = run(point, *arguments)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            raise OutOfRangeError("the density or its gradient is not finite")
        return float(value), gradient

    def constrained(self, points: Array) -> dict[str, Array]:
        """Translate draws of the sampler's coordinates to the free variables.

        Parameters
        ----------
        points : ndarray, shape (chains, draws, size)

        Returns
        -------
        dict of str to ndarray, shapes (chains, draws, *dims)
        """
        leading, flat = points.shape[:-1], points.reshape(-1, points.shape[-1])
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in self.shapes])
        pieces = np.split(flat, ends[:-1], axis=1)
        batches = [
            np.ascontiguousarray(piece).reshape(-1, *shape)
            for piece, shape in zip(pieces, self.shapes, strict=True)
        ]
        constrained_batches = self.structure.constrain(batches, self.arguments)
        return {
            name: values.reshape(*leading, *values.shape[1:])
            for name, values in zip(self.names, constrained_batches, strict=True)
        }

    def log_prior(self, flat: dict[str, Array]) -> dict[str, Array]:
        """Return the log prior of each free variable, summed over its elements.

        Parameters
        ----------
        flat : dict of str to ndarray, shapes (chains, draws, size)

        Returns
        -------
        dict of str to ndarray, shapes (chains, draws)
        """
        batches = [
            np.ascontiguousarray(flat[name], float).reshape(-1, *self.dims[name])
            for name in self.names
        ]
        densities = self.structure.log_prior(batches, self.arguments)
        return {
            name: np.asarray(values).reshape(flat[name].shape[:2])
            for name, values in zip(self.names, densities, strict=True)
        }

    def draw_prior(self, number: int, rng: np.random.Generator) -> dict[str, Array]:
        """Return draws of the free variables from the prior, shapes (number, size)."""
        function, generators = self.structure.draw_prior
        reseed_rngs(generators, int(rng.integers(2**31)))
        drawn = function((np.array(number),), self.arguments)
        return {
            name: values.reshape(number, -1) for name, values in zip(self.names, drawn, strict=True)
        }


def _many(variable: Variable, size: list[Variable], drawn: dict[Variable, Variable]) -> Variable:
    """Return a random variable with a first dim of draws, given those that it depends on."""
    op, node = variable.owner.op, variable.owner
    if not isinstance(op, RandomVariable):  # made of others, which depend on none here
        return change_dist_size(variable, size[:1], expand=True)
    parameters = op.dist_params(node)
    many = vectorize_graph(parameters, drawn) if drawn else parameters
    aligned = [
        new
        if new.type.ndim == old.type.ndim
        else pt.expand_dims(new, tuple(range(1, 1 + variable.type.ndim - old.type.ndim)))
        for old, new in zip(parameters, many, strict=True)
    ]
    _, draws = op(*aligned, size=size, rng=op.rng_param(node), return_next_rng=True)
    return draws


def _pieces(point: Variable, shapes: Variable, values: list[Variable]) -> dict[Variable, Variable]:
    """Cut a flat point into values; `shapes` lists the lengths of all their dims in turn."""
    pieces, start, dims_before = {}, pt.constant(0, dtype="int64"), 0
    for value in values:
        shape = [shapes[dims_before + dim] for dim in range(value.type.ndim)]
        stop = start + (pt.prod(pt.stack(shape)) if len(shape) > 1 else shape[0])
        piece = point[start:stop]
        pieces[value] = piece.reshape(shape) if len(shape) > 1 else piece
        start, dims_before = stop, dims_before + len(shape)
    return pieces


def _read(model: pm.Model) -> tuple[list[Constant], Hashable]:
    """Return a model's arrays, in an order fixed by its graph, and all but what they hold."""
    waiting: list[Variable] = [
        *model.basic_RVs,
        *(model.rvs_to_values[variable] for variable in model.observed_RVs),
    ]
    numbers: dict[Variable, int] = {}
    data, structure = [], []
    while waiting:
        variable = waiting.pop()
        if variable in numbers:
            structure.append(numbers[variable])
            continue
        numbers[variable] = len(numbers)
        if isinstance(variable, Constant) and variable.type.ndim:
            data.append(variable)
            lengths = tuple(min(n, 2) for n in variable.data.shape)
            structure.append((variable.type.dtype, lengths))
        elif isinstance(variable, Constant):
            structure.append((variable.type, np.asarray(variable.data).tobytes()))
        elif variable.owner is None:
            structure.append((variable.type, variable.name))
        else:
            op = variable.owner.op
            # PyMC makes a class of its own for each of these.
            known = str(op) if isinstance(op, CustomDistRV) else op
            structure.append((known, variable.owner.outputs.index(variable), variable.name))
            waiting += variable.owner.inputs
    dims = tuple(sorted((name, tuple(d)) for name, d in model.named_vars_to_dims.items()))
    transforms = tuple(type(model.rvs_to_transforms[v]) for v in model.free_RVs)
    order = tuple(variable.name for variable in model.free_RVs)
    return data, (tuple(structure), dims, transforms, order)
