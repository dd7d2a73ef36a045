"""Measurement error in indus: three vintages of the accounts as noisy measurements.

The provincial accounts were revised after the fourth and fifth economic census, so the location
quotient of a province and year has been published three times over: `as_published`, `census4`,
`census5`. None is exact; the caller hands them over (`readings`). With x̃ the two-way residual
of the true quotient and w̃_v that of vintage v, both in units of the panel's standard deviation, C
the controls' own,

    x̃_it = C_it'π + ω_r ξ_it,               ξ ~ N(0, 1)
    w̃_vit = x̃_it + ω_r δ_vit,               (δ_1, δ_2, δ_3) ~ N(0, S R S)
    y_it = as in `models.bayesian.hierarchical`, with slopes b_r on the true quotient

The error of a vintage is `error_ratio` (the diagonal of S) times the quotient's own spread in
the region, as the vintages' differences suggest (0.7 in all three regions between the first and
the second); errors are correlated (R), since all vintages rest on the same local reports and both
revised ones on the same census.

What the data identify. Levels of a province and of a year are taken as the panel has them: what
a revision does to these goes into the province and year effects. Of what is left, the vintages
give six variances and covariances for seven unknowns, so the part of the error that all of them
share is not identified: only differences between vintages are observed. How far the slopes rise
over those that take one vintage as exact (classical errors attenuate) depends on the priors of S
and R. `reliability` (reading), the share of the true quotient in the variance of w̃_v, is to be
read against its own prior. In y the error of the quotient is taken as independent of ε
(non-differential). Two things outside the model would widen it: a vintage's errors are serially
correlated (0.8 between the first two vintages), and the outcome is built from some of the same
accounts.

Priors: as `models.bayesian.hierarchical`, and `PRIORS`. Given the parameters a row's readings and
outcome are jointly normal, so ξ is integrated out: the readings one after the other, then y_it ~
N(… + b_r (E[x̃ | w̃] − w̃_panel), σ_r² + b_r² Var[x̃ | w̃]).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.typing import NDArray

from data.shared.errors import UserError
from models.bayesian import hierarchical
from models.bayesian.correlation import (
    Factor,
    from_partial,
    given_before,
    of_covariance,
    pairs,
    product,
    stacked,
)
from models.bayesian.effects import normal_log_density, predictive, report_effects, standard_mean
from models.bayesian.hierarchical import effects
from models.bayesian.interface import Rows, Variables
from models.bayesian.noncentering import with_offsets
from models.bayesian.within_between import WithinBetween
from models.design import Design
from models.frequentist.two_way import two_way_parts
from models.priors import REGULARISED, Prior, Priors

PRIORS = REGULARISED.and_of(
    Prior(
        "exposure_line",
        "Normal",
        1.0,
        "slopes of the true quotient's two-way residual on those of the controls",
        "Both in standard deviations; within provinces and years few variables are correlated so "
        "closely that a slope leaves (−2, 2).",
    ),
    Prior(
        "exposure_std",
        "LogNormal",
        1.0,
        "standard deviation of the true quotient's two-way residual, by region",
        "Most of the quotient's spread lies between provinces: a factor of 7 either way of 0.3.",
        centre=0.3,
    ),
    Prior(
        "error_ratio",
        "HalfNormal",
        0.5,
        "standard deviation of a vintage's error in units of the true quotient's",
        "Official accounts: more signal than error (a ratio above 1 has 5 %), no error possible.",
    ),
    Prior(
        "reading_partial_unit",
        "LKJ",
        1.0,
        "correlations of the vintages' errors, as partial ones moved to (0, 1)",
        "Uniform over correlation matrices: the vintages share reports and censuses, and how much "
        "of their error is common is not identified.",
    ),
)


MEANINGS = hierarchical.MEANINGS | {
    "readings": "the vintages of the quotient, two-way residuals, standardised",
}


@dataclass(frozen=True)
class Measured:
    """A regression, and the readings of its measured regressor.

    Attributes
    ----------
    base : WithinBetween
        The regression on the panel's own vintage.
    term : str
        The measured one.
    vintages : tuple of str
        Labels of the v readings.
    quotients : ndarray, shape (n, v)
        The quotient of each vintage, on the paper's scale.
    within : ndarray, shape (n, 1 + v)
        Two-way residuals of the panel's own reading, then of each vintage.
    own : int
        Which of the vintages the panel's own reading is.
    """

    base: WithinBetween
    term: str
    vintages: tuple[str, ...]
    quotients: NDArray[np.float64]
    within: NDArray[np.float64]
    own: int

    @property
    def design(self) -> Design:
        """The column's regression on the panel's own vintage."""
        return self.base.design

    @property
    def controls(self) -> tuple[str, ...]:
        """The other terms."""
        return tuple(term for term in self.design.terms if term != self.term)

    @property
    def coords(self) -> dict[str, tuple]:
        """Labels of every dim."""
        return self.base.coords | {
            "control": self.controls,
            "reading": self.vintages,
            "other_reading": self.vintages,
            "reading_pair": pairs(self.vintages),
        }

    @property
    def observed(self) -> Variables:
        """The outcome and the quotient's readings."""
        return self.base.observed | {"readings": (("obs", "reading"), self.quotients)}

    @property
    def unit(self) -> float:
        """Standard deviation of the measured term."""
        return self.base.term_scale[self.design.terms.index(self.term)]

    @property
    def controls_within(self) -> NDArray[np.float64]:
        """Two-way residuals of the controls, shape (n, controls)."""
        of_controls = [name in self.controls for name in self.base.regressors]
        return self.base.within[:, of_controls]


