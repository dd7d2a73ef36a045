"""What the posteriors hang on: which provinces, which priors, and how well they foresee a province.

Costly, because every answer takes refits; a table that is there already is not made again.

**Leave one province out.** The posterior without a province's rows is asked for their joint
density, log p(y_i | y_-i): the province's effect is integrated over its Mundlak prior, as for a
province never seen. Models that are normal given their scales u have

    p(y_i | u, y_-i) = p(y | u) / p(y_-i | u)

exactly (`models.inference.collapsed`), so the few scales of the whole sample's posterior, weighted
by its inverse, are the posterior's without the province, and all else is drawn afresh given them.
Where the weights are not to be trusted (`trusted`) the model is refitted, and the density found by
bridge sampling between both posteriors. Other models are refitted without every province, and
average its rows' joint likelihood over draws of everything, its effect among them. ArviZ's
`loo_kfold(group_by=…)` leaves out the same rows but scores each on its own, as if the left-out rows
of a province had no effect in common; its comparison of models is used, with provinces as the
units.

Regressors stay split and standardised as in the whole sample, so that all refits have the same
parameters, priors and shares in averages; only what the likelihood sees differs.

**Leave one year out.** The same with a year's rows, whose effect is then drawn about its Mundlak
line; what is asked for is how far slopes move.

**Power-scaling** (Kallioinen et al. 2024, *Statistics and Computing* 34:57): how far a quantity
moves when prior or likelihood are raised to a power near 1. Only priors that stand in the prior
table are scaled, not the distributions of effects about their lines, which are part of the model.

**Other priors.** The posterior under each of `ALTERNATIVES`, by weights on the scales too where
these are to be trusted, else by a refit.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import arviz as az
import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.posterior.diagnose import failures, numbers
from analysis.posterior.engines import Draws, Settings, engine_for
from analysis.posterior.sample import Job, fit, jobs, made_from, shaped, split
from analysis.shared.outputs import TEXT
from analysis.shared.parallel import spread
from analysis.shared.plotting import colours
from analysis.specifications import AVERAGE, select
from data.errors import UserError
from data.files import sha256, write_csv
from data.panels.panel import PANELS, Panel
from data.panels.provinces import REGIONS
from models.bayesian.registry import LADDER, MODELS, Model, Parts, find, models_for
from models.design import Specification, design
from models.frequentist import twfe
from models.inference.collapsed import Collapsed
from models.inference.collapsed_correlated import CollapsedErrors
from models.inference.elimination import reduce
from models.priors import Prior, Priors

Array = NDArray[np.float64]

QUANTITIES = ("slope", "slope_region", "tau_slope", "sigma", "tau_province", "tau_year")
"""Of what models report, what is watched; a model without one of them is not asked for it."""

SENSITIVE = 0.05
"""Power-scaling sensitivity from which a quantity counts as moved (Kallioinen et al. 2024)."""

SOURCE = Path(__file__).read_bytes()
"""Of this file, read once: a run's rows are of the code that it started with."""

K_MOST, ESS_LEAST = 0.5, 400
"""Largest Pareto k̂ and least effective sample size at which weights stand in for a refit."""

JOB = ("panel", "column", "model")
QUANTITY = ("quantity", "term", "region")

TABLES = {
    "provinces": (*JOB, "province", "home", "rows", "elpd", "mcse", "k", "method", "gate", "key"),
    "influence": (
        *(*JOB, "province", "home", "term", "region"),
        *("mean", "sd", "whole_mean", "whole_sd", "shift"),
        *("twfe", "twfe_whole", "twfe_se", "twfe_shift", "key"),
    ),
    "years": (
        *(*JOB, "year", "rows", "k", "method", "gate", "term", "region"),
        *("mean", "sd", "whole_mean", "whole_sd", "shift"),
        *("twfe", "twfe_whole", "twfe_se", "twfe_shift", "key"),
    ),
    "priors": (
        *(*JOB, "priors", *QUANTITY),
        *("mean", "sd", "q025", "q975", "base_mean", "base_sd", "shift", "sd_ratio"),
        *("gate", "key"),
    ),
    "power": (*JOB, *QUANTITY, "scaled", "prior", "likelihood", "diagnosis", "key"),
}
"""The contracts of results/sensitivity_<name>.csv.

`home` is the left-out province's region, `region` that of the slope, or "average". `elpd` is the
log density of the province's rows on the paper's scale, `mcse` its Monte Carlo error. `shift` is
the change of the posterior mean in posterior standard deviations (of TWFE: in conventional
standard errors). `scaled` names the prior that is scaled, or "all". `key` identifies what the row
was made from.
"""

