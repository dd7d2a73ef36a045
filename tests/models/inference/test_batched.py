"""Posteriors from batches: coordinates, draws against quadrature, NUTS, and many data sets."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.posterior.engines import CollapsedEngine
from analysis.posterior.equality import MOST_SD_ERROR, compare
from analysis.posterior.jobs import Settings
from models.bayesian import growth
from models.bayesian.growth_density import GrowthDensity
from models.inference import adaptive_mixture, batched
from models.inference.adaptive_mixture import LightTailed
from models.inference.normal_scores import NormalScores
from models.priors import Priors
from tests.helpers import growing
from tests.helpers.fits import fit_of

pytestmark = pytest.mark.usefixtures("one_thread")


class Counted:
    """A density that counts where it is evaluated."""

    def __init__(self, density: GrowthDensity) -> None:
        self.density, self.points = density, 0
        self.size, self.scale_priors = density.size, density.scale_priors
        self.correlations = density.correlations
        self.log_prior_of_points = density.log_prior_of_points

    def log_density(self, point: np.ndarray) -> np.ndarray:
        self.points += len(point)
        return self.density.log_density(point)


def growing_density(column: str = "3.2", name: str = "growth", seed: int = 1) -> GrowthDensity:
    fitted = fit_of(column, name)
    return fitted.density.with_outcome(growing.outcome(fitted.parts, seed))


def half_t_density() -> GrowthDensity:
    """Return one with half-t priors of its slopes' scales."""
    fitted = fit_of("3.2", "growth")
    table = [
        replace(line, distribution="HalfStudentT") if line.name.startswith("tau_slope") else line
        for line in fitted.priors.table
    ]
    return growth.density(fitted.parts, Priors("half-t", tuple(table)))


@pytest.mark.parametrize("density_of", [growing_density, half_t_density])
@pytest.mark.parametrize("moved", [False, True], ids=["prior", "moved"])
def test_the_target_is_the_density_in_other_coordinates(moved, density_of):
    density, rng = density_of(), np.random.default_rng(0)
    scores, v = NormalScores.of(density), 0.7 * rng.standard_normal((6, density.size))
    if moved:
        scores = scores.adapted(scores.to_point(v), np.full(6, 1 / 6))
    point = scores.to_point(v)
    assert_allclose(scores.from_point(point), v, atol=1e-8)
    step = 1e-5
    ahead, behind = scores.to_point(v + step), scores.to_point(v - step)
    log_stretch = np.log((ahead - behind) / (2 * step)).sum(axis=1)
    expected = density.log_density(point) + log_stretch
    assert_allclose(scores.target(density)(v), expected, rtol=1e-7)


def test_one_scale_without_tails_is_drawn():
    """Independent errors in one region: a log-normal σ alone, whose tails no component covers."""
    design = fit_of("8.2", "growth_region").parts.design
    switches = {"lines": "none", "slopes": "region", "errors": "independent"}
    density, rng = growth.density(growth.split(design, **switches)), np.random.default_rng(1)
    assert density.size == 1
    drawn = batched.fit_from(batched.propose(density, rng), density, 2_000, rng)
    grid = np.linspace(drawn.point.min() - 1, drawn.point.max() + 1, 2_001)[:, None]
    weight = np.exp(density.log_density(grid) - density.log_density(grid).max())
    expected = np.average(grid[:, 0], weights=weight)
    assert drawn.k_hat < batched.LARGEST_K_HAT
    assert_allclose(drawn.point.mean(), expected, atol=4 * drawn.point.std() / 500**0.5)


def test_coordinates_hold_in_the_far_tails():
    density = growing_density()
    scores = NormalScores.of(density)
    v = np.linspace(-12, 12, 49)[:, None] * np.ones(density.size)
    v[:, -3:] = np.abs(v[:, -3:])  # double precision does not hold φ near −1, where nothing is
    target = scores.target(density)(v)
    assert np.isfinite(target).all()
    assert (np.diff(target[:10]) > 0).all()
    assert (np.diff(target[-10:]) < 0).all()
    assert (scores.target(density)(4 * v[[0, -1]]) == -np.inf).all()


def test_a_mixtures_density_is_that_of_its_draws():
    rng = np.random.default_rng(1)
    factor = np.linalg.cholesky(np.array([[[1, 0.5], [0.5, 2]], [[0.3, 0], [0, 0.1]]]))
    mixture = LightTailed(np.array([0.3, 0.7]), np.array([[0.0, 1], [2, -1]]), factor)
    grid = np.array(list(product(np.linspace(-14, 14, 281), repeat=2)))
    density = np.exp(mixture.log_density(grid)) * 0.1**2
    drawn = mixture.draw(40_000, rng)
    assert density.sum() == pytest.approx(1, abs=2e-3)
    se = drawn.std(axis=0) / 200
    assert (np.abs(density @ grid - drawn.mean(axis=0)) < 4 * se).all()


