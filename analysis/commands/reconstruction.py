"""Commands that search for panels on which the printed numbers come out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from analysis.analyses.ye2024 import reconstruction
from analysis.commands.options import Out, app, print_frame, sign, taken, write_tables
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.products import find
from analysis.shared.provenance import record
from analysis.shared.terminal import console, say_next
from analysis.specifications import HEADLINE
from data.panels.catalogue import FOLDER


@app.command()
def reconstruct(
    seed: Annotated[int, typer.Option(help="Seed of a first point off the start.")] = 1,
    spread: Annotated[
        float, typer.Option(min=0, help="Standard deviations of that first point's moves.")
    ] = 0.0,
    declare: Annotated[
        Literal["p", "z"],
        typer.Option(help="Which of z and P is met where they contradict each other."),
    ] = "p",
    without: Annotated[
        list[str] | None, typer.Option(help="A variable whose row of Table 2 is left out.")
    ] = None,
    approaches: Annotated[
        int | None, typer.Option(min=0, help="Steps towards the start once all numbers are met.")
    ] = None,
    save: Annotated[
        Path, typer.Option(help="Folder of the panel, implied.csv and its sidecar.")
    ] = FOLDER,
    out: Out = ROOT,
) -> None:
    """Find the nearest panel on which the printed numbers come out (needs the extra `reconstruct`).

    Distances of the panel `implied` are results/distance.csv, those of a panel with other settings
    or in another folder lie in a folder beside it. An interrupted run goes on where it was. Ends
    with code 1, and writes no panel, if numbers contradict each other.

    Example: python -m analysis reconstruct --save elsewhere
    """
    run = reconstruction()
    limits = {} if approaches is None else {"approaches": approaches}
    settings = run.Settings(declare, tuple(without or ()), seed, spread, **limits)
    outputs = Outputs(out)
    try:
        with console.status("Compiling the derivatives of every printed number…") as status:
            outcome = run.reconstruct(settings, outputs.results / "reconstruct", status.update)
    except run.Contradiction as contradiction:
        console.print(f"Contradiction: {contradiction}", style="red", markup=False)
        raise typer.Exit(1) from None
    console.print(run.summary(outcome))
    of_paper = outcome.settings == run.Settings() and save.resolve() == FOLDER.resolve()
    name = run.NAME if of_paper else f"{run.NAME}-{settings.digest(outcome.start_sha256)}"
    # Distances of any other panel lie beside it: those of results/ are of the panel `implied`.
    tables, figures = (outputs.results, outputs.figures) if of_paper else (save / name,) * 2
    for path in run.write(outcome, save, tables, figures):
        console.print(f"written: {outputs.shown(path)}")
    if of_paper:
        record(find("distance"), outputs, taken(outputs))  # of the panel that was written now
        sign(["distance"], outputs)
        say_next("replicate", "--panel", run.NAME, then=" recomputes every printed number on it.")


@app.command("reconstruct-ensemble")
def reconstruct_ensemble(
    save: Annotated[Path, typer.Option(help="Folder of implied-ensemble.nc.")] = FOLDER,
    out: Out = ROOT,
) -> None:
    """Find further exact panels, and the distances under other declarations.

    Writes implied-ensemble.nc (the panels implied-01 … of `--panel`, all of them as
    `implied:all`) and results/long/reconstruction_variants.csv.

    Example: python -m analysis reconstruct-ensemble
    """
    reconstruction()
    from analysis.ye2024.reconstruction import ensemble

    outputs = Outputs(out)
    folder, digests = outputs.results / "reconstruct", taken(outputs)
    with console.status("Compiling the derivatives of every printed number…") as status:
        table = ensemble.variants(folder, status.update)
        panels = list(ensemble.members(folder, status.update))
    title = "Distances under other declarations and starts"
    print_frame(table, title, "reconstruction_variants")
    write_tables({"reconstruction_variants": table}, outputs, digests)
    console.print(f"written: {outputs.shown(ensemble.write(panels, save))}")
    console.print(f"Panels on which the printed numbers come out: {len(panels)}.", highlight=False)
    say_next("sample", HEADLINE[0], "--panel", "implied:all", "--model", "hierarchical")
