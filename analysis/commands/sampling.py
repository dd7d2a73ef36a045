"""Sampling of missing traces, with a progress bar, as several commands need it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import track

from analysis.shared import terminal
from analysis.shared.outputs import Outputs
from analysis.shared.terminal import console

if TYPE_CHECKING:
    from analysis.posterior.jobs import Job, Settings

MOST_NAMED = 8
"""So many traces are named; the rest is counted."""


def sample_jobs(
    listed: Sequence["Job"], settings: "Settings", outputs: Outputs, cluster: str | None
) -> list[Path]:
    """Sample what is not up to date, with a progress bar; return the paths of all traces."""
    from analysis.posterior.jobs import missing, path_of, split
    from analysis.posterior.varied import refuse_other, replaced

    refuse_other(listed, outputs.traces)
    waiting = missing(listed, settings, outputs.traces)
    replacements = list(replaced(waiting, settings, outputs.traces))
    for path, difference in replacements[:MOST_NAMED]:
        terminal.say(
            f"{outputs.shown(path)} has {difference}, and is replaced when the new fit is done: "
            "--as NAME keeps both."
        )
    if len(replacements) > MOST_NAMED:
        terminal.say(f"So are {len(replacements) - MOST_NAMED} more.")
    for job in waiting:
        split(job)  # what a panel cannot carry is said before anything is sampled
    console.print(
        f"{len(listed) - len(waiting)} of {len(listed)} traces are up to date: "
        + (f"sampling {len(waiting)}." if waiting else "nothing is sampled.")
    )

    from analysis.posterior.sample import sample_all

    done = sample_all(waiting, settings, outputs.traces, cluster=cluster)
    try:
        for _ in track(done, "Sampling", len(waiting), console=console, transient=True):
            pass
    except KeyboardInterrupt:
        console.print("Interrupted: finished traces are kept, and the same command goes on.")
        raise
    return sorted(path_of(job, outputs.traces) for job in listed)
