"""The 19 published columns of Tables 3–8 as 19 records."""

from collections.abc import Sequence
from dataclasses import replace

from data.errors import UserError
from data.ye2024.definitions import SUMS
from models.bayesian.registry import main_model
from models.design import Specification, System

CONTROLS = ("fin", "env", "stru", "urb", "trans")
"""Section 4.2.4 of the paper, in the order of Table 3."""

SYSTEMS = (
    System(SUMS["produ"], "produ"),
    System(SUMS["M_all"], "M_all", result="produ"),
)
"""The dimensions of the index (Tables 3, 4, 6); misallocation and the index after it (Table 7)."""

HEADLINE = ("3.2", "8.1", "8.2", "8.3")
"""The baseline with controls and the three regions: `reproduce` samples their whole ladder."""


def _column(column: str, outcome: str, title: str, **changes) -> Specification:
    """Make a record that differs from the baseline (3.2) only by what is named."""
    system = next((s for s in SYSTEMS if outcome in (*s.parts, s.total)), None)
    record = {"interest": ("indus",), "controls": CONTROLS, "system": system, **changes}
    return Specification(column=column, outcome=outcome, title=title, **record)


SPECIFICATIONS = (
    _column("3.1", "produ", "baseline without controls", controls=()),
    _column("3.2", "produ", "baseline"),
    _column("3.3", "produ", "baseline with the square", interest=("indus", "indus2")),
    _column("4.1", "produ_inno", "dimension: innovation"),
    _column("4.2", "produ_green", "dimension: green"),
    _column("4.3", "produ_digit", "dimension: digital"),
    _column("5.1", "produ", "system GMM: index", estimator="system_gmm"),
    _column("5.2", "produ_inno", "system GMM: innovation", estimator="system_gmm"),
    _column("5.3", "produ_green", "system GMM: green", estimator="system_gmm"),
    _column("5.4", "produ_digit", "system GMM: digital", estimator="system_gmm"),
    _column("6.1", "produ", "robustness: employment density", interest=("density",)),
    _column("6.2", "produ_alt", "robustness: other index"),
    _column("6.3", "produ", "robustness: 2010–2018", last_year=2018),
    _column("7.1", "M_all", "mechanism: misallocation"),
    _column("7.2", "M_cap", "mechanism: capital misallocation"),
    _column("7.3", "M_lab", "mechanism: labour misallocation"),
    _column("8.1", "produ", "region: east", region="east"),
    _column("8.2", "produ", "region: central", region="central"),
    _column("8.3", "produ", "region: west", region="west"),
)

STATIC = tuple(record for record in SPECIFICATIONS if record.estimator == "twfe")


def select(columns: Sequence[str]) -> tuple[Specification, ...]:
    """Return the records of the named published columns, each once; all 19 if none is named.

    Raises
    ------
    UserError
        If there is no such column.
    """
    known = {record.column: record for record in SPECIFICATIONS}
    for column in columns:
        if column not in known:
            raise UserError(
                f"There is no published column {column!r}: choose among {', '.join(known)}."
            )
    return tuple(known[column] for column in dict.fromkeys(columns)) or SPECIFICATIONS


AVERAGE = "average"
"""In place of a region: the average slope over provinces and years."""


def published_column(record: Specification, region: str) -> str:
    """Return the column that prints the slope, of all rows or of a region's; empty if none."""
    if not region:
        return record.column
    for other in SPECIFICATIONS:
        same = replace(record, column=other.column, title=other.title, region=region)
        if other == same and record.region is None:
            return other.column
    return ""


def home(record: Specification) -> tuple[Specification, str]:
    """Return the column whose main fit holds a column's slope, and the region of the slope."""
    if record.region is None:
        return record, AVERAGE
    containing = next(other for other in SPECIFICATIONS if published_column(other, record.region)
                 == record.column)  # fmt: skip
    return containing, record.region


def evidence_model(record: Specification) -> str:
    """Return the name of the model whose posterior is the evidence: its home's main one."""
    home_record, _ = home(record)
    return main_model(home_record).name
