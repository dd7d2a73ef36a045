"""Difference and system GMM on a DataFrame, with the statistics that xtabond2 prints."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr
from threadpoolctl import ThreadpoolController

from models.frequentist.coefficient_table import coefficient_table, p_values
from models.frequentist.gmm.bracket import Bracket, bracket
from models.frequentist.gmm.grid import Grid, grid
from models.frequentist.gmm.instruments import LEVEL_MOMENTS, Instrument
from models.frequentist.gmm.moment_tests import (
    mean_stationarity,
    serial_correlation,
    serial_correlation_iid,
    stationarity_derivative,
    subset_criterion,
)
from models.frequentist.gmm.problem import COLLINEAR, Problem, prepare
from models.frequentist.gmm.records import GmmSpecification, parse_term
from models.frequentist.gmm.solve import Solution, solve
from models.frequentist.gmm.weighting import (
    error_root,
    independent_columns,
    submatrix,
    transformation,
)


class ChiSquared(NamedTuple):
    """A statistic that is χ² with `df` degrees of freedom under the null."""

    statistic: float
    df: int

    @property
    def p(self) -> float:
        """Upper tail; NaN without degrees of freedom."""
        if self.df <= 0:
            return float("nan")
        # The difference of two statistics can be negative.
        return float(chdtrc(self.df, max(self.statistic, 0.0)))


class DifferenceTest(NamedTuple):
    """Difference-in-Hansen (or Sargan) test of one set of instruments, given the others.

    Attributes
    ----------
    label : str
        The set.
    excluding : ChiSquared
        Overidentification test without the set.
    difference : ChiSquared
        What the set adds to it.
    """

    label: str
    excluding: ChiSquared
    difference: ChiSquared


class SerialCorrelation(NamedTuple):
    """Arellano and Bond's test of one order, on residuals in first differences."""

    order: int
    z: float

    @property
    def p(self) -> float:
        """Two-sided."""
        return float(2 * ndtr(-abs(self.z)))


