"""Slopes by horizon: how many years an estimate answers for.

Differences over one year up to eight, a distributed lag and two-way fixed effects, each with errors
clustered by province; beside them the main model's slope within provinces' trends, and between
them, where its trace is at hand.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.posterior import trace
from analysis.shared import digits
from analysis.shared.frames import matching
from analysis.shared.plotting import frames, key
from analysis.specifications import AVERAGE, current, evidence_model, home, select, spelled, static
from data.panels.panel import Panel
from data.shared.errors import UserError, located
from models.design import Design, Specification, design
from models.frequentist import horizons, twfe

YEARS, LAGS = range(1, 9), 2
"""Years of the differences, and of the longest lag."""

LEVELS, DIFFERENCE, LAG, SUM, WITHIN, BETWEEN = (
    "levels",
    "difference",
    "lag",
    "sum of lags",
    "posterior, within trends",
    "posterior, between trends",
)

COLUMNS = (
    *("panel", "column", "term", "model", "kind", "years"),
    *("coef", "se", "low", "high", "p", "rows"),
)
"""The contract of results/horizon.csv.

`kind` is one of `LEVELS`, `DIFFERENCE`, `LAG`, `SUM`, `WITHIN`, `BETWEEN`; `years` apart, or of the
lag. `low` and `high` end the 95 % interval. Of posteriors `model` is named, `coef` is the mean,
`se` the standard deviation, `p` the probability of the other sign.
"""


def table(panel: Panel, record: Specification, traces: Path) -> pd.DataFrame:
    """Estimate a static column's slope of interest at every horizon.

    Only the first term of interest is followed. Horizons for which the sample has too few years
    are left out.

    Parameters
    ----------
    panel : Panel
    record : Specification
    traces : Path
        The folder in which the main model's trace may lie.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`.

    Raises
    ------
    UserError
        If the column is dynamic, or cannot be fitted to the panel.
    """
    if record.dynamic:
        raise UserError(
            f"Column {record.column} has a lagged outcome; horizons are of static columns: name "
            f"one of {', '.join(each.column for each in static())}."
        )
    with located(panel.name, record.column):
        regression = design(panel.frame, record)
        rows = [*_estimates(regression), *_posteriors(panel.name, record, traces)]
    head = {"panel": panel.name, "column": record.column, "term": record.interest[0], "model": ""}
    return pd.DataFrame([head | row for row in rows], columns=list(COLUMNS))


def _estimates(regression: Design) -> Iterator[dict]:
    fit = twfe.fit(regression)
    yield _row(LEVELS, 0, fit.coef[0], fit.se_cluster[0], fit.df_cluster, fit.n)
    for k in YEARS:
        try:
            differences = horizons.differences(regression, k)
        except UserError:  # the sample is too short for this horizon
            continue
        yield _row(
            DIFFERENCE, k, differences.slope[0], differences.se[0], differences.df, differences.n
        )
    try:
        lagged = horizons.distributed_lag(regression, LAGS)
    except UserError:  # too short for lags
        return
    for k in range(LAGS + 1):
        yield _row(LAG, k, lagged.slope[k], lagged.se[k], lagged.df, lagged.n)
    total = lagged.sum((np.arange(len(lagged.slope)) <= LAGS).astype(float))
    yield _row(SUM, LAGS, *total, lagged.df, lagged.n)


def _row(kind: str, years: int, slope: float, se: float, df: int, n: int) -> dict:
    low, high, p = horizons.interval(slope, se, df)
    return {"kind": kind, "years": years, "coef": slope, "se": se, "low": low, "high": high,
            "p": p, "rows": n}  # fmt: skip


def _posteriors(panel: str, record: Specification, traces: Path) -> Iterator[dict]:
    """Yield the main model's slope within trends, and between them if it has trends."""
    at, region = home(record)
    name = evidence_model(record)
    path = trace.trace_path(traces, panel, at.column, name)
    if not path.exists():
        return
    tree = trace.read(path, trace.POINTWISE)
    posterior, term = tree["posterior"].dataset, record.interest[0]
    if region == AVERAGE:
        within = posterior["slope"].sel(term=term)
    else:
        within = posterior["slope_region"].sel(varying=term, region=region)
    rows = int(tree["observed_data"].sizes.get("obs", 0))
    yield _drawn(WITHIN, name, within.to_numpy().ravel(), rows)
    if "kappa" in posterior:
        between = within + posterior["kappa"].sel(trend_axis=term)
        yield _drawn(BETWEEN, name, between.to_numpy().ravel(), rows)


