"""Draws of a series with gaps: the default rule's filled cells, moved by errors of its own size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.ye2024 import gaps
from data.ye2024.imputation import spreads

Array = NDArray[np.float64]

RULE = "growth"
"""The rule whose errors are drawn: the default."""

BEYOND = 2.0
"""A drawn cell lies within this factor of its province's least and greatest observed or filled."""


@dataclass(frozen=True)
class Block:
    """Neighbouring years that are filled together.

    Attributes
    ----------
    years : tuple of int
        Places of the years, from the observed side outwards.
    spread : Spread
    whole : bool
        Whether no province is observed in them: then the year's own error is drawn, too.
    """

    years: tuple[int, ...]
    spread: spreads.Spread
    whole: bool


@dataclass(frozen=True)
class Series:
    """A series whose gaps can be drawn.

    Attributes
    ----------
    filled : ndarray, shape (n, T)
        As the default rule fills it; NaN in rows without a cell.
    missing : ndarray of bool, shape (n, T)
    blocks : tuple of Block
    totals : ndarray, shape (T,)
        Published national totals of years without an observed province; NaN elsewhere.
    upper : float
        Least upper bound of the series.
    """

    filled: Array
    missing: NDArray[np.bool_]
    blocks: tuple[Block, ...]
    totals: Array
    upper: float

    @property
    def size(self) -> int:
        """Number of standard normal variables that one draw takes."""
        return sum(block.spread.size for block in self.blocks)

    def draw(self, z: Array) -> Array:
        """Complete the series; z = 0 gives the default rule's values.

        Parameters
        ----------
        z : ndarray, shape (m, size)
            Standard normal.

        Returns
        -------
        ndarray, shape (m, n, T)
            Observed cells as they are.
        """
        completed = np.repeat(self.filled[None], len(z), axis=0)
        low, high = self._range()
        start = 0
        for block in self.blocks:
            common, specific = block.spread.draw(z[:, start : start + block.spread.size])
            start += block.spread.size
            years = list(block.years)
            error = np.where(self.missing[:, years], specific, 0.0)
            completed[:, :, years] = np.clip(completed[:, :, years] * np.exp(error), low, high)
            has_total = ~np.isnan(self.totals[years])
            if has_total.any():
                sums = np.nansum(completed[:, :, years], axis=1)
                factor = np.where(has_total, self.totals[years] / sums, 1.0)
                completed[:, :, years] *= factor[:, None]
            if block.whole:
                completed[:, :, years] *= np.exp(common)[:, None]
        return np.where(self.missing, np.minimum(completed, self.upper), self.filled)

    def _range(self) -> tuple[Array, Array]:
        """Return the least and greatest value of a province before totals, shape (n, 1).

        Errors of a few erratic provinces are log-normal with a large spread: unbounded, one draw
        in forty would be ten times what any province ever had.
        """
        least = np.fmin.reduce(self.filled, axis=1, keepdims=True) / BEYOND
        return least, np.fmax.reduce(self.filled, axis=1, keepdims=True) * BEYOND


def of(x: Array, upper: float = np.inf, totals: Array | None = None) -> Series:
    """Model the gaps of a series.

    Parameters
    ----------
    x : ndarray, shape (n, T)
        Positive, NaN where missing. A row without a cell stays empty.
    upper : float
        Least upper bound.
    totals : ndarray, shape (T,), optional
        National totals, NaN where none is known.
    """
    years = x.shape[1]
    missing = np.isnan(x)
    rows = ~missing.all(axis=1)
    totals = np.full(years, np.nan) if totals is None else totals
    filled = gaps.to_totals(gaps.fill(x, RULE, upper=upper)[0], x, totals)
    inside = gaps.interpolate(x)
    lacking = np.isnan(inside[rows]).all(axis=0)
    observed = np.flatnonzero(~lacking)
    blocks = []
    interpolated = np.flatnonzero((missing & ~np.isnan(inside)).any(axis=0))
    if interpolated.size:
        spread = spreads.between(x)
        blocks += [Block((t,), spread, bool(missing[rows, t].all())) for t in interpolated.tolist()]
    for toward_end in (False, True):
        block = np.arange(observed[-1] + 1, years) if toward_end else np.arange(observed[0])[::-1]
        span = inside[:, observed[0] : observed[-1] + 1]
        outward = span if toward_end else span[:, ::-1]
        if block.size:
            pinned = ~np.isnan(totals[block])
            spread = spreads.ahead(outward, block.size, pinned)
            blocks.append(Block(tuple(block.tolist()), spread, whole=True))
        edge = observed[-1] if toward_end else observed[0]
        if np.isnan(inside[rows, edge]).any():
            blocks.append(Block((int(edge),), spreads.ahead(outward, 1), whole=False))
    return Series(filled, missing, tuple(blocks), totals, upper)
