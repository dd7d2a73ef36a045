"""The rule of the ledger, second edition: one verdict on sign and one on magnitude.

Written on 30 November 2026, before any claim was judged by it. Seen before: the slope of 3.2 under
`growth` (P of a positive one 0.63 to 0.90 on the official panels, by `scale-sweep`), and the first
edition's verdicts, which stand beside. What changed, and why:

1. Evidence is the main model where it passes its gate and fits (`analysis.posterior.fits`). The
   first edition rested on a model that its own checks refuted.
2. The two panels of one vintage throughout are not two witnesses, since they share outcome and
   regressors: they are one mixture with equal weights, whose probabilities are averages of theirs.
   The panel official, which mixes vintages to meet the paper's Table 2, does not count. The first
   edition asked for all three.
3. Sign: the statement is `for` at a probability of 97.5 % or more, `against` at 2.5 % or less,
   else open.
4. What can weaken a claim can weaken its denial. Four things reverse a finding. On either panel of
   the mixture: another model of serially correlated errors, another prior, or the sample without
   one province, if its 95 % interval includes slopes of the other sign. And a multiverse in which
   less than 95 % have the finding's sign. In the first edition they reversed a `for` alone.
5. Verdict on the sign: `supported`, or `contradicted`, if nothing reverses it and all of 4 was
   made; `supported, checks pending`, or `contradicted, checks pending`, if something was not made;
   `fragile`, or `partly contradicted`, if something reverses it; `inconclusive` if open;
   `not assessed` if the evidence is missing; `not tested by the paper`.
6. Magnitude, by the same mixture. `practically none`: the slope has 95 % or more of being so small
   that a within standard deviation of the regressor moves the outcome by less than 0.1 of its own.
   `practically equal`: it has 95 % or more of lying within 1.96 printed standard errors of the
   printed slope. `differs`: it has 5 % or less of that. Else `open`. The first edition asked
   whether the printed slope lies within an interval, which wide intervals meet too easily.
7. Claims about the same slope are one row: H1a, H1b and the size are one.
8. Multiplicity is counted, not corrected: `analysis.simulation.size` says how often a data set
   without a slope has a sign at 97.5 % by the main model.

Made more precise later on that day, before `growth` was the main model: a vintage's draws of what
is not observed, once all of them were fitted, stand in its panel's place, with equal weights.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.claims.evidence import FIRST, MORE, SECOND, posterior, remedy, reversals
from analysis.claims.first_edition import assess as assess_first
from analysis.claims.first_edition import without_finding
from analysis.claims.first_rule import SHARE, finding
from analysis.claims.records import VINTAGES, Claim
from analysis.shared.digits import with_interval
from analysis.shared.frames import matching
from analysis.specifications import home, select
from data.panels.catalogue import DRAWN
from models.design import Specification

CLOSE = 0.95
"""Probability asked of a magnitude."""

SIGNS = {
    ("for", "sound"): "supported",
    ("for", "pending"): "supported, checks pending",
    ("for", "reversed"): "fragile",
    ("against", "sound"): "contradicted",
    ("against", "pending"): "contradicted, checks pending",
    ("against", "reversed"): "partly contradicted",
}
"""Verdict on the sign by finding, and by what the checks of 4 say."""


VERDICTS = {
    "supported": "for, and no other model, prior, province or universe reverses it",
    "supported, checks pending": "for, but not every check has been run",
    "fragile": "for, but one of the checks reverses it",
    "inconclusive": "open: the interval includes slopes of both signs",
    "partly contradicted": "against, but one of the checks reverses it",
    "contradicted, checks pending": "against, but not every check has been run",
    "contradicted": "against, and none of the checks reverses it",
    "not tested by the paper": "the paper prints no estimate of it",
    "not assessed": "there is no posterior of a model that fits",
}
"""Each verdict on the sign and what it means."""

MAGNITUDES = {
    "practically equal": "within 1.96 printed errors of the printed slope",
    "practically none": "too small to matter",
    "differs": "not within 1.96 printed errors of the printed slope",
    "open": "neither is certain",
}
"""Each verdict on the magnitude and what it means."""


def of_sign(probability: float, reversed_by: Sequence[str], pending: bool) -> str:
    """Apply 3 and 5."""
    stance = finding(probability)
    if stance == "missing":
        return "not assessed"
    state = "reversed" if reversed_by else "pending" if pending else "sound"
    return SIGNS.get((stance, state), "inconclusive")


def of_magnitude(p_rope: float, p_printed: float) -> str:
    """Apply 6."""
    if np.isnan(p_rope) or np.isnan(p_printed):
        return "not assessed"
    if p_rope >= CLOSE:
        return "practically none"
    if p_printed >= CLOSE:
        return "practically equal"
    return "differs" if p_printed <= 1 - CLOSE else "open"


def witnesses(fitted: Iterable[str], panels: Sequence[str] = VINTAGES) -> dict[str, float]:
    """Return the panels of the mixture with their weights, which sum to 1.

    Parameters
    ----------
    fitted : iterable of str
        Panels with a posterior of the claim's slope. A vintage's draws, together under one name
        (`analysis.claims.evidence.with_draws`), stand in its panel's place.
    panels : sequence of str
        Of the mixture.
    """
    with_posterior = set(fitted)
    drawn = {vintage: f"{vintage}{DRAWN}" for vintage in panels}
    names = [drawn[name] if drawn[name] in with_posterior else name for name in panels]
    return dict.fromkeys(names, 1 / len(names))


def assess(
    claim: Claim, tables: Mapping[str, pd.DataFrame], panels: Sequence[str] = VINTAGES
) -> dict:
    """Judge one claim on a mixture of panels; a study has one panel.

    Returns
    -------
    dict
        `probability`, `p_rope`, `p_printed`, `mean` of the mixture, NaN where a panel gives no
        finding; `weights` by panel; `reversed_by`; `pending`, commands that make checks that were
        not made; `turns`, by panel what reverses the finding; `sign`, `magnitude`, `reason`.
    """
    judged: dict = {"reversed_by": [], "pending": [], "turns": {}, "weights": {}, "mean": np.nan}
    names = ("probability", "p_rope", "p_printed")
    judged |= dict.fromkeys(names, np.nan)
    if claim.kind == "untested":
        word = "not tested by the paper"
        return judged | {"sign": word, "magnitude": word, "reason": f"{_meaning(word)}."}
    printed = matching(tables["replication"], column=claim.column, term=claim.term)
    if printed.empty:
        reason = f"Column {claim.column} has not been estimated."
        judged["pending"] = [f"replicate {claim.column}"]
        return judged | {"sign": "not assessed", "magnitude": "not assessed", "reason": reason}
    fitted = matching(tables["comparison"], column=claim.column, term=claim.term)
    judged["weights"] = witnesses(fitted["panel"] if len(fitted) else (), panels)
    evidence = {panel: posterior(claim, panel, tables) for panel in judged["weights"]}
    lacking = {name: entry for name, entry in evidence.items() if entry["finding"] == "missing"}
    if not lacking:
        for name in (*names, "mean"):
            values = [evidence[panel].get(name, np.nan) for panel in judged["weights"]]
            judged[name] = float(np.dot(list(judged["weights"].values()), values))
    elif not any(without_finding(entry) for entry in lacking.values()):
        failed = any(entry.get("gate") == "fail" for entry in lacking.values())
        judged["pending"] = [f"sample {claim.column}, then compare{MORE if failed else ''}"]
    stance = finding(judged["probability"])
    if stance in ("for", "against"):
        _check(claim, stance, printed, tables, judged, panels)
    sign = of_sign(judged["probability"], judged["reversed_by"], bool(judged["pending"]))
    magnitude = of_magnitude(judged["p_rope"], judged["p_printed"])
    judged |= {"sign": sign, "magnitude": "" if claim.kind == "no turn" else magnitude}
    return judged | {"reason": _reason(judged, evidence)}


def _check(
    claim: Claim,
    stance: str,
    printed: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    judged: dict,
    panels: Sequence[str],
) -> None:
    """Add to a verdict what reverses the finding, and what has not been run."""
    cells = dict(zip(printed["statistic"], printed["published"], strict=True))
    sign = float(np.sign(float(cells["coef"]))) * (1 if stance == "for" else -1)
    for panel in panels:
        turns = reversals(claim, panel, sign, tables)
        if stance == "against" and turns.get("multiverse") is not None:
            turns["multiverse"] = _of_denial(claim, tables)
        judged["turns"][panel] = turns
        for kind, checks in turns.items():
            if checks is None:
                judged["pending"].append(remedy(claim, kind, panel, tables))
            judged["reversed_by"] += [f"{name} ({kind}, {panel})" for name in checks or ()]
    for name in ("pending", "reversed_by"):
        judged[name] = list(dict.fromkeys(judged[name]))


def _of_denial(claim: Claim, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the shares of universes with the printed sign that are too many for a denial."""
    universes = matching(tables["multiverse"], column=claim.column, term=claim.term)
    shares = universes["share_same_sign"]
    return [f"{share:.0%} of universes" for share in shares if share > 1 - SHARE]


