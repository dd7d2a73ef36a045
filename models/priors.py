"""The priors of every model, as tables that are read, printed and stored with the trace.

Outcome and regressors are standardised inside the models, so one scale fits all columns: 1 is
one standard deviation of the outcome, and a slope of 1 moves the outcome by one standard
deviation when the regressor rises by one. Location priors are centred on "nothing"; all are
proper. Province effects of `models.bayesian.growth` have no line: they are taken out, as under a
flat prior.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

if TYPE_CHECKING:
    from pytensor.tensor import TensorVariable

LOG_2PI = float(np.log(2 * np.pi))

HALF_T_DF = 3
"""Degrees of freedom of every t: brms's default for scales, the variance finite."""

LOG_T_AT_MODE = float(
    gammaln((HALF_T_DF + 1) / 2) - gammaln(HALF_T_DF / 2) - np.log(HALF_T_DF * np.pi) / 2
)
"""Log density of its t at zero."""


def lkj_shapes(eta: float, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the beta shapes of a C-vine's partial correlations whose matrix is LKJ(η).

    (1 + ρ_ij)/2 ~ Beta(a, a), a = η + (size − 1 − i)/2, pairs i < j (from 1) in the order of
    `numpy.triu_indices`; ρ_ij is given the variables before i (Lewandowski, Kurowicka & Joe 2009,
    *Journal of Multivariate Analysis* 100:1989–2001, section 2.4).

    Returns
    -------
    shape, constant : ndarray, shape (pairs,)
        a, and log B(a, a).
    """
    first, _ = np.triu_indices(size, 1)
    shape = eta + (size - 2 - first) / 2
    return shape, betaln(shape, shape)


def _lkj(name: str, _: float, eta: float, dims: str) -> "TensorVariable":
    import pymc as pm

    pairs = len(pm.modelcontext(None).coords[dims])
    shape, _ = lkj_shapes(eta, (1 + math.isqrt(1 + 8 * pairs)) // 2)
    return pm.Beta(name, shape, shape, dims=dims)


@cache
def distributions() -> dict[str, Callable[..., "TensorVariable"]]:
    """Return PyMC's distributions by name; each is called with a prior's centre and scale."""
    import pymc as pm  # takes a second, and a table of priors is read without it

    return {
        "Normal": lambda name, centre, scale, **dims: pm.Normal(name, centre, scale, **dims),
        "StudentT": lambda name, centre, scale, **dims: pm.StudentT(
            name, nu=HALF_T_DF, mu=centre, sigma=scale, **dims
        ),
        "HalfNormal": lambda name, _, scale, **dims: pm.HalfNormal(name, scale, **dims),
        "HalfStudentT": lambda name, _, scale, **dims: pm.HalfStudentT(
            name, HALF_T_DF, sigma=scale, **dims
        ),
        "LogNormal": lambda name, centre, scale, **dims: pm.LogNormal(
            name, np.log(centre), scale, **dims
        ),
        "ZeroSumNormal": lambda name, _, scale, **dims: pm.ZeroSumNormal(name, scale, **dims),
        "Gamma": lambda name, centre, scale, **dims: pm.Gamma(name, mu=centre, sigma=scale, **dims),
        "LKJ": _lkj,
        "Correlation": lambda name, centre, scale, **dims: pm.TruncatedNormal(
            name, centre, scale, lower=-1, upper=1, **dims
        ),
        "Uniform": lambda name, centre, scale, **dims: pm.Uniform(
            name, centre - scale, centre + scale, **dims
        ),
    }


@dataclass(frozen=True)
class Prior:
    """One line of a prior table.

    Attributes
    ----------
    name : str
        The random variable, as it is called in the trace.
    distribution : str
        A key of `distributions`.
    scale : float
        Standard deviation; of the underlying normal for HalfNormal, ZeroSumNormal and Correlation
        (a normal cut off at −1 and 1), of the logarithm for LogNormal; scale of a StudentT and of
        the t under a HalfStudentT; shape η of an LKJ; half the width of a Uniform.
    meaning : str
        What the variable is on the standardised scale.
    reason : str
        Why this distribution and scale.
    centre : float
        Mean of a Normal, a StudentT, a Gamma, a Uniform and a Correlation's underlying normal,
        median of a LogNormal; 0 otherwise.
    unit : "outcome", "slope" or ""
        What 1 is: a standard deviation of the outcome; of it for one of the term; or just 1.
    """

    name: str
    distribution: str
    scale: float
    meaning: str
    reason: str
    centre: float = 0.0
    unit: str = ""

    @property
    def typical(self) -> float:
        """A value in the bulk of a scale parameter's prior, to start from."""
        return self.centre or self.scale / 2

    def variable(self, **dims) -> "TensorVariable":
        """Add the random variable to the model in context; `dims` as PyMC takes it."""
        return distributions()[self.distribution](self.name, self.centre, self.scale, **dims)

    def draw(self, size: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw a scale parameter (HalfNormal, HalfStudentT or LogNormal)."""
        if self.distribution == "HalfStudentT":
            return self.scale * np.abs(rng.standard_t(HALF_T_DF, size))
        normal = rng.standard_normal(size)
        if self.distribution == "HalfNormal":
            return self.scale * np.abs(normal)
        return self.centre * np.exp(self.scale * normal)


class ScalePriors:
    """The priors of several scale parameters at once, over their logarithms.

    Parameters
    ----------
    priors : sequence of Prior, length S
        HalfNormal, HalfStudentT or LogNormal, one per scale element.
    linked : sequence of (slice, int, int)
        Elements that have another prior instead: log-normal about the median at the first
        position, with the standard deviation of the logarithm at the second.
    """

    def __init__(
        self, priors: Sequence[Prior], linked: Sequence[tuple[slice, int, int]] = ()
    ) -> None:
        self.linked = tuple(linked)
        self.half_t = np.array([prior.distribution == "HalfStudentT" for prior in priors])
        self.half = np.array([prior.distribution == "HalfNormal" for prior in priors]) | self.half_t
        self.log_centre = np.array([np.log(prior.centre or 1.0) for prior in priors])
        self.spread = np.array([prior.scale for prior in priors])
        at_mode = np.where(self.half_t, LOG_T_AT_MODE, -LOG_2PI / 2)
        self.constant = self.half * np.log(2) - np.log(self.spread) + at_mode

    def log_density(
        self, log_value: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the log density of each logarithm, Jacobian included, and their sum's gradient.

        Parameters
        ----------
        log_value : ndarray, shape (…, S)
        """
        half, nu = self.half, HALF_T_DF
        unit = np.where(half, np.exp(log_value), log_value - self.log_centre) / self.spread
        square = unit**2
        fall, steep = square / 2, square
        if self.half_t.any():
            fall = np.where(self.half_t, (nu + 1) * np.log1p(square / nu), square) / 2
            steep = np.where(self.half_t, (nu + 1) * square / (nu + square), square)
        slope = np.where(half, 1 - steep, -unit / self.spread)
        density = self.constant + half * log_value - fall
        for positions, median, log_sd in self.linked:
            sd = np.exp(log_value[..., [log_sd]])
            unit = (log_value[..., positions] - log_value[..., [median]]) / sd
            density[..., positions] = -(unit**2 + LOG_2PI) / 2 - np.log(sd)
            slope[..., positions] = -unit / sd
            slope[..., median] += (unit / sd).sum(-1)
            slope[..., log_sd] += (unit**2 - 1).sum(-1)
        return density, slope


@dataclass(frozen=True)
class Priors:
    """A named prior table."""

    name: str
    table: tuple[Prior, ...]

    def __getitem__(self, name: str) -> Prior:
        return next(prior for prior in self.table if prior.name == name)

    def with_scales(self, name: str, **scales: float) -> "Priors":
        """Return the table with other scales under another name, for sensitivity and tests.

        Raises
        ------
        KeyError
            If the table has no variable of that name.
        """
        unknown = scales.keys() - {prior.name for prior in self.table}
        if unknown:
            raise KeyError(f"no prior named {', '.join(sorted(unknown))}")
        return Priors(
            name,
            tuple(replace(p, scale=scales[p.name]) if p.name in scales else p for p in self.table),
        )

    def with_reason(self, name: str, reason: str, meaning: str = "") -> "Priors":
        """Return the table with another reason, and meaning if one is given, for one line."""
        line = replace(self[name], reason=reason, meaning=meaning or self[name].meaning)
        return Priors(self.name, tuple(line if p.name == name else p for p in self.table))

    def and_of(self, *more: Prior) -> "Priors":
        """Return the table with further lines, for a model that extends another."""
        return Priors(self.name, self.table + more)

    def to_json(self) -> str:
        """Return the table as text, for the attribute `priors` of a trace."""
        rows = [asdict(prior) for prior in self.table]
        return json.dumps({"name": self.name, "table": rows}, ensure_ascii=False)


REGULARISED = Priors(
    "regularised",
    (
        Prior(
            "slope_std",
            "Normal",
            2.5,
            "slope of each term; of a pooled one their average, and this their common mean's prior",
            "rstanarm's default scale: a regressor that varies little within provinces can have "
            "a slope above 1 (roads do), and this lets the data say so.",
            unit="slope",
        ),
        Prior(
            "tau_slope_std",
            "HalfNormal",
            0.5,
            "standard deviation of a term's slopes between regions",
            "Three regions hardly identify it, so the upper tail is the prior's: half a standard "
            "deviation lets regions differ in sign and rules out slopes that no outcome could "
            "follow; zero, no difference, stays possible.",
            unit="slope",
        ),
        Prior(
            "const_std",
            "Normal",
            0.5,
            "outcome of the average province in the average year",
            "The outcome is centred, so this is near 0 by construction.",
            unit="outcome",
        ),
        Prior(
            "between_province",
            "Normal",
            0.5,
            "Mundlak slopes: province effect on the province parts of the regressors",
            "Differences between provinces are shared among six to nine correlated terms; 0.5 "
            "each lets them explain all of the outcome's spread together.",
            unit="outcome",
        ),
        Prior(
            "between_year",
            "Normal",
            0.5,
            "Mundlak slopes: year effect on the principal axes of the regressors' year parts",
            "As between_province.",
            unit="outcome",
        ),
        Prior(
            "tau_province_std",
            "HalfNormal",
            1.0,
            "standard deviation of province effects about their Mundlak line",
            "Province effects cannot spread much wider than the outcome itself; zero, provinces "
            "wholly explained by the regressors' means, stays possible.",
            unit="outcome",
        ),
        Prior(
            "tau_year_std",
            "HalfNormal",
            0.5,
            "standard deviation of year effects about their Mundlak line",
            "Year effects are what all provinces share: less than the outcome's spread, most of "
            "which lies between provinces.",
            unit="outcome",
        ),
        Prior(
            "tau_year_region_std",
            "HalfNormal",
            0.25,
            "standard deviation of a region's year effects about those of all provinces",
            "Half that of the year effects themselves: what moves a region moves the country "
            "first; zero, the same years for all, stays possible. Where year effects are pooled.",
            unit="outcome",
        ),
        Prior(
            "sigma_median_std",
            "LogNormal",
            1.0,
            "median of the regions' residual standard deviations",
            "As sigma_std. Where residual scales are pooled.",
            centre=0.2,
            unit="outcome",
        ),
        Prior(
            "tau_log_sigma",
            "HalfNormal",
            1.0,
            "standard deviation of the logarithms of the regions' residual standard deviations",
            "One puts a factor of e between regions, as between a rich coast and the rest; zero, "
            "one scale for all, stays possible. Where residual scales are pooled.",
        ),
        Prior(
            "sigma_std",
            "LogNormal",
            1.0,
            "residual standard deviation, one or one per region",
            "Province and year effects explain most of an index; a factor of 7 either way of "
            "0.2 covers regions whose residual scales differ by far.",
            centre=0.2,
            unit="outcome",
        ),
    ),
)
"""For the models with pooled effects."""

FLAT = Priors(
    "flat",
    (
        Prior(
            "slope_std",
            "Normal",
            100.0,
            "slope of each term",
            "So wide that the posterior is the likelihood's: least squares.",
            unit="slope",
        ),
        Prior(
            "province_std",
            "Normal",
            100.0,
            "a province's mean outcome net of the regressors' two-way residuals",
            "Unpooled, as dummies are.",
            unit="outcome",
        ),
        Prior(
            "year_std",
            "ZeroSumNormal",
            100.0,
            "a year's mean outcome, less that of all years",
            "Unpooled, as dummies are; reported against the first year.",
            unit="outcome",
        ),
        Prior(
            "sigma_std",
            "LogNormal",
            10.0,
            "residual standard deviation",
            "Flat in its logarithm, p(σ) ∝ 1/σ, for which slopes are Student t about least "
            "squares with n − N − K degrees of freedom (Gelman et al., Bayesian Data Analysis, "
            "3rd ed., section 14.2).",
            centre=0.2,
            unit="outcome",
        ),
    ),
)
"""For the flat-prior benchmark: two-way fixed effects as a Bayesian model."""
