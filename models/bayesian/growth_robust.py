"""Posterior of `growth` with Student t errors, or with a first regressor known with error.

By Gibbs steps, for balanced panels. With neither it is that of `models.bayesian.growth`:

    u_it ~ t_ν(0, σ_r),  ν ~ Gamma of shape 2, on the grid of `models.bayesian.student_t_gibbs`
    z_it = ẑ_it + δ_it,  δ_it ~ N(0, s_it²)

The second is Berkson's error (Carroll, Ruppert, Stefanski & Crainiceanu 2006, *Measurement Error in
Nonlinear Models*, section 1.4): ẑ and s are mean and standard deviation of imputations, which were
made without the outcome. Trends h_i stay those of ẑ. The start e_i1 is normal.

A t error is normal given its row's weight λ_it ~ Gamma(ν/2, ν/2). A sweep draws

    coefficients in common given scales, φ and λ, trends and slopes by province integrated out
    φ_r, τ_trend,r, ω_r, σ_r given these: Metropolis steps, the same integrated out
    τ_slope twice: with its offsets held, and with slopes by region held (Yu & Meng 2011)
    trends, slopes and levels by province; ν; λ; z

Levels are integrated out but where λ and z are drawn: with ℓ = (√(1+φ), √λ_t √(1−φ)) rows are taken
off their projection on ℓ, which is finite at φ = 1.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.stats import truncnorm

from models.bayesian import growth
from models.bayesian.growth_density import GrowthDensity
from models.bayesian.growth_parts import Growth
from models.bayesian.student_t_gibbs import NU, draw_nu, log_density_without_residuals

Array = NDArray[np.float64]

WARM_UP, SWEEPS = 500, 2_000

TRIES = 6
"""Metropolis steps of the scales in a sweep; the last of them long."""

ADAPT = 100
"""Sweeps of the warm-up between adaptations of these steps."""

FARTHEST = 18.0
"""Of log scales and artanh φ."""

SHAPE = 2.0
"""Of ν's prior."""

PHI, TAU, OMEGA, SIGMA = range(4)
"""Positions of a region's artanh φ and log scales."""

NAMES = ("tau_trend_std", "tau_slope_province_std", "sigma_std")


@dataclass(frozen=True, eq=False)
class Rows:
    """A regression by province and year, N provinces and T years.

    Attributes
    ----------
    density : GrowthDensity
        Of the same regression: blocks of columns, priors.
    region : ndarray of int, shape (N,)
    y, time : ndarray, shape (N, T)
    columns : ndarray, shape (N, T, P)
        Of coefficients in common; those of `of_z` are z times an indicator of a region.
    of_z : ndarray of int
    inside : ndarray, shape (N, len(of_z))
    mean, error : ndarray, shape (N, T)
        ẑ and s.
    """

    density: GrowthDensity
    region: NDArray[np.int64]
    y: Array
    time: Array
    columns: Array = field(repr=False)
    of_z: NDArray[np.int64]
    inside: Array
    mean: Array
    error: Array


def arranged(parts: Growth, error: Array | None = None) -> Rows:
    """Arrange a regression of one term of interest by province and year.

    Parameters
    ----------
    parts : Growth
        Balanced, with all of its switches on and scales by region.
    error : ndarray, shape (n,), optional
        Standard deviation of the first term, on the paper's scale.
    """
    density, design = growth.density(parts), parts.design
    order = np.lexsort((design.year, design.province))
    shape = (len(design.provinces), len(design.years))
    columns = np.hstack([block.columns for block in density.blocks])
    starts = np.cumsum([0, *(block.columns.shape[1] for block in density.blocks)])
    start_of = dict(zip((block.name for block in density.blocks), starts, strict=False))
    regions = parts.n_regions if "slope_offset" in start_of else 0
    of_z = np.append(start_of["slope_std"], start_of.get("slope_offset", 0) + np.arange(regions))
    region = design.region_of_province
    inside = np.column_stack([np.ones(len(region)), np.eye(parts.n_regions)[region][:, :regions]])
    spread = np.zeros(len(design.province)) if error is None else error / parts.base.term_scale[0]
    by_cell = [v[order].reshape(shape) for v in (density.y, density.time, density.z, spread)]
    y, time, mean, spread = by_cell
    columns = columns[order].reshape(*shape, -1)
    return Rows(density, region, y, time, columns, of_z, inside, mean, spread)


