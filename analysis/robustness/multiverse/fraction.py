"""Posteriors, wild cluster bootstraps and system GMM in a fraction of their universes.

They take thousands of times as long as least squares. The fraction is seeded and balanced: every
option of a choice occurs in equally many universes (up to one), in an order independent of the
other choices'. Draws of a posterior's scales are few (`DRAWS`), since only an interval and the
probability of a sign are kept; all else is drawn exactly given them.
"""

from collections.abc import Mapping, Sequence

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from analysis.replication import system_gmm
from analysis.robustness.multiverse.grid import reach, variable
from analysis.robustness.multiverse.options import kept, offered, selection, without
from analysis.robustness.multiverse.records import Family, Option, Setting, Universe
from analysis.robustness.sensitivity.priors import ALTERNATIVES
from analysis.shared.statistics import Z
from analysis.specifications import select
from data.errors import UserError
from models.bayesian import student_t_gibbs
from models.bayesian.registry import INDEPENDENT, Model, find
from models.design import Design, Specification, design
from models.frequentist import twfe
from models.frequentist.wild_bootstrap import wild_bootstrap
from models.inference.elimination import reduce
from models.inference.independence_sampler import draw_scales
from models.priors import Priors

Array = NDArray[np.float64]

DRAWS = 500
"""Of each posterior: a probability is known to 0.022 or better."""

CHAINS, EACH, R_HAT_MOST = 2, 400, 1.1
"""Of draws by Gibbs steps, which depend on each other: R̂ of so few is only known roughly."""

WILD_DRAWS = 999
"""Of each wild cluster bootstrap: a p-value of 0.05 is known to 0.007."""

SUMMARIES = ("estimate", "low", "high", "p_positive", "trusted", "p_wild")
"""Statistics of a universe's slope: estimate or posterior mean, 95 % interval, and, NaN where
they are not computed, a posterior's probability, whether its draws pass the gate, and the wild
cluster bootstrap's p-value, beside which the interval is by standard errors clustered by province.
"""

OWN_PRIORS = "own"


def universe(setting: Setting, record: Specification, chosen: Sequence[Option]) -> Universe:
    """Make a column's panel and record as options have it."""
    reduced = without(record, chosen)
    form = selection(chosen, record, setting)
    values = {
        name: variable(setting, name, tuple(form[name].items())).ravel()
        for name in reduced.variables
    }
    rows = np.logical_and.reduce([kept(option, record, setting.frame) for option in chosen])
    sets = {name: value for option in chosen for name, value in option.sets.items()}
    panel = pd.concat([setting.frame, pd.DataFrame(values)], axis=1)
    return Universe(panel[rows].reset_index(drop=True), reduced, sets)


# --- estimators ---------------------------------------------------------------------------------


def posterior(universe: Universe, rng: np.random.Generator) -> Array:
    """Return `SUMMARIES` of the slopes of interest, shape (terms, summaries)."""
    model = find(universe.sets.get("model", INDEPENDENT[0]))
    priors = priors_of(model, universe.sets.get("priors", OWN_PRIORS))
    draw = ERRORS[universe.sets.get("errors", "normal")]
    return summary(
        *draw(model, design(universe.frame, universe.record), universe.record, priors, rng)
    )


def normal_errors(
    model: Model, arrays: Design, record: Specification, priors: Priors, rng: np.random.Generator
) -> tuple[Array, bool]:
    """Return draws of a model's slopes of interest, shape (draws, p), and whether they pass."""
    parts = model.split(arrays, record)
    density = model.module.density(parts, priors)
    reduced = reduce(density)
    drawn = draw_scales(density, DRAWS, rng, reduced)
    draws = model.module.slopes(parts, reduced.draw(drawn.log_scale, rng))
    return draws[:, : len(record.interest)], bool(drawn.trust.represents)


def student_t_errors(
    model: Model, arrays: Design, record: Specification, priors: Priors, rng: np.random.Generator
) -> tuple[Array, bool]:
    """Return the same of the model with t errors, whose prior of the slopes is that of `priors`.

    Of chains that begin apart, which can be trusted if they come to the same.
    """
    del model
    scale, p = priors["slope_std"].scale, len(record.interest)
    chains = np.stack(
        [student_t_gibbs.slopes(arrays, scale, EACH, rng)[:, :p] for _ in range(CHAINS)]
    )
    r_hat = max(float(az.rhat(chains[..., i])) for i in range(p))
    return chains.reshape(-1, p), r_hat <= R_HAT_MOST


ERRORS = {"normal": normal_errors, "t": student_t_errors}


def summary(draws: Array, trusted: bool) -> Array:
    """Return `SUMMARIES` of draws of slopes, shape (draws, terms), as (terms, summaries)."""
    statistics = [draws.mean(axis=0), *np.quantile(draws, [0.025, 0.975], axis=0)]
    statistics += [(draws > 0).mean(axis=0), np.full(draws.shape[1], float(trusted))]
    return np.column_stack([*statistics, np.full(draws.shape[1], np.nan)])


def priors_of(model: Model, name: str) -> Priors:
    """Return a model's priors by `OWN_PRIORS` or the name of an alternative."""
    defaults = model.module.PRIORS
    named = {other.name: other for other in ALTERNATIVES}
    return defaults if name == OWN_PRIORS else named[name].of(defaults)


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


def balanced(sizes: Sequence[int], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw universes in which every option of a choice occurs equally often, up to one.

    Parameters
    ----------
    sizes : sequence of int
        Options of each choice.
    n : int
    rng : Generator

    Returns
    -------
    ndarray of int, shape (n, choices)
    """
    # Which options occur once more where n is no multiple is random, too.
    columns = [rng.permutation(rng.permutation(size)[np.arange(n) % size]) for size in sizes]
    return np.column_stack(columns)


def universes(
    setting: Setting, family: Family, column: str, seed: int
) -> tuple[dict[str, tuple[Option, ...]], NDArray[np.int64]]:
    """Return a column's choices with their options, and the option of each in every universe."""
    (record,) = select([column])
    choices = offered(family.choices, record, setting)
    rng = np.random.default_rng([seed, *map(ord, family.name + column)])
    sizes = [len(options) for options in choices.values()]
    return choices, balanced(sizes, family.size, rng)


def run(setting: Setting, family: Family, column: str, seed: int, number: int) -> dict[str, Array]:
    """Estimate one batch of a column's universes.

    Returns
    -------
    dict of str to ndarray
        `summary` (universe, term, summaries).
    """
    (record,) = select([column])
    choices, codes = universes(setting, family, column, seed)
    summaries = []
    for at in range(number * family.batch, min((number + 1) * family.batch, family.size)):
        chosen = [options[code] for options, code in zip(choices.values(), codes[at], strict=True)]
        rng = np.random.default_rng([seed, at, *map(ord, family.name + column)])
        summaries.append(family.estimate(universe(setting, record, chosen), rng))
    return {"summary": np.stack(summaries)}


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
    coords: dict[str, object] = {
        name: ("universe", [options[code].name for code in codes[:, i]])
        for i, (name, options) in enumerate(choices.items())
    }
    return xr.Dataset(variables, {"term": list(family.terms(record)), **coords})
