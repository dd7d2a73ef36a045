"""Sections of the page on the fits, the printed numbers and where everything comes from."""

import json
from collections.abc import Iterable
from itertools import groupby

import pandas as pd

from analysis.audit import run as audit
from analysis.claims import ledger
from analysis.reporting.page.barg import checklist
from analysis.reporting.page.blocks import Block, Made, folded, missing, table, text
from analysis.shared.products import PRODUCTS
from analysis.ye2024.claims import CLAIMS
from data.panels.catalogue import FOLDER, PANELS, named_panels


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
