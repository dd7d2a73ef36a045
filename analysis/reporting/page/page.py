"""Build the page: its sections as records, each made from results/ and traces/.

A section whose tables have not been made says so and names the command that makes them. All text
goes through the template's escaping or Great Tables'; only the project's own style and scripts
do not.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import vl_convert
from great_tables import GT
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.analyses import ANALYSES
from analysis.audit import run as audit
from analysis.claims import ledger
from analysis.comparison import dynamic as lagged
from analysis.comparison import power
from analysis.comparison.figures import LABELS
from analysis.replication.replicate import TITLES
from analysis.reporting.page import charts
from analysis.reporting.page.barg import checklist
from analysis.reporting.page.traces import Trace
from analysis.shared.analysis import Analysis
from analysis.shared.frames import matching
from analysis.shared.outputs import TEXT, Outputs
from analysis.shared.products import PRODUCTS, find, made_by
from analysis.shared.statistics import CERTAIN, written
from analysis.simulation.dynamic_study import ranking, verdict
from analysis.specifications import CONTROLS, HEADLINE, SPECIFICATIONS, evidence_model, home, select
from analysis.ye2024.claims import CLAIMS
from analysis.ye2024.decomposition.table import largest
from analysis.ye2024.multiverse import summarise
from data.files import read_csv, replacing
from data.panels.catalogue import FOLDER, PANELS, named_panels
from data.ye2024 import gaps, recollect
from data.ye2024.definitions import DESCRIBED
from models.bayesian.registry import LADDER
from models.design import Specification

TEMPLATES = Path(__file__).parent / "templates"

TITLE = "Which claims of Ye (2024) stand"

ZH = {
    "2": "描述性统计", "3": "基准回归结果", "4": "分维度基准回归结果", "5": "内生性检验结果",
    "6": "稳健性检验结果", "7": "机制检验结果", "8": "区域异质性检验结果",
}  # fmt: skip
"""Titles of the paper's tables."""

TONES = {
    "supported": "v-good",
    "supported, checks pending": "v-open",
    "contradicted": "v-bad",
    "partly contradicted": "v-bad",
    "not tested by the paper": "v-open",
}

EXACT = PANELS[-1].name


# --- blocks -------------------------------------------------------------------------------------

Block = dict[str, object]


def text(words: str) -> Block:
    """Return a paragraph."""
    return {"kind": "text", "text": words}


def missing(what: str, command: str) -> Block:
    """Return the sentence that something has not been made."""
    return {"kind": "missing", "what": what, "command": f"python -m analysis {command}"}


def table(frame: pd.DataFrame, caption: str, kind: str = "table", **more: object) -> Block:
    """Return a table of a frame, numbers with three significant digits at least.

    Great Tables' markup, which escapes all text, without the style that it brings along: the
    page has one of its own for screens, dark and light, and for paper.
    """
    heads = [str(name).replace("_", " ") for name in frame]
    numeric = [
        head
        for head, name in zip(heads, frame, strict=True)
        if pd.api.types.is_numeric_dtype(frame[name])
    ]
    cells = pd.DataFrame(
        [[shown(cell) for cell in row] for row in frame.itertuples(index=False)], columns=heads
    )
    made = GT(cells, rowname_col=heads[0], id=f"t-{_slug(caption)}").tab_header(caption)
    page = made.tab_stubhead(heads[0]).cols_align("right", numeric).as_raw_html()
    markup = page[page.index("<table") : page.index("</table>")] + "</table>"
    return {"kind": kind, "caption": caption, "markup": markup, "text": "", **more}


def _slug(words: str) -> str:
    return re.sub(r"\W+", "-", words.lower()).strip("-")


def folded(frame: pd.DataFrame, summary: str) -> Block:
    """Return a table that opens on request."""
    return table(frame, summary, "folded", summary=summary)


def shown(cell: object) -> str:
    """Return a cell as text: empty if missing, three decimals or three significant digits."""
    if isinstance(cell, (float, np.floating)):
        if np.isnan(cell):
            return ""
        if float(cell).is_integer() and abs(cell) < 1e7:
            return f"{cell:.0f}"
        return f"{cell:.3f}" if abs(cell) >= 0.01 else f"{cell:.3g}"
    return "" if cell is None or cell is pd.NA else str(cell)


