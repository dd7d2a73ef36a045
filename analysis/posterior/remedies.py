"""Which parameter fails a check of the health gate, and what helps, by kind of failure.

R̂ and ESS are of single parameters: the worst is named. Divergences, cut-off trees and a low BFMI
are of whole transitions: named is the parameter that differs most at those, or goes most with the
energy (Betancourt 2018, arXiv:1701.02434, sections 5 and 6). Weights of independent draws are of
all scales together.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_ESS = 400
"""What the gate asks of bulk and tail (`analysis.posterior.diagnose`)."""

TAILS = (0.05, 0.95)
"""Quantiles of the tail ESS (Vehtari et al. 2021, section 4.3); ArviZ 1.3 takes 11 % and 89 %."""


@dataclass(frozen=True)
class Sampled:
    """What a trace says of how it was sampled.

    Attributes
    ----------
    draws, tune : int
        Per chain.
    accept : float
        What NUTS aimed at.
    engine : str
    """

    draws: int
    tune: int
    accept: float
    engine: str


@dataclass(frozen=True)
class Remedy:
    """What names the parameter that fails a check, and what helps.

    Attributes
    ----------
    score : callable or None
        Of draws (chains, draws, elements) and the sampler's statistics: how bad each element is.
        None where no single parameter is at fault.
    words : callable
        Of the check's number and how the trace was sampled: what to do, after "sample again".
    """

    score: Callable[[Array, xr.Dataset], Array] | None
    words: Callable[[float, Sampled], str]


def _by_element(function: Callable[..., Array], sign: int, **options: object) -> Callable:
    def score(draws: Array, stats: xr.Dataset) -> Array:
        return sign * np.ravel(function(draws, chain_axis=0, draw_axis=1, **options))

    return score


def _differing(name: str) -> Callable[[Array, xr.Dataset], Array]:
    """Score by how far a parameter lies off its mean, in sd, where transitions went wrong."""

    def score(draws: Array, stats: xr.Dataset) -> Array:
        marked = stats[name].transpose("chain", "draw").to_numpy().astype(bool)
        flat, spread = draws.reshape(-1, draws.shape[-1]), draws.std(axis=(0, 1))
        distance = np.abs(draws[marked].mean(axis=0) - flat.mean(axis=0))
        return np.divide(distance, spread, out=np.zeros_like(distance), where=spread > 0)

    return score


def _with_energy(draws: Array, stats: xr.Dataset) -> Array:
    """Score by the correlation with the energy, either sign."""
    energy = stats["energy"].transpose("chain", "draw").to_numpy().ravel()
    deviation = draws.reshape(-1, draws.shape[-1]) - draws.mean(axis=(0, 1))
    spread = deviation.std(axis=0) * energy.std()
    correlation = np.abs((energy - energy.mean()) @ deviation) / len(energy)
    return np.divide(correlation, spread, out=np.zeros_like(correlation), where=spread > 0)


def _more_draws(value: float, sampled: Sampled) -> str:
    if not value > 0:
        return _longer(value, sampled)
    # A quarter more than in proportion, since an estimate of ESS is itself uncertain.
    draws = math.ceil(1.25 * sampled.draws * LEAST_ESS / value / 250) * 250
    return f"with more draws (--draws {draws})"


def _longer(value: float, sampled: Sampled) -> str:
    return (
        f"for longer (--tune {2 * sampled.tune} --draws {2 * sampled.draws}); chains that stay "
        f"apart mean several modes: narrow its prior{_or_other(sampled)}"
    )


def _smaller_steps(value: float, sampled: Sampled) -> str:
    accept = (1 + sampled.accept) / 2
    return f"with smaller steps (--target-accept {accept:.4g}){_or_other(sampled)}"


def _adapted(value: float, sampled: Sampled) -> str:
    return f"with longer adaptation (--tune {2 * sampled.tune}){_or_other(sampled)}"


def _tails(value: float, sampled: Sampled) -> str:
    return f"{_adapted(value, sampled)}, or with a prior of lighter tails"


def _nuts(value: float, sampled: Sampled) -> str:
    return "by NUTS in all variables (--engine nuts), minutes slower"


def _or_other(sampled: Sampled) -> str:
    """Offer the engine that the trace was not made by, if it was made by the collapsed one."""
    return " or by the other engine (--engine nuts)" if sampled.engine == "collapsed" else ""


REMEDIES = {
    "r_hat": Remedy(_by_element(array_stats.rhat, 1), _longer),
    "ess_bulk": Remedy(_by_element(array_stats.ess, -1, method="bulk"), _more_draws),
    "ess_tail": Remedy(_by_element(array_stats.ess, -1, method="tail", prob=TAILS), _more_draws),
    "divergences": Remedy(_differing("diverging"), _smaller_steps),
    "bfmi": Remedy(_with_energy, _tails),
    "saturated": Remedy(_differing("maxdepth_reached"), _adapted),
    **dict.fromkeys(("k_hat", "true_ess", "acceptance", "distance"), Remedy(None, _nuts)),
}
"""By the gate's check."""


@dataclass(frozen=True)
class Failure:
    """A check that failed: where, and what helps."""

    check: str
    value: float
    parameter: str
    words: str

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        place = f" at {self.parameter}" if self.parameter else ""
        return f"{self.check} {self.value:.4g}{place}: sample again {self.words}."


def explain(tree: xr.DataTree, failed: Iterable[str], values: Mapping[str, float]) -> list[Failure]:
    """Say of each check that a trace fails which parameter is at fault, and what helps.

    Parameters
    ----------
    tree : DataTree
        With the groups `posterior` and `sample_stats`.
    failed : iterable of str
        From `analysis.posterior.diagnose.failures`.
    values : mapping
        From `analysis.posterior.diagnose.numbers`.
    """
    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    free = posterior[posterior.attrs["free_variables"].split()]
    settings = json.loads(tree.attrs["settings"])
    accept = float(stats.attrs.get("target_accept", settings["target_accept"] or 0.0))
    sampled = Sampled(settings["draws"], settings["tune"], accept, tree.attrs["engine"])
    return [
        Failure(name, values[name], worst(free, stats, remedy), remedy.words(values[name], sampled))
        for name in failed
        for remedy in [REMEDIES[name]]
    ]


def worst(free: xr.Dataset, stats: xr.Dataset, remedy: Remedy) -> str:
    """Return the parameter that is most at fault, as "tau_slope_std[indus]"; empty if none is."""
    if remedy.score is None:
        return ""
    scores = dict(_scores(free, stats, remedy.score))
    return max(scores, key=lambda name: np.inf if np.isnan(scores[name]) else scores[name])


def _scores(free: xr.Dataset, stats: xr.Dataset, score: Callable) -> Iterator[tuple[str, float]]:
    """Yield the label and score of each element of each free variable."""
    for name, values in free.data_vars.items():
        dims = [dim for dim in values.dims if dim not in ("chain", "draw")]
        draws = values.transpose("chain", "draw", *dims).to_numpy()
        flat = draws.reshape(*draws.shape[:2], -1)
        labels = [values[dim].to_numpy().tolist() for dim in dims]
        for index, score_of in zip(np.ndindex(draws.shape[2:]), score(flat, stats), strict=True):
            cell = ", ".join(str(label[i]) for label, i in zip(labels, index, strict=True))
            yield (f"{name}[{cell}]" if cell else str(name)), float(score_of)
