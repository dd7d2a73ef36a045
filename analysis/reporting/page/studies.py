"""Sections of the page on dynamics, decomposition, multiverse, influence and sensitivity."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pandas as pd

from analysis.analyses import ANALYSES
from analysis.claims.records import VINTAGES
from analysis.comparison import dynamic as lagged
from analysis.reporting.page import charts, choice_charts
from analysis.reporting.page.blocks import Block, Results, folded, missing, text
from analysis.reporting.page.tables import EXACT
from analysis.shared.analysis import Analysis, Chart, Frames, Item, Methods, Missing, Table
from analysis.shared.frames import MOST, headed, matching
from analysis.shared.products import find
from analysis.specifications import current
from data.panels.catalogue import PANELS
from data.panels.panel import load_named
from data.ye2024 import gaps, recollect
from data.ye2024.definitions import DESCRIBED
from models.bayesian.registry import MAIN


def dynamic(results: Results) -> Iterable[Block]:
    """Show each estimator's ρ, the model's dynamic effects, and the recommended estimator."""
    yield from of_lag(
        results,
        "Table 5 adds the lagged outcome. Its coefficient ρ is estimated by the Bayesian "
        "model, conditional on each province’s first year, and by every other estimator on "
        "the same data. System GMM is the paper’s, under a declared instrument set.",
        "Table 5’s autoregressive coefficient ρ by estimator",
        "indus",
    )
    yield from analyses("dynamic")(results)


def of_lag(results: Results, opening: str, what: str, term: str) -> Iterable[Block]:
    """Show ρ of dynamic columns by estimator, and what follows of effects over years.

    Parameters
    ----------
    results : Results
    opening : str
        What is said first.
    what : str
        What is missing if it has not been made.
    term : str
        The regressor whose effects are shown.
    """
    estimated, follows = results.frame("dynamic"), results.frame("dynamic_effects")
    if estimated is None or follows is None:
        yield missing(what, "dynamic")
        return
    yield text(opening)
    yield results.chart(
        "autoregressive", charts.autoregressive(estimated),
        "Autoregressive coefficient ρ with 95 % intervals, by estimator and panel; what is printed "
        "is drawn once. Estimates farther from 1 are in the tables. Choose a column below the "
        "chart.",
    )  # fmt: skip
    for column, rows in estimated.groupby("column", sort=False):
        caption = f"{column}: coefficient, standard error, 95 % interval by panel"
        by_panel = [
            lagged.side_by_side(of_panel).assign(panel=panel)
            for panel, of_panel in rows.groupby("panel", sort=False)
        ]
        stacked = pd.concat(by_panel)
        yield folded(stacked[["panel", *stacked.columns.drop("panel")]], caption)
    if (follows["quantity"] == "impulse").any():
        yield results.chart(
            "responses", charts.responses(follows),
            f"Impulse response to one more unit of {term} for one year: lines are posterior "
            f"medians, bands 95 % intervals.{unit(term)} Choose a column below the chart.",
        )  # fmt: skip
    yield folded(
        follows[follows["quantity"] != "impulse"].drop(columns="year"),
        "Impact and long-run effects (of the share of draws with ρ < 1), and half-lives in years",
    )


def unit(term: str) -> str:
    """Say how much one unit of a regressor is, on the paper's panels; empty of a study."""
    if current().path is not None:
        return ""
    sizes = []
    for panel in VINTAGES:
        frame = load_named(panel, (term,)).frame
        sizes.append((frame[term] - frame.groupby("province")[term].transform("mean")).std(ddof=0))
    least, greatest = f"{min(sizes):.3f}", f"{max(sizes):.3f}"
    size = least if least == greatest else f"{least} to {greatest}"
    return f" One unit is much: the standard deviation of {term} within provinces is {size}."


