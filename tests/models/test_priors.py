"""The prior tables: complete, reasoned, and what the models use."""

import json

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from models.bayesian.registry import MODELS
from models.priors import FLAT, REGULARISED, Prior, ScalePriors
from tests.helpers.fits import fit_of

DERIVED = {
    *("province_std", "year_offset", "year_step", "year_region_offset", "slope_offset"),
    *("slope_contrast", "slope_mean_offset", "year_contrast"),
    *(
        "slope_province_offset",
        "trend_offset",
        "between_offset",
        "between_trend_offset",
        "level_offset",
        "province_unit",
        "exposure_unit",
        "between_unit",
        "sigma_offset",
    ),
}
"""Variables whose prior is made of others, or is standard by construction."""


@pytest.mark.parametrize("name", [model.name for model in MODELS])
def test_every_random_variable_has_its_line(name):
    fitted = fit_of("3.2", name)
    lines = {prior.name for prior in fitted.priors.table}
    derived = DERIVED if name != "flat" else set()
    variables = {variable.name for variable in fitted.definition.free_RVs}
    assert variables - derived <= lines
    assert all(fitted.definition.named_vars_to_dims[name] for name in variables)


@pytest.mark.parametrize("priors", [FLAT, REGULARISED], ids=lambda priors: priors.name)
def test_a_line_has_reason_and_meaning_and_survives_json(priors):
    stored = json.loads(priors.to_json())
    assert stored["name"] == priors.name
    assert tuple(Prior(**row) for row in stored["table"]) == priors.table
    assert all(prior.meaning and prior.reason for prior in priors.table)
    assert len({prior.name for prior in priors.table}) == len(priors.table)


def test_other_scales_change_only_what_is_named():
    changed = REGULARISED.with_scales("narrow", slope_std=0.1, sigma_std=2.0)
    assert changed.name == "narrow"
    assert changed["slope_std"].scale == 0.1
    assert changed["sigma_std"].centre == REGULARISED["sigma_std"].centre
    rest = [prior for prior in changed.table if prior.name not in ("slope_std", "sigma_std")]
    assert all(prior == REGULARISED[prior.name] for prior in rest)
    with pytest.raises(KeyError, match="no prior named rho"):
        REGULARISED.with_scales("x", rho=1.0)


class HalfT:
    """SciPy's Student t, folded at zero."""

    t = stats.t(3, scale=0.7)

    def cdf(self, x):
        return 2 * self.t.cdf(x) - 1

    def logpdf(self, x):
        return np.log(2) + self.t.logpdf(x)


SCALE_PRIORS = pytest.mark.parametrize(
    ("prior", "known"),
    [
        (Prior("tau", "HalfNormal", 0.7, "", ""), stats.halfnorm(scale=0.7)),
        (Prior("tau", "HalfStudentT", 0.7, "", ""), HalfT()),
        (Prior("sigma", "LogNormal", 0.7, "", "", centre=0.2), stats.lognorm(s=0.7, scale=0.2)),
    ],
    ids=["half-normal", "half-t", "log-normal"],
)


@SCALE_PRIORS
def test_scale_priors_draw_what_scipy_draws(prior, known):
    draws = prior.draw((20_000,), np.random.default_rng(0))
    assert stats.kstest(draws, known.cdf).pvalue > 0.001


@SCALE_PRIORS
def test_scale_priors_have_scipys_and_pymcs_density_and_its_slope(prior, known):
    log_value = np.log([0.001, 0.2, 1.0, 30.0])
    density, slope = ScalePriors([prior]).log_density(log_value[:, None])
    np.testing.assert_allclose(density[:, 0], known.logpdf(np.exp(log_value)) + log_value)
    step = 1e-5
    above, below = (ScalePriors([prior]).log_density(log_value + s)[0] for s in (step, -step))
    np.testing.assert_allclose(slope[:, 0], (above - below) / (2 * step), rtol=1e-6)
    with pm.Model(coords={"one": ["all"]}):
        variable = prior.variable(dims="one")
        of_pymc = [pm.logp(variable, np.exp([u])).eval()[0] for u in log_value]
    np.testing.assert_allclose(density[:, 0], of_pymc + log_value)
