"""Errors of cells that a rule fills: paths over years, from known years left out.

The log error of a filled cell is a year's error, shared by all provinces, plus a province's own.
With h the number of years from the nearest observed one, and g observed growths behind the rule:

    year's path      cov(c_h, c_k) = τ² (min(h, k) + h k / g)
    province's path  cov(v_h, v_k) = s_i² (a min(h, k) + b (1 + [h = k]) + d h k)

The first is the error of a random walk whose drift is estimated from g of its steps. The second is
that of a random walk (a), of noise in single years (b) and of a province's own growth (d). All
scales come from errors of the rule where it is tried: it forecasts known years from the years
before them. Scales are uncertain, too, and have log-normal distributions of the same variance as
the log of a scaled inverse χ². Arrays are (n provinces, years).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Array = NDArray[np.float64]

PRIOR_DF = 4.0
"""Weight, in degrees of freedom, of what provinces share in the variance of one."""

FEWEST = 2
"""Observed years that a forecast needs."""

JITTER = 1e-10
"""Relative addition to variances, so that a year without an error has a factor, too."""


class Spread(NamedTuple):
    """Distribution of the log errors of g neighbouring years of all provinces.

    Attributes
    ----------
    common : ndarray, shape (g, g)
        Factor of the covariance of the year's path.
    common_df : float
        Degrees of freedom of its scale.
    own : ndarray, shape (g, g)
        Factor of the covariance of a province's path.
    scale : ndarray, shape (n,)
        A province's standard deviation, relative to `own`.
    own_df : float
        Degrees of freedom of a province's scale.
    """

    common: Array
    common_df: float
    own: Array
    scale: Array
    own_df: float

    @property
    def size(self) -> int:
        """Number of standard normal variables that one draw takes."""
        g, n = len(self.own), len(self.scale)
        return (g + 1) + n * (g + 1)

    def draw(self, z: Array) -> tuple[Array, Array]:
        """Turn standard normal variables into log errors.

        Parameters
        ----------
        z : ndarray, shape (m, size)

        Returns
        -------
        common : ndarray, shape (m, g)
        own : ndarray, shape (m, n, g)
        """
        g, n = len(self.own), len(self.scale)
        year, by_province = z[:, : g + 1], z[:, g + 1 :].reshape(len(z), n, g + 1)
        common = (year[:, :g] @ self.common.T) * _scale(year[:, g], self.common_df)[:, None]
        scale = self.scale * _scale(by_province[..., g], self.own_df)
        return common, (by_province[..., :g] @ self.own.T) * scale[..., None]


def _scale(z: Array, df: float) -> Array:
    """Return the uncertain factor of a standard deviation with `df` degrees of freedom."""
    return np.exp(z / np.sqrt(2.0 * df))


def ahead(x: Array, g: int, pinned: NDArray[np.bool_] | None = None) -> Spread:
    """Estimate the errors of forecasts of g years by the rule "growth".

    Parameters
    ----------
    x : ndarray, shape (n, S)
        Positive; observed years, in the order in which the rule moves outwards. NaN in single
        cells.
    g : int
        Years to be filled.
    pinned : ndarray of bool, shape (g,), optional
        Years in which the provinces' total is known: their common error is 0.
    """
    errors, growths = _forecasts(np.log(x), g)
    common, specific = _split(errors)
    tau2, df = _year_variance(common, growths)
    h = np.arange(1.0, g + 1.0)
    year = tau2 * (np.minimum.outer(h, h) + np.outer(h, h) / min(g, x.shape[1] - 1))
    if pinned is not None and pinned.any():
        year = _given_zero(year, pinned)
    covariance = _province_covariance(specific)
    return Spread(_factor(year), df, _factor(covariance), *_province_scales(specific, covariance))


def between(x: Array) -> Spread:
    """Estimate the errors of linear interpolation over one year.

    Parameters
    ----------
    x : ndarray, shape (n, T)
        NaN where missing; three observed years in a row somewhere.
    """
    middle = (x[:, :-2] + x[:, 2:]) / 2.0
    errors = (np.log(middle) - np.log(x[:, 1:-1])).T[..., None]  # (years, n, 1)
    common, specific = _split(errors[~np.isnan(errors).all(axis=(1, 2))])
    variance = np.array([[np.nanmean(specific**2)]])
    year = np.array([[np.mean(common**2)]])
    return Spread(
        _factor(year), float(len(common)), _factor(variance), *_province_scales(specific, variance)
    )


def of_proxies(x: Array, companion: Array) -> Array:
    """Return the log errors of a proxy made for each province from the others.

    Parameters
    ----------
    x, companion : ndarray, shape (n, T)
        Complete, of the provinces that have both.

    Returns
    -------
    ndarray, shape (n, T)
        A row is a draw of a whole path; a random combination of rows has their covariance.
    """
    ratio = x / companion
    proxy_ratio = [np.median(np.delete(ratio, i, axis=0), axis=0) for i in range(len(ratio))]
    return np.log(np.array(proxy_ratio) / ratio)


def _forecasts(log_x: Array, g: int) -> tuple[Array, Array]:
    """Forecast up to g years from every origin.

    Returns
    -------
    errors : ndarray, shape (origins, n, g)
        NaN beyond the last observed year.
    growths : ndarray, shape (origins,)
        Observed growths behind a forecast.
    """
    n, years = log_x.shape
    growth = np.diff(log_x, axis=1)
    origins = range(FEWEST - 1, years - 1)
    errors = np.full((len(origins), n, g), np.nan)
    behind = np.empty(len(origins))
    for k, last in enumerate(origins):
        used = min(g, last)
        step, reach = np.nanmedian(growth[:, last - used : last]), min(g, years - 1 - last)
        h = np.arange(1, reach + 1)
        truth = log_x[:, last + 1 : last + 1 + reach]
        errors[k, :, :reach] = log_x[:, last, None] + h * step - truth
        behind[k] = used
    return errors, behind


def _split(errors: Array) -> tuple[Array, Array]:
    """Split errors, shape (origins, n, g), into the median over provinces and the rest."""
    observed = ~np.isnan(errors).all(axis=1)
    common = np.full(observed.shape, np.nan)
    common[observed] = np.nanmedian(np.swapaxes(errors, 1, 2)[observed], axis=1)
    return common, errors - common[:, None]


def _year_variance(common: Array, growths: Array) -> tuple[float, float]:
    """Return τ² and its degrees of freedom, from common errors of shape (origins, g)."""
    h = np.arange(1.0, common.shape[1] + 1.0)
    ratio = common**2 / (h + h**2 / growths[:, None])
    # Forecasts of several years from neighbouring origins overlap: one origin, one degree.
    return float(np.nanmean(ratio)), float(len(common))


def _given_zero(covariance: Array, pinned: NDArray[np.bool_]) -> Array:
    """Return the covariance given that pinned entries are 0."""
    across = covariance[:, pinned]
    return covariance - across @ np.linalg.solve(covariance[np.ix_(pinned, pinned)], across.T)


def _province_covariance(specific: Array) -> Array:
    """Fit the covariance of a province's path to the products of errors at two horizons."""
    g = specific.shape[2]
    h = np.arange(1.0, g + 1.0)
    parts = (np.minimum.outer(h, h), 1.0 + np.eye(g), np.outer(h, h))
    row, column = np.triu_indices(g)
    moments = np.full(len(row), np.nan)
    for position, (first, second) in enumerate(zip(row, column, strict=True)):
        products = specific[:, :, first] * specific[:, :, second]
        if not np.isnan(products).all():
            moments[position] = np.nanmean(products)
    estimable = ~np.isnan(moments)
    design = np.column_stack([part[row, column][estimable] for part in parts])
    # Of a random walk's errors a product's standard deviation grows as √(h k).
    weight = 1.0 / np.sqrt(h[row[estimable]] * h[column[estimable]])
    weights, _ = nnls(design * weight[:, None], moments[estimable] * weight)
    return sum(weight * part for weight, part in zip(weights, parts, strict=True))


def _province_scales(specific: Array, covariance: Array) -> tuple[Array, float]:
    """Return each province's scale, shrunk towards 1, and its degrees of freedom."""
    ratio = specific**2 / np.maximum(np.diag(covariance), JITTER)
    df = float(len(specific))
    observed = ~np.isnan(ratio)
    mean = np.where(observed, ratio, 0.0).sum(axis=(0, 2)) / np.maximum(
        observed.sum(axis=(0, 2)), 1
    )
    return np.sqrt((PRIOR_DF + df * mean) / (PRIOR_DF + df)), PRIOR_DF + df


def _factor(covariance: Array) -> Array:
    """Return the Cholesky factor of a covariance that may be singular."""
    least = JITTER * np.trace(covariance) + JITTER**2
    return np.linalg.cholesky(covariance + least * np.eye(len(covariance)))
