"""The collapsed density is the dense normal's, and the PyMC model's with locations integrated out.

The oracle reads a model's blocks and does by dense covariances what the code does by Gram
matrices. Its locations z are the random variables themselves: θ, or θ in units of its scale.
"""

from typing import NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import linalg, stats

from models.inference.collapsed import Collapsed, Location, OutOfRangeError, Scale, collapse
from models.priors import Prior
from tests.helpers.fits import INDEPENDENT, Fit, fit_of

pytestmark = pytest.mark.usefixtures("one_thread")

FITS = [("3.2", name, share) for name in INDEPENDENT for share in (0.0, 0.1)] + [
    ("3.3", "hierarchical", 0.0),
    ("8.2", "mundlak", 0.0),
    ("8.2", "flat", 0.1),
    ("5.1", "dynamic", 0.0),
    ("5.1", "dynamic_regions", 0.1),
]
POINTS = 5


@pytest.fixture(params=FITS, ids=lambda case: "-".join(map(str, case)))
def fitted(request) -> Fit:
    return fit_of(*request.param)


def points(density: Collapsed, size: int = POINTS, seed: int = 0) -> list[np.ndarray]:
    """Return points of the log scales, in the bulk of their priors and out of it."""
    rng = np.random.default_rng(seed)
    return [density.initial(rng) for _ in range(size)]


class Dense(NamedTuple):
    """A linear normal model given its scales: y ~ N(effect z, noise²), z ~ N(0, prior)."""

    effect: np.ndarray
    prior: np.ndarray
    noise: np.ndarray

    @property
    def of_outcome(self):
        covariance = self.effect @ self.prior @ self.effect.T + np.diag(self.noise**2)
        return stats.multivariate_normal(np.zeros(len(self.noise)), covariance)

    def of_locations(self, y: np.ndarray):
        """Return mean and covariance of z given y."""
        scaled = self.effect / self.noise[:, None]
        precision = linalg.inv(self.prior) + scaled.T @ scaled
        covariance = linalg.inv(precision)
        return covariance @ (scaled.T @ (y / self.noise)), covariance


def dense(density: Collapsed, group: np.ndarray, log_scale: np.ndarray) -> Dense:
    ends = np.cumsum([scale.size for scale in density.scales])
    scales = dict(
        zip((s.name for s in density.scales), np.split(np.exp(log_scale), ends[:-1]), strict=True)
    )
    sd = {
        block.name: np.broadcast_to(
            scales[block.scale][block.element] if isinstance(block.scale, str) else block.scale,
            block.size,
        )
        for block in density.locations
    }
    effect = np.hstack(
        [b.effect * (sd[b.name] if b.offset else np.ones(b.size)) for b in density.locations]
    )
    spread = np.hstack([np.ones(b.size) if b.offset else sd[b.name] for b in density.locations])
    at = dict(
        zip(
            (block.name for block in density.locations),
            np.split(np.arange(len(spread)), np.cumsum([b.size for b in density.locations])[:-1]),
            strict=True,
        )
    )
    # z = line z + spread·noise, solved for z.
    line = np.zeros((len(spread), len(spread)))
    unit = {b.name: sd[b.name] if b.offset else np.ones(b.size) for b in density.locations}
    for block in density.locations:
        for other, weights in block.line.items():
            line[np.ix_(at[block.name], at[other])] = weights * unit[other]
    reach = linalg.inv(np.eye(len(spread)) - line) * spread
    return Dense(effect, reach @ reach.T, scales[density.scales[-1].name][group])


def coordinates(density: Collapsed, variables: dict[str, np.ndarray]) -> np.ndarray:
    """Return the locations z in the oracle's coordinates, a zero-sum vector in its basis."""
    return np.concatenate(
        [
            variables[b.name] if b.basis is None else variables[b.name] @ b.basis
            for b in density.locations
        ],
        axis=-1,
    )


def log_prior_of_log(scale: Scale, log_scale: np.ndarray) -> float:
    """Return the log density of a scale parameter's logarithm, by scipy."""
    prior = scale.prior
    known = {
        "HalfNormal": stats.halfnorm(scale=prior.scale),
        "LogNormal": stats.lognorm(s=prior.scale, scale=prior.centre or 1),
    }[prior.distribution]
    return float((known.logpdf(np.exp(log_scale)) + log_scale).sum())


def log_prior_of_scales(density: Collapsed, log_scale: np.ndarray) -> float:
    ends = np.cumsum([scale.size for scale in density.scales])
    pieces = dict(zip(density.scale_slices, np.split(log_scale, ends[:-1]), strict=True))
    total = 0.0
    for scale in density.scales:
        if scale.median:
            centre, spread = pieces[scale.median], np.exp(pieces[scale.log_sd])
            total += stats.norm.logpdf(pieces[scale.name], centre, spread).sum()
        else:
            total += log_prior_of_log(scale, pieces[scale.name])
    return total


def group_of(fitted: Fit) -> np.ndarray:
    return fitted.parts.groups_to_regions.argmax(axis=0)[fitted.parts.design.region]


