"""Simulation-based calibration: ranks of true parameters among posterior draws.

Parameters are drawn from the prior, data from the model given them, and the model is fitted to
these; the rank of each parameter among its posterior draws is then uniform if model, density and
sampler agree (Talts, Betancourt, Simpson, Vehtari & Gelman 2018, arXiv:1804.06788). A model that
is fitted to data of another must fail; some that should are records here, so that the check is
known to bite.

Priors this wide make data unlike any panel's. Cases `posterior` ask the same about the panel at
hand: parameters are drawn from its posterior, new outcomes from the model given them, and the fit
is to both, the panel's and the new ones; the rank is uniform again (Säilynoja, Schmitt, Bürkner &
Vehtari 2025, arXiv:2502.03279).

Ranks are judged per parameter by the greatest distance of their distribution from the uniform
one (Kolmogorov), as they are, for shifts, and folded about their middle, for posteriors too narrow
or too wide; at 1 % for all parameters together (Bonferroni).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import pymc as pm
from numpy.typing import NDArray
from scipy import stats
from threadpoolctl import threadpool_limits

from analysis.sample import shaped
from analysis.spread import spread
from data.panel import Panel
from models.collapsed import Collapsed
from models.design import Design, Specification, design
from models.independence import draw_scales
from models.priors import Priors
from models.reduced import reduce
from models.registry import Model, find
from models.within_between import WithinBetween

DRAWS = 255
"""Posterior draws of each fit: 256 possible ranks."""

LEVEL = 0.01

BATCH = 10
"""Data sets in one task."""

COLUMNS = ("case", "made_by", "fitted", "parameter", "data_sets", "distance", "p", "passes")
"""The contract of results/calibration.csv."""


@dataclass(frozen=True)
class Case:
    """One calibration: data of one model, fitted by it or by another.

    Attributes
    ----------
    name : str
    made_by, fitted : str
        Keys of `models.registry`.
    scales : tuple of (str, float)
        Prior scales of the fitted model that are not its own.
    shared : tuple of (str, float)
        Those that both models have in place of their own.
    right : bool
        Whether the ranks must be uniform; otherwise those of some parameter must not be.
    posterior : bool
        Whether parameters are drawn from the panel's posterior, not from the prior.
    """

    name: str
    made_by: str
    fitted: str
    scales: tuple[tuple[str, float], ...] = ()
    shared: tuple[tuple[str, float], ...] = ()
    right: bool = True
    posterior: bool = False

    @property
    def priors(self) -> tuple[Priors, Priors]:
        """Of the model that makes the data, and of the one that is fitted to them."""
        made_by, fitted = (find(name).module.PRIORS for name in (self.made_by, self.fitted))
        shared = dict(self.shared)
        return (
            made_by.with_scales(self.name, **shared),
            fitted.with_scales(self.name, **shared | dict(self.scales)),
        )


EXPLOSIVE = ("slope_std", 0.5)
"""Prior scale of a dynamic model's slopes: a root of 1.5 is three standard deviations off. Twelve
years of the model's own, at which a root of 2.5 is none, leave numbers that no computer holds."""


CASES = (
    Case("mundlak", "mundlak", "mundlak"),
    Case("region_sigma", "region_sigma", "region_sigma"),
    Case("hierarchical", "hierarchical", "hierarchical"),
    Case("walk", "walk", "walk"),
    Case("dynamic", "dynamic", "dynamic", shared=(EXPLOSIVE,)),
    *(
        Case(f"{name}, posterior", name, name, posterior=True)
        for name in ("mundlak", "region_sigma", "hierarchical", "walk")
    ),
    Case("wrong: one shared σ", "region_sigma", "mundlak", right=False),
    Case(
        "wrong: no Mundlak terms",
        "hierarchical",
        "hierarchical",
        (("between_province", 1e-3), ("between_year", 1e-3)),
        right=False,
    ),
    Case(
        "wrong: no first outcome",
        "dynamic",
        "dynamic",
        (("first_outcome", 1e-3),),
        (EXPLOSIVE,),
        right=False,
    ),
)


def ranks(
    case: Case, panel: Panel, record: Specification, size: int, seed: int = 1, workers: int = 2
) -> Iterator[dict[str, NDArray[np.int64]]]:
    """Simulate and fit data sets; yield ranks of the parameters by name, a batch at a time.

    A data set depends on its number and the seed alone.
    """
    batches = [range(first, min(first + BATCH, size)) for first in range(0, size, BATCH)]
    yield from spread(partial(_batch, case, panel, record, seed), batches, workers)


