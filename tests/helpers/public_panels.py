"""The panels of the committed studies, and designs on them."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from models.design import Design, Specification, design
from models.frequentist.two_stage import Instruments

STUDIES = Path(__file__).resolve().parents[2] / "data" / "studies"


@cache
def capital() -> pd.DataFrame:
    """Return logs of output, capital and employment of 48 states, 1970–1986."""
    rows = pd.read_csv(STUDIES / "munnell" / "states.csv").rename(columns={"state": "province"})
    names = ["gsp", "pcap", "hwy", "water", "pc", "emp"]
    rows[names] = np.log(rows[names])
    return rows


@cache
def cigarettes() -> pd.DataFrame:
    """Return sales, prices and income of 46 states, 1963–1992, in logs, and their first lags."""
    rows = pd.read_csv(STUDIES / "cigarettes" / "states.csv").rename(columns={"state": "province"})
    names = ["sales", "price", "ndi", "pimin"]
    logs = np.log(rows[names])
    deflated = pd.DataFrame(
        {
            "c": np.log(rows["sales"] * rows["pop"] / rows["pop16"]),
            "p": np.log(rows["price"] / rows["cpi"] * 100),
            "pn": np.log(rows["pimin"] / rows["cpi"] * 100),
            "y": np.log(rows["ndi"] / rows["cpi"]),
        }
    )
    both = pd.concat([logs, deflated], axis=1)
    lags = both.groupby(rows["province"]).shift().add_prefix("lag_")
    return pd.concat([rows[["province", "year", "region"]], both, lags], axis=1)


def capital_design(rows: pd.DataFrame | None = None) -> Design:
    """Return the design of output on public capital and other inputs."""
    record = Specification("1.1", "gsp", ("pcap",), ("pc", "emp", "unemp"), "output")
    return design(capital() if rows is None else rows, record)


def demand_design() -> tuple[Design, Instruments]:
    """Return the design of sales on their lag, prices and income; the lag is endogenous."""
    record = Specification("8.1", "c", ("lag_c",), ("p", "pn", "y"), "demand")
    arrays = design(cigarettes().dropna(), record)
    names = ["lag_p", "lag_pn", "lag_y"]
    return arrays, Instruments(("lag_c",), tuple(names), arrays.rows[names].to_numpy())
