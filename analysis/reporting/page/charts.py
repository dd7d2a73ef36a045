"""The report's charts as Vega-Lite specifications that answer to the pointer.

Every chart is one frame as wide as its container; what would be many frames is chosen from a
list below it. Colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from analysis.comparison import dynamic
from analysis.comparison.dynamic_figures import REACH
from analysis.shared.plotting import PALETTE, colours
from data.panels.provinces import PROVINCES
from models.design import LAG

GREY, SOUND = "#8a8a8a", "passes its checks"

TILES = {
    "Heilongjiang": (7, 0), "Jilin": (7, 1), "Liaoning": (7, 2), "Inner Mongolia": (5, 1),
    "Xinjiang": (1, 1), "Beijing": (6, 2), "Tianjin": (6, 3), "Hebei": (5, 2), "Shanxi": (4, 2),
    "Ningxia": (3, 2), "Gansu": (2, 2), "Qinghai": (2, 3), "Shaanxi": (3, 3), "Henan": (4, 3),
    "Shandong": (5, 3), "Jiangsu": (6, 4), "Anhui": (5, 4), "Hubei": (4, 4), "Chongqing": (3, 4),
    "Sichuan": (2, 4), "Tibet": (1, 4), "Shanghai": (7, 4), "Zhejiang": (6, 5), "Jiangxi": (5, 5),
    "Hunan": (4, 5), "Guizhou": (3, 5), "Yunnan": (2, 5), "Fujian": (6, 6), "Guangdong": (5, 6),
    "Guangxi": (4, 6), "Hainan": (5, 7),
}  # fmt: skip
"""Column and row of each province's tile: neighbours on the map are neighbours here."""


def choose(name: str, values: Sequence[str], label: str) -> alt.Parameter:
    """Return a list from which a reader chooses one of the values."""
    bind = alt.binding_select(options=list(values), name=f"{label} ")
    return alt.selection_point(name=name, fields=[name], bind=bind, value=values[0])


def headline_first(cells: pd.Series) -> list[str]:
    """Return each slope once, the headline's before the others."""
    slopes = list(dict.fromkeys(cells))
    return sorted(slopes, key=lambda cell: not cell.startswith("3.2"))


