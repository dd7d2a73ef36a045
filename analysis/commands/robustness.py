"""Commands on robustness: sensitivity, multiverse, decomposition."""

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
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.products import find
from analysis.shared.provenance import PART, UNKNOWN, known, parts_of, record
from analysis.shared.terminal import console
from analysis.specifications import HEADLINE, select
from data.errors import UserError


@app.command()
def sensitivity(
    columns: Columns = None,
    panel: Panels = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="A model; repeatable. Default: the ladder.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All columns, each by its main model alone.")
    ] = False,
    seed: Seed = 1,
    cluster: Cluster = None,
    out: Out = ROOT,
) -> None:
    """Refit (by default 3.2) without each province or year, and under other priors.

    Writes results/sensitivity_*; a minute for each model, column and panel. What is in the tables
    already is not made again.

    Example: python -m analysis sensitivity 3.2 --panel official
    """
    from analysis.posterior.engines import Settings
    from analysis.reporting import gallery
    from analysis.robustness.sensitivity import study, summaries
    from analysis.robustness.sensitivity.tables import TABLES, path_of, tables
    from models.bayesian.registry import main_model

    outputs = Outputs(out)
    if every and (columns or model):
        raise UserError("--all takes all columns and their main models: name neither.")
    records = select(() if every else columns or HEADLINE[:1])
    panels = load_panels(panel, records, model or ())
    if every:
        listed = [job for r in records for job in study.studies(panels, [r], [main_model(r).name])]
    else:
        listed = study.studies(panels, records, model or ())
    there, written = taken(outputs, panels), [find(f"sensitivity_{name}") for name in TABLES]
    before = {product.name: known(product, outputs) for product in written}
    done = study.run(listed, Settings(seed=seed), outputs.results, cluster=cluster)
    for _ in track(done, "Refitting", len(listed), console=console):
        pass
    stored = tables(outputs.results)
    for title, table in summaries.summaries(stored).items():
        print_frame(table, title, "sensitivity")
    say_written((path_of(outputs.results, name) for name in stored), outputs)
    fits = [PART.join((job.panel.name, job.specification.column, job.model.name)) for job in listed]
    for product in written:
        left = parts_of(product, stored[product.name.removeprefix("sensitivity_")])
        kept = {part: before[product.name].get(part, UNKNOWN) for part in left}
        record(product, outputs, there, fits, kept=kept)
    loo = path_of(outputs.results, "loo").stem
    write_tables({loo: summaries.comparison(stored["provinces"])}, outputs, there)
    say_written(gallery.pictures_of("sensitivity", outputs), outputs)


@app.command()
def multiverse(seed: Seed = 1, cluster: Cluster = None, out: Out = ROOT) -> None:
    """Run the multiverse of every slope: results/multiverse.nc.

    Least squares in all universes; posteriors, wild cluster bootstraps and GMM in a balanced
    fraction. Tables: multiverse (shares of sign and significance), multiverse_options,
    multiverse_variance, multiverse_curves. An interrupted run goes on where it was, and what is up
    to date is not estimated again.

    Example: python -m analysis multiverse
    """
    from analysis.robustness.multiverse import evaluate
    from analysis.ye2024.multiverse import summarise
    from analysis.ye2024.multiverse.families import setting

    outputs = Outputs(out)
    path, there = outputs.results / evaluate.FILE, taken(outputs)
    folder = evaluate.folder_of(outputs.results, setting, seed)
    tree = evaluate.current(path, folder)
    if tree is None:
        listed = evaluate.batches(setting())
        done = evaluate.run(listed, setting, seed, folder, cluster=cluster)
        batches = dict(track(done, "Estimating", len(listed), console=console))
        tree = evaluate.collect(listed, batches, setting(), seed, folder)
        evaluate.write(tree, path, folder)
        console.print(f"written: {outputs.shown(path)} ({path.stat().st_size / 1e6:.0f} MB)")
    tables = {name: make(tree) for name, make in summarise.TABLES.items()}
    shown = summarise.shown(tables["multiverse"])
    print_frame(shown, "Slopes of all universes, beside the printed one", "multiverse")
    write_tables(tables, outputs, there)


@app.command()
def decompose(columns: Columns = None, out: Out = ROOT) -> None:
    """Decompose the gap between official and published slopes (Shapley): results/decomposition.csv.

    Of each column and official panel that disagrees with the paper in sign or by more than two
    standard errors: by ingredient of the data, province, year and region.

    Example: python -m analysis decompose 3.2 8.2
    """
    from analysis.ye2024.decomposition import gaps, table

    outputs, records = Outputs(out), select(columns or ())
    there = taken(outputs)
    listed = gaps.gaps(records, *gaps.load())
    if not listed:
        console.print("No official panel disagrees with these columns: nothing to decompose.")
        return
    done = track(table.run(listed), "Sharing out", len(listed), console=console, transient=True)
    shares = pd.concat(done, ignore_index=True)
    print_frame(table.largest(shares), "Largest shares of each gap, by ingredient", "decomposition")
    write_tables({"decomposition": shares}, outputs, there, [record.column for record in records])
