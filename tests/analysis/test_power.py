"""Power: on data whose slope is known, what is found is what the tables say would be."""

import numpy as np
import pandas as pd
import pytest

from analysis import gallery, plots, power
from analysis.compare import published_slopes
from analysis.intervals import POSTERIOR, balanced, intervals_of_least_squares
from analysis.specifications import select
from data.errors import UserError
from models import twfe
from models.design import design
from tests.fits import thinned

BASELINE, QUADRATIC, DYNAMIC, CENTRAL = select(["3.2", "3.3", "5.1", "8.2"])


def test_data_sets_have_no_slope_and_the_residuals_with_a_sign_for_each_province(six_years):
    made = design(six_years.frame, BASELINE)
    outcomes = power.data_sets(made, 1, 400, np.random.default_rng(1))
    fit = twfe.fit(made)
    parts = twfe.slope_parts(made.y, made.x, made.province, made.year)
    assert abs(parts.slopes[0]) > 3 * fit.se[0]  # which the data sets must not have
    slopes = parts.influence[:, 0] @ outcomes
    assert abs(slopes.mean()) < 4 * slopes.std() / np.sqrt(slopes.size)
    mean = outcomes.mean(axis=1) + made.x[:, 0] * parts.slopes[0]
    np.testing.assert_allclose(mean, made.y - parts.residual, atol=0.3 * made.y.std())
    off = (outcomes - (made.y - parts.residual - made.x[:, 0] * parts.slopes[0])[:, None]) ** 2
    parameters = 31 + 5 + len(made.terms)
    scale = len(made.y) / (len(made.y) - parameters)
    np.testing.assert_allclose(off, scale * parts.residual[:, None] ** 2 + 0 * off, rtol=1e-8)


def test_what_is_detectable_is_found_in_four_of_five_data_sets(six_years):
    made = design(six_years.frame, CENTRAL)
    outcomes = power.data_sets(made, 1, 2_000, np.random.default_rng(1))
    intervals = intervals_of_least_squares(made, outcomes, 1)[0, :, 0]
    slope = power.detectable("conventional", intervals)
    # Straight through: other data sets, with that slope in them.
    fresh = power.data_sets(made, 1, 2_000, np.random.default_rng(2))
    fresh += slope * made.x[:, :1]
    low = intervals_of_least_squares(made, fresh, 1)[0, :, 0, 0]
    assert (low > 0).mean() == pytest.approx(0.8, abs=0.04)
    (at,) = power.power("conventional", intervals, np.array([slope]))
    assert at == pytest.approx(0.8, abs=0.01)


def test_power_of_a_known_normal_is_the_textbooks():
    estimate = np.random.default_rng(1).normal(size=20_000)
    intervals = estimate[:, None] + 1.96 * np.array([-1.0, 1.0])
    slope = np.array([0.0, 1.0, 2.8, -2.8])
    found = power.power("conventional", intervals, slope)
    expected = power.power(power.GMM, power.Z * np.array([[-1.0, 1.0]]), slope)
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert expected[0] == pytest.approx(0.05)
    assert expected[2] == pytest.approx(0.8, abs=0.001)
    assert power.detectable("conventional", intervals) == pytest.approx(2.8, abs=0.05)
    assert power.detectable(power.GMM, power.Z * np.array([[-1.0, 1.0]])) == pytest.approx(
        2.8, abs=0.01
    )


def test_slopes_by_region_are_those_of_interactions(six_years):
    made = design(six_years.frame, BASELINE)
    apart = power.with_slopes_by_region(made, 1)
    assert apart.terms == ("indus:east", "indus:central", "indus:west", *made.terms[1:])
    np.testing.assert_array_equal(apart.x[:, :3].sum(axis=1), made.x[:, 0])
    np.testing.assert_array_equal(apart.x[:, 3:], made.x[:, 1:])
    # The data sets then have a slope in no region.
    outcomes = power.data_sets(apart, 3, 400, np.random.default_rng(1))
    parts = twfe.slope_parts(made.y, apart.x, made.province, made.year)
    slopes = parts.influence[:, :3].T @ outcomes
    off = np.abs(slopes.mean(axis=1)) / (slopes.std(axis=1) / np.sqrt(400))
    assert off.max() < 4
    assert np.abs(parts.slopes[:3]).max() > 3 * slopes.std(axis=1).max() / np.sqrt(400)


