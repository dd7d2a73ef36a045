"""Rebuild the paper's variables from the official series: one Dataset, and panels cut from it.

`build` makes the Dataset of `panels/recollected.nc`. Beside `province` and `year`, a variable
carries the dims of those construction choices that touch it and no others (`CHOICES`; the first
value of each is the default). `frame` cuts one panel out of it, `write` writes the named ones.
What each variable is made of, and every assumption, stands in `codebook.md`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from data import gaps, indices
from data.errors import UserError
from data.files import replacing, sha256, write_csv
from data.gaps import significant
from data.official import NAMES, YEARS, Official, read
from data.provinces import REGION_OF

PANELS = Path(__file__).parent / "panels"
DATASET = PANELS / "recollected.nc"

ACCOUNT_YEARS = tuple(range(2008, 2023))
LONG_YEARS = tuple(range(2003, 2023))

YEAR_DIMS = ("year", "year_long")

CHOICES = {
    "vintage": ("census4", "as_published", "census5"),
    "winsorised": ("no", "yes"),
    "gap_rule": tuple(gaps.RULES),
    "tibet": ("companion", "neighbour"),
    "normalisation": ("pooled", "by_year"),
    "denominator": ("provinces", "national"),
    "elasticity": ("province", "common"),
    "employment": ("mixed_bases", "interpolated"),
}
"""Construction choices, each with its values, the default first."""

DEFAULTS = {choice: values[0] for choice, values in CHOICES.items()}

DIGITS = 12
"""Significant digits of every value written."""

PARTS_DECIMALS = {"produ": 12, "M_all": 11}
"""Decimals of the parts of a sum: fixed, so that a sum of rounded parts needs no more digits."""

SUMS = {
    "produ": ("produ_inno", "produ_green", "produ_digit"),
    "M_all": ("M_cap", "M_lab"),
}
"""Variables that are sums of others, exactly."""

COLUMNS = (
    *("produ", "produ_inno", "produ_green", "produ_digit", "produ_alt", "indus", "density"),
    *("M_all", "M_cap", "M_lab", "fin", "env", "stru", "urb", "trans"),
)
"""The variables of a panel, in the order of its columns."""

Selection = Mapping[str, Mapping[str, str]]
"""For each variable, the value of each choice that departs from `DEFAULTS`."""


@dataclass(frozen=True)
class Indicator:
    """One indicator of an entropy index.

    Attributes
    ----------
    symbol : str
        Its name in `published/table1.csv`, or one of the same form.
    dimension : str
        The part of the index that it belongs to.
    sign : int
        +1 where more is better, −1 where less is.
    series : str
        The official series it is made of.
    per : str
        What it is divided by: "", "gdp", "area", "population" or "employment".
    """

    symbol: str
    dimension: str
    sign: int
    series: str
    per: str = ""


INDICATORS = (
    Indicator("patents_granted", "produ_inno", +1, "patents_granted"),
    Indicator("hightech_industry_revenue", "produ_inno", +1, "hightech_industry_revenue"),
    Indicator(
        "new_product_dev_exp_industry_above_scale",
        "produ_inno",
        +1,
        "new_product_dev_exp_industry_above_scale",
    ),
    Indicator("rd_fte_industry_above_scale", "produ_inno", +1, "rd_fte_industry_above_scale"),
    Indicator("energy_consumption_per_gdp", "produ_green", -1, "energy_consumption", "gdp"),
    Indicator("industrial_water_use_per_gdp", "produ_green", -1, "industrial_water_use", "gdp"),
    Indicator("solid_waste_utilization_rate", "produ_green", +1, "solid_waste_utilization_rate"),
    Indicator("industrial_wastewater_per_gdp", "produ_green", -1, "industrial_wastewater", "gdp"),
    Indicator("industrial_so2_per_gdp", "produ_green", -1, "industrial_so2", "gdp"),
    Indicator("telecom_business_volume", "produ_digit", +1, "telecom_business_volume"),
    Indicator("broadband_access_ports", "produ_digit", +1, "broadband_access_ports"),
    Indicator("software_revenue", "produ_digit", +1, "software_revenue"),
    Indicator("optical_cable_length_per_area", "produ_digit", +1, "optical_cable_length", "area"),
    Indicator("ecommerce_sales", "produ_digit", +1, "ecommerce_sales"),
)
"""The 14 indicators of Table 1."""

STAND_IN = (
    Indicator("rd_fte_per_employed", "labourers", +1, "rd_fte_all_sectors", "employment"),
    Indicator("gdp_per_employed", "labourers", +1, "gdp", "employment"),
    Indicator("hightech_revenue_per_gdp", "objects", +1, "hightech_industry_revenue", "gdp"),
    Indicator("industrial_so2_per_gdp", "objects", -1, "industrial_so2", "gdp"),
    Indicator("industrial_wastewater_per_gdp", "objects", -1, "industrial_wastewater", "gdp"),
    Indicator("energy_consumption_per_gdp", "objects", -1, "energy_consumption", "gdp"),
    Indicator("patents_per_head", "means", +1, "patents_granted", "population"),
    Indicator("broadband_ports_per_head", "means", +1, "broadband_access_ports", "population"),
    Indicator("optical_cable_length_per_area", "means", +1, "optical_cable_length", "area"),
    Indicator("software_revenue_per_gdp", "means", +1, "software_revenue", "gdp"),
)
"""The declared stand-in for Table 6 column 2's index (labourers, objects and means of labour),
which the paper does not describe further."""

RATES = ("solid_waste_utilization_rate",)
"""Series that cannot exceed 1."""

COMPANIONS = {
    "energy_consumption": "population",
    "industrial_wastewater": "industrial_water_use",
    "industrial_so2": "so2_emission_total",
}
"""Series without a cell for Tibet, and the related one from which Tibet's is estimated."""

