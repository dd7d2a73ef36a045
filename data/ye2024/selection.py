"""Cut panels from the Dataset of all construction choices, and write them with their sidecars."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import xarray as xr

from data.panels.catalogue import FOLDER
from data.panels.provinces import REGION_OF
from data.shared.errors import UserError
from data.shared.files import sha256, write_csv
from data.ye2024 import gaps
from data.ye2024.definitions import (
    CHOICES,
    COLUMNS,
    DEFAULTS,
    DESCRIBED,
    EMPLOYMENT,
    INDUSTRY,
    ONLY_IN,
)
from data.ye2024.official import NAMES, YEARS
from data.ye2024.recollect import DIGITS, HASHES, LABEL, write_sidecar

Selection = Mapping[str, Mapping[str, str]]
"""For each variable, the value of each choice that departs from `DEFAULTS`."""


def choices(dataset: xr.Dataset, name: str, selection: Selection) -> dict[str, str]:
    """Return the value of each choice that touches a variable, departures from defaults in.

    A choice that does not touch the variable is passed over, so that one vintage can be named
    for all.

    Raises
    ------
    UserError
        If the selection names a variable, choice or value that there is not, or values that do
        not exist together.
    """
    for variable in selection:
        if variable not in dataset:
            raise UserError(
                f"There is no variable {variable!r}; choose among {', '.join(COLUMNS)}."
            )
    chosen = {choice: DEFAULTS[choice] for choice in CHOICES if choice in dataset[name].dims}
    for choice, value in selection.get(name, {}).items():
        if choice not in CHOICES:
            raise UserError(
                f"There is no choice {choice!r} of {name}; choose among {', '.join(chosen)}."
            )
        if value not in CHOICES[choice]:
            raise UserError(
                f"{choice} of {name} cannot be {value!r}; it is one of "
                f"{', '.join(CHOICES[choice])}."
            )
        if choice in chosen:
            chosen[choice] = value
    for (choice, value), vintage in ONLY_IN.items():
        if chosen.get(choice) == value and chosen["vintage"] != vintage:
            raise UserError(
                f"{choice} of {name} can be {value!r} in vintage {vintage!r} alone; choose that "
                "vintage or leave the choice at its default."
            )
    return chosen


def made_of(panel: str, folder: Path = FOLDER) -> dict[str, dict[str, str]]:
    """Return the construction choices of each variable of a named panel, from its sidecar."""
    return json.loads((folder / f"{panel}.json").read_text(encoding="utf-8"))["choices"]


def frame(dataset: xr.Dataset, selection: Selection) -> pd.DataFrame:
    """Cut one panel out of the Dataset.

    Parameters
    ----------
    dataset : Dataset
        From `recollect.build` or `recollect.load`.
    selection : Selection
        Departures from the defaults, by variable.

    Returns
    -------
    DataFrame
        403 rows in administrative order of provinces, then years; columns `province, year,
        region` and `COLUMNS`.
    """
    rows = pd.MultiIndex.from_product([NAMES, YEARS], names=["province", "year"])
    table = rows.to_frame(index=False)
    table["region"] = table["province"].map(REGION_OF)
    for name in COLUMNS:
        cut = dataset[name].sel(choices(dataset, name, selection))
        table[name] = cut.transpose("province", "year").to_numpy().ravel()
    return table


def filled_cells(
    dataset: xr.Dataset,
    name: str,
    vintage: str,
    employment: str = DEFAULTS["employment"],
    industry: str = DEFAULTS["industry"],
) -> dict[str, int]:
    """Count a variable's ingredient cells by how they came about.

    Parameters
    ----------
    dataset : Dataset
    name : str
        A variable of `COLUMNS`.
    vintage : str
        Vintage of the national accounts.
    employment, industry : str, optional
        Which employment, and which industrial value added.

    Returns
    -------
    dict of str to int
        By the names of `gaps.CODES`, "observed" included: 14 × 403 cells for `produ`. Empty
        where none of the variable's series has gaps.
    """
    chosen = {
        EMPLOYMENT[DEFAULTS["employment"]]: EMPLOYMENT[employment],
        INDUSTRY[DEFAULTS["industry"]]: INDUSTRY[industry],
    }
    series = [chosen.get(source, source) for source in DESCRIBED[name].series]
    codes = dataset["filled"].sel(vintage=vintage, series=series).to_numpy()
    counts = {rule: int((codes == code).sum()) for rule, code in gaps.CODES.items()}
    present = {rule: count for rule, count in counts.items() if count}
    return present if set(present) - {"observed"} else {}


def write(
    dataset: xr.Dataset, selections: Mapping[str, Selection], directory: Path = FOLDER
) -> list[Path]:
    """Write named panels as CSV, each with a JSON sidecar.

    Parameters
    ----------
    dataset : Dataset
    selections : mapping of str to Selection
        By the panel's name.
    directory : Path, optional
        Where `<name>.csv` and `<name>.json` go.

    Returns
    -------
    list of Path
        The CSV files.
    """
    paths = []
    for panel, selection in selections.items():
        choices_of = {name: choices(dataset, name, selection) for name in COLUMNS}
        about = {
            "label": LABEL,
            **{name: dataset.attrs[name] for name in HASHES},
            "choices": choices_of,
            "cells": {
                name: filled_cells(
                    dataset,
                    name,
                    choices_of[name].get("vintage", DEFAULTS["vintage"]),
                    choices_of[name].get("employment", DEFAULTS["employment"]),
                    choices_of[name].get("industry", DEFAULTS["industry"]),
                )
                for name in COLUMNS
            },
        }
        paths.append(write_panel(frame(dataset, selection), panel, about, directory))
    return paths


def write_panel(
    table: pd.DataFrame, panel: str, about: Mapping[str, object], directory: Path = FOLDER
) -> Path:
    """Write a named panel as CSV with its sidecar, which says what the panel is and its sha256."""
    path = directory / f"{panel}.csv"
    write_csv(table, path, DIGITS)
    sidecar = {"panel": panel, "label": about["label"], "sha256": sha256(path.read_bytes())}
    write_sidecar(path.with_suffix(".json"), sidecar | dict(about))
    return path
