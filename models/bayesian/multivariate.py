"""Several outcomes with correlated errors: posteriors of sums, and mediation.

Likelihood: each outcome o of a system as in `models.bayesian.hierarchical`, on the same regressors,
with
    (ε_it1, …, ε_itm) ~ N(0, D_r R D_r),  D_r = diag(σ_r1, …, σ_rm)

σ by region and outcome as there, the correlations R common to the regions.

Priors: each outcome's as in `models.bayesian.hierarchical`; R ~ LKJ(η), by its partial
correlations.

The systems (`models.design.System`) are the columns': in the paper the three dimensions of produ
(Table 4), which add up to it (Tables 3, 6); capital and labour misallocation, which add up to
M_all (Table 7), and produ after them. Slopes,
constants and effects add up as the outcomes do, and the standard deviation of a sum's error
counts the correlations. The columns of one system share one posterior; each reads its own
outcome's `slope` from it. Because all outcomes have the same regressors, R hardly moves a single
outcome's slopes (Zellner 1962, *JASA* 57:348–368): it is there for what combines outcomes.

Mediation (columns of Table 7, whose hypothesis H2 is indus → less misallocation → produ), for
the column's own outcome M, by the product of coefficients (Baron & Kenny 1986; Imai, Keele &
Yamamoto 2010, *Statistical Science* 25:51–71), a and c by region:
    a = slope of M on indus,  c = slope of produ on indus (total),
    b = Cov(ε_M, ε_produ) / Var(ε_M), the slope of produ on M given indus, controls and effects
    indirect = a·b,  direct = c − a·b
b needs no regression of its own: it is a ratio within D_r R D_r, and differs by region as σ does.

`indirect` is an effect *through* M only if all of this holds:
1. given controls, province and year, indus is as good as random for M and for produ;
2. given these and indus, M is as good as random for produ, so that nothing unseen moves both
   (sequential ignorability): the data cannot test this, and one common shock of a province and
   year breaks it;
3. neither produ nor M acts on indus or on the other the other way round within the year, and
   nothing works with a lag;
4. b is the same at every level of indus, and M is the only mediator or others are unrelated to it:
   in 7.2 and 7.3 the other misallocation counts as part of the direct effect.
Without them a·b is the part of the slope that is associated with M, a description. Errors that are
correlated for any reason give the same b.
"""

from dataclasses import dataclass, replace

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.bayesian import hierarchical
from models.bayesian.correlated_outcomes import CorrelatedErrors
from models.bayesian.correlation import from_partial, given_before, pairs, stacked
from models.bayesian.effects import normal_log_density, predictive, report_effects, standard_mean
from models.bayesian.hierarchical import effects
from models.bayesian.interface import Rows, Variables
from models.bayesian.within_between import WithinBetween
from models.design import Design, System
from models.inference.collapsed_correlated import CollapsedErrors, collapse_errors, effects_of
from models.priors import REGULARISED, Prior, Priors

PRIORS = REGULARISED.and_of(
    Prior(
        "partial_unit",
        "LKJ",
        2.0,
        "correlations of the outcomes' errors, as partial ones moved to (0, 1)",
        "η = 2 leans to no correlation, under which outcomes may as well be fitted one by one, "
        "and leaves a correlation of 0.9 possible.",
    )
)

MEANINGS = hierarchical.MEANINGS | {"y_system": "all outcomes of the system, standardised"}

ADDED_UP = ("slope", "const", "province_effect", "year_effect", "slope_region", "slope_common")
"""Reported quantities that are linear in the outcomes."""


@dataclass(frozen=True)
class Joint:
    """A system's regressions in within–between form.

    Attributes
    ----------
    system : System
    weights : ndarray, shape (m,)
        How the column's outcome is made of the m modelled.
    regressions : tuple of WithinBetween, length m
        One per outcome, on the same regressors.
    """

    system: System
    weights: NDArray[np.float64]
    regressions: tuple[WithinBetween, ...]

    @property
    def design(self) -> Design:
        """The column's own regression."""
        total = sum(
            w * regression.design.y
            for w, regression in zip(self.weights, self.regressions, strict=True)
        )
        return self.regressions[0].design.with_outcome(total)

    @property
    def coords(self) -> dict[str, tuple]:
        """Labels of every dim."""
        names = self.system.outcomes
        return self.regressions[0].coords | {
            "outcome": names,
            "other_outcome": names,
            "pair": pairs(names),
        }

    @property
    def scales(self) -> NDArray[np.float64]:
        """Standard deviation of each outcome, shape (m,)."""
        return np.array([regression.scale for regression in self.regressions])

    @property
    def observed(self) -> Variables:
        """The column's outcome, and all that are modelled."""
        all_of_them = np.column_stack([regression.design.y for regression in self.regressions])
        return {"y": (("obs",), self.design.y), "y_system": (("obs", "outcome"), all_of_them)}


