"""Sections of the page on diagnostics, the audit, guidelines and provenance."""

import json
from collections.abc import Iterable
from itertools import groupby

import pandas as pd

from analysis.audit import run as audit
from analysis.reporting.page.barg import checklist
from analysis.reporting.page.blocks import Block, Results, folded, missing, text
from analysis.shared.products import PRODUCTS, below
from data.panels.catalogue import FOLDER, PANELS, named_panels, together


def health(results: Results) -> Iterable[Block]:
    """Show the diagnostics of every trace, one click away."""
    if not results.traces:
        yield missing("posteriors", "sample")
        return
    failed = [trace for trace in results.traces if trace.gate != "pass"]
    yield text(
        "Diagnostics ask for even weights of independent draws (Pareto k̂), and of chains for R̂ "
        "of 1.01 at most, enough effective draws and no divergences. Predictive checks ask whether "
        "residuals are as the model simulates them: a fit may pass one and fail the other. Open a "
        "panel, then a fit, for its numbers and rank plots."
    )
    if failed:
        summary = f"{len(failed)} fits that fail"
        yield {"kind": "traces", "rows": failed, "summary": summary}
    passed = [trace for trace in results.traces if trace.gate == "pass"]
    for panel, traces in groupby(passed, key=lambda trace: together(trace.panel)):
        listed = list(traces)
        summary = f"{panel}: {len(listed)} fits that pass"
        yield {"kind": "traces", "rows": listed, "summary": summary}


def audited(results: Results) -> Iterable[Block]:
    """Show the results of the audit of the printed tables."""
    comparisons = results.frame("audit")
    if comparisons is None:
        yield missing("the audit of the printed tables", "audit")
        return
    yield text(
        "Every printed number against every other that bounds it, the text, the equations and "
        "official data, by intervals of each printed number under rounding and truncation."
    )
    yield folded(audit.summary(comparisons), "Comparisons by result")
    columns = ["check", "place", "compared", "printed", "low", "high", "result"]
    yield folded(audit.findings(comparisons)[columns], "Inconsistent numbers")


def provenance(results: Results) -> Iterable[Block]:
    """Show versions, data and code behind the results."""
    rows = []
    for name in named_panels():
        about = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        label = {kind.name: kind.label for kind in PANELS}[name]
        rows.append({"panel": name, "what it is": label, "sha256": about["sha256"]})
    yield folded(pd.DataFrame(rows), "The panels")
    if results.traces:
        first = results.traces[0]
        versions = pd.DataFrame(sorted(json.loads(first.versions).items()))
        yield folded(versions.set_axis(["package", "version"], axis=1), "Versions of the fits")
    document = results.ledger["inputs"]
    inputs = pd.DataFrame(document.items(), columns=["table", "sha256"])
    yield folded(inputs, "What the ledger was made from")


def barg(results: Results) -> Iterable[Block]:
    """Fill in the Bayesian analysis reporting guidelines."""
    yield text(
        "Kruschke (2021), Bayesian Analysis Reporting Guidelines, Nature Human Behaviour "
        "5:1282–1291: each point with its answer here."
    )
    frames = {product.name: below(results.folder, product.name).is_file() for product in PRODUCTS}
    yield folded(checklist(results.traces, frames), "The guidelines, point by point")
