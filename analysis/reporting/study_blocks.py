"""Computed parts of the studies' READMEs, each from the results beside its study.toml.

A part whose tables have not been made stays as it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.comparison import dynamic, power
from analysis.reporting.readme_blocks import markdown
from analysis.robustness.multiverse import posteriors, summarise
from analysis.shared.outputs import read_result
from analysis.shared.products import below
from analysis.specifications import load, studying, worded


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
    return f"{power.sentence(rows)}\n\n{markdown(power.shown(rows).drop(columns='panel'))}"


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


STUDY_BLOCKS = (
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