@pytest.mark.slow
@pytest.mark.parametrize("record", [BASELINE, CENTRAL], ids=["3.2", "8.2"])
def test_a_posterior_moves_with_the_slope_that_is_added(six_years, record, monkeypatch):
    """What lets data sets without a slope stand for all others."""
    added, drawn = 0.4, power.data_sets
    made = balanced(six_years, BASELINE)
    outcomes = drawn(made, 1, 4, np.random.default_rng(3))
    found = []
    for by in (0.0, added):
        # A region's posterior draws data sets of all provinces itself.
        monkeypatch.setattr(power, "data_sets", lambda *_, by=by: outcomes + by * made.x[:, :1])
        rng = np.random.default_rng(1)
        given = outcomes + by * made.x[:, :1]
        found.append(power.intervals_of_posteriors(six_years, record, given, rng)["indus"])
    plain, moved = found
    width = np.diff(plain, axis=-1)
    np.testing.assert_allclose((moved - plain - added) / width, 0, atol=0.12)


@pytest.fixture(scope="module")
def found(six_years):
    study = power.study
    patched = pytest.MonkeyPatch()
    patched.setattr(power, "POSTERIORS", 3)
    patched.setattr(power, "SIMULATED", 200)
    both = [power.tables("recollected", r, study((six_years, r), 1)) for r in (DYNAMIC, CENTRAL)]
    patched.undo()
    table, curves = zip(*both, strict=True)
    return power.ordered(pd.concat(table)), power.ordered(pd.concat(curves))


def test_tables_hold_every_test_beside_the_printed_slope(found):
    table, curves = found
    assert tuple(table.columns) == power.COLUMNS
    assert tuple(curves.columns) == power.CURVES
    assert list(zip(table["column"], table["test"], strict=True)) == [
        ("5.1", power.GMM),
        ("8.2", "conventional"),
        ("8.2", "province"),
        ("8.2", POSTERIOR),
    ]
    assert table["data_sets"].tolist() == [0, 200, 200, 3]
    printed = published_slopes()
    for row in table.itertuples():
        published = abs(float(printed.loc[(row.column, row.term), "coef"]))
        assert row.published == published
        assert row.published_over_detectable == published / row.detectable
    own = curves[curves["test"] == "conventional"]
    assert own["power"].is_monotonic_increasing
    assert own["power"].iloc[0] == table["false_alarms"].iloc[1]
    low, high = table["false_alarms_low"], table["false_alarms_high"]
    assert ((low < table["false_alarms"]) & (table["false_alarms"] < high))[1:3].all()
    assert own["power"].iloc[-1] > 0.95


def test_a_sentence_counts_the_slopes_that_could_have_been_found(found):
    table = found[0].assign(published_over_detectable=[2.0, 0.5, 1.0, 0.9])
    said = power.sentence(table)
    assert "1 of 1 by system GMM's own errors" in said
    assert "0 of 1 by conventional errors; 1 of 1 by errors clustered" in said
    alarms = table["false_alarms"]
    assert np.isnan(alarms[0])
    assert f"{alarms[1]:.0%} (conventional errors), {alarms[2]:.0%} (errors clustered" in said


def test_gaps_are_refused(six_years):
    with pytest.raises(UserError, match=r"has gaps in column 8\.2"):
        power.study((thinned(six_years, 0.1), CENTRAL), 1)


def test_the_figure_has_a_frame_for_each_slope(found):
    (picture,) = gallery.pictures("power")
    ((name, rows),) = picture.frames(found[1])
    assert name == "power"
    with plots.matplotlib.rc_context(plots.STYLE):
        figure = power.draw(rows)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["5.1  indus", "8.2  indus"]
    printed = float(published_slopes().loc[("8.2", "indus"), "coef"])
    assert figure.axes[1].lines[-2].get_xdata()[0] == abs(printed)
