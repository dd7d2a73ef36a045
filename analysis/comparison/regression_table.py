"""Columns of the paper side by side as printed, as estimated again, and as posteriors.

A published column becomes a group of columns: as printed; then, for each panel, by the same
estimator and by each model's posterior. Terms are rows; below a coefficient stands its standard
error in round brackets, or a 95 % interval in square ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.posterior.trace import FITS
from analysis.shared import digits
from analysis.shared.statistics import Z, doubt
from analysis.shared.typeset.sheet import NO_BREAK, Sheet, in_lines
from analysis.specifications import PAPER, current, worded
from data.published import tables
from models.design import LAG, Specification
from models.frequentist.coefficient_table import stars

CONST = "const"

WHOLE = {
    "controls": "Controls", "province_effects": "Province effects", "year_effects": "Year effects",
    "n": "Observations", "r2": "R² (within)", "ar1_z": "AR(1) z", "ar1_p": "AR(1) p",
    "ar2_z": "AR(2) z", "ar2_p": "AR(2) p", "hansen_p": "Hansen p",
}  # fmt: skip
"""Rows below the coefficients: statistics of a whole column, and what each is called."""

ERRORS = {
    "conventional": ("se", "p", "conventional standard errors"),
    "clustered": ("se_cluster", "p_cluster", "standard errors clustered by province"),
}
"""By name, the statistics of a replication that standard errors and stars come from."""

WIDEST = 9
"""Columns side by side, after the first; more go below each other, whole groups at a time."""


@dataclass(frozen=True)
class Estimates:
    """One column of a regression table.

    Attributes
    ----------
    record : Specification
        The published column.
    head : str
        What the numbers are: "Published", "TWFE", "Posterior, hierarchical".
    panel : str
        Empty of what is printed.
    slopes : dict of str to str
        By term, the coefficient and below it its error or interval.
    whole : dict of str to str
        By statistic (`WHOLE`).
    notes : tuple of str
    """

    record: Specification
    head: str
    panel: str
    slopes: Mapping[str, str]
    whole: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())


# --- numbers as text ----------------------------------------------------------------------------


def with_error(coefficient: float, error: float, marks: str) -> str:
    """Return a coefficient with stars, its standard error below."""
    places = digits.decimals(coefficient, error)
    b, s = (digits.fixed(value, places) for value in (coefficient, error))
    return f"{b}{marks}\n({s})"


def with_interval(coefficient: float, low: float, high: float) -> str:
    """Return a coefficient, its 95 % interval below."""
    places = max(digits.decimals(coefficient, high - low), digits.decimals(high - low))
    b, first, last = (digits.fixed(value, places) for value in (coefficient, low, high))
    return f"{b}\n[{first},{NO_BREAK}{last}]"


# --- columns ------------------------------------------------------------------------------------


@cache
def _printed(study: Path | None) -> pd.DataFrame:
    return tables.of_study(study)


def _controls() -> tuple[str, ...]:
    """Return the current study's terms that are of interest in no column."""
    records = current().records
    interest = {term for record in records for term in record.interest}
    controls = dict.fromkeys(term for record in records for term in record.controls)
    return tuple(term for term in controls if term not in interest)


def published(record: Specification) -> Estimates:
    """Return a column as it is printed: every number is its string."""
    study = current()
    printed_rows = _printed(study.path)[lambda rows: rows["column"] == record.column]
    cells = {(row.term, row.statistic): row for row in printed_rows.itertuples(index=False)}
    terms = [term for term, statistic in cells if statistic == "coef"]
    return Estimates(
        record,
        "Published",
        "",
        {
            term: f"{cells[term, 'coef'].printed}{cells[term, 'coef'].stars}"
            + next(
                (f"\n({cells[term, of].printed})" for of in ("se", "t") if (term, of) in cells), ""
            )
            for term in terms
        },
        {
            "controls": _yes(record.controls),
            **{name: cells["", name].printed for name in WHOLE if ("", name) in cells},
        },
        (
            "Published: Ye (2024), as printed; standard errors in parentheses (the paper's notes "
            "call them t values)."
            if study is PAPER
            else f"Published: {study.title}, as printed; standard errors, or t values where these "
            "alone are printed, in parentheses.",
        ),
    )


def _yes(present: object) -> str:
    return "Yes" if present else "No"


