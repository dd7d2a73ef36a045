"""Leave one row out: densities row by row, and differences between models of one column.

Models are compared on the same rows of the same outcomes, row by row: most of what makes a row
hard to predict is common to them, so the error of a difference is not that of two sums.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.posterior.trace import identity
from analysis.specifications import select

Array = NDArray[np.float64]

TRUSTED_K = 0.7
"""Largest Pareto k̂ at which a row's density is trusted (Vehtari et al. 2024, *JMLR* 25(72))."""

EXACT = 1e-9
"""A row whose log density varies by less over all draws is known without smoothing: leaving it out
changes nothing. A growth model's first row of each province is such a row."""

NAMED = 3
"""So many of the rows beyond it are named."""

COLUMNS = ("panel", "column", "model", "elpd", "elpd_diff", "se_diff", "se_diff_province",
           "k_bad", "rows")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pointwise:
    """What leaving each row out says of one trace.

    Attributes
    ----------
    panel, column, model : str
    outcomes : str
        Names of what is predicted, joined by blanks.
    rows : tuple of str
        Labels, "province year".
    province : ndarray of str, shape (n,)
    elpd, k : ndarray, shape (n,)
        Log density of each row left out, and its Pareto k̂.
    limit : float
        `TRUSTED_K`, or less if there are few draws.
    total : float
        Sum of `elpd`.
    se, p_loo : float
        The sum's standard error over rows, and the effective number of parameters.
    """

    panel: str
    column: str
    model: str
    outcomes: str
    rows: tuple[str, ...]
    province: NDArray[np.str_]
    elpd: Array
    k: Array
    limit: float
    total: float
    se: float
    p_loo: float

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Which rows' densities cannot be trusted."""
        return self.k > self.limit


def leave_rows_out(tree: xr.DataTree) -> tuple[az.ELPDData, NDArray[np.bool_]]:
    """Return ArviZ's estimate over the rows whose density varies, and which those are, shape (n,).

    Parameters
    ----------
    tree : DataTree
        With the groups `log_likelihood` (dims chain, draw, obs) and `posterior`.
    """
    density = tree["log_likelihood"]["y"]
    draws = ("chain", "draw")
    varies = (density.max(draws) - density.min(draws) > EXACT).to_numpy()
    # ArviZ refuses a row without a tail, and with it all the others.
    part = {
        "/posterior": tree["posterior"].to_dataset(),
        "/log_likelihood": xr.Dataset({"y": density[..., varies]}),
    }
    with warnings.catch_warnings():
        # What it warns of, the Pareto k̂, is reported beside the estimate.
        warnings.filterwarnings("ignore", "Estimated shape parameter of Pareto")
        estimate = az.loo(xr.DataTree.from_dict(part), var_name="y", pointwise=True)
    return estimate, varies


def pointwise(tree: xr.DataTree) -> Pointwise:
    """Leave the rows of a trace out by Pareto-smoothed importance sampling.

    Parameters
    ----------
    tree : DataTree
        With the groups `log_likelihood` (dims chain, draw, obs), `posterior`, `observed_data` and
        `constant_data`.
    """
    estimate, varies = leave_rows_out(tree)
    density, draws = tree["log_likelihood"]["y"], ("chain", "draw")
    elpd = density.mean(draws).to_numpy().astype(float)
    k = np.full(len(elpd), -np.inf)
    elpd[varies], k[varies] = estimate.elpd_i.to_numpy(), estimate.pareto_k.to_numpy()
    outcome = select([tree.attrs["column"]])[0].outcome
    outcomes = tree["observed_data"].get("outcome", xr.DataArray([outcome]))
    province, year = (tree["constant_data"][f"row_{n}"].to_numpy() for n in ("province", "year"))
    return Pointwise(
        **identity(tree.attrs),
        outcomes=" ".join(outcomes.to_numpy().tolist()),
        rows=tuple(f"{p} {y}" for p, y in zip(province, year, strict=True)),
        province=province.astype(str),
        elpd=elpd,
        k=k,
        limit=min(TRUSTED_K, float(estimate.good_k)),
        total=float(elpd.sum()),
        se=float(np.sqrt(len(elpd) * elpd.var(ddof=1))),
        p_loo=estimate.p,
    )


def differences(listed: Iterable[Pointwise]) -> pd.DataFrame:
    """Compare models of one column on one panel by their rows left out.

    Parameters
    ----------
    listed : iterable of Pointwise
        Those that predict other outcomes or other rows are compared apart.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, the best of each group first; groups of one are left out. `elpd_diff`
        is from the best; `se_diff` is √(n·Var(dᵢ)), dᵢ the difference in row i (Vehtari, Gelman
        & Gabry 2017, *Statistics and Computing* 27:1413–1432, equation 24); `se_diff_province`
        the same of sums over provinces, whose rows are not independent.
    """
    table_rows = []
    ordered = sorted(listed, key=lambda fit: (_group(fit), -fit.total))
    for _, members in groupby(ordered, key=_group):
        best, *worse = members
        for fit in (best, *worse) if worse else ():
            by_row = pd.Series(fit.elpd - best.elpd)
            table_rows.append(
                {
                    **{name: getattr(fit, name) for name in ("panel", "column", "model")},
                    "elpd": fit.total,
                    "elpd_diff": by_row.sum(),
                    "se_diff": _se_of_sum(by_row),
                    "se_diff_province": _se_of_sum(by_row.groupby(fit.province).sum()),
                    "k_bad": int(fit.bad.sum()),
                    "rows": len(fit.rows),
                }
            )
    return pd.DataFrame(table_rows, columns=list(COLUMNS))


def doubts(listed: Iterable[Pointwise]) -> list[str]:
    """Say of each model with rows that cannot be trusted how many, which are worst, what helps."""
    sentences = []
    for fit in listed:
        if fit.bad.any():
            worst = np.argsort(-fit.k)[: min(NAMED, fit.bad.sum())]
            named = ", ".join(f"{fit.rows[i]} ({fit.k[i]:.2f})" for i in worst)
            sentences.append(
                f"{fit.panel} {fit.column}-{fit.model}: Pareto k is above {fit.limit:.2g} in "
                f"{fit.bad.sum()} of {len(fit.rows)} rows, largest {named}: its elpd is not to "
                "be trusted; `python -m analysis sensitivity` leaves provinces out exactly."
            )
    return sentences


def _group(fit: Pointwise) -> tuple:
    return fit.panel, fit.column, fit.outcomes, fit.rows


def _se_of_sum(values: pd.Series) -> float:
    return float(np.sqrt(len(values) * values.var(ddof=1)))
