"""Dynamic hierarchical model: a lagged outcome, conditional on the first outcome.

Likelihood, with the notation of `models.bayesian.hierarchical`, for the years after a province's
first
    y_it = ρ y_i,t−1 + z̃_it'b_r + w̃_it'γ + a_i + d_t + ε_it,  ε_it ~ N(0, σ_r²)

Effects
    a_i ~ N(α + π y_i1 + x_i1'κ + P_i'ξ, τ_province²),  κ, ξ ~ N(0, τ_between²)
    d_t, b_r as there; ρ has a slope's prior and is not cut off at 1

The first outcome y_i1 is not modelled: all is conditional on it, and the province effect depends
on it, on the regressors' first values x_i1 and on their means P_i over the years of the
likelihood (Wooldridge 2005, *Journal of Applied Econometrics* 20:39–54). The means leave out the
first year and x_i1 enters by itself: one mean over all years instead was seen to bias ρ in short
panels (Rabe-Hesketh & Skrondal 2013, *Economics Letters* 120:346–349). The initial condition is
left free; system GMM with its moments in levels assumes mean stationarity.

κ and ξ are two for each regressor, and provinces are few. With priors as wide as the static
model's the line would follow each province by itself, and ρ be drawn to the within estimator;
their common scale τ_between is learned instead.

The lag is not split as the other regressors are. Its province mean, over years that end after t,
contains the errors up to then. Subtracted, or put among the P, it would make ρ that of the within
estimator, too low by about (1 + ρ)/T (Nickell 1981, *Econometrica* 49:1417–1426). Its mean over
provinces in a year contains no later year, and is subtracted: d_t takes it up. So ρ is identified
by differences between provinces and not by the country's path. Reported year effects are those of
the equation above, for the lag as it is.

Where years are missing from a province, the years whose predecessor is missing are left out.

Log likelihood and predictive draws of a row are one step ahead: given the lag that was observed.

Switch `rho`: "common", or "pooled", one ρ for each region about a common one.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import pymc as pm
from numpy.typing import NDArray

from models.bayesian import hierarchical
from models.bayesian.effects import Effects, observe
from models.bayesian.hierarchical import effects
from models.bayesian.within_between import By, WithinBetween, principal_axes, standardise
from models.design import LAG, Design, refuse_no_predecessors
from models.inference.collapsed import Collapsed, Location, Scale, collapse
from models.priors import REGULARISED, Prior, Priors

Array = NDArray[np.float64]

PRIORS: Priors = REGULARISED.with_reason(
    "slope_std",
    "rstanarm's default scale, for ρ too: a standard deviation of the outcome for one of its lag "
    "is about 1, so the prior is all but level where the data can put ρ, on either side of 1.",
).and_of(
    Prior(
        "first_outcome",
        "Normal",
        1.0,
        "slope of the province effect on the first outcome, 1 − ρ under mean stationarity",
        "Wide: with ρ anywhere between 0 and 2 it is within one standard deviation.",
        unit="outcome",
    ),
    Prior(
        "tau_between_std",
        "HalfNormal",
        0.5,
        "standard deviation of the line's other slopes: on means and first values of regressors",
        "Learned, since there are half as many of them as provinces: slopes as free as the static "
        "model's would leave the line to follow each province, and ρ where the within estimator "
        "is. The same scale as there, so that as much can be explained; zero, effects that the "
        "regressors do not explain, stays possible.",
        unit="outcome",
    ),
)

MEANINGS = hierarchical.MEANINGS | {
    "between_offset": "slopes of the province effects on means and first values of the "
    "regressors, in units of tau_between_std",
}

report = hierarchical.report
rows = hierarchical.rows
slope_weights = hierarchical.slope_weights
slopes = hierarchical.slopes


def line(parts: "Dynamic", priors: Priors, leading: tuple[str, ...]) -> tuple[dict, Any]:
    """Add the variables of the province effects' line; return them and the line, (…, N)."""
    free = {
        "first_outcome": priors["first_outcome"].variable(dims=(*leading, "one")),
        "tau_between_std": priors["tau_between_std"].variable(dims=(*leading, "one")),
        "between_offset": pm.Normal("between_offset", dims=(*leading, "between")),
    }
    return free, of_line(parts, free)


def of_line(parts: "Dynamic", free: dict) -> Any:
    """Return the line of province effects, less α, shape (…, N); of tensors or draws."""
    between = free["tau_between_std"][..., 0, None] * free["between_offset"]
    return free["first_outcome"] @ parts.first_outcome.T + between @ parts.between.T


