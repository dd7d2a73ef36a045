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
from analysis.shared.statistics import Z
from data.panels.provinces import PROVINCES
from models.design import LAG

GREY, SOUND = "#8a8a8a", "sound"

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


def autoregressive(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw ρ of a dynamic column by estimator and panel, results/dynamic.csv.

    Estimates farther from 1 than `analysis.comparison.dynamic_figures.REACH` lie outside the
    frame.
    """
    lagged = rows[(rows["term"] == LAG) & rows["coef"].notna()]
    estimates = lagged.assign(estimator=lagged["estimator"].map(dynamic.label))
    estimates = estimates[["column", "panel", "estimator", "coef", "low", "high"]]
    pick = choose("column", list(dict.fromkeys(estimates["column"])), "Column")
    base = alt.Chart(estimates).transform_filter(pick)
    panels, names = (list(dict.fromkeys(estimates[name])) for name in ("panel", "estimator"))
    shared = {
        "y": alt.Y("estimator:N", title=None, axis=alt.Axis(labelLimit=150),
                   sort=sorted(names, key=lambda name: name == dynamic.PUBLISHED)),
        "yOffset": alt.YOffset("panel:N", sort=panels),
        "color": by_panel(panels),
        "tooltip": [
            alt.Tooltip("panel:N"), alt.Tooltip("estimator:N"),
            *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("coef", "low", "high")),
        ],
    }  # fmt: skip
    scale = alt.Scale(domain=[1 - REACH, 1 + REACH], zero=False)
    unit_root = (
        alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(x=alt.datum(1))
    )
    bars = base.mark_rule(strokeWidth=1.6, clip=True).encode(
        x=alt.X("low:Q", title="autoregressive coefficient ρ", scale=scale), x2="high:Q", **shared
    )
    # A layer without the scale would add zero to the others'.
    dots = base.mark_circle(size=45, opacity=1, clip=True).encode(
        x=alt.X("coef:Q", scale=scale), **shared
    )
    return sized(alt.layer(unit_root, bars, dots).add_params(pick), 380)


def responses(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw impulse responses, results/dynamic_effects.csv."""
    curves = dynamic.responses(rows)[["column", "panel", "year", "median", "low", "high"]]
    pick = choose("column", list(dict.fromkeys(curves["column"])), "Column")
    base = alt.Chart(curves).transform_filter(pick)
    shared = {
        "x": alt.X("year:Q", title="years after a change that lasted one"),
        "color": by_panel(list(dict.fromkeys(curves["panel"]))),
        "tooltip": [
            alt.Tooltip("panel:N"), alt.Tooltip("year:Q"),
            *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("median", "low", "high")),
        ],
    }  # fmt: skip
    zero = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(y=alt.datum(0))
    bands = base.mark_area(opacity=0.15).encode(
        y=alt.Y("low:Q", title="response of the outcome"), y2="high:Q", **shared
    )
    lines = base.mark_line(strokeWidth=1.6).encode(y="median:Q", **shared)
    return sized(alt.layer(zero, bands, lines).add_params(pick), 300)


def by_panel(panels: Sequence[str]) -> alt.Color:
    """Return a colour for each panel."""
    return alt.Color(
        "panel:N",
        sort=panels,
        title=None,
        scale=alt.Scale(domain=panels, range=list(colours(panels).values())),
        legend=alt.Legend(orient="top", columns=2, labelLimit=200),
    )


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
    return sized(alt.layer(zero, bars).add_params(pick), 340)