def toy() -> tuple[Collapsed, np.ndarray, np.ndarray]:
    """Return a model that uses all a block can: lines, offsets, elements, bases, several scales."""
    rng = np.random.default_rng(4)
    n, group = 40, np.repeat([0, 1], [15, 25])
    basis = linalg.helmert(5).T
    unit = np.eye(6)[rng.integers(6, size=n)]
    year = np.eye(5)[rng.integers(5, size=n)]
    locations = (
        Location("unit", unit, "tau", line={"slope": rng.normal(size=(6, 2))}),
        Location("slope", rng.normal(size=(n, 2)), 1.5, line={"spread": rng.normal(size=(2, 4))}),
        Location("year", year @ basis, "tau_year", offset=True, basis=basis),
        Location(
            "spread", rng.normal(size=(n, 4)), "taus", element=np.array([0, 0, 1, 1]), offset=True
        ),
        Location("fourth", rng.normal(size=(n, 3)), "taus", element=1),
    )
    scales = (
        Scale(Prior("tau", "HalfNormal", 1.0, "", "")),
        Scale(Prior("tau_year", "HalfNormal", 0.5, "", "")),
        Scale(Prior("taus", "LogNormal", 0.7, "", "", centre=0.5), 2),
        Scale(Prior("median", "LogNormal", 1.0, "", "", centre=0.2)),
        Scale(Prior("log_sd", "HalfNormal", 0.8, "", "")),
        Scale(Prior("sigma", "LogNormal", 1.0, "", "", centre=0.2), 2, "median", "log_sd"),
    )
    y = rng.normal(size=n)
    return collapse(y, group, locations, scales), y, group


def test_log_density_is_the_dense_normal_of_a_model_with_everything():
    density, y, group = toy()
    assert density.size == 8
    for point in points(density, 20):
        expected = dense(density, group, point).of_outcome.logpdf(y)
        expected += log_prior_of_scales(density, point)
        assert density.logp_and_gradient(point)[0] == pytest.approx(expected, rel=1e-10)


def test_log_density_is_the_dense_normal(fitted):
    # The flat priors' covariance is 10⁸ times the noise's: fewer digits of the oracle's hold.
    tolerance = 1e-7 if fitted.model.name == "flat" else 1e-10
    density, group = fitted.density, group_of(fitted)
    for point in points(density):
        expected = dense(density, group, point).of_outcome.logpdf(fitted.parts.y)
        expected += log_prior_of_scales(density, point)
        assert density.logp_and_gradient(point)[0] == pytest.approx(expected, rel=tolerance)


def test_gradient_is_the_difference_quotient(fitted):
    density, step = fitted.density, 1e-4
    for point in points(density):
        value = [
            [density.logp_and_gradient(point + k * step * axis)[0] for k in (-2, -1, 1, 2)]
            for axis in np.eye(density.size)
        ]
        quotient = np.array(value) @ [1, -8, 8, -1] / (12 * step)
        gradient = density.logp_and_gradient(point)[1]
        assert_allclose(gradient, quotient, rtol=1e-5, atol=1e-5 * np.abs(gradient).max())


def test_joint_density_is_that_of_the_pymc_model(fitted):
    """p(y, z, s) = p(y, s) p(z | y, s): the two definitions of the model are one."""
    density, group = fitted.density, group_of(fitted)
    rng = np.random.default_rng(1)
    for point in points(density):
        drawn = density.draw(point, rng)
        moved = density.draw(point + 0.3, rng)  # locations that are not typical of the scales
        mean, covariance = dense(density, group, point).of_locations(fitted.parts.y)
        given = stats.multivariate_normal(mean, covariance, allow_singular=True)
        marginal = density.logp_and_gradient(point)[0] - point.sum()  # of s, not of log s
        for variables in (drawn, moved | {s.name: drawn[s.name] for s in density.scales}):
            of_pymc = sum(fitted.log_densities(variables).values())
            expected = marginal + given.logpdf(coordinates(density, variables))
            assert of_pymc == pytest.approx(expected, rel=1e-6)


class Units:
    """A generator whose normal draws are zero but for one: draws are affine in them."""

    def __init__(self, position: int | None):
        self.position = position

    def standard_normal(self, size: int) -> np.ndarray:
        return np.eye(size)[self.position] if self.position is not None else np.zeros(size)


def test_locations_given_the_scales_have_the_exact_moments(fitted):
    density, group = fitted.density, group_of(fitted)
    for point in points(density, 2):
        mean, covariance = dense(density, group, point).of_locations(fitted.parts.y)
        found = coordinates(density, density.draw(point, Units(None)))
        sd = np.sqrt(np.diag(covariance))
        assert_allclose(found / sd, mean / sd, rtol=1e-5, atol=1e-5)
        reach = np.stack(
            [coordinates(density, density.draw(point, Units(i))) - found for i in range(len(mean))]
        )
        assert_allclose(
            (reach.T @ reach) / np.outer(sd, sd), covariance / np.outer(sd, sd), atol=1e-5
        )