def build(parts: "Dynamic", priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; arguments as `models.bayesian.hierarchical.build` takes them."""
    with pm.Model(coords=parts.coords) as model:
        observe(parts, effects(parts, hierarchical.variables(parts, priors, line=line)))
    return model


def density(parts: "Dynamic", priors: Priors = PRIORS) -> Collapsed:
    """Return the same model with everything but the τ and σ integrated out."""
    zeros = np.zeros((len(parts.within), parts.between.shape[1]))
    of_line = [
        (
            Location("first_outcome", zeros[:, :1], priors["first_outcome"].scale),
            parts.first_outcome,
        ),
        (Location("between_offset", zeros, "tau_between_std", offset=True), parts.between),
    ]
    scales = [Scale(priors["tau_between_std"])]
    return collapse(parts.y, *hierarchical.blocks(parts, priors, of_line, scales))


@dataclass(frozen=True)
class Dynamic(WithinBetween):
    """A dynamic regression: rows that have a lag, and the initial values.

    Attributes
    ----------
    first : ndarray, shape (N, b)
        Outcome, then regressors other than the lag, in the year before a province's first row.
    """

    first: Array

    @property
    def of_lag(self) -> NDArray[np.bool_]:
        """Which regressors are the lag's, shape (m,)."""
        return self.term_of_regressor == self.design.terms.index(LAG)

    @property
    def coords(self) -> dict[str, tuple]:
        """Coordinates of a PyMC model of this regression."""
        static = [r for r, is_lag in zip(self.regressors, self.of_lag, strict=True) if not is_lag]
        return {**super().coords, "between": (*static, *(f"first {name}" for name in static))}

    @property
    def first_outcome(self) -> Array:
        """The first outcomes, standardised, shape (N, 1)."""
        return standardise(self.first[:, :1])

    @property
    def between(self) -> Array:
        """Other columns of the province effects' line, standardised, shape (N, b)."""
        return standardise(np.hstack([self.province_part[:, ~self.of_lag], self.first[:, 1:]]))

    @property
    def year_axes(self) -> Array:
        """Axes of the year parts of the regressors other than the lag, shape (C, axes)."""
        return principal_axes(self.year_part[:, ~self.of_lag])

    def with_lag(self, lag: Array) -> "Dynamic":
        """Return the regression with another lagged outcome, shape (n,), in the same units."""
        return self.about_years(self.of_lag, lag)

    def about_years(self, which: NDArray[np.bool_], values: Array) -> Self:
        """Return the regression with a term about its year means alone, in the same units.

        Parameters
        ----------
        which : ndarray of bool, shape (m,)
            The term's regressors.
        values : ndarray, shape (n,)
            The term.
        """
        within, year_part = self.within.copy(), self.year_part.copy()
        for position in np.flatnonzero(which):
            column = values * _applies(self.design, self.regressors[position])
            year_part[:, position] = means(column, self.design.year, len(self.design.years))
            within[:, position] = column - year_part[self.design.year, position]
        within[:, which] /= self.term_scale[self.term_of_regressor[which]]
        province_part = np.where(which, 0.0, self.province_part)
        return replace(self, within=within, year_part=year_part, province_part=province_part)


def split(
    design: Design,
    varying: tuple[str, ...] = (),
    sigma: By = "common",
    *,
    rho: By = "common",
) -> Dynamic:
    """Standardise the regression and split its regressors.

    Parameters
    ----------
    design : Design
        Static: all years, no lag among the terms.
    varying, sigma
        As `models.bayesian.hierarchical.split` takes them.
    rho : "common" or "pooled"
        Whether ρ differs by region.

    Raises
    ------
    UserError
        If no row has a lag, or as `models.bayesian.hierarchical.split`.
    """
    rows, first_y, first_x = lagged(design)
    parts = hierarchical.split(rows, (*varying, LAG) if rho == "pooled" else varying, sigma)
    of_lag = parts.term_of_regressor == rows.terms.index(LAG)
    first_regressors = [
        first_x[:, term] * _applies_to_province(rows, name)
        for term, name, lag in zip(parts.term_of_regressor, parts.regressors, of_lag, strict=True)
        if not lag
    ]
    shared = {field.name: getattr(parts, field.name) for field in fields(parts)}
    dynamic = Dynamic(**shared, first=np.column_stack([first_y, *first_regressors]))
    return dynamic.with_lag(rows.x[:, rows.terms.index(LAG)])


def lagged(design: Design) -> tuple[Design, Array, Array]:
    """Return the rows whose province is seen in the year before, that outcome their last regressor.

    Parameters
    ----------
    design : Design
        n rows, k terms.

    Returns
    -------
    Design
        k + 1 terms, the last `LAG`; provinces and years without such rows are left out.
    first_y, first_x : ndarray, shapes (N,) and (N, k)
        In the year before a province's first row.

    Raises
    ------
    UserError
        If there are no such rows.
    """
    year = np.array(design.years)[design.year]
    # Sorted by province and year: a row's predecessor comes right before it.
    before = np.arange(len(year)) - 1
    same_province = design.province == design.province[before]
    kept = np.flatnonzero(same_province & (year == year[before] + 1))
    refuse_no_predecessors(design.province, year)
    provinces, province, years, first = _present(design, kept)
    regions, region_of_province = np.unique(
        design.region_of_province[provinces], return_inverse=True
    )
    rows = replace(
        design,
        y=design.y[kept],
        x=np.column_stack([design.x[kept], design.y[kept - 1]]),
        terms=(*design.terms, LAG),
        province=province,
        year=np.searchsorted(years, design.year[kept]),
        provinces=tuple(design.provinces[i] for i in provinces),
        years=tuple(design.years[i] for i in years),
        regions=tuple(design.regions[i] for i in regions),
        region_of_province=region_of_province,
        rows=design.rows.iloc[kept].reset_index(drop=True),
    )
    start = kept[first] - 1
    return rows, design.y[start], design.x[start]


def _present(design: Design, kept: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Return provinces left, each row's position among them, years left, provinces' first rows."""
    provinces, first, province = np.unique(
        design.province[kept], return_index=True, return_inverse=True
    )
    return provinces, province, np.unique(design.year[kept]), first


def _applies(design: Design, regressor: str) -> NDArray[np.float64]:
    """Return 1 in the rows of a regressor's region, in all if it has none, shape (n,)."""
    return _applies_to_province(design, regressor)[design.province]


def _applies_to_province(design: Design, regressor: str) -> NDArray[np.float64]:
    _, _, region = regressor.partition(":")
    labels = np.array(design.regions)[design.region_of_province]
    return (labels == region).astype(float) if region else np.ones(len(labels))


def means(values: Array, code: NDArray[np.int64], size: int) -> Array:
    """Return the means of values, shape (n, …), by code, shape (size, …)."""
    dummies = np.eye(size)[code]
    return dummies.T @ values / dummies.sum(axis=0).reshape(-1, *(1,) * (values.ndim - 1))


# --- dynamic effects ----------------------------------------------------------------------------


def long_run(rho: Array, slope: Array) -> Array:
    """Return the long-run effect slope / (1 − ρ); NaN where |ρ| ≥ 1, where there is none.

    Parameters
    ----------
    rho, slope : ndarray
        Draws, of any shape.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(rho) < 1, slope / (1 - rho), np.nan)


def impulse_response(rho: Array, slope: Array, years: int) -> Array:
    """Return the impulse response slope · ρ^h, h years after a change that lasted one year.

    Returns
    -------
    ndarray, shape (…, years + 1)
        h = 0, 1, …, years.
    """
    return slope[..., None] * rho[..., None] ** np.arange(years + 1)


def half_life(rho: Array) -> Array:
    """Return the half-life of a change in years, log ½ / log ρ; ∞ where ρ ≥ 1.

    0 where ρ ≤ 0: all of it is gone after a year, or turned round.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        years = np.log(0.5) / np.log(np.clip(rho, 0, 1))
    return np.where(rho >= 1, np.inf, np.where(rho <= 0, 0.0, years))


# --- new data -----------------------------------------------------------------------------------


def generate(parts: Dynamic, free: dict[str, Any], rng: np.random.Generator) -> Dynamic:
    """Draw outcomes from the model, year after year, each the next one's lag.

    Parameters
    ----------
    parts : Dynamic
        Without gaps after a province's first row.
    free : dict
        One draw of the free variables, shapes (*dims,).
    rng : Generator

    Returns
    -------
    Dynamic
        The same regressors, standardised as before, with the new outcomes and their lags.
    """
    values = effects(parts, free)
    region = parts.design.region
    return follow(parts, values, values.sigma[region] * rng.standard_normal(len(region)))


def follow(parts: Dynamic, values: Effects, noise: Array) -> Dynamic:
    """Return the regression with outcomes simulated from errors, shape (n,), and their lags."""
    design = parts.design
    steady = parts.within[:, ~parts.of_lag] @ values.slope[~parts.of_lag]
    steady = steady + values.province[design.province] + values.year[parts.cell] + noise
    rho = values.slope[parts.of_lag] / parts.term_scale[parts.term_of_regressor[parts.of_lag]]
    names = [parts.regressors[position] for position in np.flatnonzero(parts.of_lag)]
    rho_of_province = sum(
        value * _applies_to_province(design, name) for value, name in zip(rho, names, strict=True)
    )
    before = parts.first[:, 0].copy()
    y, lag = np.empty_like(design.y), np.empty_like(design.y)
    for year in range(len(design.years)):
        rows = np.flatnonzero(design.year == year)
        province = design.province[rows]
        lag[rows] = before[province]
        moved = rho_of_province[province] * before[province]
        y[rows] = parts.centre + parts.scale * (steady[rows] + moved - moved.mean())
        before[province] = y[rows]
    position = design.terms.index(LAG)
    x = design.x.copy()
    x[:, position] = lag
    return replace(parts, design=replace(design, y=y, x=x)).with_lag(lag)
