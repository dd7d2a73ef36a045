"""The hierarchical model as a function of its data is the model that is sampled."""

import numpy as np
import pytest

from models.bayesian import hierarchical
from models.bayesian.hierarchical_rows import given_scales
from tests.helpers.fits import fit_of


@pytest.mark.parametrize("share", [0.0, 0.15], ids=["balanced", "unbalanced"])
def test_slope_and_likelihood_are_those_of_the_collapsed_density(share):
    fit = fit_of("3.2", "hierarchical", share)
    parts, density, data = fit.parts, fit.density, fit.parts.design
    rng = np.random.default_rng(2)
    points = [density.initial(rng) for _ in range(4)]
    average = parts.averages[:, 0]
    weights = {
        name: (average @ rows)[None] for name, rows in hierarchical.slope_weights(parts).items()
    }
    known, likelihood, found = [], [], []
    for at in points:
        mean = density.moments(at, weights)[0].item()
        known.append(mean * parts.scale / parts.term_scale[0])
        prior = density.prior.log_density(at)[0].sum()
        likelihood.append(density.logp_and_gradient(at)[0] - prior)
        arrays = data.y, data.x, data.province, data.year, data.region
        found.append(given_scales(*arrays, at, fit.priors))
    np.testing.assert_allclose([each.slope for each in found], known, rtol=1e-8)
    assert np.ptp(known) > 0.001
    # But for a constant.
    apart = np.array(likelihood) - [each.log_likelihood for each in found]
    np.testing.assert_allclose(apart, apart[0], atol=1e-7)