VINTAGE_OF = {"population": ("census2020_from_2011",)}
"""Vintages of the series outside the national accounts where it is not "official"."""

CAPITAL = "capital_stock_2000prices_zhangjun"
"""The capital stock of the production function and of the capital shares."""

NEIGHBOUR = "Qinghai"
"""Tibet's neighbour on the plateau, the only donor under `tibet = "neighbour"`."""


@dataclass(frozen=True)
class Described:
    """What a variable is.

    Attributes
    ----------
    long_name, units : str
        As in the Dataset's attributes.
    formula : str
        In terms of the official series.
    series : tuple of str
        Those of its series that have gaps, by their names in `filled`.
    """

    long_name: str
    units: str
    formula: str
    series: tuple[str, ...] = ()


def _series_of(dimension: str | None = None) -> tuple[str, ...]:
    return tuple(i.series for i in INDICATORS if dimension in (None, i.dimension))


DESCRIBED = {
    "produ": Described(
        "new quality productive forces",
        "1",
        "produ_inno + produ_green + produ_digit",
        _series_of(),
    ),
    "produ_inno": Described(
        "science and technology part of the index",
        "1",
        "entropy-weighted sum of its 4 of 14 indicators",
        _series_of("produ_inno"),
    ),
    "produ_green": Described(
        "green part of the index",
        "1",
        "entropy-weighted sum of its 5 of 14 indicators",
        _series_of("produ_green"),
    ),
    "produ_digit": Described(
        "digital part of the index",
        "1",
        "entropy-weighted sum of its 5 of 14 indicators",
        _series_of("produ_digit"),
    ),
    "produ_alt": Described(
        "stand-in for Table 6 column 2's index (labourers, objects and means of labour)",
        "1",
        "entropy-weighted sum of 10 indicators chosen here; the paper does not name its own",
        tuple(dict.fromkeys(i.series for i in STAND_IN if i.series != "gdp")),
    ),
    "indus": Described(
        "industrial agglomeration: location quotient of industry",
        "1",
        "(industrial_va / gdp) / (the nation's)",
        ("industrial_va",),
    ),
    "density": Described(
        "employment density", "10,000 persons per square kilometre", "employment / land_area"
    ),
    "M_all": Described("misallocation of resources", "1", "M_cap + M_lab"),
    "M_cap": Described("misallocation of capital", "1", "|1/gamma_K - 1|"),
    "M_lab": Described("misallocation of labour", "1", "|1/gamma_L - 1|"),
    "fin": Described("financial development", "1", "(deposits_rmb + loans_rmb) / gdp"),
    "env": Described(
        "environmental regulation",
        "1",
        "industrial_pollution_treatment_investment / industrial_va",
        ("industrial_pollution_treatment_investment", "industrial_va"),
    ),
    "stru": Described(
        "industrial structure", "1", "tertiary_va / secondary_va", ("secondary_va", "tertiary_va")
    ),
    "urb": Described("urbanisation", "1", "urban population / population"),
    "trans": Described("transport infrastructure", "ln km", "ln(highway_mileage)"),
    "beta_K": Described(
        "output elasticity of capital",
        "1",
        "slope of ln(gdp/employment) on ln(capital_stock/employment), province and year dummies",
    ),
}
"""The Dataset's variables."""