@dataclass(frozen=True, eq=False)
class Made:
    """What there is to report.

    Attributes
    ----------
    results : Path
    traces : list of Trace
    drawn : dict
        Charts by name, as Vega-Lite; sections add theirs.
    """

    results: Path
    traces: list[Trace]
    drawn: dict[str, dict]

    def frame(self, name: str) -> pd.DataFrame | None:
        """Return a table of results/, None if it has not been made."""
        path = self.results / f"{name}.csv"
        if not path.is_file():
            return None
        found = read_csv(path, TEXT)
        return found if len(found) else None

    def chart(self, name: str, made: object, caption: str) -> Block:
        """Keep a chart for the page's script and return its place."""
        self.drawn[name] = charts.spec(made)
        return {"kind": "chart", "name": name, "caption": caption}


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Attributes
    ----------
    id, short, title, zh : str
        Anchor, name in the navigation, heading, and its Chinese term.
    make : callable
        From what there is to the section's blocks.
    """

    id: str
    short: str
    title: str
    zh: str
    make: Callable[[Made], Iterable[Block]]


# --- the sections -------------------------------------------------------------------------------


def answer(made: Made) -> Iterable[Block]:
    """Say which claims stand, and why not the others."""
    document = ledger.document(CLAIMS, made.results)
    found = document["claims"]
    counted = dict(ledger.counts(found))
    of = ", ".join(f"“{word}” {number}" for word, number in counted.items())
    yield text(
        f"Of {len(found)} claims: {of}. The author’s data were never published: the claims are "
        "judged on panels rebuilt from official series, by a rule that was written down before "
        "the results. P is the posterior probability of the claim (of a size: of its sign). On "
        f"“{EXACT}”, a panel made so that the printed numbers come out, P says what these numbers "
        "imply under the model; it does not count."
    )
    yield {"kind": "list", "rows": list(in_short(made, found))}
    yield text(
        f"A statement is for the claim from P = {CERTAIN} on, against it to P = {1 - CERTAIN:.3f}, "
        "and open between. Verdicts: "
        + "; ".join(f"“{word}”, {ledger.VERDICTS[word]}" for word in counted)
        + ". H1a, H1b and the size are one slope."
    )
    panels = [*ledger.EVIDENCE, *ledger.IMPLIED]
    lines = ledger.table(found).fillna("")
    rows = [
        {
            **{name: claim[name] for name in ("text", "zh", "id", "place", "verdict", "reason")},
            "printed": claim["printed"],
            "missing": claim["missing"],
            "p": [(name, line[name]) for name in panels],
            "tone": TONES.get(claim["verdict"], "v-open"),
            "evidence": evidence(claim),
        }
        for claim, line in zip(found, lines.to_dict("records"), strict=True)
    ]
    yield {"kind": "ledger", "rows": rows}
    yield {"kind": "folded", "summary": "The rule of the verdicts", "text": document["rule"]}


def in_short(made: Made, found: Sequence[Mapping]) -> Iterator[str]:
    """Say of the headline slope what it is, what moves it, and how far to trust it."""
    (record,) = select(HEADLINE[:1])
    (term,) = record.interest
    of_slope = {"column": record.column, "term": term}
    claim = next(each for each in found if each["column"] == record.column)
    after = {name: of["posterior"] for name, of in claim["panels"].items()}
    slopes = [
        f"{written(of['mean'], of['q025'], of['q975'])} on {name} (P = {of['probability']:.3f})"
        for name, of in after.items()
        if "mean" in of
    ]
    if slopes:
        yield (
            f"The slope of {term} on {record.outcome} ({record.column}), printed as "
            f"{claim['printed']}, is {', '.join(slopes)} by the main model."
        )
    ladder = made.frame("ladder")
    if ladder is not None:
        largest = matching(ladder, **of_slope, moves_most="yes")
        moves = [
            f"{LABELS[row.step]} (by {row.move:+.3f}, {row.panel})"
            for row in largest.itertuples(index=False)
        ]
        if moves:
            yield f"On the way from TWFE to it, the step that moves it most: {', '.join(moves)}."
    shares = made.frame("decomposition")
    if shares is not None:
        own = matching(shares, **of_slope, game="ingredients")
        own = own.assign(size=own["share"].abs()).sort_values("size")
        parts = [
            f"{row.player} on {row.panel} ({row.share:+.3f} of {row.end - row.start:+.3f})"
            for row in own.drop_duplicates("panel", keep="last").itertuples(index=False)
        ]
        if parts:
            yield f"What in the data parts TWFE from the printed slope most: {', '.join(parts)}."
    could = made.frame("power")
    if could is not None:
        yield f"{power.sentence(could)} So P is too sure of itself, on either side."


def evidence(claim: Mapping) -> Block | None:
    """Return what a claim's verdict rests on, panel by panel; None if there is nothing."""
    rows = []
    for name, of in (claim["panels"] | claim["implied"]).items():
        own, after = of["estimate"], of["posterior"]
        if not own:
            continue
        turned = [
            f"{kind}: {', '.join(named) or 'nothing'}"
            for kind, named in of.get("turns", {}).items()
            if named is not None
        ]
        mean = "mean" in after
        rows.append(
            {
                "panel": name,
                "estimate (SE)": f"{own['coef']:.3f}{own['stars']} ({own['se']:.3f})",
                "P wild": own.get("p_wild", np.nan),
                "ladder": " → ".join(f"{step['estimate']:.3f}" for step in of["ladder"]),
                "posterior": written(after["mean"], after["q025"], after["q975"]) if mean else "",
                "finding": after["finding"] if name in ledger.EVIDENCE else "does not count",
                "turned by": "; ".join(turned),
            }
        )
    return table(pd.DataFrame(rows), f"Evidence on {claim['id']}") if rows else None