def replicated(
    record: Specification,
    panel: str,
    replication: pd.DataFrame,
    errors: str = "conventional",
    intervals: bool = False,
) -> Estimates:
    """Return a column as its own estimator has it on a panel.

    Parameters
    ----------
    record : Specification
    panel : str
    replication : DataFrame
        The rows of `analysis.replication.replicate` of this column on this panel.
    errors : str
        A key of `ERRORS`; system GMM has errors of its own.
    intervals : bool
        95 % intervals b ± 1.96 SE in place of stars and errors.
    """
    estimates = replication.fillna({"term": ""})
    cells = estimates.set_index(["term", "statistic"])["estimated"]
    kind = "conventional" if record.dynamic else errors
    se, p, words = ERRORS[kind]
    slopes = {}
    for term in dict.fromkeys(estimates.loc[estimates["statistic"] == "coef", "term"]):
        b, s = (float(cells[term, name]) for name in ("coef", se))
        if intervals:
            slopes[term] = with_interval(b, b - Z * s, b + Z * s)
        else:
            slopes[term] = with_error(b, s, stars(float(cells[term, p])))
    if record.dynamic:
        head, words = "System GMM", "two steps with Windmeijer's standard errors"
    else:
        head, words = "TWFE", f"two-way fixed effects with {words}"
    notation = "95 % intervals of ±1.96 of them in brackets" if intervals else "in parentheses"
    return Estimates(
        record,
        head,
        panel,
        slopes,
        {
            "controls": _yes(record.controls),
            **dict.fromkeys(("province_effects", "year_effects"), "Yes"),
            **{name: _statistic(name, cells["", name]) for name in WHOLE if ("", name) in cells},
        },
        (f"{head}: {words}, {notation}.",),
    )


def _statistic(name: str, value: object) -> str:
    number = float(str(value))
    if name == "n":
        return f"{number:.0f}"
    if name.endswith("_p"):
        return digits.probability(number)
    return f"{number:.2f}" if name.endswith("_z") else f"{number:.3f}"


def posterior(record: Specification, tree: xr.DataTree, model: str) -> Estimates:
    """Return a column as a trace has it: posterior means and 95 % equal-tailed intervals.

    Parameters
    ----------
    record : Specification
        The trace's own column, or one whose region the trace has a slope of.
    tree : DataTree
        A trace; its pointwise groups and its prior are not read.
    model : str
        What the fit is called.
    """
    attrs, is_whole_sample = tree.attrs, tree.attrs["column"] == record.column
    variables = tree["posterior"].to_dataset()
    slopes = (
        variables["slope"]
        if is_whole_sample
        else variables["slope_region"].sel(region=record.region).rename(varying="term")
    )
    draws = {term: slopes.sel(term=term).to_numpy() for term in slopes["term"].to_numpy().tolist()}
    if is_whole_sample and CONST in variables:
        draws[CONST] = variables[CONST].to_numpy()
    notes = [f"{model}: {attrs['model_sentence']} Means and 95 % equal-tailed intervals."]
    if not is_whole_sample:
        notes.append(
            f"{record.column}, {model}: the slope of region {record.region} in the fit of "
            f"column {attrs['column']} to all provinces."
        )
    elif "slope_region" in variables:
        notes.append(f"{model} of a whole sample: the average slope over provinces and years.")
    if attrs["fitted_as"]:
        notes.append(f"{record.column}, {model}: {attrs['fitted_as']}.")
    failed = attrs["gate"] != "pass"
    if failed:
        notes.append(
            f"{record.column}, {model} on {attrs['panel']} failed its health gate "
            f"({attrs['gate_failed']}): its numbers are not to be relied on."
        )
    elif attrs.get(FITS) == "fail":
        notes.append(
            f"{record.column}, {model} on {attrs['panel']} fails its predictive checks: other data "
            "of the model would not look like these."
        )
    why = doubt(attrs["gate"], attrs.get(FITS, ""))
    return Estimates(
        record,
        f"Posterior, {model}" + (f" ({why})" if why else ""),
        attrs["panel"],
        {
            term: with_interval(values.mean(), *np.quantile(values, [0.025, 0.975]))
            for term, values in draws.items()
        },
        {
            "controls": _yes(record.controls),
            **dict.fromkeys(("province_effects", "year_effects"), "Yes"),
            "n": str(tree["constant_data"].sizes["obs"]),
        },
        tuple(notes),
    )


# --- the table ----------------------------------------------------------------------------------


