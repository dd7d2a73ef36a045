"""Rebuild the paper's variables from the official series: one Dataset, and panels cut from it.

`build` makes the Dataset of `panels/official.nc`. Beside `province` and `year`, a variable
carries the dims of those construction choices that touch it and no others (`definitions.CHOICES`;
the first value of each is the default). `frame` cuts one panel out of it, `write` writes the
named ones. What each variable is made of, and every assumption, stands in `codebook.md`.
"""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from data.errors import UserError
from data.files import replacing, sha256, write_csv
from data.panels.catalogue import FOLDER
from data.panels.panel import verified
from data.panels.provinces import REGION_OF
from data.ye2024 import gaps, indices
from data.ye2024.definitions import (
    CHOICES,
    COLUMNS,
    DEFAULTS,
    DESCRIBED,
    EMPLOYMENT,
    INDICATORS,
    ONLY_IN,
    PARTS_DECIMALS,
    STAND_IN,
    SUMS,
    Indicator,
)
from data.ye2024.gaps import significant
from data.ye2024.ingredients import ACCOUNT_YEARS, Ingredients, stack
from data.ye2024.official import DIRECTORY, NAMES, YEARS, Official, read

DATASET = FOLDER / "official.nc"

LABEL = "rebuilt from official series by the paper's formulas; not the author's own data"

LONG_YEARS = tuple(range(2003, 2023))
YEAR_DIMS = ("year", "year_long")

DIGITS = 12
"""Significant digits of every value written that is no part of a sum."""

Selection = Mapping[str, Mapping[str, str]]
"""For each variable, the value of each choice that departs from `DEFAULTS`."""


# --- Variables --------------------------------------------------------------------------------


def _index(
    ingredients: Ingredients, indicators: tuple[Indicator, ...], normalisations: tuple[str, ...]
) -> xr.DataArray:
    """Compute an entropy index's dimension scores, dims (…, dimension, province, year)."""
    columns = [_indicator(ingredients, item) for item in indicators]
    table = xr.concat(
        xr.broadcast(*columns), pd.Index([item.symbol for item in indicators], name="indicator")
    )
    by_normalisation = [
        xr.apply_ufunc(
            partial(_scores, indicators=indicators, normalisation=normalisation),
            table,
            input_core_dims=[["indicator", "province", "year"]],
            output_core_dims=[["dimension", "province", "year"]],
            vectorize=True,
        )
        for normalisation in normalisations
    ]
    dimensions = list(dict.fromkeys(item.dimension for item in indicators))
    return xr.concat(
        by_normalisation, pd.Index(normalisations, name="normalisation")
    ).assign_coords(dimension=dimensions)


def _indicator(ingredients: Ingredients, item: Indicator) -> xr.DataArray:
    """Compute one indicator: its series, or the series per unit of something."""
    numerator = _quantity(ingredients, item.series)
    return numerator / _quantity(ingredients, item.per) if item.per else numerator


def _quantity(ingredients: Ingredients, name: str) -> xr.DataArray:
    """Return a series, or one of the divisors that are no series with gaps."""
    if name == "gdp":
        return ingredients.gdp.sel(year=list(YEARS))
    if name == "area":
        return _area(ingredients)
    if name == "employment":
        return ingredients.employment.sel(employment=DEFAULTS["employment"], drop=True)
    return ingredients[name]


def _area(ingredients: Ingredients) -> xr.DataArray:
    """Land area, square kilometres, dims (province,)."""
    official = ingredients.official
    return official.positive(official.constant("land_area", "official"), "land_area")


def _scores(table: np.ndarray, indicators: tuple[Indicator, ...], normalisation: str) -> np.ndarray:
    """Score one (indicator, province, year) table; see `indices` for the formulas."""
    k, n, years = table.shape
    x = table.reshape(k, n * years).T
    sign = np.array([item.sign for item in indicators])
    if normalisation == "pooled":
        z = indices.normalise(x, sign)
    else:
        z = indices.normalise_within(x, sign, np.tile(np.arange(years), n), years)
    # Ten decimals, so that the last bit of a sum of logarithms cannot reach a panel's digits.
    weights = np.round(indices.entropy_weights(z), 10)
    scores = indices.dimension_scores(z, weights, tuple(item.dimension for item in indicators))
    return np.stack([score.reshape(n, years) for score in scores.values()])


