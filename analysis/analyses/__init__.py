"""The analyses as records: commands, pictures and sections of the page follow from these.

A file for each question, a record for each analysis. A new one is a module in its room, a record
in one of these files, its tables in `analysis.shared.products` and a test; then
`python -m analysis readme` writes its task into Makefile and pixi.toml. What a record computes is
imported where it is asked for, so that the command line starts at once.

Not among them: `replicate`, `sample`, `diagnose`, `compare`, `dynamic` and `audit`, the main job on
which analyses build, and `reconstruct` with its ensemble, which make panels.
"""

from analysis.analyses import (
    benchmark,
    dynamic,
    imputation,
    multiverse,
    power,
    sensitivity,
    ye2024,
)
from analysis.shared.analysis import Analysis

ANALYSES: tuple[Analysis, ...] = (
    *sensitivity.ANALYSES,
    *multiverse.ANALYSES,
    *ye2024.ANALYSES,
    *power.ANALYSES,
    *dynamic.ANALYSES,
    *imputation.ANALYSES,
    *benchmark.ANALYSES,
)
"""Those of one section of the page stand in its order."""


def find(name: str) -> Analysis:
    """Return the record of a name.

    Raises
    ------
    KeyError
        If there is none: a name in the code is wrong.
    """
    return {record.name: record for record in ANALYSES}[name]
