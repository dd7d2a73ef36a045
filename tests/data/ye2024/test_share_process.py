import numpy as np
import pytest
from scipy.stats import multivariate_t

from data.ye2024 import share_process

YEARS = 11
SEEN = [1, 4, 7, 9]


@pytest.fixture(scope="module")
def simulated():
    """Draw series from the process, known in four years out of eleven."""
    rng = np.random.default_rng(5)
    n, degrees, s, level, departure = 60, 3.0, 0.01, 10.0, 0.3
    scale = s * np.sqrt(degrees / rng.chisquare(degrees, (n, 1)))
    y = np.sqrt(level) * rng.standard_normal((n, 1))
    y = y + np.cumsum(rng.standard_normal((n, YEARS)), axis=1)
    y = scale * (y + np.sqrt(departure) * rng.standard_normal((n, YEARS)))
    known = np.full((n, YEARS), np.nan)
    known[:, SEEN] = y[:, SEEN]
    return y, known


def test_known_cells_are_met_and_others_have_a_spread(simulated):
    _, known = simulated
    found = share_process.predict(known)
    seen = ~np.isnan(known)
    np.testing.assert_array_equal(found.mean[seen], known[seen])
    assert (found.sd[seen] == 0).all()
    assert (found.sd[~seen] > 0).all()
    assert (found.sd[:, -1] > found.sd[:, 8]).all()  # beyond the last known year than between two


def test_intervals_hold_unknown_years_of_simulated_series_as_often_as_they_should(
    simulated,
):
    y, known = simulated
    found = share_process.predict(known)
    unknown = np.isnan(known)
    inside = (np.abs(y - found.mean) < 1.96 * found.sd)[unknown]
    assert 0.92 < inside.mean() < 0.99
    assert 0.9 < (np.abs(share_process.left_out(known).below[:, SEEN] - 0.5) < 0.475).mean() < 0.99


def test_a_left_out_cell_is_predicted_as_if_it_had_never_been_known(simulated):
    known = simulated[1][:8].copy()
    left_out = share_process.left_out(known)
    without = known.copy()
    without[3, 4] = np.nan
    again = share_process.predict(without)
    assert left_out.mean[3, 4] == pytest.approx(again.mean[3, 4], rel=1e-10)
    assert left_out.sd[3, 4] == pytest.approx(again.sd[3, 4], rel=1e-10)
    known[3, 4] += 1.0
    assert share_process.left_out(known).mean[3, 4] == pytest.approx(again.mean[3, 4], rel=1e-10)


def test_moments_are_those_of_the_multivariate_t_that_the_module_writes_down(monkeypatch):
    degrees, s, level, departure = 3.0, 0.02, 3.0, 0.3
    monkeypatch.setattr(share_process, "GRID", np.array([[degrees, s, level, departure]]))
    y = np.full((1, 5), np.nan)
    y[0, [0, 1, 4]] = 0.03, -0.01, 0.05
    found = share_process.predict(y)
    t = np.arange(5.0)
    shape = s**2 * (level + np.minimum.outer(t, t) + departure * np.eye(5))
    at = [0, 1, 3, 4]
    joint = multivariate_t(shape=shape[np.ix_(at, at)], df=degrees)
    x = np.linspace(-3, 3, 200_001)
    cells = np.column_stack([np.full_like(x, y[0, 0]), np.full_like(x, y[0, 1]), x, x])
    cells[:, 3] = y[0, 4]
    weight = joint.pdf(cells)
    weight /= weight.sum()
    mean = weight @ x
    assert found.mean[0, 3] == pytest.approx(mean, rel=1e-6)
    assert found.sd[0, 3] == pytest.approx(np.sqrt(weight @ (x - mean) ** 2), rel=1e-3)


def test_sampled_paths_have_the_moments_of_the_predictive_distribution(simulated):
    known = simulated[1][:12]
    found, sampler = share_process.predict(known), share_process.Sampler(known)
    paths = sampler.draw(np.random.default_rng(8).standard_normal((6_000, sampler.size)))
    seen = ~np.isnan(known)
    assert (paths[:, seen] == known[seen]).all()
    off = (paths.mean(axis=0) - found.mean)[~seen] / found.sd[~seen]
    assert np.abs(off).max() < 0.08
    assert np.median(paths.std(axis=0)[~seen] / found.sd[~seen]) == pytest.approx(1, abs=0.03)


def test_neighbouring_years_of_a_sampled_path_are_correlated(simulated):
    sampler = share_process.Sampler(simulated[1][:3])
    paths = sampler.draw(np.random.default_rng(9).standard_normal((3_000, sampler.size)))[:, 0]
    beyond = paths[:, SEEN[-1] + 1 :]
    between = paths[:, [2, 3, 5, 6]]
    assert np.isfinite(beyond).all()
    correlation = np.corrcoef(between.T)
    assert correlation[0, 1] > 0.2
    assert abs(correlation[1, 2]) < 0.2  # a known year lies between
