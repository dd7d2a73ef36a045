"""Posteriors over the ensemble of exact panels: variation that the tables do not identify.

Every panel of the ensemble meets the printed numbers, so a posterior that differs between them
is not determined by what the paper prints.
"""

import pandas as pd

from data.panels.catalogue import MEMBER, PANELS

KEYS = ["column", "model", "fitted_column", "term"]

COLUMNS = (
    *KEYS, "published", "panels", "mean", "sd", "within_sd", "between_sd", "lowest", "highest",
)  # fmt: skip

RANGE = ("ensemble_low", "ensemble_high", "ensemble_panels")
"""What `with_range` fills of a row of results/comparison.csv."""


def is_member(panels: pd.Series) -> pd.Series:
    """Return which names of panels are those of the ensemble."""
    return panels.map(lambda name: MEMBER.fullmatch(name) is not None).astype(bool)


def pool(comparison: pd.DataFrame) -> pd.DataFrame:
    """Pool the posteriors of the ensemble's panels, as Rubin pools imputations.

    Parameters
    ----------
    comparison : DataFrame
        Rows of results/comparison.csv; only those of the ensemble are used, and of these only
        fits that passed their gate.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: the mean over panels of the posterior means; `within_sd`, the root mean
        posterior variance; `between_sd`, the standard deviation of the posterior means over
        panels; `sd`, √(within² + (1 + 1/m) between²) with m panels (Rubin 1987, *Multiple
        Imputation for Nonresponse in Surveys*, equation 3.1.5); the lowest and the highest
        posterior mean. The between part is a lower bound: the panels are those that were found.
    """
    return _pool(comparison[is_member(comparison["panel"])])


def _pool(comparison: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for key, fits in comparison[comparison["gate"] == "pass"].groupby(KEYS, sort=False):
        within, between, m = (fits["sd"] ** 2).mean(), fits["mean"].var(), len(fits)
        rows.append(
            {
                **dict(zip(KEYS, key, strict=True)),
                "published": fits["published"].iloc[0],
                "panels": m,
                "mean": fits["mean"].mean(),
                "sd": (within + (1 + 1 / m) * between) ** 0.5,
                "within_sd": within**0.5,
                "between_sd": between**0.5,
                "lowest": fits["mean"].min(),
                "highest": fits["mean"].max(),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def with_range(comparison: pd.DataFrame) -> pd.DataFrame:
    """Add to each slope on the panel `implied` its range over all exact panels.

    That panel, the nearest to official data, meets the printed numbers as the ensemble's do, so
    it is one of them: a range without it could leave out the slope itself.

    Parameters
    ----------
    comparison : DataFrame
        Rows of results/comparison.csv, those of the ensemble among them.

    Returns
    -------
    DataFrame
        The rows of the other panels, each as it was but for three columns: lowest and highest
        posterior mean over the exact panels and their number, of fits that passed their gate;
        empty on other panels, and where the ensemble has not been sampled.
    """
    nearest, member = PANELS[-1].name, is_member(comparison["panel"])
    sampled = comparison[member].set_index(KEYS).index
    on_nearest = (comparison["panel"] == nearest) & comparison.set_index(KEYS).index.isin(sampled)
    new_names = dict(zip(("lowest", "highest", "panels"), RANGE, strict=True))
    over = _pool(comparison[member | on_nearest]).rename(columns=new_names).assign(panel=nearest)
    over = over[["panel", *KEYS, *RANGE]].astype({RANGE[-1]: "Int64"})
    outside = comparison[~member].drop(columns=list(RANGE))
    return outside.merge(over, how="left", on=["panel", *KEYS], validate="one_to_one")
