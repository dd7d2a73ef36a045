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
    by_region = with_slopes_by_region(design, n_interest)
    calendar = np.array(design.years)[design.year]
    later = np.flatnonzero(np.diff(design.province) == 0) + 1
    # Under a random walk a difference's variance is in proportion to its years.
    root_gap = np.sqrt(calendar[later] - calendar[later - 1])
    dummies = np.eye(len(design.years))[:, 1:]
    dummies = dummies[design.year[later]] - dummies[design.year[later - 1]]
    step = (design.y[later] - design.y[later - 1]) / root_gap
    columns = np.hstack([by_region.x[later] - by_region.x[later - 1], dummies]) / root_gap[:, None]
    member = np.eye(len(design.regions))[design.region[later]]
    weight = np.ones(len(later))
    for _ in range(2):  # least squares, then weighted by region
        estimate = np.linalg.lstsq(columns * weight[:, None], step * weight)[0]
        residual = step - columns @ estimate
        variance = member.T @ residual**2 / member.sum(axis=0)
        weight = 1 / np.sqrt(member @ variance)
    # Residuals are smaller than errors, by the degrees of freedom that the fit took.
    scale = np.sqrt(len(later) / (len(later) - len(estimate)))
    moves = np.zeros(len(design.y))
    moves[later] = residual * root_gap
    path = moves.cumsum()
    in_province = np.eye(len(design.provinces))[design.province]
    path -= in_province @ ((in_province.T @ path) / in_province.sum(axis=0))
    of_interest = n_interest * len(design.regions)
    slopes = estimate[:of_interest]
    systematic = design.y - path - by_region.x[:, :of_interest] @ slopes
    return Rows(systematic, scale * path, scale * np.sqrt(variance))


def swap(design: Design, n_interest: int, size: int, rng: np.random.Generator) -> Array:
    """Draw outcomes in which each province has another one's path, shape (n, size).

    Parameters are as `analysis.simulation.generators.swap` takes them; the panel may have gaps.
    """
    rows = random_walk_rows(design, n_interest)
    chosen = donors(design, size, rng)
    errors = np.empty((size, len(design.y)))
    for province in range(len(design.provinces)):
        recipient_rows = np.flatnonzero(design.province == province)
        for donor in np.unique(chosen[:, province]):
            draws_of_donor = np.flatnonzero(chosen[:, province] == donor)
            path = filled(design, rows, donor, len(draws_of_donor), rng)
            errors[np.ix_(draws_of_donor, recipient_rows)] = path[:, design.year[recipient_rows]]
    sign = signs(design, size, rng)[..., 0]
    return rows.systematic[:, None] + (errors * sign[:, design.province]).T


def filled(design: Design, rows: Rows, donor: int, size: int, rng: np.random.Generator) -> Array:
    """Draw a province's path in all years given its rows, shape (size, T).

    A free random walk, plus what its line through the seen years lacks: exact conditional draws,
    since a random walk is Markov (bridges between rows, free beyond the ends).
    """
    years = np.array(design.years, float)
    observed = design.year[design.province == donor]
    path = rows.path[design.province == donor]
    sd = rows.sd[design.region_of_province[donor]]
    steps = rng.standard_normal((size, len(years) - 1)) * sd * np.sqrt(np.diff(years))
    walk = np.hstack([np.zeros((size, 1)), steps.cumsum(axis=1)])
    line = np.column_stack(
        [np.interp(years, years[observed], unit) for unit in np.eye(len(observed))]
    )
    return walk + (path - walk[:, observed]) @ line.T
