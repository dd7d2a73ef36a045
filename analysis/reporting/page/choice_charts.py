"""The page's charts of the multiverse and of power, as Vega-Lite specifications."""

import altair as alt
import pandas as pd

from analysis.comparison.dynamic import LEVEL
from analysis.reporting.page.charts import GREY, choose, headline_first, sized
from analysis.shared.plotting import PALETTE
from analysis.shared.statistics import INTERVALS, POWER, Z


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
    pick = choose("cell", headline_first(curve["cell"]), "Slope")
    base = alt.Chart(curve.drop(columns=["column", "term", "bin"])).transform_filter(pick)
    x = alt.X("share:Q", title="share of universes below", axis=alt.Axis(format="%"))
    intervals = {kind: words for kind, words in OF_BANDS.items() if f"{kind}_low" in curve}
    names = ["slope", *intervals.values(), "printed slope"]
    greys = ["#9a9a9a", "#6a6a6a"][: len(intervals)]
    legend = alt.Legend(orient="top", columns=2, labelLimit=260, symbolOpacity=0.7,
                        symbolType="square")  # fmt: skip
    scale = alt.Scale(domain=names, range=[PALETTE[0], *greys, PALETTE[5]])

    colour = alt.Color("is:N", sort=names, scale=scale, legend=legend, title=None)
    bands = [
        named(base.mark_area(opacity=0.4, aria=False), words).encode(
            x=x, y=alt.Y(f"{kind}_low:Q", title="slope"), y2=f"{kind}_high:Q", color=colour
        )
        for kind, words in intervals.items()
    ]
    line = named(base.mark_line(), "slope").encode(x=x, y="estimate:Q", color=colour)
    zero = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(y=alt.datum(0))
    point = alt.Chart(printed).transform_filter(pick).encode(x=x, color=colour)
    tip = [
        alt.Tooltip("printed:Q", format=".3f"),
        alt.Tooltip("share:Q", format=".1%", title="universes below"),
    ]
    bar = named(point.mark_rule(strokeWidth=1.6), "printed slope").encode(y="from_:Q", y2="to:Q")
    dot = named(
        point.mark_point(shape="diamond", size=80, filled=True, opacity=1), "printed slope"
    ).encode(y="printed:Q", tooltip=tip)
    return sized(alt.layer(*bands, zero, line, bar, dot).add_params(pick), 320)


def named(layer: alt.Chart, words: str) -> alt.Chart:
    """Give the marks of a layer a name, the field `is`, for a key over all layers."""
    return layer.transform_calculate(**{"is": f"'{words}'"})


OF_BANDS = {
    "province": "95 % interval, clustered by province",
    "conventional": "95 % interval, conventional",
}
"""Intervals of the multiverse, the wider behind."""


def variance_shares(variance: pd.DataFrame) -> alt.LayerChart:
    """Draw each choice's share of the variance, results/long/multiverse_variance.csv."""
    shares = variance.assign(
        cell=variance["column"] + " " + variance["term"],
        choice=variance["choice"].map(choice_label),
    )
    shares = shares[["cell", "choice", "options", "main", "total"]]
    pick = choose("cell", headline_first(shares["cell"]), "Slope")
    base = (
        alt.Chart(shares)
        .transform_filter(pick)
        .encode(
            y=alt.Y(
                "choice:N",
                title=None,
                axis=alt.Axis(labelLimit=200),
                sort=alt.EncodingSortField("total", op="max", order="descending"),
            ),
            tooltip=["choice:N", "options:Q"]
            + [alt.Tooltip(f"{name}:Q", format=".1%") for name in ("main", "total")],
        )
    )
    alone, together = "by itself (first-order)", "with interactions (total)"
    scale = alt.Scale(domain=[alone, together], range=[PALETTE[0], "#c4c4c4"])
    legend = alt.Legend(orient="top", columns=1, labelLimit=260)
    axis = alt.Axis(format="%", tickCount=5)

    colour = alt.Color("is:N", scale=scale, legend=legend, title=None)
    layers = [
        named(base.mark_bar(), words).encode(
            x=alt.X(f"{name}:Q", title="share of variance", axis=axis), color=colour
        )
        for name, words in (("total", together), ("main", alone))
    ]
    return sized(alt.layer(*layers).add_params(pick), 280)


CHOICES = {
    "accounts": "vintage of the accounts",
    "winsorised": "winsorised variables",
    "gap_rule": "rule for gaps",
    "tibet": "Tibet’s missing series",
    "elasticity": "elasticity of capital",
    "employment": "basis of employment",
    "effects": "fixed effects",
    "sample": "provinces and years",
}
"""What choices of the multiverse are called on the page, where their names are not words."""


def choice_label(name: str) -> str:
    """Return what a choice of the multiverse is called."""
    return CHOICES.get(name, name.replace("_", " "))


def power_curves(curves: pd.DataFrame, power: pd.DataFrame) -> alt.LayerChart:
    """Draw power by the true slope and kind of interval, and the printed slope without its sign.

    Parameters
    ----------
    curves, power : DataFrame
        results/long/power_curves.csv and results/long/power.csv, of one panel.
    """
    lines = curves.assign(
        cell=curves["column"] + " " + curves["term"], interval=curves["test"].map(INTERVALS)
    )
    printed = power.assign(cell=power["column"] + " " + power["term"])
    printed = printed[["cell", "published"]].drop_duplicates("cell")
    names = [words for words in INTERVALS.values() if words in set(lines["interval"])]
    pick = choose("cell", headline_first(lines["cell"]), "Slope")
    legend = alt.Legend(orient="top", columns=2, labelLimit=260, symbolType="stroke",
                        symbolStrokeWidth=2)  # fmt: skip
    base = alt.Chart(lines.drop(columns=OF_FILE, errors="ignore")).transform_filter(pick)
    curve = base.mark_line(strokeWidth=2).encode(
        x=alt.X("slope:Q", title="true slope, without its sign"),
        y=alt.Y("power:Q", title="intervals that exclude zero", scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format="%")),
        color=alt.Color("interval:N", sort=names, title=None, legend=legend,
                        scale=alt.Scale(domain=names, range=list(PALETTE)[: len(names)])),
        tooltip=["interval:N", alt.Tooltip("slope:Q", format=".3g"),
                 alt.Tooltip("power:Q", format=".0%")],
    )  # fmt: skip
    at_printed = alt.Chart(printed).transform_filter(pick).encode(x="published:Q")
    rule = at_printed.mark_rule(strokeDash=[2, 3], color=GREY, aria=False)
    words = {f"{POWER:.0%}": POWER, f"nominal {LEVEL:.0%}": LEVEL}
    levels = alt.Chart(pd.DataFrame({"at": words.values(), "words": words.keys()}))
    across = levels.mark_rule(strokeDash=[6, 4], color=GREY, aria=False).encode(y="at:Q")
    name = at_printed.mark_text(baseline="bottom", fontSize=12, aria=False).encode(
        y=alt.value(-3), text=alt.value("printed slope")
    )
    return sized(alt.layer(across, rule, name, curve).add_params(pick), 210)


OF_FILE = ["panel", "column", "term", "test"]
