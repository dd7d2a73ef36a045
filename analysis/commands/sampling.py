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
    from models.bayesian.interface import Parts
    from models.design import Specification

MOST_NAMED = 8
"""So many traces are named; the rest is counted."""

MANY_REGIONS = 8
"""With 12 regions of three units, `growth` gives no result in ten minutes; with 4, in one."""


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
    # What a panel cannot carry, or carries slowly, is said before anything is sampled.
    say_slow([(job.name, split(job)) for job in waiting])
    fits = [(job.name, job.specification) for job in waiting]
    say_lags(fits)
    say_instruments(fits)
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


def say_lags(fits: Sequence[tuple[str, "Specification"]]) -> None:
    """Say which fits have lags of the outcome as regressors, which no model takes as such.

    The dynamic models have the first lag of a GMM's column apart (`models.bayesian.dynamic`).
    """
    for name, record in fits:
        if lags := lags_of_outcome(record):
            terms = " and ".join(lags)
            more = "" if record.dynamic else "; a column by difference_gmm has a dynamic model"
            terminal.say(
                f"Notice: {name} of {record.column} takes {terms} as exogenous, which a lag of the "
                f"outcome is not: in short panels the slopes are biased{more}."
            )


def lags_of_outcome(record: "Specification") -> list[str]:
    """Return the terms of a column that are lags of its outcome."""
    from data.studies.formula import names_in

    return [t for t in record.terms if "lag(" in t and record.outcome in names_in([t])]


def say_instruments(fits: Sequence[tuple[str, "Specification"]]) -> None:
    """Say which fits are of columns with instruments, which no model has.

    Lags of the outcome have a notice of their own.
    """
    for name, record in fits:
        if terms := [t for t in record.endogenous if t not in lags_of_outcome(record)]:
            terminal.say(
                f"Notice: {name} of {record.column} takes {' and '.join(terms)} as exogenous: no "
                "model has the column's instruments. Its posterior is that of the column without "
                "them."
            )


def say_slow(fits: Sequence[tuple[str, "Parts"]]) -> None:
    """Say which fits have parameters in so many regions that no result comes within ten minutes."""
    from models.bayesian.growth_parts import Growth

    for name, parts in fits:
        if isinstance(parts, Growth) and parts.n_regions > MANY_REGIONS:
            terminal.say(
                f"Notice: {name} has four parameters in each of {parts.n_regions} regions, which "
                "may take far more than ten minutes: name wider regions, or choose the model "
                "hierarchical."
            )
