"""CPU time of estimators beside other programs', all in one run.

Each program has a process, with one thread for linear algebra, which reads its data and estimates
once to warm up. Then timings alternate between this project and each other program, and medians
over the pairs are taken. Estimates and standard errors are compared; a row says where they differ
and which program is not installed.

Others run in a Python of their own (`peer_estimators` says what it must have). A posterior on a
large simulated panel has no other program beside it: its row tells time and memory alone.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.benchmark import environment, own_estimators, peer_estimators
from analysis.benchmark.fits import ONE_THREAD
from analysis.benchmark.gmm import ABDATA
from data.shared.errors import UserError

THREADS = ("NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS")

OWN = "this project"

SAME = 1e-6
"""Largest relative difference of what agrees: the multiverse keeps single precision."""

COLUMNS = (
    *("task", "engine", "version", "per", "wall_s", "cpu_s", "ratio", "target", "met"),
    *("agreement", "peak_mb", "pairs", "note"),
)
"""The contract of results/long/benchmark_estimators.csv: medians of seconds for each `per`; `ratio`
is the median of the pairs' ratios of CPU time, the engine's over this project's; `target` the
least that is asked for; `agreement` the largest relative difference of an estimate or a standard
error from this project's."""


@dataclass(frozen=True)
class Task:
    """What is timed.

    Attributes
    ----------
    name, per : str
        A time is that of one such.
    targets : mapping of str to float
        Other engines, and the ratio asked for.
    pairs : int
        At most, for what takes minutes.
    """

    name: str
    per: str
    targets: Mapping[str, float]
    pairs: int = 1_000

    @property
    def firms(self) -> bool:
        """Whether it reads Arellano and Bond's panel."""
        return self.name.startswith("GMM")


TWFE = {"pyfixest": 5.0, "linearmodels": 8.0}

TASKS = (
    Task("TWFE", "estimation", TWFE),
    Task("TWFE, clustered errors", "estimation", TWFE),
    Task("TWFE, 1,000 outcomes", "outcome", TWFE),
    Task("wild cluster bootstrap", "slope", {"wildboottest": 50.0}),
    Task("GMM, two-step system", "estimation", {"StatsPAI": 4.0}),
    Task("GMM, two-step difference", "estimation", {"StatsPAI": 4.0}),
    # At most three times as long as the products.
    Task(
        f"GMM, {own_estimators.GROUPS:,} groups",
        "estimation",
        {"numpy products": 1 / 3, "numpy products without zeros": np.nan},
    ),
    Task(
        "multiverse, least squares",
        "universe",
        {"specification_curve": 200.0, "specification_curve, its own dummies": 200.0},
    ),
    Task("growth, 31 units", "posterior", {}),
    Task("growth, 100 units", "posterior", {}),
    Task("growth, 1,000 units", "posterior", {}, pairs=1),
    Task("growth, 1,000 units without slopes by unit", "posterior", {}, pairs=1),
    Task("growth, 100,000 units", "posterior", {}, pairs=1),
    Task("growth, 1,000,000 units without slopes by unit", "posterior", {}, pairs=1),
)


def chosen(names: Sequence[str]) -> list[Task]:
    """Return the tasks of those names, or that begin so; all by default.

    Raises
    ------
    UserError
        If no task begins so.
    """
    for name in names:
        if not any(task.name.startswith(name) for task in TASKS):
            listed = "; ".join(task.name for task in TASKS)
            raise UserError(f"{name!r} is not timed: choose among {listed}.")
    return [task for task in TASKS if task.name.startswith(tuple(names) or "")]


