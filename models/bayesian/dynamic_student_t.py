"""Dynamic model with Student t errors: ρ is robust to outlying years.

Likelihood, all else as in `models.bayesian.dynamic`, ν as in `models.bayesian.student_t`
    y_it = ρ y_i,t−1 + z̃_it'b_r + w̃_it'γ + a_i + d_t + ε_it,  ε_it ~ t_ν(0, σ_r)
"""

from typing import Any

import numpy as np
import pymc as pm

from models.bayesian import dynamic, hierarchical, student_t
from models.bayesian.dynamic import Dynamic
from models.bayesian.within_between import By
from models.design import Design
from models.priors import Priors

PRIORS = dynamic.PRIORS.and_of(student_t.NU)

MEANINGS = dynamic.MEANINGS

report = student_t.report
rows = student_t.rows


def split(design: Design, varying: tuple[str, ...] = (), sigma: By = "common") -> Dynamic:
    """Standardise the regression and split its regressors; one ρ, as `dynamic.split`."""
    return dynamic.split(design, varying, sigma)


def build(parts: Dynamic, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; arguments as `models.bayesian.hierarchical.build` takes them."""
    return student_t.build(parts, priors, dynamic.line)


def marginal(parts: Dynamic, priors: Priors = PRIORS) -> pm.Model:
    """Build the same with the province effects integrated out, as `student_t.marginal`."""
    return student_t.marginal(parts, priors, dynamic.line)


def completed(parts: Dynamic, free: dict, rng: np.random.Generator) -> dict:
    """Return draws of all free variables, given those of `marginal`."""
    return student_t.completed(parts, free, rng, dynamic.of_line)


def generate(parts: Dynamic, free: dict[str, Any], rng: np.random.Generator) -> Dynamic:
    """Draw outcomes from the model, year after year; as `models.bayesian.dynamic.generate`."""
    values = hierarchical.effects(parts, free)
    region = parts.design.region
    noise = values.sigma[region] * rng.standard_t(free["nu"], len(region))
    return dynamic.follow(parts, values, noise)