def split(
    design: Design,
    varying: tuple[str, ...] = (),
    sigma: hierarchical.By = "common",
    *,
    system: System,
) -> Joint:
    """Standardise the regressions of a system; as `models.bayesian.hierarchical.split`.

    Parameters
    ----------
    design : Design
        Of the column; its rows have all outcomes of the system.
    varying, sigma
        As there.
    system : System
        One that the column's outcome is a part or the total of.

    Raises
    ------
    UserError
        As there, and if a total is not the sum of its parts.
    """
    weights = system.weights(design.outcome)
    outcomes = design.rows[list(system.outcomes)].to_numpy(float)
    if np.abs(outcomes @ weights - design.y).max() > 1e-6 * design.y.std():
        raise UserError(
            f"{system.total} is not the sum of {', '.join(system.parts)} in this panel: correct "
            "these columns or choose the model hierarchical."
        )
    regressions = tuple(
        hierarchical.split(design.with_outcome(outcome), varying, sigma) for outcome in outcomes.T
    )
    return Joint(system, weights, regressions)


def build(parts: Joint, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; variables as `hierarchical` has them, once for each outcome.

    The likelihood is written outcome by outcome, each given those before it
    (`models.bayesian.correlation`).
    """
    base = parts.regressions[0]
    y = np.stack([regression.y for regression in parts.regressions])
    with pm.Model(coords=parts.coords) as model:
        values = effects(base, hierarchical.variables(base, priors, leading=("outcome",)))
        partial = 2 * priors["partial_unit"].variable(dims="pair") - 1
        mean, sigma = standard_mean(base, values), values.sigma[..., base.design.region]
        unit = (y - mean) / sigma
        factor = from_partial(partial, len(y))
        conditional_means = given_before([unit[position] for position in range(len(y))], factor)
        pm.Normal(
            "y_system",
            mean
            + sigma
            * pt.stack([conditional_mean + 0 * unit[0] for conditional_mean in conditional_means]),
            sigma * pt.stack([row[-1] for row in factor])[:, None],
            observed=y,
            dims=("outcome", "obs"),
        )
    return model


def density(parts: Joint, priors: Priors = PRIORS) -> CollapsedErrors:
    """Return the same model with everything but the τ, σ and correlations integrated out."""
    densities = tuple(hierarchical.density(regression, priors) for regression in parts.regressions)
    base, effect = parts.regressions[0], effects_of(densities[0])
    y = np.column_stack([regression.y for regression in parts.regressions])
    group = base.groups_to_regions.argmax(axis=0)[base.design.region]
    rows_of = [group == g for g in range(len(base.sigma_groups))]
    errors = CorrelatedErrors(
        sigma=priors["sigma_std"],
        correlation=priors["partial_unit"],
        counts=np.array([mine.sum() for mine in rows_of]),
        effects=np.array([effect[mine].T @ effect[mine] for mine in rows_of]),
        effects_y=np.array([y[mine].T @ effect[mine] for mine in rows_of]),
        y=np.array([y[mine].T @ y[mine] for mine in rows_of]),
    )
    return collapse_errors(densities, errors, y.size)


def report(parts: Joint, free: dict) -> Variables:
    """Translate draws to the paper's scale.

    As `report_effects` for the column's outcome, without the τ of a total, which has none; and
    `slope_outcome` (outcome, term), `slope_region_outcome` (outcome, varying, region),
    `sigma_outcome` (outcome, region), `correlation` (outcome, other_outcome). With a result:
    `mediator_slope` (region), b; `indirect_region`, `direct_region` (varying, region), and their
    averages over rows, `indirect`, `direct` (varying).
    """
    by_outcome = []
    for position, regression in enumerate(parts.regressions):
        only = _only(free, position)
        by_outcome.append(report_effects(regression, effects(regression, only), only))
    reported = {
        name: (
            dims,
            sum(
                w * of_outcome[name][1]
                for w, of_outcome in zip(parts.weights, by_outcome, strict=True)
            ),
        )
        for name, (dims, _) in by_outcome[0].items()
        if name in ADDED_UP
    }
    if parts.weights.sum() == 1:
        reported = dict(by_outcome[int(parts.weights.argmax())])
    scaled = _scaled_factor(parts, free)
    reported["sigma"] = (("region",), np.linalg.norm(parts.weights @ scaled, axis=-1))
    for name in ("slope", "slope_region", "sigma"):
        if name in by_outcome[0]:
            dims = by_outcome[0][name][0]
            values = np.stack(
                [of_outcome[name][1] for of_outcome in by_outcome], axis=-1 - len(dims)
            )
            reported[f"{name}_outcome"] = (("outcome", *dims), values)
    factor = _factor(parts, free)
    reported["correlation"] = (("outcome", "other_outcome"), factor @ _transposed(factor))
    if parts.system.result and "slope_region" in by_outcome[0]:
        reported |= _mediation(parts, reported, scaled)
    return reported


def _mediation(parts: Joint, reported: Variables, scaled: NDArray[np.float64]) -> Variables:
    position = parts.system.outcomes.index(parts.system.result)
    mediator, result = parts.weights @ scaled, scaled[..., position, :]
    b = (mediator * result).sum(axis=-1) / (mediator**2).sum(axis=-1)
    _, a = reported["slope_region"]
    _, c = reported["slope_region_outcome"]
    indirect = a * b[..., None, :]
    by_region = {"indirect": indirect, "direct": c[..., position, :, :] - indirect}
    share = np.bincount(parts.design.region) / len(parts.design.region)
    return {
        "mediator_slope": (("region",), b),
        **{f"{name}_region": (("varying", "region"), v) for name, v in by_region.items()},
        **{name: (("varying",), v @ share) for name, v in by_region.items()},
    }


def rows(parts: Joint, free: dict, rng: np.random.Generator) -> Rows:
    """Return each row's log likelihood, of all outcomes at once, and predictive draws of them."""
    y = np.column_stack([regression.design.y for regression in parts.regressions])
    mean = np.stack(
        [
            predictive(regression, effects(regression, _only(free, position)))[0]
            for position, regression in enumerate(parts.regressions)
        ],
        axis=-1,
    )
    log_likelihood, drawn = np.empty(mean.shape[:-1]), np.empty_like(mean)
    scaled = _scaled_factor(parts, free)
    for r in range(len(parts.design.regions)):
        mine, of_region = parts.design.region == r, scaled[..., r, :, :]
        error = y[mine] - mean[..., mine, :]
        unit = np.linalg.solve(of_region, _transposed(error))
        # An error is L u: log p(error) is log p(u) less the log of the diagonal of L.
        sizes = np.log(np.diagonal(of_region, axis1=-2, axis2=-1)).sum(axis=-1)
        log_likelihood[..., mine] = normal_log_density(unit).sum(axis=-2) - sizes[..., None]
        noise = rng.standard_normal(error.shape)
        drawn[..., mine, :] = mean[..., mine, :] + noise @ _transposed(of_region)
    return Rows(
        log_likelihood,
        {"y": (("obs",), drawn @ parts.weights), "y_system": (("obs", "outcome"), drawn)},
    )


def generate(parts: Joint, free: dict, rng: np.random.Generator) -> Joint:
    """Return the same regressions with outcomes drawn from the model, `free` a single draw."""
    single = {name: value[None, None] for name, value in free.items()}
    (*_, drawn) = rows(parts, single, rng).predictive["y_system"]
    pairs = zip(parts.regressions, drawn[0, 0].T, strict=True)
    new = tuple(
        replace(regression, design=regression.design.with_outcome(outcome))
        for regression, outcome in pairs
    )
    return replace(parts, regressions=new)


def _only(free: dict, position: int) -> dict:
    """Return one outcome's variables, as `models.bayesian.hierarchical` has them."""
    return {name: values[:, :, position] for name, values in free.items() if name != "partial_unit"}


def _scaled_factor(parts: Joint, free: dict) -> NDArray[np.float64]:
    """Return D_r L on the paper's scale, shape (…, regions, m, m)."""
    sigma = (free["sigma_std"] @ parts.regressions[0].groups_to_regions) * parts.scales[:, None]
    return _transposed(sigma)[..., None] * _factor(parts, free)[..., None, :, :]


def _factor(parts: Joint, free: dict) -> NDArray[np.float64]:
    """Return L, shape (…, m, m)."""
    return stacked(from_partial(2 * free["partial_unit"] - 1, len(parts.regressions)))


def _transposed(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.swapaxes(x, -1, -2)