def universes(curves: pd.DataFrame, table: pd.DataFrame) -> alt.LayerChart:
    """Draw the sorted slopes of all universes, and the printed one at its place.

    Parameters
    ----------
    curves, table : DataFrame
        results/long/multiverse_curves.csv and results/long/multiverse.csv.
    """
    slope = curves[curves["what"] == "slope"]
    wide = slope.pivot(index=["column", "term", "bin"], columns="option", values="value")
    curve = wide.reset_index().rename(columns=lambda name: name.replace(" ", "_"))
    curve["cell"] = curve["column"] + " " + curve["term"]
    curve["share"] = (curve["bin"] + 0.5) / (curve["bin"].max() + 1)
    printed = pd.DataFrame(
        {
            "cell": table["column"] + " " + table["term"],
            "share": table["share_below_published"],
            "printed": table["published"],
            "from_": table["published"] - Z * table["published_se"],
            "to": table["published"] + Z * table["published_se"],
        }
    )
    pick = choose("cell", _headline_first(curve["cell"]), "Slope")
    base = alt.Chart(curve.drop(columns=["column", "term", "bin"])).transform_filter(pick)
    x = alt.X("share:Q", title="share of universes below", axis=alt.Axis(format="%"))
    bands = [
        base.mark_area(opacity=opacity, color=GREY, aria=False).encode(
            x=x, y=alt.Y(f"{kind}_low:Q", title="slope"), y2=f"{kind}_high:Q"
        )
        for kind, opacity in (("province", 0.2), ("conventional", 0.35))
        if f"{kind}_low" in curve
    ]
    line = base.mark_line(color=PALETTE[0]).encode(x=x, y="estimate:Q")
    zero = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(y=alt.datum(0))
    point = alt.Chart(printed).transform_filter(pick).encode(x=x)
    tip = [
        alt.Tooltip("printed:Q", format=".3f"),
        alt.Tooltip("share:Q", format=".1%", title="universes below"),
    ]
    bar = point.mark_rule(color=PALETTE[5], strokeWidth=1.6).encode(y="from_:Q", y2="to:Q")
    dot = point.mark_point(
        shape="diamond", size=80, filled=True, opacity=1, color=PALETTE[5]
    ).encode(y="printed:Q", tooltip=tip)
    return sized(alt.layer(*bands, zero, line, bar, dot).add_params(pick), 320)


def variance_shares(variance: pd.DataFrame) -> alt.LayerChart:
    """Draw each choice's share of the variance, results/long/multiverse_variance.csv."""
    shares = variance.assign(cell=variance["column"] + " " + variance["term"])
    shares = shares[["cell", "choice", "options", "main", "total"]]
    pick = choose("cell", _headline_first(shares["cell"]), "Slope")
    base = (
        alt.Chart(shares)
        .transform_filter(pick)
        .encode(
            y=alt.Y(
                "choice:N",
                title=None,
                axis=alt.Axis(labelLimit=150),
                sort=alt.EncodingSortField("total", op="max", order="descending"),
            ),
            tooltip=["choice:N", "options:Q"]
            + [alt.Tooltip(f"{name}:Q", format=".1%") for name in ("main", "total")],
        )
    )
    total = base.mark_bar(color=GREY, opacity=0.5).encode(
        x=alt.X("total:Q", title="share of variance: first-order and total effect",
                axis=alt.Axis(format="%"))
    )  # fmt: skip
    main = base.mark_bar(color=PALETTE[0]).encode(x="main:Q")
    return sized(alt.layer(total, main).add_params(pick), 280)


def _headline_first(cells: pd.Series) -> list[str]:
    """Return each slope once, the headline's before the others."""
    slopes = list(dict.fromkeys(cells))
    return sorted(slopes, key=lambda cell: not cell.startswith("3.2"))


def tiles(values: pd.DataFrame) -> alt.LayerChart:
    """Draw a tile for each province, coloured by one of several quantities.

    Parameters
    ----------
    values : DataFrame
        Columns `province, quantity, value`.
    """
    about = pd.DataFrame(
        [(p.name, p.zh, p.region, *TILES[p.name]) for p in PROVINCES],
        columns=["province", "zh", "region", "x", "y"],
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
            tooltip=[alt.Tooltip(name) for name in ("province:N", "zh:N", "region:N")]
            + [alt.Tooltip("value:Q", format=".3f"), alt.Tooltip("quantity:N")],
        )
    )
    fill = alt.Color("share:Q", scale=alt.Scale(scheme="viridis", domain=[0, 1]),
                     legend=alt.Legend(title="share of the largest", orient="bottom"))  # fmt: skip
    squares = base.mark_rect(stroke="white", strokeWidth=1.5).encode(color=fill)
    names = base.mark_text(fontSize=11).encode(
        text="zh:N",
        color=alt.condition("datum.share > 0.55", alt.value("black"), alt.value("white")),
    )
    return sized(alt.layer(squares, names).add_params(pick), 380)


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
                        header=alt.Header(labelAngle=0, labelAlign="left", labelOrient="top")),
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