@pytest.mark.parametrize("prior", [False, True], ids=["posterior", "prior"])
def test_moments_of_linear_functions_are_those_of_the_dense_normal(prior):
    density, y, group = toy()
    rng = np.random.default_rng(3)
    weights = {"slope": rng.normal(size=(3, 2)), "spread": rng.normal(size=(3, 4))}
    log_scale = np.stack(points(density, 4)).reshape(2, 2, -1)
    mean, sd = density.moments(log_scale, weights, prior=prior)
    for at in np.ndindex(2, 2):
        model = dense(density, group, log_scale[at])
        centre, covariance = (
            (np.zeros(len(model.prior)), model.prior) if prior else model.of_locations(y)
        )
        # The oracle's "spread" is in units of its scale.
        tau = np.exp(log_scale[at][density.scale_slices["taus"]])[[0, 0, 1, 1]]
        rows = np.zeros((3, len(centre)))
        rows[:, density.location_slices["slope"]] = weights["slope"]
        rows[:, density.location_slices["spread"]] = weights["spread"] * tau
        assert_allclose(mean[at], rows @ centre, rtol=1e-9, atol=1e-12)
        assert_allclose(sd[at], np.sqrt(np.diag(rows @ covariance @ rows.T)), rtol=1e-9)


def test_draws_keep_shape_scales_and_zero_sums():
    density, _, _ = toy()
    log_scale = np.stack(points(density, 6)).reshape(2, 3, -1)
    drawn = density.draw(log_scale, np.random.default_rng(0))
    assert {name: value.shape for name, value in drawn.items()} == {
        "unit": (2, 3, 6),
        "slope": (2, 3, 2),
        "year": (2, 3, 5),
        "spread": (2, 3, 4),
        "fourth": (2, 3, 3),
        "tau": (2, 3, 1),
        "tau_year": (2, 3, 1),
        "taus": (2, 3, 2),
        "median": (2, 3, 1),
        "log_sd": (2, 3, 1),
        "sigma": (2, 3, 2),
    }
    assert_allclose(drawn["year"].sum(-1), 0, atol=1e-12)
    assert_allclose(np.log(drawn["taus"]), log_scale[..., 2:4])
    again = density.draw(log_scale, np.random.default_rng(0))
    assert all(np.array_equal(drawn[name], again[name]) for name in drawn)


def test_prior_draws_have_the_prior_moments():
    density, _, group = toy()
    size = 40_000
    drawn = density.draw_prior(size, np.random.default_rng(2))
    assert drawn["tau"].mean() == pytest.approx(stats.halfnorm(scale=1).mean(), rel=0.02)
    assert np.median(drawn["taus"]) == pytest.approx(0.5, rel=0.02)
    assert np.log(drawn["median"]).std() == pytest.approx(1, rel=0.02)
    unit = np.log(drawn["sigma"] / drawn["median"]) / drawn["log_sd"]
    assert stats.kstest(unit[:, 0], "norm").pvalue > 0.001
    assert np.corrcoef(unit.T)[0, 1] == pytest.approx(0, abs=0.02)
    assert_allclose(drawn["year"].sum(-1), 0, atol=1e-12)
    # Standardised by the prior of each draw's own scales, z is white.
    z = coordinates(density, drawn)[:2_000]
    log_scale = np.log(np.hstack([drawn[s.name] for s in density.scales]))[:2_000]
    white = np.stack(
        [
            linalg.solve(linalg.cholesky(dense(density, group, u).prior, lower=True), row)
            for u, row in zip(log_scale, z, strict=True)
        ]
    )
    assert_allclose(white.mean(0), 0, atol=0.12)
    assert_allclose(np.cov(white.T), np.eye(z.shape[1]), atol=0.15)


def test_log_prior_is_pymcs(fitted):
    variables = fitted.density.draw_prior(3, np.random.default_rng(7))
    found = fitted.density.log_prior(variables)
    assert found.keys() == variables.keys()
    for row in range(3):
        expected = fitted.log_densities({name: value[row] for name, value in variables.items()})
        del expected["y"]
        # PyTensor keeps some of PyMC's constants in single precision.
        assert {name: value[row] for name, value in found.items()} == pytest.approx(
            expected, rel=1e-7, abs=1e-7
        )


@pytest.mark.parametrize("name", ["hierarchical", "mundlak"])
@pytest.mark.parametrize("size", [20.0, 40.0, 100.0, 300.0])
def test_a_point_out_of_range_is_an_error_that_nuts_recovers_from(name, size):
    assert OutOfRangeError.is_recoverable
    density = fit_of("3.2", name).density
    pattern = np.where(np.arange(density.size) < density.size - 1, 1, -1)
    with pytest.raises(OutOfRangeError, match="double precision"):
        density.logp_and_gradient(size * pattern)


def test_a_far_point_is_refused_or_finite(fitted):
    density = fitted.density
    for size in (5.0, 20.0, 100.0, 300.0, 500.0):
        for signs in np.random.default_rng(0).choice([-1, 1], (10, density.size)):
            try:
                value, gradient = density.logp_and_gradient(size * signs)
            except OutOfRangeError:
                continue
            assert np.isfinite([value, *gradient]).all()
