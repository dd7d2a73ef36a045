"""The command line: `python -m analysis COMMAND`.

Exit codes: see `EXIT_CODES`.
"""

import errno
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pandas as pd
import typer
from rich.console import Console
from rich.progress import track

from analysis import screen
from analysis.outputs import ROOT, Outputs, read_result, write_netcdf
from analysis.screen import App, console
from analysis.specifications import HEADLINE, SPECIFICATIONS, select
from data.errors import UserError
from data.files import write_csv
from data.official import DIRECTORY
from data.panel import FOLDER, PANELS, Panel, ensemble_members, load_panel, named_panels
from models.design import Specification

if TYPE_CHECKING:
    from types import ModuleType

    from analysis.engines import Settings
    from analysis.sample import Job
    from models.registry import Model, Parts

# Modules that bring in PyMC or Matplotlib are imported by the commands that need them, so that
# `--help` and a user's mistake answer at once.

EXIT_CODES = (
    "Exit codes: 0 all is well; 1 a fit failed its health gate, a panel is not as exact as it "
    "says, ranks are not as they should be (calibrate), or printed numbers contradict each other "
    "(reconstruct); 2 the input is at fault; 130 interrupted."
)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

app = App(
    help="A Bayesian reanalysis of Ye (2024). Start with: python -m analysis reproduce, then "
    "report; status says what to run next.",
    epilog=EXIT_CODES,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
panel_app = App(help="Build or describe the panels (list them, if no command follows).")
app.add_typer(panel_app, name="panel")
benchmark_app = App(help="Time estimators beside other programs.", no_args_is_help=True)
app.add_typer(benchmark_app, name="benchmark")


def _complete(names: Sequence[str]) -> Callable[[str], list[str]]:
    """Return what offers those of some names that begin as the user did."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


Columns = Annotated[
    list[str] | None,
    typer.Argument(
        help="Published columns, such as 3.2.",
        metavar="[COLUMN]...",
        autocompletion=_complete([record.column for record in SPECIFICATIONS]),
    ),
]
Panels = Annotated[
    list[str] | None,
    typer.Option(
        "--panel",
        help="A named panel or the path of a CSV; repeatable. Default: all named ones. "
        "`reconstructed:all` stands for the ensemble.",
        autocompletion=_complete([*named_panels(), "reconstructed:all"]),
    ),
]
Out = Annotated[
    Path, typer.Option("--out", help="Folder below which results/, traces/, figures/ are written.")
]
Official = Annotated[
    Path, typer.Option("--official", help="Folder of the official series (series.csv).")
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="A model; repeatable. Default: flat twin and ladder."),
]
Draws = Annotated[int, typer.Option(min=99, help="Draws of the wild bootstrap.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="Address of a Dask scheduler, tcp://host:port; default: processes of this machine. "
        "See analysis/spread.py."
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of the sampler; the same seed, the same draws.")]

Engine = Literal["auto", "collapsed", "nuts"]


def main() -> None:
    """Run a command; tell a user's mistake in one sentence and exit with code 2."""
    try:
        app()
    except UserError as error:
        message = str(error)
    except OSError as error:  # an output folder that cannot be written to, or has no room
        remedy = "free some space or give" if error.errno in NO_ROOM else "give"
        message = f"{error.filename}: {error.strerror}; {remedy} a folder that can be written to."
    else:
        return
    Console(stderr=True).print(
        f"Error: {message}", style="red", markup=False, highlight=False, soft_wrap=True
    )
    raise SystemExit(2)


# --- panels -------------------------------------------------------------------------------


@panel_app.command()
def build(official: Official = DIRECTORY) -> None:
    """Rebuild the recollected panels from the official series (needs --official).

    Example: python -m analysis panel build --official ../shared/official
    """
    from data import fingerprints, recollect

    with console.status("Building every construction choice…"):
        dataset = recollect.build(official)
        selections = fingerprints.selections(fingerprints.compute(dataset))
        recollect.write_dataset(dataset)
        paths = recollect.write(dataset, selections)
    for path in (recollect.DATASET, *paths):
        console.print(f"written: {path.relative_to(ROOT)}")


@panel_app.callback(invoke_without_command=True)
def list_panels(context: typer.Context) -> None:
    """List the named panels and what each may be called."""
    if context.invoked_subcommand is None:
        for kind in PANELS:
            if kind.name in named_panels():
                console.print(f"[bold]{kind.name}[/]: {kind.label}")


@panel_app.command()
def describe(name: Annotated[str, typer.Argument(help="A named panel.")]) -> None:
    """Say how each variable of a named panel was made, and what was filled in.

    Example: python -m analysis panel describe recollected
    """
    if name not in named_panels():
        raise UserError(f"There is no panel {name!r}: choose among {', '.join(named_panels())}.")
    sidecar = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    frame = load_panel(name, tuple(sidecar["choices"])).frame
    rows = []
    for variable, choices in sidecar["choices"].items():
        column = frame[variable]
        numbers = {"mean": column.mean(), "sd": column.std()}
        numbers |= {"min": column.min(), "max": column.max()}
        made = ", ".join(f"{choice} {value}" for choice, value in choices.items())
        filled = _filled(sidecar["cells"][variable])
        rows.append({"variable": variable, **numbers, "choices": made, "cells filled": filled})
    _print_frame(pd.DataFrame(rows), name)


def _filled(cells: dict[str, int]) -> str:
    """Say what share of a variable's ingredient cells was not observed, by rule."""
    if not cells:
        return "none"
    rules = ", ".join(f"{rule} {count}" for rule, count in cells.items() if rule != "observed")
    return f"{1 - cells.get('observed', 0) / sum(cells.values()):.0%}: {rules}"


@app.command()
def fingerprints(out: Out = ROOT) -> None:
    """Set every construction choice beside the paper's Table 2: results/fingerprints.csv.

    Example: python -m analysis fingerprints
    """
    from data import fingerprints as rule
    from data import recollect

    with console.status("Comparing every choice and span of years with Table 2…"):
        found = rule.compute(recollect.load())
    chosen = rule.candidates(found).assign(
        variables=lambda rows: rows["variables"].map(", ".join), chosen=""
    )
    chosen.loc[~chosen.duplicated("variables"), "chosen"] = "yes"
    _print_frame(chosen, "Vintage and winsorising, judged by Table 2 alone")
    columns = ["variable", "vintage", "winsorised", "first_year", "last_year"]
    spans = rule.best_spans(found)[[*columns, *rule.STATISTICS, "matches", "distance"]]
    _print_frame(spans.groupby("variable", sort=False).head(1), "Years over which a row fits best")
    _write({"fingerprints": found}, Outputs(out))


def _print_frame(frame: pd.DataFrame, title: str) -> None:
    screen.show(frame, title)


def _write(tables: Mapping[str, pd.DataFrame], outputs: Outputs, command: str = "") -> None:
    """Write tables, and draw the pictures of the command that made them; say so."""
    for name, table in tables.items():
        path = outputs.results / f"{name}.csv"
        write_csv(table, path)
        console.print(f"written: {outputs.shown(path)} ({len(table)} rows)")
    if command:
        from analysis import gallery

        _say_written(gallery.pictures_of(command, outputs), outputs)


def _say_written(paths: Iterable[Path], outputs: Outputs) -> None:
    for path in paths:
        console.print(f"written: {outputs.shown(path)}")


# --- replication ----------------------------------------------------------------------------


@app.command()
def replicate(
    columns: Columns = None, panel: Panels = None, draws: Draws = 9_999, out: Out = ROOT
) -> None:
    """Recompute Tables 2–8 beside the printed numbers: results/replication.csv.

    Example: python -m analysis replicate 3.2 8.1 --panel recollected
    """
    from analysis import replicate as replication

    records = select(columns or ())
    panels = _load(panel, records)
    found = pd.concat(
        [
            replication.replicate(each, records, draws)
            for each in track(panels, "Replicating", console=console, transient=True)
        ]
    )
    if screen.is_drawn():
        replication.show(found, console)
    elif not screen.is_table():
        _print_frame(found, "Printed numbers beside estimates")
    _print_frame(replication.summary(found), "Printed numbers that the estimates round to")
    _write({"replication": found}, Outputs(out))
    off = replication.astray(found, panels)
    if len(off):
        keys = ["panel", *replication.KEYS, "published", "estimated"]
        _print_frame(off[keys], "Cells in which a panel is not as exact as it says")
        cells = off[keys[:-2]].astype(str).agg(" ".join, axis=1)
        console.print(f"Not as exact as it says: {', '.join(cells)}.", style="red", markup=False)
        raise typer.Exit(1)


def _expanded(name: str) -> tuple[str, ...]:
    """Return the panels that a name on the command line stands for."""
    return ensemble_members() if name == "reconstructed:all" else (name,)


def _load(
    names: Sequence[str] | None, records: Sequence[Specification], models: Sequence[str] = ()
) -> list[Panel]:
    """Load panels with what records and models read, and print what each has to say."""
    read = [record.variables for record in records]
    if models:
        from models.registry import find

        read += [find(name).reads(record) for name in models for record in records]
    variables = tuple(dict.fromkeys(name for each in read for name in each))
    wanted = [each for name in names or named_panels() for each in _expanded(name)]
    panels = [load_panel(name, variables) for name in dict.fromkeys(wanted)]
    twice = {p.name for p in panels if sum(p.name == other.name for other in panels) > 1}
    if twice:
        raise UserError(
            f"Two panels would share the name {twice.pop()!r}: rename one of the files."
        )
    for notice in (notice for each in panels for notice in each.notices):
        console.print(f"Notice: {notice}", markup=False, highlight=False, soft_wrap=True)
    return panels


@app.command()
def audit(
    tables: Annotated[
        list[Path] | None,
        typer.Argument(help="CSVs of another paper's tables, laid out as this paper's are."),
    ] = None,
    out: Out = ROOT,
) -> None:
    """Check printed numbers against each other, the text and official data: results/audit.csv.

    Intervals of what the printing leaves open, by rounding and by truncation. With files, the
    checks that any regression table can be put to, and nothing is written.

    Example: python -m analysis audit
    """
    from analysis.audit import run

    with console.status("Comparing…"):
        found = run.foreign(tables) if tables else run.audit()
    _print_frame(run.summary(found), "Comparisons by result")
    shown = ["check", "place", "compared", "printed", "low", "high", "result"]
    _print_frame(run.findings(found)[shown], "What does not fit, and what else could be printed")
    if not tables:
        _write({"audit": found}, Outputs(out))


# --- reconstruction -------------------------------------------------------------------------


@app.command()
def reconstruct(
    seed: Annotated[int, typer.Option(help="Seed of a first point off the start.")] = 1,
    spread: Annotated[
        float, typer.Option(min=0, help="Standard deviations of that first point's moves.")
    ] = 0.0,
    declare: Annotated[
        Literal["p", "z"], typer.Option(help="Which of z and P is met where both cannot be.")
    ] = "p",
    without: Annotated[
        list[str] | None, typer.Option(help="A variable whose row of Table 2 is not asked for.")
    ] = None,
    approaches: Annotated[
        int | None, typer.Option(min=0, help="Steps towards the start once all numbers are met.")
    ] = None,
    save: Annotated[
        Path, typer.Option(help="Folder of the panel, reconstructed.csv and its sidecar.")
    ] = FOLDER,
    out: Out = ROOT,
) -> None:
    """Find the nearest panel on which the printed numbers come out (needs the extra `reconstruct`).

    An interrupted run goes on where it was. Ends with code 1, and writes no panel, if numbers
    contradict each other.

    Example: python -m analysis reconstruct --save elsewhere
    """
    run = _reconstruction()
    given = {} if approaches is None else {"approaches": approaches}
    settings = run.Settings(declare, tuple(without or ()), seed, spread, **given)
    outputs = Outputs(out)
    try:
        with console.status("Compiling the derivatives of every printed number…") as status:
            outcome = run.reconstruct(settings, outputs.results / "reconstruct", status.update)
    except run.Contradiction as contradiction:
        console.print(f"Contradiction: {contradiction}", style="red", markup=False)
        raise typer.Exit(1) from None
    console.print(run.summary(outcome))
    for path in run.write(outcome, save, outputs.results, outputs.figures):
        console.print(f"written: {outputs.shown(path)}")


@app.command("reconstruct-ensemble")
def reconstruct_ensemble(
    save: Annotated[Path, typer.Option(help="Folder of reconstructed-ensemble.nc.")] = FOLDER,
    out: Out = ROOT,
) -> None:
    """Find further exact panels, and what other declarations would cost in distance.

    Writes reconstructed-ensemble.nc (the panels reconstructed-01 … of `--panel`, all of them as
    `reconstructed:all`) and results/reconstruction_variants.csv.

    Example: python -m analysis reconstruct-ensemble
    """
    _reconstruction()
    from analysis.reconstruct import ensemble

    outputs = Outputs(out)
    folder = outputs.results / "reconstruct"
    with console.status("Compiling the derivatives of every printed number…") as status:
        table = ensemble.variants(folder, status.update)
        panels = list(ensemble.members(folder, status.update))
    _print_frame(table, "What other declarations and starts cost")
    path = outputs.results / "reconstruction_variants.csv"
    write_csv(table, path)
    for written in (path, ensemble.write(panels, save)):
        console.print(f"written: {outputs.shown(written)}")


@app.command("reconstruct-bounds")
def reconstruct_bounds(
    starts: Annotated[
        int | None, typer.Option(min=1, help="Panels that each search begins at.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps down the gradient of each search.")
    ] = None,
    out: Out = ROOT,
) -> None:
    """Look for the ends of what the printed numbers leave open, for some scalars of column 3.2.

    Writes results/bounds.csv: inner bounds, found from several starts. An interrupted run goes on
    where it was. Ends with code 1 if a panel at an end misses a number.

    Example: python -m analysis reconstruct-bounds
    """
    run = _reconstruction()
    from analysis.reconstruct import bounds

    outputs = Outputs(out)
    try:
        with console.status("Compiling the derivatives of every printed number…") as status:
            table = bounds.bounds(
                outputs.results / "reconstruct",
                status.update,
                starts=starts or bounds.STARTS,
                steps=steps or bounds.STEPS,
            )
    except run.Contradiction as contradiction:
        console.print(f"Contradiction: {contradiction}", style="red", markup=False)
        raise typer.Exit(1) from None
    _print_frame(table, "Bounds found")
    path = outputs.results / "bounds.csv"
    write_csv(table, path)
    console.print(f"written: {outputs.shown(path)}")
    if not table["exact"].all():
        raise typer.Exit(1)


def _reconstruction() -> "ModuleType":
    """Import the reconstruction, which alone needs JAX and a solver of quadratic programs."""
    try:
        from analysis.reconstruct import run
    except ImportError as error:
        raise UserError(
            f"The reconstruction needs {error.name}: install the extra `reconstruct`, "
            "pip install 'jax' 'piqp'."
        ) from None
    return run


# --- posteriors -------------------------------------------------------------------------------


@app.command()
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
    seed: Seed = 1,
    engine: Annotated[
        Engine, typer.Option(help="See analysis/engines.py. auto: the model's own.")
    ] = "auto",
    every: Annotated[
        bool, typer.Option("--all", help="All 19 published columns, as far as the models go.")
    ] = False,
    cluster: Cluster = None,
    out: Out = ROOT,
) -> None:
    """Sample posteriors (by default of the headline columns) into traces/PANEL/.

    What is there already, made from the same panel, model, priors and settings, is kept.

    Example: python -m analysis sample 3.2 --panel recollected --model hierarchical
    """
    from analysis import diagnose as gate
    from analysis.engines import Settings
    from analysis.sample import carrying, jobs

    settings = Settings(
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
        engine=None if engine == "auto" else engine,
    )
    if every and columns:
        raise UserError(f"--all and columns ({', '.join(columns)}) exclude each other: leave one.")
    records = carrying(select(()), model or ()) if every else select(columns or HEADLINE)
    panels = _load(panel, records, model or ())
    paths = _sample(jobs(panels, records, model or ()), settings, Outputs(out), cluster)
    _exit_by_gate(_show_gate(gate.stated(paths)))


