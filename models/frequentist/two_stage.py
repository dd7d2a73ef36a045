"""Two-stage least squares for panels: on levels, within units, and on first differences.

Regressors, instruments and outcome are transformed alike (Baltagi, *Econometric Analysis of Panel
Data*, chapter 7). Estimates and errors are those of linearmodels' `IV2SLS`, with the degrees of
freedom that the effects of units took. All have Stata's `small` factors; `ivregress` without
`small` divides by n, which makes conventional errors smaller by √((n − k)/n).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from data.shared.errors import UserError
from models.design import Design
from models.frequentist.panel_fit import (
    BOTH,
    Array,
    PanelFit,
    centred,
    errors_of,
    listed,
    record,
    refuse_collinear,
    refuse_few,
    unit_means,
    with_constant,
    with_period_dummies,
)


class Instruments(NamedTuple):
    """What two-stage least squares needs beside a design.

    Attributes
    ----------
    endogenous : tuple of str
        Terms of the design that the errors are correlated with.
    names : tuple of str
        The j instruments that are no regressors.
    values : ndarray, shape (n, j)
        In the order of the design's rows.
    """

    endogenous: tuple[str, ...]
    names: tuple[str, ...]
    values: Array


class _Equation(NamedTuple):
    """Arrays of a transformed equation.

    Attributes
    ----------
    y : ndarray, shape (m,)
    x : ndarray, shape (m, k)
        Without the constant.
    z : ndarray, shape (m, j)
        Instruments that are no regressors.
    unit, period : ndarray of int, shape (m,)
        Codes.
    absorbed : int
        Degrees of freedom that effects of units took before.
    """

    y: Array
    x: Array
    z: Array
    unit: NDArray[np.int64]
    period: NDArray[np.int64]
    absorbed: int = 0


def iv(
    design: Design,
    instruments: Instruments,
    periods: bool = False,
    errors: Sequence[str] = BOTH,
) -> PanelFit:
    """Two-stage least squares on levels with a constant.

    Parameters
    ----------
    design : Design
    instruments : Instruments
    periods : bool
        With period dummies.
    errors : sequence of str
        Kinds of errors, among those of one equation: no Driscoll–Kraay.
    """
    full = with_period_dummies(design) if periods else design
    equation = _Equation(full.y, full.x, instruments.values, full.province, full.year)
    return _fit(design, full, instruments, equation, errors, "among all rows", t=True)


def within_iv(
    design: Design,
    instruments: Instruments,
    periods: bool = False,
    errors: Sequence[str] = BOTH,
) -> PanelFit:
    """Two-stage least squares on deviations from unit means; tests are of z, arguments as `iv`."""
    full = with_period_dummies(design) if periods else design
    stacked = np.column_stack([full.y, full.x, instruments.values])
    # Stata adds the means of all rows again, which gives the constant.
    net = stacked - unit_means(full, stacked)[full.province] + stacked.mean(axis=0)
    y, x, z = _split(net, full.x.shape[1])
    equation = _Equation(y, x, z, full.province, full.year, absorbed=len(full.provinces) - 1)
    return _fit(design, full, instruments, equation, errors, "within units", t=False)


def fd_iv(
    design: Design,
    instruments: Instruments,
    periods: bool = False,
    errors: Sequence[str] = BOTH,
) -> PanelFit:
    """Two-stage least squares on differences from the calendar year before, with a constant.

    Instruments are differenced as everything else; tests are of z. With `periods` the constant is
    the first difference's, and others have dummies. Arguments as `iv`.
    """
    before = _year_before(design)
    later = np.flatnonzero(before >= 0)
    if not later.size:
        raise UserError(
            "No unit is seen in two years in a row, so nothing can be differenced: add years."
        )
    stacked = np.column_stack([design.y, design.x, instruments.values])
    y, x, z = _split(stacked[later] - stacked[before[later]], design.x.shape[1])
    full = with_period_dummies(design) if periods else design
    if periods:
        later_years = np.unique(design.year[later])
        x = np.column_stack([x, np.eye(len(design.years))[design.year[later]][:, later_years[1:]]])
        positions = [*range(len(design.terms)), *(len(design.terms) + later_years[1:] - 1)]
        full = _only(full, positions)
    equation = _Equation(y, x, z, design.province[later], design.year[later])
    return _fit(design, full, instruments, equation, errors, "in first differences", t=False)


# --- transformed data ----------------------------------------------------------------------------


def _split(stacked: Array, k: int) -> tuple[Array, Array, Array]:
    """Return outcome, k regressors and instruments of stacked columns."""
    return stacked[:, 0], stacked[:, 1 : 1 + k], stacked[:, 1 + k :]


def _only(design: Design, columns: Sequence[int]) -> Design:
    """Return a design with some of its terms."""
    terms = tuple(design.terms[i] for i in columns)
    return replace(design, x=design.x[:, list(columns)], terms=terms)


def _year_before(design: Design) -> NDArray[np.int64]:
    """Return the position of the unit's row of the calendar year before, −1 if there is none."""
    years = np.asarray(design.years)[design.year]
    index = pd.MultiIndex.from_arrays([design.province, years])
    return index.get_indexer(pd.MultiIndex.from_arrays([design.province, years - 1]))


