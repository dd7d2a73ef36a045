"""Data sets without a slope on a panel with gaps: paths of other provinces, filled where unseen.

As `analysis.simulation.generators.swap` draws them on a balanced panel. The regression is in
differences between a province's neighbouring rows, which under a random walk have variances in
proportion to the years between them. Where the province that gets a path is seen and the donor is
not, the path is drawn from the random walk given the rows in which the donor is seen.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.simulation.generators import donors, signs, with_slopes_by_region
from models.design import Design

Array = NDArray[np.float64]


class Rows(NamedTuple):
    """A regression under random-walk errors, by row.

    Attributes
    ----------
    systematic, path : ndarray, shape (n,)
        As `analysis.simulation.generators.Paths` has them by province and year.
    sd : ndarray, shape (regions,)
        Of the random walk's step of one year.
    """

    systematic: Array
    path: Array
    sd: Array


def random_walk_rows(design: Design, n_interest: int) -> Rows:
    """Estimate in differences between neighbouring rows, regions weighted by their variance."""
    apart = with_slopes_by_region(design, n_interest)
    calendar = np.array(design.years)[design.year]
    at = np.flatnonzero(np.diff(design.province) == 0) + 1
    apart_by = np.sqrt(calendar[at] - calendar[at - 1])
    dummies = np.eye(len(design.years))[:, 1:]
    dummies = dummies[design.year[at]] - dummies[design.year[at - 1]]
    step = (design.y[at] - design.y[at - 1]) / apart_by
    columns = np.hstack([apart.x[at] - apart.x[at - 1], dummies]) / apart_by[:, None]
    member = np.eye(len(design.regions))[design.region[at]]
    weight = np.ones(len(at))
    for _ in range(2):  # least squares, then weighted by region
        estimate = np.linalg.lstsq(columns * weight[:, None], step * weight)[0]
        left = step - columns @ estimate
        variance = member.T @ left**2 / member.sum(axis=0)
        weight = 1 / np.sqrt(member @ variance)
    scale = np.sqrt(len(at) / (len(at) - len(estimate)))
    moves = np.zeros(len(design.y))
    moves[at] = left * apart_by
    path = moves.cumsum()
    in_province = np.eye(len(design.provinces))[design.province]
    path -= in_province @ ((in_province.T @ path) / in_province.sum(axis=0))
    of_interest = n_interest * len(design.regions)
    slopes = estimate[:of_interest]
    systematic = design.y - path - apart.x[:, :of_interest] @ slopes
    return Rows(systematic, scale * path, scale * np.sqrt(variance))


def swap(design: Design, n_interest: int, size: int, rng: np.random.Generator) -> Array:
    """Draw outcomes in which each province has another one's path, shape (n, size).

    Parameters are as `analysis.simulation.generators.swap` takes them; the panel may have gaps.
    """
    rows = random_walk_rows(design, n_interest)
    chosen = donors(design, size, rng)
    errors = np.empty((size, len(design.y)))
    for province in range(len(design.provinces)):
        own = np.flatnonzero(design.province == province)
        for donor in np.unique(chosen[:, province]):
            drawn = np.flatnonzero(chosen[:, province] == donor)
            path = filled(design, rows, donor, len(drawn), rng)
            errors[np.ix_(drawn, own)] = path[:, design.year[own]]
    sign = signs(design, size, rng)[..., 0]
    return rows.systematic[:, None] + (errors * sign[:, design.province]).T


def filled(design: Design, rows: Rows, donor: int, size: int, rng: np.random.Generator) -> Array:
    """Draw a province's path in all years given its rows, shape (size, T).

    A free random walk, plus what its line through the seen years lacks: exact conditional draws,
    since a random walk is Markov (bridges between rows, free beyond the ends).
    """
    years = np.array(design.years, float)
    seen = design.year[design.province == donor]
    path = rows.path[design.province == donor]
    sd = rows.sd[design.region_of_province[donor]]
    steps = rng.standard_normal((size, len(years) - 1)) * sd * np.sqrt(np.diff(years))
    walk = np.hstack([np.zeros((size, 1)), steps.cumsum(axis=1)])
    line = np.column_stack([np.interp(years, years[seen], unit) for unit in np.eye(len(seen))])
    return walk + (path - walk[:, seen]) @ line.T
