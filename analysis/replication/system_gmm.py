"""System GMM of Table 5: its unstated choices as data, and one fit of a column.

The paper says "SYS-GMM" and no more. `DEFAULT` is declared here once;
`analysis.replication.gmm_grid` goes through the others.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from data.shared.errors import UserError
from models.design import (
    LAG,
    Specification,
    complete,
    refuse_no_predecessors,
    regressors,
    sample,
)
from models.frequentist.gmm import Gmm, GmmFit, GmmSpecification, Iv, fit
from models.frequentist.gmm.instruments import LEVEL_MOMENTS
from models.frequentist.gmm.solve import SingularWeights
from models.frequentist.twfe import refuse_short
from models.frequentist.two_way import resolution, two_way_parts


@dataclass(frozen=True)
class Choices:
    """Choices for the estimation of a column of Table 5.

    Attributes
    ----------
    collapse : bool
        One instrument per lag instead of one per lag and year.
    depth : int, optional
        Number of lags: y lagged first … first + depth − 1 instruments the differences; None for
        as many as there are.
    equations : "system" or "difference"
        With the levels equation, which Δy lagged once instruments, or without it.
    interest : "exogenous", "predetermined" or "endogenous"
        The regressor of interest is its own instrument, or its lags from 1 or from 2 are.
    steps : 1 or 2
    transform : "difference" or "deviations"
    first : int
        The outcome's first lag as an instrument.
    robust : bool
        Errors robust to any pattern within groups (after two steps Windmeijer's).
    """

    collapse: bool = True
    depth: int | None = 3
    equations: Literal["system", "difference"] = "system"
    interest: Literal["exogenous", "predetermined", "endogenous"] = "exogenous"
    steps: Literal[1, 2] = 2
    transform: Literal["difference", "deviations"] = "difference"
    first: int = 2
    robust: bool = True


DEFAULT = Choices()
"""Collapsed, y lagged 2–4 in differences and Δy lagged once in levels; the regressor of interest,
controls and year dummies are their own instruments in both equations; two steps with
Windmeijer's correction, h(3). Chosen since it comes near the printed rows on official data."""

FIRST_LAG = {"predetermined": 1, "endogenous": 2}
"""First lag of the regressor of interest that is a valid instrument in differences."""


def choices_of(specification: Specification) -> Choices:
    """Return the choices that a column's record makes; `DEFAULT` where it makes none."""
    options = dict(specification.options)
    if lags := options.pop("lags", None):
        options |= {"first": lags[0], "depth": lags[1] - lags[0] + 1 if lags[1] else None}
    equations = specification.estimator.removesuffix("_gmm")
    return Choices(**(options | {"equations": equations}))


def gmm_specification(
    specification: Specification, choices: Choices, dummies: tuple[str, ...]
) -> GmmSpecification:
    """Return the GMM specification of a column under the choices."""
    outcome, interest = specification.outcome, specification.interest
    exogenous = (*specification.controls, *dummies)
    deeper = None if choices.depth is None else choices.depth - 1
    last = None if deeper is None else choices.first + deeper
    sets = [Gmm(outcome, (choices.first, last), choices.collapse)]
    if choices.interest == "exogenous":
        exogenous = (*interest, *exogenous)
    else:
        first = FIRST_LAG[choices.interest]
        last = None if deeper is None else first + deeper
        sets.append(Gmm(interest, (first, last), choices.collapse))
    return GmmSpecification(
        outcome=outcome,
        regressors=(f"L.{outcome}", *specification.terms, *dummies),
        gmm=tuple(sets),
        iv=(Iv(exogenous),),
        system=choices.equations == "system",
        transform=choices.transform,
        steps=choices.steps,
        robust=choices.robust,
    )


def estimation(
    frame: pd.DataFrame, specification: Specification, choices: Choices = DEFAULT
) -> tuple[pd.DataFrame, GmmSpecification]:
    """Return a column's rows, with year dummies, and the estimation that is run on them."""
    rows = sample(frame, specification)
    refuse_invariant(complete(rows, specification), specification)
    years = rows["year"].unique() if "year" in specification.effects else ()
    dummies = {f"year{year}": (rows["year"] == year).astype(float) for year in years}
    return rows.assign(**dummies), gmm_specification(specification, choices, tuple(sorted(dummies)))


def refuse_invariant(rows: pd.DataFrame, specification: Specification) -> None:
    """Refuse a regressor that province and year effects explain, as without a lag.

    A system would give it a coefficient from its level moments alone.

    Raises
    ------
    UserError
        Naming the term.
    """
    x = regressors(rows, specification)
    within = two_way_parts(x, pd.factorize(rows["province"])[0], pd.factorize(rows["year"])[0])[2]
    length = np.linalg.norm(within, axis=0)
    refuse_short(specification.terms, length, length, resolution(x))


def fit_column(
    frame: pd.DataFrame, specification: Specification, choices: Choices | None = None
) -> GmmFit:
    """Estimate a dynamic column.

    Parameters
    ----------
    frame : DataFrame
        Columns `province`, `year`, `region` and the specification's variables; not changed.
    specification : Specification
    choices : Choices, optional
        By default those of the column's record.

    Raises
    ------
    UserError
        If it cannot be estimated, naming the cause.
    """
    choices = choices or choices_of(specification)
    rows, request = estimation(frame, specification, choices)
    refuse_no_predecessors(rows["province"], rows["year"])
    try:
        return fit(rows, request, unit="province", time="year")
    except SingularWeights as error:
        if choices != DEFAULT:  # whoever chose can collapse or ask for fewer lags
            raise
        raise UserError(
            f"Two-step GMM with {error.moments} moments needs at least {error.moments} provinces "
            f"and the sample has {error.independent}: add provinces, or take the posterior, "
            f"which has no weighting matrix (`python -m analysis sample {specification.column} "
            "--panel …`), and name the other columns to `replicate`."
        ) from None


def statistics(result: GmmFit) -> dict[str, float]:
    """Return the reported statistics of a column besides its coefficients."""
    first, second = result.serial_correlation[:2]
    levels = [test for test in result.differences if test.label == LEVEL_MOMENTS]
    reported = {
        "n": result.n,
        "ar1_z": first.z,
        "ar1_p": first.p,
        "ar2_z": second.z,
        "ar2_p": second.p,
        "hansen_p": result.hansen.p if result.hansen else None,
        "instruments": len(result.instruments),
        "levels_p": levels[0].difference.p if levels else None,
        "stationarity_p": result.mean_stationarity.p if result.mean_stationarity else None,
        "lag_pooled": result.bracket.pooled if result.bracket else None,
        "lag_within": result.bracket.within if result.bracket else None,
    }
    return {name: value for name, value in reported.items() if value is not None}


def coefficients(result: GmmFit) -> pd.DataFrame:
    """Return the table of a fit without its year dummies, the lagged outcome called `LAG`."""
    table = result.table().rename(index={f"L.{result.specification.outcome}": LAG})
    return table[~table.index.str.fullmatch(r"year\d+")]
