"""Commands that sample, describe and diagnose posteriors."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track

from analysis.commands.comparison import show_mixtures
from analysis.commands.options import (
    Cluster,
    Column,
    Columns,
    Engine,
    Models,
    NamedModel,
    NamedPanel,
    Out,
    Panels,
    Seed,
    app,
    first_panel,
    load_panels,
    print_frame,
    say_following,
    sign,
    taken,
    write_tables,
)
from analysis.commands.sampling import MOST_NAMED, sample_jobs
from analysis.shared import terminal
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.terminal import console
from analysis.specifications import current, select
from data.panels.panel import Panel
from data.shared.errors import UserError
from models.design import Specification

if TYPE_CHECKING:
    import pandas as pd

    from models.bayesian.interface import Parts
    from models.bayesian.registry import Model


@app.command(studies=True)
def sample(
    columns: Columns = None,
    panel: Panels = None,
    model: Models = None,
    draws: Annotated[
        int | None, typer.Option(min=1, help="Draws per chain. Default: the engine's.")
    ] = None,
    tune: Annotated[
        int | None, typer.Option(min=1, help="Adaptation steps per chain. Default: the engine's.")
    ] = None,
    chains: Annotated[int, typer.Option(min=1, help="Chains.")] = 4,
    target_accept: Annotated[
        float | None,
        typer.Option(
            min=0.5, max=0.9999, help="Acceptance that NUTS aims at. Default: 0.95, 0.99."
        ),
    ] = None,
    seed: Seed = 1,
    engine: Annotated[
        Engine, typer.Option(help="See analysis/posterior/engines.py. auto: the model's own.")
    ] = "auto",
    every: Annotated[
        bool, typer.Option("--all", help="All published columns, as far as the models go.")
    ] = False,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            help="Another prior for a line of `prior-summary`, such as slope_std=normal:1; "
            "repeatable."
        ),
    ] = None,
    add: Annotated[
        list[str] | None, typer.Option(help="A column of the panel as one more term; repeatable.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A term to leave out; repeatable.")] = None,
    name: Annotated[
        str, typer.Option("--as", help="Name of the variant. Default: made of what it changes.")
    ] = "",
    cluster: Cluster = None,
    out: Out = ROOT,
) -> None:
    """Sample posteriors (by default of the headline columns) into traces/PANEL/.

    What is there already, made from the same panel, model, priors and settings, is kept. Other
    priors, terms or another engine make a variant, beside the model's own trace, by a name; other
    draws or another seed replace it, and say so, unless --as gives them a name.

    Example: python -m analysis sample 3.2 --panel official --model growth

    Example: python -m analysis sample 3.2 --prior slope_std=normal:1 --drop stru --as tight
    """
    from analysis.posterior.jobs import Settings, carrying, jobs
    from analysis.posterior.variants import parse

    settings = Settings(
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
        target_accept=target_accept,
        engine=None if engine == "auto" else engine,
    )
    if every and columns:
        raise UserError(f"--all and columns ({', '.join(columns)}) exclude each other: leave one.")
    records = carrying(select(()), model or ()) if every else select(columns or current().headline)
    variant = parse(prior or (), add or (), drop or (), name)
    panels = load_panels(panel, [variant.specification(record) for record in records], model or ())
    chosen = jobs(panels, records, model or ())

    from analysis.posterior import diagnose as gate
    from analysis.posterior.varied import varied

    listed = varied(chosen, variant, settings.engine, named=bool(model))
    paths = sample_jobs(listed, settings, Outputs(out), cluster)
    judged = show_gate(gate.stated(paths))
    show_slopes(paths, Outputs(out))
    named = () if every else columns or current().headline
    say_following("compare", named, panel, model, out)
    exit_by_gate(judged)


def show_slopes(paths: Sequence[Path], outputs: Outputs) -> None:
    """Show the slopes of interest of traces beside the printed ones, and where the traces lie."""
    from analysis.comparison import coefficients, imputed

    draws = imputed.of_draws(paths)
    show_mixtures(draws)
    if draws and not (paths := [path for path in paths if path not in draws]):
        return
    slopes = coefficients.of_interest(track(paths, "Reading", console=console, transient=True))
    print_frame(slopes, "Slopes of interest, posterior beside published", "slopes")
    for path in paths[:MOST_NAMED]:
        console.print(f"trace: {outputs.shown(path)}", highlight=False, soft_wrap=True)
    if len(paths) > MOST_NAMED:
        more, folder = len(paths) - MOST_NAMED, outputs.shown(outputs.traces)
        console.print(f"and {more} more below {folder}", highlight=False, soft_wrap=True)


@app.command("prior-summary", studies=True)
def prior_summary(
    column: Column = None, panel: NamedPanel = None, model: NamedModel = None
) -> None:
    """Show a model's priors: on the standardised scale, on the paper's, and why.

    Example: python -m analysis prior-summary 3.2 --model growth
    """
    record, loaded, *described = _one(column, panel, model)

    from analysis.posterior import describe

    title = f"Priors of {described[0].name} for column {record.column} on {loaded.name}"
    print_frame(describe.priors(*described), title, "priors")


@app.command("describe-model", studies=True)
def describe_model(
    column: Column = None, panel: NamedPanel = None, model: NamedModel = None
) -> None:
    """Show a model's equations, its variables with dims and shapes, and its graph (Mermaid).

    Example: python -m analysis describe-model 3.2 --model pooled
    """
    record, _, *described = _one(column, panel, model)

    from analysis.posterior import describe

    fitted = described[0]
    console.print(f"[bold]{fitted.name}[/]: {fitted.sentence}", highlight=False)
    console.print(describe.text(fitted), markup=False, highlight=False, soft_wrap=True)
    print_frame(
        describe.variables(*described), f"Variables for column {record.column}", "variables"
    )
    console.print(describe.graph(*described), markup=False, highlight=False, soft_wrap=True)


def _one(
    column: str | None, panel: str | None, model: str | None
) -> tuple[Specification, Panel, "Model", "Parts"]:
    """Return a column, a panel, a model's record, and the parts of the column on the panel."""
    from models.bayesian.registry import find, main_model, models_for, unfit

    (record,) = select([column or current().headline[0]])
    chosen = find(model) if model else main_model(record)
    if chosen not in models_for(record):
        raise unfit(record, chosen.name)
    (loaded,) = load_panels([panel] if panel else first_panel(), [record], [chosen.name])

    from analysis.posterior.jobs import Job, split

    return record, loaded, chosen, split(Job(loaded, record, chosen))


