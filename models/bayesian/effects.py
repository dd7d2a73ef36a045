"""Row means from effects, slopes and σ, and their translation to the paper's scale.

The last steps of every model on a regression in within–between form (`within_between`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.bayesian.interface import Rows, Variables
from models.bayesian.within_between import WithinBetween
from models.priors import LOG_2PI


class Effects(NamedTuple):
    """Effects, slopes and scales of the standardised outcome.

    PyTensor tensors inside a model, arrays of draws with leading dims outside it.

    Attributes
    ----------
    province : (…, N)
    year : (…, C)
        One per year cell.
    slope : (…, m)
        One per regressor.
    sigma : (…, regions)
    """

    province: Any
    year: Any
    slope: Any
    sigma: Any


def off_common_mean(parts: WithinBetween, free: Mapping[str, Any]) -> Any:
    """Return how far the average of a pooled term's region slopes lies from their common mean.

    Shape (…, c), zero for other coefficients; tensors or arrays of draws of `tau_slope_std` and
    `slope_offset`.
    """
    average = free["tau_slope_std"] * free["slope_offset"].mean(axis=-1)
    return average @ parts.pooled_to_coefficients


def standard_mean(parts: WithinBetween, effects: Effects) -> Any:
    """Return the standardised mean of each row, shape (…, n); tensors or arrays of draws."""
    province, year, slope = effects.province, effects.year, effects.slope
    return province[..., parts.design.province] + year[..., parts.cell] + slope @ parts.within.T


def observe(parts: WithinBetween, effects: Effects) -> None:
    """Add the normal likelihood of the standardised outcome to the PyMC model in context."""
    import pymc as pm

    sigma = effects.sigma[parts.design.region]
    pm.Normal("y", standard_mean(parts, effects), sigma, observed=parts.y, dims="obs")


def predictive(
    parts: WithinBetween, effects: Effects
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each row's outcome on the paper's scale, (…, n)."""
    mean = parts.centre + parts.scale * standard_mean(parts, effects)
    return mean, parts.scale * effects.sigma[..., parts.design.region]


def normal_log_density(
    x: NDArray[np.float64], mean: ArrayLike = 0.0, sd: ArrayLike = 1.0
) -> NDArray[np.float64]:
    """Return the log density of independent normals, arrays that broadcast.

    `scipy.stats` has it as well; its import takes half a second of every process.
    """
    return -(((x - mean) / sd) ** 2 + LOG_2PI) / 2 - np.log(sd)


def normal_rows(parts: WithinBetween, effects: Effects, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of independent normal rows."""
    mean, sd = predictive(parts, effects)
    drawn = mean + sd * rng.standard_normal(mean.shape)
    return Rows(normal_log_density(parts.design.y, mean, sd), {"y": (("obs",), drawn)})


def report_effects(
    parts: WithinBetween, effects: Effects, scales: Mapping[str, NDArray[np.float64]]
) -> Variables:
    """Translate draws to the paper's scale.

    Parameters
    ----------
    parts : WithinBetween
    effects : Effects
        Arrays of draws, shapes (…, size).
    scales : mapping of str to ndarray
        Draws of the free variables, shapes (…, *dims); scales of effects and, where slopes
        are pooled, `slope_std`, `slope_offset` and `tau_slope_std` are read.

    Returns
    -------
    dict
        Name to (dims after the draws', values):
        `slope` (term), of terms that vary the average over rows of the region slopes;
        `sigma` (region); `year_effect` (year; region and year where they differ by region),
        against the first year; `province_effect` (province), in the first year; `const`, their
        mean over rows, Stata's constant; and as far as the model has them `tau_province`,
        `tau_year` (by region where free), `tau_year_region`, `slope_region` (varying, region),
        `slope_common` and `tau_slope` (pooled): mean and sd of the distribution that region
        slopes come from.
    """
    design = parts.design
    per_unit = parts.scale / parts.term_scale
    slope = effects.slope * per_unit[parts.term_of_regressor]
    year = parts.scale * effects.year - slope @ parts.year_part.T
    province = parts.centre + parts.scale * effects.province - slope @ parts.province_part.T
    by_year = year.reshape(*year.shape[:-1], -1, len(design.years))  # (…, regions or 1, T)
    first_year = np.broadcast_to(by_year[..., 0], (*year.shape[:-1], len(design.regions)))
    province = province + first_year[..., design.region_of_province]
    by_year = by_year - by_year[..., :1]
    reported = {
        "slope": (("term",), slope @ parts.averages),
        "sigma": (("region",), parts.scale * effects.sigma),
        "province_effect": (("province",), province),
        "year_effect": (
            (("year",), by_year[..., 0, :])
            if parts.years == "common"
            else (("region", "year"), by_year)
        ),
        "const": ((), province[..., design.province].mean(axis=-1)),
    }
    for name in ("tau_province", "tau_year", "tau_year_region"):
        if f"{name}_std" in scales:
            tau = parts.scale * scales[f"{name}_std"]
            alone = tau.shape[-1] == 1
            reported[name] = ((), tau[..., 0]) if alone else (("region",), tau)
    if parts.varying:
        shape = (len(parts.varying), len(design.regions))
        by_region = slope[..., : shape[0] * shape[1]].reshape(*slope.shape[:-1], *shape)
        reported["slope_region"] = (("varying", "region"), by_region)
    if parts.pooled:
        common = scales["slope_std"] - off_common_mean(parts, scales)
        common = common @ parts.pooled_to_coefficients.T
        units = per_unit[[design.terms.index(term) for term in parts.pooled]]
        reported |= {
            "slope_common": (("pooled",), common * units),
            "tau_slope": (("pooled",), scales["tau_slope_std"] * units),
        }
    return reported
