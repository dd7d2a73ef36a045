"""Arrays of an estimation: a panel's values gathered by its layout.

Written against an array namespace, and differentiable (`sources`, `arrays`); for panels of many
groups, a block of groups at a time (`Blocks`).
"""

from collections.abc import Iterator
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.frequentist.gmm.grid import Grid
from models.frequentist.gmm.instruments import Layout
from models.frequentist.gmm.matrix import InstrumentMatrix

BLOCK = 2**17
"""Numbers of the instrument matrix held at a time."""


class Arrays(NamedTuple):
    """Outcome, regressors and instruments of an estimation; zero in rows that are not used.

    Attributes
    ----------
    y : array, shape (R, N)
    x : array, shape (k, R, N)
    z : InstrumentMatrix
        j columns.
    used : array, shape (R, N)
        Ones and zeros.
    dy : array, shape (T, N)
        Outcome in first differences.
    dx : array, shape (k, T, N)
        Regressors in first differences, where all of them are known.
    used_difference : array, shape (T, N)
        Where the residual in first differences is known.
    used_transformed : array, shape (T, N)
        The transformed equation's part of `used`, all periods.
    clusters : ndarray of int, shape (R, N), optional
        Cluster of each row; the groups are the clusters if it is None.
    """

    y: Any
    x: Any
    z: InstrumentMatrix
    used: Any
    dy: Any
    dx: Any
    used_difference: Any
    used_transformed: Any
    clusters: NDArray[np.int64] | None = None


def sources(values: Any, structure: Layout) -> Any:
    """Return every value an estimation can use, one row per form, term and period.

    Forward orthogonal deviations (Arellano and Bover 1995), √(m/(m+1)) (x_t − mean of the m
    later values), are put in the row of the next period, as in xtabond2: there the same lags are
    valid instruments as with differences.

    Parameters
    ----------
    values : array, shape (V, T, N)
        Finite; what is not observed is not used. Of numpy or another array namespace.

    Returns
    -------
    array, shape (2 V T + 1, N) or, with deviations, (3 V T + 1, N)
        The last row is zero.
    """
    xp = values.__array_namespace__()
    n_groups = values.shape[2]
    observed = structure.observed
    values = values * xp.asarray(observed.astype(float))
    zeros = xp.zeros_like(values[:, :1])
    seen_in_a_row = xp.asarray((observed[:, 1:] & observed[:, :-1]).astype(float))
    differenced = xp.concat([zeros, (values[:, 1:] - values[:, :-1]) * seen_in_a_row], axis=1)
    forms = [values, differenced]
    if structure.later is not None:
        later = structure.later.astype(float)
        n_later = (np.cumsum(later[::-1], axis=0)[::-1])[1:]
        sum_later = np.triu(np.ones((len(later), len(later))), k=1)[:-1]
        mean_later = (xp.asarray(sum_later) @ (values * xp.asarray(later))) * xp.asarray(
            1 / np.maximum(n_later, 1)
        )
        scale = np.sqrt(n_later / (n_later + 1)) * observed[:, :-1]
        forms.append(xp.concat([zeros, (values[:, :-1] - mean_later) * xp.asarray(scale)], axis=1))
    return xp.concat([xp.reshape(xp.concat(forms), (-1, n_groups)), zeros[0]])


def arrays(values: Any, structure: Layout, clusters: NDArray[np.int64] | None = None) -> Arrays:
    """Gather outcome, regressors and instruments from a panel's values, shape (V, T, N)."""
    xp = values.__array_namespace__()
    cells = sources(values, structure)
    used = xp.asarray(structure.used.astype(float))
    used_difference = xp.asarray(structure.used_difference.astype(float))
    return Arrays(
        y=cells[structure.y_cell] * used,
        x=cells[structure.x_cell] * used,
        z=InstrumentMatrix(
            cells[structure.many_cell] * used,
            cells[structure.one_cell] * used[structure.one_row],
            structure.one_row,
        ),
        used=used,
        dy=cells[structure.dy_cell] * used_difference,
        dx=cells[structure.dx_cell] * xp.asarray(structure.used_dx.astype(float)),
        used_difference=used_difference,
        used_transformed=xp.asarray(structure.used_transformed.astype(float)),
        clusters=None if clusters is None else clusters[structure.row_period],
    )


class Blocks:
    """The arrays of a panel, some groups at a time, made anew on each pass.

    So that memory beyond the data does not grow with the number of groups. A panel of one
    block is kept.
    """

    def __init__(self, panel: Grid, structure: Layout) -> None:
        cells = structure.x_cell.size + structure.many_cell.size + structure.one_cell.size
        size = max(BLOCK // cells, 1)
        starts = range(0, len(panel.groups), size)
        self.structure = structure
        self._panel = panel
        self._slices = [slice(start, start + size) for start in starts]
        self._only = self._make(self._slices[0]) if len(self._slices) == 1 else None

    def __iter__(self) -> Iterator[Arrays]:
        if self._only is not None:
            yield self._only
        else:
            yield from map(self._make, self._slices)

    def keep(self, regressors: NDArray[np.int64], instruments: NDArray[np.int64]) -> "Blocks":
        """Return the blocks with some of the regressors and instruments only, in their order."""
        less = copy(self)
        structure = self.structure.keep_regressors(regressors)
        less.structure = structure.keep_instruments(instruments)
        if self._only is not None:
            only = self._only
            less._only = only._replace(
                x=only.x[regressors], dx=only.dx[regressors], z=only.z.keep(instruments)
            )
        return less

    def _make(self, groups: slice) -> Arrays:
        clusters = self._panel.clusters
        return arrays(
            self._panel.values[:, :, groups],
            self.structure.keep_groups(groups),
            None if clusters is None else clusters[:, groups],
        )
