"""What is simulated: the cells of the study, each a truth.

Data sets have the panel's own regressors, provinces and years, and at each root ρ the slopes,
year effects and residual scales by region that two-way fixed effects of y_it − ρ y_i,t−1 give on
it. Slopes are the same in all regions, so that every estimator means the same number.
What differs between cells is the root and where provinces start, in the panel's first year:

`stationary`
    At rest, (u_i + x_i1'γ) / (1 − ρ), and off it as far as errors of all years before leave them.
`history`
    For ρ ≥ 1, where nothing rests: ten years after all started at the same place.
`far`
    Anywhere: a draw that has nothing to do with province effects or regressors, spread as wide as
    the panel's province means.

Province effects are drawn too, independent of the regressors, with (1 − ρ) times that spread
(at ρ ≥ 1, as at 0.95), so the cells `stationary` have all that system GMM asks for. Three more
break what estimators ask for besides:

`related`
    Province effects go with the regressor of interest, as province effects do.
`feedback`
    A good year moves the regressor of interest in the years after: it is predetermined, and what
    nearly all estimators here, the model among them, take for given hangs on errors.
`runs`
    Errors go in runs, an AR(1): the lag goes together with the error.
"""

from dataclasses import dataclass

YEARS_BEFORE = {"stationary": 100, "history": 10}
"""From rest, in which even a root of 0.95 forgets where it was, or from the same place."""

NEAR_ONE = 0.95
"""Root whose spread of province effects is taken at roots of 1 and more."""

RELATED = 0.7
"""Correlation of province effects with the regressor of interest, in `related`."""

FEEDBACK, FADES = 0.5, 0.8
"""What an error of one standard deviation adds to the regressor of interest a year later, in
within standard deviations of that, and how much of it is left after another year; in `feedback`."""

RUNS = 0.3
"""Autocorrelation of the errors in `runs`."""

ADDED = ("feedback", "runs")
"""Cells that the rule's first list did not have."""


@dataclass(frozen=True)
class Cell:
    """One truth.

    Attributes
    ----------
    rho : float
    start : "stationary", "history" or "far"
    besides : "", "related", "feedback" or "runs"
    """

    rho: float
    start: str
    besides: str = ""

    @property
    def name(self) -> str:
        """As in tables."""
        return f"{self.rho:g} {self.start} {self.besides}".strip()


CELLS = (
    *(Cell(rho, start) for rho in (0.5, 0.8, 0.95) for start in ("stationary", "far")),
    *(Cell(rho, start) for rho in (1.0, 1.05) for start in ("history", "far")),
    *(Cell(0.8, "stationary", besides) for besides in ("related", "feedback", "runs")),
)
"""A new one is a record here."""
