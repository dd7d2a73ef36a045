"""Forest plot and ladders of replication and comparison."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.comparison import ladder as steps
from analysis.comparison.captions import filled
from analysis.comparison.ladder import TWFE
from analysis.shared.frames import of_the_paper
from analysis.shared.outputs import read_result
from analysis.shared.plotting import colours, frames, key, outer, save
from analysis.shared.statistics import Z, doubt
from analysis.specifications import HEADLINE, PAPER, STATIC, current, select, spelled, worded
from data.panels.catalogue import PANELS
from data.panels.provinces import REGIONS
from models.bayesian.registry import LADDER, MAIN, MODELS

LABELS = {
    TWFE: "TWFE",
    **{model.name: model.label for model in MODELS},
}


@dataclass(frozen=True)
class Picture:
    """One figure: its file name, its rows of two tables, what draws them, and its caption."""

    name: str
    rows: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]
    draw: Callable[[pd.DataFrame], Figure]
    caption: str


def estimates(replication: pd.DataFrame, comparison: pd.DataFrame) -> pd.DataFrame:
    """Stack the TWFE estimates and the posteriors of the terms of interest.

    Parameters
    ----------
    replication, comparison : DataFrame
        results/replication.csv and results/comparison.csv.

    Returns
    -------
    DataFrame
        Columns `panel, column, fitted_column, model, estimate, low, high, published,
        published_se, gate, fits`; intervals are 95 %: estimate ± Z·SE for TWFE (conventional
        SEs, as the published ones), equal-tailed for posteriors.
    """
    interest = {record.column: record.interest[0] for record in select(current().headline)}
    of_interest = replication["term"] == replication["column"].map(interest)
    twfe = steps.twfe(replication[of_interest]).rename(columns={"step": "model"})
    twfe["fitted_column"] = twfe["column"]
    posterior = comparison[comparison["term"] == comparison["column"].map(interest)].rename(
        columns={"mean": "estimate", "q025": "low", "q975": "high"}
    )
    rows = pd.concat([twfe, posterior])[[name for name in twfe if name != "term"]]
    order = {kind.name: i for i, kind in enumerate(PANELS)}
    return rows.sort_values("panel", key=lambda names: names.map(order), kind="stable")


def headline(replication: pd.DataFrame, comparison: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the models that are fitted by default."""
    rows = estimates(replication, comparison)
    return rows[rows["model"].isin([TWFE, *(model.name for model in MODELS if not model.extra)])]


