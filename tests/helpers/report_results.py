"""Results and traces made up for the page: enough for every kind of block, in a second."""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.claims.ledger import EVIDENCE, IMPLIED
from analysis.comparison import dynamic, ladder, power
from analysis.comparison.regions import SLOPE_COLUMNS
from analysis.reporting.page.traces import Trace
from analysis.robustness import influence
from analysis.shared.products import below
from analysis.simulation import recovery
from analysis.simulation.dynamic_study import ranking
from analysis.simulation.dynamic_study.cells import CELLS
from analysis.simulation.dynamic_study.study import MODEL, NAMES
from analysis.ye2024.decomposition import table
from analysis.ye2024.multiverse import summarise
from data.panels.provinces import PROVINCES, REGIONS
from models.bayesian.hierarchical import PRIORS
from models.bayesian.registry import LADDER, MAIN
from models.design import LAG
from tests.helpers import results, universes

HOSTILE = "<script>window.hurt = 1</script>"


def write(folder: Path) -> None:
    """Write tables of results/ into a folder, with markup where a user's names may stand."""
    folder.mkdir(parents=True, exist_ok=True)
    panels = (*EVIDENCE, *IMPLIED)
    replication = pd.concat([results.replication(panel) for panel in panels])
    comparison = pd.concat([results.comparison(panel) for panel in panels])
    roots, follows, simulated = dynamics(panels)
    tables = {
        "dynamic": roots,
        "dynamic_effects": follows,
        "simulation": simulated,
        "replication": replication,
        "comparison": comparison,
        "ladder": ladder.table(replication, comparison),
        "region_slopes": region_slopes(panels),
        "decomposition": decomposition(),
        **{name: make(universes.tree()) for name, make in summarise.TABLES.items()},
        "influence": moved(),
        "power": detectable(),
        "recovery": recovered(),
        "region_orders": pd.DataFrame({"order": [HOSTILE], "probability": [0.5]}),
    }
    for name, frame in tables.items():
        path = below(folder, name)
        path.parent.mkdir(exist_ok=True)
        frame.to_csv(path, index=False)


def region_slopes(panels: tuple[str, ...]) -> pd.DataFrame:
    rows = [
        {"panel": panel, "column": "3.2", "model": MAIN, "gate": "pass", "term": "indus",
         "region": region, "mean": 0.1, "q025": 0.0, "q975": 0.2, "p_positive": 0.97}
        for panel in panels
        for region in REGIONS
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(SLOPE_COLUMNS))


def dynamics(panels: tuple[str, ...]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return results/dynamic.csv, dynamic_effects.csv and simulation.csv.

    The model's ρ lies wholly above 1 on the first panel alone, the printed one everywhere; the
    model has the best score, and holds in every cell but one, the others in none.
    """
    names = [*NAMES, dynamic.PUBLISHED]
    roots = [
        {"panel": panel, "column": "5.1", "estimator": name, "term": LAG, "coef": 1.1, "se": 0.05,
         "low": 0.9 if name == MODEL and panel != panels[0] else 1.05, "high": 1.2,
         "p_explosive": 0.99 if name == MODEL else np.nan, "n": 372, "gate": "pass"}
        for panel in panels
        for name in names
    ]  # fmt: skip
    shared = {"column": "5.1", "model": MODEL, "slope": "average", "share": 1.0}
    follows = [
        {"panel": panel, **shared, "quantity": quantity, "year": year, "median": 0.1, "low": 0.0,
         "high": 0.2}
        for panel in panels
        for quantity, year in [("long_run", np.nan), *(("impulse", year) for year in range(3))]
    ]  # fmt: skip
    cells = [
        {"cell": cell.name, "rho": cell.rho, "start": cell.start, "estimator": name, "term": term,
         "truth": cell.rho, "data_sets": 500, "estimated": 500, "bias": 0.01, "rmse": 0.02,
         "coverage": 0.5, "score": 0.1 if name == MODEL else 0.2, "above_one_low": 0.0,
         "holds": name == MODEL and cell.besides != "feedback"}
        for cell in CELLS
        for name in NAMES
        for term in (LAG, "indus")
    ]  # fmt: skip
    return (
        pd.DataFrame(roots, columns=list(dynamic.COLUMNS)),
        pd.DataFrame(follows, columns=list(dynamic.EFFECT_COLUMNS)),
        pd.DataFrame(cells, columns=list(ranking.COLUMNS)),
    )


def moved() -> pd.DataFrame:
    shared = {"panel": EVIDENCE[0], "column": "3.2", "term": "indus", "coef": 0.1, "se": 0.05,
              "p": 0.05, "whole": 0.2, "whole_se": 0.05, "whole_p": 0.001, "turns": ""}  # fmt: skip
    left = [("province", "Tibet", "west", -2.0), ("year", "2022", "", 1.0)]
    rows = [{**shared, "group": g, "left_out": o, "home": h, "shift": s} for g, o, h, s in left]
    return pd.DataFrame(rows, columns=list(influence.COLUMNS))


def detectable() -> pd.DataFrame:
    row = {"panel": EVIDENCE[0], "column": "3.2", "term": "indus", "test": "province",
           "data_sets": 10, "false_positive_rate": 0.06, "false_positive_rate_low": 0.03,
           "false_positive_rate_high": 0.1, "detectable": 0.25, "published": 0.105,
           "published_over_detectable": 0.42, "power_at_published": 0.2}  # fmt: skip
    return pd.DataFrame([row], columns=list(power.COLUMNS))


def recovered() -> pd.DataFrame:
    row = {"panel": EVIDENCE[0], "column": "3.2", "term": "indus:east", "estimator": "posterior",
           "data_sets": 10, "independent": 1.0, "true_slope": 0.2, "true_slope_sd": 0.1,
           "bias": -0.05, "bias_low": -0.07, "bias_high": -0.03, "rmse": 0.06, "coverage": 0.9,
           "coverage_low": 0.6, "coverage_high": 0.98, "width": 0.3}  # fmt: skip
    return pd.DataFrame([row], columns=list(recovery.COLUMNS))


def decomposition() -> pd.DataFrame:
    shared = {"panel": EVIDENCE[1], "column": "3.2", "term": "indus", "mcse": 0.0, "exact": "yes",
              "start": 0.0, "end": 0.1, "published": 0.105, "published_se": 0.031}  # fmt: skip
    players = [("ingredients", "indus: vintage", 0.12), ("ingredients", "urb: rest", -0.02)]
    players += [("provinces", province.name, 0.1 / 31) for province in PROVINCES]
    rows = [{**shared, "game": g, "player": p, "share": s} for g, p, s in players]
    return pd.DataFrame(rows, columns=list(table.COLUMNS))


def traces() -> list[Trace]:
    """Return one fit that passes and one that fails."""
    even = np.ones((4, 20)).tolist()
    return [
        Trace(
            panel="official", column="3.2", model=model, engine="collapsed", gate=gate,
            priors=PRIORS.to_json(), versions='{"pymc": "6.4"}', commit="x",
            numbers="r_hat 1.001", more=f"engine collapsed {HOSTILE}",
            ranks=[{"variable": name, "shares": even} for name in ("slope indus", HOSTILE)],
            energy=[{"kind": "energy", "at": 0.0, "density": 1.0}],
        )
        for model, gate in ((MAIN, "pass"), (LADDER[0], "fail"))
    ]  # fmt: skip
