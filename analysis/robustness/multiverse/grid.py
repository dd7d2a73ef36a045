"""Least squares in every universe of a column: the whole cross product of the choices.

Forms of variables are swept of province effects once, and one regression's regressors serve all
outcomes (`models.frequentist.twfe_batch`), so that a universe costs some microseconds. Universes
that come to the same data in the same rows are one regression, which is estimated once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from analysis.robustness.multiverse.options import (
    BY_REGION,
    cells,
    changed,
    kept,
    offered,
    plainest,
    sampled,
    taken,
    without,
)
from analysis.robustness.multiverse.records import Option, Setting
from analysis.specifications import select
from models.design import DERIVED, Specification
from models.frequentist import twfe_batch

Array = NDArray[np.float64]


@cache
def variable(setting: Setting, name: str, form: tuple[tuple[str, str], ...]) -> Array:
    """Return a variable of the Dataset in one form, shape (provinces, years)."""
    return cells(setting.dataset, name, dict(form))


@cache
def reach(df: tuple[int, ...]) -> Array:
    """Return Student t's 97.5 % point for each number of degrees of freedom."""
    return stats.t.ppf(0.975, df)


class Series(NamedTuple):
    """A term of a regression, its variable in one form."""

    term: str
    form: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """Regressions that are estimated together.

    Attributes
    ----------
    record : Specification
    choices : dict of str to (tuple of Option)
        All that are choices for the column.
    outer, inner, whole : tuple of str
        Choices that touch regressors, those that touch the outcome alone, and those of rows and
        estimator.
    regressors : list of (tuple of Series)
        For each combination of the outer choices.
    outcomes : list of (tuple of Series)
        Beside each of these, for each combination of the inner choices.
    """

    record: Specification
    choices: dict[str, tuple[Option, ...]]
    outer: tuple[str, ...]
    inner: tuple[str, ...]
    whole: tuple[str, ...]
    regressors: list[tuple[Series, ...]]
    outcomes: list[tuple[Series, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The choices in the order of `Setting.grid`."""
        return tuple(self.choices)

    def size(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the number of options of some choices."""
        return tuple(len(self.choices[name]) for name in names)

    @property
    def ways(self) -> list[tuple[Option, ...]]:
        """Every combination of rows and estimator: one to a batch."""
        return list(product(*(self.choices[name] for name in self.whole)))


@cache
def layout(setting: Setting, column: str) -> Layout:
    """Lay out a column's grid."""
    (record,) = select([column])
    choices = offered(setting.grid, record, setting)
    of_terms = [name for name in choices if name in setting.of_terms]

    # By option once and not by combination, of which there are thousands.
    takes = {
        name: [taken(option, record, setting.forms) for option in choices[name]]
        for name in of_terms
    }

    def touches(name: str) -> bool:
        drops = any(option.drops for option in choices[name])
        return drops or any(set(variables) - {record.outcome} for variables in takes[name])

    # Where an outcome's forms are not seen in the same cells, so are their regressions' rows.
    observed = np.isfinite(setting.dataset[record.outcome])
    forms = [dim for dim in observed.dims if dim in setting.construction]
    even = bool((observed.all(forms) == observed.any(forms)).all())
    outer = tuple(name for name in of_terms if touches(name) or not even)
    inner = tuple(name for name in of_terms if name not in outer)
    more = list(product(*(takes[name] for name in inner)))
    plain = plainest(record, setting)
    regressors, outcomes = [], []
    for chosen, changes in zip(
        product(*(choices[name] for name in outer)),
        product(*(takes[name] for name in outer)),
        strict=True,
    ):
        form = changed(plain, changes)
        terms = without(record, chosen).terms
        regressors.append(tuple(Series(t, tuple(form[source(t)].items())) for t in terms))
        inner_forms = (changed(form, form_of)[record.outcome] for form_of in more)
        outcomes.append(
            tuple(Series(record.outcome, tuple(form_of.items())) for form_of in inner_forms)
        )
    of_rows = tuple(name for name in choices if name not in of_terms)
    return Layout(record, choices, outer, inner, of_rows, regressors, outcomes)


def source(term: str) -> str:
    """Return the variable that a term is made of."""
    return DERIVED.get(term, (term,))[0]


def run(setting: Setting, column: str, number: int) -> dict[str, Array]:
    """Estimate all universes of one way to choose rows and estimator.

    Parameters
    ----------
    setting : Setting
    column : str
    number : int
        Position in `Layout.ways`.

    Returns
    -------
    dict of str to ndarray
        `estimate` (choices but those of rows and estimator, term), `se` (…, clustering),
        `critical` (choices that touch regressors, clustering): Student t's 97.5 % point, and
        `regression` (choices but those of rows and estimator): hashes, equal where data and
        estimator are.
    """
    laid, frame = layout(setting, column), setting.frame
    chosen = laid.ways[number]
    sets = {name: value for option in chosen for name, value in option.sets.items()}
    rows = np.logical_and.reduce(
        [sampled(laid.record, setting), *(kept(option, laid.record, setting) for option in chosen)]
    )
    grid = rows.reshape(frame["province"].nunique(), -1)
    used = np.ix_(grid.any(axis=1), grid.any(axis=0))
    region = pd.factorize(frame["region"].to_numpy().reshape(grid.shape)[used][:, :1].ravel())[0]
    trend = bool(sets.get("trend"))
    cells_of = cache(lambda series: variable(setting, source(series.term), series.form)[used])
    # What lies outside the sample is no part of a regression.
    identity = cache(lambda s: (s.term, np.where(grid[used], cells_of(s), 0.0).tobytes()))
    estimator = {k: v for k, v in sets.items() if region.max(initial=0) or k not in BY_REGION}

    @cache
    def values_of(series: Series) -> Array:
        return DERIVED.get(series.term, (None, lambda values: values))[1](cells_of(series))

    @cache
    def swept(series: Series) -> Array:
        return twfe_batch.within_provinces(values_of(series), trend)

    def fit(outcomes: Sequence[Series], regressors: Sequence[Series]) -> twfe_batch.Many:
        observed = grid[used] & np.all(
            [np.isfinite(cells_of(s)) for s in (*regressors, *outcomes)], 0
        )
        balanced = bool(observed.size and observed.all())
        values = swept if balanced else values_of
        y, x = (
            np.stack([values(series) for series in listed], -1) for listed in (outcomes, regressors)
        )
        if balanced:
            return twfe_batch.fit(y, x, region, p, **sets)
        return twfe_batch.fit_gaps(y, x, observed, region, p, **sets)

    p = len(laid.record.interest)
    numbers: dict[object, int] = {}
    regression, critical = [], []
    slopes: list[Array] = []
    errors: list[Array] = []
    for regressors, outcomes in zip(laid.regressors, laid.outcomes, strict=True):
        of_x = tuple(map(identity, regressors))
        representative = {(of_x, identity(series)): series for series in reversed(outcomes)}
        new = {key: representative[key] for key in representative if key not in numbers}
        # The degrees of freedom need a fit, of one outcome where all are known.
        fitted_to = list(new.values()) or [outcomes[0]]
        fitted = fit(fitted_to, regressors)
        critical.append(reach(fitted.df))
        for q, key in enumerate(new):
            numbers[key] = len(numbers)
            slopes.append(fitted.slope[:, q])
            errors.append(fitted.se[:, q])
        regression.append([numbers[of_x, identity(series)] for series in outcomes])
    ids = np.array(regression, dtype=np.int32)
    hashes = np.array([hashed(key, grid[used], estimator) for key in numbers])
    estimate, se = (np.stack(listed)[ids].swapaxes(1, 2) for listed in (slopes, errors))
    shape = (*laid.size(laid.outer), p, *laid.size(laid.inner))
    dims = (*laid.outer, "term", *laid.inner)
    order = [dims.index(name) for name in (*(n for n in laid.names if n in dims), "term")]
    return {
        "estimate": estimate.reshape(shape).transpose(order).astype(np.float32),
        "se": se.reshape(*shape, -1).transpose(*order, len(order)).astype(np.float32),
        "critical": np.reshape(critical, (*laid.size(laid.outer), -1)).astype(np.float32),
        "regression": hashes[ids]
        .reshape(laid.size((*laid.outer, *laid.inner)))
        .transpose([axis - (axis > len(laid.outer)) for axis in order[:-1]]),
    }


def hashed(key: object, rows: NDArray[np.bool_], estimator: Mapping[str, object]) -> np.int64:
    """Return a number that is the same where data, rows and estimator are."""
    text = repr((key, rows.shape, rows.tobytes(), sorted(estimator.items())))
    return np.frombuffer(blake2b(text.encode(), digest_size=8).digest(), np.int64)[0]


def collect(setting: Setting, column: str, parts: Sequence[dict[str, Array]]) -> xr.Dataset:
    """Put the batches of a column together, in the order of their numbers.

    Returns
    -------
    Dataset
        `estimate` (the choices, term), `se` (…, clustering) and `critical`: a 95 % interval is
        estimate ± critical · se. `regression` (the choices): equal where universes are one.
    """
    laid = layout(setting, column)
    of_terms = tuple(name for name in laid.names if name not in laid.whole)
    dims = {
        "estimate": (*of_terms, "term"),
        "se": (*of_terms, "term", "clustering"),
        "critical": (*laid.outer, "clustering"),
        "regression": of_terms,
    }
    variables = {}
    for name, of_variable in dims.items():
        values = np.stack([part[name] for part in parts])
        if name == "regression":
            values = np.unique(values, return_inverse=True)[1].astype(np.int32)
        values = values.reshape((*laid.size(laid.whole), *values.shape[1:]))
        order = [
            dim for dim in (*laid.names, "term", "clustering") if dim in laid.whole + of_variable
        ]
        variables[name] = xr.Variable((*laid.whole, *of_variable), values).transpose(*order)
    coords = {
        name: [option.name for option in of_variable] for name, of_variable in laid.choices.items()
    }
    coords |= {"term": list(laid.record.interest), "clustering": list(twfe_batch.CLUSTERINGS)}
    return xr.Dataset(variables, coords)
