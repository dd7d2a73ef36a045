"""Paths on a panel with gaps: as on a balanced one where there are none, and drawn in between."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.simulation import gaps, generators
from analysis.specifications import select
from data.shared.errors import UserError
from models.design import design
from tests.helpers.fits import simulated


@pytest.fixture(scope="module")
def made():
    (record,) = select(["3.2"])
    return design(simulated().frame, record)


def gappy(made, share: float = 0.2):
    rng = np.random.default_rng(4)
    return made.keep(rng.uniform(size=len(made.y)) > share)


def test_without_gaps_it_is_the_regression_of_the_balanced_panel(made):
    known, found = generators.random_walk_paths(made, 1), gaps.random_walk_rows(made, 1)
    np.testing.assert_allclose(found.path, known.path.ravel(), atol=1e-9)
    np.testing.assert_allclose(found.systematic, known.systematic.ravel(), atol=1e-9)


def test_a_donors_own_rows_are_kept_and_the_others_are_drawn(made):
    rest = gappy(made)
    rows = gaps.random_walk_rows(rest, 1)
    donor = int(np.argmin(np.bincount(rest.province)))
    drawn = gaps.filled(rest, rows, donor, 4_000, np.random.default_rng(1))
    seen = rest.year[rest.province == donor]
    np.testing.assert_allclose(
        drawn[:, seen], np.tile(rows.path[rest.province == donor], (4_000, 1))
    )
    unseen = np.setdiff1d(np.arange(len(rest.years)), seen)
    assert len(unseen)
    sd = rows.sd[rest.region_of_province[donor]]
    for year in unseen:
        before, after = seen[seen < year], seen[seen > year]
        path = dict(zip(seen, rows.path[rest.province == donor], strict=True))
        if len(before) and len(after):  # a Brownian bridge
            a, b = before[-1], after[0]
            mean = path[a] + (path[b] - path[a]) * (year - a) / (b - a)
            variance = (year - a) * (b - year) / (b - a)
        else:
            end = before[-1] if len(before) else after[0]
            mean, variance = path[end], abs(year - end)
        assert drawn[:, year].mean() == pytest.approx(mean, abs=5 * sd / 60)
        assert drawn[:, year].std() == pytest.approx(sd * np.sqrt(variance), rel=0.05)


def test_a_region_of_one_province_has_no_donor(made):
    region = np.append(len(made.regions), made.region_of_province[1:])
    apart = replace(made, region_of_province=region, regions=(*made.regions, "south"))
    for of in (generators, gaps):
        with pytest.raises(UserError, match="region south has one province alone"):
            of.swap(apart, 1, 2, np.random.default_rng(0))


def test_outcomes_have_the_rows_of_the_panel_and_no_slope(made):
    rest = gappy(made)
    drawn = gaps.swap(rest, 1, 300, np.random.default_rng(2))
    assert drawn.shape == (len(rest.y), 300)
    assert np.isfinite(drawn).all()
    rows = gaps.random_walk_rows(rest, 1)
    errors = drawn - rows.systematic[:, None]
    # A random sign a province: errors are zero on average.
    assert np.abs(errors.mean(axis=1)).max() < 5 * errors.std() / np.sqrt(300) * 2