def forest(rows: pd.DataFrame) -> Figure:
    """Draw published, TWFE and posterior slopes of the headline columns, one frame each."""
    records = [r for r in select(current().headline) if (rows["column"] == r.column).any()]
    figure, grid = frames(len(records), 3.1, more=0.7)
    for axes, record in zip(grid, records, strict=True):
        of_column = rows[rows["column"] == record.column]
        axes.set_title(f"{record.column}  {record.title}", loc="left")
        _published_band(axes, of_column)
        ticks, heights, label_before = list(_forest_lines(of_column)), [], None
        groups: dict[str, list[float]] = {}
        for label, row, colour in ticks:
            y = (heights[-1] + 1 + 0.9 * (label != label_before)) if heights else 0.0
            _bar(axes, y, row, colour, horizontal=True)
            groups.setdefault(label, []).append(y)
            heights.append(y)
            label_before = label
        for i, places in enumerate(groups.values()):
            if i % 2 == 0:
                axes.axhspan(min(places) - 0.8, max(places) + 0.8, color="0.965", lw=0, zorder=-2)
        # One label a model, beside the middle of its lines.
        middle = {
            places[len(places) // 2]: fill(worded(label), 20) for label, places in groups.items()
        }
        axes.set_yticks(heights, [middle.get(y, "") for y in heights])
        axes.tick_params(axis="y", length=0, labelsize=6.5)
        axes.invert_yaxis()
        axes.set_xlabel(f"slope of {spelled(record.interest[0])}", fontsize=7, loc="right")
    _legend(figure, rows)
    return figure


def ladder(rows: pd.DataFrame) -> Figure:
    """Draw the ladder from TWFE to the main model for 3.2, one frame per panel."""
    panels = list(dict.fromkeys(rows["panel"]))
    figure, grid = frames(len(panels), 3.0, most=4, more=0.6, sharey=True)
    steps = [(TWFE, "3.2"), *((name, "3.2") for name in LADDER)]
    regional = {record.region: record.column for record in select(HEADLINE) if record.region}
    steps += [(MAIN, regional[region]) for region in REGIONS]
    names = [LABELS[model] for model, _ in steps[: len(LADDER) + 1]] + list(REGIONS)
    for axes, (panel, colour) in zip(grid, colours(panels).items(), strict=True):
        of_panel = rows[(rows["panel"] == panel) & (rows["fitted_column"] == "3.2")]
        cells = of_panel.set_index(["model", "column"])
        for x, step in enumerate(steps):
            if step in cells.index:
                row = cells.loc[step]
                published = row["published"], row["published_se"]
                _bar(axes, x, row, colour, horizontal=False)
                axes.errorbar(
                    x + 0.25, published[0], Z * published[1], fmt="D", ms=2.5, lw=0.8, color="0.55"
                )
        axes.axhline(0, color="0.7", lw=0.6, zorder=0)
        axes.axvline(len(LADDER) + 0.55, color="0.85", lw=0.6, zorder=0)
        style = {"rotation": 60, "ha": "right", "rotation_mode": "anchor", "fontsize": 6}
        axes.set_xticks(range(len(steps)), names, **style)
        axes.set_title(panel, loc="left")
    figure.supylabel(f"slope of {spelled('indus')}", fontsize=8)
    marker = {"lw": 1, "ms": 3}
    key(
        figure,
        [
            Line2D([], [], color="0.2", marker="o", **marker, label="estimate, 95 % interval"),
            Line2D([], [], color="0.55", marker="D", **marker, label="printed, 95 % interval"),
        ],
    )
    return figure


def ladders(rows: pd.DataFrame) -> Figure:
    """Draw the ladder of every static column and term of interest, one frame each.

    Parameters
    ----------
    rows : DataFrame
        As `analysis.comparison.ladder.table` makes it.
    """
    panels = list(dict.fromkeys(rows["panel"]))
    cells = [(record, term) for record in STATIC for term in record.interest]
    cells = [c for c in cells if ((rows["column"] == c[0].column) & (rows["term"] == c[1])).any()]
    figure, grid = frames(len(cells), 1.55, most=4, more=1.6, sharex=True)
    names = (TWFE, *LADDER)
    for axes, (record, term) in zip(grid, cells, strict=True):
        of_slope = rows[(rows["column"] == record.column) & (rows["term"] == term)]
        published, se = of_slope[["published", "published_se"]].iloc[0]
        axes.axhspan(published - Z * se, published + Z * se, color="0.9", lw=0, zorder=0)
        axes.axhline(0, color="0.7", lw=0.6, ls=":", zorder=0)
        for i, (panel, colour) in enumerate(colours(panels).items()):
            for _, row in of_slope[of_slope["panel"] == panel].iterrows():
                x = names.index(row["step"]) + 0.16 * (i - (len(panels) - 1) / 2)
                _bar(axes, x, row, colour, horizontal=False)
                if row["moves_most"]:
                    axes.plot(x, row["estimate"], "s", ms=5.5, mfc="none", color=colour, lw=0.8)
        axes.set_title(f"{record.column}  {term} on {record.outcome}", loc="left", fontsize=7)
        labels = [LABELS[name] for name in names]
        style = {"rotation": 60, "ha": "right", "rotation_mode": "anchor", "fontsize": 7}
        axes.set_xticks(range(len(names)), labels, **style)
        axes.tick_params(axis="y", labelsize=7)
    for axes in outer(grid)[1]:
        axes.tick_params(labelbottom=True)
    square = {"marker": "s", "ms": 5.5, "mfc": "none", "color": "0.3", "lw": 0}
    _legend(figure, rows, Line2D([], [], **square, label="step that moves the slope most"))
    return figure


PICTURES = (
    Picture(
        "forest_headline", headline, forest,
        "Slopes of the headline columns by model and panel, with 95 % intervals: conventional for "
        "two-way fixed effects (TWFE), equal-tailed for posteriors. The band is the printed "
        "slope’s. {static}, fewer rows by region.",
    ),
    Picture(
        "ladder_3.2", estimates, ladder,
        "The slope of column 3.2 from two-way fixed effects (TWFE) to the main model, step by "
        "step, on each panel, with 95 % intervals. Diamonds are the printed slopes, "
        "east to west those of Table 8. {static}.",
    ),
    Picture(
        "ladder", steps.whole, ladders,
        "The slope of every static column and term of interest from two-way fixed effects to the "
        "main model, step by step, with 95 % intervals. The band is the printed 95 % "
        "interval; a square marks the step that moves the slope most on a panel. {static}, "
        "fewer rows by region and in shorter samples.",
    ),
)  # fmt: skip
"""Of replication and comparison together; those of one table: `analysis.reporting.gallery`."""


def draw(results: Path, figures: Path) -> list[Path]:
    """Redraw the figures for which results/replication.csv and results/comparison.csv have rows.

    Users' own panels are left out.

    Returns
    -------
    list of Path
        The PNG and SVG files written; none if no headline column was estimated.

    Raises
    ------
    UserError
        If one of the two tables is missing.
    """
    tables = [of_the_paper(read_result(results, name)) for name in ("replication", "comparison")]
    # Ladders are of the paper's own columns.
    listed = PICTURES if current() is PAPER else PICTURES[:1]
    pictures = [(picture, picture.rows(*tables)) for picture in listed]
    return [
        path
        for picture, rows in pictures
        if len(rows)
        for path in save(picture.draw, rows, figures / picture.name, filled(picture.caption))
    ]


def _forest_lines(rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series, str]]:
    """Yield label, row and colour of each line, by model and then by panel."""
    of_panel = colours(rows["panel"])
    for model in LABELS:
        of_model = rows[rows["model"] == model]
        for _, row in of_model.iterrows():
            pooled = row["fitted_column"] != row["column"]
            label = f"{LABELS[model]} of {row['fitted_column']}" if pooled else LABELS[model]
            yield label, row, of_panel[row["panel"]]


