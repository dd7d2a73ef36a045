"""Hierarchical model with region slopes and region σ, as a function of its data.

`models.bayesian.hierarchical.density` is the model with everything but its scales integrated out,
for sampling: its data are fixed. Here the scales are fixed and the data vary, so that a posterior
mean can be differentiated by them; a test holds the two together. Given the scales, with F all
effects of a row, s their prior standard deviations and w = 1/σ² of the row's region,

    Λ = F'wF + diag(1/s²),  m = Λ⁻¹ F'wy
    log p(y | scales) = ½ (m'F'wy − y'wy − log|Λ| + Σ log w − Σ log s²) + constant
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert

from models.bayesian.within_between import standardise
from models.frequentist.two_way import two_way_parts
from models.priors import Priors


class GivenScales(NamedTuple):
    """Posterior quantities given the scales.

    Attributes
    ----------
    slope : array, shape ()
        Posterior mean of the first term's slope, averaged over rows, on the paper's scale.
    log_likelihood : array, shape ()
        Of the scales, but for a constant.
    """

    slope: Any
    log_likelihood: Any


def given_scales(
    y: Any,
    x: Any,
    province: NDArray[np.int64],
    year: NDArray[np.int64],
    region: NDArray[np.int64],
    log_scale: Any,
    priors: Priors,
) -> GivenScales:
    """Evaluate the model whose first term has region slopes, the others one slope each.

    Parameters
    ----------
    y, x, province, year
        As in `models.frequentist.twfe.fit_arrays`, differentiable.
    region : ndarray of int, shape (n,)
        Codes 0 … R−1.
    log_scale : array, shape (3 + R,)
        Logarithms of τ_province, τ_year, τ_slope and the σ_r, standardised, in the order of
        `models.bayesian.hierarchical.density`; differentiable.
    priors : Priors
    """
    xp = y.__array_namespace__()
    in_region = np.eye(region.max() + 1)[region]
    n_regions, n_years, n_controls = in_region.shape[1], year.max() + 1, x.shape[1] - 1
    columns = xp.concat([x[:, :1] * xp.asarray(in_region), x[:, 1:]], axis=1)
    province_part, year_part, within = two_way_parts(columns, province, year)
    term_scale = xp.std(x, axis=0)
    within = within / xp.concat([xp.broadcast_to(term_scale[:1], (n_regions,)), term_scale[1:]])
    outcome_scale = xp.std(y)
    y = (y - xp.mean(y)) / outcome_scale
    ones = np.ones((len(region), 1))
    in_province = np.eye(province.max() + 1)[province]
    in_year = np.eye(n_years)[year] @ helmert(n_years).T
    by_region = within[:, :n_regions]
    tau_province, tau_year, tau_slope = xp.exp(log_scale[:3])
    blocks = (
        (by_region @ xp.ones((n_regions, 1)), priors["slope_std"].scale),
        (within[:, n_regions:], priors["slope_std"].scale),
        (by_region, tau_slope),
        (xp.asarray(ones), priors["const_std"].scale),
        (standardise(province_part)[province], priors["between_province"].scale),
        # Their principal axes, which `density` takes, are a rotation: the same prior.
        (standardise(year_part)[year], priors["between_year"].scale),
        (xp.asarray(in_province), tau_province),
        (xp.asarray(in_year), tau_year),
    )
    effects = xp.concat([effect for effect, _ in blocks], axis=1)
    sd = xp.concat([xp.ones(effect.shape[1]) * scale for effect, scale in blocks])
    root = xp.exp(-log_scale[3:])[region]
    scaled, target = effects * root[:, None], y * root
    # In units of the prior standard deviations, so that Λ is well conditioned.
    scaled = scaled * sd
    precision = scaled.T @ scaled + xp.eye(len(sd))
    right = scaled.T @ target
    mean = xp.linalg.solve(precision, right)
    average = np.concatenate([[1.0], np.zeros(n_controls), in_region.mean(axis=0)])
    slope = xp.asarray(average) @ (mean * sd)[: len(average)] * outcome_scale / term_scale[0]
    quadratic = mean @ right - target @ target
    log_determinant = xp.linalg.slogdet(precision)[1]
    return GivenScales(slope, (quadratic - log_determinant) / 2 + xp.sum(xp.log(root)))