def headline(made: Made) -> Iterable[Block]:
    """Show which step from TWFE to region slopes moves each slope."""
    ladder = made.frame("ladder")
    if ladder is None:
        yield missing("the ladder from TWFE to region slopes", "compare")
        return
    yield text(
        "From two-way fixed effects (TWFE), as the paper estimates, one thing is freed at a time: "
        "pooled effects with Mundlak terms, residual scales by region, slopes by region. The grey "
        "band is the published estimate with its 95 % interval; a cross is a fit that failed its "
        "gate."
    )
    yield made.chart(
        "ladder", charts.slopes(ladder),
        "Slope by panel and step, with 95 % intervals. Choose a column of the paper below the "
        "chart.",
    )  # fmt: skip
    columns = ["column", "term", "panel", "step", "estimate", "low", "high", "published"]
    yield folded(ladder[[*columns, "moves_most"]], "The ladder as a table")


def paper_tables(made: Made) -> Iterable[Block]:
    """Show each table of the paper in its layout with what this project finds in each cell."""
    replication = made.frame("replication")
    if replication is None:
        yield missing("the replication of Tables 2–8", "replicate")
        return
    comparison = made.frame("comparison")
    yield text(
        "In each cell: P printed; X the same estimator on the implied panel, which was made "
        "to meet the print; R on an official panel, rebuilt from official series; B the "
        f"posterior mean and 95 % interval of the model “{LADDER[-1]}” (Table 5: of the model with "
        "the lagged outcome) on that panel. Standard "
        "errors in parentheses (the paper’s notes call them t values)."
    )
    yield {"kind": "pick", "rows": list(ledger.EVIDENCE)}
    for number, rows in replication.groupby("table", sort=False):
        yield paper_table(number, rows, comparison)


def paper_table(number: str, rows: pd.DataFrame, comparison: pd.DataFrame | None) -> Block:
    """Lay one table out as the paper does."""
    block = {"kind": "paper", "caption": TITLES[number], "zh": ZH[number]}
    cells = dict(iter(rows.fillna({"term": ""}).groupby(["column", "term", "statistic"])))
    if number == "2":
        heads = ["n", "mean", "sd", "min", "max"]
        lines = [
            {"head": term, "cells": [_lines(cells.get(("2", term, s))) for s in heads]}
            for term in dict.fromkeys(rows["term"])
        ]
        return block | {"heads": ["variable", *heads], "rows": lines}
    records = [
        r for r in SPECIFICATIONS if r.table == number and (rows["column"] == r.column).any()
    ]
    terms = dict.fromkeys(term for record in records for term in record.interest)
    terms = [*(["L.y"] if records[0].dynamic else []), *terms, *CONTROLS, "const"]
    lines = []
    for term in terms:
        found = [_slope(record, term, cells, comparison) for record in records]
        if any(found):
            lines.append({"head": term, "cells": found})
    for statistic, head in WHOLE.items():
        found = [_lines(cells.get((record.column, "", statistic))) for record in records]
        if any(found):
            lines.append({"head": head, "cells": found})
    heads = [f"({r.column.split('.')[1]}) {r.outcome}, {r.title}" for r in records]
    return block | {"heads": ["term", *heads], "rows": lines}


