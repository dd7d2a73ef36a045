"""Test of equality of two posteriors, by differences in units of Monte Carlo error."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import arviz as az
import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.01
"""Of the whole comparison; shared among its quantities by Bonferroni."""

LEAST_ESS = 10_000
MOST_SD_ERROR = 0.01

Draws = Mapping[str, NDArray[np.float64]]
"""Shapes (chain, draw, …), by variable."""


@dataclass(frozen=True)
class Equality:
    """Result of a comparison of two posteriors.

    Attributes
    ----------
    z_mean, z_sd : float
        Largest |difference| / combined MCSE over all means, over all standard deviations.
    limit : float
        Bonferroni 1 % point for that many quantities.
    sd_error : float
        Mean of log(sd / sd) over all quantities, which noise in single ones averages out of.
    ess : float
        Least effective sample size of any mean or standard deviation on either side.
    """

    z_mean: float
    z_sd: float
    limit: float
    sd_error: float
    ess: float

    @property
    def holds(self) -> bool:
        """Whether the posteriors are equal by enough draws; NaN is not."""
        return (
            self.ess >= LEAST_ESS
            and self.z_mean < self.limit
            and self.z_sd < self.limit
            and abs(self.sd_error) <= MOST_SD_ERROR
        )


def bonferroni(n: int) -> float:
    """Return the Bonferroni 1 % point of the largest |z| of n normal ones."""
    return float(stats.norm.isf(LEVEL / n / 2))


def compare(left: Draws, right: Draws) -> Equality:
    """Compare two sets of draws of the same variables, element by element."""
    assert left.keys() == right.keys()
    return _compare(_moments(left), _moments({name: right[name] for name in left}))


def compare_exact(draws: Draws, mean: NDArray[np.float64], sd: NDArray[np.float64]) -> Equality:
    """Compare draws with known means and standard deviations, in the order of the elements."""
    # Known moments have no Monte Carlo error.
    zeros, infinite = np.zeros_like(mean), np.full(len(mean), np.inf)
    exact = _Moments(mean, sd, zeros, zeros, infinite, infinite)
    return _compare(_moments(draws), exact)


def compare_few(draws: Draws, reference: Draws) -> Equality:
    """Compare draws too few for the rule with many, the errors of the few taken from the many.

    A small sample that misses the tail of a skewed quantity understates its own error, too: among
    100 quantities, ten of them skewed, samples of 720 independent draws were off by the rule's own
    errors nine times as often as the limit says, by these less than three times. `holds` still
    asks for `LEAST_ESS`.
    """
    few, many = _moments(draws), _moments({name: reference[name] for name in draws})
    errors = {
        "mean_error": many.mean_error * np.sqrt(many.mean_ess / few.mean_ess),
        "sd_error": many.sd_error * np.sqrt(many.sd_ess / few.sd_ess),
    }
    return _compare(replace(few, **errors), many)


@dataclass(frozen=True)
class _Moments:
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    mean_error: NDArray[np.float64]
    sd_error: NDArray[np.float64]
    mean_ess: NDArray[np.float64]
    sd_ess: NDArray[np.float64]

    @property
    def ess(self) -> NDArray[np.float64]:
        return np.minimum(self.mean_ess, self.sd_ess)


def _compare(left: _Moments, right: _Moments) -> Equality:
    z_mean = np.abs(left.mean - right.mean) / np.hypot(left.mean_error, right.mean_error)
    z_sd = np.abs(left.sd - right.sd) / np.hypot(left.sd_error, right.sd_error)
    return Equality(
        z_mean=float(z_mean.max()),
        z_sd=float(z_sd.max()),
        limit=bonferroni(len(z_mean) + len(z_sd)),
        sd_error=float(np.log(left.sd / right.sd).mean()),
        ess=float(min(left.ess.min(), right.ess.min())),
    )


def _moments(draws: Draws) -> _Moments:
    columns = np.concatenate([v.reshape(*v.shape[:2], -1) for v in draws.values()], axis=2)
    dataset = az.convert_to_dataset({"all": columns})
    mean_error, sd_error = (
        az.mcse(dataset, method=moment)["all"].to_numpy() for moment in ("mean", "sd")
    )
    ess = (az.ess(dataset, method=moment)["all"].to_numpy() for moment in ("mean", "sd"))
    sd = columns.std(axis=(0, 1), ddof=1)
    return _Moments(columns.mean(axis=(0, 1)), sd, mean_error, sd_error, *ess)
