"""Checks of any regression table as records, and their table of results (a statcheck)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pandas as pd

from analysis.audit import generic
from analysis.audit.freedom import degrees
from analysis.audit.intervals import CONVENTIONS, Interval
from analysis.audit.printed import Comparison, Printed
from data.published import tables as published

COLUMNS = (
    *("check", "place", "compared", "printed", "own_low", "own_high", "low", "high"),
    *("rounded", "truncated", "result"),
)
"""The contract of results/audit.csv.

`own_low … own_high` is the interval of the printed number if it was rounded, `low … high` what
everything else printed allows it to be. `rounded` and `truncated` are "yes" where the two meet
under that convention of printing. `result`:

consistent        both conventions fit, or rounding does
if truncated      it fits only if digits were cut off
if robust         it fits only if errors are robust or clustered, which the table does not state
inconsistent      no convention fits
not testable      the table lacks a number, or does not state what the check must assume
compatible, not compatible
                  of checks that test a hypothesis about the paper rather than the paper
"""


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes
    ----------
    id : str
    run : callable
        From printed tables to comparisons; always the same number of them.
    hypothesis : bool
        Whether it tests a hypothesis about how the numbers were made, not the numbers.
    """

    id: str
    run: Callable[[Printed], Iterator[Comparison]]
    hypothesis: bool = False


GENERIC = (
    Check("stars", generic.stars),
    Check("parentheses", generic.parentheses),
    Check("z and P", generic.z_and_p),
    Check("sd within limits", generic.spread),
    Check("heading of the sd", generic.heading_of_spread),
    Check("R² and t", generic.r_squared),
    Check("decimals", generic.decimals),
)
"""Of any table."""


def audit(
    frame: pd.DataFrame,
    checks: Sequence[Check] = GENERIC,
    df: Mapping[str, float | Interval] | None = None,
) -> pd.DataFrame:
    """Check tables, under rounding and under truncation.

    Parameters
    ----------
    frame : DataFrame
        In the layout of `data.published.tables`.
    checks : sequence of Check
    df : dict of str to float or Interval, optional
        Residual degrees of freedom by column; normal tests where none are given.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, a row per comparison.
    """
    tables = {name: Printed(frame, read, df or {}) for name, read in CONVENTIONS.items()}
    rows = []
    for check in checks:
        by_convention = zip_longest(*(check.run(printed) for printed in tables.values()))
        rows += [
            _row(check, dict(zip(tables, comparisons, strict=True)))
            for comparisons in by_convention
        ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(check: Check, under: dict[str, Comparison]) -> dict:
    fits = {name: comparison.own.meets(comparison.others) for name, comparison in under.items()}
    first = under["rounded"]
    excused = any(
        comparison.possible and comparison.own.meets(comparison.possible)
        for comparison in under.values()
    )
    return {
        "check": check.id,
        "place": first.place,
        "compared": first.compared,
        "printed": first.printed,
        **_ends("own_", first.own),
        **_ends("", first.others),
        **{name: "yes" if fit else "no" for name, fit in fits.items()},
        "result": _result(check, fits, first.proviso if excused else ""),
    }


def _ends(prefix: str, interval: Interval) -> dict[str, float]:
    return {f"{prefix}low": float(interval.low), f"{prefix}high": float(interval.high)}


def _result(check: Check, fits: dict[str, bool], proviso: str) -> str:
    if check.hypothesis:
        return "compatible" if any(fits.values()) else "not compatible"
    if fits["rounded"]:
        return "consistent"
    return "if truncated" if fits["truncated"] else proviso or "inconsistent"


def summary(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Count results by check, in order; columns `check`, `comparisons` and the results."""
    if comparisons.empty:
        return pd.DataFrame({"check": [], "comparisons": []})
    counts = comparisons.groupby("check", sort=False)["result"].value_counts().unstack(fill_value=0)
    counts = counts.reindex(dict.fromkeys(comparisons["check"]))
    order = (
        *("consistent", "if truncated", "if robust", "inconsistent", "not testable"),
        *("compatible", "not compatible"),
    )
    counts = counts.reindex(columns=[name for name in order if name in counts])
    return counts.assign(comparisons=counts.sum(axis=1)).reset_index()


def findings(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the findings: every testable comparison that does not simply fit."""
    return comparisons[~comparisons["result"].isin(["consistent", "compatible", "not testable"])]


def of_study(path: Path) -> pd.DataFrame:
    """Audit what a study prints, by the checks of any table."""
    return audit_foreign(published.of_study(path))


def foreign(paths: Iterable[Path]) -> pd.DataFrame:
    """Audit tables of other papers, CSV files, by the checks that any table can be put to.

    A table belongs to its file: of several files, each place begins with its file's name.
    """
    distinct_paths = list({path.resolve(): path for path in paths}.values())
    audits = []
    for path in distinct_paths:
        rows = audit_foreign(published.load_foreign(path))
        audits.append(rows.assign(place=_name_among(path, distinct_paths) + rows["place"]))
    return pd.concat(audits, ignore_index=True)


def _name_among(path: Path, paths: Sequence[Path]) -> str:
    """Return the prefix of a file's places: empty if it is alone, else its distinct name."""
    if len(paths) == 1:
        return ""
    alike = sum(candidate.name == path.name for candidate in paths)
    return f"{path if alike > 1 else path.name}: "


def audit_foreign(frame: pd.DataFrame) -> pd.DataFrame:
    """Audit tables of another paper that are in the layout of `data.published.tables`."""
    return audit(frame, GENERIC, degrees(frame))