# --- estimation ----------------------------------------------------------------------------------


def _fit(
    design: Design,
    full: Design,
    instruments: Instruments,
    equation: _Equation,
    errors: Sequence[str],
    where: str,
    t: bool,
) -> PanelFit:
    """Fit a transformed equation.

    Parameters
    ----------
    design, full : Design
        Without and with period dummies.
    instruments : Instruments
    equation : _Equation
        With period dummies.
    errors : sequence of str
    where : str
        What the transformation left, for the sentences of errors.
    t : bool
        Whether tests are of t; of z otherwise.
    """
    from linearmodels.iv import IV2SLS

    _refuse_instruments(design.terms, instruments)
    refuse_collinear(full.terms, centred(equation.x), equation.x, where)
    endogenous = np.isin(full.terms, instruments.endogenous)
    exogenous = np.column_stack([equation.x[:, ~endogenous], equation.z])
    names = [*np.asarray(full.terms)[~endogenous], *instruments.names]
    refuse_collinear(names, centred(exogenous), exogenous, f"{where} beside other instruments")
    parameters = len(full.terms) + 1 + equation.absorbed
    rows = len(equation.y)
    refuse_few(rows, parameters, "rows")

    model = IV2SLS(
        equation.y,
        with_constant(equation.x[:, ~endogenous]),
        equation.x[:, endogenous],
        equation.z,
    )
    unclustered = partial(model.fit, debiased=True, extra_df=equation.absorbed)
    # Effects of units are nested in clusters of units and do not count.
    clustered = partial(model.fit, cov_type="clustered", debiased=True)
    fits = {
        "conventional": partial(unclustered, cov_type="unadjusted"),
        "robust": partial(unclustered, cov_type="robust"),
        "clustered": partial(clustered, clusters=equation.unit),
        "two_way_clustered": partial(
            clustered, clusters=np.column_stack([equation.unit, equation.period])
        ),
    }
    # linearmodels puts exogenous regressors first, of which the constant is the last.
    fitted_order = [*np.flatnonzero(~endogenous), len(full.terms), *np.flatnonzero(endogenous)]
    order = np.argsort(fitted_order)
    # The matrices are small: threads of the linear algebra wait for each other more than they do.
    with threadpool_limits(limits=1, user_api="blas"):
        standard_errors = errors_of(
            fits, errors, len(np.unique(equation.unit)), "two-stage least squares"
        )
        result = fits["conventional"]()
    return record(
        full,
        result,
        {kind: values[order] for kind, values in standard_errors.items()},
        result.params.to_numpy()[order],
        n=rows,
        df=rows - parameters if t else np.inf,
        terms=design.terms,
    )


def _refuse_instruments(terms: Sequence[str], instruments: Instruments) -> None:
    unknown = [name for name in instruments.endogenous if name not in terms]
    if unknown or not instruments.endogenous:
        fault = f"{unknown[0]!r} is no regressor" if unknown else "No endogenous regressor is named"
        raise UserError(f"{fault}: choose among {listed(terms)}.")
    exogenous = [name for name in instruments.names if name in terms]
    if exogenous:
        raise UserError(
            f"Instrument {exogenous[0]} is a regressor, too: exogenous regressors are instruments "
            "without being named, so name others only."
        )
    needed, named = len(instruments.endogenous), len(instruments.names)
    if named < needed:
        raise UserError(
            f"{named} instruments are too few for {needed} endogenous regressors: name at least "
            f"{needed}."
        )
