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

MODELS = 3
"""That a column of one region is fitted by."""


def run(out: Path, columns: tuple[str, ...] = COLUMNS) -> None:
    """Run the command."""
    select = specifications.select
    some = select(columns)
    options.named_panels = lambda: ("official-census4",)
    reproduce.select = lambda columns: select(columns) if columns else some
    reproduce.HEADLINE = columns
    reproduce.replicate = partial(reproduce.replicate, list(columns), draws=99)
    command("reproduce", "--out", out)


def run_without_analyses(out: Path) -> None:
    """Run the command on two columns, without Table 2, the audit and the analyses.

    These write tables and figures as the other steps do, and take half of each run.
    """
    reproduce.fingerprints = reproduce.audit = reproduce.analyses.run = lambda *_, **__: None
    run(out, COLUMNS[:2])


if __name__ == "__main__":
    run(Path(sys.argv[1]))
