"""Prior sensitivity: posteriors under other priors than the model's own.

The posterior under each of `ALTERNATIVES`, by weights on the scales too where
these are reliable, else by a refit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from analysis.posterior.jobs import Job, Settings
from analysis.robustness.sensitivity.refits import (
    Base,
    Refit,
    at_draws,
    collapses,
    moved,
    refit,
    weighted,
)
from analysis.robustness.sensitivity.weights import trusted
from models.bayesian.interface import Parts
from models.bayesian.registry import Model
from models.priors import Prior, Priors


@dataclass(frozen=True)
class Alternative:
    """Another prior to refit under.

    Attributes
    ----------
    name, reason : str
    variables : tuple of str
        Lines of the prior table that change; those that a model lacks are passed over.
    change : function
        From a line to another.
    """

    name: str
    reason: str
    variables: tuple[str, ...]
    change: Callable[[Prior], Prior]

    def of(self, priors: Priors) -> Priors:
        """Return the table with the lines changed."""
        table = (self.change(p) if p.name in self.variables else p for p in priors.table)
        return Priors(f"{priors.name}, {self.name}", tuple(table))


def _times(factor: float) -> Callable[[Prior], Prior]:
    return lambda prior: replace(prior, scale=factor * prior.scale)


def _as(distribution: str, **changes: float) -> Callable[[Prior], Prior]:
    return lambda prior: replace(prior, distribution=distribution, **changes)


_EFFECTS = ("tau_province_std", "tau_year_std")

ALTERNATIVES = (
    Alternative(
        "slopes twice as wide",
        "A slope that grows under a wider prior is constrained by its prior.",
        ("slope_std",),
        _times(2),
    ),
    Alternative(
        "slopes half as wide",
        "A slope that shrinks here is weakly identified.",
        ("slope_std",),
        _times(0.5),
    ),
    Alternative(
        "spread of slopes twice as wide",
        "Weakly identified with three regions: less pooling.",
        ("tau_slope_std",),
        _times(2),
    ),
    Alternative(
        "spread of slopes half as wide",
        "Weakly identified with three regions: more pooling.",
        ("tau_slope_std",),
        _times(0.5),
    ),
    Alternative(
        "spread of slopes half-t",
        "Gelman (2006) advises a heavy tail where few groups identify the spread weakly.",
        ("tau_slope_std",),
        _as("HalfStudentT"),
    ),
    Alternative(
        "spread of slopes by province twice as wide",
        "Provinces of a region may differ more: less pooling towards their region.",
        ("tau_slope_province_std",),
        _times(2),
    ),
    Alternative(
        "spread of slopes by province half as wide",
        "More pooling towards the region.",
        ("tau_slope_province_std",),
        _times(0.5),
    ),
    Alternative(
        "spread of growth twice as wide",
        "Lines and errors near a unit root compete for the same drift: more to the lines.",
        ("tau_trend_std",),
        _times(2),
    ),
    Alternative(
        "spread of growth half as wide",
        "More of the drift to the errors.",
        ("tau_trend_std",),
        _times(0.5),
    ),
    Alternative(
        "slopes between trends twice as wide",
        "Were they pulled to zero, slopes within would be pulled to those between trends.",
        ("between_trend", "trend_region"),
        _times(2),
    ),
    Alternative(
        "spread of effects half-t",
        "Province effects may spread wider than the outcome's sd where regressors differ far.",
        _EFFECTS,
        _as("HalfStudentT"),
    ),
    Alternative(
        "spread of effects half as wide",
        "Effects drawn closer to their Mundlak lines.",
        _EFFECTS,
        _times(0.5),
    ),
    Alternative(
        "Mundlak slopes twice as wide",
        "They take up between-province differences that slopes should not.",
        ("between_province", "between_year"),
        _times(2),
    ),
    Alternative(
        "sigma half-normal",
        "A prior that does not rule out small residual scales, as the log-normal does.",
        ("sigma_std",),
        _as("HalfNormal", scale=1.0, centre=0.0),
    ),
    Alternative(
        "sigma twice as wide",
        "The log-normal's spread, doubled: a factor of 50 either way.",
        ("sigma_std",),
        _times(2),
    ),
)


@threadpool_limits.wrap(limits=1)
def under(model: Model, parts: Parts, priors: Priors, settings: Settings, base: Base) -> Refit:
    """Return the posterior under other priors; arguments as `leave_out.without` takes them."""
    if collapses(model):
        density = model.module.density(parts, priors)
        _, weight = trusted(at_draws(density, base.fitted.flat) - base.log_density)
        if weight is not None:
            return weighted(model, parts, density, weight, base.fitted, settings)
    return refit(model, parts, priors, settings, parts)


def under_other_priors(job: Job, settings: Settings, parts: Parts, base: Base) -> Iterator[dict]:
    """Yield the rows of `priors`: under each of `ALTERNATIVES` that concerns the model."""
    model = job.model
    for alternative in ALTERNATIVES:
        if not base.fitted.flat.keys() & set(alternative.variables):
            continue
        refitted = under(model, parts, alternative.of(model.module.PRIORS), settings, base)
        for quantity, before in base.fitted.watched.items():
            draws = refitted.watched[quantity]
            change = moved(draws, before, "base")
            low, high = np.quantile(draws, [0.025, 0.975])
            yield {
                "priors": alternative.name,
                **quantity._asdict(),
                **change,
                "q025": low,
                "q975": high,
                "sd_ratio": change["sd"] / change["base_sd"],
                "gate": refitted.gate,
            }
