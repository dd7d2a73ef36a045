"""The last two candidates where the rule does not look: a generator and a panel that confirm.

The rule (`analysis.simulation.main_model`) names the main model by its deciding cells alone. These
cells were left out of the choice, and say whether it carries over: paths at the scale of the
province that gets them, and a panel on which no candidate's coverage was looked at before.
"""

import pandas as pd

from analysis.simulation.main_model import DECIDING, GENERATORS, LEAST_COVERAGE, judged


def generators_of(panel: str) -> tuple[str, ...]:
    """Return the generators that only confirm on a panel."""
    panels, deciding = DECIDING
    return tuple(name for name in GENERATORS if panel not in panels or name not in deciding)


def shown(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each panel, generator and candidate; shares in per cent.

    `covers too little` counts cells whose Monte-Carlo interval of coverage (Bonferroni over all of
    the candidate's cells here) lies below the rule's least coverage. `size` is of the slope over
    all rows, `width` of its interval where there is no slope.
    """
    scored = judged(scores)
    rows = []
    for (panel, generator, method), cells in scored.groupby(
        ["panel", "generator", "method"], sort=False
    ):
        over_all = cells[(cells["slopes"] == "none") & (cells["estimand"] == "slope")]
        sets = cells["data_sets"]
        rows.append(
            {
                "panel": panel,
                "generator": generator,
                "model": method,
                "data sets": f"{sets.min()} to {sets.max()}" if sets.nunique() > 1 else sets.max(),
                "covers too little": f"{cells['outside'].sum()} of {len(cells)}",
                "lowest coverage": f"{cells['coverage'].min():.0%}",
                "size": "".join(f"{1 - value:.0%}" for value in over_all["coverage"]),
                "width": "".join(f"{value:.3f}" for value in over_all["width"]),
            }
        )
    return pd.DataFrame(rows)


def sentence(scores: pd.DataFrame) -> str:
    """Say how each candidate fared in the cells that confirm."""
    scored = judged(scores)
    sentences = []
    for method, cells in scored.groupby("method", sort=False):
        sentences.append(
            f"`{method}` covers too little in {cells['outside'].sum()} of {len(cells)} cells: "
            f"lowest coverage {cells['coverage'].min():.0%}, interval score at most "
            f"{cells['relative_score'].max():.2f} times the smaller of the two."
        )
    sizes = " or ".join(map(str, sorted(scored["data_sets"].unique())))
    return " ".join(
        [
            f"These cells only confirm, and have {sizes} data sets each; the rule asks for a "
            f"coverage of {LEAST_COVERAGE:.0%}.",
            *sentences,
        ]
    )
