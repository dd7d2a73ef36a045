"""Specification curves: the sorted slopes of all universes, with their choices.

Printed slopes come from the caller: index `column, term`, columns `coef, se`.
"""

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.robustness.multiverse.evaluate import GRID_FAMILY
from analysis.shared.frames import of_the_paper
from analysis.shared.outputs import TEXT, read_csv
from analysis.shared.plotting import PALETTE, inches, key, outer, small_multiples
from analysis.shared.statistics import Z
from analysis.specifications import select, spelled, worded
from models.bayesian.registry import MAIN

WORDS = {
    "gap_rule": "gaps",
    "tibet": "Tibet",
}
"""Labels of choices in figures, where they are not their names."""

GREYS = "Greys"

TITLE = 26
"""Letters of a line of a small frame's title."""

BLACK = "0.15"
"""Of least squares; the main model's posteriors are blue."""

EVERY = "every"
"""`what` of the rows of multiverse_all_curves.csv where they stand among the others'."""

NO_CHOICE = ("slope", "posterior", EVERY, "share", "main", "total")
"""What is no choice among `what`."""


def read(path: Path) -> pd.DataFrame:
    """Read the curves, and those of posteriors in every universe where they lie beside them."""
    table, beside = of_the_paper(read_csv(path, TEXT)), path.with_name("multiverse_all_curves.csv")
    if not beside.is_file():
        return table
    every = of_the_paper(read_csv(beside, TEXT))
    option = every["errors"] + " " + every["what"]
    return pd.concat([table, every.assign(what=EVERY, option=option)[list(table)]])