def _sample(
    listed: Sequence["Job"], settings: "Settings", outputs: Outputs, cluster: str | None
) -> list[Path]:
    from analysis.sample import missing, path_of, sample_all

    waiting = missing(listed, settings, outputs.traces)
    console.print(
        f"{len(listed) - len(waiting)} of {len(listed)} traces are up to date: "
        + (f"sampling {len(waiting)}." if waiting else "nothing is sampled.")
    )
    done = sample_all(waiting, settings, outputs.traces, cluster=cluster)
    try:
        for _ in track(done, "Sampling", len(waiting), console=console, transient=True):
            pass
    except KeyboardInterrupt:
        console.print("Interrupted: finished traces are kept, and the same command goes on.")
        raise
    return sorted(path_of(job, outputs.traces) for job in listed)


Column = Annotated[str, typer.Argument(help="A published column.")]
NamedPanel = Annotated[
    str, typer.Option("--panel", help="A named panel or the path of a CSV, for the scales.")
]
NamedModel = Annotated[
    str | None, typer.Option("--model", help="Default: the column's main model.")
]


@app.command("prior-summary")
def prior_summary(
    column: Column = HEADLINE[0], panel: NamedPanel = PANELS[0].name, model: NamedModel = None
) -> None:
    """Show a model's priors: on the standardised scale, on the paper's, and why.

    Example: python -m analysis prior-summary 3.2 --model hierarchical
    """
    from analysis import describe

    described = _one(column, panel, model)
    title = f"Priors of {described[0].name} for column {column} on {panel}"
    _print_frame(describe.priors(*described), title)


