"""Sections of the page on the printed tables and on the regions."""

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.claims import ledger
from analysis.comparison.captions import failing
from analysis.replication.replicate import TITLES
from analysis.reporting.page import slope_charts
from analysis.reporting.page.blocks import Block, Results, folded, missing, text
from analysis.shared.digits import with_interval, with_spread
from analysis.shared.frames import matching
from analysis.specifications import CONTROLS, SPECIFICATIONS, evidence_model, home, spelled
from data.panels.catalogue import PANELS
from models.bayesian.registry import MAIN
from models.design import LAG, Specification

ZH = {
    "2": "描述性统计", "3": "基准回归结果", "4": "分维度基准回归结果", "5": "内生性检验结果",
    "6": "稳健性检验结果", "7": "机制检验结果", "8": "区域异质性检验结果",
}  # fmt: skip
"""Titles of the paper's tables."""


EXACT = PANELS[-1].name


def paper_tables(results: Results) -> Iterable[Block]:
    """Show each table of the paper in its layout, with this project's estimates in each cell."""
    replication = results.frame("replication")
    if replication is None:
        yield missing("the replication of Tables 2–8", "replicate")
        return
    comparison = results.frame("comparison")
    yield text(
        "The tables in the paper’s layout, one to open each. In each cell, in this order: P "
        "printed; R the paper’s estimator on an official panel; X the same on the implied panel, "
        f"which was made to meet the print; B the posterior mean and 95 % interval of the model "
        f"“{MAIN}” (Table 5: of the model with the lagged outcome) on the official panel. Standard "
        "errors in parentheses (the paper’s notes call them t values). Stars are P below 10 % (*), "
        "5 % (**) and 1 % (***)."
    )
    yield {"kind": "pick", "rows": list(ledger.EVIDENCE)}
    for number, rows in replication.groupby("table", sort=False):
        yield paper_table(number, rows, comparison)


def paper_table(number: str, rows: pd.DataFrame, comparison: pd.DataFrame | None) -> Block:
    """Lay one table out as the paper does."""
    block = {"kind": "paper", "caption": TITLES[number], "zh": ZH[number]}
    cells = dict(iter(rows.fillna({"term": ""}).groupby(["column", "term", "statistic"])))
    if number == "2":
        heads = ["n", "mean", "sd", "min", "max"]
        lines = [
            {"head": spelled(term), "cells": [_lines(cells.get(("2", term, s))) for s in heads]}
            for term in dict.fromkeys(rows["term"])
        ]
        return block | {"heads": ["variable", *heads], "rows": lines}
    records = [
        r for r in SPECIFICATIONS if r.table == number and (rows["column"] == r.column).any()
    ]
    terms = dict.fromkeys(term for record in records for term in record.interest)
    terms = [*([LAG] if records[0].dynamic else []), *terms, *CONTROLS, "const"]
    lines = []
    for term in terms:
        slopes = [_slope(record, term, cells, comparison) for record in records]
        if any(slopes):
            lines.append({"head": HEADS.get(term) or spelled(term), "cells": slopes})
    for statistic, head in WHOLE.items():
        slopes = [_lines(cells.get((record.column, "", statistic))) for record in records]
        if any(slopes):
            lines.append({"head": head, "cells": slopes})
    heads = [f"({r.column.split('.')[1]}) {spelled(r.outcome)}, {r.title}" for r in records]
    return block | {"heads": ["term", *heads], "rows": lines}


HEADS = {LAG: "the outcome, a year before", "const": "constant"}
"""Rows that are no variable of the paper."""

WHOLE = {
    "n": "n", "r2": "R² (within)", "ar1_z": "AR(1) z", "ar1_p": "AR(1) P", "ar2_z": "AR(2) z",
    "ar2_p": "AR(2) P", "hansen_p": "Hansen P",
}  # fmt: skip
"""A table's last lines: statistics of whole columns."""


def _lines(cells: pd.DataFrame | None) -> list[dict[str, str]]:
    """Return a cell of one statistic: printed, implied, official."""
    if cells is None or cells["published"].isna().all():
        return []
    printed = str(cells["published"].iloc[0])
    decimals = len(printed.partition(".")[2])
    lines = [{"tag": "P", "text": printed, "panel": ""}]
    for row in cells.itertuples(index=False):
        line = f"{float(row.estimated):.{decimals}f}"
        lines.append(_line_of(row.panel, line))
    return lines


def _line_of(panel: str, line: str) -> dict[str, str]:
    if panel == EXACT:
        return {"tag": "X", "text": line, "panel": ""}
    return {"tag": "R", "text": line, "panel": panel}


def _slope(
    record: Specification, term: str, cells: Mapping, comparison: pd.DataFrame | None
) -> list[dict[str, str]]:
    """Return a coefficient's cell: b, stars and (s) of each, and the posterior."""
    by_statistic = {s: cells.get((record.column, term, s)) for s in ("coef", "se", "stars")}
    if by_statistic["coef"] is None:
        return []
    by_panel = {
        s: frame.set_index("panel") for s, frame in by_statistic.items() if frame is not None
    }
    lines = []
    printed = by_panel["coef"]["published"].iloc[0]
    if isinstance(printed, str) or printed == printed:
        mark = by_panel["stars"]["published"].fillna("").iloc[0]
        line = f"{printed}{mark} ({by_panel['se']['published'].iloc[0]})"
        lines.append({"tag": "P", "text": line, "panel": ""})
    for panel in by_panel["coef"].index:
        b, s = (float(by_panel[name]["estimated"][panel]) for name in ("coef", "se"))
        mark = by_panel["stars"]["estimated"].fillna("")[panel]
        lines.append(_line_of(panel, with_spread(b, s, stars=mark)))
    if comparison is None:
        return lines
    home_record, _ = home(record)
    cell = {"column": record.column, "term": term, "model": evidence_model(record)}
    fits = matching(comparison, **cell, fitted_column=home_record.column)
    for row in fits[fits["panel"] != EXACT].itertuples(index=False):
        why = failing(row.gate, row.fits)
        line = with_interval(row.mean, row.q025, row.q975) + (f" ({why})" if why else "")
        lines.append({"tag": "B", "text": line, "panel": row.panel})
    return lines


def regions(results: Results) -> Iterable[Block]:
    """Show slopes by region, their differences and order."""
    slopes = results.frame("region_slopes")
    if slopes is None:
        yield missing("the slopes by region", "compare")
        return
    yield results.chart(
        "regions", slope_charts.by_region(slopes),
        "Posterior means and 95 % intervals of the slopes by region (east 东部, central 中部, west "
        "西部). Choose a column below the chart.",
    )  # fmt: skip
    for name, caption in (
        ("region_orders", "Probability of each order of the slopes"),
        ("region_differences", "Differences between regions, beside Table 8’s"),
    ):
        frame = results.frame(name)
        if frame is not None:
            yield folded(frame, caption)