def test_draws_have_the_moments_of_quadrature():
    """One region has four parameters: a product rule over a box that holds the posterior."""
    density = growing_density("8.2", "growth_region")
    drawn = batched.draw_points(density, 4_000, np.random.default_rng(2))
    assert drawn.trust.holds
    scores = NormalScores.of(density)
    v = scores.from_point(drawn.log_scale)
    low, high = v.min(axis=0) - 0.5, v.max(axis=0) + 0.5
    axes = [np.linspace(a, b, 21) for a, b in zip(low, high, strict=True)]
    grid = np.array(list(product(*axes)))
    log_weight = scores.target(density)(grid)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    for of in (lambda at: at, np.square):
        values = of(v)
        z = (values.mean(axis=0) - weight @ of(grid)) / values.std(axis=0) * np.sqrt(len(v))
        assert np.abs(z).max() < 4


def test_a_data_set_of_many_has_the_posterior_of_one_alone():
    fitted = fit_of("3.2", "growth")
    outcomes = np.array([growing.outcome(fitted.parts, seed) for seed in (1, 2)])
    first = fitted.density.with_outcome(outcomes[0])
    rng = np.random.default_rng(3)
    *_, last = batched.fit_many(first, outcomes, 1_000, rng)
    alone = batched.draw_points(fitted.density.with_outcome(outcomes[1]), 2_000, rng)
    assert alone.trust.holds
    assert last.effective >= batched.ENOUGH
    assert last.k_hat < 0.7
    assert_allclose(last.density.y, outcomes[1])
    # As many draws as are effective on either side, for the standard error of a difference.
    error = alone.log_scale.std(axis=0) * np.sqrt(1 / 2_000 + 1 / 800)
    z = (last.point.mean(axis=0) - alone.log_scale.mean(axis=0)) / error
    assert np.abs(z).max() < 4
    by_slopes = [
        growth.slopes(fitted.parts, last.density.draw(points, rng))[:, 0]
        for points in (last.point, alone.log_scale)
    ]
    error = by_slopes[1].std() * np.sqrt(1 / 2_000 + 1 / 800)
    assert abs(by_slopes[0].mean() - by_slopes[1].mean()) < 4 * error


def test_a_data_set_of_many_takes_few_evaluations():
    fitted = fit_of("3.2", "growth")
    template = batched.propose(growing_density(seed=1), np.random.default_rng(4))
    for seed in (2, 3):
        counted = Counted(growing_density(seed=seed))
        batched.fit_from(template, counted, 500, np.random.default_rng(seed))
        assert counted.points < 8_000  # at 20 µs each
    assert fitted.density.size == 13


def test_with_another_outcome_the_density_is_that_of_the_other_data():
    fitted = fit_of("3.2", "growth", 0.1)
    y = growing.outcome(fitted.parts, 5)
    there = fitted.parts.with_outcome(fitted.parts.base.centre + fitted.parts.scale * y)
    at = fitted.density.initial(np.random.default_rng(0))[None]
    assert_allclose(
        fitted.density.with_outcome(y).log_density(at),
        growth.density(there).log_density(at),
        rtol=1e-10,
    )


def test_modes_are_found_from_anywhere():
    density = growing_density()
    target = NormalScores.of(density).target(density)
    rng = np.random.default_rng(6)
    found = [adaptive_mixture.climb(target, rng.standard_normal(density.size)) for _ in range(3)]
    assert max(value for value, _ in found) - min(value for value, _ in found) < 0.05


@pytest.mark.trust
@pytest.mark.parametrize("case", [("3.2", "growth"), ("8.2", "growth_region")], ids=str)
def test_nuts_in_the_same_parameters_finds_the_posterior(case):
    fitted = fit_of(*case)
    fitted = type(fitted)(*(getattr(fitted, n) for n in fitted.__dataclass_fields__))
    engine = CollapsedEngine(fitted.model, fitted.parts, fitted.priors, fitted.definition)
    rng = np.random.default_rng(7)
    ours, statistics = engine.sample(Settings(draws=5_000, chains=4), rng)
    theirs, _ = engine.by_nuts(Settings(draws=5_000, tune=500, chains=4, target_accept=0.95), rng)
    assert statistics.attrs["sampler"] == "independence"
    found = compare(ours, theirs)
    print(found)
    assert max(found.z_mean, found.z_sd) < found.limit, found
    assert abs(found.sd_error) <= MOST_SD_ERROR, found
