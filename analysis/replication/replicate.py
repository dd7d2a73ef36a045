"""Replication of Tables 2–8 on a panel, each printed number beside its estimate."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from rich.text import Text

from analysis.replication import static_columns, system_gmm
from analysis.shared import digits, terminal
from analysis.shared.layout import View
from analysis.specifications import PAPER, current, select
from data.panels.panel import Panel
from data.published import tables
from data.shared.errors import UserError, located
from models.design import DYNAMIC, Specification, design
from models.frequentist import panel_estimators, twfe
from models.frequentist.coefficient_table import stars
from models.frequentist.wild_bootstrap import wild_bootstrap

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

TESTS = (
    ("AR(1) z", "ar1_z"),
    ("AR(1) p", "ar1_p"),
    ("AR(2) z", "ar2_z"),
    ("AR(2) p", "ar2_p"),
    ("Hansen p", "hansen_p"),
    ("instruments", "instruments"),
    ("levels' moments p", "levels_p"),
    ("mean stationarity p", "stationarity_p"),
    ("L.y, pooled OLS", "lag_pooled"),
    ("L.y, within", "lag_within"),
)
"""Table 5's last lines: head and statistic."""


def describe(
    panel: Panel, variables: Iterable[str], table: str = "2", column: str = "2"
) -> pd.DataFrame:
    """Compute descriptive statistics, as of Table 2: n, mean, sd (divisor n − 1), min and max.

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
    return long.assign(table=table, column=column).rename(columns={"value": "estimated"})


def estimate(panel: Panel, specification: Specification, draws: int = 9_999) -> pd.DataFrame:
    """Estimate one column by its own estimator.

    Parameters
    ----------
    panel : Panel
        Any panel with the specification's variables.
    specification : Specification
        The published column.
    draws : int
        Wild-bootstrap draws for `p_wild` of the static columns.

    Returns
    -------
    DataFrame
        Columns `table, column, term, statistic, estimated`; which statistics, `ESTIMATORS` say.
    """
    with located(panel.name, specification.column):
        if specification.estimator not in ESTIMATORS:
            raise UserError(
                f"There is no estimator {specification.estimator} yet: choose among "
                f"{', '.join(ESTIMATORS)}."
            )
        by_term, statistics_of_column = ESTIMATORS[specification.estimator](
            panel, specification, draws
        )
    long = (
        by_term.astype(object)
        .rename_axis("term")
        .reset_index()
        .melt("term", var_name="statistic", value_name="estimated")
        .dropna(subset="estimated")
    )
    of_column = pd.DataFrame(
        {
            "term": "",
            "statistic": list(statistics_of_column),
            "estimated": list(statistics_of_column.values()),
        }
    )
    return pd.concat([long, of_column.astype(object)]).assign(
        table=specification.table, column=specification.column
    )


def _two_way(
    panel: Panel, specification: Specification, draws: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Two-way fixed effects: `n` and `r2` (within); for each term coefficients and p-values.

    `coef, se, p, stars` (conventional, or clustered if the published ones are), `se_cluster,
    p_cluster` (CRV1 by province) and, for slopes, `p_wild`.
    """
    if specification.errors not in ("conventional", "clustered"):
        raise UserError(
            f"twfe has conventional or clustered standard errors, not {specification.errors}: "
            "change `errors`."
        )
    arrays = design(panel.frame, specification)
    fit = twfe.fit(arrays)
    by_term = fit.table().join(wild_bootstrap(arrays, draws=draws).table()["p_wild"])
    if specification.errors == "clustered":
        by_term[["se", "p"]] = by_term[["se_cluster", "p_cluster"]]
        by_term["stars"] = by_term["p"].map(stars)
    reported = ["coef", "se", "stars", "p", "se_cluster", "p_cluster", "p_wild"]
    return by_term[reported], {"n": fit.n, "r2": fit.r2_within}


