"""The ledger: each claim with its evidence and its verdicts, by the rule's second edition."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.claims import first_rule, rule
from analysis.claims.evidence import SOURCES, estimate, posterior, read, steps, text_of
from analysis.claims.records import EVIDENCE, IMPLIED, Claim
from analysis.claims.rule import MAGNITUDES, VERDICTS
from analysis.shared.frames import matching
from analysis.shared.outputs import TEXT
from analysis.shared.products import below, made_by
from data.panels.catalogue import PANELS
from data.shared.files import read_csv, replacing, sha256


def ledger(
    claims: Sequence[Claim], tables: Mapping[str, pd.DataFrame], first: Mapping[str, str]
) -> list[dict]:
    """Judge all claims; those about one slope together.

    Parameters
    ----------
    claims : sequence of Claim
    tables : mapping
        From `analysis.claims.evidence.read`.
    first : mapping of str to str
        The first edition's verdict by claim (`first_verdicts`).

    Returns
    -------
    list of dict
        See `assess`.
    """
    return [assess(row, tables, first) for row in rule.rows(claims)]


def assess(
    row: Sequence[Claim], tables: Mapping[str, pd.DataFrame], first: Mapping[str, str]
) -> dict:
    """Join claims about one slope to their evidence and give the verdict.

    Returns
    -------
    dict
        The first claim's fields, with `id, text, zh` and `place` of all; `printed`; `panels`, by
        name the `estimate`, `ladder`, `posterior` and what reverses it (`turns`); `implied`, the
        same on panels that do not count; `probability`, `p_rope` and `p_printed` of the mixture;
        `verdict` on the sign and on the `magnitude`, and `reason`; `missing`, commands that would
        make what is not there; `first edition`, its verdicts, and what `changed` them.
    """
    claim = row[0]
    judged = rule.assess(claim, tables)
    entry = {**asdict(claim), "printed": "", "panels": {}, "implied": {}}
    for name, between in (("id", ", "), ("text", "; "), ("zh", "；"), ("place", ", ")):
        entry[name] = between.join(dict.fromkeys(getattr(member, name) for member in row))
    entry |= {name: judged[name] for name in ("probability", "p_rope", "p_printed", "mean")}
    entry |= {name: judged[name] for name in ("magnitude", "reason", "weights")}
    entry["verdict"] = judged["sign"]
    entry["missing"] = [f"python -m analysis {text}" for text in judged["pending"]]
    before = {member.id: first.get(member.id, "") for member in row}
    entry["first edition"] = ", ".join(dict.fromkeys(filter(None, before.values())))
    entry["changed"] = rule.changed(claim, tables, before[claim.id], judged["sign"])
    printed = matching(tables["replication"], column=claim.column, term=claim.term)
    if not claim.column or printed.empty:
        return entry
    cells = dict(zip(printed["statistic"], printed["published"], strict=True))
    entry["printed"] = f"{cells['coef']}{text_of(cells['stars'])} ({cells['se']})"
    for name in (*EVIDENCE, *IMPLIED):
        evidence = {
            "estimate": estimate(claim, name, tables),
            "ladder": steps(claim, name, tables),
            "posterior": posterior(claim, name, tables),
            "turns": judged["turns"].get(name, {}),
        }
        entry["implied" if name in IMPLIED else "panels"][name] = evidence
    return entry


def first_verdicts(results: Path) -> dict[str, str]:
    """Return the first edition's verdict by claim, none if its table is not there."""
    path = below(results, "first_verdicts")
    if not path.is_file():
        return {}
    table = read_csv(path, TEXT)
    return dict(zip(table["claim"], table["verdict"], strict=True))


def without_estimate(claims: Sequence[Claim], tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the missing estimates that claims rest on, by column."""
    absent: dict[str, list[str]] = {}
    for claim in claims:
        for panel in (*EVIDENCE, *IMPLIED) if claim.column else ():
            cell = {"panel": panel, "column": claim.column, "term": claim.term, "statistic": "coef"}
            cells = matching(tables["replication"], **cell)
            if cells.empty or cells["estimated"].isna().all():
                absent.setdefault(claim.column, []).append(panel)
    return [
        f"Column {column} has no estimate on {', '.join(dict.fromkeys(panels))}: run `python -m "
        f"analysis replicate {column}`."
        for column, panels in absent.items()
    ]


def estimates(entries: Sequence[Mapping]) -> set[tuple[str, str]]:
    """Return the columns and panels of which a ledger holds an estimate."""
    return {
        (claim["column"], panel)
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
    entries = ledger(claims, tables, first_verdicts(results))
    paths = {name: below(results, name) for name in SOURCES}
    return {
        "rule": rule.__doc__,
        "first edition": first_rule.__doc__,
        "verdicts": VERDICTS,
        "magnitudes": MAGNITUDES,
        "panels": {kind.name: kind.label for kind in PANELS},
        "inputs": {
            path.name: sha256(path.read_bytes())
            if path.is_file()
            else f"missing: python -m analysis {made_by(name)}"
            for name, path in paths.items()
        },
        "claims": entries,
    }


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
    """Return the ledger as a table.

    Claim, printed cell, P of the statement on each panel and over the mixture, verdicts on sign and
    magnitude, the first edition's, and what changed it.
    """
    return pd.DataFrame([_line(claim) for claim in entries])


def _line(claim: Mapping) -> dict[str, str]:
    line = {"claim": claim["id"], "statement": claim["text"], "printed": claim["printed"]}
    for name in (*EVIDENCE, *IMPLIED):
        evidence = claim["panels"].get(name) or claim["implied"].get(name) or {"posterior": {}}
        line[name] = _share(evidence["posterior"].get("probability", np.nan))
    last = {"verdict": claim["verdict"], "magnitude": claim["magnitude"]}
    last |= {"first edition": claim["first edition"], "changed by": claim["changed"]}
    return {**line, "mixture": _share(claim["probability"]), **last}


def _share(probability: float | None) -> str:
    return "" if pd.isna(probability) else f"{probability:.3f}"


def counts(entries: Sequence[Mapping]) -> Iterator[tuple[str, int]]:
    """Yield each verdict that was given and how often, the best first."""
    for word in VERDICTS:
        number = sum(claim["verdict"] == word for claim in entries)
        if number:
            yield word, number