def sheets(
    columns: Sequence[Estimates],
    labels: Mapping[str, str],
    panels: Mapping[str, str],
    controls: bool | None = None,
) -> list[Sheet]:
    """Lay columns out side by side, as many as fit on a page; others in a further table.

    Parameters
    ----------
    columns : sequence of Estimates
        Those of a published column next to each other.
    labels : mapping
        By the name of a variable, what it is.
    panels : mapping
        By the name of a panel, what it may be called.
    controls : bool, optional
        Whether controls have rows. By default as the paper prints them: in tables of published
        columns one of which prints them, and in tables without published columns.
    """
    groups = [list(group) for _, group in groupby(columns, lambda column: column.record.column)]
    blocks: list[list[Estimates]] = [[]]
    for group in groups:
        if blocks[-1] and len(blocks[-1]) + len(group) > WIDEST:
            blocks.append([])
        blocks[-1] += group
    with_controls = _shows_controls(columns) if controls is None else controls
    return [_sheet(block, labels, panels, with_controls) for block in blocks]


def frame(sheet: Sheet) -> pd.DataFrame:
    """Return a table as a frame of texts, a line of it a row, for programs."""
    above = [[label for label, size in row for _ in range(size)] for row in sheet.spanners]
    heads = [" ".join(filter(None, parts)) for parts in zip(*above, sheet.heads[1:], strict=True)]
    lines, _, _ = in_lines(sheet)
    return pd.DataFrame(lines, columns=[sheet.heads[0], *heads]).replace(NO_BREAK, " ", regex=True)


def _named(name: str, labels: Mapping[str, str]) -> str:
    """Return what a variable is, and its name."""
    return f"{labels[name]} ({name})" if name in labels else name


def _shows_controls(columns: Iterable[Estimates]) -> bool:
    printed = [column for column in columns if not column.panel]
    return not printed or any(set(_controls()) & set(column.slopes) for column in printed)


def _sheet(
    columns: Sequence[Estimates],
    labels: Mapping[str, str],
    panels: Mapping[str, str],
    controls: bool,
) -> Sheet:
    rows = [
        (labels.get(term, term), *(column.slopes.get(term, "") for column in columns))
        for term in _terms(columns, controls)
    ]
    ruled = frozenset({len(rows)})
    for name, label in WHOLE.items():
        cells = [column.whole.get(name, "") for column in columns]
        if any(cells) and not (name == "controls" and controls):
            rows.append((worded(label), *cells))
    outcomes = dict.fromkeys(column.record.outcome for column in columns)
    return Sheet(
        title="; ".join(_named(name, labels) for name in outcomes),
        heads=("Term", *(column.head for column in columns)),
        rows=tuple(rows),
        align="l" + "c" * len(columns),
        spanners=_spanners(columns),
        ruled=ruled,
        notes=tuple(map(worded, _notes(columns, labels, panels))),
    )


def _terms(columns: Sequence[Estimates], controls: bool) -> list[str]:
    """Return the terms that have rows: lag, interest, controls, whatever else, constant."""
    with_slope = dict.fromkeys(term for column in columns for term in column.slopes)
    interest = dict.fromkeys(term for column in columns for term in column.record.interest)
    of_all = _controls()
    listed = [LAG, *interest, *of_all, *with_slope]
    last = [CONST]
    return [
        term
        for term in [*dict.fromkeys(name for name in listed if name not in last), *last]
        if term in with_slope and (controls or term not in of_all)
    ]


def _spanners(columns: Sequence[Estimates]) -> tuple[tuple[tuple[str, int], ...], ...]:
    """Return the heads above the heads: published columns, and panels where there are several."""

    def joined(keys: Iterable[tuple[str, str]]) -> tuple[tuple[str, int], ...]:
        return tuple((key[-1], len(list(same))) for key, same in groupby(keys))

    above = joined((c.record.column, f"({c.record.column}) {c.record.title}") for c in columns)
    by_panel = joined((c.record.column, c.panel) for c in columns)
    several = len({c.panel for c in columns if c.panel}) > 1
    return (above, by_panel) if several else (above,)


def _notes(
    columns: Sequence[Estimates], labels: Mapping[str, str], panels: Mapping[str, str]
) -> tuple[str, ...]:
    notes = [note for column in columns for note in column.notes]
    if any("*" in text for column in columns for text in column.slopes.values()):
        notes.append("Stars: *** p < 0.01, ** p < 0.05, * p < 0.1; posteriors have none.")
    if len({column.record.outcome for column in columns}) > 1:
        for outcome, same in groupby(columns, lambda column: column.record.outcome):
            names = ", ".join(dict.fromkeys(column.record.column for column in same))
            notes.append(f"Outcome of {names}: {_named(outcome, labels)}.")
    used = dict.fromkeys(column.panel for column in columns if column.panel)
    notes += [f"Panel {name}: {panels[name]}" for name in used if name in panels]
    return tuple(dict.fromkeys(notes))