def _misallocation(ingredients: Ingredients) -> dict[str, xr.DataArray]:
    """|τ| of capital and labour, and the elasticities they rest on."""
    output = ingredients.gdp.sel(year=list(YEARS))
    capital, labour = ingredients.capital, ingredients.employment
    cells = ["province", "year"]
    estimators = {
        "province": indices.elasticities,
        "common": indices.common_elasticity,
    }
    beta = stack(
        {
            name: xr.apply_ufunc(
                estimator,
                *(output, capital, labour),
                input_core_dims=[cells, cells, cells],
                output_core_dims=[["province"]],
                vectorize=True,
            )
            for name, estimator in estimators.items()
        },
        "elasticity",
    ).round(8)  # so that the last bits of a linear solver cannot reach a panel's digits
    distortion = partial(
        xr.apply_ufunc,
        indices.misallocation,
        input_core_dims=[cells, cells, ["province"]],
        output_core_dims=[cells],
        vectorize=True,
    )
    return {
        "beta_K": beta,
        "M_cap": distortion(output, capital, beta),
        "M_lab": distortion(output, labour, 1.0 - beta),
    }


def _location_quotient(ingredients: Ingredients) -> xr.DataArray:
    """Industry's location quotient over 2008–2022, dims with `vintage` and `denominator`."""
    industry, gdp = ingredients.industry, ingredients.gdp
    sums = industry.sum("province"), gdp.sum("province")
    total = partial(ingredients.official.national, vintage="census4", years=ACCOUNT_YEARS)
    share = total("industrial_va") / total("gdp")
    # Before the first published total: the share of the sums, linked to it in that year.
    of_sums = (sums[0] / sums[1]).sel(vintage="census4", drop=True)
    first = share.dropna("year").year[0]
    share = share.fillna(of_sums * (share.sel(year=first) / of_sums.sel(year=first)))
    # Totals are at hand in census 4 alone; a ratio never mixes vintages.
    share = share.expand_dims(vintage=["census4"]).reindex(vintage=list(CHOICES["vintage"]))
    return stack(
        {
            "provinces": indices.location_quotient(industry, gdp, *sums),
            "national": indices.location_quotient(industry, gdp, share, xr.ones_like(share)),
        },
        "denominator",
    )


def _variables(ingredients: Ingredients) -> tuple[dict[str, xr.DataArray], dict[str, xr.DataArray]]:
    """Compute every variable before winsorising, over the sample and over longer years."""
    official, sample = ingredients.official, {"year": list(YEARS)}
    gdp = ingredients.gdp.sel(sample)
    index = _index(ingredients, INDICATORS, CHOICES["normalisation"])
    stand_in = _index(ingredients, STAND_IN, (DEFAULTS["normalisation"],))
    credit = official.array("deposits_rmb", "rmb_december") + official.array(
        "loans_rmb", "rmb_december"
    )
    mileage = official.array("highway_mileage", "official", "rounded_100km")
    mileage = official.positive(mileage, "highway_mileage")
    published = partial(official.array, years=LONG_YEARS)
    structure = (ingredients.tertiary / ingredients.secondary).reindex(year=list(LONG_YEARS))
    structure.loc[{"vintage": "as_published"}] = published(
        "tertiary_va", "as_published"
    ) / published("secondary_va", "as_published")
    urban = official.array("urbanization_rate", "census2020_revised", years=LONG_YEARS) / 100.0
    agglomeration = _location_quotient(ingredients)
    long = {
        "indus": agglomeration.sel(
            {choice: DEFAULTS[choice] for choice in ("denominator", "gap_rule", "industry")},
            drop=True,
        ),
        "stru": structure,
        "urb": urban,
    }
    variables = {
        **{
            name: index.sel(dimension=name, drop=True)
            for name in dict.fromkeys(item.dimension for item in INDICATORS)
        },
        "produ_alt": stand_in.sum("dimension").sel(
            {choice: DEFAULTS[choice] for choice in ("normalisation", "tibet")}, drop=True
        ),
        "indus": agglomeration.sel(sample),
        "density": ingredients.employment / _area(ingredients),
        **_misallocation(ingredients),
        "fin": credit / gdp,
        "env": ingredients["industrial_pollution_treatment_investment"]
        / ingredients.industry.sel(sample),
        "stru": structure.sel(sample),
        "urb": urban.sel(sample),
        "trans": np.log(mileage),
    }
    return variables, long