WHOLE = {
    "n": "n", "r2": "R² (within)", "ar1_z": "AR(1) z", "ar1_p": "AR(1) P", "ar2_z": "AR(2) z",
    "ar2_p": "AR(2) P", "hansen_p": "Hansen P",
}  # fmt: skip
"""A table's last lines: statistics of whole columns."""


def _lines(own: pd.DataFrame | None) -> list[dict[str, str]]:
    """Return a cell of one statistic: printed, implied, official."""
    if own is None or own["published"].isna().all():
        return []
    printed = str(own["published"].iloc[0])
    decimals = len(printed.partition(".")[2])
    found = [{"tag": "P", "text": printed, "panel": ""}]
    for row in own.itertuples(index=False):
        line = f"{float(row.estimated):.{decimals}f}"
        found.append(_line_of(row.panel, line))
    return found


def _line_of(panel: str, line: str) -> dict[str, str]:
    if panel == EXACT:
        return {"tag": "X", "text": line, "panel": ""}
    return {"tag": "R", "text": line, "panel": panel}


def _slope(
    record: Specification, term: str, cells: Mapping, comparison: pd.DataFrame | None
) -> list[dict[str, str]]:
    """Return a coefficient's cell: b, stars and (s) of each, and the posterior."""
    of = {s: cells.get((record.column, term, s)) for s in ("coef", "se", "stars")}
    if of["coef"] is None:
        return []
    by_panel = {s: frame.set_index("panel") for s, frame in of.items() if frame is not None}
    found = []
    printed = by_panel["coef"]["published"].iloc[0]
    if isinstance(printed, str) or printed == printed:
        mark = by_panel["stars"]["published"].fillna("").iloc[0]
        line = f"{printed}{mark} ({by_panel['se']['published'].iloc[0]})"
        found.append({"tag": "P", "text": line, "panel": ""})
    for panel in by_panel["coef"].index:
        b, s = (float(by_panel[name]["estimated"][panel]) for name in ("coef", "se"))
        mark = by_panel["stars"]["estimated"].fillna("")[panel]
        found.append(_line_of(panel, f"{b:.3f}{mark} ({s:.3f})"))
    if comparison is None:
        return found
    whole, _ = home(record)
    at = {"column": record.column, "term": term, "model": evidence_model(record)}
    own = matching(comparison, **at, fitted_column=whole.column)
    for row in own[own["panel"] != EXACT].itertuples(index=False):
        gate = "" if row.gate == "pass" else " (failed its gate)"
        line = f"{written(row.mean, row.q025, row.q975)}{gate}"
        found.append({"tag": "B", "text": line, "panel": row.panel})
    return found


def regions(made: Made) -> Iterable[Block]:
    """Show slopes by region, their differences and order."""
    found = made.frame("region_slopes")
    if found is None:
        yield missing("the slopes by region", "compare")
        return
    yield made.chart(
        "regions", charts.by_region(found),
        "Posterior means and 95 % intervals of the slopes by region (east 东部, central 中部, west "
        "西部). Choose a column below the chart.",
    )  # fmt: skip
    for name, caption in (
        ("region_orders", "Probability of each order of the slopes"),
        ("region_differences", "Differences between regions, beside Table 8’s"),
    ):
        frame = made.frame(name)
        if frame is not None:
            yield folded(frame, caption)


