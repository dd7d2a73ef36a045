"""What the paper's Table 2 says of each way to construct a variable.

An option of construction is refuted if, in every variable of Table 2 that it touches, all
constructions with it have a mean or a standard deviation that is off by more than `FAR` printed
standard deviations, while another option of its choice comes within that in one of them.
"""

import numpy as np
import pandas as pd
import xarray as xr

from data.ye2024 import fingerprints, recollect
from data.ye2024.definitions import CHOICES

FAR = 0.5
"""In printed standard deviations."""

COLUMNS = (
    *("choice", "option", "variable", "printed_mean", "mean", "printed_sd", "sd"),
    *("off", "refuted"),
)
"""The contract of results/long/multiverse_refuted.csv: mean and standard deviation of the nearest
construction with the option, `off` the larger of their distances in printed standard deviations."""


def table(dataset: xr.Dataset | None = None) -> pd.DataFrame:
    """Return `COLUMNS` of every option of construction and every variable of Table 2."""
    dataset = recollect.load() if dataset is None else dataset
    rows = []
    for variable, printed in fingerprints.printed().items():
        mean, sd = (float(printed[name]) for name in ("mean", "sd"))
        cells = dataset[variable]
        means = cells.mean(["province", "year"], skipna=False)
        sds = cells.std(["province", "year"], ddof=1, skipna=False)
        distance = np.maximum(abs(means - mean), abs(sds - sd)) / sd
        for choice in (name for name in CHOICES if name in cells.dims):
            for option in CHOICES[choice]:
                of_option = distance.sel({choice: option})
                nearest_option = of_option.argmin(...)
                nearest = [
                    float(v.sel({choice: option}).isel(nearest_option))
                    for v in (means, sds, distance)
                ]
                rows.append([choice, option, variable, mean, nearest[0], sd, *nearest[1:]])
    distances = pd.DataFrame(rows, columns=list(COLUMNS[:-1]))
    far = distances["off"] > FAR
    by_option = far.groupby([distances["choice"], distances["option"]]).transform("all")
    never_near = far.groupby([distances["choice"], distances["variable"]]).transform("all")
    reached = (~never_near).groupby([distances["choice"], distances["option"]]).transform("any")
    distances["refuted"] = np.where(by_option & reached, "yes", "")
    return distances.sort_values(["refuted", "choice"], ascending=[False, True], kind="stable")


def sentence(distances: pd.DataFrame) -> str:
    """Say which options Table 2 refutes, by the index itself where it is among the variables."""
    parts = []
    for (_, option), rows in distances[distances["refuted"] == "yes"].groupby(["choice", "option"]):
        row = rows.iloc[0]
        parts.append(
            f"`{option}` has mean {row['mean']:.3f} and sd {row['sd']:.3f} in {row['variable']} at "
            f"its nearest; Table 2 prints {row['printed_mean']:.3f} and {row['printed_sd']:.3f}."
        )
    return " ".join(parts)
