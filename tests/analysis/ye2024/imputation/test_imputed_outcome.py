import numpy as np
import pytest

from analysis.ye2024.imputation import imputed_outcome
from models.frequentist.twfe import fit_arrays

N, T, M = 9, 6, 4


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((M, N, T, 2)) + rng.standard_normal((M, N, 1, 2))
    y = 0.5 * x[..., 0] + rng.standard_normal((M, N, T)) + rng.standard_normal((M, 1, T))
    return y, x


def test_slopes_of_each_completed_data_set_are_those_of_two_way_fixed_effects(data):
    y, x = data
    found = imputed_outcome.slopes(y, x)
    province, year = np.repeat(np.arange(N), T), np.tile(np.arange(T), N)
    for m in range(M):
        fit = fit_arrays(y[m].ravel(), x[m].reshape(N * T, 2), province, year)
        assert found.slope[m] == pytest.approx(fit.coef[0])
        assert found.se[m] == pytest.approx(fit.se[0])
        assert found.se_province[m] == pytest.approx(fit.se_cluster[0])


def test_the_log_density_is_the_regressions_with_slopes_and_scale_integrated_out(data):
    y, x = data
    found = imputed_outcome.log_density(y, x)
    effects = [np.repeat(np.eye(N), T, axis=0), np.tile(np.eye(T), (N, 1))[:, 1:]]
    expected = []
    for m in range(M):
        columns = np.concatenate([x[m].reshape(N * T, 2), *effects], axis=1)
        residual = y[m].ravel() - columns @ np.linalg.lstsq(columns, y[m].ravel())[0]
        df = N * T - columns.shape[1]
        determinant = np.linalg.slogdet(columns.T @ columns)[1]
        expected.append(-df / 2 * np.log(residual @ residual) - determinant / 2)
    np.testing.assert_allclose(np.diff(found), np.diff(expected))


def test_elliptical_slices_sample_a_normal_posterior():
    rng = np.random.default_rng(2)
    z = rng.standard_normal((3_000, 2))
    seen, sd = 1.5, 0.5

    def log_likelihood(each):
        return -0.5 * ((each.sum(axis=1) - seen) / sd) ** 2

    drawn = imputed_outcome.elliptical_slices(z, log_likelihood, rng, 30)
    total = drawn.sum(axis=1)  # prior variance 2, so posterior variance 1 / (1/2 + 1/sd²)
    assert total.mean() == pytest.approx(2 * seen / (2 + sd**2), abs=0.03)
    assert total.var() == pytest.approx(1 / (1 / 2 + 1 / sd**2), rel=0.1)
    assert (drawn[:, 0] - drawn[:, 1]).var() == pytest.approx(2, rel=0.1)


def test_draws_with_the_outcome_come_nearer_to_the_slope_that_draws_without_it_attenuate():
    # A regressor is seen with an error of half its standard deviation; its truth is drawn.
    rng = np.random.default_rng(3)
    n, t = 60, 8
    truth = rng.standard_normal((n, t))
    seen = truth + 0.5 * rng.standard_normal((n, t))
    y = truth + rng.standard_normal((n, t))

    def construct(z):
        x = 0.8 * seen + np.sqrt(0.2) * z.reshape(-1, n, t)
        return np.broadcast_to(y, x.shape), x[..., None]

    z = rng.standard_normal((6, n * t))
    complete = imputed_outcome.slopes(y[None], truth[None, ..., None]).slope[0]
    without = imputed_outcome.slopes(*construct(z)).slope.mean()
    moved = imputed_outcome.with_outcome(z, construct, rng, 60)
    with_it = imputed_outcome.slopes(*construct(moved)).slope.mean()
    assert without < 0.9 * complete
    assert abs(with_it - complete) < 0.6 * abs(without - complete)
