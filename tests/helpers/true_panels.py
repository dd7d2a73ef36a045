"""Panels with a known truth, of the real panel's shape."""

import numpy as np
import pandas as pd

from data.panels.panel import Panel
from data.panels.provinces import PROVINCES

PARTS = ("produ_inno", "produ_green", "produ_digit", "M_cap", "M_lab")
REGRESSORS = ("indus", "density", "fin", "env", "stru", "urb", "trans")
REGION_SLOPE = {"east": 0.8, "central": 0.3, "west": -0.2}
"""Slope of each part's outcome on `indus`, by region."""
REGION_SIGMA = {"east": 0.6, "central": 0.2, "west": 0.3}
"""Residual standard deviation of each part, by region."""


def simulated_panel(seed: int, years: range = range(2010, 2023), df: float | None = None) -> Panel:
    """Return a balanced panel of the 31 provinces with province effects tied to regressors.

    Errors are normal, or Student t of `df` degrees of freedom and that scale.
    """
    rng = np.random.default_rng(seed)
    rows = [(p.name, year, p.region) for p in PROVINCES for year in years]
    frame = pd.DataFrame(rows, columns=["province", "year", "region"])
    province = rng.normal(size=(len(PROVINCES), len(REGRESSORS)))
    for i, name in enumerate(REGRESSORS):
        frame[name] = np.repeat(province[:, i], len(years)) + rng.normal(size=len(frame))
    year_effect = np.tile(rng.normal(size=len(years)), len(PROVINCES))
    slope = frame["region"].map(REGION_SLOPE)
    sigma = frame["region"].map(REGION_SIGMA)
    for name in (*PARTS, "produ_alt"):
        frame[name] = (
            3
            + np.repeat(province.sum(axis=1) / 4, len(years))
            + year_effect
            + slope * frame["indus"]
            + 0.3 * frame["urb"]
            + sigma * (rng.standard_t(df, len(frame)) if df else rng.normal(size=len(frame)))
        )
    frame["produ"] = frame[list(PARTS[:3])].sum(axis=1)
    frame["M_all"] = frame[list(PARTS[3:])].sum(axis=1)
    return Panel("simulated", frame, "0" * 64, balanced=True)
