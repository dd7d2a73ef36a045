"""Two-way fixed effects as Stata's `xtreg y x i.year, fe` prints them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.design import Design
from models.frequentist.coefficient_table import coefficient_table, p_values
from models.frequentist.two_way import resolution, two_way_parts

CONSTANT = "const"
"""The constant's term, after the slopes."""

FEWEST_CLUSTERS = 3
"""Below this many provinces there are no clustered tests.

With two provinces in the same years the effects make each province's residuals and regressors
the mirror image of the other's, and the slopes' normal equations then set each cluster's score
to zero: the clustered variance is rounding error.
"""


class SlopeParts(NamedTuple):
    """Least-squares slopes as a linear map of the outcome.

    Attributes
    ----------
    slopes : array, shape (k,)
    influence : array, shape (n, k)
        R (R'R)⁻¹ with R the regressors net of both sets of dummies: slopes = influence' y.
    within : array, shape (n, k)
        R itself.
    residual : array, shape (n,)
        Of the outcome, on dummies and regressors.
    """

    slopes: Any
    influence: Any
    within: Any
    residual: Any


class TwfeArrays(NamedTuple):
    """Estimates as bare arrays; entries 0 … k−1 are the slopes, entry k the constant.

    Attributes
    ----------
    coef, se, se_cluster : array, shape (k + 1,)
        Estimates, conventional standard errors, and those clustered by province.
    r2_within : array, shape ()
        Share of the within-province variation explained by regressors and year dummies.
    sigma_e : array, shape ()
        Residual standard deviation, with n − N − T + 1 − k degrees of freedom.
    """

    coef: Any
    se: Any
    se_cluster: Any
    r2_within: Any
    sigma_e: Any


@dataclass(frozen=True)
class TwfeFit:
    """A fitted column; arrays follow `terms`, in which the constant is last.

    Attributes
    ----------
    terms : tuple of str
        Slopes in the design's order, then "const".
    coef, se, se_cluster : ndarray, shape (k + 1,)
        `se_cluster` is NaN with fewer than `FEWEST_CLUSTERS` provinces.
    r2_within, sigma_e : float
    n, n_provinces, n_years : int
    """

    terms: tuple[str, ...]
    coef: NDArray[np.float64]
    se: NDArray[np.float64]
    se_cluster: NDArray[np.float64]
    r2_within: float
    sigma_e: float
    n: int
    n_provinces: int
    n_years: int

    @property
    def df(self) -> int:
        """Residual degrees of freedom, n − N − K; K counts slopes and year dummies."""
        return self.n - self.n_provinces - (self.n_years - 1) - (len(self.terms) - 1)

    @property
    def df_cluster(self) -> int:
        """Degrees of freedom of clustered tests, N − 1."""
        return self.n_provinces - 1

    @property
    def p(self) -> NDArray[np.float64]:
        """Two-sided p-values from conventional standard errors, shape (k + 1,)."""
        return p_values(self.coef, self.se, self.df)

    @property
    def p_cluster(self) -> NDArray[np.float64]:
        """Two-sided p-values from clustered standard errors, shape (k + 1,)."""
        return p_values(self.coef, self.se_cluster, self.df_cluster)

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Tabulate the estimates.

        Parameters
        ----------
        level : float
            Coverage of the interval `lower`, `upper` (conventional standard errors).

        Returns
        -------
        DataFrame
            Index `term`; columns `coef se t p stars lower upper se_cluster t_cluster
            p_cluster`. Stars follow the conventional p-values.
        """
        table = coefficient_table(self.terms, self.coef, self.se, self.df, level)
        return table.assign(
            se_cluster=self.se_cluster,
            t_cluster=self.coef / self.se_cluster,
            p_cluster=self.p_cluster,
        )


def fit(design: Design) -> TwfeFit:
    """Estimate one column.

    Raises
    ------
    UserError
        If a regressor is collinear with the dummies or with regressors before it, if the outcome
        has no variation of its own or is fitted perfectly, or if the panel falls apart into
        blocks that share no year.
    """
    refuse_collinear(design)
    refuse_degenerate(design.y, slope_parts(design.y, design.x, design.province, design.year))
    arrays = fit_arrays(design.y, design.x, design.province, design.year)
    has_clusters = len(design.provinces) >= FEWEST_CLUSTERS
    return TwfeFit(
        terms=(*design.terms, CONSTANT),
        coef=arrays.coef,
        se=arrays.se,
        se_cluster=arrays.se_cluster if has_clusters else np.full_like(arrays.se, np.nan),
        r2_within=float(arrays.r2_within),
        sigma_e=float(arrays.sigma_e),
        n=len(design.y),
        n_provinces=len(design.provinces),
        n_years=len(design.years),
    )


def fit_arrays(y: Any, x: Any, province: NDArray[np.int64], year: NDArray[np.int64]) -> TwfeArrays:
    """Estimate slopes and constant with standard errors, on bare arrays.

    Every estimate is linear in the outcome, b = A'y, which gives both covariances: s² A'A, and
    for clusters q Σ_g (A_g'e_g)(A_g'e_g)' with q from `crv1` (Stata, *Longitudinal-Data/
    Panel-Data Reference Manual*, `xtreg`, methods and formulas).

    Parameters
    ----------
    y : array, shape (n,)
        Of numpy or any array namespace with `linalg.qr`; differentiable.
    x : array, shape (n, k)
        Same namespace; full rank next to the dummies, which is not checked here.
    province, year : ndarray of int, shape (n,)
        Codes 0 … N−1 and 0 … T−1, each code present; the first year is the base.

    Returns
    -------
    TwfeArrays

    Raises
    ------
    UserError
        If the panel falls apart into blocks that share no year.
    """
    xp = y.__array_namespace__()
    n, n_slopes = x.shape
    n_provinces, n_years = province.max() + 1, year.max() + 1
    n_regressors = n_slopes + n_years - 1
    slopes, influence, _, residual = slope_parts(y, x, province, year)

    weights = xp.asarray(constant_weights(province, year))
    coef = xp.concat([slopes, (weights @ (y - x @ slopes))[None]])
    influence = xp.concat([influence, (weights - influence @ (x.T @ weights))[:, None]], axis=1)

    in_province = np.eye(n_provinces)[province]
    province_mean = xp.asarray(in_province.T / in_province.sum(axis=0)[:, None]) @ y
    within_y = y - province_mean[province]
    rss = xp.sum(residual**2)
    sigma_e = xp.sqrt(rss / (n - n_provinces - n_regressors))

    scores = xp.asarray(in_province.T) @ (influence * residual[:, None])
    correction = crv1(n, n_provinces, n_regressors)
    return TwfeArrays(
        coef=coef,
        se=sigma_e * xp.sqrt(xp.sum(influence**2, axis=0)),
        se_cluster=xp.sqrt(correction * xp.sum(scores**2, axis=0)),
        r2_within=1 - rss / xp.sum(within_y**2),
        sigma_e=sigma_e,
    )


def slope_parts(y: Any, x: Any, province: NDArray[np.int64], year: NDArray[np.int64]) -> SlopeParts:
    """Regress on `x` and both sets of dummies (Frisch–Waugh–Lovell); arguments as `fit_arrays`."""
    xp = y.__array_namespace__()
    _, _, within = two_way_parts(xp.concat([x, y[:, None]], axis=1), province, year)
    within_x, within_y = within[:, :-1], within[:, -1]
    # QR, not the normal equations, which square the condition number.
    q, r = xp.linalg.qr(within_x)
    influence = q @ xp.linalg.inv(r).T
    slopes = influence.T @ within_y
    return SlopeParts(slopes, influence, within_x, within_y - within_x @ slopes)


def crv1(n: int, n_provinces: int, n_regressors: int) -> float:
    """Return Stata's small-sample factor of cluster-robust variances, N/(N−1) · (n−1)/(n−K−1).

    K = `n_regressors` counts slopes and year dummies, not the absorbed provinces, which are
    nested in the clusters (`areg` and statsmodels with dummies would count them).
    """
    return n_provinces / (n_provinces - 1) * (n - 1) / (n - n_regressors - 1)


def constant_weights(province: NDArray[np.int64], year: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return w, shape (n,), with Stata's `_cons` = w'(y − Xb), X without year dummies.

    Stata's constant is ȳ − x̄'b − p'g: means over all rows, p the shares of the years after the
    first and g their coefficients, g = (D̃'D̃)⁻¹ D̃'(y − Xb) with D̃ the year dummies net of
    province means. In a balanced panel w is 1/N in the first year and 0 elsewhere.
    """
    in_province = np.eye(province.max() + 1)[province]
    later = np.eye(year.max() + 1)[year][:, 1:]
    province_mean = in_province.T @ later / in_province.sum(axis=0)[:, None]
    within = later - province_mean[province]
    return 1 / len(year) - within @ np.linalg.solve(within.T @ within, later.mean(axis=0))


