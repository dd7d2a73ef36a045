"""What moves is standard normal given all else, and has the prior that the effects have."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from models.bayesian.province_coordinates import Told
from tests.helpers.fits import fit_of


@pytest.mark.parametrize("spread", [1e-4, 0.1, 50.0])
def test_effects_are_those_of_conjugate_normals(spread):
    parts = fit_of("3.2", "hierarchical", 0.1).parts
    rng = np.random.default_rng(0)
    n = len(parts.design.provinces)
    rest, centre = rng.normal(size=len(parts.design.y)), rng.normal(size=n)
    sigma = np.array([0.5, 0.1, 0.2])
    told = Told(parts, rest, sigma, centre, np.full(n, spread))
    unit = rng.normal(size=(3, n))
    made = told.effect(unit)
    for i, region in enumerate(parts.design.region_of_province):
        mine = rest[parts.design.province == i]
        precision = 1 / spread**2 + len(mine) / sigma[region] ** 2
        mean = (centre[i] / spread**2 + mine.sum() / sigma[region] ** 2) / precision
        assert_allclose(made[:, i], mean + unit[:, i] / np.sqrt(precision), rtol=1e-9)
    before = stats.norm.logpdf(made, centre, spread) + np.log(told.spread)
    assert_allclose(stats.norm.logpdf(unit, told.prior_centre, told.stretch), before, atol=1e-6)
