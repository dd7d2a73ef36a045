"""The main job: all inputs of the page, in their order."""

from analysis.analyses import find
from analysis.commands import analyses
from analysis.commands.comparison import compare, estimate_dynamic
from analysis.commands.options import Cluster, Out, Seed, app, load_panels, print_frame
from analysis.commands.panels import fingerprints
from analysis.commands.posterior import diagnose_traces, exit_by_gate, sample_jobs
from analysis.commands.replication import audit, replicate
from analysis.commands.reporting import report, write_ledger
from analysis.shared import products, terminal
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.terminal import console
from analysis.specifications import HEADLINE, select


@app.command()
def reproduce(seed: Seed = 1, cluster: Cluster = None, out: Out = ROOT) -> None:
    """Run the main job: replicate, sample every column's main model, compare, judge, report.

    The headline columns get the whole ladder.

    Example: python -m analysis reproduce
    """
    import pandas as pd

    from analysis.posterior.jobs import Settings, jobs
    from models.bayesian.registry import main_model

    outputs = Outputs(out)
    with terminal.no_tables_drawn():
        fingerprints(out)
        replicate(out=out)
        every = select(())
        panels = load_panels(None, every)
        listed = jobs(panels, select(HEADLINE), ())
        for record in every:
            if record.column not in HEADLINE:
                listed += jobs(panels, [record], [main_model(record).name])
        sample_jobs(listed, Settings(seed=seed), outputs, cluster)
        if lagged := [record for record in every if record.dynamic]:
            estimate_dynamic(lagged, panels, outputs)
        diagnostics = diagnose_traces(outputs)
        compare(out=out)
        audit(out=out)
        analyses.run(find("decomposition"), columns=list(HEADLINE), out=out)
    write_ledger(outputs)
    report(out)
    listing = pd.DataFrame(products.summary(), columns=["what", "where"])
    print_frame(listing, "Outputs", "products")
    passed = (diagnostics["gate"] != "fail").sum()
    console.print(
        f"{passed} of {len(diagnostics)} fits pass the gate. Each command prints its table."
    )
    exit_by_gate(diagnostics)
