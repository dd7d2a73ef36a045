"""The hierarchical model as a Bambi formula, and the same model in PyMC.

    y ~ 1 + within + between province + between year + (1 | province) + (1 | year)
          + (0 + within of interest | region),      sigma ~ 0 + region

as `models.bayesian.hierarchical`, as far as a formula goes: region slopes multiply the rows of a
region (not two-way residuals of z · 1[region]), year effects are exchangeable about their Mundlak
line (not summing to zero), and the log link makes the scales' priors log-normal, as they are there.
Priors are those of `models.priors.REGULARISED`.

A hyperprior `mu` of a non-centred group term is dropped without a word by Bambi 0.21
(bambinos/bambi#1003): a common mean is therefore a common term, `1 + x + (0 + x | region)`, and
a model in which a free variable does not reach the likelihood is refused.
"""

from dataclasses import dataclass

import bambi as bmb
import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from numpy.typing import NDArray
from pytensor.graph.traversal import ancestors

from models.bayesian.within_between import standardise, within_between
from models.design import Design
from models.inference.collapsed import Collapsed, Location, Scale, collapse
from models.priors import REGULARISED, Priors

PRIORS = REGULARISED


@dataclass(frozen=True)
class FormulaData:
    """The standardised data of a formula.

    Attributes
    ----------
    design : Design
        On the paper's scale.
    varying : tuple of str
        Terms whose slopes differ by region.
    y : ndarray, shape (n,)
        Standardised outcome.
    within, province_part, year_part : ndarray, shape (n, k)
        Two-way residuals of the terms in units of the terms' standard deviations; their province
        and year parts, standardised over provinces and years.
    """

    design: Design
    varying: tuple[str, ...]
    y: NDArray[np.float64]
    within: NDArray[np.float64]
    province_part: NDArray[np.float64]
    year_part: NDArray[np.float64]

    @property
    def coords(self) -> dict[str, tuple]:
        """Labels of every dim."""
        design = self.design
        return {
            "term": design.terms,
            "varying": self.varying,
            "one": ("all",),
            "region": design.regions,
            "province": design.provinces,
            "year": design.years,
            "obs": tuple(range(len(design.y))),
        }

    @property
    def of_varying(self) -> list[int]:
        """Positions of the varying terms."""
        return [self.design.terms.index(term) for term in self.varying]


def split(design: Design, varying: tuple[str, ...]) -> FormulaData:
    """Standardise the regression and split its regressors.

    Raises
    ------
    UserError
        If a regressor is collinear with the dummies or with regressors before it.
    """
    parts = within_between(design)
    return FormulaData(
        design=design,
        varying=varying,
        y=parts.y,
        within=parts.within,
        province_part=standardise(parts.province_part)[design.province],
        year_part=standardise(parts.year_part)[design.year],
    )


def frame(parts: FormulaData) -> pd.DataFrame:
    """Return the formula's data: y, province, year, region, and within_, p_, q_ of each term."""
    design = parts.design
    columns = {
        f"{kind}_{term}": values[:, position]
        for kind, values in (
            ("within", parts.within),
            ("p", parts.province_part),
            ("q", parts.year_part),
        )
        for position, term in enumerate(design.terms)
    }
    labels = {
        "province": pd.Categorical.from_codes(design.province, design.provinces),
        "year": pd.Categorical.from_codes(design.year, list(map(str, design.years))),
        "region": pd.Categorical.from_codes(design.region, design.regions),
    }
    return pd.DataFrame({"y": parts.y, **labels, **columns})


def formula(parts: FormulaData) -> tuple[str, str]:
    """Return the formulas of the mean and of sigma."""
    terms = [f"{kind}_{term}" for kind in ("within", "p", "q") for term in parts.design.terms]
    by_region = [f"(0 + within_{term} | region)" for term in parts.varying]
    mean = " + ".join(["1", *terms, "(1 | province)", "(1 | year)", *by_region])
    return f"y ~ {mean}", "sigma ~ 0 + region"


def by_formula(parts: FormulaData, priors: Priors = PRIORS) -> bmb.Model:
    """Build Bambi's model.

    Raises
    ------
    ValueError
        If a free variable does not reach the likelihood.
    """
    kinds = {"within": "slope_std", "p": "between_province", "q": "between_year"}
    table = {"Intercept": _normal(priors["const_std"].scale)}
    for kind, name in kinds.items():
        for term in parts.design.terms:
            table[f"{kind}_{term}"] = _normal(priors[name].scale)
    table["1|province"] = _group(priors["tau_province_std"].scale)
    table["1|year"] = _group(priors["tau_year_std"].scale)
    for term in parts.varying:
        table[f"within_{term}|region"] = _group(priors["tau_slope_std"].scale)
    sigma = priors["sigma_std"]
    table["sigma"] = {"region": bmb.Prior("Normal", mu=np.log(sigma.centre), sigma=sigma.scale)}
    model = bmb.Model(
        bmb.Formula(*formula(parts)),
        frame(parts),
        family="gaussian",
        link={"mu": "identity", "sigma": "log"},
        priors=table,
        center_predictors=False,
        noncentered=True,
    )
    model.build()
    lost = unreached(model.backend.model)
    if lost:
        raise ValueError(f"{', '.join(lost)} would not reach the likelihood")
    return model


