"""Commands for readers: ledger, page, pictures, README, status."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.progress import track

from analysis.commands.options import Out, app, load_panels, print_frame, say_written, taken
from analysis.shared import terminal
from analysis.shared.outputs import ROOT, Outputs, read_result
from analysis.shared.products import find
from analysis.shared.provenance import record
from analysis.shared.terminal import console
from analysis.specifications import HEADLINE, PAPER, current, select
from data.shared.files import csv_text, write_text


@app.command(studies=True)
def claims(out: Out = ROOT) -> None:
    """Judge each claim of the paper by a fixed rule: results/claims.json.

    Of a study: results/study_claims.csv.

    Reads the tables of replicate, compare, sensitivity and multiverse. Lists what is missing. Exit
    1 if estimates of the paper's panels are; a ledger that holds them is then left as it is.

    Example: python -m analysis claims
    """
    outputs = Outputs(out)
    complete = write_study_ledger(outputs) if current() is not PAPER else write_ledger(outputs)
    terminal.say_next("report")
    if complete is False:
        raise typer.Exit(1)


def write_study_ledger(outputs: Outputs) -> None:
    """Show and write the verdicts on a study's claims."""
    for name in ("replication", "comparison"):
        read_result(outputs.results, name)

    from analysis.claims import evidence, study
    from analysis.robustness.multiverse.study import crossed
    from data.studies import claims as of_study

    listed = of_study.read(current().path)
    if not listed:
        console.print(
            f"Notice: {current().path} names no claims: a table [claims] names a CSV with the "
            "columns text, column, term, kind, rope.",
            highlight=False,
            soft_wrap=True,
        )
        return
    tables, panel = evidence.read(outputs.results), current().panel.name
    rows = study.table(listed, tables, panel)
    print_frame(rows, f"Claims of {current().title}", "study_claims")
    columns = crossed(current())
    say_pending(study.remedies(listed, tables, panel, columns), study.uncrossed(rows, columns))
    say_instruments(dict.fromkeys(claim.column for claim in listed))
    path = outputs.results / "study_claims.csv"
    write_text(csv_text(rows), path)
    say_written([path], outputs)


def say_pending(commands: list[str], uncrossed: list[str]) -> None:
    """Say which commands make the checks of claims that are pending, and what none can make.

    Parameters
    ----------
    commands : list of str
        An empty one stands for a check by other models that no command makes.
    uncrossed : list of str
        Columns without universes.
    """
    made = "; ".join(filter(None, commands))
    if made:
        study = f"--study {current().path}"
        terminal.say(f"Pending checks are made by, each with {study}: {made}; then claims again.")
    if "" in commands:
        terminal.say(
            "The check by other models stays pending: only one model of correlated errors can be "
            "fitted to a sample of one region."
        )
    if uncrossed:
        terminal.say(
            f"The check by the multiverse stays pending for {', '.join(uncrossed)}: universes are "
            "of columns of two-way effects, or of those that [multiverse] names."
        )


def say_instruments(columns: Iterable[str]) -> None:
    """Say which claims are on columns with instruments, which no model has."""
    if named := [column for column in columns if select([column])[0].endogenous]:
        terminal.say(
            f"Notice: no model has the instruments of {', '.join(named)}: verdicts there are on "
            "slopes without them."
        )


def write_ledger(outputs: Outputs) -> bool:
    """Show and write the ledger; return whether no estimate of the paper's panels is missing."""
    results, digests = outputs.results, taken(outputs)
    read_result(results, "replication")

    from analysis.claims import evidence, ledger
    from analysis.ye2024.claims import CLAIMS

    document = ledger.document(CLAIMS, results)
    print_frame(ledger.table(document["claims"]).fillna(""), "The paper's claims", "claims")
    for name, value in document["inputs"].items():
        if value.startswith("missing"):
            console.print(f"{name} is {value}.")
    path = results / "claims.json"
    absent = ledger.without_estimate(CLAIMS, evidence.read(results))
    for sentence in absent:
        console.print(sentence, style="red", highlight=False)
    if ledger.estimates(ledger.stored(path)) - ledger.estimates(document["claims"]):
        console.print(f"{outputs.shown(path)} holds more than could be made now, and is left.")
        return False
    ledger.write(document, path)
    record(find("claims"), outputs, digests)
    console.print(f"written: {outputs.shown(path)} ({len(document['claims'])} claims)")
    return not absent


@app.command(studies=True)
def report(out: Out = ROOT) -> None:
    """Write one self-contained page of all results: results/report.html.

    Reads the tables of other commands; missing ones are listed with their commands.

    Example: python -m analysis report
    """
    from analysis.reporting.page import page, traces

    outputs = Outputs(out)
    digests = taken(outputs)
    paths = sorted(outputs.traces.glob("*/[!.]*.nc"))
    summaries = [
        traces.read(path)
        for path in track(paths, "Reading traces", console=console, transient=True)
    ]
    with console.status("Writing the page…"):
        path = page.write(outputs, summaries)
    record(find("report"), outputs, digests)
    console.print(f"written: {outputs.shown(path)} ({path.stat().st_size / 1e6:.1f} MB)")
    following = "" if current().path else " Next: python -m analysis status says what it lacks."
    terminal.say(f"Open it in a browser.{following}")


@app.command()
def status(out: Out = ROOT) -> None:
    """Show which outputs are missing or stale, and the next command.

    Example: python -m analysis status
    """
    from analysis.reporting import status as state

    states = state.status(Outputs(out), load_panels(None, select(HEADLINE)))
    shown, title = states, "Results"
    if terminal.is_table():  # the same words in each row leave no room for why
        shown = states.replace({"made by": f"^{state.RUN}"}, "", regex=True)
        title = f"{title}, each made by {state.RUN}…"
    print_frame(shown, title, "status")
    command = state.following(states)
    console.print(
        f"Run next: {command}" if command else "Everything that the report needs is current."
    )


@app.command()
def figures(
    width: Annotated[
        float, typer.Option(min=8, max=40, help="Width in cm: 17 for a page, 8.5 for a column.")
    ] = 17.0,
    out: Out = ROOT,
) -> None:
    """Redraw every picture of figures/ from results/, SVG and PNG.

    Example: python -m analysis figures --width 8.5
    """
    from analysis.reporting import gallery
    from analysis.shared.plotting import at_width

    outputs, drawn = Outputs(out), 0
    with at_width(width):
        for command, paths in gallery.draw(outputs):
            drawn += len(paths)
            for path in paths:
                console.print(f"written: {outputs.shown(path)}")
            if not paths:
                console.print(f"not redrawn: python -m analysis {command} makes what is needed.")
    console.print(f"{drawn} files are drawn, {width:g} cm wide. Next: python -m analysis report")


@app.command()
def readme() -> None:
    """Rewrite the computed parts of the READMEs from results/, and the tasks of make and pixi.

    Example: python -m analysis readme
    """
    from analysis.reporting import readme as page
    from analysis.reporting import tasks

    page.write(Outputs().results, ROOT)
    commands = {
        name: command.get_short_help_str(100)
        for name, command in typer.main.get_command(app).commands.items()
        if name != "readme"
    }
    tasks.write(ROOT, commands)
    for name in ("README.md", "Makefile", "pixi.toml"):
        console.print(f"written: {name}")
