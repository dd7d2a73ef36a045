"""The page of a study: claims, tables, posteriors and diagnostics, nothing of another paper."""

from collections.abc import Iterable

import pandas as pd

from analysis.audit import run as audit
from analysis.comparison import figures, power
from analysis.reporting.page import slope_charts
from analysis.reporting.page.answers import passed
from analysis.reporting.page.blocks import (
    Block,
    Results,
    Section,
    folded,
    missing,
    shown,
    table,
    text,
)
from analysis.reporting.page.studies import analyses, of_lag
from analysis.reporting.page.trust import health
from analysis.reporting.study_blocks import simulated
from analysis.shared.digits import with_interval
from analysis.shared.products import below
from analysis.specifications import current, regions
from models.bayesian.registry import MAIN


def _unsaid(_: Results) -> str:
    """Say nothing: a table is the answer."""
    return ""


def _counted(results: Results) -> str:
    """Count the verdicts on the sign."""
    rows = results.frame("study_claims")
    if rows is None:
        return ""
    counts = ", ".join(f"{number} {word}" for word, number in rows["sign"].value_counts().items())
    return f"Signs of {len(rows)} claims: {counts}."


def _met(results: Results) -> str:
    """Count the printed numbers that come out."""
    rows = results.frame("replication")
    if rows is None:
        return ""
    compared = rows[rows["matches"].notna() & (rows["statistic"] != "stars")]
    met = int(compared["matches"].astype(str).eq("True").sum())
    return f"{met} of {len(compared)} printed numbers are met at their printed precision."


def _agree(results: Results) -> str:
    """Count how posteriors agree with what is printed."""
    rows = results.frame("comparison")
    if rows is None:
        return ""
    counts = rows["agreement"].value_counts()
    said = ", ".join(f"{number} {AGREE.get(word, word)}" for word, number in counts.items())
    return f"Of {counts.sum()} posteriors beside printed slopes {said}." if said else ""


AGREE = {"agrees": "agree", "differs": "differ", "uncertain": "are uncertain"}
"""Words of agreement, as they are said of several."""


def _claims(results: Results) -> Iterable[Block]:
    """Show the verdicts, by the rule's second edition."""
    rows = results.frame("study_claims")
    if rows is None:
        yield missing("the verdicts on claims", "claims")
        return
    yield text(
        "The sign is supported if the posterior gives the printed one 97.5 % or more and no check "
        "reverses it, contradicted at 2.5 % or less. The magnitude compares the slope with zero "
        "and with the printed one."
    )
    claims = rows[["statement", "column", "term", "printed"]].assign(
        posterior=[with_interval(*row) for row in rows[["mean", "q025", "q975"]].to_numpy()]
    )
    columns = ["probability", "p_rope", "sign", "magnitude", "reversed_by", "pending"]
    yield table(claims.join(rows[columns]), "Claims and verdicts")


def _tables(results: Results) -> Iterable[Block]:
    """Show printed numbers beside estimates, table by table."""
    rows = results.frame("replication")
    if rows is None:
        yield missing("estimates of the printed columns", "replicate")
        return
    columns = ["column", "term", "statistic", "published", "estimated", "matches"]
    for number, of_table in rows.groupby("table", sort=False):
        cells = of_table[columns].astype(object).where(of_table[columns].notna(), "")
        cells["estimated"] = cells["estimated"].map(_rounded)
        yield folded(cells, f"Table {number}: printed and estimated")


def _rounded(cell: object) -> str:
    """Return an estimate, stars or words as a cell of the page."""
    try:
        return shown(float(str(cell)))
    except ValueError:
        return str(cell)


def _power(results: Results) -> Iterable[Block]:
    """Show size and power on the study's own designs."""
    rows = results.frame("power")
    if rows is None:
        yield missing("power on the columns' own designs", "power")
        return
    if simulated(rows):
        yield text(power.sentence(rows))
    yield table(power.shown(rows), "Minimum detectable effects and printed slopes")


def _slopes(results: Results) -> Iterable[Block]:
    """Draw and list the slopes of terms of interest, estimates and posteriors."""
    replicated, compared = results.frame("replication"), results.frame("comparison")
    if replicated is not None and compared is not None:
        terms = {record.column: record.interest[0] for record in current().records}
        rows = figures.headline(replicated, compared)
        rows = rows.assign(step=rows["model"], term=rows["column"].map(terms))
        yield results.chart(
            "slopes", slope_charts.slopes(rows),
            "Slope by two-way fixed effects (TWFE) and by each model, with 95 % intervals; the "
            "band is the printed slope’s. Choose a slope below the chart.",
        )  # fmt: skip
    if compared is None:
        yield missing("slopes of terms of interest", "compare")
        return
    listed = compared[[*SLOPES, "gate", "fits", "agreement"]]
    interest = {(r.column, term) for r in current().records for term in r.interest}
    cells = zip(compared["column"].astype(str), compared["term"], strict=True)
    of_interest = [cell in interest for cell in cells]
    yield table(listed[of_interest], "Slopes of terms of interest")
    if not all(of_interest):
        yield folded(listed, "All slopes that are printed")


