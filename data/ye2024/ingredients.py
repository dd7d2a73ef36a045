"""The official series with their gaps filled, each by every rule, and how each cell came about."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from data.ye2024 import gaps
from data.ye2024.definitions import CAPITAL, CHOICES, DEFAULTS, EMPLOYMENT
from data.ye2024.official import NAMES, Official

ACCOUNT_YEARS = tuple(range(2008, 2023))
ANCHOR = 2015
"""Year in which every province's share of industry in GDP is known as published."""
POST_CENSUS = 2019
"""First year whose first publication already rests on the fourth census."""

EXTRAPOLATED = 2018
"""First year in which the investment behind the capital stock is extrapolated by its compilers."""

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

NEIGHBOUR = "Qinghai"
"""Tibet's neighbour on the plateau, the only donor under `tibet = "neighbour"`."""


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
        self.capital = self._capital()
        self.employment = self._employment()
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
            companion = self[COMPANIONS[series]]
            self.official.positive(companion.drop_sel(province="Tibet"), COMPANIONS[series])
            x = xr.apply_ufunc(
                gaps.by_ratio,
                *(x, companion, _donors()),
                input_core_dims=[["province", "year"], ["province", "year"], ["province"]],
                output_core_dims=[["province", "year"]],
                vectorize=True,
            )
            code.loc["Tibet"] = gaps.PROXY
        self.codes[series] = code
        return x

    def _gdp(self) -> xr.DataArray:
        array = partial(self.official.array, "gdp", years=ACCOUNT_YEARS)
        return self.official.positive(stack({v: array(v) for v in CHOICES["vintage"]}), "gdp")

    def _sectors(self) -> tuple[xr.DataArray, xr.DataArray]:
        """Secondary and tertiary value added, completed.

        Where census 4 lacks a sector (Tibet from 2019; 18 provinces before 2010), its GDP takes
        the sector's share of census 5, linked: times the ratio of the two censuses' shares in the
        nearest year that has both.
        Census 5's tertiary sector before 2012 is the remainder of GDP; the primary sector
        deducted is census 4's, which the fifth census hardly revised.
        """
        array = partial(self.official.array, years=ACCOUNT_YEARS)
        known = {
            sector: {
                "census4": array(sector, "census4", "census4_estimated"),
                "as_published": array(sector, "as_published"),
                "census5": array(sector, "census5"),
            }
            for sector in ("secondary_va", "tertiary_va")
        }
        gdp = {v: self.gdp.sel(vintage=v, drop=True) for v in CHOICES["vintage"]}
        completed = {}
        for sector, layers in known.items():
            share = layers["census5"] / gdp["census5"]
            link = layers["census4"] / gdp["census4"] / share
            linked = gdp["census4"] * share * link.copy(data=gaps.hold(link.to_numpy()))
            completed[sector] = {**layers, "census4": layers["census4"].fillna(linked)}
            estimated = layers["census4"].notnull() & array(sector, "census4").isnull()
            how = {"census4": gaps.RATIO, "as_published": gaps.OBSERVED, "census5": gaps.ACCOUNTING}
            code = {v: xr.where(x.isnull(), how[v], gaps.OBSERVED) for v, x in layers.items()}
            code["census4"] = code["census4"].where(~estimated, gaps.ESTIMATED)
            self.codes[sector] = stack(code)
        secondary, tertiary = completed["secondary_va"], completed["tertiary_va"]
        primary = array("primary_va", "census4", "census4_estimated")
        remainder = gdp["census5"] - secondary["census5"] - primary
        tertiary["census5"] = tertiary["census5"].fillna(remainder)
        return self.official.positive(stack(secondary), "secondary_va"), stack(tertiary)

    def _industry(self) -> xr.DataArray:
        """Industrial value added: known cells, else secondary value added × industrial share.

        The share is that of census 4 (`industry = "ratio"`). Tibet's is known as published in
        2012 and 2015 and from both censuses since 2016, and is filled between and before. Under
        `industry = "anchored"`, as published only, each province's share to 2018 is scaled to
        the published one of 2015.
        """
        array = partial(self.official.array, years=ACCOUNT_YEARS)
        known = stack(
            {
                "census4": array("industrial_va", "census4"),
                "as_published": xr.full_like(
                    self.gdp.sel(vintage="as_published", drop=True), np.nan
                ),
                "census5": array("industrial_va", "census5"),
            }
        )
        revised = known / self.secondary
        share = revised.sel(vintage="census4", drop=True)
        later = revised.sel(vintage="census5", drop=True)
        secondary = self.secondary.sel(vintage="as_published", drop=True)
        published = array("industrial_va", "as_published") / secondary
        of_gdp = array("industry_share_gdp", "as_published") / 100.0
        self.official.positive(of_gdp.sel(year=[ANCHOR]), "industry_share_gdp")
        of_secondary = of_gdp * self.gdp.sel(vintage="as_published", drop=True) / secondary
        for anchor in (later, published, of_secondary):
            share.loc["Tibet"] = share.loc["Tibet"].fillna(anchor.loc["Tibet"])
        completed, code = _by_every_rule(share, upper=1.0)
        self.codes["industrial_va"] = xr.where(
            known.isnull(), xr.where(code > 0, code, gaps.RATIO), gaps.OBSERVED
        )
        ratio = known.fillna(self.secondary * completed)
        ratio = self.official.positive(ratio, "industrial_va")
        scale = (of_secondary / completed).sel(year=ANCHOR, drop=True)
        scale = xr.where(ratio["year"] < POST_CENSUS, scale, 1.0)
        anchored = (ratio * scale).where(ratio["vintage"] == "as_published")
        return stack({"ratio": ratio, "anchored": anchored}, "industry")

    def _capital(self) -> xr.DataArray:
        """Capital stock, dims (province, year)."""
        capital = self.official.positive(self.official.array(CAPITAL, "derived_by_source"), CAPITAL)
        late = capital["year"] >= EXTRAPOLATED
        self.codes[CAPITAL] = xr.where(late, gaps.ESTIMATED, xr.zeros_like(capital, np.int8))
        return capital

    def _employment(self) -> xr.DataArray:
        """Employed persons, 10,000, dims (employment, province, year)."""
        mixed = self.official.array(EMPLOYMENT["mixed_bases"], "mixed_bases")
        sparse = self.official.array(EMPLOYMENT["interpolated"], "official")
        between = sparse.copy(data=gaps.interpolate(sparse.to_numpy()))
        layers = {"mixed_bases": mixed, "interpolated": between}
        for choice, values in layers.items():
            self.official.positive(values, EMPLOYMENT[choice])
        self.codes[EMPLOYMENT["mixed_bases"]] = xr.zeros_like(mixed, np.int8)
        self.codes[EMPLOYMENT["interpolated"]] = xr.where(
            sparse.isnull(), gaps.INTERPOLATED, gaps.OBSERVED
        )
        return stack(layers, "employment")


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
    """Return which provinces lend Tibet their ratio, dims (tibet, province)."""
    names = np.array(NAMES)
    return xr.DataArray(
        np.array([names != "Tibet", names == NEIGHBOUR]),
        coords={"tibet": list(CHOICES["tibet"]), "province": list(NAMES)},
        dims=("tibet", "province"),
    )


def stack(layers: Mapping[str, xr.DataArray], dim: str = "vintage") -> xr.DataArray:
    """Stack one array per value of a choice, in the order of `definitions.CHOICES`."""
    return xr.concat([layers[value] for value in CHOICES[dim]], pd.Index(CHOICES[dim], name=dim))
