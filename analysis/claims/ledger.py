"""The ledger: each claim of the paper, what the evidence says of it, and one verdict.

The rule, written before any result was looked at; nothing that comes out may change it. Point 4
was made more precise afterwards: that a refit under another prior must have passed its gate, that
the flat twin does not count, what is asked of turning points, and which models must have been
looked at. No verdict was another for it.

1. A claim is a statement about slopes (`CLAIMS`). Its evidence is the posterior of the main model,
   the top of the ladder (for Table 8 its region slopes; for Table 5 the model with the lagged
   outcome), on the panels that were rebuilt from official series without the regression tables.
   A panel made to meet the printed numbers only says what these imply: it never counts.
2. On each such panel the finding is `for` if the statement has a posterior probability of 97.5 %
   or more, `against` if it has 2.5 % or less, else `open`. A size is `for` where the posterior
   `agrees` with the printed number (`analysis.comparison.coefficients`), `against` where it
   `differs` or `contradicts`, else `open`. A fit that failed its gate, or that stands in for
   another regression, gives no finding; a variable put in the place of one that the paper does not
   describe makes it another regression.
3. The verdict:
   `not tested by the paper`  the paper prints no estimate of the claim
   `not assessed`             a finding is missing
   `stands`                   `for` on every panel, and nothing in 4 turns it
   `stands so far`            the same, and not all of 4 has been made
   `fragile`                  `for` on every panel, and something in 4 turns it
   `contradicted`             `against` on every panel
   `depends on the data`      `for` on some panels, not on all
   `doubtful`                 `against` on some panels, `for` on none
   `not established`          `open` on every panel
4. What turns a `for`, on any panel: another model of the column, another prior (both only if the
   fit passed its gate), or the sample without one province gives a 95 % interval that does not
   exclude the other sign; or less than 95 % of the multiverse has the claimed sign. Of where a
   parabola turns, another model's probability below 97.5 %. The main model's flat twin, which is
   least squares again, is not another model. What has not been made turns nothing, and the
   ledger says that it is missing: of models, those of errors that hang together over years (of
   Table 5, whose errors do not, that of a root for each region).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.shared.frames import matching
from analysis.shared.outputs import MADE_BY, TEXT
from analysis.shared.statistics import CERTAIN, Z, written
from analysis.specifications import (
    evidence_model,
    home,
    select,
)
from data.files import replacing, sha256
from data.panels.panel import PANELS
from data.ye2024.definitions import DESCRIBED
from models.bayesian.registry import find, models_for
from models.design import Specification

EVIDENCE = tuple(kind.name for kind in PANELS if kind.evidence)
IMPLIED = tuple(kind.name for kind in PANELS if not kind.evidence)

SHARE = 0.95
"""Share of the multiverse that must have the claimed sign: `share_same_sign` of its table."""

VERDICTS = {
    "stands": "for on every panel, and no other model, prior, province or universe turns it",
    "stands so far": "for on every panel, but what could turn it has not all been looked at",
    "fragile": "for on every panel, but something looked at turns it",
    "depends on the data": "for on some panels, not on all",
    "not established": "open on every panel",
    "doubtful": "against on some panels, for on none",
    "contradicted": "against on every panel",
    "not tested by the paper": "the paper prints no estimate of it",
    "not assessed": "there is no posterior that could speak of it",
}
"""Each verdict and what it means."""


@dataclass(frozen=True)
class Claim:
    """One claim of the paper.

    Attributes
    ----------
    id, text, zh, place : str
        What is claimed, in the paper's words, and where.
    column, term : str
        The printed cell that it rests on; empty if there is none.
    kind : str
        "sign": the slope has the printed sign. "size": the slope is the printed one. "no turn":
        the slope does not change its sign within the data. "untested": nothing is printed.
    """

    id: str
    text: str
    zh: str
    place: str
    column: str = ""
    term: str = "indus"
    kind: str = "sign"


CLAIMS = (
    Claim("H1a", "Agglomeration promotes new quality productive forces",
          "产业集聚促进新质生产力发展", "5.1, Table 3 (2)", "3.2"),
    Claim("H1a, no controls", "It does so without controls, too",
          "无论是否加入控制变量……均为正且显著", "5.1, Table 3 (1)", "3.1"),
    Claim("H1b", "It does not inhibit them (H1b is turned down)",
          "产业集聚抑制新质生产力发展", "5.1, Table 3 (2)", "3.2"),
    Claim("H1c", "There is no U and no inverted U (H1c is turned down)",
          "并无“U”型或倒“U”型非线性影响", "5.1, Table 3 (3)", "3.3", "indus", "no turn"),
    Claim("size", "One unit of indus raises produ by 0.105",
          "新质生产力指数会增加 0.105 个单位", "5.1, Table 3 (2)", "3.2", "indus", "size"),
    Claim("innovation", "It promotes science and technology productivity",
          "促进科技生产力", "5.2, Table 4 (1)", "4.1"),
    Claim("green", "It inhibits green productivity",
          "抑制绿色生产力", "5.2, Table 4 (2)", "4.2"),
    Claim("digital", "It promotes digital productivity",
          "促进数字生产力", "5.2, Table 4 (3)", "4.3"),
    Claim("dynamic", "It still promotes them given last year's index (system GMM)",
          "产业集聚仍然可以促进新质生产力的发展", "5.3, Table 5 (1)", "5.1"),
    Claim("dynamic, innovation", "So too science and technology productivity",
          "产业集聚促进科技生产力", "5.3, Table 5 (2)", "5.2"),
    Claim("dynamic, green", "It still inhibits green productivity",
          "抑制绿色生产力的发展", "5.3, Table 5 (3)", "5.3"),
    Claim("dynamic, digital", "So too digital productivity",
          "促进……数字生产力发展", "5.3, Table 5 (4)", "5.4"),
    Claim("density", "It holds with employment density in place of indus",
          "替换核心解释变量", "5.4.1, Table 6 (1)", "6.1", "density"),
    Claim("other index", "It holds with another index of productive forces",
          "替换被解释变量", "5.4.2, Table 6 (2)", "6.2"),
    Claim("before 2019", "It holds without the years from 2019",
          "改变样本区间", "5.4.3, Table 6 (3)", "6.3"),
    Claim("misallocation", "It eases misallocation",
          "产业集聚可以缓解总体资源错配", "5.5, Table 7 (1)", "7.1"),
    Claim("capital", "It eases misallocation of capital",
          "缓解资本错配", "5.5, Table 7 (2)", "7.2"),
    Claim("labour", "It eases misallocation of labour",
          "缓解劳动力错配", "5.5, Table 7 (3)", "7.3"),
    Claim("H2", "Less misallocation in turn promotes productive forces",
          "进而促进新质生产力发展", "5.5, from other studies", kind="untested"),
    Claim("east", "In the east it promotes them",
          "东部地区产业集聚可以显著促进新质生产力", "5.6, Table 8 (1)", "8.1"),
    Claim("central", "In the centre it inhibits them",
          "在中西部地区产业集聚反而抑制了新质生产力", "5.6, Table 8 (2)", "8.2"),
    Claim("west", "In the west it inhibits them",
          "在中西部地区产业集聚反而抑制了新质生产力", "5.6, Table 8 (3)", "8.3"),
)  # fmt: skip
"""A new claim is a record here."""

OF_SIZE = {"agrees": "for", "differs": "against", "contradicts": "against", "uncertain": "open"}
"""Rule 2 for a size, by agreement."""


def finding(probability: float) -> str:
    """Apply rule 2 to the posterior probability of a statement."""
    if np.isnan(probability):
        return "missing"
    if probability >= CERTAIN:
        return "for"
    return "against" if probability <= 1 - CERTAIN else "open"


def verdict(
    findings: Sequence[str], turned: Sequence[str], tested: bool = True, looked: bool = True
) -> str:
    """Apply rule 3.

    Parameters
    ----------
    findings : sequence of str
        One for each panel that counts: "for", "against", "open" or "missing".
    turned : sequence of str
        What turns them by rule 4.
    tested : bool
        Whether the paper prints an estimate.
    looked : bool
        Whether all of rule 4 has been made.
    """
    if not tested:
        return "not tested by the paper"
    if "missing" in findings or not findings:
        return "not assessed"
    found = set(findings)
    if found == {"for"}:
        if turned:
            return "fragile"
        return "stands" if looked else "stands so far"
    if "for" in found:
        return "depends on the data"
    if found == {"against"}:
        return "contradicted"
    return "doubtful" if "against" in found else "not established"


# --- evidence -----------------------------------------------------------------------------------

SOURCES = (
    *("replication", "comparison", "ladder", "turning_points"),
    *("sensitivity_priors", "sensitivity_influence", "multiverse"),
)
"""Tables in results/ that the ledger reads; what has not been made is said, with its command."""

KEYS = ("panel", "column", "term")


def read(results: Path) -> dict[str, pd.DataFrame]:
    """Read `SOURCES`; a table that is missing is empty, without columns."""
    paths = {name: results / f"{name}.csv" for name in SOURCES}
    text = TEXT | dict.fromkeys(("region", "province", "gate", "counterpart"), str)
    return {
        name: pd.read_csv(path, dtype=text) if path.is_file() else pd.DataFrame()
        for name, path in paths.items()
    }


def other_models(record: Specification) -> list[str]:
    """Return models of a column to set beside its main one: those of errors that hang together."""
    extra = [model for model in models_for(record) if model.extra]
    return [model.name for model in [one for one in extra if one.correlated] or extra[:1]]


def posterior(claim: Claim, panel: str, tables: Mapping[str, pd.DataFrame]) -> dict:
    """Return the main model's posterior on a panel and its `finding` by rule 2.

    Returns
    -------
    dict
        `model, finding`, and where there is a posterior `gate, mean, q025, q975, probability` (of
        the statement; of a size that of its sign) and `agreement`.
    """
    (record,) = select([claim.column])
    whole, _ = home(record)
    found = {"model": evidence_model(record), "finding": "missing"}
    at = {"panel": panel, "model": found["model"], "fitted_column": whole.column}
    own = matching(tables["comparison"], **at, column=claim.column, term=claim.term)
    if len(own) != 1:
        return found
    row = own.iloc[0]
    found |= {name: row[name] for name in ("gate", "mean", "q025", "q975", "agreement")}
    found["probability"] = row["p_same_sign"]
    if claim.kind == "no turn":
        turns = matching(
            tables["turning_points"], panel=panel, column=claim.column, term=claim.term
        )
        turns = matching(turns, model=found["model"], region="all")
        found["probability"] = 1 - turns["p_inside"].iloc[0] if len(turns) == 1 else np.nan
    found["stands_in_for"] = DESCRIBED[record.outcome].stands_in_for
    if row["gate"] == "pass" and not found["stands_in_for"]:
        of_size = claim.kind == "size"
        found["finding"] = OF_SIZE[row["agreement"]] if of_size else finding(found["probability"])
    return found


def estimate(claim: Claim, panel: str, tables: Mapping[str, pd.DataFrame]) -> dict:
    """Return the paper's own estimator on a panel: `coef, se, stars` and other statistics."""
    own = matching(tables["replication"], panel=panel, column=claim.column, term=claim.term)
    cells = dict(zip(own["statistic"], own["estimated"], strict=True)) if len(own) else {}
    return {
        name: _text(value) if name == "stars" else float(value)
        for name, value in cells.items()
        if name == "stars" or value == value
    }


