"""Verdicts by the rule's first edition (`analysis.claims.first_rule`), shown beside today's."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.claims.evidence import FIRST, Models, posterior, remedy, reversals
from analysis.claims.first_rule import VERDICTS, verdict
from analysis.claims.records import EVIDENCE, Claim
from analysis.shared.digits import with_interval
from analysis.shared.frames import matching

COLUMNS = ("claim", "column", "model", "verdict", "reason")
"""The contract of results/long/first_verdicts.csv; `model` is the evidence."""


def assess(claim: Claim, tables: Mapping[str, pd.DataFrame], models: Models = FIRST) -> dict:
    """Judge one claim.

    Parameters
    ----------
    claim : Claim
    tables : mapping
        From `analysis.claims.evidence.read`.
    models : Models
        Those of that edition; with others, what the rule alone makes of them.

    Returns
    -------
    dict
        `verdict`, `reason`, `model`; `panels`, by name the `posterior` and what reverses it
        (`turns`); `missing`, commands that would make what is not there.
    """
    entry = {"model": "", "panels": {}, "missing": []}
    if claim.kind == "untested":
        word = verdict([], [], tested=False)
        return entry | {"verdict": word, "reason": VERDICTS[word].capitalize() + "."}
    printed = matching(tables["replication"], column=claim.column, term=claim.term)
    if printed.empty:
        reason_ = f"Column {claim.column} has not been estimated."
        command = [f"python -m analysis replicate {claim.column}"]
        return entry | {"missing": command, "verdict": "not assessed", "reason": reason_}
    cells = dict(zip(printed["statistic"], printed["published"], strict=True))
    sign = float(np.sign(float(cells["coef"])))
    findings, reversed_by = [], []
    for name in EVIDENCE:
        evidence = posterior(claim, name, tables, models)
        turns = reversals(claim, name, sign, tables, models)
        entry["panels"][name] = {"posterior": evidence, "turns": turns}
        entry["model"] = evidence["model"]
        findings.append(evidence["finding"])
        if evidence["finding"] == "for":
            reversed_by += [
                f"{named} ({kind}, {name})" for kind, all_ in turns.items() for named in all_ or ()
            ]
            entry["missing"] += [
                remedy(claim, kind, name, tables, models)
                for kind, checks in turns.items()
                if checks is None
            ]
        if evidence["finding"] == "missing" and not without_finding(evidence):
            entry["missing"].append(f"sample {claim.column}, then compare")
    entry["missing"] = [f"python -m analysis {text}" for text in dict.fromkeys(entry["missing"])]
    word = verdict(findings, reversed_by, checked=not entry["missing"])
    return entry | {"verdict": word, "reason": _reason(claim, word, entry["panels"], reversed_by)}


def without_finding(evidence: Mapping) -> str:
    """Say why a posterior that was sampled gives no finding; empty if more draws would help."""
    if evidence.get("stands_in_for"):
        return f"the outcome replaces {evidence['stands_in_for']}"
    # More draws would not help.
    return "the model does not fit" if evidence.get("fits") == "fail" else ""


def _reason(claim: Claim, word: str, panels: Mapping[str, dict], reversed_by: Sequence[str]) -> str:
    """Return the reason of the verdict in numbers."""
    parts: dict[str, list[str]] = {}
    for name, evidence in panels.items():
        fitted = evidence["posterior"]
        if fitted["finding"] == "missing":
            failed = fitted.get("gate") == "fail"
            result = without_finding(fitted) or (
                "the fit failed its gate" if failed else "not sampled"
            )
        elif claim.kind == "size":
            slope = with_interval(fitted["mean"], fitted["q025"], fitted["q975"])
            result = f"{slope}, {fitted['agreement']}"
        else:
            result = f"P = {fitted['probability']:.3f}, {fitted['finding']}"
        parts.setdefault(result, []).append(name)
    findings = "; ".join(f"{', '.join(names)}: {result}" for result, names in parts.items())
    text = f"{VERDICTS[word].capitalize()} ({findings})."
    if word == "fragile":
        text += (
            f" Reversed by {', '.join(reversed_by[:6])}"
            + ("…" if len(reversed_by) > 6 else "")
            + "."
        )
    return text


def table(claims: Sequence[Claim], tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the verdict on every claim, columns `COLUMNS`."""
    rows = [
        {"claim": claim.id, "column": claim.column, **assess(claim, tables)} for claim in claims
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