def dynamic(made: Made) -> Iterable[Block]:
    """Show each estimator's root, what follows from the model's, and which is to be believed."""
    estimated, follows = made.frame("dynamic"), made.frame("dynamic_effects")
    if estimated is None or follows is None:
        yield missing("Table 5’s root by every estimator", "dynamic")
    else:
        yield text(
            "Table 5 has the outcome of the year before as one more regressor. Its root by the "
            "Bayesian model, conditional on each province’s first year, beside every other "
            "estimator on the same data; system GMM is the paper’s, under a declared instrument "
            "set."
        )
        yield made.chart(
            "roots", charts.roots(estimated),
            "Root of the lagged outcome with 95 % intervals, by estimator and panel; what lies "
            "outside the frame is in the tables. Choose a column below the chart.",
        )  # fmt: skip
        for (column, panel), rows in estimated.groupby(["column", "panel"], sort=False):
            caption = f"{column} on {panel}: coefficient, standard error, 95 % interval"
            yield folded(lagged.side_by_side(rows), caption)
        yield made.chart(
            "responses", charts.responses(follows),
            "What one more of indus, for one year, leaves of itself: posterior medians and 95 % "
            "bands. Choose a column below the chart.",
        )  # fmt: skip
        yield folded(
            follows[follows["quantity"] != "impulse"].drop(columns="year"),
            "Effects in the year itself and in the long run (of the share of draws with a root "
            "below 1), and half-lives in years",
        )
    found = made.frame("simulation")
    if found is None:
        yield missing("how each estimator does where the truth is known", "simulate")
    else:
        if estimated is not None:
            yield text(verdict.QUESTION)
            for words in verdict.answer(estimated, found, lagged.PUBLISHED).split("\n\n"):
                yield text(words)
        for term, rows in found.groupby("term", sort=False):
            yield folded(
                ranking.side_by_side(rows),
                f"Simulation, {term}: bias, root mean squared error and coverage of 95 % "
                "intervals; ✗ where these do not hold",
            )
    yield from gmm_choices(made)


def gmm_choices(made: Made) -> Iterable[Block]:
    """Show the grid of GMM choices."""
    grid = made.frame("gmm_grid")
    if grid is None:
        yield missing("Table 5 under every choice of instruments", "gmm-grid")
        return
    usable = grid[grid["problem"].isna()]
    spread = usable.groupby(["panel", "column"], sort=False).agg(
        estimations=("root", "size"),
        least_root=("root", "min"),
        median_root=("root", "median"),
        greatest_root=("root", "max"),
        explosive=("root", lambda roots: (roots >= 1).mean()),
        least_slope=("coef", "min"),
        greatest_slope=("coef", "max"),
    )
    yield table(
        spread.reset_index(),
        "Table 5 under every choice of instruments: roots (explosive: share of at least 1) and "
        "slopes of indus",
    )


def why(made: Made) -> Iterable[Block]:
    """Show why official and published slopes differ."""
    found = made.frame("decomposition")
    if found is None:
        yield missing("what in the data makes the slopes differ", "decompose")
        return
    yield text(
        "Where an official panel and the paper disagree in sign or by more than two standard "
        "errors, one ingredient after another is swapped for that of the panel on which the "
        "printed slope comes out; a share is the mean effect over all orders (Shapley). “Rest” is "
        "what that panel had to move a series away from official data."
    )
    yield made.chart(
        "waterfall", charts.waterfall(found),
        "From the official slope to the printed one, ingredient by ingredient. Choose a gap "
        "below the chart.",
    )  # fmt: skip
    own = largest(found)
    yield folded(own, "The largest shares of each gap")
    rest = found[(found["game"] != "ingredients") & found["column"].isin(HEADLINE)]
    yield folded(
        rest.drop(columns=["exact", "published", "published_se"]),
        "The same gaps by province, year and region (headline columns)",
    )


def multiverse(made: Made) -> Iterable[Block]:
    """Show every slope under all defensible choices."""
    found, curves = made.frame("multiverse"), made.frame("multiverse_curves")
    if found is None or curves is None:
        yield missing("every slope under all defensible choices", "multiverse")
        return
    yield text(
        f"{found['universes'].sum():,} combinations of choices, each with its reason in "
        "analysis/ye2024/multiverse/choices.py: the slopes of each column in their order, "
        "with the printed one at its place among them. Significant is a 95 % interval beyond zero "
        "on the side of the printed sign."
    )
    yield made.chart(
        "universes", charts.universes(curves, found),
        "Slopes of all universes in their order, with 95 % intervals (conventional, and clustered "
        "by province) and the printed slope. Choose one below the chart.",
    )  # fmt: skip
    yield table(summarise.shown(found), "Shares of sign and significance")
    variance = made.frame("multiverse_variance")
    if variance is not None:
        yield made.chart(
            "decides", charts.decides(variance),
            "What each choice decides: share of the variance of all slopes, by itself and with "
            "all that it interacts with. Choose a slope below the chart.",
        )  # fmt: skip
        yield folded(variance, "Shares of variance as a table")
    options = made.frame("multiverse_options")
    if options is not None:
        yield folded(options, "Mean slope and shares by option")