def _gmm(
    panel: Panel, specification: Specification, draws: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Dynamic GMM under the study's choices: `coef, se, stars, p` for each term, `n` and tests."""
    choices = system_gmm.choices_of(specification)
    fit = system_gmm.fit_column(panel.frame, specification, choices)
    by_term = system_gmm.coefficients(fit)[["coef", "se", "stars", "p"]]
    return by_term, system_gmm.statistics(fit)


ESTIMATORS = {
    "twfe": _two_way,
    **dict.fromkeys(panel_estimators.ESTIMATORS, static_columns.estimates),
    **dict.fromkeys(DYNAMIC, _gmm),
}
"""By a specification's `estimator`: statistics of each term (rows) and of the whole column."""


def replicate(
    panel: Panel, specifications: Sequence[Specification], draws: int = 9_999
) -> pd.DataFrame:
    """Recompute descriptive statistics and the given columns, and compare with what is printed.

    Returns
    -------
    DataFrame
        One row per statistic, columns `COLUMNS`; `published` is the printed string, empty
        where the paper prints none; `matches` is True, False or empty; the distance is
        (estimated − published) / published SE, for coefficients only.
    """
    printed = _printed()
    estimates = []
    for (table, column), rows in printed[printed["statistic"] == "mean"].groupby(
        ["table", "column"]
    ):
        described = [name for name in rows["term"].unique() if name in panel.frame]
        estimates += [describe(panel, described, table, column)] if described else []
    for record in specifications:
        rows = estimate(panel, record, draws)
        printed_t = printed[(printed["column"] == record.column) & (printed["statistic"] == "t")]
        estimates += [rows, _t_values(rows, printed_t["term"])] if len(printed_t) else [rows]
    return _compare(pd.concat(estimates, ignore_index=True), printed, panel.name)


def _t_values(estimates: pd.DataFrame, terms: Iterable[str]) -> pd.DataFrame:
    """Return the t values of terms whose t values are printed, from coefficient and error."""
    numbers = estimates[estimates["statistic"].isin(["coef", "se"])]
    wide = numbers.pivot(index="term", columns="statistic", values="estimated").astype(float)
    t = (wide["coef"] / wide["se"]).reindex(list(terms)).dropna().rename("estimated")
    first = estimates.iloc[0]
    return t.reset_index().assign(statistic="t", table=first["table"], column=first["column"])


def _printed() -> pd.DataFrame:
    """Return the printed numbers, with stars as a statistic of their own where any is printed."""
    rows = tables.of_study(current().path)
    numbers = rows[rows["kind"].eq("number")]
    coefficients = numbers[numbers["statistic"] == "coef"]
    starred = coefficients.groupby("table")["stars"].transform(lambda marks: marks.ne("").any())
    coefficients = coefficients[starred.astype(bool)]
    stars = coefficients.assign(statistic="stars", printed=coefficients["stars"])
    return pd.concat([numbers, stars])[[*KEYS, "printed"]]


def _compare(estimates: pd.DataFrame, printed: pd.DataFrame, panel: str) -> pd.DataFrame:
    joined = estimates.merge(printed, on=KEYS, how="left", validate="one_to_one")
    is_printed = joined["printed"].notna()
    joined["matches"] = [
        _matches(*cell) if has_printed else None
        for *cell, has_printed in zip(
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
    if statistic == "t" and not printed.startswith("-"):
        return tables.matches(printed, abs(float(estimated)))  # often printed without its sign
    return tables.matches(printed, float(estimated))


def summary(replication: pd.DataFrame) -> pd.DataFrame:
    """Count matching numbers (stars apart) by panel and table."""
    numbers = replication[replication["matches"].notna() & (replication["statistic"] != "stars")]
    counts = numbers.groupby(["panel", "table"], sort=False)["matches"].agg(["sum", "size"])
    return counts.rename(columns={"sum": "matching", "size": "printed"}).reset_index()


def mismatches(replication: pd.DataFrame, panels: Iterable[Panel]) -> pd.DataFrame:
    """Return the rows in which an exact panel does not reproduce a printed number or star.

    A cell that the panel says it does not meet is one of them only if it does.
    """
    missed = []
    for panel in panels:
        if panel.exact_but is None:
            continue
        rows = replication[(replication["panel"] == panel.name) & replication["matches"].notna()]
        excepted = pd.MultiIndex.from_frame(rows[KEYS[1:]]).isin(panel.exact_but)
        missed.append(rows[rows["matches"].astype(bool) == excepted])
    return pd.concat(missed) if missed else replication.head(0)


def show(replication: pd.DataFrame) -> None:
    """Print each table in the paper's layout, the published number beside the estimate."""
    for panel, of_panel in replication.groupby("panel", sort=False):
        for table, rows in of_panel.groupby("table", sort=False):
            layout = _descriptives if (rows["statistic"] == "mean").any() else _regressions
            title = TITLES[table] if current() is PAPER else f"Table {table}. {current().title}"
            terminal.draw(layout(rows), f"{title} — panel {panel}", SIDE_BY_SIDE, wide=True)
    green = "Green: the estimate rounds to the printed number. "
    terminal.say(
        green * bool(replication["published"].notna().any())
        + "Standard errors in parentheses"
        + (
            " (the paper's notes say t values). Stars: 1, 5 and 10 % by conventional SEs (in Table "
            "5, Windmeijer's)."
            if current() is PAPER
            else ". Stars: 1, 5 and 10 %."
        )
    )


SIDE_BY_SIDE = View(together=2)


def _descriptives(rows: pd.DataFrame) -> pd.DataFrame:
    heads = ["n", "mean", "sd", "min", "max"]
    lines = []
    for term, of_term in rows.groupby("term", sort=False):
        cells = of_term.set_index("statistic").loc[heads]
        lines.append([term, *(text for cell in cells.itertuples() for text in _pair(cell, ""))])
    return pd.DataFrame(lines, columns=["variable", *_pairs(heads)])


def _regressions(rows: pd.DataFrame) -> pd.DataFrame:
    columns = list(rows["column"].unique())
    cells = rows.set_index(["column", "term", "statistic"]).sort_index()
    lines = []
    present = set(rows[["term", "statistic"]].itertuples(index=False, name=None))
    for head, term, statistic in _lines(columns):
        if (term, statistic) not in present:
            continue
        line: list[str | Text] = [head]
        for column in columns:
            if (column, term, statistic) not in cells.index:
                line += ["", ""]
                continue
            stars = cells.loc[(column, term, "stars")] if statistic == "coef" else None
            coef_and_se = [(column, term, name) for name in ("coef", "se")]
            estimates = cells.loc[coef_and_se, "estimated"] if statistic in ("coef", "se") else ()
            line += _pair(cells.loc[(column, term, statistic)], statistic, stars, estimates)
        lines.append(line)
    return pd.DataFrame(lines, columns=["term", *_pairs(columns)])


def _lines(columns: Sequence[str]) -> list[tuple[str, str, str]]:
    """List the lines that a table can have, in the paper's order: head, term and statistic."""
    records = select(columns)
    interest = dict.fromkeys(term for record in records for term in record.interest)
    controls = dict.fromkeys(term for record in records for term in record.controls)
    lags = [system_gmm.LAG] if any(record.dynamic for record in records) else []
    lines = []
    for term in (*lags, *interest, *controls, "const"):
        lines += [(term, term, "coef"), ("", term, "se"), ("  t", term, "t")]
        if term in interest:
            lines += [("  p clustered", term, "p_cluster"), ("  p wild", term, "p_wild")]
    within = {record.estimator in ("twfe", "within") for record in records}
    r2 = {(True,): "R² within", (False,): "R²"}.get(tuple(within), "R² (effects: within)")
    last = [("n", "n"), (r2, "r2"), *TESTS]
    return [*lines, *((head, "", statistic) for head, statistic in last)]


def _pairs(heads: Sequence[str]) -> list[str]:
    return [f"{head} {of}" for head in heads for of in ("paper", "estimate")]


def _pair(
    cell: pd.Series,
    statistic: str,
    stars: pd.Series | None = None,
    coef_and_se: Sequence[float] = (),
) -> list[str | Text]:
    """Return the printed number, and the estimate with as many decimals if these show it.

    `coef_and_se` are shown with the same decimals.
    """
    printed = cell.published if isinstance(cell.published, str) else ""
    text = _estimated(cell, statistic, printed, coef_and_se)
    if stars is not None:
        printed += stars.published if isinstance(stars.published, str) else ""
        text += stars.estimated
    if statistic == "se":
        printed, text = printed and f"({printed})", f"({text})"
    return [printed, Text(text, style={True: "green", False: "red"}.get(cell.matches, ""))]


def _estimated(cell: pd.Series, statistic: str, printed: str, coef_and_se: Sequence[float]) -> str:
    value = float(cell.estimated)
    if cell.matches is True or (value.is_integer() and not printed):
        return f"{value:.{len(printed.partition('.')[2])}f}"
    places = len(printed.partition(".")[2]) if printed else digits.PRINTED
    if "p" in statistic.split("_"):
        return digits.probability(value, places)
    places = digits.decimals(
        *map(float, coef_and_se if len(coef_and_se) else [value]), least=places
    )
    return digits.fixed(value, places)
