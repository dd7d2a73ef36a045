"""Why official and published slopes differ: the gap shared out among what differs in the data.

From an official panel to the implied one, on which the printed slope comes out, one
ingredient at a time is swapped and the column estimated anew. What a swap does hangs on what has
been swapped before, so each ingredient's share is its mean effect over all orders (Shapley 1953;
as a decomposition of statistics Shorrocks 2013, *Journal of Economic Inequality* 11:99–126); the
shares add up to the gap exactly. Up to `EXACT` ingredients all subsets are estimated, beyond that
orders are drawn at random in pairs with their reverses, and shares carry a Monte Carlo error.

The same gap is shared out in several ways (`GAMES`). The implied panel is one of many on
which the printed numbers come out, so what is laid to the `rest` of a series (its moves from
official data) is what this one needs, not what the author's data were.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.comparison.coefficients import published_slopes
from analysis.replication import system_gmm
from analysis.shared.plotting import PALETTE
from analysis.shared.statistics import Z
from analysis.specifications import HEADLINE
from data.errors import UserError, located
from data.panels.panel import FOLDER, PANELS, Panel, load_panel
from data.ye2024 import recollect
from models.design import DERIVED, Specification, design, sample
from models.frequentist import twfe
from models.frequentist.two_way import two_way_parts

Array = NDArray[np.float64]
Value = Callable[[NDArray[np.bool_]], Array]
"""From subsets, shape (m, players), True where swapped, to the estimates, shape (m,)."""

START, END = PANELS[0].name, PANELS[-1].name
OFFICIAL = tuple(kind.name for kind in PANELS if kind.evidence)

APART = 2.0
"""Published standard errors from which two slopes of one sign count as different."""

EXACT = 13
"""Most ingredients of which all subsets are estimated: 8,192."""

ORDERS = 200
"""Pairs of an order and its reverse that are drawn where there are more."""

GMM_EXACT, GMM_ORDERS = 8, 20
"""The same for system GMM, which takes some milliseconds an estimation."""

BATCH = 256
"""Subsets that are estimated at once."""

COLUMNS = (
    *("panel", "column", "term", "game", "player", "share", "mcse", "exact"),
    *("start", "end", "published", "published_se"),
)
"""The contract of results/decomposition.csv: shares of a game add up to end − start."""


class Game(NamedTuple):
    """Who the gap is shared among, and what an estimate would be with some of them swapped."""

    players: list[str]
    value: Value
    exact: int = EXACT
    orders: int = ORDERS


# --- shares -------------------------------------------------------------------------------------


def shapley(game: Game, seed: int = 1) -> tuple[Array, Array]:
    """Share value(all) − value(none) out among the players.

    Returns
    -------
    share, mcse : ndarray, shape (players,)
        The Monte Carlo error is 0 where all subsets were estimated.
    """
    n = len(game.players)
    if n <= game.exact:
        return _exact(game.value, n), np.zeros(n)
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(game.orders):
        order = rng.permutation(n)
        pairs.append((_moves(game.value, order) + _moves(game.value, order[::-1])) / 2)
    found = np.array(pairs)
    return found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))


def _exact(value: Value, n: int) -> Array:
    """Average each player's effect over all subsets of the others, by their Shapley weights."""
    subsets = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
    values, size = value(subsets), subsets.sum(axis=1)
    # A subset of size s precedes a player in s!(n − 1 − s)!/n! of all orders.
    weight = np.ones(n)
    for s in range(1, n):
        weight[s] = weight[s - 1] * s / (n - s)
    weight /= n
    share = np.empty(n)
    for player in range(n):
        without = np.flatnonzero(~subsets[:, player])
        effect = values[without | (1 << player)] - values[without]
        share[player] = weight[size[without]] @ effect
    return share


def _moves(value: Value, order: NDArray[np.int64]) -> Array:
    """Return each player's effect when swapped in this order."""
    steps = np.zeros((len(order) + 1, len(order)), bool)
    for i, player in enumerate(order):
        steps[i + 1 :, player] = True
    moves = np.empty(len(order))
    moves[order] = np.diff(value(steps))
    return moves


