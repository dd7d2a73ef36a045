"""A panel with a planted outlier, and a posterior of it that others are compared with."""

from dataclasses import replace
from functools import cache

from analysis.posterior.jobs import Settings
from analysis.robustness.sensitivity import refits
from analysis.specifications import select
from data.panels.panel import Panel
from models.bayesian.registry import find
from models.design import design
from tests.helpers.fits import simulated

SHORT = Settings(draws=150, tune=150, chains=2)
BASELINE, CENTRAL = select(["3.2", "8.2"])


@cache
def planted() -> Panel:
    """Return a panel in which one central province has a slope of its own, and noise on top."""
    panel = simulated(5, 2016)
    frame = panel.frame.copy()
    odd = frame["province"] == "Hubei"
    frame.loc[odd, "produ"] += 3 * frame.loc[odd, "indus"]
    return replace(panel, frame=frame)


@cache
def base(column: str = "8.2", name: str = "mundlak"):
    specification = select([column])[0]
    model = find(name)
    whole = model.split(design(planted().frame, specification), specification)
    fitted = refits.refit(model, whole, model.module.PRIORS, SHORT, whole)
    return model, whole, refits.based_on(model, whole, fitted)
