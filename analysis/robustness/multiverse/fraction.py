"""Posteriors, wild cluster bootstraps and system GMM in a fraction of their universes.

They take thousands of times as long as least squares. The fraction is seeded and balanced: every
option of a choice occurs in equally many universes (up to one), and of `TRIES` such fractions the
one is taken whose design is the best for main effects (the largest determinant of the information:
D-optimality; Atkinson, Donev & Tobias 2007, *Optimum Experimental Designs, with SAS*, chapter 11).

Posteriors are those of `models.bayesian.growth` with its switches: the error structure is a choice,
crossed in full with the fraction. A column's first universe is fitted from its own modes; every
other starts from there (`models.inference.batched`), since all have the same scales. Draws are few
(`DRAWS`), since only an interval and the probability of a sign are kept, and these are of the
mixture of the slopes' normal laws given each draw of the scales (Rao–Blackwell: Gelfand & Smith
1990, *JASA* 85:398–409), with less Monte-Carlo error than as many draws of slopes.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.replication import system_gmm
from analysis.robustness.multiverse.grid import reach, variable
from analysis.robustness.multiverse.options import kept, offered, selection, without
from analysis.robustness.multiverse.records import Family, Option, Setting, Universe
from analysis.robustness.sensitivity.priors import ALTERNATIVES
from analysis.shared.statistics import Z
from analysis.specifications import select
from data.shared.errors import UserError
from models.bayesian import growth
from models.design import Specification, design
from models.frequentist import twfe
from models.frequentist.wild_bootstrap import wild_bootstrap
from models.inference import batched
from models.priors import Priors

Array = NDArray[np.float64]

DRAWS = 500
"""Of each posterior: a probability is known to 0.022 or better."""

LEAST_EFFECTIVE, LARGEST_K_HAT = DRAWS, batched.LARGEST_K_HAT
"""The gate: as many effective proposals as draws are kept, and weights that mean something."""

BISECTIONS = 24
"""Of a quantile, whose bracket is then 6e-8 of what it was."""

TRIES = 200
"""Balanced fractions of which the best is taken."""

WILD_DRAWS = 999
"""Of each wild cluster bootstrap: a p-value of 0.05 is known to 0.007."""

SUMMARIES = ("estimate", "low", "high", "p_positive", "trusted", "p_wild")
"""Statistics of a universe's slope: estimate or posterior mean, 95 % interval, and, NaN where
they are not computed, a posterior's probability, whether its draws pass the gate, and the wild
cluster bootstrap's p-value, beside which the interval is by standard errors clustered by province.
"""

OWN_PRIORS = "own"

POSTERIOR, WILD = "posterior", "wild_bootstrap"
"""Families of the slopes that least squares estimate; others have columns of their own."""


def universe(setting: Setting, record: Specification, chosen: Sequence[Option]) -> Universe:
    """Make a column's panel and record as options have it."""
    reduced = without(record, chosen)
    form = selection(chosen, record, setting)
    rows = np.logical_and.reduce([kept(option, record, setting) for option in chosen])
    values = np.stack(
        [variable(setting, name, tuple(form[name].items())).ravel() for name in reduced.variables],
        axis=1,
    )
    sets = {name: value for option in chosen for name, value in option.sets.items()}
    labels = labels_of(setting, rows.tobytes())
    columns = pd.DataFrame(values[rows], columns=list(reduced.variables))
    return Universe(pd.concat([labels, columns], axis=1), reduced, sets)


@cache
def labels_of(setting: Setting, rows: bytes) -> pd.DataFrame:
    """Return province, year and region of the rows of a mask, its bytes."""
    return setting.frame[np.frombuffer(rows, bool)].reset_index(drop=True)


# --- estimators ---------------------------------------------------------------------------------


