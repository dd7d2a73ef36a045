"""Other priors move what they should, and weights agree with a refit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.posterior.jobs import Job
from analysis.robustness.sensitivity import priors, refits, weights
from models.bayesian.interface import Collapsible
from models.bayesian.registry import MAIN, MODELS, find
from models.priors import REGULARISED
from tests.helpers.fits import fit_of
from tests.helpers.planted import CENTRAL, SHORT, base, planted
from tests.helpers.results import REGIONS_OF_SLOPES


@pytest.mark.parametrize("alternative", priors.ALTERNATIVES, ids=lambda a: a.name)
def test_an_alternative_changes_what_it_names_and_says_why(alternative):
    changed = alternative.of(REGULARISED)
    assert alternative.reason
    assert alternative.name in changed.name
    for before, after in zip(REGULARISED.table, changed.table, strict=True):
        assert (before != after) == (before.name in alternative.variables)
    assert changed.to_json() != REGULARISED.to_json()


@pytest.mark.parametrize("alternative", priors.ALTERNATIVES, ids=lambda a: a.name)
@pytest.mark.parametrize(
    "name", [m.name for m in MODELS if m.prior_groups and isinstance(m.module, Collapsible)]
)
def test_every_model_has_a_density_under_every_alternative(name, alternative):
    fitted = fit_of("3.2", name)
    density = fitted.model.module.density(fitted.parts, alternative.of(fitted.priors))
    at = density.initial(np.random.default_rng(1))
    assert np.isfinite(at).all()
    value, slope = density.logp_and_gradient(at)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


def narrow(prior):
    return replace(prior, scale=1e-3)


def test_a_prior_that_pins_the_slope_moves_it_and_one_that_the_model_lacks_is_passed_over(
    monkeypatch,
):
    pins = priors.Alternative("pinned", "why", ("slope_std",), narrow)
    lacks = priors.Alternative("lacking", "why", ("tau_slope_std",), narrow)
    monkeypatch.setattr(priors, "ALTERNATIVES", (pins, lacks))
    job = Job(planted(), CENTRAL, find("mundlak"))
    _, whole, given_all = base()
    rows = pd.DataFrame(priors.under_other_priors(job, SHORT, whole, given_all))
    assert set(rows["priors"]) == {"pinned"}
    slope = rows[(rows["quantity"] == "slope") & (rows["term"] == "indus")].iloc[0]
    assert abs(slope["mean"]) < 0.05 < slope["base_mean"]
    assert slope["shift"] == (slope["mean"] - slope["base_mean"]) / slope["base_sd"]


def test_slopes_by_region_are_told_as_the_ledger_asks_for_them():
    fitted = fit_of("3.2", MAIN)
    drawn = fitted.density.draw_prior(4, np.random.default_rng(1))
    flat = {name: values[None] for name, values in drawn.items()}
    watched = refits._watched(fitted.model, fitted.parts, fitted.definition, flat)
    of_slope = [at for at in watched if at.quantity == "slope"]
    told = {at.region for at in of_slope if at.term == "indus"}
    assert told == set(REGIONS_OF_SLOPES)


def test_weights_and_a_refit_agree_under_another_prior(monkeypatch):
    model, whole, given_all = base()
    tight = REGULARISED.with_scales("tight", sigma_std=0.5, slope_std=0.1)
    monkeypatch.setattr(weights, "ESS_LEAST", 100)  # of the few draws here
    found = priors.under(model, whole, tight, SHORT, given_all)
    monkeypatch.setattr(weights, "K_MOST", -np.inf)
    again = priors.under(model, whole, tight, SHORT, given_all)
    slope = refits.Quantity("slope", "indus", "average")
    before, weighted, refitted = (each.watched[slope] for each in (given_all.fitted, found, again))
    assert found.flat["sigma_std"].shape[0] == 1  # weighted draws are one chain
    assert again.flat["sigma_std"].shape[0] == SHORT.chains
    assert abs(weighted.mean() - before.mean()) > 0.7 * before.std()
    assert weighted.mean() == pytest.approx(refitted.mean(), abs=0.3 * refitted.std())
    assert weighted.std() == pytest.approx(refitted.std(), rel=0.2)
