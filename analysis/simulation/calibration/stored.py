"""Ranks in a NetCDF file: a case at a time, each with what it was made from.

A run of some cases leaves the others in the file as they are, of whatever seed or code.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from analysis.shared.outputs import read_netcdf
from analysis.simulation.calibration.ranks import Case, Ranks


class Origin(NamedTuple):
    """What the ranks of a case were made from: code and case, the panel's bytes, the seed."""

    made_from: str
    panel_sha256: str
    seed: int

    @classmethod
    def of(cls, case: Case, panel_sha256: str, seed: int) -> "Origin":
        """Return what ranks that are made now would be made from."""
        return cls(case.made_from, panel_sha256, seed)


class Kept(NamedTuple):
    """The ranks of a case that are there, and what they were made from."""

    ranks: Ranks
    origin: Origin


def table(cases: Mapping[str, Kept], **attributes: str) -> xr.Dataset:
    """Return the ranks of cases as they are stored.

    Returns
    -------
    Dataset
        `rank` (series, data_set), a series being one element of a parameter in one case (coords
        `case`, `parameter` and those of `Origin`), −1 where a case has fewer data sets than
        another; and `effective`.
    """
    series, effective = {}, []
    for case, (ranks, _) in cases.items():
        for name, values in ranks.of.items():
            for element, column in enumerate(values.T):
                series[case, f"{name}[{element}]"] = pd.Series(column)
                effective.append(pd.Series(ranks.effective))
    counts = pd.DataFrame(series).fillna(-1).to_numpy(np.int16).T
    case_of_series, parameters = zip(*series, strict=True)
    origins = [cases[case].origin for case in case_of_series]
    dims = ("series", "data_set")
    return xr.Dataset(
        {
            "rank": (dims, counts),
            "effective": (dims, pd.concat(effective, axis=1).to_numpy(np.float32).T),
        },
        {
            "case": ("series", list(case_of_series)),
            "parameter": ("series", list(parameters)),
            **{
                name: ("series", [getattr(origin, name) for origin in origins])
                for name in Origin._fields
            },
        },
        attributes,
    )


def ranks_of(dataset: xr.Dataset) -> dict[str, Ranks]:
    """Return the ranks of each case from where they are stored."""
    by_case = {}
    for case in dict.fromkeys(dataset["case"].to_numpy()):
        of_case = dataset.isel(series=dataset["case"].to_numpy() == case)
        simulated = of_case["rank"][0].to_numpy() >= 0
        columns: dict[str, list] = {}
        for label, column in zip(
            of_case["parameter"].to_numpy(), of_case["rank"].to_numpy(), strict=True
        ):
            columns.setdefault(label.rpartition("[")[0], []).append(column[simulated])
        ranks = {
            name: np.stack(elements, axis=1).astype(np.int64) for name, elements in columns.items()
        }
        by_case[str(case)] = Ranks(ranks, of_case["effective"][0].to_numpy()[simulated])
    return by_case


def kept(path: Path, **attributes: str) -> dict[str, Kept]:
    """Return the cases of a file; none if it is not there, or is of another column or panel."""
    if not path.is_file():
        return {}
    dataset = read_netcdf(path).to_dataset()
    if any(dataset.attrs.get(name) != value for name, value in attributes.items()):
        return {}
    # Files of earlier versions have one seed and one panel for all cases.
    earlier = {name: dataset.attrs[name] for name in Origin._fields if name in dataset.attrs}
    dataset = dataset.assign_coords(earlier)
    stored = {}
    for case, ranks in ranks_of(dataset).items():
        first_series = dataset.isel(series=int(np.argmax(dataset["case"].to_numpy() == case)))
        made_from, panel, seed = (first_series[name].item() for name in Origin._fields)
        stored[case] = Kept(ranks, Origin(str(made_from), str(panel), int(seed)))
    return stored
