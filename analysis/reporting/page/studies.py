"""Sections of the page on dynamics, decomposition, multiverse, influence and sensitivity."""

import json
from collections.abc import Callable, Iterable

import pandas as pd

from analysis.analyses import ANALYSES
from analysis.comparison import dynamic as lagged
from analysis.reporting.page import charts
from analysis.reporting.page.blocks import Block, Results, folded, missing, table, text
from analysis.reporting.page.tables import EXACT
from analysis.shared.analysis import Analysis
from analysis.shared.frames import matching
from analysis.shared.products import find, made_by
from analysis.simulation.dynamic_study import ranking, verdict
from analysis.specifications import HEADLINE
from analysis.ye2024.decomposition.table import largest
from analysis.ye2024.multiverse import summarise
from data.panels.catalogue import PANELS
from data.ye2024 import gaps, recollect
from data.ye2024.definitions import DESCRIBED
from models.bayesian.registry import LADDER


def dynamic(results: Results) -> Iterable[Block]:
    """Show each estimator's ρ, the model's dynamic effects, and the recommended estimator."""
    estimated, follows = results.frame("dynamic"), results.frame("dynamic_effects")
    if estimated is None or follows is None:
        yield missing("Table 5’s autoregressive coefficient ρ by estimator", "dynamic")
    else:
        yield text(
            "Table 5 adds the lagged outcome. Its coefficient ρ is estimated by the Bayesian "
            "model, conditional on each province’s first year, and by every other estimator on "
            "the same data. System GMM is the paper’s, under a declared instrument set."
        )
        yield results.chart(
            "autoregressive", charts.autoregressive(estimated),
            "Autoregressive coefficient ρ with 95 % intervals, by estimator and panel. Estimates "
            "outside the frame are in the tables. Choose a column below the chart.",
        )  # fmt: skip
        for (column, panel), rows in estimated.groupby(["column", "panel"], sort=False):
            caption = f"{column} on {panel}: coefficient, standard error, 95 % interval"
            yield folded(lagged.side_by_side(rows), caption)
        yield results.chart(
            "responses", charts.responses(follows),
            "Impulse response to one more of indus for one year: posterior medians and 95 % "
            "bands. Choose a column below the chart.",
        )  # fmt: skip
        yield folded(
            follows[follows["quantity"] != "impulse"].drop(columns="year"),
            "Impact and long-run effects (of the share of draws with ρ < 1), and half-lives in "
            "years",
        )
    simulated = results.frame("simulation")
    if simulated is None:
        yield missing("bias and coverage of each estimator in simulations", "simulate")
    else:
        if estimated is not None:
            yield text(verdict.QUESTION)
            for words in verdict.answer(estimated, simulated, lagged.PUBLISHED).split("\n\n"):
                yield text(words)
        for term, rows in simulated.groupby("term", sort=False):
            yield folded(
                ranking.side_by_side(rows),
                f"Simulation, {term}: bias, root mean squared error and coverage of 95 % "
                "intervals; ✗ where coverage fails",
            )
    yield from gmm_choices(results)


def gmm_choices(results: Results) -> Iterable[Block]:
    """Show the grid of GMM choices."""
    grid = results.frame("gmm_grid")
    if grid is None:
        yield missing("Table 5 under every choice of instruments", "gmm-grid")
        return
    usable = grid[grid["problem"].isna()]
    spread = usable.groupby(["panel", "column"], sort=False).agg(
        estimations=("rho", "size"),
        least_rho=("rho", "min"),
        median_rho=("rho", "median"),
        greatest_rho=("rho", "max"),
        explosive=("rho", lambda values: (values >= 1).mean()),
        least_slope=("coef", "min"),
        greatest_slope=("coef", "max"),
    )
    yield table(
        spread.reset_index(),
        "Table 5 under every choice of instruments: ρ (explosive: share of at least 1) and "
        "slopes of indus",
    )


def why(results: Results) -> Iterable[Block]:
    """Show why official and published slopes differ."""
    decomposed = results.frame("decomposition")
    if decomposed is None:
        yield missing("Shapley decomposition of the slopes’ differences", "decompose")
        return
    yield text(
        "Where an official panel and the paper disagree in sign or by more than two standard "
        "errors, one ingredient after another is swapped for that of the panel on which the "
        "printed slope comes out; a share is the mean effect over all orders (Shapley). “Rest” is "
        "what that panel had to move a series away from official data."
    )
    yield results.chart(
        "waterfall", charts.waterfall(decomposed),
        "From the official slope to the printed one, ingredient by ingredient. Choose a gap "
        "below the chart.",
    )  # fmt: skip
    largest_shares = largest(decomposed)
    yield folded(largest_shares, "The largest shares of each gap")
    other_games = decomposed[
        (decomposed["game"] != "ingredients") & decomposed["column"].isin(HEADLINE)
    ]
    yield folded(
        other_games.drop(columns=["exact", "published", "published_se"]),
        "The same gaps by province, year and region (headline columns)",
    )


