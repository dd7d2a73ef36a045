"""The dynamic model with Student t errors: single odd years cannot drag the root along.

Likelihood, all else as in `models.dynamic`, ν as in `models.student_t`
    y_it = ρ y_i,t−1 + z̃_it'b_r + w̃_it'γ + a_i + d_t + ε_it,  ε_it ~ t_ν(0, σ_r)

NUTS moves in a_i + ρ m_i, m_i the province's mean lag, which the data know well whatever ρ is: the
lag less m_i is in the rows, ρ m_i in the centre of the effects' prior. The model is the same.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pymc as pm

from models import dynamic, student_t
from models.design import Design
from models.dynamic import Dynamic
from models.priors import Priors
from models.within_between import By

PRIORS = dynamic.PRIORS.and_of(student_t.NU)

report = student_t.report
rows = student_t.rows


def split(design: Design, varying: tuple[str, ...] = (), sigma: By = "common") -> Dynamic:
    """Standardise the regression and split its regressors, the lag about its province means."""
    return centred(dynamic.split(design, varying, sigma))


def centred(parts: Dynamic) -> Dynamic:
    """Take the lag's province means out of the rows and into the province parts."""
    province, unit = parts.design.province, parts.term_scale[parts.term_of_regressor]
    means = dynamic.means(parts.within[:, parts.own], province, len(parts.design.provinces))
    within, province_part = parts.within.copy(), parts.province_part.copy()
    within[:, parts.own] -= means[province]
    province_part[:, parts.own] = means * unit[parts.own]
    return replace(parts, within=within, province_part=province_part)


def given_back(parts: Dynamic, slope_std: Any) -> Any:
    """Return ρ m_i, shape (…, N)."""
    unit = parts.term_scale[parts.term_of_regressor]
    means = parts.province_part[:, parts.own] / unit[parts.own]
    return slope_std @ (parts.coefficients_to_regressors[:, parts.own] @ means.T)


def line(
    parts: Dynamic, priors: Priors, leading: tuple[str, ...], others: dict
) -> tuple[dict, Any]:
    """Add the variables of the province effects' line; return them and the line, (…, N)."""
    free, about = dynamic.line(parts, priors, leading, others)
    return free, about + given_back(parts, others["slope_std"])


def build(parts: Dynamic, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; arguments as `models.hierarchical.build` takes them."""
    return student_t.build(parts, priors, line)


def generate(parts: Dynamic, free: dict[str, Any], rng: np.random.Generator) -> Dynamic:
    """Draw outcomes from the model, year after year; as `models.dynamic.generate`."""
    made = dynamic.effects(parts, free)
    made = made._replace(province=made.province - given_back(parts, free["slope_std"]))
    region = parts.design.region
    noise = made.sigma[region] * rng.standard_t(free["nu"], len(region))
    return centred(dynamic.follow(parts, made, noise))


def restated(parts: Dynamic, other: Dynamic, free: dict[str, Any]) -> dict[str, Any]:
    """Return a draw given one data set as it is given another, whose mean lags are others."""
    moved = [given_back(each, free["slope_std"]) for each in (parts, other)]
    return free | {"province_std": free["province_std"] - moved[0] + moved[1]}
