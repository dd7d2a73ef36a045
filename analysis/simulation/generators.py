"""Data sets without a slope of interest, on a column's own design: four ways to make errors.

For size, coverage and power (`models.inference.batched` fits many). Residuals of two-way fixed
effects with a random sign by province are no errors without a slope: they contain −(b̂ − b_i) times
the regressor, which with random signs is a slope in every province. Here instead

swap
    Each province gets the path of another province of its region, from generalised least squares
    under a random walk, with a random sign: whole growth paths, with no regressor of their own.
own_scale
    As swap, each path rescaled to the standard deviation of the province that gets it.
covariance
    Paths from a fitted covariance, low rank plus AR(1): growth N(0, τ_trend²) and AR(1) errors by
    region. Under `models.bayesian.growth` this is the well-specified case.
restricted
    Residuals of two-way fixed effects without the terms of interest, one random sign a province
    (the restricted wild bootstrap of Cameron, Gelbach & Miller 2008, *Review of Economics and
    Statistics* 90:414–427).

To each the same systematic part is added: province effects, year effects and the controls' slopes
of the random-walk regression. `with_slopes` puts slopes in. All are functions of a balanced design.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.bayesian.growth_parts import time
from models.design import Design
from models.frequentist import twfe

Array = NDArray[np.float64]


class Paths(NamedTuple):
    """A regression under random-walk errors.

    Attributes
    ----------
    systematic : ndarray, shape (N, T)
        Outcomes without errors and without the terms of interest.
    path : ndarray, shape (N, T)
        Each province's errors, less their mean, scaled for the degrees of freedom.
    slopes : ndarray, shape (regions · interest + controls,)
    """

    systematic: Array
    path: Array
    slopes: Array


def with_slopes_by_region(regression: Design, n_interest: int) -> Design:
    """Return a design in which each region has a slope of its own of the first terms."""
    x = (
        regression.x[:, :n_interest, None]
        * np.eye(len(regression.regions))[regression.region][:, None]
    )
    terms = [
        f"{term}:{name}" for term in regression.terms[:n_interest] for name in regression.regions
    ]
    return replace(
        regression,
        x=np.column_stack([x.reshape(len(x), -1), regression.x[:, n_interest:]]),
        terms=(*terms, *regression.terms[n_interest:]),
    )


def random_walk_paths(design: Design, n_interest: int) -> Paths:
    """Estimate in differences, regions weighted by their variance, slopes of interest by region.

    Parameters
    ----------
    design : Design
        Balanced; its first `n_interest` terms are those of interest.
    """
    n, years = len(design.provinces), len(design.years)
    by_region = with_slopes_by_region(design, n_interest)
    y, x = design.y.reshape(n, years), by_region.x.reshape(n, years, -1)
    step, steps = np.diff(y, axis=1), np.diff(x, axis=1)
    dummies = np.broadcast_to(np.eye(years - 1), (n, years - 1, years - 1))
    columns = np.concatenate([steps, dummies], axis=2)
    weight = np.ones(n)
    in_region = np.eye(len(design.regions))[design.region_of_province]
    for _ in range(2):  # least squares, then weighted by region
        scaled = (columns * weight[:, None, None]).reshape(-1, columns.shape[2])
        estimate = np.linalg.lstsq(scaled, (step * weight[:, None]).ravel())[0]
        residual = step - columns @ estimate
        variance = in_region.T @ (residual**2).mean(axis=1) / in_region.sum(axis=0)
        weight = 1 / np.sqrt(variance[design.region_of_province])
    scale = np.sqrt(residual.size / (residual.size - len(estimate)))
    path = np.concatenate([np.zeros((n, 1)), residual.cumsum(axis=1)], axis=1)
    path = path - path.mean(axis=1, keepdims=True)
    slopes = estimate[: x.shape[2]]
    of_interest = n_interest * len(design.regions)
    systematic = y - path - x[..., :of_interest] @ slopes[:of_interest]
    return Paths(systematic, scale * path, slopes)


def swap(design: Design, n_interest: int, size: int, rng: np.random.Generator) -> Array:
    """Draw outcomes in which each province has another one's path.

    Parameters
    ----------
    design : Design
        Balanced, with n rows and at least two provinces a region.
    n_interest : int
        The first terms are those of interest.
    size : int
    rng : Generator

    Returns
    -------
    ndarray, shape (n, size)
    """
    paths = random_walk_paths(design, n_interest)
    errors = signs(design, size, rng) * paths.path[donors(design, size, rng)]
    return _outcomes(paths, errors)


def own_scale(design: Design, n_interest: int, size: int, rng: np.random.Generator) -> Array:
    """Draw the same with each path at the scale of the province that gets it."""
    paths = random_walk_paths(design, n_interest)
    sd = paths.path.std(axis=1)
    donor = donors(design, size, rng)
    errors = signs(design, size, rng) * paths.path[donor] * (sd / sd[donor])[..., None]
    return _outcomes(paths, errors)


def covariance(
    design: Design,
    n_interest: int,
    size: int,
    rng: np.random.Generator,
    scales: tuple[Array, Array, Array],
) -> Array:
    """Draw outcomes with growth and AR(1) errors of given scales.

    Parameters
    ----------
    scales : tuple of ndarray, shape (regions,)
        τ_trend (until the sample's end, from its middle), σ and φ, on the outcome's own scale.
    """
    tau, sigma, phi = (values[design.region_of_province] for values in scales)
    n, years = len(design.provinces), len(design.years)
    growth = tau * rng.standard_normal((size, n))
    errors = sigma[:, None] * rng.standard_normal((size, n, years))
    errors[..., 0] /= np.sqrt(1 - phi**2)
    for year in range(1, years):
        errors[..., year] += phi * errors[..., year - 1]
    since = time(design).reshape(n, years)
    paths = random_walk_paths(design, n_interest)
    return _outcomes(paths, growth[..., None] * since + errors)


def restricted(design: Design, n_interest: int, size: int, rng: np.random.Generator) -> Array:
    """Draw outcomes with the residuals of the regression without the terms of interest."""
    controls = design.x[:, n_interest:]
    parts = twfe.slope_parts(design.y, controls, design.province, design.year)
    used = len(design.provinces) + len(design.years) - 1 + controls.shape[1]
    residual = parts.residual * np.sqrt(len(design.y) / (len(design.y) - used))
    sign = signs(design, size, rng)[..., 0].T[design.province]
    return (design.y - parts.residual)[:, None] + residual[:, None] * sign


def with_slopes(outcomes: Array, design: Design, slopes: Array) -> Array:
    """Add slopes of the first term by province, shape (N,), to outcomes (n, size)."""
    return outcomes + (design.x[:, 0] * slopes[design.province])[:, None]


GENERATORS = {"swap": swap, "own_scale": own_scale, "restricted": restricted}
"""Those that need nothing but a design."""


def donors(design: Design, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw for each province another one of its region, shape (size, N).

    Raises
    ------
    UserError
        If a region has one province alone.
    """
    drawn = np.empty((size, len(design.provinces)), dtype=int)
    for region, name in enumerate(design.regions):
        members = np.flatnonzero(design.region_of_province == region)
        if len(members) < 2:
            raise UserError(
                f"The region {name} has one province alone, and each gets the errors of another "
                "one of its region: put it into another region, or leave it out."
            )
        ahead = rng.integers(1, len(members), (size, len(members)))
        drawn[:, members] = members[(np.arange(len(members)) + ahead) % len(members)]
    return drawn


def signs(design: Design, size: int, rng: np.random.Generator) -> Array:
    """Draw a sign for each province, shape (size, N, 1)."""
    return rng.choice([-1.0, 1.0], (size, len(design.provinces), 1))


def _outcomes(paths: Paths, errors: Array) -> Array:
    """Return outcomes, shape (n, size), of errors (size, N, T)."""
    return (paths.systematic + errors).reshape(len(errors), -1).T
