import numpy as np
import pytest

from data.ye2024 import gaps
from data.ye2024.imputation import series

NAN = np.nan


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def whole(rng):
    """Draw a complete series of growing amounts."""
    steps = 0.1 + 0.05 * rng.standard_normal(13) + 0.1 * rng.standard_normal((31, 13))
    return np.exp(3 * rng.standard_normal((31, 1)) + steps.cumsum(axis=1))


@pytest.fixture
def totals(whole):
    known = np.full(13, NAN)
    known[1] = 1.5 * whole[:, 1].sum()
    return known


def test_zero_gives_what_the_rule_fills_and_draws_leave_observed_cells_alone(whole, totals, rng):
    x = whole.copy()
    x[:, :3] = x[:, 8] = x[4, 12] = NAN
    model = series.of(x, totals=totals)
    filled = gaps.to_totals(gaps.fill(x, "growth")[0], x, totals)
    np.testing.assert_allclose(model.draw(np.zeros((1, model.size)))[0], filled, rtol=1e-7)
    drawn = model.draw(rng.standard_normal((5, model.size)))
    seen = ~np.isnan(x)
    assert (drawn[:, seen] == x[seen]).all()
    assert (drawn.std(axis=0)[~seen] > 0).all()


def test_drawn_provinces_add_up_to_a_published_total(whole, totals, rng):
    x = whole.copy()
    x[:, :3] = NAN
    model = series.of(x, totals=totals)
    sums = model.draw(rng.standard_normal((50, model.size))).sum(axis=1)
    np.testing.assert_allclose(sums[:, 1], totals[1], rtol=1e-3)
    assert sums[:, 0].std() > 0.01 * sums[:, 0].mean()


def test_a_years_own_error_is_shared_by_all_provinces_and_a_single_cell_has_none(whole, rng):
    x = whole.copy()
    x[:, 12] = NAN
    drawn = np.log(series.of(x).draw(rng.standard_normal((2_000, series.of(x).size)))[:, :, 12])
    shared = np.corrcoef(drawn.T)[np.triu_indices(31, 1)]
    assert 0.05 < np.median(shared) < 0.9
    x = whole.copy()
    x[[3, 4], 12] = NAN
    model = series.of(x)
    drawn = np.log(model.draw(rng.standard_normal((2_000, model.size)))[:, [3, 4], 12])
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.1


def test_years_of_one_gap_are_correlated(whole, rng):
    x = whole.copy()
    x[:, :4] = NAN
    model = series.of(x)
    drawn = np.log(model.draw(rng.standard_normal((2_000, model.size)))[:, 6, :4])
    correlation = np.corrcoef(drawn.T)
    assert (np.diag(correlation, 1) > 0.4).all()
    sd = drawn.std(axis=0)
    assert sd[0] > sd[3]


def test_no_rate_exceeds_one_and_no_cell_leaves_its_provinces_range_by_more_than_a_factor(rng):
    x = np.exp(-0.3 + 0.2 * rng.standard_normal((31, 13)))
    x = np.minimum(x, 0.95)
    x[:, :5] = NAN
    model = series.of(x, upper=1.0)
    drawn = model.draw(rng.standard_normal((200, model.size)))
    assert drawn.max() == 1.0
    free = series.of(x)
    drawn = free.draw(rng.standard_normal((200, free.size)))
    assert (drawn < 4 * np.nanmax(x)).all()
