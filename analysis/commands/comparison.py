"""Commands that compare estimates with the published coefficients."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track

from analysis.commands.options import (
    Cluster,
    Columns,
    NamedModel,
    NamedPanel,
    Out,
    Panels,
    Seed,
    app,
    load_panels,
    print_frame,
    say_following,
    say_written,
    taken,
    write_tables,
)
from analysis.commands.sampling import sample_jobs
from analysis.shared import terminal
from analysis.shared.outputs import ROOT, Outputs, read_result
from analysis.shared.products import below
from analysis.shared.terminal import console
from analysis.specifications import current, home, select
from data.panels.catalogue import PANELS, panel_names
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.design import Specification

if TYPE_CHECKING:
    import pandas as pd


@app.command(studies=True)
def compare(
    columns: Columns = None,
    panel: Annotated[
        list[str] | None,
        typer.Option("--panel", help="A panel or the path of a CSV; repeatable. Default: all."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="A model; repeatable. Default: all.")
    ] = None,
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
    """Compare every trace's slopes with the published ones, and draw the paper's ladder.

    Tables: comparison, region_slopes, region_differences, region_orders, scales (prior and
    posterior), turning_points, ladder, pooled (over the panels of `implied:all`),
    imputed_posteriors (over all draws of `official:imputed`).

    With columns, panels or models that part is shown, with differences of elpd between models
    (PSIS-LOO) and their standard errors; nothing is written then.

    Example: python -m analysis compare 3.2 --model growth --model mundlak
    """
    if columns or panel or model:
        compare_part(select(columns or ()), panel or (), model or (), rope, Outputs(out))
        return

    from analysis.posterior.trace import trace_paths

    outputs = Outputs(out)
    paths, digests = trace_paths(outputs.traces), taken(outputs)
    replication = read_result(outputs.results, "replication")

    from analysis.comparison import ensemble as pooled
    from analysis.comparison import figures, imputed, ladder, tables

    mixtures = show_mixtures(paths)
    draws = imputed.of_draws(paths)
    paths = [path for path in paths if path not in draws]
    by_name = tables.make(track(paths, "Reading", console=console, transient=True), rope)
    over_panels = pooled.pool(by_name["comparison"])
    comparison = show_comparison(by_name["comparison"])
    # All other tables are about single panels.
    by_name = {name: frame[~pooled.is_member(frame["panel"])] for name, frame in by_name.items()}
    by_name["comparison"] = comparison
    studies = [
        read_result(outputs.results, name)
        for name in ("last_two", "candidates")
        if below(outputs.results, name).is_file()
    ]
    steps = ladder.table(replication, comparison, studies)
    largest = ladder.summary(steps)
    if len(largest) or not terminal.is_table():  # nothing varies by region in a region's columns
        print_frame(largest, "Columns and terms by the ladder's largest step", "ladder")
    by_name |= {"ladder": steps, "pooled": over_panels}
    if len(pooled_draws := imputed.complete(mixtures)):  # else the committed table stays
        by_name["imputed_posteriors"] = pooled_draws
    write_tables(by_name, outputs, digests)
    if drawn := figures.draw(outputs.results, outputs.figures):
        say_written(drawn, outputs)
    else:
        kind = "panel" if current().path else "panel of the paper"
        console.print(
            f"No figure is redrawn: no {kind} has an estimate of {', '.join(current().headline)}."
        )
    say_following("claims", out=out)


def show_mixtures(paths: Sequence[Path]) -> "pd.DataFrame":
    """Show posteriors over draws of what is not observed, if there are any, and return them."""
    from analysis.comparison import imputed

    draws = imputed.of_draws(paths)
    mixtures = imputed.mixtures(track(draws, "Pooling", console=console, transient=True))
    if len(mixtures):
        print_frame(mixtures, "Over draws of what is not observed", "imputed_posteriors")
    return mixtures


def show_comparison(posteriors: "pd.DataFrame") -> "pd.DataFrame":
    """Show posteriors beside the published; return them with their range over exact panels."""
    from analysis.comparison import ensemble as pooled
    from analysis.comparison import tables
    from models.bayesian.registry import MAIN

    over_panels = pooled.pool(posteriors)
    if len(over_panels):
        print_frame(over_panels, "Over the ensemble of exact panels", "pooled")
    comparison = pooled.with_range(posteriors)
    interest = {record.column: record.interest for record in select(())}
    shown = ["column", "term", "model", "fitted_column", "published", "published_se", "mean", "sd"]
    shown += ["q025", "q975", "p_same_sign", "p_rope", "bf10", "gate", "fits", "agreement"]
    shown.append("interpretation")
    slopes = zip(comparison["column"], comparison["term"], strict=True)
    of_interest = comparison[[term in interest.get(column, ()) for column, term in slopes]]
    for panel, rows in of_interest.groupby("panel", sort=False):
        ranges = [name for name in pooled.RANGE if rows[name].notna().any()]
        title = f"Posterior beside published, terms of interest — panel {panel}"
        print_frame(rows[shown + ranges], title, "comparison")
    if (of_interest["model"] == MAIN).any() and of_interest["panel"].nunique() > 1:
        title = f"Panels side by side, terms of interest, model {MAIN}"
        print_frame(tables.side_by_side(of_interest, MAIN), title, "side_by_side")
    return comparison


def compare_part(
    records: Sequence[Specification],
    panels: Sequence[str],
    models: Sequence[str],
    rope: float,
    outputs: Outputs,
) -> None:
    """Show some columns, panels and models, and how well the models predict; write nothing."""
    from analysis.comparison import imputed, tables
    from analysis.posterior import loo, predictive_checks, trace

    columns = {record.column for record in records}
    # A region's slope is in the fit of all regions, too.
    holding = {record.column: record for named in records for record in (named, home(named)[0])}
    every = trace.trace_paths(outputs.traces)
    fitted = tuple(holding.values())
    paths = predictive_checks.asked_for(every, fitted, panels, models, terminal.say)
    for name in predictive_checks.lacking(paths, models):
        terminal.say(f"Model {name} has no trace here: make it with `python -m analysis sample`.")
    draws = imputed.of_draws(paths)
    show_mixtures(draws)
    if draws and not (paths := [path for path in paths if path not in draws]):
        return
    by_name = tables.make(track(paths, "Reading", console=console, transient=True), rope)
    comparison = by_name["comparison"]
    show_comparison(comparison[comparison["column"].isin(columns)])
    of_columns = [path for path in paths if path.stem.partition("-")[0] in columns]
    fits = [
        loo.pointwise(trace.read(path, without=PREDICTIVE))
        for path in track(of_columns, "Leaving rows out", console=console, transient=True)
    ]
    differences = loo.differences(fits)
    for name, rows in differences.groupby("panel", sort=False):
        title = f"Differences of elpd from the best model, rows left out (PSIS-LOO) — panel {name}"
        print_frame(rows.drop(columns="panel"), title, "loo_differences")
    for sentence in loo.doubts(fits) if len(differences) else ():
        terminal.say(sentence)
    console.print(
        "Shown in part: results/ and figures/ are as they were. All of it, written: python -m "
        "analysis compare",
        highlight=False,
    )


PREDICTIVE = ("posterior_predictive", "prior_predictive")
"""Groups of a trace that leaving rows out does not need."""


@app.command(studies=True)
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
    run and after years; results/common_factor.csv says whether a column is a static regression with
    AR(1) errors. Exit 1 if a fit fails its gate.

    Example: python -m analysis dynamic 5.1 --panel official
    """
    from analysis.posterior.jobs import Settings, jobs
    from models.bayesian.registry import main_model

    records = [record for record in select(columns or ()) if record.dynamic]
    if not records:
        dynamic = ", ".join(record.column for record in select(()) if record.dynamic)
        raise UserError(
            "Only columns of a dynamic GMM have a lagged outcome: choose among "
            f"{dynamic or 'none of this study'}."
        )
    panels, outputs = load_panels(panel, records), Outputs(out)
    names = dict.fromkeys([*(main_model(record).name for record in records), *(model or ())])
    sample_jobs(jobs(panels, records, names), Settings(seed=seed), outputs, cluster)
    estimates = estimate_dynamic(records, panels, outputs)
    say_following("claims", out=out)
    if (estimates["gate"] == "fail").any():
        raise typer.Exit(1)


