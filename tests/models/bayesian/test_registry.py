"""The models as records, and which columns they can be fitted to."""

import pytest

from analysis.specifications import STATIC, select
from data.errors import UserError
from models.bayesian import registry
from models.bayesian.registry import LADDER, MODELS, find, main_model, models_for
from tests.helpers.fits import fit_of


def test_the_ladder_frees_one_thing_at_each_rung():
    assert LADDER == ("mundlak", "region_sigma", "hierarchical")
    freed = [(find(name).varying, dict(find(name).switches)) for name in LADDER]
    assert freed == [(False, {}), (False, {"sigma": "region"}), (True, {"sigma": "region"})]


@pytest.mark.parametrize("record", STATIC, ids=lambda record: record.column)
def test_one_region_gets_the_models_in_which_nothing_differs_by_region(record):
    names = [model.name for model in models_for(record) if not model.extra]
    every = [model.name for model in models_for(record)]
    assert not record.region or every == [*names, "growth_region"]
    assert names == (["flat", "mundlak"] if record.region else ["flat", *LADDER])


def test_an_unknown_model_is_one_sentence():
    with pytest.raises(UserError, match="no model 'flaat': choose among flat, mundlak"):
        find("flaat")


@pytest.mark.parametrize("column", ["3.2", "3.3"])
def test_varying_terms_are_those_of_interest(column):
    parts = fit_of(column, "hierarchical").parts
    (record,) = select([column])
    assert parts.varying == record.interest
    assert len(parts.sigma_groups) == 3
    assert fit_of(column, "mundlak").parts.varying == ()


def test_only_very_wide_priors_have_no_prior_groups():
    assert [model.name for model in MODELS if not model.prior_groups] == ["flat"]


def test_a_main_model_that_had_to_be_named_is_fitted_by_default(monkeypatch):
    baseline, east, lagged = select(["3.2", "8.1", "5.1"])
    before = main_model(east), main_model(lagged)
    monkeypatch.setattr(registry, "MAIN", "growth")
    assert find("growth").extra
    assert find("growth").by_default
    assert main_model(baseline) is find("growth")
    assert not find("growth_scales").by_default
    # It cannot be fitted to one region, and a dynamic column has a model of its own.
    assert (main_model(east), main_model(lagged)) == before