@app.command("describe-model")
def describe_model(
    column: Column = HEADLINE[0], panel: NamedPanel = PANELS[0].name, model: NamedModel = None
) -> None:
    """Show a model's equations, its variables with dims and shapes, and its graph (Mermaid).

    Example: python -m analysis describe-model 3.2 --model pooled
    """
    from analysis import describe

    described = _one(column, panel, model)
    record = described[0]
    console.print(f"[bold]{record.name}[/]: {record.sentence}", highlight=False)
    console.print(describe.text(record), markup=False, highlight=False, soft_wrap=True)
    _print_frame(describe.variables(*described), f"Variables for column {column}")
    console.print(describe.graph(*described), markup=False, highlight=False, soft_wrap=True)


def _one(column: str, panel: str, model: str | None) -> tuple["Model", "Parts"]:
    """Return a model's record, and the parts of a column on a panel."""
    from analysis.describe import main_model
    from analysis.sample import Job, split
    from models.registry import find, models_for

    (record,) = select([column])
    chosen = find(model) if model else main_model(record)
    if chosen not in models_for(record):
        fitting = ", ".join(each.name for each in models_for(record))
        raise UserError(
            f"Column {column} ({record.title}) cannot carry {chosen.name}: choose among {fitting}."
        )
    (loaded,) = _load([panel], [record], [chosen.name])
    return chosen, split(Job(loaded, record, chosen.name))


