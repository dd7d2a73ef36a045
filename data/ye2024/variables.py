"""The paper's variables from the series, one formula each, under every construction choice.

What each variable is made of, and every assumption, stands in `codebook.md`.
"""

from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from data.ye2024 import indices
from data.ye2024.definitions import CHOICES, DEFAULTS, INDICATORS, STAND_IN, Indicator
from data.ye2024.ingredients import ACCOUNT_YEARS, Ingredients, stack
from data.ye2024.official import YEARS

LONG_YEARS = tuple(range(2003, 2023))


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
            partial(scores, indicators=indicators, normalisation=normalisation),
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


def scores(table: np.ndarray, indicators: tuple[Indicator, ...], normalisation: str) -> np.ndarray:
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


def compute(ingredients: Ingredients) -> tuple[dict[str, xr.DataArray], dict[str, xr.DataArray]]:
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
            {choice: DEFAULTS[choice] for choice in ("denominator", "industry")},
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