# --- Series with their gaps filled ------------------------------------------------------------


class Ingredients:
    """The official series with their gaps filled, each by every gap rule, and how.

    Attributes
    ----------
    official : Official
    codes : dict of str to DataArray
        For each series used, how each cell came about (`gaps.CODES`), dims (province, year),
        for the national accounts also `vintage`.
    """

    def __init__(self, official: Official) -> None:
        self.official = official
        self.codes: dict[str, xr.DataArray] = {}
        self.gdp = self._gdp()
        self.secondary, self.tertiary = self._sectors()
        self.industry = self._industry()
        self._series: dict[str, xr.DataArray] = {}

    def __getitem__(self, series: str) -> xr.DataArray:
        """Return a series, complete; dims `gap_rule` and `tibet` only where it had gaps."""
        if series not in self._series:
            self._series[series] = self._complete(series)
        return self._series[series]

    def _complete(self, series: str) -> xr.DataArray:
        x = self.official.array(series, *VINTAGE_OF.get(series, ("official",)))
        x, code = _by_every_rule(x, upper=1.0 if series in RATES else np.inf)
        if series in COMPANIONS:
            donors = _donors()
            x = xr.apply_ufunc(
                gaps.by_ratio,
                *(x, self[COMPANIONS[series]], donors),
                input_core_dims=[["province", "year"], ["province", "year"], ["province"]],
                output_core_dims=[["province", "year"]],
                vectorize=True,
            )
            code.loc["Tibet"] = gaps.PROXY
        self.codes[series] = code
        return x

    def _gdp(self) -> xr.DataArray:
        return _stack(
            {v: self.official.array("gdp", v, years=ACCOUNT_YEARS) for v in CHOICES["vintage"]},
        )

    def _sectors(self) -> tuple[xr.DataArray, xr.DataArray]:
        """Secondary and tertiary value added, completed within the accounts."""
        array = partial(self.official.array, years=ACCOUNT_YEARS)
        known = {
            sector: {
                "census4": array(sector, "census4", "census4_estimated"),
                "as_published": array(sector, "as_published"),
                "census5": array(sector, "census5"),
            }
            for sector in ("secondary_va", "tertiary_va")
        }
        # Tibet 2019–2022, where its secondary value added was revised after neither census.
        secondary = dict(known["secondary_va"])
        secondary["census4"] = secondary["census4"].fillna(secondary["census5"])
        primary = array("primary_va", "census4", "census4_estimated", "census5")
        tertiary = {
            v: x.fillna(self.gdp.sel(vintage=v, drop=True) - secondary[v] - primary)
            for v, x in known["tertiary_va"].items()
        }
        complete = {"secondary_va": secondary, "tertiary_va": tertiary}
        for sector, vintages in complete.items():
            self.codes[sector] = _stack(
                {
                    v: xr.where(known[sector][v].isnull(), gaps.ACCOUNTING, gaps.OBSERVED)
                    for v in vintages
                }
            )
        return _stack(secondary), _stack(tertiary)

    def _industry(self) -> xr.DataArray:
        """Industrial value added: known cells, else secondary value added × industrial share.

        The share is that of census 4; Tibet's is known as published in 2012 and 2015 and from
        census 4 and 5 since 2016, and is filled between and before.
        """
        array = partial(self.official.array, years=ACCOUNT_YEARS)
        known = _stack(
            {
                "census4": array("industrial_va", "census4"),
                "as_published": array("industrial_va", "census4") * np.nan,
                "census5": array("industrial_va", "census5"),
            }
        )
        at = {v: self.secondary.sel(vintage=v, drop=True) for v in CHOICES["vintage"]}
        share = (known / self.secondary).sel(vintage="census4", drop=True)
        later = (known / self.secondary).sel(vintage="census5", drop=True)
        published = array("industrial_va", "as_published") / at["as_published"]
        of_gdp = array("industry_share_gdp", "as_published") / 100.0
        of_secondary = of_gdp * self.gdp.sel(vintage="as_published") / at["as_published"]
        for anchor in (later, published, of_secondary):
            share.loc["Tibet"] = share.loc["Tibet"].fillna(anchor.loc["Tibet"])
        completed, code = _by_every_rule(share, upper=1.0)
        self.codes["industrial_va"] = xr.where(
            known.isnull(), xr.where(code > 0, code, gaps.RATIO), gaps.OBSERVED
        )
        return known.fillna(self.secondary * completed)