def frames(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and rows of the figure of the one slope whose choices are at hand."""
    chosen = table[~table["what"].isin(NO_CHOICE)]
    if len(chosen):
        column, term = chosen[["column", "term"]].iloc[0]
        yield "specification_curve", table[(table["column"] == column) & (table["term"] == term)]


def overview_frames(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and rows of the figure of all slopes."""
    yield "specification_curves", table[table["what"].isin(["slope", "share"])]


def curve(axes: Axes, rows: pd.DataFrame, printed: pd.DataFrame) -> None:
    """Draw sorted estimates with two 95 % bands, and the printed slope at its place among them."""
    column, term = rows[["column", "term"]].iloc[0]
    slope = rows[rows["what"] == "slope"].pivot(index="bin", columns="option", values="value")
    x = (slope.index.to_numpy() + 0.5) / len(slope)
    for kind, shade, words in (
        ("province", "0.88", "95 %, clustered by province"),
        ("conventional", "0.72", "95 %, conventional"),
    ):
        if f"{kind} low" in slope:
            low, high = (slope[f"{kind} {end}"] for end in ("low", "high"))
            axes.fill_between(x, low, high, color=shade, lw=0, label=worded(words))
    axes.plot(x, slope["estimate"], color=BLACK, lw=1.4, label="least squares")
    axes.axhline(0, color="0.3", lw=0.6)
    low = slope.filter(like="conventional low").min().min()
    high = slope.filter(like="conventional high").max().max()
    inner = slope["estimate"].quantile([0.02, 0.98])
    reach = 3 * (inner.iloc[1] - inner.iloc[0])
    # Far ends of noisy universes would flatten all others.
    least, most = inner.mean() - reach, inner.mean() + reach
    if (column, term) in printed.index:
        coef, se = printed.loc[(column, term), ["coef", "se"]].astype(float)
        rank = float((slope["estimate"] < coef).mean())
        style = {"fmt": "D", "ms": 4, "lw": 1, "color": PALETTE[5], "zorder": 3, "clip_on": False}
        axes.errorbar(rank, coef, Z * se, label="printed, 95 %", **style)
        low, high = min(low, coef - Z * se), max(high, coef + Z * se)
        least, most = min(least, coef - Z * se), max(most, coef + Z * se)
    axes.set_ylim(max(low, least), min(high, most))
    axes.set_xlim(0, 1)
    words = shares(rows).replace(", ", "\n")
    axes.text(0.03, 0.97, words, transform=axes.transAxes, fontsize=6, va="top")


def posteriors(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the sorted posterior means of each error structure with their 95 % intervals."""
    curves = rows[rows["what"] == "posterior"]
    if curves.empty:
        axes.axis("off")
        return
    wide = curves.pivot(index="bin", columns="option", values="value")
    structures = list(dict.fromkeys(o.rpartition(" ")[0] for o in curves["option"]))
    for colour, name in zip((PALETTE[1], PALETTE[2], PALETTE[0]), structures, strict=False):
        mean, low, high = (wide[f"{name} {end}"].dropna() for end in ("mean", "low", "high"))
        x = (mean.index.to_numpy() + 0.5) / len(mean)
        axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(x, mean, color=colour, lw=1.4, label=_posterior(name))
    axes.axhline(0, color="0.3", lw=0.6)
    axes.set_ylabel("posterior slope")
    axes.tick_params(labelbottom=False)


def every_posterior(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw posteriors' 95 % intervals in every universe, in the order of its two-way slope."""
    wide = rows[rows["what"] == EVERY].pivot(index="bin", columns="option", values="value")
    x = (wide.index.to_numpy() + 0.5) / len(wide)
    structures = list(dict.fromkeys(option.rpartition(" ")[0] for option in wide))
    structures = [name for name in structures if name not in (GRID_FAMILY, MAIN)]
    for colour, name in zip((*PALETTE[1 : 1 + len(structures)], PALETTE[0]), (*structures, MAIN),
                            strict=True):  # fmt: skip
        if f"{name} estimate" in wide:
            mean, low, high = (wide[f"{name} {what}"] for what in ("estimate", "low", "high"))
            axes.fill_between(x, low, high, color=colour, alpha=0.2, lw=0)
            axes.plot(x, mean, color=colour, lw=1.2, label=_posterior(name))
    label = "least squares, two-way"
    axes.plot(x, wide[f"{GRID_FAMILY} estimate"], color=BLACK, lw=1, ls="--", label=label)
    axes.axhline(0, color="0.3", lw=0.6)
    axes.set_ylabel("posterior slope")
    axes.tick_params(labelbottom=False)


def _posterior(structure: str) -> str:
    return f"posterior, {structure if structure == MAIN else f'{structure} errors'}"


def draw(rows: pd.DataFrame, printed: pd.DataFrame) -> Figure:
    """Draw one slope's curve and posteriors over the matrix of its choices, with variance shares.

    Darker cells: more of the universes have the option. Bars: share of the variance of all
    estimates, main effect dark, total effect light.
    """
    column, term = rows[["column", "term"]].iloc[0]
    binned = rows[rows["bin"] >= 0]
    binned = binned[~binned["what"].isin(NO_CHOICE)]
    choices = list(dict.fromkeys(binned["what"]))
    lines = [
        (c, o) for c in choices for o in dict.fromkeys(binned.loc[binned["what"] == c, "option"])
    ]
    high = 4.9 + 0.155 * (len(lines) + len(choices))
    figure = Figure(figsize=(inches(), high), layout="constrained")
    heights = [2.3, 1.6, 0.15 * (len(lines) + 0.8 * len(choices))]
    grid = figure.subplots(
        3, 2, sharex="col", gridspec_kw={"height_ratios": heights, "width_ratios": [3.5, 1]}
    )
    curve(grid[0, 0], rows, printed)
    grid[0, 0].set_title(_title(column, term, 40), loc="left", fontsize=7.5)
    grid[0, 0].set_ylabel("slope")
    grid[0, 0].tick_params(labelbottom=False)
    (every_posterior if rows["what"].eq(EVERY).any() else posteriors)(grid[1, 0], rows)
    for row in (0, 1):
        grid[row, 1].axis("off")
    wide = binned.pivot(index=["what", "option"], columns="bin", values="value")
    decides = rows[rows["what"].isin(["main", "total"])].pivot(
        index="option", columns="what", values="value"
    )
    place, ticks = 0.0, []
    matrix, bars = grid[2]
    for choice in choices:
        options = [line for line in lines if line[0] == choice]
        top = place
        for line in options:
            share = wide.loc[line].to_numpy() * len(options)  # 1: as many as anywhere
            extent = (0, 1, place + 0.96, place + 0.04)
            matrix.imshow(share[None], cmap=GREYS, vmin=0, vmax=2.2, aspect="auto", extent=extent)
            ticks.append((place + 0.5, line[1]))
            place += 1
        middle = (top + place) / 2
        matrix.text(1.01, middle, WORDS.get(choice, choice), fontsize=6.5, va="center")
        for effect, shade in (("total", "0.8"), ("main", PALETTE[0])):
            bars.barh(middle, decides.loc[choice, effect], color=shade, height=0.8,
                      label=f"share of variance, {effect} effect")  # fmt: skip
        place += 0.8
    matrix.set_ylim(place - 0.8, 0)
    matrix.set_yticks(*zip(*ticks, strict=True), fontsize=6)
    matrix.tick_params(axis="y", length=0)
    matrix.set_xlabel("universes, in the order of their slopes")
    matrix.spines[["left", "bottom"]].set_visible(False)
    bars.set_ylim(place - 0.8, 0)
    bars.set_yticks([])
    bars.spines["left"].set_visible(False)
    bars.tick_params(axis="x", labelsize=6)
    bars.xaxis.set_major_formatter("{x:g}")
    bars.set_xlabel("share of\nvariance", fontsize=7)
    marks = [axes.get_legend_handles_labels() for axes in (*grid[:2, 0], bars)]
    by_label = {label: handle for listed in marks for handle, label in zip(*listed, strict=True)}
    key(figure, by_label.values(), by_label)
    return figure


def _title(column: str, term: str, letters: int) -> str:
    (record,) = select([column])
    return fill(f"{column}  {term} on {spelled(record.outcome)}", letters)


def shares(rows: pd.DataFrame) -> str:
    """Return the shares of universes with the printed sign, and significantly so, in words."""
    same_sign, significant = rows.loc[rows["what"] == "share", "value"]
    return f"printed sign {same_sign:.0%}, significant {significant:.0%}"


def overview(rows: pd.DataFrame, printed: pd.DataFrame) -> Figure:
    """Draw the curve of every slope, a frame each, with the shares of sign and significance."""
    cells = list(dict.fromkeys(zip(rows["column"], rows["term"], strict=True)))
    figure, grid = small_multiples(len(cells), 1.6, sharex=True)
    for axes, (column, term) in zip(grid, cells, strict=True):
        of_slope = rows[(rows["column"] == column) & (rows["term"] == term)]
        curve(axes, of_slope, printed)
        axes.set_title(_title(column, term, TITLE), loc="left", fontsize=6)
        axes.tick_params(labelsize=6.5)
        axes.set_xticks([0, 0.5, 1])
    for axes in outer(grid)[1]:
        axes.set_xlabel("universes, in order", fontsize=7)
    key(figure, *grid[0].get_legend_handles_labels())
    return figure
