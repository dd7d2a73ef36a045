"""Industrial value added as first published, from the years in which its share is known.

Known is industry's share of the secondary sector, industry / (industry + construction), as first
published. The log of its ratio to the share in the accounts of census 4 is what is modelled, over
2008–2018: from 2019 first publications rest on census 4 themselves and the ratio is 1, so that it
breaks between 2018 and 2019. Where a share is published it is taken as it is.

Anchors: 2009 (19 provinces, a yearbook's table), 2012 (21 provinces' value added; the other nine's
from their input-output tables), 2015 (shares of GDP), 2017 (input-output tables). Tibet has 2015,
2017 and 2018. Two provinces' own yearbooks (Shandong 2010–2011, Qinghai 2010, 2011 and 2013) are
kept out of the model, as a check.

Methods are `ratio` (census 4's share as it is), `anchored` (a province's ratio of 2015 in all
years), `lines` (straight lines between anchors, the nearest beyond them; shown for comparison) and
`anchors` (`share_process`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from data.panels.panel import verified
from data.shared.errors import UserError
from data.shared.files import read_csv, sha256
from data.ye2024 import share_process
from data.ye2024.official import NAMES, Official
from data.ye2024.second import Second

ERRORS = Path(__file__).with_name("anchors.csv")
"""The committed table of `errors`, with its sidecar."""

NORMAL_95 = 1.96

DECIMALS = 6
"""Decimals of what is written: log ratios are known to four or five."""

STATE_YEARS = tuple(range(2008, 2019))
"""Years before first publications rest on the fourth census."""

ANCHOR = 2015
"""Year in which every province's share of industry in GDP is known as published."""

METHODS = ("ratio", "anchored", "lines", "anchors")

CHECKS = {"Shandong": (2010, 2011), "Qinghai": (2010, 2011, 2013)}
"""Cells of provinces' own yearbooks that the model never sees."""


@dataclass(frozen=True)
class Shares:
    """Industry's share of the secondary sector.

    Attributes
    ----------
    census4 : DataArray
        In the accounts of census 4, dims (province, year).
    published : DataArray
        As first published where it is known, NaN elsewhere; the model's anchors and, of Tibet,
        earlier and later years.
    checks : DataArray
        As first published, of `CHECKS`; NaN elsewhere.
    """

    census4: xr.DataArray
    published: xr.DataArray
    checks: xr.DataArray

    def log_ratio(self) -> xr.DataArray:
        """Log ratio of the published share to census 4's at the anchors, over `STATE_YEARS`."""
        return np.log(self.published / self.census4).sel(year=list(STATE_YEARS))


def collect(
    official: Official, second: Second, secondary: xr.DataArray, gdp: xr.DataArray
) -> Shares:
    """Collect what is known of industry's share.

    Parameters
    ----------
    official : Official
    second : Second
    secondary, gdp : DataArray
        Secondary value added and GDP, dims (vintage, province, year).
    """
    years = tuple(secondary["year"].to_numpy().tolist())
    tibet = second.array("tibet", "industrial_va", "census4", years)
    industry = official.array("industrial_va", "census4", years=years).fillna(tibet)
    first = (accounts.sel(vintage="as_published", drop=True) for accounts in (secondary, gdp))
    return Shares(
        industry / secondary.sel(vintage="census4", drop=True),
        published(official, second, *first),
        checks(second, years),
    )


def published(
    official: Official, second: Second, secondary: xr.DataArray, gdp: xr.DataArray
) -> xr.DataArray:
    """Collect the shares known as first published.

    Parameters
    ----------
    official : Official
    second : Second
    secondary, gdp : DataArray
        As first published, dims (province, year).

    Returns
    -------
    DataArray, dims (province, year)
        NaN where none is known.
    """
    years = tuple(secondary["year"].to_numpy().tolist())
    share = official.array("industrial_va", "as_published", years=years) / secondary
    # At an anchor the derived table holds the share itself: the input-output tables' of 2012.
    tables = second.array("derived", "industrial_va", "as_published_derived", years) / secondary
    share = share.fillna(tables.where(tables["year"] == 2012).drop_sel(province="Tibet"))
    of_gdp = official.array("industry_share_gdp", "as_published", years=years) / 100.0
    of_gdp = official.positive(of_gdp.sel(year=[ANCHOR]), "industry_share_gdp")
    share = share.fillna((of_gdp * gdp / secondary).reindex(year=list(years)))
    io = second.ratio("industrial_va", "secondary_va", "io_table", years)
    first = second.ratio("industrial_va", "secondary_va", "first_publication", years)
    share = share.fillna(io).fillna(first.where(first["year"] == 2009))
    tibet = second.array("anchors", "industrial_va", "first_publication", years) / secondary
    share.loc["Tibet"] = share.loc["Tibet"].fillna(tibet.loc["Tibet"])
    return share.transpose("province", "year")


