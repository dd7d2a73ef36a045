"""From a panel and a specification to the arrays that every estimator and model works on."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data.shared.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


LARGEST = 1e100
"""Size of a variable up to which sums of squares and their products stay finite."""


def square(x: Any) -> Any:
    """Return x², x being of any array namespace."""
    return x * x


DERIVED = {"indus2": ("indus", square)}
"""Regressors computed from a panel's column (an array of any namespace) at estimation."""


DYNAMIC = ("system_gmm", "difference_gmm")
"""Estimators of regressions on the lagged outcome."""

LAG = "L.y"
"""The lagged outcome's term, whatever the outcome."""


@dataclass(frozen=True)
class System:
    """Outcomes that can be modelled together.

    Attributes
    ----------
    parts : tuple of str
        They add up to `total`.
    total : str
    result : str
        The outcome that parts and total may act on; empty if there is none.
    """

    parts: tuple[str, ...]
    total: str
    result: str = ""

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What is modelled."""
        return self.parts + ((self.result,) if self.result else ())

    def weights(self, outcome: str) -> NDArray[np.float64]:
        """Return how an outcome is made of those modelled, shape (outcomes,)."""
        chosen = self.parts if outcome == self.total else (outcome,)
        return np.array([float(name in chosen) for name in self.outcomes])


@dataclass(frozen=True)
class Specification:
    """One published column: which regression, on which rows.

    Attributes
    ----------
    column : str
        The record's id, table and column of the paper: "3.2".
    outcome : str
        The dependent variable, by the paper's symbol.
    interest : tuple of str
        Regressors of interest: ("indus",), with its square in 3.3, ("density",) in 6.1.
    controls : tuple of str
        Further regressors.
    title : str
        What the column shows, in the paper's words.
    last_year : int, optional
        The sample ends here (6.3); None keeps all years.
    region : str, optional
        Only this region's provinces (8.1–8.3).
    estimator : str
        "twfe", "system_gmm" or another of `analysis.replication.replicate.ESTIMATORS`.
    system : System, optional
        The system of outcomes that this one belongs to.
    where : str
        A column of truth values of the panel: only rows in which it holds; empty for all.
    effects : tuple of str
        Fixed effects of the published regression: "province", "year".
    endogenous, instruments : tuple of str
        Terms that instruments replace, and the instruments that are no terms.
    errors : str
        Kind of the published standard errors: "conventional", "robust", "clustered" (by province),
        "two_way_clustered", "driscoll_kraay".
    options : tuple of (str, object)
        Choices of the estimator, by name.
    """

    column: str
    outcome: str
    interest: tuple[str, ...]
    controls: tuple[str, ...]
    title: str
    last_year: int | None = None
    region: str | None = None
    estimator: str = "twfe"
    system: System | None = None
    where: str = ""
    effects: tuple[str, ...] = ("province", "year")
    endogenous: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    errors: str = "conventional"
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def table(self) -> str:
        """The number of the published table: "3"."""
        return self.column.split(".")[0]

    @property
    def dynamic(self) -> bool:
        """Whether the published regression has the lagged outcome as one more regressor."""
        return self.estimator in DYNAMIC

    @property
    def terms(self) -> tuple[str, ...]:
        """Slopes in the order in which they are printed."""
        return self.interest + self.controls

    @property
    def variables(self) -> tuple[str, ...]:
        """Panel columns that the specification reads, each once."""
        read = (DERIVED[term][0] if term in DERIVED else term for term in self.terms)
        return tuple(dict.fromkeys((self.outcome, *read, *self.instruments)))


@dataclass(frozen=True)
class Design:
    """A regression's arrays, sorted by province and year; codes index the coords.

    Attributes
    ----------
    y : ndarray, shape (n,)
        Outcome.
    x : ndarray, shape (n, k)
        Regressors, one column per term, no constant.
    terms, provinces, years, regions : tuple
        Coords: the k terms, and the labels of the codes below.
    province, year : ndarray of int, shape (n,)
        Row's position in `provinces` and `years`.
    region_of_province : ndarray of int, shape (len(provinces),)
        Province's position in `regions`.
    outcome : str
        The outcome's name.
    rows : DataFrame
        The panel's rows in the same order, with all its columns: for models that read more
        than one outcome.
    """

    y: NDArray[np.float64]
    x: NDArray[np.float64]
    terms: tuple[str, ...]
    province: NDArray[np.int64]
    year: NDArray[np.int64]
    provinces: tuple[str, ...]
    years: tuple[int, ...]
    regions: tuple[str, ...]
    region_of_province: NDArray[np.int64]
    outcome: str
    rows: "pd.DataFrame"

    @cached_property
    def region(self) -> NDArray[np.int64]:
        """Row's position in `regions`, shape (n,)."""
        return self.region_of_province[self.province]

    @property
    def balanced(self) -> bool:
        """Whether every province is seen in every year."""
        return len(self.y) == len(self.provinces) * len(self.years)

    def keep(self, rows: NDArray[np.bool_]) -> "Design":
        """Return some of the rows, shape (n,); labels stay, so a province can be without rows."""
        return replace(
            self,
            y=self.y[rows],
            x=self.x[rows],
            province=self.province[rows],
            year=self.year[rows],
            rows=self.rows[rows],
        )

    def with_outcome(self, y: NDArray[np.float64]) -> "Design":
        """Return the same design with another outcome, shape (n,)."""
        return replace(self, y=y)


