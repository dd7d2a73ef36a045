"""One or two steps on a prepared problem, small-sample corrections apart."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.frequentist.gmm.estimation import (
    Step,
    moment_covariance,
    robust_covariance,
    squared_residuals,
    step,
    windmeijer,
)
from models.frequentist.gmm.problem import COLLINEAR, Problem
from models.frequentist.gmm.weighting import independent_columns, submatrix

EXACT = 1e-12
"""Residuals are zero if they are not larger than this share of the fitted values."""


class SingularWeights(UserError):
    """Two steps need at least as many groups or clusters as moments.

    Attributes
    ----------
    moments, independent : int
        Their numbers.
    """

    def __init__(self, moments: int, independent: int, sentence: str):
        super().__init__(sentence)
        self.moments, self.independent = moments, independent


@dataclass(frozen=True)
class Solution:
    """Estimates of the last step.

    Attributes
    ----------
    step : Step
        Moments that got no weight have zeros in `projection` and `weighted_gap`.
    covariance : ndarray, shape (k, k)
        Of the coefficients.
    moment_covariance : ndarray, shape (j, j)
        Of the moments: robust, or H scaled by the error variance.
    weighted : ndarray of int
        The moments in use.
    sigma2 : float
        Error variance.
    sargan : float
    hansen : float, optional
        The two-step criterion; None if the robust covariance is singular or not asked for.
    singular : bool
        Whether it is singular.
    """

    step: Step
    covariance: NDArray[np.float64]
    moment_covariance: NDArray[np.float64]
    weighted: NDArray[np.int64]
    sigma2: float
    sargan: float
    hansen: float | None = None
    singular: bool = False


def solve(problem: Problem) -> Solution:
    """Estimate.

    Raises
    ------
    UserError
        If two-step weights do not exist, there is only one group or cluster to estimate a robust
        covariance from, or the residuals are zero.
    """
    spec, (zx, zy, s1, _), independent = problem.specification, problem.moments, problem.kept
    if spec.robust_moments and problem.n_independent < 2:
        raise UserError(
            "A robust covariance cannot be estimated from a single group or cluster: add others, "
            "or estimate in one step without robust and cluster."
        )
    first = _step(zx, zy, s1, independent)
    sigma2 = _error_variance(problem, first.coef)
    fitted = first.coef @ problem.moments.xx @ first.coef  # b'X'Xb
    if sigma2 * problem.n_errors <= EXACT**2 * fitted:
        raise UserError(
            f"The outcome {spec.outcome} is a linear combination of the regressors: there are no "
            "errors to weight by."
        )
    one_step = Solution(
        step=first,
        covariance=first.covariance * sigma2,
        moment_covariance=s1 * sigma2,
        weighted=independent,
        sigma2=sigma2,
        sargan=float(first.criterion) / sigma2,
    )
    if not spec.robust_moments:
        return one_step
    clusters, factor = problem.n_clusters, _cluster_factor(problem)
    s2 = factor * moment_covariance(problem.blocks, first.coef, clusters)
    sandwich = robust_covariance(first, s2)
    weighted = independent_columns(s2, COLLINEAR)
    if len(weighted) < len(independent):
        if spec.steps == 2:
            raise SingularWeights(
                len(independent),
                problem.n_independent,
                "The two-step weighting matrix does not exist, since the covariance of "
                f"{len(independent)} moments estimated from {problem.n_independent} "
                f"{'groups' if clusters is None else 'clusters'} is singular: collapse the "
                "instruments, ask for fewer lags, or estimate in one step.",
            )
        return replace(one_step, covariance=sandwich, moment_covariance=s2, singular=True)
    second = _step(zx, zy, s2, weighted)
    one_step = replace(
        one_step, covariance=sandwich, moment_covariance=s2, hansen=float(second.criterion)
    )
    if spec.steps == 1:
        return one_step
    covariance = second.covariance
    if spec.robust or spec.cluster is not None:
        covariance = windmeijer(problem.blocks, first, second, sandwich, clusters, factor)
    return replace(
        one_step,
        step=second,
        covariance=covariance,
        weighted=weighted,
        sigma2=_error_variance(problem, second.coef),
    )


def _step(zx: Any, zy: Any, s: Any, weighted: NDArray[np.int64]) -> Step:
    """Estimate with some of the moments; the others get no weight."""
    if len(weighted) == len(zy):
        return step(zx, zy, s)
    part = step(zx[weighted], zy[weighted], submatrix(s, weighted))
    projection, weighted_gap = np.zeros(zx.T.shape), np.zeros(len(zy))
    projection[:, weighted], weighted_gap[weighted] = part.projection, part.weighted_gap
    return part._replace(projection=projection, weighted_gap=weighted_gap, gap=zy - zx @ part.coef)


def _error_variance(problem: Problem, coef: NDArray[np.float64]) -> float:
    """Estimate σ² from the transformed equation, where differencing doubles it, or from levels."""
    spec = problem.specification
    single = spec.transform == "deviations" or spec.h == 1
    total = squared_residuals(problem.blocks, coef, problem.error_rows)
    return float(total) / (1 if single else 2) / problem.n_errors


def _cluster_factor(problem: Problem) -> float:
    """Return Stata's C/(C − 1) with `small` and clusters other than the groups."""
    clusters = problem.n_clusters
    corrected = problem.specification.small and clusters is not None
    return clusters / (clusters - 1) if corrected else 1.0
