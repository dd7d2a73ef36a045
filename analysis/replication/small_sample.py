"""A GMM's t values with small-sample errors: σ² over n − k in place of n.

xtabond2 has them as its option `small` (Roodman 2009, *Stata Journal* 9(1)); some programs and
textbooks have no others.
"""

from dataclasses import replace

import pandas as pd

from analysis.replication.system_gmm import choices_of, coefficients, estimation
from models.design import Specification
from models.frequentist.gmm import fit


def t_values(frame: pd.DataFrame, specification: Specification) -> pd.Series:
    """Estimate a dynamic column by its own choices, with small-sample errors.

    Parameters
    ----------
    frame : DataFrame
        Columns `province`, `year`, `region` and the specification's variables; not changed.
    specification : Specification
        With its estimator's choices.

    Returns
    -------
    Series
        t of each term, the lagged outcome called `L.y`.
    """
    rows, request = estimation(frame, specification, choices_of(specification))
    table = coefficients(fit(rows, replace(request, small=True), unit="province", time="year"))
    return table["coef"] / table["se"]