def design(frame: "pd.DataFrame", specification: Specification) -> Design:
    """Select a specification's rows and columns from a panel.

    Parameters
    ----------
    frame : DataFrame
        Columns `province`, `year`, `region` and `specification.variables`; any row order.
    specification : Specification
        The published column.

    Returns
    -------
    Design
        Rows without a missing value, sorted by province (in the frame's order of appearance) and
        year.

    Raises
    ------
    UserError
        If no row is left, or if the sample has too few rows for the regression.
    """
    import pandas as pd

    rows = complete(sample(frame, specification), specification)
    if rows.empty:
        raise UserError(
            f"The panel has no rows in {sample_text(specification)}; add them or leave the column "
            "out."
        )
    province, provinces = pd.factorize(rows["province"])
    year, years = pd.factorize(rows["year"], sort=True)
    parameters = len(provinces) + len(years) - 1 + len(specification.terms)
    if len(rows) <= parameters:
        raise UserError(
            f"The regression needs more than {parameters} rows for its {parameters} parameters, "
            f"and the panel has {len(rows)} in the column's sample "
            f"({sample_text(specification)}): add years or provinces."
        )
    order = np.lexsort((year, province))
    rows = rows if (np.diff(order) == 1).all() else rows.iloc[order]
    first_rows = np.unique(province[order], return_index=True)[1]
    region_of_province, regions = pd.factorize(rows["region"].to_numpy()[first_rows])
    return Design(
        y=rows[specification.outcome].to_numpy(float),
        x=regressors(rows, specification),
        terms=specification.terms,
        province=province[order],
        year=year[order],
        provinces=tuple(map(str, provinces)),
        years=tuple(map(int, years)),
        regions=tuple(map(str, regions)),
        region_of_province=region_of_province,
        outcome=specification.outcome,
        rows=rows.reset_index(drop=True),
    )


def refuse_no_predecessors(province: ArrayLike, year: ArrayLike) -> None:
    """Raise UserError if no row has one of its province in the calendar year before.

    Parameters
    ----------
    province : array-like, shape (n,)
        Labels or codes.
    year : array-like of int, shape (n,)
    """
    import pandas as pd

    rows = pd.MultiIndex.from_arrays([province, np.asarray(year)])
    if rows.isin(pd.MultiIndex.from_arrays([province, np.asarray(year) + 1])).any():
        return
    first, second, *_ = [*sorted(set(np.asarray(year).tolist())), None]
    renumbered = f"; {second} as {first + 1}, and so on" if second else ""
    raise UserError(
        "No province is seen in two years in a row, and a lag is the value of the calendar year "
        "before: add years, or, if a lag should be the period before, number the periods as "
        f"years in a row ({first} as {first}{renumbered})."
    )


def sample(frame: "pd.DataFrame", specification: Specification) -> "pd.DataFrame":
    """Return the rows of a panel that a specification uses."""
    rows = frame
    if specification.region is not None:
        rows = rows[rows["region"] == specification.region]
    if specification.last_year is not None:
        rows = rows[rows["year"] <= specification.last_year]
    if specification.where:
        rows = rows[rows[specification.where]]
    return rows


def complete(rows: "pd.DataFrame", specification: Specification) -> "pd.DataFrame":
    """Return the rows in which the specification misses no value: of a lag, all but the first.

    Raises
    ------
    UserError
        If a variable's values cannot be squared in double precision.
    """
    used = rows[rows[list(specification.variables)].notna().to_numpy().all(axis=1)]
    for name in specification.variables:
        _refuse_extremes(name, used[name].to_numpy(float))
    return used


def _refuse_extremes(name: str, values: NDArray[np.float64]) -> None:
    size = np.abs(values).max(initial=0.0)
    if 0 < size < 1 / LARGEST or size > LARGEST:
        raise UserError(
            f"Variable {name} has values of up to {size:.3g} in size, and sums of squares need "
            f"{1 / LARGEST:.0e} to {LARGEST:.0e}: change its unit, or drop rows that hold codes "
            "for missing values."
        )


def sample_text(specification: Specification) -> str:
    """Say in words which rows of a panel a specification uses."""
    parts = [
        f"region {specification.region}" if specification.region else "",
        f"years to {specification.last_year}" if specification.last_year else "",
        specification.where,
    ]
    return ", ".join(part for part in parts if part) or "all rows"


def regressors(rows: "pd.DataFrame", specification: Specification) -> NDArray[np.float64]:
    """Return a specification's regressors, one column per term, shape (n, k)."""
    return np.column_stack([_regressor(rows, term) for term in specification.terms])


def _regressor(rows: "pd.DataFrame", term: str) -> NDArray[np.float64]:
    if term not in DERIVED:
        return rows[term].to_numpy(float)
    source, function = DERIVED[term]
    return function(rows[source].to_numpy(float))