def _meaning(word: str) -> str:
    return VERDICTS[word].capitalize()


def _reason(judged: Mapping, evidence: Mapping[str, Mapping]) -> str:
    """Return the reason of a verdict in numbers."""
    text = f"{_meaning(judged['sign'])}."
    lacking = [
        f"{panel}: {_why(entry)}"
        for panel, entry in evidence.items()
        if entry["finding"] == "missing"
    ]
    if lacking:
        return f"{text} No finding on {'; '.join(lacking)}."
    slopes = [
        f"{panel} {with_interval(entry['mean'], entry['q025'], entry['q975'])}"
        for panel, entry in evidence.items()
    ]
    text += f" P = {judged['probability']:.3f} over {', '.join(slopes)}."
    if judged["magnitude"] in MAGNITUDES:
        text += (
            f" Magnitude: {MAGNITUDES[judged['magnitude']]} (P = {judged['p_rope']:.3f} of "
            f"practically none, {judged['p_printed']:.3f} of the printed interval)."
        )
    if judged["reversed_by"]:
        reversed_by = judged["reversed_by"]
        text += f" Reversed by {', '.join(reversed_by[:6])}{'…' if len(reversed_by) > 6 else ''}."
    return text


def _why(evidence: Mapping) -> str:
    failed = "the fit failed its gate" if evidence.get("gate") == "fail" else "not sampled"
    return without_finding(evidence) or failed


def changed(claim: Claim, tables: Mapping[str, pd.DataFrame], first: str, sign: str) -> str:
    """Say what made a verdict another than the first edition's: the model, the rule, or both.

    Parameters
    ----------
    claim : Claim
    tables : mapping
    first : str
        The first edition's verdict, empty if it is not known.
    sign : str
        This one's.
    """
    if not first or first == sign:
        return ""
    main = SECOND.main(_home(claim))
    of_rule = assess_first(claim, tables, SECOND)["verdict"]
    if FIRST.main(_home(claim)) == main or of_rule == first:
        return "the rule"
    if of_rule == sign:
        return f"the model `{main}`"
    return f"the model `{main}` (by the first rule: {of_rule}), then the rule"


def _home(claim: Claim) -> Specification:
    return home(select([claim.column])[0])[0]


def rows(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Put together the claims about one slope, in the order of their first."""
    by_slope: dict[tuple, list[Claim]] = {}
    for claim in claims:
        kind = claim.kind if claim.kind in ("no turn", "untested") else "sign"
        by_slope.setdefault((claim.column, claim.term, kind), []).append(claim)
    return list(by_slope.values())