@app.command()
def diagnose(out: Out = ROOT) -> None:
    """Judge every trace by the health gate: results/diagnostics.csv; exit 1 if one fails.

    Example: python -m analysis diagnose --format csv
    """
    _exit_by_gate(_diagnose(Outputs(out)))


def _diagnose(outputs: Outputs) -> pd.DataFrame:
    from analysis import diagnose as gate
    from analysis.trace import trace_paths

    paths = trace_paths(outputs.traces)
    found = gate.diagnose(track(paths, "Diagnosing", console=console, transient=True))
    _show_gate(found)
    _write({"diagnostics": found}, outputs)
    return found


def _show_gate(found: pd.DataFrame) -> pd.DataFrame:
    _print_frame(found.drop(columns="engine"), "Health of the fits")
    return found


def _exit_by_gate(diagnostics: pd.DataFrame) -> None:
    failed = diagnostics[diagnostics["gate"] == "fail"]
    if len(failed):
        console.print(f"[red]{len(failed)} of {len(diagnostics)} fits failed the gate.[/]")
        raise typer.Exit(1)


@app.command()
def check(
    columns: Columns = None,
    panel: Annotated[
        list[str] | None, typer.Option("--panel", help="A panel; repeatable. Default: all.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="A model; repeatable. Default: all.")
    ] = None,
    pictures: Annotated[
        bool, typer.Option("--figures", help="Draw figures/checks_<panel>_<column>, too.")
    ] = False,
    out: Out = ROOT,
) -> None:
    """Check what the traces predict against their data: results/checks.csv, results/loo.csv.

    Example: python -m analysis check 3.2 --model hierarchical --figures
    """
    from analysis import checks, plots
    from analysis.trace import trace_paths

    outputs = Outputs(out)
    paths = checks.chosen(
        trace_paths(outputs.traces), select(columns or ()), panel or (), model or ()
    )
    found, loo = checks.check(track(paths, "Checking", console=console, transient=True))
    _print_frame(checks.legend(), "Statistics of a panel, of the data and of each draw")
    for (name, kind), rows in checks.summary(found).groupby(["panel", "check"], sort=False):
        title = f"{kind.capitalize()} predictive p — panel {name}"
        _print_frame(rows.drop(columns=["panel", "check"]), title)
    console.print(checks.READ, highlight=False)
    _print_frame(loo.drop(columns="given"), f"PSIS-LOO by row, {checks.GIVEN}")
    _write({"checks": found, "loo": loo}, outputs)
    for name, rows in checks.frames(found) if pictures else ():
        _say_written(plots.save(checks.draw, rows, outputs.figures / name), outputs)


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

    Example: python -m analysis sensitivity 3.2 --panel recollected
    """
    from analysis import sensitivity as study
    from analysis.describe import main_model
    from analysis.engines import Settings

    outputs = Outputs(out)
    if every and (columns or model):
        raise UserError("--all stands for all columns and their main models: name neither.")
    records = select(() if every else columns or HEADLINE[:1])
    panels = _load(panel, records, model or ())
    if every:
        listed = [job for r in records for job in study.studies(panels, [r], [main_model(r).name])]
    else:
        listed = study.studies(panels, records, model or ())
    done = study.run(listed, Settings(seed=seed), outputs.results, cluster=cluster)
    for _ in track(done, "Refitting", len(listed), console=console):
        pass
    tables = study.tables(outputs.results)
    for title, table in study.summaries(tables).items():
        _print_frame(table, title)
    _say_written((study.path_of(outputs.results, name) for name in tables), outputs)
    loo = study.path_of(outputs.results, "loo").stem
    _write({loo: study.comparison(tables["provinces"])}, outputs, "sensitivity")


@app.command()
def influence(columns: Columns = None, panel: Panels = None, out: Out = ROOT) -> None:
    """Estimate every column without each province and without each year: results/influence.csv.

    By the column's own estimator, in seconds; beside it the posteriors that `sensitivity` has made.

    Example: python -m analysis influence 3.2 5.1
    """
    from analysis import influence as study
    from analysis import sensitivity

    outputs = Outputs(out)
    records = select(columns or ())
    panels = _load(panel, records)
    done = track(panels, "Leaving out", console=console, transient=True)
    found = study.table(done, records, sensitivity.tables(outputs.results))
    _print_frame(study.summary(found), "Without whom each slope moves farthest, in standard errors")
    _write({"influence": found}, outputs, "influence")


@app.command()
def power(
    columns: Columns = None,
    panel: Panels = None,
    seed: Seed = 1,
    cluster: Cluster = None,
    out: Out = ROOT,
) -> None:
    """Ask what slopes the rows could have found: results/power.csv (minutes).

    Simulates data without a slope on each column's own design, with its residuals; the intervals
    of least squares and of the main model say how large a slope they would have shown.

    Example: python -m analysis power 3.2 --panel recollected
    """
    from analysis import power as study

    outputs = Outputs(out)
    records = select(columns or ())
    panels = _load(panel, records)
    done = study.run(panels, records, seed, cluster=cluster)
    total = len(panels) * len(records)
    both = list(track(done, "Simulating", total, console=console, transient=True))
    found, curves = (study.ordered(pd.concat(part)) for part in zip(*both, strict=True))
    title = "Slopes that the rows would find in 80 % of data sets, and the printed"
    _print_frame(study.shown(found), title)
    console.print(study.sentence(found))
    _write({"power": found, "power_curves": curves}, outputs, "power")


@app.command()
def recover(
    columns: Columns = None,
    panel: NamedPanel = PANELS[0].name,
    data_sets: Annotated[int, typer.Option(min=20, help="Simulated data sets of a column.")] = 200,
    seed: Seed = 1,
    cluster: Cluster = None,
    out: Out = ROOT,
) -> None:
    """Ask how well the rows tell a slope if the model is right: results/recovery.csv (minutes).

    Puts slopes of the main model's posterior into each static column's own design (by default
    those of the headline) and fits model and least squares to what comes of them: bias, error, and
    how often intervals hold the truth.

    Example: python -m analysis recover 3.2 --data-sets 50
    """
    from analysis import recovery as study

    outputs, records = Outputs(out), select(columns or HEADLINE)
    panels = _load([panel], records)
    done = study.run(panels, records, data_sets, seed, cluster=cluster)
    total = len(records) * -(-data_sets // study.BATCH)
    batches = list(track(done, "Simulating", total, console=console, transient=True))
    found = study.summary(pd.concat(batches))
    _print_frame(study.shown(found), "Slopes of the posterior, put in and found again")
    _write({"recovery": found}, outputs, "recover")


@app.command()
def multiverse(seed: Seed = 1, cluster: Cluster = None, out: Out = ROOT) -> None:
    """Estimate every slope under all defensible choices crossed: results/multiverse.nc.

    Least squares in all universes; posteriors, wild cluster bootstraps and GMM in a balanced
    fraction. Tables: multiverse (shares of sign and significance), multiverse_options,
    multiverse_variance, multiverse_curves. An interrupted run goes on where it was, and what is up
    to date is not estimated again.

    Example: python -m analysis multiverse
    """
    from analysis.multiverse import evaluate, summarise

    outputs = Outputs(out)
    path = outputs.results / evaluate.FILE
    folder = evaluate.folder_of(outputs.results, seed)
    tree = evaluate.current(path, folder)
    if tree is None:
        listed = evaluate.batches()
        done = evaluate.run(listed, seed, folder, cluster=cluster)
        found = dict(track(done, "Estimating", len(listed), console=console))
        tree = evaluate.collect(listed, found, seed, folder)
        evaluate.write(tree, path, folder)
        console.print(f"written: {outputs.shown(path)} ({path.stat().st_size / 1e6:.0f} MB)")
    tables = {name: make(tree) for name, make in summarise.TABLES.items()}
    shown = summarise.shown(tables["multiverse"])
    _print_frame(shown, "Slopes of all universes, beside the printed one")
    _write(tables, outputs, "multiverse")


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
    """Set every trace's slopes beside the published ones, and draw the ladder: results/, figures/.

    Tables: comparison, region_slopes, region_differences, region_orders, scales (prior and
    posterior), turning_points, ladder, pooled (over the panels of `reconstructed:all`).

    Example: python -m analysis compare --rope 0.05
    """
    from analysis import ladder, plots, pooled, tables
    from analysis.trace import trace_paths
    from models.registry import LADDER

    outputs = Outputs(out)
    paths = trace_paths(outputs.traces)
    found = tables.make(track(paths, "Reading", console=console, transient=True), rope)
    over_panels = pooled.pool(found["comparison"])
    if len(over_panels):
        _print_frame(over_panels, "Over the ensemble of exact panels")
    comparison = pooled.with_range(found["comparison"])
    # Everything else is about panels that stand for themselves.
    found = {name: frame[~pooled.is_member(frame["panel"])] for name, frame in found.items()}
    found["comparison"] = comparison
    interest = {record.column: record.interest[0] for record in select(())}
    shown = ["column", "model", "fitted_column", "published", "published_se", "mean", "sd"]
    shown += ["q025", "q975", "p_same_sign", "p_rope", "bf10", "gate", "agreement", "standing"]
    of_interest = comparison[comparison["term"] == comparison["column"].map(interest)]
    for panel, rows in of_interest.groupby("panel", sort=False):
        ranges = [name for name in pooled.RANGE if rows[name].notna().any()]
        _print_frame(
            rows[shown + ranges], f"Posterior beside published, terms of interest — panel {panel}"
        )
    title = f"Panels side by side, terms of interest, model {LADDER[-1]}"
    _print_frame(tables.side_by_side(of_interest, LADDER[-1]), title)
    steps = ladder.table(read_result(outputs.results, "replication"), comparison)
    _print_frame(ladder.summary(steps), "Columns and terms of which a step moves the slope most")
    _write(found | {"ladder": steps, "pooled": over_panels}, outputs)
    _say_written(plots.draw(outputs.results, outputs.figures), outputs)


@app.command()
def decompose(columns: Columns = None, out: Out = ROOT) -> None:
    """Share out the gap between recollected and published slopes: results/decomposition.csv.

    Of each column and recollected panel that disagrees with the paper in sign or by more than two
    standard errors: by ingredient of the data, province, year and region.

    Example: python -m analysis decompose 3.2 8.2
    """
    from analysis import decompose as why

    outputs = Outputs(out)
    listed = why.gaps(select(columns or ()), *why.load())
    if not listed:
        console.print("No recollected panel disagrees with these columns: nothing to share out.")
        return
    done = track(why.run(listed), "Sharing out", len(listed), console=console, transient=True)
    found = pd.concat(done, ignore_index=True)
    _print_frame(why.largest(found), "Largest shares of each gap, by ingredient")
    _write({"decomposition": found}, outputs, "decompose")


@app.command()
def claims(out: Out = ROOT) -> None:
    """Give each claim of the paper its verdict by a fixed rule: results/claims.json.

    Reads what replicate, compare, sensitivity and multiverse made; says what is missing.

    Example: python -m analysis claims
    """
    from analysis import claims as ledger

    results = Outputs(out).results
    read_result(results, "replication")
    found = ledger.document(results)
    _print_frame(ledger.table(found["claims"]).fillna(""), "The paper's claims")
    for name, value in found["inputs"].items():
        if value.startswith("missing"):
            console.print(f"{name} is {value}.")
    path = results / "claims.json"
    ledger.write(found, path)
    console.print(f"written: {Outputs(out).shown(path)} ({len(found['claims'])} claims)")


@app.command()
def calibrate(
    column: Column = HEADLINE[0],
    panel: NamedPanel = PANELS[0].name,
    data_sets: Annotated[
        int | None, typer.Option(min=20, help="Simulated data sets. Default: each case's own.")
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option(help="A case of analysis/calibrate/cases.py; repeatable.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Costly cases, too: chains of NUTS, hours in all.")
    ] = False,
    seed: Seed = 1,
    out: Out = ROOT,
) -> None:
    """Fit data simulated from each model: are ranks uniform? results/calibration.csv, a figure.

    Cases that were run before, by the same code with as many data sets, on the same column and
    panel, are in results/calibration.nc and are judged again alone. Exit 1 if a right model's
    ranks are not uniform, or a wrong one's are.

    Example: python -m analysis calibrate 3.2 --data-sets 200 --case hierarchical
    """
    from analysis.calibrate.cases import CASES
    from analysis.calibrate.judge import judge, not_as_they_should, summary
    from analysis.calibrate.ranks import collect, ranks
    from analysis.calibrate.stored import kept, table

    unknown = set(case or ()) - {one.name for one in CASES}
    if unknown:
        names = ", ".join(one.name for one in CASES)
        raise UserError(f"No case is called {' or '.join(sorted(unknown))}: choose among {names}.")
    chosen = [one for one in CASES if (one.name in case if case else every or not one.costly)]
    (record,) = select([column])
    (loaded,) = _load([panel], [record], [one.fitted for one in chosen])
    outputs = Outputs(out)
    path = outputs.results / "calibration.nc"
    about = {"column": column, "panel_sha256": loaded.sha256, "seed": seed}
    found = kept(path, **about)
    for one in chosen:
        size = data_sets or one.data_sets
        if one.name in found and len(found[one.name].effective) == size:
            continue
        batches = ranks(one, loaded, record, size, seed)
        total = -(-size // one.batch)
        found[one.name] = collect(track(batches, one.name, total, console=console, transient=True))
        # Case by case: one that is interrupted does not take the others along.
        write_netcdf(table(found, panel=panel, **about), path)
    verdicts = [judge(one, found[one.name]) for one in CASES if one.name in found]
    judged = pd.concat(verdicts, ignore_index=True)
    _print_frame(summary(judged), f"Ranks of true parameters, {column} on {panel}")
    console.print(f"written: {outputs.shown(path)}")
    _write({"calibration": judged}, outputs, "calibrate")
    if wrong := not_as_they_should(judged):
        console.print(f"Not as it should be: {', '.join(wrong)}.", style="red", markup=False)
        raise typer.Exit(1)


# --- the lagged outcome -----------------------------------------------------------------------


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
    """Set the dynamic model's root beside every other estimator's: results/dynamic.csv, a figure.

    Samples what is missing. results/dynamic_effects.csv, and its figure, has effects in the long
    run and after years. Exit 1 if a fit fails its gate.

    Example: python -m analysis dynamic 5.1 --panel recollected
    """
    from analysis.dynamic import dynamic_models
    from analysis.engines import Settings
    from analysis.sample import jobs

    records = [record for record in select(columns or ()) if record.dynamic]
    if not records:
        raise UserError(
            "Only the columns of Table 5 have a lagged outcome: choose among 5.1, 5.2, 5.3, 5.4."
        )
    panels, outputs = _load(panel, records), Outputs(out)
    names = dict.fromkeys([dynamic_models()[0].name, *(model or ())])
    _sample(jobs(panels, records, names), Settings(seed=seed), outputs, cluster)
    found = _dynamic(records, panels, outputs)
    if (found["gate"] == "fail").any():
        raise typer.Exit(1)


def _dynamic(
    records: Sequence[Specification], panels: Sequence[Panel], outputs: Outputs
) -> pd.DataFrame:
    from analysis import dynamic as lagged

    made = lagged.table(panels, records, outputs.traces)
    total = len(panels) * len(records)
    tables = list(track(made, "Estimating", total, console=console, transient=True))
    found, follows = (pd.concat(each, ignore_index=True) for each in zip(*tables, strict=True))
    for (name, column), rows in found.groupby(["panel", "column"], sort=False):
        _print_frame(lagged.side_by_side(rows), f"{column} on {name}: coefficient, se, interval")
    _write({"dynamic": found, "dynamic_effects": follows}, outputs, "dynamic")
    return found


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
    """Try every estimator of a dynamic column where the truth is known: results/simulation.csv.

    On data simulated from the panel's regressors; every estimate is in simulation_study.nc. An
    interrupted study goes on where it was.

    Example: python -m analysis simulate 5.1 --data-sets 100
    """
    from analysis import simulate as study

    (record,) = select([column])
    (loaded,) = _load([panel], [record])
    outputs, made = Outputs(out), study.study(loaded, record, seed)
    folder = study.folder_of(made, outputs.results)
    total = len(study.batches(study.CELLS, data_sets))
    done = study.run(made, study.CELLS, data_sets, folder, workers, cluster)
    try:
        batches = dict(track(done, "Simulating", total, console=console, transient=True))
    except KeyboardInterrupt:
        console.print("Interrupted: finished batches are kept, and the same command goes on.")
        raise
    dataset = study.collect(made, study.CELLS, batches)
    found = study.summary(dataset)
    study.write(dataset.assign_attrs(panel=loaded.name), outputs.results / study.FILE, folder)
    write_csv(found, outputs.results / "simulation.csv")
    for term, rows in found.groupby("term", sort=False):
        _print_frame(study.side_by_side(rows), f"{term}: bias, RMSE, coverage of 95 % intervals")
    _print_frame(study.ranking(found), "By the rule: the first is recommended")
    console.print(study.words_on_nuts(dataset), highlight=False)
    if (outputs.results / "dynamic.csv").is_file():
        estimated = read_result(outputs.results, "dynamic")
        console.print(study.answer(estimated, found), markup=False, highlight=False)
    for name in (study.FILE, "simulation.csv"):
        console.print(f"written: {outputs.shown(outputs.results / name)}")


# --- pictures and pages -----------------------------------------------------------------------


@app.command()
def report(out: Out = ROOT) -> None:
    """Write one self-contained page of all results: results/report.html.

    Reads what other commands made; what they have not made is named with its command.

    Example: python -m analysis report
    """
    from analysis.report import page, traces

    outputs = Outputs(out)
    paths = sorted(outputs.traces.glob("*/[!.]*.nc"))
    found = [
        traces.read(path)
        for path in track(paths, "Reading traces", console=console, transient=True)
    ]
    with console.status("Writing the page…"):
        path = page.write(outputs, found)
    console.print(f"written: {outputs.shown(path)} ({path.stat().st_size / 1e6:.1f} MB)")


@app.command()
def status(out: Out = ROOT) -> None:
    """Say what exists, what is stale and what to run next.

    Example: python -m analysis status
    """
    from analysis import status as state

    found = state.status(Outputs(out), _load(None, select(HEADLINE)))
    _print_frame(found, "Results")
    command = state.following(found)
    console.print(
        f"Run next: {command}" if command else "Everything that the report needs is current."
    )


@app.command()
def figures(out: Out = ROOT) -> None:
    """Redraw every picture of figures/ from results/, SVG and PNG.

    Example: python -m analysis figures
    """
    from analysis import gallery

    outputs = Outputs(out)
    for command, paths in gallery.draw(outputs):
        for path in paths:
            console.print(f"written: {outputs.shown(path)}")
        if not paths:
            console.print(f"not redrawn: python -m analysis {command} makes what is needed.")


@app.command()
def readme() -> None:
    """Rewrite the computed parts of README.md from results/.

    Example: python -m analysis readme
    """
    from analysis import readme as page

    page.write(Outputs().results, ROOT / "README.md")
    console.print("written: README.md")


@app.command()
def reproduce(seed: Seed = 1, cluster: Cluster = None, out: Out = ROOT) -> None:
    """Run the main job: replicate, sample every column's main model, compare, judge, report.

    The headline columns get the whole ladder.

    Example: python -m analysis reproduce
    """
    from analysis.describe import main_model
    from analysis.engines import Settings
    from analysis.sample import jobs

    outputs = Outputs(out)
    with screen.no_tables_drawn():
        fingerprints(out)
        replicate(out=out)
        every = select(())
        panels = _load(None, every)
        listed = jobs(panels, select(HEADLINE), ())
        for record in every:
            if record.column not in HEADLINE:
                listed += jobs(panels, [record], [main_model(record).name])
        _sample(listed, Settings(seed=seed), outputs, cluster)
        if lagged := [record for record in every if record.dynamic]:
            _dynamic(lagged, panels, outputs)
        diagnostics = _diagnose(outputs)
        compare(out=out)
        audit(out=out)
        decompose(list(HEADLINE), out)
    claims(out)
    report(out)
    _print_frame(pd.DataFrame(SUMMARY, columns=["what", "where"]), "What came out")
    passed = (diagnostics["gate"] != "fail").sum()
    console.print(
        f"{passed} of {len(diagnostics)} fits pass the gate. Each command prints its table."
    )
    _exit_by_gate(diagnostics)


SUMMARY = (
    ("which claims of the paper stand, and all else, on one page", "results/report.html"),
    ("each claim with its evidence and verdict", "results/claims.json"),
    ("printed numbers checked against each other", "results/audit.csv"),
    ("what in the data makes slopes differ from the paper's", "results/decomposition.csv"),
    ("Tables 2-8, printed number beside estimate", "results/replication.csv"),
    ("how each construction choice meets Table 2", "results/fingerprints.csv"),
    ("posteriors, one NetCDF per panel, column and model", "traces/<panel>/<column>-<model>.nc"),
    ("R-hat, effective sample sizes, divergences", "results/diagnostics.csv"),
    ("posterior beside published coefficient", "results/comparison.csv"),
    ("slopes, differences and order of the regions", "results/region_*.csv"),
    ("prior and posterior of each scale, turning points", "results/scales.csv, turning_points.csv"),
    ("which step from TWFE to region slopes moves a slope", "results/ladder.csv"),
    ("Table 5's root by every estimator", "results/dynamic.csv, figures/dynamic.png"),
    ("forest plot and ladders", "figures/forest_headline.png, ladder_3.2.png, ladder.png"),
)


# --- system GMM -------------------------------------------------------------------------------


@app.command("gmm-grid")
def gmm_grid(columns: Columns = None, panel: Panels = None, out: Out = ROOT) -> None:
    """Estimate Table 5 under every choice the paper leaves open: results/gmm_grid.csv, a figure.

    Example: python -m analysis gmm-grid 5.1 --panel recollected
    """
    from analysis import gmm_grid as grid

    records = [record for record in select(columns or ()) if record.estimator == "system_gmm"]
    if not records:
        raise UserError("Only the columns of Table 5 have a grid: choose among 5.1, 5.2, 5.3, 5.4.")
    panels, choices = _load(panel, records), grid.every_choice()
    total = len(panels) * len(records) * len(choices)
    rows = grid.run(panels, records, choices)
    found = grid.compare(
        pd.DataFrame(track(rows, "Estimating", total, console=console, transient=True))
    )
    regions = grid.regions(found)
    whole = regions[regions["choice"] == "any"].drop(columns=["choice", "value"])
    _print_frame(whole, "The lagged outcome's root over all choices")
    for name, own in regions.groupby("panel", sort=False):
        title = f"Estimates with which the printed row is compatible, of all — panel {name}"
        _print_frame(grid.compatibility(own), title)
    _write({"gmm_grid": found}, Outputs(out), "gmm-grid")


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
    found = pd.DataFrame(rows, columns=list(gmm.COLUMNS))
    title = "Wall and CPU seconds per estimation; ratio to this project"
    _print_frame(found, f"{title}; {processor()}")
    _write({"benchmark_gmm": found}, Outputs(out))


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
    found = samplers.table(rows)
    _print_frame(found, f"Effective draws per CPU second; {processor()}")
    _print_frame(samplers.summary(found), "Times as many effective draws per CPU second here")
    _write({"benchmark_samplers": found}, Outputs(out))


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
    found = pd.DataFrame(list(measured), columns=list(scale.COLUMNS))
    _print_frame(found, f"Seconds and MB by size of the panel; {processor()}")
    _write({"benchmark_scale": found}, Outputs(out))


if __name__ == "__main__":
    main()
