"""The official series with their gaps filled, each by every rule, and how each cell came about."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr

from data.ye2024 import anchors, gaps
from data.ye2024.definitions import CAPITAL, CHOICES, DEFAULTS, EMPLOYMENT, INDUSTRY, TOTALS
from data.ye2024.official import NAMES, YEARS, Official
from data.ye2024.second import Second

ACCOUNT_YEARS = tuple(range(2008, 2023))
FIRST_OF_TIBET = 2013
"""First year of Tibet's industrial value added in census 4."""

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

SECOND = {
    INDUSTRY["anchors"]: ("anchors", "derived"),
    EMPLOYMENT["census2020"]: ("employment_derived",),
    EMPLOYMENT["yearbook"]: ("employment_derived",),
}
"""Series of the second collection, by its tables."""

SAME_CELL = 0.001
"""Relative difference up to which a derived employment cell is the series' own, rounded."""

LAST_YEARBOOK = 2018
"""Last year of employment in the yearbooks before the 2020 census."""

NEIGHBOUR = "Qinghai"
"""Tibet's neighbour on the plateau, the only donor under `tibet = "neighbour"`."""


class Ingredients:
    """The official series with their gaps filled, each by every gap rule, and how.

    Attributes
    ----------
    official : Official
    second : Second
    shares : anchors.Shares
        Industry's share of the secondary sector, where it is known.
    industry_sd : DataArray
        Standard deviation of the log of industrial value added as published under
        `industry = "anchors"`, dims (province, year).
    codes : dict of str to DataArray
        For each series used, how each cell came about (`gaps.CODES`), dims (province, year),
        for the national accounts also `vintage`.
    """

    def __init__(self, official: Official, second: Second) -> None:
        self.official = official
        self.second = second
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

    def sources(self, series: str) -> tuple[str, ...]:
        """Name the compilations that a series' cells come from."""
        if series in SECOND:
            return tuple(name for table in SECOND[series] for name in self.second.sources(table))
        return self.official.sources(series)

    def _complete(self, series: str) -> xr.DataArray:
        x = self.official.array(series, *VINTAGE_OF.get(series, ("official",)))
        totals = np.array([TOTALS.get(series, {}).get(year, np.nan) for year in YEARS])
        x, code = _by_every_rule(x, upper=1.0 if series in RATES else np.inf, totals=totals)
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
        observed = {
            sector: {
                "census4": array(sector, "census4", "census4_estimated"),
                "as_published": array(sector, "as_published"),
                "census5": array(sector, "census5"),
            }
            for sector in ("secondary_va", "tertiary_va")
        }
        gdp = {v: self.gdp.sel(vintage=v, drop=True) for v in CHOICES["vintage"]}
        completed = {}
        for sector, layers in observed.items():
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

        The share is that of census 4 (`industry = "ratio"`). As published only, to 2018, it is
        scaled to the published one of 2015 (`"anchored"`), or to what all published shares say of
        a year (`"anchors"`; see `anchors`). Tibet's census-4 share before 2013 is its published
        one, on a straight line between known years, over the estimated ratio of the two.
        """
        self.shares = anchors.collect(self.official, self.second, self.secondary, self.gdp)
        share, published = self.shares.census4.copy(), self.shares.published
        secondary = self.secondary.sel(vintage="as_published", drop=True)
        observed = stack(
            {
                "census4": share * self.secondary.sel(vintage="census4", drop=True),
                "as_published": xr.full_like(share, np.nan),
                "census5": self.official.array("industrial_va", "census5", years=ACCOUNT_YEARS),
            }
        )
        log_ratio, sd = anchors.estimate(self.shares.log_ratio())
        ratio = np.exp(log_ratio)
        ratio = ratio.copy(data=gaps.significant(ratio.to_numpy(), gaps.FILLED_DIGITS))
        between = published.copy(data=gaps.interpolate(published.to_numpy()))
        early = (between / ratio.reindex(year=list(ACCOUNT_YEARS))).loc["Tibet"]
        share.loc["Tibet"] = share.loc["Tibet"].fillna(early)
        sd = sd.reindex(year=list(ACCOUNT_YEARS), fill_value=0.0)
        self.industry_sd = sd.where(published.isnull(), 0.0)
        by_ratio = self.official.positive(observed.fillna(self.secondary * share), "industrial_va")
        scale = {
            "anchored": (published / share).sel(year=anchors.ANCHOR, drop=True)
            * xr.ones_like(ratio),
            "anchors": ratio,
        }
        scaled = {
            choice: secondary * share * layer.reindex(year=list(ACCOUNT_YEARS), fill_value=1.0)
            for choice, layer in scale.items()
        }
        scaled["anchors"] = (secondary * published).fillna(scaled["anchors"])
        self._code_industry(observed, published)
        layers = {
            choice: layer.expand_dims(vintage=["as_published"]).reindex_like(by_ratio)
            for choice, layer in scaled.items()
        }
        return stack({"ratio": by_ratio, **layers}, "industry")

    def _code_industry(self, observed: xr.DataArray, published: xr.DataArray) -> None:
        """Say how cells of industrial value added came about, by `INDUSTRY`."""
        code = xr.where(observed.isnull(), gaps.RATIO, gaps.OBSERVED)
        unknown = published.loc["Tibet"].isnull() & (published["year"] < FIRST_OF_TIBET)
        code.loc[{"province": "Tibet", "vintage": "census4"}] = code.sel(
            province="Tibet", vintage="census4"
        ).where(~unknown, gaps.INTERPOLATED)
        self.codes[INDUSTRY["ratio"]] = code
        early = published["year"] <= anchors.STATE_YEARS[-1]
        modelled = xr.where(early, gaps.MODELLED, gaps.RATIO).broadcast_like(published)
        anchored = modelled.where(published.isnull(), gaps.OBSERVED)
        codes = {v: code.sel(vintage=v, drop=True) for v in CHOICES["vintage"]}
        self.codes[INDUSTRY["anchors"]] = stack({**codes, "as_published": anchored})

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
        derived = partial(self.second.array, "employment_derived", "employment")
        layers = {
            "census2020": derived("derived_census2020"),
            "yearbook": derived("derived_yearbook_linked"),
            "mixed_bases": mixed,
            "interpolated": sparse.copy(data=gaps.interpolate(sparse.to_numpy())),
        }
        for choice, values in layers.items():
            self.official.positive(values, EMPLOYMENT[choice])
        repaired = abs(layers["census2020"] / mixed - 1.0) > SAME_CELL
        unknown = {
            "census2020": xr.where(repaired, gaps.ESTIMATED, gaps.OBSERVED),
            "yearbook": xr.where(mixed["year"] > LAST_YEARBOOK, gaps.ESTIMATED, gaps.OBSERVED),
            "mixed_bases": gaps.OBSERVED,
            "interpolated": xr.where(sparse.isnull(), gaps.INTERPOLATED, gaps.OBSERVED),
        }
        for choice, code in unknown.items():
            self.codes[EMPLOYMENT[choice]] = xr.zeros_like(mixed, np.int8) + code
        return stack(layers, "employment")


def _by_every_rule(
    x: xr.DataArray, upper: float, totals: np.ndarray
) -> tuple[xr.DataArray, xr.DataArray]:
    """Fill a series' gaps by every rule (no dim `gap_rule` where it has none)."""
    if not x.isnull().any():
        return x, xr.zeros_like(x, dtype=np.int8)
    filled = {rule: gaps.fill(x.to_numpy(), rule, upper=upper) for rule in CHOICES["gap_rule"]}
    values = xr.concat(
        [
            x.copy(data=gaps.to_totals(values, x.to_numpy(), totals))
            for values, _ in filled.values()
        ],
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