def _drawn(kind: str, model: str, draws: np.ndarray, rows: int) -> dict:
    low, high = np.quantile(draws, [0.025, 0.975])
    p = min((draws < 0).mean(), (draws > 0).mean())
    return {"model": model, "kind": kind, "coef": draws.mean(), "se": draws.std(), "low": low,
            "high": high, "p": p, "rows": rows}  # fmt: skip


# --- for a reader ---------------------------------------------------------------------------------


HEADS = {
    LEVELS: "levels",
    SUM: "lags",
    WITHIN: "within trends",
    BETWEEN: "between trends",
}
"""What has one slope of a column, as a table's heads."""


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each slope: differences by years, levels, lags' sum, posteriors."""
    lines = []
    for (panel, column, term), of_slope in table.groupby(["panel", "column", "term"], sort=False):
        line = {"panel": panel, "column": column, "term": term}
        for row in of_slope[of_slope["kind"] == DIFFERENCE].itertuples():
            line[f"{row.years:.0f} y"] = digits.estimate(row.coef, row.se)
        for kind, name in HEADS.items():
            of_kind = of_slope[of_slope["kind"] == kind]
            if len(of_kind):
                line[name] = digits.estimate(of_kind["coef"].iloc[0], of_kind["se"].iloc[0])
        lines.append(line)
    return pd.DataFrame(lines).fillna("")


def nearest(of_slope: pd.DataFrame, slope: float) -> int:
    """Return the years over which differences give the slope nearest to another."""
    steps = of_slope[of_slope["kind"] == DIFFERENCE]
    return int(steps["years"].iloc[(steps["coef"] - slope).abs().to_numpy().argmin()])


def sentence(table: pd.DataFrame) -> str:
    """Say for which horizon two-way fixed effects and the main model answer, of the first slope."""
    first = table.iloc[0]
    of_column = matching(table, panel=first["panel"], column=first["column"])
    steps = of_column[of_column["kind"] == DIFFERENCE]
    if steps.empty:
        return "No two years of a province are at hand."
    ends = (
        f"{in_words(steps.iloc[at])} over {years:.0f} year{'s' if years > 1 else ''}"
        for at, years in ((0, steps["years"].iloc[0]), (-1, steps["years"].iloc[-1]))
    )
    text = f"Column {first['column']} on {first['panel']}: differences give {' and '.join(ends)}. "
    fixed = of_column[of_column["kind"] == LEVELS].iloc[0]
    text += (
        f"Two-way fixed effects ({digits.estimate(fixed['coef'], fixed['se'])}) are nearest to "
        f"differences over {nearest(of_column, fixed['coef'])} years."
    )
    between = of_column[of_column["kind"] == BETWEEN]
    answers = "answers for deviations from provinces' trends:" if len(between) else "gives"
    for _, row in of_column[of_column["kind"] == WITHIN].iterrows():
        text += f" The model `{row['model']}` {answers} {in_words(row)}."
    for _, row in between.iterrows():
        text += f" Between trends its slope is {in_words(row)}."
    return text