@threadpool_limits.wrap(limits=1)
def _batch(
    case: Case, panel: Panel, record: Specification, seed: int, numbers: range
) -> dict[str, NDArray[np.int64]]:
    arrays = design(panel.frame, record)
    maker, fitter = _arranged(case.made_by, arrays, record), _arranged(case.fitted, arrays, record)
    definition = maker[0].module.build(maker[1], case.priors[0])
    density = maker[0].module.density(maker[1], case.priors[0])
    if case.posterior:
        rng = np.random.default_rng([seed, numbers.start, BATCH])
        truths = _drawn(density, BATCH, rng)
    else:
        truths = None
    found = []
    for position, number in enumerate(numbers):
        rng = np.random.default_rng([seed, number])
        if truths is None:
            truth = density.draw_prior(1, rng)
        else:
            truth = {name: value[[position]] for name, value in truths.items()}
        found.append(_one(case, maker, definition, fitter, truth, density, rng))
    return {name: np.stack([each[name] for each in found]) for name in found[0]}


def _arranged(name: str, arrays: Design, record: Specification) -> tuple[Model, WithinBetween]:
    model = find(name)
    return model, model.split(arrays, record)


def _one(
    case: Case,
    maker: tuple[Model, WithinBetween],
    definition: pm.Model,
    fitter: tuple[Model, WithinBetween],
    truth: dict[str, NDArray[np.float64]],
    seen: Collapsed,
    rng: np.random.Generator,
) -> dict[str, NDArray[np.int64]]:
    model, parts = maker
    drawn = {name: value[None] for name, value in truth.items()}
    variables = {name: value for name, (_, value) in shaped(definition, parts, drawn).items()}
    if hasattr(model.module, "generate"):  # each year's outcome is the next one's regressor
        free = {name: value[0, 0] for name, value in variables.items()}
        data = model.module.generate(parts, free, rng)
    else:
        outcome = model.module.rows(parts, variables, rng).predictive["y"][1].ravel()
        data = replace(fitter[1], design=fitter[1].design.with_outcome(outcome))

    density = fitter[0].module.density(data, case.priors[1])
    drawn = _drawn(both(seen, density) if case.posterior else density, DRAWS, rng)
    # Only what both models have: one σ is not a rank among three.
    return {
        name: (drawn[name] < value).sum(axis=0)
        for name, value in truth.items()
        if name in drawn and drawn[name].shape[1] == value.shape[1]
    }


def _drawn(
    density: Collapsed, size: int, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Return draws of all variables, shapes (size, …)."""
    reduced = reduce(density)
    return reduced.draw(draw_scales(density, size, rng, reduced).log_scale, rng)


def both(one: Collapsed, other: Collapsed) -> Collapsed:
    """Return the density given two sets of outcomes of the same rows: sums over rows add up."""
    residual = one.scale_slices[one.scales[-1].name]
    rows = np.zeros(one.size)
    rows[residual] = 1
    return replace(
        one,
        count=one.count + rows * other.count,
        gram=one.gram + rows[:, None, None] * other.gram,
        gram_lower=one.gram_lower + rows[:, None] * other.gram_lower,
        xy=one.xy + rows[:, None] * other.xy,
        yy=one.yy + rows * other.yy,
    )


def judge(case: Case, found: dict[str, NDArray[np.int64]]) -> pd.DataFrame:
    """Judge the ranks of each parameter.

    Parameters
    ----------
    case : Case
    found : dict of str to ndarray of int, shape (data sets, size)

    Returns
    -------
    DataFrame
        A row per element of each parameter, columns `COLUMNS`.
    """
    total = sum(values.shape[1] for values in found.values())
    rows = []
    for name, values in found.items():
        for element, column in enumerate(values.T):
            # A rank among draws, spread over its cell, is uniform if ranks are.
            jitter = np.random.default_rng(element).random(len(column))
            uniform = (column + jitter) / (DRAWS + 1)
            tests = [stats.kstest(u, "uniform") for u in (uniform, np.abs(2 * uniform - 1))]
            p = min(1.0, len(tests) * min(test.pvalue for test in tests))
            rows.append(
                {
                    "case": case.name,
                    "made_by": case.made_by,
                    "fitted": case.fitted,
                    "parameter": f"{name}[{element}]",
                    "data_sets": len(column),
                    "distance": max(test.statistic for test in tests),
                    "p": p,
                    "passes": bool(p > LEVEL / total),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def collect(
    batches: Iterable[dict[str, NDArray[np.int64]]],
) -> dict[str, NDArray[np.int64]]:
    """Put batches of ranks together; their order does not matter."""
    found = list(batches)
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


def summary(judged: pd.DataFrame) -> pd.DataFrame:
    """Return a row per case: parameters, how many fail, and the worst."""
    rows = []
    for case in CASES:
        own = judged[judged["case"] == case.name]
        if len(own):
            worst = own.loc[own["p"].idxmin()]
            rows.append(
                {
                    "case": case.name,
                    "data sets": int(worst["data_sets"]),
                    "parameters": len(own),
                    "not uniform": int((~own["passes"]).sum()),
                    "worst": worst["parameter"],
                    "p of worst": f"{worst['p']:.2g}",
                    "should": "be uniform" if case.right else "not be uniform",
                    "is as it should": as_it_should(case, own),
                }
            )
    return pd.DataFrame(rows)


def as_it_should(case: Case, judged: pd.DataFrame) -> bool:
    """Whether a right model passes for every parameter, and a wrong one fails for some."""
    return bool(judged["passes"].all()) == case.right
