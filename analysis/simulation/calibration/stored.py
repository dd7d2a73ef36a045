"""Ranks in a NetCDF file, a case at a time."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.shared.outputs import read_netcdf
from analysis.simulation.calibration.cases import CASES
from analysis.simulation.calibration.ranks import Ranks


def table(ranks_by_case: dict[str, Ranks], **attributes: str | int) -> xr.Dataset:
    """Return the ranks of cases as they are stored.

    Returns
    -------
    Dataset
        `rank` (series, data_set), a series being one element of a parameter in one case (coords
        `case`, `parameter`, and the hash of what the case was `made_from`), −1 where a case has
        fewer data sets than another; and `effective`.
    """
    series, effective = {}, []
    for case, own in ranks_by_case.items():
        for name, values in own.of.items():
            for element, column in enumerate(values.T):
                series[case, f"{name}[{element}]"] = pd.Series(column)
                effective.append(pd.Series(own.effective))
    ranks = pd.DataFrame(series).fillna(-1).to_numpy(np.int16).T
    cases, parameters = zip(*series, strict=True)
    hashes = {case.name: case.made_from for case in CASES if case.name in ranks_by_case}
    dims = ("series", "data_set")
    return xr.Dataset(
        {
            "rank": (dims, ranks),
            "effective": (dims, pd.concat(effective, axis=1).to_numpy(np.float32).T),
        },
        {
            "case": ("series", list(cases)),
            "parameter": ("series", list(parameters)),
            "made_from": ("series", [hashes[case] for case in cases]),
        },
        attributes,
    )


def ranks_of(dataset: xr.Dataset) -> dict[str, Ranks]:
    """Return the ranks of each case from where they are stored."""
    by_case = {}
    for case in dict.fromkeys(dataset["case"].to_numpy()):
        of_case = dataset.isel(series=dataset["case"].to_numpy() == case)
        there = of_case["rank"][0].to_numpy() >= 0
        columns: dict[str, list] = {}
        for label, column in zip(
            of_case["parameter"].to_numpy(), of_case["rank"].to_numpy(), strict=True
        ):
            columns.setdefault(label.rpartition("[")[0], []).append(column[there])
        of = {name: np.stack(each, axis=1).astype(np.int64) for name, each in columns.items()}
        by_case[str(case)] = Ranks(of, of_case["effective"][0].to_numpy()[there])
    return by_case


def kept(path: Path, **attributes: str | int) -> dict[str, Ranks]:
    """Return the ranks of cases that the same code made before, for the same attributes."""
    if not path.is_file():
        return {}
    dataset = read_netcdf(path).to_dataset()
    if any(dataset.attrs.get(name) != value for name, value in attributes.items()):
        return {}
    hashes = [case.made_from for case in CASES]
    return ranks_of(dataset.isel(series=dataset["made_from"].isin(hashes).to_numpy()))