def slow(table: pd.DataFrame, panels: Sequence[str]) -> str:
    """Say on some panels what long differences and slopes between trends give, of the first slope.

    Parameters
    ----------
    table : DataFrame
        results/horizon.csv.
    panels : sequence of str
        In their order; empty words where none of them has both.
    """
    of_column = matching(table, column=table["column"].iloc[0], term=table["term"].iloc[0])
    steps = of_column[of_column["kind"] == DIFFERENCE]
    longest = steps[steps["years"] == steps["years"].max()]
    by_kind = {"long": longest.set_index("panel")}
    for kind in (WITHIN, BETWEEN):
        by_kind[kind] = of_column[of_column["kind"] == kind].set_index("panel")
    listed = [name for name in panels if all(name in rows.index for rows in by_kind.values())]
    if not listed:
        return ""
    texts = {
        kind: " and ".join(in_words(rows.loc[name]) for name in listed)
        for kind, rows in by_kind.items()
    }
    ends = pd.concat([by_kind[kind].loc[listed] for kind in ("long", BETWEEN)])
    included = int(((ends["low"] < 0) & (ends["high"] > 0)).sum())
    model = by_kind[WITHIN]["model"].iloc[0]
    left = ": slow effects remain an open question" if included == len(ends) else ""
    return (
        f"Column {table['column'].iloc[0]} on {' and '.join(listed)}: differences over "
        f"{longest['years'].iloc[0]:.0f} years give {texts['long']}. The model `{model}` gives "
        f"{texts[BETWEEN]} between provinces' trends, and {texts[WITHIN]} for deviations from "
        f"them, which it answers for. Of the slow slopes' intervals {included} of {len(ends)} "
        f"include zero{left}."
    )


def in_words(row: pd.Series) -> str:
    """Return a slope with its interval."""
    return f"{digits.estimate(row['coef'], row['se'])} {digits.interval(row['low'], row['high'])}"


def headline(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the picture's name and the headline columns of the first panel."""
    rows = table[table["column"].isin(current().headline)]
    if len(rows):
        yield "horizon", rows[rows["panel"] == rows["panel"].iloc[0]]


def draw(rows: pd.DataFrame) -> Figure:
    """Draw slopes of differences by years, with two-way fixed effects and the main model."""
    columns = list(dict.fromkeys(rows["column"]))
    figure, all_axes = frames(len(columns), 2.2, most=4, more=0.7)
    bands = (
        (LEVELS, "#0072B2", "two-way fixed effects"),
        (WITHIN, "#D55E00", "main model, within trends"),
        (BETWEEN, "#009E73", "main model, between trends"),
    )
    handles: dict[str, object] = {}
    for axes, column in zip(all_axes, columns, strict=True):
        of_column = rows[rows["column"] == column]
        steps = of_column[of_column["kind"] == DIFFERENCE]
        handles["zero"] = axes.axhline(0, color="0.6", lw=0.7)
        reach = np.array([steps["coef"] - steps["low"], steps["high"] - steps["coef"]])
        handles["differences over k years"] = axes.errorbar(
            steps["years"], steps["coef"], reach, fmt="o", ms=3.5, lw=1, color="0.15"
        )
        for at, (kind, color, name) in enumerate(bands):
            for row in of_column[of_column["kind"] == kind].itertuples():
                x = YEARS[-1] + 1.2 + at
                handles[name] = axes.errorbar(
                    [x], [row.coef], [[row.coef - row.low], [row.high - row.coef]],
                    fmt="sD^"[at], ms=4, lw=1.4, color=color,
                )  # fmt: skip
        axes.set_title(f"{column}  {select([column])[0].title}", loc="left", fontsize=7.5)
        axes.set_xticks([YEARS[0], 4, YEARS[-1]])
        axes.tick_params(labelsize=7)
        axes.set_xlabel("years k", fontsize=7)
    figure.supylabel(f"slope of {spelled(rows['term'].iloc[0])}", fontsize=7.5)
    figure.suptitle(f"{rows['panel'].iloc[0]}: slopes with 95 % intervals", fontsize=8.5)
    key(figure, handles.values(), handles)
    return figure
