"""Small tables of results, as the commands write them."""

import pandas as pd

from analysis.comparison.coefficients import COLUMNS, assess
from analysis.specifications import HEADLINE
from models.bayesian.registry import LADDER, MAIN, MODELS

PRINTED = {"3.2": "0.105", "8.1": "0.312", "8.2": "-0.047", "8.3": "-0.083"}
PRINTED_SE = {"3.2": "0.031", "8.1": "0.103", "8.2": "0.015", "8.3": "0.018"}

REGIONS_OF_SLOPES = ("average", "east", "central", "west")
"""What `sensitivity` tells of a slope by region, all under the quantity "slope"."""


def replication(panel: str = "official") -> pd.DataFrame:
    """Return TWFE estimates of 0.2 (0.1), two stars, for every headline column."""
    cells = [
        ("coef", PRINTED, "0.2"),
        ("se", PRINTED_SE, "0.1"),
        ("stars", dict.fromkeys(PRINTED, "***"), "**"),
        ("p_wild", dict.fromkeys(PRINTED), "0.05"),
    ]
    rows = [
        (panel, column[0], column, "indus", statistic, published[column], estimated)
        for column in HEADLINE
        for statistic, published, estimated in cells
    ]
    names = ["panel", "table", "column", "term", "statistic", "published", "estimated"]
    return pd.DataFrame(rows, columns=names)


def comparison(panel: str = "official") -> pd.DataFrame:
    """Return posteriors about 0.15 for every model that fits, region slopes from 3.2's."""
    rows = [(column, column, model.name) for column in HEADLINE for model in MODELS]
    rows = [row for row in rows if row[0] == "3.2" or row[2] in ("flat", LADDER[0])]
    by_region = [m.name for m in MODELS if m.correlated or m.name in (MAIN, "hierarchical")]
    rows += [(column, "3.2", name) for column in HEADLINE[1:] for name in by_region]
    return pd.DataFrame(
        [
            {
                **assess(
                    [-0.05, 0.15, 0.35], float(PRINTED[column]), float(PRINTED_SE[column]), "pass"
                ),
                **{"panel": panel, "column": column, "fitted_column": fitted, "model": model},
                **{"term": "indus", "mean": 0.15, "q025": -0.05, "q975": 0.35},
                **{"p_same_sign": 0.9, "gate": "pass", "fits": "", "agreement": "uncertain"},
            }
            for column, fitted, model in rows
        ],
        columns=list(COLUMNS),
    )