def steps(claim: Claim, panel: str, tables: Mapping[str, pd.DataFrame]) -> list[dict]:
    """Return the ladder of a claim's cell on a panel."""
    own = matching(tables["ladder"], panel=panel, column=claim.column, term=claim.term)
    columns = [name for name in ("step", "estimate", "low", "high", "gate") if name in own]
    return own[columns].fillna("").to_dict("records")


def turning(
    claim: Claim, panel: str, sign: float, tables: Mapping[str, pd.DataFrame]
) -> dict[str, list[str] | None]:
    """Return what turns a `for` on a panel by rule 4, by kind.

    Returns
    -------
    dict
        None where nothing turns it of what was made, and what the rule asks for was not all made.
        Of a parabola's turning point other models alone tell.
    """
    (record,) = select([claim.column])
    whole, region = home(record)
    main = evidence_model(record)
    at = {"panel": panel, "column": claim.column, "term": claim.term}
    if claim.kind == "no turn":
        models = _others(matching(tables["turning_points"], **at, region="all"), main)
        off = models["p_inside"] > 1 - CERTAIN if len(models) else []
        return {"other models": _looked(models, other_models(whole), off)}
    models = _others(matching(tables["comparison"], **at), main)
    if len(models):
        models = models[models["counterpart"].isna()]
    fit = {"panel": panel, "column": whole.column, "model": main, "term": claim.term}
    fit |= {"region": region}
    priors = matching(tables["sensitivity_priors"], **fit, quantity="slope", gate="pass")
    provinces = matching(tables["sensitivity_influence"], **fit)
    if len(provinces):
        reach = Z * provinces["sd"]
        provinces = provinces.assign(q025=provinces["mean"] - reach, q975=provinces["mean"] + reach)
    universes = matching(tables["multiverse"], column=claim.column, term=claim.term)
    return {
        "other models": _looked(models, other_models(whole), _off(models, sign)),
        "other priors": _named(priors, "priors", _off(priors, sign)),
        "one province less": _named(provinces, "province", _off(provinces, sign)),
        "multiverse": None
        if universes.empty
        else [
            f"{share:.0%} of universes" for share in universes["share_same_sign"] if share < SHARE
        ],
    }


