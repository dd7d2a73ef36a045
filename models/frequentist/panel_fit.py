"""The record of a fitted static column, and what its estimators share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.design import Design
from models.frequentist.coefficient_table import coefficient_table, p_values
from models.frequentist.twfe import CONSTANT, FEWEST_CLUSTERS
from models.frequentist.two_way import resolution

Array = NDArray[np.float64]

ERRORS = ("conventional", "robust", "clustered", "two_way_clustered", "driscoll_kraay")
"""Kinds of standard errors: under independent errors of one variance; robust to heteroskedasticity
(HC1); clustered by unit; by unit and by period; Driscoll and Kraay's."""

BOTH = ("conventional", "clustered")
"""Kinds that are computed unless others are asked for."""


@dataclass(frozen=True)
class PanelFit:
    """A fitted column; arrays follow `terms`, in which the constant is last.

    Attributes
    ----------
    terms : tuple of str
        Without period dummies.
    coef : ndarray, shape (k + 1,)
    standard_errors : dict of str to ndarray, shape (k + 1,)
        By kind. Clustered ones are NaN with fewer than `FEWEST_CLUSTERS` units.
    r2 : float
        Of the estimator's own, transformed equation.
    r2_within, r2_between, r2_overall : float
        Squared correlations of x'b and y: about unit means, of unit means, of rows (Stata's).
    sigma_e : float
        Residual standard deviation of the transformed equation.
    df : float
        Degrees of freedom of conventional t tests; infinite where tests are of z.
    n, n_provinces, n_years : int
        Rows, differences or unit means that were used; units; periods.
    """

    terms: tuple[str, ...]
    coef: Array
    standard_errors: Mapping[str, Array]
    r2: float
    r2_within: float
    r2_between: float
    r2_overall: float
    sigma_e: float
    df: float
    n: int
    n_provinces: int
    n_years: int

    @property
    def se(self) -> Array:
        """Conventional standard errors, shape (k + 1,)."""
        return self.standard_errors["conventional"]

    @property
    def se_cluster(self) -> Array:
        """Standard errors clustered by unit, shape (k + 1,)."""
        return self.standard_errors["clustered"]

    def df_of(self, kind: str) -> float:
        """Return the degrees of freedom of tests with errors of a kind: groups − 1 if clustered."""
        groups = {
            "clustered": self.n_provinces,
            "two_way_clustered": min(self.n_provinces, self.n_years),
            "driscoll_kraay": self.n_years,
        }
        return groups[kind] - 1 if kind in groups and np.isfinite(self.df) else self.df

    def p(self, kind: str = "conventional") -> Array:
        """Return two-sided p-values under errors of a kind, shape (k + 1,)."""
        return p_values(self.coef, self.standard_errors[kind], self.df_of(kind))

    def table(self, level: float = 0.95, kind: str = "conventional") -> pd.DataFrame:
        """Tabulate estimates and errors of a kind: see `coefficient_table`."""
        return coefficient_table(
            self.terms, self.coef, self.standard_errors[kind], self.df_of(kind), level
        )


def record(
    design: Design,
    result: Any,
    standard_errors: Mapping[str, Array],
    coef: Array,
    *,
    n: int,
    df: float,
    terms: tuple[str, ...] | None = None,
) -> PanelFit:
    """Make a record of a result of linearmodels.

    Parameters
    ----------
    design : Design
        Rows in levels, with period dummies if there are any.
    result : PanelResults or IVResults
    standard_errors : dict of str to ndarray, shape (k + 1,)
    coef : ndarray, shape (k + 1,)
        In the design's order, the constant last.
    n : int
        Rows of the estimated equation.
    df : float
    terms : tuple of str, optional
        The terms that are reported; all by default.
    """
    by_row = np.column_stack([design.y, design.x @ coef[:-1]])
    means = unit_means(design, by_row)
    terms = design.terms if terms is None else terms
    reported = [*map(design.terms.index, terms), len(design.terms)]
    return PanelFit(
        terms=(*terms, CONSTANT),
        coef=coef[reported],
        standard_errors={kind: values[reported] for kind, values in standard_errors.items()},
        r2=float(result.rsquared),
        r2_within=_squared_correlation(by_row - means[design.province]),
        r2_between=_squared_correlation(centred(means)),
        r2_overall=_squared_correlation(centred(by_row)),
        sigma_e=float(np.sqrt(result.s2)),
        df=df,
        n=n,
        n_provinces=len(design.provinces),
        n_years=len(design.years),
    )


