"""The committed draws: final variables of 40 completed data sets a panel, and their sidecar.

Final variables are kept, not series: a clone has no official figures, and a panel needs nothing
else. Draw k of every panel rests on the same completed series, drawn with the seed (`SEED`, k).
Values are whole multiples of a power of ten (`STEPS`), far below what a draw is known to.
"""

import json
from pathlib import Path

import numpy as np
import xarray as xr

from data.panels.catalogue import FOLDER, IMPUTED, PANELS
from data.shared.files import replacing, sha256
from data.ye2024 import recollect, selection
from data.ye2024.definitions import COLUMNS, DIRECTORY, SUMS
from data.ye2024.imputation.model import VARIABLES, Model
from data.ye2024.official import NAMES, YEARS

DRAWS = 40

SEED = 2024

DECIMALS = {name: 8 if name == "env" else 6 for name in VARIABLES}
"""Decimals that are kept."""

PATH = FOLDER / IMPUTED

LABEL = (
    "draws of the official panels from the predictive distributions of what is not observed; made "
    "without any regression"
)


def normals(model: Model, draws: int = DRAWS) -> np.ndarray:
    """Return the standard normal variables of draws 1 to `draws`, each from its own seed."""
    return np.array(
        [
            np.random.default_rng([SEED, draw]).standard_normal(model.size)
            for draw in range(1, draws + 1)
        ]
    )


def build(directory: Path = DIRECTORY, folder: Path = FOLDER) -> xr.Dataset:
    """Draw the completed data sets of every official panel.

    Parameters
    ----------
    directory : Path, optional
        The folder of the official series.
    folder : Path, optional
        Of the named panels, whose sidecars say how each variable is constructed.

    Returns
    -------
    Dataset
        `VARIABLES`, dims (panel, draw, province, year).
    """
    ingredients = recollect.read_ingredients(directory)
    model = Model(ingredients)
    completed = model.complete(normals(model))
    panels = [kind.name for kind in PANELS if kind.evidence]
    drawn = [model.variables(completed, selection.made_of(name, folder)) for name in panels]
    dims = ("panel", "draw", "province", "year")
    dataset = xr.Dataset(
        {
            name: (dims, np.array([variables[name] for variables in drawn]).round(DECIMALS[name]))
            for name in VARIABLES
        },
        {
            "panel": panels,
            "draw": np.arange(1, DRAWS + 1),
            "province": list(NAMES),
            "year": list(YEARS),
        },
    )
    dataset.attrs = {
        "label": LABEL,
        "seed": SEED,
        **recollect.hashes(ingredients),
    }
    return dataset


def write(dataset: xr.Dataset, path: Path = PATH, folder: Path = FOLDER) -> None:
    """Write the draws as compressed NetCDF with their sidecar, whole or not at all."""
    encoding = {
        name: {
            "dtype": "int32",
            "scale_factor": 10.0 ** -DECIMALS[name],
            "_FillValue": -(2**31),
            "zlib": True,
            "complevel": 9,
            "shuffle": True,
        }
        for name in VARIABLES
    }
    with replacing(path) as temporary:
        dataset.to_netcdf(temporary, engine="netcdf4", encoding=encoding)
    sums = {
        total: {"parts": list(parts), "decimals": max(DECIMALS[part] for part in parts)}
        for total, parts in SUMS.items()
        if set(parts) <= set(VARIABLES)
    }
    sidecars = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["sha256"]
        for name in dataset["panel"].to_numpy().tolist()
    }
    about = {
        "sha256": sha256(path.read_bytes()),
        **dataset.attrs,
        "draws": dataset.sizes["draw"],
        "of": sidecars,
        "decimals": DECIMALS,
        "sums": sums,
        "variables": list(COLUMNS),
    }
    recollect.write_sidecar(path.with_suffix(".json"), about)
