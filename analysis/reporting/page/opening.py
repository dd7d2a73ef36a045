"""The first screen: the question, its answer, the headline picture, four numbers."""

from collections.abc import Iterable, Iterator

import pandas as pd

from analysis.claims import ledger
from analysis.claims.records import VINTAGES
from analysis.comparison.captions import failing
from analysis.comparison.dynamic import LEVEL
from analysis.reporting.page import answers, slope_charts
from analysis.reporting.page.blocks import Block, Results, missing, text
from analysis.reporting.page.tables import EXACT
from analysis.shared.frames import matching
from analysis.shared.statistics import Z
from analysis.specifications import HEADLINE
from models.bayesian.registry import MAIN


def opening(results: Results) -> Iterable[Block]:
    """Show picture and numbers, and say what a panel is."""
    slopes = estimates(results)
    if slopes.empty:
        yield missing("the headline slope", "compare")
    else:
        title = f"slope of {answers.TERM} on {answers.BASELINE.outcome}"
        drawn = slope_charts.headline(slopes, title)
        chart = results.chart("headline", drawn, caption(results))
        yield {"kind": "first", "chart": chart, "numbers": list(numbers(results))}
    if reason := answers.why(results, of_headline(results)):
        yield text(reason)
    yield text(
        "The author’s data were never published, so every number names its panel, a table of "
        "provinces and years. Two of them count, each of one vintage of the national accounts: "
        "official-census4 as revised after the fourth economic census, official-as_published as "
        "first published. The panel official mixes vintages to meet the paper’s Table 2. On "
        f"{EXACT} the printed numbers come out by construction."
    )


def caption(results: Results) -> str:
    """Say what the bars of the first chart are, and where clustered errors would move one."""
    return " ".join(
        [
            f"Slope of {answers.TERM} ({answers.BASELINE.column}), n = {_rows(results)}. Bars are "
            "95 % intervals, conventional for the paper’s method, two-way fixed effects. The band "
            "is the printed one.",
            *_clustered(results),
        ]
    )


def _clustered(results: Results) -> Iterator[str]:
    """Say of panels whose conventional interval excludes zero what clustered errors give."""
    replication = results.frame("replication")
    if replication is None:
        return
    cells = matching(replication, **answers.OF_SLOPE)
    for panel in ledger.EVIDENCE:
        of_panel = cells[cells["panel"] == panel].set_index("statistic")["estimated"]
        if not {"coef", "se", "p_wild"} <= set(of_panel.index):
            continue
        slope, se, p = (float(of_panel[name]) for name in ("coef", "se", "p_wild"))
        if abs(slope) > Z * se:
            has = "includes zero too" if p > LEVEL else "excludes zero too"
            yield (
                f"With errors clustered by province (wild bootstrap), that on {panel} {has} "
                f"(P = {p:.3f})."
            )


def estimates(results: Results) -> pd.DataFrame:
    """Return the printed slope, least squares and posteriors: `kind, label, mean, low, high`."""
    rows = []
    replication, posteriors = results.frame("replication"), answers.posteriors(results)
    if replication is not None:
        cells = matching(replication, **answers.OF_SLOPE)
        for panel in [name for name in ledger.EVIDENCE if (cells["panel"] == name).any()]:
            of_panel = cells[cells["panel"] == panel].set_index("statistic")
            printed = [float(of_panel["published"][name]) for name in ("coef", "se")]
            estimated = [float(of_panel["estimated"][name]) for name in ("coef", "se")]
            if not rows:
                rows.append(_line("printed", PRINTED, *printed))
            rows.append(_line("paper’s method", _label("paper’s method", panel), *estimated))
    if posteriors is not None:
        kind = f"model {MAIN}"
        rows += [
            {"kind": kind, "label": _label(kind, row.panel, failing(row.gate, row.fits)),
             "mean": row.mean, "low": row.q025, "high": row.q975}
            for row in posteriors.itertuples(index=False)
        ]  # fmt: skip
    return pd.DataFrame(rows, columns=["kind", "label", "mean", "low", "high"])


PRINTED = f"printed|(Table {HEADLINE[0].replace('.', ', column ')})"
"""Name of the first row."""


def _label(kind: str, panel: str, why: str = "") -> str:
    """Name a row in two lines: its method and panel, and why it counts for no verdict."""
    if panel in VINTAGES:
        return f"{kind},|{panel}{f' ({why})' if why else ''}"
    return f"{kind}, {panel}|({why or 'counts for no verdict'})"


def _line(kind: str, label: str, slope: float, se: float) -> dict:
    return {"kind": kind, "label": label, "mean": slope, "low": slope - Z * se,
            "high": slope + Z * se}  # fmt: skip


def _rows(results: Results) -> str:
    """Return the printed number of rows of the headline column."""
    cells = matching(results.frame("replication"), column=HEADLINE[0], statistic="n")
    return str(cells["published"].iloc[0]) if len(cells) else "not printed"


def of_headline(results: Results) -> dict:
    """Return the ledger's entry of the headline claim."""
    return next(c for c in results.ledger["claims"] if c["column"] == HEADLINE[0])


def numbers(results: Results) -> Iterator[dict[str, str]]:
    """Yield the four numbers: `value` and `label`."""
    claims, of_slope = results.ledger["claims"], of_headline(results)
    yield {"value": of_slope["printed"], "label": "printed slope (standard error)"}
    rows, shares = answers.posteriors(results), answers.size(results)
    if rows is not None and len(rows):
        yield {
            "value": answers.span(rows["mean"]),
            "label": f"posterior means by the model {MAIN}, on {len(rows)} official panels",
        }
    if "twfe" in shares:
        ours = f"; in {shares[MAIN]:.0%} by {MAIN}" if MAIN in shares else ""
        few, cells = answers.outside(results)
        ours += f", which covers too rarely in {few} of {cells} settings" if few else ""
        yield {
            "value": f"{shares['twfe']:.0%}",
            "label": "of simulated data sets without a slope have a 95\u00a0% interval beyond zero "
            f"by the paper’s method{ours}",
        }
    else:
        yield {"value": "–", "label": "false-positive rate: python -m analysis candidates"}
    supported = sum(claim["verdict"].startswith("supported") for claim in claims)
    others = (f"{n} {word}" for word, n in ledger.counts(claims) if not word.startswith("supp"))
    yield {
        "value": f"{supported} of {len(claims)}",
        "label": f"claims of the paper are supported by official data; {', '.join(others)}",
    }