def errors_of(
    fits: Mapping[str, Any], kinds: Sequence[str], units: int, what: str
) -> dict[str, Array]:
    """Return standard errors by kind.

    Parameters
    ----------
    fits : dict of str to callable
        By kind, a function that estimates with these errors.
    kinds : sequence of str
    units : int
    what : str
        The estimator, for the sentence of an error.

    Raises
    ------
    UserError
        If the estimator has no errors of a kind.
    """
    standard_errors = {}
    for kind in kinds:
        if kind not in fits:
            raise UserError(
                f"There are no errors of kind {kind!r} for {what}: choose among {listed(fits)}."
            )
        with np.errstate(invalid="ignore"):  # a two-way clustered variance can be below zero
            values = fits[kind]().std_errors.to_numpy()
        too_few_clusters = "clustered" in kind and units < FEWEST_CLUSTERS
        standard_errors[kind] = np.full_like(values, np.nan) if too_few_clusters else values
    return standard_errors


# --- transformed data ----------------------------------------------------------------------------


def with_constant(x: Array) -> Array:
    """Return `x`, shape (n, k), with a column of ones behind it."""
    return np.column_stack([x, np.ones(len(x))])


def centred(x: Array) -> Array:
    """Return columns about their means."""
    return x - x.mean(axis=0)


def unit_means(design: Design, values: Array) -> Array:
    """Return means by unit, shape (N, k), of `values`, shape (n, k)."""
    sums = np.eye(len(design.provinces))[design.province].T @ values
    return sums / np.bincount(design.province, minlength=len(design.provinces))[:, None]


def with_period_dummies(design: Design) -> Design:
    """Return a design with a dummy for each period but the first among its terms."""
    dummies = np.eye(len(design.years))[design.year][:, 1:]
    dummy_terms = tuple(f"period {year}" for year in design.years[1:])
    return replace(
        design, x=np.column_stack([design.x, dummies]), terms=(*design.terms, *dummy_terms)
    )


def _squared_correlation(columns: Array) -> float:
    """Return the squared correlation of two centred columns, NaN if one does not vary."""
    products = columns.T @ columns
    size = products[0, 0] * products[1, 1]
    return float(products[0, 1] ** 2 / size) if size > 0 else float("nan")


# --- refusals ------------------------------------------------------------------------------------


def refuse_collinear(terms: Sequence[str], net: Array, values: Array, where: str) -> None:
    """Raise UserError, naming the term, if transformed variables have no full rank.

    Parameters
    ----------
    terms : sequence of str
    net : ndarray, shape (m, k)
        Transformed.
    values : ndarray, shape (n, k)
        Before that.
    where : str
        What the transformation left, for the sentence.
    """
    length = np.linalg.norm(net, axis=0)
    unexplained = np.abs(np.diag(np.linalg.qr(net).R)) if len(net) >= len(terms) else 0 * length
    for term, size, share, rounding in zip(
        terms, length, unexplained, resolution(values), strict=True
    ):
        if size <= rounding:
            raise UserError(
                f"Variable {term} does not vary {where}, so it has no coefficient: drop it or "
                "take another estimator."
            )
        if share <= rounding:
            raise UserError(
                f"Variable {term} is a linear combination of the variables before it {where}, so "
                "it has no coefficient of its own: drop it or check its column."
            )


def refuse_few(rows: int, parameters: int, what: str) -> None:
    """Raise UserError unless there are more rows than parameters."""
    if rows <= parameters:
        raise UserError(
            f"The regression needs more than {parameters} {what} for its {parameters} parameters, "
            f"and there are {rows}: add {what} or drop regressors."
        )


def listed(names: Sequence[str] | Mapping[str, Any]) -> str:
    """Return names with commas between them."""
    return ", ".join(names)