def refuse_collinear(design: Design) -> None:
    """Raise UserError, naming the term, if the design has no unique least-squares slopes."""
    within = two_way_parts(design.x, design.province, design.year)[2]
    unexplained = np.abs(np.diag(np.linalg.qr(within).R))
    refuse_short(design.terms, np.linalg.norm(within, axis=0), unexplained, resolution(design.x))


def refuse_short(
    terms: Iterable[str],
    within: NDArray[np.float64],
    unexplained: NDArray[np.float64],
    least: NDArray[np.float64],
) -> None:
    """Raise UserError, naming the term, if too little of a regressor is left.

    Parameters
    ----------
    terms : iterable of str
    within, unexplained, least : ndarray, shape (k,)
        Lengths of the two-way residuals, of what the regressors before leave of these, and what
        is taken for rounding.
    """
    for term, length, share, rounding in zip(terms, within, unexplained, least, strict=True):
        if length <= rounding:
            raise UserError(
                f"Regressor {term} does not vary once province and year effects are taken out, "
                "so it has no coefficient: drop it or check its column."
            )
        if share <= rounding:
            raise UserError(
                f"Regressor {term} is a linear combination of the regressors before it and the "
                "province and year effects, so it has no coefficient of its own: drop it or "
                "check its column."
            )


def refuse_degenerate(y: NDArray[np.float64], parts: SlopeParts) -> None:
    """Raise UserError if rounding is all that effects, or effects and regressors, leave of `y`."""
    rounding = resolution(y)
    if np.linalg.norm(parts.residual + parts.within @ parts.slopes) <= rounding:
        raise UserError(
            "The outcome does not vary once province and year effects are taken out, so there is "
            "nothing to explain: check its column."
        )
    if np.linalg.norm(parts.residual) <= rounding:
        raise UserError(
            "The regressors and the province and year effects fit the outcome perfectly, so its "
            "slopes have no standard errors: check whether its column is computed from theirs."
        )
