"""Tables of pictures with as many rows as the real ones, of made-up numbers."""

import numpy as np
import pandas as pd

from analysis.comparison import dynamic
from analysis.comparison.ladder import TWFE
from analysis.robustness import horizon
from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.judge import counts
from analysis.simulation.calibration.ranks import DRAWS
from analysis.simulation.dynamic_study.study import NAMES
from analysis.specifications import HEADLINE, STATIC
from data.panels.catalogue import PANELS
from models.bayesian.registry import LADDER, MAIN
from models.design import LAG

NAMED = [kind.name for kind in PANELS]
ENDS = {"low": 0.9, "high": 1.3}
FITTED = {"gate": "pass", "fits": "fail"}
PRINTED = {"published": 0.1, "published_se": 0.03}


def slopes() -> pd.DataFrame:
    """Return rows of `analysis.comparison.figures.headline`: static models of each column."""
    models = [TWFE, "flat", *LADDER, "growth_region"]
    rows = [
        {"panel": panel, "column": column, "fitted_column": "3.2", "model": model,
         "estimate": 1.1, **ENDS, **PRINTED, **FITTED}
        for column in HEADLINE
        for model in models
        for panel in NAMED
    ]  # fmt: skip
    return pd.DataFrame(rows)


def steps() -> pd.DataFrame:
    """Return results/ladder.csv of all static columns."""
    rows = [
        {"panel": panel, "column": record.column, "term": term, "step": step, "estimate": 1.1,
         **ENDS, **PRINTED, **FITTED, "moves_most": step == MAIN}
        for record in STATIC
        for term in record.interest
        for step in (TWFE, *LADDER)
        for panel in NAMED
    ]  # fmt: skip
    return pd.DataFrame(rows)


def dynamics() -> pd.DataFrame:
    """Return results/dynamic.csv of Table 5; Kiviet's correction leaves the frame."""
    rows = [
        {"panel": panel, "column": column, "estimator": name, "term": LAG,
         "coef": 5.0 if name == "kiviet" else 1.1, **ENDS}
        for column in ("5.1", "5.2", "5.3", "5.4")
        for panel in NAMED
        for name in (*NAMES, dynamic.PUBLISHED)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def responses() -> pd.DataFrame:
    """Return results/dynamic_effects.csv of Table 5."""
    rows = [
        {"panel": panel, "column": column, "model": "dynamic", "slope": "average",
         "quantity": "impulse", "year": year, "median": 1.1e-3, "low": -0.9e-3, "high": 1.3e-3}
        for column in ("5.1", "5.2", "5.3", "5.4")
        for panel in NAMED
        for year in range(11)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(dynamic.EFFECT_COLUMNS))


def horizons() -> pd.DataFrame:
    """Return results/horizon.csv of the headline columns on a panel."""
    kinds = [(horizon.DIFFERENCE, years) for years in horizon.YEARS]
    kinds += [(kind, np.nan) for kind in (horizon.LEVELS, horizon.WITHIN, horizon.BETWEEN)]
    rows = [
        {"panel": NAMED[2], "column": column, "term": "indus", "kind": kind, "years": years,
         "coef": 1.1, **ENDS}
        for column in HEADLINE
        for kind, years in kinds
    ]  # fmt: skip
    return pd.DataFrame(rows)


def gaps() -> pd.DataFrame:
    """Return results/decomposition.csv of two gaps of 3.2 and two of regions."""
    series = ("produ", "indus", "fin", "env", "stru", "urb", "trans")
    players = [*(f"{name}: rest" for name in series), *(f"{name}: vintage" for name in series[:3])]
    gaps = [("3.2", NAMED[1]), ("3.2", NAMED[2]), ("8.2", NAMED[1]), ("8.3", NAMED[1])]
    rows = [
        {"panel": panel, "column": column, "term": "indus", "game": "ingredients", "player": player,
         "share": 0.01, "mcse": 0.001, "start": 0.02, "end": 0.1, "published": 0.105}
        for column, panel in gaps
        for player in players
    ]  # fmt: skip
    return pd.DataFrame(rows)


def ranks() -> pd.DataFrame:
    """Return what is drawn of results/calibration.nc of the cases of the main model."""
    rng = np.random.default_rng(0)
    cases = [case.name for case in CASES if MAIN in case.name]
    index = pd.MultiIndex.from_product([cases, ["a", "b", "c"]], names=["case", "parameter"])
    drawn = [[200, *counts(rng.integers(0, DRAWS + 1, 200))] for _ in index]
    return pd.DataFrame(drawn, index=index, columns=["data_sets", *range(1, DRAWS + 1)])
