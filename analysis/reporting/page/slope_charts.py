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


def headline(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw the headline slope by method and panel.

    Parameters
    ----------
    rows : DataFrame
        Columns `kind, panel, mean, low, high`; the first row is the printed slope.
    """
    kinds = list(dict.fromkeys(rows["kind"]))
    ordered = rows.assign(
        order=range(len(rows)),
    )
    first = ordered.iloc[0]
    y = alt.Y("order:O", title=None, axis=None)
    colour = alt.Color(
        "kind:N",
        sort=kinds,
        title=None,
        legend=alt.Legend(orient="top"),
        scale=alt.Scale(domain=kinds, range=[GREY, PALETTE[1], PALETTE[0]]),
    )
    tip = [
        alt.Tooltip("kind:N"),
        alt.Tooltip("panel:N"),
        *(alt.Tooltip(f"{name}:Q", format=".3g") for name in ("mean", "low", "high")),
    ]
    base = alt.Chart(ordered)
    band = (
        alt.Chart(pd.DataFrame({"from_": [first["low"]], "to": [first["high"]]}))
        .mark_rect(opacity=0.15, color=GREY, aria=False)
        .encode(x=alt.X("from_:Q", title="slope"), x2="to:Q")
    )
    zero = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2).encode(
        x="low:Q", x2="high:Q", y=y, color=colour, tooltip=tip
    )
    dots = base.mark_point(size=60, filled=True, opacity=1).encode(
        x="mean:Q",
        y=y,
        color=colour,
        tooltip=tip,
        shape=alt.Shape(
            "kind:N",
            sort=kinds,
            legend=None,
            scale=alt.Scale(domain=kinds, range=["diamond", "circle", "square"]),
        ),
    )
    names = base.mark_text(
        align="left", baseline="bottom", dy=-4, fontSize=10.5, aria=False
    ).encode(x="low:Q", y=y, text="panel:N")
    return sized(alt.layer(band, zero, bars, dots, names), 34 * len(ordered) + 10)


def slopes(rows: pd.DataFrame) -> alt.LayerChart:
    """Draw estimates with 95 % intervals by step and panel, the published interval behind.

    Parameters
    ----------
    rows : DataFrame
        results/ladder.csv.
    """
    # A study without regions has steps off the ladder.
    steps = [step for step in dict.fromkeys((TWFE, *LADDER, *LABELS)) if step in set(rows["step"])]
    labels = {step: worded(LABELS[step]) for step in steps}
    names = list(labels.values())
    estimates = rows.assign(
        step=rows["step"].map(labels),
        cell=rows["column"] + " " + rows["term"],
        from_=rows["published"] - Z * rows["published_se"],
        to=rows["published"] + Z * rows["published_se"],
        health=[failing(*row) or SOUND for row in rows[["gate", "fits"]].itertuples(index=False)],
    )
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
                       legend=alt.Legend(orient="top", columns=2, labelLimit=200))  # fmt: skip
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
    zero = alt.Chart().mark_rule(strokeDash=[2, 3], color=GREY, aria=False).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=1.6).encode(
        x="low:Q", x2="high:Q", y=y, yOffset=offset, color=colour, tooltip=tip
    )
    dots = base.mark_point(size=45, opacity=1, filled=True).encode(
        x="estimate:Q", y=y, yOffset=offset, color=colour, tooltip=tip,
        shape=alt.Shape("health:N", legend=None,
                        scale=alt.Scale(domain=[SOUND, *FAILED.values()],
                                        range=["circle", *["cross"] * len(FAILED)])),
    )  # fmt: skip
    return sized(alt.layer(band, published, zero, bars, dots).add_params(pick), 320)


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
