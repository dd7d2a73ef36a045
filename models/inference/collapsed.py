"""Collapsed densities: models normal given their scales, all else integrated out.

    y_n ~ N(Σ_j effect_nj θ_j, σ_g(n)²)     θ, the L locations: slopes, effects, Mundlak terms
    θ_j ~ N(Σ_k line_jk θ_k, s_j²)          s_j, a number or one of the scale parameters

With w_e = exp(−2 u_e) for every scale element e, u its logarithm, the posterior precision of θ is

    Λ = H_0 + Σ_e w_e H_e,    b = Σ_e w_e c_e,    m = Λ⁻¹ b

where H_e is the Gram matrix of the effects in the rows of a residual scale, or of the prior
deviations of the locations that have a scale; c_e and y_e'y_e are of rows alone. The scales' log
posterior is, n_e counting rows or locations,

    log p(u | y) = −Σ_e n_e u_e − ½ (Σ_e w_e y_e'y_e − b'm) − ½ log|Λ| + log p(u) + constant

and its gradient −n_e + w_e E[|y_e − H θ|² | u, y], by Fisher's identity (Lindley & Smith 1972,
*JRSS B* 34:1-41, for the first). The data enter through Gram matrices only, so the cost does not
depend on the number of rows. θ given u and y is drawn exactly.

The PyMC model of the same name defines the model; this is its density in another form, and a
test holds the two together.

Longer than 400 lines because one derivation, stated above, runs through density, gradient, draws
and moments, which share its arrays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtrs

from models.priors import LOG_2PI, Prior, ScalePriors

Array = NDArray[np.float64]


FARTHEST = 300.0
"""Largest logarithm of a scale, either way; beyond 350 squares overflow."""


class OutOfRangeError(ArithmeticError):
    """A point where the density cannot be evaluated; NUTS takes it for a divergence."""

    is_recoverable = True


@dataclass(frozen=True, eq=False)
class Location:
    """A block of m location parameters.

    Attributes
    ----------
    name : str
        The random variable in the PyMC model.
    effect : ndarray, shape (n, m)
        On the mean of y.
    scale : float or str
        Prior standard deviation, or the name of the scale parameter that is.
    element : ndarray of int, shape (m,), or int
        Which element of that scale parameter.
    line : mapping of str to ndarray, shape (m, size of the other block)
        The prior mean, linear in other blocks; zero if empty.
    offset : bool
        The random variable is θ in units of its scale (non-centred in the PyMC model).
    basis : ndarray, shape (M, m), optional
        The random variable is basis @ θ: a zero-sum vector from its coordinates.
    """

    name: str
    effect: Array
    scale: float | str
    element: NDArray[np.int64] | int = 0
    line: Mapping[str, Array] = field(default_factory=dict)
    offset: bool = False
    basis: Array | None = None

    @property
    def size(self) -> int:
        """Number of parameters m."""
        return self.effect.shape[1]


@dataclass(frozen=True)
class Scale:
    """A scale parameter: `size` elements with the same half-normal or log-normal prior.

    Attributes
    ----------
    prior : Prior
        Its name, and its prior if the next two are empty.
    size : int
    median, log_sd : str
        Scale parameters of one element each, before this one: its elements are log-normal with
        that median and that standard deviation of the logarithm.
    """

    prior: Prior
    size: int = 1
    median: str = ""
    log_sd: str = ""

    @property
    def name(self) -> str:
        """The random variable in the PyMC model."""
        return self.prior.name


@dataclass(frozen=True, eq=False)
class Collapsed:
    """The posterior of a model's S log scales, and of its L locations given them.

    Attributes
    ----------
    locations, scales : tuple
        The blocks, in order.
    location_slices, scale_slices : dict of str to slice
        Positions of each block among the L locations and the S scale elements.
    deviation : ndarray, shape (L, L)
        θ less its prior mean is deviation @ θ.
    fixed : ndarray, shape (L,)
        Prior standard deviations where they are numbers, else 1.
    member : ndarray, shape (S, L)
        1 where a location has that scale element.
    count : ndarray, shape (S,)
        Rows or locations of each scale element.
    gram : ndarray, shape (S, L, L)
        H_e.
    gram_lower : ndarray, shape (S, L · L)
        Lower triangles of the H_e, off-diagonal entries doubled: tr(H_e V) from half of V.
    gram_fixed : ndarray, shape (L, L)
        H_0.
    prior : ScalePriors
        Of the S scale elements.
    xy : ndarray, shape (S, L)
        c_e.
    yy : ndarray, shape (S,)
        y_e'y_e.
    constant : float
        What does not depend on the scales.
    """

    locations: tuple[Location, ...]
    scales: tuple[Scale, ...]
    location_slices: dict[str, slice]
    scale_slices: dict[str, slice]
    deviation: Array
    fixed: Array
    member: Array
    count: Array
    gram: Array
    gram_lower: Array
    gram_fixed: Array
    prior: ScalePriors
    xy: Array
    yy: Array
    constant: float

    @property
    def size(self) -> int:
        """Number of scale elements S."""
        return len(self.count)

    @property
    def half_normal(self) -> Array:
        """Scales of the half-normal priors, 0 of the others, shape (S,): see `Coordinates`."""
        return np.where(self.prior.half, self.prior.spread, 0.0)

    @property
    def linked(self) -> tuple[tuple[slice, int, int], ...]:
        """Scales about a median of their own, as `ScalePriors.linked`: see `Coordinates`."""
        return self.prior.linked

    def logp_and_gradient(self, log_scale: Array) -> tuple[float, Array]:
        """Evaluate the log posterior of the log scales (with their Jacobian) and its gradient.

        Parameters
        ----------
        log_scale : ndarray, shape (S,)

        Returns
        -------
        float
        ndarray, shape (S,)

        Raises
        ------
        OutOfRangeError
            If double precision does not hold the density there.
        """
        if not np.abs(log_scale).max() <= FARTHEST:
            raise OutOfRangeError("scales so far from 1 that their squares overflow")
        weight = np.exp(-2 * log_scale)
        factor, mean = self.given(weight)
        # dpotri fills the lower triangle of V alone, so its entries off the diagonal count twice.
        inverse = dpotri(factor, lower=1)[0]
        # E|y_e − H θ|² = residual at m, plus the trace of H_e with the posterior covariance V.
        square = self.yy + (self.gram @ mean - 2 * self.xy) @ mean
        square += self.gram_lower @ inverse.ravel()
        prior, prior_slope = self.prior.log_density(log_scale)
        logp = (
            self.constant
            - self.count @ log_scale
            - (weight @ self.yy - (weight @ self.xy) @ mean) / 2
            # ½ log|Λ| from the factor: the determinant itself overflows with many effects.
            - np.log(np.diag(factor)).sum()
            + prior.sum()
        )
        return float(logp), weight * square - self.count + prior_slope

    def initial(self, rng: np.random.Generator) -> Array:
        """Return a starting point in the bulk of the scales' priors, shape (S,)."""
        middle = [np.full(s.size, np.log(s.prior.typical)) for s in self.scales]
        return np.concatenate(middle) + rng.uniform(-1, 1, self.size)

    def point(self, variables: Mapping[str, Array]) -> Array:
        """Return where `logp_and_gradient` is evaluated for draws of the variables, (…, S)."""
        return np.log(np.concatenate([variables[scale.name] for scale in self.scales], axis=-1))

    def draw(self, log_scale: Array, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the locations given the scales; return all random variables of the PyMC model.

        Parameters
        ----------
        log_scale : ndarray, shape (…, S)
        rng : Generator

        Returns
        -------
        dict of str to ndarray, shape (…, size)
        """
        flat = log_scale.reshape(-1, self.size)
        theta = np.empty((len(flat), len(self.fixed)))
        for row, weight in zip(theta, np.exp(-2 * flat), strict=True):
            factor, mean = self.given(weight)
            noise = rng.standard_normal(len(mean))
            # L⁻ᵀ z has covariance Λ⁻¹, so Λ is never inverted.
            row[:] = mean + dtrtrs(factor, noise, lower=1, trans=1)[0]
        return self.variables(theta.reshape(*log_scale.shape[:-1], -1), log_scale)

    def moments(
        self, log_scale: Array, weights: Mapping[str, Array], *, prior: bool = False
    ) -> tuple[Array, Array]:
        """Return mean and standard deviation, given the scales, of linear functions of θ.

        Parameters
        ----------
        log_scale : ndarray, shape (…, S)
        weights : mapping of str to ndarray, shape (K, size)
            By block, of its θ (not in units of its scale); a block left out has none.
        prior : bool
            Of the prior rather than of the posterior.

        Returns
        -------
        mean, sd : ndarray, shape (…, K)
        """
        rows = self.rows_of(weights)
        flat = log_scale.reshape(-1, self.size)
        if prior:
            reach = np.linalg.solve(self.deviation.T, rows.T)  # (L, K)
            sd = np.sqrt(self._sd(flat) ** 2 @ reach**2)
            mean = np.zeros_like(sd)
        else:
            mean, sd = np.empty((2, len(flat), len(rows)))
            for i, weight in enumerate(np.exp(-2 * flat)):
                factor, centre = self.given(weight)
                mean[i] = rows @ centre
                # |L⁻¹ w| is the standard deviation of w'θ: a norm cannot come out negative.
                sd[i] = np.linalg.norm(dtrtrs(factor, rows.T, lower=1)[0], axis=0)
        shape = (*log_scale.shape[:-1], len(rows))
        return mean.reshape(shape), sd.reshape(shape)

    def rows_of(self, weights: Mapping[str, Array]) -> Array:
        """Return linear functions of all θ, shape (K, L), from those of blocks; see `moments`."""
        functions = len(next(iter(weights.values())))
        return np.hstack(
            [weights.get(b.name, np.zeros((functions, b.size))) for b in self.locations]
        )

    def draw_prior(self, size: int, rng: np.random.Generator) -> dict[str, Array]:
        """Draw all random variables of the PyMC model from the prior, shapes (size, …)."""
        drawn: dict[str, Array] = {}
        for scale in self.scales:
            if scale.median:
                normal = rng.standard_normal((size, scale.size))
                drawn[scale.name] = drawn[scale.median] * np.exp(drawn[scale.log_sd] * normal)
            else:
                drawn[scale.name] = scale.prior.draw((size, scale.size), rng)
        log_scale = np.log(np.hstack(list(drawn.values())))
        noise = rng.standard_normal((size, len(self.fixed)))
        theta = np.linalg.solve(self.deviation, (self._sd(log_scale) * noise).T).T
        return self.variables(theta, log_scale)

    def log_prior(self, variables: Mapping[str, Array]) -> dict[str, Array]:
        """Evaluate the log prior of each random variable, summed over its elements.

        Parameters
        ----------
        variables : mapping of str to ndarray, shape (…, size)
            As `draw` returns them.
        """
        values = {name: np.log(variables[name]) for name in self.scale_slices}
        log_scale = np.concatenate([values[scale.name] for scale in self.scales], axis=-1)
        sd = self._sd(log_scale)
        theta = np.concatenate(
            [self._theta(block, variables[block.name], sd) for block in self.locations], axis=-1
        )
        unit = theta @ self.deviation.T / sd
        density = {}
        for block in self.locations:
            where = self.location_slices[block.name]
            normal = -(unit[..., where] ** 2 + LOG_2PI) / 2
            density[block.name] = (normal - (not block.offset) * np.log(sd[..., where])).sum(-1)
        of_scale = self.prior.log_density(log_scale)[0] - log_scale
        for name, where in self.scale_slices.items():
            density[name] = of_scale[..., where].sum(-1)
        return density

    def given(self, weight: Array) -> tuple[Array, Array]:
        """Return the lower Cholesky factor of Λ, and m, given the weights w, shape (S,)."""
        precision = self.gram_fixed + (weight @ self.gram.reshape(self.size, -1)).reshape(
            self.gram_fixed.shape
        )
        # LAPACK's flag instead of an exception: NUTS meets such points often while it adapts.
        factor, failed = dpotrf(precision, lower=1)
        if failed:
            raise OutOfRangeError("scales so far apart that double precision does not hold Λ")
        return factor, dpotrs(factor, weight @ self.xy, lower=1)[0]

    def _sd(self, log_scale: Array) -> Array:
        """Return prior standard deviations of the locations, shape (…, L)."""
        return self.fixed * np.exp(log_scale @ self.member)

    def variables(self, theta: Array, log_scale: Array) -> dict[str, Array]:
        """Return the random variables of the PyMC model from locations and log scales."""
        sd = self._sd(log_scale)
        variables = {}
        for block in self.locations:
            where = self.location_slices[block.name]
            value = theta[..., where] / sd[..., where] if block.offset else theta[..., where]
            variables[block.name] = value if block.basis is None else value @ block.basis.T
        scales = {name: np.exp(log_scale[..., at]) for name, at in self.scale_slices.items()}
        return variables | scales

    def _theta(self, block: Location, value: Array, sd: Array) -> Array:
        coordinates = value if block.basis is None else value @ block.basis
        return (
            coordinates * sd[..., self.location_slices[block.name]]
            if block.offset
            else (coordinates)
        )


def collapse(
    y: Array,
    group: NDArray[np.int64],
    locations: Sequence[Location],
    scales: Sequence[Scale],
) -> Collapsed:
    """Assemble a model's collapsed posterior.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Standardised outcome.
    group : ndarray of int, shape (n,)
        Which element of the residual scale a row has.
    locations : sequence of Location
    scales : sequence of Scale
        The residual's last.

    Returns
    -------
    Collapsed
    """
    location_at, scale_at = _slices(locations), _slices(scales)
    n_locations, n_scales = (sum(block.size for block in blocks) for blocks in (locations, scales))
    deviation, fixed = np.eye(n_locations), np.ones(n_locations)
    member = np.zeros((n_scales, n_locations))
    for block in locations:
        where = location_at[block.name]
        for parent, line in block.line.items():
            # θ less its prior mean, so that the prior precision is diagonal in `deviation` @ θ.
            deviation[where, location_at[parent]] -= line
        if isinstance(block.scale, str):
            element = scale_at[block.scale].start + np.broadcast_to(block.element, block.size)
            member[element, np.arange(where.start, where.stop)] = 1
        else:
            fixed[where] = block.scale
    free = member.any(axis=0)
    precise = deviation[~free] / fixed[~free, None]

    effect = np.hstack([block.effect for block in locations])
    in_group = np.eye(scales[-1].size)[group]
    residual = scale_at[scales[-1].name]
    gram = np.stack([(deviation * row[:, None]).T @ deviation for row in member])
    gram[residual] = [(effect * rows[:, None]).T @ effect for rows in in_group.T]
    xy, yy, count = np.zeros((n_scales, n_locations)), np.zeros(n_scales), member.sum(axis=1)
    xy[residual] = (in_group * y[:, None]).T @ effect
    yy[residual] = in_group.T @ y**2
    count[residual] = in_group.sum(axis=0)
    return Collapsed(
        locations=tuple(locations),
        scales=tuple(scales),
        location_slices=location_at,
        scale_slices=scale_at,
        deviation=deviation,
        fixed=fixed,
        member=member,
        count=count,
        gram=gram,
        gram_lower=(np.tril(gram) + np.tril(gram, -1)).reshape(n_scales, -1),
        gram_fixed=precise.T @ precise,
        prior=ScalePriors(
            [scale.prior for scale in scales for _ in range(scale.size)],
            [
                (scale_at[scale.name], scale_at[scale.median].start, scale_at[scale.log_sd].start)
                for scale in scales
                if scale.median
            ],
        ),
        xy=xy,
        yy=yy,
        constant=float(-np.log(fixed).sum() - len(y) * LOG_2PI / 2),
    )


def _slices(blocks: Sequence[Location | Scale]) -> dict[str, slice]:
    ends = np.cumsum([block.size for block in blocks]).tolist()
    return {
        block.name: slice(end - block.size, end) for block, end in zip(blocks, ends, strict=True)
    }