def run(
    listed: Sequence[Task], pairs: int = 5, peers: str | None = None, data: Path = ABDATA
) -> Iterator[list[dict[str, object]]]:
    """Time each task; yield its rows, `COLUMNS`.

    Parameters
    ----------
    listed : sequence of Task
    pairs : int
        Timings of each engine.
    peers : str, optional
        A Python that has the other programs, by default this one.
    data : Path
        Arellano and Bond's panel.

    Raises
    ------
    UserError
        If that panel is asked for and not there, or the Python cannot be run.
    """
    if any(task.firms for task in listed) and not data.is_file():
        raise UserError(f"{data} is missing: name Arellano and Bond's panel with --data.")
    if peers and not shutil.which(peers):
        raise UserError(f"{peers} cannot be run: name a Python that has the other programs.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own_estimators.write_inputs(folder)
        if data.is_file():
            shutil.copy(data, folder / "abdata.csv")
        for task in listed:
            yield rows(task, min(pairs, task.pairs), peers or sys.executable, folder)


def rows(task: Task, pairs: int, peers: str, folder: Path) -> list[dict[str, object]]:
    """Return the rows of a task, this project's first."""
    with ExitStack() as stack:
        own, *others = [
            stack.enter_context(Child(name, task, peers, folder)) for name in (OWN, *task.targets)
        ]
        first = {"task": task.name, "engine": OWN, "per": task.per}
        if own.fault:
            return [first | {"note": own.fault}] + [_absent(task, each, own) for each in others]
        timed = {each: [] for each in (own, *others) if not each.fault}
        for _ in range(pairs):
            for each, seconds in timed.items():
                seconds.append(each.time())
    found = [first | _medians(timed[own]) | {"ratio": 1.0, "pairs": pairs}]
    for each in others:
        if each.fault:
            found.append(_absent(task, each, each))
            continue
        ratio = np.median(
            [a["cpu"] / b["cpu"] for a, b in zip(timed[each], timed[own], strict=True)]
        )
        target = task.targets[each.name]
        found.append(
            {"task": task.name, "engine": each.name, "version": each.version, "per": task.per}
            | _medians(timed[each])
            | {"ratio": ratio, "target": target, "pairs": pairs}
            | {"met": "" if np.isnan(target) else "yes" if ratio >= target else "no"}
            | compared(own.values, each.values)
        )
    return found


def _absent(task: Task, each: "Child", why: "Child") -> dict[str, object]:
    of_engine = {"task": task.name, "engine": each.name, "per": task.per}
    return of_engine | {"target": task.targets[each.name], "note": why.fault}


def _medians(timed: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        "wall_s": float(np.median([each["wall"] for each in timed])),
        "cpu_s": float(np.median([each["cpu"] for each in timed])),
        "peak_mb": max(each["peak_mb"] for each in timed),
    }


def compared(
    own: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]
) -> dict[str, object]:
    """Return how far two engines' numbers are apart, and a note where that is too far.

    Of matrix products there is nothing to compare with; a bootstrap's "p" has simulation error.
    """
    if not set(own) & set(other):
        return {}
    if set(own) != set(other):
        missing = ", ".join(sorted(set(own) ^ set(other)))
        return {"agreement": np.nan, "note": f"other terms: {missing}"}
    exact = [name for name in own if name != "p"]
    mine, others = (np.concatenate([values[name] for name in exact]) for values in (own, other))
    agreement = float(np.abs(others / mine - 1).max())
    notes = [] if agreement <= SAME else ["estimates differ"]
    if "p" in own:
        (p,), (p_of_other,) = own["p"], other["p"]
        error = np.sqrt(2 * p * (1 - p) / peer_estimators.DRAWS)
        notes.append(
            f"p {p_of_other:.4f}, here {p:.4f}: "
            f"{abs(p_of_other - p) / error:.1f} simulation errors apart"
        )
    return {"agreement": agreement, "note": "; ".join(notes)}


class Child:
    """A process of one engine that estimates whenever it is asked.

    Attributes
    ----------
    name, version : str
    values : dict of str to (list of float)
        What was estimated to warm up.
    fault : str
        Why there are none; empty if there are.
    """

    def __init__(self, name: str, task: Task, peers: str, folder: Path) -> None:
        self.name = name
        started = environment() | ONE_THREAD | dict.fromkeys(THREADS, "1")
        words = [sys.executable, "-m", own_estimators.__name__]
        if name not in own_estimators.ENGINES:
            # Isolated: this folder's modules are not on its path, and nor are this project's.
            words = [peers, "-I", str(Path(peer_estimators.__file__))]
        self.log = (folder / "log.txt").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [*words, str(folder), name, task.name],
            env=started,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        said = self._line()
        self.version, self.values = said.get("version", ""), said.get("values", {})
        self.fault = said.get("error", "")

    def _line(self) -> dict:
        if line := self.process.stdout.readline():
            return json.loads(line)
        self.log.seek(0)
        raise RuntimeError(f"{self.name} ended: {self.log.read()[-2000:]}")

    def time(self) -> dict[str, float]:
        """Return `wall` and `cpu` seconds of one estimate, and `peak_mb`."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._line()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.log.close()
