"""Printed quantities as differentiable functions of a panel's cells.

The formulas are those of `models.frequentist.twfe` and `models.frequentist.gmm`; here they are only
given JAX arrays, and their Jacobians are put together over all columns. JAX is an extra that
nothing else needs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.replication import system_gmm
from analysis.ye2024.reconstruction.keys import HANSEN, RATIO, Key
from data.ye2024.definitions import SUMS
from models.design import DERIVED, Specification, sample
from models.frequentist import twfe
from models.frequentist.gmm.arrays import arrays
from models.frequentist.gmm.estimation import (
    moment_covariance,
    moments,
    robust_covariance,
    step,
    windmeijer,
)
from models.frequentist.gmm.grid import grid, with_lags
from models.frequentist.gmm.moment_tests import serial_correlation
from models.frequentist.gmm.problem import prepare, row_root

jax.config.update("jax_enable_x64", True)  # the printed digits need double precision

Own = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""From a column's own cells, (v, n), to its q quantities and their Jacobian, (q, v, n)."""


@dataclass(frozen=True)
class Quantities:
    """All quantities that are computed from a panel's free series.

    Attributes
    ----------
    series : tuple of str
        The free series, S in number; sums are made of them.
    keys : tuple of Key
        The Q quantities.
    parts : tuple of (rows, weights, function)
        For each column: positions of its own cells among the panel's rows, shape (n,); the linear
        map from free series to its variables, shape (v, S); and the function.
    """

    series: tuple[str, ...]
    keys: tuple[Key, ...]
    parts: tuple[tuple[NDArray[np.int64], NDArray[np.float64], Own], ...]

    def __call__(
        self, cells: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the Q values and their Jacobian, (Q, S, rows), at cells of shape (S, rows)."""
        values, jacobian = [], np.zeros((len(self.keys), *cells.shape))
        position = 0
        for rows, weights, function in self.parts:
            value, derivative = function(weights @ cells[:, rows])
            values.append(value)
            jacobian[position : position + len(value), :, rows] = np.einsum(
                "qvn,vs->qsn", derivative, weights
            )
            position += len(value)
        return np.concatenate(values), jacobian


def quantities(
    frame: pd.DataFrame,
    series: Sequence[str],
    described: Sequence[str],
    specifications: Sequence[Specification],
) -> Quantities:
    """Collect the quantities of Table 2 and of the given columns.

    Parameters
    ----------
    frame : DataFrame
        `province, year, region` of a balanced panel, sorted by province and year; it also holds
        some values of every variable, which only determine system GMM's instruments.
    series : sequence of str
        The free series.
    described : sequence of str
        Variables with mean and standard deviation (Table 2).
    specifications : sequence of Specification
    """
    series = tuple(series)
    keys: list[Key] = []
    parts = []
    every_row, of_moments = np.arange(len(frame)), with_jacobian(_moments)
    for name in described:
        keys += [("2", name, statistic) for statistic in ("mean", "sd")]
        parts.append((every_row, weights_of((name,), series), of_moments))
    compiled: dict[Specification, Own] = {}
    for record in specifications:
        keys_of, function_of = FUNCTIONS[record.estimator]
        # Columns that differ by their outcome alone share one compilation.
        shape = replace(record, column="", outcome="", title="", system=None)
        if shape not in compiled:
            compiled[shape] = function_of(frame, record)
        keys += keys_of(record)
        rows = frame.index.get_indexer(sample(frame, record).index)
        parts.append((rows, weights_of(record.variables, series), compiled[shape]))
    return Quantities(series, tuple(keys), tuple(parts))


def weights_of(variables: Sequence[str], series: tuple[str, ...]) -> NDArray[np.float64]:
    """Return how variables are made of free series, shape (v, S): ones where one is a part."""
    made_of = [SUMS.get(variable, (variable,)) for variable in variables]
    return np.array([[float(name in parts) for name in series] for parts in made_of])


def with_jacobian(function: Callable) -> Own:
    """Compile a function of a column's own cells together with its Jacobian."""
    value_and_jacobian = jax.jit(lambda cells: (function(cells), jax.jacrev(function)(cells)))

    def evaluate(cells: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return tuple(map(np.asarray, value_and_jacobian(jnp.asarray(cells))))

    return evaluate


def _moments(cells: jax.Array) -> jax.Array:
    return jnp.stack([jnp.mean(cells[0]), jnp.std(cells[0], ddof=1)])


# --- two-way fixed effects --------------------------------------------------------------------


def _two_way_keys(record: Specification) -> list[Key]:
    of_terms = _by_term(record, (*record.terms, twfe.CONSTANT))
    return [*of_terms, (record.column, "", "r2")]


def outcome_and_regressors(
    record: Specification,
) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """Return the map from a column's cells, (v, n), to its outcome, (n,), and terms, (n, k)."""
    sources = [DERIVED.get(term, (term, None)) for term in record.terms]
    regressors = [(record.variables.index(source), derive) for source, derive in sources]

    def split(cells: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = [cells[at] if derive is None else derive(cells[at]) for at, derive in regressors]
        return cells[0], jnp.stack(x, axis=1)

    return split


def _by_term(record: Specification, terms: Sequence[str]) -> list[Key]:
    return [(record.column, term, name) for name in ("coef", "se", RATIO) for term in terms]


def _two_way_function(frame: pd.DataFrame, record: Specification) -> Own:
    rows = sample(frame, record)
    province, year = (pd.factorize(rows[name])[0] for name in ("province", "year"))
    split = outcome_and_regressors(record)

    def function(cells: jax.Array) -> jax.Array:
        fit = twfe.fit_arrays(*split(cells), province, year)
        return jnp.concat([fit.coef, fit.se, fit.coef / fit.se, fit.r2_within[None]])

    return with_jacobian(function)


# --- system GMM -------------------------------------------------------------------------------


def _system_gmm_keys(record: Specification) -> list[Key]:
    of_terms = _by_term(record, (system_gmm.LAG, *record.interest, twfe.CONSTANT))
    return [*of_terms, *((record.column, "", name) for name in ("ar1_z", "ar2_z", HANSEN))]


def _system_gmm_function(frame: pd.DataFrame, record: Specification) -> Own:
    """Return the function of a column of Table 5, under the declared default choices."""
    rows, specification = system_gmm.estimation(frame, record)
    problem = prepare(grid(rows, "province", "year", specification.terms), specification)
    panel, structure = problem.panel, problem.structure.keep_instruments(problem.kept)
    root = row_root(specification, structure, len(panel.periods))
    dummies = [name for name in specification.columns if name not in record.variables]
    fixed = np.stack([panel.values[panel.index(name)] for name in dummies])
    shape = (len(record.variables), len(panel.groups), len(panel.periods))
    provinces = list(dict.fromkeys(rows["province"]))
    order = np.array([provinces.index(name) for name in panel.groups])
    reported = np.array(
        [
            structure.regressors.index(term)
            for term in (f"L.{record.outcome}", *record.interest, twfe.CONSTANT)
        ]
    )

    def function(cells: jax.Array) -> jax.Array:
        base = jnp.transpose(jnp.reshape(cells, shape)[:, order], (0, 2, 1))
        base = jnp.concat([base, jnp.asarray(fixed)])
        values = with_lags(base, (*record.variables, *dummies), panel.terms[:-1])
        blocks = [arrays(values, structure)]
        zx, zy, s, _ = moments(blocks, root)
        first = step(zx, zy, s)
        s2 = moment_covariance(blocks, first.coef)
        second = step(zx, zy, s2)
        covariance = windmeijer(blocks, first, second, robust_covariance(first, s2))
        z = serial_correlation(blocks, (1, 2), second, covariance)
        coef = second.coef[reported]
        se = jnp.sqrt(jnp.diagonal(covariance))[reported]
        return jnp.concat([coef, se, coef / se, jnp.stack([*z, second.criterion])])

    return with_jacobian(function)


FUNCTIONS = {
    "twfe": (_two_way_keys, _two_way_function),
    "system_gmm": (_system_gmm_keys, _system_gmm_function),
}
"""By a specification's `estimator`: the keys of a column's quantities and their function."""
