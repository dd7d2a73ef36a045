"""A small study in a folder: regional data under names of its own, and printed numbers."""

from pathlib import Path

import numpy as np
import pandas as pd

STUDY = """
title = "Roads and output"
citation = "Made up for a test."

[data]
file = "counties.csv"
unit = "county"
time = "yr"
region = "zone"

[data.labels]
lnout = "Log output"

[transform]
lnout = "log(out)"
dens = "roads / area"

[[column]]
name = "2.1"
title = "baseline"
formula = "lnout ~ dens + log(jobs) | county + yr"
interest = ["dens"]

[[column]]
name = "2.2"
title = "one zone"
formula = "lnout ~ dens + log(jobs) | county + yr"
interest = ["dens"]
sample = "zone == 'central'"

[[column]]
name = "3.1"
title = "dynamic"
formula = "lnout ~ lag(lnout) + dens + log(jobs) | county + yr"
interest = ["dens"]
estimator = "difference_gmm"
gmm = { lags = [2, 3] }

[printed]
file = "printed.csv"

[claims]
file = "claims.csv"
"""

MULTIVERSE = """
[multiverse]
columns = ["2.1"]
controls = "one_out"
without_years = [1990, 1998]
without_regions = ["north"]
effects = ["unit_trends"]
weights = ["by_region"]
errors = ["independent"]
posteriors = 2

[multiverse.samples]
late = "yr >= 1993"

[multiverse.forms.lnout]
"per job" = "log(out / jobs)"
"""
"""Choices that cross to 2 · 2 · 2 · 3 · 2 · 2 · 2 universes of 2.1."""

CLAIMS = """text,column,term,kind,rope
Roads raise output.,2.1,dens,sign,
The slope is the printed one.,2.1,dens,size,
In the central zone roads lower output.,2.2,dens,sign,
"""


def panel(units: int = 18, years: int = 9, seed: int = 3) -> pd.DataFrame:
    """Return rows of counties in three zones; the slope of density is 0.5."""
    rng = np.random.default_rng(seed)
    county = np.repeat(np.arange(units), years)
    yr = np.tile(np.arange(1990, 1990 + years), units)
    area = rng.uniform(5, 9, units)[county]
    roads = area * (rng.normal(2, 0.5, units)[county] + rng.normal(0, 0.3, units * years) + 2)
    jobs = np.exp(rng.normal(3, 0.4, units)[county] + rng.normal(0, 0.1, units * years))
    noise = rng.normal(0, 0.1, units * years)
    log = 0.5 * roads / area + 0.3 * np.log(jobs) + rng.normal(0, 1, units)[county] + noise
    zone = np.array(["north", "central", "south"])[county % 3]
    return pd.DataFrame(
        {
            "county": [f"County {c:02d}" for c in county],
            "yr": yr,
            "zone": zone,
            "out": np.exp(log),
            "roads": roads,
            "area": area,
            "jobs": jobs,
        }
    )


def least_squares(rows: pd.DataFrame) -> tuple[float, float]:
    """Return slope and conventional error of density by dummies of counties and years."""
    rows = rows.dropna()
    x = [rows["roads"] / rows["area"], np.log(rows["jobs"])]
    dummies = [
        pd.get_dummies(rows[name], drop_first=first, dtype=float)
        for name, first in (("county", False), ("yr", True))
    ]
    design = np.column_stack([*x, *dummies])
    y = np.log(rows["out"]).to_numpy()
    coef, *_ = np.linalg.lstsq(design, y)
    residual = y - design @ coef
    variance = residual @ residual / (len(y) - design.shape[1])
    return coef[0], float(np.sqrt(variance * np.linalg.inv(design.T @ design)[0, 0]))


def write(folder: Path, text: str = STUDY, frame: pd.DataFrame | None = None) -> Path:
    """Write the study into a folder; return the path of its study.toml."""
    frame = panel() if frame is None else frame
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "counties.csv", index=False)
    lines = ["table,column,term,statistic,printed,stars"]
    for column, rows in (("2.1", frame), ("2.2", frame[frame["zone"] == "central"])):
        coef, se = least_squares(rows)
        lines += [f"2,{column},dens,coef,{coef:.3f},***", f"2,{column},dens,se,{se:.3f},"]
    lines += [f"1,1.1,dens,mean,{(frame['roads'] / frame['area']).mean():.2f},"]
    (folder / "printed.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "claims.csv").write_text(CLAIMS, encoding="utf-8")
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path
