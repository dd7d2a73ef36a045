"""Build the Dataset of the paper's variables from the official series; write and load it.

`build` makes the Dataset of `panels/official.nc`. Beside `province` and `year`, a variable
carries the dims of those construction choices that touch it and no others (`definitions.CHOICES`;
the first value of each is the default). `variables` holds the formulas, and `selection` cuts
panels out of the Dataset.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from data.panels.catalogue import FOLDER
from data.panels.panel import verified
from data.shared.errors import UserError
from data.shared.files import replacing, sha256, write_csv
from data.ye2024 import anchors, gaps, indices, second, variables
from data.ye2024.definitions import (
    CHOICES,
    COLUMNS,
    DEFAULTS,
    DESCRIBED,
    DIRECTORY,
    ONLY_IN,
    PARTS_DECIMALS,
    SUMS,
)
from data.ye2024.gaps import significant
from data.ye2024.ingredients import Ingredients, stack
from data.ye2024.official import YEARS, read

DATASET = FOLDER / "official.nc"

LABEL = "rebuilt from official series by the paper's formulas; not the author's own data"

HASHES = ("series_sha256", "second_sha256")
"""Attributes that say from which bytes of official figures something was computed."""

YEAR_DIMS = ("year", "year_long")

SD_DECIMALS = 6
"""Decimals of predictive standard deviations."""

DIGITS = 12
"""Significant digits of every value written that is no part of a sum."""


def build(directory: Path = DIRECTORY) -> xr.Dataset:
    """Build the Dataset of all construction choices from the official series.

    Parameters
    ----------
    directory : Path, optional
        The folder of `series.csv`; by default the one beside the project.

    Returns
    -------
    Dataset
        The variables of `COLUMNS` and `beta_K`, each with dims `province` and `year` (2010–2022)
        and those of its choices; `stru_long`, `urb_long` and `indus_long` with dim `year_long`
        for the fingerprints; `filled`, dims (vintage, series, province, year): how each cell of
        each series came about, by the codes in its attributes; `industry_sd`, dims (province,
        year): how well the log of industrial value added as published is known under
        `industry = "anchors"`.

    Raises
    ------
    UserError
        If the series cannot be read.
    """
    ingredients = read_ingredients(directory)
    computed, long = variables.compute(ingredients)
    data = {
        name: _rounded(name, _winsorised(values) if name != "beta_K" else values)
        for name, values in computed.items()
    }
    for name, values in long.items():
        data[f"{name}_long"] = _rounded(name, values.rename(year="year_long"))
    dataset = xr.Dataset({name: _ordered(values) for name, values in data.items()})
    for name in computed:
        dataset[name].attrs = _attributes(name, ingredients)
    dataset = _with_sums(dataset)
    dataset["filled"] = _filled(ingredients)
    dataset["industry_sd"] = _industry_sd(ingredients)
    dataset = _plain(dataset)
    _require_complete(dataset, ingredients.official.path)
    dataset.attrs = {
        "title": "Variables of Ye (2024) rebuilt from official provincial series",
        "label": LABEL,
        **hashes(ingredients),
        "defaults": json.dumps(DEFAULTS),
        "codebook": "data/codebook.md",
    }
    return dataset


def read_ingredients(directory: Path = DIRECTORY) -> Ingredients:
    """Read both collections of official figures, and fill the gaps of their series."""
    return Ingredients(read(directory), second.read(directory))


def anchor_errors(directory: Path = DIRECTORY) -> pd.DataFrame:
    """Predict every known share of industry from the others, by every method.

    Parameters
    ----------
    directory : Path, optional
        As `build` takes it.

    Returns
    -------
    DataFrame
        From `anchors.errors`; attributes `HASHES`.
    """
    ingredients = read_ingredients(directory)
    table = anchors.errors(ingredients.shares).round(anchors.DECIMALS)
    table.attrs = hashes(ingredients)
    return table


def write_anchors(table: pd.DataFrame, path: Path = anchors.ERRORS) -> None:
    """Write the table of `anchor_errors` with its sidecar."""
    write_csv(table, path)
    label = "industry's published share over census 4's, and predictions of it from the others"
    about = {"label": label, "sha256": sha256(path.read_bytes())}
    write_sidecar(path.with_suffix(".json"), about | table.attrs)


def hashes(ingredients: Ingredients) -> dict[str, str]:
    """Return `HASHES` of both collections."""
    return dict(zip(HASHES, (ingredients.official.sha256, ingredients.second.sha256), strict=True))


def _require_complete(dataset: xr.Dataset, path: Path) -> None:
    """Refuse series with so many holes that some combination of choices would have one."""
    for name in COLUMNS:
        hole = ~np.isfinite(dataset[name])
        for (choice, value), vintage in ONLY_IN.items():
            if choice in hole.dims:
                hole &= (hole[choice] != value) | (hole["vintage"] == vintage)
        if hole.any():
            first = hole.where(hole, drop=True)[(0,) * hole.ndim]
            incomplete = [
                f"{choice} {first[choice].item()}" for choice in CHOICES if choice in first.coords
            ]
            raise UserError(
                f"{path}: {name} ({', '.join(incomplete)}) cannot be computed for "
                f"{first['province'].item()} {first['year'].item()}, since a cell of its series "
                "is missing or zero; use the complete table."
            )


def _with_sums(dataset: xr.Dataset) -> xr.Dataset:
    """Add the variables that are sums of others, exact at the decimals of their parts."""
    for total, parts in SUMS.items():
        dataset[total] = sum(dataset[part] for part in parts).round(PARTS_DECIMALS[total])
        sources = {name for part in parts for name in dataset[part].attrs["source"].split("; ")}
        dataset[total].attrs = {
            "long_name": DESCRIBED[total].long_name,
            "units": DESCRIBED[total].units,
            "formula": DESCRIBED[total].formula,
            "source": "; ".join(sorted(sources)),
        }
    return dataset


def _plain(dataset: xr.Dataset) -> xr.Dataset:
    """Hold labels as fixed-width text, whatever pandas or the file's reader made of them."""
    return dataset.assign_coords(
        {
            name: (name, np.array(labels.to_numpy().tolist()))
            for name, labels in dataset.coords.items()
            if name not in YEAR_DIMS
        }
    )


