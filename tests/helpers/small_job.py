"""The main job on one panel and three columns, with few draws of the bootstrap.

Started cold it is a program (`python -m tests.helpers.small_job OUT`). Started warm
(`tests.helpers.warm`) it reads, fits and writes the same.
"""

import sys
from functools import partial
from pathlib import Path

from analysis import specifications
from analysis.commands import options, reproduce
from tests.helpers.warm import command

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
    command("reproduce", "--out", out)


def run_without_analyses(out: Path) -> None:
    """Run the command without the audit and the analyses.

    They write tables and figures as the other steps do, and take a third of each run.
    """
    reproduce.audit = reproduce.analyses.run = lambda *_, **__: None
    run(out)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