COMPARISON = (
    *("panel", "column", "model", "rank", "elpd", "se", "elpd_diff", "dse", "p_worse", "weight"),
    *("provinces", "mcse"),
)
"""The contract of results/sensitivity_loo.csv: models of a column on a panel, the best first.

`se` and `dse` are of the sum over provinces and of the paired difference to the best model,
`weight` the model's in the stacked mixture (Yao et al. 2018, *Bayesian Analysis* 13:917–1007).
"""


@dataclass(frozen=True)
class Alternative:
    """Another prior to refit under.

    Attributes
    ----------
    name, reason : str
    variables : tuple of str
        Lines of the prior table that change; those that a model lacks are passed over.
    change : function
        From a line to another.
    """

    name: str
    reason: str
    variables: tuple[str, ...]
    change: Callable[[Prior], Prior]

    def of(self, priors: Priors) -> Priors:
        """Return the table with the lines changed."""
        table = (self.change(p) if p.name in self.variables else p for p in priors.table)
        return Priors(f"{priors.name}, {self.name}", tuple(table))


def _times(factor: float) -> Callable[[Prior], Prior]:
    return lambda prior: replace(prior, scale=factor * prior.scale)


def _as(distribution: str, **changes: float) -> Callable[[Prior], Prior]:
    return lambda prior: replace(prior, distribution=distribution, **changes)


_EFFECTS = ("tau_province_std", "tau_year_std")

ALTERNATIVES = (
    Alternative(
        "slopes twice as wide",
        "A slope that grows when its prior lets it is held by the prior.",
        ("slope_std",),
        _times(2),
    ),
    Alternative(
        "slopes half as wide",
        "A slope that shrinks here rests on little data.",
        ("slope_std",),
        _times(0.5),
    ),
    Alternative(
        "spread of slopes twice as wide",
        "Three regions hardly identify it: less pooling.",
        ("tau_slope_std",),
        _times(2),
    ),
    Alternative(
        "spread of slopes half as wide",
        "Three regions hardly identify it: more pooling.",
        ("tau_slope_std",),
        _times(0.5),
    ),
    Alternative(
        "spread of slopes half-t",
        "Gelman (2006) advises a heavy tail where few groups leave the spread open.",
        ("tau_slope_std",),
        _as("HalfStudentT"),
    ),
    Alternative(
        "spread of effects half-t",
        "Province effects may spread wider than the outcome's sd where regressors differ far.",
        _EFFECTS,
        _as("HalfStudentT"),
    ),
    Alternative(
        "spread of effects half as wide",
        "Effects drawn closer to their Mundlak lines.",
        _EFFECTS,
        _times(0.5),
    ),
    Alternative(
        "Mundlak slopes twice as wide",
        "They take up between-province differences that slopes should not.",
        ("between_province", "between_year"),
        _times(2),
    ),
    Alternative(
        "sigma half-normal",
        "A prior that does not rule out small residual scales, as the log-normal does.",
        ("sigma_std",),
        _as("HalfNormal", scale=1.0, centre=0.0),
    ),
    Alternative(
        "sigma twice as wide",
        "The log-normal's spread, doubled: a factor of 50 either way.",
        ("sigma_std",),
        _times(2),
    ),
)


class Quantity(NamedTuple):
    """What a posterior is watched for; empty where a label does not apply."""

    quantity: str
    term: str
    region: str


class Refit(NamedTuple):
    """A posterior, as far as it is watched.

    Attributes
    ----------
    definition : pm.Model
    flat : dict of str to ndarray, shape (chains, draws, size)
        Free variables.
    watched : dict of Quantity to ndarray, shape (chains, draws)
        On the paper's scale.
    gate : str
        "pass" or "fail"; of weighted draws, that of the draws.
    """

    definition: pm.Model
    flat: Draws
    watched: dict[Quantity, Array]
    gate: str


