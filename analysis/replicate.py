"""Recompute Tables 2–8 on a panel and set each printed number beside its estimate."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.specifications import SPECIFICATIONS, select
from data import published
from data.panel import Panel
from models import twfe
from models.design import Specification, design
from models.wild_bootstrap import wild_bootstrap

COLUMNS = (
    "panel",
    "table",
    "column",
    "term",
    "statistic",
    "published",
    "estimated",
    "matches",
    "distance_in_published_se",
)
"""The contract of results/replication.csv."""

KEYS = ["table", "column", "term", "statistic"]

TITLES = {
    "2": "Table 2. Descriptive statistics",
    "3": "Table 3. Baseline",
    "4": "Table 4. Dimensions of the index",
    "5": "Table 5. System GMM",
    "6": "Table 6. Robustness",
    "7": "Table 7. Mechanism",
    "8": "Table 8. Regions",
}

UNAVAILABLE = {"system_gmm": "waits for its estimator, system GMM, and is not replicated yet"}
"""Estimators of published columns that the project does not have, and what it says of them."""


def describe(panel: Panel, variables: Iterable[str]) -> pd.DataFrame:
    """Compute Table 2's statistics: n, mean, sd (divisor n − 1), min and max.

    Returns
    -------
    DataFrame
        Columns `table, column, term, statistic, estimated`.
    """
    frame = panel.frame[list(variables)]
    statistics = frame.agg(["count", "mean", "std", "min", "max"]).rename(
        index={"count": "n", "std": "sd"}
    )
    long = statistics.T.rename_axis("term").reset_index().melt("term", var_name="statistic")
    return long.assign(table="2", column="2").rename(columns={"value": "estimated"})


def estimate(panel: Panel, specification: Specification, draws: int = 9_999) -> pd.DataFrame:
    """Estimate one static column by two-way fixed effects.

    Parameters
    ----------
    panel : Panel
        Any panel with the specification's variables.
    specification : Specification
        The published column.
    draws : int
        Wild-bootstrap draws for `p_wild`.

    Returns
    -------
    DataFrame
        Columns `table, column, term, statistic, estimated`: for each slope and the constant
        `coef, se, p, stars` (conventional), `se_cluster, p_cluster` (CRV1 by province) and,
        for slopes, `p_wild`; for the column `n` and `r2` (within).
    """
    arrays = design(panel.frame, specification)
    fit = twfe.fit(arrays)
    by_term = fit.table().join(wild_bootstrap(arrays, draws=draws).table()["p_wild"])
    long = (
        by_term[["coef", "se", "stars", "p", "se_cluster", "p_cluster", "p_wild"]]
        .astype(object)
        .rename_axis("term")
        .reset_index()
        .melt("term", var_name="statistic", value_name="estimated")
        .dropna(subset="estimated")
    )
    whole = pd.DataFrame(
        {"term": "", "statistic": ["n", "r2"], "estimated": [fit.n, fit.r2_within]}
    )
    return pd.concat([long, whole.astype(object)]).assign(
        table=specification.table, column=specification.column
    )


def replicate(
    panel: Panel, specifications: Sequence[Specification], draws: int = 9_999
) -> pd.DataFrame:
    """Recompute Table 2 and the given columns, and compare with the printed numbers.

    Returns
    -------
    DataFrame
        One row per statistic, columns `COLUMNS`; `published` is the printed string, empty
        where the paper prints none; `matches` is True, False or empty; the distance is
        (estimated − published) / published SE, for coefficients only.
    """
    printed = _printed()
    described = [v for v in printed.query("table == '2'")["term"].unique() if v in panel.frame]
    estimates = [describe(panel, described)]
    estimates += [
        estimate(panel, record, draws)
        for record in specifications
        if record.estimator not in UNAVAILABLE
    ]
    return _compare(pd.concat(estimates, ignore_index=True), printed, panel.name)


def _printed() -> pd.DataFrame:
    """Return the printed numbers, with stars as a statistic of their own."""
    numbers = published.numbers()
    coefficients = numbers[numbers["statistic"] == "coef"]
    stars = coefficients.assign(statistic="stars", printed=coefficients["stars"])
    return pd.concat([numbers, stars])[[*KEYS, "printed"]]


def _compare(estimates: pd.DataFrame, printed: pd.DataFrame, panel: str) -> pd.DataFrame:
    joined = estimates.merge(printed, on=KEYS, how="left", validate="one_to_one")
    is_printed = joined["printed"].notna()
    joined["matches"] = [
        _matches(*cell) if known else None
        for *cell, known in zip(
            joined["statistic"], joined["printed"], joined["estimated"], is_printed, strict=True
        )
    ]
    se = joined[joined["statistic"] == "se"].set_index(["column", "term"])["printed"]
    published_se = joined.set_index(["column", "term"]).index.map(se).astype(float)
    coefficient = (joined["statistic"] == "coef") & is_printed
    difference = joined["estimated"].where(coefficient).astype(float) - joined["printed"].where(
        coefficient
    ).astype(float)
    joined["distance_in_published_se"] = difference / np.asarray(published_se)
    joined["panel"] = panel
    return joined.rename(columns={"printed": "published"})[list(COLUMNS)]


def _matches(statistic: str, printed: str, estimated: float | str) -> bool:
    if statistic == "stars":
        return printed == estimated
    return published.matches(printed, float(estimated))


def summary(replication: pd.DataFrame) -> pd.DataFrame:
    """Count matching numbers (stars apart) by panel and table."""
    numbers = replication[replication["matches"].notna() & (replication["statistic"] != "stars")]
    counts = numbers.groupby(["panel", "table"], sort=False)["matches"].agg(["sum", "size"])
    return counts.rename(columns={"sum": "matching", "size": "printed"}).reset_index()


def show(replication: pd.DataFrame, console: Console) -> None:
    """Print each table in the paper's layout, the published number beside the estimate."""
    for panel, of_panel in replication.groupby("panel", sort=False):
        for table, rows in of_panel.groupby("table", sort=False):
            layout = _descriptives if table == "2" else _regressions
            console.print(layout(rows, f"{TITLES[table]} — panel {panel}"))
    for estimator, sentence in UNAVAILABLE.items():
        waiting = [r.column for r in SPECIFICATIONS if r.estimator == estimator]
        console.print(f"Columns {', '.join(waiting)}: {sentence}.")
    console.print(
        "paper | estimate. Green: the estimate rounds to the printed number. Standard errors in "
        "parentheses (the paper's notes say t values). Stars: 1, 5 and 10 % by conventional SEs."
    )


