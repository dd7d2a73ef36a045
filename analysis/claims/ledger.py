"""The ledger: each claim with its evidence and one verdict by the rule."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.claims import rule, second_edition
from analysis.claims.evidence import (
    SOURCES,
    estimate,
    posterior,
    read,
    remedy,
    reversals,
    steps,
    text_of,
)
from analysis.claims.records import EVIDENCE, IMPLIED, Claim
from analysis.claims.rule import VERDICTS, verdict
from analysis.shared.frames import matching
from analysis.shared.products import made_by
from analysis.shared.statistics import written
from data.files import replacing, sha256
from data.panels.catalogue import PANELS


def assess(claim: Claim, tables: Mapping[str, pd.DataFrame]) -> dict:
    """Join a claim to its evidence and give its verdict.

    Returns
    -------
    dict
        The claim's fields; `printed`; `panels`, by name the `estimate`, `ladder`, `posterior` and
        what reverses it (`turns`); `implied`, the same on panels that do not count; `missing`,
        commands that would make what is not there; `verdict` and `reason`.
    """
    entry = {**asdict(claim), "printed": "", "panels": {}, "implied": {}, "missing": []}
    if claim.kind == "untested":
        word = verdict([], [], tested=False)
        return entry | {"verdict": word, "reason": VERDICTS[word].capitalize() + "."}
    printed = matching(tables["replication"], column=claim.column, term=claim.term)
    if printed.empty:
        reason_ = f"Column {claim.column} has not been estimated."
        command = [f"python -m analysis replicate {claim.column}"]
        return entry | {"missing": command, "verdict": "not assessed", "reason": reason_}
    cells = dict(zip(printed["statistic"], printed["published"], strict=True))
    entry["printed"] = f"{cells['coef']}{text_of(cells['stars'])} ({cells['se']})"
    sign = float(np.sign(float(cells["coef"])))
    findings, reversed_by = [], []
    for name in (*EVIDENCE, *IMPLIED):
        after = posterior(claim, name, tables)
        evidence = {
            "estimate": estimate(claim, name, tables),
            "ladder": steps(claim, name, tables),
            "posterior": after,
        }
        if name in IMPLIED:
            entry["implied"][name] = evidence
            continue
        turns = reversals(claim, name, sign, tables)
        entry["panels"][name] = evidence | {"turns": turns}
        findings.append(after["finding"])
        if after["finding"] == "for":
            reversed_by += [
                f"{named} ({kind}, {name})" for kind, all_ in turns.items() for named in all_ or ()
            ]
            entry["missing"] += [
                remedy(claim, kind, name, tables)
                for kind, checks in turns.items()
                if checks is None
            ]
        unfit = after.get("fits") == "fail"  # more draws would not help
        if after["finding"] == "missing" and not (after.get("stands_in_for") or unfit):
            entry["missing"].append(f"sample {claim.column}, then compare")
    entry["missing"] = [f"python -m analysis {text}" for text in dict.fromkeys(entry["missing"])]
    word = verdict(findings, reversed_by, checked=not entry["missing"])
    return entry | {"verdict": word, "reason": reason(claim, word, entry["panels"], reversed_by)}


def reason(claim: Claim, word: str, panels: Mapping[str, dict], reversed_by: Sequence[str]) -> str:
    """Return the reason of the verdict in numbers."""
    parts: dict[str, list[str]] = {}
    for name, evidence in panels.items():
        after = evidence["posterior"]
        if after.get("stands_in_for"):
            said = f"the outcome replaces {after['stands_in_for']}"
        elif after["finding"] == "missing":
            said = "not sampled"
            if after.get("gate") == "fail":
                said = "the fit failed its gate"
            elif after.get("fits") == "fail":
                said = "the model does not fit"
        elif claim.kind == "size":
            slope = written(after["mean"], after["q025"], after["q975"])
            said = f"{slope}, {after['agreement']}"
        else:
            said = f"P = {after['probability']:.3f}, {after['finding']}"
        parts.setdefault(said, []).append(name)
    findings = "; ".join(f"{', '.join(names)}: {said}" for said, names in parts.items())
    text = f"{VERDICTS[word].capitalize()} ({findings})."
    if word == "fragile":
        text += (
            f" Reversed by {', '.join(reversed_by[:6])}"
            + ("…" if len(reversed_by) > 6 else "")
            + "."
        )
    return text


def ledger(claims: Sequence[Claim], tables: Mapping[str, pd.DataFrame]) -> list[dict]:
    """Assess every claim."""
    return [assess(claim, tables) for claim in claims]


def without_estimate(claims: Sequence[Claim], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the missing estimates that claims rest on, by column."""
    absent: dict[str, list[str]] = {}
    for claim in claims:
        for panel in (*EVIDENCE, *IMPLIED) if claim.column else ():
            at = {"panel": panel, "column": claim.column, "term": claim.term, "statistic": "coef"}
            cells = matching(tables["replication"], **at)
            if cells.empty or cells["estimated"].isna().all():
                absent.setdefault(claim.column, []).append(panel)
    return [
        f"Column {column} has no estimate on {', '.join(dict.fromkeys(panels))}: run `python -m "
        f"analysis replicate {column}`."
        for column, panels in absent.items()
    ]


