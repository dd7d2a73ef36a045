"""Which engine a model gets, and that both say the same of a prior."""

from dataclasses import replace

import numpy as np
import nutpie
import pytest
from numpy.testing import assert_allclose

from analysis.posterior.engines import CollapsedEngine, NutsEngine, engine_for, nuts_in_scales
from analysis.posterior.jobs import DEFAULTS, Settings
from data.shared.errors import UserError
from models.bayesian.interface import Collapsible
from models.bayesian.registry import MODELS, find
from models.inference.collapsed import OutOfRangeError
from models.inference.transforms import Coordinates
from tests.helpers.fits import fit_of


def test_a_model_with_a_density_is_collapsed_unless_the_user_asks_otherwise():
    for model in MODELS:
        own = CollapsedEngine if isinstance(model.module, Collapsible) else NutsEngine
        assert engine_for(model) is own
        assert engine_for(model, "nuts") is NutsEngine
    assert engine_for(find("hierarchical")) is CollapsedEngine


def test_a_model_without_a_density_cannot_be_collapsed():
    model = replace(find("hierarchical"), name="odd", source="types")
    assert engine_for(model) is NutsEngine
    with pytest.raises(UserError, match=r"odd is not normal given its scales.*--engine nuts"):
        engine_for(model, "collapsed")


def test_the_engine_decides_what_the_settings_leave_open():
    settings = Settings(draws=10, seed=4).by(NutsEngine.name)
    assert settings == Settings(10, DEFAULTS[NutsEngine.name]["tune"], 4, 4, None, "nuts")
    assert settings.by(NutsEngine.name) == settings


def test_a_model_may_ask_for_more_draws_than_its_engine_and_the_user_for_any():
    engine, model = CollapsedEngine, find("autoregressive")
    assert Settings().by(engine.name, model).draws == model.draws > DEFAULTS[engine.name]["draws"]
    assert Settings(draws=10).by(engine.name, model).draws == 10
    assert Settings().by(NutsEngine.name, model).draws == DEFAULTS[NutsEngine.name]["draws"]


@pytest.mark.parametrize(
    ("asked", "diverge", "aims"),
    [(None, False, [0.95]), (None, True, [0.95, 0.99]), (0.9, True, [0.9])],
)
def test_chains_that_diverge_are_run_once_more_with_smaller_steps(
    monkeypatch, asked, diverge, aims
):
    fitted, seen = fit_of("3.3", "autoregressive"), []
    run = nutpie.sample

    def sample(*args, **options):
        tree = run(*args, **options)
        diverging = tree["sample_stats"]["diverging"]
        tree["sample_stats"] = (
            tree["sample_stats"].to_dataset().assign(diverging=diverging | diverge)
        )
        seen.append(options["target_accept"])
        return tree

    monkeypatch.setattr(nutpie, "sample", sample)
    settings = Settings(draws=5, tune=20, chains=1, target_accept=asked).by(CollapsedEngine.name)
    _, statistics = nuts_in_scales(fitted.density, settings, np.random.default_rng(0))
    assert seen == aims
    assert statistics.attrs["target_accept"] == aims[-1]
    assert statistics["diverging"].all() == diverge


def engines():
    fitted = fit_of("3.3", "hierarchical")
    made = (fitted.model, fitted.parts, fitted.priors, fitted.definition)
    return CollapsedEngine(*made), NutsEngine(*made)


def test_both_engines_evaluate_the_same_log_prior():
    collapsed, nuts = engines()
    draws = collapsed.draw_prior(6, np.random.default_rng(1))
    flat = {name: values.reshape(2, 3, -1) for name, values in draws.items()}
    left, right = collapsed.log_prior(flat), nuts.log_prior(flat)
    assert left.keys() == right.keys()
    for name, values in left.items():
        assert_allclose(values, right[name], rtol=1e-7, err_msg=name)


def test_both_engines_draw_from_the_same_prior():
    size = 4_000
    left, right = (e.draw_prior(size, np.random.default_rng(2)) for e in engines())
    assert left.keys() == right.keys()
    for name, values in left.items():
        assert values.shape == right[name].shape
        # Elements of a variable have one prior each; logarithms of what is positive.
        of = np.log if name.startswith(("tau", "sigma")) else np.asarray
        one, other = of(values), of(right[name])
        spread = np.hypot(one.std(0), other.std(0)) / np.sqrt(size)
        assert np.abs((one.mean(0) - other.mean(0)) / spread).max() < 4.5, name
        assert_allclose(one.std(0), other.std(0), rtol=0.12, err_msg=name)


@pytest.mark.parametrize(
    ("column", "model"), [("3.3", "hierarchical"), ("3.2", "pooled"), ("7.1", "joint")]
)
def test_coordinates_keep_the_density_and_its_gradient(column, model):
    density = fit_of(column, model).density
    coordinates = Coordinates(density)
    assert coordinates.bent.any()
    rng = np.random.default_rng(0)
    step = 1e-5
    for _ in range(3):
        u = density.initial(rng)
        v = coordinates.from_point(u)
        assert_allclose(coordinates.to_point(v), u, atol=1e-10)
        ends = np.stack([v + sign * step * np.eye(len(v)) for sign in (-1, 1)])
        below, above = coordinates.to_point(ends)
        _, log_stretch = np.linalg.slogdet((above - below) / (2 * step))
        found, gradient = coordinates.logp_and_gradient(v)
        expected = density.logp_and_gradient(u)[0] + log_stretch
        assert found == pytest.approx(expected, rel=1e-8)
        values = np.array([[coordinates.logp_and_gradient(end)[0] for end in e] for e in ends])
        quotient = (values[1] - values[0]) / (2 * step)
        assert_allclose(gradient, quotient, rtol=1e-4, atol=1e-4 * np.abs(gradient).max())


def test_a_half_normal_scale_has_no_wall_in_the_coordinates():
    """Twice as far out the log density is down by no more than four times as much."""
    density = fit_of("3.2", "hierarchical").density
    coordinates = Coordinates(density)
    tau = density.scale_slices["tau_slope_std"].start
    v = coordinates.from_point(density.initial(np.random.default_rng(0)))

    def fall(far: float) -> float:
        ends = [np.where(np.arange(len(v)) == tau, x, v) for x in (1.0, far)]
        inner, outer = (coordinates.logp_and_gradient(end)[0] for end in ends)
        return inner - outer

    assert 0 < fall(40.0) < 4.5 * fall(20.0)
    point = coordinates.to_point(v)
    wall = [np.where(np.arange(len(v)) == tau, point + x, point) for x in (0.0, 3.0, 6.0)]
    at, near, far = (density.logp_and_gradient(end)[0] for end in wall)
    assert at - far > 100 * (at - near)


def test_far_points_are_refused_without_a_warning():
    density = fit_of("3.2", "hierarchical").density
    with pytest.raises(OutOfRangeError):
        Coordinates(density).logp_and_gradient(np.full(density.size, -1e4))
