"""Computed parts of the studies' READMEs, each from the results beside its study.toml.

A part whose tables have not been made stays as it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.comparison import dynamic, power
from analysis.replication import small_sample
from analysis.reporting.readme_blocks import markdown
from analysis.robustness.multiverse import posteriors, summarise
from analysis.shared.outputs import read_result
from analysis.shared.products import below
from analysis.shared.statistics import INTERVALS
from analysis.specifications import current, load, studying, worded


@dataclass(frozen=True)
class StudyBlock:
    """A computed part of a study's README: its name, its renderer and the tables of that."""

    name: str
    render: Callable[..., str]
    tables: tuple[str, ...]


def multiverse(universes: pd.DataFrame, variance: pd.DataFrame, by_errors: pd.DataFrame) -> str:
    """Render shares of sign and significance, and posteriors by error structure."""
    most = variance.loc[variance.groupby(["column", "term"])["total"].idxmax()]
    largest = {
        (v.column, v.term): f"{v.choice.replace('_', ' ')} {v.total:.0%}" for v in most.itertuples()
    }
    kept = ["column", "term", "printed", "universes", "regressions", "median", "2.5 %", "97.5 %"]
    kept += ["printed sign", "significant", "by province", "significant, other sign"]
    rows = summarise.shown(universes)[kept]
    keys = zip(rows["column"], rows["term"], strict=True)
    table = rows.assign(**{"largest share of variance": [largest.get(key, "") for key in keys]})
    parts = [
        f"{summarise.counts(universes, by_errors)} Where no slope is printed, *printed sign* is "
        "that of the column's own estimate. *Significant*: a 95 % interval beyond zero on that "
        "side, by conventional errors and by errors clustered by province. *Largest share of "
        "variance*: a choice's total effect. Total effects contain interactions, so those of all "
        "choices can add up to more than 100 %.",
        markdown(table),
    ]
    if len(by_errors):
        parts += ["Posteriors by error structure:", markdown(posteriors.shown(by_errors))]
    return "\n\n".join(parts)


def size_and_power(rows: pd.DataFrame) -> str:
    """Render size, minimum detectable effects and power at the printed slopes."""
    table = markdown(power.shown(rows).drop(columns="panel"))
    return f"{power.sentence(rows)}\n\n{table}" if simulated(rows) else table


def simulated(rows: pd.DataFrame) -> bool:
    """Whether any slope's test has data sets, without which a sentence on power is empty."""
    return bool(rows.loc[rows["test"].isin(INTERVALS), "false_positive_rate"].notna().any())


def estimators(rows: pd.DataFrame) -> str:
    """Render the dynamic columns by every estimator, those of the same data once.

    Each column has GMM by its own choices; what it prints stands in its own table.
    """
    by_table: dict[str, list[str]] = {}
    for column, of_column in rows[rows["estimator"] != "published"].groupby("column", sort=False):
        listed = dynamic.side_by_side(of_column).rename(columns={"gate": "diagnostics"})
        table = markdown(listed.fillna(""))
        by_table.setdefault(table, []).append(str(column))
    return "\n\n".join(
        f"Column{'s' * (len(columns) > 1)} {', '.join(columns)}:\n\n{table}"
        for table, columns in by_table.items()
    )


def unmet(rows: pd.DataFrame) -> str:
    """Render the printed numbers that do not come out, with more digits than are printed.

    t values of a GMM stand beside those with small-sample errors.
    """
    compared = rows[rows["matches"].notna() & (rows["statistic"] != "stars")]
    missed = compared[compared["matches"].astype(str) != "True"]
    met = len(compared) - len(missed)
    said = f"Of {len(compared)} printed numbers {met} come out at their last digit."
    if missed.empty:
        return said
    table = missed[["column", "term", "statistic"]].fillna("").astype(str)
    table["printed"] = missed["published"].astype(str)
    cells = zip(missed["published"].astype(str), missed["estimated"].astype(float), strict=True)
    table["estimated"] = [_beside(printed, estimate) for printed, estimate in cells]
    small = _small_sample_t(table)
    if any(small):
        table["with small-sample errors"] = small
    return f"{said} The others:\n\n{markdown(table)}"


def _beside(printed: str, estimate: float) -> str:
    """Return an estimate with more decimals than are printed."""
    return f"{estimate:.{len(printed.partition('.')[2]) + MORE_DIGITS}f}"


MORE_DIGITS = 3
"""Decimals beside the printed ones: 0.155007 is printed as 0.15."""


def _small_sample_t(table: pd.DataFrame) -> list[str]:
    """Return what t values by GMM are with small-sample errors, beside each row; else empty."""
    panel = current().panel
    columns = table.loc[table["statistic"] == "t", "column"].unique()
    records = {r.column: r for r in current().records if r.dynamic and r.column in columns}
    found = {name: small_sample.t_values(panel.frame, r) for name, r in records.items()}
    return [
        _beside(row.printed, found[row.column][row.term])
        if row.statistic == "t" and row.column in found
        else ""
        for row in table.itertuples()
    ]


STUDY_BLOCKS = (
    StudyBlock("study_unmet", unmet, ("replication",)),
    StudyBlock(
        *("study_multiverse", multiverse),
        ("multiverse", "multiverse_variance", "multiverse_posteriors"),
    ),
    StudyBlock("study_power", size_and_power, ("power",)),
    StudyBlock("study_dynamic", estimators, ("dynamic",)),
)
"""A README has the marks of those that it shows."""


def bodies(folder: Path, text: str) -> dict[str, str]:
    """Render the parts whose marks a study's README has and whose tables are there."""
    return dict(_bodies(folder, text))


def _bodies(folder: Path, text: str) -> Iterator[tuple[str, str]]:
    results = folder / "results"
    for block in STUDY_BLOCKS:
        is_complete = all(below(results, name).is_file() for name in block.tables)
        if is_complete and f"<!-- {block.name}:" in text:
            with studying(load(folder / "study.toml")):
                tables = [read_result(results, name) for name in block.tables]
                yield block.name, worded(block.render(*tables))
