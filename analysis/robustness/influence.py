"""Influence: every column's slope with one province or one year left out.

By the column's own estimator and kind of standard errors, of every column in seconds. The
posterior that the ledger judges by is added where `analysis.robustness.sensitivity` has left the
same rows out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import stats

from analysis.replication import static_columns, system_gmm
from analysis.shared.frames import matching
from analysis.shared.plotting import inches, key
from analysis.specifications import evidence_model, home, regions, select, worded
from data.panels.panel import Panel
from data.shared.errors import UserError, located
from models.design import Specification, design, sample
from models.frequentist import twfe

GROUPS = ("province", "year")

COLUMNS = (
    *("panel", "column", "term", "group", "left_out", "home"),
    *("coef", "se", "p", "whole", "whole_se", "whole_p", "shift", "turns"),
    *("posterior", "posterior_whole", "posterior_shift"),
)
"""The contract of results/long/influence.csv.

`home` is a province's region; `shift` is in the whole sample's standard errors (posterior's: in
its standard deviation); `turns` is "sign" if the slope has another sign without the rows,
"significance" if its P crosses 5 %, "no estimate" if there is none, else empty.
"""

LEVEL = 0.05

FAR, DARK, END = 1.0, 1.7, 2.5
"""Standard errors from which a move is written into the figure, from which its colour asks for
white letters, and at which colours end."""


@dataclass(frozen=True)
class Slope:
    """An estimate: coefficient, its standard error and P."""

    coef: float
    se: float
    p: float


def estimate(frame: pd.DataFrame, record: Specification) -> dict[str, Slope]:
    """Return the slopes of interest by the column's own estimator, by term.

    Raises
    ------
    UserError
        If the regression cannot be fitted to the rows.
    """
    if record.dynamic:
        table = system_gmm.coefficients(system_gmm.fit_column(frame, record))
        p = 2 * stats.norm.sf(np.abs(table["coef"] / table["se"]))
        table = table.assign(p=p)
    elif record.estimator == "twfe":
        table = twfe.fit(design(frame, record)).table()
        if record.errors == "clustered":
            table = table.assign(se=table["se_cluster"], p=table["p_cluster"])
    else:
        table = static_columns.fit_column(frame, record).table(kind=record.errors)
    return {term: Slope(*table.loc[term, ["coef", "se", "p"]]) for term in record.interest}


def leave_out(panel: Panel, record: Specification) -> Iterator[dict]:
    """Yield the rows of one column on one panel, without its posterior."""
    with located(panel.name, record.column):
        rows = sample(panel.frame, record)
        all_rows = estimate(rows, record)
    for group in GROUPS:
        for label in rows[group].unique():
            remaining = rows[rows[group] != label]
            try:
                without = estimate(remaining, record)
            except (
                UserError
            ):  # it cannot be fitted to the rows that are left: reported, not passed over
                without = dict.fromkeys(all_rows, Slope(np.nan, np.nan, np.nan))
            home = rows.loc[rows[group] == label, "region"].iloc[0] if group == "province" else ""
            for term, before in all_rows.items():
                after = without[term]
                yield {
                    "panel": panel.name,
                    "column": record.column,
                    "term": term,
                    "group": group,
                    "left_out": str(label),
                    "home": home,
                    **{"coef": after.coef, "se": after.se, "p": after.p},
                    **{"whole": before.coef, "whole_se": before.se, "whole_p": before.p},
                    "shift": (after.coef - before.coef) / before.se,
                    "turns": turns(before, after),
                }


def turns(before: Slope, after: Slope) -> str:
    """Return what changes without the rows: sign, significance or nothing."""
    if np.isnan(after.coef):
        return "no estimate"
    if before.coef * after.coef < 0:
        return "sign"
    return "significance" if (before.p < LEVEL) != (after.p < LEVEL) else ""


def table(
    panels: Iterable[Panel],
    records: Iterable[Specification],
    sensitivity: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Leave every province and every year out once.

    Parameters
    ----------
    panels : iterable of Panel
    records : iterable of Specification
    sensitivity : mapping of str to DataFrame
        From `analysis.robustness.sensitivity.tables.tables`.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`.
    """
    records = list(records)
    rows = [row for panel in panels for record in records for row in leave_out(panel, record)]
    moves = pd.DataFrame(rows).merge(posteriors(sensitivity, records), how="left")
    return moves[list(COLUMNS)]