def _regions(results: Results) -> Iterable[Block]:
    """Draw and list slopes by region, if the study has regions."""
    if len(regions()) < 2:
        yield text("The study names no regions, so nothing differs by region.")
        return
    rows = results.frame("region_slopes")
    if rows is not None and (rows["model"] == MAIN).any():
        yield results.chart(
            "regions", slope_charts.by_region(rows),
            "Slopes by region of the main model, with 95 % intervals. Choose a slope below the "
            "chart.",
        )  # fmt: skip
    if rows is None:
        yield missing("slopes by region", "compare")
        return
    yield table(rows[list(REGIONS)], "Slopes by region")
    if (orders := results.frame("region_orders")) is not None:
        yield folded(orders, "Probability of each order of the slopes")


def _dynamic(results: Results) -> Iterable[Block]:
    """Show ρ of the columns by GMM beside the dynamic model's."""
    dynamic = [record for record in current().records if record.dynamic]
    if not dynamic:
        yield text("No column is a dynamic GMM, so no lagged outcome is modelled.")
        return
    yield from of_lag(
        results,
        "The coefficient ρ of the lagged outcome by the Bayesian model, given each unit’s first "
        "year, and by other estimators on the same rows.",
        "the coefficient ρ of the lagged outcome by estimator",
        dynamic[0].interest[0],
    )


def _audited(results: Results) -> Iterable[Block]:
    """Show the audit of the printed numbers."""
    comparisons = results.frame("audit")
    if comparisons is None and below(results.folder, "audit").is_file():
        yield text(
            "Nothing can be compared: that takes coefficients with standard errors, t or P values, "
            "and the levels of its stars."
        )
        return
    if comparisons is None:
        yield missing("the audit of the printed numbers", "audit")
        return
    yield table(audit.summary(comparisons), "Comparisons by result")
    columns = ["check", "place", "compared", "printed", "low", "high", "result"]
    if len(found := audit.findings(comparisons)):
        yield folded(found[columns], "Inconsistent numbers")


def _provenance(results: Results) -> Iterable[Block]:
    """Show the data."""
    study = current()
    frame = study.panel.frame
    rows = pd.DataFrame(
        {
            "data": [study.panel.label],
            "rows": [len(frame)],
            "units": [frame["province"].nunique()],
            "years": [f"{frame['year'].min()}–{frame['year'].max()}"],
            "sha256": [study.panel.sha256],
        }
    )
    yield table(rows, "The data")
    for notice in study.panel.notices:
        yield text(notice)


SLOPES = ("column", "model", "term", "published", "mean", "q025", "q975", "p_same_sign", "p_rope")
REGIONS = ("column", "model", "term", "region", "mean", "q025", "q975", "p_positive", "p_rope")

SECTIONS = (
    Section("claims", "Verdicts", "Verdicts on the claims", "", _counted, {"claims": _claims}),
    Section("tables", "Tables", "Printed and estimated again", "", _met, {"tables": _tables}),
    Section(
        *("slopes", "Posteriors", "Posterior beside published", "", _agree),
        {"slopes": _slopes},
    ),
    Section(
        *("regions", "Regions", "Slopes by region", "", _unsaid),
        {"regions": _regions},
    ),
    Section("dynamic", "Dynamics", "Coefficient of the lag", "", _unsaid, {"dynamic": _dynamic}),
    Section(
        *(
            "sensitivity",
            "Sensitivity",
            "Under other priors, without a unit or a year",
            "",
            _unsaid,
        ),
        {"sensitivity": analyses("sensitivity"), "horizon": analyses("horizon")},
    ),
    Section("power", "Power", "Size and power", "", _unsaid, {"power": _power}),
    Section(
        *("multiverse", "Multiverse", "Under other choices of analysis", "", _unsaid),
        {"multiverse": analyses("multiverse")},
    ),
    Section("audit", "Audit", "Audit of the printed numbers", "", _unsaid, {"audit": _audited}),
    Section("health", "Diagnostics", "Diagnostics of every fit", "", passed, {"health": health}),
    Section("provenance", "Provenance", "Data", "", _unsaid, {"provenance": _provenance}),
)
"""The page in its order; a new section is a record here."""