def _attributes(name: str, ingredients: Ingredients) -> dict[str, str]:
    """Describe a variable: what it is, its unit, and the series and compilations it rests on."""
    described = DESCRIBED[name]
    series = tuple(dict.fromkeys(described.series + described.others))
    sources = {source for ingredient in series for source in ingredients.sources(ingredient)}
    return {
        "long_name": described.long_name,
        "units": described.units,
        "formula": described.formula,
        "series": ", ".join(series),
        "source": "; ".join(sorted(sources)),
    }


def _winsorised(values: xr.DataArray) -> xr.DataArray:
    """Add the dim `winsorised`: as computed, and pooled over all cells at 1 % and 99 %."""
    cells = ["province", "year"]
    cut = xr.apply_ufunc(
        indices.winsorise,
        values,
        input_core_dims=[cells],
        output_core_dims=[cells],
        vectorize=True,
    )
    return stack({"no": values, "yes": cut}, "winsorised")


def _rounded(name: str, values: xr.DataArray) -> xr.DataArray:
    return values.copy(data=rounded(name, values.to_numpy()))


def rounded(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to what is written: parts of a sum to fixed decimals, others to 12 digits."""
    for total, parts in SUMS.items():
        if name in parts:
            return values.round(PARTS_DECIMALS[total])
    return significant(values, DIGITS)


def _ordered(values: xr.DataArray) -> xr.DataArray:
    choices = [choice for choice in CHOICES if choice in values.dims]
    return values.reset_coords(drop=True).transpose(*choices, "province", ...)


def _filled(ingredients: Ingredients) -> xr.DataArray:
    """Stack the codes of all series, dims (vintage, series, province, year)."""
    codes = [
        code.expand_dims(vintage=list(CHOICES["vintage"])) if "vintage" not in code.dims else code
        for code in ingredients.codes.values()
    ]
    stacked = xr.concat(
        [code.sel(year=list(YEARS)).reset_coords(drop=True) for code in codes],
        pd.Index(list(ingredients.codes), name="series"),
    )
    filled = stacked.transpose("vintage", "series", "province", "year").astype(np.int8)
    filled.attrs = {
        "long_name": "how a cell of a series came about",
        **{f"code_{code}": name for name, code in gaps.CODES.items()},
    }
    return filled


def _industry_sd(ingredients: Ingredients) -> xr.DataArray:
    sd = ingredients.industry_sd.sel(year=list(YEARS)).round(SD_DECIMALS)
    sd.attrs = {
        "long_name": "predictive standard deviation of log industrial value added as published, "
        "industry = anchors",
        "units": "1",
    }
    return sd.transpose("province", "year").reset_coords(drop=True)


def write_dataset(dataset: xr.Dataset, path: Path = DATASET) -> None:
    """Write the Dataset as compressed NetCDF, whole or not at all, without the sums; its sidecar.

    That is `<name>.nc.json`, since `<name>.json` is that of a panel.
    """
    parts = dataset.drop_vars(list(SUMS))
    encoding = {name: {"zlib": True, "complevel": 9, "shuffle": True} for name in parts.data_vars}
    with replacing(path) as temporary:
        parts.to_netcdf(temporary, engine="netcdf4", encoding=encoding)
    provenance = {name: dataset.attrs[name] for name in ("label", *HASHES)}
    write_sidecar(_sidecar(path), {"sha256": sha256(path.read_bytes())} | provenance)


def load(path: Path = DATASET) -> xr.Dataset:
    """Read the Dataset into memory and add the sums.

    Raises
    ------
    UserError
        If the file is missing or is not what its sidecar says.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing; restore it or run `python -m analysis panel build`.")
    verified(path, sha256(path.read_bytes()), _sidecar(path))
    return _plain(_with_sums(xr.load_dataset(path, engine="netcdf4")))


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def write_sidecar(path: Path, about: Mapping[str, object]) -> None:
    """Write what is said of a file, whole or not at all."""
    with replacing(path) as temporary:
        text = json.dumps(about, indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
