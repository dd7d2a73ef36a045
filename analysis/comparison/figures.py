"""Forest plot and ladders of replication and comparison."""

from collections.abc import Callable
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
from analysis.comparison.page_size import save
from analysis.shared.frames import of_the_paper
from analysis.shared.outputs import read_result
from analysis.shared.plotting import colours, frames, key, outer
from analysis.shared.statistics import Z, doubt
from analysis.specifications import HEADLINE, PAPER, STATIC, current, select, spelled, worded
from data.panels.catalogue import PANELS
from data.panels.provinces import REGIONS
from models.bayesian.registry import LADDER, MAIN, MODELS

LABELS = {
    TWFE: "TWFE",
    **{model.name: model.label for model in MODELS},
}


ZERO = {"color": "0.5", "lw": 0.8, "ls": ":", "zorder": 0}

SLANTED = {"rotation": 60, "ha": "right", "rotation_mode": "anchor", "fontsize": 6.5}

PRINTED = "printed, 95 % interval"

BAND = Patch(color="0.9", label=PRINTED)

PRINTED_BAND = (Line2D([], [], color="0.4", lw=0.8, label="printed slope"), BAND)


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
    """Draw published, TWFE and posterior slopes of the headline columns, one frame each.

    A model has the same place in all frames, so that its name is needed once a line.
    """
    records = [r for r in select(current().headline) if (rows["column"] == r.column).any()]
    rows = rows[rows["model"].isin(LABELS)].assign(label=_labelled)
    lines = sorted(
        dict.fromkeys(zip(rows["model"], rows["label"], strict=True)),
        key=lambda line: list(LABELS).index(line[0]),
    )
    panels = colours(rows["panel"])
    figure, grid = frames(len(records), 3.3, most=4, more=0.9, sharey=True)
    for axes, record in zip(grid, records, strict=True):
        of_column = rows[rows["column"] == record.column]
        axes.set_title(fill(f"{record.column}  {record.title}", 24), loc="left", fontsize=7.5)
        _published_band(axes, of_column)
        for i, (_, label) in enumerate(lines):
            if i % 2 == 0:
                axes.axhspan(i - 0.5, i + 0.5, color="0.965", lw=0, zorder=-2)
            for _, row in of_column[of_column["label"] == label].iterrows():
                place = list(panels).index(row["panel"]) - (len(panels) - 1) / 2
                y = i + 0.8 * place / len(panels)
                _bar(axes, y, row, panels[row["panel"]], horizontal=True)
        axes.set_yticks(range(len(lines)), [fill(worded(label), 20) for _, label in lines])
        axes.tick_params(axis="y", length=0, labelsize=6.5)
        axes.tick_params(axis="x", labelsize=6.5)
        axes.locator_params(axis="x", nbins=4)
        axes.set_xlabel(fill(f"slope of {spelled(record.interest[0])}", 24), fontsize=7)
    grid[0].set_ylim(len(lines) - 0.5, -0.5)
    _key(figure, rows, *_panels(rows), *PRINTED_BAND)
    return figure


