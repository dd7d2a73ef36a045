"""Completed data sets: every gap of the official series drawn, and the paper's formulas run on it.

A draw is a function of standard normal variables, so that its index alone, as a seed, gives it.
Drawn are the gaps of every series behind the index, its stand-in and `env` (`series`), Tibet's
proxies, whose errors are random combinations of those that the same proxies make for the other
provinces, and industry's share as published in years in which it is not known (`share_process`).
Not drawn, since no error of theirs is known where it could be checked: cells that the compilers of
the series estimate (census-4 sectors from 2019, capital from 2018, employment on one basis),
Tibet's linked sectors, and industry as published from 2019.

Arrays are (m draws, n provinces, T years).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.ye2024 import anchors, gaps, indices, share_process, variables
from data.ye2024.definitions import DEFAULTS, INDICATORS, STAND_IN, TOTALS, Indicator
from data.ye2024.imputation import series, spreads
from data.ye2024.ingredients import ACCOUNT_YEARS, COMPANIONS, RATES, VINTAGE_OF, Ingredients
from data.ye2024.official import NAMES, YEARS

Array = NDArray[np.float64]

INVESTMENT = "industrial_pollution_treatment_investment"

SERIES = tuple(
    dict.fromkeys(
        [
            *(item.series for item in (*INDICATORS, *STAND_IN) if item.series != "gdp"),
            *COMPANIONS.values(),
            INVESTMENT,
        ]
    )
)
"""Series that a draw completes, those without gaps among them."""

VARIABLES = ("produ_inno", "produ_green", "produ_digit", "produ_alt", "indus", "env")
"""Variables that differ between draws."""

TIBET = NAMES.index("Tibet")


class Completed(NamedTuple):
    """Series of m draws.

    Attributes
    ----------
    series : dict of str to ndarray, shape (m, n, T)
    log_ratio : ndarray, shape (m, n, years of `anchors.STATE_YEARS`)
        Of industry's published share to census 4's.
    """

    series: dict[str, Array]
    log_ratio: Array


class Model:
    """The predictive distribution of all that is not observed.

    Parameters
    ----------
    ingredients : Ingredients
    """

    def __init__(self, ingredients: Ingredients) -> None:
        self.ingredients = ingredients
        self.series = {name: _series(ingredients, name) for name in SERIES}
        but_tibet = np.arange(len(NAMES)) != TIBET
        self.proxies = {
            name: spreads.of_proxies(
                self.series[name].filled[but_tibet], self.series[companion].filled[but_tibet]
            )
            for name, companion in COMPANIONS.items()
        }
        self.shares = share_process.Sampler(ingredients.shares.log_ratio().to_numpy())
        self._fixed: dict[tuple[str, str], Array] = {}

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of standard normal variables: of the series, the proxies, the shares."""
        return (
            *(incomplete.size for incomplete in self.series.values()),
            *(len(errors) for errors in self.proxies.values()),
            self.shares.size,
        )

    @property
    def size(self) -> int:
        """Number of standard normal variables that one draw takes."""
        return sum(self.sizes)

    def complete(self, z: Array) -> Completed:
        """Complete all series.

        Parameters
        ----------
        z : ndarray, shape (m, size)
            Standard normal; 0 gives what the default rules fill, and of industry's share the
            median under a middling value of what provinces share.
        """
        parts = np.split(z, np.cumsum(self.sizes)[:-1], axis=1)
        drawn = {
            name: incomplete.draw(part)
            for (name, incomplete), part in zip(self.series.items(), parts, strict=False)
        }
        for (name, errors), part in zip(
            self.proxies.items(), parts[len(self.series) :], strict=False
        ):
            drawn[name] = proxied(drawn[name], drawn[COMPANIONS[name]], errors, part)
        return Completed(drawn, self.shares.draw(parts[-1]))

    def variables(
        self,
        completed: Completed,
        choices: Mapping[str, Mapping[str, str]],
        names: tuple[str, ...] = VARIABLES,
    ) -> dict[str, Array]:
        """Run the paper's formulas on completed series.

        Parameters
        ----------
        completed : Completed
        choices : mapping
            The construction choices of each variable (`selection.made_of`).
        names : tuple of str, optional
            Those asked for.

        Returns
        -------
        dict of str to ndarray, shape (m, n, T)
            By name, winsorised where their choice says so.
        """
        vintage = {name: choices[name]["vintage"] for name in VARIABLES}
        index = self._scores(completed.series, INDICATORS, vintage["produ_inno"])
        parts = list(dict.fromkeys(item.dimension for item in INDICATORS))
        drawn = {name: index[:, position] for position, name in enumerate(parts)}
        if "produ_alt" in names:
            stand_in = self._scores(completed.series, STAND_IN, vintage["produ_alt"])
            drawn["produ_alt"] = stand_in.sum(axis=1)
        accounts = self.ingredients.gdp.sel(vintage=vintage["indus"]).to_numpy()
        industry = self._industry(completed.log_ratio, choices["indus"])
        drawn["indus"] = _sample(
            indices.location_quotient(
                industry, accounts, industry.sum(axis=1, keepdims=True), accounts.sum(axis=0)
            )
        )
        divisor = _sample(self._industry(completed.log_ratio, choices["env"]))
        drawn["env"] = completed.series[INVESTMENT] / divisor
        for name in names:
            if choices[name]["winsorised"] == "yes":
                drawn[name] = np.array([indices.winsorise(values) for values in drawn[name]])
        return {name: drawn[name] for name in names}

    def _scores(
        self, drawn: Mapping[str, Array], indicators: tuple[Indicator, ...], vintage: str
    ) -> Array:
        """Score an index's dimensions, shape (m, dimensions, n, T)."""
        columns = [
            self._quantity(drawn, item.series, vintage)
            / (self._quantity(drawn, item.per, vintage) if item.per else 1.0)
            for item in indicators
        ]
        table = np.stack(np.broadcast_arrays(*columns), axis=1)
        normalisation = DEFAULTS["normalisation"]
        return np.array([variables.scores(of_draw, indicators, normalisation) for of_draw in table])

    def _quantity(self, drawn: Mapping[str, Array], name: str, vintage: str) -> Array:
        if name in drawn:
            return drawn[name]
        if (name, vintage) not in self._fixed:
            self._fixed[name, vintage] = self._divisor(name, vintage)
        return self._fixed[name, vintage]

    def _divisor(self, name: str, vintage: str) -> Array:
        ingredients = self.ingredients
        if name == "gdp":
            return ingredients.gdp.sel(vintage=vintage, year=list(YEARS)).to_numpy()
        if name == "area":
            return ingredients.official.constant("land_area", "official").to_numpy()[:, None]
        return ingredients.employment.sel(employment=DEFAULTS["employment"]).to_numpy()

    def _industry(self, log_ratio: Array, choice: Mapping[str, str]) -> Array:
        """Industrial value added over `ACCOUNT_YEARS` (see `Ingredients`)."""
        shares, vintage = self.ingredients.shares, choice["vintage"]
        secondary = self.ingredients.secondary.sel(vintage=vintage).to_numpy()
        published = shares.published.to_numpy()
        ratio = np.ones((len(log_ratio), *published.shape))
        ratio[..., np.isin(ACCOUNT_YEARS, anchors.STATE_YEARS)] = np.exp(log_ratio)
        share = np.repeat(shares.census4.to_numpy()[None], len(log_ratio), axis=0)
        early = gaps.interpolate(published)[TIBET] / ratio[:, TIBET]
        share[:, TIBET] = np.where(np.isnan(share[:, TIBET]), early, share[:, TIBET])
        if choice.get("industry", DEFAULTS["industry"]) == "anchors":
            share = np.where(np.isnan(published), share * ratio, published)
        return secondary * share


def _series(ingredients: Ingredients, name: str) -> series.Series:
    x = ingredients.official.array(name, *VINTAGE_OF.get(name, ("official",))).to_numpy()
    totals = np.array([TOTALS.get(name, {}).get(year, np.nan) for year in YEARS])
    return series.of(x, 1.0 if name in RATES else np.inf, totals)


def proxied(x: Array, companion: Array, errors: Array, z: Array) -> Array:
    """Estimate Tibet's row from a companion (`gaps.by_ratio`), moved by errors made elsewhere.

    Parameters
    ----------
    x, companion : ndarray, shape (m, n, T)
    errors : ndarray, shape (n − 1, T)
        From `spreads.of_proxies`.
    z : ndarray, shape (m, n − 1)
        Standard normal.
    """
    donors = np.arange(len(NAMES)) != TIBET
    ratio = np.median(x[:, donors] / companion[:, donors], axis=1)
    estimated = x.copy()
    estimated[:, TIBET] = companion[:, TIBET] * ratio * np.exp(z @ errors / np.sqrt(len(errors)))
    return estimated


def _sample(values: Array) -> Array:
    """Cut the paper's sample out of `ACCOUNT_YEARS`."""
    return values[..., np.isin(ACCOUNT_YEARS, YEARS)]