def draws(
    rows: Rows,
    rng: np.random.Generator,
    sweeps: int = SWEEPS,
    warm_up: int = WARM_UP,
    mean_nu: float | None = None,
) -> dict[str, Array]:
    """Run a chain.

    Parameters
    ----------
    rows : Rows
    rng : Generator
    sweeps, warm_up : int
    mean_nu : float, optional
        Prior mean of ν; without it errors are normal.

    Returns
    -------
    dict of str to ndarray, shapes (sweeps, size)
        The variables that slopes are made of, φ, scales and `nu` (infinity of normal errors).
    """
    density, regions = rows.density, rows.density.n_regions
    x = np.tile([0.5, *(np.log(density.priors[name].typical) for name in NAMES)], (regions, 1))
    tau_slope = np.full(sum(s for name, s in density.scales if name == "tau_slope_std"), 0.3)
    weight, z, nu = np.ones_like(rows.y), rows.mean.copy(), np.inf
    columns, root = rows.columns.copy(), np.tile(np.diag([0.3, 0.3, 0.4, 0.15]), (regions, 1, 1))
    known = log_density_without_residuals(rows.y[:, 1:].size)
    if mean_nu is not None:
        known = known + (0.1 - SHAPE / mean_nu) * NU
    warm_up_path, drawn = [], {}
    for sweep in range(-warm_up, sweeps):
        scale = _column_scale(density, tau_slope)
        unit = _common(rows, columns * scale, z, x, weight, rng)
        residual = rows.y - columns @ (scale * unit)
        x = _move(rows, residual, z, x, weight, root, rng)
        unit, tau_slope = _move_tau_slope(rows, columns, z, x, weight, (unit, tau_slope), rng)
        residual = rows.y - columns @ (_column_scale(density, tau_slope) * unit)
        trend, slope = _of_provinces(rows, residual, z, x, weight, rng)
        error = residual - rows.time * trend[:, None] - z * slope[:, None]
        level = _level(rows, error, x, weight, rng)
        phi, sigma = (f(x[rows.region, k]) for f, k in ((np.tanh, PHI), (np.exp, SIGMA)))
        if mean_nu is not None:
            error = error - level[:, None]
            square = ((error[:, 1:] - phi[:, None] * error[:, :-1]) / sigma[:, None]) ** 2
            nu = draw_nu(square.ravel(), known, rng)
            weight[:, 1:] = rng.gamma((nu + 1) / 2, 2 / (nu + square))
        if rows.error.any():
            total = slope + (
                rows.inside * (_column_scale(density, tau_slope) * unit)[rows.of_z]
            ).sum(axis=1)
            known_part = residual + z * (total - slope)[:, None] - rows.time * trend[:, None]
            z = _regressor(rows, known_part - level[:, None], total, x, weight, rng)
            columns[..., rows.of_z] = z[..., None] * rows.inside[:, None]
        if sweep < 0:
            warm_up_path.append(x)
            root = _adapted(warm_up_path) if len(warm_up_path) % ADAPT == 0 else root
            continue
        named = dict(zip(NAMES, np.exp(x[:, 1:].T), strict=True))
        omega = named["tau_slope_province_std"][rows.region]
        values = named | {"phi": np.tanh(x[:, PHI]), "nu": np.array([nu])}
        values |= {"slope_province_offset": slope / omega, "tau_slope_std": tau_slope}
        values |= _blocks(density, unit)
        for name, value in values.items():
            drawn.setdefault(name, np.empty((sweeps, len(value))))[sweep] = value
    return drawn


# --- the steps ------------------------------------------------------------------------------------


def _column_scale(density: GrowthDensity, tau_slope: Array) -> Array:
    parts = [
        np.repeat(tau_slope, block.repeat)
        if block.scale
        else np.full(block.columns.shape[1], block.sd)
        for block in density.blocks
    ]
    return np.concatenate(parts)


def _blocks(density: GrowthDensity, unit: Array) -> dict[str, Array]:
    """Return coefficients by the names of PyMC's variables: offsets in units of their scale."""
    coefficients, start = {}, 0
    for block in density.blocks:
        stop = start + block.columns.shape[1]
        coefficients[block.name] = unit[start:stop] * (1.0 if block.scale else block.sd)
        start = stop
    return coefficients


def whitened(values: Array, artanh_phi: Array, weight: Array) -> tuple[Array, Array]:
    """Return columns in units of errors of scale 1, levels projected out; and log |ℓ|².

    Parameters
    ----------
    values : ndarray, shape (N, T, columns)
    artanh_phi : ndarray, shape (N,)
    weight : ndarray, shape (N, T)
    """
    phi, w = np.tanh(artanh_phi)[:, None, None], np.sqrt(weight)[:, 1:, None]
    sech = 1 / np.cosh(artanh_phi)[:, None, None]
    out = np.concatenate([sech * values[:, :1], w * (values[:, 1:] - phi * values[:, :-1])], axis=1)
    below = sech / np.sqrt(1 + phi)  # √(1 − φ)
    level = np.concatenate([np.sqrt(1 + phi), w * below], axis=1)
    square = (level**2).sum(axis=1, keepdims=True)
    out = out - level * ((level * out).sum(axis=1, keepdims=True) / square)
    return out, np.log(square[:, 0, 0])