@dataclass(frozen=True)
class GmmFit:
    """A fitted specification; arrays follow `terms`, in which the constant is last.

    Attributes
    ----------
    specification : GmmSpecification
    terms : tuple of str
        Regressors that have a coefficient.
    coef, se : ndarray, shape (k,)
    covariance : ndarray, shape (k, k)
    df : float
        Degrees of freedom of t tests; infinite without `small`.
    n, n_groups : int
        Observations (rows of the levels equation in system GMM) and groups.
    rows_per_group : tuple of (int, float, int)
        Fewest, mean and most; the fewest are 0 in difference GMM if a group of the sample has no
        two periods in a row, which the mean does not count.
    n_clusters : int
    instruments : tuple of str
        Those that count.
    dropped_instruments : tuple of str
        Those that are zero throughout or collinear with others.
    dropped_regressors : tuple of str
        Base categories of indicator variables.
    sigma2 : float
        Error variance.
    wald : ChiSquared
        All coefficients are zero; with `small`, F is statistic / df. NaN if the covariance is
        singular, as it is under fewer clusters than coefficients.
    sargan : ChiSquared
    hansen : ChiSquared, optional
        Robust; None if the moments' covariance is not estimated, or is singular.
    differences : tuple of DifferenceTest
    serial_correlation : tuple of SerialCorrelation
        Orders 1, 2, …
    mean_stationarity : ChiSquared, optional
        Magazzini and Calzolari's test; None if no lagged difference of the outcome instruments
        the levels equation.
    bracket : Bracket, optional
        None in difference GMM or without a lagged outcome.
    notices : tuple of str
        What a reader must know, one sentence each.
    """

    specification: GmmSpecification
    terms: tuple[str, ...]
    coef: NDArray[np.float64]
    se: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: float
    n: int
    n_groups: int
    rows_per_group: tuple[int, float, int]
    n_clusters: int
    instruments: tuple[str, ...]
    dropped_instruments: tuple[str, ...]
    dropped_regressors: tuple[str, ...]
    sigma2: float
    wald: ChiSquared
    sargan: ChiSquared
    hansen: ChiSquared | None
    differences: tuple[DifferenceTest, ...]
    serial_correlation: tuple[SerialCorrelation, ...]
    mean_stationarity: ChiSquared | None
    bracket: Bracket | None
    notices: tuple[str, ...]

    @property
    def p(self) -> NDArray[np.float64]:
        """Two-sided p-values, shape (k,)."""
        return p_values(self.coef, self.se, self.df)

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Tabulate the estimates: index `term`, columns `coef se t p stars lower upper`."""
        return coefficient_table(self.terms, self.coef, self.se, self.df, level)


def fit(frame: pd.DataFrame, specification: GmmSpecification, unit: str, time: str) -> GmmFit:
    """Estimate one specification.

    Parameters
    ----------
    frame : DataFrame
        One row per group and period, in any order; it is not changed.
    specification : GmmSpecification
    unit, time : str
        Columns of groups (any labels) and periods (whole numbers).

    Raises
    ------
    UserError
        If the panel cannot be read, there are too few periods or instruments, an instrument is
        missing throughout, a regressor is collinear with others, or two-step weights do not
        exist since the moments' covariance is singular.
    """
    panel = grid(frame, unit, time, specification.terms, specification.cluster)
    # The matrices are small: threads of the linear algebra wait for each other more than they do.
    with _blas().limit(limits=1, user_api="blas"):
        problem = prepare(panel, specification)
        return report(problem, solve(problem))


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def report(problem: Problem, solution: Solution) -> GmmFit:
    """Work out tests and small-sample corrections."""
    spec, structure = problem.specification, problem.structure
    n, n_groups, k = problem.n, problem.n_groups, len(structure.regressors)
    counts = problem.rows_by_group[problem.in_sample]
    overidentified = len(problem.kept) - k
    covariance = solution.covariance * _small_factor(problem)
    hansen = None if solution.hansen is None else ChiSquared(solution.hansen, overidentified)
    return GmmFit(
        specification=spec,
        terms=structure.regressors,
        coef=solution.step.coef,
        se=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        df=_df(problem),
        n=n,
        n_groups=n_groups,
        rows_per_group=(int(counts.min()), n / n_groups, int(counts.max())),
        n_clusters=problem.n_independent,
        instruments=tuple(_name(structure.instruments[i], problem.panel) for i in problem.kept),
        dropped_instruments=tuple(
            _name(instrument, problem.panel) for instrument in problem.dropped_instruments
        ),
        dropped_regressors=problem.dropped_regressors,
        sigma2=_small_sigma2(problem, solution),
        wald=ChiSquared(_wald(solution.step.coef, covariance), k - spec.has_constant),
        sargan=ChiSquared(solution.sargan, overidentified),
        hansen=hansen,
        differences=() if solution.singular else tuple(_differences(problem, solution)),
        serial_correlation=tuple(_serial_correlation(problem, solution)),
        mean_stationarity=_mean_stationarity(problem, solution),
        bracket=bracket(problem.blocks, structure, spec.outcome) if spec.system else None,
        notices=tuple(_notices(problem, solution)),
    )


# --- small samples -------------------------------------------------------------------------------


def _small_factor(problem: Problem) -> float:
    """Return what `small` multiplies the covariance by."""
    spec, k = problem.specification, len(problem.structure.regressors)
    if not spec.small:
        return 1.0
    if not spec.robust_moments:
        return problem.n_errors / (problem.n_errors - k)
    factor = (problem.n - 1) / (problem.n - k)
    # Clusters other than the groups have had their factor in the moments' covariance.
    return factor if problem.n_clusters else factor * problem.n_groups / (problem.n_groups - 1)


def _small_sigma2(problem: Problem, solution: Solution) -> float:
    k = len(problem.structure.regressors)
    factor = problem.n_errors / (problem.n_errors - k) if problem.specification.small else 1.0
    return solution.sigma2 * factor


def _df(problem: Problem) -> float:
    spec, k = problem.specification, len(problem.structure.regressors)
    if not spec.small:
        return float("inf")
    if not spec.robust_moments:
        return problem.n - k
    return problem.n_independent - spec.has_constant


def _wald(coef: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    if _is_singular(covariance):
        return float("nan")
    return float(coef @ np.linalg.solve(covariance, coef))


def _is_singular(covariance: NDArray[np.float64]) -> bool:
    return len(independent_columns(covariance, COLLINEAR)) < len(covariance)


# --- tests ---------------------------------------------------------------------------------------


def _serial_correlation(problem: Problem, solution: Solution) -> Iterator[SerialCorrelation]:
    spec, structure = problem.specification, problem.structure
    used = structure.used_difference
    orders = [order for order in range(1, spec.ar + 1) if (used[order:] & used[:-order]).any()]
    arguments = (problem.blocks, orders, solution.step, solution.covariance)
    if spec.robust_moments:
        statistics = serial_correlation(*arguments)
    else:
        n_periods = len(problem.panel.periods)
        differences, transformed = (
            error_root(spec.h, transformation(transform, n_periods), system=False)
            for transform in ("difference", spec.transform)
        )
        across = (differences.T @ transformed)[:, structure.row_period]
        statistics = serial_correlation_iid(
            *arguments,
            _small_sigma2(problem, solution),
            differences.T @ differences,
            np.where(structure.row_level, 0.0, across),
        )
    z = dict(zip(orders, map(float, statistics), strict=True))
    for order in range(1, spec.ar + 1):
        yield SerialCorrelation(order, z.get(order, float("nan")))


def _differences(problem: Problem, solution: Solution) -> Iterator[DifferenceTest]:
    """Test each set of instruments, and those of the levels equation together.

    With the covariance of the moments that all of them gave, so that the difference is not
    negative (Hayashi 2000, section 3.6).
    """
    spec, instruments = problem.specification, problem.structure.instruments
    zx, zy, s1, _ = problem.moments
    full_criterion = solution.sargan if solution.hansen is None else solution.hansen
    j, k = len(problem.kept), zx.shape[1]
    independent = np.zeros(len(instruments), bool)
    independent[problem.kept] = True
    sets = [
        (members_of.label, np.array([instrument.set == position for instrument in instruments]))
        for position, members_of in enumerate((*spec.gmm, *spec.iv))
    ]
    if spec.system and spec.gmm:
        in_levels = [
            instrument.lag is not None and instrument.equation == "level"
            for instrument in instruments
        ]
        sets.insert(0, (LEVEL_MOMENTS, np.array(in_levels)))
    for label, members in sets:
        remaining = np.flatnonzero(~members)
        if not independent[remaining].all():  # one may have been left out for a member's sake
            remaining = remaining[independent_columns(submatrix(s1, remaining), COLLINEAR)]
        if not k <= len(remaining) < j:
            continue
        s = submatrix(solution.moment_covariance, remaining)
        excluding = subset_criterion(zx[remaining], zy[remaining], s)
        if excluding is None:
            continue
        yield DifferenceTest(
            label,
            ChiSquared(excluding, len(remaining) - k),
            ChiSquared(full_criterion - excluding, j - len(remaining)),
        )


def _mean_stationarity(problem: Problem, solution: Solution) -> ChiSquared | None:
    spec, structure = problem.specification, problem.structure
    lagged = [
        i
        for i, term in enumerate(structure.regressors)
        if parse_term(term)[0] == spec.outcome and parse_term(term)[1] == 1
    ]
    if not spec.system or not lagged or solution.singular:
        return None
    rho = solution.step.coef[lagged[0]]
    derivative = stationarity_derivative(structure, spec.outcome, rho)
    if derivative is None:
        return None
    weighted = solution.weighted
    s = submatrix(solution.moment_covariance, weighted)
    zx, gap = problem.moments.zx[weighted], solution.step.gap[weighted]
    statistic = mean_stationarity(derivative[weighted], zx, s, gap)
    return ChiSquared(float(statistic), 1)


# --- words ---------------------------------------------------------------------------------------


def _notices(problem: Problem, solution: Solution) -> Iterator[str]:
    j, clusters = len(problem.kept), problem.n_independent
    kind = "groups" if problem.n_clusters is None else "clusters"
    if j > clusters:
        yield (
            f"{j} instruments are more than the {clusters} {kind}: they overfit the endogenous "
            "variables and weaken the Hansen test."
        )
    if solution.singular:
        yield (
            f"The covariance of the {j} moments, estimated from {clusters} {kind}, is singular: "
            "there is no Hansen test."
        )
    if _is_singular(solution.covariance):
        yield (
            f"The covariance of the {len(solution.covariance)} coefficients, estimated from "
            f"{clusters} {kind}, is singular: there is no Wald test."
        )


def _name(instrument: Instrument, panel: Grid) -> str:
    """Name an instrument as xtabond2 does: "diff: L2.n/1979"."""
    lag = (
        "" if not instrument.lag else f"{'L' if instrument.lag > 0 else 'F'}{abs(instrument.lag)}."
    )
    differenced = "D." if instrument.lag is not None and instrument.equation == "level" else ""
    period = "" if instrument.period is None else f"/{panel.periods[instrument.period]}"
    return f"{instrument.equation}: {lag}{differenced}{instrument.term}{period}"