def estimates(entries: Sequence[Mapping]) -> set[tuple[str, str]]:
    """Return the claims and panels of which a ledger holds an estimate."""
    return {
        (claim["id"], panel)
        for claim in entries
        for panel, evidence in (*claim["panels"].items(), *claim["implied"].items())
        if evidence["estimate"]
    }


def stored(path: Path) -> list[dict]:
    """Return the ledger that a file holds, empty if it is not there or cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["claims"]
    except (OSError, ValueError, KeyError):
        return []


def document(claims: Sequence[Claim], results: Path) -> dict:
    """Return the content of results/claims.json: rule, inputs by hash, and ledger."""
    tables = read(results)
    entries = ledger(claims, tables)
    paths = {name: results / f"{name}.csv" for name in SOURCES}
    return {
        "rule": rule.__doc__,
        "verdicts": VERDICTS,
        "panels": {kind.name: kind.label for kind in PANELS},
        "inputs": {
            path.name: sha256(path.read_bytes())
            if path.is_file()
            else f"missing: python -m analysis {made_by(name)}"
            for name, path in paths.items()
        },
        "claims": entries,
        "second edition": {
            "rule": second_edition.__doc__,
            "rows": second_edition.table(claims, tables, entries).to_dict("records"),
        },
    }


def second_rows(document: Mapping) -> pd.DataFrame:
    """Return the table of the rule's second edition."""
    return pd.DataFrame(document["second edition"]["rows"]).astype(object).fillna("")


def write(document: dict, path: Path) -> None:
    """Write the ledger as JSON, whole or not at all."""
    with replacing(path) as temporary:
        text = json.dumps(_plain(document), indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    """Return the same with numbers and missing values as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(f"{value:.12g}")
    return value


def table(entries: Sequence[Mapping]) -> pd.DataFrame:
    """Return the ledger as a table: claim, printed cell, P of the statement by panel, verdict."""
    return pd.DataFrame([_line(claim) for claim in entries])


def _line(claim: Mapping) -> dict[str, str]:
    line = {"claim": claim["id"], "statement": claim["text"], "printed": claim["printed"]}
    for name in (*EVIDENCE, *IMPLIED):
        of = claim["panels"].get(name) or claim["implied"].get(name) or {"posterior": {}}
        probability = of["posterior"].get("probability", np.nan)
        line[name] = "" if np.isnan(probability) else f"{probability:.3f}"
    return {**line, "verdict": claim["verdict"]}


def counts(entries: Sequence[Mapping]) -> Iterator[tuple[str, int]]:
    """Yield each verdict that was given and how often, the best first."""
    for word in VERDICTS:
        number = sum(claim["verdict"] == word for claim in entries)
        if number:
            yield word, number