def _others(table: pd.DataFrame, main: str) -> pd.DataFrame:
    """Return the rows of models that passed their gate, but the main one and its flat twin."""
    if table.empty:
        return table
    table = table[table["gate"] == "pass"]
    return table[[name != main and find(name).prior_groups for name in table["model"]]]


def _off(table: pd.DataFrame, sign: float) -> Sequence[bool]:
    """Tell which intervals do not exclude the other sign."""
    if table.empty:
        return []
    return (table["q025"] <= 0) if sign > 0 else (table["q975"] >= 0)


def _looked(models: pd.DataFrame, asked: Sequence[str], off: Sequence[bool]) -> list[str] | None:
    """Name the models that turn a finding; None if none does and some asked for are not there."""
    named = _named(models, "model", off)
    return named if named or (named == [] and set(asked) <= set(models["model"])) else None


def _named(table: pd.DataFrame, label: str, off: Sequence[bool]) -> list[str] | None:
    """Name the rows that turn a finding; None if there are no rows."""
    return None if table.empty else table.loc[off, label].astype(str).tolist()


MADE_WITH = {
    "other models": "sample {column} --model {model}, then compare",
    "other priors": "sensitivity {column}",
    "one province less": "sensitivity {column}",
    "multiverse": "multiverse",
}
"""The commands that make what rule 4 looks at."""

