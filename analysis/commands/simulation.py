"""Commands that evaluate estimators on simulated data."""

from typing import Annotated

import pandas as pd
import typer
from rich.progress import track

from analysis.commands.options import (
    Cluster,
    Column,
    NamedPanel,
    Out,
    Seed,
    app,
    load_panels,
    print_frame,
    taken,
    write_tables,
)
from analysis.shared import products
from analysis.shared.outputs import ROOT, Outputs, read_result, write_netcdf
from analysis.shared.provenance import same_subject
from analysis.shared.terminal import console
from analysis.specifications import HEADLINE, select
from data.errors import UserError
from data.panels.catalogue import PANELS


@app.command()
def calibrate(
    column: Column = HEADLINE[0],
    panel: NamedPanel = PANELS[0].name,
    data_sets: Annotated[
        int | None, typer.Option(min=20, help="Simulated data sets. Default: each case's own.")
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option(help="A case of analysis/simulation/calibration/cases.py; repeatable."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Costly cases, too: chains of NUTS, hours in all.")
    ] = False,
    seed: Seed = 1,
    out: Out = ROOT,
) -> None:
    """Calibrate every model by simulation (SBC): results/calibration.csv, a figure.

    Cases that were run before are in results/calibration.nc and are judged again without a run, if
    code, column, panel and number of data sets are the same. Exit 1 if a right model's ranks are
    not uniform, or a wrong one's are.

    Example: python -m analysis calibrate 3.2 --data-sets 200 --case hierarchical
    """
    from analysis.simulation.calibration.cases import CASES
    from analysis.simulation.calibration.judge import failures, judge, summary
    from analysis.simulation.calibration.ranks import collect, ranks
    from analysis.simulation.calibration.stored import kept, table

    unknown = set(case or ()) - {one.name for one in CASES}
    if unknown:
        names = ", ".join(one.name for one in CASES)
        raise UserError(f"No case is called {' or '.join(sorted(unknown))}: choose among {names}.")
    chosen = [one for one in CASES if (one.name in case if case else every or not one.costly)]
    (record,) = select([column])
    (loaded,) = load_panels([panel], [record], [one.fitted for one in chosen])
    outputs = Outputs(out)
    path, there = outputs.results / "calibration.nc", taken(outputs, [loaded])
    subject = f"column {column} on {loaded.name}"
    same_subject(products.find("calibration"), outputs, subject)
    about = {"column": column, "panel_sha256": loaded.sha256, "seed": seed}
    stored_ranks = kept(path, **about)
    for one in chosen:
        size = data_sets or one.data_sets
        if one.name in stored_ranks and len(stored_ranks[one.name].effective) == size:
            continue
        batches = ranks(one, loaded, record, size, seed)
        total = -(-size // one.batch)
        stored_ranks[one.name] = collect(
            track(batches, one.name, total, console=console, transient=True)
        )
        # Case by case: one that is interrupted does not take the others along.
        write_netcdf(table(stored_ranks, panel=panel, **about), path)
    verdicts = [judge(one, stored_ranks[one.name]) for one in CASES if one.name in stored_ranks]
    judged = pd.concat(verdicts, ignore_index=True)
    print_frame(summary(judged), f"Ranks of true parameters, {column} on {panel}", "calibration")
    console.print(f"written: {outputs.shown(path)}")
    write_tables({"calibration": judged}, outputs, there, about=subject)
    if wrong := failures(judged):
        console.print(f"SBC fails: {', '.join(wrong)}.", style="red", markup=False)
        raise typer.Exit(1)


@app.command()
def simulate(
    column: Column = "5.1",
    panel: NamedPanel = PANELS[0].name,
    data_sets: Annotated[int, typer.Option(min=20, help="Simulated data sets of a cell.")] = 500,
    seed: Seed = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes of this machine.")] = 2,
    cluster: Cluster = None,
    out: Out = ROOT,
) -> None:
    """Simulate every estimator of a dynamic column, by bias and coverage: results/simulation.csv.

    On data simulated from the panel's regressors; every estimate is in simulation_study.nc. An
    interrupted study goes on where it was.

    Example: python -m analysis simulate 5.1 --data-sets 100
    """
    from analysis.comparison.dynamic import PUBLISHED
    from analysis.simulation.dynamic_study import cells, ranking, study, verdict

    (record,) = select([column])
    (loaded,) = load_panels([panel], [record])
    outputs, study_ = Outputs(out), study.study(loaded, record, seed)
    there = taken(outputs, [loaded])
    subject = f"column {column} on {loaded.name}"
    same_subject(products.find("simulation"), outputs, subject)
    folder = study.folder_of(study_, outputs.results)
    total = len(study.batches(cells.CELLS, data_sets))
    done = study.run(study_, cells.CELLS, data_sets, folder, workers, cluster)
    try:
        batches = dict(track(done, "Simulating", total, console=console, transient=True))
    except KeyboardInterrupt:
        console.print("Interrupted: finished batches are kept, and the same command goes on.")
        raise
    dataset = study.collect(study_, cells.CELLS, batches)
    scores = ranking.summary(dataset)
    study.write(dataset.assign_attrs(panel=loaded.name), outputs.results / study.FILE, folder)
    for term, rows in scores.groupby("term", sort=False):
        title = f"{term}: bias, RMSE, coverage of 95 % intervals"
        print_frame(ranking.side_by_side(rows), title, "simulation")
    print_frame(ranking.ranking(scores), "By the rule: the first is recommended", "ranking")
    console.print(ranking.words_on_nuts(dataset), highlight=False)
    if (outputs.results / "dynamic.csv").is_file():
        estimated = read_result(outputs.results, "dynamic")
        console.print(verdict.answer(estimated, scores, PUBLISHED), markup=False, highlight=False)
    console.print(f"written: {outputs.shown(outputs.results / study.FILE)}")
    write_tables({"simulation": scores}, outputs, there, about=subject)