# --- The Dataset ------------------------------------------------------------------------------


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
        each series came about, by the codes in its attributes.

    Raises
    ------
    UserError
        If the series cannot be read.
    """
    ingredients = Ingredients(read(directory))
    variables, long = _variables(ingredients)
    data = {
        name: _rounded(name, _winsorised(values) if name != "beta_K" else values)
        for name, values in variables.items()
    }
    for name, values in long.items():
        data[f"{name}_long"] = _rounded(name, values.rename(year="year_long"))
    dataset = xr.Dataset({name: _ordered(values) for name, values in data.items()})
    for name in variables:
        dataset[name].attrs = _attributes(name, ingredients.official)
    dataset = _with_sums(dataset)
    dataset["filled"] = _filled(ingredients)
    dataset = _plain(dataset)
    _require_complete(dataset, ingredients.official.path)
    dataset.attrs = {
        "title": "Variables of Ye (2024) rebuilt from official provincial series",
        "label": LABEL,
        "series_sha256": ingredients.official.sha256,
        "defaults": json.dumps(DEFAULTS),
        "codebook": "data/codebook.md",
    }
    return dataset


def _require_complete(dataset: xr.Dataset, path: Path) -> None:
    """Refuse series with so many holes that some combination of choices would have one."""
    for name in COLUMNS:
        hole = ~np.isfinite(dataset[name])
        for (choice, value), vintage in ONLY_IN.items():
            if choice in hole.dims:
                hole &= (hole[choice] != value) | (hole["vintage"] == vintage)
        if hole.any():
            first = hole.where(hole, drop=True)[(0,) * hole.ndim]
            made = [
                f"{choice} {first[choice].item()}" for choice in CHOICES if choice in first.coords
            ]
            raise UserError(
                f"{path}: {name} ({', '.join(made)}) cannot be computed for "
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


def _attributes(name: str, official: Official) -> dict[str, str]:
    """Describe a variable: what it is, its unit, and the series and compilations it rests on."""
    described = DESCRIBED[name]
    series = described.series + described.others
    sources = {source for one in series for source in official.sources(one)}
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


def write_dataset(dataset: xr.Dataset, path: Path = DATASET) -> None:
    """Write the Dataset as compressed NetCDF, whole or not at all, without the sums; its sidecar.

    That is `<name>.nc.json`, since `<name>.json` is that of a panel.
    """
    parts = dataset.drop_vars(list(SUMS))
    encoding = {name: {"zlib": True, "complevel": 9, "shuffle": True} for name in parts.data_vars}
    with replacing(path) as temporary:
        parts.to_netcdf(temporary, engine="netcdf4", encoding=encoding)
    said = {name: dataset.attrs[name] for name in ("label", "series_sha256")}
    _write_sidecar(_sidecar(path), {"sha256": sha256(path.read_bytes())} | said)


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


def _write_sidecar(path: Path, about: Mapping[str, object]) -> None:
    with replacing(path) as temporary:
        text = json.dumps(about, indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")


# --- Panels -----------------------------------------------------------------------------------


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


def frame(dataset: xr.Dataset, selection: Selection) -> pd.DataFrame:
    """Cut one panel out of the Dataset.

    Parameters
    ----------
    dataset : Dataset
        From `build` or `load`.
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
    dataset: xr.Dataset, name: str, vintage: str, employment: str = DEFAULTS["employment"]
) -> dict[str, int]:
    """Count a variable's ingredient cells by how they came about.

    Parameters
    ----------
    dataset : Dataset
    name : str
        A variable of `COLUMNS`.
    vintage : str
        Vintage of the national accounts.
    employment : str, optional
        Which employment.

    Returns
    -------
    dict of str to int
        By the names of `gaps.CODES`, "observed" included: 14 × 403 cells for `produ`. Empty
        where none of the variable's series has gaps.
    """
    default = EMPLOYMENT[DEFAULTS["employment"]]
    series = [EMPLOYMENT[employment] if s == default else s for s in DESCRIBED[name].series]
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
        made_of = {name: choices(dataset, name, selection) for name in COLUMNS}
        about = {
            "label": LABEL,
            "series_sha256": dataset.attrs["series_sha256"],
            "choices": made_of,
            "cells": {
                name: filled_cells(
                    dataset,
                    name,
                    made_of[name].get("vintage", DEFAULTS["vintage"]),
                    made_of[name].get("employment", DEFAULTS["employment"]),
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
    _write_sidecar(path.with_suffix(".json"), sidecar | dict(about))
    return path
