"""The health gate: convergence diagnostics that every fit must pass.

A fit by NUTS passes if, over all free variables, R̂ ≤ 1.01 and bulk and tail ESS ≥ 400 (the tail's
at the 5 % and 95 % quantiles, whatever a user's ArviZ settings say), no transition diverged,
BFMI ≥ 0.3 in every chain, and no tree was cut off at its greatest depth (Vehtari et al. 2021,
*Bayesian Analysis* 16:667–718; Betancourt 2018, arXiv:1701.02434).

A fit by Gibbs steps passes by R̂ and ESS alone. Independent draws of the scales pass by the weights
of their proposals, which are in the trace: Pareto k̂ ≤ 0.5, true ESS ≥ 1,600, acceptance ≥ 0.2, and
a bound of 0.005 on the distance between a draw and the posterior
(`models.inference.independence_sampler`). ESS and R̂ of the draws cannot see weights.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from analysis.posterior.engines import GIBBS, INDEPENDENCE
from analysis.posterior.jobs import NUTS
from analysis.posterior.remedies import LEAST_ESS as LEAST_OF_NUTS
from analysis.posterior.remedies import TAILS, Failure, explain
from analysis.posterior.trace import POINTWISE, attributes, identity, read
from data.shared.errors import UserError
from models.inference.independence_sampler import (
    DISTANCE,
    LARGEST_K_HAT,
    LEAST_ACCEPTANCE,
    LEAST_ESS,
    Trust,
)


@dataclass(frozen=True)
class Check:
    """One condition of the gate: a number of the trace and its bound."""

    name: str
    compute: Callable[[xr.Dataset, xr.Dataset], float]
    least: float = -np.inf
    most: float = np.inf

    def passes(self, value: float) -> bool:
        """Whether the number is within its bound; a missing number is not."""
        return bool(self.least <= value <= self.most)


def _worst(
    function: Callable[..., NDArray[np.float64]], pick: Callable, **options: object
) -> Callable[[xr.Dataset, xr.Dataset], float]:
    """Return a check's function: the worst of a diagnostic over all elements of all variables."""

    def compute(free: xr.Dataset, stats: xr.Dataset) -> float:
        arrays = (v.transpose("chain", "draw", ...).to_numpy() for v in free.data_vars.values())
        values = [function(array, chain_axis=0, draw_axis=1, **options) for array in arrays]
        # NaN, as of a chain that is stuck, stays NaN.
        return float(pick(np.concatenate([np.ravel(value) for value in values])))

    return compute


def _bfmi(free: xr.Dataset, stats: xr.Dataset) -> float:
    energy = stats["energy"].transpose("chain", "draw").to_numpy()
    return float(array_stats.bfmi(energy, chain_axis=0, draw_axis=1).min())


def _trust(name: str) -> Callable[[xr.Dataset, xr.Dataset], float]:
    """Return a check's function: a number of `models.inference.independence_sampler.Trust`."""

    def compute(free: xr.Dataset, stats: xr.Dataset) -> float:
        log_weight = stats["log_weight"].to_numpy()
        return getattr(Trust.of(log_weight.reshape(len(log_weight), -1)), name)

    return compute


OF_CHAINS = (
    Check("r_hat", _worst(array_stats.rhat, np.max), most=1.01),
    Check("ess_bulk", _worst(array_stats.ess, np.min, method="bulk"), least=LEAST_OF_NUTS),
    Check(
        "ess_tail", _worst(array_stats.ess, np.min, method="tail", prob=TAILS), least=LEAST_OF_NUTS
    ),
)

CHECKS = {
    GIBBS: OF_CHAINS,
    NUTS: (
        *OF_CHAINS,
        Check("divergences", lambda _, stats: float(stats["diverging"].sum()), most=0),
        Check("bfmi", _bfmi, least=0.3),
        Check("saturated", lambda _, stats: float(stats["maxdepth_reached"].sum()), most=0),
    ),
    INDEPENDENCE: (
        Check("k_hat", _trust("k_hat"), most=LARGEST_K_HAT),
        Check("true_ess", _trust("true_ess"), least=LEAST_ESS),
        Check("acceptance", _trust("acceptance"), least=LEAST_ACCEPTANCE),
        Check("distance", _trust("distance"), most=DISTANCE),
    ),
}
"""By the sampler that made the draws."""

NAMED = ("panel", "column", "model", "engine", "sampler", "gate", "fits")

COLUMNS = (
    *NAMED,
    *dict.fromkeys(check.name for checks in CHECKS.values() for check in checks),
    "failed",
    "parameter",
    "remedy",
)
"""The contract of results/diagnostics.csv; the last three are empty if the gate passes."""


def numbers(posterior: xr.Dataset, stats: xr.Dataset, free: Iterable[str]) -> dict[str, float]:
    """Compute the gate's numbers.

    Parameters
    ----------
    posterior, stats : Dataset
        Dims (chain, draw, …); `stats` as the engine made it, its attribute `sampler` a key of
        `CHECKS`.
    free : iterable of str
        Names of the free variables in `posterior`.
    """
    variables = posterior[list(free)]
    checks = CHECKS[stats.attrs["sampler"]]
    return {check.name: check.compute(variables, stats) for check in checks}


def failures(values: dict[str, float]) -> list[str]:
    """Name the checks that fail; none if the gate passes."""
    every = {check.name: check for checks in CHECKS.values() for check in checks}
    return [name for name, value in values.items() if not every[name].passes(value)]


def diagnose(paths: Iterable[Path]) -> pd.DataFrame:
    """Recompute the gate of each trace from its draws.

    Returns
    -------
    DataFrame
        One row per trace, columns `COLUMNS`.

    Raises
    ------
    UserError
        If a file is no trace, or if its gate is not what its draws say.
    """
    rows = []
    for path in paths:
        tree = read(path, without=POINTWISE)
        stats = tree["sample_stats"].to_dataset()
        posterior = tree["posterior"].to_dataset()
        values = numbers(posterior, stats, posterior.attrs["free_variables"].split())
        failed = failures(values)
        gate = "fail" if failed else "pass"
        if gate != tree.attrs["gate"]:
            raise UserError(
                f"{path} says that its gate is {tree.attrs['gate']!r} but its draws say {gate!r}: "
                "move it away and sample again."
            )
        rows.append(_row(tree.attrs, values, explain(tree, failed, values)))
    return pd.DataFrame(rows, columns=COLUMNS)


def stated(paths: Iterable[Path]) -> pd.DataFrame:
    """Return the gates of traces just written from their attributes, as `diagnose` does."""
    rows = []
    for path in paths:
        attrs = attributes(path)
        values = json.loads(attrs["gate_numbers"])
        failed = failures(values)
        why = explain(read(path, without=POINTWISE), failed, values) if failed else ()
        rows.append(_row(attrs, values, why))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    attrs: Mapping[str, str], values: Mapping[str, float], failed: Iterable[Failure]
) -> dict[str, object]:
    failed = list(failed)
    return {
        **identity(attrs, NAMED),
        **values,
        "failed": " ".join(check.check for check in failed),
        "parameter": " ".join(dict.fromkeys(f.parameter for f in failed if f.parameter)),
        "remedy": " ".join(check.sentence for check in failed),
    }
