"""Layout of an estimation: rows, regressors and instruments as index arrays into the panel.

Every number that enters an estimation is one of the panel's values, in levels, transformed or
differenced. Which one is fixed by the specification and by what is observed, so it is worked
out once, here; what remains is to gather (`models.frequentist.gmm.arrays`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.frequentist.gmm.grid import Grid
from models.frequentist.gmm.records import CONSTANT, Gmm, GmmSpecification, Iv

LEVEL, DIFFERENCED, DEVIATIONS = range(3)
"""The forms in which `sources` holds every term, in that order; the last if it is asked for."""

LEVEL_MOMENTS = "GMM instruments for levels"
"""xtabond2's name of the GMM-style instruments of the levels equation, of all sets together."""


class Instrument(NamedTuple):
    """One column of the instrument matrix.

    Attributes
    ----------
    set : int
        Position of the set among the specification's sets, `iv` after `gmm`; −1 is the constant.
    term : str
    lag : int, optional
        None for ordinary instruments.
    equation : str
        Where it is not zero: "diff", "level" or "both".
    period : int, optional
        Position of the only period in which it is not zero; None if it is in every one.
    """

    set: int
    term: str
    lag: int | None
    equation: str
    period: int | None


@dataclass(frozen=True)
class Layout:
    """The fixed structure of one estimation on one panel.

    R rows per group: the transformed equation's periods first, then the levels'; only periods
    in which some group has a row.

    Attributes
    ----------
    regressors : tuple of str
        The k regressors, the constant last.
    instruments : tuple of Instrument
        The j columns: p that may be non-zero in any row, then q in one row only, by row.
    row_period : ndarray of int, shape (R,)
        Row's period, by position.
    row_level : ndarray of bool, shape (R,)
        Whether it is a row of the levels equation.
    used : ndarray of bool, shape (R, N)
        Rows that the estimation uses.
    used_transformed : ndarray of bool, shape (T, N)
        The transformed equation's rows again, all periods.
    used_difference : ndarray of bool, shape (T, N)
        Periods whose differenced residual the serial-correlation tests use.
    used_dx : ndarray of bool, shape (T, N)
        Periods whose differenced regressors they use, those of a residual earlier.
    y_cell, x_cell : ndarray of int, shape (R,) and (k, R)
        Positions in `sources`.
    many_cell : ndarray of int, shape (p, R)
        The same of the first p instruments.
    one_cell, one_row : ndarray of int, shape (q,)
        The same of the others, and the only row of each.
    dy_cell, dx_cell : ndarray of int, shape (T,) and (k, T)
        The same for first differences.
    later : ndarray of bool, shape (T, N), optional
        Periods that count as "later" in forward orthogonal deviations; None with differences.
    observed : ndarray of bool, shape (V, T, N)
    """

    regressors: tuple[str, ...]
    instruments: tuple[Instrument, ...]
    row_period: NDArray[np.int64]
    row_level: NDArray[np.bool_]
    used: NDArray[np.bool_]
    used_transformed: NDArray[np.bool_]
    used_difference: NDArray[np.bool_]
    used_dx: NDArray[np.bool_]
    y_cell: NDArray[np.int64]
    x_cell: NDArray[np.int64]
    many_cell: NDArray[np.int64]
    one_cell: NDArray[np.int64]
    one_row: NDArray[np.int64]
    dy_cell: NDArray[np.int64]
    dx_cell: NDArray[np.int64]
    later: NDArray[np.bool_] | None
    observed: NDArray[np.bool_]

    @property
    def n_cells(self) -> int:
        """Number of cells in `sources`, without the last that is always zero."""
        n_forms = 2 if self.later is None else 3
        return n_forms * self.observed.shape[0] * self.observed.shape[1]

    def places(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows in which an instrument may be non-zero and its cells there."""
        p = len(self.many_cell)
        if column >= p:
            return self.one_row[[column - p]], self.one_cell[[column - p]]
        rows = np.flatnonzero(self.many_cell[column] < self.n_cells)
        return rows, self.many_cell[column, rows]

    def keep_instruments(self, positions: Sequence[int]) -> "Layout":
        """Return the layout with some columns of the instrument matrix, named in their order."""
        columns, p = np.asarray(positions), len(self.many_cell)
        of_one_row = columns[columns >= p] - p
        return replace(
            self,
            instruments=tuple(self.instruments[i] for i in positions),
            many_cell=self.many_cell[columns[columns < p]],
            one_cell=self.one_cell[of_one_row],
            one_row=self.one_row[of_one_row],
        )

    def keep_regressors(self, positions: Sequence[int]) -> "Layout":
        """Return the layout with the named regressors only."""
        return replace(
            self,
            regressors=tuple(self.regressors[i] for i in positions),
            x_cell=self.x_cell[list(positions)],
            dx_cell=self.dx_cell[list(positions)],
        )

    def keep_groups(self, groups: slice) -> "Layout":
        """Return the layout of some groups."""
        return replace(
            self,
            used=self.used[:, groups],
            used_transformed=self.used_transformed[:, groups],
            used_difference=self.used_difference[:, groups],
            used_dx=self.used_dx[:, groups],
            later=None if self.later is None else self.later[:, groups],
            observed=self.observed[:, :, groups],
        )


def layout(grid: Grid, specification: GmmSpecification) -> Layout:
    """Work out rows, regressors and instruments.

    A row of the levels equation needs the outcome, all regressors and the levels' ordinary
    instruments; one of the transformed equation needs the same transformed, and its own row in
    the sample. GMM-style instruments use all data and are zero where there are none (Roodman
    2009, section 3).

    Raises
    ------
    UserError
        If no row is left, one has no cluster, a set of instruments is empty, or an instrument is
        never observed.
    """
    regressors = specification.regressors + ((CONSTANT,) if specification.has_constant else ())
    observed = grid.observed
    model = [grid.index(specification.outcome), *(grid.index(term) for term in regressors)]
    in_sample = observed[model].all(axis=0)
    if grid.clusters is not None:
        _refuse_no_cluster(in_sample & (grid.clusters < 0), grid)

    ordinary = {
        equation: [
            grid.index(term)
            for ordinary_set in specification.iv
            if ordinary_set.equation in (equation, "both")
            for term in ordinary_set.variables
        ]
        for equation in ("diff", "level")
    }
    later = None
    if specification.transform == "deviations":
        ordinary_terms = sorted({*ordinary["diff"], *ordinary["level"]})
        later = in_sample & observed[ordinary_terms].all(axis=0)
    differenced = _transformed(observed, None)
    transformed = differenced if later is None else _transformed(observed, later)
    used_transformed = transformed[[*model, *ordinary["diff"]]].all(axis=0)
    used_transformed &= in_sample if later is None else _previous(in_sample)
    used_level = in_sample & observed[ordinary["level"]].all(axis=0)

    by_equation = [used_transformed, used_level] if specification.system else [used_transformed]
    in_equation = [np.flatnonzero(rows.any(axis=1)) for rows in by_equation]
    _refuse_empty(in_equation[0], specification, grid)
    row_period = np.concatenate(in_equation)
    row_level = np.arange(len(row_period)) >= len(in_equation[0])
    used = np.concatenate(
        [rows[used_periods] for rows, used_periods in zip(by_equation, in_equation, strict=True)]
    )

    n_terms, n_periods = len(grid.terms), len(grid.periods)
    own_form = np.where(row_level, LEVEL, DIFFERENCED if later is None else DEVIATIONS)

    def cells(form: Any, terms: Sequence[str], periods: Any) -> NDArray[np.int64]:
        return (
            form * n_terms + _column([grid.index(term) for term in terms])
        ) * n_periods + periods

    kinds, forms, by_period = zip(*_instruments(specification, grid), strict=True)
    source = row_period - _column([kind.lag or 0 for kind in kinds])
    equation = np.array([kind.equation for kind in kinds])[:, None]
    valid = (equation == "both") | (row_level == (equation == "level"))
    valid &= (source >= 0) & (source < n_periods)
    form = _column([-1 if form_of_kind is None else form_of_kind for form_of_kind in forms])
    cell = cells(np.where(form < 0, own_form, form), [kind.term for kind in kinds], source)
    available = [observed, differenced] + [transformed] * (later is not None)
    available = np.concatenate(available).reshape(-1, used.shape[1])
    cell = np.where(valid, cell, len(available))
    nonzero = _seen(available, used, cell)

    by_period = np.array(by_period)
    of_many_rows = np.flatnonzero(~by_period & nonzero.any(axis=1))
    one_row, of_one_row = np.nonzero((nonzero & by_period[:, None]).T)
    instruments = [kinds[i] for i in of_many_rows.tolist()] + [
        Instrument(*kinds[i][:-1], period)
        for i, period in zip(of_one_row.tolist(), row_period[one_row].tolist(), strict=True)
    ]
    _refuse_missing(instruments, specification, grid)
    outcome, every_period = [specification.outcome], np.arange(n_periods)
    return Layout(
        regressors=regressors,
        instruments=tuple(instruments),
        row_period=row_period,
        row_level=row_level,
        used=used,
        used_transformed=used_transformed,
        # xtabond2 differences afresh after deviations, whether or not the row is in the sample.
        used_difference=used_transformed if later is None else differenced[model].all(axis=0),
        used_dx=used_transformed if later is None else differenced[model[1:]].all(axis=0),
        y_cell=cells(own_form, outcome, row_period)[0],
        x_cell=cells(own_form, regressors, row_period),
        many_cell=cell[of_many_rows],
        one_cell=cell[of_one_row, one_row],
        one_row=one_row,
        dy_cell=cells(DIFFERENCED, outcome, every_period)[0],
        dx_cell=cells(DIFFERENCED, regressors, every_period),
        later=later,
        observed=observed,
    )


def _column(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)[:, None]


def _seen(
    available: NDArray[np.bool_], used: NDArray[np.bool_], cell: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return where a cell is available to some group that uses the row, shape (B, R).

    Parameters
    ----------
    available : ndarray of bool, shape (cells, N)
    used : ndarray of bool, shape (R, N)
    cell : ndarray of int, shape (B, R)
        Of each row; the number of cells where there is none.
    """
    # Eight groups in a byte, since flags of shape (B, R, N) are large with many groups.
    in_cell, in_row = (np.packbits(flags, axis=1) for flags in (available, used))
    return (np.vstack([in_cell, np.zeros_like(in_cell[:1])])[cell] & in_row).any(axis=2)


def _instruments(
    specification: GmmSpecification, grid: Grid
) -> Iterator[tuple[Instrument, int | None, bool]]:
    """Yield instruments, the form of their values, and whether they are one for each period.

    A form of None is that of the instrument's row.
    """
    if specification.has_constant:
        yield Instrument(-1, CONSTANT, None, "level", None), LEVEL, False
    for position, group in enumerate(specification.iv, start=len(specification.gmm)):
        for term in group.variables:
            yield Instrument(position, term, None, group.equation, None), None, False
    for position, group in enumerate(specification.gmm):
        in_levels = group.equation == "level"
        first, last = gmm_lags(group, len(grid.periods))
        transformed_or_level = "level" if in_levels else "diff"
        form = DIFFERENCED if in_levels else LEVEL
        blocks = [(lag, transformed_or_level, form) for lag in range(first, last + 1)]
        if group.equation == "both" and specification.system:
            blocks.append((_lag_in_levels(first, last), "level", DIFFERENCED))
        for lag, equation, values in blocks:
            for term in group.variables:
                instrument = Instrument(position, term, lag, equation, None)
                yield instrument, values, not group.collapse


def gmm_lags(gmm_set: Gmm, n_periods: int) -> tuple[int, int]:
    """Return the lags of a GMM-style set, cut to what T periods allow."""
    in_levels = gmm_set.equation == "level"
    first, last = gmm_set.lag
    deepest = n_periods - 1 - in_levels
    return max(first, 2 - n_periods - in_levels), deepest if last is None else min(last, deepest)


def _lag_in_levels(first: int, last: int) -> int:
    """Return the lag of the difference that instruments the levels equation, for lags a … b.

    One less than the first lag, as the nearest difference that is as exogenous (Blundell and
    Bond 1998); xtabond2 starts at 0 where lags straddle it and before b where all lead.
    """
    if first > 0:
        return first - 1
    return 0 if last > 0 else last - 1


def _transformed(observed: NDArray[np.bool_], later: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return where transformed values exist, shape (V, T, N); deviations are one period later."""
    exists = np.zeros_like(observed)
    if later is None:
        exists[:, 1:] = observed[:, 1:] & observed[:, :-1]
    else:
        some_later = np.cumsum(later[::-1], axis=0)[::-1] > 0
        exists[:, 1:] = observed[:, :-1] & some_later[1:]
    return exists


def _previous(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    moved = np.zeros_like(flags)
    moved[1:] = flags[:-1]
    return moved


def _refuse_empty(periods: NDArray[np.int64], specification: GmmSpecification, grid: Grid) -> None:
    if len(periods) == 0:
        span = f"{grid.periods[0]}–{grid.periods[-1]}"
        raise UserError(
            f"The panel ({span}) has no two periods of one group in which the outcome "
            f"{specification.outcome}, all regressors and ordinary instruments are observed: "
            "it has too few periods for the lags asked, or a column is empty."
        )


def _refuse_no_cluster(cells: NDArray[np.bool_], grid: Grid) -> None:
    if cells.any():
        period, group = np.argwhere(cells)[0]
        raise UserError(
            f"Group {grid.groups[group]} has no cluster in period {grid.periods[period]}: fill it "
            "in or drop the row."
        )


def _refuse_missing(
    instruments: Sequence[Instrument], specification: GmmSpecification, grid: Grid
) -> None:
    sets: tuple[Gmm | Iv, ...] = (*specification.gmm, *specification.iv)
    present = {(group.set, group.term) for group in instruments}
    for position, group in enumerate(sets):
        for term in group.variables:
            if (position, term) in present:
                continue
            if not grid.observed[grid.index(term)].any():
                cause = f"{term} has no value"
            elif isinstance(group, Gmm):
                cause = f"{len(grid.periods)} periods are too few for its lags"
            else:
                cause = f"{term} is missing in every row of the sample"
            raise UserError(
                f"Instruments {group.label} are missing throughout, since {cause}: drop them or "
                "change the lags."
            )
