"""The flat-prior benchmark's posterior is two-way fixed effects' sampling distribution."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose

from analysis.posterior.equality import compare_exact
from analysis.posterior.jobs import Job, Settings
from analysis.posterior.sample import fit
from analysis.specifications import STATIC, select
from data.panels.catalogue import named_panels
from data.panels.panel import Panel, load_panel
from models.bayesian import flat
from models.bayesian.registry import find
from models.design import design
from models.frequentist import twfe
from models.priors import FLAT
from tests.helpers.fits import Fit, official, thinned

(BASELINE,) = select(["3.2"])


@cache
def whole(panel: str) -> Panel:
    return load_panel(panel, tuple({name for record in STATIC for name in record.variables}))


@pytest.mark.parametrize("panel", named_panels())
@pytest.mark.parametrize("record", STATIC, ids=lambda record: record.column)
def test_every_columns_posterior_is_two_way_fixed_effects_without_a_draw(record, panel):
    """Given σ the slopes are normal about least squares, and σ² is scaled inverse χ²."""
    loaded = whole(panel)
    fitted = Fit(loaded, record, find("flat"), FLAT)
    known = twfe.fit(design(loaded.frame, record))
    parts, density = fitted.parts, fitted.density
    unit = parts.scale / parts.term_scale
    log_sigma = np.log(known.sigma_e / parts.scale) + np.array([[-0.2], [0.0], [0.3]])
    sigma = np.exp(log_sigma) * parts.scale
    mean, sd = density.moments(log_sigma, flat.slope_weights(parts))
    expected = known.se[:-1] / known.sigma_e * sigma
    assert_allclose(mean * unit / expected, known.coef[:-1] / expected, atol=1e-3)
    assert_allclose(sd * unit, expected, rtol=1e-4)
    # p(log σ | y) up to a constant: −df log σ − df s² / 2σ², and the prior, all but flat.
    found = np.array([density.logp_and_gradient(point)[0] for point in log_sigma])
    form = -known.df * log_sigma[:, 0] - known.df * known.sigma_e**2 / (2 * sigma[:, 0] ** 2)
    assert_allclose(np.diff(found), np.diff(form), atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("share_missing", [0.0, 0.1], ids=["balanced", "unbalanced"])
def test_posterior_of_slopes_and_constant_is_twfes(share_missing):
    panel = official()
    panel = thinned(panel, share_missing) if share_missing else panel
    tree = fit(Job(panel, BASELINE, find("flat")), Settings(draws=3_500))
    known = twfe.fit(design(panel.frame, BASELINE))
    sd = known.se * np.sqrt(known.df / (known.df - 2))  # of Student's t

    posterior = tree["posterior"]
    assert (*posterior["term"].to_numpy(), "const") == known.terms
    # In an unbalanced panel the posterior's constant averages over other rows than Stata's.
    names, size = (("slope",), -1) if share_missing else (("slope", "const"), None)
    draws = {n: np.atleast_3d(posterior[n].transpose("chain", "draw", ...)) for n in names}
    found = compare_exact(draws, known.coef[:size], sd[:size])
    assert found.holds, found
    assert tree.attrs["gate"] == "pass"
