"""Constants and small statistics that several analyses share."""

from scipy import stats

CERTAIN = 0.975
"""Posterior probability of a sign from which the 95 % equal-tailed interval excludes zero."""

Z = 1.959963984540054
"""97.5 % point of the normal distribution: published intervals are b ± Z·s."""

POWER = 0.8
"""Power that is asked for: the share of data sets in which the interval excludes zero."""

DOUBTS = ("failed its gate", "does not fit")
"""Why a fit's numbers are not to be relied on: by its health gate, by its predictive checks."""

INTERVALS = {
    "conventional": "conventional errors",
    "province": "errors clustered by province",
    "posterior": "the posterior",
    "GMM": "system GMM's own errors",
}
"""Kinds of 95 % interval that simulations compare, and what each is called."""


def share(count: int, size: int) -> tuple[float, float, float]:
    """Return a share and its 95 % interval by Wilson's method."""
    interval = stats.binomtest(count, size).proportion_ci(method="wilson")
    return count / size, float(interval.low), float(interval.high)


def doubt(gate: str, fits: str = "") -> str:
    """Return which of `DOUBTS` is to be said of a fit; empty if none."""
    return next(
        (word for word, result in zip(DOUBTS, (gate, fits), strict=True) if result == "fail"), ""
    )