def _descriptives(rows: pd.DataFrame, title: str) -> Table:
    table = Table("variable", *_pairs(["n", "mean", "sd", "min", "max"]), title=title)
    for term, of_term in rows.groupby("term", sort=False):
        cells = of_term.set_index("statistic").loc[["n", "mean", "sd", "min", "max"]]
        table.add_row(term, *(text for cell in cells.itertuples() for text in _pair(cell)))
    return table


def _regressions(rows: pd.DataFrame, title: str) -> Table:
    columns = list(rows["column"].unique())
    table = Table("", *_pairs(columns), title=title)
    cells = rows.set_index(["column", "term", "statistic"]).sort_index()
    for head, term, statistic in _lines(columns):
        line = [head]
        for column in columns:
            if (column, term, statistic) not in cells.index:
                line += ["", ""]
                continue
            stars = cells.loc[(column, term, "stars")] if statistic == "coef" else None
            line += _pair(cells.loc[(column, term, statistic)], stars, statistic == "se")
        table.add_row(*line)
    return table


def _lines(columns: Sequence[str]) -> list[tuple[str, str, str]]:
    """List a table's lines in the paper's order: head, term and statistic of each."""
    records = select(columns)
    interest = dict.fromkeys(term for record in records for term in record.interest)
    controls = dict.fromkeys(term for record in records for term in record.controls)
    lines = []
    for term in (*interest, *controls, "const"):
        lines += [(term, term, "coef"), ("", term, "se")]
        if term in interest:
            lines += [("  p clustered", term, "p_cluster"), ("  p wild", term, "p_wild")]
    return [*lines, ("n", "", "n"), ("R² within", "", "r2")]


def _pairs(heads: Sequence[str]) -> list[str]:
    return [text for head in heads for text in (head, "estimate")]


def _pair(cell, stars=None, brackets: bool = False) -> list[str]:
    """Return the printed number and the estimate with as many decimals."""
    printed = cell.published if isinstance(cell.published, str) else ""
    decimals = len(printed.partition(".")[2]) if printed else 3
    text = f"{float(cell.estimated):.{decimals}f}"
    if stars is not None:
        printed += stars.published if isinstance(stars.published, str) else ""
        text += stars.estimated
    if brackets:
        printed, text = printed and f"({printed})", f"({text})"
    colour = {True: "green", False: "red"}.get(cell.matches)
    return [printed, f"[{colour}]{text}[/]" if colour else text]
