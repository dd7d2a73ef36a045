"""The paper's estimators on every draw of an official panel, pooled by Rubin's rules."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.replication import system_gmm
from analysis.shared import rubin
from analysis.shared.digits import with_spread
from data.panels.catalogue import DRAWN, OF_IMPUTED
from data.panels.panel import Panel
from data.shared.errors import located
from models.design import Specification, design
from models.frequentist import twfe
from models.frequentist.two_way import two_way_parts

COLUMNS = (
    *("panel", "column", "term", "draws", "estimate", "mean", "se", "low", "high", "share"),
    *("se_province", "low_province", "high_province", "share_province", "per_sd", "per_sd_se"),
)
"""The contract of results/long/imputed.csv: the panel's own estimate; then over draws the mean, its
standard error and 95 % interval, and the share of the variance that comes of imputation, by the
estimator's own standard errors and by those clustered by province (not of system GMM); and the
slope per standard deviation of the regressor, in those of the outcome, both of two-way residuals in
each draw."""


def by_base(panels: Iterable[Panel]) -> dict[str, list[Panel]]:
    """Return the draws among panels, by the name of what they are draws of; others are left out."""
    draws: dict[str, list[Panel]] = {}
    for panel in panels:
        if drawn := OF_IMPUTED.fullmatch(panel.name):
            draws.setdefault(drawn[1], []).append(panel)
    return draws


def pooled(
    draws: Mapping[str, Sequence[Panel]],
    own: Mapping[str, Panel],
    records: Sequence[Specification],
) -> pd.DataFrame:
    """Pool the slopes of interest over the draws of each panel.

    Parameters
    ----------
    draws : mapping of str to sequence of Panel
        From `by_base`, two or more of each.
    own : mapping of str to Panel
        The official panels themselves.
    records : sequence of Specification

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, `panel` as "official:imputed".
    """
    rows = []
    for base, panels in draws.items():
        for record in records:
            slopes = np.array([_slopes(panel, record) for panel in panels])
            of_base = _slopes(own[base], record)
            df = _df(own[base], record)
            for i, term in enumerate(record.interest):
                estimate, se, clustered, scale = np.moveaxis(slopes[:, i], -1, 0)
                plain = rubin.pool(estimate, se**2, df[0])
                by_province = rubin.pool(estimate, clustered**2, df[1])
                per_sd = rubin.pool(estimate * scale, (se * scale) ** 2, df[0])
                values = (
                    *(f"{base}{DRAWN}", record.column, term, len(panels), of_base[i, 0]),
                    *(plain.estimate, plain.se, *plain.interval(), plain.share),
                    *(by_province.se, *by_province.interval(), by_province.share),
                    *(per_sd.estimate, per_sd.se),
                )
                rows.append(dict(zip(COLUMNS, values, strict=True)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _slopes(panel: Panel, record: Specification) -> np.ndarray:
    """Return estimate, standard errors and scale of the terms of interest, shape (terms, 4)."""
    with located(panel.name, record.column):
        regression = design(panel.frame, record)
        columns = np.column_stack([regression.y, regression.x])
        sd = two_way_parts(columns, regression.province, regression.year)[2].std(axis=0)
        scale = sd[1:] / sd[0]
        positions = [regression.terms.index(term) for term in record.interest]
        if record.dynamic:
            fit = system_gmm.coefficients(system_gmm.fit_column(panel.frame, record))
            rows = [(*fit.loc[term, ["coef", "se"]], np.nan) for term in record.interest]
        else:
            fitted = twfe.fit(regression)
            rows = np.column_stack([fitted.coef, fitted.se, fitted.se_cluster])[positions]
        return np.column_stack([np.asarray(rows, float), scale[positions]])


def _df(panel: Panel, record: Specification) -> tuple[float, float]:
    """Return the degrees of freedom of both kinds of standard errors."""
    regression = design(panel.frame, record)
    n, t, k = len(regression.provinces), len(regression.years), len(regression.terms)
    return float(len(regression.y) - n - (t - 1) - k), float(n - 1)


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table for a reader."""
    cells = table[["panel", "column", "term", "estimate"]].copy()
    cells["pooled (SE)"] = _pairs(table["mean"], table["se"])
    cells["share of variance"] = table["share"].round(3)
    cells["clustered SE"] = table["se_province"]
    cells["share, clustered"] = table["share_province"].round(3)
    cells["per sd (SE)"] = _pairs(table["per_sd"], table["per_sd_se"])
    return cells


def _pairs(values: pd.Series, errors: pd.Series) -> list[str]:
    return [with_spread(b, s, least=4) for b, s in zip(values, errors, strict=True)]