def _published_band(axes: Axes, rows: pd.DataFrame) -> None:
    for published, se in rows[["published", "published_se"]].dropna().to_numpy()[:1]:
        axes.axvspan(published - Z * se, published + Z * se, color="0.9", lw=0, zorder=0)
        axes.axvline(published, color="0.4", lw=0.8, zorder=0)
    axes.axvline(0, color="0.7", lw=0.6, ls=":", zorder=0)


def _bar(axes: Axes, at: float, row: pd.Series, colour: str, *, horizontal: bool) -> None:
    """Draw an estimate with its interval; hollow if it fails diagnostics or predictive checks."""
    ends = [[row["estimate"] - row["low"]], [row["high"] - row["estimate"]]]
    style = {"fmt": "o", "ms": 3, "lw": 1, "color": colour}
    if doubt(row["gate"], row["fits"]):
        style["mfc"] = "white"
    if horizontal:
        axes.errorbar(row["estimate"], at, xerr=ends, **style)
    else:
        axes.errorbar(at, row["estimate"], yerr=ends, **style)


def _legend(figure: Figure, rows: pd.DataFrame, *more: Artist) -> None:
    """Add a key: panels, the printed interval, hollow marks if there are any, and `more`."""
    handles: list[Artist] = [
        Line2D([], [], marker="o", ms=3, lw=1, color=colour, label=panel)
        for panel, colour in colours(rows["panel"]).items()
    ]
    if any(doubt(*row) for row in rows[["gate", "fits"]].itertuples(index=False)):
        hollow = {"marker": "o", "ms": 3, "mfc": "white", "color": "0.3", "lw": 1}
        label = "hollow: fails diagnostics or checks"
        handles.append(Line2D([], [], **hollow, label=label))
    handles.append(Patch(color="0.9", label="printed, 95 % interval"))
    key(figure, [*handles, *more])
