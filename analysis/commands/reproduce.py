"""The main job: all inputs of the page, in their order."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.analyses import find
from analysis.commands import analyses
from analysis.commands.comparison import compare, estimate_dynamic
from analysis.commands.options import Cluster, Out, Seed, app, load_panels, print_frame
from analysis.commands.panels import fingerprints
from analysis.commands.posterior import diagnose_traces, exit_by_gate
from analysis.commands.replication import audit, replicate
from analysis.commands.reporting import report, write_ledger, write_study_ledger
from analysis.commands.sampling import sample_jobs
from analysis.shared import products, terminal
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.terminal import console
from analysis.shared.timing import Steps
from analysis.specifications import HEADLINE, PAPER, current, home, select
from data.shared.errors import UserError

if TYPE_CHECKING:
    from analysis.posterior.jobs import Job

SAMPLE = "sample posteriors"

STEPS = (
    *("meet Table 2", "replicate", SAMPLE, "compare dynamic estimators", "diagnose"),
    *("compare with the paper", "audit", "decompose", "judge claims", "write the report"),
)


STUDY_STEPS = (
    *("replicate", SAMPLE, "diagnose", "compare with the paper"),
    *("audit", "judge claims", "write the report"),
)
"""Of any other study."""


@app.command(studies=True)
def reproduce(
    seed: Seed = 1,
    cluster: Cluster = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Keep what the steps took for other clones, too.")
    ] = False,
    out: Out = ROOT,
) -> None:
    """Run the main job: replicate, sample every column's main model, compare, judge, report.

    The headline columns get the whole ladder. Says how long it takes, and what it is at. Of another
    study, its columns of two-way effects and GMM get their main model, its claims their verdicts.

    Example: python -m analysis reproduce

    Example: python -m analysis reproduce --study data/studies/munnell
    """
    if current() is not PAPER:
        _of_study(Outputs(out), seed, cluster)
        return
    import pandas as pd

    from analysis.posterior.jobs import Settings, jobs, missing
    from models.bayesian.registry import main_model

    outputs, settings, every = Outputs(out), Settings(seed=seed), select(())
    panels = load_panels(None, every)
    listed = jobs(panels, select(HEADLINE), ())
    for record in every:
        if record.column not in HEADLINE:
            listed += jobs(panels, [record], [main_model(record).name])
    share = len(missing(listed, settings, outputs.traces)) / len(listed)
    steps = Steps("reproduce", STEPS, outputs, {SAMPLE: share})
    steps.announce()
    with terminal.no_tables_drawn():
        steps.begin("meet Table 2")
        fingerprints(out)
        steps.begin("replicate")
        replicate(out=out)
        steps.begin(SAMPLE)
        sample_jobs(listed, settings, outputs, cluster)
        steps.begin("compare dynamic estimators")
        if lagged := [record for record in every if record.dynamic]:
            estimate_dynamic(lagged, panels, outputs)
        steps.begin("diagnose")
        diagnostics = diagnose_traces(outputs)
        steps.begin("compare with the paper")
        compare(out=out)
        analyses.run(find("horizon"), out=out)
        steps.begin("audit")
        audit(out=out)
        steps.begin("decompose")
        analyses.run(find("decomposition"), columns=list(HEADLINE), out=out)
    steps.begin("judge claims")
    write_ledger(outputs)
    steps.begin("write the report")
    report(out)
    steps.finish(measure)
    listing = pd.DataFrame(products.summary(), columns=["what", "where"])
    print_frame(listing, "Outputs", "products")
    passed = (diagnostics["gate"] != "fail").sum()
    console.print(
        f"{passed} of {len(diagnostics)} fits pass the gate. Each command prints its table."
    )
    exit_by_gate(diagnostics)


def fittable(listed: Iterable["Job"]) -> list["Job"]:
    """Return the fits that can be made of their data; say of others why they are left out."""
    from analysis.posterior.jobs import split

    kept = []
    for job in listed:
        try:
            split(job)
        except UserError as error:
            terminal.say(f"Notice: {job.name} of {job.specification.column} is left out. {error}")
        else:
            kept.append(job)
    return kept


def _of_study(outputs: Outputs, seed: int, cluster: str | None) -> None:
    """Replicate a study's columns, sample the main model of those that have one, and compare."""
    from analysis.posterior.jobs import Settings, jobs, missing
    from data.studies import claims
    from models.bayesian.registry import main_model

    settings, study = Settings(seed=seed), current()
    of_claims = [select([claim.column])[0] for claim in claims.read(study.path)]
    records = select([*study.headline, *(home(record)[0].column for record in of_claims)])
    panels = load_panels(None, records)
    listed = fittable(job for r in records for job in jobs(panels, [r], [main_model(r).name]))
    share = len(missing(listed, settings, outputs.traces)) / max(len(listed), 1)
    steps = Steps("reproduce-study", STUDY_STEPS, outputs, {SAMPLE: share})
    steps.announce()
    steps.begin("replicate")
    replicate(out=outputs.root)
    with terminal.no_tables_drawn():
        steps.begin(SAMPLE)
        sample_jobs(listed, settings, outputs, cluster)
        steps.begin("diagnose")
        diagnostics = diagnose_traces(outputs)
    steps.begin("compare with the paper")
    compare(out=outputs.root)
    with terminal.no_tables_drawn():
        steps.begin("audit")
        audit(out=outputs.root)
    steps.begin("judge claims")
    write_study_ledger(outputs)
    steps.begin("write the report")
    report(out=outputs.root)
    steps.finish()
    exit_by_gate(diagnostics)
