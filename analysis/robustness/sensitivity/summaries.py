"""Summaries: out-of-sample comparison of models, and the largest shifts."""

from collections.abc import Mapping

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from analysis.robustness.sensitivity.tables import COMPARISON, JOB, QUANTITY
from analysis.specifications import select


def comparison(provinces: pd.DataFrame) -> pd.DataFrame:
    """Compare models by leave-one-province-out predictive accuracy.

    Parameters
    ----------
    provinces : DataFrame
        results/long/sensitivity_provinces.csv.

    Returns
    -------
    DataFrame
        Columns `COMPARISON`, by ArviZ's `compare` with provinces as units.
    """
    rankings = []
    for (panel, column), rows in provinces.groupby(["panel", "column"], sort=False):
        wide = rows.pivot(index="province", columns="model", values="elpd")
        compared = az.compare({name: _elpd(wide[name]) for name in wide}, round_to="none")
        error = rows.groupby("model")["mcse"].agg(lambda errors: np.sqrt((errors**2).sum()))
        compared = compared.assign(
            panel=panel, column=column, provinces=len(wide), mcse=error
        ).rename_axis("model")
        rankings.append(compared.reset_index()[list(COMPARISON)])
    return pd.concat(rankings, ignore_index=True) if rankings else pd.DataFrame(columns=COMPARISON)


def _elpd(density: pd.Series) -> az.ELPDData:
    values = density.to_numpy()
    return az.ELPDDataLOOKFold(
        elpd=values.sum(),
        se=np.sqrt(len(values) * values.var()),
        p=np.nan,
        n_samples=1,
        n_data_points=len(values),
        scale="log",
        warning=False,
        good_k=None,
        elpd_i=xr.DataArray(values, dims="province"),
        n_folds=len(values),
    )


def summaries(by_table: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the terminal's views of `TABLES`, by title."""
    terms = [(record.column, term) for record in select(()) for term in record.interest]
    interest = pd.DataFrame(terms, columns=["column", "term"])
    priors, power = by_table["priors"].merge(interest), by_table["power"].merge(interest)
    return {
        "Leave-one-province-out predictive accuracy (summed joint log density)": comparison(
            by_table["provinces"]
        ),
        "Most influential provinces (shift in posterior sd; TWFE in SE)": (
            farthest(by_table["influence"], ["term", "region"])
        ),
        "Most influential years (shift in posterior sd; TWFE in SE)": (
            farthest(by_table["years"], ["term", "region"])
        ),
        "Largest shifts under other priors (shift in posterior sd)": farthest(
            priors, list(QUANTITY), most=2
        ),
        "Power-scaling sensitivity of the terms of interest, all priors": power.loc[
            power["scaled"] == "all", [*JOB, *QUANTITY, "prior", "likelihood", "diagnosis"]
        ],
    }


def farthest(rows: pd.DataFrame, of: list[str], most: int = 3) -> pd.DataFrame:
    """Return, of each fit and each of what `of` names, the `most` rows of largest |shift|."""
    keys = [*JOB, *of]
    far = rows.assign(far=rows["shift"].abs()).sort_values("far", ascending=False)
    top = far.groupby(keys, sort=False).head(most).sort_values(keys, kind="stable")
    return top.drop(
        columns=["far", "key", *(c for c in ("home", "twfe_whole", "twfe_se") if c in top)]
    )
