"""Static panel estimators: least squares by linearmodels' classes, two-stage ones of `two_stage`.

All take the model y_it = a_i + d_t + x_it'b + e_it, in which d_t are dummies, if asked for:

- `pooled_ols`: least squares without a_i (Stata's `regress`).
- `within`: a_i as dummies (`xtreg, fe`).
- `between`: least squares on unit means (`xtreg, be`).
- `random_effects`: feasible GLS, a_i random and independent of x. Variance components after Swamy
  and Arora (1972, *Econometrica* 40:261–275), of the within and the between residuals. On
  unbalanced panels with the harmonic mean of the units' periods, as Stata's `xtreg, re`; its `sa`
  and R's plm have Baltagi and Chang's formula there.
- `iv`, `within_iv`, `fd_iv`: two-stage least squares on levels (`ivregress 2sls, small`), on
  deviations from unit means (`xtivreg, fe`) and on first differences (`xtivreg, fd`).

linearmodels clusters by unit only with `cluster_entity`, and has Stata's small-sample factor only
with `group_debias`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from data.shared.errors import UserError
from models.design import Design
from models.frequentist.panel_fit import (
    BOTH,
    PanelFit,
    centred,
    errors_of,
    record,
    refuse_collinear,
    refuse_few,
    unit_means,
    with_constant,
    with_period_dummies,
)
from models.frequentist.twfe import CONSTANT
from models.frequentist.two_stage import fd_iv, iv, within_iv
from models.frequentist.two_way import resolution


def pooled_ols(design: Design, periods: bool = False, errors: Sequence[str] = BOTH) -> PanelFit:
    """Regress on the terms and a constant.

    Parameters
    ----------
    design : Design
    periods : bool
        With period dummies.
    errors : sequence of str
        Kinds of standard errors.
    """
    from linearmodels.panel import PooledOLS

    full = with_period_dummies(design) if periods else design
    refuse_few(len(full.y), len(full.terms) + 1, "rows")
    refuse_collinear(full.terms, centred(full.x), full.x, "among all rows")
    return _fit(design, full, PooledOLS(*_frames(full)), errors)


def within(design: Design, periods: bool = False, errors: Sequence[str] = BOTH) -> PanelFit:
    """Regress on the terms and unit dummies; arguments as `pooled_ols`.

    The constant is the mean of y − x'b, as Stata's.
    """
    from linearmodels.panel import PanelOLS

    full = with_period_dummies(design) if periods else design
    refuse_few(len(full.y), len(full.provinces) + len(full.terms), "rows")
    net = full.x - unit_means(full, full.x)[full.province]
    refuse_collinear(full.terms, net, full.x, "within units")
    return _fit(design, full, PanelOLS(*_frames(full), entity_effects=True), errors)


def between(design: Design, errors: Sequence[str] = ("conventional",)) -> PanelFit:
    """Regress unit means on unit means, one row a unit; errors are conventional or robust."""
    from linearmodels.panel import BetweenOLS

    means = unit_means(design, design.x)
    refuse_few(len(means), len(design.terms) + 1, "units")
    refuse_collinear(design.terms, centred(means), means, "between units")
    model = BetweenOLS(*_frames(design))
    fits = {kind: _fits(model)[kind] for kind in ("conventional", "robust")}
    result = fits["conventional"]()
    return record(
        design,
        result,
        errors_of(fits, errors, len(means), "unit means"),
        result.params.to_numpy(),
        n=len(means),
        df=len(means) - len(design.terms) - 1,
    )


def random_effects(design: Design, periods: bool = False, errors: Sequence[str] = BOTH) -> PanelFit:
    """Feasible GLS with Swamy and Arora's components; tests are of z, arguments as `pooled_ols`."""
    from linearmodels.panel import RandomEffects

    full = with_period_dummies(design) if periods else design
    refuse_few(len(full.provinces), len(design.terms) + 1, "units")
    refuse_collinear(full.terms, centred(full.x), full.x, "among all rows")
    net = design.x - unit_means(design, design.x)[design.province]
    if not (np.linalg.norm(net, axis=0) > resolution(design.x)).any():
        raise UserError(
            "No regressor varies within units, so their random effects cannot be told from other "
            "errors: take the between estimator."
        )
    return _fit(design, full, RandomEffects(*_frames(full)), errors, df=np.inf)


