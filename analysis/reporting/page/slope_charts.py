"""The page's charts of slopes by method, model, panel and region, as Vega-Lite specifications."""

import altair as alt
import pandas as pd

from analysis.comparison.captions import FAILED, failing
from analysis.comparison.figures import LABELS
from analysis.comparison.ladder import TWFE
from analysis.reporting.page.charts import GREY, SOUND, by_panel, choose, sized
from analysis.shared.plotting import PALETTE
from analysis.shared.statistics import Z
from analysis.specifications import regions, worded
from models.bayesian.registry import LADDER, MAIN


def headline(rows: pd.DataFrame, title: str = "slope") -> alt.LayerChart:
    """Draw the headline slope, a row for each method and panel, named at its left.

    Parameters
    ----------
    rows : DataFrame
        Columns `kind, label, mean, low, high`; the first row is the printed slope. A bar in a
        label begins its second line.
    title : str
        Of the axis.
    """
    kinds = list(dict.fromkeys(rows["kind"]))
    scale = alt.Scale(domain=kinds, range=[GREY, PALETTE[1], PALETTE[0]])
    shapes = alt.Scale(domain=kinds, range=["diamond", "circle", "square"])
    shared = {
        "y": alt.Y("label:N", title=None, sort=list(rows["label"]),
                   axis=alt.Axis(labelExpr="split(datum.label, '|')", labelLimit=200, ticks=False,
                                 domain=False, labelOffset=-6)),
        "color": alt.Color("kind:N", sort=kinds, legend=None, scale=scale),
        "tooltip": [
            alt.Tooltip("kind:N"), alt.Tooltip("label:N"),
            *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("mean", "low", "high")),
        ],
    }  # fmt: skip
    first, base = rows.iloc[0], alt.Chart(rows)
    band = (
        alt.Chart(pd.DataFrame({"from_": [first["low"]], "to": [first["high"]]}))
        .mark_rect(opacity=0.15, color=GREY, aria=False)
        .encode(x=alt.X("from_:Q", title=title, axis=alt.Axis(tickCount=6)), x2="to:Q")
    )
    bars = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", **shared)
    dots = base.mark_point(size=60, filled=True, opacity=1).encode(
        x="mean:Q", shape=alt.Shape("kind:N", sort=kinds, legend=None, scale=shapes), **shared
    )
    return sized(alt.layer(band, *zero_line("no effect"), bars, dots), 36 * len(rows))


def zero_line(name: str) -> tuple[alt.Chart, alt.Chart]:
    """Return a vertical line at zero, and its name above it."""
    line = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False)
    words = alt.Chart().mark_text(align="center", baseline="bottom", fontSize=12, aria=False)
    return (
        line.encode(x=alt.datum(0)),
        words.encode(x=alt.datum(0), y=alt.value(-3), text=alt.value(name)),
    )