class Base(NamedTuple):
    """The posterior that others are compared with.

    Attributes
    ----------
    fitted : Refit
        Given all rows, under the model's own priors.
    log_density : ndarray, shape (chains, draws)
        Of the scales at its draws, where all else can be integrated out.
    """

    fitted: Refit
    log_density: Array | None


class LeftOut(NamedTuple):
    """A posterior without a province, or a year.

    Attributes
    ----------
    rest : Refit
        Given the other rows.
    elpd, mcse : float
        Log density of the left-out rows given the others, on the paper's scale, and its error.
    k : float
        Pareto k̂ of the weights from the whole sample's posterior to this one.
    method : str
        "reweighted" or "refit".
    """

    rest: Refit
    elpd: float
    mcse: float
    k: float
    method: str


# --- refits -----------------------------------------------------------------------------------


# Threads only get in the way of small matrices, and change the last digits.
@threadpool_limits.wrap(limits=1)
def refit(model: Model, parts: Parts, priors: Priors, settings: Settings, whole: Parts) -> Refit:
    """Sample a model's posterior.

    Parameters
    ----------
    model : Model
    parts : Parts
        The rows that the likelihood sees.
    priors : Priors
    settings : Settings
    whole : Parts
        All rows: over these, averages are taken.
    """
    definition = model.module.build(parts, priors)
    engine = engine_for(model, settings.engine)
    sampler = engine(model, parts, priors, definition)
    rng = np.random.default_rng(settings.seed)
    flat, statistics = sampler.sample(settings.by(engine, model), rng)
    watched = _watched(model, whole, definition, flat)
    # What is drawn exactly given the scales mixes as they do.
    moved = {"point": sampler.density.point(flat)} if _collapses(model) else flat
    posterior = xr.Dataset(
        {name: (("chain", "draw", f"{name}_dim"), values) for name, values in moved.items()}
    )
    failed = failures(numbers(posterior, statistics, moved))
    return Refit(definition, flat, watched, "fail" if failed else "pass")


def _collapses(model: Model) -> bool:
    return hasattr(model.module, "density")


def _watched(
    model: Model, whole: Parts, definition: pm.Model, flat: Draws
) -> dict[Quantity, Array]:
    variables = shaped(definition, whole, flat)
    free = {name: values for name, (_, values) in variables.items()}
    return {
        quantity: draws
        for name, (dims, values) in model.module.report(whole, free).items()
        if name in QUANTITIES
        for quantity, draws in _elements(name, dims, values, whole)
    }


def _elements(
    name: str, dims: tuple[str, ...], values: Array, parts: Parts
) -> Iterator[tuple[Quantity, Array]]:
    for index in np.ndindex(values.shape[2:]):
        at = {dim: parts.coords[dim][i] for dim, i in zip(dims, index, strict=True)}
        term = at.get("term", at.get("varying", ""))
        region = at.get("region", AVERAGE if name == "slope" else "")
        yield Quantity(name.removesuffix("_region"), term, region), values[..., *index]


def base_of(model: Model, whole: Parts, tree: xr.DataTree) -> Base:
    """Return the posterior that a trace of a model holds."""
    posterior = tree["posterior"].to_dataset()
    free = posterior.attrs["free_variables"].split()
    flat = {name: posterior[name].to_numpy() for name in free}
    flat = {name: values.reshape(*values.shape[:2], -1) for name, values in flat.items()}
    definition = model.module.build(whole, model.module.PRIORS)
    fitted = Refit(definition, flat, _watched(model, whole, definition, flat), tree.attrs["gate"])
    return based_on(model, whole, fitted)


def based_on(model: Model, whole: Parts, fitted: Refit) -> Base:
    """Return a posterior with the log density of its scales."""
    if not _collapses(model):
        return Base(fitted, None)
    return Base(fitted, at_draws(model.module.density(whole, model.module.PRIORS), fitted.flat))


