"""Shapley values: each player's mean effect on a value over all orders of swapping.

Shapley (1953); as a decomposition of statistics Shorrocks (2013, *Journal of Economic Inequality*
11:99–126). Values add up to value(all) − value(none) exactly. With few players all subsets are
evaluated. With more, orders are drawn at random in pairs with their reverses, and values have a
Monte Carlo error.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Value = Callable[[NDArray[np.bool_]], Array]
"""From subsets, shape (m, players), True where swapped, to the estimates, shape (m,)."""

EXACT = 13
"""Most ingredients of which all subsets are estimated: 8,192."""

ORDERS = 200
"""Pairs of an order and its reverse that are drawn where there are more."""


class Game(NamedTuple):
    """A cooperative game: players, and the value with some of them swapped.

    Attributes
    ----------
    players : list of str
    value : callable
        From subsets, shape (m, players), to values, shape (m,).
    exact : int
        Most players of which all subsets are evaluated.
    orders : int
        Pairs of an order and its reverse that are drawn where there are more.
    """

    players: list[str]
    value: Value
    exact: int = EXACT
    orders: int = ORDERS


def shapley(game: Game, seed: int = 1) -> tuple[Array, Array]:
    """Decompose value(all) − value(none) into the players' Shapley values.

    Returns
    -------
    share, mcse : ndarray, shape (players,)
        The Monte Carlo error is 0 where all subsets were estimated.
    """
    n = len(game.players)
    if n <= game.exact:
        return _exact(game.value, n), np.zeros(n)
    rng = np.random.default_rng(seed)
    antithetic = []
    for _ in range(game.orders):
        order = rng.permutation(n)
        antithetic.append((_moves(game.value, order) + _moves(game.value, order[::-1])) / 2)
    effects = np.array(antithetic)
    return effects.mean(axis=0), effects.std(axis=0, ddof=1) / np.sqrt(len(effects))


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