def ladder(rows: pd.DataFrame) -> Figure:
    """Draw the ladder from TWFE to the main model for 3.2, one frame per panel."""
    panels = list(dict.fromkeys(rows["panel"]))
    figure, grid = frames(len(panels), 2.8, most=4, more=0.8, sharey=True, sharex=True)
    steps = [(TWFE, "3.2"), *((name, "3.2") for name in LADDER)]
    regional = {record.region: record.column for record in select(HEADLINE) if record.region}
    steps += [(MAIN, regional[region]) for region in REGIONS]
    names = [LABELS[model] for model, _ in steps[: len(LADDER) + 1]] + list(REGIONS)
    drawn = rows[rows["fitted_column"] == "3.2"]
    for axes, (panel, colour) in zip(grid, colours(panels).items(), strict=True):
        cells = drawn[drawn["panel"] == panel].set_index(["model", "column"])
        for x, step in enumerate(steps):
            if step in cells.index:
                row = cells.loc[step]
                published = row["published"], row["published_se"]
                _bar(axes, x, row, colour, horizontal=False)
                axes.errorbar(
                    x + 0.25, published[0], Z * published[1], fmt="D", ms=2.5, lw=0.8, color="0.55"
                )
        axes.axhline(0, **ZERO)
        axes.axvline(len(LADDER) + 0.55, color="0.85", lw=0.6, zorder=0)
        axes.set_xticks(range(len(steps)), names, **SLANTED)
        axes.set_title(panel, loc="left")
    figure.supylabel(f"slope of {spelled('indus')}", fontsize=8)
    marker = {"ms": 3, "lw": 1}
    estimate = Line2D([], [], color="0.2", marker="o", **marker, label="estimate, 95 % interval")
    _key(figure, drawn, estimate, Line2D([], [], color="0.55", marker="D", **marker, label=PRINTED))
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
        axes.axhline(0, **ZERO)
        for i, (panel, colour) in enumerate(colours(panels).items()):
            for _, row in of_slope[of_slope["panel"] == panel].iterrows():
                x = names.index(row["step"]) + 0.16 * (i - (len(panels) - 1) / 2)
                _bar(axes, x, row, colour, horizontal=False)
                if row["moves_most"]:
                    axes.plot(x, row["estimate"], "s", ms=5.5, mfc="none", color=colour, lw=0.8)
        title = fill(f"{record.column}  {term} on {spelled(record.outcome)}", 26)
        axes.set_title(title, loc="left", fontsize=6)
        labels = [LABELS[name] for name in names]
        axes.set_xticks(range(len(names)), labels, **SLANTED)
        axes.tick_params(axis="y", labelsize=7)
    for axes in outer(grid)[1]:
        axes.tick_params(labelbottom=True)
    square = {"marker": "s", "ms": 5.5, "mfc": "none", "color": "0.3", "lw": 0}
    moves_most = Line2D([], [], **square, label="step that moves the slope most")
    _key(figure, rows, *_panels(rows), BAND, moves_most)
    return figure


PICTURES = (
    Picture(
        "forest_headline", headline, forest,
        "Slopes of the headline columns by model and panel, with 95 % intervals: conventional for "
        "two-way fixed effects (TWFE), equal-tailed for posteriors. Regions’ slopes are those of "
        "the model of all provinces where it has them. The grey band is the printed slope’s. "
        "{static}, fewer rows by region.",
    ),
    Picture(
        "ladder_3.2", estimates, ladder,
        "The slope of column 3.2 from two-way fixed effects (TWFE) to the main model, step by "
        "step, on each panel, with 95 % intervals. Right of the line are the main model’s slopes "
        "by region. Diamonds are the printed slopes, of regions those of Table 8. {static}.",
    ),
    Picture(
        "ladder", steps.whole, ladders,
        "The slope of every static column and term of interest from two-way fixed effects to the "
        "main model, step by step, with 95 % intervals. The band is the printed 95 % "
        "interval; a square marks the step that moves the slope most on a panel. The regressor is "
        "{interest} where no other is named. {static}, fewer rows by region and in shorter "
        "samples.",
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


def _labelled(rows: pd.DataFrame) -> pd.Series:
    """Return each row's model in words.

    A slope from the model of another column is said to be so where the column has its own, too.
    """
    label, of_another = rows["model"].map(LABELS), rows["fitted_column"] != rows["column"]
    both = of_another.groupby([rows["column"], rows["model"]]).transform("nunique") > 1
    return label.mask(of_another & both, label + " of " + rows["fitted_column"])


def _published_band(axes: Axes, rows: pd.DataFrame) -> None:
    for published, se in rows[["published", "published_se"]].dropna().to_numpy()[:1]:
        axes.axvspan(published - Z * se, published + Z * se, color="0.9", lw=0, zorder=0)
        axes.axvline(published, color="0.4", lw=0.8, zorder=0)
    axes.axvline(0, **ZERO)


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


def _panels(rows: pd.DataFrame) -> list[Artist]:
    """Return a mark for each panel, for a key."""
    return [
        Line2D([], [], marker="o", ms=3, lw=1, color=colour, label=panel)
        for panel, colour in colours(rows["panel"]).items()
    ]


def _key(figure: Figure, rows: pd.DataFrame, *marks: Artist) -> None:
    """Add a key: marks of estimates, hollow ones if there are any, and the line at zero."""
    handles = list(marks)
    if any(doubt(*row) for row in rows[["gate", "fits"]].itertuples(index=False)):
        hollow = {"marker": "o", "ms": 3, "mfc": "white", "color": "0.3", "lw": 1}
        label = "hollow: fails diagnostics or checks"
        handles.append(Line2D([], [], **hollow, label=label))
    key(figure, [*handles, Line2D([], [], **ZERO, label="zero")])
