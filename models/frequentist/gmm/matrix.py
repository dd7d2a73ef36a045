"""The instrument matrix of some groups, and its products."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class InstrumentMatrix(NamedTuple):
    """The instrument matrix Z without rows in which an instrument is always zero.

    An instrument of one period is non-zero in one row of every group, so its other rows are
    neither kept nor multiplied.

    Attributes
    ----------
    many : array, shape (p, R, N)
        The first p instruments, which may be non-zero in any row.
    one : array, shape (q, N)
        The other q, each in its only row.
    row : ndarray of int, shape (q,)
        That row, ascending.
    """

    many: Any
    one: Any
    row: NDArray[np.int64]

    def cross(self, values: Any) -> Any:
        """Return Z'v, shape (j, m), of values (m, R, N)."""
        xp = self.one.__array_namespace__()
        of_one_row = [self.one[columns] @ values[:, r].T for r, columns in self._by_row()]
        return xp.concat([flat(self.many) @ flat(values).T, *of_one_row])

    def by_group(self, values: Any) -> Any:
        """Return Z_i'v_i, shape (j, N), of values (R, N)."""
        xp = self.one.__array_namespace__()
        return xp.concat([xp.sum(self.many * values, axis=1), self.one * values[self.row]])

    def weighted(self, weights: Any) -> Any:
        """Return Zw, shape (R, N), of weights (j,)."""
        xp = self.one.__array_namespace__()
        of_many_rows, of_one_row = weights[: len(self.many)], weights[len(self.many) :]
        rows = [(of_one_row[columns] @ self.one[columns])[None] for _, columns in self._by_row()]
        return times(of_many_rows, self.many) + xp.concat(rows)

    def gram(self, root: NDArray[np.float64]) -> Any:
        """Return Σ_i Z_i'H Z_i, shape (j, j), with H = F'F and F the `root`, shape (m, R)."""
        xp = self.one.__array_namespace__()
        h = root.T @ root
        rooted = flat(xp.asarray(root) @ self.many)
        spread = xp.asarray(h) @ self.many
        crossed = [spread[:, r] @ self.one[columns].T for r, columns in self._by_row()]
        crossed = xp.concat(crossed, axis=1)
        single = xp.asarray(h[self.row][:, self.row]) * (self.one @ self.one.T)
        upper = xp.concat([rooted @ rooted.T, crossed], axis=1)
        return xp.concat([upper, xp.concat([crossed.T, single], axis=1)])

    def by_cluster(
        self, values: NDArray[np.float64], clusters: NDArray[np.int64], n_clusters: int
    ) -> NDArray[np.float64]:
        """Return Z_c'v_c, shape (j, C), of values (R, N) in clusters (R, N); −1 is in none."""
        return np.concatenate(
            [
                cluster_sums(self.many * values, clusters, n_clusters),
                cluster_sums(
                    (self.one * values[self.row])[:, None], clusters[self.row][:, None], n_clusters
                ),
            ]
        )

    def keep(self, positions: NDArray[np.int64]) -> "InstrumentMatrix":
        """Return the matrix with some of the columns only, named in ascending order."""
        p = len(self.many)
        of_many_rows, of_one_row = positions[positions < p], positions[positions >= p] - p
        return InstrumentMatrix(self.many[of_many_rows], self.one[of_one_row], self.row[of_one_row])

    def _by_row(self) -> Iterator[tuple[int, slice]]:
        """Yield every row and the part of `one` that belongs to it."""
        ends = np.searchsorted(self.row, np.arange(self.many.shape[1] + 1))
        return ((r, slice(*ends[r : r + 2])) for r in range(self.many.shape[1]))


def flat(values: Any) -> Any:
    """Lay (m, R, N) out as (m, R N)."""
    n_values, n_rows, n_groups = values.shape
    return values.__array_namespace__().reshape(values, (n_values, n_rows * n_groups))


def times(weights: Any, values: Any) -> Any:
    """Return Σ_m weights_m values_m, shape (R, N)."""
    xp = values.__array_namespace__()
    return xp.reshape(weights @ flat(values), values.shape[1:])


def cluster_sums(
    values: NDArray[np.float64], clusters: NDArray[np.int64], n_clusters: int
) -> NDArray[np.float64]:
    """Add up (m, R, N) values by cluster, shape (m, C).

    Parameters
    ----------
    values : ndarray, shape (m, R, N)
    clusters : ndarray of int, shape (R, N) or (m, R, N)
        −1 is in no cluster.
    n_clusters : int
    """
    width = n_clusters + 1  # the last is for no cluster
    codes = np.where(clusters < 0, n_clusters, clusters)
    codes = np.arange(len(values))[:, None, None] * width + codes
    sums = np.bincount(codes.ravel(), values.ravel(), minlength=len(values) * width)
    return sums.reshape(-1, width)[:, :n_clusters]
