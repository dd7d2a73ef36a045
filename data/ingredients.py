"""The official series with their gaps filled, each by every rule, and how each cell came about."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from data import gaps
from data.definitions import CHOICES, DEFAULTS
from data.official import NAMES, Official

ACCOUNT_YEARS = tuple(range(2008, 2023))
ANCHOR = 2015
"""Year in which every province's share of industry in GDP is known as published."""
POST_CENSUS = 2019
"""First year whose first publication already rests on the fourth census."""
LAST_TIBETAN = list(range(2019, 2023))
"""Years in which Tibet's sectors are known from census 5 alone."""


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
        # Tibet 2019–2022, for which census 4 is not at hand.
        secondary = dict(known["secondary_va"])
        secondary["census4"] = secondary["census4"].fillna(secondary["census5"])
        primary = array("primary_va", "census4", "census4_estimated", "census5")
        tertiary = {
            v: x.fillna(self.gdp.sel(vintage=v, drop=True) - secondary[v] - primary)
            for v, x in known["tertiary_va"].items()
        }
        for sector, layers in known.items():
            firm = {**layers, "census4": array(sector, "census4")}
            self.codes[sector] = stack(
                {
                    v: xr.where(
                        layers[v].isnull(),
                        gaps.ACCOUNTING,
                        xr.where(firm[v].isnull(), gaps.ESTIMATED, gaps.OBSERVED),
                    )
                    for v in layers
                }
            )
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
        code = xr.where(known.isnull(), xr.where(code > 0, code, gaps.RATIO), gaps.OBSERVED)
        code.loc[{"vintage": "census4", "province": "Tibet", "year": LAST_TIBETAN}] = (
            gaps.ACCOUNTING
        )
        self.codes["industrial_va"] = code
        ratio = known.fillna(self.secondary * completed)
        ratio = self.official.positive(ratio, "industrial_va")
        scale = (of_secondary / completed).sel(year=ANCHOR, drop=True)
        scale = xr.where(ratio["year"] < POST_CENSUS, scale, 1.0)
        anchored = (ratio * scale).where(ratio["vintage"] == "as_published")
        return stack({"ratio": ratio, "anchored": anchored}, "industry")


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


def stack(layers: Mapping[str, xr.DataArray], dim: str = "vintage") -> xr.DataArray:
    """Stack one array per value of a choice, in the order of `definitions.CHOICES`."""
    return xr.concat([layers[value] for value in CHOICES[dim]], pd.Index(CHOICES[dim], name=dim))
