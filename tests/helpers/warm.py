"""Commands in forks of a process that has imported everything: a user's, without the imports."""

import contextlib
import importlib
import multiprocessing
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis import __main__ as cli
from analysis.comparison import figures, tables
from analysis.posterior import sample, varied
from analysis.replication import imputed
from analysis.reporting import gallery
from analysis.reporting.page import page, traces
from analysis.shared import parallel
from analysis.ye2024.decomposition import table
from models.inference import packed_cholesky

IMPORTED = (figures, tables, sample, varied, imputed, gallery, page, traces, table, packed_cholesky)
"""What commands, and each of their workers, import late, and every warm run finds there."""

for _name in ("dask.array", "sparse"):  # xarray looks for them when it first computes
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)


@dataclass(frozen=True)
class Run:
    """A command that can be struck.

    Attributes
    ----------
    group : int
        Its process group.
    is_alive : callable
    end : callable
        Waits for it; returns its exit code and what it said.
    """

    group: int
    is_alive: Callable[[], bool]
    end: Callable[[], tuple[int, str]]


def start(monkeypatch: pytest.MonkeyPatch, said: Path, task: Callable, *given: object) -> Run:
    """Run a task, or by default a command, in a process group of its own, its words into a file."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # a fork would lose the other threads
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__, task.__module__])
    run = server.Process(target=_in_group, args=(said, task, *given))
    run.start()

    def end() -> tuple[int, str]:
        run.join()
        return run.exitcode, said.read_text()

    return Run(run.pid, run.is_alive, end)


def command(*words: object) -> None:
    """Run `python -m analysis` with these words."""
    sys.argv = ["analysis", *map(str, words)]
    cli.main()


def _in_group(said: Path, task: Callable, *given: object) -> None:
    """Run it; its workers are forks, too."""
    os.setsid()
    parallel.get_context = lambda _: multiprocessing.get_context("fork")
    with said.open("w") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        task(*given)
