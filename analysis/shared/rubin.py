"""Rubin's rules: estimates of several completed data sets as one.

With m completed data sets, W the mean of their variances and B the variance of their estimates,
the estimate is their mean, its variance T = W + (1 + 1/m) B (Rubin 1987, *Multiple Imputation for
Nonresponse in Surveys*, equation 3.1.5), and its degrees of freedom those of Barnard and Rubin
(1999, *Biometrika* 86:948–955), which never exceed the complete data's.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

Array = NDArray[np.float64]


class Pooled(NamedTuple):
    """Estimates over completed data sets; all arrays of the shape of one set's estimates.

    Attributes
    ----------
    estimate, se : ndarray
        √T.
    within, between : ndarray
        √W and √((1 + 1/m) B).
    share : ndarray
        Share of T that comes of imputation, (1 + 1/m) B / T.
    df : ndarray
        Degrees of freedom.
    """

    estimate: Array
    se: Array
    within: Array
    between: Array
    share: Array
    df: Array

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Return the ends of the t interval."""
        reach = stdtrit(self.df, (1 + level) / 2) * self.se
        return self.estimate - reach, self.estimate + reach


def pool(estimates: ArrayLike, variances: ArrayLike, df: float) -> Pooled:
    """Pool the estimates of m completed data sets.

    Parameters
    ----------
    estimates, variances : array, shape (m, …)
        Two or more sets.
    df : float
        Degrees of freedom of the variance in one complete data set.
    """
    estimates, variances = np.asarray(estimates, float), np.asarray(variances, float)
    m = len(estimates)
    within = variances.mean(axis=0)
    between = (1 + 1 / m) * estimates.var(axis=0, ddof=1)
    total = within + between
    share = between / total
    observed = (df + 1) / (df + 3) * df * (1 - share)
    with np.errstate(divide="ignore"):
        classical = (m - 1) / share**2
    pooled_df = 1 / (1 / classical + 1 / observed)
    return Pooled(
        estimates.mean(axis=0),
        np.sqrt(total),
        np.sqrt(within),
        np.sqrt(between),
        share,
        pooled_df,
    )
