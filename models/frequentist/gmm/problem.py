"""Prepare a GMM estimation: rows, instruments and moments without anything collinear."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.frequentist.gmm.arrays import Blocks
from models.frequentist.gmm.estimation import Moments, identifies, moments
from models.frequentist.gmm.grid import Grid
from models.frequentist.gmm.instruments import Instrument, Layout, layout
from models.frequentist.gmm.records import CONSTANT, GmmSpecification
from models.frequentist.gmm.weighting import (
    error_root,
    independent_columns,
    submatrix,
    transformation,
)
from models.frequentist.two_way import resolution

COLLINEAR = 1e-10
"""A column is collinear when less than this share of its squared size is left unexplained.

Squares keep half of the digits, so that this is 1e-5 of its length. What the transformation
leaves of a regressor is judged by `two_way.resolution`, as everywhere.
"""


UNCORRELATED = 1e-12
"""An instrument is not correlated with a regressor if they share less than this of their sizes."""


@dataclass(frozen=True)
class Problem:
    """One estimation, ready to be solved.

    Attributes
    ----------
    specification : GmmSpecification
    panel : Grid
    structure : Layout
        Without instruments that are zero throughout.
    blocks : Blocks
    moments : Moments
        Of all j instruments of `structure`.
    kept : ndarray of int
        Of these, the ones that are not collinear under the first-step weighting.
    dropped_regressors : tuple of str
    dropped_instruments : tuple of Instrument
    """

    specification: GmmSpecification
    panel: Grid
    structure: Layout
    blocks: Blocks
    moments: Moments
    kept: NDArray[np.int64]
    dropped_regressors: tuple[str, ...]
    dropped_instruments: tuple[Instrument, ...]

    @property
    def rows_by_group(self) -> NDArray[np.int64]:
        """Rows that count as observations: of the levels equation in a system, shape (N,)."""
        return self.structure.used[self.structure.row_level == self.specification.system].sum(
            axis=0
        )

    @property
    def n(self) -> int:
        """Observations."""
        return int(self.rows_by_group.sum())

    @property
    def n_groups(self) -> int:
        """Groups with an observation."""
        return int((self.rows_by_group > 0).sum())

    @property
    def in_sample(self) -> NDArray[np.bool_]:
        """Groups with a period in which outcome and all regressors are observed, shape (N,)."""
        spec, panel = self.specification, self.panel
        terms = [panel.index(term) for term in (spec.outcome, *spec.regressors)]
        return panel.observed[terms].all(axis=0).any(axis=0)

    @property
    def n_clusters(self) -> int | None:
        """Clusters; None if the groups are the clusters."""
        return None if self.panel.clusters is None else int(self.panel.clusters.max()) + 1

    @property
    def n_independent(self) -> int:
        """Groups or clusters: how many independent terms the moments' covariance adds up."""
        return self.n_clusters or self.n_groups

    @property
    def error_rows(self) -> NDArray[np.bool_]:
        """Rows whose residuals estimate the error variance, shape (R,)."""
        in_levels = self.specification.system and self.specification.h == 1
        return self.structure.row_level == in_levels

    @property
    def n_errors(self) -> int:
        """Number of such residuals."""
        return int(self.structure.used[self.error_rows].sum())


def prepare(panel: Grid, specification: GmmSpecification) -> Problem:
    """Lay out rows and instruments and drop what is collinear.

    Raises
    ------
    UserError
        As `layout` and `independent_regressors`; or if instruments are fewer than coefficients or
        uncorrelated with a regressor.
    """
    structure = layout(panel, specification)
    if panel.clusters is not None:
        panel = replace(panel, clusters=_used_clusters(panel, structure))
    root = row_root(specification, structure, len(panel.periods))
    blocks = Blocks(panel, structure)
    zx, zy, s, xx = moments(blocks, root)
    regressors = independent_regressors(panel, structure.regressors, xx)
    if not specification.system:
        _refuse_constant(panel, [structure.regressors[i] for i in regressors], xx, regressors)
    alive = np.flatnonzero(np.diag(s) > 0)
    s = submatrix(s, alive)
    independent = independent_columns(s, COLLINEAR)
    independent_instruments = set(alive[independent].tolist())
    blocks = blocks.keep(regressors, alive)
    problem = Problem(
        specification=specification,
        panel=panel,
        structure=blocks.structure,
        blocks=blocks,
        moments=Moments(
            zx[alive[:, None], regressors], zy[alive], s, xx[regressors[:, None], regressors]
        ),
        kept=independent,
        dropped_regressors=tuple(
            term for i, term in enumerate(structure.regressors) if i not in regressors
        ),
        dropped_instruments=tuple(
            instrument
            for i, instrument in enumerate(structure.instruments)
            if i not in independent_instruments
        ),
    )
    _refuse_underidentified(problem)
    return problem