@threadpool_limits.wrap(limits=1)
def without(
    model: Model,
    whole: Parts,
    left_out: NDArray[np.bool_],
    settings: Settings,
    base: Base,
) -> LeftOut:
    """Return the posterior without some rows, and their joint log density under it.

    Parameters
    ----------
    model : Model
    whole : Parts
        n rows.
    left_out : ndarray of bool, shape (n,)
        All rows of a province, or of a year.
    settings : Settings
    base : Base
        The posterior given all rows.
    """
    priors = model.module.PRIORS
    kept, left = whole.keep(~left_out), whole.keep(left_out)
    if not _collapses(model):
        rest = refit(model, kept, priors, settings, whole)
        elpd, mcse = log_mean_exp(given_all(model, left, rest))
        return LeftOut(rest, elpd, mcse, np.nan, "refit")
    others = model.module.density(kept, priors)
    unit = left_out.sum() * np.log(whole.scale)
    at_base = base.log_density - at_draws(others, base.fitted.flat) - unit
    k, weight = trusted(-at_base)
    if weight is not None:
        minus_elpd, mcse = log_mean_exp(-at_base)
        rest = weighted(model, whole, others, weight, base.fitted, settings)
        return LeftOut(rest, -minus_elpd, mcse, k, "reweighted")
    rest = refit(model, kept, priors, settings, whole)
    every = model.module.density(whole, priors)
    at_rest = at_draws(every, rest.flat) - at_draws(others, rest.flat) - unit
    elpd, mcse = bridge(at_base, at_rest)
    return LeftOut(rest, elpd, mcse, k, "refit")


@threadpool_limits.wrap(limits=1)
def under(model: Model, whole: Parts, priors: Priors, settings: Settings, base: Base) -> Refit:
    """Return the posterior under other priors; arguments as `without` takes them."""
    if _collapses(model):
        density = model.module.density(whole, priors)
        _, weight = trusted(at_draws(density, base.fitted.flat) - base.log_density)
        if weight is not None:
            return weighted(model, whole, density, weight, base.fitted, settings)
    return refit(model, whole, priors, settings, whole)


def trusted(log_weight: Array) -> tuple[float, Array | None]:
    """Return Pareto k̂ of weights on draws, and the weights if they stand in for a refit.

    Parameters
    ----------
    log_weight : ndarray, shape (chains, draws)

    Returns
    -------
    k : float
    weight : ndarray, shape (chains, draws), or None
        None where k̂ is above `K_MOST` or the effective sample size below `ESS_LEAST`.
    """
    k, weight = pareto_k(-log_weight), np.exp(log_weight - log_weight.max())
    enough = weight.sum() ** 2 / (weight**2).sum() >= ESS_LEAST
    return k, weight if k <= K_MOST and enough else None


def weighted(
    model: Model,
    whole: Parts,
    density: Collapsed | CollapsedErrors,
    weight: Array,
    base: Refit,
    settings: Settings,
) -> Refit:
    """Return a posterior whose scales are those of another, weighted, all else drawn afresh."""
    rng = np.random.default_rng(settings.seed)
    chosen = stratified(weight.ravel(), rng)
    point = density.point(base.flat).reshape(-1, density.size)[chosen]
    flat = density.draw(point[None], rng)
    return base._replace(flat=flat, watched=_watched(model, whole, base.definition, flat))


def at_draws(density: Collapsed | CollapsedErrors, flat: Draws) -> Array:
    """Return the log density of the scales at each draw, shape (chains, draws)."""
    point = density.point(flat)
    each = point.reshape(-1, density.size)
    if isinstance(density, Collapsed):
        return reduce(density).log_density(each).reshape(point.shape[:-1])
    return np.reshape([density.logp_and_gradient(u)[0] for u in each], point.shape[:-1])


def given_all(model: Model, left: Parts, rest: Refit) -> Array:
    """Return the rows' joint log density at each draw of everything, (chains, draws).

    The province's effect is among the draws, from its Mundlak prior: averaging integrates it out.
    """
    variables = shaped(rest.definition, left, rest.flat)
    free = {name: values for name, (_, values) in variables.items()}
    rng = np.random.default_rng(0)  # of predictive draws, which are not used
    return model.module.rows(left, free, rng).log_likelihood.sum(axis=-1)


def log_mean_exp(values: Array) -> tuple[float, float]:
    """Return log mean exp of draws, shape (chains, draws), and its Monte Carlo standard error."""
    unit = np.exp(values - values.max())
    return float(np.log(unit.mean()) + values.max()), float(az.mcse(unit)) / unit.mean()


def pareto_k(minus_log_weight: Array) -> float:
    """Return the Pareto k̂ of weights on draws, shape (chains, draws)."""
    draws = xr.DataArray(minus_log_weight, dims=("chain", "draw"))
    return float(draws.azstats.psislw(dim=["chain", "draw"])[1])