@app.command()
def thin(out: Out = ROOT) -> None:
    """Thin three traces to under 1 MB each, for readers who run nothing: results/long/*.nc.

    Of the main models of 3.2, of its slopes by region, and of 5.1, on the first panel.

    Example: python -m analysis thin
    """
    from analysis.posterior import thin as thinning
    from analysis.posterior.trace import read
    from analysis.shared.products import find
    from analysis.shared.provenance import record

    outputs = Outputs(out)
    digests = taken(outputs)
    for thinned in thinning.THREE:
        product = find(thinned.name)
        path = outputs.root / product.file
        every = thinning.write(read(thinned.source(outputs.traces)), thinned.variables, path)
        record(product, outputs, digests)
        sign([product.name], outputs)
        console.print(f"written: {outputs.shown(path)} (every {every}. draw)", highlight=False)


@app.command(studies=True)
def diagnose(
    columns: Columns = None,
    panel: Annotated[
        list[str] | None, typer.Option(help="A panel; repeatable. Default: all.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model; repeatable. Default: all.")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--figures", help="Draw ArviZ's pictures of them, too: figures/fits/.")
    ] = False,
    out: Out = ROOT,
) -> None:
    """Judge every trace by the health gate: results/diagnostics.csv; exit 1 if one fails.

    Of named columns it shows the table alone, and writes none. With --figures it draws their ranks,
    predicted data sets, Pareto k̂ and power-scaled posteriors by ArviZ.

    Example: python -m analysis diagnose 3.2 --panel official --model growth --figures
    """
    if not (columns or panel or model or pictures):
        judged = diagnose_traces(Outputs(out))
        say_following("compare", out=out)
        exit_by_gate(judged)
        return
    if not columns:
        raise UserError("Name the columns whose fits are meant: `diagnose COLUMN --figures`.")
    judged = _diagnose_some(columns, panel or (), model or (), pictures, Outputs(out))
    say_following("compare", columns, panel, model, out)
    exit_by_gate(judged)


def _diagnose_some(
    columns: Sequence[str],
    panels: Sequence[str],
    models: Sequence[str],
    pictures: bool,
    outputs: Outputs,
) -> "pd.DataFrame":
    """Judge the traces of named columns, write no table, and draw their pictures if asked for."""
    from analysis.posterior import diagnose as gate
    from analysis.posterior.predictive_checks import asked_for
    from analysis.posterior.trace import trace_paths

    traces = trace_paths(outputs.traces)
    paths = asked_for(traces, select(columns), panels, models, terminal.say)
    judged = show_gate(gate.diagnose(track(paths, "Diagnosing", console=console, transient=True)))
    if pictures:
        from analysis.posterior import pictures as arviz

        folder, drawn = outputs.figures / "fits", 0
        for path in track(paths, "Drawing", console=console, transient=True):
            for written in arviz.draw(path, folder):
                drawn += 1
                console.print(f"written: {outputs.shown(written)}", highlight=False)
        console.print(f"Files drawn: {drawn}. Fits: {len(paths)}.", highlight=False)
    return judged


def diagnose_traces(outputs: Outputs) -> "pd.DataFrame":
    """Judge every trace by the health gate, show and write the table."""
    from analysis.posterior.trace import trace_paths

    paths, digests = trace_paths(outputs.traces), taken(outputs)

    from analysis.posterior import diagnose as gate

    diagnostics = gate.diagnose(track(paths, "Diagnosing", console=console, transient=True))
    show_gate(diagnostics)
    write_tables({"diagnostics": diagnostics}, outputs, digests)
    return diagnostics


def show_gate(diagnostics: "pd.DataFrame") -> "pd.DataFrame":
    """Show the health gate's table, with a remedy for each fit that fails; return it."""
    apart = ("engine", "remedy") if terminal.is_table() else ("engine",)
    shown = diagnostics[[name for name in diagnostics if name not in apart]]
    print_frame(shown, "Diagnostics of the fits", "diagnostics")
    for row in diagnostics[diagnostics["gate"] == "fail"].itertuples():
        terminal.say(f"{row.panel} {row.column}-{row.model}: {row.remedy}")
    return diagnostics


def exit_by_gate(diagnostics: "pd.DataFrame") -> None:
    """End with code 1 if a fit failed the health gate."""
    failed = diagnostics[diagnostics["gate"] == "fail"]
    if len(failed):
        console.print(f"[red]{len(failed)} of {len(diagnostics)} fits failed the gate.[/]")
        raise typer.Exit(1)