def multiverse(results: Results) -> Iterable[Block]:
    """Show the multiverse of every slope."""
    universes, curves = results.frame("multiverse"), results.frame("multiverse_curves")
    if universes is None or curves is None:
        yield missing("multiverse of every slope", "multiverse")
        return
    yield text(
        f"{universes['universes'].sum():,} combinations of choices, each with its reason in "
        "analysis/ye2024/multiverse/choices.py: the slopes of each column in their order, "
        "with the printed one at its place among them. Significant is a 95 % interval beyond zero "
        "on the side of the printed sign."
    )
    yield results.chart(
        "universes", charts.universes(curves, universes),
        "Slopes of all universes in their order, with 95 % intervals (conventional, and clustered "
        "by province) and the printed slope. Choose one below the chart.",
    )  # fmt: skip
    yield table(summarise.shown(universes), "Shares of sign and significance")
    variance = results.frame("multiverse_variance")
    if variance is not None:
        yield results.chart(
            "variance", charts.variance_shares(variance),
            "Each choice’s share of the variance of all slopes: first-order and total effect. "
            "Choose a slope below the chart.",
        )  # fmt: skip
        yield folded(variance, "Shares of variance as a table")
    options = results.frame("multiverse_options")
    if options is not None:
        yield folded(options, "Mean slope and shares by option")


def provinces(results: Results) -> Iterable[Block]:
    """Map effects, moves and filled cells by province."""
    dataset = recollect.load()
    codes = dataset["filled"].sel(vintage="census4", series=list(DESCRIBED["produ"].series))
    filled = (codes != gaps.CODES["observed"]).mean(["series", "year"])
    values = [
        pd.DataFrame(
            {
                "province": filled["province"].to_numpy(),
                "quantity": "index cells that no yearbook prints, share",
                "value": filled.to_numpy(),
            }
        )
    ]
    distance = results.frame("distance")
    if distance is not None:
        rows_of = distance[(distance["level"] == "province") & (distance["panel"] == EXACT)]
        values.append(
            rows_of.rename(columns={"name": "province", "rms": "value"})[
                ["province", "value"]
            ].assign(quantity="moves of the implied panel, rms in sd")
        )
    influence = results.frame("sensitivity_influence")
    if influence is not None:
        rows_of = matching(influence, column="3.2", term="indus", region="average")
        rows_of = rows_of[rows_of["model"] == LADDER[-1]]
        for panel, rows in rows_of.groupby("panel", sort=False):
            values.append(
                rows.assign(value=rows["shift"], quantity=f"shift of 3.2 without it, {panel}, sd")[
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
                    quantity=f"share of 3.2’s gap, {panel}"
                )[["province", "value", "quantity"]]
            )
    stacked = pd.concat(values, ignore_index=True)
    yield results.chart(
        "tiles", charts.tiles(stacked),
        "A tile for each province, neighbours beside each other. Choose a quantity below the "
        "chart; point at a tile for its number.",
    )  # fmt: skip
    wide = stacked.pivot(index="province", columns="quantity", values="value").reset_index()
    yield folded(wide, "The same as a table")


def analyses(section: str) -> Callable[[Results], Iterable[Block]]:
    """Return what shows the analyses of one section, each by its record."""

    def blocks(results: Results) -> Iterable[Block]:
        for record in ANALYSES:
            if record.section == section:
                yield from of_analysis(record, results)

    return blocks


def of_analysis(record: Analysis, results: Results) -> Iterable[Block]:
    """Show the first table of an analysis: the headline's rows, and all on request."""
    rows = results.frame(record.tables[0])
    if rows is None:
        yield missing(find(record.tables[0]).sentence, record.command)
        return
    if record.words:
        yield text(record.words(rows))
    shown_rows = record.summary(rows)
    headline_rows = shown_rows[shown_rows["column"].isin(HEADLINE)]
    if len(headline_rows):
        yield table(headline_rows, f"{record.sentence}: headline columns")
    if len(headline_rows) < len(shown_rows):
        yield folded(shown_rows, f"{record.sentence}: every column")


def sensitivity(results: Results) -> Iterable[Block]:
    """Show priors, and the sensitivity of slopes to priors, provinces and years."""
    for trace in results.traces:
        if (trace.column, trace.model, trace.panel) == ("3.2", LADDER[-1], PANELS[0].name):
            lines = pd.DataFrame(json.loads(trace.priors)["table"])
            kept = [c for c in ("name", "distribution", "scale", "centre", "reason") if c in lines]
            yield folded(lines[kept], f"Priors of {LADDER[-1]}, on the standardised scale, and why")
            break
    absent: dict[str, list[str]] = {}
    for name, what in (
        ("scales", "prior and posterior of each scale"),
        ("sensitivity_priors", "refits under other priors"),
        ("sensitivity_loo", "out-of-sample accuracy by leave-one-province-out"),
        ("sensitivity_influence", "leave-one-province-out refits"),
        ("sensitivity_years", "leave-one-year-out refits"),
        ("sensitivity_power", "power-scaling"),
        ("calibration", "simulation-based calibration of every model"),
    ):
        frame = results.frame(name)
        if frame is None:
            absent.setdefault(made_by(name), []).append(what)
            continue
        kept = frame.drop(columns=[c for c in ("key",) if c in frame]).head(400)
        cut = "" if len(frame) <= 400 else f" (the first 400 of {len(frame)} rows)"
        yield folded(kept, what.capitalize() + cut)
    for command, parts in absent.items():
        yield missing("; ".join(parts), command)