def _effects(rows: Rows, z: Array, x: Array, weight: Array, columns: Array) -> tuple[Array, ...]:
    """Whiten columns (N, T, c), t and z; return them over σ, the last two over τ and ω, too."""
    region = rows.region
    stacked = np.concatenate([columns, rows.time[..., None], z[..., None]], axis=2)
    out, log_square = whitened(stacked, x[region, PHI], weight)
    out = out / np.exp(x[region, SIGMA])[:, None, None]
    effect = out[..., -2:] * np.exp(x[region][:, [TAU, OMEGA]])[:, None]
    return out[..., :-2], effect, log_square


def _gram(out: Array, effect: Array) -> Array:
    """Return products of whitened columns, effects of provinces integrated out."""
    cross = np.einsum("itc,itd->idc", out, effect)
    inner = np.eye(2) + np.einsum("itc,itd->icd", effect, effect)
    eliminated = np.linalg.solve(np.linalg.cholesky(inner), cross).reshape(-1, out.shape[2])
    flat = out.reshape(-1, out.shape[2])
    return flat.T @ flat - eliminated.T @ eliminated


def _common(
    rows: Rows, scaled: Array, z: Array, x: Array, weight: Array, rng: np.random.Generator
) -> Array:
    """Draw coefficients in common, in units of their prior, effects of provinces integrated out."""
    augmented = np.concatenate([scaled, rows.y[..., None]], axis=2)
    out, effect, _ = _effects(rows, z, x, weight, augmented)
    gram = _gram(out, effect)
    factor = np.linalg.cholesky(gram[:-1, :-1] + np.eye(len(gram) - 1))
    mean = solve_triangular(factor, gram[:-1, -1], lower=True)
    noise = rng.standard_normal(len(mean))
    return solve_triangular(factor, mean + noise, lower=True, trans=1)


def _log_likelihood(rows: Rows, residual: Array, z: Array, x: Array, weight: Array) -> Array:
    """Return each region's log likelihood and log prior, shape (regions,)."""
    region = rows.region
    out, effect, log_square = _effects(rows, z, x, weight, residual[..., None])
    inner = np.eye(2) + np.einsum("itc,itd->icd", effect, effect)
    cross = np.einsum("it,itd->id", out[..., 0], effect)
    det = inner[:, 0, 0] * inner[:, 1, 1] - inner[:, 0, 1] ** 2
    # The inverse of a matrix of two by two, written out.
    explained = inner[:, 1, 1] * cross[:, 0] ** 2 + inner[:, 0, 0] * cross[:, 1] ** 2
    explained = (explained - 2 * inner[:, 0, 1] * cross[:, 0] * cross[:, 1]) / det
    phi = np.tanh(x[region, PHI])
    value = np.log1p(phi) - log_square - 2 * (residual.shape[1] - 1) * x[region, SIGMA]
    value = (value - np.log(det) - (out**2).sum(axis=(1, 2)) + explained) / 2
    total = np.bincount(region, value, minlength=len(x)) - 2 * np.log(np.cosh(x[:, PHI]))
    for k, name in enumerate(NAMES, 1):
        prior = rows.density.priors[name]
        if prior.distribution == "LogNormal":
            total = total - ((x[:, k] - np.log(prior.centre)) / prior.scale) ** 2 / 2
        else:
            total = total + x[:, k] - (np.exp(x[:, k]) / prior.scale) ** 2 / 2
    return total


def _move(
    rows: Rows,
    residual: Array,
    z: Array,
    x: Array,
    weight: Array,
    root: Array,
    rng: np.random.Generator,
) -> Array:
    """Move every region's φ and scales, given what coefficients in common leave."""
    current = _log_likelihood(rows, residual, z, x, weight)
    for step in range(TRIES):
        length = (3.0 if step == TRIES - 1 else 1.0) * 2.4 / 2.0
        proposal = x + length * np.einsum("rab,rb->ra", root, rng.standard_normal(x.shape))
        proposal = np.where((np.abs(proposal) > FARTHEST).any(axis=1, keepdims=True), x, proposal)
        proposed = _log_likelihood(rows, residual, z, proposal, weight)
        better = np.log(rng.random(len(x))) < proposed - current
        x, current = np.where(better[:, None], proposal, x), np.where(better, proposed, current)
    return x


