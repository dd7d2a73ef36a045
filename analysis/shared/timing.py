"""How long a job of several steps takes: measured at each run, said at the start of the next.

A run that ends writes the seconds of its steps into results/.index/. Where there has been none, the
record beside this file speaks: of a run with `--measure`.
"""

import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.shared.outputs import Outputs
from analysis.shared.terminal import console
from data.shared.files import write_text


@dataclass(frozen=True)
class Measured:
    """What a run took.

    Attributes
    ----------
    seconds : dict of str to float
        Of the clock, by step.
    machine, date : str
    """

    seconds: dict[str, float]
    machine: str
    date: str


def read(path: Path) -> Measured | None:
    """Read what a run took; None if there is no such file, or it cannot be read."""
    try:
        return Measured(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def run_timed(command: Sequence[str], **options: Any) -> tuple[int, float]:
    """Run a process to its end; stop it if this one is interrupted.

    Parameters
    ----------
    command : sequence of str
    **options
        As `subprocess.Popen` takes them.

    Returns
    -------
    int, float
        Its exit code, and CPU seconds of it and of the children that it waited for.
    """
    process = subprocess.Popen(command, **options)
    try:
        _, status, used = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime


def about(seconds: float) -> str:
    """Say a time in whole minutes."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return "about a minute" if minutes == 1 else f"about {minutes} minutes"


class Pace:
    """The time that parts of a job still take, by those that this run has done.

    Parameters
    ----------
    total : int
        Parts of the job.
    """

    def __init__(self, total: int) -> None:
        self.total, self.starts = total, list[float]()

    def next(self) -> str:
        """Say which part begins, and what is left: "part 3 of 20, about 9 minutes left"."""
        self.starts.append(time.perf_counter())
        # What a run before this one had done takes no time, and tells nothing of the others.
        done = [took for took in np.diff(self.starts) if took >= KEPT]
        left = self.total - len(self.starts) + 1
        words = f", {about(float(np.mean(done)) * left)} left" if done else ""
        return f"part {len(self.starts)} of {self.total}{words}"


KEPT = 1.0
"""Seconds below which a part was read from a file, not computed."""


class Steps:
    """The steps of a job, in their order, and what they are expected to take.

    Parameters
    ----------
    job : str
        The command.
    names : sequence of str
        What the steps do, as a reader is told.
    outputs : Outputs
    shares : mapping of str to float, optional
        Of a step's work, the part that there is to do; all of it by default.
    """

    def __init__(
        self,
        job: str,
        names: Sequence[str],
        outputs: Outputs,
        shares: Mapping[str, float] | None = None,
    ) -> None:
        self.names, self.shares = tuple(names), dict(shares or {})
        self.path = outputs.results / ".index" / f"{job}-seconds.json"
        self.committed = Path(__file__).with_name(f"{job}-seconds.json")
        self.before = read(self.path) or read(self.committed)
        self.took: dict[str, float] = {}
        self.begun: tuple[str, float] | None = None

    def left(self) -> float | None:
        """Return the seconds that the steps still to do are expected to take; None if unknown."""
        waiting = [name for name in self.names if name not in self.took]
        if self.before is None or not self.before.seconds.keys() >= set(waiting):
            return None
        return sum(self.before.seconds[name] * self.shares.get(name, 1.0) for name in waiting)

    def announce(self) -> None:
        """Say how long the job will take, and how that is known."""
        remaining = self.left()
        if remaining is None:
            console.print("How long this takes is not known yet: this run measures it.")
            return
        console.print(
            f"This takes {about(remaining)}, as measured on {self.before.date} "
            f"({self.before.machine}).",
            highlight=False,
        )

    def begin(self, name: str) -> None:
        """End the step before; say which one begins, and what is left of the time."""
        self._end()
        remaining = self.left()
        time_left = "" if remaining is None else f", {about(remaining)} left"
        number = self.names.index(name) + 1
        console.print(f"Step {number} of {len(self.names)}: {name}{time_left}.", highlight=False)
        self.begun = name, time.perf_counter()

    def _end(self) -> None:
        if self.begun:
            name, start = self.begun
            self.took[name] = time.perf_counter() - start
        self.begun = None

    def finish(self, measure: bool = False) -> None:
        """Say what the job took, and keep it; with `measure` beside this file, too."""
        self._end()
        console.print(f"Done in {about(sum(self.took.values()))}.")
        seconds = {}
        for name in self.names:
            share = self.shares.get(name, 1.0)
            if share > 0:
                seconds[name] = round(self.took[name] / share, 1)
            elif self.before and name in self.before.seconds:
                seconds[name] = self.before.seconds[name]
        machine = f"{platform.machine()}, {os.cpu_count()} logical cores"
        measured = asdict(Measured(seconds, machine, f"{datetime.now(UTC):%Y-%m-%d}"))
        text = json.dumps(measured, ensure_ascii=False, indent=1) + "\n"
        for path in (self.path, *([self.committed] if measure else [])):
            write_text(text, path)
