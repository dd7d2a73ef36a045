"""Sections of the page on the verdicts with their evidence, and on the headline slope."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.claims import ledger
from analysis.claims.second_edition import VINTAGES
from analysis.comparison import power
from analysis.comparison.figures import LABELS
from analysis.reporting.page import charts
from analysis.reporting.page.blocks import Block, Results, folded, missing, table, text
from analysis.reporting.page.tables import EXACT
from analysis.shared.frames import matching
from analysis.shared.statistics import CERTAIN, written
from analysis.specifications import HEADLINE, select
from analysis.ye2024.claims import CLAIMS
from models.bayesian.registry import LADDER, MAIN, find

TONES = {
    "supported": "v-good",
    "supported, checks pending": "v-open",
    "contradicted": "v-bad",
    "contradicted, checks pending": "v-bad",
    "partly contradicted": "v-bad",
    "not tested by the paper": "v-open",
}


def answer(results: Results) -> Iterable[Block]:
    """Show the verdicts on the claims, each with its reason."""
    document = ledger.document(CLAIMS, results.folder)
    claims = document["claims"]
    counted = dict(ledger.counts(claims))
    of = ", ".join(f"“{word}” {number}" for word, number in counted.items())
    yield text(
        f"Of {len(claims)} claims: {of}. The author’s data were never published: the claims are "
        "judged on panels rebuilt from official series, by a rule that was written down before "
        f"the results. P is the posterior probability of the printed sign by the model “{MAIN}” "
        "(Table 5: by the model with the lagged outcome). What counts is the mixture of "
        f"{' and '.join(VINTAGES)}. On "
        f"“{EXACT}”, a panel made so that the printed numbers come out, P says what these numbers "
        "imply under the model; it does not count."
    )
    yield {"kind": "list", "rows": list(in_short(results, claims))}
    yield text(
        f"A statement is for the claim from P = {CERTAIN} on, against it to P = {1 - CERTAIN:.3f}, "
        "and open between. Verdicts: "
        + "; ".join(f"“{word}”, {ledger.VERDICTS[word]}" for word in counted)
        + ". H1a, H1b and the size are one slope, and one row."
    )
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
    yield {"kind": "ledger", "rows": rows}
    rules = {"The rule of the verdicts": "rule", "Its first edition": "first edition"}
    for summary, name in rules.items():
        yield {"kind": "folded", "summary": summary, "text": document[name]}


def _before(claim: Mapping) -> str:
    """Say what the first edition's verdict was, and what changed it."""
    if not claim["first edition"]:
        return ""
    why = f", changed by {claim['changed']}" if claim["changed"] else ""
    return f" First edition: {claim['first edition']}{why}."


def in_short(results: Results, claims: Sequence[Mapping]) -> Iterator[str]:
    """Summarise the headline slope: estimates, largest step, decomposition and power."""
    (record,) = select(HEADLINE[:1])
    (term,) = record.interest
    of_slope = {"column": record.column, "term": term}
    claim = next(candidate for candidate in claims if candidate["column"] == record.column)
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
    ladder = results.frame("ladder")
    if ladder is not None:
        largest = matching(ladder, **of_slope, moves_most="yes")
        moves = [
            f"{LABELS[row.step]} (by {row.move:+.3f}, {row.panel})"
            for row in largest.itertuples(index=False)
        ]
        if moves:
            yield f"Largest step on the ladder from TWFE to it: {', '.join(moves)}."
    shares = results.frame("decomposition")
    if shares is not None:
        ingredients = matching(shares, **of_slope, game="ingredients")
        ingredients = ingredients.assign(size=ingredients["share"].abs()).sort_values("size")
        parts = [
            f"{row.player} on {row.panel} ({row.share:+.3f} of {row.end - row.start:+.3f})"
            for row in ingredients.drop_duplicates("panel", keep="last").itertuples(index=False)
        ]
        if parts:
            yield f"Largest Shapley share of TWFE's gap to the printed slope: {', '.join(parts)}."
    could = results.frame("power")
    if could is not None:
        yield power.sentence(could)


def evidence(claim: Mapping) -> Block | None:
    """Return the evidence of a claim's verdict, panel by panel; None if there is none."""
    rows = []
    for name, of in (claim["panels"] | claim["implied"]).items():
        twfe, after = of["estimate"], of["posterior"]
        if not twfe:
            continue
        reversed_by = [
            f"{kind}: {', '.join(named) or 'nothing'}"
            for kind, named in of.get("turns", {}).items()
            if named is not None
        ]
        mean = "mean" in after
        rows.append(
            {
                "panel": name,
                "estimate (SE)": f"{twfe['coef']:.3f}{twfe['stars']} ({twfe['se']:.3f})",
                "P wild": twfe.get("p_wild", np.nan),
                "ladder": " → ".join(f"{step['estimate']:.3f}" for step in of["ladder"]),
                "posterior": written(after["mean"], after["q025"], after["q975"]) if mean else "",
                "fits": after.get("fits", ""),
                "finding": after["finding"] if name in claim["weights"] else "does not count",
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
    yield text(
        "From two-way fixed effects (TWFE), as the paper estimates, one thing is freed at a time: "
        f"{', '.join(find(name).label for name in LADDER)}. The grey "
        "band is the published estimate with its 95 % interval; a cross is a fit that failed its "
        "gate, or does not fit."
    )
    yield results.chart(
        "ladder", charts.slopes(ladder),
        "Slope by panel and step, with 95 % intervals. Choose a column of the paper below the "
        "chart.",
    )  # fmt: skip
    columns = ["column", "term", "panel", "step", "estimate", "low", "high", "published"]
    yield folded(ladder[[*columns, "moves_most"]], "The ladder as a table")
