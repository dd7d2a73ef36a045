"""Gibbs sampler of two-way effects with Student t errors.

    y_it = a_i + d_t + x_it'β + ε_it,  ε_it ~ t_ν(0, σ_r)

For studies of hundreds of posteriors; `models.bayesian.student_t` is the
hierarchical model with such errors, and takes minutes. A t error is normal given its row's weight
λ_n ~ Gamma(ν/2, ν/2), so every step is exact (Geweke 1993, *Journal of Applied Econometrics*
8:S19–S40): all coefficients at once given the weights, the σ_r² given residuals, and ν with the
weights integrated out, on a grid.

Priors, the outcome and each regressor in units of their standard deviation: β normal as in
`models.priors.REGULARISED`, a and d flat, p(σ_r²) ∝ 1/σ_r², ν Gamma with shape 2 and rate 0.1
(Juárez & Steel 2010) on `NU`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtrs
from scipy.special import gammaln

from models.design import Design

Array = NDArray[np.float64]

NU = np.geomspace(1.5, 100.0, 20)
"""Degrees of freedom that are looked at, evenly on the log scale."""

WARM_UP = 150
"""Steps before the first draw is kept; coefficients are drawn jointly, so few are needed."""

START = 1.0
"""Spread of the logarithms of the scales that a chain begins with."""


def slopes(design: Design, slope_scale: float, draws: int, rng: np.random.Generator) -> Array:
    """Draw the slopes.

    Parameters
    ----------
    design : Design
        n rows, k terms.
    slope_scale : float
        Prior standard deviation of a standardised slope.
    draws : int
    rng : Generator

    Returns
    -------
    ndarray, shape (draws, k)
        On the paper's scale.
    """
    k, unit, spread = len(design.terms), design.y.std(), design.x.std(axis=0)
    x = (design.x - design.x.mean(axis=0)) / spread
    y = (design.y - design.y.mean()) / unit
    dummies = (
        np.eye(len(design.provinces))[design.province],
        np.eye(len(design.years))[design.year][:, 1:],
    )
    effects = np.concatenate([x, *dummies], axis=1)
    precision = np.zeros(effects.shape[1])
    precision[:k] = slope_scale**-2
    region, size = design.region, np.bincount(design.region)
    known = log_density_without_residuals(len(y))
    # Either region can be the noisy one: overdispersed starting points reveal such modes.
    weight, scale = np.ones(len(y)), np.exp(rng.normal(scale=START, size=len(size)))
    kept = np.empty((draws, k))
    for step in range(-WARM_UP, draws):
        rows = effects * (weight / scale[region] ** 2)[:, None]
        factor = np.linalg.cholesky(rows.T @ effects + np.diag(precision))
        # LAPACK's order is the other one: it is the transpose that it is given.
        mean = dtrtrs(factor.T, rows.T @ y, lower=0, trans=1)[0]
        noise = rng.standard_normal(len(mean))
        coefficient = dtrtrs(factor.T, mean + noise, lower=0)[0]
        residual = y - effects @ coefficient
        square = np.bincount(region, weight * residual**2)
        scale = np.sqrt(square / rng.chisquare(size))
        standard = (residual / scale[region]) ** 2
        nu = draw_nu(standard, known, rng)
        weight = rng.gamma((nu + 1) / 2, 2 / (nu + standard))
        if step >= 0:
            kept[step] = coefficient[:k]
    return kept * unit / spread


def log_density_without_residuals(n: int) -> Array:
    """Return the log prior of each of `NU`, with the normalising constant of n residuals.

    The prior is per step of ν's logarithm.
    """
    log_prior = np.log(NU) - 0.1 * NU + np.log(NU)
    return log_prior + n * (gammaln((NU + 1) / 2) - gammaln(NU / 2) - np.log(NU) / 2)


def draw_nu(standard: Array, known: Array, rng: np.random.Generator) -> float:
    """Draw the degrees of freedom given squared standardised residuals, shape (n,)."""
    tail = np.log1p(standard / NU[:, None]).sum(axis=1)
    log_density = known - (NU + 1) / 2 * tail
    weight = np.exp(log_density - log_density.max())
    return float(rng.choice(NU, p=weight / weight.sum()))