def posteriors(universes: Sequence[Universe], rngs: Sequence[np.random.Generator]) -> Array:
    """Return `SUMMARIES` of the slopes of interest, shape (universes, terms, summaries).

    All universes have one error structure. Those of one set of regions have the same scales, and
    the first of these is fitted from its own modes. Settings are the switches of
    `models.bayesian.growth.split`, and `priors`. Universes that cannot be fitted are NaN.
    """
    templates: dict[object, batched.Proposal] = {}
    summaries = []
    for universe, rng in zip(universes, rngs, strict=True):
        switches = dict(universe.sets)
        priors = priors_of(str(switches.pop("priors", OWN_PRIORS)))
        terms = universe.record.interest
        try:
            arrays = design(universe.frame, universe.record)
            parts = growth.split(arrays, terms if len(arrays.regions) > 1 else (), **switches)
        except UserError:
            summaries.append(np.full((len(terms), len(SUMMARIES)), np.nan))
            continue
        density = growth.density(parts, priors)
        if arrays.regions not in templates:
            templates[arrays.regions] = batched.propose(density, rng)
        fit = batched.fit_from(templates[arrays.regions], density, DRAWS, rng)
        mean, sd = growth.slope_moments(parts, density, fit.point, len(terms))
        holds = fit.effective >= LEAST_EFFECTIVE and fit.k_hat <= LARGEST_K_HAT
        summaries.append(summary(mean, sd, holds))
    return np.stack(summaries)


def summary(mean: Array, sd: Array, trusted: bool) -> Array:
    """Return `SUMMARIES`, shape (terms, summaries), of equal mixtures of normals.

    Parameters
    ----------
    mean, sd : ndarray, shape (draws, terms)
        Of slopes given each draw of the scales.
    trusted : bool
    """
    low, high = quantiles(mean, sd, np.array([0.025, 0.975]))
    positive = ndtr(mean / sd).mean(axis=0)
    statistics = [mean.mean(axis=0), low, high, positive, np.full(len(low), float(trusted))]
    return np.column_stack([*statistics, np.full(len(low), np.nan)])


def quantiles(mean: Array, sd: Array, p: Array) -> Array:
    """Return quantiles p of equal mixtures of normals, (p, terms), by bisection.

    Parameters
    ----------
    mean, sd : ndarray, shape (draws, terms)
    p : ndarray, shape (p,)
    """
    shape = (len(p), mean.shape[1])
    low = np.broadcast_to((mean - 9 * sd).min(axis=0), shape)
    high = np.broadcast_to((mean + 9 * sd).max(axis=0), shape)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = ndtr((middle[:, None] - mean) / sd).mean(axis=1) < p[:, None]
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def priors_of(name: str) -> Priors:
    """Return the model's priors by `OWN_PRIORS` or the name of an alternative."""
    named = {alternative.name: alternative for alternative in ALTERNATIVES}
    return growth.PRIORS if name == OWN_PRIORS else named[name].of(growth.PRIORS)


def one_by_one(
    estimate: Callable[[Universe, np.random.Generator], Array],
) -> Callable[[Sequence[Universe], Sequence[np.random.Generator]], Array]:
    """Return an estimator of many universes from that of one."""
    return lambda universes, rngs: np.stack(list(map(estimate, universes, rngs)))


def wild(universe: Universe, rng: np.random.Generator) -> Array:
    """Return `SUMMARIES` of the slopes of interest by least squares with two-way effects."""
    arrays, p = design(universe.frame, universe.record), len(universe.record.interest)
    fit = twfe.fit(arrays)
    tests = wild_bootstrap(arrays, WILD_DRAWS, int(rng.integers(2**32)))
    side = reach((len(arrays.provinces) - 1,)) * fit.se_cluster[:p]
    unasked = np.full(p, np.nan)
    ends = fit.coef[:p] - side, fit.coef[:p] + side
    return np.column_stack([fit.coef[:p], *ends, unasked, unasked, tests.p[:p]])


def gmm(universe: Universe, rng: np.random.Generator) -> Array:
    """Return `SUMMARIES` of the lag and the slopes of interest; NaN where there is no estimate."""
    del rng
    terms = (system_gmm.LAG, *universe.record.interest)
    estimates = np.full((len(terms), len(SUMMARIES)), np.nan)
    try:
        # A test of serial correlation, which is not asked for, may have no variance.
        with np.errstate(invalid="ignore"):
            choices = system_gmm.Choices(**universe.sets)
            fit = system_gmm.fit_column(universe.frame, universe.record, choices)
    except UserError:
        return estimates
    table = system_gmm.coefficients(fit).loc[list(terms)]
    side = Z * table["se"]
    estimates[:, :3] = np.column_stack([table["coef"], table["coef"] - side, table["coef"] + side])
    return estimates


