"""The run of a command that makes stored results: what it was, and what it cost."""

import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """A run of a command.

    Attributes
    ----------
    command : str
        As it was typed.
    commit : str
        Of the code; ends in "-dirty" if source files differed from it.
    cpu_minutes : float
        Of the process that ended it, and of processes of this machine that it started. A run that
        went on from finished batches says nothing of theirs.
    processor : str
    """

    command: str
    commit: str
    cpu_minutes: float | None = None
    processor: str = ""


def told(runs: Iterable[Run]) -> str:
    """Say in words of which code, at what cost and where runs were made; empty of none."""
    listed = list(dict.fromkeys(runs))
    commits = ", ".join(dict.fromkeys(map(_short, listed)))
    minutes = [run.cpu_minutes for run in listed if run.cpu_minutes is not None]
    parts = [f"commit {commits}"] if commits else []
    parts += [f"{sum(minutes):.3g} CPU minutes"] if minutes else []
    parts += dict.fromkeys(run.processor for run in listed if run.processor)
    return ", ".join(parts)


def _short(run: Run) -> str:
    return run.commit[:7] + " with changes" * run.commit.endswith("-dirty")


def this_run(commit: str) -> Run:
    """Describe the run of this process."""
    times = os.times()
    seconds = times.user + times.system + times.children_user + times.children_system
    command = " ".join(["python -m analysis", *map(_shown, sys.argv[1:])])
    return Run(command, commit, round(seconds / 60, 2), processor())


def _shown(argument: str) -> str:
    """Return an argument as it may be shown: of a path only its last part."""
    return Path(argument).name if os.sep in argument else argument


def processor() -> str:
    """Return the name of this machine's processor and its number of logical cores."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} logical cores"
