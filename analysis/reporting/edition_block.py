"""The computed parts of the data's README on what better data changed."""

import json

import numpy as np
import pandas as pd

from analysis.reporting.readme_blocks import markdown
from analysis.specifications import HEADLINE
from analysis.ye2024.editions import FIRST, TODAY, first_of, shown
from data.panels.catalogue import EDITION, FOLDER, PANELS
from data.panels.panel import load_panel

START = PANELS[0].name
"""The panel that the implied one is nearest to."""


def editions(table: pd.DataFrame) -> str:
    """Render the headline's claims by the official panels' first edition and by today's.

    Claims about one slope share a row.

    Parameters
    ----------
    table : DataFrame
        results/long/editions.csv.
    """
    headline = table[table["column"].isin(HEADLINE)]
    slope = [headline[name] for name in ("column", "panel", "term")]
    names = headline.groupby(slope, sort=False)["claim"].transform(", ".join)
    cells = shown(headline.assign(claim=names)).drop_duplicates(["claim", "panel"])
    cells["panel"] = [f"`{panel}`" for panel in cells["panel"]]
    for edition in (FIRST, TODAY):
        values = cells[f"P, {edition}"]
        cells[f"P, {edition}"] = ["" if np.isnan(p) else f"{p:.3f}" for p in values]
    return markdown(cells)


def distances(table: pd.DataFrame) -> str:
    """Render how far the implied panel of each edition lies from its official one, by series.

    Parameters
    ----------
    table : DataFrame
        results/long/distance.csv.
    """
    about = json.loads((FOLDER / EDITION).with_suffix(".json").read_text(encoding="utf-8"))
    before = pd.Series(about["implied"]["rms_sd"])
    today = table[table["level"] == "series"].set_index("name")["rms"].loc[before.index]
    frames = [load_panel(name, tuple(before.index)).frame for name in (first_of(START), START)]
    first_sd, sd = (frame[before.index].std() for frame in frames)
    columns = {
        "first edition": before,
        "today": today,
        "today, in the first edition's sd": today * sd / first_sd,
    }
    by_series = pd.DataFrame(columns)
    overall = np.sqrt((by_series**2).mean())
    rows = pd.concat([by_series.sort_values("today", ascending=False), overall.to_frame("all").T])
    rendered = rows.map("{:.3f}".format).rename_axis("series").reset_index()
    nearer = int((today < before).sum())
    lies = "nearer to" if overall["today"] < overall["first edition"] else "no nearer to"
    return (
        f"Today's implied panel lies {lies} its official one than the first edition's did: "
        f"{overall['today']:.3f} standard deviations against {overall['first edition']:.3f}. "
        f"{nearer} of {len(today)} series moved less.\n\n{markdown(rendered)}"
    )