# --- the fraction -------------------------------------------------------------------------------


def balanced(
    sizes: Sequence[int], n: int, rng: np.random.Generator, tries: int = TRIES
) -> NDArray[np.int64]:
    """Draw universes in which every option of a choice occurs equally often, up to one.

    Parameters
    ----------
    sizes : sequence of int
        Options of each choice.
    n : int
    rng : Generator
    tries : int
        Fractions drawn, of which the one with the most information on main effects is taken.

    Returns
    -------
    ndarray of int, shape (n, choices)
    """
    # Which options occur once more where n is no multiple is random, too.
    drawn = [
        np.column_stack(
            [rng.permutation(rng.permutation(size)[np.arange(n) % size]) for size in sizes]
        )
        for _ in range(tries)
    ]
    return max(drawn, key=lambda codes: information(codes, sizes))


def information(codes: NDArray[np.int64], sizes: Sequence[int]) -> float:
    """Return the log determinant of the information on main effects, −∞ if some are unknown."""
    columns = [np.ones((len(codes), 1))]
    for code, size in zip(codes.T, sizes, strict=True):
        columns.append(np.eye(size)[code][:, 1:] - 1 / size)
    x = np.hstack(columns)
    return float(np.linalg.slogdet(x.T @ x)[1])


def universes(
    setting: Setting, family: Family, column: str, seed: int
) -> tuple[dict[str, tuple[Option, ...]], NDArray[np.int64]]:
    """Return a column's choices with their options, and the option of each in every universe.

    All universes, if there are no more than the family's size.
    """
    (record,) = select([column])
    choices = offered(family.choices, record, setting)
    rng = np.random.default_rng([seed, *map(ord, family.name + column)])
    sizes = [len(options) for options in choices.values()]
    if family.size >= np.prod(sizes):
        return choices, np.array(list(np.ndindex(*sizes)), int).reshape(-1, len(sizes))
    return choices, balanced(sizes, family.size, rng)


def batches(family: Family) -> int:
    """Return how many batches a column has: the parts of the fraction, by option of `crossed`."""
    return family.parts * len(_crossed(family))


def _crossed(family: Family) -> tuple[Option | None, ...]:
    return family.crossed.options if family.crossed else (None,)


def run(setting: Setting, family: Family, column: str, seed: int, number: int) -> dict[str, Array]:
    """Estimate one batch of a column's universes.

    Returns
    -------
    dict of str to ndarray
        `summary` (universe, term, summaries).
    """
    (record,) = select([column])
    choices, codes = universes(setting, family, column, seed)
    crossed, part = divmod(number, family.parts)
    added = [option for option in (_crossed(family)[crossed],) if option]
    drawn, rngs = [], []
    for position in range(part * family.batch, min((part + 1) * family.batch, len(codes))):
        chosen = [
            options[code] for options, code in zip(choices.values(), codes[position], strict=True)
        ]
        drawn.append(universe(setting, record, [*chosen, *added]))
        rngs.append(
            np.random.default_rng([seed, crossed, position, *map(ord, family.name + column)])
        )
    if not drawn:
        return {"summary": np.empty((0, len(family.terms(record)), len(SUMMARIES)))}
    return {"summary": family.estimate(drawn, rngs)}


def collect(
    setting: Setting, family: Family, column: str, seed: int, parts: Sequence[Mapping[str, Array]]
) -> xr.Dataset:
    """Put the batches of a column together, in the order of their numbers.

    Returns
    -------
    Dataset
        `SUMMARIES` (universe, term), and the option of each choice (universe).
    """
    (record,) = select([column])
    choices, codes = universes(setting, family, column, seed)
    summary = np.concatenate([part["summary"] for part in parts])
    variables = {
        name: (("universe", "term"), summary[..., i].astype(np.float32))
        for i, name in enumerate(SUMMARIES)
    }
    crossed = _crossed(family)
    coords: dict[str, object] = {
        name: ("universe", [options[code].name for code in codes[:, i]] * len(crossed))
        for i, (name, options) in enumerate(choices.items())
    }
    if family.crossed:
        names = [option.name for option in family.crossed.options]
        coords[family.crossed.name] = ("universe", np.repeat(names, len(codes)))
    return xr.Dataset(variables, {"term": list(family.terms(record)), **coords})