def checks(second: Second, years: tuple[int, ...]) -> xr.DataArray:
    """Collect the shares that two provinces' own yearbooks print, dims (province, year)."""
    amounts = second.ratio("industrial_va", "secondary_va", "first_publication", years)
    of_gdp = second.ratio("industry_share_gdp", "secondary_share_gdp", "first_publication", years)
    share = amounts.fillna(of_gdp)
    printed = xr.zeros_like(share, dtype=bool)
    for province, printed_years in CHECKS.items():
        printed.loc[province, list(printed_years)] = True
    return share.where(printed)


def estimate(log_ratio: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Estimate the log ratio in every year, and its predictive standard deviation.

    Parameters
    ----------
    log_ratio : DataArray
        From `Shares.log_ratio`.

    Returns
    -------
    mean, sd : DataArray, dims (province, year)
        At anchors the anchor, with sd 0.
    """
    predicted = share_process.predict(log_ratio.to_numpy())
    return log_ratio.copy(data=predicted.mean), log_ratio.copy(data=predicted.sd)


def errors(shares: Shares) -> pd.DataFrame:
    """Predict every anchor from the others, and the checks from all anchors, by every method.

    Returns
    -------
    DataFrame
        One row a cell, provinces in administrative order, then years: `province, year, role`
        ("anchor", "break": Tibet 2018, the state's last year, or "check"), `log_ratio`, the
        prediction of each of `METHODS`, `sd`, and `below`, the predictive probability of a value
        below the observed one, both of `anchors`.
    """
    log_ratio = shares.log_ratio()
    y, years = log_ratio.to_numpy(), np.array(STATE_YEARS)
    without = share_process.left_out(y)
    rows = []
    for i, t in np.argwhere(~np.isnan(y)):
        other_anchors = y[i].copy()
        other_anchors[t] = np.nan
        role = "break" if years[t] == STATE_YEARS[-1] else "anchor"
        predictions = _simple(other_anchors, int(years[t])), without.mean[i, t], without.sd[i, t]
        rows.append((i, years[t], role, y[i, t], predictions, without.below[i, t]))
    from_all = share_process.predict(y)
    check = np.log(shares.checks / shares.census4).sel(year=list(STATE_YEARS)).to_numpy()
    for i, t in np.argwhere(~np.isnan(check)):
        predictions = _simple(y[i], int(years[t])), from_all.mean[i, t], from_all.sd[i, t]
        rows.append((i, years[t], "check", check[i, t], predictions, np.nan))
    table = pd.DataFrame(
        [
            {
                "province": NAMES[i],
                "year": int(year),
                "role": role,
                "log_ratio": observed,
                **simple,
                "anchors": mean,
                "sd": sd,
                "below": below,
            }
            for i, year, role, observed, (simple, mean, sd), below in rows
        ]
    )
    order = table["province"].map({name: i for i, name in enumerate(NAMES)})
    return (
        table.assign(order=order)
        .sort_values(["order", "year"], kind="stable")
        .drop(columns="order")
        .reset_index(drop=True)
    )


def _simple(log_ratio: np.ndarray, year: int) -> dict[str, float]:
    """Predict one year's log ratio from a province's other anchors, by the simple methods."""
    observed = ~np.isnan(log_ratio)
    years = np.array(STATE_YEARS)
    at_2015 = log_ratio[STATE_YEARS.index(ANCHOR)]
    return {
        "ratio": 0.0,
        "anchored": 0.0 if np.isnan(at_2015) else float(at_2015),
        "lines": float(np.interp(year, years[observed], log_ratio[observed])),
    }


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise errors at anchors left out.

    Parameters
    ----------
    table : DataFrame
        From `errors`.

    Returns
    -------
    DataFrame
        One row a method: `cells`, and of the absolute errors in percent `mean`, `median`,
        `worst`; `coverage`, the share of anchors within the 95 % interval (of `anchors` alone).
    """
    judged = table[table["role"].eq("anchor") & table["province"].ne("Tibet")]
    rows = []
    for method in METHODS:
        per_cent = 100.0 * np.expm1((judged[method] - judged["log_ratio"]).abs())
        inside = judged["below"].between(0.025, 0.975).mean() if method == "anchors" else np.nan
        rows.append(
            {
                "method": method,
                "cells": len(judged),
                "mean": per_cent.mean(),
                "median": per_cent.median(),
                "worst": per_cent.max(),
                "coverage": inside,
            }
        )
    return pd.DataFrame(rows)


def checks_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `errors` that no model was fitted to, with 95 % bounds of `anchors`."""
    rows = table[table["role"].ne("anchor")]
    low, high = (rows["anchors"] + sign * NORMAL_95 * rows["sd"] for sign in (-1, 1))
    columns = ["province", "year", "role", "log_ratio", *METHODS]
    return rows[columns].assign(low=low, high=high).reset_index(drop=True)


def load(path: Path = ERRORS) -> pd.DataFrame:
    """Read the table of `errors`.

    Raises
    ------
    UserError
        If the file is missing or is not what its sidecar says.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing; restore it or run `python -m analysis panel build`.")
    verified(path, sha256(path.read_bytes()))
    return read_csv(path, {"province": str, "role": str})
