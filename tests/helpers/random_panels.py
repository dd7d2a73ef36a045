"""Panels that tests make up: two-way effects, correlated regressors, rows missing on request."""

import numpy as np
import pandas as pd

from models.design import Specification

SPECIFICATION = Specification("0.1", "y", ("x1",), ("x2", "x3"), "simulated")


def panel(
    n_provinces: int = 31, n_years: int = 13, share_missing: float = 0.0, seed: int = 1
) -> pd.DataFrame:
    """Return `province, year, region, y, x1, x2, x3`, sorted; slopes 0.5, −2 and 0."""
    rng = np.random.default_rng(seed)
    province, year = (codes.ravel() for codes in np.indices((n_provinces, n_years)))
    size = len(province)
    effect = rng.normal(size=n_provinces)[province] + rng.normal(size=n_years)[year]
    # Scales and levels as far apart as those of the paper's regressors.
    x1 = 0.5 * effect + rng.normal(size=size)
    x2 = 0.003 * (effect + rng.normal(size=size))
    x3 = 50 + rng.normal(size=size)
    noise = rng.normal(size=size) * (1 + 2 * (province % 3 == 0))
    frame = pd.DataFrame(
        {
            "province": [f"P{code:02d}" for code in province],
            "year": 2010 + year,
            "region": np.array(["east", "central", "west"])[province % 3],
            "y": effect + 0.5 * x1 - 2 * x2 + noise,
            "x1": x1,
            "x2": x2,
            "x3": x3,
        }
    )
    return frame[rng.random(size) >= share_missing].reset_index(drop=True)
