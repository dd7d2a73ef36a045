"""The release: everything at one commit, and what it changed."""

from typing import Annotated

import typer

from analysis.commands.options import app, print_frame, say_written
from analysis.shared import terminal
from analysis.shared.outputs import ROOT, Outputs
from analysis.shared.terminal import console
from data.shared.errors import UserError
from data.ye2024.definitions import DIRECTORY


@app.command()
def release(
    only: Annotated[
        list[str] | None, typer.Option(help="A command; repeatable. Default: all steps.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="A command that is left out; repeatable.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Only list the steps.")] = False,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="Then copy long tables and pictures to results/long/ and figures/."
        ),
    ] = False,
    folder: Annotated[
        str, typer.Option("--folder", help="Folder of the release, below the project's.")
    ] = "release",
) -> None:
    """Make every product at one commit, from nothing, in the order of its inputs (many hours).

    Goes on where it was interrupted, as long as the commit is the same. Writes below release/ and
    ends with what each step took, and what differs from the committed tables beyond Monte-Carlo
    error. Steps that need the official series run where these are at hand. Exit 1 if a step failed.

    Example: python -m analysis release --only gmm-grid --only influence
    """
    from analysis.posterior.sample import git_commit
    from analysis.reporting import readme
    from analysis.reporting import release as runner

    steps = runner.chosen(only or (), without or (), DIRECTORY.is_dir())
    if not steps:
        raise UserError("No step is left: see `python -m analysis release --list`.")
    outputs, commit = Outputs(ROOT / folder), git_commit()
    if listed:
        print_frame(runner.taken(steps, outputs, commit), "Steps of a release", "release")
        return

    def execute(step: runner.Step, into: Outputs) -> runner.Done:
        number = steps.index(step) + 1
        console.print(f"Step {number} of {len(steps)}: {step.name}.", highlight=False)
        return runner.in_a_process(step, into)

    failed = runner.run(steps, outputs, commit, execute)
    print_frame(runner.taken(steps, outputs, commit), f"What each step took ({commit})", "release")
    print_frame(runner.compared(outputs), "Committed tables beside the release's", "release_tables")
    for step in failed:
        log = runner.log_of(step, outputs).relative_to(ROOT)
        console.print(f"Failed: {step.name}; see {log}.", style="red", highlight=False)
    if adopt and not failed:
        say_written(runner.adopt(outputs), Outputs())
        readme.write(outputs.results, ROOT)
    terminal.say("Next: python -m analysis release --adopt keeps the tables and pictures.")
    if failed:
        raise typer.Exit(1)
