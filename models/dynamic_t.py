"""The dynamic model with Student t errors: single odd years cannot drag the root along.

Likelihood, all else as in `models.dynamic`, ν as in `models.student_t`
    y_it = ρ y_i,t−1 + z̃_it'b_r + w̃_it'γ + a_i + d_t + ε_it,  ε_it ~ t_ν(0, σ_r)

NUTS moves in a_i by what the province's rows would say of it were errors normal
(`models.province_coordinates`): effects themselves are a bad choice where the data leave τ_province
near zero, and hang on ρ wherever the province's mean lag is large. The model is the same.
"""

from typing import Any

import numpy as np
import pymc as pm

from models import dynamic, hierarchical, student_t
from models.design import Design
from models.dynamic import Dynamic
from models.priors import Priors
from models.province_coordinates import Told
from models.within_between import By, Effects, Rows, Variables, standard_mean

PRIORS = dynamic.PRIORS.and_of(student_t.NU)


def split(design: Design, varying: tuple[str, ...] = (), sigma: By = "common") -> Dynamic:
    """Standardise the regression and split its regressors; one root, as `models.dynamic.split`."""
    return dynamic.split(design, varying, sigma)


def told(parts: Dynamic, free: dict) -> tuple[Effects, Told]:
    """Return the effects but those of provinces, and what these are; tensors or draws."""
    others = hierarchical.but_of_provinces(parts, free)
    const, spread = (free[name][..., 0, None] for name in ("const_std", "tau_province_std"))
    rest = parts.y - standard_mean(parts, others)
    return others, Told(parts, rest, others.sigma, const + dynamic.of_line(parts, free), spread)


def build(parts: Dynamic, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; arguments as `models.hierarchical.build` takes them."""
    with pm.Model(coords=parts.coords) as model:
        free = hierarchical.variables(parts, priors, line=None, partly_centred=True)
        free |= dynamic.line(parts, priors, ())[0]
        others, known = told(parts, free)
        province = known.effect(known.variable("province_unit"))
        student_t.observe(parts, priors, others._replace(province=province))
    return model


def with_provinces(parts: Dynamic, free: dict) -> dict[str, Any]:
    """Return draws with `province_std`, as `models.dynamic` has it."""
    _, known = told(parts, free)
    return free | {"province_std": known.effect(free["province_unit"])}


def report(parts: Dynamic, free: dict) -> Variables:
    """Translate draws to the paper's scale; as `models.student_t.report`."""
    return student_t.report(parts, with_provinces(parts, free))


def rows(parts: Dynamic, free: dict, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of each row."""
    return student_t.rows(parts, with_provinces(parts, free), rng)


def generate(parts: Dynamic, free: dict[str, Any], rng: np.random.Generator) -> Dynamic:
    """Draw outcomes from the model, year after year; as `models.dynamic.generate`."""
    made = dynamic.effects(parts, with_provinces(parts, free))
    region = parts.design.region
    noise = made.sigma[region] * rng.standard_t(free["nu"], len(region))
    return dynamic.follow(parts, made, noise)


def restated(parts: Dynamic, other: Dynamic, free: dict[str, Any]) -> dict[str, Any]:
    """Return a draw given one data set as it is given another, whose coordinates are others."""
    effect = with_provinces(parts, free)["province_std"]
    _, known = told(other, free)
    return free | {"province_unit": known.unit(effect)}
