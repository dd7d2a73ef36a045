"""Set posteriors beside the published coefficients.

Agreement, by one rule for every row (b, s: published coefficient and standard error; the
interval is the posterior's 95 % equal-tailed one):

============== =========================================================================
`contradicts`  the posterior gives the published sign a probability of 2.5 % or less
`differs`      b lies outside the interval, and the sign is not contradicted
`agrees`       b lies inside the interval, and the published sign has 97.5 % or more
`uncertain`    b lies inside the interval, but so does a slope of the other sign
`not assessed` the fit failed its gate
============== =========================================================================
"""

from collections.abc import Iterable
from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from analysis.specifications import SPECIFICATIONS
from data import published

COLUMNS = (
    "panel",
    "column",
    "term",
    "model",
    "published",
    "published_se",
    "mean",
    "sd",
    "q025",
    "q975",
    "distance_in_published_se",
    "sd_ratio",
    "overlap",
    "p_same_sign",
    "gate",
    "agreement",
    "fitted_column",
)
"""The contract of results/comparison.csv."""

CERTAIN = 0.975
"""Posterior probability of a sign from which the 95 % equal-tailed interval excludes zero."""

Z = 1.959963984540054
"""97.5 % point of the normal distribution: published intervals are b ± Z·s."""

REGION_COLUMN = {record.region: record.column for record in SPECIFICATIONS if record.region}
"""Published column of each one-region sample: {"east": "8.1", …}."""


def compare(traces: Iterable[Path]) -> pd.DataFrame:
    """Compare every slope that a trace holds and the paper prints.

    A model with region slopes is compared with the column it was fitted for by its average
    slope, and with Table 8 by its region slopes; `fitted_column` tells the two apart.

    Parameters
    ----------
    traces : iterable of Path
        NetCDF files that meet the contract of `analysis.trace`.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; `distance_in_published_se` is (mean − b)/s, `sd_ratio` is sd/s,
        `overlap` the length that both 95 % intervals share over the length that they span
        together (Jaccard), `p_same_sign` the posterior probability of the published sign.
    """
    printed = _printed()
    rows = [row for path in traces for row in _rows(path, printed)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(path: Path, printed: pd.DataFrame) -> list[dict]:
    tree = az.from_netcdf(path)
    attrs = tree.attrs
    shared = {key: attrs[key] for key in ("panel", "model", "gate")}
    return [
        {
            **shared,
            "column": column,
            "term": term,
            "fitted_column": attrs["column"],
            **assess(draws, *printed.loc[(column, term)], gate=attrs["gate"]),
        }
        for column, term, draws in _slopes(tree["posterior"], attrs["column"])
        if (column, term) in printed.index
    ]


def _slopes(posterior: xr.Dataset, column: str) -> list[tuple[str, str, np.ndarray]]:
    """List (published column, term, draws) of a posterior's slopes."""
    slopes = [
        (column, term, posterior["slope"].sel(term=term).to_numpy())
        for term in posterior["term"].to_numpy().tolist()
    ]
    if "slope_region" in posterior:
        by_region = posterior["slope_region"]
        slopes += [
            (REGION_COLUMN[region], term, by_region.sel(varying=term, region=region).to_numpy())
            for term in by_region["varying"].to_numpy().tolist()
            for region in by_region["region"].to_numpy().tolist()
            if region in REGION_COLUMN
        ]
    return slopes


def assess(draws: ArrayLike, coefficient: float, se: float, gate: str) -> dict:
    """Compare draws of one slope with a published coefficient and its standard error.

    Parameters
    ----------
    draws : array
        Posterior draws on the paper's scale, of any shape.
    coefficient, se : float
        As published.
    gate : str
        "pass" or "fail", the fit's health gate.
    """
    draws = np.asarray(draws)
    q025, q975 = np.quantile(draws, [0.025, 0.975])
    low, high = coefficient - Z * se, coefficient + Z * se
    shared = max(0.0, min(q975, high) - max(q025, low))
    same_sign = float(np.mean(np.sign(draws) == np.sign(coefficient)))
    return {
        "published": coefficient,
        "published_se": se,
        "mean": draws.mean(),
        "sd": draws.std(ddof=1),
        "q025": q025,
        "q975": q975,
        "distance_in_published_se": (draws.mean() - coefficient) / se,
        "sd_ratio": draws.std(ddof=1) / se,
        "overlap": shared / (max(q975, high) - min(q025, low)),
        "p_same_sign": same_sign,
        "agreement": agreement(q025 <= coefficient <= q975, same_sign, gate),
    }


def agreement(inside: bool, same_sign: float, gate: str) -> str:
    """Apply the rule that stands at the head of this file."""
    if gate != "pass":
        return "not assessed"
    if same_sign <= 1 - CERTAIN:
        return "contradicts"
    if not inside:
        return "differs"
    return "agrees" if same_sign >= CERTAIN else "uncertain"


def _printed() -> pd.DataFrame:
    """Return published `coef` and `se` as numbers, by (column, term)."""
    numbers = published.numbers()
    numbers = numbers[numbers["statistic"].isin(["coef", "se"])]
    wide = numbers.pivot(index=["column", "term"], columns="statistic", values="printed")
    return wide.astype(float)[["coef", "se"]].sort_index()
