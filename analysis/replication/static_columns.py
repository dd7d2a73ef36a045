"""Columns of static panel estimators but the two-way one: `models.frequentist.panel_estimators`."""

import pandas as pd

from data.panels.panel import Panel
from models.design import Specification, design
from models.frequentist.coefficient_table import stars
from models.frequentist.panel_estimators import ESTIMATORS
from models.frequentist.panel_fit import PanelFit
from models.frequentist.two_stage import Instruments


def fit_column(frame: pd.DataFrame, specification: Specification) -> PanelFit:
    """Estimate a column by its own estimator.

    Parameters
    ----------
    frame : DataFrame
        Columns `province`, `year`, `region` and the specification's variables.
    specification : Specification
        Of an estimator in `ESTIMATORS`; its effects of units are the estimator's.

    Raises
    ------
    UserError
        If it cannot be estimated, naming the cause.
    """
    estimator = ESTIMATORS[specification.estimator]
    arrays = design(frame, specification)
    arguments = [arrays]
    if estimator.instruments:
        values = arrays.rows[list(specification.instruments)].to_numpy(float)
        arguments.append(Instruments(specification.endogenous, specification.instruments, values))
    periods = {"periods": "year" in specification.effects} if estimator.periods else {}
    kinds = ("conventional", *(("clustered",) if estimator.periods else ()), specification.errors)
    return estimator.function(*arguments, **periods, errors=tuple(dict.fromkeys(kinds)))


def estimates(
    panel: Panel, specification: Specification, draws: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Estimate a column: `coef, se, stars, p` for each term under its own kind of errors.

    Beside them, where the estimator has them, `se_cluster, p_cluster`; of the whole column `n`,
    `r2` (of the estimator's own equation) and `r2_within`. Nothing is drawn.
    """
    fit = fit_column(panel.frame, specification)
    table = fit.table(kind=specification.errors)[["coef", "se", "p"]]
    table.insert(2, "stars", table["p"].map(stars))
    if "clustered" in fit.standard_errors:
        table["se_cluster"] = fit.se_cluster
        table["p_cluster"] = fit.p("clustered")
    return table, {"n": fit.n, "r2": fit.r2, "r2_within": fit.r2_within}