def autoregressive(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw ρ of a dynamic column by estimator and panel, results/dynamic.csv.

    Estimates farther from 1 than `analysis.comparison.dynamic_figures.REACH` are left out, and
    intervals end there.
    """
    lagged = rows[(rows["term"] == LAG) & ((rows["coef"] - 1).abs() <= REACH)]
    printed = lagged["estimator"] == dynamic.PUBLISHED
    # Printed once, whatever the panel.
    lagged = lagged.assign(panel=lagged["panel"].mask(printed, PRINTED))
    lagged = lagged.drop_duplicates(["column", "panel", "estimator"])
    estimates = lagged.assign(
        estimator=lagged["estimator"].map(dynamic.label).mask(printed, PRINTED),
        left=lagged["low"].clip(lower=1 - REACH),
        right=lagged["high"].clip(upper=1 + REACH),
    )
    estimates = estimates[["column", "panel", "estimator", "coef", "low", "high", "left", "right"]]
    pick = choose("column", list(dict.fromkeys(estimates["column"])), "Column")
    base = alt.Chart(estimates).transform_filter(pick)
    names = list(dict.fromkeys(estimates["estimator"]))
    panels = sorted(dict.fromkeys(estimates["panel"]), key=lambda name: name == PRINTED)
    shared = {
        "y": alt.Y("estimator:N", title=None, axis=alt.Axis(labelLimit=200),
                   sort=sorted(names, key=lambda name: name == PRINTED)),
        "yOffset": alt.YOffset("panel:N", sort=panels),
        "color": by_panel(panels),
        "tooltip": [
            alt.Tooltip("panel:N"), alt.Tooltip("estimator:N"),
            *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("coef", "low", "high")),
        ],
    }  # fmt: skip
    scale = alt.Scale(zero=False, nice=True)
    one = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(x=alt.datum(1))
    name = alt.Chart().mark_text(baseline="bottom", fontSize=12, aria=False).encode(
        x=alt.datum(1), y=alt.value(-3), text=alt.value("ρ = 1")
    )  # fmt: skip
    bars = base.mark_rule(strokeWidth=1.6).encode(
        x=alt.X("left:Q", title="autoregressive coefficient ρ", scale=scale), x2="right:Q", **shared
    )
    # A layer without the scale would add zero to the others'.
    dots = base.mark_circle(size=45, opacity=1).encode(x=alt.X("coef:Q", scale=scale), **shared)
    return sized(alt.layer(one, name, bars, dots).add_params(pick), 320)


PRINTED, INK = "printed", "#4a4a4a"
"""What is printed has no panel, and no panel's colour."""


def responses(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw impulse responses, results/dynamic_effects.csv."""
    curves = dynamic.responses(rows)[["column", "panel", "year", "median", "low", "high"]]
    pick = choose("column", list(dict.fromkeys(curves["column"])), "Column")
    base = alt.Chart(curves).transform_filter(pick)
    panels = list(dict.fromkeys(curves["panel"]))
    x = alt.X("year:Q", title="years after a change that lasted one")
    zero = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(y=alt.datum(0))
    legend = alt.Legend(orient="top", columns=2, labelLimit=200, symbolType="stroke",
                        symbolOpacity=1, symbolStrokeWidth=2)  # fmt: skip
    bands = base.mark_area(opacity=0.12, aria=False).encode(
        x=x, y=alt.Y("low:Q", title="response of the outcome"), y2="high:Q",
        color=by_panel(panels, legend),
    )  # fmt: skip
    dashes = alt.Scale(domain=panels, range=[DASHES[i % len(DASHES)] for i in range(len(panels))])
    lines = base.mark_line(strokeWidth=2).encode(
        x=x,
        y="median:Q",
        color=by_panel(panels, legend),
        strokeDash=alt.StrokeDash("panel:N", sort=panels, scale=dashes, legend=legend, title=None),
        tooltip=[
            alt.Tooltip("panel:N"), alt.Tooltip("year:Q"),
            *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("median", "low", "high")),
        ],
    )  # fmt: skip
    return sized(alt.layer(zero, bands, lines).add_params(pick), 300)


DASHES = ([1, 0], [5, 3], [8, 8], [9, 3, 2, 3])
"""Of lines that may hide each other."""


KEY = alt.Legend(orient="top", columns=2, labelLimit=200)


def by_panel(panels: Sequence[str], legend: alt.Legend | None = KEY) -> alt.Color:
    """Return a colour for each panel; what is printed is dark grey."""
    hues = [INK if panel == PRINTED else hue for panel, hue in colours(panels).items()]
    scale = alt.Scale(domain=list(panels), range=hues)
    return alt.Color("panel:N", sort=list(panels), title=None, scale=scale, legend=legend)


def waterfall(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw each gap as a waterfall of ingredients, results/decomposition.csv."""
    parts = []
    swapped = rows[rows["game"] == "ingredients"]
    for (column, term, panel), group in swapped.groupby(["column", "term", "panel"], sort=False):
        group = group.loc[group["share"].abs().sort_values(ascending=False).index]
        start, end = group[["start", "end"]].iloc[0]
        levels = start + np.concatenate([[0], np.cumsum(group["share"])])
        parts.append(
            pd.DataFrame(
                {
                    "gap": f"{column} {term}, {panel}",
                    "label": [panel, *group["player"], "implied (= printed)"],
                    "place": range(len(group) + 2),
                    "from_": [0, *levels[:-1], 0],
                    "to": [start, *levels[1:], end],
                    "share": [start, *group["share"], end],
                    "mcse": [0, *group["mcse"], 0],
                    "kind": ["slope", *np.where(group["share"] > 0, "raises", "lowers"), "slope"],
                }
            )
        )
    bars_of_gaps = pd.concat(parts, ignore_index=True)
    gaps = list(dict.fromkeys(bars_of_gaps["gap"]))
    first = [gap for gap in gaps if gap.startswith("3.2")]
    pick = choose("gap", [*first, *(gap for gap in gaps if gap not in first)], "Gap")
    kinds = ["slope", "raises", "lowers"]
    bars = (
        alt.Chart(bars_of_gaps)
        .transform_filter(pick)
        .mark_bar(height={"band": 0.75})
        .encode(
            x=alt.X("from_:Q", title="slope"),
            x2="to:Q",
            y=alt.Y("label:N", title=None, sort=alt.SortField("place"),
                    axis=alt.Axis(labelLimit=150)),
            color=alt.Color("kind:N", title=None,
                            scale=alt.Scale(domain=kinds, range=[GREY, PALETTE[0], PALETTE[5]]),
                            legend=alt.Legend(orient="top")),
            tooltip=[alt.Tooltip("label:N"), alt.Tooltip("share:Q", format=".4f"),
                     alt.Tooltip("mcse:Q", format=".1g", title="Monte Carlo error")],
        )
    )  # fmt: skip
    zero = alt.Chart().mark_rule(color=GREY, aria=False).encode(x=alt.datum(0))
    return sized(alt.layer(zero, bars).add_params(pick), 300)


def tiles(values: pd.DataFrame) -> alt.LayerChart:
    """Draw a tile for each province, coloured by one of several quantities.

    Parameters
    ----------
    values : DataFrame
        Columns `province, quantity, value`.
    """
    about = pd.DataFrame(
        [(p.name, BROKEN.get(p.name, p.name), p.zh, p.region, *TILES[p.name]) for p in PROVINCES],
        columns=["province", "name", "zh", "region", "x", "y"],
    )
    largest = values.groupby("quantity")["value"].transform(lambda share: share.abs().max() or 1)
    provinces = values.assign(share=values["value"].abs() / largest).merge(about, on="province")
    pick = choose("quantity", list(dict.fromkeys(values["quantity"])), "Quantity")
    base = (
        alt.Chart(provinces)
        .transform_filter(pick)
        .encode(
            x=alt.X("x:O", axis=None),
            y=alt.Y("y:O", axis=None),
            tooltip=[alt.Tooltip("province:N"), alt.Tooltip("zh:N", title="in Chinese"),
                     alt.Tooltip("region:N"), alt.Tooltip("value:Q", format=".3f"),
                     alt.Tooltip("quantity:N")],
        )
    )  # fmt: skip
    fill = alt.Color(
        "value:Q",
        scale=alt.Scale(scheme="blueorange", domainMid=0),
        legend=alt.Legend(
            title="the quantity, in its unit", orient="bottom", tickCount=4, type="gradient"
        ),
    )
    # Colours are as strong below zero as above: marks that are not seen widen the scale.
    ends = values.groupby("quantity", sort=False)["value"].agg(["min", "max"])
    reach = ends.abs().max(axis=1)
    ends = ends.assign(min=-reach.where(ends["min"] < 0, 0), max=reach).reset_index()
    ends = ends.melt("quantity", ["min", "max"], "end", "value")
    unseen = (
        alt.Chart(ends)
        .transform_filter(pick)
        .mark_point(opacity=0, size=0, aria=False)
        .encode(color=fill)
    )
    squares = base.mark_rect(stroke="white", strokeWidth=1.5).encode(color=fill)
    names = base.mark_text(fontSize=11, dy=-2, lineBreak="|", font="Arial, Liberation Sans").encode(
        text="name:N",
        y=alt.Y("y:O", axis=None),
        color=alt.condition("datum.share > 0.75", alt.value("white"), alt.value("black")),
    )
    return sized(alt.layer(unseen, squares, names).add_params(pick), 340)


BROKEN = {
    name: name.replace(first, f"{first}{'' if first == 'Inner' else '-'}|", 1).replace("| ", "|")
    for name, first in {
        "Heilongjiang": "Heilong", "Inner Mongolia": "Inner", "Guangdong": "Guang",
        "Chongqing": "Chong", "Shandong": "Shan",
    }.items()
}  # fmt: skip
"""Names of provinces that are too long for a tile, in two lines."""


def ranks() -> alt.Chart:
    """Draw rank plots of the chains: level lines if the chains mix.

    Without data: the page fills in those of the trace that a reader opens.
    """
    chart = (
        alt.Chart(alt.Data(values=[]))
        .mark_line(interpolate="step-after")
        .encode(
            x=alt.X("bin:Q", title="rank of the draw, in twentieths"),
            y=alt.Y("share:Q", title="share, 1 if even", scale=alt.Scale(zero=True)),
            color=alt.Color("chain:N", title="chain", legend=alt.Legend(orient="top"),
                            scale=alt.Scale(range=list(PALETTE))),
            row=alt.Row("variable:N", title=None,
                        header=alt.Header(labelAngle=0, labelAnchor="start", labelOrient="top")),
            tooltip=["variable:N", "chain:N", "bin:Q", alt.Tooltip("share:Q", format=".2f")],
        )
        .properties(width=250, height=70)
    )  # fmt: skip
    return chart


def energy() -> alt.Chart:
    """Draw the marginal energy beside the energy transitions: narrow transitions explore poorly.

    Betancourt (2018), arXiv:1701.02434, section 6.1. Without data, as `ranks`.
    """
    return (
        alt.Chart(alt.Data(values=[]))
        .mark_line(interpolate="step")
        .encode(
            x=alt.X("at:Q", title="energy about its mean, in sd"),
            y=alt.Y("density:Q", title="density"),
            color=alt.Color("kind:N", title=None, legend=alt.Legend(orient="top"),
                            scale=alt.Scale(range=list(PALETTE))),
            tooltip=["kind:N", alt.Tooltip("at:Q", format=".2f"),
                     alt.Tooltip("density:Q", format=".2f")],
        )
        .properties(width=250, height=110)
    )  # fmt: skip


def sized(chart: alt.LayerChart, height: int) -> alt.LayerChart:
    """Let a chart be as wide as its container."""
    return chart.properties(width="container", height=height)


def spec(chart: alt.TopLevelMixin) -> dict:
    """Return a chart as Vega-Lite, data within."""
    with alt.data_transformers.enable("default", max_rows=None):
        return chart.to_dict()