def unreached(model: pm.Model) -> list[str]:
    """Name the free variables that no observed variable depends on."""
    above = set(ancestors(model.observed_RVs))
    return [variable.name for variable in model.free_RVs if variable not in above]


def build(parts: FormulaData, priors: Priors = PRIORS) -> pm.Model:
    """Build the same model in PyMC, variables named as in `models.bayesian.hierarchical`."""
    design = parts.design
    with pm.Model(coords=parts.coords) as model:
        slope = priors["slope_std"].variable(dims="term")
        constant = priors["const_std"].variable(dims="one")[0]
        of_province = priors["between_province"].variable(dims="term")
        of_year = priors["between_year"].variable(dims="term")
        tau_province = priors["tau_province_std"].variable(dims="one")[0]
        tau_year = priors["tau_year_std"].variable(dims="one")[0]
        tau_slope = priors["tau_slope_std"].variable(dims="varying")
        sigma = priors["sigma_std"].variable(dims="region")
        province = tau_province * pm.Normal("province_offset", dims="province")
        year = tau_year * pm.Normal("year_offset", dims="year")
        by_region = tau_slope[:, None] * pm.Normal("slope_offset", dims=("varying", "region"))
        mean = constant + slope @ parts.within.T
        mean += of_province @ parts.province_part.T + of_year @ parts.year_part.T
        mean += province[design.province] + year[design.year]
        mean += (by_region[:, design.region] * parts.within[:, parts.of_varying].T).sum(axis=0)
        pm.Normal("y", mean, sigma[design.region], observed=parts.y, dims="obs")
    return model


def density(parts: FormulaData, priors: Priors = PRIORS) -> Collapsed:
    """Return the same model with everything but the τ and σ integrated out."""
    design = parts.design
    in_region = np.eye(len(design.regions))[design.region]
    slopes_by_region = [parts.within[:, [position]] * in_region for position in parts.of_varying]
    ones = np.ones((len(parts.y), 1))
    locations = (
        Location("slope_std", parts.within, priors["slope_std"].scale),
        Location("const_std", ones, priors["const_std"].scale),
        Location("between_province", parts.province_part, priors["between_province"].scale),
        Location("between_year", parts.year_part, priors["between_year"].scale),
        Location(
            "province_offset",
            np.eye(len(design.provinces))[design.province],
            "tau_province_std",
            offset=True,
        ),
        Location(
            "year_offset", np.eye(len(design.years))[design.year], "tau_year_std", offset=True
        ),
        Location(
            "slope_offset",
            np.hstack(slopes_by_region),
            "tau_slope_std",
            element=np.repeat(np.arange(len(slopes_by_region)), len(design.regions)),
            offset=True,
        ),
    )
    scales = (
        Scale(priors["tau_province_std"]),
        Scale(priors["tau_year_std"]),
        Scale(priors["tau_slope_std"], len(slopes_by_region)),
        Scale(priors["sigma_std"], len(design.regions)),
    )
    return collapse(parts.y, design.region, locations, scales)


def from_bambi(parts: FormulaData, posterior: xr.Dataset) -> dict[str, NDArray[np.float64]]:
    """Name and order Bambi's draws, with coords, as `build` does, each shape (…, size).

    Bambi keeps group effects instead of the offsets that it samples.
    """
    terms, design = parts.design.terms, parts.design

    def stacked(names: list[str]) -> NDArray[np.float64]:
        return np.stack([posterior[name].to_numpy() for name in names], axis=-1)

    def labelled(name: str, labels: tuple) -> NDArray[np.float64]:
        values = posterior[name]
        return values.sel({values.dims[-1]: list(map(str, labels))}).to_numpy()

    def offsets(name: str, labels: tuple) -> NDArray[np.float64]:
        return labelled(name, labels) / stacked([f"{name}_sigma"])

    by_region = [offsets(f"within_{term}|region", design.regions) for term in parts.varying]
    return {
        "slope_std": stacked([f"within_{term}" for term in terms]),
        "const_std": stacked(["Intercept"]),
        "between_province": stacked([f"p_{term}" for term in terms]),
        "between_year": stacked([f"q_{term}" for term in terms]),
        "province_offset": offsets("1|province", design.provinces),
        "year_offset": offsets("1|year", design.years),
        "slope_offset": np.concatenate(by_region, axis=-1),
        "tau_province_std": stacked(["1|province_sigma"]),
        "tau_year_std": stacked(["1|year_sigma"]),
        "tau_slope_std": stacked([f"within_{term}|region_sigma" for term in parts.varying]),
        "sigma_std": np.exp(labelled("sigma_region", design.regions)),
    }


def _normal(scale: float) -> bmb.Prior:
    return bmb.Prior("Normal", mu=0, sigma=scale)


def _group(scale: float) -> bmb.Prior:
    return bmb.Prior("Normal", mu=0, sigma=bmb.Prior("HalfNormal", sigma=scale))