def estimate_dynamic(
    records: Sequence[Specification], panels: Sequence[Panel], outputs: Outputs
) -> "pd.DataFrame":
    """Estimate dynamic columns by every estimator; show and write the tables."""
    import pandas as pd

    from analysis.comparison import dynamic as lagged

    digests = taken(outputs, panels)
    tables_of_panels = lagged.table(panels, records, outputs.traces)
    total = len(panels) * len(records)
    tables = list(track(tables_of_panels, "Estimating", total, console=console, transient=True))
    estimates, follows = (
        pd.concat(frames, ignore_index=True) for frames in zip(*tables, strict=True)
    )
    for (name, column), rows in estimates.groupby(["panel", "column"], sort=False):
        title = f"{column} on {name}: coefficient, se, interval"
        print_frame(lagged.side_by_side(rows), title, "dynamic")
    restricted = lagged.restricted(panels, records)
    title = "Is it a static regression with AR(1) errors? θ + ρb is then zero"
    if len(restricted):
        print_frame(lagged.shown_restrictions(restricted), title, "common_factor")
    tables_of = {"dynamic": estimates, "dynamic_effects": follows, "common_factor": restricted}
    write_tables(tables_of, outputs, digests)
    return estimates


@app.command(studies=True)
def hypothesis(
    statements: Annotated[
        list[str] | None,
        typer.Argument(
            help="Such as 'x:east > x:west'; a term alone is its slope of all rows. Default: that "
            "each slope is above zero."
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="A published column. Default: the first of the headline.")
    ] = None,
    panel: NamedPanel = None,
    model: NamedModel = None,
    per_sd: Annotated[
        bool,
        typer.Option(
            "--per-sd",
            help="Slopes as standard deviations of the outcome for one of the term, both within "
            "units and years.",
        ),
    ] = False,
    out: Out = ROOT,
) -> None:
    """Show the posterior probability of hypotheses about slopes, and their intervals.

    Reads a trace of `sample`. Any linear combination of terms and regions may be compared.

    A term is a regressor of interest; behind a colon stands a region.

    Example: python -m analysis hypothesis "indus:east > indus:west" "2*indus > 0.1" --column 3.2

    Example: python -m analysis hypothesis "ln_pcap:South > 0.1" --study data/studies/munnell

    Example: python -m analysis hypothesis --per-sd --column 3.2
    """
    from models.bayesian.registry import main_model

    (record,) = select([column or current().headline[0]])
    of_study = current().panel
    name = of_study.name if of_study else panel_names([panel or PANELS[0].name])[0]
    fitted = model or main_model(record).name

    import pandas as pd

    from analysis.comparison import hypothesis as contrasts
    from analysis.comparison.coefficients import slopes
    from analysis.posterior import trace
    from analysis.posterior.predictive_checks import of_other_files

    hypotheses = [contrasts.parse(statement) for statement in statements or ()]
    path = trace.trace_path(Outputs(out).traces, name, record.column, fitted)
    if not path.is_file():
        raise UserError(
            f"There is no trace {path}: run `python -m analysis sample {record.column} --model "
            f"{fitted}` first."
        )
    for sentence in of_other_files([path], [panel] if panel else []):
        terminal.say(sentence)
    tree = trace.read(path, without=trace.POINTWISE)
    draws = {
        (slope.term, slope.region): slope.draws / (slope.unit if per_sd else 1)
        for slope in slopes(tree)
    }
    rows = pd.DataFrame(
        [contrasts.evaluate(parsed, draws) for parsed in hypotheses or contrasts.positive(draws)]
    )
    scale = ", per standard deviation within units and years" if per_sd else ""
    title = f"Hypotheses on slopes of {record.column}, {fitted} on {name}{scale}"
    print_frame(rows.assign(gate=tree.attrs["gate"]), title, "hypothesis")
