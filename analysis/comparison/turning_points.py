"""Turning points −b₁ / (2 b₂) of quadratics, and whether they lie in the range of the data.

A ratio whose denominator may have either sign has no mean, and its quantiles jump where b₂
passes zero. So the sign's probability comes first, and quantiles are given without a mean. A claim
of a turn is judged by the probability that the point lies inside the range of the data: the slope
then has opposite signs at the range's two ends (Lind & Mehlum 2010, *Oxford Bulletin of Economics
and Statistics* 72:109–118).
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analysis.comparison.coefficients import published_slopes, slopes
from analysis.comparison.regions import KEYS
from analysis.posterior.trace import identity
from models.design import DERIVED, square

QUANTILES = {"q025": 0.025, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q975": 0.975}

COLUMNS = (
    *KEYS,
    "term",
    "region",
    "low",
    "high",
    "p_minimum",
    "p_inside",
    "p_inside_minimum",
    "p_inside_maximum",
    *QUANTILES,
    "published",
)
"""`low` and `high` are the range of the term in the region's rows; `region` "all" is the average
slope over rows. `published` is the ratio of the printed coefficients."""

SQUARES = {name: term for name, (term, function) in DERIVED.items() if function is square}


def rows(tree: xr.DataTree) -> list[dict]:
    """Return a row for each region and all of them of each term with a square, keys `COLUMNS`."""
    draws = {(slope.term, slope.region or "all"): slope.draws for slope in slopes(tree)}
    data, printed, column = tree["constant_data"], published_slopes(), tree.attrs["column"]
    listed = []
    for (name, region), curvature in draws.items():
        term = SQUARES.get(name)
        if (term, region) not in draws:
            continue
        x = data["x"].sel(term=term).to_numpy()
        if region != "all":
            x = x[data["row_region"].to_numpy() == region]
        row = identity(tree.attrs, KEYS) | {"term": term, "region": region}
        row |= turning_point(draws[term, region], curvature, x.min(), x.max())
        if region == "all" and (column, name) in printed.index:
            b1, b2 = (printed.loc[(column, name_of)]["coef"] for name_of in (term, name))
            row["published"] = -b1 / (2 * b2)
        listed.append(row)
    return listed


def turning_point(
    slope: NDArray[np.float64], curvature: NDArray[np.float64], low: float, high: float
) -> dict[str, float]:
    """Summarise −slope / (2 curvature) over draws.

    Parameters
    ----------
    slope, curvature : ndarray, the same shape
        Draws of the coefficients of a term and of its square.
    low, high : float
        Range of the term.
    """
    point = -slope / (2 * curvature)
    inside, minimum = (point >= low) & (point <= high), curvature > 0
    return {
        "low": low,
        "high": high,
        "p_minimum": float(minimum.mean()),
        "p_inside": float(inside.mean()),
        "p_inside_minimum": float((inside & minimum).mean()),
        "p_inside_maximum": float((inside & ~minimum).mean()),
        **{name: float(np.quantile(point, q)) for name, q in QUANTILES.items()},
    }
