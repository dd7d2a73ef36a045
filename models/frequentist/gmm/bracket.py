"""Bond's bracket: a consistent ρ should lie between pooled and within least squares."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.frequentist.gmm.arrays import Arrays
from models.frequentist.gmm.instruments import Layout
from models.frequentist.gmm.records import CONSTANT, parse_term


class Bracket(NamedTuple):
    """The lagged outcome's coefficient by least squares on the rows of the levels equation.

    Pooled least squares is biased upwards by the group effects, within-group least squares
    downwards (Bond 2002, *Portuguese Economic Journal* 1, section 2).

    Attributes
    ----------
    term : str
        The lagged outcome: "L.y".
    pooled, within : float
    """

    term: str
    pooled: float
    within: float

    def holds(self, coef: float) -> bool:
        """Whether a coefficient lies between the two."""
        return self.within <= coef <= self.pooled


def bracket(blocks: Iterable[Arrays], structure: Layout, outcome: str) -> Bracket | None:
    """Estimate both on the regressors of a system; None if no lag of the outcome is one."""
    lags = {term: parse_term(term) for term in structure.regressors}
    lags_of_outcome = [
        term for term, (variable, lag) in lags.items() if variable == outcome and lag > 0
    ]
    if not lags_of_outcome:
        return None
    term = min(lags_of_outcome, key=lambda name: lags[name][1])
    slopes = np.array([name != CONSTANT for name in structure.regressors])
    pooled, within = _grams(blocks, structure.row_level)
    size = np.sqrt(np.diag(pooled)[:-1])
    position = structure.regressors.index(term)
    return Bracket(
        term,
        pooled=_slopes(pooled, size > 0)[position],
        within=_slopes(within, slopes & _varies(within, size))[position],
    )


def _grams(
    blocks: Iterable[Arrays], row_level: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return cross-products of regressors and outcome, raw and net of group means."""
    pooled, between = 0.0, 0.0
    for block in blocks:
        data = np.concatenate([block.x, block.y[None]])[:, row_level]
        flat = data.reshape(len(data), -1)
        sums = data.sum(axis=1)
        rows_of_group = np.maximum(block.used[row_level].sum(axis=0), 1)
        pooled = pooled + flat @ flat.T
        between = between + (sums / rows_of_group) @ sums.T
    return pooled, pooled - between


def _varies(within: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which regressors are more than their group means, up to rounding of the sums."""
    return np.sqrt(np.maximum(np.diag(within)[:-1], 0)) > 1e-7 * size


def _slopes(gram: NDArray[np.float64], regressors: NDArray[np.bool_]) -> list[float]:
    """Solve the normal equations of some regressors, NaN for the others."""
    usable = np.flatnonzero(regressors)
    size = np.sqrt(np.diag(gram)[usable])
    scaled = gram[np.ix_(usable, usable)] / np.outer(size, size)
    solution = np.linalg.lstsq(scaled, gram[usable, -1] / size, rcond=1e-11)[0]
    slopes = np.full(len(regressors), np.nan)
    slopes[usable] = solution / size
    return slopes.tolist()