def _by_every_rule(x: xr.DataArray, upper: float = np.inf) -> tuple[xr.DataArray, xr.DataArray]:
    """Fill a series' gaps by every rule (no dim `gap_rule` where it has none)."""
    if not x.isnull().any():
        return x, xr.zeros_like(x, dtype=np.int8)
    filled = {rule: gaps.fill(x.to_numpy(), rule, upper=upper) for rule in CHOICES["gap_rule"]}
    values = xr.concat(
        [x.copy(data=values) for values, _ in filled.values()],
        pd.Index(list(filled), name="gap_rule"),
    )
    return values, x.copy(data=filled[DEFAULTS["gap_rule"]][1])


def _donors() -> xr.DataArray:
    """Tell which provinces lend Tibet their ratio, dims (tibet, province)."""
    names = np.array(NAMES)
    return xr.DataArray(
        np.array([names != "Tibet", names == NEIGHBOUR]),
        coords={"tibet": list(CHOICES["tibet"]), "province": list(NAMES)},
        dims=("tibet", "province"),
    )


def _stack(layers: Mapping[str, xr.DataArray], dim: str = "vintage") -> xr.DataArray:
    return xr.concat([layers[value] for value in CHOICES[dim]], pd.Index(CHOICES[dim], name=dim))


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
    accounts = {"gdp": ingredients.gdp.sel(year=list(YEARS))}
    series = accounts.get(item.series)
    series = ingredients[item.series] if series is None else series
    divisors: dict[str, Callable[[], xr.DataArray]] = {
        "gdp": lambda: accounts["gdp"],
        "area": lambda: ingredients.official.constant("land_area", "official"),
        "population": lambda: ingredients["population"],
        "employment": lambda: _employment(ingredients).sel(
            employment=DEFAULTS["employment"], drop=True
        ),
    }
    return series / divisors[item.per]() if item.per else series


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


def _employment(ingredients: Ingredients) -> xr.DataArray:
    """Employed persons, 10,000, dims (employment, province, year)."""
    official = ingredients.official
    mixed = official.array("employment", "mixed_bases")
    sparse = official.array("employment_total", "official")
    interpolated = sparse.copy(data=gaps.interpolate(sparse.to_numpy()))
    ingredients.codes["employment"] = xr.zeros_like(mixed, dtype=np.int8)
    return _stack({"mixed_bases": mixed, "interpolated": interpolated}, "employment")


