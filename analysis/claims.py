"""The ledger: each claim of the paper, what the evidence says of it, and one verdict.

The rule, written before any result was looked at; nothing that comes out may change it.

1. A claim is a statement about slopes (`CLAIMS`). Its evidence is the posterior of the column's
   main model on the panels that were rebuilt from official series without the regression tables.
   A panel made to meet the printed numbers only says what these imply: it never counts.
2. On each such panel the finding is `for` if the statement has a posterior probability of 97.5 %
   or more, `against` if it has 2.5 % or less, else `open`. A size is `for` where the posterior
   `agrees` with the printed number (`analysis.compare`), `against` where it `differs` or
   `contradicts`, else `open`. A fit that failed its gate, or that stands in for another
   regression, gives no finding.
3. The verdict:
   `not tested by the paper`  the paper prints no estimate of the claim
   `not assessed`             a finding is missing
   `stands`                   `for` on every panel, and nothing in 4 turns it
   `fragile`                  `for` on every panel, and something in 4 turns it
   `contradicted`             `against` on every panel
   `depends on the data`      `for` on some panels, not on all
   `doubtful`                 `against` on some panels, `for` on none
   `not established`          `open` on every panel
4. What turns a `for`, on any panel: another model of the column that passed its gate, another
   prior, or the sample without one province gives a 95 % interval that does not exclude the other
   sign; or less than 95 % of the multiverse has the claimed sign. What has not been made turns
   nothing, and the ledger says that it is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.compare import CERTAIN
from data.panel import PANELS

EVIDENCE = tuple(kind.name for kind in PANELS if kind.evidence)
IMPLIED = tuple(kind.name for kind in PANELS if not kind.evidence)

SHARE = 0.95
"""Share of the multiverse that must have the claimed sign."""

VERDICTS = {
    "stands": "for on every panel, and no model, prior, province or universe looked at turns it",
    "fragile": "for on every panel, but something looked at turns it",
    "depends on the data": "for on some panels, not on all",
    "not established": "open on every panel",
    "doubtful": "against on some panels, for on none",
    "contradicted": "against on every panel",
    "not tested by the paper": "the paper prints no estimate of it",
    "not assessed": "a posterior is missing",
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


def verdict(findings: Sequence[str], turned: Sequence[str], tested: bool = True) -> str:
    """Apply rule 3.

    Parameters
    ----------
    findings : sequence of str
        One for each panel that counts: "for", "against", "open" or "missing".
    turned : sequence of str
        What turns them by rule 4.
    tested : bool
        Whether the paper prints an estimate.
    """
    if not tested:
        return "not tested by the paper"
    if "missing" in findings or not findings:
        return "not assessed"
    found = set(findings)
    if found == {"for"}:
        return "fragile" if turned else "stands"
    if "for" in found:
        return "depends on the data"
    if found == {"against"}:
        return "contradicted"
    return "doubtful" if "against" in found else "not established"