def split(
    design: Design,
    varying: tuple[str, ...] = (),
    sigma: hierarchical.By = "common",
    *,
    readings: xr.DataArray,
) -> Measured:
    """Standardise the regression and find the readings; as `models.bayesian.hierarchical.split`.

    Parameters
    ----------
    design : Design
    varying, sigma
        As there.
    readings : DataArray
        Named as the measured term. Dims (province, year, vintage) and one more, of the ways
        in which all vintages can have been treated: the panel's own quotient is to be one vintage
        of one of them. Attribute `source`, what to call them in a sentence.

    Raises
    ------
    UserError
        As there, and if the panel's quotient is none of the readings.
    """
    province, year = (design.rows[name].to_numpy() for name in ("province", "year"))
    known = np.isin(province, readings["province"]).all() and np.isin(year, readings["year"]).all()
    quotient = design.x[:, design.terms.index(readings.name)]
    (treatment,) = set(readings.dims) - {"province", "year", "vintage"}
    for value in readings[treatment].to_numpy() if known else ():
        table = readings.sel({treatment: value}).transpose("province", "year", "vintage")
        quotients = table.to_numpy()[
            table.get_index("province").get_indexer(province),
            table.get_index("year").get_indexer(year),
        ]
        if _same(quotients, quotient).any():
            base = hierarchical.split(design, varying, sigma)
            vintages = tuple(map(str, table["vintage"].to_numpy()))
            return with_readings(base, str(readings.name), vintages, quotients)
    raise UserError(
        f"This panel's {readings.name} is no vintage of {readings.attrs['source']}, so it has no "
        "other readings: choose an official panel or the model hierarchical."
    )


def with_readings(
    base: WithinBetween, term: str, vintages: tuple[str, ...], quotients: NDArray[np.float64]
) -> Measured:
    """Return a regression with readings of a term's quotient, shape (n, v), one of them its own."""
    arrays = base.design
    position = arrays.terms.index(term)
    quotient = arrays.x[:, position]
    exposures = np.column_stack([quotient, quotients]) / base.term_scale[position]
    within = two_way_parts(exposures, arrays.province, arrays.year)[2]
    return Measured(
        base, term, vintages, quotients, within, int(_same(quotients, quotient).argmax())
    )


