"""The rule of the ledger, first edition: what counts as evidence, and which verdict follows.

Written before any result was looked at; nothing that comes out may change it. Point 4 was made
more precise afterwards: that a refit under another prior must have passed its gate, that the
flat-prior benchmark does not count, what is asked of turning points, and which models must have
been looked at. No verdict was another for it.

1. A claim is a statement about slopes (`CLAIMS`). Its evidence is the posterior of the main model,
   the top of the ladder (for Table 8 its region slopes; for Table 5 the model with the lagged
   outcome), on the panels that were rebuilt from official series without the regression tables.
   A panel made to meet the printed numbers only says what these imply: it never counts.
2. On each such panel the finding is `for` if the statement has a posterior probability of 97.5 %
   or more, `against` if it has 2.5 % or less, else `open`. A size is `for` where the posterior
   `agrees` with the printed number (`analysis.comparison.coefficients`), `against` where it
   `differs` or `contradicts`, else `open`. A fit that failed its gate, or that stands in for
   another regression, gives no finding; a variable put in the place of one that the paper does not
   describe makes it another regression. Since 30 November 2026 neither does a fit whose model fails
   the predictive checks of `analysis.posterior.fits`; models before that were not checked so.
3. The verdict:
   `not tested by the paper`  the paper prints no estimate of the claim
   `not assessed`             a finding is missing
   `supported`                `for` on every panel, and nothing in 4 reverses it
   `supported, checks pending` the same, and not all of 4 has been made
   `fragile`                  `for` on every panel, and something in 4 reverses it
   `contradicted`             `against` on every panel
   `depends on the data`      `for` on some panels, not on all
   `partly contradicted`      `against` on some panels, `for` on none
   `inconclusive`             `open` on every panel
4. What reverses a `for`, on any panel: another model of the column, another prior (both only if the
   fit passed its gate), or the sample without one province gives a 95 % interval that does not
   exclude the other sign; or less than 95 % of the multiverse has the claimed sign. Of where a
   parabola turns, another model's probability below 97.5 %. The flat-prior benchmark, which is
   least squares again, is not another model. What has not been made reverses nothing, and the
   ledger says that it is missing: of models, those with serially correlated errors (of Table 5,
   whose errors are independent, that with an autoregressive coefficient for each region).
"""

from collections.abc import Sequence

import numpy as np

from analysis.shared.statistics import CERTAIN

MODEL = "hierarchical"
"""Top of the ladder when this edition was written."""

ASKED = ("autoregressive", "province_trends")
"""Models with serially correlated errors that there were."""

SHARE = 0.95
"""Share of the multiverse that must have the claimed sign: `share_same_sign` of its table."""


VERDICTS = {
    "supported": "for on every panel, and no other model, prior, province or universe reverses it",
    "supported, checks pending": "for on every panel, but not every check has been run",
    "fragile": "for on every panel, but one of the checks reverses it",
    "depends on the data": "for on some panels, not on all",
    "inconclusive": "open on every panel",
    "partly contradicted": "against on some panels, for on none",
    "contradicted": "against on every panel",
    "not tested by the paper": "the paper prints no estimate of it",
    "not assessed": "there is no posterior that could speak of it",
}
"""Each verdict and what it means."""


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
    findings: Sequence[str], reversals: Sequence[str], tested: bool = True, checked: bool = True
) -> str:
    """Apply rule 3.

    Parameters
    ----------
    findings : sequence of str
        One for each panel that counts: "for", "against", "open" or "missing".
    reversals : sequence of str
        What reverses them by rule 4.
    tested : bool
        Whether the paper prints an estimate.
    checked : bool
        Whether every check of rule 4 has been run.
    """
    if not tested:
        return "not tested by the paper"
    if "missing" in findings or not findings:
        return "not assessed"
    kinds = set(findings)
    if kinds == {"for"}:
        if reversals:
            return "fragile"
        return "supported" if checked else "supported, checks pending"
    if "for" in kinds:
        return "depends on the data"
    if kinds == {"against"}:
        return "contradicted"
    return "partly contradicted" if "against" in kinds else "inconclusive"
