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
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.claims.evidence import posterior, reversals
from analysis.claims.records import Claim
from analysis.claims.rule import SHARE, finding
from analysis.shared.frames import matching

VINTAGES = ("official-census4", "official-as_published")
"""The mixture's panels, with equal weights."""

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


def of_sign(probability: float, reversed_by: Sequence[str], pending: bool) -> str:
    """Apply 3 and 5."""
    found = finding(probability)
    if found == "missing":
        return "not assessed"
    state = "reversed" if reversed_by else "pending" if pending else "sound"
    return SIGNS.get((found, state), "inconclusive")


def of_magnitude(p_rope: float, p_printed: float) -> str:
    """Apply 6."""
    if np.isnan(p_rope) or np.isnan(p_printed):
        return "not assessed"
    if p_rope >= CLOSE:
        return "practically none"
    if p_printed >= CLOSE:
        return "practically equal"
    return "differs" if p_printed <= 1 - CLOSE else "open"


def assess(claim: Claim, tables: Mapping[str, pd.DataFrame]) -> dict:
    """Judge one claim.

    Returns
    -------
    dict
        `probability`, `p_rope`, `p_printed` of the mixture, NaN where a panel gives no finding;
        `reversed_by`; `pending`, kinds of checks that were not made; `sign`, `magnitude`.
    """
    if claim.kind == "untested":
        word = "not tested by the paper"
        return {"sign": word, "magnitude": word, "reversed_by": [], "pending": []}
    names = ("probability", "p_rope", "p_printed")
    evidence = [posterior(claim, panel, tables) for panel in VINTAGES]
    sound = all(each["finding"] != "missing" for each in evidence)
    mixture = {
        name: float(np.mean([each.get(name, np.nan) for each in evidence])) if sound else np.nan
        for name in names
    }
    found = finding(mixture["probability"])
    reversed_by: list[str] = []
    pending: list[str] = []
    if found in ("for", "against"):
        printed = matching(tables["replication"], column=claim.column, term=claim.term)
        cells = dict(zip(printed["statistic"], printed["published"], strict=True))
        sign = float(np.sign(float(cells["coef"]))) * (1 if found == "for" else -1)
        for panel in VINTAGES:
            turns = reversals(claim, panel, sign, tables)
            if found == "against" and turns.get("multiverse") is not None:
                turns["multiverse"] = _of_denial(claim, tables)
            pending += [kind for kind, checks in turns.items() if checks is None]
            reversed_by += [
                f"{name} ({kind}, {panel})"
                for kind, checks in turns.items()
                for name in checks or ()
            ]
    magnitude = of_magnitude(mixture["p_rope"], mixture["p_printed"])
    return mixture | {
        "reversed_by": list(dict.fromkeys(reversed_by)),
        "pending": list(dict.fromkeys(pending)),
        "sign": of_sign(mixture["probability"], reversed_by, bool(pending)),
        "magnitude": "" if claim.kind == "no turn" else magnitude,
    }


def _of_denial(claim: Claim, tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the shares of universes with the printed sign that are too many for a denial."""
    universes = matching(tables["multiverse"], column=claim.column, term=claim.term)
    shares = universes["share_same_sign"]
    return [f"{share:.0%} of universes" for share in shares if share > 1 - SHARE]


def table(
    claims: Sequence[Claim], tables: Mapping[str, pd.DataFrame], first: Sequence[Mapping]
) -> pd.DataFrame:
    """Return a row for each slope that is claimed something of.

    Parameters
    ----------
    claims : sequence of Claim
    tables : mapping
        From `analysis.claims.evidence.read`.
    first : sequence of mapping
        The first edition's entries, in the order of `claims`.
    """
    rows: dict[tuple, dict] = {}
    for claim, entry in zip(claims, first, strict=True):
        kind = claim.kind if claim.kind in ("no turn", "untested") else "sign"
        key = (claim.column, claim.term, kind)
        if key in rows:
            rows[key]["claim"] += f", {claim.id}"
            rows[key]["first edition"] += f", {entry['verdict']}"
            continue
        judged = assess(claim, tables)
        rows[key] = {
            "claim": claim.id,
            "printed": entry["printed"],
            "probability": judged.get("probability", np.nan),
            "sign": judged["sign"],
            "magnitude": judged["magnitude"],
            "reversed by": "; ".join(judged["reversed_by"][:3]),
            "first edition": entry["verdict"],
        }
    return pd.DataFrame(rows.values())