def posteriors(
    sensitivity: Mapping[str, pd.DataFrame], records: Iterable[Specification]
) -> pd.DataFrame:
    """Return the posteriors' leave-one-out slopes of columns.

    That of a region's column is in the model of the whole (`analysis.claims.ledger.home`).
    """
    parts = []
    for record in records:
        home_record, region = home(record)
        at = {"column": home_record.column, "region": region, "model": evidence_model(record)}
        for name, group in (("influence", "province"), ("years", "year")):
            of_slope = matching(sensitivity[name], **at).assign(column=record.column, group=group)
            parts.append(of_slope.rename(columns={group: "left_out"}))
    stacked = pd.concat(parts, ignore_index=True)
    stacked["left_out"] = stacked["left_out"].astype(str)
    renamed = {"mean": "posterior", "whole_mean": "posterior_whole", "shift": "posterior_shift"}
    keys = ["panel", "column", "term", "group", "left_out"]
    return stacked[[*keys, *renamed]].rename(columns=renamed).astype(dict.fromkeys(keys, object))


def summary(moves: pd.DataFrame) -> pd.DataFrame:
    """Return each slope's most influential province and year, and its changes of sign."""
    rows = []
    for (panel, column, term), of_slope in moves.groupby(["panel", "column", "term"], sort=False):
        row = {"panel": panel, "column": column, "term": term, "slope": of_slope["whole"].iloc[0]}
        row["P"] = of_slope["whole_p"].iloc[0]
        for group in GROUPS:
            of_group = of_slope[of_slope["group"] == group]
            for kind, shift in (
                ("", of_group["shift"]),
                (" (posterior)", of_group["posterior_shift"]),
            ):
                if shift.notna().any():
                    far = shift.abs().idxmax()
                    row[f"{group}{kind}"] = f"{of_group['left_out'][far]} {shift[far]:+.1f}"
        for turned in ("sign", "significance"):
            row[f"turn {turned}"] = ", ".join(of_slope.loc[of_slope["turns"] == turned, "left_out"])
        rows.append(row)
    return pd.DataFrame(rows).fillna("")


LABELS, CELL = 1.6, 0.24
"""Inches of a picture's width that names and key take, and of a slope."""


def draw(rows: pd.DataFrame) -> Figure:
    """Draw the influence of provinces and years on every slope as a heat map.

    Slopes for which the width has no room have a frame below.

    Numbers are moves of one standard error or more; a corner marks a change of sign.
    """
    homes = {home: i for i, home in enumerate(regions())}
    names = rows[["group", "left_out", "home"]].drop_duplicates()
    names = names.assign(at=names["home"].map(homes).fillna(len(homes)))
    names = names.sort_values(["group", "at", "left_out"], kind="stable")
    lines = list(zip(names["group"], names["left_out"], strict=True))
    order = [record.column for record in select(())]
    listed = dict.fromkeys(zip(rows["column"], rows["term"], strict=True))
    cells = sorted(listed, key=lambda cell: order.index(cell[0]))
    place = {line: i for i, line in enumerate(lines)}
    across = {cell: i for i, cell in enumerate(cells)}
    shift = np.full((len(lines), len(cells)), np.nan)
    wide = max(1, min(len(cells), int((inches() - LABELS) / CELL)))
    parts = -(-len(cells) // wide)
    size = inches(), parts * max(3.0, 1.2 + 0.15 * len(lines))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(parts, squeeze=False)[:, 0]
    for row in rows.itertuples():
        y, x = place[(row.group, row.left_out)], across[(row.column, row.term)]
        shift[y, x] = row.shift
        axes = grid[x // wide]
        if abs(row.shift) >= FAR:
            shade = "white" if abs(row.shift) > DARK else "black"
            style = {"ha": "center", "va": "center", "fontsize": 5.5, "color": shade}
            axes.text(x % wide, y, f"{row.shift:.1f}", **style)
        if row.turns == "sign":
            axes.plot(x % wide + 0.36, y - 0.3, marker=(3, 0, -45), ms=3, color="0.1", lw=0)
    groups = names["group"] + names["home"].fillna("")
    for i, axes in enumerate(grid):
        part = slice(i * wide, (i + 1) * wide)
        image = axes.imshow(
            shift[:, part], cmap="PuOr_r", norm=TwoSlopeNorm(0, -END, END), aspect="auto"
        )
        words = [f"{column} {term}" for column, term in cells[part]]
        axes.set_xticks(range(len(words)), words, rotation=60, ha="right",
                        rotation_mode="anchor", fontsize=6)  # fmt: skip
        axes.set_yticks(range(len(lines)), [label for _, label in lines], fontsize=6)
        for edge in np.flatnonzero(groups.to_numpy()[1:] != groups.to_numpy()[:-1]):
            axes.axhline(edge + 0.5, color="0.2", lw=0.6)
    title = worded(f"{rows['panel'].iloc[0]}: shift without a province or a year")
    grid[0].set_title(title, loc="left")
    bar = figure.colorbar(image, ax=list(grid), shrink=0.4 / parts, extend="both")
    bar.set_label("standard errors", fontsize=7)
    corner = {"marker": (3, 0, -45), "ms": 4, "color": "0.1", "lw": 0}
    key(figure, [Line2D([], [], **corner, label="the slope changes its sign")])
    return figure