def _adapted(warm_up_path: list[Array]) -> Array:
    """Return factors of the proposals' covariance, from the later half of the warm-up so far."""
    half = np.array(warm_up_path[len(warm_up_path) // 2 :])
    apart = half - half.mean(axis=0)
    around = np.einsum("sra,srb->rab", apart, apart) / len(half)
    return np.linalg.cholesky(around + 1e-3 * np.eye(around.shape[1]))


def _move_tau_slope(
    rows: Rows,
    columns: Array,
    z: Array,
    x: Array,
    weight: Array,
    state: tuple[Array, Array],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Draw τ_slope with its offsets held, then with slopes by region held."""
    unit, tau = state[0].copy(), state[1].copy()
    start = 0
    for block in rows.density.blocks:
        stop = start + block.columns.shape[1]
        if block.scale:
            for v in range(len(tau)):
                members = slice(start + v * block.repeat, start + (v + 1) * block.repeat)
                spread = rows.density.priors["tau_slope_std"].scale
                along = columns[..., members] @ unit[members]
                other_terms = columns @ (_column_scale(rows.density, tau) * unit) - tau[v] * along
                augmented = np.stack([along, rows.y - other_terms], axis=2)
                out, effect, _ = _effects(rows, z, x, weight, augmented)
                gram = _gram(out, effect)
                precision = gram[0, 0] + spread**-2
                centre, sd = gram[0, 1] / precision, precision**-0.5
                tau[v] = truncnorm.rvs(-centre / sd, np.inf, centre, sd, random_state=rng)
                slopes = tau[v] * unit[members]
                tau[v] = _scale_of(slopes, tau[v], spread, rng)
                unit[members] = slopes / tau[v]
        start = stop
    return unit, tau


def _scale_of(values: Array, scale: float, spread: float, rng: np.random.Generator) -> float:
    """Move the scale of normal values, under a half-normal prior."""

    def log_density(log_scale: float) -> float:
        sd = np.exp(log_scale)
        likelihood = -len(values) * log_scale - (values @ values) / (2 * sd**2)
        return likelihood + log_scale - (sd / spread) ** 2 / 2

    current = np.log(scale)
    for _ in range(TRIES):
        proposal = current + rng.standard_normal()
        if np.log(rng.random()) < log_density(proposal) - log_density(current):
            current = proposal
    return float(np.exp(current))


def _of_provinces(
    rows: Rows, residual: Array, z: Array, x: Array, weight: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw each province's growth about its line and slope about its region's."""
    out, effect, _ = _effects(rows, z, x, weight, residual[..., None])
    inner = np.eye(2) + np.einsum("itc,itd->icd", effect, effect)
    cross = np.einsum("it,itd->id", out[..., 0], effect)[..., None]
    factor = np.linalg.cholesky(inner)
    white = np.linalg.solve(factor, cross) + rng.standard_normal(cross.shape)
    offset = np.linalg.solve(factor.swapaxes(1, 2), white)[..., 0]
    scale = np.exp(x[rows.region][:, [TAU, OMEGA]])
    return tuple((offset * scale).T)


def _level(rows: Rows, error: Array, x: Array, weight: Array, rng: np.random.Generator) -> Array:
    """Draw each province's level under a flat prior, given errors about any level."""
    parameters = x[rows.region]
    phi, sech = np.tanh(parameters[:, PHI]), 1 / np.cosh(parameters[:, PHI])
    below = sech**2 / (1 + phi)  # 1 − φ
    w = np.column_stack([sech**2, weight[:, 1:] * below[:, None]])
    innovation = np.column_stack([error[:, 0], error[:, 1:] - phi[:, None] * error[:, :-1]])
    precision = w[:, 0] + (w[:, 1:] * below[:, None]).sum(axis=1)
    mean = (w * innovation).sum(axis=1) / precision
    return mean + np.exp(parameters[:, SIGMA]) * rng.standard_normal(len(mean)) / np.sqrt(precision)


def _regressor(
    rows: Rows, target: Array, slope: Array, x: Array, weight: Array, rng: np.random.Generator
) -> Array:
    """Draw z given what is left of y when all but z times its slope is taken off."""
    parameters, years = x[rows.region], target.shape[1]
    phi, sech = np.tanh(parameters[:, PHI]), 1 / np.cosh(parameters[:, PHI])
    step = np.eye(years) - phi[:, None, None] * np.eye(years, k=-1)
    step[:, 0, 0] = sech
    step = step * np.sqrt(weight)[..., None] * np.exp(-parameters[:, SIGMA])[:, None, None]
    precision = step.swapaxes(1, 2) @ step
    spread = np.maximum(rows.error, 1e-6)
    # Normal times normal: what y says of z, and Berkson's prior about ẑ.
    full_precision = slope[:, None, None] ** 2 * precision + np.eye(years) / spread[..., None] ** 2
    right = slope[:, None] * np.einsum("ist,it->is", precision, target - slope[:, None] * rows.mean)
    factor = np.linalg.cholesky(full_precision)
    white = np.linalg.solve(factor, right[..., None])
    white = white + rng.standard_normal(white.shape)
    return rows.mean + np.linalg.solve(factor.swapaxes(1, 2), white)[..., 0]
