"""Sections of the page on the verdicts with their evidence, and on the headline slope."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.claims import ledger
from analysis.claims.evidence import posterior
from analysis.claims.records import VINTAGES, Claim
from analysis.comparison.captions import failing
from analysis.comparison.figures import LABELS
from analysis.comparison.ladder import TWFE
from analysis.reporting.page import answers, slope_charts
from analysis.reporting.page.blocks import Block, Results, folded, missing, text
from analysis.reporting.page.tables import EXACT
from analysis.shared.digits import estimate, with_interval, with_spread
from analysis.shared.frames import matching
from analysis.shared.statistics import CERTAIN
from analysis.specifications import CONTROLS, HEADLINE, select
from data.panels.catalogue import DRAWN
from models.bayesian.registry import LADDER, MAIN, find

TONES = {
    "supported": "v-good",
    "supported, checks pending": "v-open",
    "contradicted": "v-bad",
    "contradicted, checks pending": "v-bad",
    "partly contradicted": "v-bad",
    "not tested by the paper": "v-open",
}


FULL = (
    (r"It does so without", r"Agglomeration promotes productive forces without"),
    (r"It does not inhibit", r"Agglomeration does not inhibit"),
    (r"It still (promotes|inhibits) them", r"Agglomeration \1 productive forces"),
    (r"It still (promotes|inhibits) (.*)", r"Agglomeration \1 \2 given last year's index"),
    (r"So too (.*)", r"Agglomeration promotes \1 given last year's index"),
    (r"It holds", r"The effect on productive forces holds"),
    (r"It (promotes|inhibits|eases)", r"Agglomeration \1"),
    (r"(In the \w+) it (promotes|inhibits) them", r"\1 agglomeration \2 productive forces"),
)
"""Claims that lean on the claim before, and what is said of each alone; the first that fits."""

NEAR = 0.05
"""A probability within this of 0 or 1, of a claim that is open, is nearly against or for it."""

NO_NUMBER = "–"


def full(statement: str) -> str:
    """Return a claim, or several between semicolons, so that each can be read alone."""
    return "; ".join(map(_alone, statement.split("; ")))


def _alone(claim: str) -> str:
    for leaning, words in FULL:
        if re.match(leaning, claim):
            return re.sub(rf"^{leaning}", words, claim)
    return claim


def worded_verdict(verdict: str, probability: float | None) -> str:
    """Return the verdict on a sign, and where it is open to which side it is near."""
    if verdict != "inconclusive" or probability is None:
        return verdict
    if probability < NEAR:
        return f"{verdict}, nearly against"
    return f"{verdict}, nearly for" if probability > 1 - NEAR else verdict


def verdicts(results: Results) -> Iterable[Block]:
    """Show a line for each claim, with its evidence on opening, and the rule."""
    document = results.ledger
    claims = document["claims"]
    panels = ["mixture", *ledger.EVIDENCE, *ledger.IMPLIED]
    lines = ledger.table(claims).fillna("")
    tables = Drawn.of(results)
    rows = [
        {
            **{name: claim[name] for name in ("zh", "id", "place")},
            "text": full(claim["text"]),
            "verdict": worded_verdict(claim["verdict"], claim["probability"]),
            "size": "" if claim["magnitude"] == claim["verdict"] else claim["magnitude"],
            "reason": claim["reason"].replace(DRAWN, ", gaps drawn,") + _before(claim),
            "printed": claim["printed"],
            "missing": claim["missing"],
            "probability": line["mixture"] or NO_NUMBER,
            "p": [(name, line[name]) for name in panels],
            "tone": TONES.get(claim["verdict"], "v-open"),
            "evidence": evidence(claim, tables),
        }
        for claim, line in zip(claims, lines.to_dict("records"), strict=True)
    ]
    yield {"kind": "claims", "rows": rows, "heads": HEADS}
    yield {"kind": "folded", "summary": "The rule of the verdicts", "text": _rule(document)}
    first = "The rule’s first edition"
    yield {"kind": "folded", "summary": first, "text": document["first edition"]}


HEADS = ("sign", "size", "claim", "printed slope (standard error)", "P of the claim")
"""Of the list of claims."""


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


@dataclass(frozen=True)
class Drawn:
    """What the rule reads of panels whose gaps were drawn many times.

    Attributes
    ----------
    tables : mapping
        From `analysis.claims.evidence.read`.
    posteriors, estimates : DataFrame
        results/long/imputed_posteriors.csv and imputed.csv, empty where they were not made.
    """

    tables: Mapping[str, pd.DataFrame]
    posteriors: pd.DataFrame
    estimates: pd.DataFrame

    @classmethod
    def of(cls, results: Results) -> "Drawn":
        """Read the tables of results."""
        names = ("imputed_posteriors", "imputed")
        frames = [results.frame(name) for name in names]
        stored = [pd.DataFrame() if frame is None else frame for frame in frames]
        return cls(ledger.read(results.folder), *stored)

    def draws(self, panel: str) -> int:
        """Return how many times a panel's gaps were drawn."""
        return int(matching(self.posteriors, panel=panel)["draws"].max())

    def row(self, claim: Mapping, panel: str) -> dict[str, str]:
        """Return the evidence of all draws of a panel together."""
        record = Claim(**{name: claim[name] for name in RECORD})
        fitted = posterior(record, panel, self.tables)
        cell = {"panel": panel, "column": claim["column"], "term": claim["term"]}
        pooled = matching(self.estimates, **cell) if len(self.estimates) else self.estimates
        slopes = [with_spread(row.mean, row.se) for row in pooled.head(1).itertuples()]
        return {
            "panel": f"{panel.removesuffix(DRAWN)}, gaps drawn {self.draws(panel)} times",
            "estimate (SE)": "".join(slopes),
            "posterior": _interval(fitted),
            "fits": fitted.get("fits", ""),
            "finding": f"counts: {fitted['finding']}",
        }


