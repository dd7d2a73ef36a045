"""Sections of the page on the verdicts with their evidence, and on the headline slope."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from analysis.claims import ledger
from analysis.claims.records import VINTAGES
from analysis.comparison.figures import LABELS
from analysis.reporting.page import answers, slope_charts
from analysis.reporting.page.blocks import Block, Results, folded, missing, table, text
from analysis.reporting.page.tables import EXACT
from analysis.shared.digits import estimate, with_interval, with_spread
from analysis.shared.frames import matching
from analysis.shared.statistics import CERTAIN
from analysis.specifications import CONTROLS, HEADLINE, select
from models.bayesian.registry import LADDER, MAIN, find

TONES = {
    "supported": "v-good",
    "supported, checks pending": "v-open",
    "contradicted": "v-bad",
    "contradicted, checks pending": "v-bad",
    "partly contradicted": "v-bad",
    "not tested by the paper": "v-open",
}


def verdicts(results: Results) -> Iterable[Block]:
    """Show a line for each claim, with its evidence on opening, and the rule."""
    document = results.ledger
    claims = document["claims"]
    panels = ["mixture", *ledger.EVIDENCE, *ledger.IMPLIED]
    lines = ledger.table(claims).fillna("")
    rows = [
        {
            **{name: claim[name] for name in ("text", "zh", "id", "place", "verdict")},
            "reason": claim["reason"] + _before(claim),
            "printed": claim["printed"],
            "missing": claim["missing"],
            "p": [(name, line[name]) for name in panels],
            "tone": TONES.get(claim["verdict"], "v-open"),
            "evidence": evidence(claim),
        }
        for claim, line in zip(claims, lines.to_dict("records"), strict=True)
    ]
    yield {"kind": "claims", "rows": rows}
    yield {"kind": "folded", "summary": "The rule of the verdicts", "text": _rule(document)}
    first = "The rule’s first edition"
    yield {"kind": "folded", "summary": first, "text": document["first edition"]}


def _rule(document: Mapping) -> str:
    """Say what the verdicts that were given mean, and the rule in full."""
    numbers = dict(ledger.counts(document["claims"]))
    words = "\n".join(f"{word}: {document['verdicts'][word]}" for word in numbers)
    return (
        f"P is the posterior probability of a claim by the model {MAIN} (Table 5: by the model "
        f"with the lagged outcome). A statement is for the claim from P = {CERTAIN} on, against "
        f"it to P = {1 - CERTAIN:.3f}, and open between. What counts is the mixture of "
        f"{' and '.join(VINTAGES)}. On {EXACT} it does not count. H1a, H1b and the size are one "
        f"slope.\n\n{words}\n\n{document['rule']}"
    )


def _before(claim: Mapping) -> str:
    """Say what the first edition's verdict was, and what changed it."""
    if not claim["first edition"]:
        return ""
    why = f", changed by {claim['changed']}" if claim["changed"] else ""
    return f" By the rule’s first edition: {claim['first edition']}{why}."


def counted(results: Results) -> str:
    """Count the verdicts, and those that differ from the first edition's."""
    claims = results.ledger["claims"]
    counts = ", ".join(f"{number} {word}" for word, number in ledger.counts(claims))
    changed = sum(bool(claim["changed"]) for claim in claims)
    before = f" {changed} differ from the rule’s first edition." if changed else ""
    return f"Of {len(claims)} claims: {counts}.{before} Open a line for its evidence on each panel."


def evidence(claim: Mapping) -> Block | None:
    """Return the evidence of a claim's verdict, panel by panel; None if there is none."""
    rows = []
    for name, of_panel in (claim["panels"] | claim["implied"]).items():
        twfe, fitted = of_panel["estimate"], of_panel["posterior"]
        if not twfe:
            continue
        reversed_by = [
            f"{kind}: {', '.join(reversing) or 'nothing'}"
            for kind, reversing in of_panel.get("turns", {}).items()
            if reversing is not None
        ]
        has_mean = "mean" in fitted
        rows.append(
            {
                "panel": name,
                "estimate (SE)": with_spread(twfe["coef"], twfe["se"], stars=twfe["stars"]),
                "P wild": twfe.get("p_wild", np.nan),
                "ladder": " → ".join(estimate(step["estimate"]) for step in of_panel["ladder"]),
                "posterior": with_interval(fitted["mean"], fitted["q025"], fitted["q975"])
                if has_mean
                else "",
                "fits": fitted.get("fits", ""),
                "finding": fitted["finding"] if name in claim["weights"] else "does not count",
                "reversed by": "; ".join(reversed_by),
            }
        )
    return table(pd.DataFrame(rows), f"Evidence on {claim['id']}") if rows else None


def headline(results: Results) -> Iterable[Block]:
    """Show the ladder from TWFE to the main model."""
    ladder = results.frame("ladder")
    if ladder is None:
        yield missing("the ladder from TWFE to the main model", "compare")
        return
    yield results.chart(
        "ladder", slope_charts.slopes(ladder),
        f"From two-way fixed effects (TWFE) to the main model, step by step: "
        f"{', '.join(LABELS[step] for step in LADDER)}. Slope by panel and step, with 95 % "
        "intervals; the band is the published interval, a cross a fit that fails its diagnostics "
        "or predictive checks. Choose a column below the chart.",
    )  # fmt: skip
    columns = ["column", "term", "panel", "step", "estimate", "low", "high", "published"]
    columns += ["moves_most", *(name for name in ("fits", "size", "coverage") if name in ladder)]
    yield folded(
        ladder[columns],
        "The ladder as a table: size on data sets without a slope, coverage on those with one",
    )


def controls(results: Results) -> Iterable[Block]:
    """Say which controls of the headline column change their sign, and show them all."""
    replication, comparison = results.frame("replication"), results.frame("comparison")
    if replication is None or comparison is None:
        return
    (record,) = select(HEADLINE[:1])
    rows, flipped = [], []
    for term in CONTROLS:
        cell = {"column": record.column, "term": term}
        cells = matching(replication, **cell, statistic="coef")
        fits = matching(comparison, **cell, model=MAIN)
        cells, fits = (frame[frame["panel"].isin(ledger.EVIDENCE)] for frame in (cells, fits))
        if cells.empty or fits.empty:
            continue
        printed, estimated = float(cells["published"].iloc[0]), cells["estimated"].astype(float)
        rows += [
            {
                "control": term,
                "panel": fit.panel,
                "printed": str(cells["published"].iloc[0]),
                "two-way fixed effects": estimate(estimated[cells["panel"] == fit.panel].iloc[0]),
                f"posterior ({MAIN})": with_interval(fit.mean, fit.q025, fit.q975),
            }
            for fit in fits.itertuples(index=False)
        ]
        beyond = (fits["q025"] > 0) if printed < 0 else (fits["q975"] < 0)
        if beyond.any():
            flipped.append(
                f"{term} (printed {cells['published'].iloc[0]}, two-way fixed effects "
                f"{answers.span(estimated)}, posterior {answers.span(fits['mean'])})"
            )
    if not rows:
        return
    if flipped:
        yield text(
            f"Controls whose posterior has the other sign: {'; '.join(flipped)}. The two answer "
            "different questions. Least squares weighs all provinces alike, so a control that "
            "grows fastest where the index grows least takes up the provinces’ trends. The model "
            "weighs a province by its residual variance: " + find(MAIN).sentence.rstrip(".") + "."
        )
    yield folded(pd.DataFrame(rows), "The controls: printed, two-way fixed effects, posterior")
