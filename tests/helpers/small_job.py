"""The main job on one panel and three columns, with few draws of the bootstrap.

Started cold it is a program (`python -m tests.helpers.small_job OUT`). Started warm it is a fork of
a process that has imported everything: what it reads, fits and writes is the same.
"""

import contextlib
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

from analysis import __main__ as cli
from analysis import specifications
from analysis.commands import options, reproduce
from analysis.comparison import figures, tables
from analysis.posterior import sample
from analysis.reporting import gallery
from analysis.reporting.page import page, traces
from analysis.shared import parallel
from analysis.ye2024.decomposition import table

IMPORTED = (figures, tables, sample, gallery, page, traces, table)
"""What commands import late, and every warm run finds there."""

COLUMNS = ("8.1", "8.2", "8.3")

FITS = 9
"""Traces that the job makes."""


def run(out: Path) -> None:
    """Run the command."""
    select = specifications.select
    some = select(COLUMNS)
    options.named_panels = lambda: ("official-census4",)
    reproduce.select = lambda columns: select(columns) if columns else some
    reproduce.HEADLINE = COLUMNS
    reproduce.replicate = partial(reproduce.replicate, list(COLUMNS), draws=99)
    sys.argv = ["analysis", "reproduce", "--out", str(out)]
    cli.main()


def run_warm(out: Path, said: Path) -> None:
    """Run the command in a process group of its own, its words into a file; workers are forks.

    Without the audit and the analyses: they write tables and figures as the other steps do, and
    take a third of each run.
    """
    os.setsid()
    reproduce.audit = reproduce.analyses.run = lambda *_, **__: None
    parallel.get_context = lambda _: multiprocessing.get_context("fork")
    with said.open("w") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        run(out)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