def provinces(made: Made) -> Iterable[Block]:
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
    distance = made.frame("distance")
    if distance is not None:
        own = distance[(distance["level"] == "province") & (distance["panel"] == EXACT)]
        values.append(
            own.rename(columns={"name": "province", "rms": "value"})[["province", "value"]].assign(
                quantity="moves of the implied panel, rms in sd"
            )
        )
    influence = made.frame("sensitivity_influence")
    if influence is not None:
        own = matching(influence, column="3.2", term="indus", region="average")
        own = own[own["model"] == LADDER[-1]]
        for panel, rows in own.groupby("panel", sort=False):
            values.append(
                rows.assign(value=rows["shift"], quantity=f"shift of 3.2 without it, {panel}, sd")[
                    ["province", "value", "quantity"]
                ]
            )
    else:
        yield missing("how far the slope moves without each province", "sensitivity 3.2")
    shares = made.frame("decomposition")
    if shares is not None:
        own = shares[(shares["game"] == "provinces") & (shares["column"] == "3.2")]
        for panel, rows in own.groupby("panel", sort=False):
            values.append(
                rows.rename(columns={"player": "province", "share": "value"}).assign(
                    quantity=f"share of 3.2’s gap, {panel}"
                )[["province", "value", "quantity"]]
            )
    stacked = pd.concat(values, ignore_index=True)
    yield made.chart(
        "tiles", charts.tiles(stacked),
        "A tile for each province, neighbours beside each other. Choose a quantity below the "
        "chart; point at a tile for its number.",
    )  # fmt: skip
    wide = stacked.pivot(index="province", columns="quantity", values="value").reset_index()
    yield folded(wide, "The same as a table")


def analyses(section: str) -> Callable[[Made], Iterable[Block]]:
    """Return what shows the analyses of one section, each by its record."""

    def blocks(made: Made) -> Iterable[Block]:
        for record in ANALYSES:
            if record.section == section:
                yield from of_analysis(record, made)

    return blocks


def of_analysis(record: Analysis, made: Made) -> Iterable[Block]:
    """Show the first table of an analysis: the headline's rows, and all on request."""
    rows = made.frame(record.tables[0])
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


def sensitivity(made: Made) -> Iterable[Block]:
    """Show priors, and what the slopes hang on."""
    for trace in made.traces:
        if (trace.column, trace.model, trace.panel) == ("3.2", LADDER[-1], PANELS[0].name):
            lines = pd.DataFrame(json.loads(trace.priors)["table"])
            kept = [c for c in ("name", "distribution", "scale", "centre", "reason") if c in lines]
            yield folded(lines[kept], f"Priors of {LADDER[-1]}, on the standardised scale, and why")
            break
    absent: dict[str, list[str]] = {}
    for name, what in (
        ("scales", "prior and posterior of each scale"),
        ("sensitivity_priors", "refits under other priors"),
        ("sensitivity_loo", "how well models foresee a province left out"),
        ("sensitivity_influence", "refits without each province"),
        ("sensitivity_years", "refits without each year"),
        ("sensitivity_power", "power-scaling"),
        ("calibration", "calibration of every model"),
    ):
        frame = made.frame(name)
        if frame is None:
            absent.setdefault(made_by(name), []).append(what)
            continue
        kept = frame.drop(columns=[c for c in ("key",) if c in frame]).head(400)
        cut = "" if len(frame) <= 400 else f" (the first 400 of {len(frame)} rows)"
        yield folded(kept, what.capitalize() + cut)
    for command, parts in absent.items():
        yield missing("; ".join(parts), command)


def health(made: Made) -> Iterable[Block]:
    """Show the diagnostics of every trace, one click away."""
    if not made.traces:
        yield missing("posteriors", "sample")
        return
    failed = [trace for trace in made.traces if trace.gate != "pass"]
    yield text(
        f"{len(made.traces) - len(failed)} of {len(made.traces)} fits pass their health gate. Open "
        "one for its numbers and rank plots."
    )
    if failed:
        yield {"kind": "traces", "rows": failed, "summary": ""}
    passed = [trace for trace in made.traces if trace.gate == "pass"]
    for panel, own in groupby(passed, key=lambda trace: trace.panel):
        listed = list(own)
        summary = f"{panel}: {len(listed)} fits that pass"
        yield {"kind": "traces", "rows": listed, "summary": summary}


