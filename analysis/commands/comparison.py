"""Commands that compare estimates with the published coefficients."""

from collections.abc import Sequence
from typing import Annotated

import pandas as pd
import typer
from rich.progress import track

from analysis.commands.options import (
    Cluster,
    Columns,
    Out,
    Panels,
    Seed,
    app,
    load_panels,
    print_frame,
    say_written,
    taken,
    write_tables,
)
from analysis.commands.posterior import sample_jobs
from analysis.shared.outputs import ROOT, Outputs, read_result
from analysis.shared.terminal import console
from analysis.specifications import HEADLINE, select
from data.errors import UserError
from data.panels.panel import Panel
from models.design import Specification


@app.command()
def compare(
    rope: Annotated[
        float,
        typer.Option(
            min=0,
            help="Region of practical equivalence: within standard deviations of the outcome for "
            "one of the regressor.",
        ),
    ] = 0.1,
    out: Out = ROOT,
) -> None:
    """Compare every trace's slopes with the published ones, and draw the ladder.

    Tables: comparison, region_slopes, region_differences, region_orders, scales (prior and
    posterior), turning_points, ladder, pooled (over the panels of `implied:all`).

    Example: python -m analysis compare --rope 0.05
    """
    from analysis.comparison import ensemble as pooled
    from analysis.comparison import figures, ladder, tables
    from analysis.posterior.trace import trace_paths
    from models.bayesian.registry import MAIN

    outputs = Outputs(out)
    paths, there = trace_paths(outputs.traces), taken(outputs)
    replication = read_result(outputs.results, "replication")
    by_name = tables.make(track(paths, "Reading", console=console, transient=True), rope)
    over_panels = pooled.pool(by_name["comparison"])
    if len(over_panels):
        print_frame(over_panels, "Over the ensemble of exact panels", "pooled")
    comparison = pooled.with_range(by_name["comparison"])
    # All other tables are about single panels.
    by_name = {name: frame[~pooled.is_member(frame["panel"])] for name, frame in by_name.items()}
    by_name["comparison"] = comparison
    interest = {record.column: record.interest[0] for record in select(())}
    shown = ["column", "model", "fitted_column", "published", "published_se", "mean", "sd"]
    shown += [
        "q025",
        "q975",
        "p_same_sign",
        "p_rope",
        "bf10",
        "gate",
        "agreement",
        "interpretation",
    ]
    of_interest = comparison[comparison["term"] == comparison["column"].map(interest)]
    for panel, rows in of_interest.groupby("panel", sort=False):
        ranges = [name for name in pooled.RANGE if rows[name].notna().any()]
        title = f"Posterior beside published, terms of interest — panel {panel}"
        print_frame(rows[shown + ranges], title, "comparison")
    title = f"Panels side by side, terms of interest, model {MAIN}"
    print_frame(tables.side_by_side(of_interest, MAIN), title, "side_by_side")
    steps = ladder.table(replication, comparison)
    title = "Columns and terms by the ladder's largest step"
    print_frame(ladder.summary(steps), title, "ladder")
    write_tables(by_name | {"ladder": steps, "pooled": over_panels}, outputs, there)
    if drawn := figures.draw(outputs.results, outputs.figures):
        say_written(drawn, outputs)
    else:
        console.print(
            f"No figure is redrawn: no panel of the paper has an estimate of {', '.join(HEADLINE)}."
        )


@app.command()
def dynamic(
    columns: Columns = None,
    panel: Panels = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A dynamic model to sample besides; repeatable."),
    ] = None,
    seed: Seed = 1,
    cluster: Cluster = None,
    out: Out = ROOT,
) -> None:
    """Compare ρ of the dynamic model with every other estimator's: results/dynamic.csv, a figure.

    Samples what is missing. results/dynamic_effects.csv, and its figure, has effects in the long
    run and after years. Exit 1 if a fit fails its gate.

    Example: python -m analysis dynamic 5.1 --panel official
    """
    from analysis.posterior.engines import Settings
    from analysis.posterior.sample import jobs
    from analysis.replication.dynamic_estimators import dynamic_models

    records = [record for record in select(columns or ()) if record.dynamic]
    if not records:
        raise UserError(
            "Only the columns of Table 5 have a lagged outcome: choose among 5.1, 5.2, 5.3, 5.4."
        )
    panels, outputs = load_panels(panel, records), Outputs(out)
    names = dict.fromkeys([dynamic_models()[0].name, *(model or ())])
    sample_jobs(jobs(panels, records, names), Settings(seed=seed), outputs, cluster)
    estimates = estimate_dynamic(records, panels, outputs)
    if (estimates["gate"] == "fail").any():
        raise typer.Exit(1)


def estimate_dynamic(
    records: Sequence[Specification], panels: Sequence[Panel], outputs: Outputs
) -> pd.DataFrame:
    """Estimate dynamic columns by every estimator; show and write the tables."""
    from analysis.comparison import dynamic as lagged

    there = taken(outputs, panels)
    tables_of_panels = lagged.table(panels, records, outputs.traces)
    total = len(panels) * len(records)
    tables = list(track(tables_of_panels, "Estimating", total, console=console, transient=True))
    estimates, follows = (
        pd.concat(frames, ignore_index=True) for frames in zip(*tables, strict=True)
    )
    for (name, column), rows in estimates.groupby(["panel", "column"], sort=False):
        title = f"{column} on {name}: coefficient, se, interval"
        print_frame(lagged.side_by_side(rows), title, "dynamic")
    write_tables({"dynamic": estimates, "dynamic_effects": follows}, outputs, there)
    return estimates
