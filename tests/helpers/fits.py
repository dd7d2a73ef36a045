"""Models put together for tests, each once, and PyMC's view of their densities."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
from numpy.typing import NDArray

from analysis.posterior import inputs
from analysis.posterior.engines import NutsEngine
from analysis.specifications import select
from data.panels.panel import Panel, load_panel
from models.bayesian import flat, hierarchical
from models.bayesian.registry import MODELS, Model, find
from models.bayesian.within_between import WithinBetween
from models.design import Specification, design
from models.inference.collapsed import Collapsed
from models.priors import Priors
from tests.helpers.true_panels import simulated_panel

Array = NDArray[np.float64]

INDEPENDENT = [
    model.name for model in MODELS if model.source in (flat.__name__, hierarchical.__name__)
]
"""Models of one outcome with independent normal errors: `WithinBetween` and `Collapsed`."""


@cache
def official(column: str = "3.2") -> Panel:
    return load_panel("official", select([column])[0].variables)


@cache
def simulated(seed: int = 5, last_year: int = 2022, df: float | None = None) -> Panel:
    """Return the simulated panel under a name that a user's own could have."""
    return replace(simulated_panel(seed, range(2010, last_year + 1), df), name="own-simulated")


def thinned(panel: Panel, share: float, seed: int = 3) -> Panel:
    """Drop a share of a panel's rows."""
    keep = np.random.default_rng(seed).random(len(panel.frame)) >= share
    return replace(panel, frame=panel.frame[keep].reset_index(drop=True), balanced=False)


def few(panel: Panel) -> Panel:
    """Return five provinces of each region to 2016: what all variables' NUTS does in minutes."""
    rows = panel.frame
    first = rows.groupby("region")["province"].transform(lambda names: pd.factorize(names)[0] < 5)
    kept = rows[first.astype(bool) & (rows["year"] <= 2016)].reset_index(drop=True)
    return replace(panel, frame=kept)


@dataclass(frozen=True, eq=False)
class Fit:
    """A model of a column on a panel, before any draw."""

    panel: Panel
    specification: Specification
    model: Model
    priors: Priors

    @cached_property
    def parts(self) -> WithinBetween:
        arrays = design(self.panel.frame, self.specification)
        return inputs.split(self.model, arrays, self.specification)

    @cached_property
    def density(self) -> Collapsed:
        return self.model.module.density(self.parts, self.priors)

    @cached_property
    def definition(self) -> pm.Model:
        return self.model.module.build(self.parts, self.priors)

    @cached_property
    def _log_densities(self):
        model = self.definition
        factors = model.logp(model.basic_RVs, sum=False, jacobian=False)
        sums = [factor.sum() for factor in factors]
        return model.compile_fn(
            sums,
            inputs=model.value_vars,
            mode="FAST_COMPILE",
            point_fn=True,
            on_unused_input="ignore",
        )

    @cached_property
    def _forward(self):
        """A function from the variables to the values that PyMC evaluates densities at."""
        model = self.definition
        values = []
        for variable in model.free_RVs:
            transform = model.rvs_to_transforms[variable]
            values.append(
                variable
                if transform is None
                else transform.forward(variable, *variable.owner.inputs)
            )
        return model.compile_fn(values, inputs=model.free_RVs, mode="FAST_COMPILE", point_fn=False)

    def log_densities(self, variables: Mapping[str, Array]) -> dict[str, float]:
        """Return PyMC's log density of each variable and of y, at one flat draw of all."""
        model = self.definition
        shaped = {
            name: values.reshape([len(model.coords[d]) for d in model.named_vars_to_dims[name]])
            for name, values in variables.items()
        }
        values = self._forward(*(shaped[variable.name] for variable in model.free_RVs))
        found = self._log_densities(
            {
                model.rvs_to_values[variable].name: value
                for variable, value in zip(model.free_RVs, values, strict=True)
            }
        )
        return dict(zip((rv.name for rv in model.basic_RVs), map(float, found), strict=True))


PANEL_OF = {"measurement": official}
"""Of models that cannot be fitted to a simulated panel."""


@cache
def fit_of(column: str, name: str, share_missing: float = 0.0) -> Fit:
    """Put a model together on the simulated panel, or on the one that it needs."""
    (specification,) = select([column])
    model = find(name)
    panel = PANEL_OF.get(name, simulated)()
    panel = thinned(panel, share_missing) if share_missing else panel
    return Fit(panel, specification, model, model.module.PRIORS)


def points(density: Any, size: int, seed: int = 0) -> Array:
    """Return points of a density's scales, in the bulk of their priors and out of it."""
    rng = np.random.default_rng(seed)
    return np.array([density.initial(rng) for _ in range(size)])


def flat_draw(fitted: Fit, seed: int = 0) -> dict[str, Array]:
    """Return one draw of the free variables from the prior, flat."""
    engine = NutsEngine(fitted.model, fitted.parts, fitted.priors, fitted.definition)
    drawn = engine.draw_prior(1, np.random.default_rng(seed))
    return {name: values[0] for name, values in drawn.items()}
