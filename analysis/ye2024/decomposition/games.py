"""Games of the Shapley decomposition: what is swapped between the official and implied panel."""

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.replication import system_gmm
from analysis.robustness.shapley import Game, Value
from analysis.ye2024.decomposition.gaps import END, START, Gap
from data.ye2024.definitions import ONLY_IN
from data.ye2024.selection import made_of
from models.design import DERIVED
from models.frequentist import twfe
from models.frequentist.two_way import two_way_parts

Array = NDArray[np.float64]

GMM_EXACT, GMM_ORDERS = 8, 20
"""`Game.exact` and `Game.orders` of system GMM, which takes some milliseconds an estimation."""

BATCH = 256
"""Subsets that are estimated at once."""


def slopes(within: Array, at: int) -> Array:
    """Return one slope of many regressions, from variables net of both effects.

    Parameters
    ----------
    within : ndarray, shape (m, n, 1 + k)
        Outcome and regressors.
    at : int
        Which slope.
    """
    gram = np.einsum("mni,mnj->mij", within, within)
    return np.linalg.solve(gram[:, 1:, 1:], gram[:, 1:, :1])[:, at, 0]


def ingredients(gap: Gap) -> Game:
    """Choices in which the panel departs from `official`, then the other moves of each series."""
    states = {name: _states(gap, name) for name in gap.record.variables}
    players = [(name, player) for name, (of_series, _) in states.items() for player in of_series]
    labels = [f"{name}: {player}" for name, player in players]
    place = {
        name: [i for i, (of_series, _) in enumerate(players) if of_series == name]
        for name in states
    }

    def chosen(subsets: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
        """Return the state of each series in each subset."""
        return {
            name: subsets[:, columns].astype(int) @ (2 ** np.arange(len(columns)))
            if columns
            else np.zeros(len(subsets), int)
            for name, columns in place.items()
        }

    if gap.record.dynamic:
        return Game(labels, _gmm(gap, states, chosen), GMM_EXACT, GMM_ORDERS)
    bank, start = [], {}
    for term in gap.of_terms:
        source = DERIVED.get(term, (term,))[0]
        start[term] = len(bank)
        bank += [gap.column(term, lambda _, v=values: v) for values in states[source][1]]
    # Effects come out by one linear map: a subset only chooses among the Gram matrix's columns.
    within = two_way_parts(np.column_stack(bank), *gap.codes)[2]
    gram = within.T @ within

    def value(subsets: NDArray[np.bool_]) -> Array:
        state = chosen(subsets)
        index = np.column_stack(
            [start[term] + state[DERIVED.get(term, (term,))[0]] for term in gap.of_terms]
        )
        of_subset = gram[index[:, :, None], index[:, None, :]]
        return np.linalg.solve(of_subset[:, 1:, 1:], of_subset[:, 1:, :1])[:, gap.at, 0]

    return Game(labels, value)


def _states(gap: Gap, name: str) -> tuple[list[str], list[Array]]:
    """Return a series' own players, and the series with each subset of them swapped.

    A choice whose values exist in one vintage alone is swapped with the vintage. The subset with
    number Σ 2^i over its players i comes i-th.
    """
    chosen_by_panel = {panel: made_of(panel)[name] for panel in (gap.panel, START)}
    differ = [
        choice
        for choice, value in chosen_by_panel[START].items()
        if chosen_by_panel[gap.panel][choice] != value
    ]
    leads = {choice: "vintage" for choice, _ in ONLY_IN if {choice, "vintage"} <= set(differ)}
    differ = [choice for choice in differ if choice not in leads]
    moves = (gap.frames[END][name] - gap.frames[START][name]).to_numpy()
    players = [*differ, "rest"] if np.abs(moves).max() > 0 else differ
    states = []
    for swapped in product((False, True), repeat=len(players)):
        on = dict(zip(reversed(players), swapped, strict=True))
        chosen = {
            choice: chosen_by_panel[START if on.get(leads.get(choice, choice)) else gap.panel][
                choice
            ]
            for choice in chosen_by_panel[START]
        }
        cells = gap.dataset[name].sel(chosen).transpose("province", "year").to_numpy().ravel()
        states.append(cells + moves * on.get("rest", False))
    return players, states


def _gmm(gap: Gap, states: Mapping, chosen: Callable) -> Value:
    """Return the value function of a column of Table 5, by its own estimator."""
    base = gap.frames[gap.panel][["province", "year", "region"]]

    def value(subsets: NDArray[np.bool_]) -> Array:
        state = chosen(subsets)
        slopes = []
        for i in range(len(subsets)):
            series = {name: states[name][1][state[name][i]] for name in states}
            fit = system_gmm.fit_column(base.assign(**series), gap.record)
            slopes.append(system_gmm.coefficients(fit).loc[gap.term, "coef"])
        return np.array(slopes)

    return value


def _by_rows(gap: Gap, group: str) -> Game:
    """Swap all variables of some rows: those of a province or of a year."""
    before, after = gap.columns(gap.panel), gap.columns(END)
    labels = gap.frames[gap.panel].loc[gap.rows, group]
    member, names = pd.factorize(labels)
    n, k = before.shape

    def value(subsets: NDArray[np.bool_]) -> Array:
        estimates = []
        for first in range(0, len(subsets), BATCH):
            on = subsets[first : first + BATCH][:, member, None]
            mixed = np.where(on, after, before)
            flat = mixed.transpose(1, 0, 2).reshape(n, -1)
            within = two_way_parts(flat, *gap.codes)[2].reshape(n, -1, k).transpose(1, 0, 2)
            estimates.append(slopes(within, gap.at))
        return np.concatenate(estimates)

    return Game([str(name) for name in names], value)


def provinces(gap: Gap) -> Game:
    """All variables of a province at a time."""
    return _by_rows(gap, "province")


def years(gap: Gap) -> Game:
    """All variables of a year at a time."""
    return _by_rows(gap, "year")


def regions(gap: Gap) -> Game:
    """Weights of the regions in the slope, and slopes of the regions.

    With x̃ and ỹ regressor and outcome net of the other regressors and of both effects, the slope
    is Σ_r w_r b_r, w_r = Σ_r x̃² / Σ x̃² and b_r = Σ_r x̃ ỹ / Σ_r x̃², sums over the rows of region r
    (not of y itself: x̃ sums to zero over the whole alone, so that a national path of y would
    count for b_r). b_r is not the slope of a regression on the region alone, whose other slopes
    and year effects are its own.
    """
    member, names = pd.factorize(gap.frames[gap.panel].loc[gap.rows, "region"])
    in_region = np.eye(len(names))[member]
    weight, slope_of_region = [], []
    for panel in (gap.panel, END):
        columns = gap.columns(panel)
        parts = twfe.slope_parts(columns[:, 0], columns[:, 1:], *gap.codes)
        influence = parts.influence[:, gap.at]
        weight.append(in_region.T @ influence**2 / (influence @ influence))
        # With e the residual, b_r − b = Σ_r x̃ e / Σ_r x̃².
        slope_of_region.append(
            parts.slopes[gap.at] + in_region.T @ (influence * parts.residual) / weight[-1]
        )

    def value(subsets: NDArray[np.bool_]) -> Array:
        weights = np.where(subsets[:, :1], weight[1], weight[0])
        by_region = np.where(subsets[:, 1:], slope_of_region[1], slope_of_region[0])
        return (weights * by_region).sum(axis=1)

    return Game(["weights of the regions", *(f"slope in {name}" for name in names)], value)


GAMES: dict[str, Callable[[Gap], Game]] = {
    "ingredients": ingredients,
    "provinces": provinces,
    "years": years,
    "regions": regions,
}
"""All games; those after the first are of least squares alone."""