RECORD = ("id", "text", "zh", "place", "column", "term", "kind")
"""Fields of a claim's record."""


def _interval(fitted: Mapping) -> str:
    names = ("mean", "q025", "q975")
    return with_interval(*(fitted[name] for name in names)) if "mean" in fitted else ""


def evidence(claim: Mapping, drawn: Drawn) -> Block | None:
    """Return the evidence of a claim's verdict, what counts first; None if there is none."""
    weights = list(claim["weights"])
    listed = claim["panels"] | claim["implied"]
    rows = [drawn.row(claim, name) for name in weights if name not in listed]
    for name, of_panel in listed.items():
        twfe, fitted = of_panel["estimate"], of_panel["posterior"]
        if not twfe:
            continue
        reversed_by = [
            f"{kind}: {', '.join(reversing) or 'nothing'}"
            for kind, reversing in of_panel.get("turns", {}).items()
            if reversing is not None
        ]
        p_wild = twfe.get("p_wild", np.nan)
        rows.append(
            {
                "panel": name,
                "estimate (SE)": with_spread(twfe["coef"], twfe["se"], stars=twfe["stars"]),
                "P wild": "" if pd.isna(p_wild) else f"{p_wild:.3f}",
                "ladder": " → ".join(estimate(step["estimate"]) for step in of_panel["ladder"]),
                "posterior": _interval(fitted),
                "fits": fitted.get("fits", ""),
                "finding": _counting(name, fitted, weights, drawn),
                "reversed by": "; ".join(reversed_by),
            }
        )
    if not rows:
        return None
    return {
        "kind": "cards",
        "caption": f"Evidence on {claim['id']}",
        "heads": list(EVIDENCE_HEADS.values()),
        "rows": [[row.get(name, "") for name in EVIDENCE_HEADS] for row in rows],
    }


EVIDENCE_HEADS = {
    "panel": "panel",
    "posterior": "posterior",
    "finding": "finding",
    "estimate (SE)": "estimate (SE)",
    "P wild": "P, wild bootstrap",
    "ladder": "ladder",
    "fits": "predictive checks",
    "reversed by": "reversed by",
}
"""Columns of the evidence in their order, what matters most first."""


def _counting(panel: str, fitted: Mapping, weights: Sequence[str], drawn: Drawn) -> str:
    """Say whether a panel counts, or what replaces it."""
    if panel in weights:
        return f"counts: {fitted['finding']}"
    if f"{panel}{DRAWN}" in weights:
        times = drawn.draws(f"{panel}{DRAWN}")
        return f"replaced by the row with gaps drawn {times} times"
    return "does not count"


def headline(results: Results) -> Iterable[Block]:
    """Show the ladder from TWFE to the main model."""
    ladder = results.frame("ladder")
    if ladder is None:
        yield missing("the ladder from TWFE to the main model", "compare")
        return
    yield results.chart(
        "ladder", slope_charts.slopes(ladder, numbered=True),
        f"Slope by panel and step from two-way fixed effects (TWFE) to the main model: "
        f"{steps_in_words(ladder)}. Bars are 95 % intervals; the band is the printed one, around "
        "the printed slope. Choose a column below the chart.",
    )  # fmt: skip
    columns = ["column", "term", "panel", "step", "estimate", "low", "high", "published"]
    columns += ["moves_most", *(name for name in ("fits", "size", "coverage") if name in ladder)]
    yield folded(
        ladder[columns],
        "The ladder as a table: size on data sets without a slope, coverage on those with one",
    )


def steps_in_words(ladder: pd.DataFrame) -> str:
    """Return the numbered steps of the ladder, each a clause with what it fails, if anything."""
    clauses = []
    listed = [step for step in (TWFE, *LADDER) if step in set(ladder["step"])]
    for i, step in enumerate(listed, 1):
        fits = matching(ladder, **answers.OF_SLOPE, step=step)
        reasons = dict.fromkeys(failing(*row) for row in fits[["gate", "fits"]].to_numpy())
        why = " and ".join(filter(None, reasons))
        clauses.append(f"({i}) {LABELS[step]}{f', which {why}' if why else ''}")
    return "; ".join(clauses)


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