def audited(made: Made) -> Iterable[Block]:
    """Show what the audit of the printed tables found."""
    found = made.frame("audit")
    if found is None:
        yield missing("the audit of the printed tables", "audit")
        return
    yield text(
        "Every printed number against every other that bounds it, the text, the equations and "
        "official data; intervals of what the printing leaves open, by rounding and truncation."
    )
    yield table(audit.summary(found), "Comparisons by result")
    kept = ["check", "place", "compared", "printed", "low", "high", "result"]
    yield folded(audit.findings(found)[kept], "What does not fit")


def provenance(made: Made) -> Iterable[Block]:
    """Say where everything comes from."""
    rows = []
    for name in named_panels():
        about = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        label = {kind.name: kind.label for kind in PANELS}[name]
        rows.append({"panel": name, "what it is": label, "sha256": about["sha256"]})
    yield table(pd.DataFrame(rows), "The panels")
    if made.traces:
        first = made.traces[0]
        versions = pd.DataFrame(sorted(json.loads(first.versions).items()))
        yield folded(versions.set_axis(["package", "version"], axis=1), "Versions of the fits")
    document = ledger.document(CLAIMS, made.results)["inputs"]
    inputs = pd.DataFrame(document.items(), columns=["table", "sha256"])
    yield table(inputs, "What the ledger was made from")


def barg(made: Made) -> Iterable[Block]:
    """Fill in the Bayesian analysis reporting guidelines."""
    yield text(
        "Kruschke (2021), Bayesian Analysis Reporting Guidelines, Nature Human Behaviour "
        "5:1282–1291: each point with what answers it here."
    )
    frames = {name: made.frame(name) is not None for name in (product.name for product in PRODUCTS)}
    yield table(checklist(made.traces, frames), "BARG checklist")


SECTIONS = (
    Section("answer", "Which claims stand", "Which claims stand", "结论", answer),
    Section("ladder", "Ladder", "Which step moves the slope", "", headline),
    Section("tables", "Tables 2–8", "The paper’s tables", "表 2–8", paper_tables),
    Section("regions", "Regions", "Slopes by region", "区域异质性", regions),
    Section("dynamic", "Dynamics", "The dynamic panel", "内生性检验", dynamic),
    Section("why", "Why they differ", "Why official and published differ", "", why),
    Section("multiverse", "Multiverse", "Under every defensible choice", "", multiverse),
    Section("provinces", "Provinces", "The 31 provinces", "31 个省份", provinces),
    Section(
        "power", "Power", "What the rows could find, and who carries it", "", analyses("power")
    ),
    Section("sensitivity", "Sensitivity", "Priors and sensitivity", "稳健性", sensitivity),
    Section("audit", "Audit", "Audit of the printed tables", "", audited),
    Section("health", "Diagnostics", "Health of every fit", "", health),
    Section("barg", "BARG", "Reporting guidelines", "", barg),
    Section("provenance", "Provenance", "Where everything comes from", "数据来源", provenance),
)
"""The page in its order; a new section is a record here."""


def render(made: Made) -> str:
    """Render the page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = [
        {
            **{name: getattr(section, name) for name in ("id", "short", "title", "zh")},
            "blocks": list(section.make(made)),
        }
        for section in SECTIONS
    ]
    own = {name: (TEMPLATES / name).read_text(encoding="utf-8") for name in OWN}
    return environment.get_template("page.html.j2").render(
        title=TITLE,
        sections=sections,
        charts=made.drawn,
        traces={
            trace.name: {"ranks": trace.ranks, "energy": trace.energy} for trace in made.traces
        },
        shapes={"ranks": charts.spec(charts.ranks()), "energy": charts.spec(charts.energy())},
        bundle=vl_convert.javascript_bundle(),
        style=own["style.css"],
        script=own["page.js"],
    )


OWN = ("style.css", "page.js")
"""Files that go into the page as they are."""


def write(outputs: Outputs, traces: list[Trace]) -> Path:
    """Write results/report.html, whole or not at all."""
    path = outputs.results / "report.html"
    page = render(Made(outputs.results, traces, {}))
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path