def row_root(
    specification: GmmSpecification, structure: Layout, n_periods: int
) -> NDArray[np.float64]:
    """Return F of the rows in use, shape (m, R)."""
    transformed = transformation(specification.transform, n_periods)
    rows = structure.row_period + n_periods * structure.row_level
    return error_root(specification.h, transformed, specification.system)[:, rows]


def independent_regressors(
    panel: Grid, terms: Sequence[str], xx: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Leave out base categories of indicator variables; refuse any other collinear regressor.

    Of indicators that add up to the constant or to each other (year dummies), the last is
    left out, as xtabond2 does.

    Parameters
    ----------
    panel : Grid
    terms : sequence of str
        The k regressors.
    xx : ndarray, shape (k, k)
        X'X.

    Returns
    -------
    ndarray of int
        Those that stay, in ascending order.

    Raises
    ------
    UserError
        If another regressor does not vary, or is collinear with others.
    """
    size = np.sqrt(np.diag(xx))
    schur = xx / np.outer(np.where(size > 0, size, 1), np.where(size > 0, size, 1))
    indicator = _are_indicators(panel, terms)
    order = sorted(range(len(terms)), key=lambda i: (terms[i] != CONSTANT, not indicator[i], i))
    independent: list[int] = []
    for i in order:
        if schur[i, i] > COLLINEAR:
            independent.append(i)
            # What is left of the others, this one apart: a step of Cholesky's decomposition.
            schur = schur - np.outer(schur[i], schur[i]) / schur[i, i]
        elif not indicator[i]:
            _refuse_collinear(terms[i], bool(size[i] > 0), [terms[j] for j in independent])
    return np.sort(independent)


def _are_indicators(panel: Grid, terms: Sequence[str]) -> list[bool]:
    """Return which terms are 0/1 variables; the constant does not count."""
    positions = [panel.index(term) for term in terms]
    values, observed = panel.values[positions], panel.observed[positions]
    binary = ((values == 0) | (values == 1) | ~observed).all(axis=(1, 2))
    return [
        term != CONSTANT and bool(is_binary) for term, is_binary in zip(terms, binary, strict=True)
    ]


def _refuse_constant(
    panel: Grid, terms: Sequence[str], xx: NDArray[np.float64], regressors: NDArray[np.int64]
) -> None:
    """Refuse a regressor of which rounding is all that the transformation leaves."""
    for term, size in zip(terms, np.sqrt(np.diag(xx))[regressors], strict=True):
        position = panel.index(term)
        if size <= resolution(panel.values[position][panel.observed[position]]):
            _refuse_collinear(term, False, [])


def _refuse_collinear(term: str, varies: bool, regressors: list[str]) -> None:
    if not varies:
        raise UserError(
            f"Regressor {term} does not vary within groups in the sample, so it has no "
            "coefficient once group effects are removed: drop it."
        )
    raise UserError(
        f"Regressor {term} is a linear combination of other regressors (year dummies and the "
        f"constant included: {', '.join(regressors)}), so it has no coefficient of its own: drop "
        "it or the dummies."
    )


def _refuse_underidentified(problem: Problem) -> None:
    j, terms = len(problem.kept), problem.structure.regressors
    if j < len(terms):
        raise UserError(
            f"{j} instruments are too few for {len(terms)} coefficients: ask for more lags or "
            "add instruments."
        )
    zx = problem.moments.zx[problem.kept]
    scaled = zx / np.sqrt(np.diag(problem.moments.s))[problem.kept, None]
    length = np.linalg.norm(scaled, axis=0)
    for term, correlation, size in zip(
        terms, length, np.sqrt(np.diag(problem.moments.xx)), strict=True
    ):
        if correlation <= UNCORRELATED * size:
            raise UserError(f"No instrument is correlated with regressor {term}: add one.")
    if not identifies(scaled):
        raise UserError(
            f"The instruments do not identify the {len(terms)} coefficients: add instruments or "
            "drop regressors."
        )


def _used_clusters(panel: Grid, structure: Layout) -> NDArray[np.int64]:
    """Number the clusters of the rows in use from 0, shape (T, N); −1 elsewhere."""
    clusters = panel.clusters.copy()
    if structure.later is not None:
        # A deviation is in the next period's row, where a gap has no cluster: it keeps its own.
        after_gap = structure.used_transformed & (clusters < 0)
        clusters[1:][after_gap[1:]] = panel.clusters[:-1][after_gap[1:]]
    used = np.zeros(clusters.shape, dtype=bool)
    np.logical_or.at(used, structure.row_period, structure.used)
    codes = np.full(clusters.shape, -1)
    codes[used] = np.unique(clusters[used], return_inverse=True)[1]
    return codes
