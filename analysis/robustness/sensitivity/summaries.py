"""What the tables say: models compared out of sample, and what moves farthest."""

from collections.abc import Mapping

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr

from analysis.robustness.sensitivity.tables import COMPARISON, JOB, QUANTITY
from analysis.specifications import select


def comparison(provinces: pd.DataFrame) -> pd.DataFrame:
    """Compare models by how well they foresee provinces that they have not seen.

    Parameters
    ----------
    provinces : DataFrame
        results/sensitivity_provinces.csv.

    Returns
    -------
    DataFrame
        Columns `COMPARISON`, by ArviZ's `compare` with provinces as units.
    """
    found = []
    for (panel, column), rows in provinces.groupby(["panel", "column"], sort=False):
        wide = rows.pivot(index="province", columns="model", values="elpd")
        compared = az.compare({name: _elpd(wide[name]) for name in wide}, round_to="none")
        error = rows.groupby("model")["mcse"].agg(lambda each: np.sqrt((each**2).sum()))
        compared = compared.assign(
            panel=panel, column=column, provinces=len(wide), mcse=error
        ).rename_axis("model")
        found.append(compared.reset_index()[list(COMPARISON)])
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COMPARISON)


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


def summaries(found: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return what the terminal shows of `TABLES`, by title."""
    terms = [(record.column, term) for record in select(()) for term in record.interest]
    interest = pd.DataFrame(terms, columns=["column", "term"])
    priors, power = found["priors"].merge(interest), found["power"].merge(interest)
    return {
        "Leave one province out: joint log density of its rows, summed": comparison(
            found["provinces"]
        ),
        "Provinces without which a slope moves farthest (shift in posterior sd; TWFE in SE)": (
            farthest(found["influence"], ["term", "region"])
        ),
        "Years without which a slope moves farthest (shift in posterior sd; TWFE in SE)": (
            farthest(found["years"], ["term", "region"])
        ),
        "Other priors under which a quantity moves farthest (shift in posterior sd)": farthest(
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