# --- what is swapped ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Gap:
    """One slope of a column on two panels.

    Attributes
    ----------
    record : Specification
    term : str
    panel : str
        An official one.
    frames : mapping of str to DataFrame
        Panels by name, rows in the same order.
    dataset : Dataset
        Every construction choice, from `data.ye2024.recollect.load`.
    """

    record: Specification
    term: str
    panel: str
    frames: Mapping[str, pd.DataFrame]
    dataset: xr.Dataset

    @cached_property
    def rows(self) -> pd.Index:
        """The column's sample."""
        return sample(self.frames[self.panel], self.record).index

    @cached_property
    def codes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Province and year of each row."""
        frame = self.frames[self.panel].loc[self.rows]
        return tuple(pd.factorize(frame[name])[0] for name in ("province", "year"))

    @property
    def at(self) -> int:
        """The term's position among the slopes."""
        return self.record.terms.index(self.term)

    def columns(self, panel: str) -> Array:
        """Return outcome and regressors on a panel, shape (n, 1 + terms)."""
        return self.of(lambda name: self.frames[panel][name].to_numpy())

    def of(self, series: Callable[[str], Array]) -> Array:
        """Return outcome and regressors of whole series, shape (n, 1 + terms)."""
        return np.column_stack([self.column(term, series) for term in self.of_terms])

    @property
    def of_terms(self) -> tuple[str, ...]:
        """The outcome, then the regressors."""
        return (self.record.outcome, *self.record.terms)

    def column(self, term: str, series: Callable[[str], Array]) -> Array:
        """Return one of them from the series that it is made of."""
        source, function = DERIVED.get(term, (term, lambda values: values))
        return function(series(source))[self.rows]


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
    """Choices in which the panel departs from `official`, then the rest of each series."""
    states = {name: _states(gap, name) for name in gap.record.variables}
    players = [(name, player) for name, (own, _) in states.items() for player in own]
    labels = [f"{name}: {player}" for name, player in players]
    place = {name: [i for i, (own, _) in enumerate(players) if own == name] for name in states}

    def chosen(subsets: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
        """Return the state of each series in each subset."""
        return {
            name: subsets[:, at].astype(int) @ (2 ** np.arange(len(at)))
            if at
            else np.zeros(len(subsets), int)
            for name, at in place.items()
        }

    if gap.record.dynamic:
        return Game(labels, _gmm(gap, states, chosen), GMM_EXACT, GMM_ORDERS)
    bank, start = [], {}
    for term in gap.of_terms:
        source = DERIVED.get(term, (term,))[0]
        start[term] = len(bank)
        bank += [gap.column(term, lambda _, v=values: v) for values in states[source][1]]
    within = two_way_parts(np.column_stack(bank), *gap.codes)[2]
    gram = within.T @ within

    def value(subsets: NDArray[np.bool_]) -> Array:
        state = chosen(subsets)
        index = np.column_stack(
            [start[term] + state[DERIVED.get(term, (term,))[0]] for term in gap.of_terms]
        )
        of = gram[index[:, :, None], index[:, None, :]]
        return np.linalg.solve(of[:, 1:, 1:], of[:, 1:, :1])[:, gap.at, 0]

    return Game(labels, value)


def _states(gap: Gap, name: str) -> tuple[list[str], list[Array]]:
    """Return a series' own players, and the series with each subset of them swapped.

    The subset with number Σ 2^i over its players i comes i-th.
    """
    made = {panel: _choices(panel)[name] for panel in (gap.panel, START)}
    differ = [choice for choice, value in made[START].items() if made[gap.panel][choice] != value]
    rest = (gap.frames[END][name] - gap.frames[START][name]).to_numpy()
    players = [*differ, "rest"] if np.abs(rest).max() > 0 else differ
    found = []
    for swapped in product((False, True), repeat=len(players)):
        on = dict(zip(reversed(players), swapped, strict=True))
        chosen = {
            choice: made[START if on.get(choice) else gap.panel][choice] for choice in made[START]
        }
        cells = gap.dataset[name].sel(chosen).transpose("province", "year").to_numpy().ravel()
        found.append(cells + rest * on.get("rest", False))
    return players, found


def _choices(panel: str) -> dict[str, dict[str, str]]:
    return json.loads((FOLDER / f"{panel}.json").read_text(encoding="utf-8"))["choices"]


def _gmm(gap: Gap, states: Mapping, chosen: Callable) -> Value:
    """Return the value function of a column of Table 5, by its own estimator."""
    base = gap.frames[gap.panel][["province", "year", "region"]]

    def value(subsets: NDArray[np.bool_]) -> Array:
        state = chosen(subsets)
        found = []
        for i in range(len(subsets)):
            series = {name: states[name][1][state[name][i]] for name in states}
            fit = system_gmm.fit_column(base.assign(**series), gap.record)
            found.append(system_gmm.coefficients(fit).loc[gap.term, "coef"])
        return np.array(found)

    return value


def _by_rows(gap: Gap, group: str) -> Game:
    """Swap all variables of some rows: those of a province or of a year."""
    before, after = gap.columns(gap.panel), gap.columns(END)
    labels = gap.frames[gap.panel].loc[gap.rows, group]
    member, names = pd.factorize(labels)
    n, k = before.shape

    def value(subsets: NDArray[np.bool_]) -> Array:
        found = []
        for first in range(0, len(subsets), BATCH):
            on = subsets[first : first + BATCH][:, member, None]
            mixed = np.where(on, after, before)
            flat = mixed.transpose(1, 0, 2).reshape(n, -1)
            within = two_way_parts(flat, *gap.codes)[2].reshape(n, -1, k).transpose(1, 0, 2)
            found.append(slopes(within, gap.at))
        return np.concatenate(found)

    return Game([str(name) for name in names], value)


def provinces(gap: Gap) -> Game:
    """All variables of a province at a time."""
    return _by_rows(gap, "province")


def years(gap: Gap) -> Game:
    """All variables of a year at a time."""
    return _by_rows(gap, "year")


def regions(gap: Gap) -> Game:
    """The weights that the regions have in the slope, and what each region says of it.

    With x̃ and ỹ regressor and outcome net of the other regressors and of both effects, the slope
    is Σ_r w_r b_r, w_r = Σ_r x̃² / Σ x̃² and b_r = Σ_r x̃ ỹ / Σ_r x̃², sums over the rows of region r
    (not of y itself: x̃ sums to zero over the whole alone, so that a national path of y would
    count for b_r). b_r is not the slope of a regression on the region alone, whose other slopes
    and year effects are its own.
    """
    member, names = pd.factorize(gap.frames[gap.panel].loc[gap.rows, "region"])
    in_region = np.eye(len(names))[member]
    weight, says = [], []
    for panel in (gap.panel, END):
        columns = gap.columns(panel)
        parts = twfe.slope_parts(columns[:, 0], columns[:, 1:], *gap.codes)
        own = parts.influence[:, gap.at]
        weight.append(in_region.T @ own**2 / (own @ own))
        says.append(parts.slopes[gap.at] + in_region.T @ (own * parts.residual) / weight[-1])

    def value(subsets: NDArray[np.bool_]) -> Array:
        weights = np.where(subsets[:, :1], weight[1], weight[0])
        return (weights * np.where(subsets[:, 1:], says[1], says[0])).sum(axis=1)

    return Game(["weights of the regions", *(f"slope in {name}" for name in names)], value)


GAMES: dict[str, Callable[[Gap], Game]] = {
    "ingredients": ingredients,
    "provinces": provinces,
    "years": years,
    "regions": regions,
}
"""Ways of sharing out; those after the first are of least squares alone."""


# --- which gaps, and the table ------------------------------------------------------------------


def load() -> tuple[dict[str, pd.DataFrame], xr.Dataset]:
    """Load every panel with all its variables, and the Dataset of construction choices."""
    dataset = recollect.load()
    variables = tuple(_choices(START))
    panels: list[Panel] = [load_panel(name, variables) for name in (*OFFICIAL, END)]
    return {panel.name: panel.frame for panel in panels}, dataset


def gaps(
    records: Iterable[Specification], frames: Mapping[str, pd.DataFrame], dataset: xr.Dataset
) -> list[Gap]:
    """List the slopes of interest on which an official panel and the paper disagree."""
    printed = published_slopes()
    found = []
    for record in records:
        for name in OFFICIAL:
            for term in record.interest:
                gap = Gap(record, term, name, frames, dataset)
                own, other = estimate(gap, name), printed.loc[(record.column, term)]
                far = abs(own - other["coef"]) > APART * other["se"]
                if far or np.sign(own) != np.sign(other["coef"]):
                    found.append(gap)
    return found


def estimate(gap: Gap, panel: str) -> float:
    """Estimate a column's slope on a panel by its own estimator."""
    frame = gap.frames[panel]
    with located(panel, gap.record.column):
        if gap.record.dynamic:
            fit = system_gmm.fit_column(frame, gap.record)
            return float(system_gmm.coefficients(fit).loc[gap.term, "coef"])
        return float(twfe.fit(design(frame, gap.record)).coef[gap.at])


def decompose(gap: Gap) -> list[dict]:
    """Share one gap out in every way, keys `COLUMNS`."""
    printed = published_slopes().loc[(gap.record.column, gap.term)]
    shared = {
        **{"panel": gap.panel, "column": gap.record.column, "term": gap.term},
        **{"start": estimate(gap, gap.panel), "end": estimate(gap, END)},
        **{"published": printed["coef"], "published_se": printed["se"]},
    }
    rows = []
    for name, make in GAMES.items():
        if name != "ingredients" and gap.record.dynamic:
            continue
        game = make(gap)
        if len(game.players) == 0:
            raise UserError(
                f"Panels {gap.panel} and {END} do not differ in column {gap.record.column}, so "
                "there is no gap to share out: leave the column out."
            )
        shares, errors = shapley(game)
        rows += [
            {**shared, "game": name, "player": player, "share": share, "mcse": error,
             "exact": "no" if errors.any() else "yes"}
            for player, share, error in zip(game.players, shares, errors, strict=True)
        ]  # fmt: skip
    return rows


def run(listed: Iterable[Gap]) -> Iterator[pd.DataFrame]:
    """Yield the table of each gap as it is shared out."""
    for gap in listed:
        yield pd.DataFrame(decompose(gap), columns=COLUMNS)


def largest(found: pd.DataFrame, most: int = 3) -> pd.DataFrame:
    """Return the ingredients with the largest shares of each gap."""
    own = found[found["game"] == "ingredients"]
    order = own["share"].abs().sort_values(ascending=False).index
    kept = own.loc[order].groupby(["panel", "column", "term"], sort=False).head(most)
    return kept.sort_index().drop(columns=["game", "exact"])


def draw(found: pd.DataFrame) -> Figure:
    """Draw the headline columns' gaps as waterfalls of ingredients, one frame each."""
    own = found[(found["game"] == "ingredients") & found["column"].isin(HEADLINE)]
    frames = list(own.groupby(["column", "term", "panel"], sort=False))
    n_lines = -(-len(frames) // 2)
    figure = Figure(figsize=(7.2, 2.6 * n_lines), layout="constrained")
    grid = figure.subplots(n_lines, 2, squeeze=False).flat
    for axes in grid[len(frames) :]:
        axes.remove()
    for axes, ((column, term, panel), rows) in zip(grid, frames, strict=False):
        _waterfall(axes, rows)
        axes.set_title(f"{column}  {term}, from {panel}", loc="left")
    return figure


def _waterfall(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw start, shares (the largest first) and end, one below the other."""
    rows = rows.loc[rows["share"].abs().sort_values(ascending=False).index]
    axes.use_sticky_edges = False
    axes.margins(x=0.06)
    start, end, published = rows[["start", "end", "published"]].iloc[0]
    at = start + np.concatenate([[0], np.cumsum(rows["share"])])
    axes.barh(0, start, color="0.6", height=0.7)
    colours = [PALETTE[0] if share > 0 else PALETTE[5] for share in rows["share"]]
    places = np.arange(1, len(rows) + 1)
    axes.barh(places, rows["share"], left=at[:-1], color=colours, height=0.7)
    axes.errorbar(at[1:], places, xerr=Z * rows["mcse"], fmt="none", ecolor="0.2", lw=0.8)
    axes.barh(len(rows) + 1, end, color="0.6", height=0.7)
    axes.axvline(published, color="0.3", lw=0.8, ls=":")
    axes.axvline(0, color="0.7", lw=0.6)
    labels = ["official", *rows["player"], "implied"]
    axes.set_yticks(range(len(labels)), labels, fontsize=6.5)
    axes.invert_yaxis()
