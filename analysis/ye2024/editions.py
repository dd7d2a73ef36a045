"""What better data changed: this project's first edition of the official panels beside today's.

A table of the paper's descriptive statistics, and one of slopes and claims: the paper's own
estimator and the main model's posterior on both.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.claims.evidence import posterior
from analysis.claims.records import EVIDENCE, Claim
from analysis.replication import system_gmm
from analysis.shared import digits
from analysis.specifications import evidence_model, home, select
from data.panels.panel import Panel
from data.shared.errors import located
from data.ye2024 import fingerprints
from models.design import Specification, design
from models.frequentist import twfe

FIRST, TODAY = "first", "today"

COLUMNS = (
    "panel",
    "column",
    "term",
    "claim",
    *(f"{name}_{edition}" for name in ("estimate", "se", "mean", "q025", "q975", "probability",
                                       "gate") for edition in (FIRST, TODAY)),
)  # fmt: skip
"""The contract of results/long/editions.csv."""


def first_of(panel: str) -> str:
    """Return the name of the first edition of an official panel."""
    return f"{panel}@1"


def fits(claims: Iterable[Claim]) -> dict[str, list[Specification]]:
    """Return the columns whose main fits are the evidence on claims, by model."""
    by_model: dict[str, list[Specification]] = {}
    for claim in claims:
        if claim.column:
            (record,) = select([claim.column])
            home_record, _ = home(record)
            listed = by_model.setdefault(evidence_model(record), [])
            if home_record not in listed:
                listed.append(home_record)
    return by_model


def descriptive(panels: Mapping[str, Panel]) -> pd.DataFrame:
    """Set Table 2 beside both editions, variable by variable.

    Parameters
    ----------
    panels : mapping of str to Panel
        Both editions of each official panel, by name.

    Returns
    -------
    DataFrame
        One row per official panel and variable: `panel, variable`, and of each edition the number
        of printed numbers of four that it `matches` and the `distance` (`fingerprints`).
    """
    rows = []
    for name in EVIDENCE:
        first, today = (
            fingerprints.of_panel(panels[panel].frame).set_index("variable")
            for panel in (first_of(name), name)
        )
        rows += [
            {
                "panel": name,
                "variable": variable,
                **{
                    f"{statistic}_{edition}": table.loc[variable, statistic]
                    for statistic in ("matches", "distance")
                    for edition, table in ((FIRST, first), (TODAY, today))
                },
            }
            for variable in today.index
        ]
    return pd.DataFrame(rows)


def slopes(
    claims: Sequence[Claim], panels: Mapping[str, Panel], tables: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Set slopes and claims on the first edition beside those on today's.

    Parameters
    ----------
    claims : sequence of Claim
    panels : mapping of str to Panel
        As `descriptive` takes them.
    tables : mapping
        `comparison` and `turning_points` of the traces of both (`analysis.comparison.tables`).

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: `estimate` and `se` by the paper's estimator, the posterior's mean and
        95 % interval, `probability` of the claim, and whether the fit passed its gate.
    """
    rows = []
    for claim in claims:
        if not claim.column:
            continue
        (record,) = select([claim.column])
        for name in EVIDENCE:
            row = {"panel": name, "column": claim.column, "term": claim.term, "claim": claim.id}
            for edition, panel in ((FIRST, first_of(name)), (TODAY, name)):
                estimate, se = _estimate(record, claim.term, panels[panel])
                evidence = posterior(claim, panel, tables)
                row |= {f"estimate_{edition}": estimate, f"se_{edition}": se}
                row |= {
                    f"{statistic}_{edition}": evidence.get(statistic, np.nan)
                    for statistic in ("mean", "q025", "q975", "probability", "gate")
                }
            rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _estimate(record: Specification, term: str, panel: Panel) -> tuple[float, float]:
    """Estimate a slope and its standard error as the paper does."""
    with located(panel.name, record.column):
        if record.dynamic:
            fit = system_gmm.coefficients(system_gmm.fit_column(panel.frame, record))
            return float(fit.loc[term, "coef"]), float(fit.loc[term, "se"])
        fit = twfe.fit(design(panel.frame, record))
        position = record.terms.index(term)
        return float(fit.coef[position]), float(fit.se[position])


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table for a reader: one cell for each estimate and posterior."""
    cells = table[["claim", "column", "panel"]].copy()
    for edition in (FIRST, TODAY):
        of_edition = {name: table[f"{name}_{edition}"] for name in ("estimate", "se", "mean")}
        cells[f"estimate, {edition}"] = [
            digits.with_spread(*slope_and_se)
            for slope_and_se in zip(of_edition["estimate"], of_edition["se"], strict=True)
        ]
        ends = (table[f"{end}_{edition}"] for end in ("q025", "q975"))
        cells[f"posterior, {edition}"] = [
            digits.with_interval(*row) for row in zip(of_edition["mean"], *ends, strict=True)
        ]
        cells[f"P, {edition}"] = table[f"probability_{edition}"].round(3)
    return cells