def slopes(rows: pd.DataFrame, numbered: bool = False) -> alt.LayerChart:
    """Draw estimates with 95 % intervals by step and panel, the published interval behind.

    Parameters
    ----------
    rows : DataFrame
        results/ladder.csv.
    numbered : bool
        Whether the key has the steps' numbers alone, which the caption spells out.
    """
    # A study without regions has steps off the ladder.
    steps = [step for step in dict.fromkeys((TWFE, *LADDER, *LABELS)) if step in set(rows["step"])]
    labels = {step: f"({i}) {worded(LABELS[step])}" for i, step in enumerate(steps, 1)}
    names = list(labels.values())
    estimates = rows.assign(
        step=rows["step"].map(labels),
        cell=rows["column"] + " " + rows["term"],
        from_=rows["published"] - Z * rows["published_se"],
        to=rows["published"] + Z * rows["published_se"],
        health=[failing(*row) or SOUND for row in rows[["gate", "fits"]].itertuples(index=False)],
    )
    marks = [SOUND, *(word for word in FAILED.values() if word in set(estimates["health"]))]
    estimates = estimates[["cell", "panel", "step", "estimate", "low", "high", "from_", "to",
                           "published", "health"]]  # fmt: skip
    cells = list(dict.fromkeys(estimates["cell"]))
    first = [cell for cell in cells if cell.startswith("3.2")] or cells
    pick = choose("cell", [*first, *(c for c in cells if c not in first)], "Slope")
    base = alt.Chart(estimates).transform_filter(pick)
    y = alt.Y("panel:N", title=None, sort=list(dict.fromkeys(estimates["panel"])),
              axis=alt.Axis(labelLimit=150))  # fmt: skip
    colour = alt.Color("step:N", sort=names, title=None,
                       scale=alt.Scale(domain=names, range=[*PALETTE, GREY][: len(names)]),
                       legend=_numbers() if numbered else alt.Legend(
                           orient="top", columns=1, labelLimit=300))  # fmt: skip
    offset = alt.YOffset("step:N", sort=names)
    tip = [
        alt.Tooltip("panel:N"), alt.Tooltip("step:N"),
        *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("estimate", "low", "high")),
        alt.Tooltip("published:Q", format=".3g"), alt.Tooltip("health:N"),
    ]  # fmt: skip
    band = base.mark_rect(opacity=0.18, color=GREY, aria=False).encode(
        x=alt.X("min(from_):Q", title="slope"), x2="max(to):Q"
    )
    published = base.mark_rule(color=GREY, aria=False).encode(x="mean(published):Q")
    name = base.mark_text(align="left", baseline="bottom", fontSize=12, aria=False).encode(
        x="mean(published):Q", y=alt.value(-3), text=alt.value("printed")
    )
    zero = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=1.6).encode(
        x="low:Q", x2="high:Q", y=y, yOffset=offset, color=colour, tooltip=tip
    )
    shapes = alt.Shape("health:N", sort=marks, title=None,
                       scale=alt.Scale(domain=marks, range=["circle", *HOLLOW][: len(marks)]),
                       legend=alt.Legend(orient="bottom", labelLimit=260, columns=1,
                                         symbolFillColor=GREY, symbolStrokeWidth=0))  # fmt: skip
    dots = base.mark_point(size=50, opacity=1, filled=True).encode(
        x="estimate:Q", y=y, yOffset=offset, color=colour, tooltip=tip, shape=shapes
    )
    return sized(alt.layer(band, published, name, zero, bars, dots).add_params(pick), 285)


def _numbers() -> alt.Legend:
    return alt.Legend(
        orient="top", columns=7, labelExpr="split(datum.label, ' ')[0]", title="step of the ladder"
    )


HOLLOW = (
    "M-1,0A1,1,0,1,1,1,0A1,1,0,1,1,-1,0M-0.5,0A0.5,0.5,0,1,0,0.5,0A0.5,0.5,0,1,0,-0.5,0Z",
    "M-1,-1H1V1H-1ZM-0.5,-0.5V0.5H0.5V-0.5Z",
)
"""Outlines of a ring and of a hollow square, for fits that fail something."""


def by_region(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw the region slopes of each column's main fit, results/region_slopes.csv."""
    rows = rows[rows["model"] == MAIN]
    estimates = rows.assign(cell=rows["column"] + " " + rows["term"])
    estimates = estimates[
        ["cell", "panel", "region", "mean", "q025", "q975", "p_positive", "gate", "fits"]
    ]
    cells = list(dict.fromkeys(estimates["cell"]))
    first = [cell for cell in cells if cell.startswith("3.2")] or cells
    pick = choose("cell", [*first, *(c for c in cells if c not in first)], "Slope")
    base = alt.Chart(estimates).transform_filter(pick)
    panels = list(dict.fromkeys(estimates["panel"]))
    shared = {
        "y": alt.Y("region:N", title=None, sort=list(regions())),
        "yOffset": alt.YOffset("panel:N", sort=panels),
        "color": by_panel(panels),
        "tooltip": [
            alt.Tooltip("panel:N"), alt.Tooltip("region:N"),
            *(alt.Tooltip(f"{name}:Q", format=".3g")
              for name in ("mean", "q025", "q975", "p_positive")),
            alt.Tooltip("gate:N", title="diagnostics"),
            alt.Tooltip("fits:N", title="predictive checks"),
        ],
    }  # fmt: skip
    zero = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=1.6).encode(
        x=alt.X("q025:Q", title="slope"), x2="q975:Q", **shared
    )
    dots = base.mark_circle(size=45, opacity=1).encode(x="mean:Q", **shared)
    return sized(alt.layer(zero, bars, dots).add_params(pick), 260)
