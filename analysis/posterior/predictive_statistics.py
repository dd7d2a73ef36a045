"""Test statistics of predictive checks, of an observed panel or a drawn one.

Every statistic is a function of a panel alone, so that it is computed in the same way from the
data and from each draw of any model (Gelman, Meng & Stern 1996, *Statistica Sinica* 6:733–760).
Those that speak of residuals take the panel's two-way fixed-effects residuals, which are a fixed
linear map of the outcome.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.frequentist.two_way import two_way_parts

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Labels of a panel's rows; codes index the labels.

    Attributes
    ----------
    province, year, region : ndarray of int, shape (n,)
        Sorted by province and year.
    years, regions : tuple
        Labels.
    x : ndarray, shape (n, k)
        Regressors.
    bounds : tuple of float
        Least and greatest possible value of the outcome.
    """

    province: NDArray[np.int64]
    year: NDArray[np.int64]
    region: NDArray[np.int64]
    years: tuple[int, ...]
    regions: tuple[str, ...]
    x: Array
    bounds: tuple[float, float]

    @cached_property
    def _regressors(self) -> Array:
        """An orthonormal basis of the regressors net of province and year dummies, (n, k)."""
        return np.linalg.qr(two_way_parts(self.x, self.province, self.year)[2]).Q

    @cached_property
    def neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions of the rows that have a row a period earlier, and of those earlier rows.

        A period is a year, or as many as lie between a survey's waves.
        """
        calendar = np.array(self.years)[self.year]
        period = min(np.diff(self.years), default=0)
        follows = (np.diff(self.province) == 0) & (np.diff(calendar) == period)
        (earlier,) = np.nonzero(follows)
        return earlier + 1, earlier

    def residuals(self, y: Array) -> Array:
        """Return two-way fixed-effects residuals of outcomes, shape (draws, n) as `y`."""
        # Frisch and Waugh: effects are swept out first, then an orthonormal basis of regressors.
        within = two_way_parts(y.T, self.province, self.year)[2]
        return (within - self._regressors @ (self._regressors.T @ within)).T

    def mean_by(self, codes: NDArray[np.int64], values: Array) -> Array:
        """Return means over the rows of each code, shape (draws, codes)."""
        member = np.eye(codes.max() + 1)[codes]
        return values @ (member / member.sum(axis=0))


@dataclass(frozen=True)
class Statistic:
    """A number, or one per element, of each of many panels.

    Attributes
    ----------
    name, meaning : str
    compute : function
        From outcomes (draws, n), their two-way residuals (draws, n) and `Rows` to a mapping of
        element to values (draws,); the element of a single number is "".
    judged : bool
        Whether draws should look like the data in it; not where the data's value is known
        beforehand.
    """

    name: str
    meaning: str
    compute: Callable[[Array, Array, Rows], Mapping[str, Array]]
    judged: bool = True


def _possible(y: Array, _: Array, rows: Rows) -> dict[str, Array]:
    least, greatest = rows.bounds
    return {"": ((y >= least) & (y <= greatest)).mean(axis=1)}


def _between(y: Array, _: Array, rows: Rows) -> dict[str, Array]:
    return {"": rows.mean_by(rows.province, y).std(axis=1)}


def _within(y: Array, _: Array, rows: Rows) -> dict[str, Array]:
    return {"": (y - rows.mean_by(rows.province, y)[:, rows.province]).std(axis=1)}


def _year_mean(y: Array, _: Array, rows: Rows) -> dict[str, Array]:
    return dict(zip(map(str, rows.years), rows.mean_by(rows.year, y).T, strict=True))


def _autocorrelation(_: Array, residual: Array, rows: Rows) -> dict[str, Array]:
    later, earlier = rows.neighbours
    if not len(later):
        return {"": np.zeros(len(residual))}
    product = (residual[:, later] * residual[:, earlier]).mean(axis=1)
    return {"": product / (residual**2).mean(axis=1)}


def _residual_sd(_: Array, residual: Array, rows: Rows) -> dict[str, Array]:
    mean_square = rows.mean_by(rows.region, residual**2)
    return dict(zip(rows.regions, np.sqrt(mean_square).T, strict=True))


def _farthest(_: Array, residual: Array, rows: Rows) -> dict[str, Array]:
    sd = np.sqrt(rows.mean_by(rows.region, residual**2))[:, rows.region]
    return {"": np.abs(residual / sd).max(axis=1)}


STATISTICS = (
    Statistic(
        "possible",
        "share of the cells within the bounds that the outcome's formula sets",
        _possible,
        judged=False,
    ),
    Statistic("between_sd", "standard deviation of province means", _between),
    Statistic("within_sd", "standard deviation about province means", _within),
    Statistic("year_mean", "mean over provinces, each year", _year_mean),
    Statistic(
        "autocorrelation",
        "of two-way residuals with those a year earlier, within provinces",
        _autocorrelation,
    ),
    Statistic("residual_sd", "root mean square two-way residual, each region", _residual_sd),
    Statistic("min", "smallest cell", lambda y, *_: {"": y.min(axis=1)}),
    Statistic("max", "largest cell", lambda y, *_: {"": y.max(axis=1)}),
    Statistic("farthest", "largest |two-way residual| in units of its region's sd", _farthest),
)