MORE = " (a fit failed its gate: ask for more --draws)"


def remedy(claim: Claim, kind: str, panel: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the command that makes what of rule 4 was not looked at on a panel."""
    whole, _ = home(select([claim.column])[0])
    asked = other_models(whole)
    command = MADE_WITH[kind].format(column=whole.column, model=" --model ".join(asked))
    table = tables["turning_points" if claim.kind == "no turn" else "comparison"]
    failed = matching(table, panel=panel, column=claim.column, term=claim.term, gate="fail")
    off = kind == "other models" and len(failed) and not set(asked).isdisjoint(failed["model"])
    return command + (MORE if off else "")


def assess(claim: Claim, tables: Mapping[str, pd.DataFrame]) -> dict:
    """Join a claim to its evidence and give its verdict.

    Returns
    -------
    dict
        The claim's fields; `printed`; `panels`, by name the `estimate`, `ladder`, `posterior` and
        what `turns` it; `implied`, the same on panels that do not count; `missing`, commands that
        would make what is not there; `verdict` and `reason`.
    """
    found = {**asdict(claim), "printed": "", "panels": {}, "implied": {}, "missing": []}
    if claim.kind == "untested":
        word = verdict([], [], tested=False)
        return found | {"verdict": word, "reason": VERDICTS[word].capitalize() + "."}
    printed = matching(tables["replication"], column=claim.column, term=claim.term)
    if printed.empty:
        reason_ = f"Column {claim.column} has not been estimated."
        command = [f"python -m analysis replicate {claim.column}"]
        return found | {"missing": command, "verdict": "not assessed", "reason": reason_}
    cells = dict(zip(printed["statistic"], printed["published"], strict=True))
    found["printed"] = f"{cells['coef']}{_text(cells['stars'])} ({cells['se']})"
    sign = float(np.sign(float(cells["coef"])))
    findings, turned = [], []
    for name in (*EVIDENCE, *IMPLIED):
        after = posterior(claim, name, tables)
        evidence = {
            "estimate": estimate(claim, name, tables),
            "ladder": steps(claim, name, tables),
            "posterior": after,
        }
        if name in IMPLIED:
            found["implied"][name] = evidence
            continue
        turns = turning(claim, name, sign, tables)
        found["panels"][name] = evidence | {"turns": turns}
        findings.append(after["finding"])
        if after["finding"] == "for":
            turned += [
                f"{each} ({kind}, {name})" for kind, all_ in turns.items() for each in all_ or ()
            ]
            found["missing"] += [
                remedy(claim, kind, name, tables) for kind, made in turns.items() if made is None
            ]
        if after["finding"] == "missing" and not after.get("stands_in_for"):
            found["missing"].append(f"sample {claim.column}, then compare")
    found["missing"] = [f"python -m analysis {text}" for text in dict.fromkeys(found["missing"])]
    word = verdict(findings, turned, looked=not found["missing"])
    return found | {"verdict": word, "reason": reason(claim, word, found["panels"], turned)}


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else ""


def reason(claim: Claim, word: str, panels: Mapping[str, dict], turned: Sequence[str]) -> str:
    """Say in numbers why the verdict is what it is."""
    parts: dict[str, list[str]] = {}
    for name, evidence in panels.items():
        after = evidence["posterior"]
        if after.get("stands_in_for"):
            said = f"the outcome stands in for {after['stands_in_for']}"
        elif after["finding"] == "missing":
            said = "the fit failed its gate" if after.get("gate") == "fail" else "not sampled"
        elif claim.kind == "size":
            slope = written(after["mean"], after["q025"], after["q975"])
            said = f"{slope}, {after['agreement']}"
        else:
            said = f"P = {after['probability']:.3f}, {after['finding']}"
        parts.setdefault(said, []).append(name)
    told = "; ".join(f"{', '.join(names)}: {said}" for said, names in parts.items())
    text = f"{VERDICTS[word].capitalize()} ({told})."
    if word == "fragile":
        text += f" Turned by {', '.join(turned[:6])}" + ("…" if len(turned) > 6 else "") + "."
    return text


def ledger(tables: Mapping[str, pd.DataFrame]) -> list[dict]:
    """Assess every claim."""
    return [assess(claim, tables) for claim in CLAIMS]


def document(results: Path) -> dict:
    """Return what results/claims.json holds: the rule, its inputs by hash, and the ledger."""
    tables = read(results)
    paths = {name: results / f"{name}.csv" for name in SOURCES}
    return {
        "rule": __doc__,
        "verdicts": VERDICTS,
        "panels": {kind.name: kind.label for kind in PANELS},
        "inputs": {
            path.name: sha256(path.read_bytes())
            if path.is_file()
            else f"missing: python -m analysis {MADE_BY[name]}"
            for name, path in paths.items()
        },
        "claims": ledger(tables),
    }


def write(found: dict, path: Path) -> None:
    """Write the ledger as JSON, whole or not at all."""
    with replacing(path) as temporary:
        text = json.dumps(_plain(found), indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    """Return the same with numbers and missing values as JSON has them."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(f"{value:.12g}")
    return value


def table(found: Sequence[Mapping]) -> pd.DataFrame:
    """Return the ledger as a table: claim, printed cell, P of the statement by panel, verdict."""
    return pd.DataFrame([_line(claim) for claim in found])


def _line(claim: Mapping) -> dict[str, str]:
    line = {"claim": claim["id"], "statement": claim["text"], "printed": claim["printed"]}
    for name in (*EVIDENCE, *IMPLIED):
        of = claim["panels"].get(name) or claim["implied"].get(name) or {"posterior": {}}
        probability = of["posterior"].get("probability", np.nan)
        line[name] = "" if np.isnan(probability) else f"{probability:.3f}"
    return {**line, "verdict": claim["verdict"]}


def counts(found: Sequence[Mapping]) -> Iterator[tuple[str, int]]:
    """Yield each verdict that was given and how often, the best first."""
    for word in VERDICTS:
        number = sum(claim["verdict"] == word for claim in found)
        if number:
            yield word, number