@dataclass(frozen=True)
class Estimator:
    """One estimator of a static column.

    Attributes
    ----------
    name : str
        As a study names it.
    function : callable
        Of a design, then of `Instruments` if it needs them.
    sentence : str
        What it does.
    instruments : bool
        Whether it needs `Instruments`.
    periods : bool
        Whether it can have period dummies.
    """

    name: str
    function: Callable[..., PanelFit]
    sentence: str
    instruments: bool = False
    periods: bool = True


ESTIMATORS = {
    record.name: record
    for record in (
        Estimator("pooled_ols", pooled_ols, "Least squares without unit effects."),
        Estimator("within", within, "Least squares with fixed effects of units."),
        Estimator("between", between, "Least squares on unit means.", periods=False),
        Estimator("random_effects", random_effects, "GLS with random effects of units."),
        Estimator("iv", iv, "Two-stage least squares on levels.", instruments=True),
        Estimator("within_iv", within_iv, "Two-stage least squares within units.", True),
        Estimator("fd_iv", fd_iv, "Two-stage least squares on first differences.", True),
    )
}
"""By name; two-way fixed effects and GMM have modules of their own."""


# --- linearmodels --------------------------------------------------------------------------------


def _frames(design: Design) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return outcome and regressors with a constant, indexed by unit and period."""
    index = pd.MultiIndex.from_arrays([design.province, design.year])
    x = pd.DataFrame(with_constant(design.x), index=index, columns=[*design.terms, CONSTANT])
    return pd.DataFrame({"y": design.y}, index=index), x


def _fits(model: Any) -> dict[str, Callable[[], Any]]:
    """Return by kind of errors how a panel model of linearmodels is fitted."""
    clustered = partial(model.fit, cov_type="clustered", cluster_entity=True, group_debias=True)
    return {
        "conventional": model.fit,
        "robust": partial(model.fit, cov_type="robust"),
        "clustered": clustered,
        "two_way_clustered": partial(clustered, cluster_time=True),
        "driscoll_kraay": partial(model.fit, cov_type="driscoll-kraay"),
    }


def _refuse_closed_gaps(years: Sequence[int]) -> None:
    """Refuse Driscoll and Kraay's errors where periods are not evenly spaced.

    They weigh products of two periods' scores by the distance between these. linearmodels 7.1
    counts the periods that there are, and so takes those beside a gap for neighbours.
    """
    steps = np.diff(years)
    if len(wide := np.flatnonzero(steps > min(steps, default=1))):
        before, after = years[wide[0]], years[wide[0] + 1]
        raise UserError(
            f"No unit has a row between {before} and {after}, and Driscoll and Kraay's errors need "
            "evenly spaced periods: choose other errors, such as clustered, or leave out the "
            f"periods before {after} or from it on."
        )


def _fit(
    design: Design, full: Design, model: Any, errors: Sequence[str], df: float | None = None
) -> PanelFit:
    """Fit a panel model of the design with period dummies, and report the terms of `design`."""
    fits = _fits(model)
    if "driscoll_kraay" in errors:
        _refuse_closed_gaps(full.years)
    # The matrices are small: threads of the linear algebra wait for each other more than they do.
    with threadpool_limits(limits=1, user_api="blas"):
        result = fits["conventional"]()
        standard_errors = errors_of(fits, errors, len(full.provinces), "this estimator")
    return record(
        full,
        result,
        standard_errors,
        result.params.to_numpy(),
        n=len(full.y),
        df=result.df_resid if df is None else df,
        terms=design.terms,
    )
