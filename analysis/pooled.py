"""Posteriors over the ensemble of exact panels: what the tables leave open, beside sampling error.

Every panel of the ensemble meets the printed numbers, so a posterior that differs between them
is not determined by what the paper prints.
"""

import pandas as pd

from data.panel import MEMBER

KEYS = ["column", "model", "fitted_column", "term"]

COLUMNS = (
    *KEYS, "published", "panels", "mean", "sd", "within_sd", "between_sd", "lowest", "highest",
)  # fmt: skip


def is_member(panels: pd.Series) -> pd.Series:
    """Tell which names of panels are those of the ensemble."""
    return panels.map(lambda name: MEMBER.fullmatch(name) is not None).astype(bool)


def pool(comparison: pd.DataFrame) -> pd.DataFrame:
    """Pool the posteriors of the ensemble's panels, as Rubin pools imputations.

    Parameters
    ----------
    comparison : DataFrame
        Rows of results/comparison.csv; only those of the ensemble are used.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: the mean over panels of the posterior means; `within_sd`, the root mean
        posterior variance; `between_sd`, the standard deviation of the posterior means over
        panels; `sd`, √(within² + (1 + 1/m) between²) with m panels (Rubin 1987, *Multiple
        Imputation for Nonresponse in Surveys*, equation 3.1.5); the lowest and the highest
        posterior mean. The between part is a lower bound: the panels are those that were found.
    """
    rows = []
    for key, own in comparison[is_member(comparison["panel"])].groupby(KEYS, sort=False):
        within, between, m = (own["sd"] ** 2).mean(), own["mean"].var(), len(own)
        rows.append(
            {
                **dict(zip(KEYS, key, strict=True)),
                "published": own["published"].iloc[0],
                "panels": m,
                "mean": own["mean"].mean(),
                "sd": (within + (1 + 1 / m) * between) ** 0.5,
                "within_sd": within**0.5,
                "between_sd": between**0.5,
                "lowest": own["mean"].min(),
                "highest": own["mean"].max(),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)
