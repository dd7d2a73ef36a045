"""Posteriors over draws of what is not observed: an equal-weight mixture of the draws' posteriors.

A mixture of the posteriors of completed data sets is the posterior given what is observed, if the
draws are from its predictive distribution (Gelman et al. 2013, *Bayesian Data Analysis*, section
18.2).
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.comparison.coefficients import ROPE, assess, published_slopes, slopes
from analysis.posterior import trace
from data.panels.catalogue import DRAWN, OF_IMPUTED, imputed_draws, together

JUDGED = ("p_same_sign", "p_rope", "p_printed")
"""Probabilities that the ledger reads (`analysis.comparison.coefficients`), means over draws."""

COLUMNS = (
    *("panel", "column", "model", "fitted_column", "term", "published", "draws", "failed"),
    *("mean", "sd", "q025", "q975", "p_positive", "share", "lowest", "highest"),
    *("per_sd", "per_sd_sd", *JUDGED, "fits"),
)
"""The contract of results/long/imputed_posteriors.csv: `draws` whose fit passed its gate, and those
that `failed`; moments and quantiles of the mixture; the share of its variance that comes of
imputation; the lowest and highest posterior mean of a draw; and the slope per standard deviation of
the regressor, in those of the outcome, both of two-way residuals in each draw; `JUDGED`; and what
`analysis.posterior.fits` says of the model, "fail" if of any draw."""


WORST = ("", "pass", "fail")
"""Verdicts of fits, the worst last."""


def of_draws(paths: Iterable[Path]) -> list[Path]:
    """Return those of traces' paths that are of draws of a panel."""
    return [path for path in paths if OF_IMPUTED.fullmatch(path.parent.name)]


def mixtures(paths: Iterable[Path]) -> pd.DataFrame:
    """Pool the slopes of all traces of draws; variants and traces of other panels are left out.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, `panel` as "official:imputed".
    """
    drawn: dict[tuple[str, ...], list] = {}
    failed: dict[tuple[str, ...], int] = {}
    printed = published_slopes()
    for path in of_draws(paths):
        tree = trace.read(path, without=trace.POINTWISE)
        attrs = tree.attrs
        if trace.VARIANT in attrs:
            continue
        panel = together(attrs["panel"])
        for slope in slopes(tree):
            key = (panel, slope.column, attrs["model"], attrs["column"], slope.term)
            if (slope.column, slope.term) not in printed.index:
                continue
            if attrs["gate"] == "pass":
                assessed = assess(
                    slope.draws, *printed.loc[(slope.column, slope.term)], gate="pass"
                )
                assessed |= slope.beyond_zero(ROPE) | {"fits": attrs.get(trace.FITS, "")}
                drawn.setdefault(key, []).append((np.ravel(slope.draws), slope.unit, assessed))
            else:
                failed[key] = failed.get(key, 0) + 1
    rows = []
    for key, fits in drawn.items():
        values = [draws for draws, _, _ in fits]
        scaled = [draws / unit for draws, unit, _ in fits]
        start = dict(zip(("panel", "column", "model", "fitted_column", "term"), key, strict=True))
        start |= {"published": printed.loc[(key[1], key[4]), "coef"], "failed": failed.get(key, 0)}
        per_sd = mixture(scaled)
        last = {"per_sd": per_sd["mean"], "per_sd_sd": per_sd["sd"]}
        last |= {name: np.mean([assessed[name] for *_, assessed in fits]) for name in JUDGED}
        last |= {"fits": max((assessed["fits"] for *_, assessed in fits), key=WORST.index)}
        rows.append(start | mixture(values) | last)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def complete(mixtures: pd.DataFrame) -> pd.DataFrame:
    """Return the mixtures over all draws of their panel: others are no estimate.

    Parameters
    ----------
    mixtures : DataFrame
        From `mixtures`, or the committed table.
    """
    sizes = [len(imputed_draws(name.removesuffix(DRAWN))) for name in mixtures["panel"]]
    return mixtures[mixtures["draws"] + mixtures["failed"] == sizes]


def mixture(draws: list[np.ndarray]) -> dict[str, float]:
    """Summarise an equal-weight mixture of m posteriors.

    Parameters
    ----------
    draws : list of ndarray
        Each posterior's draws of one number; they may differ in length.

    Returns
    -------
    dict
        `draws` (m), `mean, sd, q025, q975, p_positive, share, lowest, highest`.
    """
    means = np.array([of_fit.mean() for of_fit in draws])
    within, between = np.mean([of_fit.var() for of_fit in draws]), means.var()
    values = np.concatenate(draws)
    weights = np.concatenate([np.full(len(of_fit), 1 / len(of_fit)) for of_fit in draws])
    q025, q975 = np.quantile(values, [0.025, 0.975], weights=weights, method="inverted_cdf")
    return {
        "draws": len(draws),
        "mean": means.mean(),
        "sd": np.sqrt(within + between),
        "q025": q025,
        "q975": q975,
        "p_positive": np.average(values > 0, weights=weights),
        "share": between / (within + between),
        "lowest": means.min(),
        "highest": means.max(),
    }