def provinces(results: Results) -> Iterable[Block]:
    """Map effects, moves and filled cells by province."""
    values = []
    influence = results.frame("sensitivity_influence")
    if influence is not None:
        rows_of = matching(influence, column="3.2", term="indus", region="average", model=MAIN)
        counting = rows_of["panel"].isin(VINTAGES)
        for panel, rows in pd.concat([rows_of[counting], rows_of[~counting]]).groupby(
            "panel", sort=False
        ):
            quantity = f"shift of slope 3.2 without the province, in posterior sd ({panel})"
            values.append(
                rows.assign(value=rows["shift"], quantity=quantity)[
                    ["province", "value", "quantity"]
                ]
            )
    else:
        yield missing("influence of each province on the slope", "sensitivity 3.2")
    shares = results.frame("decomposition")
    if shares is not None:
        rows_of = shares[(shares["game"] == "provinces") & (shares["column"] == "3.2")]
        for panel, rows in rows_of.groupby("panel", sort=False):
            values.append(
                rows.rename(columns={"player": "province", "share": "value"}).assign(
                    quantity=f"part of the gap of slope 3.2 to the printed one ({panel})"
                )[["province", "value", "quantity"]]
            )
    distance = results.frame("distance")
    if distance is not None:
        rows_of = distance[(distance["level"] == "province") & (distance["panel"] == EXACT)]
        values.append(
            rows_of.rename(columns={"name": "province", "rms": "value"})[
                ["province", "value"]
            ].assign(quantity="distance of the implied panel from official data, rms in sd")
        )
    values.append(_filled())
    stacked = pd.concat(values, ignore_index=True)
    yield results.chart(
        "tiles", charts.tiles(stacked),
        "A tile for each province, neighbours beside each other, blue below zero and orange above. "
        "Choose a quantity below the chart; point at a tile for its number.",
    )  # fmt: skip
    wide = stacked.pivot(index="province", columns="quantity", values="value").reset_index()
    yield folded(wide, "The same as a table")


def _filled() -> pd.DataFrame:
    """Return the share of each province's index cells that no yearbook prints."""
    codes = recollect.load()["filled"]
    codes = codes.sel(vintage="census4", series=list(DESCRIBED["produ"].series))
    filled = (codes != gaps.CODES["observed"]).mean(["series", "year"])
    return pd.DataFrame(
        {
            "province": filled["province"].to_numpy(),
            "value": filled.to_numpy(),
            "quantity": "share of the index’s cells that no yearbook prints",
        }
    )


def analyses(section: str) -> Callable[[Results], Iterable[Block]]:
    """Return what shows the analyses of one section, each by its record; of a study, its own."""

    def blocks(results: Results) -> Iterable[Block]:
        for record in ANALYSES:
            if record.section == section and (record.studies or current().path is None):
                yield from of_analysis(record, results)

    return blocks


def of_analysis(record: Analysis, results: Results) -> Iterator[Block]:
    """Show an analysis by its record."""
    methods = record.methods()
    items = methods.page or partial(_by_summary, record, methods)
    for item in items(results.frame):
        match item:
            case str(words):
                yield text(words)
            case Missing(what):
                yield missing(what, record.command)
            case Table(title, frame):
                yield folded(frame, title)
            case Chart(kind, frames, caption, name):
                draw = next(getattr(m, kind) for m in (charts, choice_charts) if hasattr(m, kind))
                yield results.chart(name or kind, draw(*frames), caption)


def _by_summary(record: Analysis, methods: Methods, frame: Frames) -> Iterator[Item]:
    """Show the first table of an analysis: the headline's rows, and all on request."""
    rows = frame(record.tables[0])
    if rows is None:
        yield Missing(find(record.tables[0]).sentence)
        return
    if methods.words:
        yield methods.words(rows)
    shown_rows = methods.summary(rows) if methods.summary else rows
    if "column" not in shown_rows:  # methods, say
        yield Table(record.sentence, shown_rows)
        return
    headline_rows = shown_rows[shown_rows["column"].isin(current().headline)]
    if len(headline_rows):
        yield Table(f"{record.sentence}: headline columns", headline_rows)
    if len(headline_rows) < len(shown_rows):
        yield Table(f"{record.sentence}: every column", shown_rows, folded=True)


def sensitivity(results: Results) -> Iterable[Block]:
    """Show priors, and the sensitivity of slopes to priors, provinces and years."""
    for trace in results.traces:
        if (trace.column, trace.model, trace.panel) == ("3.2", MAIN, PANELS[0].name):
            lines = pd.DataFrame(json.loads(trace.priors)["table"])
            columns = [
                c for c in ("name", "distribution", "scale", "centre", "reason") if c in lines
            ]
            yield folded(lines[columns], f"Priors of {MAIN}, on the standardised scale, and why")
            break
    scales = results.frame("scales")
    if scales is None:
        yield missing("prior and posterior of each scale", "compare")
    else:
        yield folded(scales.head(MOST), headed("prior and posterior of each scale", scales))
    yield from analyses("sensitivity")(results)