def _same(quotients: NDArray[np.float64], quotient: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which vintages the panel's own quotient is, shape (v,)."""
    return np.isclose(quotients, quotient[:, None], rtol=1e-9, atol=0).all(axis=0)


def build(parts: Measured, priors: Priors = PRIORS) -> pm.Model:
    """Build the PyMC model; variables as `hierarchical` has them, and the quotient's."""
    base = parts.base
    region = base.design.region
    with pm.Model(coords=parts.coords) as model:
        free = hierarchical.variables(base, priors, partly_centred=True) | {
            "exposure_line": priors["exposure_line"].variable(dims="control"),
            "exposure_std": priors["exposure_std"].variable(dims="region"),
            "error_ratio": priors["error_ratio"].variable(dims="reading"),
            "reading_partial_unit": priors["reading_partial_unit"].variable(dims="reading_pair"),
        }
        line, spread, factor, known = _readings(parts, free)
        pm.Normal(
            "readings",
            pt.stack([line + spread * unit_mean for unit_mean in known[:-1]], axis=1),
            pt.stack([spread * row[-1] for row in factor[:-1]], axis=1),
            observed=parts.within[:, 1:],
            dims=("obs", "reading"),
        )
        values = effects(base, free)
        shift, spread_of_y = _correction(parts, free, values.slope)
        sigma = (values.sigma[region] ** 2 + spread_of_y**2) ** 0.5
        mean = standard_mean(base, values) + shift
        pm.Normal("y", mean, sigma, observed=base.y, dims="obs")
    return model


def _readings(parts: Measured, free: dict) -> tuple[Any, Any, Factor, list[Any]]:
    """Return C'π and ω of each row, and readings and ξ in units of ω, each given those before it.

    The factor's last row is ξ's; the last of the means is E[ξ | readings].
    """
    ratio, size = free["error_ratio"], len(parts.vintages)
    # Any partial correlations form a valid matrix, so the sampler meets no bound.
    errors = product(from_partial(2 * free["reading_partial_unit"] - 1, size))
    rows = [
        [1.0 + ratio[..., i] * errors[i][j] * ratio[..., j] for j in range(size)]
        for i in range(size)
    ]
    ones = 1.0 + 0 * ratio[..., 0]
    factor = of_covariance([*([*row, ones] for row in rows), [ones] * (size + 1)])
    factor = [[entry[..., None] for entry in row] for row in factor]
    line = free["exposure_line"] @ parts.controls_within.T
    spread = free["exposure_std"][..., parts.design.region]
    unit = [(reading - line) / spread for reading in parts.within[:, 1:].T]
    return line, spread, factor, [mean + 0 * line for mean in given_before(unit, factor)]


def _correction(parts: Measured, free: dict, slope: Any) -> tuple[Any, Any]:
    """Return mean and sd of y's change by the true quotient in place of the panel's, (…, n)."""
    base = parts.base
    line, spread, factor, known = _readings(parts, free)
    if base.varying:
        of_row = slope[..., : len(base.design.regions)][..., base.design.region]
    else:
        of_row = slope[..., base.regressors.index(parts.term), None]
    shift = of_row * (line + spread * known[-1] - parts.within[:, 0])
    return shift, of_row * spread * factor[-1][-1]


def report(parts: Measured, free: dict) -> Variables:
    """Translate draws to the paper's scale.

    As `report_effects`, slopes being those on the true quotient; `reliability` (reading), the
    share of the true quotient's variance in a reading's, given region and controls; `error_sd`
    (region, reading), a vintage's error; `error_correlation` (reading, other_reading).
    """
    values = effects(parts.base, free)
    ratio = free["error_ratio"]
    errors = stacked(from_partial(2 * free["reading_partial_unit"] - 1, ratio.shape[-1]))
    spread = free["exposure_std"] * parts.unit
    return report_effects(parts.base, values, with_offsets(parts.base, free)) | {
        "reliability": (("reading",), 1 / (1 + ratio**2)),
        "error_sd": (("region", "reading"), spread[..., :, None] * ratio[..., None, :]),
        "error_correlation": (
            ("reading", "other_reading"),
            errors @ np.swapaxes(errors, -1, -2),
        ),
    }


def rows(parts: Measured, free: dict, rng: np.random.Generator) -> Rows:
    """Return the outcome's log likelihood given the readings, and its predictive draws."""
    base = parts.base
    values = effects(base, free)
    mean, sd = predictive(base, values)
    shift, spread = _correction(parts, free, values.slope)
    mean, sd = mean + base.scale * shift, np.hypot(sd, base.scale * spread)
    drawn = mean + sd * rng.standard_normal(mean.shape)
    return Rows(normal_log_density(base.design.y, mean, sd), {"y": (("obs",), drawn)})


def generate(parts: Measured, free: dict, rng: np.random.Generator) -> Measured:
    """Draw readings from the model, and outcomes given them.

    Parameters
    ----------
    parts : Measured
    free : dict
        One draw of the free variables, shapes (*dims,).
    rng : Generator

    Returns
    -------
    Measured
        With residuals of readings as the likelihood has them, independent from row to row: they
        are not the two-way residuals of any quotients. Other regressors are the same.
    """
    line, spread, factor, _ = _readings(parts, free)
    noise = rng.standard_normal((len(parts.vintages), len(line)))
    unit = [sum(c * e for c, e in zip(row, noise, strict=False)) for row in factor[:-1]]
    readings = (line + spread * np.array(unit)).T
    new = replace(
        parts,
        quotients=parts.quotients + parts.unit * (readings - parts.within[:, 1:]),
        within=np.column_stack([readings[:, parts.own], readings]),
    )
    (*_, drawn) = rows(new, free, rng).predictive["y"]
    base = replace(parts.base, design=parts.base.design.with_outcome(drawn))
    return replace(new, base=base)
