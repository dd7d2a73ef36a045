"""Results and traces made up for the page: enough for every kind of block, in a second."""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis import decompose, ladder
from analysis.claims import EVIDENCE, IMPLIED
from analysis.regions import SLOPE_COLUMNS
from analysis.report.traces import Trace
from data.provinces import PROVINCES, REGIONS
from models.hierarchical import PRIORS
from models.registry import LADDER
from tests import results

HOSTILE = "<script>window.hurt = 1</script>"


def write(folder: Path) -> None:
    """Write tables of results/ into a folder, with markup where a user's names may stand."""
    folder.mkdir(parents=True, exist_ok=True)
    panels = (*EVIDENCE, *IMPLIED)
    replication = pd.concat([results.replication(panel) for panel in panels])
    comparison = pd.concat([results.comparison(panel) for panel in panels])
    tables = {
        "replication": replication,
        "comparison": comparison,
        "ladder": ladder.table(replication, comparison),
        "region_slopes": region_slopes(panels),
        "decomposition": decomposition(),
        "region_orders": pd.DataFrame({"order": [HOSTILE], "probability": [0.5]}),
    }
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)


def region_slopes(panels: tuple[str, ...]) -> pd.DataFrame:
    rows = [
        {"panel": panel, "column": "3.2", "model": LADDER[-1], "gate": "pass", "term": "indus",
         "region": region, "mean": 0.1, "q025": 0.0, "q975": 0.2, "p_positive": 0.97}
        for panel in panels
        for region in REGIONS
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(SLOPE_COLUMNS))


def decomposition() -> pd.DataFrame:
    shared = {"panel": EVIDENCE[1], "column": "3.2", "term": "indus", "mcse": 0.0, "exact": "yes",
              "start": 0.0, "end": 0.1, "published": 0.105, "published_se": 0.031}  # fmt: skip
    players = [("ingredients", "indus: vintage", 0.12), ("ingredients", "urb: rest", -0.02)]
    players += [("provinces", province.name, 0.1 / 31) for province in PROVINCES]
    rows = [{**shared, "game": g, "player": p, "share": s} for g, p, s in players]
    return pd.DataFrame(rows, columns=list(decompose.COLUMNS))


def traces() -> list[Trace]:
    """Return one fit that passes and one that fails."""
    even = np.ones((4, 20)).tolist()
    return [
        Trace(
            panel="recollected", column="3.2", model=model, engine="collapsed", gate=gate,
            priors=PRIORS.to_json(), versions='{"pymc": "6.4"}', commit="x",
            numbers="r_hat 1.001", more=f"engine collapsed {HOSTILE}",
            ranks=[{"variable": name, "shares": even} for name in ("slope indus", HOSTILE)],
            energy=[{"kind": "energy", "at": 0.0, "density": 1.0}],
        )
        for model, gate in ((LADDER[-1], "pass"), (LADDER[0], "fail"))
    ]  # fmt: skip
