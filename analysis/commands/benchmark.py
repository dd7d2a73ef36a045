"""Commands that time the project beside other programs."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.progress import track

from analysis.commands.options import Out, app, print_frame, write_tables
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.terminal import App, console

benchmark_app = App(help="Time estimators beside other programs.", no_args_is_help=True)
app.add_typer(benchmark_app, name="benchmark")


@benchmark_app.command("gmm")
def benchmark_gmm(
    data: Annotated[
        Path | None, typer.Option("--data", help="Arellano and Bond's panel, abdata.csv.")
    ] = None,
    pydynpd: Annotated[
        str | None, typer.Option("--pydynpd", help="A Python that has pydynpd (NumPy below 2.4).")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Timed estimations per engine.")] = 15,
    out: Out = ROOT,
) -> None:
    """Time system GMM beside the other programs installed: results/benchmark_gmm.csv.

    Example: python -m analysis benchmark gmm --repeats 5
    """
    from analysis.benchmark import gmm, processor

    programs = {"pydynpd": pydynpd} if pydynpd else {}
    with console.status("Timing one program after the other…"):
        rows = list(gmm.gmm(data or gmm.ABDATA, repeats, programs))
    table = pd.DataFrame(rows, columns=list(gmm.COLUMNS))
    title = "Wall and CPU seconds per estimation; ratio to this project"
    print_frame(table, f"{title}; {processor()}", "benchmark_gmm")
    write_tables({"benchmark_gmm": table}, Outputs(out), {})


@benchmark_app.command("samplers")
def benchmark_samplers(
    panel: Annotated[
        list[str] | None, typer.Option("--panel", help="A committed panel; repeatable.")
    ] = None,
    simpanel: Annotated[
        Path | None, typer.Option("--simpanel", help="The simulated panel, simpanel.csv.")
    ] = None,
    engine: Annotated[
        list[str] | None, typer.Option("--engine", help="A program; repeatable. Default: all.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=1, help="After which a program is stopped.")
    ] = 240.0,
    out: Out = ROOT,
) -> None:
    """Time this project beside other samplers of the same model: results/benchmark_samplers.csv.

    Every program that is installed, at the cheapest setting that passes the health gate.

    Example: python -m analysis benchmark samplers
    """
    from analysis.benchmark import processor, samplers

    contenders = samplers.chosen(engine or ())
    listed = samplers.problems(simpanel or samplers.SIMPANEL, panel or (samplers.PANEL,))
    rows = []
    for text, row in samplers.run(listed, contenders, seconds):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        rows += [row] if row else []
    table = samplers.table(rows)
    print_frame(table, f"Effective draws per CPU second; {processor()}", "benchmark_samplers")
    title = "Times as many effective draws per CPU second here"
    print_frame(samplers.summary(table), title, "benchmark_ratios")
    write_tables({"benchmark_samplers": table}, Outputs(out), {})


@benchmark_app.command("scale")
def benchmark_scale(
    rows: Annotated[float, typer.Option(min=1_000, help="Rows of the largest panel.")] = 1e7,
    out: Out = ROOT,
) -> None:
    """Time the model on ever larger simulated panels: results/benchmark_scale.csv.

    Example: python -m analysis benchmark scale
    """
    from analysis.benchmark import processor, scale

    sizes = [size for size in scale.SIZES if size.units * size.years <= rows]
    measured = track(scale.run(sizes), "Measuring", len(sizes), console=console, transient=True)
    table = pd.DataFrame(list(measured), columns=list(scale.COLUMNS))
    print_frame(table, f"Seconds and MB by size of the panel; {processor()}", "benchmark_scale")
    write_tables({"benchmark_scale": table}, Outputs(out), {})


@benchmark_app.command("startup")
def benchmark_startup(
    pairs: Annotated[int, typer.Option(min=1, help="Timed runs of each tree.")] = 5,
    out: Out = ROOT,
) -> None:
    """Time how soon commands answer, beside an earlier commit: results/benchmark_startup.csv.

    Example: python -m analysis benchmark startup
    """
    from analysis.benchmark import processor, startup

    measured = track(
        startup.run(pairs), "Timing", len(startup.ANSWERS), console=console, transient=True
    )
    table = pd.DataFrame(list(measured), columns=list(startup.COLUMNS))
    title = f"CPU seconds until a command has answered; {processor()}"
    print_frame(table, title, "benchmark_startup")
    write_tables({"benchmark_startup": table}, Outputs(out), {})
