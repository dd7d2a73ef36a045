"""The ledger of a study: its claims judged by the rule's second edition, on its own data.

`analysis.claims.rule` states the rule. A study has one panel in place of a mixture.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.claims import rule
from analysis.claims.evidence import MADE_WITH, posterior
from analysis.claims.records import Claim
from analysis.shared.frames import matching
from data.studies.claims import StudyClaim

COLUMNS = (
    *("claim", "statement", "column", "term", "kind", "printed", "mean", "q025", "q975"),
    *("probability", "p_rope", "p_printed", "gate", "fits", "sign", "magnitude", "reversed_by"),
    "pending",
)
"""The contract of a study's results/claims.csv."""


def table(
    claims: Sequence[StudyClaim], tables: Mapping[str, pd.DataFrame], panel: str
) -> pd.DataFrame:
    """Judge each claim.

    Parameters
    ----------
    claims : sequence of StudyClaim
    tables : mapping
        From `analysis.claims.evidence.read`.
    panel : str
        The study's.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: `probability` is the posterior's of the printed sign, `sign` and
        `magnitude` are verdicts, `reversed_by` and `pending` name checks that reverse the finding
        and that were not made.
    """
    rows = []
    for number, stated in enumerate(claims, 1):
        claim, printed = _claim(number, stated, tables)
        judged = rule.assess(claim, tables, (panel,))
        evidence = posterior(claim, panel, tables)
        row = {name: evidence.get(name, np.nan) for name in ("mean", "q025", "q975")}
        row |= {name: judged.get(name, np.nan) for name in ("probability", "p_rope", "p_printed")}
        row |= {name: evidence.get(name, "") for name in ("gate", "fits")}
        row |= {"claim": number, "statement": stated.text, "column": stated.column}
        row |= {"term": stated.term, "kind": stated.kind, "printed": printed}
        row |= {name: judged[name] for name in ("sign", "magnitude")}
        unmade = [kind for kind, checks in judged["turns"].get(panel, {}).items() if checks is None]
        row |= {"reversed_by": "; ".join(judged["reversed_by"]), "pending": "; ".join(unmade)}
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def remedies(
    claims: Sequence[StudyClaim],
    tables: Mapping[str, pd.DataFrame],
    panel: str,
    crossed: Collection[str],
) -> list[str]:
    """Return the commands that make pending checks, each once; empty for what none can make.

    Parameters
    ----------
    claims, tables, panel
        As of `table`.
    crossed : collection of str
        Columns that have universes (`analysis.robustness.multiverse.study`). Of others no command
        makes the check by the multiverse, which is left out here: see `uncrossed`.
    """
    asked = (_claim(number, stated, tables)[0] for number, stated in enumerate(claims, 1))
    listed = (
        command
        for claim in asked
        for command in rule.assess(claim, tables, (panel,))["pending"]
        if command != MADE_WITH[MULTIVERSE] or claim.column in crossed
    )
    return list(dict.fromkeys(listed))


def uncrossed(rows: pd.DataFrame, crossed: Collection[str]) -> list[str]:
    """Return the columns of claims whose check by the multiverse no command can make.

    Parameters
    ----------
    rows : DataFrame
        From `table`.
    crossed : collection of str
        Columns that have universes.
    """
    waits = [MULTIVERSE in pending.split("; ") for pending in rows["pending"]]
    return [column for column in dict.fromkeys(rows.loc[waits, "column"]) if column not in crossed]


MULTIVERSE = "multiverse"
"""The check by other choices of analysis, as `pending` names it."""


def _claim(
    number: int, stated: StudyClaim, tables: Mapping[str, pd.DataFrame]
) -> tuple[Claim, str]:
    """Return a claim as the rule takes it, and its coefficient as printed."""
    printed = _printed(stated, tables["replication"])
    kind = stated.kind if printed else "untested"
    return Claim(str(number), stated.text, "", "", stated.column, stated.term, kind), printed


def _printed(claim: StudyClaim, replication: pd.DataFrame) -> str:
    """Return the coefficient as printed, with its stars; empty if none is."""
    cells = matching(replication, column=claim.column, term=claim.term)
    by_name = dict(zip(cells["statistic"], cells["published"], strict=True)) if len(cells) else {}
    coefficient, stars = (by_name.get(name) for name in ("coef", "stars"))
    marks = stars if isinstance(stars, str) else ""
    return f"{coefficient}{marks}" if isinstance(coefficient, str) else ""
