"""The slow estimators of this paper's multiverse with their choices, and the whole of it."""

from functools import cache

from analysis.replication import gmm_grid
from analysis.replication.system_gmm import LAG
from analysis.robustness.multiverse import fraction
from analysis.robustness.multiverse.fraction import POSTERIOR, WILD
from analysis.robustness.multiverse.records import Choice, Family, Option, Setting
from analysis.robustness.multiverse.structures import ERRORS, PRIOR
from analysis.ye2024.multiverse.choices import CONTROLS, DATA, GRID, NORMALISATION, SAMPLE
from data.shared.files import sha256
from data.ye2024 import recollect, selection
from data.ye2024.definitions import CHOICES, DEFAULTS

INSTRUMENTS = tuple(
    Choice(name, tuple(Option(str(v), reason, sets={name: v}) for v in gmm_grid.GRID[name]))
    for name, reason in (
        ("depth", "The paper names no lags; collapsed, all these keep instruments few."),
        ("equations", "The paper's; differences alone need no mean stationarity."),
        ("interest", "The paper's worry is that agglomeration follows productive forces."),
        ("steps", "The usual; one step is less efficient and has better small-sample errors."),
        ("transform", "The usual; deviations keep more of a panel with gaps, and as much here."),
    )
)
"""Instruments are collapsed throughout: otherwise there are more than provinces."""


FAMILIES = (
    Family(
        POSTERIOR, (*DATA, CONTROLS, SAMPLE, PRIOR), fraction.posteriors,
        lambda record: record.interest, dynamic=False, size=144, batch=48, crossed=ERRORS,
    ),
    Family(
        "gmm", (*DATA, CONTROLS, SAMPLE, *INSTRUMENTS), fraction.one_by_one(fraction.gmm),
        lambda record: (LAG, *record.interest), dynamic=True, size=500, batch=100,
    ),
    Family(
        WILD, (*DATA, CONTROLS, SAMPLE), fraction.one_by_one(fraction.wild),
        lambda record: record.interest, dynamic=False, size=100, batch=50,
    ),
)  # fmt: skip
"""A new one is a record here."""


@cache
def setting() -> Setting:
    """Load the Dataset of construction choices; return this paper's multiverse."""
    dataset = recollect.load()
    return Setting(
        dataset=dataset,
        dataset_sha256=sha256(recollect.DATASET.read_bytes()),
        construction=CHOICES,
        defaults=DEFAULTS,
        frame=selection.frame(dataset, {})[["province", "year", "region"]],
        grid=GRID,
        of_terms=frozenset(choice.name for choice in (*DATA, NORMALISATION, CONTROLS)),
        families=FAMILIES,
        described="analysis/ye2024/multiverse/, each option with its reason",
    )