def _misallocation(ingredients: Ingredients) -> dict[str, xr.DataArray]:
    """|τ| of capital and labour, and the elasticities they rest on."""
    output = ingredients.gdp.sel(year=list(YEARS))
    capital = ingredients.official.array(CAPITAL, "derived_by_source")
    labour = _employment(ingredients)
    cells = ["province", "year"]
    estimators = {
        "province": indices.elasticities,
        "common": indices.common_elasticity,
    }
    beta = _stack(
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
    return _stack(
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
    published = partial(official.array, years=LONG_YEARS)
    structure = (ingredients.tertiary / ingredients.secondary).reindex(year=list(LONG_YEARS))
    structure.loc[{"vintage": "as_published"}] = published(
        "tertiary_va", "as_published"
    ) / published("secondary_va", "as_published")
    urban = official.array("urbanization_rate", "census2020_revised", years=LONG_YEARS) / 100.0
    agglomeration = _location_quotient(ingredients)
    long = {
        "indus": agglomeration.sel(
            {choice: DEFAULTS[choice] for choice in ("denominator", "gap_rule")}, drop=True
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
        "density": _employment(ingredients) / official.constant("land_area", "official"),
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


def build(directory: Path | None = None) -> xr.Dataset:
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
    ingredients = Ingredients(read(*([directory] if directory else [])))
    variables, long = _variables(ingredients)
    data = {
        name: _rounded(name, _winsorised(values) if name != "beta_K" else values)
        for name, values in variables.items()
    }
    for name, values in long.items():
        data[f"{name}_long"] = _rounded(name, values.rename(year="year_long"))
    dataset = _with_sums(xr.Dataset({name: _ordered(values) for name, values in data.items()}))
    for name in DESCRIBED:
        dataset[name].attrs = _attributes(name)
    dataset["filled"] = _filled(ingredients)
    dataset = _plain(dataset)
    dataset.attrs = {
        "title": "Variables of Ye (2024) rebuilt from official provincial series",
        "label": LABEL,
        "series_sha256": ingredients.official.sha256,
        "defaults": json.dumps(DEFAULTS),
        "codebook": "data/codebook.md",
    }
    return dataset


def _with_sums(dataset: xr.Dataset) -> xr.Dataset:
    """Add the variables that are sums of others, exact at the decimals of their parts."""
    for total, parts in SUMS.items():
        dataset[total] = sum(dataset[part] for part in parts).round(PARTS_DECIMALS[total])
        dataset[total].attrs = _attributes(total)
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


def _attributes(name: str) -> dict[str, str]:
    described = DESCRIBED[name]
    return {
        "long_name": described.long_name,
        "units": described.units,
        "formula": described.formula,
        "series": ", ".join(described.series),
    }


LABEL = "recollected from official series by the paper's formulas; not the author's own data"


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
    return _stack({"no": values, "yes": cut}, "winsorised")


def _rounded(name: str, values: xr.DataArray) -> xr.DataArray:
    """Round to what is written: parts of a sum to fixed decimals, others to 12 digits."""
    for total, parts in SUMS.items():
        if name in parts:
            return values.round(PARTS_DECIMALS[total])
    return values.copy(data=significant(values.to_numpy(), DIGITS))


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
    """Write the Dataset as compressed NetCDF, whole or not at all, without the sums."""
    parts = dataset.drop_vars(list(SUMS))
    encoding = {name: {"zlib": True, "complevel": 9, "shuffle": True} for name in parts.data_vars}
    with replacing(path) as temporary:
        parts.to_netcdf(temporary, engine="h5netcdf", encoding=encoding)


def load(path: Path = DATASET) -> xr.Dataset:
    """Read the Dataset into memory and add the sums.

    Raises
    ------
    UserError
        If the file is missing or is no readable NetCDF.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing; restore it or run `python -m analysis panel build`.")
    try:
        return _plain(_with_sums(xr.load_dataset(path, engine="h5netcdf")))
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path} cannot be read as NetCDF; restore it.") from error


# --- Panels -----------------------------------------------------------------------------------


def choices(dataset: xr.Dataset, name: str, selection: Selection) -> dict[str, str]:
    """Return the value of each choice that touches a variable, departures from defaults in.

    Raises
    ------
    UserError
        If the selection names a value that the Dataset does not hold.
    """
    chosen = {choice: DEFAULTS[choice] for choice in CHOICES if choice in dataset[name].dims}
    for choice, value in selection.get(name, {}).items():
        if choice in chosen:
            if value not in CHOICES[choice]:
                raise UserError(
                    f"{choice} of {name} cannot be {value!r}; it is one of "
                    f"{', '.join(CHOICES[choice])}."
                )
            chosen[choice] = value
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


def filled_cells(dataset: xr.Dataset, name: str, vintage: str) -> dict[str, int]:
    """Count a variable's ingredient cells by how they came about.

    Parameters
    ----------
    dataset : Dataset
    name : str
        A variable of `COLUMNS`.
    vintage : str
        Vintage of the national accounts.

    Returns
    -------
    dict of str to int
        By the names of `gaps.CODES`, "observed" included: 14 × 403 cells for `produ`. Empty
        where none of the variable's series has gaps.
    """
    series = list(DESCRIBED[name].series)
    if not series:
        return {}
    codes = dataset["filled"].sel(vintage=vintage, series=series).to_numpy()
    counts = {rule: int((codes == code).sum()) for rule, code in gaps.CODES.items()}
    return {rule: count for rule, count in counts.items() if count}


def write(
    dataset: xr.Dataset, selections: Mapping[str, Selection], directory: Path = PANELS
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
        path = directory / f"{panel}.csv"
        write_csv(frame(dataset, selection), path, DIGITS)
        made_of = {name: choices(dataset, name, selection) for name in COLUMNS}
        sidecar = {
            "panel": panel,
            "label": LABEL,
            "sha256": sha256(path),
            "series_sha256": dataset.attrs["series_sha256"],
            "choices": made_of,
            "cells": {
                name: filled_cells(dataset, name, made_of[name].get("vintage", "census4"))
                for name in COLUMNS
            },
        }
        with replacing(path.with_suffix(".json")) as temporary:
            temporary.write_text(
                json.dumps(sidecar, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
            )
        paths.append(path)
    return paths