def stratified(weight: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw as many positions as there are weights, each as often as its weight says (±1)."""
    size = len(weight)
    steps = (np.arange(size) + rng.random(size)) / size
    return np.searchsorted(np.cumsum(weight) / weight.sum(), steps).clip(max=size - 1)


def bridge(at_whole: Array, at_rest: Array) -> tuple[float, float]:
    """Return log p(y_i | y_-i) from draws of both posteriors, and its Monte Carlo standard error.

    The iteration of Meng & Wong (1996, *Statistica Sinica* 6:831–860, equation 4.1), for the
    ratio of the two posteriors' constants. Where a province is an outlier, draws without it
    hardly reach where it is likely, and draws with it do.

    Parameters
    ----------
    at_whole, at_rest : ndarray, shape (chains, draws)
        log p(y_i | u, y_-i) at draws of u given all rows, and given the others.
    """
    middle = np.median(at_whole)
    share = at_whole.size / (at_whole.size + at_rest.size)
    whole, rest = np.exp(at_whole - middle), np.exp(at_rest - middle)
    ratio = 1.0
    for _ in range(1_000):
        above = rest / (share * rest + (1 - share) * ratio)
        below = 1 / (share * whole + (1 - share) * ratio)
        before, ratio = ratio, above.mean() / below.mean()
        if abs(ratio / before - 1) < 1e-10:
            break
    errors = [float(az.mcse(part)) / part.mean() for part in (above, below)]
    return float(np.log(ratio) + middle), float(np.hypot(*errors))


# --- what a fit hangs on ----------------------------------------------------------------------


def study(job: Job, settings: Settings) -> dict[str, list[dict]]:
    """Refit one model in every way; return the rows of each of `TABLES`.

    A model whose parts cannot keep some rows (no `keep`) has none without a province or a year.

    Raises
    ------
    UserError
        If the panel does not carry the regression.
    """
    model = find(job.model)
    whole = split(job)
    tree = fit(job, settings)
    base = base_of(model, whole, tree)
    found: dict[str, list[dict]] = {"provinces": [], "influence": [], "years": []}
    if hasattr(whole, "keep"):
        found |= leave_provinces_out(job, settings, whole, base)
        found["years"] = list(leave_years_out(job, settings, whole, base))
    found["priors"] = list(under_other_priors(job, settings, whole, base))
    found["power"] = list(power_scaling(tree))
    shared = _identity(job) | {"key": key(job, settings)}
    return {name: [shared | row for row in rows] for name, rows in found.items()}


def leave_provinces_out(
    job: Job, settings: Settings, whole: Parts, base: Base
) -> dict[str, list[dict]]:
    """Return the rows of `provinces` and `influence`: a posterior without each province."""
    model = find(job.model)
    arrays = whole.design
    provinces, influence = [], []
    for code, name in enumerate(arrays.provinces):
        left_out = arrays.province == code
        found = without(model, whole, left_out, settings, base)
        place = {"province": name, "home": arrays.regions[arrays.region_of_province[code]]}
        numbers = {name: getattr(found, name) for name in ("elpd", "mcse", "k", "method")}
        provinces.append(place | {"rows": int(left_out.sum()), **numbers, "gate": found.rest.gate})
        moved = slopes_moved(job, whole, base, found, "province", name)
        influence += [place | row for row in moved]
    return {"provinces": provinces, "influence": influence}


def leave_years_out(job: Job, settings: Settings, whole: Parts, base: Base) -> Iterator[dict]:
    """Yield the rows of `years`: a posterior without each year."""
    model = find(job.model)
    for code, year in enumerate(whole.design.years):
        left_out = whole.design.year == code
        found = without(model, whole, left_out, settings, base)
        about = {"year": year, "rows": int(left_out.sum()), "k": found.k, "method": found.method}
        about["gate"] = found.rest.gate
        for row in slopes_moved(job, whole, base, found, "year", year):
            yield about | row


def slopes_moved(
    job: Job, whole: Parts, base: Base, found: LeftOut, group: str, label: str | int
) -> Iterator[dict]:
    """Yield how far each slope of interest moves without some rows, least squares beside it.

    Parameters
    ----------
    group, label : str, str or int
        The panel's column, and its value in the rows that are left out.
    """
    full = twfe.fit(whole.design)
    least_squares = _twfe_without(job, group, label)
    for quantity, draws in base.fitted.watched.items():
        if quantity.quantity != "slope" or quantity.term not in job.specification.interest:
            continue
        row = {"term": quantity.term, "region": quantity.region}
        row |= _moved(found.rest.watched[quantity], draws, "whole")
        if quantity.region == AVERAGE:
            at = full.terms.index(quantity.term)
            coef = np.nan if least_squares is None else least_squares.coef[at]
            row |= {"twfe": coef, "twfe_whole": full.coef[at], "twfe_se": full.se[at]}
            row["twfe_shift"] = (coef - full.coef[at]) / full.se[at]
        yield row


def _twfe_without(job: Job, group: str, label: str | int) -> twfe.TwfeFit | None:
    """Return least squares without some rows, None where nothing is left to estimate."""
    frame, record = job.panel.frame, job.specification
    try:
        arrays = design(frame[frame[group] != label], record)
        return twfe.fit(find(job.model).split(arrays, record).design)
    except UserError:
        return None


def _moved(draws: Array, before: Array, name: str) -> dict[str, float]:
    mean, sd = before.mean(), before.std(ddof=1)
    return {
        "mean": draws.mean(),
        "sd": draws.std(ddof=1),
        f"{name}_mean": mean,
        f"{name}_sd": sd,
        "shift": (draws.mean() - mean) / sd,
    }


def under_other_priors(job: Job, settings: Settings, whole: Parts, base: Base) -> Iterator[dict]:
    """Yield the rows of `priors`: under each of `ALTERNATIVES` that concerns the model."""
    model = find(job.model)
    for alternative in ALTERNATIVES:
        if not base.fitted.flat.keys() & set(alternative.variables):
            continue
        other = under(model, whole, alternative.of(model.module.PRIORS), settings, base)
        for quantity, before in base.fitted.watched.items():
            draws = other.watched[quantity]
            moved = _moved(draws, before, "base")
            low, high = np.quantile(draws, [0.025, 0.975])
            yield {
                "priors": alternative.name,
                **quantity._asdict(),
                **moved,
                "q025": low,
                "q975": high,
                "sd_ratio": moved["sd"] / moved["base_sd"],
                "gate": other.gate,
            }


def power_scaling(tree: xr.DataTree) -> Iterator[dict]:
    """Yield the rows of `power`: a quantity under each scaled prior, and all of them.

    Parameters
    ----------
    tree : DataTree
        A trace.
    """
    named = {prior["name"] for prior in json.loads(tree.attrs["priors"])["table"]}
    priors = [name for name in tree["log_prior"].data_vars if name in named]
    watched = [name for name in QUANTITIES if name in tree["posterior"].data_vars]
    likelihood = az.psense(tree, var_names=watched, group="likelihood", group_var_names=["y"])
    for scaled, names in {"all": priors, **{name: [name] for name in priors}}.items():
        prior = az.psense(tree, var_names=watched, group="prior", group_var_names=names)
        for name in watched:
            for labels, moved in _labelled(prior[name]):
                by_data = float(likelihood[name].sel(labels))
                yield {
                    "quantity": name.removesuffix("_region"),
                    "term": labels.get("term", labels.get("varying", "")),
                    "region": labels.get("region", AVERAGE if name == "slope" else ""),
                    "scaled": scaled,
                    "prior": moved,
                    "likelihood": by_data,
                    "diagnosis": diagnosis(moved, by_data),
                }


def _labelled(values: xr.DataArray) -> Iterator[tuple[dict[str, str], float]]:
    for index in np.ndindex(values.shape):
        at = dict(zip(values.dims, index, strict=True))
        labels = {dim: values[dim].to_numpy()[i].item() for dim, i in at.items()}
        yield labels, float(values.to_numpy()[index])


def diagnosis(prior: float, likelihood: float) -> str:
    """Name what two power-scaling sensitivities mean together (Kallioinen et al. 2024)."""
    if prior < SENSITIVE:
        return "prior does not matter"
    return "prior and data pull" if likelihood >= SENSITIVE else "prior outweighs data"


# --- running and storing ----------------------------------------------------------------------


def studies(
    panels: Iterable[Panel], records: Iterable[Specification], models: Sequence[str]
) -> list[Job]:
    """List the fits to study: by the named models, or by those that need no naming.

    Raises
    ------
    UserError
        If no named model fits a column, or its priors are too wide to mean anything.
    """
    flat = [name for name in models if not find(name).prior_groups]
    if flat:
        raise UserError(
            f"The model {flat[0]} has no prior that means anything, so a province never seen has "
            f"no predictive density: choose among {', '.join(LADDER)} or other models."
        )
    panels, listed = list(panels), []
    for record in records:
        own = [m for m in models_for(record) if m.prior_groups and not m.counterpart(record)]
        listed += jobs(panels, [record], models or [m.name for m in own if not m.extra])
    return listed


def run(
    listed: Sequence[Job],
    settings: Settings,
    results: Path,
    workers: int = 2,
    cluster: str | None = None,
) -> Iterator[Job]:
    """Study each fit that the tables in results/ do not hold yet; yield it when it is stored.

    The tables are rewritten whole after each fit, so an interrupted run goes on where it was.
    """
    keys = {key(job, settings): job for job in listed}
    found = tables(results)
    stored = set(found["power"]["key"])  # the last that is written, and never empty
    yield from (job for k, job in keys.items() if k in stored)
    waiting = [job for k, job in keys.items() if k not in stored]
    for job, rows in spread(partial(_study, settings=settings), waiting, workers, cluster):
        for name, columns in TABLES.items():
            found[name] = _with(found[name], job, pd.DataFrame(rows[name], columns=columns))
            write_csv(found[name], path_of(results, name))
        yield job


def _study(job: Job, settings: Settings) -> tuple[Job, dict[str, list[dict]]]:
    return job, study(job, settings)


def path_of(results: Path, name: str) -> Path:
    """Return where one of the tables lies."""
    return results / f"sensitivity_{name}.csv"


def tables(results: Path) -> dict[str, pd.DataFrame]:
    """Read `TABLES` from results/; what has not been made is empty."""
    return {name: _read(path_of(results, name), columns) for name, columns in TABLES.items()}


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame(columns=columns)
    text = dict.fromkeys((*JOB, *QUANTITY, "key"), str) | TEXT
    return pd.read_csv(path, dtype=text).fillna(dict.fromkeys(QUANTITY, ""))


def _with(table: pd.DataFrame, job: Job, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a fit's rows in place of what it held of the same fit."""
    same = (table[list(JOB)] == pd.Series(_identity(job))).all(axis=1)
    parts = [part for part in (table[~same], rows) if len(part)]
    return ordered(pd.concat(parts, ignore_index=True)) if parts else rows


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by fit, whatever order the fits ended in: panels and models as they are listed."""
    listed = {"panel": [kind.name for kind in PANELS], "model": [model.name for model in MODELS]}
    place = {
        name: {label: f"{i:02}" for i, label in enumerate(labels)}
        for name, labels in listed.items()
    }
    by = list(JOB)
    return table.sort_values(
        by,
        key=lambda values: values.map(lambda label: place.get(values.name, {}).get(label, label)),
        kind="stable",
        ignore_index=True,
    )


def key(job: Job, settings: Settings) -> str:
    """Return the hash of everything that a study is made from."""
    fitted = made_from(job, settings, find(job.model).module.PRIORS)
    return sha256(fitted.encode() + SOURCE)[:16]


def _identity(job: Job) -> dict[str, str]:
    return {"panel": job.panel.name, "column": job.specification.column, "model": job.model}


# --- what comes out -----------------------------------------------------------------------------


def comparison(provinces: pd.DataFrame) -> pd.DataFrame:
    """Compare models by how well they foresee provinces that they have not seen.

    Parameters
    ----------
    provinces : DataFrame
        results/sensitivity_provinces.csv.

    Returns
    -------
    DataFrame
        Columns `COMPARISON`, by ArviZ's `compare` with provinces as units.
    """
    found = []
    for (panel, column), rows in provinces.groupby(["panel", "column"], sort=False):
        wide = rows.pivot(index="province", columns="model", values="elpd")
        compared = az.compare({name: _elpd(wide[name]) for name in wide}, round_to="none")
        error = rows.groupby("model")["mcse"].agg(lambda each: np.sqrt((each**2).sum()))
        compared = compared.assign(
            panel=panel, column=column, provinces=len(wide), mcse=error
        ).rename_axis("model")
        found.append(compared.reset_index()[list(COMPARISON)])
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COMPARISON)


def _elpd(density: pd.Series) -> az.ELPDData:
    values = density.to_numpy()
    return az.ELPDDataLOOKFold(
        elpd=values.sum(),
        se=np.sqrt(len(values) * values.var()),
        p=np.nan,
        n_samples=1,
        n_data_points=len(values),
        scale="log",
        warning=False,
        good_k=None,
        elpd_i=xr.DataArray(values, dims="province"),
        n_folds=len(values),
    )


def summaries(found: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return what the terminal shows of `TABLES`, by title."""
    terms = [(record.column, term) for record in select(()) for term in record.interest]
    interest = pd.DataFrame(terms, columns=["column", "term"])
    priors, power = found["priors"].merge(interest), found["power"].merge(interest)
    return {
        "Leave one province out: joint log density of its rows, summed": comparison(
            found["provinces"]
        ),
        "Provinces without which a slope moves farthest (shift in posterior sd; TWFE in SE)": (
            farthest(found["influence"], ["term", "region"])
        ),
        "Years without which a slope moves farthest (shift in posterior sd; TWFE in SE)": (
            farthest(found["years"], ["term", "region"])
        ),
        "Other priors under which a quantity moves farthest (shift in posterior sd)": farthest(
            priors, list(QUANTITY), most=2
        ),
        "Power-scaling sensitivity of the terms of interest, all priors": power.loc[
            power["scaled"] == "all", [*JOB, *QUANTITY, "prior", "likelihood", "diagnosis"]
        ],
    }


def farthest(rows: pd.DataFrame, of: list[str], most: int = 3) -> pd.DataFrame:
    """Return, of each fit and each of what `of` names, the `most` rows of largest |shift|."""
    keys = [*JOB, *of]
    far = rows.assign(far=rows["shift"].abs()).sort_values("far", ascending=False)
    top = far.groupby(keys, sort=False).head(most).sort_values(keys, kind="stable")
    return top.drop(
        columns=["far", "key", *(c for c in ("home", "twfe_whole", "twfe_se") if c in top)]
    )


def frames(influence: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and rows of each figure that `draw` can make: the ladder's highest model."""
    for (column, term), rows in influence.groupby(["column", "term"], sort=False):
        highest = [name for name in LADDER if (rows["model"] == name).any()]
        own = rows[rows["model"] == (highest or list(rows["model"]))[-1]]
        suffix = (
            "" if influence[influence["column"] == column]["term"].nunique() == 1 else f"_{term}"
        )
        yield f"influence_{column}{suffix}", own


def draw(rows: pd.DataFrame) -> Figure:
    """Draw how far each slope of one column moves without each province.

    A frame for the average slope and for each region's; a dot for each panel, hollow for TWFE.
    """
    slopes = [name for name in (AVERAGE, *REGIONS) if (rows["region"] == name).any()]
    homes = {home: i for i, home in enumerate(REGIONS)}
    names = rows[["province", "home"]].drop_duplicates()
    names = names.sort_values("home", key=lambda home: home.map(homes), kind="stable")
    at = {province: i for i, province in enumerate(names["province"])}
    panels = list(dict.fromkeys(rows["panel"]))
    figure = Figure(figsize=(2 + 1.7 * len(slopes), 1 + 0.17 * len(at)), layout="constrained")
    grid = figure.subplots(1, len(slopes), sharey=True, squeeze=False)[0]
    for axes, slope in zip(grid, slopes, strict=True):
        for panel, colour in colours(panels).items():
            own = rows[(rows["region"] == slope) & (rows["panel"] == panel)]
            y = own["province"].map(at)
            axes.plot(own["shift"], y, "o", ms=3, color=colour, label=panel)
            axes.plot(own["twfe_shift"], y, "o", ms=4, mfc="none", color=colour, alpha=0.6)
        axes.axvline(0, color="0.6", lw=0.6, zorder=0)
        for edge in np.flatnonzero(np.diff(names["home"].map(homes))):
            axes.axhline(edge + 0.5, color="0.85", lw=0.6, zorder=0)
        axes.set_title(slope, loc="left")
        axes.set_yticks(range(len(at)), list(at))
    grid[0].invert_yaxis()
    figure.supxlabel("shift of the slope without the province, in sd (hollow: TWFE, in SE)")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure
