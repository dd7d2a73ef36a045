"""Imputation with the outcome: draws of what is not observed, given the regression that they serve.

Draws made without the outcome regression leave out what it says of a missing regressor, and pull
slopes towards zero. Draws made with it presuppose a slope: here the regression is two-way fixed
effects with independent normal errors, flat in slopes and effects and in the log of σ, so that no
size of a slope is presupposed, but its linear form and the errors' independence are. The target

    p(z | data) ∝ N(z; 0, I) · RSS(z)^(−df/2) · |X(z)'X(z)|^(−1/2)

has the standard normal variables z behind a draw as its prior; y and X are the whole construction
at z. It is sampled by elliptical slices (Murray, Adams and MacKay 2010, *Proceedings of AISTATS*
9:541–548), which need no tuning: one chain for each draw, started from the one without the outcome.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.frequentist.twfe_batch import fit_swept, within_provinces

Array = NDArray[np.float64]

type Construct = Callable[[Array], tuple[Array, Array]]
"""From z, shape (m, size), to outcomes (m, n, T) and regressors (m, n, T, k)."""

STEPS = 40
"""Slices of a chain."""


class Slopes(NamedTuple):
    """The first regressor's slope in m completed data sets; arrays of shape (m,).

    Attributes
    ----------
    slope, se, se_province : ndarray
        With conventional errors, and those clustered by province.
    df : tuple of float
        Degrees of freedom of both.
    scale : ndarray
        Standard deviation of the regressor over the outcome's, both of two-way residuals.
    """

    slope: Array
    se: Array
    se_province: Array
    df: tuple[float, float]
    scale: Array


def slopes(y: Array, x: Array) -> Slopes:
    """Estimate two-way fixed effects in each completed data set.

    Parameters
    ----------
    y : ndarray, shape (m, n, T)
    x : ndarray, shape (m, n, T, k)
    """
    (_, n, t), k = y.shape, x.shape[3]
    y_net, x_net = _net(y[..., None]), _net(x)
    df = n * t - n - (t - 1) - k
    fitted = fit_swept(x_net, y_net, n, 1, df, k + t - 1)
    return Slopes(
        fitted.slope[:, 0, 0],
        fitted.se[:, 0, 0, 0],
        fitted.se[:, 0, 0, 1],
        (float(df), float(n - 1)),
        x_net[..., 0].std(axis=1) / y_net[..., 0].std(axis=1),
    )


def log_density(y: Array, x: Array) -> Array:
    """Return the regression's log density of outcomes, slopes and scale integrated out.

    Returns
    -------
    ndarray, shape (m,)
        Up to a constant.
    """
    (_, n, t), k = y.shape, x.shape[3]
    y_net, x_net = _net(y[..., None]), _net(x)
    cross = x_net.mT @ x_net
    residual = y_net - x_net @ np.linalg.solve(cross, x_net.mT @ y_net)
    df = n * t - n - (t - 1) - k
    rss = (residual**2).sum(axis=(1, 2))
    return -0.5 * df * np.log(rss) - 0.5 * np.linalg.slogdet(cross)[1]


def with_outcome(
    z: Array, construct: Construct, rng: np.random.Generator, steps: int = STEPS
) -> Array:
    """Move draws to where the regression, too, makes them likely.

    Parameters
    ----------
    z : ndarray, shape (m, size)
        Draws without the outcome.
    construct : callable
    rng : Generator
    steps : int

    Returns
    -------
    ndarray, shape (m, size)
    """
    return elliptical_slices(z, lambda draws: log_density(*construct(draws)), rng, steps)


def elliptical_slices(
    z: Array, log_likelihood: Callable[[Array], Array], rng: np.random.Generator, steps: int
) -> Array:
    """Sample a density with a standard normal prior, m chains side by side."""
    current = log_likelihood(z)
    for _ in range(steps):
        auxiliary = rng.standard_normal(z.shape)
        level = current + np.log(rng.uniform(size=len(z)))
        angle = rng.uniform(0.0, 2 * np.pi, len(z))
        low, high = angle - 2 * np.pi, angle.copy()
        waiting = np.arange(len(z))
        while waiting.size:
            turn = angle[waiting, None]
            proposed = z[waiting] * np.cos(turn) + auxiliary[waiting] * np.sin(turn)
            proposed_level = log_likelihood(proposed)
            accepted = proposed_level > level[waiting]
            done = waiting[accepted]
            # Once z is replaced the chain waits no more, so its old place is not needed again.
            z = z.copy()
            z[done], current[done] = proposed[accepted], proposed_level[accepted]
            waiting = waiting[~accepted]
            below = angle[waiting] < 0
            low[waiting[below]] = angle[waiting[below]]
            high[waiting[~below]] = angle[waiting[~below]]
            angle[waiting] = rng.uniform(low[waiting], high[waiting])
    return z


def _net(values: Array) -> Array:
    """Sweep both effects out of (m, n, T, k); return (m, n · T, k)."""
    m, n, t, k = values.shape
    swept = within_provinces(np.moveaxis(values, 0, -1).reshape(n, t, k * m))
    swept = swept - swept.mean(axis=0)
    return np.moveaxis(swept.reshape(n, t, k, m), -1, 0).reshape(m, n * t, k)
