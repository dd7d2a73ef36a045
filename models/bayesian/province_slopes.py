"""Hierarchical model with slopes of interest that vary by province within region.

All as in `models.bayesian.hierarchical`, with a slope for each province i of region r
    b_i ~ N(b_r, τ_slope_province²)

and with x̃ the two-way residuals of z · 1[province], so that the b_i are slopes of z itself.
Mundlak terms stay those of the regions: thirty more would be as many as there are provinces.
A province's slope is estimated from its thirteen years and shrunk towards its region's in
proportion to its noise (Gelman & Hill 2007, *Data Analysis Using Regression*, chapter 13).

The prior of τ_slope_province is that of τ_slope, for the same reason, but its data are 31 slopes,
not three. Deviations are sampled in units of it (non-centred), since most provinces' slopes are
weakly identified.

`slope_region` is the average over the rows of the region's provinces, `slope` over all rows;
the mean that a region's provinces are drawn about is `slope_region_mean`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.bayesian import hierarchical
from models.bayesian.effects import Effects, normal_rows, observe, report_effects
from models.bayesian.interface import Rows, Variables
from models.bayesian.within_between import WithinBetween, within_between
from models.design import Design
from models.inference.collapsed import Collapsed, Location, Scale, collapse
from models.priors import REGULARISED, Prior, Priors

if TYPE_CHECKING:
    import pymc as pm

PRIORS = REGULARISED.and_of(
    Prior(
        "tau_slope_province_std",
        "HalfNormal",
        0.5,
        "standard deviation of a term's slopes between provinces of a region",
        "As tau_slope_std: provinces may differ in sign, and zero stays possible.",
        unit="slope",
    )
)


MEANINGS = hierarchical.MEANINGS | {
    "slope_province_offset": "a province's slope less its region's, in units of "
    "tau_slope_province_std",
}


@dataclass(frozen=True)
class ProvinceSlopes:
    """A regression split by region and by province.

    Attributes
    ----------
    by_region : WithinBetween
        As the hierarchical model has it: Mundlak terms, scales, coords.
    by_province : WithinBetween
        The same with each province in the place of a region: terms of interest have one
        regressor per province.
    """

    by_region: WithinBetween
    by_province: WithinBetween

    @property
    def design(self) -> Design:
        """The column's regression on the paper's scale."""
        return self.by_region.design

    @property
    def scale(self) -> float:
        """Standard deviation of the outcome."""
        return self.by_region.scale

    def keep(self, rows: NDArray[np.bool_]) -> "ProvinceSlopes":
        """Return some of the rows, as `WithinBetween.keep`."""
        return ProvinceSlopes(self.by_region.keep(rows), self.by_province.keep(rows))

    @property
    def coords(self) -> dict[str, tuple]:
        """Labels of every dim."""
        return self.by_region.coords

    @property
    def observed(self) -> Variables:
        """The outcome."""
        return self.by_region.observed


def split(
    design: Design, varying: tuple[str, ...] = (), sigma: hierarchical.By = "common"
) -> ProvinceSlopes:
    """Standardise the regression and split its regressors; as `hierarchical.split`."""
    by_province = replace(
        design, regions=design.provinces, region_of_province=np.arange(len(design.provinces))
    )
    return ProvinceSlopes(
        hierarchical.split(design, varying, sigma), within_between(by_province, varying)
    )


def effects(parts: ProvinceSlopes, free: dict) -> Effects:
    """Form the effects from the free variables, slopes by province."""
    base = hierarchical.effects(parts.by_region, free)
    arrays = parts.design
    regions, n_varying = len(arrays.regions), len(parts.by_region.varying)
    of_varying = [regions * v + arrays.region_of_province for v in range(n_varying)]
    unpooled = np.arange(regions * n_varying, len(parts.by_region.regressors))
    slope = base.slope[..., np.concatenate([*of_varying, unpooled])]
    for position, columns in enumerate(parts.by_province.region_columns):
        spread = free["tau_slope_province_std"][..., position, None]
        slope = slope + (spread * free["slope_province_offset"][..., position, :]) @ columns
    return Effects(base.province, base.year, slope, base.sigma[..., arrays.region_of_province])


def build(parts: ProvinceSlopes, priors: Priors = PRIORS) -> "pm.Model":
    """Build the PyMC model; arguments as `models.bayesian.hierarchical.build` takes them."""
    import pymc as pm  # takes a second, and priors are read without it

    with pm.Model(coords=parts.coords) as model:
        free = hierarchical.variables(parts.by_region, priors)
        free["tau_slope_province_std"] = priors["tau_slope_province_std"].variable(dims="varying")
        free["slope_province_offset"] = pm.Normal(
            "slope_province_offset", dims=("varying", "province")
        )
        observe(parts.by_province, effects(parts, free))
    return model


def density(parts: ProvinceSlopes, priors: Priors = PRIORS) -> Collapsed:
    """Return the same model with everything but the τ and σ integrated out."""
    base = hierarchical.density(parts.by_region, priors)
    columns = parts.by_province.region_columns
    offsets = Location(
        "slope_province_offset",
        parts.by_province.within @ np.concatenate(columns).T,
        "tau_slope_province_std",
        element=np.repeat(np.arange(len(columns)), len(parts.design.provinces)),
        offset=True,
    )
    spread = Scale(priors["tau_slope_province_std"], len(columns))
    group = parts.by_region.groups_to_regions.argmax(axis=0)[parts.design.region]
    return collapse(
        parts.by_region.y,
        group,
        (*base.locations, offsets),
        (*base.scales[:-1], spread, base.scales[-1]),
    )


def report(parts: ProvinceSlopes, free: dict) -> Variables:
    """Translate draws to the paper's scale; as `report_effects`, and slopes by province."""
    arrays = parts.design
    reported = report_effects(parts.by_province, effects(parts, free), free)
    means = report_effects(parts.by_region, hierarchical.effects(parts.by_region, free), free)
    _, by_province = reported["slope_region"]
    rows = np.bincount(arrays.province) * np.eye(len(arrays.regions))[:, arrays.region_of_province]
    average = by_province @ (rows / rows.sum(axis=1, keepdims=True)).T
    per_unit = parts.by_region.scale / parts.by_region.term_scale
    per_unit = per_unit[[arrays.terms.index(term) for term in parts.by_region.varying]]
    return reported | {
        "sigma": means["sigma"],
        "slope_region": (("varying", "region"), average),
        "slope_region_mean": means["slope_region"],
        "slope_province": (("varying", "province"), by_province),
        "tau_slope_province": (("varying",), free["tau_slope_province_std"] * per_unit),
    }


def rows(parts: ProvinceSlopes, free: dict, rng: np.random.Generator) -> Rows:
    """Return log likelihood and predictive draws of each row."""
    return normal_rows(parts.by_province, effects(parts, free), rng)


def generate(parts: ProvinceSlopes, free: dict, rng: np.random.Generator) -> ProvinceSlopes:
    """Return the same regression with outcomes drawn from the model, `free` a single draw."""
    (*_, drawn) = rows(parts, free, rng).predictive["y"]
    regressions = (parts.by_region, parts.by_province)
    return ProvinceSlopes(
        *(
            replace(regression, design=regression.design.with_outcome(drawn))
            for regression in regressions
        )
    )
