"""Cells of the simulation study, each a data-generating process.

Data sets have the panel's own regressors, provinces and years, and at each ρ the slopes,
year effects and residual scales by region that two-way fixed effects of y_it − ρ y_i,t−1 give on
it. Slopes are the same in all regions, so that every estimator means the same number.
Cells differ in ρ and in the initial condition, in the panel's first year:

`stationary`
    The steady state (u_i + x_i1'γ) / (1 − ρ), plus the errors of all years before.
`history`
    For ρ ≥ 1, where there is no steady state: ten years after all started at the same place.
`far`
    Anywhere: a draw independent of province effects and regressors, spread as wide as
    the panel's province means.

Province effects are drawn too, independent of the regressors, with (1 − ρ) times that spread
(at ρ ≥ 1, as at 0.95), so the cells `stationary` meet all assumptions of system GMM. Others
violate other assumptions:

`related`
    Province effects are correlated with the regressor of interest.
`feedback`
    A good year moves the regressor of interest in the years after: it is predetermined, and the
    regressors that nearly all estimators take as exogenous are correlated with past errors.
`runs`
    AR(1) errors: the lag is correlated with the error.
`lines`
    Provinces grow along lines of their own, g_i t, t from −1 in the second year to 1 in the last,
    independent of all else; the g_i spread as trends of the panel's two-way residuals do in the
    province's region, and errors as what is left of these. Before the panel begins nothing grows.
"""

from dataclasses import dataclass

YEARS_BEFORE = {"stationary": 100, "history": 10}
"""Burn-in from the steady state, long enough for ρ = 0.95, or from the same place."""

NEAR_ONE = 0.95
"""ρ whose spread of province effects is used at ρ of 1 and more."""

RELATED = 0.7
"""Correlation of province effects with the regressor of interest, in `related`."""

FEEDBACK, FADES = 0.5, 0.8
"""What an error of one standard deviation adds to the regressor of interest a year later, in
within standard deviations, and the share of it that persists another year; in `feedback`."""

RUNS = 0.3
"""Autocorrelation of the errors in `runs`."""


@dataclass(frozen=True)
class Cell:
    """One data-generating process.

    Attributes
    ----------
    rho : float
    start : "stationary", "history" or "far"
    besides : "", "related", "feedback", "runs" or "lines"
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
    *(Cell(rho, "stationary", "lines") for rho in (0.8, 0.95)),
    *(Cell(rho, "history", "lines") for rho in (1.0, 1.05)),
)
"""A new one is a record here."""
